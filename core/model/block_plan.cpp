#include "model/block_plan.hpp"

#include <algorithm>
#include <numeric>

namespace telltale {

std::vector<TextBlock> plan_blocks(const std::vector<std::int64_t>& lengths, const std::vector<bool>& holes, std::int64_t rows, std::int64_t threads) {
  const auto N = static_cast<std::int64_t>(lengths.size());
  const std::int64_t alone = 2 * N <= threads ? 0 : N < threads ? N : N / threads * threads;
  std::vector<TextBlock> out;
  const auto add = [&](std::int64_t first, std::int64_t end, bool together) {
    if (first == end) return;
    TextBlock b{first, end - first, 0, false, together};
    for (std::int64_t k = first; k < end; ++k) b.ids = std::max(b.ids, lengths[static_cast<std::size_t>(k)]);
    for (std::int64_t k = first; k < end; ++k) b.masked = b.masked || holes[static_cast<std::size_t>(k)] || lengths[static_cast<std::size_t>(k)] < b.ids;
    out.push_back(b);
  };
  const std::int64_t total = std::accumulate(lengths.begin(), lengths.begin() + alone, std::int64_t{0}), workers = std::min(threads, alone);
  if (alone > 0) {
    const std::int64_t blocks = std::min(alone, workers * std::max<std::int64_t>(1, (total + workers * rows / 2) / (workers * rows)));
    for (std::int64_t b = 0; b < blocks; ++b) add(alone * b / blocks, alone * (b + 1) / blocks, false);
    std::stable_sort(out.begin(), out.end(), [](const TextBlock& a, const TextBlock& b) { return a.texts * a.ids > b.texts * b.ids; });
  }
  for (std::int64_t first = alone; first < N;) {
    std::int64_t end = first, sum = 0;
    while (end < N && (end == first || sum + lengths[static_cast<std::size_t>(end)] <= rows * threads)) sum += lengths[static_cast<std::size_t>(end++)];
    add(first, end, true);
    first = end;
  }
  return out;
}

}  // namespace telltale
