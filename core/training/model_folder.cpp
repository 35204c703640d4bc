#include "training/model_folder.hpp"

#include <ATen/CPUGeneratorImpl.h>
#include <fmt/format.h>
#define XXH_INLINE_ALL
#include <xxhash.h>

#include <stdexcept>

#include "model/checkpoint.hpp"

namespace telltale {

std::shared_ptr<Classifier> load_training_model(const std::filesystem::path& folder, const std::vector<std::string>& classes, const ComputeOptions& compute, std::uint64_t head_seed) {
  auto model = Classifier::load(folder, compute, classes, head_seed);
  Classifier::Impl& m = model->impl();
  m.config.labels = classes;
  m.parameters->require_gradients();
  return model;
}

void write_weights(const std::filesystem::path& file, const Parameters& parameters, bool exact) {
  at::NoGradGuard no_grad;
  // One copy at most, for another type or device; the slices are rows of it.
  const at::ScalarType type = exact ? parameters.flat.scalar_type() : at::kFloat;
  const at::Tensor flat = parameters.flat.detach().to(at::kCPU, type);
  const DType stored_type = type == at::kDouble ? DType::f64 : DType::f32;
  std::vector<StoredTensor> tensors;
  for (const WeightSlice& s : parameters.slices) {
    const at::Tensor slice = parameters.slice(s);
    StoredTensor t;
    t.name = s.name;
    t.dtype = stored_type;
    t.shape = slice.sizes().vec();
    t.data = {static_cast<const std::byte*>(flat.data_ptr()) + static_cast<std::size_t>(slice.storage_offset()) * size_of(stored_type),
              static_cast<std::size_t>(slice.numel()) * size_of(stored_type)};
    tensors.push_back(std::move(t));
  }
  write_safetensors(file, tensors);
}

std::string tensor_hash(const at::Tensor& tensor) {
  const at::Tensor t = tensor.detach().to(at::kCPU).contiguous();
  return fmt::format("{:016x}", XXH3_64bits(t.data_ptr(), static_cast<std::size_t>(t.nbytes())));
}

at::Generator seeded_generator(at::Device device, std::uint64_t seed) {
  if (device.is_cpu()) return at::detail::createCPUGenerator(seed);
  at::Generator generator = at::globalContext().defaultGenerator(device).clone();  // LibTorch 1.13 never frees a clone
  generator.set_current_seed(seed);
  return generator;
}

}  // namespace telltale
