// The step that each method of the table supplies. For core only (torch).
#pragma once
#include <memory>
#include <stop_token>
#include <vector>

#include "attribution/explain.hpp"
#include "model/classifier_impl.hpp"

namespace telltale {

/// What a method works on: items whose target and foil are resolved, and the explanations to fill (prediction, target, foil are set).
struct MethodJob {
  const Classifier::Impl& model;
  Engine& engine;
  const std::vector<ExplainItem>& items;
  const ExplainOptions& options;
  std::stop_token stop;
  ProgressFn progress;
  std::vector<Explanation>& out;
};

class Method {
 public:
  virtual ~Method() = default;
  virtual MethodInfo info() const = 0;
  /// Fills scores [T] of every explanation (specials included), value, baseline_value, delta (NaN where none), steps, converged;
  /// word_scores only where they are not the sums of the pieces.
  void run(MethodJob& job) const { compute(job); }

 private:
  virtual void compute(MethodJob& job) const = 0;
};

/// The table. A new method: one file pair with a make function, one row in methods.cpp, one golden test.
const std::vector<std::unique_ptr<const Method>>& method_table();

std::unique_ptr<const Method> make_integrated_gradients();
std::unique_ptr<const Method> make_conductance();
enum class GradientScore { mean_abs, l1, l2, times_input };
std::unique_ptr<const Method> make_gradient_method(GradientScore score);
std::unique_ptr<const Method> make_expected_gradients();
enum class NoiseScore { mean, square, variance };
std::unique_ptr<const Method> make_noisy_gradient(NoiseScore score);
enum class WordPath { greedy, max_count, uniform };
std::unique_ptr<const Method> make_word_paths(WordPath kind);
std::unique_ptr<const Method> make_sequential_gradients();
std::unique_ptr<const Method> make_deeplift();
std::unique_ptr<const Method> make_relevance(bool detached);
enum class AttentionScore { raw, rollout, flow, gradient, value_norm };
std::unique_ptr<const Method> make_attention_method(AttentionScore score);
std::unique_ptr<const Method> make_occlusion();
std::unique_ptr<const Method> make_kernel_shap();
std::unique_ptr<const Method> make_shapley_sampling();
std::unique_ptr<const Method> make_partition_shap();
std::unique_ptr<const Method> make_lime();
std::unique_ptr<const Method> make_rise();
enum class BeeReward { comprehensiveness, sufficiency, log_odds };
std::unique_ptr<const Method> make_bee(BeeReward reward);
std::unique_ptr<const Method> make_input_reduction(bool beam);

}  // namespace telltale
