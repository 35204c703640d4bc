#include "training/shared_words.hpp"

#include <algorithm>
#include <unordered_set>

#include "base/random.hpp"

namespace telltale {
namespace {
constexpr std::uint64_t word_dropout_stream = 0x736861726564;  // "shared"
}

at::Tensor document_counts(const std::vector<TrainingPost>& posts, std::int64_t classes, std::int64_t vocabulary, const SpecialIds& specials) {
  at::Tensor counts = at::zeros({classes, vocabulary}, at::kDouble);
  double* n = counts.data_ptr<double>();
  std::unordered_set<std::int32_t> seen;
  for (const TrainingPost& p : posts) {
    seen.clear();
    for (const std::int32_t id : p.ids)
      if (!specials.special(id) && seen.insert(id).second) n[p.label * vocabulary + id] += 1;
  }
  return counts;
}

std::vector<int> rivals(const at::Tensor& confusion, std::int64_t classes, int named) {
  const at::Tensor host = confusion.defined() ? confusion.to(at::kCPU).to(at::kDouble).contiguous() : at::zeros({classes, classes}, at::kDouble);
  const double* m = host.data_ptr<double>();
  std::vector<int> out;
  for (std::int64_t y = 0; y < classes; ++y) {
    std::int64_t best = y == 0 ? 1 : 0;
    for (std::int64_t c = 0; c < classes; ++c)
      if (c != y && m[y * classes + c] > m[y * classes + best]) best = c;
    out.push_back(named >= 0 && named != y ? named : static_cast<int>(best));
  }
  return out;
}

TrainingPost drop_shared(const TrainingPost& post, const SharedDropout& rule, const at::Tensor& counts, int rival, const SpecialIds& specials) {
  Rng rng(mix_seed(rule.seed, static_cast<std::uint64_t>(rule.step), static_cast<std::uint64_t>(post.document)), word_dropout_stream);
  const std::int64_t V = counts.size(1);
  const double *mine = counts.data_ptr<double>() + post.label * V, *theirs = counts.data_ptr<double>() + rival * V;
  TrainingPost out{post.document, post.label, {}, {}};
  for (std::size_t t = 0; t < post.ids.size(); ++t) {
    const std::int32_t id = post.ids[t];
    std::int32_t put = id;
    if (!specials.special(id) && rng.uniform() < rule.q * sharedness(mine[id], theirs[id])) {
      if (rule.replace == SharedDrop::remove) continue;
      put = rule.replace == SharedDrop::mask ? specials.mask : specials.pad;
    }
    out.ids.push_back(put);
    if (!post.marked.empty()) out.marked.push_back(post.marked[t]);
  }
  return out;
}

std::vector<float> marked_weights(const Document& document, const Encoding& encoding) {
  std::vector<float> out(encoding.ids.size(), 0.f);
  const bool telling = std::any_of(document.spans.begin(), document.spans.end(), [](const MarkedSpan& s) { return s.kind == "telling"; });
  for (std::size_t t = 0; t < out.size(); ++t) {
    const Span at = encoding.offsets[t];
    if (at.none() || encoding.word_of[t] < 0 || document.spans.empty()) continue;
    const bool inside = std::any_of(document.spans.begin(), document.spans.end(), [&](const MarkedSpan& s) { return s.kind == (telling ? "telling" : "shared") && s.begin < at.end && at.begin < s.end; });
    out[t] = inside == telling ? 0.f : 1.f;
  }
  return out;
}

}  // namespace telltale
