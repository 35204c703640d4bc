#include "model/weights.hpp"

#include <fmt/format.h>

#include <stdexcept>

#include "base/random.hpp"

namespace telltale {
namespace {

at::ScalarType torch_type(DType t) {
  switch (t) {
    case DType::f64: return at::kDouble;
    case DType::f32: return at::kFloat;
    case DType::f16: return at::kHalf;
    case DType::bf16: return at::kBFloat16;
    default: throw std::runtime_error(fmt::format("a weight has type {}, expected a floating-point type", name_of(t)));
  }
}

/// A tensor over the mapped file; read-only by convention. Unaligned data (allowed by safetensors) is copied first.
at::Tensor view_of(const StoredTensor& stored) {
  const auto type = torch_type(stored.dtype);
  const auto options = at::TensorOptions().dtype(type);
  if (reinterpret_cast<std::uintptr_t>(stored.data.data()) % size_of(stored.dtype) == 0 || stored.data.empty())
    return at::from_blob(const_cast<std::byte*>(stored.data.data()), stored.shape, options);
  at::Tensor copy = at::empty(stored.shape, options);
  std::memcpy(copy.data_ptr(), stored.data.data(), stored.data.size());
  return copy;
}

}  // namespace

void Parameters::layout(const ModelConfig& c, std::int64_t classes) {
  const std::int64_t d = c.hidden_size, i = c.intermediate_size;
  struct Shape {
    at::Tensor* target;
    std::vector<std::int64_t> shape;
    bool decay;
  };
  std::vector<Shape> shapes;
  weights.layers.resize(static_cast<std::size_t>(c.layers));
  const auto add = [&](at::Tensor& t, std::vector<std::int64_t> shape, bool decay, std::vector<std::string> names) {
    const std::int64_t each = shape[0] / static_cast<std::int64_t>(names.size());
    for (std::size_t k = 0; k < names.size(); ++k)
      slices.push_back({names[k], shapes.size(), each * static_cast<std::int64_t>(k), each});
    shapes.push_back({&t, std::move(shape), decay});
  };
  BertWeights& w = weights;
  const std::string e = "bert.embeddings.";
  add(w.word, {c.vocab_size, d}, true, {e + "word_embeddings.weight"});
  add(w.position, {c.max_positions, d}, true, {e + "position_embeddings.weight"});
  add(w.type, {c.type_vocab_size, d}, true, {e + "token_type_embeddings.weight"});
  add(w.norm_weight, {d}, false, {e + "LayerNorm.weight"});
  add(w.norm_bias, {d}, false, {e + "LayerNorm.bias"});
  for (std::int64_t n = 0; n < c.layers; ++n) {
    LayerWeights& l = w.layers[static_cast<std::size_t>(n)];
    const std::string p = fmt::format("bert.encoder.layer.{}.", n), s = p + "attention.self.", o = p + "attention.output.";
    add(l.qkv_weight, {3 * d, d}, true, {s + "query.weight", s + "key.weight", s + "value.weight"});
    add(l.qkv_bias, {3 * d}, false, {s + "query.bias", s + "key.bias", s + "value.bias"});
    add(l.output_weight, {d, d}, true, {o + "dense.weight"});
    add(l.output_bias, {d}, false, {o + "dense.bias"});
    add(l.norm1_weight, {d}, false, {o + "LayerNorm.weight"});
    add(l.norm1_bias, {d}, false, {o + "LayerNorm.bias"});
    add(l.up_weight, {i, d}, true, {p + "intermediate.dense.weight"});
    add(l.up_bias, {i}, false, {p + "intermediate.dense.bias"});
    add(l.down_weight, {d, i}, true, {p + "output.dense.weight"});
    add(l.down_bias, {d}, false, {p + "output.dense.bias"});
    add(l.norm2_weight, {d}, false, {p + "output.LayerNorm.weight"});
    add(l.norm2_bias, {d}, false, {p + "output.LayerNorm.bias"});
  }
  add(w.pooler_weight, {d, d}, true, {"bert.pooler.dense.weight"});
  add(w.pooler_bias, {d}, false, {"bert.pooler.dense.bias"});
  if (classes > 0) {
    add(w.head_weight, {classes, d}, true, {"classifier.weight"});
    add(w.head_bias, {classes}, false, {"classifier.bias"});
  }
  std::int64_t total = 0;
  std::vector<std::int64_t> begins;
  for (const Shape& s : shapes) {
    begins.push_back(total);
    total += (c10::multiply_integers(s.shape) + 15) / 16 * 16;  // each starts on a cache line
  }
  flat = at::zeros({total}, flat.options());
  for (std::size_t k = 0; k < shapes.size(); ++k) {
    at::Tensor view = flat.narrow(0, begins[k], c10::multiply_integers(shapes[k].shape)).view(shapes[k].shape).detach();
    tensors.push_back(view);
    decays.push_back(shapes[k].decay);
    *shapes[k].target = view;
  }
}

Parameters::Parameters(const ModelConfig& config, std::int64_t classes, at::ScalarType dtype, at::Device device)
    : flat(at::empty({0}, at::TensorOptions().dtype(dtype).device(device))) {
  layout(config, classes);
}

void Parameters::require_gradients() {
  flat_gradient = at::zeros_like(flat);
  for (at::Tensor& t : tensors) {
    t.set_requires_grad(true);
    t.mutable_grad() = flat_gradient.narrow(0, t.storage_offset(), t.numel()).view(t.sizes());
  }
}

void Parameters::zero_gradients() {
  flat_gradient.zero_();
  for (at::Tensor& t : tensors) t.mutable_grad() = flat_gradient.narrow(0, t.storage_offset(), t.numel()).view(t.sizes());
}

std::vector<std::string> Parameters::load(const Checkpoint& checkpoint, std::uint64_t seed, bool ignore_head) {
  at::NoGradGuard no_grad;
  std::map<std::string, const StoredTensor*> by_name;
  for (const auto& [name, stored] : checkpoint.tensors()) {
    const std::string canonical = canonical_weight_name(name);
    if (!canonical.empty()) by_name[canonical] = &stored;
  }
  std::vector<std::string> drawn;
  for (const WeightSlice& s : slices) {
    const std::string canonical = canonical_weight_name(s.name);
    const bool head = canonical.rfind("classifier.", 0) == 0;
    const auto found = by_name.find(canonical);
    at::Tensor target = slice(s).detach();
    if (found != by_name.end() && !(head && ignore_head)) {
      target.copy_(view_of(*found->second));
      continue;
    }
    drawn.push_back(s.name);
    if (target.dim() == 1) {
      target.zero_();
      continue;
    }
    Rng rng(seed, static_cast<std::uint64_t>(s.parameter) + 0x68656164);  // "head"
    at::Tensor values = at::empty(target.sizes(), at::kDouble);
    for (std::int64_t k = 0; k < values.numel(); ++k) values.data_ptr<double>()[k] = 0.02 * rng.normal();
    target.copy_(values);
  }
  return drawn;
}

BertWeights cast(const BertWeights& w, at::ScalarType dtype) {
  BertWeights out = w;
  const auto to = [&](at::Tensor& t) {
    if (t.defined()) t = t.to(dtype);
  };
  for (at::Tensor* t : {&out.word, &out.position, &out.type, &out.norm_weight, &out.norm_bias, &out.pooler_weight, &out.pooler_bias, &out.head_weight, &out.head_bias}) to(*t);
  for (LayerWeights& l : out.layers)
    for (at::Tensor* t : {&l.qkv_weight, &l.qkv_bias, &l.output_weight, &l.output_bias, &l.norm1_weight, &l.norm1_bias, &l.up_weight, &l.up_bias, &l.down_weight, &l.down_bias, &l.norm2_weight, &l.norm2_bias})
      to(*t);
  return out;
}

}  // namespace telltale
