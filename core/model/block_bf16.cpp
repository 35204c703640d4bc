// Float products forth, products of pairs of bfloat16 back.
#define TELLTALE_BLOCKS blocks_bf16
#include "model/block_rows.hpp"

namespace telltale::TELLTALE_BLOCKS {
namespace {

template <Finish finish>
struct Product {
  static constexpr auto call = &vector_product<finish, float, Bf16>;
};
template <Finish finish>
struct ProductBack {
  static constexpr auto call = &vector_product<finish, Bf16, Bf16>;
};
void nothing() {}

constexpr PairBlocks table = {{&packed_bytes<float>, &vector_pack<float>},
                              {&packed_bytes<Bf16>, &vector_pack<Bf16>},
                              &product<Product, float, Bf16>,
                              &product<ProductBack, Bf16, Bf16>,
                              &norm<float, Bf16>,
                              &norm_backward<Bf16, Bf16>,
                              &copy<float>,
                              &keep<Bf16>,
                              &attention<float, Bf16>,
                              &attention_backward<Bf16, Bf16>,
                              &cls_attention<float>,
                              &cls_attention_backward<Bf16, Bf16>,
                              &cls_spread,
                              &nothing,
                              &nothing};

}  // namespace

const PairBlocks& blocks() { return table; }

}  // namespace telltale::TELLTALE_BLOCKS
