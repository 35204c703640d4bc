// Metrics of posts: what is stored, what is missing, and the rows once all is there.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <stdexcept>

#include "base/random.hpp"
#include "evaluation/evaluation_job.hpp"
#include "evaluation/protocol.hpp"
#include "evaluation/slices.hpp"

namespace telltale {
namespace {

constexpr std::size_t chunk_posts = 32;  // judged and stored together: enough to pack by length, little to lose

}  // namespace

void EvaluationJob::look_up() {
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
      const auto id =
          store_->find_measure(model_.fingerprint(), measure_protocol(settings_, o_, o_.methods[m], post_metrics_[k]));
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

void EvaluationJob::judge_posts() {
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
  if (!o_.agreement.empty()) agreed_.assign(o_.methods.size(), std::vector<std::vector<double>>(posts_.size()));
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
          measures_[cell(m, k)] = store_->add_measure(model_.fingerprint(),
                                                      measure_protocol(settings_, o_, o_.methods[m], post_metrics_[k]));
  if (!missing.empty()) gather();
  for (std::size_t begin = 0; begin < missing.size(); begin += chunk_posts) {
    const auto end = std::min(missing.size(), begin + chunk_posts);
    judge_chunk(
        {missing.begin() + static_cast<std::ptrdiff_t>(begin), missing.begin() + static_cast<std::ptrdiff_t>(end)},
        judged, begin, missing.size());
    if (progress_) progress_({static_cast<double>(end), static_cast<double>(missing.size()), "judging explanations"});
  }
  std::vector<std::size_t> all(posts_.size());
  std::iota(all.begin(), all.end(), std::size_t{0});
  if (!o_.agreement.empty()) decide(all);
  note_left_out();
  note_cut(judged);
  std::vector<std::size_t> asked;
  for (std::size_t i = 0; i < posts_.size(); ++i)
    if (!known_[i].left_out) asked.push_back(i);
  if (asked.empty()) throw std::invalid_argument("no post is left to evaluate on: every explained class is the foil");
  slice(asked);
  if (!o_.agreement.empty()) agree(judged, asked);
  if (o_.order) order(asked);
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
                               {"value", finite_or_null(of_posts[p])}});
    }
}

void EvaluationJob::slice(const std::vector<std::size_t>& asked) {
  std::vector<SlicedPost> posts;
  for (const std::size_t i : asked)
    posts.push_back(
        {posts_[i].label, known_[i].predicted, static_cast<std::int64_t>(posts_[i].text.size()), posts_[i].columns});
  for (const auto& by : o_.slices) {
    const Slicing slices = slicing(by, posts, model_.labels());
    for (std::size_t m = 0; m < o_.methods.size(); ++m)
      for (std::size_t k = 0; k < post_metrics_.size(); ++k) {
        if (stop_.stop_requested()) throw Cancelled{};
        std::vector<double> values;
        for (const std::size_t i : asked) values.push_back(values_[cell(m, k)][i]);
        Json one = slice_figures(slices, values, bootstrap_);
        one["method"] = o_.methods[m], one["metric"] = post_metrics_[k];
        slices_.push_back(std::move(one));
      }
  }
}

void EvaluationJob::note_left_out() {
  std::size_t unlabelled = 0, own_foil = 0;
  for (std::size_t i = 0; i < posts_.size(); ++i)
    if (known_[i].left_out) ++(o_.gold && posts_[i].label < 0 ? unlabelled : own_foil);
  if (unlabelled > 0) notes_.push_back(fmt::format("{} posts without a class are left out.", unlabelled));
  if (own_foil > 0) notes_.push_back(fmt::format("{} posts whose explained class is the foil are left out.", own_foil));
}

/// What the length limit took away, and marks with it.
void EvaluationJob::note_cut(const std::vector<JudgedPost>& judged) {
  const auto cut = [&](std::size_t i) { return encodings_[i].cut >= 0; };
  std::size_t posts = 0, marks = 0;
  for (std::size_t i = 0; i < posts_.size(); ++i) {
    if (known_[i].left_out || !cut(i)) continue;
    ++posts;
    const auto& marked = judged[i].marked;
    const auto& spans = posts_[i].spans;
    marks += std::any_of(spans.begin(), spans.end(), [](const MarkedSpan& s) { return s.kind == "telling"; }) && std::find(marked.begin(), marked.end(), true) == marked.end();
  }
  const bool asks_marks = std::any_of(post_metrics_.begin(), post_metrics_.end(), [](const std::string& m) { return metric_info(m).needs == "marked words"; });
  if (posts > 0) notes_.push_back(fmt::format("{} of the posts {} longer than the length limit: judged by what is left of {}.", posts, posts == 1 ? "is" : "are", posts == 1 ? "it" : "them"));
  if (asks_marks && marks > 0) notes_.push_back(fmt::format("{} of them lost all marked words by it: left out of the measures of plausibility.", marks));
}

}  // namespace telltale
