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

constexpr PairBlocks table = table_of<Product, ProductBack, float, Bf16, Bf16>({&packed_bytes<float>, &vector_pack<float>}, {&packed_bytes<Bf16>, &vector_pack<Bf16>});

}  // namespace

const PairBlocks& blocks() { return table; }

}  // namespace telltale::TELLTALE_BLOCKS
