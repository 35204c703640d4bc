// The table of methods: the command line, the documents, the combo boxes and the parametrised tests read it.
#include "attribution/method.hpp"

#include <fmt/format.h>

#include <stdexcept>

namespace telltale {

const std::vector<std::unique_ptr<const Method>>& method_table() {
  static const std::vector<std::unique_ptr<const Method>> table = [] {
    std::vector<std::unique_ptr<const Method>> t;
    t.push_back(make_integrated_gradients());
    t.push_back(make_conductance());
    t.push_back(make_gradient_method(GradientScore::mean_abs));
    t.push_back(make_gradient_method(GradientScore::l1));
    t.push_back(make_gradient_method(GradientScore::l2));
    t.push_back(make_gradient_method(GradientScore::times_input));
    t.push_back(make_expected_gradients());
    for (const NoiseScore score : {NoiseScore::mean, NoiseScore::square, NoiseScore::variance}) t.push_back(make_noisy_gradient(score));
    for (const WordPath kind : {WordPath::greedy, WordPath::max_count, WordPath::uniform}) t.push_back(make_word_paths(kind));
    t.push_back(make_sequential_gradients());
    t.push_back(make_deeplift());
    for (const bool detached : {false, true}) t.push_back(make_relevance(detached));
    for (const AttentionScore score : {AttentionScore::raw, AttentionScore::rollout, AttentionScore::flow, AttentionScore::gradient, AttentionScore::value_norm}) t.push_back(make_attention_method(score));
    t.push_back(make_occlusion());
    t.push_back(make_kernel_shap());
    t.push_back(make_shapley_sampling());
    t.push_back(make_partition_shap());
    t.push_back(make_lime());
    t.push_back(make_rise());
    for (const BeeReward reward : {BeeReward::comprehensiveness, BeeReward::sufficiency, BeeReward::log_odds}) t.push_back(make_bee(reward));
    for (const bool beam : {false, true}) t.push_back(make_input_reduction(beam));
    return t;
  }();
  return table;
}

const std::vector<MethodInfo>& methods() {
  static const std::vector<MethodInfo> infos = [] {
    std::vector<MethodInfo> out;
    for (const auto& m : method_table()) out.push_back(m->info());
    return out;
  }();
  return infos;
}

const MethodInfo& method_info(const std::string& id) {
  std::string valid;
  for (const MethodInfo& m : methods()) {
    if (m.id == id) return m;
    valid += (valid.empty() ? "" : ", ") + m.id;
  }
  throw std::invalid_argument(fmt::format("unknown method '{}': one of {}", id, valid));
}

}  // namespace telltale
