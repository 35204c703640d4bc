// Some posts of an evaluation: predicted, explained, judged and stored together.
#include <algorithm>
#include <map>
#include <tuple>

#include "attribution/removal.hpp"
#include "base/random.hpp"
#include "evaluation/evaluation_job.hpp"
#include "evaluation/protocol.hpp"
#include "model/best_class.hpp"
#include "model/prediction_memo.hpp"
#include "objective/nearby.hpp"

namespace telltale {
namespace {

constexpr const char* judging = "judging explanations";

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

}  // namespace

void EvaluationJob::predict(const std::vector<std::size_t>& posts) {
  std::vector<std::size_t> missing;
  std::vector<Encoding> texts;
  for (const std::size_t i : posts)
    if (predictions_[i].logits.empty()) missing.push_back(i), texts.push_back(encodings_[i]);
  if (missing.empty()) return;
  auto answers = model_.predict(texts, stop_);
  for (std::size_t k = 0; k < missing.size(); ++k) predictions_[missing[k]] = std::move(answers[k]);
}

void EvaluationJob::decide(const std::vector<std::size_t>& posts) {
  std::vector<std::size_t> undecided;
  for (const std::size_t i : posts)
    if (!known_[i].decided) undecided.push_back(i);
  predict(undecided);
  for (const std::size_t i : undecided) {
    Known& post = known_[i];
    post.predicted = predictions_[i].predicted;
    post.target = o_.gold ? posts_[i].label : post.predicted;
    post.foil = foil_of(i, post.target);
    post.decided = true;
    post.left_out = post.foil == post.target;
  }
}

std::vector<double> EvaluationJob::of_parts(const Scored& scored, const std::vector<Part>& parts) const {
  if (o_.unit == Unit::word) return scored.word_scores;
  std::vector<double> out;
  for (const Part& part : parts) out.push_back(scored.scores.at(static_cast<std::size_t>(part.positions.front())));
  return out;
}

int EvaluationJob::foil_of(std::size_t post, int target) const {
  if (o_.explain.output != Output::difference) return -1;
  if (foil_ >= 0) return foil_;
  return best_other_class(predictions_[post].logits, target);
}

std::vector<Scored> EvaluationJob::scores_of(const std::string& method, const std::vector<Asked>& asked, Unit unit,
                                             const ProgressFn& progress, const Peer* peer) {
  std::vector<Scored> out;
  if (method == random_method) {
    const auto specials = model_.tokenizer().specials();
    for (const Asked& a : asked) {
      Scored s{a.target, a.foil, {}, {}, 0, 0, undefined};
      const Encoding& e = encodings_[a.post];
      const std::uint64_t seed =
          random_seed(o_.judge.seed, a.target) + (peer ? mix_seed(static_cast<std::uint64_t>(peer->run)) : 0);
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
  auto got = explained(store_, peer ? std::optional(peer->run) : run_, peer ? *peer->model : model_, requests, options,
                       stop_, progress, "explaining: " + method_info(method).name);
  explanations_stored_ += got.stored, explanations_computed_ += got.computed;
  return std::move(got.posts);
}

std::vector<NearScores> EvaluationJob::near_by(const std::string& method, const Asked& asked, const JudgedPost& post) {
  ExplainOptions options = explain_options(o_, method);
  const NearbyOptions nearby{judge_.stability_samples, radius_, mix_seed(o_.judge.seed, post.key)};
  std::vector<NearScores> out;
  for (const auto& near : moved_->explain({encodings_[asked.post], asked.target, asked.foil}, options, nearby, stop_)) {
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

void EvaluationJob::gather() {
  if (resampling_) {
    const auto unigrams = std::make_shared<Unigrams>();
    Store::DocumentFilter filter;
    filter.dataset = store_->run(*run_).dataset;
    filter.split = "train";
    store_->each_document(filter, [&](Document&& d) {
      if (stop_.stop_requested()) throw Cancelled{};
      unigrams->add(model_.tokenizer().encode(d.text, o_.max_length), model_.tokenizer().specials(),
                    o_.unit == Unit::piece);
    });
    judge_.unigrams = unigrams;
  }
  if (nearby_) moved_.emplace(model_), radius_ = judge_.stability_radius * word_embedding_unit(model_, stop_);
  if (consistency_)
    for (const std::int64_t peer : o_.peers)
      peers_.push_back({peer, Classifier::load(store_->folder() / store_->run(peer).folder, o_.compute)});
}

void EvaluationJob::judge_chunk(const std::vector<std::size_t>& chunk, const std::vector<JudgedPost>& judged,
                                std::size_t before, std::size_t total) {
  if (stop_.stop_requested()) throw Cancelled{};
  const PredictionMemo memo(model_);  // methods and measures ask many equal texts
  decide(chunk);
  std::vector<Asked> asked;
  for (const std::size_t i : chunk)
    if (!known_[i].left_out) asked.push_back({i, known_[i].target, known_[i].foil});
  // How far this chunk is: a share for every method, and one for the judging.
  const auto share = [](const Progress& q) { return q.total > 0 ? q.done / q.total : 0; };
  double told = 0;
  const auto tell = [&](double parts, const std::string& what) {
    told = std::max(told, parts / (static_cast<double>(o_.methods.size()) + 1));
    if (progress_)
      progress_(
          {static_cast<double>(before) + told * static_cast<double>(chunk.size()), static_cast<double>(total), what});
  };
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
    const ProgressFn inside = [&](const Progress& q) { tell(static_cast<double>(m) + share(q), q.what); };
    const auto scores = lacking.empty() ? std::vector<Scored>() : scores_of(o_.methods[m], lacking, o_.unit, inside);
    std::vector<std::vector<Scored>> of_peers;
    if (!lacking.empty())
      for (const Peer& peer : peers_) of_peers.push_back(scores_of(o_.methods[m], lacking, o_.unit, inside, &peer));
    auto& set = sets.emplace_back();
    for (const JudgedPost& post : posts) set.push_back({0, -1, std::vector<double>(post.parts.size(), 0.0), undefined});
    for (std::size_t i = 0; i < lacking.size(); ++i) {
      JudgedScores s{lacking[i].target, lacking[i].foil, {}, scores[i].relative_delta};
      const auto& parts = posts[places[i]].parts;
      s.scores = of_parts(scores[i], parts);
      if (!agreed_.empty()) agreed_[m][lacking[i].post] = s.scores;
      for (const auto& peer : of_peers) s.peers.push_back(of_parts(peer[i], parts));
      if (nearby_ && o_.methods[m] != random_method) s.near = near_by(o_.methods[m], lacking[i], posts[places[i]]);
      set[places[i]] = std::move(s);
    }
  }
  const Baseline baseline = o_.explain.baseline;
  const SpecialIds specials = model_.tokenizer().specials();
  double judged_share = 0;  // of this chunk's posts
  const Probe probe{[&](const std::vector<ModelInput>& inputs) {
                      return model_.predict(inputs, stop_, [&](const Progress& q) {
                        tell(static_cast<double>(o_.methods.size()) + judged_share + (1 - judged_share) * share(q),
                             judging);
                      });
                    },
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
        judged_share = share(q);
        tell(static_cast<double>(o_.methods.size()) + judged_share, judging);
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

}  // namespace telltale
