#include "objective/batch_objective.hpp"

#include <fmt/format.h>
#include <sys/resource.h>

#include <chrono>
#include <cmath>
#include <limits>
#include <stdexcept>

#include "model/classifier_impl.hpp"
#include "model/device_memory.hpp"
#include "objective/objective.hpp"

namespace telltale {
namespace {

at::Tensor integers(const Checkpoint& file, const char* name, std::size_t dims) {
  const StoredTensor* t = file.find(name);
  if (!t) throw std::runtime_error(fmt::format("{}: tensor '{}' is missing", file.source().string(), name));
  if (t->shape.size() != dims) throw std::runtime_error(fmt::format("{}: tensor '{}' has {} dimensions, expected {}", file.source().string(), name, t->shape.size(), dims));
  const std::vector<std::int64_t> values = to_int64(*t);
  return at::tensor(values, at::kLong).view(t->shape);
}

at::Tensor reals(const Checkpoint& file, const char* name) {
  const StoredTensor* t = file.find(name);
  if (!t) return {};
  check_finite(*t);
  const std::vector<double> values = to_double(*t);
  return at::tensor(values, at::kDouble).view(t->shape);
}

void write_gradients(const std::filesystem::path& to, const Parameters& parameters) {
  std::vector<at::Tensor> keep;
  std::vector<StoredTensor> stored;
  for (const WeightSlice& s : parameters.slices) {
    keep.push_back(parameters.tensors[s.parameter].grad().narrow(0, s.first, s.rows).to(at::kCPU).contiguous());
    const at::Tensor& t = keep.back();
    StoredTensor one;
    one.name = s.name;
    one.dtype = t.scalar_type() == at::kDouble ? DType::f64 : DType::f32;
    one.shape = t.sizes().vec();
    one.data = {static_cast<const std::byte*>(t.data_ptr()), static_cast<std::size_t>(t.numel()) * t.element_size()};
    stored.push_back(std::move(one));
  }
  write_safetensors(to, stored);
}

}  // namespace

ObjectiveReport evaluate_batch_file(const std::filesystem::path& model_folder, const std::filesystem::path& batch_file, const ObjectiveOptions& options, const ComputeOptions& compute,
                                    std::uint64_t seed, const std::optional<std::filesystem::path>& gradients) {
  const auto model = Classifier::load(model_folder, compute);
  if (model->labels().empty()) throw std::runtime_error(fmt::format("{}: an encoder without a classification head: finetune it first (telltale train)", model_folder.string()));
  const auto file = Checkpoint::open_safetensors(batch_file);
  Batch batch;
  batch.ids = integers(*file, "ids", 2);
  batch.mask = integers(*file, "mask", 2);
  batch.labels = integers(*file, "labels", 1);
  batch.noise_positive = reals(*file, "noise_positive");
  batch.noise_negative = reals(*file, "noise_negative");
  batch.marked = reals(*file, "marked");
  const auto& impl = model->impl();
  for (at::Tensor* t : {&batch.ids, &batch.mask, &batch.labels, &batch.noise_positive, &batch.noise_negative, &batch.marked})
    if (t->defined()) *t = t->to(impl.device);
  Parameters& parameters = *impl.parameters;
  parameters.require_gradients();
  Objective objective(model->config(), parameters, model->tokenizer().specials(), options, product_type(compute.precision, impl.device));
  if (options.rival != "auto") objective.set_rival(model->class_index(options.rival));

  ObjectiveRequest request;
  request.seed = seed;
  const auto begin = std::chrono::steady_clock::now();
  TermValues found;
  try {
    found = objective.evaluate(batch, request);
  } catch (const std::invalid_argument& e) {
    throw std::runtime_error(fmt::format("{}: {}", batch_file.string(), e.what()));
  }
  ObjectiveReport out;
  out.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  out.peak_mib = impl.device.is_cpu() ? static_cast<double>(usage.ru_maxrss) / 1024 : device_peak_mib(impl.device);
  out.gradient_norm = parameters.flat_gradient.to(at::kDouble).square().sum().sqrt().item<double>();
  for (std::size_t k = 0; k < terms().size(); ++k)
    if (!std::isnan(found.values[k])) out.terms.emplace_back(terms()[k].id, found.values[k]);
  out.terms.emplace_back("total", found.total);
  out.predicted_negative = found.predicted_negative;
  out.unit = objective.unit();
  out.epsilon = options.epsilon * out.unit;
  out.epsilon2 = options.epsilon2 * out.unit;
  if (!std::isfinite(found.total) || !std::isfinite(out.gradient_norm)) throw std::runtime_error(fmt::format("{}: the objective or its gradient is not finite", batch_file.string()));
  if (gradients) write_gradients(*gradients, parameters);
  out.attribution_gradient_norm = std::numeric_limits<double>::quiet_NaN();
  if (options.weight_attribution != 0) {
    request.gradient = false;
    request.measure_norms = true;
    out.attribution_gradient_norm = objective.evaluate(batch, request).attribution_gradient_norm;
  }
  return out;
}

}  // namespace telltale
