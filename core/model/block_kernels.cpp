#include "model/block_kernels.hpp"

#if defined(__x86_64__) && defined(__linux__)
#include <cpuid.h>
#include <sys/syscall.h>
#include <unistd.h>
#define TELLTALE_HAS_BLOCKS
#endif

namespace telltale {

#ifdef TELLTALE_HAS_BLOCKS
namespace blocks_avx512 {
const FloatBlocks& blocks();
}
namespace blocks_bf16 {
const PairBlocks& blocks();
}
namespace blocks_amx {
const TileBlocks& blocks();
}

namespace {

bool vectors() {
  static const bool found = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
  return found;
}

bool pairs() { return vectors() && __builtin_cpu_supports("avx512bf16"); }

bool tiles() {
  static const bool found = [] {
    unsigned a = 0, b = 0, c = 0, d = 0;
    if (!pairs() || !__get_cpuid_count(7, 0, &a, &b, &c, &d)) return false;
    constexpr unsigned amx_bf16 = 1u << 22, amx_tile = 1u << 24;
    if (!(d & amx_bf16) || !(d & amx_tile)) return false;
    constexpr int request = 0x1023, tile_data = 18;  // ARCH_REQ_XCOMP_PERM: Linux keeps room for tiles only for processes that ask
    return syscall(SYS_arch_prctl, request, tile_data) == 0;
  }();
  return found;
}

}  // namespace

const FloatBlocks* float_blocks() { return vectors() ? &blocks_avx512::blocks() : nullptr; }
const PairBlocks* pair_blocks() { return pairs() ? &blocks_bf16::blocks() : nullptr; }
const TileBlocks* tile_blocks() { return tiles() ? &blocks_amx::blocks() : nullptr; }
#else
const FloatBlocks* float_blocks() { return nullptr; }
const PairBlocks* pair_blocks() { return nullptr; }
const TileBlocks* tile_blocks() { return nullptr; }
#endif

}  // namespace telltale
