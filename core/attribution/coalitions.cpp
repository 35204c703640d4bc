#include "attribution/coalitions.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <stdexcept>
#include <string>
#include <unordered_map>

#include "attribution/output_function.hpp"
#include "attribution/removal.hpp"
#include "base/random.hpp"

namespace telltale {
namespace {

constexpr std::size_t chunk_ids = 1u << 21;         // ids built at once: 4,096 texts of 512, some 20 MB with the keys
constexpr std::size_t wave_coalitions = 1u << 14;   // coalitions of several texts gathered before the model is asked

/// Everything that makes two inputs the same to the network.
std::string key_of(const ModelInput& in) {
  std::string key(reinterpret_cast<const char*>(in.ids.data()), in.ids.size() * sizeof(in.ids[0]));
  key.append(in.attend.begin(), in.attend.end());
  key.push_back('|');
  key.append(in.zeroed.begin(), in.zeroed.end());
  return key;
}

ModelInput input_of(const CoalitionQuestion& q, Removal rule, const SpecialIds& specials, Baseline baseline) {
  std::vector<int> hidden;
  for (std::size_t p = 0; p < q.players->size(); ++p)
    if (!(*q.present)[p]) hidden.insert(hidden.end(), q.players->positions[p].begin(), q.players->positions[p].end());
  if (hidden.empty()) rule = Removal::remove;
  return without(*q.text, hidden, rule, specials, baseline);
}

}  // namespace

Players players_of(const Encoding& text, const SpecialIds& specials, Unit unit) {
  Players out;
  if (unit == Unit::word) {
    for (std::size_t w = 0; w < text.words.size(); ++w) out.positions.push_back(pieces_of(text, {static_cast<int>(w)}));
  } else {
    for (std::size_t t = 0; t < text.ids.size(); ++t)
      if (!specials.special(text.ids[t])) out.positions.push_back({static_cast<int>(t)});
  }
  return out;
}

bool same_text(const Encoding& a, const Encoding& b) {
  const auto same_word = [](const Word& x, const Word& y) { return x.first == y.first && x.last == y.last; };
  return a.ids == b.ids && std::equal(a.words.begin(), a.words.end(), b.words.begin(), b.words.end(), same_word);
}

std::vector<double> coalition_logits(const MethodJob& job, const std::vector<CoalitionQuestion>& questions, Removal rule,
                                     const std::function<void(std::size_t)>& asked) {
  const SpecialIds& specials = job.model.tokenizer->specials();
  const std::size_t classes = job.model.labels.size();
  std::vector<double> out(questions.size() * classes);
  for (std::size_t begin = 0; begin < questions.size();) {
    if (job.stop.stop_requested()) throw Cancelled{};
    std::unordered_map<std::string, std::size_t> known;
    std::vector<ModelInput> inputs;
    std::vector<std::size_t> answer;  // per question of the chunk: its input
    std::size_t end = begin;
    for (std::size_t ids = 0; end < questions.size() && (end == begin || ids < chunk_ids); ++end) {
      ModelInput in = input_of(questions[end], rule, specials, job.options.baseline);
      const auto [at, fresh] = known.try_emplace(key_of(in), inputs.size());
      answer.push_back(at->second);
      if (!fresh) continue;
      ids += in.ids.size();
      inputs.push_back(std::move(in));
    }
    const std::vector<Prediction> found = predict_with(job.engine, job.model, inputs, job.stop, [&](const Progress& p) {
      if (asked) asked(begin + static_cast<std::size_t>(static_cast<double>(end - begin) * p.done / std::max(1.0, p.total)));
    });
    for (std::size_t k = begin; k < end; ++k) {
      const auto& z = found[answer[k - begin]].logits;
      std::copy(z.begin(), z.end(), out.begin() + static_cast<std::ptrdiff_t>(k * classes));
    }
    begin = end;
    if (asked) asked(begin);
  }
  return out;
}

std::uint64_t text_seed(const ExplainOptions& options, const Encoding& text, std::uint64_t method) {
  std::uint64_t hash = mix_seed(options.seed, text.ids.size(), method);
  for (const std::int32_t id : text.ids) hash = mix_seed(hash, static_cast<std::uint64_t>(id));
  return hash;
}

bool wants_all(std::size_t n, const ExplainOptions& options) {
  if (options.samples == 0 && n > most_players_for_all)
    throw std::invalid_argument(fmt::format("samples all: {} {}s have 2^{} coalitions; all of them are asked for at most {} {}s: give a number of samples", n, name_of(options.unit), n,
                                            most_players_for_all, name_of(options.unit)));
  return options.samples == 0 || (n < 31 && (1ll << n) - 2 <= options.samples);
}

std::vector<Coalition> all_coalitions(std::size_t n) {
  std::vector<std::uint32_t> codes(std::size_t{1} << n);
  std::iota(codes.begin(), codes.end(), 0u);
  const std::uint32_t everybody = static_cast<std::uint32_t>(codes.size() - 1);
  std::stable_sort(codes.begin(), codes.end(), [&](std::uint32_t a, std::uint32_t b) {
    const auto rank = [&](std::uint32_t c) { return c == 0 ? -2 : c == everybody ? -1 : __builtin_popcount(c); };
    return rank(a) < rank(b);
  });
  std::vector<Coalition> out;
  out.reserve(codes.size());
  for (const std::uint32_t c : codes) {
    Coalition one(n);
    for (std::size_t p = 0; p < n; ++p) one[p] = static_cast<std::uint8_t>((c >> p) & 1u);
    out.push_back(std::move(one));
  }
  return out;
}

Design begun_design(std::size_t n, const ExplainOptions& options) {
  Design d;
  d.exact = wants_all(n, options);
  d.coalitions = d.exact ? all_coalitions(n) : std::vector<Coalition>{Coalition(n, 0), Coalition(n, 1)};
  d.block.assign(d.coalitions.size(), -1);
  return d;
}

Coalition complement(Coalition c) {
  for (auto& p : c) p = !p;
  return c;
}

Coalition drawn_of_size(std::size_t n, std::size_t s, Rng& rng) {
  std::vector<int> players(n);
  std::iota(players.begin(), players.end(), 0);
  Coalition c(n, 0);
  for (std::size_t i = 0; i < s; ++i) {
    std::swap(players[i], players[i + rng.below(n - i)]);
    c[static_cast<std::size_t>(players[i])] = 1;
  }
  return c;
}

void fill_scores(Explanation& e, const Encoding& text, const Players& players, const PlayerScores& found, const MethodInfo& info, double everybody, double nobody) {
  const bool words = e.options.unit == Unit::word;
  e.scores.assign(text.ids.size(), 0.0);
  e.word_scores.clear();
  if (words) e.word_scores = found.scores;
  for (std::size_t p = 0; p < players.size(); ++p)
    for (const int t : players.positions[p]) e.scores[static_cast<std::size_t>(t)] = found.scores[p] / static_cast<double>(players.positions[p].size());
  e.standard_error.clear();
  if (!found.errors.empty() || (players.size() == 0 && !info.deterministic)) {
    e.standard_error.assign(words ? text.words.size() : text.ids.size(), 0.0);
    for (std::size_t p = 0; p < players.size(); ++p) e.standard_error[words ? p : static_cast<std::size_t>(players.positions[p].front())] = found.errors[p];
  }
  e.value = everybody;
  e.converged = found.converged;
  if (info.complete) {
    e.baseline_value = nobody;
    // As it will be checked: over the ids, in order.
    e.delta = std::abs(std::accumulate(e.scores.begin(), e.scores.end(), 0.0) - (everybody - nobody));
    e.relative_delta = e.delta / std::max(1e-3, std::abs(everybody - nobody));
  } else {
    e.baseline_value = e.delta = e.relative_delta = std::numeric_limits<double>::quiet_NaN();
  }
}

void CoalitionMethod::compute(MethodJob& job) const {
  const MethodInfo about = info();
  const Removal rule = job.options.removal.value_or(about.removal);
  const int classes = static_cast<int>(job.model.labels.size());
  struct Group {
    std::vector<std::size_t> items;
    Players players;
    Design design;
  };
  std::vector<Group> groups;
  const std::uint64_t method = std::accumulate(about.id.begin(), about.id.end(), std::uint64_t{0}, [](std::uint64_t h, char c) { return mix_seed(h, static_cast<std::uint64_t>(c)); });
  std::size_t total = 0, done = 0;
  for (std::size_t k = 0; k < job.items.size(); ++k) {
    const Encoding& text = job.items[k].encoding;
    if (k > 0 && same_text(text, job.items[k - 1].encoding)) {
      groups.back().items.push_back(k);
      continue;
    }
    Group g{{k}, players_of(text, job.model.tokenizer->specials(), job.options.unit), {}};
    if (g.players.size() > 0)
      g.design = draw(g.players.size(), job.options, text_seed(job.options, text, method));
    else
      g.design.coalitions = {{}};
    total += g.design.coalitions.size();
    groups.push_back(std::move(g));
  }
  for (std::size_t begin = 0; begin < groups.size();) {
    std::vector<CoalitionQuestion> questions;
    std::size_t end = begin;
    for (; end < groups.size() && (end == begin || questions.size() + groups[end].design.coalitions.size() <= wave_coalitions); ++end)
      for (const Coalition& c : groups[end].design.coalitions) questions.push_back({&job.items[groups[end].items[0]].encoding, &groups[end].players, &c});
    const std::vector<double> z = coalition_logits(job, questions, rule, [&](std::size_t n) {
      if (job.progress) job.progress({static_cast<double>(done + n), static_cast<double>(total), "explaining"});
    });
    std::size_t row = 0;
    for (std::size_t g = begin; g < end; ++g) {
      Group& group = groups[g];
      const std::size_t rows = group.design.coalitions.size(), n = group.players.size();
      for (const std::size_t k : group.items) {
        if (job.stop.stop_requested()) throw Cancelled{};
        Explanation& e = job.out[k];
        std::vector<double> worth(rows);
        for (std::size_t r = 0; r < rows; ++r)
          worth[r] = output_value(job.options.output, z.data() + (row + r) * static_cast<std::size_t>(classes), classes, e.target, e.foil);
        const PlayerScores found = n > 0 ? solve(n, group.design, worth, job.options) : PlayerScores{};
        fill_scores(e, job.items[k].encoding, group.players, found, about, n > 0 ? worth[1] : worth[0], worth[0]);
        e.steps = static_cast<int>(rows);
      }
      row += rows;
      group.design = {};
    }
    done += row;
    begin = end;
  }
}

}  // namespace telltale
