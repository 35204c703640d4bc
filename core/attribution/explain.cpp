#include "attribution/explain.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <stdexcept>

#include "attribution/gradient_options.hpp"
#include "attribution/method.hpp"
#include "attribution/output_function.hpp"
#include "model/best_class.hpp"

namespace telltale {
namespace {

void check_options(const ExplainOptions& o, const MethodInfo& m) {
  for (const auto& [name, value] : {std::pair{"tolerance", o.tolerance}, {"kernel width", o.kernel_width}, {"ridge", o.ridge}, {"noise", o.noise}})
    if (!std::isfinite(value)) throw std::invalid_argument(fmt::format("{} {}: expected a finite number", name, value));
  if (m.uses_steps) {
    if (o.steps < 0 || o.steps > 100000) throw std::invalid_argument(fmt::format("steps {}: expected 1 to 100000", o.steps));
    if (o.quadrature == Quadrature::trapezoid && o.steps == 1) throw std::invalid_argument("the trapezoid rule needs at least 2 steps");
    if (o.steps == 0 && !(o.tolerance > 0 && o.tolerance <= 1)) throw std::invalid_argument(fmt::format("tolerance {}: expected above 0 and at most 1", o.tolerance));
    if (o.max_steps < 2 || o.max_steps > 100000) throw std::invalid_argument(fmt::format("cap of {} steps: expected 2 to 100000", o.max_steps));
  }
  if (m.uses_samples && (o.samples < 0 || o.samples > 10000000)) throw std::invalid_argument(fmt::format("samples {}: expected 1 to 10000000, or all", o.samples));
  if (m.uses_window && (o.window < 1 || o.window > 100000)) throw std::invalid_argument(fmt::format("window {}: expected 1 to 100000 words", o.window));
  if (m.uses_kernel && !(o.kernel_width > 0 && o.kernel_width <= 1e6)) throw std::invalid_argument(fmt::format("kernel width {}: expected above 0 and at most 1000000", o.kernel_width));
  if (m.uses_kernel && !(o.ridge >= 0 && o.ridge <= 1e9)) throw std::invalid_argument(fmt::format("ridge {}: expected 0 to 1000000000", o.ridge));
}

/// Targets and foils as asked or as the rules say.
void resolve(const Classifier& model, const ExplainItem& item, const ExplainOptions& options, Explanation& e) {
  const int C = static_cast<int>(model.labels().size());
  check_output(options.output, C);
  e.target = item.target < 0 ? e.prediction.predicted : item.target;
  if (e.target >= C) throw std::invalid_argument(fmt::format("target {}: this model has {} classes", e.target, C));
  if (item.foil >= C) throw std::invalid_argument(fmt::format("foil {}: this model has {} classes", item.foil, C));
  if (item.foil >= 0 && item.foil == e.target) throw std::invalid_argument(fmt::format("the foil is the target itself ({})", model.labels()[static_cast<std::size_t>(e.target)]));
  e.foil = item.foil;
  if (options.output == Output::difference && e.foil < 0) e.foil = best_other_class(e.prediction.logits, e.target);
  if (options.output != Output::difference) e.foil = -1;
}

void sum_words(const Encoding& text, Explanation& e) {
  if (!e.word_scores.empty() || text.words.empty()) return;
  const bool mean = method_info(e.options.method).uses_aggregation && e.options.aggregation == Aggregation::mean;
  for (const Word& w : text.words) {
    double sum = 0;
    for (std::int32_t t = w.first; t < w.last; ++t) sum += e.scores[static_cast<std::size_t>(t)];
    e.word_scores.push_back(mean ? sum / (w.last - w.first) : sum);
  }
}

}  // namespace

Json protocol_of(const ExplainOptions& o) {
  const MethodInfo& m = method_info(o.method);
  Json p = {{"method", o.method}, {"output", name_of(o.output)}, {"precision", name_of(o.precision)}};
  if (m.needs == "gradients") p["path"] = name_of(o.path);
  if (m.uses_steps) {
    p["quadrature"] = name_of(o.quadrature);
    if (m.uses_baseline) p["baseline"] = name_of(o.baseline);
    if (o.steps > 0)
      p["steps"] = o.steps;
    else
      p["tolerance"] = o.tolerance, p["max_steps"] = o.max_steps;
  }
  if (m.has_unit) p["unit"] = name_of(o.unit);
  if (m.uses_removal) {
    const Removal rule = o.removal.value_or(m.removal);
    p["removal"] = name_of(rule);
    if (rule == Removal::baseline) p["baseline"] = name_of(o.baseline);
  }
  if (m.uses_samples) {
    p["samples"] = o.samples > 0 ? Json(o.samples) : Json("all");
    if (!m.deterministic) p["seed"] = o.seed;
  }
  if (m.uses_window && o.window > 1) p["window"] = o.window;
  if (m.uses_kernel) p["kernel_width"] = o.kernel_width, p["ridge"] = o.ridge;
  add_gradient_protocol(o, m, p);
  return p;
}

std::vector<Explanation> explain(const Classifier& model, const std::vector<ExplainItem>& items, const ExplainOptions& options, std::stop_token stop, const ProgressFn& progress) {
  const auto begin = std::chrono::steady_clock::now();
  const MethodInfo& info = method_info(options.method);
  check_options(options, info);
  check_gradient_options(options, info, model);
  const Method* method = nullptr;
  for (const auto& m : method_table())
    if (m->info().id == options.method) method = m.get();
  std::vector<Encoding> texts;
  for (const ExplainItem& item : items) texts.push_back(item.encoding);
  const Classifier::Impl& impl = model.impl();
  Engine& engine = impl.exact ? *impl.exact : *impl.engine;
  std::vector<ModelInput> inputs(items.size());
  for (std::size_t k = 0; k < items.size(); ++k) inputs[k].ids = items[k].encoding.ids;
  const std::vector<Prediction> predictions = predict_with(engine, impl, inputs, stop);
  std::vector<Explanation> out(items.size());
  for (std::size_t k = 0; k < items.size(); ++k) {
    out[k].options = options;
    out[k].options.precision = model.explanation_precision();
    out[k].prediction = predictions[k];
    resolve(model, items[k], options, out[k]);
  }
  MethodJob job{impl, engine, items, options, stop, progress, out};
  method->run(job);
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  std::size_t ids = 0;
  for (const Encoding& t : texts) ids += t.ids.size();
  for (std::size_t k = 0; k < out.size(); ++k) {
    sum_words(texts[k], out[k]);
    // A method that promises a sum is held to it, whatever else it looks at; and what cannot say how sure it is has too few draws.
    if (info.complete && !(out[k].relative_delta <= options.tolerance)) out[k].converged = false;
    for (const double e : out[k].standard_error)
      if (!std::isfinite(e)) out[k].converged = false;
    out[k].seconds = seconds * static_cast<double>(texts[k].ids.size()) / static_cast<double>(std::max<std::size_t>(1, ids));
    for (const double s : out[k].scores)
      if (!std::isfinite(s)) throw std::runtime_error("the explanation holds scores that are not finite; try --precision fp32 or another output");
  }
  return out;
}

}  // namespace telltale
