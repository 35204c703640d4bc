// The settings of the objective (METHOD.md). Value types: no torch. Every one is a `--set` key; ranges stand in training/settings.cpp.
#pragma once
#include <cstdint>
#include <string>

#include "attribution/explanation.hpp"

namespace telltale {

enum class Distance { cosine, pearson };
enum class RadiusLaw { volume, exponential, fixed };
enum class Sampler { ball, nearest_token, adversarial };
enum class NegativeTerm { jsd, entropy, margin };
enum class NodeDraw { fixed, stratified };
enum class GraphMode { two_pass, kept };
enum class SecondOrder { tangent, double_backward };  ///< how pass two differentiates: equal results
enum class TrainingBaseline { pad, mask, zero, random };
enum class SharedDrop { mask, pad, remove };          ///< dropout.replace = mask | pad | delete
enum class PriorWords { sharedness, marked };

struct ObjectiveOptions {
  double weight_class = 1, weight_attribution = 1, weight_cls = 1, weight_positive = 1, weight_negative = 1, weight_overlap = 0, weight_prior = 0;
  double margin = 0.5;                       ///< α of both triplets
  Distance distance = Distance::cosine;      ///< of attributions; [CLS] states always take the cosine
  double epsilon = 1, epsilon2 = 2;          ///< in units of the table's median nearest distance
  RadiusLaw radius = RadiusLaw::volume;
  Sampler sampler = Sampler::ball;
  NegativeTerm negative = NegativeTerm::jsd;
  double negative_margin = 1;
  int steps = 8, gradient_steps = 4;         ///< nodes of pass one and of pass two
  NodeDraw draw = NodeDraw::fixed;
  GraphMode graph = GraphMode::two_pass;
  SecondOrder second_order = SecondOrder::tangent;
  Output output = Output::probability;       ///< of the attributions in the loss
  Path path = Path::word;
  Quadrature quadrature = Quadrature::gauss_legendre;
  TrainingBaseline baseline = TrainingBaseline::pad;
  std::string rival = "auto";                ///< or a class name
  int overlap_ramp = 10;                     ///< steps over which weight.overlap rises to its value
  PriorWords prior_words = PriorWords::sharedness;

  bool needs_perturbation() const { return weight_attribution != 0 || weight_cls != 0 || weight_positive != 0 || weight_negative != 0; }
  bool needs_attribution() const { return weight_attribution != 0 || weight_overlap != 0 || weight_prior != 0; }
};

}  // namespace telltale
