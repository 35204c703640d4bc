#include "widgets/inspect/post_list.hpp"

#include <QPainter>
#include <algorithm>
#include <cmath>

#include "report/numbers.hpp"
#include "widgets/painted_view.hpp"

namespace telltale::ui {
namespace {

/// The line, hits on a soft ground and in semibold.
void draw_snippet(QPainter& p, const QRectF& box, const QString& line, const Theme& theme, bool selected) {
  const QFont plain = theme.font("caption"), bold = theme.font("caption", Theme::Weight::semibold);
  qreal x = box.left();
  bool hit = false;
  for (qsizetype i = 0; i < line.size() && x < box.right();) {
    if (line[i] == QChar(2) || line[i] == QChar(3)) {
      hit = line[i] == QChar(2);
      ++i;
      continue;
    }
    qsizetype j = i;
    while (j < line.size() && line[j] != QChar(2) && line[j] != QChar(3)) ++j;
    const QFont& font = hit ? bold : plain;
    const QFontMetricsF m(font, p.device());
    const QString part = m.elidedText(line.mid(i, j - i), Qt::ElideRight, box.right() - x);
    const qreal w = m.horizontalAdvance(part);
    if (hit) p.fillRect(QRectF(x - 1, box.top() + 1, w + 2, box.height() - 2), theme[selected ? "panel" : "accentSoft"]);
    p.setFont(font);
    p.setPen(theme[hit ? "text" : "text3"]);
    p.drawText(QRectF(x, box.top(), w + 2, box.height()), Qt::AlignVCenter, part);
    x += w;
    i = j;
  }
}

}  // namespace

PostDelegate::PostDelegate(Theme& theme, QObject* parent) : QStyledItemDelegate(parent), theme_(theme) {}

void PostDelegate::paint(QPainter* p, const QStyleOptionViewItem& option, const QModelIndex& index) const {
  const PostLine line = index.data(PostModel::LineRole).value<PostLine>();
  const QRectF box = option.rect;
  const bool selected = option.state & QStyle::State_Selected;
  p->save();
  p->setRenderHint(QPainter::Antialiasing);
  p->fillRect(box, theme_[selected ? "selection" : option.state & QStyle::State_MouseOver ? "hover" : "panel"]);
  if (selected) p->fillRect(QRectF(box.left(), box.top(), 3, box.height()), theme_["accent"]);
  p->fillRect(QRectF(box.left(), box.bottom() - 1, box.width(), 1), theme_["grid"]);
  const qreal left = box.left() + 12, right = box.right() - 12;
  const QFont medium = theme_.font("table", Theme::Weight::medium), small = theme_.font("caption");
  p->setFont(theme_.font("table"));
  p->setPen(theme_["text2"]);
  const bool known = std::isfinite(line.confidence);
  draw_tabular(*p, QRectF(right - theme_.px(34), box.top() + 3, theme_.px(34), theme_.px(18)), Qt::AlignRight, known ? text(fixed(line.confidence, 2)) : QStringLiteral("–"));
  p->setFont(medium);
  p->setPen(theme_["text"]);
  const qreal room = right - left - theme_.px(40);
  p->drawText(QRectF(left, box.top() + 3, room, theme_.px(18)), Qt::AlignVCenter, QFontMetricsF(medium, p->device()).elidedText(line.title, Qt::ElideRight, room));
  draw_snippet(*p, QRectF(left, box.top() + theme_.px(20), right - left, theme_.px(16)), line.snippet, theme_, selected);
  // Right or wrong: mark, gold, and what it was taken for.
  const QRectF third(left, box.top() + theme_.px(36), right - left - 58, theme_.px(16));
  p->setFont(small);
  const QFontMetricsF m(small, p->device());
  qreal x = third.left();
  const auto put = [&](const QString& what, const char* ink) {
    const QString shown = m.elidedText(what, Qt::ElideRight, std::max(0.0, third.right() - x));
    p->setPen(theme_[ink]);
    p->drawText(QRectF(x, third.top(), third.right() - x, third.height()), Qt::AlignVCenter, shown);
    x += m.horizontalAdvance(shown) + 5;
  };
  const bool wrong = !line.predicted.isEmpty() && line.predicted != line.gold;
  if (!line.predicted.isEmpty()) put(wrong ? QStringLiteral("✗") : QStringLiteral("✓"), wrong ? "error" : "ok");
  put(line.gold, "text2");
  if (wrong) put(QStringLiteral("›"), "text3"), put(line.predicted, "error");
  if (known) {
    const QRectF track(right - 44, third.center().y() - 2, 44, 4);
    p->fillRect(track, theme_["grid"]);
    p->fillRect(QRectF(track.left(), track.top(), track.width() * std::clamp(line.confidence, 0.0, 1.0), track.height()), theme_["text3"]);
  }
  if (option.state & QStyle::State_HasFocus && option.widget && option.widget->hasFocus()) {
    p->setPen(QPen(theme_["focus"], 1.5));
    p->setBrush(Qt::NoBrush);
    p->drawRect(box.adjusted(1, 1, -1, -2));
  }
  p->restore();
}

PostList::PostList(Theme& theme, QWidget* parent) : QListView(parent), model_(new PostModel(this)) {
  setModel(model_);
  setItemDelegate(new PostDelegate(theme, this));
  setMouseTracking(true);
  setUniformItemSizes(true);
  setVerticalScrollMode(ScrollPerPixel);
  setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
  setEditTriggers(NoEditTriggers);
  setFrameShape(NoFrame);
  setAccessibleName(tr("Posts"));
  setToolTip(tr("Posts: title, probability of the predicted class, gold class, and what a wrong one was taken for"));
  connect(&theme, &Theme::changed, viewport(), qOverload<>(&QWidget::update));
}

void PostList::choose(qint64 document) {
  const int place = document ? model_->place_of(document) : -1;
  quiet_ = true;
  setCurrentIndex(place >= 0 ? model_->index(place) : QModelIndex());
  quiet_ = false;
}

qint64 PostList::chosen_id() const { return currentIndex().isValid() ? model_->id(currentIndex().row()) : 0; }

void PostList::step(int by) {
  if (count() == 0) return;
  setCurrentIndex(model_->index(std::clamp(currentIndex().isValid() ? currentIndex().row() + by : 0, 0, count() - 1)));
}

void PostList::currentChanged(const QModelIndex& now, const QModelIndex& before) {
  QListView::currentChanged(now, before);
  if (!quiet_ && now.isValid()) Q_EMIT chosen(model_->id(now.row()));
}

}  // namespace telltale::ui
