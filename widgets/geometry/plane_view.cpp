#include "widgets/geometry/plane_view.hpp"

#include <QHelpEvent>
#include <QKeyEvent>
#include <QRawFont>
#include <QToolTip>
#include <algorithm>
#include <cmath>

#include "widgets/shell/words.hpp"

namespace telltale::ui {
namespace {

constexpr std::size_t names = 5;  ///< of the nearest words
constexpr std::size_t near_series = 2, far_series = 4;

void triangle(QPainter& p, QPointF c, qreal r) {
  const QPointF points[] = {c + QPointF(0, -r), c + QPointF(r * 0.9, r * 0.7), c + QPointF(-r * 0.9, r * 0.7)};
  p.drawPolygon(points, 3);
}

}  // namespace

QString piece_text(const std::string& piece) { return elided(one_line(piece), 24); }

QString figure(double x, int decimals) {
  if (std::isnan(x)) return QString(QChar(0x2013));
  return QString::number(x, 'f', decimals).replace(QLatin1Char('-'), QChar(0x2212));
}

PlaneView::PlaneView(Theme& theme, QWidget* parent) : PaintedView(theme, parent) {
  QSizePolicy policy(QSizePolicy::Expanding, QSizePolicy::Preferred);
  policy.setHeightForWidth(true);
  setSizePolicy(policy);
  setAccessibleName(tr("Plane of best view"));
}

void PlaneView::show_geometry(std::shared_ptr<const PerturbationGeometry> geometry) {
  geometry_ = std::move(geometry);
  stale_ = false;
  lay_out();
  update();
}

void PlaneView::set_stale(bool stale) {
  if (stale == stale_) return;
  stale_ = stale;
  update();
}

QPointF PlaneView::centre() const { return QRectF(rect()).center(); }

QPointF PlaneView::place(const GeometryPoint& p) const { return centre() + p.radius * scale_ * QPointF(std::cos(p.angle), -std::sin(p.angle)); }

QString PlaneView::tip_of(const GeometryPoint& p, const QString& name) const {
  const double unit = geometry_->scale.unit;
  return tr("%1\nradius %2 (%3 × nearest)\n%4 % of it lies in this plane").arg(name, figure(p.radius), figure(p.radius / unit, 2)).arg(100 * p.in_plane, 0, 'f', 0);
}

void PlaneView::lay_out() {
  std::vector<Item> items;
  labels_.clear();
  if (!geometry_) return set_items({});
  const PerturbationGeometry& g = *geometry_;
  double top = std::max({g.epsilon, g.epsilon2, g.near.radius, g.far.radius, 1e-12});
  for (const auto* some : {&g.cloud, &g.near_draws, &g.far_draws})
    for (const GeometryPoint& p : *some) top = std::max(top, p.radius);
  scale_ = (std::min(width(), height()) / 2.0 - 14) / top;
  const auto box = [&](QPointF c, qreal r) { return QRectF(c - QPointF(r, r), QSizeF(2 * r, 2 * r)); };
  const QString own = piece_text(g.piece);
  const auto token = std::find_if(g.tokens.begin(), g.tokens.end(), [&](const GeometryToken& t) { return t.position == g.position; });
  const QString near_word = token == g.tokens.end() ? QString() : piece_text(token->near_piece), far_word = token == g.tokens.end() ? QString() : piece_text(token->far_piece);
  const auto copy = [&](const char* name, const GeometryPoint& p, const QString& word, int key) {
    QString tip = tip_of(p, QString::fromUtf8(name) + tr(" of “%1”").arg(own)) + tr("\nnearest word: %1").arg(word);
    items.push_back({box(place(p), 7), key, plain_tip(tip), tip.simplified()});
  };
  copy("x'", g.near, near_word, key_near);
  copy("x''", g.far, far_word, key_far);
  items.push_back({box(centre(), 6), key_x, plain_tip(tr("x “%1”").arg(own)), tr("x %1").arg(own)});
  for (std::size_t k = 0; k < g.cloud.size(); ++k) {
    const QString tip = tip_of(g.cloud[k], piece_text(g.cloud[k].piece));
    items.push_back({box(place(g.cloud[k]), 4), static_cast<int>(k), plain_tip(tip), tip.simplified() + tr(", nearest %1").arg(k + 1)});
  }
  set_items(std::move(items));
  // The circles' names, on a ground of their own, where the rim is.
  rims_.clear();
  const QFontMetricsF axis(theme_.font("axis"));
  const auto rim = [&](qreal r, qreal angle, const QString& name) {
    const QSizeF size(axis.horizontalAdvance(name) + 10, 16);
    QRectF b(centre() + r * QPointF(std::cos(angle), -std::sin(angle)) - QPointF(size.width() / 2, size.height() / 2), size);
    b.moveLeft(std::clamp(b.left(), 1.0, std::max(1.0, width() - size.width() - 1)));
    b.moveTop(std::clamp(b.top(), 1.0, std::max(1.0, height() - size.height() - 1)));
    rims_.push_back({b, {}, name});
  };
  rim(g.epsilon * scale_, 2.3, QStringLiteral("ε %1").arg(figure(g.epsilon / g.scale.unit, 1)));
  rim(g.epsilon2 * scale_, 0.8, QStringLiteral("ε₂ %1").arg(figure(g.epsilon2 / g.scale.unit, 1)));
  // Names of the nearest words, on the side away from the middle; those without room are left to the mouse.
  const QFontMetricsF m(theme_.font("caption"));
  // A circle of this radius runs through the box or touches it.
  const auto crosses = [&](const QRectF& b, qreal r) {
    const QPointF c = centre();
    const qreal dx = std::max({b.left() - c.x(), 0.0, c.x() - b.right()}), dy = std::max({b.top() - c.y(), 0.0, c.y() - b.bottom()});
    const qreal nearest = std::hypot(dx, dy), farthest = std::hypot(std::max(std::abs(b.left() - c.x()), std::abs(b.right() - c.x())), std::max(std::abs(b.top() - c.y()), std::abs(b.bottom() - c.y())));
    return nearest <= r + 1 && farthest >= r - 1;
  };
  std::vector<QRectF> taken = {box(centre(), 8), box(place(g.near), 8), box(place(g.far), 8), rims_[0].box, rims_[1].box};
  // Words of the font's own letters (others would be boxes, or load a font for one name), whole ones before pieces; a lone sign beside a point reads as a mark, not as a word.
  const QRawFont font = QRawFont::fromFont(theme_.font("caption"));
  std::vector<std::pair<std::size_t, QString>> named, pieces;
  for (std::size_t k = 0; k < g.cloud.size(); ++k) {
    const QString word = piece_text(g.cloud[k].piece);
    const auto letters = word.toUcs4();
    if (letters.size() < 2 || !std::all_of(letters.begin(), letters.end(), [&](uint c) { return font.supportsCharacter(c); })) continue;
    (word.startsWith(QLatin1String("##")) ? pieces : named).emplace_back(k, word);
  }
  named.insert(named.end(), pieces.begin(), pieces.end());
  for (const auto& [k, word] : named) {
    if (labels_.size() >= names) break;
    const QPointF at = place(g.cloud[k]);
    const qreal w = m.horizontalAdvance(word), h = m.height();
    const bool right = at.x() >= centre().x();
    const qreal beside = right ? at.x() + 6 : at.x() - 6 - w, other_side = right ? at.x() - 6 - w : at.x() + 6, above = at.y() - h - 4, below = at.y() + 4;
    for (const QPointF& corner : {QPointF(beside, at.y() - h / 2), QPointF(at.x() - w / 2, above), QPointF(at.x() - w / 2, below), QPointF(other_side, at.y() - h / 2), QPointF(beside, above), QPointF(beside, below), QPointF(other_side, above), QPointF(other_side, below)}) {
      const QRectF b(corner, QSizeF(w, h));
      if (!QRectF(rect()).adjusted(2, 2, -2, -2).contains(b)) continue;
      if (crosses(b.adjusted(-2, 1, 2, -1), g.epsilon * scale_) || crosses(b.adjusted(-2, 1, 2, -1), g.epsilon2 * scale_)) continue;
      // Room around each, and no other word's point under the letters: whose name it is stays clear.
      if (std::any_of(taken.begin(), taken.end(), [&](const QRectF& t) { return t.intersects(b.adjusted(-8, -5, 8, 5)); })) continue;
      if (std::any_of(g.cloud.begin(), g.cloud.end(), [&](const GeometryPoint& other) { return &other != &g.cloud[k] && b.adjusted(-2, 0, 2, 0).contains(place(other)); })) continue;
      taken.push_back(b);
      taken.push_back(box(at, 3));
      labels_.push_back({b, at, word});
      break;
    }
  }
}

void PlaneView::paintEvent(QPaintEvent*) {
  QPainter p(this);
  p.setRenderHint(QPainter::Antialiasing);
  if (!geometry_) return;
  const PerturbationGeometry& g = *geometry_;
  if (stale_) p.setOpacity(0.6);
  const QPointF c = centre();
  const QColor near = theme_.series(near_series), far = theme_.series(far_series), text = theme_["text"];
  const qreal r1 = g.epsilon * scale_, r2 = g.epsilon2 * scale_;
  p.setPen(Qt::NoPen);
  p.setBrush(theme_["panelAlt"]);
  p.drawEllipse(c, r2, r2);
  p.setBrush(theme_["panel"]);
  p.drawEllipse(c, r1, r1);
  p.setBrush(theme_["borderStrong"]);
  for (std::size_t k = 0; k < g.cloud.size(); ++k) {
    QColor grey = theme_["borderStrong"];
    p.setBrush(grey);
    p.drawEllipse(place(g.cloud[k]), 1.5, 1.5);
  }
  p.setBrush(Qt::NoBrush);
  p.setPen(QPen(text, 1.25));
  p.drawEllipse(c, r1, r1);
  p.setPen(QPen(text, 1.25, Qt::DashLine));
  p.drawEllipse(c, r2, r2);
  p.setPen(Qt::NoPen);
  p.setBrush(near);
  for (const GeometryPoint& d : g.near_draws) p.drawEllipse(place(d), 2.4, 2.4);
  p.setBrush(far);
  for (const GeometryPoint& d : g.far_draws) triangle(p, place(d), 3.4);
  // The draw that classes and distances are of.
  const auto strong = [&](const GeometryPoint& at, const QColor& colour, bool pointed) {
    p.setPen(QPen(colour, 1, Qt::DotLine));
    p.drawLine(c, place(at));
    p.setPen(QPen(theme_["panel"], 1.5));
    p.setBrush(colour);
    if (pointed) triangle(p, place(at), 7);
    else p.drawEllipse(place(at), 5.5, 5.5);
  };
  strong(g.near, near, false);
  strong(g.far, far, true);
  p.setPen(QPen(text, 2));
  p.drawLine(c - QPointF(5, 0), c + QPointF(5, 0));
  p.drawLine(c - QPointF(0, 5), c + QPointF(0, 5));
  p.setFont(theme_.font("caption"));
  for (const Label& l : labels_) {
    p.setPen(Qt::NoPen);
    p.setBrush(text);
    p.drawEllipse(l.at, 2.5, 2.5);
    // Of the ground that it stands on: white on the grey ring would look like a box.
    const double out = std::hypot(l.box.center().x() - c.x(), l.box.center().y() - c.y());
    QColor halo = theme_[out > r1 && out < r2 ? "panelAlt" : "panel"];
    halo.setAlphaF(0.85f);
    p.fillRect(l.box.adjusted(-1, 1, 1, -1), halo);
    p.setPen(text);
    p.drawText(l.box, Qt::AlignCenter, l.text);
  }
  p.setFont(theme_.font("axis"));
  for (const Label& l : rims_) {
    p.setPen(QPen(theme_["border"], 1));
    p.setBrush(theme_["panel"]);
    p.drawRoundedRect(l.box, 3, 3);
    p.setPen(text);
    draw_tabular(p, l.box, Qt::AlignHCenter, l.text);
  }
  for (const Item& i : items())
    if (i.key == ring() && ring() >= 0) {
      p.setPen(QPen(theme_["accent"], 1.5));
      p.setBrush(Qt::NoBrush);
      p.drawEllipse(i.box.center(), 7, 7);
      if (i.key >= key_x) continue;
      const QString word = piece_text(g.cloud[static_cast<std::size_t>(i.key)].piece);
      p.setFont(theme_.font("caption", Theme::Weight::semibold));
      const qreal w = p.fontMetrics().horizontalAdvance(word) + 8;
      QRectF box(i.box.center().x() + 9, i.box.center().y() - 9, w, 18);
      if (box.right() > width()) box.moveRight(i.box.center().x() - 9);
      p.setPen(QPen(theme_["borderStrong"], 1));
      p.setBrush(theme_["panelAlt"]);
      p.drawRoundedRect(box, 3, 3);
      p.setPen(text);
      p.drawText(box, Qt::AlignCenter, word);
    }
  p.setOpacity(1);
  draw_focus(p);
}

void PlaneView::keyPressEvent(QKeyEvent* e) {
  if (e->key() == Qt::Key_Left || e->key() == Qt::Key_Right) {
    Q_EMIT post_step(e->key() == Qt::Key_Left ? -1 : 1);
    return;
  }
  PaintedView::keyPressEvent(e);
}

RadiusHistogram::RadiusHistogram(Theme& theme, QWidget* parent) : QWidget(parent), theme_(theme) {
  setAccessibleName(tr("Radii against the law"));
  connect(&theme, &Theme::changed, this, qOverload<>(&QWidget::update));
}

void RadiusHistogram::show_geometry(std::shared_ptr<const PerturbationGeometry> geometry) {
  geometry_ = std::move(geometry);
  if (geometry_)
    setAccessibleDescription(tr("Shares of sampled radii in %1 bins up to %2 units").arg(geometry_->near_found.size()).arg(figure(geometry_->bin * static_cast<double>(geometry_->near_found.size()) / geometry_->scale.unit, 1)));
  update();
}

QRectF RadiusHistogram::plot() const { return QRectF(rect()).adjusted(40, 18, -12, -30); }

void RadiusHistogram::paintEvent(QPaintEvent*) {
  QPainter p(this);
  if (!geometry_ || geometry_->near_found.empty()) return;
  const PerturbationGeometry& g = *geometry_;
  const QRectF box = plot();
  const double n = static_cast<double>(g.near_found.size()), top_radius = g.bin * n / g.scale.unit;
  double most = 0;
  for (const auto* v : {&g.near_found, &g.far_found, &g.near_law, &g.far_law})
    for (const double x : *v) most = std::max(most, x);
  const double top = most > 0.5 ? 1 : most > 0.2 ? 0.5 : most > 0.1 ? 0.2 : 0.1;
  p.setFont(theme_.font("axis"));
  for (const double share : {0.0, top / 2, top}) {
    const qreal y = box.bottom() - box.height() * share / top;
    p.setPen(QPen(theme_["grid"], 1));
    p.drawLine(QPointF(box.left(), y), QPointF(box.right(), y));
    p.setPen(theme_["text3"]);
    draw_tabular(p, QRectF(0, y - 7, box.left() - 5, 14), Qt::AlignRight, QStringLiteral("%1 %").arg(100 * share, 0, 'f', 0));
  }
  const auto bars = [&](const std::vector<double>& found, const std::vector<double>& law, const QColor& colour) {
    QPolygonF line;
    for (std::size_t k = 0; k < found.size(); ++k) {
      const qreal x0 = box.left() + box.width() * static_cast<double>(k) / n, x1 = box.left() + box.width() * static_cast<double>(k + 1) / n;
      if (found[k] > 0) {
        const qreal h = std::max<qreal>(1, box.height() * found[k] / top);
        QColor fill = colour;
        fill.setAlphaF(0.75);
        p.fillRect(QRectF(x0 + 0.5, box.bottom() - h, std::max<qreal>(1.5, x1 - x0 - 1), h), fill);
      }
      if (k < law.size()) line << QPointF(x0, box.bottom() - box.height() * law[k] / top) << QPointF(x1, box.bottom() - box.height() * law[k] / top);
    }
    p.setPen(QPen(theme_["text2"], 1));
    p.drawPolyline(line);
  };
  bars(g.near_found, g.near_law, theme_.series(near_series));
  bars(g.far_found, g.far_law, theme_.series(far_series));
  p.setPen(QPen(theme_["borderStrong"], 1));
  p.drawLine(box.bottomLeft(), box.bottomRight());
  p.setPen(theme_["text3"]);
  const double step = top_radius > 12 ? 5 : top_radius > 5 ? 2 : top_radius > 2.2 ? 1 : top_radius > 0.8 ? 0.5 : top_radius / 4;
  for (int k = 0; k * step <= top_radius * 1.0001 && k < 12; ++k) {
    const qreal x = box.left() + box.width() * k * step / top_radius;
    draw_tabular(p, QRectF(x - 20, box.bottom() + 2, 40, 12), Qt::AlignHCenter, QString::number(k * step, 'g', 3));
  }
  p.setFont(theme_.font("axis"));
  p.drawText(QRectF(0, height() - 15, width(), 14), Qt::AlignCenter, tr("radius, × median nearest-word distance (%1)").arg(figure(g.scale.unit)));
  const QString law = g.law == RadiusLaw::volume ? tr("uniform in volume") : g.law == RadiusLaw::exponential ? tr("exponential, cut") : tr("fixed");
  const QString how = g.sampler == Sampler::nearest_token ? tr("snapped to words; line: %1 before").arg(law) : tr("bars: drawn; line: %1").arg(law);
  p.setPen(theme_["text2"]);
  p.drawText(QRectF(box.left(), 2, box.width(), 14), Qt::AlignLeft | Qt::AlignVCenter, p.fontMetrics().elidedText(how + tr(" in %1 dimensions").arg(g.dimensions), Qt::ElideRight, static_cast<int>(box.width())));
}

bool RadiusHistogram::event(QEvent* e) {
  if (e->type() != QEvent::ToolTip || !geometry_ || geometry_->near_found.empty()) return QWidget::event(e);
  const auto* help = static_cast<QHelpEvent*>(e);
  const PerturbationGeometry& g = *geometry_;
  const QRectF box = plot();
  const double at = (help->pos().x() - box.left()) / box.width();
  if (at < 0 || at >= 1) {
    QToolTip::hideText();
    return true;
  }
  const auto k = static_cast<std::size_t>(at * static_cast<double>(g.near_found.size()));
  const double unit = g.scale.unit;
  QToolTip::showText(help->globalPos(), tr("radius %1 to %2 units\nx': %3 % drawn, %4 % by the law\nx'': %5 % drawn, %6 % by the law")
                                            .arg(figure(static_cast<double>(k) * g.bin / unit, 2), figure(static_cast<double>(k + 1) * g.bin / unit, 2))
                                            .arg(100 * g.near_found[k], 0, 'f', 1).arg(100 * g.near_law[k], 0, 'f', 1).arg(100 * g.far_found[k], 0, 'f', 1).arg(100 * g.far_law[k], 0, 'f', 1), this);
  return true;
}

}  // namespace telltale::ui
