// From the values of a comparison to the document of comparison.hpp.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <thread>

#include "base/random.hpp"
#include "evaluation/calibration.hpp"
#include "evaluation/comparison_data.hpp"

namespace telltale {
namespace {

constexpr std::uint64_t post_stream = 0x706f7374;  // "post"
constexpr std::size_t shown_posts = 12, shown_words = 12;
using M = ContrastivityMetric;

Json interval(const Interval& i) { return {{"low", finite_or_null(i.low)}, {"high", finite_or_null(i.high)}, {"kind", name_of(i.kind)}}; }

Json difference(const Interval& i, bool low_better) {
  return {{"difference", finite_or_null(i.value)}, {"low", finite_or_null(i.low)}, {"high", finite_or_null(i.high)}, {"kind", name_of(i.kind)}, {"clear", clear_difference(i)}, {"verdict", verdict(i, low_better)}};
}

/// The first contrast's difference as keys of the row itself, all of them under "differences".
void add_differences(Json& row, const std::vector<Interval>& differences, bool low_better) {
  row["differences"] = Json::array();
  for (const Interval& d : differences) row["differences"].push_back(difference(d, low_better));
  const Json first = difference(differences.empty() ? Interval{} : differences[0], low_better);
  for (const char* key : {"difference", "low", "high", "clear", "verdict"}) row[key] = differences.empty() && std::string(key) != "clear" ? Json(nullptr) : first[key];
}

class Writer {
 public:
  Writer(const ComparisonData& data, std::stop_token stop, const ProgressFn& progress) : d_(data), stop_(std::move(stop)), progress_(progress) {
    bootstrap_.resamples = d_.options.resamples;
    bootstrap_.seed = d_.options.seed;
    threads_ = d_.options.compute.threads > 0 ? d_.options.compute.threads : std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
    for (const ComparedPost& post : d_.posts) gold_.push_back(post.document.label);
    for (std::size_t m = 0; m < d_.methods.size(); ++m) {
      const auto& in = d_.methods[m].in_loss;
      if (judge_ == d_.methods.size() && std::find(in.begin(), in.end(), true) == in.end()) judge_ = m;
    }
    if (judge_ == d_.methods.size()) judge_ = 0;
  }

  Json write() {
    Json doc;
    doc["protocol"] = protocol();
    doc["classes"] = d_.dataset.classes;
    doc["runs"] = runs();
    doc["contrasts"] = Json::array();
    for (const Contrast& c : d_.contrasts) doc["contrasts"].push_back({{"a", c.a}, {"b", c.b}, {"why", c.why}});
    doc["judged"] = d_.judged >= 0 ? Json(d_.judged) : Json(nullptr);
    add_accuracy(doc);
    add_calibration(doc);
    add_hide(doc);
    add_contrastivity(doc);
    add_references(doc);
    add_words(doc);
    add_posts(doc);
    add_seeds(doc);
    return doc;
  }

 private:
  void step(const std::string& what) const {
    if (stop_.stop_requested()) throw Cancelled{};
    if (progress_) progress_({0, 0, what});
  }
  std::function<bool()> stopped() const {
    return [this] { return stop_.stop_requested(); };
  }
  const std::string& class_name(int c) const { return d_.dataset.classes.at(static_cast<std::size_t>(c)); }

  Json protocol() const {
    Json by_class = Json::object(), rivals = Json::object(), methods = Json::array(), lengths = Json::array();
    for (std::size_t c = 0; c < d_.dataset.classes.size(); ++c) {
      by_class[d_.dataset.classes[c]] = std::count(gold_.begin(), gold_.end(), static_cast<int>(c));
      if (c < d_.rivals.size() && d_.rivals[c] >= 0) rivals[d_.dataset.classes[c]] = class_name(d_.rivals[c]);
    }
    for (const ComparedMethod& m : d_.methods)
      methods.push_back({{"method", m.options.method}, {"name", m.name}, {"in_loss", m.in_loss}, {"protocol", m.protocol}, {"stored", m.stored}, {"computed", m.computed}, {"class_cosine", m.cosine}});
    for (const ComparedRun& r : d_.runs) lengths.push_back(r.max_length);
    return {{"dataset", {{"id", d_.dataset.id}, {"name", d_.dataset.name}}},
            {"split", d_.options.split},
            {"posts", d_.posts.size()},
            {"posts_by_class", by_class},
            {"class_rule", "gold"},
            {"unit", "word"},
            {"sign", "positive"},
            {"top", d_.options.top},
            {"output", name_of(d_.options.explain.output)},
            {"shared", shared_from},
            {"telling", telling_from},
            {"words",
             "words of the pre-tokeniser, punctuation included, lower-cased by ICU (full mapping, root locale); lists hold words of at least 2 posts of the class; "
             "document counts of the training split as far as the model reads a post, one added"},
            {"stop_words", d_.options.stop_words.size()},
            {"methods", methods},
            {"judge", d_.methods.empty() ? Json(nullptr) : Json(d_.methods[judge_].options.method)},
            {"intervals", {{"kind", "BCa"}, {"level", bootstrap_.level}, {"resamples", bootstrap_.resamples}, {"seed", bootstrap_.seed}, {"resampled", "posts, within each gold class"},
                           {"each", "every interval stands for itself: none is corrected for the number of rows, and words gained and lost were chosen by their change"},
                           {"fallback", "percentile where BCa's correction is not defined; centred (percentiles about the value) where the resamples are off by more than they spread; constant where no resample differs"}}},
            {"rivals", rivals},
            {"rival_rule", "the class that gets most of the probability of the posts of a class, over all compared runs"},
            {"max_length", lengths},
            {"precision", name_of(d_.options.compute.precision)},
            {"compute", d_.compute},
            {"notes", d_.notes}};
  }

  Json runs() const {
    Json out = Json::array();
    for (std::size_t r = 0; r < d_.runs.size(); ++r) {
      const ComparedRun& run = d_.runs[r];
      Json in_loss = Json::array();
      for (const ComparedMethod& m : d_.methods)
        if (m.in_loss[r]) in_loss.push_back(m.options.method);
      const auto& s = run.record.settings;
      out.push_back({{"run", run.record.id},
                     {"name", run.record.name},
                     {"preset", run.record.preset},
                     {"from", run.record.from ? Json(*run.record.from) : Json(nullptr)},
                     {"control", run.control >= 0 ? Json(run.control) : Json(nullptr)},
                     {"added", run.added},
                     {"seed", s.is_object() && s.contains("seed") ? s["seed"] : Json(nullptr)},
                     {"fingerprint", run.record.fingerprint},
                     {"created", run.record.created},
                     {"in_loss", in_loss},
                     {"settings", s},
                     {"metrics", run.record.metrics}});
    }
    return out;
  }

  std::vector<int> predicted(std::size_t run) const {
    std::vector<int> out;
    for (const Prediction& p : d_.runs[run].predictions) out.push_back(p.predicted);
    return out;
  }
  std::vector<bool> right(const std::vector<Prediction>& predictions) const {
    std::vector<bool> out;
    for (std::size_t i = 0; i < gold_.size(); ++i) out.push_back(predictions[i].predicted == gold_[i]);
    return out;
  }

  void add_accuracy(Json& doc) {
    step("comparing accuracies");
    const std::size_t n = d_.runs.size(), contrasts = d_.contrasts.size();
    const int classes = static_cast<int>(d_.dataset.classes.size());
    std::vector<std::vector<int>> guesses;
    for (std::size_t r = 0; r < n; ++r) guesses.push_back(predicted(r));
    // [run] accuracy, [run] macro-F1, then the same of every contrast.
    const Figures figures = [&](Weights weights, std::span<double> out) {
      for (std::size_t r = 0; r < n; ++r) {
        double hits = 0, total = 0;
        for (std::size_t i = 0; i < gold_.size(); ++i) {
          total += weights[i];
          if (guesses[r][i] == gold_[i]) hits += weights[i];
        }
        out[r] = total > 0 ? hits / total : undefined;
        out[n + r] = macro_f1(gold_, guesses[r], classes, weights);
      }
      for (std::size_t c = 0; c < contrasts; ++c)
        for (const std::size_t part : {std::size_t{0}, std::size_t{1}})
          out[2 * n + part * contrasts + c] = out[part * n + static_cast<std::size_t>(d_.contrasts[c].b)] - out[part * n + static_cast<std::size_t>(d_.contrasts[c].a)];
    };
    const auto all = bootstrap(gold_.size(), {}, 2 * n + 2 * contrasts, figures, bootstrap_, threads_, stopped());
    Json out = {{"n", gold_.size()}, {"runs", Json::array()}, {"contrasts", Json::array()}, {"resampled", "posts"}};
    for (std::size_t r = 0; r < n; ++r) {
      const Interval &a = all[r], &f = all[n + r];
      accuracy_.push_back(a.value);
      macro_f1_.push_back(f.value);
      out["runs"].push_back({{"accuracy", finite_or_null(a.value)}, {"low", finite_or_null(a.low)}, {"high", finite_or_null(a.high)}, {"macro_f1", finite_or_null(f.value)}, {"macro_f1_low", finite_or_null(f.low)}, {"macro_f1_high", finite_or_null(f.high)}, {"kind", name_of(a.kind)}});
    }
    for (std::size_t c = 0; c < contrasts; ++c) {
      const McNemar m = mcnemar(right(d_.runs[static_cast<std::size_t>(d_.contrasts[c].a)].predictions), right(d_.runs[static_cast<std::size_t>(d_.contrasts[c].b)].predictions));
      const Json test = {{"both", m.both}, {"only_a", m.only_a}, {"only_b", m.only_b}, {"neither", m.neither}, {"p", m.p}};
      out["contrasts"].push_back({{"accuracy", difference(all[2 * n + c], false)}, {"macro_f1", difference(all[2 * n + contrasts + c], false)}, {"mcnemar", test}});
    }
    for (const char* key : {"difference", "low", "high", "clear", "verdict"}) out[key] = contrasts > 0 ? out["contrasts"][0]["accuracy"][key] : Json(nullptr);
    out["mcnemar"] = contrasts > 0 ? out["contrasts"][0]["mcnemar"] : Json(nullptr);
    doc["accuracy"] = out;
  }

  void add_calibration(Json& doc) const {
    Json out = Json::array();
    for (const ComparedRun& run : d_.runs) {
      const Calibration c = calibration(run.predictions, gold_, static_cast<int>(d_.dataset.classes.size()));
      Json bins = Json::array(), classes = Json::array();
      for (const auto& b : c.bins) bins.push_back({{"lower", b.lower}, {"upper", b.upper}, {"n", b.count}, {"confidence", finite_or_null(b.confidence)}, {"accuracy", finite_or_null(b.accuracy)}});
      for (std::size_t k = 0; k < c.classes.size(); ++k)
        classes.push_back({{"class", d_.dataset.classes[k]}, {"precision", finite_or_null(c.classes[k].precision)}, {"recall", finite_or_null(c.classes[k].recall)}, {"f1", finite_or_null(c.classes[k].f1)}, {"support", c.classes[k].support}});
      out.push_back({{"accuracy", finite_or_null(c.accuracy)}, {"macro_f1", finite_or_null(c.macro_f1)}, {"nll", finite_or_null(c.nll)}, {"ece", finite_or_null(c.ece)}, {"n", c.posts}, {"bins", bins}, {"classes", classes}, {"confusion", c.confusion}});
    }
    doc["calibration"] = {{"runs", out}};
  }

  void add_hide(Json& doc) const {
    step("hide test");
    Json rows = Json::array(), parted = Json::array();
    const auto accuracy = [&](std::size_t run, std::size_t condition) {
      const auto hits = right(d_.runs[run].hide.predictions[condition]);
      return gold_.empty() ? undefined : static_cast<double>(std::count(hits.begin(), hits.end(), true)) / static_cast<double>(gold_.size());
    };
    for (std::size_t c = 0; c < hide_conditions.size(); ++c) {
      const auto& condition = hide_conditions[c];
      Json row = {{"words", name_of(condition.kind)}, {"removal", condition.kind == HideKind::none ? Json(nullptr) : Json(name_of(condition.removal))},
                  {"accuracy", Json::array()}, {"intervals", Json::array()}, {"drop", Json::array()}, {"differences", Json::array()}};
      double share = 0;
      std::vector<std::vector<double>> hits;
      for (std::size_t r = 0; r < d_.runs.size(); ++r) {
        share += d_.runs[r].hide.hidden_share[c] / static_cast<double>(d_.runs.size());
        auto& h = hits.emplace_back();
        for (const bool hit : right(d_.runs[r].hide.predictions[c])) h.push_back(hit);
        row["accuracy"].push_back(finite_or_null(accuracy(r, c)));
        row["intervals"].push_back(interval(mean_interval(h, bootstrap_)));
        row["drop"].push_back(finite_or_null(accuracy(r, 0) - accuracy(r, c)));
      }
      row["hidden_share"] = share;
      for (const Contrast& x : d_.contrasts) row["differences"].push_back(difference(paired_difference(hits[static_cast<std::size_t>(x.a)], hits[static_cast<std::size_t>(x.b)], bootstrap_), false));
      rows.push_back(std::move(row));
    }
    std::string message;
    for (const ComparedRun& run : d_.runs) {
      Json of_run = Json::array();
      bool parts = false;
      for (const HideKind kind : {HideKind::shared, HideKind::telling}) {
        const Interval i = parting(run.hide, kind, gold_, bootstrap_);
        parts = parts || clear_difference(i);
        of_run.push_back({{"words", name_of(kind)}, {"difference", finite_or_null(i.value)}, {"low", finite_or_null(i.low)}, {"high", finite_or_null(i.high)}, {"kind", name_of(i.kind)}, {"parted", clear_difference(i)}});
      }
      if (parts) message += (message.empty() ? "" : ", ") + fmt::format("run {} ({})", run.record.id, run.record.name);
      parted.push_back(std::move(of_run));
    }
    doc["hide"] = {{"rows", rows}, {"parted", parted},
                   {"message", message.empty() ? Json(nullptr) : Json("Deleting words and putting [PAD] in their place do not cost the same accuracy in " + message + ": [PAD] is no absent word to it, and occlusion by [PAD] is no independent judge of it.")}};
  }

  ContrastivityInput input() const {
    ContrastivityInput in;
    in.classes = static_cast<int>(d_.dataset.classes.size());
    in.top = d_.options.top;
    in.labels = gold_;
    for (const ComparedPost& post : d_.posts) {
      auto& words = in.words.emplace_back(post.words);
      for (int& w : words)
        if (d_.stop[static_cast<std::size_t>(w)]) w = -1;
    }
    in.vocabulary = d_.vocabulary.size();
    in.train = d_.train;
    for (const Contrast& c : d_.contrasts) in.contrasts.emplace_back(c.a, c.b);
    return in;
  }

  Json row_of(const ContrastivityResult& result, const ComparedMethod& method, M metric, std::size_t pair) const {
    Json row = {{"metric", id_of(metric, d_.options.top)}, {"better", low_is_better(metric) ? "low" : "high"}, {"method", method.options.method},
                {"in_loss", std::find(method.in_loss.begin(), method.in_loss.end(), true) != method.in_loss.end()}, {"in_loss_runs", method.in_loss},
                {"values", Json::array()}, {"intervals", Json::array()}, {"n", result.posts[pair][static_cast<std::size_t>(metric)]}};
    for (std::size_t r = 0; r < d_.runs.size(); ++r) {
      row["values"].push_back(finite_or_null(result.value(r, metric, pair).value));
      row["intervals"].push_back(interval(result.value(r, metric, pair)));
    }
    std::vector<Interval> differences;
    for (std::size_t c = 0; c < d_.contrasts.size(); ++c) differences.push_back(result.difference(c, metric, pair));
    add_differences(row, differences, low_is_better(metric));
    return row;
  }

  void add_contrastivity(Json& doc) {
    doc["pairs"] = doc["means"] = doc["matrices"] = doc["lists"] = Json::array();
    auto in = input();
    for (const ComparedMethod& method : d_.methods) {
      step("resampling: " + method.name);
      in.attributors = method.scores;
      const auto result = contrastivity(in, bootstrap_, threads_, stopped());
      for (const M metric : all_contrastivity_metrics) {
        if (metric == M::class_cosine && !method.cosine) continue;
        for (std::size_t p = 0; p < result.pairs.size(); ++p) {
          Json row = row_of(result, method, metric, p);
          row["a"] = class_name(result.pairs[p].first);
          row["b"] = class_name(result.pairs[p].second);
          doc["pairs"].push_back(std::move(row));
        }
        doc["means"].push_back(row_of(result, method, metric, result.pairs.size()));
        if (metric == M::overlap || metric == M::weighted_overlap) doc["matrices"].push_back(matrix_of(result, method, metric));
        std::vector<double> means;
        for (std::size_t r = 0; r < d_.runs.size(); ++r) means.push_back(result.value(r, metric, result.pairs.size()).value);
        means_.push_back({id_of(metric, d_.options.top), method.options.method, means});
      }
      for (std::size_t r = 0; r < d_.runs.size(); ++r)
        for (std::size_t c = 0; c < d_.dataset.classes.size(); ++c) {
          Json words = Json::array();
          for (const auto& w : result.lists[r][c]) words.push_back({{"word", d_.vocabulary.word(w.word)}, {"share", w.share}, {"posts", w.posts}});
          doc["lists"].push_back({{"method", method.options.method}, {"run", r}, {"class", d_.dataset.classes[c]}, {"words", words}});
        }
    }
  }

  Json matrix_of(const ContrastivityResult& result, const ComparedMethod& method, M metric) const {
    const std::size_t classes = d_.dataset.classes.size();
    Json runs = Json::array();
    for (std::size_t r = 0; r < d_.runs.size(); ++r) {
      std::vector<std::vector<Json>> values(classes, std::vector<Json>(classes, nullptr));
      for (std::size_t p = 0; p < result.pairs.size(); ++p) {
        const auto a = static_cast<std::size_t>(result.pairs[p].first), b = static_cast<std::size_t>(result.pairs[p].second);
        values[a][b] = values[b][a] = finite_or_null(result.value(r, metric, p).value);
      }
      runs.push_back({{"values", values}, {"mean", finite_or_null(result.value(r, metric, result.pairs.size()).value)}});
    }
    return {{"metric", id_of(metric, d_.options.top)}, {"better", "low"}, {"method", method.options.method}, {"in_loss", std::find(method.in_loss.begin(), method.in_loss.end(), true) != method.in_loss.end()}, {"runs", runs}};
  }

  void add_references(Json& doc) const {
    step("resampling: references");
    auto in = input();
    in.contrasts.clear();
    in.attributors = {uniform_reference(in), bag_of_words_reference(in)};
    const auto result = contrastivity(in, bootstrap_, threads_, stopped());
    const std::pair<const char*, const char*> names[] = {{"uniform", "Uniform scores"}, {"bag-of-words", "Bag of words (log-odds of document counts, a class against the rest)"}};
    for (std::size_t a = 0; a < 2; ++a) {
      Json pairs = Json::array(), means = Json::array();
      for (const M metric : all_contrastivity_metrics)
        for (std::size_t p = 0; p <= result.pairs.size(); ++p) {
          const Interval& i = result.value(a, metric, p);
          Json row = {{"metric", id_of(metric, d_.options.top)}, {"value", finite_or_null(i.value)}, {"low", finite_or_null(i.low)}, {"high", finite_or_null(i.high)}, {"kind", name_of(i.kind)}};
          if (p < result.pairs.size()) {
            row["a"] = class_name(result.pairs[p].first);
            row["b"] = class_name(result.pairs[p].second);
          }
          (p < result.pairs.size() ? pairs : means).push_back(std::move(row));
        }
      doc["references"][names[a].first] = {{"name", names[a].second}, {"pairs", pairs}, {"means", means}};
    }
  }

  Json changes_json(const std::vector<WordChange>& changes) const {
    Json out = Json::array();
    for (const WordChange& c : changes) {
      Json values = Json::array();
      for (const double s : c.shares) values.push_back(finite_or_null(s));
      Json row = difference(c.difference, false);
      row.erase("verdict");
      row["word"] = d_.vocabulary.word(c.word);
      row["values"] = values;
      row["posts"] = c.posts;
      out.push_back(std::move(row));
    }
    return out;
  }

  void add_words(Json& doc) const {
    step("words gained and lost");
    Json all = Json::array(), lead = {{"gained", Json::array()}, {"lost", Json::array()}};
    auto in = input();
    for (std::size_t m = 0; m < d_.methods.size(); ++m) {
      in.attributors = d_.methods[m].scores;
      for (std::size_t c = 0; c < d_.contrasts.size(); ++c) {
        if (stop_.stop_requested()) throw Cancelled{};
        const auto changes = word_changes(in, in.contrasts[c], shown_words, bootstrap_, threads_);
        const Json row = {{"method", d_.methods[m].options.method}, {"contrast", c}, {"gained", changes_json(changes.gained)}, {"lost", changes_json(changes.lost)}};
        if (m == judge_ && static_cast<int>(c) == d_.judged) lead = row;
        all.push_back(row);
      }
    }
    lead["method"] = d_.methods.empty() ? Json(nullptr) : Json(d_.methods[judge_].options.method);
    lead["contrast"] = d_.judged >= 0 ? Json(d_.judged) : Json(nullptr);
    lead["all"] = all;
    doc["words"] = lead;
  }

  void add_posts(Json& doc) const {
    // Classes in turn, each class's posts in an order drawn by seed: nobody picks what is shown.
    std::vector<std::vector<std::size_t>> members(d_.dataset.classes.size());
    for (std::size_t i = 0; i < d_.posts.size(); ++i)
      if (d_.posts[i].words.size() >= 5) members[static_cast<std::size_t>(gold_[i])].push_back(i);
    for (std::size_t c = 0; c < members.size(); ++c) {
      Rng rng(d_.options.seed, mix_seed(post_stream, c));
      rng.shuffle(members[c]);
    }
    std::vector<std::size_t> chosen;
    for (std::size_t round = 0; round < shown_posts; ++round)
      for (const auto& of_class : members)
        if (round < of_class.size() && chosen.size() < shown_posts) chosen.push_back(of_class[round]);
    doc["posts"] = Json::array();
    if (d_.methods.empty()) return;
    const ComparedMethod& method = d_.methods[judge_];
    for (const std::size_t i : chosen) {
      const ComparedPost& post = d_.posts[i];
      Json words = Json::array(), spans = Json::array(), predicted = Json::array(), probability = Json::array();
      for (std::size_t w = 0; w < post.spans.size(); ++w) {
        Json scores = Json::array();
        for (std::size_t r = 0; r < d_.runs.size(); ++r) scores.push_back(finite_or_null(method.scores[r].gold[i][w]));
        words.push_back({{"begin", post.spans[w].begin}, {"end", post.spans[w].end}, {"scores", scores}});
      }
      for (const MarkedSpan& s : post.document.spans) spans.push_back({{"begin", s.begin}, {"end", s.end}, {"kind", s.kind}});
      for (const ComparedRun& run : d_.runs) {
        predicted.push_back(class_name(run.predictions[i].predicted));
        probability.push_back(finite_or_null(run.predictions[i].probabilities[static_cast<std::size_t>(gold_[i])]));
      }
      doc["posts"].push_back({{"doc", post.document.id}, {"id", post.document.external_id}, {"class", class_name(gold_[i])}, {"predicted", predicted}, {"probability", probability},
                              {"text", post.document.text}, {"cut", post.cut >= 0 ? Json(post.cut) : Json(nullptr)}, {"method", method.options.method},
                              {"contrast", d_.judged >= 0 ? Json(d_.judged) : Json(nullptr)}, {"words", words}, {"spans", spans}});
    }
  }

  void add_seeds(Json& doc) const {
    std::map<std::string, std::vector<std::size_t>> groups;
    for (std::size_t r = 0; r < d_.runs.size(); ++r) {
      Json settings = d_.runs[r].record.settings;
      if (!settings.is_object() || !settings.contains("seed")) continue;
      settings.erase("seed");
      settings.erase("derived");
      groups[d_.runs[r].record.preset + settings.dump(-1, ' ', false, Json::error_handler_t::replace)].push_back(r);
    }
    doc["seeds"] = Json::array();
    for (const auto& [key, members] : groups) {
      if (members.size() < 2) continue;
      Json rows = Json::array(), seeds = Json::array();
      const auto add = [&](const std::string& metric, const Json& method, const std::vector<double>& all) {
        std::vector<double> values;
        Json shown = Json::array();
        for (const std::size_t r : members) {
          values.push_back(all[r]);
          shown.push_back(finite_or_null(all[r]));
        }
        const Interval i = student_interval(values);
        rows.push_back({{"metric", metric}, {"method", method}, {"values", shown}, {"mean", finite_or_null(i.value)}, {"low", finite_or_null(i.low)}, {"high", finite_or_null(i.high)}});
      };
      add("accuracy", nullptr, accuracy_);
      add("macro-f1", nullptr, macro_f1_);
      for (const auto& m : means_) add(m.metric, m.method, m.values);
      for (const std::size_t r : members) seeds.push_back(d_.runs[r].record.settings["seed"]);
      doc["seeds"].push_back({{"preset", d_.runs[members[0]].record.preset}, {"runs", members}, {"seeds", seeds}, {"rows", rows}});
    }
  }

  struct Mean {
    std::string metric, method;
    std::vector<double> values;
  };
  const ComparisonData& d_;
  std::stop_token stop_;
  const ProgressFn& progress_;
  BootstrapOptions bootstrap_;
  int threads_ = 1;
  std::size_t judge_ = d_.methods.size();
  std::vector<int> gold_;
  std::vector<double> accuracy_, macro_f1_;
  std::vector<Mean> means_;
};

}  // namespace

Json document_of(const ComparisonData& data, std::stop_token stop, const ProgressFn& progress) { return Writer(data, std::move(stop), progress).write(); }

}  // namespace telltale
