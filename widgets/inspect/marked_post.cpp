#include "widgets/inspect/marked_post.hpp"

#include <QKeyEvent>
#include <QMouseEvent>
#include <QPainterPath>
#include <algorithm>
#include <cmath>

namespace telltale::ui {

void draw_mark(QPainter& p, qreal from, qreal to, qreal y, const QString& kind, bool own, const QColor& ink) {
  p.save();
  p.setRenderHint(QPainter::Antialiasing);
  p.setBrush(Qt::NoBrush);
  p.setPen(QPen(ink, own ? 2 : 1, Qt::SolidLine, Qt::FlatCap, Qt::MiterJoin));
  QPainterPath path;
  if (kind == QLatin1String("shared")) {
    const qreal step = own ? 3.5 : 2.5, height = own ? 1.6 : 1.2;
    path.moveTo(from, y);
    bool up = true;
    for (qreal x = from; x < to; x += step, up = !up) path.quadTo(x + step / 2, y + (up ? -2 : 2) * height, std::min(x + step, to), y);
  } else {
    const qreal turned = own ? 4 : 3;
    path.moveTo(from, y - turned);
    path.lineTo(from, y);
    path.lineTo(to, y);
    path.lineTo(to, y - turned);
  }
  p.drawPath(path);
  p.restore();
}

void MarkedPost::set_lines(std::vector<Line> lines) {
  lines_ = std::move(lines);
  lay_out();  // what is spoken of the words says it too
  update();
}

void MarkedPost::set_marking(bool marking) {
  if (marking == marking_) return;
  marking_ = marking;
  setCursor(marking ? Qt::IBeamCursor : Qt::ArrowCursor);
  clear_selection();
}

bool MarkedPost::has_words() const { return post() && !post()->record.words.empty(); }

Span MarkedPost::selection() const {
  if (ring() < 0 || !has_words()) return {-1, -1};
  const auto& words = post()->record.words;
  const int other = anchor_ < 0 ? ring() : anchor_, first = std::min(other, ring()), last = std::max(other, ring());
  if (static_cast<std::size_t>(last) >= words.size()) return {-1, -1};
  return {words[static_cast<std::size_t>(first)].begin, words[static_cast<std::size_t>(last)].end};
}

void MarkedPost::clear_selection() {
  anchor_ = -1;
  dragging_ = false;
  update();
  Q_EMIT selection_changed();
}

bool MarkedPost::inside(int word, const MarkedSpan& span) const {
  if (!post() || word < 0 || static_cast<std::size_t>(word) >= post()->record.words.size()) return false;
  const Span& w = post()->record.words[static_cast<std::size_t>(word)];
  return w.begin < span.end && span.begin < w.end;
}

QString MarkedPost::note_of(int word) const {
  for (const Line& l : lines_)
    if (inside(word, l.span)) return l.own ? (l.span.kind == "telling" ? tr(", marked telling") : tr(", marked shared")) : (l.span.kind == "telling" ? tr(", marked telling by others") : tr(", marked shared by others"));
  return {};
}

int MarkedPost::word_at(QPointF at) const {
  for (const auto& it : items())
    if (it.box.adjusted(-2, -2, 2, 2).contains(at)) return it.key;
  return -1;
}

void MarkedPost::select_to(int word) {
  move_to(word);
  update();
  Q_EMIT selection_changed();
}

bool MarkedPost::event(QEvent* e) {
  // Undo and Delete are the window's shortcuts too: while words are marked they belong to the marks.
  if (e->type() == QEvent::ShortcutOverride && marking_) {
    const auto* key = static_cast<QKeyEvent*>(e);
    const bool undo = key->matches(QKeySequence::Undo) || key->matches(QKeySequence::Redo) || (key->key() == Qt::Key_Z && (key->modifiers() & Qt::ControlModifier));
    if (undo || key->key() == Qt::Key_Delete || key->key() == Qt::Key_Backspace || (key->key() == Qt::Key_Escape && anchor_ >= 0)) {
      e->accept();
      return true;
    }
  }
  return PaintedPost::event(e);
}

void MarkedPost::keyPressEvent(QKeyEvent* e) {
  if (!marking_) return PaintedPost::keyPressEvent(e);
  const bool plain = !(e->modifiers() & (Qt::ControlModifier | Qt::AltModifier | Qt::MetaModifier)), shift = e->modifiers() & Qt::ShiftModifier;
  if (e->matches(QKeySequence::Redo) || (e->key() == Qt::Key_Z && (e->modifiers() & Qt::ControlModifier) && shift)) return Q_EMIT redo_asked();
  if (e->matches(QKeySequence::Undo) || (e->key() == Qt::Key_Z && (e->modifiers() & Qt::ControlModifier))) return Q_EMIT undo_asked();
  if (!plain) return PaintedPost::keyPressEvent(e);
  const Span span = selection();
  const auto mark = [&](const char* kind) {
    if (span.begin < 0) return;
    clear_selection();
    Q_EMIT mark_asked(span.begin, span.end, QLatin1String(kind));
  };
  switch (e->key()) {
    case Qt::Key_Return: case Qt::Key_Enter: case Qt::Key_M: return mark("telling");
    case Qt::Key_S: return mark("shared");
    case Qt::Key_Delete: case Qt::Key_Backspace:
      if (span.begin < 0) return;
      clear_selection();
      return Q_EMIT unmark_asked(span.begin, span.end);
    case Qt::Key_Escape:
      if (anchor_ >= 0) return clear_selection();
      break;
    case Qt::Key_Left: case Qt::Key_Right: case Qt::Key_Up: case Qt::Key_Down: case Qt::Key_Home: case Qt::Key_End:
      if (!shift) anchor_ = -1;
      else if (anchor_ < 0) anchor_ = ring();
      PaintedPost::keyPressEvent(e);
      update();
      return Q_EMIT selection_changed();
    default: break;
  }
  PaintedPost::keyPressEvent(e);
}

void MarkedPost::mousePressEvent(QMouseEvent* e) {
  if (!marking_ || e->button() != Qt::LeftButton) return PaintedPost::mousePressEvent(e);
  const int word = word_at(e->position());
  anchor_ = word;
  dragging_ = word >= 0;
  if (word >= 0) select_to(word);
  else clear_selection();
}

void MarkedPost::mouseMoveEvent(QMouseEvent* e) {
  if (!marking_) return PaintedPost::mouseMoveEvent(e);
  if (!dragging_ || !(e->buttons() & Qt::LeftButton)) return;  // the cursor stays where a key or a click put it
  if (const int word = word_at(e->position()); word >= 0 && word != ring()) select_to(word);
}

void MarkedPost::mouseReleaseEvent(QMouseEvent* e) {
  if (!marking_ || e->button() != Qt::LeftButton) return PaintedPost::mouseReleaseEvent(e);
  const bool dragged = dragging_ && anchor_ >= 0 && ring() != anchor_;
  const Span span = selection();
  clear_selection();
  if (dragged && span.begin >= 0) Q_EMIT mark_asked(span.begin, span.end, QString());
}

void MarkedPost::mouseDoubleClickEvent(QMouseEvent* e) {
  if (!marking_ || e->button() != Qt::LeftButton) return PaintedPost::mouseDoubleClickEvent(e);
  const int word = word_at(e->position());
  if (word < 0) return;
  anchor_ = -1;
  select_to(word);
  const Span span = selection();
  if (span.begin >= 0) Q_EMIT mark_asked(span.begin, span.end, QString());
}

void MarkedPost::paintEvent(QPaintEvent* e) {
  PaintedPost::paintEvent(e);
  if (!post()) return;
  QPainter p(this);
  p.setRenderHint(QPainter::Antialiasing);
  // In the gap under the cells: what lies between two words of a span, on one line, is underlined too.
  for (const Line& l : lines_) {
    QRectF run;
    const auto flush = [&] {
      if (!run.isNull()) draw_mark(p, run.left() + 1, run.right() - 1, run.bottom() + (l.own ? 1 : 0.5), text(l.span.kind), l.own, theme_[l.own ? "text" : "text2"]);
      run = {};
    };
    for (const Piece& piece : pieces()) {
      if (piece.word < 0 || !inside(piece.word, l.span)) continue;
      if (!run.isNull() && std::abs(piece.box.top() - run.top()) < 2) run = run.united(piece.box);
      else flush(), run = piece.box;
    }
    flush();
  }
  if (marking_ && anchor_ >= 0 && ring() >= 0) {
    const int first = std::min(anchor_, ring()), last = std::max(anchor_, ring());
    p.setBrush(Qt::NoBrush);
    p.setPen(QPen(theme_["accent"], 2, Qt::DashLine));
    QRectF run;
    const auto flush = [&] {
      if (!run.isNull()) p.drawRoundedRect(run.adjusted(-1, -1, 1, 1), theme_.spacing("radius"), theme_.spacing("radius"));
      run = {};
    };
    for (const Piece& piece : pieces()) {
      if (piece.word < first || piece.word > last) continue;
      if (!run.isNull() && std::abs(piece.box.top() - run.top()) < 2) run = run.united(piece.box);
      else flush(), run = piece.box;
    }
    flush();
  }
}

}  // namespace telltale::ui
