#include "widgets/inspect/words_table.hpp"

#include <QPaintEvent>
#include <algorithm>
#include <cmath>

#include "report/comparison_view.hpp"
#include "report/numbers.hpp"
#include "widgets/export/export.hpp"
#include "widgets/inspect/standard_error.hpp"

namespace telltale::ui {
namespace {
int words_head(const Theme& theme) { return static_cast<int>(theme.px(24)); }
}  // namespace

WordsTable::WordsTable(Theme& theme, QWidget* parent) : PaintedView(theme, parent) {
  setAccessibleName(tr("Words by score"));
}

void WordsTable::set_post(PostPtr post) {
  post_ = std::move(post);
  names_.clear();
  if (post_)
    for (const auto& n : short_names(post_->classes)) names_.push_back(text(clean_utf8(n)));
  set_ring(-1);
  lay_out();
  update();
}

void WordsTable::set_counts(CountsPtr counts, const QString& why_not) {
  counts_ = std::move(counts);
  why_not_ = why_not;
  lay_out();
  update();
}

void WordsTable::set_show(Show show) {
  show_ = show;
  lay_out();
  update();
}

void WordsTable::set_top(int words) {
  top_ = words;
  lay_out();
  update();
}

int WordsTable::rival() const {
  if (!post_) return -1;
  if (post_->record.foil >= 0) return post_->record.foil;
  int best = -1;
  const auto& p = post_->view.probabilities;
  for (int c = 0; c < static_cast<int>(p.size()); ++c)
    if (c != post_->record.target && (best < 0 || p[static_cast<std::size_t>(c)] > p[static_cast<std::size_t>(best)])) best = c;
  return best;
}

Telling WordsTable::telling(int word) const {
  if (!post_ || word < 0 || static_cast<std::size_t>(word) >= post_->record.words.size()) return {};
  const RankedWord* r = post_->ranked(word);
  return r ? telling_of(counts_.get(), r->text, post_->record.target, rival()) : Telling{};
}

QString WordsTable::chip_text(const Telling& t) const {
  if (t.kind == Telling::Kind::unknown) return QStringLiteral("–");
  if (t.kind == Telling::Kind::shared) return tr("shared");
  const QString name = t.label >= 0 && static_cast<std::size_t>(t.label) < names_.size() ? names_[static_cast<std::size_t>(t.label)] : QString::number(t.label);
  return QStringLiteral("%1 %2").arg(name, text(fixed(t.probability, 2)));
}

void WordsTable::lay_out() {
  rows_.clear();
  between_ = 0;
  std::vector<Item> items;
  if (!post_) return set_items({});
  const int row = theme_.spacing("row");
  std::vector<int> all;
  for (std::size_t i = 0; i < post_->view.ranked.size(); ++i) {
    const double s = post_->view.ranked[i].score;
    if (show_ == Show::both || (show_ == Show::with ? s > 0 : s < 0)) all.push_back(static_cast<int>(i));
  }
  if (show_ == Show::against) std::reverse(all.begin(), all.end());
  const int n = static_cast<int>(all.size());
  const QWidget* view = parentWidget();
  const int fits = std::max(3, ((view ? view->height() : height()) - words_head(theme_) - 2) / row);
  int room = top_ == 0 ? fits : top_ < 0 ? n : top_ + (show_ == Show::both && top_ < n ? 1 : 0);
  if (n <= room) {
    rows_ = all;
  } else if (show_ != Show::both) {
    rows_.assign(all.begin(), all.begin() + room);
  } else {
    // The words against the target matter as much as those for it, but a third of the room is enough for them.
    const int last = std::max(1, (room - 1) / 3), first = room - 1 - last;
    rows_.assign(all.begin(), all.begin() + first);
    rows_.push_back(-1);
    rows_.insert(rows_.end(), all.end() - last, all.end());
    between_ = n - first - last;
  }
  for (std::size_t i = 0; i < rows_.size(); ++i) {
    if (rows_[i] < 0) continue;
    const auto& r = post_->view.ranked[static_cast<std::size_t>(rows_[i])];
    const Telling t = telling(static_cast<int>(r.word));
    const QString score = text(with_sign(r.score, score_decimals(post_->view.domain)));
    QString tip = tr("%1  %2\nrank %3 of %4 · %5 of all scores: |score| / Σ|scores|").arg(text(r.text), score).arg(r.rank).arg(post_->view.ranked.size()).arg(text(share(r.share)));
    const double error = error_of_word(post_->record, r.word);
    if (!std::isnan(error)) tip += tr("\nstandard error %1: other draws would move the score by about that").arg(text(fixed(error, score_decimals(post_->view.domain))));
    if (t.kind == Telling::Kind::unknown) tip += counts_ ? tr("\nin no training post of the two classes") : why_not_.isEmpty() ? QString() : QStringLiteral("\n") + why_not_;
    else tip += tr("\nP(class | word) = %1 in %2 training posts of the pair; telling from 0.80, shared up to 0.65").arg(chip_text(t)).arg(t.posts);
    items.push_back({QRectF(0, words_head(theme_) + row * static_cast<qreal>(i), width(), row), static_cast<int>(r.word), tip, tr("%1, %2%5, rank %3, tells for %4").arg(text(r.text), score).arg(r.rank).arg(chip_text(t), std::isnan(error) ? QString() : tr(" plus or minus %1").arg(text(fixed(error, score_decimals(post_->view.domain)))))});
  }
  set_items(std::move(items));
  setMinimumHeight(top_ == 0 ? 100 : words_head(theme_) + row * static_cast<int>(rows_.size()) + 2);
}

void WordsTable::paintEvent(QPaintEvent*) {
  QPainter p(this);
  p.setRenderHint(QPainter::Antialiasing);
  p.fillRect(rect(), theme_["panel"]);
  if (!post_) return;
  const QFont plain = theme_.font("table"), medium = theme_.font("table", Theme::Weight::medium), small = theme_.font("caption");
  bool drawn = false;  // not where every coalition was asked: then nothing is left to chance
  for (const auto& r : post_->view.ranked) drawn = drawn || error_of_word(post_->record, r.word) > 0;
  // The words come first: where room is short the error takes the place of the share, which the tool tip has too.
  const bool wide = width() > (drawn ? 520 : 392);
  const qreal right = width() - 12, chip_w = std::clamp<qreal>(width() * 0.22, 84, 120), share_w = wide ? 46 : 0, error_w = drawn && width() > 340 ? 52 : 0, score_w = 58;
  const qreal chip_x = right - chip_w, share_x = chip_x - share_w - 8, error_x = share_x - error_w, score_x = error_x - score_w, bar_w = std::clamp<qreal>(width() * (width() < 520 ? 0.14 : 0.2), 44, 110), bar_x = score_x - bar_w - 2, word_x = 42;
  double reach = 0;
  for (const auto& r : post_->view.ranked)
    if (std::isfinite(r.score)) reach = std::max(reach, std::abs(r.score));
  p.setFont(small);
  p.setPen(theme_["text2"]);
  p.drawText(QRectF(0, 0, 32, words_head(theme_)), Qt::AlignRight | Qt::AlignVCenter, QStringLiteral("#"));
  p.drawText(QRectF(word_x, 0, 120, words_head(theme_)), Qt::AlignVCenter, tr("Word"));
  p.drawText(QRectF(score_x, 0, score_w, words_head(theme_)), Qt::AlignRight | Qt::AlignVCenter, tr("Score"));
  if (error_w > 0) p.drawText(QRectF(error_x, 0, error_w, words_head(theme_)), Qt::AlignRight | Qt::AlignVCenter, tr("± error"));
  if (wide) p.drawText(QRectF(share_x, 0, share_w, words_head(theme_)), Qt::AlignRight | Qt::AlignVCenter, tr("Share"));
  p.drawText(QRectF(chip_x, 0, chip_w, words_head(theme_)), Qt::AlignVCenter, tr("Tells for"));
  const int row = theme_.spacing("row");
  const qreal zero = show_ == Show::with ? bar_x + 1 : show_ == Show::against ? bar_x + bar_w - 1 : bar_x + bar_w / 2, arm = show_ == Show::both ? bar_w / 2 : bar_w - 2;
  for (std::size_t i = 0; i < rows_.size(); ++i) {
    const QRectF box(0, words_head(theme_) + row * static_cast<qreal>(i), width(), row);
    if (rows_[i] < 0) {
      p.fillRect(box, theme_["panelAlt"]);
      p.fillRect(QRectF(0, box.top(), width(), 1), theme_["grid"]);
      p.setFont(small);
      p.setPen(theme_["text3"]);
      p.drawText(box, Qt::AlignCenter, tr("%1 words between").arg(text(thousands(between_))));
      continue;
    }
    const auto& r = post_->view.ranked[static_cast<std::size_t>(rows_[i])];
    if (static_cast<int>(r.word) == ring()) p.fillRect(box, theme_["selection"]);
    p.fillRect(QRectF(0, box.top(), width(), 1), theme_["grid"]);
    p.setFont(plain);
    p.setPen(theme_["text3"]);
    draw_tabular(p, QRectF(0, box.top(), 32, row), Qt::AlignRight, QString::number(r.rank));
    p.setFont(medium);
    p.setPen(theme_["text"]);
    p.drawText(QRectF(word_x, box.top(), bar_x - word_x - 4, row), Qt::AlignVCenter, QFontMetricsF(medium, this).elidedText(text(r.text), Qt::ElideRight, bar_x - word_x - 6));
    if (reach > 0 && std::isfinite(r.score)) {
      const qreal w = arm * std::abs(r.score) / reach;
      p.fillRect(QRectF(r.score >= 0 ? zero : zero - w, box.center().y() - 6, std::max(1.0, w), 12), colour(r.score >= 0 ? theme_.colours().for_stroke : theme_.colours().against_stroke));
      p.fillRect(QRectF(std::round(zero), box.center().y() - 8, 1, 16), theme_["borderStrong"]);
      if (const double error = error_of_word(post_->record, r.word); drawn && error > 0) {  // one standard error to either side
        const qreal at = zero + arm * r.score / reach, half = arm * error / reach, y = std::floor(box.center().y()) + 0.5;
        const qreal low = std::max(bar_x, at - half), high = std::min(bar_x + bar_w, at + half);
        p.setPen(QPen(theme_["text"], 1));
        p.drawLine(QPointF(low, y), QPointF(high, y));
        for (const qreal x : {low, high}) p.drawLine(QPointF(x, y - 3), QPointF(x, y + 3));
      }
    }
    p.setFont(plain);
    p.setPen(theme_["text"]);
    draw_tabular(p, QRectF(score_x, box.top(), score_w, row), Qt::AlignRight, text(with_sign(r.score, score_decimals(post_->view.domain))));
    p.setPen(theme_["text2"]);
    if (error_w > 0) draw_tabular(p, QRectF(error_x, box.top(), error_w, row), Qt::AlignRight, text(fixed(error_of_word(post_->record, r.word), score_decimals(post_->view.domain))));
    if (wide) draw_tabular(p, QRectF(share_x, box.top(), share_w, row), Qt::AlignRight, text(share(r.share)));
    const Telling t = telling(static_cast<int>(r.word));
    p.setFont(small);
    const QFontMetricsF m(small, this);
    const QString said = chip_text(t);
    const bool chip = t.kind == Telling::Kind::telling;
    // The number stays whole: the name gives way.
    const auto blank = said.lastIndexOf(QLatin1Char(' '));
    const qreal room = chip_w - 24;
    const QString shown = m.horizontalAdvance(said) <= room || blank <= 0 ? m.elidedText(said, Qt::ElideRight, room) : m.elidedText(said.left(blank), Qt::ElideRight, room - m.horizontalAdvance(said.mid(blank))) + said.mid(blank);
    if (chip) {
      const bool with = t.label == post_->record.target;
      const QColor ink = colour(with ? theme_.colours().for_stroke : theme_.colours().against_stroke);
      const QRectF frame(chip_x, box.center().y() - 9, std::min(chip_w, tabular_width(m, shown) + 24), 18);
      p.setPen(QPen(ink, 1));
      p.setBrush(Qt::NoBrush);
      p.drawRoundedRect(frame, 3, 3);
      p.setPen(Qt::NoPen);
      p.setBrush(ink);
      p.drawEllipse(QPointF(frame.left() + 8.5, frame.center().y()), 2.5, 2.5);
    }
    p.setPen(theme_[chip ? "text" : "text3"]);
    draw_tabular(p, QRectF(chip_x + 16, box.top(), chip_w - 16, row), Qt::AlignLeft, shown);
  }
  if (rows_.empty()) {
    p.setFont(small);
    p.setPen(theme_["text3"]);
    p.drawText(QRectF(12, words_head(theme_), width() - 24, 40), Qt::AlignCenter | Qt::TextWordWrap, post_->record.words.empty() ? tr("The scores stand here once the post is explained.") : tr("No word has such a score."));
  }
  draw_focus(p);
}

QString WordsTable::csv() const {
  QString out = QStringLiteral("rank,word,begin,end,score,standard_error,share,tells_for,probability,training_posts\n");
  if (!post_) return out;
  for (const auto& r : post_->view.ranked) {
    const Telling t = telling(static_cast<int>(r.word));
    const Span s = post_->record.words[r.word];
    const QString label = t.kind == Telling::Kind::shared ? QStringLiteral("shared") : t.label >= 0 && static_cast<std::size_t>(t.label) < post_->classes.size() ? text(clean_utf8(post_->classes[static_cast<std::size_t>(t.label)])) : QString();
    out += QStringLiteral("%1,%2,%3,%4,%5,%10,%6,%7,%8,%9\n")
               .arg(r.rank).arg(csv_cell(text(r.text))).arg(s.begin).arg(s.end).arg(r.score, 0, 'g', 9).arg(r.share, 0, 'g', 6)
               .arg(label.isEmpty() ? QString() : csv_cell(label), t.kind == Telling::Kind::unknown ? QString() : QString::number(t.probability, 'g', 6), t.kind == Telling::Kind::unknown ? QString() : QString::number(t.posts), std::isnan(error_of_word(post_->record, r.word)) ? QString() : QString::number(error_of_word(post_->record, r.word), 'g', 6));
  }
  return out;
}

}  // namespace telltale::ui
