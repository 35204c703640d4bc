#include "widgets/inspect/layers_table.hpp"

#include <QKeyEvent>
#include <QMouseEvent>
#include <algorithm>
#include <cmath>

#include "report/numbers.hpp"

namespace telltale::ui {
namespace {
constexpr qreal side = 12, gap = 10, layer_number_w = 40, whisker_w = 96;
int layers_head(const Theme& theme) { return static_cast<int>(theme.px(24)); }
}  // namespace

QString layer_name(std::size_t state) { return state == 0 ? QObject::tr("Embedding") : QObject::tr("Layer %1").arg(state); }

LayersTable::LayersTable(Theme& theme, QWidget* parent) : PaintedView(theme, parent) {
  setAccessibleName(tr("What each layer would answer"));
}

void LayersTable::set_lens(LensPtr lens, int target, int foil, bool stale) {
  if (lens != lens_) set_ring(-1);
  lens_ = std::move(lens);
  target_ = target;
  foil_ = foil;
  stale_ = stale;
  lay_out();
  update();
}

void LayersTable::set_probes(const Json& probes) {
  probes_ = probes;
  lay_out();
  update();
}

double LayersTable::probability(std::size_t layer, int label) const {
  const auto& p = lens_->lens.layers[layer].probabilities;
  return label >= 0 && static_cast<std::size_t>(label) < p.size() ? p[static_cast<std::size_t>(label)] : NAN;
}

double LayersTable::probe(std::size_t layer, const char* key) const {
  if (!probes_.is_object() || layer >= probes_["layers"].size()) return NAN;
  const Json& row = probes_["layers"][layer];
  return row.contains(key) && row[key].is_number() ? row[key].get<double>() : NAN;
}

/// The last state is read by nobody but the classifier, and of it only [CLS].
bool LayersTable::explains(int layer) const { return lens_ && !stale_ && layer >= 0 && static_cast<std::size_t>(layer) + 1 < lens_->lens.layers.size(); }

LayersTable::Columns LayersTable::columns() const {
  const QFontMetricsF m(theme_.font("table", Theme::Weight::semibold), this);
  Columns c{};
  c.long_names = width() >= theme_.px(340);
  c.answer = side + m.horizontalAdvance(c.long_names ? tr("Embedding") : tr("Layer")) + gap;
  qreal widest = m.horizontalAdvance(tr("Answer"));
  if (lens_)
    for (const QString& n : lens_->classes) widest = std::max(widest, m.horizontalAdvance(n));
  c.bar = c.answer + std::min(widest, std::max<qreal>(50, width() * 0.24)) + gap;
  const bool probes = probes_.is_object();
  c.probe_end = width() - side;
  const qreal number = theme_.px(layer_number_w);
  c.whiskers = probes && width() >= theme_.px(430);
  c.probe = c.probe_end - (probes ? number + gap + (c.whiskers ? theme_.px(whisker_w) + gap : 0) : 0);
  c.number_end = c.probe;
  c.bar_end = std::max(c.bar + 10, c.number_end - number - 8);
  return c;
}

void LayersTable::lay_out() {
  std::vector<Item> items;
  const int row = theme_.spacing("row"), top = layers_head(theme_);
  const std::size_t n = lens_ ? lens_->lens.layers.size() : 0;
  for (std::size_t l = 0; l < n; ++l) {
    const Prediction& p = lens_->lens.layers[l];
    const auto name = [&](int c) { return lens_->full[static_cast<std::size_t>(c)]; };
    QString said = tr("%1 answers %2, probability %3").arg(layer_name(l), name(p.predicted), text(fixed(p.probabilities[static_cast<std::size_t>(p.predicted)])));
    for (const int c : {target_, foil_})
      if (c >= 0 && c != p.predicted && static_cast<std::size_t>(c) < p.probabilities.size()) said += tr("; %1 %2").arg(name(c), text(fixed(probability(l, c))));
    if (static_cast<int>(l) == lens_->lens.settled) said += tr("; settled from here on");
    if (std::isfinite(probe(l, "accuracy"))) {
      said += tr("; linear probe right in %1 (%2)").arg(text(fixed(probe(l, "accuracy"))), text(interval(probe(l, "low"), probe(l, "high"))));
      if (std::isfinite(probe(l, "control"))) said += tr(", control %1").arg(text(fixed(probe(l, "control"))));
      if (std::isfinite(probe(l, "lens"))) said += tr(", the lens right in %1").arg(text(fixed(probe(l, "lens"))));
    }
    QString tip = said;
    tip.replace(QStringLiteral("; "), QStringLiteral("\n"));
    if (explains(static_cast<int>(l))) tip += tr("\nEnter or a double click explains the post through this layer (conductance)");
    items.push_back({QRectF(0, top + row * static_cast<qreal>(l), width(), row), static_cast<int>(l), tip, said});
  }
  setFixedHeight(std::max(1, top + row * static_cast<int>(n) + 4));
  set_items(std::move(items));
}

void LayersTable::draw_head(QPainter& p, const Columns& c) const {
  const qreal h = layers_head(theme_);
  p.setFont(theme_.font("caption"));
  p.setPen(theme_["text2"]);
  const QFontMetricsF m(p.font(), p.device());
  p.drawText(QRectF(side, 0, c.answer - side, h), Qt::AlignVCenter, tr("Layer"));
  p.drawText(QRectF(c.answer, 0, c.bar - c.answer - 4, h), Qt::AlignVCenter, tr("Answer"));
  // The legend of the bar: which colour is which class.
  qreal x = c.bar;
  const qreal room = c.number_end - c.bar;
  for (const int k : {target_, foil_}) {
    if (k < 0 || static_cast<std::size_t>(k) >= lens_->classes.size()) continue;
    const qreal share = foil_ >= 0 ? room / 2 : room;
    const QRectF swatch(x, h / 2 - 4, 8, 8);
    p.fillRect(swatch, colour(k == target_ ? theme_.colours().for_stroke : theme_.colours().against_stroke));
    const QString name = m.elidedText(lens_->classes[static_cast<std::size_t>(k)], Qt::ElideRight, share - 18);
    p.drawText(QRectF(x + 12, 0, share - 14, h), Qt::AlignVCenter, name);
    x += std::min(share, 24 + m.horizontalAdvance(name));
  }
  if (c.probe < c.probe_end) p.drawText(QRectF(c.probe + gap, 0, c.probe_end - c.probe - gap, h), Qt::AlignVCenter | Qt::AlignRight, c.whiskers ? tr("Probe accuracy") : tr("Probe"));
}

/// Parts of one: target, foil, this layer's own answer if it is neither; what is left is the other classes.
void LayersTable::draw_bar(QPainter& p, const QRectF& track, std::size_t layer) const {
  p.fillRect(track, theme_["panelAlt"]);
  qreal x = track.left();
  const auto part = [&](double share, const QColor& c) {
    if (!std::isfinite(share)) return;
    const qreal w = track.width() * std::clamp(share, 0.0, 1.0);
    p.fillRect(QRectF(x, track.top(), w, track.height()), c);
    x += w;
  };
  part(probability(layer, target_), colour(theme_.colours().for_stroke));
  part(probability(layer, foil_), colour(theme_.colours().against_stroke));
  if (const int own = lens_->lens.layers[layer].predicted; own != target_ && own != foil_) part(probability(layer, own), theme_["borderStrong"]);
}

/// The figure, and where there is room an axis from 0 to 1 with its interval; hollow: the control.
void LayersTable::draw_probe(QPainter& p, const QRectF& box, const Columns& c, std::size_t layer) const {
  const double accuracy = probe(layer, "accuracy"), low = probe(layer, "low"), high = probe(layer, "high"), control = probe(layer, "control");
  p.setPen(theme_["text"]);
  p.setFont(theme_.font("table"));
  draw_tabular(p, QRectF(c.probe_end - theme_.px(layer_number_w), box.top(), theme_.px(layer_number_w), box.height()), Qt::AlignRight, text(fixed(accuracy)));
  if (!c.whiskers) return;
  const qreal left = c.probe + 2 * gap, width = theme_.px(whisker_w) - gap, y = box.center().y();
  const auto at = [&](double v) { return left + width * std::clamp(v, 0.0, 1.0); };
  p.setPen(QPen(theme_["grid"], 1));
  p.drawLine(QPointF(left, y), QPointF(left + width, y));
  for (const double v : {0.0, 1.0}) p.drawLine(QPointF(at(v), y - 4), QPointF(at(v), y + 4));
  p.setPen(QPen(theme_["text2"], 1.5));
  if (std::isfinite(low)) {
    p.drawLine(QPointF(at(low), y), QPointF(at(high), y));
    for (const double v : {low, high}) p.drawLine(QPointF(at(v), y - 3), QPointF(at(v), y + 3));
  }
  if (std::isfinite(control)) {
    p.setBrush(theme_["panel"]);
    p.drawEllipse(QPointF(at(control), y), 3, 3);
  }
  if (std::isfinite(accuracy)) {
    p.setPen(Qt::NoPen);
    p.setBrush(theme_["text"]);
    p.drawEllipse(QPointF(at(accuracy), y), 3.2, 3.2);
  }
}

void LayersTable::paintEvent(QPaintEvent*) {
  QPainter p(this);
  p.setRenderHint(QPainter::Antialiasing);
  p.fillRect(rect(), theme_["panel"]);
  if (!lens_) return;
  if (stale_) p.setOpacity(0.6);
  const Columns c = columns();
  draw_head(p, c);
  const int settled = lens_->lens.settled;
  const QFont plain = theme_.font("table"), bold = theme_.font("table", Theme::Weight::semibold);
  for (const auto& it : items()) {
    const auto l = static_cast<std::size_t>(it.key);
    if (it.key == ring()) p.fillRect(it.box, theme_["hover"]);
    p.fillRect(QRectF(0, it.box.top(), width(), 1), theme_["grid"]);
    const bool done = it.key >= settled;
    p.setFont(plain);
    p.setPen(theme_["text2"]);
    p.drawText(QRectF(side, it.box.top(), c.answer - side, it.box.height()), Qt::AlignVCenter, c.long_names ? (l == 0 ? layer_name(0) : QString::number(l)) : QString::number(l));
    p.setFont(done ? bold : plain);
    p.setPen(theme_[done ? "text" : "text2"]);
    const auto own = static_cast<std::size_t>(lens_->lens.layers[l].predicted);
    p.drawText(QRectF(c.answer, it.box.top(), c.bar - c.answer, it.box.height()), Qt::AlignVCenter, QFontMetricsF(p.font(), p.device()).elidedText(lens_->classes[own], Qt::ElideRight, c.bar - c.answer - 6));
    draw_bar(p, QRectF(c.bar, it.box.center().y() - 4.5, c.bar_end - c.bar, 9), l);
    p.setFont(plain);
    p.setPen(theme_["text"]);
    draw_tabular(p, QRectF(c.bar_end, it.box.top(), c.number_end - c.bar_end, it.box.height()), Qt::AlignRight, text(fixed(probability(l, target_))));
    if (c.probe < c.probe_end) draw_probe(p, it.box, c, l);
  }
  // Where the answer is settled: a line beside the rows that agree with the last one.
  if (!items().empty()) {
    const auto& first = items()[static_cast<std::size_t>(settled)].box;
    p.fillRect(QRectF(4, first.top() + 4, 2, items().back().box.bottom() - first.top() - 8), theme_["text2"]);
  }
  p.setOpacity(1);
  draw_focus(p);
}

void LayersTable::mouseDoubleClickEvent(QMouseEvent* e) {
  for (const auto& it : items())
    if (it.box.contains(e->position()) && e->button() == Qt::LeftButton && explains(it.key)) return Q_EMIT explain_asked(it.key);
}

void LayersTable::keyPressEvent(QKeyEvent* e) {
  if ((e->key() == Qt::Key_Return || e->key() == Qt::Key_Enter) && explains(ring())) return Q_EMIT explain_asked(ring());
  PaintedView::keyPressEvent(e);
}

}  // namespace telltale::ui
