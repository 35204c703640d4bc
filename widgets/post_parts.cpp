#include "widgets/post_parts.hpp"

#include <QPaintEvent>
#include <algorithm>
#include <cmath>

#include "report/comparison_view.hpp"
#include "report/numbers.hpp"

namespace telltale::ui {
namespace {

QString word_tip(const PostContent& post, const RankedWord& r) {
  return QObject::tr("%1  %2\nrank %3 of %4 · %5 of all scores").arg(text(r.text), text(with_sign(r.score, score_decimals(post.view.domain)))).arg(r.rank).arg(post.view.ranked.size()).arg(text(share(r.share)));
}
QString word_spoken(const PostContent& post, const RankedWord& r) { return QObject::tr("%1, %2, rank %3").arg(text(r.text), text(with_sign(r.score, score_decimals(post.view.domain)))).arg(r.rank); }

/// A round number near `x`, not above it.
double nice(double x) {
  if (!(x > 0) || !std::isfinite(x)) return 1;
  const double power = std::pow(10, std::floor(std::log10(x)));
  for (const double m : {5.0, 2.0})
    if (m * power <= x) return m * power;
  return power;
}

}  // namespace

// ---- order strip

OrderStrip::OrderStrip(Theme& theme, QWidget* parent) : PaintedView(theme, parent) {
  setFixedHeight(least_height);
  setAccessibleName(tr("Scores in reading order"));
}

void OrderStrip::set_post(PostPtr post) {
  post_ = std::move(post);
  set_ring(-1);
  lay_out();
  update();
}

void OrderStrip::lay_out() {
  std::vector<Item> items;
  paragraphs_.clear();
  reach_ = 0;
  if (!post_ || post_->view.ranked.empty()) return set_items({});
  for (const auto& r : post_->view.ranked)
    if (std::isfinite(r.score)) reach_ = std::max(reach_, std::abs(r.score));
  if (reach_ == 0) reach_ = 1;
  std::vector<const RankedWord*> order;
  for (const auto& r : post_->view.ranked) order.push_back(&r);
  std::sort(order.begin(), order.end(), [](auto a, auto b) { return a->word < b->word; });
  const qreal left = 54, right = width() - 12, step = (right - left) / static_cast<qreal>(order.size());
  std::int64_t before = 0;
  for (std::size_t i = 0; i < order.size(); ++i) {
    const Span span = post_->record.words[order[i]->word];
    const auto gap = std::string_view(post_->text).substr(static_cast<std::size_t>(std::min(before, span.begin)), static_cast<std::size_t>(std::max<std::int64_t>(0, span.begin - before)));
    if (i && std::count(gap.begin(), gap.end(), '\n') >= 2) paragraphs_.push_back(left + step * static_cast<qreal>(i));
    before = span.end;
    items.push_back({QRectF(left + step * static_cast<qreal>(i), 2, step, height() - 4), static_cast<int>(order[i]->word), word_tip(*post_, *order[i]), word_spoken(*post_, *order[i])});
  }
  set_items(std::move(items));
}

void OrderStrip::paintEvent(QPaintEvent*) {
  QPainter p(this);
  p.fillRect(rect(), theme_["panel"]);
  if (!post_ || items().empty()) return;
  const qreal zero = height() / 2.0, half = height() / 2.0 - 7, left = 54;
  const auto y = [&](double s) { return zero - half * std::clamp(s / reach_, -1.0, 1.0); };
  p.setFont(theme_.font("axis"));
  const double tick = nice(reach_);
  for (const double t : {tick, 0.0, -tick}) {
    p.fillRect(QRectF(left, std::round(y(t)), width() - left - 12, 1), theme_[t == 0 ? "border" : "grid"]);
    p.setPen(theme_["text3"]);
    draw_tabular(p, QRectF(0, y(t) - 7, left - 6, 14), Qt::AlignRight, t == 0 ? QStringLiteral("0") : text(with_sign(t, tick >= 0.1 ? 1 : tick >= 0.01 ? 2 : score_decimals(tick))));
  }
  p.setPen(QPen(theme_["text3"], 1, Qt::DotLine));
  for (const qreal x : paragraphs_) p.drawLine(QPointF(x, 2), QPointF(x, height() - 2));
  const qreal ratio = devicePixelRatioF();
  for (const auto& it : items()) {
    const double s = post_->record.word_scores[static_cast<std::size_t>(it.key)];
    if (!std::isfinite(s)) continue;
    const qreal w = std::max(1 / ratio, std::min<qreal>(4, it.box.width() - 1)), x = std::round((it.box.center().x() - w / 2) * ratio) / ratio;
    const QColor c = it.key == ring() ? theme_["text"] : colour(s >= 0 ? theme_.colours().for_stroke : theme_.colours().against_stroke);
    p.fillRect(QRectF(x, std::min(zero, y(s)), w, std::max(1.0, std::abs(y(s) - zero))), c);
  }
  // The ringed word and the largest few by name, where there is room.
  std::vector<const Item*> named;
  std::vector<const Item*> by_size;
  for (const auto& it : items()) by_size.push_back(&it);
  std::sort(by_size.begin(), by_size.end(), [&](auto a, auto b) {
    const auto size = [&](auto i) { return i->key == ring() ? INFINITY : std::abs(post_->record.word_scores[static_cast<std::size_t>(i->key)]); };
    return size(a) > size(b);
  });
  std::vector<QRectF> taken;
  const QFontMetricsF m(p.font(), this);
  for (std::size_t i = 0; i < std::min<std::size_t>(by_size.size(), height() > 100 ? 14 : 7); ++i) {
    const RankedWord* r = post_->ranked(by_size[i]->key);
    if (!r) continue;
    const QString name = m.elidedText(text(r->text), Qt::ElideRight, 120);
    const qreal w = m.horizontalAdvance(name), x = by_size[i]->box.center().x();
    // Beside the end of its bar.
    QRectF box(x + 5, std::clamp(r->score >= 0 ? y(r->score) - 3 : y(r->score) - 10, 2.0, height() - 15.0), w, 13);
    if (box.right() > width() - 4) box.moveRight(x - 5);
    if (std::any_of(taken.begin(), taken.end(), [&](const QRectF& t) { return t.adjusted(-6, 0, 6, 0).intersects(box); })) continue;
    taken.push_back(box);
    p.fillRect(box.adjusted(-1, 1, 1, -1), theme_["panel"]);
    p.setPen(theme_[by_size[i]->key == ring() ? "text" : "text2"]);
    p.drawText(box, Qt::AlignLeft | Qt::AlignVCenter, name);
  }
  draw_focus(p);
}

// ---- legend

HeatLegend::HeatLegend(Theme& theme, QWidget* parent) : QWidget(parent), theme_(theme) {
  setFixedSize(sizeHint());
  connect(&theme, &Theme::changed, this, qOverload<>(&QWidget::update));
}

void HeatLegend::set_scale(double domain, double gamma) {
  domain_ = domain, gamma_ = gamma;
  setAccessibleName(tr("Scale of scores: %1 to %2").arg(text(with_sign(-domain)), text(with_sign(domain))));
  update();
}

void HeatLegend::paintEvent(QPaintEvent*) {
  QPainter p(this);
  const QRectF bar(10, 7, width() - 20, 11);
  draw_heat_bar(p, bar, theme_.colours(), gamma_);
  p.setFont(theme_.font("axis"));
  p.setPen(theme_["text2"]);
  const int decimals = domain_ < 0.095 ? score_decimals(domain_) : 2;
  const qreal widest = tabular_width(QFontMetricsF(p.font(), this), text(with_sign(-domain_, decimals)));
  const bool halves = 5.6 * widest < width();
  for (const double t : {-1.0, -0.5, 0.0, 0.5, 1.0}) {
    const qreal x = bar.left() + bar.width() * (t + 1) / 2;
    p.fillRect(QRectF(x - 0.5, bar.bottom(), 1, 3), theme_["borderStrong"]);
    if (!halves && std::abs(t) == 0.5) continue;
    const QString label = t == 0 ? QStringLiteral("0") : text(with_sign(t * domain_, decimals));
    const qreal w = tabular_width(QFontMetricsF(p.font(), this), label);
    draw_tabular(p, QRectF(std::clamp<qreal>(x - w / 2, 0, width() - w), bar.bottom() + 3, w, 14), Qt::AlignLeft, label);
  }
}

// ---- classes

ClassBars::ClassBars(Theme& theme, QWidget* parent) : PaintedView(theme, parent) { setAccessibleName(tr("Classes and their probabilities")); }

void ClassBars::set_post(PostPtr post) {
  post_ = std::move(post);
  lay_out();
  update();
}

void ClassBars::lay_out() {
  std::vector<Item> items;
  const int row = theme_.spacing("row");
  const std::size_t n = post_ ? post_->view.probabilities.size() : 0;
  for (std::size_t i = 0; i < n; ++i) {
    const std::string name = i < post_->classes.size() ? post_->classes[i] : std::to_string(i);
    const QString said = tr("%1, probability %2").arg(text(name), text(fixed(post_->view.probabilities[i])));
    items.push_back({QRectF(0, 2 + row * static_cast<qreal>(i), width(), row), static_cast<int>(i), said, said});
  }
  set_items(std::move(items));
  const int shown = static_cast<int>(std::min<std::size_t>(n, 20));
  setFixedHeight(std::max(1, shown) * row + 6);
}

void ClassBars::paintEvent(QPaintEvent*) {
  QPainter p(this);
  p.setRenderHint(QPainter::Antialiasing);
  p.fillRect(rect(), theme_["panel"]);
  if (!post_) return;
  const auto names = short_names(post_->classes);
  const QFont plain = theme_.font("table"), bold = theme_.font("table", Theme::Weight::semibold), small = theme_.font("caption");
  const qreal name_x = 54, bar_x = std::max<qreal>(172, width() * 0.46), number = 52;
  for (const auto& it : items()) {
    const auto i = static_cast<std::size_t>(it.key);
    const bool target = it.key == post_->record.target, foil = it.key == post_->record.foil && post_->record.foil >= 0;
    if (it.key == ring()) p.fillRect(it.box, theme_["hover"]);
    if (i) p.fillRect(QRectF(0, it.box.top(), width(), 1), theme_["grid"]);
    p.setFont(small);
    p.setPen(theme_["text3"]);
    p.drawText(QRectF(12, it.box.top(), 44, it.box.height()), Qt::AlignVCenter, target ? tr("target") : foil ? tr("foil") : QString());
    p.setFont(target || foil ? bold : plain);
    p.setPen(theme_["text"]);
    const QString name = text(i < names.size() ? names[i] : std::to_string(i));
    const QFontMetricsF m(p.font(), this);
    const bool gold = it.key == post_->label;
    const QFontMetricsF sm(small, this);
    const qreal chip = gold ? sm.horizontalAdvance(tr("gold")) + 12 : 0, room = bar_x - name_x - 8 - chip - (gold ? 6 : 0);
    const QString shown = m.elidedText(name, Qt::ElideRight, room);
    p.drawText(QRectF(name_x, it.box.top(), room, it.box.height()), Qt::AlignVCenter, shown);
    if (gold) {
      const QRectF box(name_x + m.horizontalAdvance(shown) + 7, it.box.center().y() - 8, chip, 16);
      p.setPen(QPen(theme_["border"], 1));
      p.setBrush(theme_["panelAlt"]);
      p.drawRoundedRect(box, 3, 3);
      p.setFont(small);
      p.setPen(theme_["text2"]);
      p.drawText(box, Qt::AlignCenter, tr("gold"));
    }
    const QRectF track(bar_x, it.box.center().y() - 4.5, width() - bar_x - number - 16, 9);
    p.fillRect(track, theme_["panelAlt"]);
    const double prob = post_->view.probabilities[i];
    const QColor c = target ? colour(theme_.colours().for_stroke) : foil ? colour(theme_.colours().against_stroke) : theme_["borderStrong"];
    if (std::isfinite(prob)) p.fillRect(QRectF(track.left(), track.top(), std::max(1.0, track.width() * std::clamp(prob, 0.0, 1.0)), track.height()), c);
    p.setFont(plain);
    p.setPen(theme_["text"]);
    draw_tabular(p, QRectF(width() - number - 12, it.box.top(), number, it.box.height()), Qt::AlignRight, text(fixed(prob)));
  }
  draw_focus(p);
}

// ---- words

WordsTable::WordsTable(Theme& theme, QWidget* parent) : PaintedView(theme, parent) {
  setAccessibleName(tr("Words by score"));
  setMinimumHeight(120);
}

void WordsTable::set_post(PostPtr post) {
  post_ = std::move(post);
  set_ring(-1);
  lay_out();
  update();
}

void WordsTable::lay_out() {
  rows_.clear();
  std::vector<Item> items;
  if (!post_) return set_items({});
  const int row = theme_.spacing("row"), n = static_cast<int>(post_->view.ranked.size());
  const int room = std::max(3, (height() - 26 - 4) / row);
  if (n <= room) {
    for (int i = 0; i < n; ++i) rows_.push_back(i);
  } else {
    // The words against the target matter as much as those for it, but a third of the room is enough for them.
    const int last = std::max(1, (room - 1) / 3), first = room - 1 - last;
    for (int i = 0; i < first; ++i) rows_.push_back(i);
    rows_.push_back(-1);
    for (int i = n - last; i < n; ++i) rows_.push_back(i);
  }
  for (std::size_t i = 0; i < rows_.size(); ++i) {
    if (rows_[i] < 0) continue;
    const auto& r = post_->view.ranked[static_cast<std::size_t>(rows_[i])];
    items.push_back({QRectF(0, 26 + row * static_cast<qreal>(i), width(), row), static_cast<int>(r.word), word_tip(*post_, r), word_spoken(*post_, r)});
  }
  set_items(std::move(items));
}

void WordsTable::paintEvent(QPaintEvent*) {
  QPainter p(this);
  p.fillRect(rect(), theme_["panel"]);
  if (!post_) return;
  const QFont plain = theme_.font("table"), medium = theme_.font("table", Theme::Weight::medium);
  const qreal share_w = 56, score_w = 70, right = width() - 12, bar_w = std::clamp<qreal>(width() * 0.24, 60, 130);
  const qreal share_x = right - share_w, score_x = share_x - score_w, bar_x = score_x - bar_w - 4, word_x = 44;
  double reach = 0;
  for (const auto& r : post_->view.ranked)
    if (std::isfinite(r.score)) reach = std::max(reach, std::abs(r.score));
  p.setFont(theme_.font("caption"));
  p.setPen(theme_["text2"]);
  p.drawText(QRectF(0, 0, 34, 26), Qt::AlignRight | Qt::AlignVCenter, QStringLiteral("#"));
  p.drawText(QRectF(word_x, 0, 120, 26), Qt::AlignVCenter, tr("Word"));
  p.drawText(QRectF(score_x, 0, score_w, 26), Qt::AlignRight | Qt::AlignVCenter, tr("Score"));
  p.drawText(QRectF(share_x, 0, share_w, 26), Qt::AlignRight | Qt::AlignVCenter, tr("Share"));
  const int row = theme_.spacing("row");
  const qreal zero = bar_x + bar_w / 2;
  for (std::size_t i = 0; i < rows_.size(); ++i) {
    const QRectF box(0, 26 + row * static_cast<qreal>(i), width(), row);
    if (rows_[i] < 0) {
      p.fillRect(box, theme_["panelAlt"]);
      p.fillRect(QRectF(0, box.top(), width(), 1), theme_["grid"]);
      p.setFont(theme_.font("caption"));
      p.setPen(theme_["text3"]);
      p.drawText(box, Qt::AlignCenter, tr("%1 words between").arg(text(thousands(static_cast<std::int64_t>(post_->view.ranked.size()) - static_cast<std::int64_t>(rows_.size()) + 1))));
      continue;
    }
    const auto& r = post_->view.ranked[static_cast<std::size_t>(rows_[i])];
    const bool hot = static_cast<int>(r.word) == ring();
    if (hot) p.fillRect(box, theme_["selection"]);
    p.fillRect(QRectF(0, box.top(), width(), 1), theme_["grid"]);
    p.setFont(plain);
    p.setPen(theme_["text3"]);
    draw_tabular(p, QRectF(0, box.top(), 34, row), Qt::AlignRight, QString::number(r.rank));
    p.setFont(medium);
    p.setPen(theme_["text"]);
    p.drawText(QRectF(word_x, box.top(), bar_x - word_x - 6, row), Qt::AlignVCenter, QFontMetricsF(medium, this).elidedText(text(r.text), Qt::ElideRight, bar_x - word_x - 6));
    if (reach > 0 && std::isfinite(r.score)) {
      const qreal w = bar_w / 2 * std::abs(r.score) / reach;
      p.fillRect(QRectF(r.score >= 0 ? zero : zero - w, box.center().y() - 6, std::max(1.0, w), 12), colour(r.score >= 0 ? theme_.colours().for_stroke : theme_.colours().against_stroke));
      p.fillRect(QRectF(std::round(zero), box.center().y() - 8, 1, 16), theme_["borderStrong"]);
    }
    p.setFont(plain);
    p.setPen(theme_["text"]);
    draw_tabular(p, QRectF(score_x, box.top(), score_w, row), Qt::AlignRight, text(with_sign(r.score, score_decimals(post_->view.domain))));
    p.setPen(theme_["text2"]);
    draw_tabular(p, QRectF(share_x, box.top(), share_w, row), Qt::AlignRight, text(share(r.share)));
  }
  draw_focus(p);
}

}  // namespace telltale::ui
