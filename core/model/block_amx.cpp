#define TELLTALE_BLOCKS blocks_amx
#include "model/block_rows.hpp"

namespace telltale::TELLTALE_BLOCKS {
namespace {

template <Finish finish>
struct Product {
  static constexpr auto call = &tile_product<finish>;
};
Int tile_bytes(Int k, Int n) { return up(k, panel) * up(n, panel) * static_cast<Int>(sizeof(Bf16)); }

constexpr TileBlocks table = table_of<Product, Product, Bf16, Bf16, Bf16>({&tile_bytes, &tile_pack}, {&tile_bytes, &tile_pack}, &begin_tiles, &end_tiles);

}  // namespace

const TileBlocks& blocks() { return table; }

}  // namespace telltale::TELLTALE_BLOCKS
