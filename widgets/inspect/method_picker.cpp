#include "widgets/inspect/method_picker.hpp"

#include <QKeyEvent>
#include <QLabel>
#include <QLineEdit>
#include <QPainter>
#include <QScreen>
#include <QStandardItemModel>
#include <QStyledItemDelegate>
#include <QVBoxLayout>
#include <algorithm>

#include "widgets/painted_view.hpp"

namespace telltale::ui {
namespace {

enum Role { id_role = Qt::UserRole, cost_role, line_role, ticked_role };

class LineDelegate : public QStyledItemDelegate {
 public:
  LineDelegate(Theme& theme, bool several, QObject* parent) : QStyledItemDelegate(parent), theme_(theme), several_(several) {}
  QSize sizeHint(const QStyleOptionViewItem&, const QModelIndex& i) const override { return {200, static_cast<int>(theme_.px(i.data(id_role).isValid() ? 38 : 24))}; }
  void paint(QPainter* p, const QStyleOptionViewItem& o, const QModelIndex& i) const override {
    const QRectF box = o.rect;
    p->save();
    p->setRenderHint(QPainter::Antialiasing);
    if (!i.data(id_role).isValid()) {
      p->setFont(theme_.font("caption", Theme::Weight::semibold));
      p->setPen(theme_["text2"]);
      p->drawText(box.adjusted(10, 4, -8, 0), Qt::AlignLeft | Qt::AlignVCenter, i.data().toString());
      p->restore();
      return;
    }
    const bool enabled = i.flags() & Qt::ItemIsEnabled, ticked = i.data(ticked_role).toBool();
    if (o.state & QStyle::State_Selected) p->fillRect(box, theme_["selection"]);
    else if (o.state & QStyle::State_MouseOver) p->fillRect(box, theme_["hover"]);
    qreal left = box.left() + 12;
    if (several_) {
      const QRectF tick(left, box.center().y() - 6.5, 13, 13);
      p->setPen(QPen(theme_[ticked ? "accent" : enabled ? "borderStrong" : "border"], 1));
      p->setBrush(theme_[ticked ? "accent" : "field"]);
      p->drawRoundedRect(tick, 2, 2);
      if (ticked) {
        p->setPen(QPen(theme_["accentText"], 1.7, Qt::SolidLine, Qt::RoundCap, Qt::RoundJoin));
        p->drawPolyline(QPolygonF{tick.topLeft() + QPointF(3, 6.5), tick.topLeft() + QPointF(5.5, 9.2), tick.topLeft() + QPointF(10, 3.8)});
      }
      left += 22;
    } else if (ticked) {
      p->fillRect(QRectF(box.left(), box.top(), 3, box.height()), theme_["accent"]);
    }
    const QFont name = theme_.font("table", ticked ? Theme::Weight::semibold : Theme::Weight::medium), small = theme_.font("caption");
    const QFontMetricsF nm(name), sm(small);
    const QString cost = i.data(cost_role).toString();
    const qreal cost_w = tabular_width(sm, cost), right = box.right() - 12;
    p->setFont(small);
    p->setPen(theme_[enabled ? "text2" : "textDisabled"]);
    draw_tabular(*p, QRectF(right - cost_w, box.top() + 3, cost_w, box.height() / 2), Qt::AlignRight, cost);
    p->setFont(name);
    p->setPen(theme_[enabled ? "text" : "textDisabled"]);
    p->drawText(QRectF(left, box.top() + 3, right - cost_w - 8 - left, box.height() / 2), Qt::AlignLeft | Qt::AlignVCenter, nm.elidedText(i.data().toString(), Qt::ElideRight, right - cost_w - 8 - left));
    p->setFont(small);
    p->setPen(theme_[enabled ? "text3" : "textDisabled"]);
    p->drawText(QRectF(left, box.center().y() + 1, right - left, box.height() / 2 - 3), Qt::AlignLeft | Qt::AlignVCenter, sm.elidedText(i.data(line_role).toString(), Qt::ElideRight, right - left));
    p->restore();
  }

 private:
  Theme& theme_;
  bool several_;
};

}  // namespace

MethodList::MethodList(Theme& theme, bool several, QWidget* parent) : QFrame(parent, Qt::Popup), theme_(theme), several_(several) {
  setObjectName(QStringLiteral("panel"));
  setAccessibleName(several ? tr("Methods to show") : tr("Method of the explanation"));
  auto* column = new QVBoxLayout(this);
  column->setContentsMargins(4, 4, 4, 4);
  column->setSpacing(4);
  search_ = new QLineEdit(this);
  search_->setFont(theme.font("table"));
  search_->setPlaceholderText(tr("Find a method: name, source, what it needs"));
  search_->setAccessibleName(tr("Find a method"));
  search_->setToolTip(several ? tr("↑ ↓ move, Enter ticks, Esc closes") : tr("↑ ↓ move, Enter chooses, Esc closes"));
  search_->installEventFilter(this);
  column->addWidget(search_);
  list_ = new QListWidget(this);
  list_->setAccessibleName(several ? tr("Methods to show") : tr("Methods"));
  list_->setItemDelegate(new LineDelegate(theme, several, list_));
  list_->setMouseTracking(true);
  list_->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
  list_->setVerticalScrollMode(QAbstractItemView::ScrollPerPixel);
  list_->installEventFilter(this);
  column->addWidget(list_, 1);
  foot_ = new QLabel(this);
  foot_->setObjectName(QStringLiteral("quiet"));
  foot_->setFont(theme.font("caption"));
  foot_->setMargin(4);
  column->addWidget(foot_);
  connect(search_, &QLineEdit::textChanged, this, &MethodList::fill);
  connect(list_, &QListWidget::itemClicked, this, &MethodList::take);
}

void MethodList::set_picked(std::vector<std::string> ids) {
  picked_ = std::move(ids);
  if (isVisible()) fill();
}

void MethodList::fill() {
  const auto* before = list_->currentItem();
  const QString kept = before ? before->data(id_role).toString() : picked_.empty() ? QString() : text(picked_.front());
  list_->clear();
  const QStringList asked = search_->text().simplified().split(QLatin1Char(' '), Qt::SkipEmptyParts);
  QStringList groups;
  for (const MethodInfo& m : methods())
    if (!groups.contains(group_of(m))) groups << group_of(m);
  int found = 0;
  const bool full = several_ && picked_.size() >= most;
  QListWidgetItem* current = nullptr;
  for (const QString& group : groups) {
    bool headed = false;
    for (const MethodInfo& m : methods()) {
      if (group_of(m) != group) continue;
      const QString name = text(m.name), all = QStringList{name, text(m.id), group, text(m.source), needs_text(m)}.join(QLatin1Char(' '));
      if (!std::all_of(asked.begin(), asked.end(), [&](const QString& word) { return all.contains(word, Qt::CaseInsensitive); })) continue;
      if (!headed) {
        auto* head = new QListWidgetItem(group, list_);
        head->setFlags(Qt::NoItemFlags);
        headed = true;
      }
      ++found;
      const bool ticked = std::find(picked_.begin(), picked_.end(), m.id) != picked_.end();
      MethodLine line = lines_ ? lines_(m) : MethodLine{};
      if (line.refused.isEmpty() && full && !ticked) line.refused = tr("%1 are shown: untick one first").arg(most);
      auto* item = new QListWidgetItem(name, list_);
      item->setData(id_role, text(m.id));
      item->setData(cost_role, line.cost);
      item->setData(ticked_role, ticked);
      const QString said = !line.refused.isEmpty() ? line.refused : !line.note.isEmpty() ? line.note : tr("%1 · %2").arg(needs_text(m), text(m.source));
      item->setData(line_role, said);
      item->setData(Qt::AccessibleTextRole, QStringLiteral("%1, %2, %3%4").arg(name, line.cost, said, ticked ? (several_ ? tr(", ticked") : tr(", chosen")) : QString()));
      QString tip = tr("%1\n%2\nneeds %3\ncost %4").arg(name, text(m.source), needs_text(m), text(m.cost));
      if (!line.cost_tip.isEmpty()) tip += QStringLiteral("\n") + line.cost_tip;
      if (m.complete) tip += tr("\nscores add up to F(x) − F(b)");
      if (!asks_for_class(m)) tip += tr("\nthe same for every class: target and foil make no difference");
      if (!line.note.isEmpty()) tip += QStringLiteral("\n") + line.note;
      if (!line.refused.isEmpty()) tip += QStringLiteral("\n") + line.refused;
      item->setToolTip(tip);
      item->setFlags(line.refused.isEmpty() ? Qt::ItemIsEnabled | Qt::ItemIsSelectable : Qt::NoItemFlags);
      if (line.refused.isEmpty() && (!current || text(m.id) == kept)) current = item;
    }
  }
  if (current) list_->setCurrentItem(current), list_->scrollToItem(current, QAbstractItemView::EnsureVisible);
  foot_->setText(found == 0   ? tr("No method is called so")
                 : several_   ? tr("%1 of at most %2 ticked · %3 methods").arg(picked_.size()).arg(most).arg(methods().size())
                 : asked.empty() ? tr("%1 methods; F and B are forward and backward passes").arg(found)
                              : tr("%1 of %2 methods").arg(found).arg(methods().size()));
}

void MethodList::open(QWidget* under) {
  search_->clear();
  fill();
  const QRect screen = under->screen() ? under->screen()->availableGeometry() : QRect(0, 0, 1440, 900);
  const int width = static_cast<int>(std::clamp<qreal>(theme_.px(430), 240, screen.width() - 8.0));
  int height = 0;
  for (int i = 0; i < list_->count(); ++i) height += list_->sizeHintForRow(i);
  height = std::min({height + 74, static_cast<int>(theme_.px(560)), screen.height() - 8});
  QPoint at = under->mapToGlobal(QPoint(0, under->height() + 2));
  at.setX(std::clamp(at.x(), screen.left() + 4, std::max(screen.left() + 4, screen.right() - width - 4)));
  if (at.y() + height > screen.bottom() - 4) at.setY(std::max(screen.top() + 4, screen.bottom() - 4 - height));
  setGeometry(QRect(at, QSize(width, height)));
  show();
  search_->setFocus();
  if (auto* item = list_->currentItem()) list_->scrollToItem(item, QAbstractItemView::PositionAtCenter);
}

void MethodList::move(int by) {
  for (int at = list_->currentRow() + by; at >= 0 && at < list_->count(); at += by)
    if (list_->item(at)->flags() & Qt::ItemIsEnabled) return list_->setCurrentRow(at);
}

bool MethodList::eventFilter(QObject* watched, QEvent* e) {
  if (e->type() == QEvent::KeyPress) {
    auto* key = static_cast<QKeyEvent*>(e);
    switch (key->key()) {
      case Qt::Key_Down: return move(1), true;
      case Qt::Key_Up: return move(-1), true;
      case Qt::Key_Return: case Qt::Key_Enter: return take(list_->currentItem()), true;
      case Qt::Key_Space:
        if (watched == list_) return take(list_->currentItem()), true;
        break;
      case Qt::Key_Escape: return hide(), true;
      default: break;
    }
  }
  return QFrame::eventFilter(watched, e);
}

void MethodList::take(QListWidgetItem* item) {
  if (!item || !(item->flags() & Qt::ItemIsEnabled)) return;
  const std::string id = item->data(id_role).toString().toStdString();
  if (!several_) {
    hide();
    picked_ = {id};
    return Q_EMIT chosen(text(id));
  }
  const auto at = std::find(picked_.begin(), picked_.end(), id);
  if (at != picked_.end()) picked_.erase(at);
  else picked_.push_back(id);
  fill();
  Q_EMIT picked_changed();
}

void MethodList::pick(const std::string& id) {
  search_->clear();
  fill();
  for (int i = 0; i < list_->count(); ++i)
    if (list_->item(i)->data(id_role).toString().toStdString() == id) return take(list_->item(i));
}

MethodCombo::MethodCombo(Theme& theme, QWidget* parent) : QComboBox(parent), choices_(new MethodList(theme, false, this)) {
  setFont(theme.font("table"));
  setAccessibleName(tr("Method of the explanation"));
  setToolTip(tr("How scores are made: 24 methods with what they need and cost").replace(QStringLiteral("24"), QString::number(methods().size())));
  setSizeAdjustPolicy(QComboBox::AdjustToContents);
  for (const MethodInfo& m : methods()) addItem(text(m.name), text(m.id));
  connect(this, &QComboBox::activated, this, [this] { Q_EMIT method_chosen(currentData().toString()); });
  connect(choices_, &MethodList::chosen, this, [this](const QString& id) {
    set_method(id.toStdString());
    setFocus();
    Q_EMIT method_chosen(id);
  });
}

void MethodCombo::set_lines(MethodLines lines) {
  lines_ = lines;
  choices_->set_lines(std::move(lines));
  refresh();
}

void MethodCombo::refresh() {
  auto* items = qobject_cast<QStandardItemModel*>(model());
  for (int i = 0; items && lines_ && i < count(); ++i) items->item(i)->setEnabled(lines_(method_info(itemData(i).toString().toStdString())).refused.isEmpty());
}

void MethodCombo::set_method(const std::string& id) {
  setCurrentIndex(findData(text(id)));
  choices_->set_picked({id});
}

void MethodCombo::showPopup() { choices_->open(this); }

MethodTicks::MethodTicks(Theme& theme, QWidget* parent) : QPushButton(parent), choices_(new MethodList(theme, true, this)) {
  setObjectName(QStringLiteral("small"));
  setToolTip(tr("Which methods stand here, up to %1").arg(MethodList::most));
  connect(this, &QPushButton::clicked, this, [this] { choices_->open(this); });
  connect(choices_, &MethodList::picked_changed, this, [this] { tell(), Q_EMIT changed(); });
  tell();
}

void MethodTicks::set_picked(std::vector<std::string> ids) {
  choices_->set_picked(std::move(ids));
  tell();
}

void MethodTicks::tell() {
  setText(tr("%1 shown").arg(choices_->picked().size()));
  setAccessibleName(tr("Choose the methods that are shown: %1 of %2").arg(choices_->picked().size()).arg(methods().size()));
}

}  // namespace telltale::ui
