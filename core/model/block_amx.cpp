#define TELLTALE_BLOCKS blocks_amx
#include "model/block_rows.hpp"

namespace telltale::TELLTALE_BLOCKS {
namespace {

template <Finish finish>
struct Product {
  static constexpr auto call = &mixed_product<finish>;
};
Int packed_bytes(Int k, Int n) { return up(k, panel) * up(n, panel) * static_cast<Int>(sizeof(Bf16)); }

constexpr MixedBlocks table = {&packed_bytes,
                               &mixed_pack,
                               &product<Product, Bf16, Bf16>,
                               &norm<Bf16, Bf16>,
                               &norm_backward<Bf16, Bf16>,
                               &copy<Bf16>,
                               &attention<Bf16, Bf16>,
                               &attention_backward<Bf16, Bf16>,
                               &cls_attention<Bf16>,
                               &cls_attention_backward<Bf16, Bf16>,
                               &cls_spread,
                               &begin_tiles,
                               &end_tiles};

}  // namespace

const MixedBlocks& blocks() { return table; }

}  // namespace telltale::TELLTALE_BLOCKS
