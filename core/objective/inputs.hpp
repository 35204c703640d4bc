// What the terms look at: the embeddings of a batch, its baseline, its perturbed copies (METHOD.md). For core only (torch).
#pragma once
#include <ATen/ATen.h>

#include <cstdint>

#include "model/engine.hpp"
#include "objective/options.hpp"
#include "text/tokenizer.hpp"

namespace telltale {

/// Streams of one evaluation's seed.
enum ObjectiveStream : std::uint64_t { noise_positive_seed = 1, noise_negative_seed, pass_one_seed, pass_two_seed, baseline_seed };

at::Generator objective_generator(std::uint64_t seed, std::uint64_t stream);

/// [CLS], [SEP], [PAD] by id: never perturbed, kept in the baseline. ids [B,T] → bool.
at::Tensor special_mask(const at::Tensor& ids, const SpecialIds& specials);

/// Ids that the baseline looks up; −1 stands for the zero vector. `special`: special_mask(ids).
at::Tensor baseline_ids(TrainingBaseline kind, const at::Tensor& ids, const at::Tensor& special, const SpecialIds& specials, std::uint64_t seed);

/// Rows of the table without a gradient; zero where the id is negative. ids [B,T] → [B,T,d].
at::Tensor look_up(const at::Tensor& table, const at::Tensor& ids);

/// A batch whose copies are drawn.
struct PerturbedBatch {
  const ObjectiveOptions& options;
  double unit;                  ///< of length; ε = options.epsilon · unit
  const at::Tensor& e;          ///< [B,T,d]
  const at::Tensor& free;       ///< [B,T] bool: may be perturbed
  const at::Tensor& mask;       ///< [B,T] or undefined: attended
  const at::Tensor& labels;     ///< [B]
  const at::Tensor& table;      ///< [V,d]
  const SpecialIds& specials;
};

/// The noise of x' (negative false) or x'' by the sampler of the options, [B,T,d] in e's type; zero where nothing may be perturbed.
at::Tensor draw_perturbation(const PerturbedBatch& batch, Engine& engine, bool negative, std::uint64_t seed);

}  // namespace telltale
