// Attributions inside the loss: pass one (values, no graph), pass two (the gradient through them), and both at once with the graph kept. For core only.
#pragma once
#include <ATen/ATen.h>

#include <functional>
#include <utility>
#include <vector>

#include "attribution/quadrature.hpp"
#include "model/engine.hpp"
#include "model/network.hpp"
#include "objective/options.hpp"

namespace telltale {

/// One input whose attributions are in the loss: v [B,T,d] (differentiable), its explained class [B] and the foil [B] (Output::difference only).
struct PathInput {
  at::Tensor v, target, foil;
};

/// F of the logits z [B,C], [B]; differentiable.
at::Tensor output_of(Output output, const at::Tensor& z, const at::Tensor& target, const at::Tensor& foil);

/// Nodes of a pass: of the rule, or one drawn uniformly in each of n equal strata (weights 1/n) from `seed`.
Nodes draw_nodes(const ObjectiveOptions& options, int n, std::uint64_t seed);

/// Nodes of pass two, after those of pass one. Drawn ones are `first` themselves, where n is as many or more, else n of them by systematic sampling (each as often as the
/// others, on average): the gradient is then that of the loss that pass one found, exactly or on average over draws, whatever the loss. With nodes of its own it would not be:
/// the terms divide by Σ|A|, which at few nodes is near 0 for some posts while ∂A at other nodes is not, and such posts outweigh a whole run (gradients of 10⁴ times the usual).
Nodes draw_gradient_nodes(const ObjectiveOptions& options, const Nodes& first, int n, std::uint64_t seed);

/// A [B,T] in double: Σ_d (v−b) Σ_k w_k ∂F/∂v(b + α_k(v−b)), without a graph. mask [B,T] of the engine's dtype or undefined.
at::Tensor attributions(Engine& engine, const Network& network, const PathInput& input, const at::Tensor& b, const at::Tensor& mask, const Nodes& rule, const ObjectiveOptions& options);

/// The same with its graph in v, b and the parameters: memory linear in the number of nodes.
at::Tensor attributions_with_graph(const Network& network, const PathInput& input, const at::Tensor& b, const at::Tensor& mask, const Nodes& rule, const ObjectiveOptions& options);

/// Adds to every leaf the gradient of S = Σ_k Σ_{t,d} u_t (v−b)_{t,d} w_k ∂F/∂v_{t,d}(b + α_k(v−b)), u [B,T] constant: chunk by chunk, so that memory does not grow with
/// the nodes. Texts whose u is zero are left out. `ends` must return v and b anew for each chunk (their graphs are freed with it).
using PathEnds = std::function<std::pair<at::Tensor, at::Tensor>()>;
void backward_through_attributions(const Network& network, const PathEnds& ends, const at::Tensor& target, const at::Tensor& foil, const at::Tensor& u, const at::Tensor& mask,
                                   const Nodes& rule, const ObjectiveOptions& options);

/// Rows (texts × nodes × ids) of which a graph is held at once for B texts of T ids: what memory grows with.
double rows_at_once(const ObjectiveOptions& options, std::int64_t texts, std::int64_t length, const at::Device& device);

}  // namespace telltale
