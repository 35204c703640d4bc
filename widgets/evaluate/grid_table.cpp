#include "widgets/evaluate/grid_table.hpp"

#include <QAbstractButton>
#include <QKeyEvent>
#include <QPainter>
#include <QScrollBar>
#include <algorithm>
#include <cmath>

#include "report/numbers.hpp"
#include "widgets/icons.hpp"
#include "widgets/painted_view.hpp"

namespace telltale::ui {

// ---- heads

GridHead::GridHead(Theme& theme, GridModel* model, Qt::Orientation orientation, QWidget* parent)
    : QHeaderView(orientation, parent), theme_(theme), model_(model) {
  setSectionsClickable(true);
  setHighlightSections(false);
  setSectionResizeMode(QHeaderView::Fixed);
  setMinimumSectionSize(24);
  connect(&theme, &Theme::changed, this, [this] { viewport()->update(); });
}

int GridHead::needed(int section) const {
  const QFontMetricsF name(theme_.font("caption", Theme::Weight::semibold), this),
      row(theme_.font("table", Theme::Weight::medium), this), small(theme_.font("axis"), this);
  if (orientation() == Qt::Horizontal)
    return static_cast<int>(std::ceil(std::max(name.horizontalAdvance(text(model_->metric(section))),
                                               small.horizontalAdvance(better_text(model_->metric(section))) + 16))) +
           20;
  return static_cast<int>(std::ceil(std::max(row.horizontalAdvance(method_name(model_->method(section))),
                                             small.horizontalAdvance(model_->note(section))))) +
         24;
}

QSize GridHead::sizeHint() const {
  if (orientation() == Qt::Horizontal) return {100, static_cast<int>(theme_.px(38))};
  int width = 90;
  const int rows = std::min(count(), model_->rowCount());  // a reset tells one head after the other
  for (int i = 0; i < rows; ++i) width = std::max(width, needed(i));
  return {std::min(width, static_cast<int>(theme_.px(220))), static_cast<int>(theme_.px(38))};
}

void GridHead::paintSection(QPainter* painter, const QRect& rect, int section) const {
  QPainter& p = *painter;
  if (!model_->evaluation() ||
      section >= (orientation() == Qt::Horizontal ? model_->columnCount() : model_->rowCount()))
    return;
  p.save();
  const bool across = orientation() == Qt::Horizontal, control = !across && model_->method(section) == random_method;
  p.fillRect(rect, theme_[control ? "panelAlt" : "panel"]);
  p.fillRect(QRect(rect.left(), rect.bottom(), rect.width(), 1), theme_[across ? "border" : "grid"]);
  const QRectF inside = QRectF(rect).adjusted(across ? 8 : 10, 4, -6, -4);
  const QRectF top(inside.left(), inside.center().y() - theme_.px(15), inside.width(), theme_.px(15)),
      below(inside.left(), inside.center().y() + 1, inside.width(), theme_.px(13));
  const QString name = across ? text(model_->metric(section)) : method_name(model_->method(section)),
                note = across ? better_text(model_->metric(section)) : model_->note(section);
  const bool sorted = across && model_->sorted_by() == model_->metric(section);
  p.setFont(across ? theme_.font("caption", sorted ? Theme::Weight::semibold : Theme::Weight::medium)
                   : theme_.font("table", Theme::Weight::medium));
  p.setPen(theme_["text"]);
  p.drawText(top, Qt::AlignLeft | Qt::AlignVCenter,
             QFontMetricsF(p.font(), p.device()).elidedText(name, Qt::ElideRight, top.width()));
  p.setFont(theme_.font("axis"));
  p.setPen(theme_["text2"]);
  p.drawText(below, Qt::AlignLeft | Qt::AlignVCenter, note);
  if (sorted)
    draw_icon(p,
              QRectF(below.left() + QFontMetricsF(p.font(), p.device()).horizontalAdvance(note) + 3,
                     below.center().y() - 5, 10, 10),
              model_->reversed() ? "up" : "down", theme_["text2"]);
  p.restore();
}

void GridHead::paintEvent(QPaintEvent* e) {
  QHeaderView::paintEvent(e);
  QPainter p(viewport());
  const int end = length() - offset();  // what follows the last section is panel, not a style's grey
  if (orientation() == Qt::Vertical)
    return p.fillRect(0, end, viewport()->width(), viewport()->height(), theme_["panel"]);
  p.fillRect(end, 0, viewport()->width(), viewport()->height(), theme_["panel"]);
  p.fillRect(end, viewport()->height() - 1, viewport()->width(), 1, theme_["border"]);
}

// ---- cells

GridDelegate::GridDelegate(Theme& theme, GridTable* table) : QStyledItemDelegate(table), theme_(theme), table_(table) {}

QSize GridDelegate::sizeHint(const QStyleOptionViewItem&, const QModelIndex&) const {
  const auto& data = table_->model_->evaluation();
  const int runs = data ? static_cast<int>(data->runs.size()) : 1;
  const int least = static_cast<int>(theme_.px(table_->mode_ == GridTable::Mode::numbers ? 142 : 110));
  return {least, std::max(static_cast<int>(theme_.px(38)), static_cast<int>(theme_.px(10)) + line() * runs)};
}

void GridDelegate::paint(QPainter* painter, const QStyleOptionViewItem& option, const QModelIndex& index) const {
  QPainter& p = *painter;
  const auto* model = static_cast<const GridModel*>(index.model());
  p.save();
  p.setRenderHint(QPainter::Antialiasing);
  p.fillRect(option.rect, theme_[model->method(index.row()) == random_method ? "panelAlt" : "panel"]);
  p.fillRect(QRect(option.rect.left(), option.rect.bottom(), option.rect.width(), 1), theme_["grid"]);
  const auto entries = model->entries(index.row(), index.column());
  const QRectF inside = QRectF(option.rect).adjusted(8, 0, -6, -1);
  const auto all = [&](GridEntry::State state) {
    return std::all_of(entries.begin(), entries.end(), [&](const GridEntry& e) { return e.state == state; });
  };
  if (all(GridEntry::State::missing) || all(GridEntry::State::undefined)) {
    p.setFont(theme_.font("table"));
    p.setPen(theme_["text3"]);
    p.drawText(inside, Qt::AlignCenter, QStringLiteral("–"));
  } else if (all(GridEntry::State::waiting)) {
    p.setFont(theme_.font("axis"));
    p.setPen(theme_["text3"]);
    p.drawText(inside, Qt::AlignCenter, tr("waits"));
  } else {
    const qreal top = inside.center().y() - line() * static_cast<qreal>(entries.size()) / 2;
    for (std::size_t r = 0; r < entries.size(); ++r)
      paint_entry(p, QRectF(inside.left(), top + line() * static_cast<qreal>(r), inside.width(), line()), entries[r], r,
                  index);
  }
  if (option.state & QStyle::State_Selected || table_->currentIndex() == index) {
    p.setPen(QPen(theme_[table_->hasFocus() ? "focus" : "text"], 2));
    p.setBrush(Qt::NoBrush);
    p.drawRect(QRectF(option.rect).adjusted(1, 1, -1, -2));
  }
  p.restore();
}

void GridDelegate::paint_entry(QPainter& p, const QRectF& box, const GridEntry& e, std::size_t run,
                               const QModelIndex& index) const {
  const auto* model = static_cast<const GridModel*>(index.model());
  const std::string& metric = model->metric(index.column());
  const bool shown = e.state == GridEntry::State::whole || e.state == GridEntry::State::partly,
             other = e.state == GridEntry::State::elsewhere;
  const qreal mark_w = 12, middle = box.center().y();
  const QFont plain = theme_.font("table"), bold = theme_.font("table", Theme::Weight::semibold),
              small = theme_.font("axis");
  if (other || e.state == GridEntry::State::partly) {  // of other posts or settings: hatched
    p.setPen(Qt::NoPen);
    p.setBrush(QBrush(theme_["border"], Qt::BDiagPattern));
    p.drawRect(box.adjusted(-2, 1, 0, -1));
    p.setBrush(Qt::NoBrush);
  }
  if (other) {
    p.setFont(small);
    const QString by = tr("protocol %1").arg(e.protocol), value = value_text(e.mean.value, metric);
    const qreal width = QFontMetricsF(small, p.device()).horizontalAdvance(value + by) + 12;
    const QRectF label(box.center().x() - width / 2, box.top() + 1, width, box.height() - 2);
    p.fillRect(label, theme_["panel"]);
    p.setPen(theme_["text2"]);
    p.drawText(label.adjusted(3, 0, -3, 0), Qt::AlignLeft | Qt::AlignVCenter, value);
    p.setPen(theme_["warn"]);
    p.drawText(label.adjusted(3, 0, -3, 0), Qt::AlignRight | Qt::AlignVCenter, by);
    return;
  }
  if (!shown) {
    p.setFont(small);
    p.setPen(theme_["text3"]);
    p.drawText(box.adjusted(0, 0, -mark_w, 0), Qt::AlignRight | Qt::AlignVCenter,
               e.state == GridEntry::State::waiting ? tr("waits") : QStringLiteral("–"));
    return;
  }
  const QRectF number(box.left(), box.top(), box.width() - mark_w, box.height());
  QString said = value_text(e.mean.value, metric);
  if (table_->mode_ == GridTable::Mode::ranks) said = e.rank ? QString::number(e.rank) : QStringLiteral("–");
  const qreal said_w = tabular_width(QFontMetricsF(bold, p.device()), said) + 4;
  if (table_->mode_ == GridTable::Mode::numbers) {
    const int decimals = metric_info(metric).id == "log-odds" ? 2 : 3;
    p.setFont(small);
    p.setPen(theme_["text3"]);
    draw_tabular(p, QRectF(box.left(), box.top(), box.width() - mark_w, box.height()), Qt::AlignRight,
                 text(interval(e.mean.low, e.mean.high, decimals)));
  } else if (table_->mode_ == GridTable::Mode::bars) {
    const auto [low, high] = model->reach(index.column());
    const QRectF bar(box.left(), middle - 5, std::max<qreal>(12, box.width() - mark_w - theme_.px(46)), 10);
    const auto x = [&, low = low, high = high](double v) {
      return bar.left() + bar.width() * (std::clamp(v, low, high) - low) / (high - low);
    };
    QColor colour = theme_.series(
        static_cast<std::size_t>(run < table_->series_.size() ? table_->series_[run] : static_cast<int>(run)));
    p.fillRect(bar, theme_["grid"]);
    QColor fill = colour;
    if (e.state == GridEntry::State::partly) fill.setAlphaF(0.45f);
    if (std::isfinite(e.mean.value))
      p.fillRect(QRectF(QPointF(std::min(x(0), x(e.mean.value)), bar.top()),
                        QPointF(std::max(x(0), x(e.mean.value)), bar.bottom())),
                 fill);
    if (std::isfinite(e.mean.low) && std::isfinite(e.mean.high)) {
      p.setPen(QPen(theme_["text"], 1.2));
      p.drawLine(QPointF(x(e.mean.low), middle), QPointF(x(e.mean.high), middle));
      for (const double end : {e.mean.low, e.mean.high})
        p.drawLine(QPointF(x(end), middle - 3), QPointF(x(end), middle + 3));
    }
    if (low < 0) p.fillRect(QRectF(std::round(x(0)), bar.top() - 1, 1, bar.height() + 2), theme_["text2"]);
  }
  const QRectF value_box =
      table_->mode_ == GridTable::Mode::numbers ? QRectF(box.left(), box.top(), said_w, box.height()) : number;
  p.setFont(e.standing == Standing::best ? bold : plain);
  p.setPen(theme_[e.state == GridEntry::State::partly ? "text2" : "text"]);
  draw_tabular(p, value_box, table_->mode_ == GridTable::Mode::numbers ? Qt::AlignLeft : Qt::AlignRight, said);
  if (e.standing != Standing::plain) {
    p.setPen(QPen(theme_["text"], 1.2));
    p.setBrush(e.standing == Standing::best ? QBrush(theme_["text"]) : Qt::NoBrush);
    p.drawEllipse(QPointF(box.right() - 4, middle), 2.6, 2.6);
    p.setBrush(Qt::NoBrush);
  }
}

// ---- the table

GridTable::GridTable(Theme& theme, GridModel* model, QWidget* parent)
    : QTableView(parent), theme_(theme), model_(model) {
  setModel(model);
  setItemDelegate(new GridDelegate(theme, this));
  setHorizontalHeader(new GridHead(theme, model, Qt::Horizontal, this));
  setVerticalHeader(new GridHead(theme, model, Qt::Vertical, this));
  setAccessibleName(tr("Methods and metrics"));
  setShowGrid(false);
  setFrameShape(QFrame::NoFrame);
  setCornerButtonEnabled(false);
  for (auto* corner : findChildren<QAbstractButton*>(QString(), Qt::FindDirectChildrenOnly))
    corner->setAccessibleName(tr("Methods")), corner->installEventFilter(this);
  setSelectionMode(QAbstractItemView::SingleSelection);
  setEditTriggers(QAbstractItemView::NoEditTriggers);
  setHorizontalScrollMode(QAbstractItemView::ScrollPerPixel);
  setVerticalScrollMode(QAbstractItemView::ScrollPerPixel);
  setTabKeyNavigation(false);
  connect(horizontalHeader(), &QHeaderView::sectionClicked, this, [this](int section) {
    const QModelIndex now = currentIndex();
    const std::string method = now.isValid() ? model_->method(now.row()) : std::string(),
                      metric = model_->metric(section);
    model_->sort_by(metric);
    fit();
    if (!method.empty()) choose(method, metric);
  });
  connect(verticalHeader(), &QHeaderView::sectionClicked, this,
          [this](int section) { setCurrentIndex(model_->index(section, std::max(0, currentIndex().column()))); });
  connect(this, &QTableView::doubleClicked, this, [this](const QModelIndex& i) {
    Q_EMIT opened(text(model_->method(i.row())), text(model_->metric(i.column())));
  });
  setObjectName(QStringLiteral("grid"));  // what the table does not fill is panel, as behind its heads
  connect(&theme, &Theme::changed, this, [this] {
    fit();
    viewport()->update();
  });
}

bool GridTable::eventFilter(QObject* corner, QEvent* e) {
  if (e->type() != QEvent::Paint || !qobject_cast<QAbstractButton*>(corner)) return QTableView::eventFilter(corner, e);
  auto* w = static_cast<QWidget*>(corner);
  QPainter p(w);
  p.fillRect(w->rect(), theme_["panel"]);
  p.fillRect(0, w->height() - 1, w->width(), 1, theme_["border"]);
  return true;
}

void GridTable::set_mode(Mode mode) {
  mode_ = mode;
  fit();
  viewport()->update();
}

void GridTable::set_series(std::vector<int> series) {
  series_ = std::move(series);
  viewport()->update();
}

void GridTable::fit() {
  const auto* across = static_cast<const GridHead*>(horizontalHeader());
  const int columns = model_->columnCount();
  if (columns == 0) return;
  const QSize cell = itemDelegate()->sizeHint({}, model_->index(0, 0));
  std::vector<int> widths;
  int sum = 0;
  for (int c = 0; c < columns; ++c) widths.push_back(std::max(cell.width(), across->needed(c))), sum += widths.back();
  const int room = width() - verticalHeader()->sizeHint().width() - 12;
  const int extra = std::clamp((room - sum) / columns, 0, 60);
  for (int c = 0; c < columns; ++c) setColumnWidth(c, widths[static_cast<std::size_t>(c)] + extra);
  for (int r = 0; r < model_->rowCount(); ++r) setRowHeight(r, cell.height());
  verticalHeader()->setFixedWidth(verticalHeader()->sizeHint().width());
}

void GridTable::resizeEvent(QResizeEvent* e) {
  QTableView::resizeEvent(e);
  fit();
}

void GridTable::choose(const std::string& method, const std::string& metric) {
  const int row = model_->find_method(method), column = model_->find_metric(metric);
  if (row < 0 || column < 0) return;
  quiet_ = true;
  setCurrentIndex(model_->index(row, column));
  quiet_ = false;
}

void GridTable::currentChanged(const QModelIndex& now, const QModelIndex& before) {
  QTableView::currentChanged(now, before);
  viewport()->update();
  if (!quiet_ && now.isValid() && model_->evaluation())
    Q_EMIT chosen(text(model_->method(now.row())), text(model_->metric(now.column())));
}

void GridTable::keyPressEvent(QKeyEvent* e) {
  const QModelIndex now = currentIndex();
  if ((e->key() == Qt::Key_Return || e->key() == Qt::Key_Enter) && now.isValid())
    return Q_EMIT opened(text(model_->method(now.row())), text(model_->metric(now.column())));
  if (e->key() == Qt::Key_M && e->modifiers() == Qt::NoModifier)
    return Q_EMIT mode_asked((static_cast<int>(mode_) + 1) % 3);
  QTableView::keyPressEvent(e);
}

QSize GridTable::natural_size() const {
  return {verticalHeader()->width() + horizontalHeader()->length(),
          horizontalHeader()->height() + verticalHeader()->length()};
}

}  // namespace telltale::ui
