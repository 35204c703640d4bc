#include "widgets/inspect/attention_view.hpp"

#include <QKeyEvent>
#include <QMouseEvent>
#include <QPainterPath>
#include <QToolTip>
#include <algorithm>
#include <cmath>

#include "report/numbers.hpp"
#include "report/post_text.hpp"

namespace telltale::ui {

double PostAttention::weight(int layer, int head, int from, int to) const {
  const std::size_t n = names.size(), at = static_cast<std::size_t>(from) * n + static_cast<std::size_t>(to);
  return layer < 0 ? rollout[at] : static_cast<double>(words.map(layer, head)[at]);
}

double PostAttention::strongest(int layer, int head, int from) const {
  const int n = static_cast<int>(names.size());
  if (from < 0) {
    double sum = 0;
    int count = 0;
    for (int u = 0; u < n; ++u)
      if (units.word[static_cast<std::size_t>(u)] >= 0) sum += strongest(layer, head, u), ++count;
    return count ? sum / count : 0;
  }
  double best = 0;
  for (int u = 0; u < n; ++u)
    if (u != from && units.word[static_cast<std::size_t>(u)] >= 0) best = std::max(best, weight(layer, head, from, u));
  return best;
}

AttentionPtr attention_of_post(const Classifier& model, const PostContent& post, const Encoding& encoding) {
  auto out = std::make_shared<PostAttention>();
  const AttentionMaps pieces = attention_of(model, encoding);
  out->units = attention_units(encoding);
  out->words = over_words(pieces, out->units);
  const auto rollout = attention_rollout(pieces);
  out->rollout = over_words(rollout, pieces.size, out->units);
  out->unit_of.assign(encoding.words.size(), -1);
  for (std::size_t u = 0; u < out->units.word.size(); ++u) {
    const int w = out->units.word[u];
    if (w < 0) {
      out->names.push_back(text(model.tokenizer().token(encoding.ids[static_cast<std::size_t>(out->units.positions[u].front())])));
      continue;
    }
    out->unit_of[static_cast<std::size_t>(w)] = static_cast<int>(u);
    const Span s = encoding.words[static_cast<std::size_t>(w)].span;
    out->names.push_back(text(clean_utf8(std::string_view(post.text).substr(static_cast<std::size_t>(s.begin), static_cast<std::size_t>(s.end - s.begin)))).simplified());
  }
  return out;
}

// ---- grid

HeadGrid::HeadGrid(Theme& theme, QWidget* parent) : PaintedView(theme, parent) {
  setAccessibleName(tr("Layers and heads"));
  setMinimumSize(120, 60);
  connect(this, &PaintedView::chosen, this, [this](int key) {
    if (attention_) Q_EMIT head_asked(key / attention_->words.heads, key % attention_->words.heads);
  });
}

void HeadGrid::set_attention(AttentionPtr attention, int from) {
  attention_ = std::move(attention);
  from_ = from;
  lay_out();
  update();
}

void HeadGrid::set_chosen(int layer, int head) {
  chosen_ = attention_ ? layer * attention_->words.heads + head : 0;
  update();
}

void HeadGrid::lay_out() {
  std::vector<Item> items;
  if (attention_) {
    const int L = attention_->words.layers, H = attention_->words.heads;
    const qreal left = theme_.px(46), top = theme_.px(14), w = std::min<qreal>(theme_.px(22), (width() - left - 2) / H), h = std::min<qreal>(theme_.px(18), (height() - top - 2) / L);
    for (int l = 0; l < L; ++l)
      for (int n = 0; n < H; ++n) {
        const QString value = text(fixed(attention_->strongest(l, n, from_)));
        const QString from = from_ >= 0 ? tr("largest weight from “%1” to another word").arg(attention_->names[static_cast<std::size_t>(from_)]) : tr("largest weight on another word, mean over words");
        items.push_back({QRectF(left + w * n, top + h * l, w, h), l * H + n, tr("Layer %1 · head %2\n%3: %4").arg(l + 1).arg(n + 1).arg(from, value), tr("layer %1, head %2, %3").arg(l + 1).arg(n + 1).arg(value)});
      }
  }
  set_items(std::move(items));
}

void HeadGrid::paintEvent(QPaintEvent*) {
  QPainter p(this);
  p.fillRect(rect(), theme_["panel"]);
  if (!attention_ || items().empty()) return;
  const int H = attention_->words.heads;
  double most = 1e-9;
  std::vector<double> values;
  for (const auto& it : items()) {
    values.push_back(attention_->strongest(it.key / H, it.key % H, from_));
    most = std::max(most, values.back());
  }
  p.setFont(theme_.font("axis"));
  p.setPen(theme_["text3"]);
  for (const auto& it : items()) {
    if (it.key % H == 0) p.drawText(QRectF(0, it.box.top(), it.box.left() - 5, it.box.height()), Qt::AlignRight | Qt::AlignVCenter, tr("layer %1").arg(it.key / H + 1));
    if (it.key < H && (it.box.width() >= theme_.px(12) || it.key % 2 == 0)) draw_tabular(p, QRectF(it.box.left(), 0, it.box.width(), theme_.px(13)), Qt::AlignHCenter, QString::number(it.key + 1));
  }
  for (std::size_t i = 0; i < items().size(); ++i) p.fillRect(items()[i].box.adjusted(0.5, 0.5, -0.5, -0.5), colour(theme_.colours().amount.colour(values[i] / most)));
  p.setBrush(Qt::NoBrush);
  for (const auto& it : items()) {
    if (it.key == chosen_) p.setPen(QPen(theme_["text"], 2)), p.drawRect(it.box.adjusted(0.5, 0.5, -0.5, -0.5));
    else if (it.key == ring()) p.setPen(QPen(theme_["text2"], 1)), p.drawRect(it.box.adjusted(0.5, 0.5, -0.5, -0.5));
  }
  draw_focus(p);
}

void HeadGrid::keyPressEvent(QKeyEvent* e) {
  if (!attention_) return PaintedView::keyPressEvent(e);
  const int H = attention_->words.heads, L = attention_->words.layers;
  int l = chosen_ / H, h = chosen_ % H;
  switch (e->key()) {
    case Qt::Key_Right: h = std::min(h + 1, H - 1); break;
    case Qt::Key_Left: h = std::max(h - 1, 0); break;
    case Qt::Key_Down: l = std::min(l + 1, L - 1); break;
    case Qt::Key_Up: l = std::max(l - 1, 0); break;
    default: return PaintedView::keyPressEvent(e);
  }
  move_to(l * H + h);
  Q_EMIT head_asked(l, h);
}

// ---- arcs

AttentionArcs::AttentionArcs(Theme& theme, QWidget* parent) : PaintedView(theme, parent) {
  setAccessibleName(tr("Attention from one word"));
  setMinimumHeight(60);
}

void AttentionArcs::set_attention(AttentionPtr attention, int layer, int head, int from_unit) {
  attention_ = std::move(attention);
  layer_ = layer, head_ = head, from_ = from_unit;
  lay_out();
  update();
}

void AttentionArcs::lay_out() {
  stops_.clear();
  std::vector<Item> items;
  if (!attention_ || from_ < 0 || from_ >= static_cast<int>(attention_->names.size())) return set_items({});
  const int n = static_cast<int>(attention_->names.size());
  std::vector<int> order;
  for (int u = 0; u < n; ++u)
    if (u != from_) order.push_back(u);
  std::stable_sort(order.begin(), order.end(), [&](int a, int b) { return attention_->weight(layer_, head_, from_, a) > attention_->weight(layer_, head_, from_, b); });
  const QFontMetricsF m(theme_.font("caption"), this);
  const auto name = [&](int u) { return m.elidedText(attention_->names[static_cast<std::size_t>(u)], Qt::ElideRight, 90); };
  // As many of the strongest as stand beside each other, in the order of the text.
  qreal room = width() - 20 - m.horizontalAdvance(name(from_)) - 12;
  std::vector<int> taken{from_};
  for (const int u : order) {
    const qreal w = m.horizontalAdvance(name(u)) + 12;
    if (w > room || taken.size() > 12) break;
    room -= w;
    taken.push_back(u);
  }
  std::sort(taken.begin(), taken.end());
  const qreal space = std::min<qreal>(24, room / std::max<qreal>(1, static_cast<qreal>(taken.size() - 1)));
  qreal x = 10;
  for (const int u : taken) {
    const qreal w = m.horizontalAdvance(name(u)) + 6;
    const QRectF box(x, height() - 20.0, w, 17);
    const double weight = attention_->weight(layer_, head_, from_, u);
    stops_.push_back({u, box, name(u), weight});
    const int word = attention_->units.word[static_cast<std::size_t>(u)];
    const QString said = tr("from %1 to %2: %3").arg(attention_->names[static_cast<std::size_t>(from_)], attention_->names[static_cast<std::size_t>(u)], text(fixed(weight)));
    items.push_back({box, word, said, said});
    x += w + 6 + space;
  }
  set_items(std::move(items));
}

void AttentionArcs::paintEvent(QPaintEvent*) {
  QPainter p(this);
  p.setRenderHint(QPainter::Antialiasing);
  p.fillRect(rect(), theme_["panel"]);
  const Stop* from = nullptr;
  double most = 1e-9;
  for (const auto& s : stops_) {
    if (s.unit == from_) from = &s;
    else most = std::max(most, s.weight);
  }
  if (!from) return;
  const qreal floor = from->box.top() - 2;
  for (const auto& s : stops_) {
    if (s.unit == from_) continue;
    const qreal a = from->box.center().x(), b = s.box.center().x(), rise = std::min(floor - 4, 14 + std::abs(a - b) * 0.33);
    QPainterPath path(QPointF(a, floor));
    path.cubicTo(QPointF(a, floor - rise * 1.25), QPointF(b, floor - rise * 1.25), QPointF(b, floor));
    QColor c = colour(theme_.colours().amount.colour(0.35 + 0.65 * s.weight / most));
    p.setPen(QPen(c, 0.8 + 4.2 * s.weight / most, Qt::SolidLine, Qt::FlatCap));
    p.setBrush(Qt::NoBrush);
    p.drawPath(path);
  }
  for (const auto& s : stops_) {
    const int word = attention_->units.word[static_cast<std::size_t>(s.unit)];
    if (s.unit == from_) {
      p.setPen(QPen(theme_["text"], 1.5));
      p.setBrush(theme_["panel"]);
      p.drawRoundedRect(s.box.adjusted(0, 0.5, 0, -0.5), 2, 2);
    } else if (word >= 0 && word == ring()) {
      p.setPen(QPen(theme_["text2"], 1));
      p.setBrush(Qt::NoBrush);
      p.drawRoundedRect(s.box.adjusted(0, 0.5, 0, -0.5), 2, 2);
    }
    p.setFont(theme_.font("caption", s.unit == from_ ? Theme::Weight::semibold : Theme::Weight::regular));
    p.setPen(theme_[s.unit == from_ ? "text" : "text2"]);
    p.drawText(s.box.adjusted(-4, 0, 4, 0), Qt::AlignCenter, s.name);
  }
  draw_focus(p);
}

QString AttentionArcs::sentence() const {
  if (!attention_ || from_ < 0) return {};
  std::vector<const Stop*> order;
  for (const auto& s : stops_)
    if (s.unit != from_) order.push_back(&s);
  std::sort(order.begin(), order.end(), [](auto a, auto b) { return a->weight > b->weight; });
  QStringList parts;
  for (const auto* s : order) parts << QStringLiteral("%1 %2").arg(attention_->names[static_cast<std::size_t>(s->unit)], text(fixed(s->weight, order.front()->weight < 0.1 ? 3 : 2)));
  return tr("from %1 to: %2").arg(attention_->names[static_cast<std::size_t>(from_)], parts.join(QStringLiteral(" · ")));
}

// ---- map

AttentionMap::AttentionMap(Theme& theme, QWidget* parent) : QWidget(parent), theme_(theme) {
  setMouseTracking(true);
  setMinimumHeight(60);
  setAccessibleName(tr("Attention from every word to every word"));
  connect(&theme, &Theme::changed, this, [this] { set_attention(attention_, layer_, head_, from_); });
}

void AttentionMap::set_attention(AttentionPtr attention, int layer, int head, int from_unit) {
  attention_ = std::move(attention);
  layer_ = layer, head_ = head, from_ = from_unit;
  image_ = {};
  if (attention_) {
    const int n = static_cast<int>(attention_->names.size());
    image_ = QImage(n, n, QImage::Format_RGB32);
    // The specials draw most of it: the scale is that of the words.
    std::vector<double> all;
    for (int i = 0; i < n; ++i)
      for (int j = 0; j < n; ++j)
        if (attention_->units.word[static_cast<std::size_t>(j)] >= 0) all.push_back(attention_->weight(layer, head, i, j));
    const auto at = all.begin() + static_cast<std::ptrdiff_t>(all.size() * 99 / 100);
    if (at != all.end()) std::nth_element(all.begin(), at, all.end());
    largest_ = at != all.end() && *at > 0 ? *at : 1;
    for (int i = 0; i < n; ++i)
      for (int j = 0; j < n; ++j) image_.setPixelColor(j, i, colour(theme_.colours().amount.colour(std::min(1.0, attention_->weight(layer, head, i, j) / largest_))));
  }
  update();
}

QRectF AttentionMap::area() const {
  const qreal side = std::min(width() - 20.0, height() - 8.0);
  return {10, 4, side, side};
}

void AttentionMap::paintEvent(QPaintEvent*) {
  QPainter p(this);
  p.fillRect(rect(), theme_["panel"]);
  if (image_.isNull()) return;
  const QRectF box = area();
  p.drawImage(box, image_);
  if (from_ >= 0) {
    const qreal h = box.height() / image_.height();
    p.setPen(QPen(theme_["text"], 1));
    p.drawRect(QRectF(box.left(), box.top() + h * from_, box.width(), std::max<qreal>(2, h)));
  }
  p.setFont(theme_.font("axis"));
  p.setPen(theme_["text3"]);
  const QRectF words(box.right() + 8, box.top(), width() - box.right() - 12, box.height());
  if (words.width() > 50) p.drawText(words, Qt::AlignTop | Qt::TextWordWrap, tr("rows: from\ncolumns: to\nin reading order\ndarkest: %1").arg(text(fixed(largest_, 2))));
}

void AttentionMap::mouseMoveEvent(QMouseEvent* e) {
  if (image_.isNull()) return;
  const QRectF box = area();
  const int i = static_cast<int>((e->position().y() - box.top()) / box.height() * image_.height()), j = static_cast<int>((e->position().x() - box.left()) / box.width() * image_.width());
  if (!box.contains(e->position()) || i < 0 || j < 0 || i >= image_.height() || j >= image_.width()) {
    QToolTip::hideText();
    return Q_EMIT hovered(-1);
  }
  QToolTip::showText(e->globalPosition().toPoint(), tr("from %1 to %2").arg(attention_->names[static_cast<std::size_t>(i)], attention_->names[static_cast<std::size_t>(j)]), this);
  Q_EMIT hovered(attention_->units.word[static_cast<std::size_t>(i)]);
}

void AttentionMap::leaveEvent(QEvent*) { Q_EMIT hovered(-1); }

}  // namespace telltale::ui
