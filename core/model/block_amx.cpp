#define TELLTALE_BLOCKS blocks_amx
#include "model/block_rows.hpp"

namespace telltale::TELLTALE_BLOCKS {
namespace {

template <Finish finish>
struct Product {
  static constexpr auto call = &tile_product<finish>;
};
Int tile_bytes(Int k, Int n) { return up(k, panel) * up(n, panel) * static_cast<Int>(sizeof(Bf16)); }

constexpr TileBlocks table = {{&tile_bytes, &tile_pack},
                              {&tile_bytes, &tile_pack},
                              &product<Product, Bf16, Bf16>,
                              &product<Product, Bf16, Bf16>,
                              &norm<Bf16, Bf16>,
                              &norm_backward<Bf16, Bf16>,
                              &copy<Bf16>,
                              &keep<Bf16>,
                              &attention<Bf16, Bf16>,
                              &attention_backward<Bf16, Bf16>,
                              &cls_attention<Bf16>,
                              &cls_attention_backward<Bf16, Bf16>,
                              &cls_spread,
                              &begin_tiles,
                              &end_tiles};

}  // namespace

const TileBlocks& blocks() { return table; }

}  // namespace telltale::TELLTALE_BLOCKS
