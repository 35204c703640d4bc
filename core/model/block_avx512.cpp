#define TELLTALE_BLOCKS blocks_avx512
#include "model/block_rows.hpp"

namespace telltale::TELLTALE_BLOCKS {
namespace {

template <Finish finish>
struct Product {
  static constexpr auto call = &vector_product<finish, float, float>;
};

constexpr FloatBlocks table = table_of<Product, Product, float, float, float>({&packed_bytes<float>, &vector_pack<float>}, {&packed_bytes<float>, &vector_pack<float>});

}  // namespace

const FloatBlocks& blocks() { return table; }

}  // namespace telltale::TELLTALE_BLOCKS
