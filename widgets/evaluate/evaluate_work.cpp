#include "widgets/evaluate/evaluate_work.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "attribution/explain.hpp"
#include "evaluation/comparison_data.hpp"
#include "report/numbers.hpp"
#include "store/columns.hpp"
#include "store/marks.hpp"
#include "widgets/shell/words.hpp"

namespace telltale::ui {
namespace {

using Clock = std::chrono::steady_clock;

double number_in(const Json& o, const char* key) {
  const auto it = o.is_object() ? o.find(key) : o.end();
  return o.is_object() && it != o.end() && it->is_number() ? it->get<double>() : NAN;
}

/// The length that Classifier::max_length(0) gives, without loading the model.
int model_length(Store& store, const RunRecord& run) {
  if (trained_length(run) > 0) return trained_length(run);
  try {
    const double positions =
        number_in(read_json(store.folder() / run.folder / "config.json"), "max_position_embeddings");
    if (positions >= 3) return static_cast<int>(std::min(512.0, positions));
  } catch (const std::exception&) {  // the evaluation itself will say what is wrong
  }
  return 512;
}

Json settings_of(Store& store, const RunRecord& run, const EvaluationOptions& options) {
  return settings_for_run(store, run.id, options, model_length(store, run), prediction_precision(options.compute));
}

std::set<std::string> methods_in_loss(Store& store, const RunRecord& run, const EvaluationOptions& options) {
  std::set<std::string> out;
  try {
    ComparisonData data;
    data.options.runs = {run.id};
    choose_runs(store, data);
    for (const auto& r : data.runs)
      if (r.record.id == run.id)
        for (const auto& m : methods())
          if (std::any_of(r.in_loss.begin(), r.in_loss.end(),
                          [&](Baseline b) { return uses_baseline(explain_options(options, m.id), b); }))
            out.insert(m.id);
  } catch (const std::exception&) {  // a mark less: the figures stand
  }
  return out;
}

bool of_posts(const std::string& metric) { return metric_info(metric).level == "post"; }

}  // namespace

std::vector<std::string> offered_methods() {
  std::vector<std::string> out;
  for (const auto& m : methods()) out.push_back(m.id);
  out.emplace_back(random_method);
  return out;
}

std::vector<std::string> offered_metrics() {
  std::vector<std::string> out;
  for (const auto& m : metrics())
    if ((m.level == "post" || m.level == "class-pair") && m.needs != "runs of other seeds") out.push_back(m.id);
  return out;
}

QString method_name(const std::string& id) {
  return id == random_method ? QObject::tr("Random") : text(method_info(id).name);
}

EvaluateFile read_evaluate_file(Store& store) {
  EvaluateFile out;
  out.runs = store.runs();
  std::erase_if(out.runs, [](const RunRecord& r) { return r.status != RunStatus::finished || r.folder.empty(); });
  for (const auto& d : store.datasets()) out.datasets[d.id] = d;
  out.evaluations = store.evaluations();
  std::erase_if(out.evaluations, [&](const EvaluationRecord& e) {
    return std::none_of(out.runs.begin(), out.runs.end(),
                        [&](const RunRecord& r) { return r.fingerprint == e.fingerprint; });
  });
  std::stable_sort(out.evaluations.begin(), out.evaluations.end(),
                   [](const auto& a, const auto& b) { return a.created < b.created; });
  return out;
}

std::pair<std::vector<std::string>, std::vector<std::string>> stored_choices(Store& store, std::int64_t run,
                                                                             const Json& settings) {
  const std::string fingerprint = store.run(run).fingerprint;
  const EvaluationOptions options = settings_from(settings);
  std::set<std::string> with_method, with_metric;
  for (const auto& method : offered_methods())
    for (const auto& metric : offered_metrics()) {
      const auto measure = store.find_measure(fingerprint, measure_protocol(settings, options, method, metric));
      if (!measure || (of_posts(metric) ? store.measure_values(*measure).empty() : !store.measure_result(*measure)))
        continue;
      with_method.insert(method), with_metric.insert(metric);
    }
  std::pair<std::vector<std::string>, std::vector<std::string>> out;
  for (const auto& m : offered_methods())
    if (with_method.contains(m)) out.first.push_back(m);
  for (const auto& m : offered_metrics())
    if (with_metric.contains(m)) out.second.push_back(m);
  return out;
}

EvaluatePtr read_evaluate(Store& store, const EvaluateWish& wish, std::stop_token stop, const EvaluatePtr& before) {
  auto out = std::make_shared<EvaluateData>();
  out->wish = wish;
  std::vector<RunRecord> runs;
  for (const auto id : wish.runs) runs.push_back(store.run(id));
  if (runs.empty()) return out;
  for (const auto& r : runs)
    if (r.dataset != runs[0].dataset)
      throw std::invalid_argument("these runs were trained on different data: their figures cannot stand side by side");
  const DatasetInfo dataset = store.dataset(runs[0].dataset);
  out->classes = dataset.classes;
  std::set<std::string> splits;
  for (const auto& c : store.class_counts(dataset.id)) splits.insert(c.split);
  out->splits.assign(splits.begin(), splits.end());
  for (const auto& a : annotators(store, dataset.id)) out->annotators.push_back(a.annotator);
  out->columns = kept_column_names(store, dataset.id);

  for (const auto& e : store.evaluations()) {
    if (!e.protocol.is_object() || e.protocol.value("dataset", "") != dataset.name) continue;
    auto it = std::find_if(out->protocols.begin(), out->protocols.end(),
                           [&](const StoredProtocol& p) { return p.settings == e.protocol; });
    if (it == out->protocols.end())
      it = out->protocols.insert(it, {static_cast<int>(out->protocols.size()) + 1, e.protocol, {}, {}});
    it->created = std::max(it->created, e.created);
    for (const auto& r : store.runs())
      if (r.fingerprint == e.fingerprint) it->runs.push_back(r.id);
  }

  for (const RunRecord& r : runs) {
    EvaluatedRun run;
    run.id = r.id;
    run.name = elided(one_line(r.name.empty() ? fmt::format("run {}", r.id) : r.name), 60);
    run.accuracy = number_in(r.metrics, "accuracy"), run.macro_f1 = number_in(r.metrics, "macro_f1");
    const Json settings = settings_of(store, r, wish.options);
    for (const auto& p : out->protocols)
      if (p.settings == settings) out->current = p.number;
    const EvaluationReading* same = nullptr;
    if (before)
      for (const auto& b : before->runs)
        if (b.id == r.id) same = &b.reading;
    run.reading = read_evaluation(store, r.id, settings, wish.methods, wish.metrics, stop, same);
    run.in_loss = methods_in_loss(store, r, wish.options);
    out->posts = run.reading.documents.size(), out->split_posts = run.reading.sample_of;
    // What is not there under this protocol may be there under another one.
    std::vector<std::pair<std::string, std::string>> lacking;
    for (const auto& method : wish.methods)
      for (const auto& metric : wish.metrics) {
        const EvaluatedCell* cell = run.reading.cell(method, metric);
        const std::size_t done = cell ? cell->done : 0;
        if (of_posts(metric))
          out->missing_values += run.reading.documents.size() - std::min(done, run.reading.documents.size());
        else
          out->missing_pairs += done == 0;
        if (done == 0) lacking.emplace_back(method, metric);
      }
    for (auto p = out->protocols.rbegin(); p != out->protocols.rend() && !lacking.empty(); ++p) {
      if (p->settings == settings || std::find(p->runs.begin(), p->runs.end(), r.id) == p->runs.end()) continue;
      if (stop.stop_requested()) throw Cancelled{};
      std::vector<std::string> of_methods, of_metrics;
      for (const auto& [method, metric] : lacking) {
        if (std::find(of_methods.begin(), of_methods.end(), method) == of_methods.end()) of_methods.push_back(method);
        if (std::find(of_metrics.begin(), of_metrics.end(), metric) == of_metrics.end()) of_metrics.push_back(metric);
      }
      const auto other = read_evaluation(store, r.id, p->settings, of_methods, of_metrics, stop);
      std::erase_if(lacking, [&](const auto& key) {
        const EvaluatedCell* cell = other.cell(key.first, key.second);
        if (cell) run.elsewhere[key] = {p->number, cell->mean, cell->n};
        return cell != nullptr;
      });
    }
    out->runs.push_back(std::move(run));
  }
  std::set<std::string> differing;
  for (const auto& r : out->runs)
    for (const auto& key : differing_settings(out->runs[0].reading.settings, r.reading.settings)) differing.insert(key);
  out->differing.assign(differing.begin(), differing.end());
  return out;
}

EvaluateCost cost_of_evaluation(WorkQueue::Context& c, const EvaluateData& data) {
  EvaluateCost cost;
  for (const EvaluatedRun& run : data.runs) {
    EvaluationOptions o = data.wish.options;
    o.resamples = 100;
    o.foil.clear();  // any other class costs the same, and leaves no post out
    std::vector<std::string> pair_methods;
    std::set<std::string> lacking;
    std::size_t most = 0;
    double pairs_of_post = 0;
    for (const auto& method : data.wish.methods) {
      bool lacks = false, lacks_pairs = false, cosine = false;
      for (const auto& metric : data.wish.metrics) {
        const EvaluatedCell* cell = run.reading.cell(method, metric);
        const std::size_t missing =
            run.reading.documents.size() - (cell ? std::min(cell->done, run.reading.documents.size()) : 0);
        if (of_posts(metric) && missing > 0) lacking.insert(metric);
        if (of_posts(metric))
          lacks = lacks || missing > 0, most = std::max(most, missing);
        else if (!cell)
          lacks_pairs = true, cosine = cosine || metric_info(metric).needs == "every class explained";
      }
      if (lacks) o.methods.push_back(method);
      if (lacks_pairs && method != random_method)
        pair_methods.push_back(method),
            pairs_of_post = std::max(pairs_of_post, cosine ? static_cast<double>(data.classes.size()) : 1.0);
    }
    bool resamples_words = false;  // those need a run: their cost is that of as many forward passes
    for (const auto& metric : data.wish.metrics) {
      if (!lacking.contains(metric)) continue;
      if (metric_info(metric).needs.starts_with("training posts"))
        resamples_words = true;
      else
        o.metrics.push_back(metric);
    }
    if (run.reading.documents.empty() || (o.methods.empty() && pair_methods.empty())) continue;
    // Cost rises with the square of the length: a post longer than most stands for their mean. The shortest goes before
    // it, untimed: what is computed first on a thread takes longer.
    std::vector<std::pair<std::int64_t, std::int64_t>> by_length;
    for (std::size_t i = 0; i < run.reading.documents.size(); ++i)
      by_length.emplace_back(run.reading.bytes[i], run.reading.documents[i]);
    std::sort(by_length.begin(), by_length.end());
    const Document warm = c.store.document(by_length.front().second),
                   d = c.store.document(by_length[by_length.size() * 6 / 10].second);
    const auto model = c.models.of_run(c.store, run.id);
    o.max_length = run.reading.settings["max_length"].get<int>();
    o.gold = o.gold && d.label >= 0 && warm.label >= 0;
    const double posts = static_cast<double>(run.reading.documents.size());
    if (!o.methods.empty() && resamples_words) {
      EvaluationOptions passes = o;
      passes.methods = {random_method}, passes.metrics = {"infidelity"};
      const auto begin = Clock::now();
      evaluate_posts(*model, {{d.id, 0, d.text, d.label, d.spans}}, passes, c.stop);
      const double words = static_cast<double>(model->tokenizer().encode(d.text, o.max_length).words.size());
      cost.of_posts += std::chrono::duration<double>(Clock::now() - begin).count() * words * 16 /
                       passes.judge.infidelity_samples * static_cast<double>(most);
    }
    if (!o.methods.empty() && !o.metrics.empty()) {
      evaluate_posts(*model, {{warm.id, 0, warm.text, warm.label, warm.spans}}, o, c.stop);
      const auto begin = Clock::now();
      evaluate_posts(*model, {{d.id, 0, d.text, d.label, d.spans}}, o, c.stop);
      cost.of_posts += std::chrono::duration<double>(Clock::now() - begin).count() * static_cast<double>(most);
    }
    for (const auto& method : pair_methods) {
      const auto begin = Clock::now();
      explain(*model, {{model->tokenizer().encode(d.text, o.max_length), std::max(0, d.label), -1}},
              explain_options(o, method), c.stop);
      cost.of_pairs += std::chrono::duration<double>(Clock::now() - begin).count() * posts * pairs_of_post + 0.5;
    }
  }
  return cost;
}

void evaluate_missing(WorkQueue::Context& c, const EvaluateWish& wish, const EvaluateCost& cost) {
  const double whole = std::max(1e-9, cost.seconds());
  const double share_of_posts = cost.seconds() > 0 ? cost.of_posts / whole : 0.5;
  std::vector<std::string> posts, pairs;
  for (const auto& m : wish.metrics) (of_posts(m) ? posts : pairs).push_back(m);
  const double runs = static_cast<double>(wish.runs.size());
  for (std::size_t r = 0; r < wish.runs.size(); ++r) {
    EvaluationOptions o = wish.options;
    const auto model = c.models.of_run(c.store, wish.runs[r]);
    const auto part = [&](double from, double to) -> ProgressFn {
      return [&c, from, to, r, runs](const Progress& p) {
        const double inside = p.total > 0 ? p.done / p.total : 0;
        if (c.progress)
          c.progress({1000 * (static_cast<double>(r) + from + (to - from) * inside) / runs, 1000, p.what});
      };
    };
    const double middle = pairs.empty() ? 1 : posts.empty() ? 0 : share_of_posts;
    if (!posts.empty()) {
      o.methods = wish.methods, o.metrics = posts;
      evaluate_run(c.store, wish.runs[r], o, c.stop, part(0, middle), model);
    }
    for (std::size_t m = 0; m < wish.methods.size() && !pairs.empty(); ++m) {
      o.methods = {wish.methods[m]}, o.metrics = pairs;
      const double step = (1 - middle) / static_cast<double>(wish.methods.size());
      evaluate_run(c.store, wish.runs[r], o, c.stop,
                   part(middle + step * static_cast<double>(m), middle + step * static_cast<double>(m + 1)), model);
    }
  }
}

QString setting_name(const std::string& key) {
  static const std::map<std::string, const char*> names = {{"limit", "posts"},
                                                           {"removal", "removal rule"},
                                                           {"sign", "sign rule"},
                                                           {"class", "explained class"},
                                                           {"max_length", "length limit"},
                                                           {"judged_in", "precision of the model"},
                                                           {"resamples", "bootstrap resamples"},
                                                           {"samples", "samples of a method"},
                                                           {"method_seed", "seed of methods"},
                                                           {"max_steps", "most nodes"},
                                                           {"infidelity_samples", "subsets of infidelity"},
                                                           {"fidelity_samples", "draws of robust fidelity"},
                                                           {"rationale_k", "k of plausibility"},
                                                           {"annotator", "marks by"},
                                                           {"marks", "state of the marks"},
                                                           {"dataset", "data set"}};
  const auto it = names.find(key);
  return it != names.end() ? QObject::tr(it->second) : text(key).replace(QLatin1Char('_'), QLatin1Char(' '));
}

QString setting_text(const Json& s, const std::string& key) {
  const auto it = s.find(key);
  if (it == s.end() && key == "annotator") return QObject::tr("imported");
  if (it == s.end() || it->is_null()) return QStringLiteral("–");
  if (key == "limit")
    return it->get<std::int64_t>() == 0 ? QObject::tr("all") : text(thousands(it->get<std::int64_t>()));
  if (key == "k" && it->is_string())
    return text(it->get<std::string>()).replace(QLatin1Char('%'), QStringLiteral(" %"));
  if (key == "steps" && *it == 0) return QObject::tr("by tolerance");
  if (key == "foil" && *it == "") return QObject::tr("highest other class");
  return one_line(it->is_string() ? it->get<std::string>() : it->dump());
}

}  // namespace telltale::ui
