#include "widgets/compare/compared_post.hpp"

#include <QPaintEvent>
#include <cmath>

#include "report/comparison_posts.hpp"
#include "report/numbers.hpp"

namespace telltale::ui {
namespace {

constexpr std::size_t most_bytes = 30'000;
constexpr qreal gutter = 46;
qreal row_height(const Theme& theme) { return theme.px(20.5); }
qreal line_gap(const Theme& theme) { return theme.px(13); }

bool blank(char c) { return c == ' ' || c == '\n' || c == '\t' || c == '\r' || c == '\f' || c == '\v'; }

}  // namespace

ComparedPost::ComparedPost(Theme& theme, QWidget* parent) : PaintedView(theme, parent) { setAccessibleName(tr("Post painted by both runs and by their difference")); }

QString PairedPost::word(int i) const {
  if (i < 0 || static_cast<std::size_t>(i) >= words.size()) return {};
  const Span s = words[static_cast<std::size_t>(i)];
  if (s.begin < 0 || s.end <= s.begin || static_cast<std::uint64_t>(s.end) > text.size()) return {};
  return ui::text(clean_utf8(std::string_view(text).substr(static_cast<std::size_t>(s.begin), static_cast<std::size_t>(s.end - s.begin))));
}

PairedPtr painted_of(const ComparisonView& view, const Json& post) {
  auto out = std::make_shared<PairedPost>();
  if (view.runs.empty()) return nullptr;
  out->document = integer_of(post, "doc", 0), out->cut = integer_of(post, "cut");
  out->text = text_of(post, "text"), out->id = text_of(post, "id");
  const auto row = [&](int run) {
    const RunView& r = view.runs[static_cast<std::size_t>(run)];
    out->rows.push_back({ui::text(r.letter), ui::text(clean_utf8(r.name)), r.series});
  };
  row(std::max(0, view.a));
  if (view.b >= 0) row(view.b), out->rows.push_back({QStringLiteral("Δ"), QStringLiteral("Δ"), -1});
  std::vector<double> all;
  if (const Json& words = get(post, "words"); words.is_array())
    for (const auto& w : words) {
      out->words.push_back({integer_of(w, "begin"), integer_of(w, "end")});
      out->scores.push_back(row_scores(view, w));
      all.insert(all.end(), out->scores.back().begin(), out->scores.back().end());
    }
  out->domain = score_domain(std::move(all));
  return out;
}

void ComparedPost::set_post(PairedPtr post) {
  post_ = std::move(post);
  rows_ = post_ ? static_cast<int>(post_->rows.size()) : 0;
  stale_ = false;
  set_ring(-1);
  lay_out();
  update();
}

void ComparedPost::set_stale(bool stale) {
  stale_ = stale;
  update();
}

QRectF ComparedPost::box_of(int word) const {
  for (const Item& i : items())
    if (i.key == word) return i.box;
  return {};
}

QString ComparedPost::scores_of(int word) const {
  if (!post_ || word < 0 || static_cast<std::size_t>(word) >= post_->scores.size()) return {};
  QString out = post_->word(word);
  if (out.isEmpty()) return {};
  const auto& s = post_->scores[static_cast<std::size_t>(word)];
  for (std::size_t r = 0; r < post_->rows.size() && r < s.size(); ++r) out += QStringLiteral("   ") + post_->rows[r].label + QLatin1Char(' ') + ui::text(with_sign(s[r], score_decimals(post_->domain)));
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
  const std::string& text_ = post_->text;
  const auto quoted = quoted_parts(text_);
  const std::int64_t cut = post_->cut;
  qreal x = left;
  int line = 0;
  lines_.push_back({8});
  const auto new_line = [&](qreal extra) {
    lines_.push_back({lines_.back().top + rows_ * row_height(theme_) + line_gap(theme_) + extra});
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
  for (const auto& s : segments(text_, post_->words)) {
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
    items.push_back({QRectF(c.x - 2, lines_[static_cast<std::size_t>(c.line)].top, c.width + 4, rows_ * row_height(theme_)), c.word, said, said});
  }
  set_items(std::move(items));
  setMinimumHeight(static_cast<int>(std::ceil(lines_.back().top + rows_ * row_height(theme_) + 12)));
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
  if (stale_) p.setOpacity(0.6);
  std::vector<std::pair<QString, int>> labels;
  for (const auto& r : post_->rows) labels.push_back({r.label, r.series});
  for (std::size_t l = 0; l < lines_.size(); ++l) {
    const qreal top = lines_[l].top;
    if (top > e->rect().bottom() || top + rows_ * row_height(theme_) + line_gap(theme_) < e->rect().top()) continue;
    if (l) p.fillRect(QRectF(0, std::round(top - line_gap(theme_) / 2 - (top - lines_[l - 1].top - rows_ * row_height(theme_) - line_gap(theme_)) / 2), width(), 1), theme_["grid"]);
    for (std::size_t r = 0; r < labels.size(); ++r) {
      const qreal y = top + row_height(theme_) * (static_cast<qreal>(r) + 0.5);
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
    return QRectF(c.x - c.before, lines_[static_cast<std::size_t>(c.line)].top + row_height(theme_) * r + 0.75, c.width + c.before + c.after, row_height(theme_) - 1.5);
  };
  const auto seen = [&](const Piece& c) {
    const qreal top = lines_[static_cast<std::size_t>(c.line)].top;
    return top <= e->rect().bottom() && top + rows_ * row_height(theme_) >= e->rect().top();
  };
  const auto look_of = [&](const Piece& c, int r) { return colours.heat(post_->scores[static_cast<std::size_t>(c.word)][static_cast<std::size_t>(r)], post_->domain); };
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
