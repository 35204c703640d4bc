#include "attribution/word_neighbours.hpp"

#include <ATen/Parallel.h>

#include <algorithm>
#include <cmath>
#include <list>
#include <numeric>

namespace telltale {
namespace {

constexpr std::int64_t rows_at_once = 128;  ///< words whose distances to the whole vocabulary are held at once
constexpr std::size_t kept_models = 2, kept_lists = 40000;

}  // namespace

WordNeighbours::WordNeighbours(const Classifier::Impl& model) {
  at::NoGradGuard no_grad;
  table_ = model.parameters->weights.word.detach().to(at::kCPU).to(at::kFloat).contiguous();
  squares_ = table_.square().sum(1).contiguous();
  vocabulary_ = table_.size(0);
  width_ = table_.size(1);
}

std::shared_ptr<WordNeighbours> WordNeighbours::of(const Classifier::Impl& model) {
  static std::mutex lock;
  static std::list<std::pair<std::string, std::shared_ptr<WordNeighbours>>> kept;
  const std::lock_guard guard(lock);
  for (const auto& [fingerprint, known] : kept)
    if (fingerprint == model.fingerprint) return known;
  kept.emplace_back(model.fingerprint, std::make_shared<WordNeighbours>(model));
  if (kept.size() > kept_models) kept.pop_front();
  return kept.back().second;
}

/// Nearest first, ties by id; `distance` [V] up to a constant.
std::vector<std::int32_t> WordNeighbours::nearest(const std::vector<float>& distance, int k,
                                                  std::int32_t without) const {
  std::vector<std::int32_t> order(distance.size());
  std::iota(order.begin(), order.end(), 0);
  const auto before = [&](std::int32_t a, std::int32_t b) {
    const float x = distance[static_cast<std::size_t>(a)], y = distance[static_cast<std::size_t>(b)];
    return x < y || (x == y && a < b);
  };
  const auto most = std::min(order.size(), static_cast<std::size_t>(k) + (without >= 0 ? 1 : 0));
  if (most < order.size())
    std::nth_element(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(most), order.end(), before);
  order.resize(most);
  std::sort(order.begin(), order.end(), before);
  if (without >= 0) {
    const auto self = std::find(order.begin(), order.end(), without);
    order.erase(self == order.end() ? order.end() - 1 : self);
  }
  return order;
}

void WordNeighbours::fill(std::vector<std::int32_t> ids, int k) {
  std::sort(ids.begin(), ids.end());
  ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
  std::erase_if(ids, [&](std::int32_t id) { return known_.count({id, k}) > 0; });
  if (known_.size() + ids.size() > kept_lists) return known_.clear(), fill(std::move(ids), k);
  for (std::size_t first = 0; first < ids.size(); first += rows_at_once) {
    const std::size_t n = std::min(ids.size() - first, static_cast<std::size_t>(rows_at_once));
    const std::vector<std::int64_t> rows(ids.begin() + static_cast<std::ptrdiff_t>(first),
                                         ids.begin() + static_cast<std::ptrdiff_t>(first + n));
    const at::Tensor distance =
        at::addmm(squares_.unsqueeze(0), table_.index_select(0, at::tensor(rows, at::kLong)), table_.t(), 1, -2)
            .contiguous();
    std::vector<std::vector<std::int32_t>> found(n);
    at::parallel_for(0, static_cast<std::int64_t>(n), 1, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t r = begin; r < end; ++r) {
        const float* row = distance.data_ptr<float>() + r * vocabulary_;
        found[static_cast<std::size_t>(r)] =
            nearest({row, row + vocabulary_}, k, ids[first + static_cast<std::size_t>(r)]);
      }
    });
    for (std::size_t r = 0; r < n; ++r) known_[{ids[first + r], k}] = std::move(found[r]);
  }
}

std::int32_t WordNeighbours::choose(std::int32_t last, std::int32_t baseline, int steps, NextWord rule,
                                    const std::vector<std::int32_t>& among,
                                    const std::vector<std::int32_t>& visited) const {
  const float *w = row(last), *b = row(baseline);
  double best = 0;
  std::int32_t out = baseline;
  bool any = false;
  for (const std::int32_t id : among) {
    if (id == baseline || std::find(visited.begin(), visited.end(), id) != visited.end()) continue;
    const float* v = row(id);
    double cost = 0;
    for (std::int64_t j = 0; j < width_; ++j) {
      const bool monotone = v[j] >= std::min(w[j], b[j]) && v[j] <= std::max(w[j], b[j]);
      const double off = static_cast<double>(v[j]) -
                         (static_cast<double>(w[j]) - (static_cast<double>(w[j]) - static_cast<double>(b[j])) / steps);
      cost += monotone ? 0.0 : rule == NextWord::greedy ? off * off : 1.0;
    }
    if (!any || cost < best) best = cost, out = id, any = true;
  }
  return out;
}

std::vector<std::vector<std::int32_t>> WordNeighbours::anchored(
    const std::vector<std::pair<std::int32_t, std::int32_t>>& ends, int steps, int k, NextWord rule) {
  at::NoGradGuard no_grad;
  const std::lock_guard guard(lock_);
  k = static_cast<int>(std::min<std::int64_t>(k, vocabulary_ - 1));
  std::vector<std::vector<std::int32_t>> out;
  for (const auto& [word, baseline] : ends) out.push_back({word});
  for (int s = 0; s < steps; ++s) {
    std::vector<std::int32_t> needed;
    for (std::size_t p = 0; p < out.size(); ++p)
      if (out[p].back() != ends[p].second) needed.push_back(out[p].back());
    fill(std::move(needed), k);
    at::parallel_for(0, static_cast<std::int64_t>(out.size()), 1, [&](std::int64_t begin, std::int64_t end) {
      for (auto p = static_cast<std::size_t>(begin); p < static_cast<std::size_t>(end); ++p) {
        const std::int32_t last = out[p].back(), baseline = ends[p].second;
        out[p].push_back(last == baseline ? baseline
                                          : choose(last, baseline, steps, rule, known_.at({last, k}), out[p]));
      }
    });
  }
  return out;
}

std::vector<std::vector<std::int32_t>> WordNeighbours::uniform(
    const std::vector<std::pair<std::int32_t, std::int32_t>>& ends, int steps, int k, NextWord rule) {
  at::NoGradGuard no_grad;
  k = static_cast<int>(std::min<std::int64_t>(k, vocabulary_));
  std::vector<std::vector<std::int32_t>> out(ends.size());
  // v·(b + a (w − b)) = (1 − a) v·b + a v·w: two products give the distances to every point of the line.
  std::vector<std::int64_t> words, baselines;
  for (const auto& [word, baseline] : ends) words.push_back(word), baselines.push_back(baseline);
  for (std::size_t first = 0; first < ends.size(); first += rows_at_once) {
    const std::size_t n = std::min(ends.size() - first, static_cast<std::size_t>(rows_at_once));
    const auto product = [&](const std::vector<std::int64_t>& ids) {
      return at::matmul(table_.index_select(0, at::tensor(at::ArrayRef<std::int64_t>(ids).slice(first, n), at::kLong)),
                        table_.t())
          .contiguous();
    };
    const at::Tensor to_word = product(words), to_baseline = product(baselines);
    at::parallel_for(0, static_cast<std::int64_t>(n), 1, [&](std::int64_t begin, std::int64_t end) {
      std::vector<float> distance(static_cast<std::size_t>(vocabulary_));
      for (std::int64_t r = begin; r < end; ++r) {
        const auto& [word, baseline] = ends[first + static_cast<std::size_t>(r)];
        std::vector<std::int32_t>& visited = out[first + static_cast<std::size_t>(r)];
        visited = {word};
        if (word == baseline) {
          visited.resize(static_cast<std::size_t>(steps) + 1, baseline);
          continue;
        }
        const float *vw = to_word.data_ptr<float>() + r * vocabulary_,
                    *vb = to_baseline.data_ptr<float>() + r * vocabulary_, *square = squares_.data_ptr<float>();
        std::int32_t last = word;
        for (int s = steps; s >= 1; --s) {
          const float a = static_cast<float>(s) / static_cast<float>(steps + 1);
          for (std::size_t v = 0; v < distance.size(); ++v) distance[v] = square[v] - 2 * ((1 - a) * vb[v] + a * vw[v]);
          const std::int32_t next = choose(last, baseline, steps, rule, nearest(distance, k, -1), visited);
          visited.push_back(next);
          if (next != baseline) last = next;
        }
      }
    });
  }
  return out;
}

at::Tensor WordNeighbours::path(const std::vector<std::int32_t>& visited, std::int32_t baseline, int steps) const {
  const auto n = static_cast<std::int64_t>(visited.size());
  at::Tensor out = at::empty({n + 1, width_}, at::kFloat);
  const auto at = [&](std::int64_t k) { return out.data_ptr<float>() + k * width_; };
  const float* b = row(baseline);
  std::copy(b, b + width_, at(0));
  std::copy(row(visited[0]), row(visited[0]) + width_, at(n));
  for (std::int64_t k = 1; k < n; ++k) {
    const float *before = at(n - k + 1), *word = row(visited[static_cast<std::size_t>(k)]);
    float* to = at(n - k);
    for (std::int64_t j = 0; j < width_; ++j) {
      const bool monotone = word[j] >= std::min(before[j], b[j]) && word[j] <= std::max(before[j], b[j]);
      to[j] = monotone ? word[j] : before[j] - (before[j] - b[j]) / static_cast<float>(steps);
    }
  }
  return out;
}

}  // namespace telltale
