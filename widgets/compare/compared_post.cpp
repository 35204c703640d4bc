#include "widgets/compared_post.hpp"

#include <QPaintEvent>
#include <cmath>

#include "report/comparison_posts.hpp"
#include "report/numbers.hpp"

namespace telltale::ui {
namespace {

constexpr std::size_t most_bytes = 30'000;
constexpr qreal row_height = 20.5, line_gap = 13, gutter = 46;

bool blank(char c) { return c == ' ' || c == '\n' || c == '\t' || c == '\r' || c == '\f' || c == '\v'; }

}  // namespace

ComparedPost::ComparedPost(Theme& theme, QWidget* parent) : PaintedView(theme, parent) { setAccessibleName(tr("Post painted by both runs and by their difference")); }

void ComparedPost::set_post(const ComparisonView* view, const Json* post, double domain) {
  view_ = view, post_ = post, domain_ = domain;
  text_ = post ? text_of(*post, "text") : std::string();
  spans_.clear();
  scores_.clear();
  rows_ = 0;
  if (view && post && !view->runs.empty()) {
    rows_ = view->b >= 0 ? 3 : 1;
    if (const Json& words = get(*post, "words"); words.is_array())
      for (const auto& w : words) {
        spans_.push_back({integer_of(w, "begin"), integer_of(w, "end")});
        scores_.push_back(row_scores(*view, w));
      }
  }
  set_ring(-1);
  lay_out();
  update();
}

QString ComparedPost::scores_of(int word) const {
  if (!view_ || rows_ == 0 || word < 0 || static_cast<std::size_t>(word) >= scores_.size()) return {};
  const auto& s = scores_[static_cast<std::size_t>(word)];
  const Span span = spans_[static_cast<std::size_t>(word)];
  if (span.begin < 0 || span.end <= span.begin || static_cast<std::uint64_t>(span.end) > text_.size()) return {};
  QString out = ui::text(clean_utf8(std::string_view(text_).substr(static_cast<std::size_t>(span.begin), static_cast<std::size_t>(span.end - span.begin))));
  const auto add = [&](const std::string& name, double v) { out += QStringLiteral("   ") + ui::text(name) + QLatin1Char(' ') + ui::text(with_sign(v, score_decimals(domain_))); };
  add(view_->runs[static_cast<std::size_t>(std::max(0, view_->a))].letter, s[0]);
  if (s.size() > 1) add(view_->runs[static_cast<std::size_t>(view_->b)].letter, s[1]), add("Δ", s[2]);
  return out;
}

void ComparedPost::lay_out() {
  pieces_.clear();
  lines_.clear();
  std::vector<Item> items;
  if (!post_ || rows_ == 0 || width() < 120) return set_items({});
  const QFontMetricsF metrics(theme_.font("post"), this);
  // Room for the cells: a word takes 2 px more on each side than its text, and neighbours do not touch.
  const qreal space = metrics.horizontalAdvance(QLatin1Char(' ')) + 3 + theme_.spacing("wordSpacing"), left = gutter, right = width() - 12;
  const auto quoted = quoted_parts(text_);
  const std::int64_t cut = integer_of(*post_, "cut");
  qreal x = left;
  int line = 0;
  lines_.push_back({8});
  const auto new_line = [&](qreal extra) {
    lines_.push_back({lines_.back().top + rows_ * row_height + line_gap + extra});
    ++line;
    x = left;
  };
  std::vector<Piece> chunk;
  const auto flush = [&] {
    qreal total = 0;
    for (auto& c : chunk) total += c.width = metrics.horizontalAdvance(c.text);
    if (x > left && x + total > right) new_line(0);
    for (std::size_t k = 0; k < chunk.size(); ++k) {
      Piece& c = chunk[k];
      c.before = k == 0 ? 2 : -0.25, c.after = k + 1 == chunk.size() ? 2 : -0.25;
      if (x > left && x + c.width > right) new_line(0);
      while (x + c.width > right && c.text.size() > 1) {
        const int n = fitting(metrics, c.text, right - x);
        if (n >= c.text.size()) break;
        Piece part = c;
        part.text = c.text.left(n), part.width = metrics.horizontalAdvance(part.text), part.x = x, part.line = line;
        pieces_.push_back(part);
        new_line(0);
        c.text = c.text.mid(n), c.width = c.text.size() > 4 * n ? right : metrics.horizontalAdvance(c.text);
      }
      c.x = x, c.line = line;
      x += c.width;
      pieces_.push_back(c);
    }
    chunk.clear();
  };
  const std::size_t end = std::min(text_.size(), most_bytes);
  int feeds = 0;
  for (const auto& s : segments(text_, spans_)) {
    if (s.begin >= end) break;
    for (std::size_t i = s.begin; i < std::min(s.end, end);) {
      if (s.word < 0 && blank(text_[i])) {
        flush();
        if (text_[i] == '\n') {
          if (x > left) new_line(0);
          if (++feeds == 2) lines_.back().top += 6;
        } else if (x > left) {
          x += space;
        }
        ++i;
        continue;
      }
      feeds = 0;
      std::size_t j = s.word >= 0 ? std::min(s.end, end) : i;
      while (s.word < 0 && j < std::min(s.end, end) && !blank(text_[j])) ++j;
      Piece piece;
      piece.word = static_cast<int>(s.word);
      piece.text = ui::text(clean_utf8(std::string_view(text_).substr(i, j - i)));
      piece.unread = cut >= 0 && static_cast<std::int64_t>(i) >= cut;
      for (const Span& q : quoted) piece.dim = piece.dim || (static_cast<std::int64_t>(i) >= q.begin && static_cast<std::int64_t>(i) < q.end);
      chunk.push_back(std::move(piece));
      i = j;
    }
  }
  flush();
  if (x == left && lines_.size() > 1) lines_.pop_back();
  for (const auto& c : pieces_) {
    if (c.word < 0) continue;
    const QString said = scores_of(c.word);
    items.push_back({QRectF(c.x - 2, lines_[static_cast<std::size_t>(c.line)].top, c.width + 4, rows_ * row_height), c.word, said, said});
  }
  set_items(std::move(items));
  setMinimumHeight(static_cast<int>(std::ceil(lines_.back().top + rows_ * row_height + 12)));
}

void ComparedPost::paintEvent(QPaintEvent* e) {
  QPainter p(this);
  p.setRenderHint(QPainter::Antialiasing);
  p.fillRect(e->rect(), theme_["panel"]);
  if (!post_ || rows_ == 0) return;
  const Palette& colours = theme_.colours();
  const QFont font = theme_.font("post"), small = theme_.font("caption", Theme::Weight::semibold);
  const QFontMetricsF metrics(font, this);
  const qreal radius = theme_.spacing("radius");
  std::vector<std::pair<QString, int>> labels;
  const auto& a = view_->runs[static_cast<std::size_t>(std::max(0, view_->a))];
  labels.push_back({ui::text(a.letter), a.series});
  if (rows_ == 3) {
    const auto& b = view_->runs[static_cast<std::size_t>(view_->b)];
    labels.push_back({ui::text(b.letter), b.series}), labels.push_back({QStringLiteral("Δ"), -1});
  }
  for (std::size_t l = 0; l < lines_.size(); ++l) {
    const qreal top = lines_[l].top;
    if (top > e->rect().bottom() || top + rows_ * row_height + line_gap < e->rect().top()) continue;
    if (l) p.fillRect(QRectF(0, std::round(top - line_gap / 2 - (top - lines_[l - 1].top - rows_ * row_height - line_gap) / 2), width(), 1), theme_["grid"]);
    for (std::size_t r = 0; r < labels.size(); ++r) {
      const qreal y = top + row_height * (static_cast<qreal>(r) + 0.5);
      if (labels[r].second >= 0) {
        p.setPen(Qt::NoPen);
        p.setBrush(theme_.series(static_cast<std::size_t>(labels[r].second)));
        p.drawRoundedRect(QRectF(10, y - 4.5, 9, 9), 2, 2);
      }
      p.setFont(small);
      p.setPen(theme_["text"]);
      p.drawText(QRectF(24, y - 9, 16, 18), Qt::AlignCenter, labels[r].first);
    }
  }
  p.setFont(font);
  const auto box_of = [&](const Piece& c, int r) {
    return QRectF(c.x - c.before, lines_[static_cast<std::size_t>(c.line)].top + row_height * r + 0.75, c.width + c.before + c.after, row_height - 1.5);
  };
  const auto seen = [&](const Piece& c) {
    const qreal top = lines_[static_cast<std::size_t>(c.line)].top;
    return top <= e->rect().bottom() && top + rows_ * row_height >= e->rect().top();
  };
  const auto look_of = [&](const Piece& c, int r) { return colours.heat(scores_[static_cast<std::size_t>(c.word)][static_cast<std::size_t>(r)], domain_); };
  // All grounds before all texts: letters reach over the edges of their boxes.
  p.setPen(Qt::NoPen);
  for (const auto& c : pieces_)
    for (int r = 0; r < rows_ && c.word >= 0 && seen(c); ++r)
      if (const Cell look = look_of(c, r); look.ground != colours["panel"]) {
        p.setBrush(colour(look.ground));
        p.drawRoundedRect(box_of(c, r), radius, radius);
      }
  for (const auto& c : pieces_) {
    if (!seen(c)) continue;
    for (int r = 0; r < rows_; ++r) {
      const QRectF cell = box_of(c, r);
      QColor ink = theme_[c.dim || c.unread ? "text3" : "text"];
      if (c.word >= 0) {
        if (const Cell look = look_of(c, r); look.ground != colours["panel"]) ink = colour(look.ink);
      }
      p.setPen(ink);
      p.drawText(QPointF(c.x, cell.center().y() + (metrics.ascent() - metrics.descent()) / 2), c.text);
      if (c.word >= 0 && c.word == ring()) {
        p.setPen(QPen(theme_["text"], 1.5));
        p.setBrush(Qt::NoBrush);
        p.drawRoundedRect(cell, radius, radius);
      }
    }
  }
  draw_focus(p);
}

}  // namespace telltale::ui
