#include "widgets/row_list.hpp"

#include <QPainter>

#include "widgets/painted_view.hpp"

namespace telltale::ui {

void RowsModel::set_rows(std::vector<ListRow> rows) {
  beginResetModel();
  rows_ = std::move(rows);
  endResetModel();
}

int RowsModel::find(qint64 id) const {
  for (std::size_t i = 0; i < rows_.size(); ++i)
    if (rows_[i].id == id) return static_cast<int>(i);
  return -1;
}

QVariant RowsModel::data(const QModelIndex& index, int role) const {
  if (!index.isValid() || index.row() >= rowCount()) return {};
  const ListRow& r = row(index.row());
  switch (role) {
    case Qt::DisplayRole: return r.title;
    case Qt::ToolTipRole: return !r.tip.isEmpty() ? r.tip : r.note.isEmpty() ? r.title : r.title + QLatin1Char('\n') + r.note;
    case Qt::AccessibleTextRole: {
      const QString mark = r.mark == ListRow::Mark::right ? tr("right, ") : r.mark == ListRow::Mark::wrong ? tr("wrong, ") : QString();
      return QStringList{r.title, mark + r.note, r.value}.join(QStringLiteral(", "));
    }
    default: return {};
  }
}

RowsDelegate::RowsDelegate(Theme& theme, bool two_lines, QObject* parent) : QStyledItemDelegate(parent), theme_(theme), two_lines_(two_lines) {}

QSize RowsDelegate::sizeHint(const QStyleOptionViewItem&, const QModelIndex&) const { return {120, theme_.spacing(two_lines_ ? "rowTall" : "row") + (two_lines_ ? 0 : 2)}; }

void RowsDelegate::paint(QPainter* p, const QStyleOptionViewItem& option, const QModelIndex& index) const {
  const auto* model = static_cast<const RowsModel*>(index.model());
  const ListRow& r = model->row(index.row());
  const QRectF box = option.rect;
  p->save();
  p->setRenderHint(QPainter::Antialiasing);
  if (option.state & QStyle::State_Selected) {
    p->fillRect(box, theme_["selection"]);
    p->fillRect(QRectF(box.left(), box.top(), 3, box.height()), theme_["accent"]);
  } else if (option.state & QStyle::State_MouseOver) {
    p->fillRect(box, theme_["hover"]);
  }
  p->fillRect(QRectF(box.left(), box.bottom(), box.width(), 1), theme_["grid"]);
  const QFont plain = theme_.font("table"), medium = theme_.font("table", Theme::Weight::medium), small = theme_.font("caption");
  qreal left = box.left() + 12;
  const QRectF first(left, box.top() + (two_lines_ ? 4 : 0), box.width() - 24, two_lines_ ? theme_.px(18) : box.height());
  p->setFont(plain);
  const qreal whole_w = r.value.isEmpty() ? 0 : tabular_width(QFontMetricsF(plain), r.value) + 8;
  const bool below = two_lines_ && box.width() < theme_.px(below_);
  const qreal value_w = below ? 0 : whole_w, below_w = below ? whole_w : 0;
  p->setPen(theme_["text2"]);
  if (whole_w > 0) draw_tabular(*p, below ? QRectF(first.left(), box.top() + theme_.px(22), first.width(), theme_.px(17)) : first, Qt::AlignRight, r.value);
  if (r.series >= 0) {
    p->setPen(Qt::NoPen);
    p->setBrush(theme_.series(static_cast<std::size_t>(r.series)));
    p->drawRoundedRect(QRectF(left, first.center().y() - 4.5, 9, 9), 2, 2);
    left += 17;
  }
  p->setFont(medium);
  p->setPen(theme_["text"]);
  const qreal room = first.right() - left - value_w;
  p->drawText(QRectF(left, first.top(), room, first.height()), Qt::AlignVCenter, QFontMetricsF(medium).elidedText(r.title, Qt::ElideRight, room));
  if (two_lines_) {
    const QRectF second(left, box.top() + theme_.px(22), box.right() - left - 12 - below_w, theme_.px(17));
    qreal x = second.left();
    p->setFont(small);
    if (r.mark != ListRow::Mark::none) {
      const bool right = r.mark == ListRow::Mark::right;
      p->setPen(theme_[right ? "ok" : "error"]);
      p->drawText(QRectF(x, second.top(), theme_.px(14), second.height()), Qt::AlignVCenter, right ? QStringLiteral("✓") : QStringLiteral("✗"));
      x += theme_.px(15);
    }
    p->setPen(theme_["text3"]);
    p->drawText(QRectF(x, second.top(), second.right() - x, second.height()), Qt::AlignVCenter, QFontMetricsF(small).elidedText(r.note, Qt::ElideRight, second.right() - x));
  }
  if (option.state & QStyle::State_HasFocus && option.widget && option.widget->hasFocus()) {
    p->setPen(QPen(theme_["focus"], 1.5));
    p->setBrush(Qt::NoBrush);
    p->drawRect(box.adjusted(1, 1, -1, -2));
  }
  p->restore();
}

RowList::RowList(Theme& theme, const QString& name, bool two_lines, QWidget* parent) : QListView(parent), model_(new RowsModel(this)), delegate_(new RowsDelegate(theme, two_lines, this)) {
  setModel(model_);
  setItemDelegate(delegate_);
  setMouseTracking(true);
  setUniformItemSizes(true);
  setVerticalScrollMode(ScrollPerPixel);
  setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
  setEditTriggers(NoEditTriggers);
  setFrameShape(NoFrame);
  setAccessibleName(name);
  connect(&theme, &Theme::changed, viewport(), qOverload<>(&QWidget::update));
}

void RowList::set_rows(std::vector<ListRow> rows) {
  const qint64 id = chosen_id();
  quiet_ = true;
  model_->set_rows(std::move(rows));
  quiet_ = false;
  choose(id);
}

void RowList::choose(qint64 id) {
  const int i = model_->find(id);
  quiet_ = true;
  setCurrentIndex(i >= 0 ? model_->index(i) : QModelIndex());
  quiet_ = false;
}

qint64 RowList::chosen_id() const { return currentIndex().isValid() ? model_->row(currentIndex().row()).id : 0; }

void RowList::step(int by) {
  const int to = std::clamp(currentIndex().row() + by, 0, count() - 1);
  if (count() > 0) setCurrentIndex(model_->index(to));
}

void RowList::currentChanged(const QModelIndex& now, const QModelIndex& before) {
  QListView::currentChanged(now, before);
  if (!quiet_ && now.isValid()) Q_EMIT chosen(model_->row(now.row()).id);
}

}  // namespace telltale::ui
