#include "widgets/shell/run_delegate.hpp"

#include <QLineEdit>
#include <QMouseEvent>
#include <QPainterPath>
#include <QTreeView>
#include <algorithm>
#include <cmath>

#include "widgets/icons.hpp"
#include "widgets/painted_view.hpp"
#include "widgets/shell/run_model.hpp"

namespace telltale::ui {
namespace {

struct Places {
  QRect tick, swatch, name, state, glyph, detail, curve;
};

Places places(const QRect& r, int state_width, const Theme& theme) {
  const int first = r.top() + 4, line = static_cast<int>(theme.px(18)), second = r.top() + static_cast<int>(theme.px(22));
  Places p;
  p.tick = {r.left() + 12, r.top() + (r.height() - 14) / 2, 14, 14};
  p.swatch = {p.tick.right() + 9, r.top() + (r.height() - 10) / 2, 10, 10};
  const int left = p.swatch.right() + 10, right = r.right() - 10;
  p.glyph = {right - 14, first + (line - 14) / 2, 14, 14};
  p.state = {p.glyph.left() - 6 - state_width, first, state_width, line};
  p.name = {left, first, std::max(0, p.state.left() - 6 - left), line};
  p.curve = {right - 46, second + 2, 46, 16};
  p.detail = {left, second, std::max(0, p.curve.left() - 6 - left), line};
  return p;
}

void draw_curve(QPainter& p, const QRectF& box, const std::vector<float>& curve, const QColor& colour) {
  std::vector<QPointF> points;
  float low = INFINITY, high = -INFINITY;
  for (const float y : curve)
    if (std::isfinite(y)) low = std::min(low, y), high = std::max(high, y);
  if (!(low <= high)) return;
  const double range = high > low ? static_cast<double>(high - low) : 1, n = static_cast<double>(std::max<std::size_t>(1, curve.size() - 1));
  for (std::size_t i = 0; i < curve.size(); ++i)
    if (std::isfinite(curve[i])) points.emplace_back(box.left() + 1 + static_cast<double>(i) / n * (box.width() - 5), box.bottom() - 3 - static_cast<double>(curve[i] - low) / range * (box.height() - 6));
  p.save();
  p.setRenderHint(QPainter::Antialiasing);
  p.setPen(QPen(colour, 1.3));
  p.drawPolyline(points.data(), static_cast<int>(points.size()));
  p.setPen(Qt::NoPen);
  p.setBrush(colour);
  p.drawEllipse(points.back(), 2, 2);
  p.restore();
}

}  // namespace

void draw_ring(QPainter& p, const QRectF& box, const Theme& theme, double share) {
  p.save();
  p.setRenderHint(QPainter::Antialiasing);
  const QRectF ring = box.adjusted(2.5, 2.5, -2.5, -2.5);
  p.setPen(QPen(theme["border"], 2.6));
  p.drawEllipse(ring);
  p.setPen(QPen(theme["accent"], 2.6, Qt::SolidLine, Qt::FlatCap));
  p.drawArc(ring, 90 * 16, -static_cast<int>(std::clamp(share, 0.02, 1.0) * 360 * 16));
  p.restore();
}

void draw_status(QPainter& p, const QRectF& box, const Theme& theme, const RunRow& row) {
  const char* name = "clock";
  const char* colour = "text3";
  switch (row.status) {
    case RunStatus::queued: break;
    case RunStatus::running: return draw_ring(p, box, theme, row.steps > 0 ? static_cast<double>(row.step) / static_cast<double>(row.steps) : 0);
    case RunStatus::paused: name = "pause", colour = "warn"; break;
    case RunStatus::stopped: name = "stop"; break;
    case RunStatus::interrupted: name = "warn", colour = "warn"; break;
    case RunStatus::failed: name = "warn", colour = "error"; break;
    case RunStatus::finished: name = "check", colour = "ok"; break;
  }
  draw_icon(p, box, name, theme[colour]);
}

RunDelegate::RunDelegate(Theme& theme, QAbstractItemView* view) : QStyledItemDelegate(view), theme_(theme), view_(view) {}

QSize RunDelegate::sizeHint(const QStyleOptionViewItem&, const QModelIndex& index) const {
  if (index.parent().isValid()) return {160, theme_.spacing("rowTall")};
  return {160, index.data().toString().isEmpty() ? 1 : theme_.spacing("row")};
}

void RunDelegate::paint(QPainter* p, const QStyleOptionViewItem& o, const QModelIndex& index) const {
  const RunRow* row = index.data(RunModel::RowRole).value<const RunRow*>();
  p->save();
  row ? paint_run(*p, o, *row) : paint_group(*p, o, index);
  p->restore();
}

void RunDelegate::paint_group(QPainter& p, const QStyleOptionViewItem& o, const QModelIndex& index) const {
  const QString title = index.data().toString(), caption = index.data(RunModel::CaptionRole).toString();
  if (title.isEmpty()) return;
  p.fillRect(o.rect, theme_["panelAlt"]);
  p.fillRect(QRect(o.rect.left(), o.rect.bottom(), o.rect.width(), 1), theme_["grid"]);
  const auto* tree = qobject_cast<const QTreeView*>(view_);
  draw_icon(p, QRectF(o.rect.left() + 6, o.rect.top() + 6, 12, 12), tree && !tree->isExpanded(index) ? "right" : "down", theme_["text3"]);
  p.setFont(theme_.font("caption"));
  p.setPen(theme_["text3"]);
  const int width = static_cast<int>(std::ceil(tabular_width(QFontMetricsF(p.font()), caption)));
  draw_tabular(p, QRectF(o.rect.right() - 10 - width, o.rect.top(), width, o.rect.height()), Qt::AlignRight, caption);
  p.setFont(theme_.font("caption", Theme::Weight::semibold));
  p.setPen(theme_["text2"]);
  const QRect room(o.rect.left() + 24, o.rect.top(), o.rect.width() - 24 - 16 - width, o.rect.height());
  p.drawText(room, Qt::AlignVCenter, QFontMetrics(p.font()).elidedText(title, Qt::ElideRight, room.width()));
}

void RunDelegate::paint_run(QPainter& p, const QStyleOptionViewItem& o, const RunRow& row) const {
  const bool selected = o.state & QStyle::State_Selected, hover = o.state & QStyle::State_MouseOver;
  p.fillRect(o.rect, theme_[selected ? "selection" : hover ? "hover" : "panel"]);
  p.fillRect(QRect(o.rect.left(), o.rect.bottom(), o.rect.width(), 1), theme_["grid"]);
  if (selected) p.fillRect(QRect(o.rect.left(), o.rect.top(), 3, o.rect.height()), theme_["accent"]);
  const QFont caption = theme_.font("caption"), name = theme_.font("table", Theme::Weight::medium);
  const QString state = state_text(row);
  const Places at = places(o.rect, static_cast<int>(std::ceil(tabular_width(QFontMetricsF(caption), state))), theme_);
  // The box says whether the charts show it.
  p.save();
  p.setRenderHint(QPainter::Antialiasing);
  p.setPen(row.shown ? theme_["accent"] : theme_["borderStrong"]);
  p.setBrush(row.shown ? theme_["accent"] : theme_["field"]);
  p.drawRoundedRect(QRectF(at.tick).adjusted(0.5, 0.5, -0.5, -0.5), 2, 2);
  p.setPen(Qt::NoPen);
  p.setBrush(theme_.series(static_cast<std::size_t>(row.series)));
  p.drawRoundedRect(at.swatch, 2, 2);
  p.restore();
  if (row.shown) draw_icon(p, QRectF(at.tick).adjusted(1, 1, -1, -1), "check", theme_["accentText"]);
  p.setFont(name);
  p.setPen(theme_["text"]);
  const int room = at.name.width() - (row.note.isEmpty() ? 0 : 18);
  const QString title = QFontMetrics(name).elidedText(row.name, Qt::ElideRight, room);
  p.drawText(at.name, Qt::AlignVCenter, title);
  if (!row.note.isEmpty()) draw_icon(p, QRectF(at.name.left() + std::min(room, QFontMetrics(name).horizontalAdvance(title)) + 5, at.name.top() + (at.name.height() - 12) / 2, 12, 12), "note", theme_["text3"]);
  p.setFont(caption);
  p.setPen(theme_["text2"]);
  draw_tabular(p, at.state, Qt::AlignRight, state);
  draw_status(p, at.glyph, theme_, row);
  const bool failed = row.status == RunStatus::failed;
  p.setPen(theme_[failed ? "error" : selected ? "text2" : "text3"]);
  const QRect detail = row.curve.empty() ? at.detail.united(at.curve) : at.detail;
  // Figures are whole or not there: what does not fit goes from the end.
  QString said = detail_text(row);
  for (auto cut = said.lastIndexOf(QStringLiteral(" · ")); cut > 0 && tabular_width(QFontMetricsF(caption), said) > detail.width() - 2; cut = said.lastIndexOf(QStringLiteral(" · "))) said.truncate(cut);
  draw_tabular(p, detail, Qt::AlignLeft, QFontMetrics(caption).elidedText(said, Qt::ElideRight, detail.width() - 2));
  if (!row.curve.empty()) draw_curve(p, at.curve, row.curve, theme_.series(static_cast<std::size_t>(row.series)));
  if ((o.state & QStyle::State_HasFocus) && view_->hasFocus()) {
    p.setPen(QPen(theme_["focus"], 1, Qt::DotLine));
    p.drawRect(o.rect.adjusted(4, 1, -2, -3));
  }
}

bool RunDelegate::editorEvent(QEvent* e, QAbstractItemModel* model, const QStyleOptionViewItem& o, const QModelIndex& index) {
  const RunRow* row = index.data(RunModel::RowRole).value<const RunRow*>();
  if (!row || (e->type() != QEvent::MouseButtonRelease && e->type() != QEvent::MouseButtonPress && e->type() != QEvent::MouseButtonDblClick)) return QStyledItemDelegate::editorEvent(e, model, o, index);
  const auto* mouse = static_cast<QMouseEvent*>(e);
  if (mouse->button() != Qt::LeftButton) return false;
  const Places at = places(o.rect, 0, theme_);
  const QPoint p = mouse->position().toPoint();
  if (at.tick.adjusted(-5, -5, 4, 5).contains(p)) {
    if (e->type() == QEvent::MouseButtonRelease) model->setData(index, row->shown ? Qt::Unchecked : Qt::Checked, Qt::CheckStateRole);
    return true;
  }
  if (at.swatch.adjusted(-4, -6, 4, 6).contains(p)) {
    if (e->type() == QEvent::MouseButtonRelease) Q_EMIT swatch_clicked(row->id, mouse->globalPosition().toPoint());
    return true;
  }
  return false;
}

QWidget* RunDelegate::createEditor(QWidget* parent, const QStyleOptionViewItem&, const QModelIndex&) const {
  auto* edit = new QLineEdit(parent);
  edit->setFont(theme_.font("table", Theme::Weight::medium));
  edit->setMaxLength(200);
  edit->setAccessibleName(tr("Name of the run"));
  return edit;
}

void RunDelegate::updateEditorGeometry(QWidget* editor, const QStyleOptionViewItem& o, const QModelIndex&) const {
  const Places at = places(o.rect, 0, theme_);
  editor->setGeometry(at.name.left() - 9, o.rect.top() + 1, o.rect.right() - at.name.left() + 4, 26);
}

}  // namespace telltale::ui
