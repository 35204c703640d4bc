#define TELLTALE_BLOCKS blocks_avx512
#include "model/block_rows.hpp"

namespace telltale::TELLTALE_BLOCKS {
namespace {

template <Finish finish>
struct Product {
  static constexpr auto call = &vector_product<finish, float, float>;
};
void nothing() {}

constexpr FloatBlocks table = {{&packed_bytes<float>, &vector_pack<float>},
                               {&packed_bytes<float>, &vector_pack<float>},
                               &product<Product, float, float>,
                               &product<Product, float, float>,
                               &norm<float, float>,
                               &norm_backward<float, float>,
                               &copy<float>,
                               &keep<float>,
                               &attention<float, float>,
                               &attention_backward<float, float>,
                               &cls_attention<float>,
                               &cls_attention_backward<float, float>,
                               &cls_spread,
                               &nothing,
                               &nothing};

}  // namespace

const FloatBlocks& blocks() { return table; }

}  // namespace telltale::TELLTALE_BLOCKS
