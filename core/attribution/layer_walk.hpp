// One pass through the network that stops after every layer. For core only (torch).
#pragma once
#include <functional>
#include <span>
#include <vector>

#include "model/classifier_impl.hpp"
#include "model/network.hpp"

namespace telltale {

/// The network in the precision that predict() multiplies in.
Network predicting_network(const Classifier::Impl& model);

/// State `layer` (0: output of the embedding block, ℓ: of layer ℓ) of the texts `posts` (indices into what was given),
/// [n,T,d]. Rows of a text past its own length are padding.
using VisitLayer = std::function<void(std::size_t layer, std::span<const std::size_t> posts, const at::Tensor& h)>;

/// Visits every state of every text once, longest texts first, by `network` of `model`. Throws Cancelled.
void walk_layers(const Classifier::Impl& model, const Network& network, const std::vector<Encoding>& texts,
                 const VisitLayer& visit, std::stop_token stop = {}, const ProgressFn& progress = {});

}  // namespace telltale
