#include "training/batching.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>

#include "base/random.hpp"

namespace telltale {
namespace {
constexpr std::uint64_t order_stream = 0x6f72646572, share_stream = 0x7368617265;  // "order", "share"
constexpr std::size_t batches_a_block = 32;
}  // namespace

std::vector<std::vector<std::size_t>> epoch_batches(const std::vector<TrainingPost>& posts, int batch, std::uint64_t seed, std::int64_t epoch) {
  Rng rng(mix_seed(seed, static_cast<std::uint64_t>(epoch)), order_stream);
  std::vector<std::size_t> order(posts.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  rng.shuffle(order);
  const auto size = static_cast<std::size_t>(batch), block = size * batches_a_block;
  std::vector<std::vector<std::size_t>> batches;
  for (std::size_t k = 0; k < order.size(); k += block) {
    const auto begin = order.begin() + static_cast<std::ptrdiff_t>(k), end = order.begin() + static_cast<std::ptrdiff_t>(std::min(order.size(), k + block));
    std::stable_sort(begin, end, [&](std::size_t a, std::size_t b) { return posts[a].ids.size() < posts[b].ids.size(); });
    for (auto from = begin; from != end;) {
      const auto to = from + std::min<std::ptrdiff_t>(end - from, static_cast<std::ptrdiff_t>(size));
      batches.emplace_back(from, to);
      from = to;
    }
  }
  rng.shuffle(batches);
  return batches;
}

std::int64_t steps_of_epoch(std::size_t posts, int batch, int accumulate) {
  const auto b = static_cast<std::size_t>(batch), a = static_cast<std::size_t>(accumulate);
  return static_cast<std::int64_t>(((posts + b - 1) / b + a - 1) / a);
}

StepRange step_range(std::size_t batches, int accumulate, std::int64_t step_in_epoch) {
  const std::size_t first = static_cast<std::size_t>(step_in_epoch) * static_cast<std::size_t>(accumulate);
  return {std::min(batches, first), std::min(batches, first + static_cast<std::size_t>(accumulate))};
}

std::vector<std::size_t> stratified_share(const std::vector<int>& labels, double share, std::uint64_t seed) {
  std::map<int, std::vector<std::size_t>> of_class;
  for (std::size_t k = 0; k < labels.size(); ++k) of_class[labels[k]].push_back(k);
  std::vector<std::size_t> out;
  for (auto& [label, members] : of_class) {
    Rng rng(mix_seed(seed, static_cast<std::uint64_t>(label)), share_stream);
    rng.shuffle(members);
    auto take = static_cast<std::size_t>(std::llround(share * static_cast<double>(members.size())));
    if (members.size() > 1) take = std::clamp<std::size_t>(take, 1, members.size() - 1);
    out.insert(out.end(), members.begin(), members.begin() + static_cast<std::ptrdiff_t>(std::min(take, members.size())));
  }
  std::sort(out.begin(), out.end());
  return out;
}

}  // namespace telltale
