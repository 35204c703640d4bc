#include "widgets/inspect/post_index.hpp"

#include <algorithm>
#include <cmath>

namespace telltale::ui {

PostIndex::PostIndex(PostTable posts) : table(std::move(posts)) {
  const std::size_t n = table.rows.size();
  explained.assign(n, false);
  marked.assign(n, false);
  imported.assign(n, false);
  predicted.assign(n, -1);
  confidence.assign(n, std::numeric_limits<float>::quiet_NaN());
  gold.assign(n, std::numeric_limits<float>::quiet_NaN());
  row_of.reserve(n);
  for (std::size_t i = 0; i < n; ++i) row_of.emplace(table.rows[i].id, static_cast<int>(i));
}

int PostIndex::find(std::int64_t document) const {
  const auto at = row_of.find(document);
  return at == row_of.end() ? -1 : at->second;
}

void PostIndex::set_marked(const std::vector<std::int64_t>& documents, bool any) {
  for (const std::int64_t d : documents)
    if (const int row = find(d); row >= 0) marked[static_cast<std::size_t>(row)] = any;
}

void PostIndex::set_imported(const std::vector<std::int64_t>& documents) {
  for (const std::int64_t d : documents)
    if (const int row = find(d); row >= 0) imported[static_cast<std::size_t>(row)] = true;
}

void PostIndex::set_explained(const std::vector<std::int64_t>& documents) {
  for (const std::int64_t d : documents)
    if (const int row = find(d); row >= 0) explained[static_cast<std::size_t>(row)] = true;
}

void PostIndex::set_predictions(const std::vector<PostPrediction>& predictions) {
  for (const PostPrediction& p : predictions) {
    const int row = find(p.document);
    if (row < 0 || p.logits.empty()) continue;
    const auto i = static_cast<std::size_t>(row);
    const auto largest = std::max_element(p.logits.begin(), p.logits.end());
    double sum = 0;
    for (const float z : p.logits) sum += std::exp(static_cast<double>(z) - static_cast<double>(*largest));
    known += predicted[i] < 0;
    predicted[i] = static_cast<std::int16_t>(largest - p.logits.begin());
    confidence[i] = static_cast<float>(1 / sum);
    const auto label = static_cast<std::size_t>(table.rows[i].label);
    if (label < p.logits.size()) gold[i] = static_cast<float>(std::exp(static_cast<double>(p.logits[label]) - static_cast<double>(*largest)) / sum);
  }
}

std::vector<int> arranged(const PostIndex& index, const PostFilter& f, const std::vector<std::int64_t>* found) {
  std::vector<int> rows;
  const bool any_confidence = f.least <= 0 && f.most >= 1;
  const auto passes = [&](int row) {
    const auto i = static_cast<std::size_t>(row);
    const auto& r = index.table.rows[i];
    if (f.label >= 0 && r.label != f.label) return false;
    if (f.split >= 0 && r.split != f.split) return false;
    if (f.verdict != Verdict::all && (index.predicted[i] < 0 || (index.predicted[i] == r.label) != (f.verdict == Verdict::right))) return false;
    if ((f.marks == Marks::marked && !index.marked[i]) || (f.marks == Marks::unmarked && index.marked[i]) || (f.marks == Marks::imported && !index.imported[i])) return false;
    // NaN fails the comparison: what is not known lies in no range.
    return any_confidence || (static_cast<double>(index.confidence[i]) >= f.least - 1e-6 && static_cast<double>(index.confidence[i]) <= f.most + 1e-6);
  };
  if (found) {
    for (const std::int64_t id : *found)
      if (const int row = index.find(id); row >= 0 && passes(row)) rows.push_back(row);
  } else {
    for (int row = 0; row < index.rows(); ++row)
      if (passes(row)) rows.push_back(row);
  }
  struct Key {
    double value;
    int row;
  };
  std::vector<Key> keys(rows.size());
  for (std::size_t k = 0; k < rows.size(); ++k) {
    const auto i = static_cast<std::size_t>(rows[k]);
    double v = 0;
    switch (f.sort) {
      case PostSort::confidence: v = static_cast<double>(index.confidence[i]); break;
      case PostSort::error: v = 1 - static_cast<double>(index.gold[i]); break;
      case PostSort::length: v = static_cast<double>(index.table.rows[i].bytes); break;
      case PostSort::id: v = rows[k]; break;
    }
    keys[k] = {std::isnan(v) ? std::numeric_limits<double>::infinity() : f.descending ? -v : v, rows[k]};
  }
  std::sort(keys.begin(), keys.end(), [](const Key& a, const Key& b) { return a.value != b.value ? a.value < b.value : a.row < b.row; });
  for (std::size_t k = 0; k < rows.size(); ++k) rows[k] = keys[k].row;
  return rows;
}

}  // namespace telltale::ui
