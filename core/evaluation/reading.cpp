#include "evaluation/reading.hpp"

#include <algorithm>
#include <cmath>

#include "attribution/explain.hpp"
#include "evaluation/agreement.hpp"
#include "evaluation/comparison_data.hpp"
#include "store/marks.hpp"

namespace telltale {
namespace {

double number_in(const Json& row, const char* key) {
  const auto it = row.find(key);
  return it != row.end() && it->is_number() ? it->get<double>() : undefined;
}

Interval::Kind kind_in(const Json& row) {
  for (const auto kind :
       {Interval::Kind::constant, Interval::Kind::percentile, Interval::Kind::bca, Interval::Kind::centred, Interval::Kind::student})
    if (row.value("kind", "") == name_of(kind)) return kind;
  return Interval::Kind::none;
}

void read_sample(Store& store, const RunRecord& run, const EvaluationOptions& o, EvaluationReading& out) {
  const PostTable table = store.post_table(run.dataset);
  std::vector<const PostTable::Row*> rows;
  std::vector<int> labels;
  for (const auto& row : table.rows)
    if (table.splits.at(static_cast<std::size_t>(row.split)) == o.split)
      rows.push_back(&row), labels.push_back(row.label);
  out.sample_of = rows.size();
  for (const std::size_t i : stratified_sample(labels, o.limit, o.judge.seed)) {
    out.documents.push_back(rows[i]->id);
    out.labels.push_back(rows[i]->label);
    out.bytes.push_back(rows[i]->bytes);
  }
  for (auto* list : {&out.targets, &out.foils, &out.predicted}) list->assign(out.documents.size(), -1);
}

/// Mean curve: at every place the mean over posts.
std::vector<Interval> mean_curve(const std::vector<MeasureValue>& values,
                                 const std::map<std::int64_t, std::size_t>& index) {
  std::vector<std::vector<double>> at;
  for (const MeasureValue& v : values) {
    if (v.curve.empty() || !index.contains(v.document)) continue;
    if (at.empty()) at.resize(v.curve.size());
    if (v.curve.size() != at.size()) continue;
    for (std::size_t i = 0; i < at.size(); ++i) at[i].push_back(static_cast<double>(v.curve[i]));
  }
  std::vector<Interval> out;
  for (const auto& points : at) out.push_back(student_interval(points));
  return out;
}

std::optional<EvaluatedCell> pair_cell(Store& store, const std::string& fingerprint, const Json& protocol,
                                       std::size_t posts) {
  const auto measure = store.find_measure(fingerprint, protocol);
  const auto row = measure ? store.measure_result(*measure) : std::nullopt;
  if (!row || !row->is_object()) return std::nullopt;
  EvaluatedCell cell;
  cell.mean = {number_in(*row, "mean"), number_in(*row, "low"), number_in(*row, "high"), kind_in(*row)};
  cell.n = row->value("n", std::int64_t{0});
  cell.done = posts;
  cell.pairs = row->value("pairs", Json::array());
  return cell;
}

}  // namespace

const EvaluatedCell* EvaluationReading::cell(const std::string& method, const std::string& metric) const {
  const auto it = cells.find({method, metric});
  return it == cells.end() ? nullptr : &it->second;
}

Json settings_for_run(Store& store, std::int64_t run, const EvaluationOptions& options, int model_max_length,
                      Precision judged_in) {
  EvaluationOptions o = options;
  const RunRecord record = store.run(run);
  if (o.max_length == 0) o.max_length = trained_length(record);
  if (o.max_length == 0) o.max_length = model_max_length;
  o.marks = ChosenMarks(store, record.dataset, o.annotator).digest();
  return settings_json(o, store.dataset(record.dataset).name, judged_in);
}

bool by_construction(const std::string& method, const std::string& metric) {
  return method == "occlusion" && metric == "tau-loo";
}

EvaluationReading read_evaluation(Store& store, std::int64_t id, const Json& settings,
                                  const std::vector<std::string>& methods, const std::vector<std::string>& metrics,
                                  std::stop_token stop, const EvaluationReading* before) {
  const RunRecord run = store.run(id);
  const EvaluationOptions o = settings_from(settings);
  const BootstrapOptions bootstrap{o.resamples, o.judge.seed};
  EvaluationReading out;
  out.run = id;
  out.settings = settings;
  out.classes = store.dataset(run.dataset).classes;
  read_sample(store, run, o, out);
  if (before && (before->run != id || before->settings != settings || before->documents != out.documents))
    before = nullptr;
  std::map<std::int64_t, std::size_t> index;
  for (std::size_t i = 0; i < out.documents.size(); ++i) index[out.documents[i]] = i;
  for (const auto& metric : metrics) {
    const bool of_posts = metric_info(metric).level == "post", low = metric_info(metric).better == "low",
               curves = metric == "deletion-auc" || metric == "insertion-auc";
    bool changed = false;
    for (const auto& method : methods) {
      if (stop.stop_requested()) throw Cancelled{};
      const Json protocol = measure_protocol(settings, o, method, metric);
      if (!of_posts) {
        if (auto cell = pair_cell(store, run.fingerprint, protocol, out.documents.size()))
          out.cells[{method, metric}] = std::move(*cell), changed = true;
        continue;
      }
      const auto measure = store.find_measure(run.fingerprint, protocol);
      if (!measure) continue;
      EvaluatedCell cell;
      cell.values.assign(out.documents.size(), undefined);
      const auto values = store.measure_values(*measure, curves);
      for (const MeasureValue& v : values) {
        const auto at = index.find(v.document);
        if (at == index.end()) continue;
        cell.values[at->second] = v.value;
        ++cell.done;
        cell.n += !std::isnan(v.value);
        out.targets[at->second] = v.target, out.foils[at->second] = v.foil, out.predicted[at->second] = v.predicted;
      }
      if (cell.done == 0) continue;
      const EvaluatedCell* same = before ? before->cell(method, metric) : nullptr;
      if (same && same->done == cell.done) {
        cell = *same;
      } else {
        changed = true;
        cell.mean = mean_interval(cell.values, bootstrap);
        if (curves) cell.curve = mean_curve(values, index);
      }
      out.cells[{method, metric}] = std::move(cell);
    }
    if (!changed || metric_info(metric).better.empty()) continue;
    // The control is no candidate, nor what is the metric itself. Only methods that judged the same posts are ranked.
    std::vector<EvaluatedCell*> ranked;
    std::size_t most = 0;
    for (const auto& method : methods)
      if (const auto it = out.cells.find({method, metric}); it != out.cells.end() && method != random_method && !by_construction(method, metric))
        most = std::max(most, it->second.done);
    for (const auto& method : methods)
      if (const auto it = out.cells.find({method, metric}); it != out.cells.end()) {
        it->second.standing = Standing::plain;
        if (method != random_method && !by_construction(method, metric) && it->second.done == most) ranked.push_back(&it->second);
      }
    std::vector<std::vector<double>> values;
    std::vector<Interval> intervals;
    for (const auto* cell : ranked) values.push_back(cell->values), intervals.push_back(cell->mean);
    const auto placed = of_posts ? standings(values, low, bootstrap) : standings(intervals, low);
    for (std::size_t i = 0; i < ranked.size(); ++i) ranked[i]->standing = placed[i];
  }
  for (std::size_t i = 0; i < out.documents.size(); ++i) {
    out.judged += out.targets[i] >= 0;
    out.left_out += out.targets[i] >= 0 && out.targets[i] == out.foils[i];
  }
  return out;
}

MethodAgreement read_agreement(Store& store, const EvaluationReading& reading, const std::vector<std::string>& methods,
                               const std::string& measure, std::stop_token stop) {
  const EvaluationOptions o = settings_from(reading.settings);
  const std::string fingerprint = store.run(reading.run).fingerprint;
  const std::size_t n = methods.size();
  std::vector<std::vector<std::vector<double>>> found(n, std::vector<std::vector<double>>(n));
  for (std::size_t i = 0; i < reading.documents.size(); ++i) {
    if (stop.stop_requested()) throw Cancelled{};
    const int target = reading.targets[i], foil = reading.foils[i];
    if (target < 0 || target == foil) continue;
    std::vector<std::vector<double>> scores(n);
    std::size_t words = 0;
    for (std::size_t m = 0; m < n; ++m) {
      if (methods[m] == random_method) continue;
      ExplainOptions options = explain_options(o, methods[m]);
      std::optional<ExplanationRecord> e;
      const auto look = [&](Precision precision) {
        options.precision = precision;
        if (!e)
          e = store.find_explanation(fingerprint, reading.documents[i], protocol_of(options), target,
                                     options.output == Output::difference ? foil : -1);
      };
      if (options.precision == Precision::automatic)
        look(Precision::fp32), look(Precision::bf16);
      else
        look(options.precision);
      if (!e) continue;
      if (o.unit == Unit::word) {
        scores[m] = e->word_scores;
      } else {
        for (std::size_t t = 0; t < e->ids.size(); ++t)
          if (e->offsets[t].begin >= 0) scores[m].push_back(e->scores[t]);
      }
      words = scores[m].size();
    }
    for (std::size_t m = 0; m < n; ++m)
      if (methods[m] == random_method && words)
        scores[m] =
            random_scores(words, random_seed(o.judge.seed, target), static_cast<std::uint64_t>(reading.documents[i]));
    for (std::size_t a = 0; a < n; ++a)
      for (std::size_t b = a + 1; b < n; ++b)
        if (!scores[a].empty() && scores[a].size() == scores[b].size())
          if (const double v = agreement(measure, scores[a], scores[b], o.judge.k, o.judge.absolute); !std::isnan(v))
            found[a][b].push_back(v);
  }
  MethodAgreement out{methods, std::vector<std::vector<Interval>>(n, std::vector<Interval>(n)),
                      std::vector<std::vector<std::int64_t>>(n, std::vector<std::int64_t>(n, 0))};
  for (std::size_t a = 0; a < n; ++a) {
    out.values[a][a] = {1, 1, 1, Interval::Kind::constant};
    for (std::size_t b = a + 1; b < n; ++b) {
      out.values[a][b] = out.values[b][a] = student_interval(found[a][b]);
      out.n[a][b] = out.n[b][a] = static_cast<std::int64_t>(found[a][b].size());
    }
  }
  return out;
}

}  // namespace telltale
