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

}  // namespace telltale::ui
