#include "model/kernels.hpp"

namespace telltale {

namespace kernels_generic {
const Kernels<float>& float_table();
const Kernels<Bf16>& bf16_table();
}  // namespace kernels_generic
#ifdef __x86_64__
namespace kernels_avx2 {
const Kernels<float>& float_table();
const Kernels<Bf16>& bf16_table();
}  // namespace kernels_avx2
namespace kernels_avx512 {
const Kernels<float>& float_table();
const Kernels<Bf16>& bf16_table();
}  // namespace kernels_avx512
#endif

namespace {

enum class Level { generic, avx2, avx512 };

Level level() {
#ifdef __x86_64__
  static const Level found = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl")
                                 ? Level::avx512
                             : __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") ? Level::avx2
                                                                                               : Level::generic;
  return found;
#else
  return Level::generic;
#endif
}

}  // namespace

template <>
const Kernels<float>& kernels<float>() {
#ifdef __x86_64__
  if (level() == Level::avx512) return kernels_avx512::float_table();
  if (level() == Level::avx2) return kernels_avx2::float_table();
#endif
  return kernels_generic::float_table();
}

template <>
const Kernels<Bf16>& kernels<Bf16>() {
#ifdef __x86_64__
  if (level() == Level::avx512) return kernels_avx512::bf16_table();
  if (level() == Level::avx2) return kernels_avx2::bf16_table();
#endif
  return kernels_generic::bf16_table();
}

const char* kernel_name() { return level() == Level::avx512 ? "avx512" : level() == Level::avx2 ? "avx2" : "generic"; }

}  // namespace telltale
