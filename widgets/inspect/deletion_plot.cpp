#include "widgets/inspect/deletion_plot.hpp"

#include <QKeyEvent>
#include <QMouseEvent>
#include <QPainter>
#include <QPainterPath>
#include <algorithm>
#include <cmath>

#include "report/numbers.hpp"
#include "widgets/painted_view.hpp"

namespace telltale::ui {

DeletionPlot::DeletionPlot(Theme& theme, QWidget* parent) : QWidget(parent), theme_(theme) {
  setFocusPolicy(Qt::StrongFocus);
  setAccessibleName(tr("Class probabilities as words go"));
  setToolTip(tr("p(c|x) of the classes without the k highest-scored words. Drag or ← → choose k"));
  connect(&theme, &Theme::changed, this, qOverload<>(&QWidget::update));
}

void DeletionPlot::set_curve(std::shared_ptr<const DeletionCurve> curve, std::vector<QString> classes, bool keep) {
  curve_ = std::move(curve);
  classes_ = std::move(classes);
  keep_ = keep;
  update();
}

void DeletionPlot::set_k(int k) {
  k_ = k;
  update();
}

QRectF DeletionPlot::area() const { return QRectF(rect()).adjusted(32, 8, -66, -30); }

/// The foil, else the class that gains most.
int DeletionPlot::rival() const {
  if (curve_->foil >= 0) return curve_->foil;
  const auto &first = curve_->without.front().probabilities, &last = curve_->without.back().probabilities;
  int best = -1;
  for (int c = 0; c < static_cast<int>(first.size()); ++c)
    if (c != curve_->target && (best < 0 || last[static_cast<std::size_t>(c)] > last[static_cast<std::size_t>(best)])) best = c;
  return best;
}

void DeletionPlot::paintEvent(QPaintEvent*) {
  QPainter p(this);
  p.setRenderHint(QPainter::Antialiasing);
  p.fillRect(rect(), theme_["panel"]);
  if (!curve_ || curve_->size() < 2) return;
  const QRectF box = area();
  const int last = curve_->size() - 1;
  const auto x = [&](double k) { return box.left() + box.width() * k / last; };
  const auto y = [&](double v) { return box.bottom() - box.height() * std::clamp(v, 0.0, 1.0); };
  p.setFont(theme_.font("axis"));
  const int ticks = box.height() > 90 ? 4 : 2;
  for (int i = 0; i <= ticks; ++i) {
    const double v = static_cast<double>(i) / ticks;
    p.fillRect(QRectF(box.left(), std::round(y(v)), box.width(), 1), theme_[i ? "grid" : "border"]);
    p.setPen(theme_["text3"]);
    draw_tabular(p, QRectF(0, y(v) - 7, box.left() - 5, 14), Qt::AlignRight, v == 0 ? QStringLiteral("0") : v == 1 ? QStringLiteral("1") : text(fixed(v, ticks == 4 ? 2 : 1)));
  }
  int step = 1;
  for (const int s : {1, 2, 5, 10, 20, 50, 100, 200})
    if (last / s <= 5) {
      step = s;
      break;
    }
  for (int k = 0; k <= last; k += step) draw_tabular(p, QRectF(x(k) - 20, box.bottom() + 3, 40, 13), Qt::AlignHCenter, QString::number(k));
  p.drawText(QRectF(0, box.bottom() + 15, width(), 14), Qt::AlignHCenter | Qt::AlignVCenter, keep_ ? tr("words kept, highest score first") : tr("words deleted, highest score first"));
  const auto& values = keep_ ? curve_->only : curve_->without;
  const auto line = [&](const std::function<double(std::size_t)>& value, const QPen& pen) {
    QPainterPath path;
    for (std::size_t k = 0; k < values.size(); ++k) {
      const QPointF at(x(static_cast<double>(k)), y(value(k)));
      if (k) path.lineTo(at);
      else path.moveTo(at);
    }
    p.setBrush(Qt::NoBrush);
    p.setPen(pen);
    p.drawPath(path);
  };
  const int target = curve_->target, other = rival();
  const auto of = [&](const std::vector<Prediction>& set, std::size_t k, int c) { return c >= 0 && static_cast<std::size_t>(c) < set[k].probabilities.size() ? set[k].probabilities[static_cast<std::size_t>(c)] : 0.0; };
  const auto rest = [&](std::size_t k) { return 1 - of(values, k, target) - of(values, k, other); };
  const QColor on = colour(theme_.colours().for_stroke), off = colour(theme_.colours().against_stroke);
  if (!keep_) line([&](std::size_t k) { return of(curve_->random, k, target); }, QPen(theme_["text3"], 1, Qt::DotLine));
  line(rest, QPen(theme_["borderStrong"], 1));
  line([&](std::size_t k) { return of(values, k, other); }, QPen(off, 1.75));
  line([&](std::size_t k) { return of(values, k, target); }, QPen(on, 1.75));
  // Names at the ends of their lines, pushed apart.
  struct Name {
    QString text;
    qreal y;
    QColor ink;
    bool bold;
  };
  const auto name_of = [&](int c) { return c >= 0 && static_cast<std::size_t>(c) < classes_.size() ? classes_[static_cast<std::size_t>(c)] : QString(); };
  const auto end = values.size() - 1;
  std::vector<Name> names{{name_of(target), y(of(values, end, target)), on, true}, {name_of(other), y(of(values, end, other)), off, true}, {tr("others"), y(rest(end)), theme_["text2"], false}};
  if (!keep_) names.push_back({tr("random"), y(of(curve_->random, end, target)), theme_["text3"], false});
  std::sort(names.begin(), names.end(), [](const Name& a, const Name& b) { return a.y < b.y; });
  const qreal apart = theme_.px(12);
  for (std::size_t i = 1; i < names.size(); ++i) names[i].y = std::max(names[i].y, names[i - 1].y + apart);
  qreal lowest = box.bottom() + 6;  // and back up, only those that are in the way
  for (std::size_t i = names.size(); i-- > 0; lowest = names[i].y - apart) names[i].y = std::min(names[i].y, lowest);
  for (const auto& n : names) {
    p.setFont(theme_.font("axis", n.bold ? Theme::Weight::semibold : Theme::Weight::regular));
    p.setPen(n.ink);
    p.drawText(QRectF(box.right() + 5, n.y - 7, width() - box.right() - 7, 14), Qt::AlignVCenter, QFontMetricsF(p.font(), this).elidedText(n.text, Qt::ElideRight, width() - box.right() - 7));
  }
  const auto k = static_cast<std::size_t>(std::clamp(k_, 0, last));
  p.fillRect(QRectF(std::round(x(static_cast<double>(k))), box.top(), 1, box.height()), theme_["text"]);
  for (const auto& [c, ink] : {std::pair{target, on}, {other, off}}) {
    p.setPen(QPen(theme_["panel"], 1.5));
    p.setBrush(ink);
    p.drawEllipse(QPointF(x(static_cast<double>(k)) + 0.5, y(of(values, k, c))), 4, 4);
  }
  if (hasFocus()) {
    p.setBrush(Qt::NoBrush);
    p.setPen(QPen(theme_["focus"], 2));
    p.drawRect(QRectF(rect()).adjusted(1, 1, -1, -1));
  }
}

void DeletionPlot::ask(double at) {
  if (!curve_ || curve_->size() < 2) return;
  const QRectF box = area();
  const int last = curve_->size() - 1;
  Q_EMIT k_asked(std::clamp(static_cast<int>(std::lround((at - box.left()) / box.width() * last)), 0, last));
}

void DeletionPlot::mousePressEvent(QMouseEvent* e) { ask(e->position().x()); }
void DeletionPlot::mouseMoveEvent(QMouseEvent* e) {
  if (e->buttons() & Qt::LeftButton) ask(e->position().x());
}

void DeletionPlot::keyPressEvent(QKeyEvent* e) {
  const int last = curve_ ? curve_->size() - 1 : 0;
  switch (e->key()) {
    case Qt::Key_Right: case Qt::Key_Up: Q_EMIT k_asked(std::min(k_ + 1, last)); break;
    case Qt::Key_Left: case Qt::Key_Down: Q_EMIT k_asked(std::max(k_ - 1, 0)); break;
    case Qt::Key_Home: Q_EMIT k_asked(0); break;
    case Qt::Key_End: Q_EMIT k_asked(last); break;
    default: QWidget::keyPressEvent(e);
  }
}

}  // namespace telltale::ui
