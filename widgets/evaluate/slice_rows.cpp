#include "widgets/evaluate/slice_rows.hpp"

#include <QComboBox>
#include <QFileDialog>
#include <algorithm>
#include <cmath>

#include "evaluation/slices.hpp"
#include "report/comparison_view.hpp"
#include "report/numbers.hpp"
#include "store/columns.hpp"
#include "widgets/evaluate/evaluate_view.hpp"
#include "widgets/shell/words.hpp"

namespace telltale::ui {
namespace {

double number_of(const Json& o, const char* key) {
  const auto it = o.find(key);
  return it != o.end() && it->is_number() ? it->get<double>() : NAN;
}

Interval interval_of(const Json& o, const char* value, const char* low, const char* high) {
  Interval i{number_of(o, value), number_of(o, low), number_of(o, high), Interval::Kind::none};
  if (std::isfinite(i.low)) i.kind = Interval::Kind::bca;
  return i;
}

/// What the numbers of a third are: "short third, 12 to 80 bytes".
QString range_of(const Slice& slice, const std::string& by, const std::vector<SlicedPost>& posts) {
  if (!slice.name.ends_with(" third")) return {};
  double low = INFINITY, high = -INFINITY;
  for (const std::size_t i : slice.posts) {
    double v = static_cast<double>(posts[i].bytes);
    if (by != "length") {
      const auto at = posts[i].columns.find(by);
      if (at == posts[i].columns.end() || !at->second.is_number()) return {};
      v = at->second.get<double>();
    }
    low = std::min(low, v), high = std::max(high, v);
  }
  const auto shown = [&](double v) { return by == "length" ? text(thousands(std::llround(v))) : QString::number(v, 'g', 6); };
  return by == "length" ? QObject::tr(", %1 to %2 bytes").arg(shown(low), shown(high)) : QObject::tr(", %1 to %2").arg(shown(low), shown(high));
}

}  // namespace

QString slice_title(const std::string& by) {
  return by == "class" ? QObject::tr("By class") : by == "right" ? QObject::tr("By prediction") : by == "length" ? QObject::tr("By length") : QObject::tr("By %1").arg(one_line(by));
}

std::vector<SliceTable::Row> slice_rows(Store& store, const EvaluationReading& reading, const EvaluatedCell& cell, const std::string& by, std::stop_token stop) {
  const BootstrapOptions bootstrap{reading.settings.value("resamples", 2000), reading.settings.value("seed", std::uint64_t{0})};
  const std::vector<std::string> ways = by.empty() ? std::vector<std::string>{"class", "right", "length"} : std::vector<std::string>{by};
  const bool built_in = by.empty() || by == "class" || by == "right" || by == "length";
  std::map<std::int64_t, std::map<std::string, Json>> columns;
  if (!built_in) {
    const std::int64_t dataset = store.run(reading.run).dataset;
    for (auto& [id, values] : kept_columns(store, dataset)) {
      if (stop.stop_requested()) throw Cancelled{};
      if (const auto document = store.find_document(dataset, id)) columns[*document] = std::move(values);
    }
  }
  // The posts that were judged; as `telltale evaluate` counts them.
  std::vector<SlicedPost> posts;
  std::vector<double> values;
  for (std::size_t i = 0; i < cell.values.size(); ++i) {
    if (reading.targets[i] < 0 || reading.targets[i] == reading.foils[i]) continue;
    posts.push_back({reading.labels[i], reading.predicted[i], reading.bytes[i], columns[reading.documents[i]]});
    values.push_back(cell.values[i]);
  }
  const auto short_class = short_names(reading.classes);
  std::vector<SliceTable::Row> rows;
  for (const std::string& way : ways) {
    if (stop.stop_requested()) throw Cancelled{};
    const Slicing slices = slicing(way, posts, reading.classes);
    const Json figures = slice_figures(slices, values, bootstrap);
    std::map<std::string, QString> names;
    for (const Slice& s : slices.slices) {
      names[s.name] = one_line(s.name);
      if (way == "class")
        for (std::size_t k = 0; k < reading.classes.size(); ++k)
          if (reading.classes[k] == s.name) names[s.name] = one_line(short_class[k]);
    }
    rows.push_back({true, slice_title(way), 0, {}, false});
    for (std::size_t k = 0; k < figures["slices"].size(); ++k) {
      const Json& s = figures["slices"][k];
      rows.push_back({false, names[s["name"].get<std::string>()] + range_of(slices.slices[k], way, posts), s["n"].get<std::int64_t>(), interval_of(s, "mean", "low", "high"), false});
    }
    if (!figures.contains("gap")) continue;
    const Json& gap = figures["gap"];
    rows.push_back({false, QObject::tr("%1 − %2").arg(names[gap["high"].get<std::string>()], names[gap["low"].get<std::string>()]), 0, interval_of(gap, "value", "low_end", "high_end"), true, number_of(gap, "p"), gap["clear"] == true});
  }
  return rows;
}

void EvaluateView::fill_slice_choices() {
  std::vector<std::string> columns = data_ ? data_->columns : std::vector<std::string>();
  std::erase_if(columns, [](const std::string& c) { return c == "class" || c == "right" || c == "length"; });  // those are what every post has
  slice_by_->clear();
  slice_by_->addItem(tr("Class, prediction, length"), QString());
  slice_by_->addItem(tr("Class"), QStringLiteral("class"));
  slice_by_->addItem(tr("Right or wrong"), QStringLiteral("right"));
  slice_by_->addItem(tr("Length"), QStringLiteral("length"));
  for (const std::string& c : columns) {
    slice_by_->addItem(tr("Column %1").arg(elided(one_line(c), 40)), text(c));
    slice_by_->setItemData(slice_by_->count() - 1, plain_tip(one_line(c)), Qt::ToolTipRole);
  }
  slice_by_->insertSeparator(slice_by_->count());
  slice_by_->addItem(tr("Columns from a file…"), QString::fromLatin1(from_a_file));
  slice_by_->setItemData(slice_by_->count() - 1, tr("JSONL, a line a post: {\"id\": …, \"year\": 1993, …}, by the post's id in the data set. They are kept in this file."), Qt::ToolTipRole);
  const int at = slice_by_->findData(text(slice_wish_));
  if (at < 0) slice_wish_.clear();
  slice_by_->setCurrentIndex(std::max(0, at));
}

void EvaluateView::slice_by(const std::string& by) {
  const int at = slice_by_->findData(text(by));
  if (at < 0 || by == from_a_file) return;
  slice_by_->setCurrentIndex(at);
  slice_wish_ = by;
  if (detail_ == Detail::slices) show_detail_page();
}

void EvaluateView::ask_columns() {
  const QString file = QFileDialog::getOpenFileName(this, tr("Columns of the posts"), {}, tr("Columns (*.jsonl *.ndjson);;All files (*)"));
  if (!file.isEmpty()) add_columns(file);
}

void EvaluateView::add_columns(const QString& file) {
  if (!session_ || !data_ || data_->runs.empty()) return;
  if (columns_job_) session_->work().cancel(columns_job_);
  columns_job_ = session_->work().submit(
      this, WorkQueue::Priority::visible, tr("Read columns of posts"),
      [this, path = file.toStdString(), run = data_->runs[0].id](WorkQueue::Context& c) -> std::function<void()> {
        const PostColumns columns = read_columns(path, c.stop);
        keep_columns(c.store, c.store.run(run).dataset, columns);
        std::string first;
        for (const auto& [id, values] : columns)
          if (!values.empty() && (first.empty() || values.begin()->first < first)) first = values.begin()->first;
        return [this, first] {
          columns_job_ = 0;
          slice_wish_ = first;
          read();
        };
      },
      [this](const QString& message) {
        columns_job_ = 0;
        Q_EMIT failed(message);
      });
}

}  // namespace telltale::ui
