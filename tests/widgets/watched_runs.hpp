// Runs with curves as training makes them (falling, noisy, with spikes and a value that was none), put into a store without training.
#pragma once
#include <cmath>
#include <string>
#include <vector>

#include "base/random.hpp"
#include "store/store.hpp"
#include "training/presets.hpp"

namespace telltale::test {

struct CurveRecipe {
  std::string name, preset = "contrastive";
  std::uint64_t seed = 29;
  int steps = 880, done = 880;
  int spike = 0, fault = 0;      ///< steps where the class term jumps and where the attribution term is none; 0 = nowhere
  int resumed_from = 0;          ///< the tail after it was lost once
  RunStatus status = RunStatus::finished;
  int film_steps = 0, probe_steps = 0;
  std::string model = "models/all-MiniLM-L6-v2";
};

inline StepRecord step_of(const CurveRecipe& r, int k, std::uint64_t stream, const std::vector<std::int64_t>& documents) {
  Rng rng(mix_seed(r.seed * 1000 + stream, static_cast<std::uint64_t>(k)));
  const auto noise = [&] { return static_cast<double>(rng.below(2001)) / 1000.0 - 1; };
  const double t = static_cast<double>(k) / 880, fall = std::exp(-5 * t);
  StepRecord s;
  s.step = k;
  s.epoch = 4.0 * k / r.steps;
  s.seconds = (r.preset == "baseline" ? 0.3 : 1.9) * k;
  s.learning_rate = 5e-5 * (t < 0.1 ? t / 0.1 : (1 - t) / 0.9);
  s.gradient_norm = 1 + 3 * fall + 0.3 * noise();
  s.tokens_per_second = 926 + 40 * noise();
  s.memory_mib = 5400 + 20 * noise();
  double total = 0;
  const auto put = [&](const char* term, double value) {
    s.terms[term] = value;
    total += value;
  };
  put("class", (0.12 + 1.7 * fall) * (1 + 0.25 * noise()) + (k == r.spike ? 9 : 0));
  if (r.preset != "baseline") {
    put("attribution", 0.9 + fall + 0.1 * noise() + (k == r.spike ? 3 : 0));
    put("cls", 0.4 + 1.6 * fall + 0.12 * noise());
    put("positive", 0.008 + 0.2 * t * std::exp(-9 * t) + 0.004 * std::abs(noise()));
    put("negative", 0.04 + 0.9 * t * std::exp(-8 * t) + 0.01 * std::abs(noise()));
    if (k == r.fault) s.terms["attribution"] = nullptr;
  }
  s.terms["total"] = total;
  if (k % 10 == 0 && r.preset != "baseline") s.shares = {{"class", 0.55 * fall + 0.22}, {"attribution", 0.44 * (1 - fall)}, {"cls", 0.23}, {"positive", 0.01}, {"negative", 0.1 - 0.1 * (1 - fall) + 0.09}};
  for (int i = 0; i < 8 && !documents.empty(); ++i) s.documents.push_back(documents[static_cast<std::size_t>(k * 8 + i) % documents.size()]);
  return s;
}

inline std::int64_t add_watched_run(Store& store, std::int64_t dataset, const CurveRecipe& r) {
  RunRecord run;
  run.name = r.name, run.preset = r.preset, run.dataset = dataset, run.model = r.model, run.status = r.status, run.step = r.done, run.steps = r.steps;
  TrainingSettings settings = preset_settings(r.preset);
  for (const auto& [key, value] : {std::pair<std::string, std::string>{"epochs", "4"}, {"max_length", "192"}, {"seed", std::to_string(r.seed)}, {"film_steps", std::to_string(r.film_steps)}, {"probe_steps", std::to_string(r.probe_steps)}})
    apply(settings, key, value);
  run.settings = Json::parse(to_json(settings).dump());
  run.metrics = {{"accuracy", 0.91}, {"macro_f1", 0.905}};
  run.id = store.add_run(run);
  Store::DocumentFilter filter;
  filter.dataset = dataset;
  filter.limit = 64;
  const auto documents = store.document_ids(filter);
  std::vector<StepRecord> steps;
  const auto write = [&](int from, int to, std::uint64_t stream) {
    for (int k = from; k <= to; ++k) {
      steps.push_back(step_of(r, k, stream, documents));
      if (steps.size() == 20'000 || k == to) store.add_steps(run.id, steps), steps.clear();
    }
  };
  if (r.resumed_from > 0) {
    write(1, r.resumed_from + 90, 1);
    store.rewind_run(run.id, r.resumed_from);
    write(r.resumed_from + 1, r.done, 2);
  } else {
    write(1, r.done, 1);
  }
  for (int k = 50; k <= r.done; k += 50) {
    const double t = k / 880.0;
    store.add_validation(run.id, {k, "test", {{"accuracy", 0.915 - 0.4 * std::exp(-9 * t)}, {"macro_f1", 0.91 - 0.45 * std::exp(-9 * t)}}});
    if (r.probe_steps > 0) store.add_validation(run.id, {k, "probe", {{"class", 0.2}, {"attribution", 1.8 + 0.1 * std::sin(k / 40.0)}, {"cls", 1.65}, {"positive", 0.04 * t}, {"negative", 0.48 * std::sqrt(t)}}});
  }
  run.step = r.done;
  store.update_run(run);
  return run.id;
}

/// Frames of the first posts: scores move from even to one word that tells.
inline void add_film(Store& store, std::int64_t run, const std::vector<std::int64_t>& posts, int every, int last) {
  Json frames = Json::array();
  for (int step = 0; step <= last; step += every) {
    if (step == 0) continue;
    Json shot = Json::array();
    for (const std::int64_t id : posts) {
      const Document d = store.document(id);
      Json words = Json::array();
      std::size_t begin = 0;
      int k = 0;
      while (begin < d.text.size()) {
        std::size_t end = d.text.find(' ', begin);
        if (end == d.text.npos) end = d.text.size();
        const std::string word = d.text.substr(begin, end - begin);
        const bool tells = word == "goalie" || word == "engine" || word == "pitcher";
        const double t = static_cast<double>(step) / last;
        ++k;
        words.push_back({begin, end, tells ? 0.1 + 0.5 * t : 0.15 * (1 - t) * std::sin(1.7 * k) + 0.03 * std::cos(k * step)});
        begin = end + 1;
      }
      shot.push_back({{"document", id}, {"target", d.label}, {"predicted", d.label}, {"probability", 0.4 + 0.55 * step / last}, {"value", 0.9}, {"delta", 0.002}, {"words", words}});
    }
    frames.push_back({{"step", step}, {"posts", shot}});
  }
  store.set_value("film.run-" + std::to_string(run), frames);
  store.set_value("film.pinned", Json(posts));
}

}  // namespace telltale::test
