#include "evaluation/evaluation.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <stdexcept>
#include <thread>
#include <tuple>

#include "attribution/explain.hpp"
#include "attribution/removal.hpp"
#include "base/random.hpp"
#include "evaluation/comparison_data.hpp"
#include "evaluation/contrastivity.hpp"
#include "evaluation/explained.hpp"
#include "evaluation/protocol.hpp"
#include "objective/nearby.hpp"
#include "store/marks.hpp"

namespace telltale {
namespace {

Json number(double v) { return std::isfinite(v) ? Json(v) : Json(nullptr); }

const ContrastivityMetric* pair_metric(const std::string& id) {
  const std::string base = metric_info(id).id;
  for (const auto& m : all_contrastivity_metrics) {
    std::string name = id_of(m, 1);
    if (const auto at = name.find('@'); at != name.npos) name = name.substr(0, at) + "@k";
    if (name == base) return &m;
  }
  return nullptr;
}

constexpr std::size_t chunk_posts = 32;  // judged and stored together: enough to pack by length, little to lose

/// The points of a curve at 0, 1/(points − 1), …, 1, by linear interpolation.
std::vector<float> resampled(const std::vector<double>& p, std::size_t points) {
  std::vector<float> out;
  if (p.size() < 2) return out;
  for (std::size_t i = 0; i < points; ++i) {
    const double at = static_cast<double>(i) / static_cast<double>(points - 1) * static_cast<double>(p.size() - 1);
    const auto left = std::min(static_cast<std::size_t>(at), p.size() - 2);
    out.push_back(static_cast<float>(p[left] + (at - static_cast<double>(left)) * (p[left + 1] - p[left])));
  }
  return out;
}

class Evaluation {
 public:
  Evaluation(const Classifier& model, const std::vector<EvaluationPost>& posts, const EvaluationOptions& options,
             std::stop_token stop, const ProgressFn& progress, Store* store, std::optional<std::int64_t> run)
      : model_(model),
        posts_(posts),
        o_(options),
        stop_(std::move(stop)),
        progress_(progress),
        store_(store),
        run_(run) {
    o_.max_length = model_.max_length(o_.max_length);
    o_.judge.output = o_.explain.output;
    bootstrap_.resamples = o_.resamples;
    bootstrap_.seed = o_.judge.seed;
    judge_ = o_.judge;
    check();
    settings_ = settings_json(o_, store_ && run_ ? store_->dataset(store_->run(*run_).dataset).name : std::string(),
                              model_.prediction_precision());
  }

  Json run() {
    if (store_ && run_) store_->add_evaluation(model_.fingerprint(), settings_);
    encode();
    if (!post_metrics_.empty()) judge_posts();
    if (!pair_metrics_.empty()) judge_pairs();
    Json rows = Json::array();
    for (const auto& method : o_.methods)  // in the order asked, whatever was computed first
      for (const auto& metric : o_.metrics) rows.push_back(rows_.at({method, metric}));
    Json out = {{"protocol", protocol()},
                {"rows", rows},
                {"work",
                 {{"values", {{"stored", values_stored_}, {"computed", values_computed_}}},
                  {"explanations", {{"stored", explanations_stored_}, {"computed", explanations_computed_}}}}}};
    if (o_.per_post) out["posts"] = per_post_;
    return out;
  }

 private:
  void check() {
    if (o_.methods.empty()) throw std::invalid_argument("methods: expected at least one");
    if (o_.metrics.empty()) throw std::invalid_argument("metrics: expected at least one");
    if (o_.resamples < 100 || o_.resamples > 1000000)
      throw std::invalid_argument(fmt::format("resamples: expected 100 to 1000000, got {}", o_.resamples));
    if (posts_.empty()) throw std::invalid_argument("no post to evaluate on");
    std::set<std::string> seen;
    for (const auto& m : o_.methods) {
      if (!seen.insert(m).second) throw std::invalid_argument(fmt::format("method '{}' is given twice", m));
      if (m != random_method) try {
          method_info(m);
        } catch (const std::invalid_argument& e) {
          throw std::invalid_argument(fmt::format("{}, {}", e.what(), random_method));
        }
    }
    seen.clear();
    for (const auto& id : o_.metrics) {
      const MetricInfo& info = metric_info(id);
      if (!seen.insert(id).second) throw std::invalid_argument(fmt::format("metric '{}' is given twice", id));
      if (info.level == "post") {
        if (info.needs.starts_with("training posts") && !keeps())
          throw std::invalid_argument(fmt::format(
              "metric '{}' resamples words from the training posts: it works with a run of a file, not with --model",
              id));
        resampling_ = resampling_ || info.needs.starts_with("training posts");
        if (info.needs == "runs of other seeds" && (!keeps() || o_.peers.empty()))
          throw std::invalid_argument(
              fmt::format("metric '{}' compares runs of different seeds: name the others (--seeds)", id));
        consistency_ = consistency_ || info.needs == "runs of other seeds";
        nearby_ = nearby_ || info.needs == "explanations near by";
        post_metrics_.push_back(id);
        continue;
      }
      if (o_.unit != Unit::word)
        throw std::invalid_argument(fmt::format("metric '{}' compares words: it needs unit word", id));
      if (info.needs == "training posts" && !run_)
        throw std::invalid_argument(
            fmt::format("metric '{}' needs the training posts: it works with a run of a file, not with --model", id));
      words_compared(o_, id);
      pair_metrics_.push_back(id);
    }
    if (!o_.foil.empty()) {
      if (o_.explain.output != Output::difference)
        throw std::invalid_argument("a foil is used with output difference only");
      foil_ = model_.class_index(o_.foil);
      o_.foil = model_.labels()[static_cast<std::size_t>(foil_)];  // one name for it, however it was given
    }
    if (o_.explain.output == Output::difference && model_.labels().size() < 2)
      throw std::invalid_argument("output difference needs two classes, this model has one");
    if (o_.gold && std::all_of(posts_.begin(), posts_.end(), [](const EvaluationPost& p) { return p.label < 0; }))
      throw std::invalid_argument("class gold: no post has a known class");
  }

  void encode() {
    for (const EvaluationPost& post : posts_) {
      if (stop_.stop_requested()) throw Cancelled{};
      try {
        encodings_.push_back(model_.tokenizer().encode(post.text, o_.max_length));
      } catch (const std::runtime_error& e) {
        throw std::runtime_error(fmt::format("post {}: {}", post.id.dump(), e.what()));
      }
    }
    predictions_.resize(posts_.size());
  }

  /// Those of these posts that are not known yet.
  void predict(const std::vector<std::size_t>& posts) {
    std::vector<std::size_t> missing;
    std::vector<Encoding> texts;
    for (const std::size_t i : posts)
      if (predictions_[i].logits.empty()) missing.push_back(i), texts.push_back(encodings_[i]);
    if (missing.empty()) return;
    auto answers = model_.predict(texts, stop_);
    for (std::size_t k = 0; k < missing.size(); ++k) predictions_[missing[k]] = std::move(answers[k]);
  }

  int foil_of(std::size_t post, int target) const {
    if (o_.explain.output != Output::difference) return -1;
    if (foil_ >= 0) return foil_;
    const auto& z = predictions_[post].logits;
    int best = -1;
    for (int c = 0; c < static_cast<int>(z.size()); ++c)
      if (c != target && (best < 0 || z[static_cast<std::size_t>(c)] > z[static_cast<std::size_t>(best)])) best = c;
    return best;
  }

  /// Posts, by index, that are explained, each with its class and foil.
  struct Asked {
    std::size_t post;
    int target, foil;
  };

  std::uint64_t key_of(std::size_t post) const {
    return posts_[post].document > 0 ? static_cast<std::uint64_t>(posts_[post].document) : post + 1;
  }

  /// A run of another seed.
  struct Peer {
    std::int64_t run = 0;
    std::shared_ptr<const Classifier> model;
  };

  std::vector<Scored> scores_of(const std::string& method, const std::vector<Asked>& asked, Unit unit,
                                const ProgressFn& progress, const Peer* peer = nullptr) {
    std::vector<Scored> out;
    if (method == random_method) {
      const auto specials = model_.tokenizer().specials();
      for (const Asked& a : asked) {
        Scored s{a.target, a.foil, {}, {}, 0, 0, undefined};
        const Encoding& e = encodings_[a.post];
        const std::uint64_t seed = random_seed(o_.judge.seed, a.target) + (peer ? mix_seed(static_cast<std::uint64_t>(peer->run)) : 0);
        s.word_scores = random_scores(e.words.size(), seed, key_of(a.post));
        s.scores = random_scores(e.ids.size(), seed, key_of(a.post));
        for (std::size_t t = 0; t < e.ids.size(); ++t)
          if (specials.special(e.ids[t])) s.scores[t] = 0;
        out.push_back(std::move(s));
      }
      return out;
    }
    std::vector<ExplainRequest> requests;
    for (const Asked& a : asked) requests.push_back({posts_[a.post].document, &encodings_[a.post], a.target, a.foil});
    ExplainOptions options = explain_options(o_, method);
    options.unit = unit;
    auto got = explained(store_, peer ? std::optional(peer->run) : run_, peer ? *peer->model : model_, requests, options, stop_,
                         progress, "explaining: " + method_info(method).name);
    explanations_stored_ += got.stored, explanations_computed_ += got.computed;
    return std::move(got.posts);
  }

  // ---- metrics of posts

  /// What is known of a post: its class and foil, and of each method and metric whether there is a value.
  struct Known {
    int target = -1, foil = -1, predicted = -1;
    bool decided = false, left_out = false;
  };

  std::size_t cell(std::size_t method, std::size_t metric) const { return method * post_metrics_.size() + metric; }

  void look_up() {
    const std::size_t cells = o_.methods.size() * post_metrics_.size();
    values_.assign(cells, std::vector<double>(posts_.size(), undefined));
    have_.assign(cells, std::vector<bool>(posts_.size(), false));
    measures_.assign(cells, 0);
    known_.resize(posts_.size());
    for (std::size_t i = 0; i < posts_.size(); ++i)
      if (o_.gold && posts_[i].label < 0) known_[i].decided = known_[i].left_out = true;
    if (!keeps()) return;
    std::map<std::int64_t, std::size_t> index;
    for (std::size_t i = 0; i < posts_.size(); ++i) index[posts_[i].document] = i;
    for (std::size_t m = 0; m < o_.methods.size(); ++m)
      for (std::size_t k = 0; k < post_metrics_.size(); ++k) {
        if (stop_.stop_requested()) throw Cancelled{};
        const auto id = store_->find_measure(model_.fingerprint(),
                                             measure_protocol(settings_, o_, o_.methods[m], post_metrics_[k]));
        if (!id) continue;
        measures_[cell(m, k)] = *id;
        for (const MeasureValue& v : store_->measure_values(*id)) {
          const auto at = index.find(v.document);
          if (at == index.end()) continue;
          Known& post = known_[at->second];
          post = {v.target, v.foil, v.predicted, true, v.target == v.foil};
          values_[cell(m, k)][at->second] = v.value;
          have_[cell(m, k)][at->second] = true;
          ++values_stored_;
        }
      }
  }

  bool keeps() const { return store_ && run_; }

  void judge_posts() {
    const SpecialIds specials = model_.tokenizer().specials();
    std::vector<JudgedPost> judged;
    for (std::size_t i = 0; i < posts_.size(); ++i) {
      JudgedPost post{encodings_[i], parts_of(encodings_[i], specials, o_.unit), {}, key_of(i)};
      const auto& spans = posts_[i].spans;
      if (!spans.empty())
        for (const Part& part : post.parts)
          post.marked.push_back(std::any_of(spans.begin(), spans.end(), [&](const MarkedSpan& s) {
            return s.kind == "telling" && s.begin < part.span.end && part.span.begin < s.end;
          }));
      judged.push_back(std::move(post));
    }
    if (judge_.rationale_k == 0) judge_.rationale_k = average_marked(judged);
    look_up();
    std::vector<std::size_t> missing;
    for (std::size_t i = 0; i < posts_.size(); ++i)
      if (!known_[i].left_out &&
          std::any_of(have_.begin(), have_.end(), [&](const auto& of_cell) { return !of_cell[i]; }))
        missing.push_back(i);
    // By lot, so that what is there after a stop is a sample of the sample.
    const auto lot = [&](std::size_t i) { return mix_seed(o_.judge.seed, key_of(i)); };
    std::sort(missing.begin(), missing.end(),
              [&](std::size_t a, std::size_t b) { return std::pair(lot(a), a) < std::pair(lot(b), b); });
    if (keeps() && !missing.empty())
      for (std::size_t m = 0; m < o_.methods.size(); ++m)
        for (std::size_t k = 0; k < post_metrics_.size(); ++k)
          if (!measures_[cell(m, k)])
            measures_[cell(m, k)] = store_->add_measure(
                model_.fingerprint(), measure_protocol(settings_, o_, o_.methods[m], post_metrics_[k]));
    if (!missing.empty()) gather();
    for (std::size_t begin = 0; begin < missing.size(); begin += chunk_posts) {
      const auto end = std::min(missing.size(), begin + chunk_posts);
      judge_chunk(
          {missing.begin() + static_cast<std::ptrdiff_t>(begin), missing.begin() + static_cast<std::ptrdiff_t>(end)},
          judged, begin, missing.size());
      if (progress_) progress_({static_cast<double>(end), static_cast<double>(missing.size()), "judging explanations"});
    }
    note_left_out();
    std::vector<std::size_t> asked;
    for (std::size_t i = 0; i < posts_.size(); ++i)
      if (!known_[i].left_out) asked.push_back(i);
    if (asked.empty()) throw std::invalid_argument("no post is left to evaluate on: every explained class is the foil");
    for (std::size_t m = 0; m < o_.methods.size(); ++m)
      for (std::size_t k = 0; k < post_metrics_.size(); ++k) {
        std::vector<double> of_posts;
        for (const std::size_t i : asked) of_posts.push_back(values_[cell(m, k)][i]);
        const auto n = std::count_if(of_posts.begin(), of_posts.end(), [](double v) { return !std::isnan(v); });
        rows_[{o_.methods[m], post_metrics_[k]}] =
            row(o_.methods[m], post_metrics_[k], mean_interval(of_posts, bootstrap_), n);
        if (o_.per_post)
          for (std::size_t p = 0; p < of_posts.size(); ++p)
            per_post_.push_back({{"id", posts_[asked[p]].id},
                                 {"method", o_.methods[m]},
                                 {"metric", post_metrics_[k]},
                                 {"value", number(of_posts[p])}});
      }
  }

  /// What some metrics need beside the model: words of the training posts, models of other seeds.
  void gather() {
    if (resampling_) {
      const auto unigrams = std::make_shared<Unigrams>();
      Store::DocumentFilter filter;
      filter.dataset = store_->run(*run_).dataset;
      filter.split = "train";
      store_->each_document(filter, [&](Document&& d) {
        if (stop_.stop_requested()) throw Cancelled{};
        unigrams->add(model_.tokenizer().encode(d.text, o_.max_length), model_.tokenizer().specials(), o_.unit == Unit::piece);
      });
      judge_.unigrams = unigrams;
    }
    if (nearby_) radius_ = judge_.stability_radius * word_embedding_unit(model_, stop_);
    if (consistency_)
      for (const std::int64_t peer : o_.peers)
        peers_.push_back({peer, Classifier::load(store_->folder() / store_->run(peer).folder, o_.compute)});
  }

  /// The method's scores of texts near by; the draws are the same for every method.
  std::vector<NearScores> near_by(const std::string& method, const Asked& asked, const JudgedPost& post) {
    ExplainOptions options = explain_options(o_, method);
    const NearbyOptions nearby{judge_.stability_samples, radius_, mix_seed(o_.judge.seed, post.key)};
    std::vector<NearScores> out;
    for (const auto& near : explain_nearby(model_, {encodings_[asked.post], asked.target, asked.foil}, options, nearby, stop_)) {
      NearScores one{near.explanation.word_scores, near.distance};
      if (o_.unit == Unit::piece) {
        one.scores.clear();
        for (const Part& part : post.parts)
          one.scores.push_back(near.explanation.scores.at(static_cast<std::size_t>(part.positions.front())));
      }
      out.push_back(std::move(one));
    }
    return out;
  }

  void note_left_out() {
    std::size_t unlabelled = 0, own_foil = 0;
    for (std::size_t i = 0; i < posts_.size(); ++i)
      if (known_[i].left_out) ++(o_.gold && posts_[i].label < 0 ? unlabelled : own_foil);
    if (unlabelled > 0) notes_.push_back(fmt::format("{} posts without a class are left out.", unlabelled));
    if (own_foil > 0)
      notes_.push_back(fmt::format("{} posts whose explained class is the foil are left out.", own_foil));
  }

  /// Predicts, explains, judges and stores some posts. `before` of `total` posts were done before.
  void judge_chunk(const std::vector<std::size_t>& chunk, const std::vector<JudgedPost>& judged, std::size_t before,
                   std::size_t total) {
    if (stop_.stop_requested()) throw Cancelled{};
    std::vector<std::size_t> undecided;
    for (const std::size_t i : chunk)
      if (!known_[i].decided) undecided.push_back(i);
    predict(undecided);
    std::vector<Asked> asked;
    for (const std::size_t i : chunk) {
      Known& post = known_[i];
      if (!post.decided) {
        post.predicted = predictions_[i].predicted;
        post.target = o_.gold ? posts_[i].label : post.predicted;
        post.foil = foil_of(i, post.target);
        post.decided = true;
        post.left_out = post.foil == post.target;
      }
      if (!post.left_out) asked.push_back({i, post.target, post.foil});
    }
    const auto wanted = [&](std::size_t m, std::size_t k, std::size_t p) { return !have_[cell(m, k)][asked[p].post]; };
    std::vector<JudgedPost> posts;
    for (const Asked& a : asked) posts.push_back(judged[a.post]);
    std::vector<std::vector<JudgedScores>> sets;
    for (std::size_t m = 0; m < o_.methods.size(); ++m) {
      // Posts that lack a value of this method; the others get scores that nobody reads.
      std::vector<Asked> lacking;
      std::vector<std::size_t> places;
      for (std::size_t p = 0; p < asked.size(); ++p)
        for (std::size_t k = 0; k < post_metrics_.size(); ++k)
          if (wanted(m, k, p)) {
            lacking.push_back(asked[p]), places.push_back(p);
            break;
          }
      // How far this chunk is: a share for every method, and one for the judging.
      const ProgressFn inside = [&](const Progress& q) {
        const double done = (static_cast<double>(m) + (q.total > 0 ? q.done / q.total : 0)) /
                            (static_cast<double>(o_.methods.size()) + 1);
        if (progress_)
          progress_({static_cast<double>(before) + done * static_cast<double>(chunk.size()), static_cast<double>(total),
                     q.what});
      };
      const auto scores = lacking.empty() ? std::vector<Scored>() : scores_of(o_.methods[m], lacking, o_.unit, inside);
      std::vector<std::vector<Scored>> of_peers;
      if (!lacking.empty())
        for (const Peer& peer : peers_) of_peers.push_back(scores_of(o_.methods[m], lacking, o_.unit, inside, &peer));
      auto& set = sets.emplace_back();
      for (const JudgedPost& post : posts)
        set.push_back({0, -1, std::vector<double>(post.parts.size(), 0.0), undefined});
      for (std::size_t i = 0; i < lacking.size(); ++i) {
        JudgedScores s{lacking[i].target, lacking[i].foil, {}, scores[i].relative_delta};
        const auto of_parts = [&](const Scored& scored) {
          if (o_.unit == Unit::word) return scored.word_scores;
          std::vector<double> out;
          for (const Part& part : posts[places[i]].parts)
            out.push_back(scored.scores.at(static_cast<std::size_t>(part.positions.front())));
          return out;
        };
        s.scores = of_parts(scores[i]);
        for (const auto& peer : of_peers) s.peers.push_back(of_parts(peer[i]));
        if (nearby_ && o_.methods[m] != random_method) s.near = near_by(o_.methods[m], lacking[i], posts[places[i]]);
        set[places[i]] = std::move(s);
      }
    }
    const Baseline baseline = o_.explain.baseline;
    const SpecialIds specials = model_.tokenizer().specials();
    const Probe probe{[&](const std::vector<ModelInput>& inputs) { return model_.predict(inputs, stop_); },
                      [&](const Encoding& text, const std::vector<int>& hidden, Removal rule) {
                        return without(text, hidden, rule, specials, baseline);
                      }};
    std::map<std::tuple<std::size_t, std::size_t, std::size_t>, std::vector<float>> curves;
    JudgeExtras extras{wanted, [&](std::size_t m, std::size_t k, std::size_t p, const std::vector<double>& points) {
                         curves[{m, k, p}] = resampled(points, curve_points);
                       }};
    const auto values = judge(
        probe, posts, sets, post_metrics_, judge_, stop_,
        [&](const Progress& q) {
          const double done = (static_cast<double>(o_.methods.size()) + (q.total > 0 ? q.done / q.total : 0)) /
                              (static_cast<double>(o_.methods.size()) + 1);
          if (progress_)
            progress_({static_cast<double>(before) + done * static_cast<double>(chunk.size()),
                       static_cast<double>(total), q.what});
        },
        extras);
    std::vector<MeasureValue> kept;
    for (std::size_t m = 0; m < o_.methods.size(); ++m)
      for (std::size_t k = 0; k < post_metrics_.size(); ++k) {
        for (std::size_t p = 0; p < asked.size(); ++p) {
          if (!wanted(m, k, p)) continue;
          const Asked& a = asked[p];
          const double v = values[m][k][p];
          values_[cell(m, k)][a.post] = v;
          ++values_computed_;
          if (!keeps()) continue;
          const auto curve = curves.find({m, k, p});
          kept.push_back({measures_[cell(m, k)], posts_[a.post].document, a.target, a.foil, known_[a.post].predicted, v,
                          curve == curves.end() ? std::vector<float>() : curve->second});
        }
        for (const std::size_t i : chunk)  // known as left out: not asked for again
          if (known_[i].left_out && keeps())
            kept.push_back({measures_[cell(m, k)],
                            posts_[i].document,
                            known_[i].target,
                            known_[i].foil,
                            known_[i].predicted,
                            undefined,
                            {}});
      }
    if (keeps()) store_->add_measure_values(kept);
    for (std::size_t m = 0; m < o_.methods.size(); ++m)
      for (std::size_t k = 0; k < post_metrics_.size(); ++k)
        for (const std::size_t i : chunk) have_[cell(m, k)][i] = true;
  }

  static Json row(const std::string& method, const std::string& metric, const Interval& i, std::int64_t n) {
    return {{"method", method},
            {"metric", metric},
            {"mean", number(i.value)},
            {"low", number(i.low)},
            {"high", number(i.high)},
            {"kind", name_of(i.kind)},
            {"n", n},
            {"better", metric_info(metric).better}};
  }

  // ---- metrics of pairs of classes

  void judge_pairs() {
    if (o_.explain.output == Output::difference)
      throw std::invalid_argument(fmt::format(
          "metric '{}' explains the gold class without a foil; choose output probability, logit or log-odds",
          pair_metrics_.front()));
    if (std::all_of(posts_.begin(), posts_.end(), [](const EvaluationPost& p) { return p.label < 0; }))
      throw std::invalid_argument(
          fmt::format("metric '{}' compares classes: no post has a known class", pair_metrics_.front()));
    for (const auto& method :
         o_.methods) {  // each by itself: what stands in a row does not depend on the others asked for
      std::map<int, std::vector<std::string>> by_k;
      for (const auto& id : pair_metrics_) {
        const auto measure =
            keeps() ? store_->find_measure(model_.fingerprint(), measure_protocol(settings_, o_, method, id))
                    : std::nullopt;
        if (const auto result = measure ? store_->measure_result(*measure) : std::nullopt) {
          rows_[{method, id}] = *result;
          rows_[{method, id}]["metric"] = id;
          ++values_stored_;
        } else {
          by_k[words_compared(o_, id)].push_back(id);
        }
      }
      for (const auto& [k, ids] : by_k) judge_pairs(method, k, ids);
    }
  }

  void judge_pairs(const std::string& method, int top, const std::vector<std::string>& ids) {
    if (stop_.stop_requested()) throw Cancelled{};
    const int classes = static_cast<int>(model_.labels().size());
    const bool cosine = std::any_of(ids.begin(), ids.end(), [](const std::string& id) {
      return *pair_metric(id) == ContrastivityMetric::class_cosine;
    });
    ContrastivityInput in;
    in.classes = classes;
    in.top = top;
    if (words_.empty()) {
      for (std::size_t i = 0; i < posts_.size(); ++i)
        if (posts_[i].label >= 0) words_.push_back(words_of(posts_[i].text, encodings_[i], vocabulary_));
      train_ = training_counts(vocabulary_);
    }
    std::vector<Asked> asked;
    for (std::size_t i = 0; i < posts_.size(); ++i) {
      if (posts_[i].label < 0) continue;
      in.labels.push_back(posts_[i].label);
      for (int c = 0; c < classes; ++c)
        if (cosine || c == posts_[i].label) asked.push_back({i, c, -1});
    }
    in.words = words_;
    in.vocabulary = vocabulary_.size();
    in.train = *train_;
    auto& a = in.attributors.emplace_back();
    const auto scores = scores_of(method, asked, Unit::word, progress_);
    for (std::size_t k = 0; k < asked.size(); ++k) {
      if (cosine && asked[k].target == 0) a.by_class.emplace_back();
      if (cosine) a.by_class.back().push_back(scores[k].word_scores);
      if (asked[k].target == posts_[asked[k].post].label) a.gold.push_back(scores[k].word_scores);
    }
    if (progress_) progress_({0, 0, "resampling"});
    const int threads = o_.compute.threads > 0 ? o_.compute.threads
                                               : std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
    const auto result = contrastivity(in, bootstrap_, threads, [&] { return stop_.stop_requested(); });
    for (const auto& id : ids) {
      const ContrastivityMetric metric = *pair_metric(id);
      const auto n = [&](std::size_t pair) { return result.posts[pair][static_cast<std::size_t>(metric)]; };
      Json r = row(method, id, result.value(0, metric, result.pairs.size()), n(result.pairs.size()));
      r["pairs"] = Json::array();
      for (std::size_t p = 0; p < result.pairs.size(); ++p) {
        const Interval& i = result.value(0, metric, p);
        r["pairs"].push_back({{"a", model_.labels()[static_cast<std::size_t>(result.pairs[p].first)]},
                              {"b", model_.labels()[static_cast<std::size_t>(result.pairs[p].second)]},
                              {"mean", number(i.value)},
                              {"low", number(i.low)},
                              {"high", number(i.high)},
                              {"kind", name_of(i.kind)},
                              {"n", n(p)}});
      }
      if (keeps())
        store_->set_measure_result(
            store_->add_measure(model_.fingerprint(), measure_protocol(settings_, o_, method, id)), r);
      ++values_computed_;
      rows_[{method, id}] = std::move(r);
    }
  }

  DocumentCounts training_counts(const Vocabulary& vocabulary) {
    DocumentCounts counts(static_cast<int>(model_.labels().size()), vocabulary.size());
    if (!store_ || !run_) return counts;
    Store::DocumentFilter filter;
    filter.dataset = store_->run(*run_).dataset;
    filter.split = "train";
    store_->each_document(filter, [&](Document&& d) {
      if (stop_.stop_requested()) throw Cancelled{};
      if (d.label >= 0 && d.label < counts.classes())
        counts.add(d.label, known_words_of(d.text, model_.tokenizer().encode(d.text, o_.max_length), vocabulary));
    });
    return counts;
  }

  Json protocol() const {
    Json methods = Json::array();
    for (const auto& m : o_.methods) methods.push_back({{"method", m}, {"protocol", method_protocol(o_, m)}});
    Json of_metrics = Json::object();
    for (const auto& id : o_.metrics)
      if (Json own = metric_protocol(o_, id, judge_.rationale_k); !own.is_null()) of_metrics[id] = std::move(own);
    return {
        {"run", run_ ? Json(*run_) : Json(nullptr)},
        {"model", model_.fingerprint()},
        {"output", name_of(o_.explain.output)},
        {"class", o_.gold ? "gold" : "predicted"},
        {"foil", foil_ >= 0 ? Json(model_.labels()[static_cast<std::size_t>(foil_)]) : Json(nullptr)},
        {"removal", name_of(judge_.removal)},
        {"baseline", name_of(o_.explain.baseline)},
        {"k", to_string(judge_.k)},
        {"unit", name_of(o_.unit)},
        {"sign", judge_.absolute ? "absolute" : "signed"},
        {"posts", posts_.size()},
        {"seed", judge_.seed},
        {"max_length", o_.max_length},
        {"precision", name_of(o_.compute.precision)},
        {"compute", compute_description()},
        {"intervals",
         {{"kind", "BCa"}, {"level", bootstrap_.level}, {"resamples", bootstrap_.resamples}, {"resampled", "posts"}}},
        {"methods", methods},
        {"metrics", of_metrics},
        {"notes", notes_}};
  }

  const Classifier& model_;
  const std::vector<EvaluationPost>& posts_;
  EvaluationOptions o_;
  std::stop_token stop_;
  const ProgressFn& progress_;
  Store* store_;
  std::optional<std::int64_t> run_;
  BootstrapOptions bootstrap_;
  JudgeOptions judge_;
  Json settings_;
  int foil_ = -1;
  std::vector<std::string> post_metrics_, pair_metrics_, notes_;
  std::vector<Encoding> encodings_;
  std::vector<Prediction> predictions_;      // [post]; without logits: not asked
  std::vector<std::vector<double>> values_;  // [method · metrics + metric][post]
  std::vector<std::vector<bool>> have_;      // the same
  std::vector<std::int64_t> measures_;       // [method · metrics + metric]; 0 = not in the store yet
  std::vector<Known> known_;                 // [post]
  bool resampling_ = false, consistency_ = false, nearby_ = false;
  double radius_ = 0;  // of the ball around a word's embedding, in the table's own length
  std::vector<Peer> peers_;
  Vocabulary vocabulary_;
  std::vector<std::vector<int>> words_;  // of posts with a class
  std::optional<DocumentCounts> train_;
  std::map<std::pair<std::string, std::string>, Json> rows_;
  Json per_post_ = Json::array();
  std::int64_t values_stored_ = 0, values_computed_ = 0, explanations_stored_ = 0, explanations_computed_ = 0;
};

}  // namespace

Json evaluate_posts(const Classifier& model, const std::vector<EvaluationPost>& posts, const EvaluationOptions& options,
                    std::stop_token stop, const ProgressFn& progress, Store* store, std::optional<std::int64_t> run) {
  return Evaluation(model, posts, options, std::move(stop), progress, store, run).run();
}

int trained_length(const RunRecord& run) {
  const auto it = run.settings.is_object() ? run.settings.find("max_length") : run.settings.end();
  return run.settings.is_object() && it != run.settings.end() && it->is_number_integer() ? it->get<int>() : 0;
}

std::uint64_t random_seed(std::uint64_t seed, int target) {
  return seed * 1000003 + static_cast<std::uint64_t>(target);
}

Json evaluate_run(Store& store, std::int64_t id, const EvaluationOptions& given, std::stop_token stop,
                  const ProgressFn& progress, std::shared_ptr<const Classifier> model) {
  EvaluationOptions options = given;
  const RunRecord run = store.run(id);
  if (run.status != RunStatus::finished || run.folder.empty())
    throw std::runtime_error(
        fmt::format("run {} ({}) is {}: only a finished run can be evaluated", id, run.name, name_of(run.status)));
  const DatasetInfo dataset = store.dataset(run.dataset);
  if (!model) model = Classifier::load(store.folder() / run.folder, options.compute);
  if (model->labels() != dataset.classes)
    throw std::runtime_error(fmt::format("run {}: its model knows the classes {}, data set '{}' has {}", id,
                                         fmt::join(model->labels(), ", "), dataset.name,
                                         fmt::join(dataset.classes, ", ")));
  if (options.max_length == 0) options.max_length = trained_length(run);
  options.peer_models.clear();
  for (const std::int64_t peer : options.peers) {
    const RunRecord other = store.run(peer);
    if (peer == id || std::count(options.peers.begin(), options.peers.end(), peer) > 1)
      throw std::invalid_argument(fmt::format("runs of other seeds: run {} is named twice", peer));
    if (other.status != RunStatus::finished || other.folder.empty())
      throw std::invalid_argument(fmt::format("runs of other seeds: run {} is {}", peer, name_of(other.status)));
    if (other.dataset != run.dataset || trained_length(other) != trained_length(run))
      throw std::invalid_argument(
          fmt::format("runs of other seeds: run {} is of another data set or length than run {}", peer, id));
    options.peer_models.push_back(other.fingerprint);
  }
  Store::DocumentFilter filter;
  filter.dataset = dataset.id;
  filter.split = options.split;
  auto documents = store.documents(filter);
  if (documents.empty())
    throw std::invalid_argument(
        fmt::format("split '{}': data set '{}' has no post in it", options.split, dataset.name));
  const ChosenMarks marks(store, dataset.id, options.annotator);
  options.marks = marks.digest();
  std::vector<int> labels;
  for (const Document& d : documents) labels.push_back(d.label);
  std::vector<EvaluationPost> posts;
  for (const std::size_t i : stratified_sample(labels, options.limit, options.judge.seed)) {
    Document& d = documents[i];
    auto spans = marks.of(d);
    posts.push_back({d.id, d.id, std::move(d.text), d.label, std::move(spans)});
  }
  Json out = evaluate_posts(*model, posts, options, std::move(stop), progress, &store, id);
  out["protocol"]["dataset"] = dataset.name;
  out["protocol"]["split"] = options.split;
  out["protocol"]["sample_of"] = documents.size();
  out["protocol"]["annotator"] = options.annotator;
  return out;
}

}  // namespace telltale
