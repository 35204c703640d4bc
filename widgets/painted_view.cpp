#include "widgets/painted_view.hpp"

#include <QAccessible>
#include <QHelpEvent>
#include <QKeyEvent>
#include <QMouseEvent>
#include <QToolTip>
#include <algorithm>

namespace telltale::ui {

qreal tabular_width(const QFontMetricsF& metrics, const QString& text) {
  const qreal digit = metrics.horizontalAdvance(QLatin1Char('0'));
  qreal width = 0;
  for (const QChar c : text) width += c.isDigit() ? digit : metrics.horizontalAdvance(c);
  return width;
}

void draw_tabular(QPainter& p, const QRectF& box, int flags, const QString& text) {
  const QFontMetricsF metrics(p.font(), p.device());
  const qreal digit = metrics.horizontalAdvance(QLatin1Char('0')), width = tabular_width(metrics, text);
  qreal x = flags & Qt::AlignRight ? box.right() - width : flags & Qt::AlignHCenter ? box.center().x() - width / 2 : box.left();
  const qreal y = box.center().y() + (metrics.ascent() - metrics.descent()) / 2;
  QString run;  // what stands between digits is drawn as one text, with its kerning
  qreal run_x = x;
  const auto flush = [&] {
    if (!run.isEmpty()) p.drawText(QPointF(run_x, y), run);
    run.clear();
  };
  for (const QChar c : text) {
    if (c.isDigit()) {
      flush();
      p.drawText(QPointF(x + (digit - metrics.horizontalAdvance(c)) / 2, y), QString(c));
      x += digit;
      run_x = x;
    } else {
      run += c;
      x += metrics.horizontalAdvance(c);
    }
  }
  flush();
}

int fitting(const QFontMetricsF& metrics, const QString& text, qreal room) {
  // No more than a third as many characters as pixels are looked at: none is narrower for long.
  const int most = static_cast<int>(std::min<qsizetype>(text.size(), std::max(8, static_cast<int>(room / 3))));
  if (most == text.size() && metrics.horizontalAdvance(text) <= room) return most;
  int low = 1, high = most;
  while (low < high) {
    const int middle = (low + high + 1) / 2;
    if (metrics.horizontalAdvance(text.left(middle)) <= room) low = middle;
    else high = middle - 1;
  }
  if (low < text.size() && low >= 1 && text[low - 1].isHighSurrogate()) low += low > 1 ? -1 : 1;
  return low;
}

void draw_heat_bar(QPainter& p, const QRectF& box, const Palette& palette, qreal gamma) {
  const qreal ratio = p.device()->devicePixelRatioF();
  const int columns = std::max(2, static_cast<int>(box.width() * ratio));
  for (int i = 0; i < columns; ++i) {
    const double s = 2.0 * i / (columns - 1) - 1;
    p.fillRect(QRectF(box.left() + i / ratio, box.top(), 1 / ratio + 0.01, box.height()), colour(palette.heat(s, 1, gamma).ground));
  }
  p.setPen(QPen(colour(palette["border"]), 1));
  p.setBrush(Qt::NoBrush);
  p.drawRect(box.adjusted(-0.5, -0.5, 0.5, 0.5));
}

PaintedView::PaintedView(Theme& theme, QWidget* parent) : QWidget(parent), theme_(theme) {
  setMouseTracking(true);
  setFocusPolicy(Qt::StrongFocus);
  connect(&theme, &Theme::changed, this, [this] { lay_out(), update(); });
}

void PaintedView::set_items(std::vector<Item> items) { items_ = std::move(items); }

void PaintedView::set_ring(int key) {
  if (key == ring_) return;
  ring_ = key;
  update();
}

int PaintedView::item_at(QPointF p) const {
  for (std::size_t i = 0; i < items_.size(); ++i)
    if (items_[i].box.contains(p)) return static_cast<int>(i);
  return -1;
}

void PaintedView::move_ring(int item) {
  const auto& it = items_[static_cast<std::size_t>(item)];
  ring_ = it.key;
  setAccessibleDescription(it.spoken);
  QAccessibleEvent spoken(this, QAccessible::DescriptionChanged);
  QAccessible::updateAccessibility(&spoken);
  update();
  Q_EMIT hovered(ring_);
}

void PaintedView::move_to(int key) {
  for (std::size_t i = 0; i < items_.size(); ++i)
    if (items_[i].key == key) return move_ring(static_cast<int>(i));
}

bool PaintedView::event(QEvent* e) {
  // Esc lets go of the ring before it means anything to the window.
  if (e->type() == QEvent::ShortcutOverride && ring_ >= 0 && static_cast<QKeyEvent*>(e)->key() == Qt::Key_Escape) e->accept();
  if (e->type() == QEvent::ToolTip) {
    const auto* help = static_cast<QHelpEvent*>(e);
    const int i = item_at(help->pos());
    if (i >= 0 && !items_[static_cast<std::size_t>(i)].tip.isEmpty()) QToolTip::showText(help->globalPos(), items_[static_cast<std::size_t>(i)].tip, this);
    else QToolTip::hideText();
    return true;
  }
  return QWidget::event(e);
}

void PaintedView::mouseMoveEvent(QMouseEvent* e) {
  if (held_) return;
  const int i = item_at(e->position());
  const int key = i < 0 ? -1 : items_[static_cast<std::size_t>(i)].key;
  if (key == ring_) return;
  set_ring(key);
  Q_EMIT hovered(key);
}

void PaintedView::mousePressEvent(QMouseEvent* e) {
  const int i = item_at(e->position());
  if (e->button() != Qt::LeftButton) return;
  held_ = i >= 0 && !(held_ && items_[static_cast<std::size_t>(i)].key == ring_);  // a click holds the ring, a second lets go
  if (i < 0) return;
  move_ring(i);
  Q_EMIT chosen(ring_);
}

void PaintedView::leaveEvent(QEvent*) {
  if (held_ || hasFocus()) return;
  set_ring(-1);
  Q_EMIT hovered(-1);
}

void PaintedView::focusOutEvent(QFocusEvent* e) {
  QWidget::focusOutEvent(e);
  update();
}

void PaintedView::keyPressEvent(QKeyEvent* e) {
  const int n = static_cast<int>(items_.size());
  int at = -1;
  for (int i = 0; i < n; ++i)
    if (items_[static_cast<std::size_t>(i)].key == ring_ && ring_ >= 0) { at = i; break; }
  const auto step = [&](int to) {
    if (n > 0) move_ring(std::clamp(to, 0, n - 1));
  };
  switch (e->key()) {
    case Qt::Key_Right: case Qt::Key_Down: step(at + 1); break;
    case Qt::Key_Left: case Qt::Key_Up: step(at < 0 ? n - 1 : at - 1); break;
    case Qt::Key_Home: step(0); break;
    case Qt::Key_End: step(n - 1); break;
    case Qt::Key_Return: case Qt::Key_Enter: if (ring_ >= 0) Q_EMIT chosen(ring_); break;
    case Qt::Key_Escape:
      held_ = false;
      set_ring(-1);
      Q_EMIT hovered(-1);
      break;
    default: QWidget::keyPressEvent(e);
  }
}

void PaintedView::changeEvent(QEvent* e) {
  QWidget::changeEvent(e);
  if (e->type() == QEvent::FontChange || e->type() == QEvent::PaletteChange) update();
}

void PaintedView::resizeEvent(QResizeEvent* e) {
  QWidget::resizeEvent(e);
  lay_out();
}

void PaintedView::draw_focus(QPainter& p) const {
  if (!hasFocus()) return;
  p.setPen(QPen(theme_["focus"], 2));
  p.setBrush(Qt::NoBrush);
  p.drawRect(QRectF(rect()).adjusted(1, 1, -1, -1));
}

}  // namespace telltale::ui
