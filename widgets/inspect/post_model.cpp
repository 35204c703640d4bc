#include "widgets/inspect/post_model.hpp"

#include <algorithm>
#include <cmath>

#include "report/post_text.hpp"
#include "widgets/theme.hpp"

namespace telltale::ui {
namespace {

constexpr int page_rows = 16;             // a few milliseconds with snippets
constexpr std::size_t pages_kept = 256;

}  // namespace

void PostModel::set_source(Store* store, const PostIndex* index, std::vector<QString> classes) {
  beginResetModel();
  store_ = store;
  index_ = index;
  classes_ = std::move(classes);
  rows_.clear();
  pages_.clear();
  endResetModel();
}

void PostModel::set_order(std::vector<int> rows, const std::string& search) {
  beginResetModel();
  rows_ = std::move(rows);
  search_ = search;
  pages_.clear();
  endResetModel();
}

void PostModel::refresh() {
  if (!rows_.empty()) Q_EMIT dataChanged(index(0), index(rowCount() - 1));
}

void PostModel::set_blind(bool blind) {
  blind_ = blind;
  refresh();
}

int PostModel::place_of(qint64 document) const {
  if (!index_) return -1;
  const auto at = std::find(rows_.begin(), rows_.end(), index_->find(document));
  return at == rows_.end() ? -1 : static_cast<int>(at - rows_.begin());
}

qint64 PostModel::id(int place) const {
  if (!index_ || place < 0 || place >= rowCount()) return 0;
  return index_->table.rows[static_cast<std::size_t>(rows_[static_cast<std::size_t>(place)])].id;
}

const PostStart& PostModel::start_of(int place) const {
  static const PostStart none;
  const int page = place / page_rows;
  auto at = pages_.find(page);
  if (at == pages_.end()) {
    if (pages_.size() >= pages_kept) pages_.clear();
    std::vector<std::int64_t> ids;
    for (int i = page * page_rows; i < std::min(rowCount(), (page + 1) * page_rows); ++i) ids.push_back(id(i));
    std::vector<PostStart> starts;
    try {
      starts = store_->post_starts(ids, search_);
    } catch (const std::exception&) {  // busy or damaged: the row shows its number, and is read again when the list changes
    }
    at = pages_.emplace(page, std::move(starts)).first;
  }
  const qint64 wanted = id(place);
  for (const PostStart& s : at->second)
    if (s.id == wanted) return s;
  return none;
}

QVariant PostModel::data(const QModelIndex& index, int role) const {
  if (!index.isValid() || index.row() >= rowCount() || !index_ || !store_) return {};
  const auto row = static_cast<std::size_t>(rows_[static_cast<std::size_t>(index.row())]);
  const qint64 id = index_->table.rows[row].id;
  if (role == IdRole) return id;
  if (role != LineRole && role != Qt::DisplayRole && role != Qt::AccessibleTextRole) return {};
  const PostStart& start = start_of(index.row());
  PostLine line;
  line.id = id;
  line.title = start.id ? text(title_of(start.start)) : tr("post %1").arg(id);
  if (line.title.isEmpty()) line.title = text(clean_utf8(start.external_id));
  if (role == Qt::DisplayRole) return line.title;
  const auto name = [&](int label) { return label >= 0 && static_cast<std::size_t>(label) < classes_.size() ? classes_[static_cast<std::size_t>(label)] : QString(); };
  line.gold = name(index_->table.rows[row].label);
  line.predicted = blind_ ? QString() : name(index_->predicted[row]);
  line.confidence = blind_ ? std::nan("") : static_cast<double>(index_->confidence[row]);
  line.explained = index_->explained[row];
  if (role == Qt::AccessibleTextRole) {
    if (line.predicted.isEmpty()) return tr("%1, class %2").arg(line.title, line.gold);
    return tr("%1, class %2, predicted %3, %4").arg(line.title, line.gold, line.predicted).arg(line.confidence, 0, 'f', 2);
  }
  std::string snippet = start.snippet;
  if (snippet.empty()) {
    // Without a search: the words after the head, if there are any.
    const auto parts = quoted_parts(start.start);
    std::size_t from = 0;
    for (const Span& q : parts)
      if (q.begin <= static_cast<std::int64_t>(from) + 2) from = static_cast<std::size_t>(q.end);
    snippet = std::string(std::string_view(start.start).substr(std::min(from, start.start.size())));
  }
  QString shown;
  for (const QChar c : QString::fromStdString(snippet)) {
    if (c == QChar(2) || c == QChar(3)) shown += c;
    else if (c.isSpace()) shown += shown.endsWith(QLatin1Char(' ')) ? QString() : QStringLiteral(" ");
    else if (c.isPrint()) shown += c;
    if (shown.size() > 160) break;
  }
  line.snippet = shown.trimmed();
  return QVariant::fromValue(line);
}

}  // namespace telltale::ui
