#include "attribution/gradient_options.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

namespace telltale {
namespace {

constexpr int most_draws = 100000, most_neighbours = 1000000, most_own_steps = 10000;
constexpr double most_noise = 1000;

bool needs_posts(const ExplainOptions& o, const MethodInfo& m) {
  return (m.uses_baseline && o.baseline == Baseline::rival) || (m.uses_references && o.reference == Reference::posts);
}

}  // namespace

int draws_of(const ExplainOptions& o, const MethodInfo& m) {
  return o.draws > 0 ? o.draws : m.draws > 0 ? m.draws : noise_draws;
}
int neighbours_of(const ExplainOptions& o, const MethodInfo& m) {
  return o.neighbours > 0 ? o.neighbours : m.id == "udig" ? 50 : 500;
}
int steps_of(const ExplainOptions& o, const MethodInfo& m) { return o.steps > 0 ? o.steps : m.own_steps; }

void check_gradient_options(const ExplainOptions& o, const MethodInfo& m, const Classifier& model) {
  const auto refuse = [](const std::string& why) { throw std::invalid_argument(why); };
  const int layers = static_cast<int>(model.config().layers), heads = static_cast<int>(model.config().heads);
  if (m.uses_layer && (o.layer < -1 || o.layer >= layers))
    refuse(fmt::format("layer {}: this model has layers 0 to {}", o.layer, layers - 1));
  if (m.uses_head && (o.head < -1 || o.head >= heads))
    refuse(fmt::format("head {}: this model has heads 0 to {}", o.head, heads - 1));
  const bool drawn = m.draws > 0 || (m.uses_baseline && o.baseline == Baseline::noise);
  if (drawn && (o.draws < 0 || o.draws > most_draws))
    refuse(fmt::format("samples {}: expected 1 to {}", o.draws, most_draws));
  if (m.id == "vargrad" && draws_of(o, m) < 2) refuse("samples 1: vargrad is a variance over samples: expected at least 2");
  if (m.uses_noise && !(o.noise > 0 && o.noise <= most_noise))
    refuse(fmt::format("noise {}: expected above 0 and at most {} units", o.noise, most_noise));
  if (m.uses_neighbours && (o.neighbours < 0 || o.neighbours > most_neighbours))
    refuse(fmt::format("neighbours {}: expected 1 to {}", o.neighbours, most_neighbours));
  if (m.own_steps > 0 && (o.steps < 0 || o.steps > most_own_steps))
    refuse(fmt::format("steps {}: expected 1 to {}", o.steps, most_own_steps));
  if (m.uses_baseline && o.baseline == Baseline::text && o.baseline_text.empty())
    refuse("baseline text: no text was given");
  if (m.uses_neighbours && (o.baseline == Baseline::zero || o.baseline == Baseline::mean ||
                            o.baseline == Baseline::noise || o.baseline == Baseline::rival))
    refuse(
        fmt::format("baseline {}: a path through words begins at a word: pad, mask, unk or text", name_of(o.baseline)));
  if (needs_posts(o, m) && (!o.posts || o.posts->ids.empty())) {
    if (o.reference == Reference::posts && m.uses_references)
      refuse("references posts: training posts are needed; explain a run of a file");
    refuse("baseline rival: training posts are needed; explain a run of a file");
  }
}

void add_gradient_protocol(const ExplainOptions& o, const MethodInfo& m, Json& p) {
  if (m.uses_layer) p["layer"] = o.layer < 0 ? Json("last") : Json(o.layer);
  if (m.uses_head) p["head"] = o.head < 0 ? Json("mean") : Json(o.head);
  if (m.uses_aggregation) p["aggregation"] = name_of(o.aggregation);
  if (m.uses_baseline) {
    p["baseline"] = name_of(o.baseline);
    if (o.baseline == Baseline::text) p["baseline_text"] = o.baseline_text;
  }
  if (m.draws > 0 || (m.uses_baseline && o.baseline == Baseline::noise))
    p["draws"] = draws_of(o, m), p["seed"] = o.seed;
  if (m.uses_noise) p["noise"] = o.noise;
  if (m.uses_neighbours) p["neighbours"] = neighbours_of(o, m);
  if (m.own_steps > 0) p["steps"] = steps_of(o, m);
  if (m.uses_references) p["references"] = name_of(o.reference);
  if (needs_posts(o, m)) p["posts"] = o.posts ? o.posts->name : "";
}

void read_gradient_protocol(const Json& p, ExplainOptions& o) {
  if (!p.is_object()) return;
  const auto integer = [&](const char* key, int& to) {
    if (p.contains(key) && p[key].is_number_integer())
      to = static_cast<int>(std::clamp<std::int64_t>(p[key].get<std::int64_t>(), -1, most_neighbours));
  };
  integer("layer", o.layer);
  integer("head", o.head);
  integer("draws", o.draws);
  integer("neighbours", o.neighbours);
  if (p.contains("noise") && p["noise"].is_number() && p["noise"].get<double>() > 0) o.noise = p["noise"].get<double>();
  if (p.contains("seed") && p["seed"].is_number_unsigned()) o.seed = p["seed"].get<std::uint64_t>();
  if (p.contains("baseline_text") && p["baseline_text"].is_string())
    o.baseline_text = p["baseline_text"].get<std::string>();
  try {
    if (p.contains("aggregation") && p["aggregation"].is_string())
      o.aggregation = parse_aggregation(p["aggregation"].get<std::string>());
    if (p.contains("references") && p["references"].is_string())
      o.reference = parse_reference(p["references"].get<std::string>());
    // What a method takes of itself is not asked of the next one.
    const MethodInfo& m = method_info(o.method);
    if (m.uses_neighbours && o.neighbours == neighbours_of({}, m)) o.neighbours = 0;
    if (o.draws == draws_of({}, m)) o.draws = 0;
    if (m.own_steps > 0 && o.steps == m.own_steps) o.steps = 0;
  } catch (const std::invalid_argument&) {  // of a later version
  }
}

}  // namespace telltale
