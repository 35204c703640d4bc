#include "evaluation/protocol.hpp"

#include <fmt/format.h>

#include <stdexcept>

#include "attribution/explain.hpp"
#include "store/marks.hpp"

namespace telltale {
namespace {

template <class T>
T value_of(const Json& settings, const char* key) {
  const auto it = settings.is_object() ? settings.find(key) : settings.end();
  try {
    if (it != settings.end()) return it->template get<T>();
  } catch (const Json::exception&) {
  }
  throw std::runtime_error(fmt::format("settings of an evaluation: '{}' is missing or of another type", key));
}

}  // namespace

Json settings_json(const EvaluationOptions& o, const std::string& dataset, Precision judged_in) {
  const ExplainOptions& e = o.explain;
  const JudgeOptions& j = o.judge;
  Json settings = {{"dataset", dataset},
          {"split", o.split},
          {"limit", o.limit},
          {"seed", j.seed},
          {"class", o.gold ? "gold" : "predicted"},
          {"foil", o.foil},
          {"output", name_of(e.output)},
          {"removal", name_of(j.removal)},
          {"k", to_string(j.k)},
          {"unit", name_of(o.unit)},
          {"sign", j.absolute ? "absolute" : "signed"},
          {"baseline", name_of(e.baseline)},
          {"path", name_of(e.path)},
          {"quadrature", name_of(e.quadrature)},
          {"steps", e.steps},
          {"tolerance", e.tolerance},
          {"max_steps", e.max_steps},
          {"samples", e.samples},
          {"method_seed", e.seed},
          {"bins", j.bins},
          {"rationale_k", j.rationale_k},
          {"infidelity_samples", j.infidelity_samples},
          {"fidelity_samples", j.fidelity_samples},
          {"alpha1", j.alpha1},
          {"alpha2", j.alpha2},
          {"resamplings", j.resamplings}, {"tau", j.tau}, {"complexity", j.complexity},
          {"stability_samples", j.stability_samples}, {"stability_radius", j.stability_radius},
          {"max_length", o.max_length},
          {"precision", name_of(o.compute.precision)},
          {"judged_in", name_of(judged_in)},
          {"resamples", o.resamples}};
  // Options of methods that the first version did not have: kept where they are not the default, so that what it stored is found.
  const ExplainOptions plain;
  const auto other = [&](const char* key, const auto& value, const auto& usual) {
    if (value != usual) settings[key] = value;
  };
  other("window", e.window, plain.window), other("layer", e.layer, plain.layer), other("head", e.head, plain.head);
  other("kernel_width", e.kernel_width, plain.kernel_width), other("ridge", e.ridge, plain.ridge);
  other("noise", e.noise, plain.noise), other("draws", e.draws, plain.draws), other("neighbours", e.neighbours, plain.neighbours);
  if (e.aggregation != plain.aggregation) settings["aggregation"] = name_of(e.aggregation);
  if (o.annotator != imported_marks) settings["annotator"] = o.annotator, settings["marks"] = o.marks;  // before there were others, these were all
  return settings;
}

EvaluationOptions settings_from(const Json& s) {
  EvaluationOptions o;
  ExplainOptions& e = o.explain;
  JudgeOptions& j = o.judge;
  o.split = value_of<std::string>(s, "split");
  o.limit = value_of<std::int64_t>(s, "limit");
  j.seed = value_of<std::uint64_t>(s, "seed");
  o.gold = value_of<std::string>(s, "class") == "gold";
  o.foil = value_of<std::string>(s, "foil");
  j.removal = parse_removal(value_of<std::string>(s, "removal"));
  j.k = parse_top_k(value_of<std::string>(s, "k"));
  o.unit = parse_unit(value_of<std::string>(s, "unit"));
  j.absolute = value_of<std::string>(s, "sign") == "absolute";
  e.output = j.output = parse_output(value_of<std::string>(s, "output"));
  e.baseline = parse_baseline(value_of<std::string>(s, "baseline"));
  e.path = parse_path(value_of<std::string>(s, "path"));
  e.quadrature = parse_quadrature(value_of<std::string>(s, "quadrature"));
  e.steps = value_of<int>(s, "steps");
  e.tolerance = value_of<double>(s, "tolerance");
  e.max_steps = value_of<int>(s, "max_steps");
  e.samples = value_of<int>(s, "samples");
  e.seed = value_of<std::uint64_t>(s, "method_seed");
  j.bins = value_of<std::vector<double>>(s, "bins");
  j.rationale_k = value_of<std::size_t>(s, "rationale_k");
  j.infidelity_samples = value_of<int>(s, "infidelity_samples");
  j.fidelity_samples = value_of<int>(s, "fidelity_samples");
  j.alpha1 = value_of<double>(s, "alpha1");
  j.alpha2 = value_of<double>(s, "alpha2");
  if (s.contains("resamplings")) {  // not of an earlier version
    j.resamplings = value_of<int>(s, "resamplings");
    j.tau = value_of<double>(s, "tau");
    j.complexity = value_of<double>(s, "complexity");
    j.stability_samples = value_of<int>(s, "stability_samples");
    j.stability_radius = value_of<double>(s, "stability_radius");
  }
  const auto other = [&]<class T>(const char* key, T& to) {
    if (s.contains(key)) to = value_of<T>(s, key);
  };
  other("window", e.window), other("layer", e.layer), other("head", e.head), other("kernel_width", e.kernel_width), other("ridge", e.ridge);
  other("noise", e.noise), other("draws", e.draws), other("neighbours", e.neighbours);
  if (s.contains("aggregation")) e.aggregation = parse_aggregation(value_of<std::string>(s, "aggregation"));
  o.max_length = value_of<int>(s, "max_length");
  o.compute.precision = parse_precision(value_of<std::string>(s, "precision"));
  o.resamples = value_of<int>(s, "resamples");
  if (s.contains("annotator")) o.annotator = value_of<std::string>(s, "annotator"), o.marks = value_of<std::string>(s, "marks");
  return o;
}

ExplainOptions explain_options(const EvaluationOptions& o, const std::string& method) {
  ExplainOptions e = o.explain;
  e.method = method;
  e.unit = o.unit;
  if (method == "occlusion") e.removal = o.judge.removal;
  e.precision = o.compute.precision;
  return e;
}

Json method_protocol(const EvaluationOptions& o, const std::string& method) {
  if (method == random_method) return {{"method", method}, {"scores", "standard normal"}, {"seed", o.judge.seed}};
  return protocol_of(explain_options(o, method));
}

int words_compared(const EvaluationOptions& o, const std::string& metric) {
  if (const auto given = k_in(metric)) {
    if (given->share)
      throw std::invalid_argument(fmt::format("metric '{}': k is a number of words here, not a share", metric));
    return static_cast<int>(given->value);
  }
  return metric_info(metric).uses_k && !o.judge.k.share ? static_cast<int>(o.judge.k.value) : 10;
}

Json metric_protocol(const EvaluationOptions& o, const std::string& metric, std::size_t rationale_k) {
  const JudgeOptions& j = o.judge;
  const MetricInfo& info = metric_info(metric);
  if (info.id == "infidelity")
    return {{"subsets", j.infidelity_samples},
            {"share", 0.5},
            {"removal", "baseline"},
            {"scores", o.unit == Unit::word ? "per word" : "per piece"}};
  if (info.id == "robust-fidelity") return {{"draws", j.fidelity_samples}, {"alpha1", j.alpha1}, {"alpha2", j.alpha2}};
  if (info.id == "monotonicity") return {{"resamplings", j.resamplings}, {"words", "training posts"}};
  if (info.id == "non-sensitivity") return {{"resamplings", j.resamplings}, {"words", "training posts"}, {"tau", j.tau}};
  if (info.id == "effective-complexity")
    return {{"resamplings", j.resamplings}, {"words", "training posts"}, {"epsilon", j.complexity}};
  if (info.needs == "explanations near by")
    return {{"samples", j.stability_samples}, {"radius", j.stability_radius}, {"law", "uniform in the ball, equal pieces alike"}};
  if (info.group == "stability" && info.needs == "runs of other seeds") return {{"models", o.peer_models}};
  if (j.absolute && info.id == "tau-loo") return {{"of", "|A| and |drops|"}};  // not of an earlier version
  if (j.absolute && info.id == "auprc") return {{"of", "|A|"}};
  if (info.id == "aopc-comprehensiveness" || info.id == "aopc-sufficiency") return {{"bins", j.bins}};
  if (info.id == "token-f1" || info.id == "iou-f1") return {{"k", rationale_k}};
  if (info.level != "post")
    return {{"class", "gold"}, {"sign", "positive"}, {"resampled", "posts, within each gold class"}};
  return nullptr;
}

Json measure_protocol(const Json& settings, const EvaluationOptions& o, const std::string& method,
                      const std::string& metric) {
  const MetricInfo& info = metric_info(metric);
  Json p = {{"measure", info.id},
            {"of", method_protocol(o, method)},
            {"class", settings["class"]},
            {"foil", settings["foil"]},
            {"output", settings["output"]},
            {"unit", settings["unit"]},
            {"sign", settings["sign"]},
            {"seed", settings["seed"]},
            {"max_length", settings["max_length"]},
            {"precision", settings["precision"]},
            {"judged_in", settings["judged_in"]}};
  const auto sample = [&] { p["sample"] = {{"split", settings["split"]}, {"limit", settings["limit"]}}; };
  const bool drops = info.needs.find("passes") != std::string::npos;  // asks the model
  if (info.uses_removal || drops) p["removal"] = settings["removal"], p["baseline"] = settings["baseline"];
  if (Json own = metric_protocol(o, metric, o.judge.rationale_k); !own.is_null()) p["metric"] = std::move(own);
  if (info.needs == "marked words" && o.annotator != imported_marks) p["annotations"] = {{"annotator", o.annotator}, {"marks", o.marks}};
  if (info.level != "post") {
    p["k"] = words_compared(o, metric);
    p["resamples"] = settings["resamples"];
    p["dataset"] = settings["dataset"];
    sample();
  } else if (info.id == "token-f1" || info.id == "iou-f1") {
    if (o.judge.rationale_k == 0) sample();  // k is an average over it
  } else if (info.uses_k) {
    const auto given = k_in(metric);
    p["k"] = given ? to_string(*given) : settings["k"].get<std::string>();
  }
  return p;
}

std::vector<std::string> differing_settings(const Json& a, const Json& b) {
  std::vector<std::string> keys;
  for (const auto& [key, value] : a.items())
    if (!b.contains(key) || b[key] != value) keys.push_back(key);
  for (const auto& [key, value] : b.items())
    if (!a.contains(key)) keys.push_back(key);
  return keys;
}

}  // namespace telltale
