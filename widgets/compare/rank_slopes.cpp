#include "widgets/compare/rank_slopes.hpp"

#include <QPaintEvent>
#include <algorithm>
#include <cmath>
#include <numeric>

#include "report/numbers.hpp"
#include "widgets/export/export.hpp"

namespace telltale::ui {
namespace {

qreal head(const Theme& theme) { return theme.px(26); }
qreal foot(const Theme& theme) { return theme.px(26); }

std::vector<int> ranks(const PairedPost& post, std::size_t row) {
  std::vector<std::size_t> by(post.scores.size());
  std::iota(by.begin(), by.end(), std::size_t{0});
  std::stable_sort(by.begin(), by.end(), [&](std::size_t x, std::size_t y) {
    const double a = post.scores[x][row], b = post.scores[y][row];
    return std::isnan(b) ? !std::isnan(a) : a > b;
  });
  std::vector<int> out(by.size());
  for (std::size_t i = 0; i < by.size(); ++i) out[by[i]] = static_cast<int>(i) + 1;
  return out;
}

}  // namespace

RankSlopes::RankSlopes(Theme& theme, QWidget* parent) : PaintedView(theme, parent) {
  setAccessibleName(tr("Ranks of the words in A and in B"));
  setMinimumSize(220, 130);
}

void RankSlopes::set_post(PairedPtr post) {
  post_ = post && post->rows.size() == 3 ? std::move(post) : nullptr;
  a_ = post_ ? ranks(*post_, 0) : std::vector<int>{};
  b_ = post_ ? ranks(*post_, 1) : std::vector<int>{};
  set_ring(-1);
  lay_out();
  update();
}

void RankSlopes::set_top(int k) {
  top_ = k;
  lay_out();
  update();
}

QString RankSlopes::csv() const {
  QString out = QStringLiteral("word,rank_a,rank_b,score_a,score_b\n");
  for (std::size_t w = 0; w < a_.size(); ++w)
    out += QStringLiteral("%1,%2,%3,%4,%5\n").arg(csv_cell(post_->word(static_cast<int>(w)))).arg(a_[w]).arg(b_[w]).arg(post_->scores[w][0], 0, 'g', 9).arg(post_->scores[w][1], 0, 'g', 9);
  return out;
}

qreal RankSlopes::y_of(int rank) const { return head(theme_) + row_ * (std::min(rank, fits_ + 1) - 0.5) + (rank > fits_ ? 6 : 0); }

void RankSlopes::lay_out() {
  lines_.clear();
  if (!post_ || a_.empty()) return set_items({});
  fits_ = std::clamp(static_cast<int>((height() - head(theme_) - foot(theme_)) / theme_.px(14)), 1, std::min(top_, static_cast<int>(a_.size())));
  row_ = std::clamp((height() - head(theme_) - foot(theme_)) / (fits_ + 1.0), theme_.px(13), theme_.px(25));
  left_ = std::round(width() * 0.36), right_ = std::round(width() * 0.64);
  for (std::size_t w = 0; w < a_.size(); ++w)
    if (a_[w] <= fits_ || b_[w] <= fits_) lines_.push_back({static_cast<int>(w), a_[w], b_[w]});
  std::stable_sort(lines_.begin(), lines_.end(), [](const Line& x, const Line& y) { return x.a < y.a; });
  std::vector<Item> items;
  for (const Line& l : lines_) {
    const QString said = tr("%1\nrank %2 in %3 (%4), rank %5 in %6 (%7)")
                             .arg(post_->word(l.word)).arg(l.a).arg(post_->rows[0].label, ui::text(with_sign(post_->scores[static_cast<std::size_t>(l.word)][0], score_decimals(post_->domain)))).arg(l.b).arg(post_->rows[1].label, ui::text(with_sign(post_->scores[static_cast<std::size_t>(l.word)][1], score_decimals(post_->domain))));
    if (l.a <= fits_) items.push_back({QRectF(0, y_of(l.a) - row_ / 2, left_ + 8, row_), l.word, said, said});
    if (l.b <= fits_) items.push_back({QRectF(right_ - 8, y_of(l.b) - row_ / 2, width() - right_ + 8, row_), l.word, said, said});
  }
  set_items(std::move(items));
}

void RankSlopes::paintEvent(QPaintEvent*) {
  QPainter p(this);
  p.setRenderHint(QPainter::Antialiasing);
  p.fillRect(rect(), theme_["panel"]);
  if (lines_.empty()) return;
  const QFont plain = theme_.font("table"), bold = theme_.font("table", Theme::Weight::semibold), small = theme_.font("caption"), smallb = theme_.font("caption", Theme::Weight::semibold);
  const qreal line = theme_.px(18), number = theme_.px(22);  // a line of text; the room of a rank
  p.setFont(smallb);
  p.setPen(theme_["text"]);
  p.drawText(QRectF(0, 4, left_ + 6, line), Qt::AlignRight | Qt::AlignVCenter, tr("%1 rank").arg(post_->rows[0].label));
  p.drawText(QRectF(right_ - 6, 4, width() - right_, line), Qt::AlignLeft | Qt::AlignVCenter, tr("%1 rank").arg(post_->rows[1].label));
  const qreal floor = y_of(fits_ + 1);
  p.setPen(QPen(theme_["border"], 1, Qt::DashLine));
  p.drawLine(QPointF(12, floor - row_ / 2 - 2), QPointF(width() - 12, floor - row_ / 2 - 2));
  int below_a = 0, below_b = 0;
  for (const Line& l : lines_) below_a += l.a > fits_, below_b += l.b > fits_;
  for (const bool ringed : {false, true})
    for (const Line& l : lines_) {
      if ((l.word == ring()) != ringed) continue;
      const QColor c = l.a > fits_ ? colour(theme_.colours().for_stroke) : l.b > fits_ ? colour(theme_.colours().against_stroke) : theme_["text3"];
      const QPointF from(left_ + 14, y_of(l.a)), to(right_ - 14, y_of(l.b));
      p.setPen(QPen(ringed ? theme_["text"] : c, ringed ? 2.4 : 1.3));
      p.drawLine(from, to);
      p.setPen(Qt::NoPen);
      p.setBrush(c);
      p.drawEllipse(from, 2.5, 2.5);
      p.drawEllipse(to, 2.5, 2.5);
      p.setPen(theme_["text"]);
      const QFont& font = ringed ? bold : plain;
      const QFontMetricsF m(font, this);
      const QString word = post_->word(l.word);
      const qreal room = left_ - 10 - number;
      if (l.a <= fits_) {
        p.setFont(plain);
        p.setPen(theme_["text2"]);
        draw_tabular(p, QRectF(left_ + 8 - number, y_of(l.a) - line / 2, number, line), Qt::AlignRight, QString::number(l.a));
        p.setFont(font);
        p.setPen(theme_["text"]);
        p.drawText(QRectF(-6, y_of(l.a) - line / 2, left_ + 8 - number, line), Qt::AlignRight | Qt::AlignVCenter, m.elidedText(word, Qt::ElideRight, room));
      }
      if (l.b <= fits_) {
        p.setFont(plain);
        p.setPen(theme_["text2"]);
        draw_tabular(p, QRectF(right_ - 8, y_of(l.b) - line / 2, number, line), Qt::AlignLeft, QString::number(l.b));
        p.setFont(font);
        p.setPen(theme_["text"]);
        p.drawText(QRectF(right_ + number - 10, y_of(l.b) - line / 2, room + 8, line), Qt::AlignLeft | Qt::AlignVCenter, m.elidedText(word, Qt::ElideRight, room));
      }
    }
  p.setFont(small);
  p.setPen(theme_["text2"]);
  const auto below = [&](int n) { return n == 0 ? QString() : n == 1 ? tr("1 word, below %1").arg(fits_) : tr("%1 words, below %2").arg(n).arg(fits_); };
  p.drawText(QRectF(0, floor - line / 2, left_ + 4, line), Qt::AlignRight | Qt::AlignVCenter, QFontMetricsF(small, this).elidedText(below(below_a), Qt::ElideRight, left_));
  p.drawText(QRectF(right_ - 4, floor - line / 2, width() - right_ + 4, line), Qt::AlignLeft | Qt::AlignVCenter, QFontMetricsF(small, this).elidedText(below(below_b), Qt::ElideRight, width() - right_));
  draw_focus(p);
}

}  // namespace telltale::ui
