#include "method_options.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <stdexcept>

#include "common.hpp"
#include "evaluation/evaluation.hpp"

namespace telltale::cli {
namespace {

constexpr std::int64_t most = 1 << 30;  // what a method takes at most, core says

int samples_in(const std::string& text, bool finite) {
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text == "all" && finite) return 0;
  if (error != std::errc() || end != text.data() + text.size() || value < 1) throw std::invalid_argument(fmt::format("--samples {}: expected a number from 1{}", text, finite ? " or all" : ""));
  return value;
}

}  // namespace

void refuse_unused(bool given, bool used, const char* option, const std::vector<std::string>& methods) {
  if (given && !used) throw std::invalid_argument(fmt::format("{}: {} {} does not use it", option, methods.size() == 1 ? "method" : "each of", fmt::join(methods, ", ")));
}

void note_unused(bool given, bool used, const char* option, const std::vector<std::string>& methods) {
  if (given && !used) complain(fmt::format("warning: {}: {} {} does not use it", option, methods.size() == 1 ? "method" : "each of", fmt::join(methods, ", ")));
}

void MethodOptions::bind(CLI::App& command, const std::string& baselines) {
  command.add_option("--path", path, "word: between word embeddings; embeddings: at the output of the embedding block")->capture_default_str();
  command.add_option("--quadrature", quadrature, "gauss-legendre, midpoint, trapezoid")->capture_default_str();
  auto* fixed = command.add_option("--steps", steps, "path methods: fixed number of nodes (default: by tolerance)")->check(whole(1, 100000));
  command.add_option("--tolerance", tolerance, "path methods: grow the nodes until the relative delta is under it (default 0.01, at most 512 nodes)")->check(number(0, 1))->excludes(fixed);
  command.add_option("--baseline", baseline, baselines)->capture_default_str();
  command.add_option("--layer", layer, "attention methods and conductance: layer, from 0 (default the last); conductance takes the state that the layer reads, 0 = the embeddings")->check(whole(0, most));
  command.add_option("--head", head, "attention methods: head, from 0 (default the mean over the heads)")->check(whole(0, most));
  command.add_option("--aggregation", aggregation, "attention methods: a word is the sum (default) or the mean of its pieces");
  command.add_option("--noise", noise, "smoothgrad and its kin: root mean square length of the noise, in units of the median distance between nearest words (default 1)")->check(number());
  command.add_option("--neighbours", neighbours, "paths through words: candidates for the next word (default 500, udig 50)")->check(whole(1, most));
  command.add_option("--samples", samples, "coalitions that a sampling method asks (default 512), or all (at most 20 words); draws of noise or references of a gradient method");
  command.add_option("--window", window, "occlusion: so many neighbouring words (pieces) hidden at once, scores averaged over the windows (default 1)")->check(whole(1, most));
  command.add_option("--kernel-width", kernel_width, "lime: width of the kernel on the cosine distance (default 0.25)")->check(number());
  command.add_option("--ridge", ridge, "lime: penalty on the squared coefficients (default 1)")->check(number());
}

void MethodOptions::apply(const std::vector<std::string>& methods, ExplainOptions& o) const {
  std::vector<MethodInfo> infos;
  for (const auto& id : methods)
    if (id != random_method) infos.push_back(method_info(id));
  const auto any = [&](auto&& uses) { return std::any_of(infos.begin(), infos.end(), uses); };
  const auto check = [&](bool given, auto&& uses, const char* option) { refuse_unused(given, any(uses), option, methods); };
  const auto note = [&](bool given, auto&& uses, const char* option) { note_unused(given, any(uses), option, methods); };  // what one gives to a list of methods alike
  const ExplainOptions plain;
  o.path = parse_path(path);
  o.quadrature = parse_quadrature(quadrature);
  o.baseline = parse_baseline(baseline);
  note(o.path != plain.path, [](const MethodInfo& m) { return m.needs == "gradients"; }, "--path");
  note(o.quadrature != plain.quadrature, [](const MethodInfo& m) { return m.uses_steps; }, "--quadrature");
  note(steps.has_value(), [](const MethodInfo& m) { return m.uses_steps || m.own_steps > 0; }, "--steps");
  note(tolerance.has_value(), [](const MethodInfo& m) { return m.uses_steps; }, "--tolerance");
  check(window.has_value(), [](const MethodInfo& m) { return m.uses_window; }, "--window");
  check(kernel_width.has_value(), [](const MethodInfo& m) { return m.uses_kernel; }, "--kernel-width");
  check(ridge.has_value(), [](const MethodInfo& m) { return m.uses_kernel; }, "--ridge");
  check(layer.has_value(), [](const MethodInfo& m) { return m.uses_layer; }, "--layer");
  check(head.has_value(), [](const MethodInfo& m) { return m.uses_head; }, "--head");
  check(noise.has_value(), [](const MethodInfo& m) { return m.uses_noise; }, "--noise");
  check(neighbours.has_value(), [](const MethodInfo& m) { return m.uses_neighbours; }, "--neighbours");
  check(!aggregation.empty(), [](const MethodInfo& m) { return m.uses_aggregation; }, "--aggregation");
  if (steps) o.steps = *steps;
  if (tolerance) o.tolerance = *tolerance;
  if (!samples.empty()) {
    const auto draws = [&](const MethodInfo& m) { return !m.uses_samples && (m.draws > 0 || (m.uses_baseline && o.baseline == Baseline::noise)); };  // noise or references
    const bool drawn = any(draws), sampled = any([](const MethodInfo& m) { return m.uses_samples; });
    refuse_unused(true, drawn || sampled, "--samples", methods);
    const int n = samples_in(samples, !drawn);
    if (sampled) o.samples = n;
    if (drawn) o.draws = n;
  }
  if (window) o.window = *window;
  if (kernel_width) o.kernel_width = *kernel_width;
  if (ridge) o.ridge = *ridge;
  if (layer) o.layer = *layer;
  if (head) o.head = *head;
  if (noise) o.noise = *noise;
  if (neighbours) o.neighbours = *neighbours;
  if (!aggregation.empty()) o.aggregation = parse_aggregation(aggregation);
}

}  // namespace telltale::cli
