// How the texts of one call are shared out among threads. No torch in here.
#pragma once
#include <cstdint>
#include <vector>

namespace telltale {

struct TextBlock {
  std::int64_t first = 0, texts = 0;
  std::int64_t ids = 0;   ///< of the longest
  bool masked = false;    ///< not all of them are that long, or ids inside are not attended to
  bool together = false;  ///< worked on by all threads together, else by one alone
};

/// Blocks of about `rows` rows, as many for each thread; what does not divide, and texts too few for the threads, by all together. Those for one thread come
/// first, largest first. `lengths` [N] in the order of the texts; `holes` [N]: ids before the last are not attended to.
std::vector<TextBlock> plan_blocks(const std::vector<std::int64_t>& lengths, const std::vector<bool>& holes, std::int64_t rows, std::int64_t threads);

}  // namespace telltale
