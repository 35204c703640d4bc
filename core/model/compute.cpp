// Threads, devices and the allocator, set once at start-up.
#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <dlfcn.h>
#include <fmt/format.h>
#include <malloc.h>
#include <omp.h>
#include <torch/version.h>

#include <cstdlib>
#include <stdexcept>
#include <string_view>
#include <thread>

#include "model/classifier_impl.hpp"
#include "model/devices.hpp"
#include "model/flush.hpp"
#include "model/kernels.hpp"

namespace telltale {

const char* name_of(Precision p) {
  switch (p) {
    case Precision::fp32: return "fp32";
    case Precision::bf16: return "bf16";
    case Precision::fp64: return "fp64";
    case Precision::automatic: return "auto";
    case Precision::mixed: return "mixed";
  }
  return "";
}

Precision parse_precision(const std::string& name) {
  for (const Precision p : {Precision::fp32, Precision::bf16, Precision::fp64, Precision::automatic})
    if (name == name_of(p)) return p;
  throw std::invalid_argument(fmt::format("unknown precision '{}': one of fp32, bf16, fp64, auto", name));
}

at::Device parse_device(const std::string& name) {
  const bool cuda = at::globalContext().hasCUDA();
  if (name == "cpu") return at::kCPU;
  if (name == "auto") return cuda ? at::Device(at::kCUDA, 0) : at::Device(at::kCPU);
  int index = 0;
  bool known = name == "cuda";
  if (name.rfind("cuda:", 0) == 0 && name.size() > 5 && name.size() <= 8 && name.find_first_not_of("0123456789", 5) == std::string::npos) {
    index = std::stoi(name.substr(5));
    known = true;
  }
  if (!known) throw std::invalid_argument(fmt::format("unknown device '{}': one of cpu, cuda, cuda:N, auto", name));
  if (!cuda) throw std::invalid_argument(fmt::format("device '{}' is not there: this LibTorch sees no CUDA device; use --device cpu", name));
  const int count = static_cast<int>(at::detail::getCUDAHooks().getNumGPUs());
  if (index >= count) throw std::invalid_argument(fmt::format("device '{}' is not there: {} CUDA device(s)", name, count));
  return at::Device(at::kCUDA, static_cast<at::DeviceIndex>(index));
}

at::ScalarType product_type(Precision precision, const at::Device& device) {
  switch (precision) {
    case Precision::fp64: return at::kDouble;
    case Precision::bf16: return at::kBFloat16;
    case Precision::fp32: return at::kFloat;
    case Precision::automatic:
    case Precision::mixed: break;
  }
#if defined(__x86_64__)
  if (device.is_cpu()) return __builtin_cpu_supports("avx512bf16") ? at::kBFloat16 : at::kFloat;
#endif
  return device.is_cpu() ? at::kFloat : at::kBFloat16;
}

Precision precision_of(at::ScalarType products) { return products == at::kDouble ? Precision::fp64 : products == at::kBFloat16 ? Precision::bf16 : Precision::fp32; }

Precision prediction_precision(const ComputeOptions& options) { return precision_of(product_type(options.precision, parse_device(options.device))); }

void flush_denormals() {
#pragma omp parallel
  at::globalContext().setFlushDenormal(true);
}

namespace {

/// OpenBLAS before 0.3.25 takes an Intel processor that is newer than itself for a Pentium 4 ("Prescott") and computes with SSE3, many times slower
/// (OpenBLAS issue 4267). Tells it to take the code that fits what the processor can do; whoever set OPENBLAS_CORETYPE decides alone.
void wake_openblas() {
#ifdef __x86_64__
  using Name = char* (*)();
  using Change = void (*)();
  const auto name = reinterpret_cast<Name>(dlsym(RTLD_DEFAULT, "openblas_get_corename"));
  const auto quit = reinterpret_cast<Change>(dlsym(RTLD_DEFAULT, "gotoblas_dynamic_quit")), init = reinterpret_cast<Change>(dlsym(RTLD_DEFAULT, "gotoblas_dynamic_init"));
  constexpr const char* variable = "OPENBLAS_CORETYPE";
  if (!name || !quit || !init || std::getenv(variable) || std::string_view(name()) != "Prescott") return;
  const bool wide = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
  if (!wide && !(__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))) return;
  ::setenv(variable, wide ? "SkylakeX" : "Haswell", 0);
  quit();
  init();
  ::unsetenv(variable);
#endif
}

/// Before the first product of the process.
void wake_openblas_once() {
  static const bool awake = (wake_openblas(), true);
  static_cast<void>(awake);
}

constexpr const char* cublas_workspace = ":4096:8";

/// Equal work gives equal bits on a graphics card too, so that a resumed run ends in the same weights: sums in a fixed order instead of by atomics, and a
/// workspace for each stream of cuBLAS (its manual, "Results reproducibility"). Before the first product of the process.
void repeat_exactly() {
  ::setenv("CUBLAS_WORKSPACE_CONFIG", cublas_workspace, 0);
  at::globalContext().setDeterministicAlgorithms(true, true);
#if TORCH_VERSION_MAJOR > 2 || (TORCH_VERSION_MAJOR == 2 && TORCH_VERSION_MINOR >= 2)
  at::globalContext().setDeterministicFillUninitializedMemory(false);  // nothing here reads what it has not written; filling costs a pass over each tensor
#endif
}

}  // namespace

std::string configure_compute(const ComputeOptions& options) {
  wake_openblas_once();
  // Threads that outnumber the cores spin against each other: thousands would not end.
  const int cores = std::max(1, static_cast<int>(std::thread::hardware_concurrency())), most = std::max(16, 4 * cores);
  if (options.threads < 0 || options.threads > most) throw std::invalid_argument(fmt::format("threads {}: expected 0 (all {} cores) to {}", options.threads, cores, most));
  const at::Device device = parse_device(options.device);
  if (!device.is_cpu()) repeat_exactly();
  // OpenBLAS waits for every thread it asked for: under OMP_THREAD_LIMIT more would never come.
  const int threads = std::min(options.threads > 0 ? options.threads : cores, std::max(1, omp_get_thread_limit()));
  at::set_num_threads(threads);
  omp_set_num_threads(threads);
  // OpenBLAS keeps a count of its own (and in its pthread build a pool of its own); LibTorch sets neither.
  using SetThreads = void (*)(int);
  if (auto* set = reinterpret_cast<SetThreads>(dlsym(RTLD_DEFAULT, "openblas_set_num_threads"))) set(threads);
  // Large temporaries come and go every step: without this each is mapped and faulted in anew, which costs more than the arithmetic.
  mallopt(M_MMAP_MAX, 0);
  mallopt(M_TRIM_THRESHOLD, 2000 << 20);
  mallopt(M_TOP_PAD, 64 << 20);
  return device.str();
}

void prepare_process() {
  mallopt(M_ARENA_MAX, 1);
  ::setenv("CUBLAS_WORKSPACE_CONFIG", cublas_workspace, 0);
  wake_openblas_once();
}

void release_threads() { omp_pause_resource_all(omp_pause_soft); }

std::vector<std::string> compute_devices() {
  std::vector<std::string> out = {"cpu"};
  if (at::globalContext().hasCUDA())
    for (int i = 0; i < static_cast<int>(at::detail::getCUDAHooks().getNumGPUs()); ++i) out.push_back(fmt::format("cuda:{}", i));
  return out;
}

std::string compute_description() {
  return fmt::format("LibTorch {}, {} threads, {} kernels{}", TORCH_VERSION, at::get_num_threads(), kernel_name(), at::globalContext().hasCUDA() ? ", CUDA" : "");
}

}  // namespace telltale
