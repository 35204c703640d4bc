#include "widgets/inspect/hover_card.hpp"

#include <QPainter>
#include <algorithm>
#include <cmath>

#include "report/comparison_view.hpp"
#include "report/numbers.hpp"
#include "widgets/inspect/standard_error.hpp"
#include "widgets/painted_view.hpp"

namespace telltale::ui {
namespace {
constexpr int pad = 11, line = 17, line_gap = 7;
constexpr std::size_t most_pieces = 8;
}  // namespace

HoverCard::HoverCard(Theme& theme, QWidget* over) : QWidget(over), theme_(theme) {
  setAttribute(Qt::WA_TransparentForMouseEvents);
  setFocusPolicy(Qt::NoFocus);
  hide();
}

void HoverCard::show_word(const PostContent& post, int word, const Telling& t, const QRect& anchor) {
  const RankedWord* r = post.ranked(word);
  if (!r || !anchor.isValid()) return hide();
  const int decimals = score_decimals(post.view.domain);
  word_ = text(r->text);
  score_ = text(with_sign(r->score, decimals));
  const auto with_error = [&](const QString& score, double error) { return !(error > 0) ? score : tr("%1 ± %2").arg(score, text(fixed(error, decimals))); };
  score_ = with_error(score_, error_of_word(post.record, static_cast<std::size_t>(word)));
  pieces_.clear();
  const Span whole = post.record.words[static_cast<std::size_t>(word)];
  std::size_t more = 0;
  for (std::size_t i = 0; i < post.record.offsets.size() && i < post.record.scores.size(); ++i) {
    const Span s = post.record.offsets[i];
    if (s.none() || s.begin < whole.begin || s.end > whole.end || static_cast<std::size_t>(s.end) > post.text.size()) continue;
    if (pieces_.size() >= most_pieces) {
      ++more;
      continue;
    }
    const QString piece = text(clean_utf8(std::string_view(post.text).substr(static_cast<std::size_t>(s.begin), static_cast<std::size_t>(s.end - s.begin)))).toLower();
    pieces_.push_back({s.begin > whole.begin ? QStringLiteral("##") + piece : piece, with_error(text(with_sign(post.record.scores[i], decimals)), error_of_piece(post.record, i)), true});
  }
  if (pieces_.size() < 2) pieces_.clear();  // the word is the piece
  if (more) pieces_.push_back({tr("and %1 more").arg(more), QString(), false});
  notes_ = {tr("rank %1 of %2 · %3 of all scores").arg(r->rank).arg(post.view.ranked.size()).arg(text(share(r->share)))};
  if (t.kind != Telling::Kind::unknown) {
    const auto names = short_names(post.classes);
    const QString name = t.label >= 0 && static_cast<std::size_t>(t.label) < names.size() ? text(clean_utf8(names[static_cast<std::size_t>(t.label)])) : QString::number(t.label);
    const QString posts = t.posts == 1 ? tr("in 1 post") : tr("in %1 posts").arg(t.posts);
    notes_ << (t.kind == Telling::Kind::shared ? tr("shared by both classes · %1").arg(posts) : tr("specificity %1 for %2 · %3").arg(text(fixed(t.probability, 2)), name, posts));
  }
  const QFontMetricsF bold(theme_.font("table", Theme::Weight::semibold)), small(theme_.font("caption")), mono(theme_.mono("caption"));
  qreal width = bold.horizontalAdvance(word_) + bold.horizontalAdvance(score_) + 30;
  for (const auto& p : pieces_) width = std::max(width, mono.horizontalAdvance(p.left) + small.horizontalAdvance(p.right) + 30);
  for (const QString& n : notes_) width = std::max(width, small.horizontalAdvance(n));
  const int w = static_cast<int>(std::clamp(width, 150.0, 380.0)) + 2 * pad + 2;
  const int h = pad + 18 + (pieces_.empty() ? 0 : line_gap + 2 + line * static_cast<int>(pieces_.size())) + line_gap + 3 + line * static_cast<int>(notes_.size()) + pad - 3;
  QRect box(anchor.left(), anchor.bottom() + 6, w, h);
  const QRect room = parentWidget()->rect().adjusted(4, 4, -4, -4);
  if (box.bottom() > room.bottom()) box.moveBottom(anchor.top() - 6);
  if (box.right() > room.right()) box.moveRight(room.right());
  if (box.left() < room.left()) box.moveLeft(room.left());
  setGeometry(box);
  raise();
  show();
  update();
}

void HoverCard::paintEvent(QPaintEvent*) {
  QPainter p(this);
  p.setRenderHint(QPainter::Antialiasing);
  p.setPen(QPen(theme_["borderStrong"], 1));
  p.setBrush(theme_["panelAlt"]);
  p.drawRoundedRect(QRectF(rect()).adjusted(0.5, 0.5, -0.5, -0.5), 3, 3);
  const QFont bold = theme_.font("table", Theme::Weight::semibold), small = theme_.font("caption"), mono = theme_.mono("caption");
  qreal y = pad - 1;
  const qreal left = pad, right = width() - pad;
  p.setFont(bold);
  p.setPen(theme_["text"]);
  const QFontMetricsF m(bold, this);
  const qreal score_w = tabular_width(m, score_);
  p.drawText(QRectF(left, y, right - left - score_w - 8, 18), Qt::AlignVCenter, m.elidedText(word_, Qt::ElideRight, right - left - score_w - 8));
  draw_tabular(p, QRectF(right - score_w, y, score_w, 18), Qt::AlignRight, score_);
  y += 18;
  const auto rule = [&] {
    p.fillRect(QRectF(left, std::round(y + line_gap / 2.0), right - left, 1), theme_["border"]);
    y += line_gap + 2;
  };
  if (!pieces_.empty()) {
    rule();
    for (const auto& piece : pieces_) {
      p.setFont(piece.mono ? mono : small);
      p.setPen(theme_["text2"]);
      p.drawText(QRectF(left, y, right - left - 60, line), Qt::AlignVCenter, QFontMetricsF(p.font(), this).elidedText(piece.left, Qt::ElideRight, right - left - 12 - tabular_width(QFontMetricsF(small), piece.right)));
      p.setFont(small);
      draw_tabular(p, QRectF(right - 120, y, 120, line), Qt::AlignRight, piece.right);
      y += line;
    }
  }
  rule();
  p.setFont(small);
  p.setPen(theme_["text3"]);
  for (const QString& n : notes_) {
    p.drawText(QRectF(left, y, right - left, line), Qt::AlignVCenter, QFontMetricsF(small, this).elidedText(n, Qt::ElideRight, right - left));
    y += line;
  }
}

}  // namespace telltale::ui
