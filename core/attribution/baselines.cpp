#include "attribution/baselines.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <list>
#include <mutex>
#include <stdexcept>

#include "base/random.hpp"
#include "model/network.hpp"

namespace telltale {
namespace {

constexpr std::int64_t measured_words = 2048, chunk_words = 256;
constexpr std::size_t kept_means = 8;

TableFacts measure(const Classifier::Impl& model) {
  at::NoGradGuard no_grad;
  const at::Tensor table = model.parameters->weights.word.detach();
  TableFacts out;
  const at::Tensor wide = table.to(at::kCPU).to(at::kDouble);
  out.mean = wide.mean(0);
  out.deviation = (wide - out.mean).square().mean(0).sqrt();
  const std::int64_t V = table.size(0), n = std::min(V, measured_words);
  std::vector<std::int64_t> rows;
  for (std::int64_t k = 0; k < n; ++k) rows.push_back(k * V / n);
  const at::Tensor norms = table.square().sum(1);
  std::vector<double> nearest;
  for (std::int64_t first = 0; first < n; first += chunk_words) {
    const std::int64_t count = std::min(chunk_words, n - first);
    const at::Tensor index = at::tensor(at::ArrayRef<std::int64_t>(rows).slice(static_cast<std::size_t>(first),
                                                                               static_cast<std::size_t>(count)),
                                        at::kLong)
                                 .to(table.device());
    at::Tensor d = at::addmm(norms.unsqueeze(0), table.index_select(0, index), table.t(), 1,
                             -2);  // without the row's own square: it does not change which is least
    d.scatter_(1, index.unsqueeze(1), std::numeric_limits<double>::infinity());
    // By differences, as products lose digits where two words are close.
    const at::Tensor close = (table.index_select(0, d.argmin(1)) - table.index_select(0, index))
                                 .square()
                                 .sum(1)
                                 .sqrt()
                                 .to(at::kCPU)
                                 .to(at::kDouble)
                                 .contiguous();
    nearest.insert(nearest.end(), close.data_ptr<double>(), close.data_ptr<double>() + count);
  }
  std::nth_element(nearest.begin(), nearest.begin() + static_cast<std::ptrdiff_t>(nearest.size() / 2), nearest.end());
  out.unit = nearest[nearest.size() / 2];
  return out;
}

at::Tensor rows_of(const MethodJob& job, const std::vector<std::int32_t>& ids) {
  ModelInput input;
  input.ids = ids;
  return job.model.words(input).to(job.engine.dtype());
}

std::vector<std::int32_t> plain(const SpecialIds& s, const std::vector<std::int32_t>& ids) {
  std::vector<std::int32_t> out;
  for (const std::int32_t id : ids)
    if (!s.special(id)) out.push_back(id);
  return out;
}

/// `by` [T,d] at every piece, `words` at the specials.
at::Tensor at_pieces(const MethodJob& job, std::size_t item, const at::Tensor& words, const at::Tensor& by) {
  const SpecialIds& s = job.model.tokenizer->specials();
  at::Tensor keep = at::zeros({words.size(0), 1}, at::kBool);
  for (std::int64_t t = 0; t < words.size(0); ++t)
    if (s.special(job.items[item].encoding.ids[static_cast<std::size_t>(t)])) keep[t].fill_(true);
  return at::where(keep.to(words.device()), words, by.to(words.options()).expand_as(words));
}

std::vector<std::int32_t> text_ids(const MethodJob& job) {
  const std::vector<std::int32_t> ids =
      plain(job.model.tokenizer->specials(), job.model.tokenizer->encode(job.options.baseline_text).ids);
  if (ids.empty()) throw std::invalid_argument("baseline text: the text holds no word");
  return ids;
}

at::Tensor mean_of_class(const MethodJob& job, int rival) {
  const ReferencePosts& posts = *job.options.posts;
  at::Tensor sum;
  std::int64_t count = 0;
  for (std::size_t p = 0; p < posts.ids.size(); ++p) {
    if (p >= posts.labels.size() || posts.labels[p] != rival) continue;
    const std::vector<std::int32_t> ids = plain(job.model.tokenizer->specials(), posts.ids[p]);
    if (ids.empty()) continue;
    const at::Tensor one = rows_of(job, ids).to(at::kDouble).sum(0);
    sum = sum.defined() ? sum + one : one;
    count += static_cast<std::int64_t>(ids.size());
  }
  if (count == 0)
    throw std::invalid_argument(fmt::format("baseline rival: no training post of class {} is at hand",
                                            job.model.labels[static_cast<std::size_t>(rival)]));
  return sum / static_cast<double>(count);
}

}  // namespace

TableFacts table_facts(const Classifier::Impl& model) {
  static std::mutex lock;
  static std::list<std::pair<std::string, TableFacts>> kept;
  const std::lock_guard guard(lock);
  for (const auto& [fingerprint, facts] : kept)
    if (fingerprint == model.fingerprint) return facts;
  kept.emplace_back(model.fingerprint, measure(model));
  if (kept.size() > kept_means) kept.pop_front();
  return kept.back().second;
}

std::uint64_t stream_of(const MethodJob& job, std::size_t item, std::uint64_t draw) {
  std::uint64_t hash = job.options.seed;
  for (const std::int32_t id : job.items[item].encoding.ids) hash = mix_seed(hash, static_cast<std::uint64_t>(id));
  return mix_seed(hash, draw);
}

int rival_of(const Explanation& e) {
  if (e.foil >= 0) return e.foil;
  int best = -1;
  for (int c = 0; c < static_cast<int>(e.prediction.logits.size()); ++c)
    if (c != e.target && (best < 0 || e.prediction.logits[static_cast<std::size_t>(c)] >
                                          e.prediction.logits[static_cast<std::size_t>(best)]))
      best = c;
  return best;
}

at::Tensor uniform_noise(const MethodJob& job, std::size_t item, const at::Tensor& words, std::uint64_t draw) {
  const TableFacts facts = table_facts(job.model);
  Rng rng(stream_of(job, item, draw));
  at::Tensor u = at::empty(words.sizes(), at::kDouble);
  double* to = u.data_ptr<double>();
  for (std::int64_t k = 0; k < u.numel(); ++k) to[k] = 2 * rng.uniform() - 1;
  return at_pieces(job, item, words,
                   facts.mean + u * (std::sqrt(3.0) * facts.deviation));  // variance of U(−√3, √3) is 1
}

at::Tensor repeated(const MethodJob& job, std::size_t item, const at::Tensor& words,
                    const std::vector<std::int32_t>& ids) {
  const std::vector<std::int32_t> pieces = plain(job.model.tokenizer->specials(), ids);
  if (pieces.empty()) return words;
  const SpecialIds& s = job.model.tokenizer->specials();
  std::vector<std::int32_t> all = job.items[item].encoding.ids;
  std::size_t next = 0;
  for (std::int32_t& id : all)
    if (!s.special(id)) id = pieces[next++ % pieces.size()];
  return rows_of(job, all);
}

std::vector<std::int32_t> baseline_ids(const MethodJob& job, std::size_t item) {
  const SpecialIds& s = job.model.tokenizer->specials();
  std::vector<std::int32_t> out = job.items[item].encoding.ids;
  const std::vector<std::int32_t> text =
      job.options.baseline == Baseline::text ? text_ids(job) : std::vector<std::int32_t>{};
  std::size_t next = 0;
  for (std::int32_t& id : out)
    if (!s.special(id))
      id = !text.empty()                            ? text[next++ % text.size()]
           : job.options.baseline == Baseline::mask ? s.mask
           : job.options.baseline == Baseline::unk  ? s.unk
                                                    : s.pad;
  return out;
}

Ends in_path_space(const MethodJob& job, Ends words) {
  if (job.options.path == Path::word) return words;
  at::NoGradGuard no_grad;
  const Network network(job.model.config, job.model.parameters->weights);
  return {network.embedding_block(words.x.unsqueeze(0)).squeeze(0),
          network.embedding_block(words.baseline.unsqueeze(0)).squeeze(0)};
}

Ends ends_of(const MethodJob& job, std::size_t item, Baseline baseline, std::uint64_t draw) {
  const Encoding& text = job.items[item].encoding;
  if (baseline <= Baseline::zero) return path_ends(job.model, text, job.options.path, baseline, job.engine.dtype());
  at::NoGradGuard no_grad;
  const at::Tensor words = rows_of(job, text.ids);
  Ends out{words, {}};
  switch (baseline) {
    case Baseline::mean:
      out.baseline = at_pieces(job, item, words, table_facts(job.model).mean);
      break;
    case Baseline::noise:
      out.baseline = uniform_noise(job, item, words, draw);
      break;
    case Baseline::rival:
      out.baseline = at_pieces(job, item, words, mean_of_class(job, rival_of(job.out[item])));
      break;
    default:
      out.baseline = repeated(job, item, words, text_ids(job));
      break;
  }
  return in_path_space(job, out);
}

Ends ends_of(const MethodJob& job, std::size_t item, std::uint64_t draw) {
  return ends_of(job, item, job.options.baseline, draw);
}

}  // namespace telltale
