// telltale objective: one batch through the whole objective, without a step.
#include <fmt/format.h>

#include <memory>

#include "commands.hpp"
#include "compute.hpp"
#include "objective/batch_objective.hpp"
#include "training/settings.hpp"

namespace telltale::cli {
namespace {

struct ObjectiveSettings {
  std::string model, batch, gradients;
  std::vector<std::string> set;
};

/// No preset: all five weights 1, eight midpoint nodes in both passes, no dropout (CONTRACT); then --set.
ObjectiveOptions options_of(const std::vector<std::string>& assignments) {
  TrainingSettings settings;
  ObjectiveOptions& o = settings.objective;
  o.weight_class = o.weight_attribution = o.weight_cls = o.weight_positive = o.weight_negative = 1;
  o.weight_overlap = o.weight_prior = 0;
  o.steps = o.gradient_steps = 8;
  o.quadrature = Quadrature::midpoint;
  for (const std::string& a : assignments) {
    assign(settings, a);
    const std::string key = a.substr(0, a.find('='));
    const std::string& group = setting_info(key).group;
    if ((group != "objective" && group != "perturbation" && group != "attribution") || key.rfind("dropout.", 0) == 0) complain(fmt::format("warning: --set {}: a setting of runs, without effect on one batch", key));
  }
  return settings.objective;
}

int run_objective(const ObjectiveSettings& s, const Context& context) {
  const ObjectiveOptions options = options_of(s.set);
  const std::optional<std::filesystem::path> gradients = s.gradients.empty() ? std::nullopt : std::optional<std::filesystem::path>(s.gradients);
  const ObjectiveReport r = evaluate_batch_file(s.model, s.batch, options, compute_options(context), context.seed.value_or(0), gradients);
  if (context.json) {
    OrderedJson terms = OrderedJson::object();
    for (const auto& [id, value] : r.terms) terms[id] = value;
    print_json({{"terms", terms},
                {"gradient_norms", {{"total", r.gradient_norm}, {"attribution", r.attribution_gradient_norm}}},
                {"unit", r.unit},
                {"epsilon", r.epsilon},
                {"epsilon2", r.epsilon2},
                {"predicted_negative", r.predicted_negative},
                {"seconds", r.seconds},
                {"peak_mib", r.peak_mib}});
    return exit_success;
  }
  std::string text;
  for (const auto& [id, value] : r.terms) text += fmt::format("{:<12} {:.6f}\n", id, value);
  text += fmt::format("gradient norm {:.6g}, of the attribution triplet alone {:.6g}\nε {:.4f}, ε₂ {:.4f} (unit {:.4f})\n{:.2f} s, peak {:.0f} MiB\n", r.gradient_norm, r.attribution_gradient_norm, r.epsilon,
                      r.epsilon2, r.unit, r.seconds, r.peak_mib);
  print_text(text);
  return exit_success;
}

}  // namespace

void add_objective(CLI::App& app, Context& context) {
  const auto s = std::make_shared<ObjectiveSettings>();
  auto* command = add_command(app, context, "objective", "One batch through the whole objective, without a step: every term, gradient norms, time and memory", [s, &context] { return run_objective(*s, context); });
  command->add_option("--model", s->model, "Hugging Face folder of a BERT classifier")->required();
  command->add_option("--batch", s->batch, "safetensors with ids, mask, labels and, if wanted, noise_positive, noise_negative")->required();
  command->add_option("--set", s->set, "key=value, see telltale settings; may be given many times")->take_all();
  command->add_option("--gradients", s->gradients, "writes the gradient of the total in every parameter to this safetensors file")->check(named());
}

}  // namespace telltale::cli
