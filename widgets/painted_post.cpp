#include "widgets/painted_post.hpp"

#include <QHash>
#include <QKeyEvent>
#include <QPaintEvent>
#include <cmath>
#include <map>
#include <optional>

#include "report/numbers.hpp"

namespace telltale::ui {
namespace {

/// Longer posts are shown in part: nobody reads more, and laying out 5 MiB would stop the window.
constexpr std::size_t most_bytes = 60'000;

/// Widths of words in one font on one kind of screen, kept: shaping them is most of what laying out costs, and posts say the same words again and again.
class Widths {
 public:
  Widths(const QFont& font, const QPaintDevice* on) : metrics(font, on) {
    const QString key = QStringLiteral("%1 %2").arg(font.key()).arg(on->logicalDpiX());
    kept_ = &known()[key];
    if (kept_->size() > most_words) kept_->clear();
  }
  qreal of(const QString& word) {
    if (word.size() > longest) return metrics.horizontalAdvance(word);
    const auto found = kept_->constFind(word);
    return found != kept_->constEnd() ? *found : *kept_->insert(word, metrics.horizontalAdvance(word));
  }
  const QFontMetricsF metrics;

 private:
  static constexpr qsizetype most_words = 50'000, longest = 40;
  static std::map<QString, QHash<QString, qreal>>& known() {  // of the window's thread, as all that draws
    static std::map<QString, QHash<QString, qreal>> all;
    return all;
  }
  QHash<QString, qreal>* kept_;
};

bool blank(char c) { return c == ' ' || c == '\n' || c == '\t' || c == '\r' || c == '\f' || c == '\v'; }

}  // namespace

PaintedPost::PaintedPost(Theme& theme, QWidget* parent) : PaintedView(theme, parent) {
  setAccessibleName(tr("Painted post"));
}

void PaintedPost::set_post(PostPtr post) {
  post_ = std::move(post);
  set_ring(-1);
  lay_out();
  update();
}

void PaintedPost::set_gamma(double gamma) {
  gamma_ = gamma;
  update();
}

void PaintedPost::set_domain(double domain) {
  domain_ = domain;
  update();
}

void PaintedPost::set_stale(bool stale) {
  if (stale == stale_) return;
  stale_ = stale;
  update();
}

void PaintedPost::set_blind(bool blind) {
  if (blind == blind_) return;
  blind_ = blind;
  lay_out();
  update();
}

QRectF PaintedPost::box_of(int word) const {
  for (const auto& it : items())
    if (it.key == word) return it.box;
  return {};
}

void PaintedPost::keyPressEvent(QKeyEvent* e) {
  const auto go = [&](const Item* to) {
    if (to) move_to(to->key);
  };
  const Item* here = nullptr;
  for (const auto& it : items())
    if (it.key == ring() && ring() >= 0) { here = &it; break; }
  if ((e->key() == Qt::Key_Up || e->key() == Qt::Key_Down) && here) {  // the nearest word of the line above or below
    const bool up = e->key() == Qt::Key_Up;
    const Item* best = nullptr;
    const auto distance = [&](const Item& it) { return 8 * std::abs(it.box.center().y() - here->box.center().y()) + std::abs(it.box.center().x() - here->box.center().x()); };
    for (const auto& it : items())
      if ((up ? it.box.bottom() <= here->box.top() + 1 : it.box.top() >= here->box.bottom() - 1) && (!best || distance(it) < distance(*best))) best = &it;
    return go(best);
  }
  if ((e->key() == Qt::Key_N || e->key() == Qt::Key_P) && !blind_ && !(e->modifiers() & (Qt::ControlModifier | Qt::AltModifier)) && post_ && !post_->view.ranked.empty()) {
    const auto& ranked = post_->view.ranked;
    int at = -1;
    for (std::size_t i = 0; i < ranked.size(); ++i)
      if (static_cast<int>(ranked[i].word) == ring() && ring() >= 0) at = static_cast<int>(i);
    const int n = static_cast<int>(ranked.size()), to = e->key() == Qt::Key_N ? (at + 1) % n : (at <= 0 ? n : at) - 1;
    return move_to(static_cast<int>(ranked[static_cast<std::size_t>(to)].word));
  }
  if (e->key() == Qt::Key_T && e->modifiers() == Qt::NoModifier) return Q_EMIT target_wanted();
  if (e->key() == Qt::Key_F && e->modifiers() == Qt::NoModifier) return Q_EMIT foil_wanted();
  PaintedView::keyPressEvent(e);
}

void PaintedPost::lay_out() {
  pieces_.clear();
  quote_bars_.clear();
  std::vector<Item> items;
  if (!post_ || width() < 60) return set_items({});
  const QFont font = theme_.font("post"), mono = theme_.mono("ui");
  Widths widths(font, this), mono_widths(mono, this);
  const QFontMetricsF& metrics = widths.metrics;
  const qreal line = 22.5, pad = theme_.spacing("wordPadX"), left = 14, right = width() - 14;
  const qreal cell_height = 19, space = metrics.horizontalAdvance(QLatin1Char(' ')) + theme_.spacing("wordSpacing");
  qreal x = left, y = 8, indent = left;
  bool cut_marked = false;
  std::vector<Piece> chunk;  // pieces without a blank between them: they stay on one line if they can

  const std::string& text = post_->text;
  const std::size_t end = std::min(text.size(), most_bytes);
  const auto in_quote = [&](std::size_t at) -> const Span* {
    for (const Span& q : post_->quoted)
      if (static_cast<std::int64_t>(at) >= q.begin && static_cast<std::int64_t>(at) < q.end) return &q;
    return nullptr;
  };
  const auto is_head = [&](const Span* q) { return q && q->begin == 0 && text[0] != '>' && text[0] != '|' && text[0] != ' '; };
  const auto new_line = [&] { x = indent, y += line; };
  // Cells reach 2 px past their word, but inside a run without blanks (don't, two-run) only so far that all can be seen.
  const auto place = [&](Piece piece, qreal w, const QFontMetricsF& m, bool first, bool last) {
    piece.at = {x, y + line / 2 + (m.ascent() - m.descent()) / 2};
    const qreal before = piece.word < 0 ? 0 : first ? pad : -0.25, after = piece.word < 0 ? 0 : last ? pad : -0.25;
    piece.box = {x - before, y + (line - cell_height) / 2, w + before + after, cell_height};
    if (piece.word >= 0) {
      const RankedWord* r = post_->ranked(piece.word);
      const QString score = r ? ui::text(with_sign(r->score, score_decimals(post_->view.domain))) : QString();
      const QString word = r ? ui::text(r->text) : piece.text;
      items.push_back({piece.box, piece.word, QString(),  // the card of the view tells more than a tool tip
                       (r && !blind_ ? tr("%1, %2, rank %3").arg(word, score).arg(r->rank) : word) + note_of(piece.word)});
    }
    x += w;
    pieces_.push_back(std::move(piece));
  };
  const auto flush = [&] {
    if (chunk.empty()) return;
    qreal total = 0;
    for (const auto& c : chunk) total += (c.look == Piece::Look::head ? mono_widths : widths).of(c.text);
    if (x > indent && x + total > right) new_line();
    for (std::size_t k = 0; k < chunk.size(); ++k) {
      Piece& c = chunk[k];
      Widths& known = c.look == Piece::Look::head ? mono_widths : widths;
      const QFontMetricsF& m = known.metrics;
      qreal w = known.of(c.text);
      if (x > indent && x + w > right) new_line();
      while (x + w > right && c.text.size() > 1) {  // wider than a line: cut where it ends
        const int n = fitting(m, c.text, right - x);
        if (n >= c.text.size()) break;
        Piece part = c;
        part.text = c.text.left(n);
        place(std::move(part), m.horizontalAdvance(c.text.left(n)), m, k == 0, true);
        new_line();
        c.text = c.text.mid(n);
        w = c.text.size() > 4 * n ? right : m.horizontalAdvance(c.text);  // surely wider: not measured
      }
      place(std::move(c), w, m, k == 0, k + 1 == chunk.size());
    }
    chunk.clear();
  };
  const auto mark_cut = [&](std::size_t at) {
    if (cut_marked || post_->cut < 0 || static_cast<std::int64_t>(at) < post_->cut) return;
    flush();
    cut_marked = true;
    Piece mark;
    mark.look = Piece::Look::limit;
    mark.text = tr("length limit, %1 pieces").arg(ui::text(thousands(static_cast<std::int64_t>(post_->record.ids.size()))));
    const QFontMetricsF m(theme_.font("caption"), this);
    const qreal w = m.horizontalAdvance(mark.text) + 14;
    if (x + w > right) new_line();
    x += 4;
    place(std::move(mark), w, m, true, true);
    x += space;
  };
  const auto put = [&](std::size_t begin, std::size_t stop, int word) {
    mark_cut(begin);
    const Span* q = in_quote(begin);
    Piece piece;
    piece.word = word;
    piece.text = ui::text(clean_utf8(std::string_view(text).substr(begin, stop - begin)));
    piece.look = cut_marked && word < 0 ? Piece::Look::unread : !q ? Piece::Look::normal : is_head(q) ? Piece::Look::head : Piece::Look::dim;
    chunk.push_back(std::move(piece));
  };

  int feeds = 0;
  bool bar = false;
  qreal bar_top = 0;
  const auto close_bar = [&] {
    if (bar) quote_bars_.push_back({left, bar_top + 2, 2, y + line - bar_top - 4});
    bar = false;
  };
  for (const auto& s : post_->segments) {
    if (s.begin >= end) break;
    if (s.word >= 0) {
      feeds = 0;
      put(s.begin, std::min(s.end, end), static_cast<int>(s.word));
      continue;
    }
    for (std::size_t i = s.begin; i < std::min(s.end, end);) {
      if (blank(text[i])) {
        flush();
        if (text[i] == '\n') {
          ++feeds;
          if (feeds == 1 && x > indent) {
            const std::size_t next = text.find_first_not_of(" \t\r\n", i);
            const Span* q = next == text.npos ? nullptr : in_quote(next);
            const bool quote = q && !is_head(q);
            if (!quote) close_bar();
            indent = quote ? left + 12 : left;
            new_line();
            if (quote && !bar) bar = true, bar_top = y;
          } else if (feeds == 2) {
            close_bar();
            y += 6;
            if (bar) bar_top = y;
            const std::size_t next = text.find_first_not_of(" \t\r\n", i);
            const Span* q = next == text.npos ? nullptr : in_quote(next);
            if (q && !is_head(q)) bar = true, bar_top = y;
          }
        } else if (x > indent) {
          x += text[i] == '\t' ? 4 * space : space;
        }
        ++i;
        continue;
      }
      feeds = 0;
      std::size_t j = i;
      while (j < std::min(s.end, end) && !blank(text[j])) ++j;
      if (x == left && pieces_.empty() && chunk.empty()) {
        const Span* q = in_quote(i);
        if (q && !is_head(q)) indent = x = left + 12, bar = true, bar_top = y;
      }
      put(i, j, -1);
      i = j;
    }
  }
  flush();
  close_bar();
  if (end < text.size()) {
    indent = left;
    if (x > indent) new_line();
    Piece note;
    note.look = Piece::Look::unread;
    note.text = tr("… %1 more bytes are not shown").arg(ui::text(thousands(static_cast<std::int64_t>(text.size() - end))));
    place(std::move(note), metrics.horizontalAdvance(note.text), metrics, true, true);
  }
  set_items(std::move(items));
  setMinimumHeight(static_cast<int>(std::ceil(y + line + 8)));
  Q_EMIT laid_out();
}

void PaintedPost::paintEvent(QPaintEvent* e) {
  QPainter p(this);
  p.setRenderHint(QPainter::Antialiasing);
  p.fillRect(e->rect(), theme_["panel"]);
  if (!post_) return;
  const Palette& colours = theme_.colours();
  const double domain = domain_ > 0 ? domain_ : post_->view.domain;
  const QFont font = theme_.font("post"), mono = theme_.mono("ui"), caption = theme_.font("caption");
  const qreal radius = theme_.spacing("radius");
  for (const auto& b : quote_bars_) p.fillRect(b, theme_["border"]);
  const QRectF dirty = QRectF(e->rect()).adjusted(-4, -30, 4, 30);
  const auto cell_of = [&](const Piece& piece) -> std::optional<Cell> {
    if (blind_ || piece.word < 0 || static_cast<std::size_t>(piece.word) >= post_->record.word_scores.size()) return std::nullopt;
    const Cell cell = colours.heat(post_->record.word_scores[static_cast<std::size_t>(piece.word)], domain, gamma_);
    return cell.ground == colours["panel"] ? std::nullopt : std::optional(cell);
  };
  // All grounds before all texts: letters reach over the edges of their boxes.
  p.setPen(Qt::NoPen);
  for (const auto& piece : pieces_)
    if (const auto cell = cell_of(piece); cell && dirty.intersects(piece.box)) {
      p.setBrush(colour(cell->ground));
      p.drawRoundedRect(piece.box, radius, radius);
    }
  for (const auto& piece : pieces_) {
    if (!dirty.intersects(piece.box)) continue;
    QColor ink = theme_["text"];
    using Look = Piece::Look;
    if (piece.look == Look::dim || piece.look == Look::head || piece.look == Look::unread) ink = theme_["text3"];
    // Dimmed text stays dim where it can be read on its cell.
    if (const auto cell = cell_of(piece); cell && (piece.look == Look::normal || contrast(cell->ground, colours["text3"]) < 4.5)) ink = colour(cell->ink);
    if (piece.look == Look::limit) {
      p.setPen(QPen(theme_["error"], 2, Qt::DotLine));
      p.drawLine(QPointF(piece.box.left() + 1, piece.box.top()), QPointF(piece.box.left() + 1, piece.box.bottom()));
      p.setFont(caption);
      p.setPen(theme_["error"]);
      draw_tabular(p, piece.box.adjusted(7, 0, 0, 0), Qt::AlignLeft, piece.text);
      continue;
    }
    p.setFont(piece.look == Look::head ? mono : font);
    p.setPen(ink);
    p.drawText(piece.at, piece.text);
  }
  if (ring() >= 0)
    for (const auto& piece : pieces_)
      if (piece.word == ring()) {
        p.setPen(QPen(theme_["text"], 1.5));
        p.setBrush(Qt::NoBrush);
        p.drawRoundedRect(piece.box.adjusted(-0.25, -0.25, 0.25, 0.25), radius, radius);
      }
  if (stale_) {
    QColor veil = theme_["panel"];
    veil.setAlphaF(0.4);
    p.fillRect(e->rect(), veil);
  }
  draw_focus(p);
}

}  // namespace telltale::ui
