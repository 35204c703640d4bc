#include "widgets/inspect/method_maps.hpp"

#include <QAccessible>
#include <QHelpEvent>
#include <QKeyEvent>
#include <QMouseEvent>
#include <QScrollArea>
#include <QToolTip>
#include <algorithm>

#include "report/numbers.hpp"

namespace telltale::ui {
namespace {

constexpr qreal margin = 10;
qreal maps_head(const Theme& theme) { return theme.px(32); }
qreal least_height(const Theme& theme) { return theme.px(102); }  // of a method: under it a map says nothing

}  // namespace

MethodMaps::MethodMaps(Theme& theme, QWidget* parent) : PaintedView(theme, parent) {
  setAccessibleName(tr("The post by several methods"));
  setMinimumSize(200, 120);
}

void MethodMaps::set_maps(std::vector<Map> maps) {
  maps_ = std::move(maps);
  chosen_ = std::clamp(chosen_, 0, std::max(0, static_cast<int>(maps_.size()) - 1));
  lay_out();
  update();
}

void MethodMaps::set_progress(const std::string& id, double done, double total) {
  if (id == running_ && done == done_ && total == total_) return;
  running_ = id, done_ = done, total_ = total;
  update();
}

int MethodMaps::columns() const { return maps_.size() < 3 ? std::max(1, static_cast<int>(maps_.size())) : width() < 250 ? 2 : 3; }

QRectF MethodMaps::cell(std::size_t i) const {
  const int across = columns(), down = std::max(1, (static_cast<int>(maps_.size()) + across - 1) / across);
  const qreal w = (width() - margin) / across, h = (height() - 4.0) / down;
  return {margin / 2 + w * static_cast<qreal>(i % static_cast<std::size_t>(across)), 2 + h * static_cast<qreal>(i / static_cast<std::size_t>(across)), w, h};
}

void MethodMaps::lay_out() {
  const int down = (static_cast<int>(maps_.size()) + columns() - 1) / columns();
  setMinimumHeight(static_cast<int>(least_height(theme_) * std::max(1, down)) + 4);
  bits_.clear();
  std::vector<Item> items;
  for (std::size_t m = 0; m < maps_.size(); ++m) {
    if (!maps_[m].post) continue;
    const PostContent& post = *maps_[m].post;
    const QRectF box = cell(m).adjusted(margin / 2, maps_head(theme_), -margin / 2, -4);
    if (box.width() < 20 || box.height() < 8) continue;
    std::vector<const RankedWord*> order;
    for (const auto& r : post.view.ranked) order.push_back(&r);
    std::sort(order.begin(), order.end(), [](auto a, auto b) { return a->word < b->word; });
    // Words as bits of their length, in lines; the lines get thinner until all fit.
    qreal unit = 6, line = 11;
    for (int attempt = 0; attempt < 24; ++attempt) {
      qreal x = 0;
      int lines = 1;
      for (const auto* r : order) {
        const qreal w = std::clamp<qreal>(unit * static_cast<qreal>(r->text.size()), 2, box.width());
        if (x > 0 && x + w > box.width()) x = 0, ++lines;
        x += w + 1;
      }
      if (lines * line <= box.height()) break;
      unit *= 0.88;
      line = std::max<qreal>(2, line * 0.93);
    }
    qreal x = 0, y = 0;
    for (const auto* r : order) {
      const qreal w = std::clamp<qreal>(unit * static_cast<qreal>(r->text.size()), 2, box.width());
      if (x > 0 && x + w > box.width()) x = 0, y += line;
      if (y + line > box.height() + 1) break;
      const QRectF bit(box.left() + x, box.top() + y, w, std::max<qreal>(1.5, line - 1.5));
      bits_.push_back({bit, static_cast<int>(r->word), m});
      const QString score = text(with_sign(r->score, score_decimals(post.view.domain)));
      items.push_back({bit.adjusted(-0.5, -0.5, 0.5, 1), static_cast<int>(r->word), tr("%1: %2  %3\nrank %4").arg(maps_[m].title, text(r->text), score).arg(r->rank), tr("%1: %2, %3, rank %4").arg(maps_[m].title, text(r->text), score).arg(r->rank)});
      x += w + 1;
    }
  }
  set_items(std::move(items));
}

void MethodMaps::paintEvent(QPaintEvent*) {
  QPainter p(this);
  p.setRenderHint(QPainter::Antialiasing);
  p.fillRect(rect(), theme_["panel"]);
  const QFont medium = theme_.font("caption", Theme::Weight::medium), small = theme_.font("axis"), caption = theme_.font("caption");
  if (maps_.empty()) {
    p.setFont(theme_.font("table"));
    p.setPen(theme_["text2"]);
    p.drawText(rect().adjusted(16, 8, -16, -8), Qt::AlignCenter | Qt::TextWordWrap, tr("No method is ticked. Choose up to nine above."));
    return draw_focus(p);
  }
  for (std::size_t m = 0; m < maps_.size(); ++m) {
    const Map& map = maps_[m];
    const QRectF box = cell(m).adjusted(margin / 2, 2, -margin / 2, -2);
    if (hasFocus() && static_cast<int>(m) == chosen_) {
      p.setPen(QPen(theme_["focus"], 1.5));
      p.setBrush(Qt::NoBrush);
      p.drawRoundedRect(box.adjusted(-4, -1, 4, 1), 3, 3);
    }
    p.setFont(medium);
    p.setPen(theme_[map.shown ? "accent" : "text"]);
    p.drawText(QRectF(box.left(), box.top(), box.width(), theme_.px(15)), Qt::AlignVCenter, QFontMetricsF(medium, this).elidedText(map.title, Qt::ElideRight, box.width()));
    p.setFont(small);
    p.setPen(theme_["text3"]);
    const QFontMetricsF sm(small, this);
    const qreal right = tabular_width(sm, map.right);
    draw_tabular(p, QRectF(box.right() - right, box.top() + theme_.px(15), right, theme_.px(13)), Qt::AlignRight, map.right);
    p.drawText(QRectF(box.left(), box.top() + theme_.px(15), box.width() - right - 4, theme_.px(13)), Qt::AlignVCenter, sm.elidedText(map.note, Qt::ElideRight, box.width() - right - 4));
    if (map.post) continue;
    const QRectF frame = box.adjusted(0, maps_head(theme_), 0, -4);
    const bool failed = map.state == Map::State::failed;
    p.setBrush(map.state == Map::State::not_yet && ring() < 0 && static_cast<int>(m) == chosen_ && underMouse() ? theme_["hover"] : theme_["panelAlt"]);
    p.setPen(QPen(theme_[failed ? "warn" : "border"], 1, map.state == Map::State::not_yet ? Qt::SolidLine : Qt::DotLine));
    p.drawRoundedRect(frame, 3, 3);
    p.setFont(caption);
    p.setPen(theme_[failed ? "warn" : map.state == Map::State::not_yet ? "text" : "text3"]);
    QString said = map.body;
    if (map.state == Map::State::running && map.id == running_ && total_ > 0) {
      said = tr("%1 %").arg(static_cast<int>(100 * std::clamp(done_ / total_, 0.0, 1.0)));
      const QRectF bar(frame.left() + 8, frame.bottom() - 10, frame.width() - 16, 3);
      p.fillRect(bar, theme_["border"]);
      p.fillRect(QRectF(bar.left(), bar.top(), bar.width() * std::clamp(done_ / total_, 0.0, 1.0), bar.height()), theme_["accent"]);
    }
    p.drawText(frame.adjusted(6, 3, -6, -3), Qt::AlignCenter | Qt::TextWordWrap, said);
  }
  p.setPen(Qt::NoPen);
  for (const Bit& b : bits_) {
    const PostContent& post = *maps_[b.map].post;
    const Cell cell = theme_.colours().heat(post.record.word_scores[static_cast<std::size_t>(b.word)], post.view.domain, 0.8);
    p.fillRect(b.box, cell.ground == theme_.colours()["panel"] ? theme_["panelAlt"] : colour(cell.ground));
  }
  for (const Bit& b : bits_)
    if (b.word == ring() && ring() >= 0) {
      p.setPen(QPen(theme_["text"], 1.5));
      p.setBrush(Qt::NoBrush);
      p.drawRect(b.box.adjusted(-1, -1, 1, 1));
    }
}

void MethodMaps::act(std::size_t m) {
  const Map map = maps_[m];
  switch (map.state) {
    case Map::State::there:
      if (!map.shown) Q_EMIT method_asked(text(map.id));
      break;
    case Map::State::not_yet: case Map::State::failed: Q_EMIT explain_asked(text(map.id)); break;
    case Map::State::asked: case Map::State::running: case Map::State::impossible: break;
  }
}

void MethodMaps::mousePressEvent(QMouseEvent* e) {
  if (e->button() != Qt::LeftButton) return;
  for (std::size_t m = 0; m < maps_.size(); ++m)
    if (cell(m).contains(e->position())) {
      choose(static_cast<int>(m));
      return act(m);
    }
}

/// Over a map that is not there: what stands in its place, whole.
bool MethodMaps::event(QEvent* e) {
  if (e->type() == QEvent::ToolTip) {
    const auto* help = static_cast<QHelpEvent*>(e);
    for (std::size_t m = 0; m < maps_.size(); ++m) {
      const QRectF box = cell(m);
      if (!box.contains(help->pos()) || (maps_[m].post && help->pos().y() > box.top() + maps_head(theme_))) continue;
      const QString act = maps_[m].state == Map::State::there       ? maps_[m].shown ? tr("this is the shown method") : tr("a click makes it the shown method")
                          : maps_[m].state == Map::State::not_yet   ? tr("a click explains it")
                          : maps_[m].state == Map::State::failed    ? tr("a click tries again")
                                                                    : QString();
      QStringList lines{maps_[m].title, maps_[m].note, maps_[m].body, act};
      lines.removeAll(QString());
      QToolTip::showText(help->globalPos(), lines.join(QLatin1Char('\n')), this);
      return true;
    }
  }
  return PaintedView::event(e);
}

void MethodMaps::focusInEvent(QFocusEvent* e) {
  PaintedView::focusInEvent(e);
  choose(chosen_);
}

void MethodMaps::choose(int map) {
  const int n = static_cast<int>(maps_.size());
  if (n == 0) return;
  chosen_ = std::clamp(map, 0, n - 1);
  const auto& m = maps_[static_cast<std::size_t>(chosen_)];
  if (auto* area = parentWidget() ? qobject_cast<QScrollArea*>(parentWidget()->parentWidget()) : nullptr) {
    const QRectF box = cell(static_cast<std::size_t>(chosen_));
    area->ensureVisible(static_cast<int>(box.center().x()), static_cast<int>(box.center().y()), 0, static_cast<int>(box.height() / 2));
  }
  QStringList said{m.title, m.note, m.right, m.post ? QString() : m.body};
  said.removeAll(QString());
  setAccessibleDescription(said.join(QStringLiteral(", ")));
  QAccessibleEvent spoken(this, QAccessible::DescriptionChanged);
  QAccessible::updateAccessibility(&spoken);
  update();
}

bool MethodMaps::escape() {
  if (std::none_of(maps_.begin(), maps_.end(), [](const Map& m) { return m.state == Map::State::running || m.state == Map::State::asked; })) return false;
  Q_EMIT cancel_asked();
  return true;
}

void MethodMaps::keyPressEvent(QKeyEvent* e) {
  switch (e->key()) {
    case Qt::Key_Right: choose(chosen_ + 1); break;
    case Qt::Key_Left: choose(chosen_ - 1); break;
    case Qt::Key_Down: choose(chosen_ + columns()); break;
    case Qt::Key_Up: choose(chosen_ - columns()); break;
    case Qt::Key_Return: case Qt::Key_Enter: case Qt::Key_Space:
      if (chosen_ < static_cast<int>(maps_.size())) act(static_cast<std::size_t>(chosen_));
      break;
    case Qt::Key_Escape:
      if (ring() >= 0 || !escape()) PaintedView::keyPressEvent(e);
      break;
    default: PaintedView::keyPressEvent(e);
  }
}

}  // namespace telltale::ui
