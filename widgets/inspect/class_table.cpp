#include "widgets/inspect/class_table.hpp"

#include <QKeyEvent>
#include <QMouseEvent>
#include <algorithm>
#include <cmath>
#include <utility>

#include "report/comparison_view.hpp"
#include "report/numbers.hpp"
#include "widgets/inspect/method_options.hpp"

namespace telltale::ui {
namespace {
constexpr qreal target_x = 24, foil_x = 70, full_name_x = 96, compact_name_x = 54, number_w = 46;
int class_head(const Theme& theme) { return static_cast<int>(theme.px(22)); }
}  // namespace

ClassTable::ClassTable(Theme& theme, QWidget* parent) : PaintedView(theme, parent) {
  setAccessibleName(tr("Classes and their probabilities"));
}

void ClassTable::set_wanted(int label) {
  if (std::exchange(wanted_, label) != label) update();
}

void ClassTable::set_post(PostPtr post) {
  post_ = std::move(post);
  wanted_ = -1;
  names_.clear();
  if (post_)
    for (const auto& n : short_names(post_->classes)) names_.push_back(text(clean_utf8(n)));
  lay_out();
  update();
}

void ClassTable::set_compact(bool compact) {
  if (compact == compact_) return;
  compact_ = compact;
  lay_out();
  update();
}

int ClassTable::rows() const {
  const int n = post_ ? static_cast<int>(post_->view.probabilities.size()) : 0;
  return compact_ ? std::min(n, post_ && post_->record.foil >= 0 ? 3 : 2) : n;
}

void ClassTable::lay_out() {
  std::vector<Item> items;
  const int row = theme_.spacing("row"), top = compact_ ? 0 : class_head(theme_);
  const std::size_t n = post_ ? post_->view.probabilities.size() : 0;
  const bool all_alike = post_ && std::any_of(methods().begin(), methods().end(), [&](const MethodInfo& m) { return m.id == post_->record.method && !asks_for_class(m); });
  std::vector<int> order;
  if (compact_ && n) {
    order.push_back(post_->record.target);
    if (post_->record.foil >= 0) order.push_back(post_->record.foil);
    if (n > order.size()) order.push_back(-1);  // the rest
  } else {
    for (std::size_t i = 0; i < n; ++i) order.push_back(static_cast<int>(i));
    // As the picture: the likeliest first, so that target and rival stand together.
    std::stable_sort(order.begin(), order.end(), [&](int a, int b) { return post_->view.probabilities[static_cast<std::size_t>(a)] > post_->view.probabilities[static_cast<std::size_t>(b)]; });
  }
  for (std::size_t i = 0; i < order.size(); ++i) {
    QString said = tr("the other classes");
    if (order[i] >= 0) {
      const auto c = static_cast<std::size_t>(order[i]);
      const QString full = c < post_->classes.size() ? text(clean_utf8(post_->classes[c])) : QString::number(order[i]);
      said = tr("%1, probability %2").arg(full, c < n ? text(fixed(post_->view.probabilities[c])) : QStringLiteral("–"));
      if (order[i] == post_->record.target) said += tr(", target");
      if (order[i] == post_->record.foil) said += tr(", foil");
      if (order[i] == post_->label) said += tr(", gold class");
    }
    items.push_back({QRectF(0, top + row * static_cast<qreal>(i), width(), row), order[i], said + (order[i] >= 0 ? tr("\nT or a click explains this class, F sets it as the foil") + (all_alike ? tr("\nThe shown method looks at attention weights: they are the same for every class and foil") : QString()) : QString()), said});
  }
  setFixedHeight(std::max(1, top + row * static_cast<int>(items.size()) + 4));
  set_items(std::move(items));
}

/// Names come before bars, up to two thirds of the width.
qreal ClassTable::bar_left() const {
  const QFontMetricsF m(theme_.font("table", Theme::Weight::semibold), this), small(theme_.font("caption"), this);
  qreal widest = 60;
  for (std::size_t c = 0; c < names_.size(); ++c) widest = std::max(widest, m.horizontalAdvance(names_[c]) + (!compact_ && post_ && static_cast<int>(c) == post_->label ? small.horizontalAdvance(tr("gold")) + 22 : 0));
  return std::min((compact_ ? compact_name_x : full_name_x) + widest + 12, width() * 0.64);
}

void ClassTable::draw_row(QPainter& p, const QRectF& box, int label, const QString& name, double probability) const {
  const bool target = label >= 0 && label == (wanted_ >= 0 ? wanted_ : post_->record.target), foil = label >= 0 && !target && label == post_->record.foil;
  const QColor on = colour(theme_.colours().for_stroke), off = colour(theme_.colours().against_stroke);
  const QFont plain = theme_.font("table"), bold = theme_.font("table", Theme::Weight::semibold), small = theme_.font("caption");
  if (label >= 0 && label == ring()) p.fillRect(box, theme_["hover"]);
  p.fillRect(QRectF(0, box.top(), width(), 1), theme_["grid"]);
  if (compact_) {
    p.setFont(small);
    p.setPen(theme_["text3"]);
    p.drawText(QRectF(12, box.top(), 44, box.height()), Qt::AlignVCenter, target ? tr("target") : foil ? tr("foil") : QString());
  } else {
    for (const bool second : {false, true}) {
      const QPointF centre(second ? foil_x : target_x, box.center().y());
      const bool chosen = second ? foil : target;
      p.setBrush(theme_["panel"]);
      p.setPen(QPen(chosen ? (second ? off : on) : theme_["borderStrong"], chosen ? 1.5 : 1));
      p.drawEllipse(centre, 6.2, 6.2);
      if (!chosen) continue;
      p.setPen(Qt::NoPen);
      p.setBrush(second ? off : on);
      p.drawEllipse(centre, 3.4, 3.4);
    }
  }
  const qreal name_x = compact_ ? compact_name_x : full_name_x, bar_x = bar_left();
  p.setFont(target || foil ? bold : plain);
  p.setPen(theme_[label < 0 ? "text2" : "text"]);
  const QFontMetricsF m(p.font(), p.device()), sm(small, p.device());
  const bool gold = label >= 0 && label == post_->label && !compact_;
  const qreal chip = gold ? sm.horizontalAdvance(tr("gold")) + 12 : 0, room = bar_x - name_x - 8 - chip - (gold ? 6 : 0);
  const QString shown = m.elidedText(name, Qt::ElideRight, room);
  p.drawText(QRectF(name_x, box.top(), room + 2, box.height()), Qt::AlignVCenter, shown);
  if (gold) {
    const QRectF frame(name_x + m.horizontalAdvance(shown) + 7, box.center().y() - 8, chip, 16);
    p.setPen(QPen(theme_["border"], 1));
    p.setBrush(theme_["panelAlt"]);
    p.drawRoundedRect(frame, 3, 3);
    p.setFont(small);
    p.setPen(theme_["text2"]);
    p.drawText(frame, Qt::AlignCenter, tr("gold"));
  }
  const QRectF track(bar_x, box.center().y() - 4.5, width() - bar_x - number_w - 18, 9);
  p.fillRect(track, theme_["panelAlt"]);
  if (std::isfinite(probability)) p.fillRect(QRectF(track.left(), track.top(), std::max(1.0, track.width() * std::clamp(probability, 0.0, 1.0)), track.height()), target ? on : foil ? off : theme_["borderStrong"]);
  p.setFont(plain);
  p.setPen(theme_["text"]);
  draw_tabular(p, QRectF(width() - number_w - 12, box.top(), number_w, box.height()), Qt::AlignRight, text(fixed(probability)));
}

void ClassTable::paintEvent(QPaintEvent*) {
  QPainter p(this);
  p.setRenderHint(QPainter::Antialiasing);
  p.fillRect(rect(), theme_["panel"]);
  if (!post_ || items().empty()) {
    p.setFont(theme_.font("caption"));
    p.setPen(theme_["text3"]);
    p.drawText(rect().adjusted(12, 0, -12, 0), Qt::AlignCenter, tr("No prediction yet"));
    return;
  }
  if (!compact_) {
    p.setFont(theme_.font("caption"));
    p.setPen(theme_["text2"]);
    p.drawText(QRectF(0, 0, 2 * target_x, class_head(theme_)), Qt::AlignCenter, tr("Target"));
    p.drawText(QRectF(foil_x - 24, 0, 48, class_head(theme_)), Qt::AlignCenter, tr("Foil"));
    p.drawText(QRectF(full_name_x, 0, 100, class_head(theme_)), Qt::AlignVCenter, tr("Class"));
    p.drawText(QRectF(width() - 112, 0, 100, class_head(theme_)), Qt::AlignRight | Qt::AlignVCenter, tr("Probability"));
  }
  const auto& prob = post_->view.probabilities;
  double rest = 1;
  for (const auto& it : items()) {
    if (it.key < 0) {
      const auto others = static_cast<int>(prob.size() - items().size() + 1);
      draw_row(p, it.box, -1, others == 1 ? tr("1 other") : tr("%1 others").arg(others), std::max(0.0, rest));
      continue;
    }
    const auto c = static_cast<std::size_t>(it.key);
    const double value = c < prob.size() ? prob[c] : NAN;
    rest -= value;
    draw_row(p, it.box, it.key, c < names_.size() ? names_[c] : QString::number(it.key), value);
  }
  draw_focus(p);
}

void ClassTable::mousePressEvent(QMouseEvent* e) {
  PaintedView::mousePressEvent(e);
  if (e->button() != Qt::LeftButton) return;
  for (const auto& it : items())
    if (it.key >= 0 && it.box.contains(e->position())) {
      const bool foil = !compact_ && std::abs(e->position().x() - foil_x) < 22;
      if (foil) Q_EMIT foil_asked(it.key);
      else Q_EMIT target_asked(it.key);
      return;
    }
}

void ClassTable::keyPressEvent(QKeyEvent* e) {
  if (ring() >= 0 && (e->key() == Qt::Key_T || e->key() == Qt::Key_Return || e->key() == Qt::Key_Enter || e->key() == Qt::Key_Space)) return Q_EMIT target_asked(ring());
  if (ring() >= 0 && e->key() == Qt::Key_F) return Q_EMIT foil_asked(ring());
  PaintedView::keyPressEvent(e);
}

}  // namespace telltale::ui
