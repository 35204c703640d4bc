#include "evaluation/comparison_data.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <set>
#include <stdexcept>

#include "attribution/explain.hpp"
#include "attribution/removal.hpp"
#include "base/random.hpp"
#include "evaluation/explained.hpp"
#include "training/trainer.hpp"

namespace telltale {
namespace {

constexpr std::uint64_t sample_stream = 0x73616d70;  // "samp"

double setting(const RunRecord& run, const char* key, double otherwise = 0) {
  if (!run.settings.is_object()) return otherwise;
  const auto it = run.settings.find(key);
  return it != run.settings.end() && it->is_number() ? it->get<double>() : otherwise;
}

std::string setting_text(const RunRecord& run, const char* key) {
  if (!run.settings.is_object()) return {};
  const auto it = run.settings.find(key);
  return it != run.settings.end() && it->is_string() ? it->get<std::string>() : std::string();
}

/// Baselines of the attribution terms of a run and of all it was started from.
std::vector<Baseline> baselines_in_loss(Store& store, RunRecord run) {
  std::set<Baseline> used;
  for (int depth = 0; depth < 100; ++depth) {
    if (setting(run, "weight.attribution") > 0 || setting(run, "weight.overlap") > 0 || setting(run, "weight.prior") > 0) {
      const std::string baseline = setting_text(run, "attribution.baseline");
      if (baseline == "random") used.insert({Baseline::pad, Baseline::mask, Baseline::zero});
      else if (baseline == "mask") used.insert(Baseline::mask);
      else if (baseline == "zero") used.insert(Baseline::zero);
      else used.insert(Baseline::pad);
    }
    if (!run.from) break;
    try {
      run = store.run(*run.from);
    } catch (const std::invalid_argument&) {
      break;  // the run it came from is gone
    }
  }
  return {used.begin(), used.end()};
}

bool has_weights(const RunRecord& run) { return run.status == RunStatus::finished && !run.folder.empty(); }

/// The finished control of a warm-started run: same start, same data; of several the one of its pair, else of its seed, else the newest.
std::optional<RunRecord> control_of(const std::vector<RunRecord>& all, const RunRecord& run) {
  if (!run.from || run.preset == "control") return std::nullopt;
  std::optional<RunRecord> best;
  int best_rank = -1;
  for (const RunRecord& other : all) {
    if (other.id == run.id || other.preset != "control" || other.from != run.from || other.dataset != run.dataset || !has_weights(other)) continue;
    const int rank = (run.pair && other.pair == run.pair ? 2 : 0) + (setting(other, "seed", -1) == setting(run, "seed", -1) ? 1 : 0);
    if (rank >= best_rank) {
      best = other;
      best_rank = rank;
    }
  }
  return best;
}

std::string name_of_run(const ComparedRun& run) { return fmt::format("run {} ({})", run.record.id, run.record.name); }

std::shared_ptr<Classifier> load(Store& store, const ComparisonData& data, const ComparedRun& run) {
  auto model = load_run(store, run.record, data.options.compute);
  if (model->labels() != data.dataset.classes)
    throw std::runtime_error(fmt::format("{}: its model knows the classes {}, data set '{}' has {}", name_of_run(run), fmt::join(model->labels(), ", "), data.dataset.name, fmt::join(data.dataset.classes, ", ")));
  return model;
}

/// What one run reads of the posts, and which of its words are the common ones.
struct Reading {
  std::vector<Encoding> encodings;            // [post]
  std::vector<std::vector<std::size_t>> common;  // [post][word of ComparedPost] index into Encoding::words
};

std::vector<Encoding> encode_all(const ComparisonData& data, const Classifier& model, int max_length) {
  std::vector<Encoding> out;
  for (const ComparedPost& post : data.posts) {
    try {
      out.push_back(model.tokenizer().encode(post.document.text, max_length));
    } catch (const std::runtime_error& e) {
      throw std::runtime_error(fmt::format("post {} ({}): {}", post.document.id, post.document.external_id, e.what()));
    }
  }
  return out;
}

/// Words that stand in every run's reading, by their bytes.
void find_common_words(ComparisonData& data, std::vector<Reading>& readings) {
  std::size_t dropped = 0;
  for (std::size_t i = 0; i < data.posts.size(); ++i) {
    ComparedPost& post = data.posts[i];
    std::map<std::pair<std::int64_t, std::int64_t>, std::vector<std::size_t>> at;
    for (const Reading& r : readings) {
      const Encoding& e = r.encodings[i];
      if (e.cut >= 0) post.cut = post.cut < 0 ? e.cut : std::min(post.cut, e.cut);
      for (std::size_t w = 0; w < e.words.size(); ++w) at[{e.words[w].span.begin, e.words[w].span.end}].push_back(w);
    }
    for (auto& r : readings) r.common.emplace_back();
    for (const auto& [span, indices] : at) {
      if (indices.size() != readings.size()) {
        ++dropped;
        continue;
      }
      post.spans.push_back({span.first, span.second});
      const auto begin = static_cast<std::size_t>(span.first), length = static_cast<std::size_t>(span.second - span.first);
      post.words.push_back(data.vocabulary.add(lower_cased(std::string_view(post.document.text).substr(begin, length))));
      for (std::size_t r = 0; r < readings.size(); ++r) readings[r].common[i].push_back(indices[r]);
    }
  }
  if (dropped > 0) data.notes.push_back(fmt::format("The runs do not read the same words (length limit or tokeniser): {} words that not every run reads are left out.", dropped));
}

void count_training_posts(Store& store, ComparisonData& data, const Classifier& model, std::stop_token stop, const ProgressFn& progress) {
  const int classes = static_cast<int>(data.dataset.classes.size());
  data.train = DocumentCounts(classes, data.vocabulary.size());
  Store::DocumentFilter filter;
  filter.dataset = data.dataset.id;
  filter.split = "train";
  const double total = static_cast<double>(store.count_documents(filter));
  double done = 0;
  store.each_document(filter, [&](Document&& d) {
    if (stop.stop_requested()) throw Cancelled{};
    if (d.label < 0 || d.label >= classes) return;
    const Encoding e = model.tokenizer().encode(d.text, data.runs.front().max_length);
    data.train.add(d.label, known_words_of(d.text, e, data.vocabulary));
    if (progress) progress({++done, total, "counting words of the training posts"});
  });
  if (total == 0) data.notes.push_back("The data set has no training posts: specificity, telling words and the hide test know nothing and say ½.");
}

void load_posts(Store& store, ComparisonData& data) {
  Store::DocumentFilter filter;
  filter.dataset = data.dataset.id;
  filter.split = data.options.split;
  auto documents = store.documents(filter);
  std::erase_if(documents, [&](const Document& d) { return d.label < 0 || d.label >= static_cast<int>(data.dataset.classes.size()); });
  if (documents.empty()) throw std::invalid_argument(fmt::format("split '{}': data set '{}' has no post in it", data.options.split, data.dataset.name));
  std::vector<int> labels;
  for (const Document& d : documents) labels.push_back(d.label);
  for (const std::size_t i : stratified_sample(labels, data.options.limit, data.options.seed)) data.posts.push_back({std::move(documents[i]), {}, {}, -1});
  if (data.posts.size() < documents.size()) data.notes.push_back(fmt::format("A sample of {} of the {} posts of the split, the same share of every class.", data.posts.size(), documents.size()));
}

void choose_methods(ComparisonData& data) {
  auto ids = data.options.methods;
  if (ids.empty()) ids = {"integrated-gradients", "occlusion", "gradient-x-input"};
  auto cosine = data.options.cosine;
  if (cosine.empty()) cosine = {"occlusion", "gradient-x-input"};
  if (cosine == std::vector<std::string>{"none"}) cosine.clear();
  for (const auto& id : cosine) method_info(id);
  std::set<std::string> seen;
  for (const std::string& id : ids) {
    if (!seen.insert(id).second) throw std::invalid_argument(fmt::format("method '{}' is given twice", id));
    ComparedMethod m;
    m.options = data.options.explain;
    m.options.method = id;
    m.options.unit = Unit::word;
    if (id == "occlusion") m.options.removal = Removal::remove;  // the judge's rule (CONTRACT.md, rulings)
    m.name = method_info(id).name;
    m.options.precision = data.options.compute.precision;  // for the protocol shown: automatic is settled post by post
    m.protocol = protocol_of(m.options);
    m.cosine = std::find(cosine.begin(), cosine.end(), id) != cosine.end();
    for (const ComparedRun& run : data.runs)
      m.in_loss.push_back(std::any_of(run.in_loss.begin(), run.in_loss.end(), [&](Baseline b) { return uses_baseline(m.options, b); }));
    data.methods.push_back(std::move(m));
  }
}

std::vector<double> common_scores(const Scored& scored, const std::vector<std::size_t>& common) {
  std::vector<double> out;
  for (const std::size_t w : common) out.push_back(scored.word_scores.at(w));
  return out;
}

void explain_posts(Store& store, ComparisonData& data, ComparedMethod& method, std::size_t run, const Classifier& model, const Reading& reading, std::stop_token stop, const ProgressFn& progress) {
  const int classes = static_cast<int>(data.dataset.classes.size());
  std::vector<ExplainRequest> requests;
  for (std::size_t i = 0; i < data.posts.size(); ++i)
    for (int c = 0; c < classes; ++c)
      if (method.cosine || c == data.posts[i].document.label) requests.push_back({data.posts[i].document.id, &reading.encodings[i], c, -1});
  const auto got = explained(&store, data.runs[run].record.id, model, requests, method.options, stop, progress, fmt::format("explaining {}: {}", name_of_run(data.runs[run]), method.name));
  method.stored += got.stored;
  method.computed += got.computed;
  AttributorScores scores;
  std::size_t next = 0;
  for (std::size_t i = 0; i < data.posts.size(); ++i) {
    if (!method.cosine) {
      scores.gold.push_back(common_scores(got.posts[next++], reading.common[i]));
      continue;
    }
    auto& by_class = scores.by_class.emplace_back();
    for (int c = 0; c < classes; ++c) by_class.push_back(common_scores(got.posts[next++], reading.common[i]));
    scores.gold.push_back(by_class[static_cast<std::size_t>(data.posts[i].document.label)]);
  }
  method.scores.push_back(std::move(scores));
}

HideOutcome hide_words(const ComparisonData& data, const Classifier& model, const Reading& reading, const std::vector<Prediction>& whole, std::stop_token stop, const ProgressFn& progress, const std::string& what) {
  std::vector<HidePost> posts;
  for (std::size_t i = 0; i < data.posts.size(); ++i) {
    const auto words = known_words_of(data.posts[i].document.text, reading.encodings[i], data.vocabulary);
    posts.push_back({reading.encodings[i], data.posts[i].document.label, words});
  }
  const SpecialIds specials = model.tokenizer().specials();
  const Probe probe{[&](const std::vector<ModelInput>& inputs) {
                      return model.predict(inputs, stop, [&](const Progress& p) {
                        if (progress) progress({p.done, p.total, what});
                      });
                    },
                    [&](const Encoding& text, const std::vector<int>& hidden, Removal rule) { return without(text, hidden, rule, specials); }};
  return hide_test(probe, posts, data.rivals, data.train, &whole);
}

}  // namespace

bool uses_baseline(const ExplainOptions& options, Baseline baseline) {
  const MethodInfo& info = method_info(options.method);
  if (info.uses_baseline) return options.baseline == baseline;
  if (!info.uses_removal) return false;
  switch (options.removal.value_or(info.removal)) {
    case Removal::pad:
    case Removal::pad_masked: return baseline == Baseline::pad;
    case Removal::mask: return baseline == Baseline::mask;
    case Removal::baseline: return options.baseline == baseline;
    case Removal::remove: break;
  }
  return false;
}

std::vector<std::size_t> stratified_sample(const std::vector<int>& labels, std::int64_t limit, std::uint64_t seed) {
  std::vector<std::size_t> chosen(labels.size());
  std::iota(chosen.begin(), chosen.end(), std::size_t{0});
  if (limit <= 0 || static_cast<std::size_t>(limit) >= labels.size()) return chosen;
  std::map<int, std::vector<std::size_t>> members;
  for (std::size_t i = 0; i < labels.size(); ++i) members[labels[i]].push_back(i);
  chosen.clear();
  std::vector<std::pair<double, int>> remainders;  // negative, so that sorting puts the largest first; ties by label
  std::map<int, std::size_t> quota;
  std::size_t given = 0;
  for (const auto& [label, indices] : members) {
    const double exact = static_cast<double>(limit) * static_cast<double>(indices.size()) / static_cast<double>(labels.size());
    quota[label] = static_cast<std::size_t>(exact);
    given += quota[label];
    remainders.emplace_back(-(exact - std::floor(exact)), label);
  }
  std::sort(remainders.begin(), remainders.end());
  for (std::size_t k = 0; given < static_cast<std::size_t>(limit); ++given, ++k) ++quota[remainders[k].second];
  for (auto& [label, indices] : members) {
    Rng rng(seed, mix_seed(sample_stream, static_cast<std::uint64_t>(label)));
    rng.shuffle(indices);
    chosen.insert(chosen.end(), indices.begin(), indices.begin() + static_cast<std::ptrdiff_t>(quota[label]));
  }
  std::sort(chosen.begin(), chosen.end());
  return chosen;
}

void choose_runs(Store& store, ComparisonData& data) {
  const auto all = store.runs();
  if (data.options.runs.empty()) throw std::invalid_argument("runs: expected at least one");
  std::set<std::int64_t> seen;
  const auto add = [&](const RunRecord& record, bool added) {
    ComparedRun run;
    run.record = record;
    run.added = added;
    run.max_length = static_cast<int>(setting(record, "max_length"));
    run.in_loss = baselines_in_loss(store, record);
    data.runs.push_back(std::move(run));
  };
  for (const std::int64_t id : data.options.runs) {
    const RunRecord record = store.run(id);
    if (!seen.insert(id).second) throw std::invalid_argument(fmt::format("run {} is given twice", id));
    if (!has_weights(record)) throw std::runtime_error(fmt::format("run {} ({}) is {}: only finished runs can be compared", id, record.name, name_of(record.status)));
    if (!data.runs.empty() && record.dataset != data.runs[0].record.dataset)
      throw std::invalid_argument(fmt::format("run {} was trained on data set {}, run {} on {}: runs of one data set can be compared", id, record.dataset, data.runs[0].record.id, data.runs[0].record.dataset));
    add(record, false);
  }
  data.dataset = store.dataset(data.runs[0].record.dataset);
  const std::size_t asked = data.runs.size();
  for (std::size_t i = 0; i < asked; ++i) {
    const auto control = control_of(all, data.runs[i].record);
    if (!control) continue;
    if (!seen.contains(control->id) && data.options.add_controls) {
      seen.insert(control->id);
      add(*control, true);
    }
    for (std::size_t j = 0; j < data.runs.size(); ++j)
      if (data.runs[j].record.id == control->id) data.runs[i].control = static_cast<int>(j);
  }
  for (std::size_t i = 0; i < asked; ++i)
    if (data.runs[i].record.from && data.runs[i].record.preset != "control" && data.runs[i].control < 0)
      data.notes.push_back(fmt::format("{} was warm-started and has no finished control run: what further training alone does is not separated.", name_of_run(data.runs[i])));

  std::set<std::pair<int, int>> there;
  const auto contrast = [&](int a, int b, const char* why) {
    if (a != b && there.insert({a, b}).second) data.contrasts.push_back({a, b, why});
  };
  if (data.runs.size() > 1) contrast(0, 1, data.runs[1].added ? "control" : "given");
  // Of a single warm-started run the control comes second; the difference is still the run less its control.
  if (asked == 1 && data.runs.size() == 2) data.contrasts[0] = {1, 0, "control"};
  for (std::size_t i = 0; i < data.runs.size(); ++i)
    if (data.runs[i].control >= 0) {
      if (there.contains({data.runs[i].control, static_cast<int>(i)})) {
        for (auto& c : data.contrasts)
          if (c.a == data.runs[i].control && c.b == static_cast<int>(i)) c.why = "control";
      } else if (!(asked == 1 && data.runs.size() == 2)) {
        contrast(data.runs[i].control, static_cast<int>(i), "control");
      }
    }
  for (std::size_t i = 2; i < data.runs.size(); ++i) contrast(0, static_cast<int>(i), "first");
  data.judged = data.contrasts.empty() ? -1 : 0;
  for (std::size_t c = data.contrasts.size(); c-- > 0;)
    if (data.contrasts[c].why == "control") data.judged = static_cast<int>(c);
}

void gather(Store& store, ComparisonData& data, std::stop_token stop, const ProgressFn& progress) {
  choose_methods(data);
  load_posts(store, data);
  data.compute = compute_description();

  const auto classes = data.dataset.classes.size();
  std::vector<Reading> readings(data.runs.size());
  std::vector<std::vector<double>> mass(classes, std::vector<double>(classes, 0));
  // Models are loaded one at a time, twice: who is whose rival depends on all of them, and memory holds one.
  for (std::size_t r = 0; r < data.runs.size(); ++r) {
    ComparedRun& run = data.runs[r];
    const auto model = load(store, data, run);
    run.max_length = run.max_length > 0 ? model->max_length(run.max_length) : model->max_length(0);
    readings[r].encodings = encode_all(data, *model, run.max_length);
    run.predictions = model->predict(readings[r].encodings, stop, [&](const Progress& p) {
      if (progress) progress({p.done, p.total, "classifying: " + name_of_run(run)});
    });
    for (std::size_t i = 0; i < data.posts.size(); ++i)
      for (std::size_t c = 0; c < classes; ++c) mass[static_cast<std::size_t>(data.posts[i].document.label)][c] += run.predictions[i].probabilities.at(c);
  }
  data.rivals = rivals_of(mass);
  find_common_words(data, readings);
  const std::set<std::string> stop_words(data.options.stop_words.begin(), data.options.stop_words.end());
  for (int w = 0; w < data.vocabulary.size(); ++w) data.stop.push_back(stop_words.contains(data.vocabulary.word(w)));

  for (std::size_t r = 0; r < data.runs.size(); ++r) {
    ComparedRun& run = data.runs[r];
    const auto model = load(store, data, run);
    if (r == 0) count_training_posts(store, data, *model, stop, progress);
    run.hide = hide_words(data, *model, readings[r], run.predictions, stop, progress, "hiding words: " + name_of_run(run));
    for (ComparedMethod& method : data.methods) explain_posts(store, data, method, r, *model, readings[r], stop, progress);
  }
}

}  // namespace telltale
