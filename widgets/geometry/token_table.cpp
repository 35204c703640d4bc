#include "widgets/geometry/token_table.hpp"

#include <QHeaderView>
#include <QKeyEvent>

#include "widgets/export/export.hpp"
#include "widgets/geometry/plane_view.hpp"

namespace telltale::ui {

void TokenModel::set_tokens(std::vector<GeometryToken> tokens, double unit) {
  const bool same = tokens.size() == tokens_.size() && std::equal(tokens.begin(), tokens.end(), tokens_.begin(), [](const auto& a, const auto& b) { return a.position == b.position; });
  unit_ = unit > 0 ? unit : 1;
  if (same) {  // the selection stays
    tokens_ = std::move(tokens);
    if (!tokens_.empty()) Q_EMIT dataChanged(index(0, 0), index(rowCount() - 1, columns - 1));
    return;
  }
  beginResetModel();
  tokens_ = std::move(tokens);
  endResetModel();
}

int TokenModel::row_of(int position) const {
  for (std::size_t k = 0; k < tokens_.size(); ++k)
    if (tokens_[k].position == position) return static_cast<int>(k);
  return -1;
}

QVariant TokenModel::data(const QModelIndex& at, int role) const {
  if (!at.isValid() || at.row() >= rowCount()) return {};
  const GeometryToken& t = token_at(at.row());
  const bool number = at.column() == near_radius || at.column() == far_radius;
  switch (role) {
    case Qt::DisplayRole:
    case Qt::AccessibleTextRole:
      switch (at.column()) {
        case token: return piece_text(t.piece);
        case near_radius: return figure(t.near_radius / unit_, 2);
        case near_word: return piece_text(t.near_piece);
        case far_radius: return figure(t.far_radius / unit_, 2);
        case far_word: return piece_text(t.far_piece);
        default: return {};
      }
    case Qt::TextAlignmentRole: return QVariant::fromValue(Qt::Alignment((number ? Qt::AlignRight : Qt::AlignLeft) | Qt::AlignVCenter));
    case Qt::FontRole: return theme_.font("table", at.column() == token ? Theme::Weight::medium : Theme::Weight::regular);
    case Qt::ForegroundRole: {  // its own word is no news
      const bool own = (at.column() == near_word && t.near_id == t.id) || (at.column() == far_word && t.far_id == t.id);
      return theme_[own ? "text3" : "text"];
    }
    case Qt::ToolTipRole:
      if (at.column() == token) return tr("token %1 of the post; click: x is this one").arg(t.position);
      if (number) return tr("%1 absolute").arg(figure(at.column() == near_radius ? t.near_radius : t.far_radius));
      return at.column() == near_word ? tr("nearest word of x'") : tr("nearest word of x''");
    default: return {};
  }
}

QVariant TokenModel::headerData(int section, Qt::Orientation orientation, int role) const {
  if (orientation != Qt::Horizontal) return {};
  if (role == Qt::DisplayRole) {
    const QString names[] = {tr("Token"), QStringLiteral("‖x'‖"), tr("nearest to x'"), QStringLiteral("‖x''‖"), tr("nearest to x''")};
    return section >= 0 && section < columns ? names[section] : QVariant();
  }
  if (role == Qt::FontRole) return theme_.font("caption");
  if (role == Qt::ForegroundRole) return theme_["text3"];
  if (role == Qt::TextAlignmentRole) return QVariant::fromValue(Qt::Alignment((section == near_radius || section == far_radius ? Qt::AlignRight : Qt::AlignLeft) | Qt::AlignVCenter));
  if (role == Qt::ToolTipRole && (section == near_radius || section == far_radius)) return tr("distance from the token, × median nearest-word distance");
  return {};
}

QString TokenModel::csv() const {
  QString out = QStringLiteral("position,token,radius_near,nearest_near,radius_far,nearest_far\n");
  for (const GeometryToken& t : tokens_)
    out += QStringLiteral("%1,%2,%3,%4,%5,%6\n").arg(t.position).arg(csv_cell(text(t.piece))).arg(t.near_radius, 0, 'g', 8).arg(csv_cell(text(t.near_piece))).arg(t.far_radius, 0, 'g', 8).arg(csv_cell(text(t.far_piece)));
  return out;
}

TokenTable::TokenTable(Theme& theme, QWidget* parent) : QTableView(parent), model_(new TokenModel(theme, this)) {
  setModel(model_);
  setAccessibleName(tr("Tokens of the post"));
  setSelectionBehavior(QAbstractItemView::SelectRows);
  setSelectionMode(QAbstractItemView::SingleSelection);
  setEditTriggers(QAbstractItemView::NoEditTriggers);
  setShowGrid(false);
  setFrameShape(QFrame::NoFrame);
  setWordWrap(false);
  setTabKeyNavigation(false);
  verticalHeader()->hide();
  verticalHeader()->setDefaultSectionSize(theme.spacing("row"));
  verticalHeader()->setMinimumSectionSize(theme.spacing("row"));
  horizontalHeader()->setHighlightSections(false);
  horizontalHeader()->setFont(theme.font("caption"));
  horizontalHeader()->setFixedHeight(22);
  horizontalHeader()->setMinimumSectionSize(40);
  setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
  connect(this, &QTableView::clicked, this, [this](const QModelIndex& at) { Q_EMIT centred(model_->token_at(at.row()).position); });
}

void TokenTable::show_tokens(const PerturbationGeometry& g) {
  model_->set_tokens(g.tokens, g.scale.unit);
  const int row = model_->row_of(g.position);
  if (row < 0) return;
  setCurrentIndex(model_->index(row, currentIndex().isValid() ? currentIndex().column() : 0));
  scrollTo(model_->index(row, 0));
}

void TokenTable::keyPressEvent(QKeyEvent* e) {
  if ((e->key() == Qt::Key_Return || e->key() == Qt::Key_Enter) && currentIndex().isValid()) {
    Q_EMIT centred(model_->token_at(currentIndex().row()).position);
    return;
  }
  QTableView::keyPressEvent(e);
}

void TokenTable::resizeEvent(QResizeEvent* e) {
  QTableView::resizeEvent(e);
  const int number = 50, rest = std::max(120, viewport()->width() - 2 * number);
  const int widths[] = {rest * 30 / 100, number, rest * 35 / 100, number, rest - rest * 30 / 100 - rest * 35 / 100};
  for (int c = 0; c < TokenModel::columns; ++c) setColumnWidth(c, widths[c]);
}

}  // namespace telltale::ui
