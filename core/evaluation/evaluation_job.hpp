// The work behind evaluate_posts(), one object a call; for core only. Its concerns have a file each: evaluation_check
// (what can be asked), evaluation_posts (metrics of posts), evaluation_pairwise (pairs of methods), evaluation_chunk (some posts at a time), evaluation_pairs
// (metrics of pairs of classes), evaluation_document (rows and protocol).
#pragma once
#include <cmath>
#include <map>
#include <optional>
#include <utility>

#include "evaluation/contrastivity.hpp"
#include "evaluation/evaluation.hpp"
#include "evaluation/explained.hpp"
#include "objective/nearby.hpp"

namespace telltale {

class EvaluationJob {
 public:
  EvaluationJob(const Classifier& model, const std::vector<EvaluationPost>& posts, const EvaluationOptions& options,
                std::stop_token stop, const ProgressFn& progress, Store* store, std::optional<std::int64_t> run);
  Json run();

 private:
  /// A post, by index, that is explained, with its class and foil.
  struct Asked {
    std::size_t post;
    int target, foil;
  };
  /// A run of another seed.
  struct Peer {
    std::int64_t run = 0;
    std::shared_ptr<const Classifier> model;
  };
  /// What is known of a post: its class and foil.
  struct Known {
    int target = -1, foil = -1, predicted = -1;
    bool decided = false, left_out = false;
  };

  void check();
  void encode();
  bool keeps() const { return store_ && run_; }
  std::uint64_t key_of(std::size_t post) const {
    return posts_[post].document > 0 ? static_cast<std::uint64_t>(posts_[post].document) : post + 1;
  }

  // metrics of posts
  std::size_t cell(std::size_t method, std::size_t metric) const { return method * post_metrics_.size() + metric; }
  void look_up();
  void judge_posts();
  void note_left_out();
  void note_cut(const std::vector<JudgedPost>& judged);
  /// Class and foil of those of these posts whose are not known yet.
  void decide(const std::vector<std::size_t>& posts);
  std::vector<double> of_parts(const Scored& scored, const std::vector<Part>& parts) const;
  /// Agreement of every two methods on the posts `asked`.
  void agree(const std::vector<JudgedPost>& judged, const std::vector<std::size_t>& asked);
  /// How sure the order of every two methods is.
  void order(const std::vector<std::size_t>& asked);
  /// Figures of the slices that were asked for; `asked`: posts that were judged.
  void slice(const std::vector<std::size_t>& asked);
  /// What some metrics need beside the model: words of the training posts, models of other seeds.
  void gather();
  /// Predicts, explains, judges and stores some posts. `before` of `total` posts were done before.
  void judge_chunk(const std::vector<std::size_t>& chunk, const std::vector<JudgedPost>& judged, std::size_t before,
                   std::size_t total);
  /// Those of these posts that are not known yet.
  void predict(const std::vector<std::size_t>& posts);
  int foil_of(std::size_t post, int target) const;
  std::vector<Scored> scores_of(const std::string& method, const std::vector<Asked>& asked, Unit unit,
                                const ProgressFn& progress, const Peer* peer = nullptr);
  /// The method's scores of texts near by; the draws are the same for every method.
  std::vector<NearScores> near_by(const std::string& method, const Asked& asked, const JudgedPost& post);

  // metrics of pairs of classes
  void judge_pairs();
  void judge_pairs(const std::string& method, int top, const std::vector<std::string>& ids);
  DocumentCounts training_counts(const Vocabulary& vocabulary);

  // the document
  static Json row(const std::string& method, const std::string& metric, const Interval& i, std::int64_t n);
  Json protocol() const;

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
  std::optional<NearbyExplainer> moved_;
  std::vector<Peer> peers_;
  Vocabulary vocabulary_;
  std::vector<std::vector<int>> words_;  // of posts with a class
  std::optional<DocumentCounts> train_;
  std::map<std::pair<std::string, std::string>, Json> rows_;
  std::vector<std::vector<std::vector<double>>> agreed_;  // [method][post]: scores of parts, for the agreement
  Json per_post_ = Json::array(), slices_ = Json::array(), agreement_ = Json::array(), order_ = Json::array();
  std::int64_t values_stored_ = 0, values_computed_ = 0, explanations_stored_ = 0, explanations_computed_ = 0;
};

}  // namespace telltale
