#include "widgets/compare/compare_work.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <map>
#include <set>

#include "evaluation/explained.hpp"
#include "report/colour.hpp"
#include "widgets/inspect/explainer.hpp"

namespace telltale::ui {
namespace {

using Clock = std::chrono::steady_clock;

PairedPtr paired(const PairWish& wish, const Document& d, const std::vector<Span>& words_a, const std::vector<double>& a, const std::vector<Span>& words_b, const std::vector<double>& b) {
  auto out = std::make_shared<PairedPost>();
  out->document = d.id, out->id = d.external_id, out->text = d.text;
  out->rows = {wish.a.row, wish.b.row, {QStringLiteral("Δ"), QStringLiteral("Δ"), -1}};
  const auto unit = [&](const std::vector<double>& s) {
    double sum = 0;
    for (const double x : s) sum += std::isfinite(x) ? std::abs(x) : 0;
    return wish.shares && sum > 0 ? sum : 1;
  };
  const double ua = unit(a), ub = unit(b);
  std::map<std::pair<std::int64_t, std::int64_t>, double> of_b;
  for (std::size_t i = 0; i < std::min(words_b.size(), b.size()); ++i) of_b[{words_b[i].begin, words_b[i].end}] = b[i] / ub;
  std::vector<double> all;
  for (std::size_t i = 0; i < std::min(words_a.size(), a.size()); ++i)
    if (const auto it = of_b.find({words_a[i].begin, words_a[i].end}); it != of_b.end()) {
      out->words.push_back(words_a[i]);
      out->scores.push_back({a[i] / ua, it->second, it->second - a[i] / ua});
      all.insert(all.end(), out->scores.back().begin(), out->scores.back().end());
    }
  out->domain = score_domain(std::move(all));
  // Where the model that reads least stopped, if words follow.
  std::int64_t end = std::min(words_a.empty() ? 0 : words_a.back().end, words_b.empty() ? 0 : words_b.back().end);
  end = std::clamp<std::int64_t>(end, 0, static_cast<std::int64_t>(d.text.size()));
  const auto follows = std::any_of(d.text.begin() + end, d.text.end(), [](unsigned char c) { return std::isalnum(c) || c >= 0x80; });
  if (follows) out->cut = end;
  if (wish.shares) out->note = QObject::tr("each as a share of its own Σ|score|");
  return out;
}

std::optional<ExplanationRecord> stored_side(Store& store, const Side& side, const Document& d) {
  const Json protocol = protocol_of(side.options);
  const int target = side.target >= 0 ? side.target : d.label;
  for (ExplanationRecord& r : store.explanations(side.run, side.options.method, d.id))
    if (r.target == target && same_protocol(r.protocol, protocol)) return std::move(r);
  return std::nullopt;
}

double probability(const Json& prediction, int label) {
  const Json& logits = get(prediction, "logits");
  if (!logits.is_array() || label < 0 || static_cast<std::size_t>(label) >= logits.size()) return NAN;
  double most = -INFINITY, sum = 0;
  for (const auto& l : logits) most = std::max(most, number_of(l));
  for (const auto& l : logits) sum += std::exp(number_of(l) - most);
  return std::exp(number_of(logits[static_cast<std::size_t>(label)]) - most) / sum;
}

}  // namespace

std::optional<PairedPtr> stored_pair(Store& store, const PairWish& wish) {
  const Document d = store.document(wish.document);
  auto a = stored_side(store, wish.a, d), b = stored_side(store, wish.b, d);
  if (a && b) return paired(wish, d, a->words, a->word_scores, b->words, b->word_scores);
  if (wish.a.run == wish.b.run || !wish.other_settings) return std::nullopt;
  // Of the same method under settings of their own, if both have the same.
  const auto of_b = store.explanations(wish.b.run, wish.b.options.method, d.id);
  for (const auto& x : store.explanations(wish.a.run, wish.a.options.method, d.id))
    for (const auto& y : of_b)
      if (x.target == d.label && y.target == d.label && same_protocol(x.protocol, y.protocol)) {
        auto out = std::make_shared<PairedPost>(*paired(wish, d, x.words, x.word_scores, y.words, y.word_scores));
        out->note = QObject::tr("explained under other settings than the figures below");
        return out;
      }
  return std::nullopt;
}

PairedPtr made_pair(WorkQueue::Context& c, const PairWish& wish, bool keep) {
  const Document d = c.store.document(wish.document);
  ExplanationRecord found[2];
  int k = 0;
  for (const Side* side : {&wish.a, &wish.b}) {
    if (c.stop.stop_requested()) throw Cancelled{};
    if (auto r = stored_side(c.store, *side, d)) {
      found[k++] = std::move(*r);
      continue;
    }
    const auto model = c.models.of_run(c.store, side->run);
    const ExplainItem item{model->tokenizer().encode(d.text, model->max_length(max_length_of(c.store.run(side->run)))), side->target >= 0 ? side->target : d.label, -1};
    const auto explained = explain(*model, {item}, side->options, c.stop, c.progress);
    found[k] = explanation_record(explained.at(0), item.encoding, *model, side->run, d.id);
    if (keep) c.store.add_explanation(found[k]);
    ++k;
  }
  return paired(wish, d, found[0].words, found[0].word_scores, found[1].words, found[1].word_scores);
}

std::vector<ComparedRow> posts_of_pair(Store& store, const RunRecord& a, const RunRecord& b, const std::string& method, const std::string& split, bool all, std::stop_token stop) {
  std::map<std::int64_t, ComparedRow> rows;
  std::set<std::int64_t> in_b;
  const auto predicted = [](const Json& p) { return static_cast<int>(integer_of(p, "predicted")); };
  for (const auto& s : store.explanation_summaries(a.id, method, true))
    if (split.empty() || s.split == split) {
      ComparedRow& r = rows[s.document];
      r.document = s.document, r.gold = s.label, r.a = predicted(s.prediction), r.p_a = probability(s.prediction, s.label), r.title = text(title_of(s.start));
    }
  if (stop.stop_requested()) throw Cancelled{};
  for (const auto& s : store.explanation_summaries(b.id, method, true))
    if (const auto it = rows.find(s.document); it != rows.end()) it->second.b = predicted(s.prediction), it->second.p_b = probability(s.prediction, s.label), in_b.insert(s.document);
  if (!all) std::erase_if(rows, [&](const auto& r) { return !in_b.contains(r.first); });
  if (all) {
    Store::DocumentFilter filter;
    filter.dataset = a.dataset, filter.split = split;
    std::vector<std::int64_t> missing;
    for (const auto id : store.document_ids(filter))
      if (!rows.contains(id)) missing.push_back(id);
    std::map<std::int64_t, int> labels;
    if (!missing.empty())
      for (const auto& r : store.post_table(a.dataset).rows) labels[r.id] = r.label;
    for (std::size_t from = 0; from < missing.size(); from += 500) {
      if (stop.stop_requested()) throw Cancelled{};
      const std::vector<std::int64_t> some(missing.begin() + static_cast<std::ptrdiff_t>(from), missing.begin() + static_cast<std::ptrdiff_t>(std::min(missing.size(), from + 500)));
      for (const auto& s : store.post_starts(some)) {
        ComparedRow& r = rows[s.id];
        r.document = s.id, r.gold = labels[s.id], r.title = text(title_of(s.start));
      }
    }
  }
  std::vector<ComparedRow> out;
  for (auto& [id, r] : rows) out.push_back(std::move(r));
  return out;
}

std::vector<std::int64_t> posts_with(Store& store, std::int64_t dataset, const std::vector<std::string>& words, const std::vector<int>& labels, std::stop_token stop) {
  std::set<std::int64_t> out;
  for (std::size_t i = 0; i < std::min<std::size_t>(words.size(), 50); ++i) {
    std::vector<std::optional<int>> classes(labels.begin(), labels.end());
    if (classes.empty()) classes.push_back(std::nullopt);
    for (const auto& label : classes) {
      if (stop.stop_requested()) throw Cancelled{};
      Store::DocumentFilter filter;
      filter.dataset = dataset, filter.label = label, filter.search = words[i];
      for (const auto id : store.document_ids(filter)) out.insert(id);
    }
  }
  return {out.begin(), out.end()};
}

CompareCost cost_of_comparison(WorkQueue::Context& c, const std::vector<std::int64_t>& runs) {
  CompareCost out;
  Store::DocumentFilter filter;
  filter.dataset = c.store.run(runs.at(0)).dataset, filter.split = "test";
  const PostTable table = c.store.post_table(filter.dataset);
  std::vector<PostTable::Row> posts;
  for (const auto& r : table.rows)
    if (table.splits[static_cast<std::size_t>(r.split)] == "test") posts.push_back(r);
  out.posts = static_cast<std::int64_t>(posts.size());
  if (posts.empty()) throw std::invalid_argument("the data has no test split to compare on");
  // Cost rises with the square of the length: a post longer than most stands for their mean.
  const auto at = posts.begin() + static_cast<std::ptrdiff_t>(posts.size() * 6 / 10);
  std::nth_element(posts.begin(), at, posts.end(), [](const auto& x, const auto& y) { return x.bytes < y.bytes; });
  const Document d = c.store.document(at->id);
  const int classes = static_cast<int>(c.store.dataset(filter.dataset).classes.size());
  for (const std::int64_t run : runs) {
    const auto model = c.models.of_run(c.store, run);
    const Encoding encoding = model->tokenizer().encode(d.text, model->max_length(max_length_of(c.store.run(run))));
    // As compare_runs() does by default: the gold class by the path method, every class by the two that tell class-cosine.
    double of_run = 0;
    std::size_t kept = 0;
    for (const char* method : {"integrated-gradients", "occlusion", "gradient-x-input"}) {
      if (c.stop.stop_requested()) throw Cancelled{};
      ExplainOptions options;
      options.method = method;
      if (options.method == "occlusion") options.removal = Removal::remove;
      std::vector<ExplainItem> items;
      for (int k = 0; k < (options.method == "integrated-gradients" ? 1 : classes); ++k) items.push_back({encoding, k, -1});
      const auto begin = Clock::now();
      explain(*model, items, options, c.stop);
      of_run += std::chrono::duration<double>(Clock::now() - begin).count();
      std::set<std::int64_t> known;
      for (const auto& s : c.store.explanation_summaries(run, method, true)) known.insert(s.document);
      kept += static_cast<std::size_t>(std::count_if(posts.begin(), posts.end(), [&](const auto& p) { return known.contains(p.id); }));
    }
    out.seconds_per_post += of_run;
    out.missing.push_back(1 - static_cast<double>(kept) / (3.0 * static_cast<double>(posts.size())));
  }
  return out;
}

}  // namespace telltale::ui
