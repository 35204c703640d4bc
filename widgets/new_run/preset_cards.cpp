#include "widgets/new_run/preset_cards.hpp"

#include <QButtonGroup>
#include <QGridLayout>
#include <QPainter>
#include <QStyle>
#include <QStyleOptionButton>
#include <map>

#include "widgets/icons.hpp"

namespace telltale::ui {
namespace {

/// The purpose in few words; the whole sentence is the tool tip and stands under the cards.
QString short_purpose(const PresetInfo& p) {
  static const std::map<std::string, const char*, std::less<>> all = {{"baseline", "class term alone"}, {"contrastive", "all five terms, near text"}, {"published", "all five, for replication"},
                                                                      {"overlap", "less on the rival's words"}, {"prior", "less on shared words"}, {"word-dropout", "shared words hidden"},
                                                                      {"control", "the class term alone"}};
  const auto it = all.find(p.id);
  return it == all.end() ? text(p.purpose) : QString::fromUtf8(it->second);
}

}  // namespace

PresetCard::PresetCard(Theme& theme, const QString& name, const QString& what, bool radio, QWidget* parent) : QAbstractButton(parent), theme_(theme), what_(what), radio_(radio) {
  setText(name);
  setCheckable(radio);
  setFocusPolicy(Qt::StrongFocus);
  setAttribute(Qt::WA_Hover);
  setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Fixed);
  setAccessibleName(name);
  setAccessibleDescription(what);
  connect(&theme, &Theme::changed, this, qOverload<>(&QWidget::update));
}

void PresetCard::set_mark(const QString& mark) {
  if (mark == mark_) return;
  mark_ = mark;
  setAccessibleDescription(mark.isEmpty() ? what_ : what_ + QStringLiteral(", ") + mark);
  update();
}

void PresetCard::paintEvent(QPaintEvent*) {
  QPainter p(this);
  p.setRenderHint(QPainter::Antialiasing);
  const bool on = isChecked();
  const QRectF frame = QRectF(rect()).adjusted(1, 1, -1, -1);
  p.setPen(QPen(hasFocus() ? theme_["focus"] : on ? theme_["accent"] : theme_["borderStrong"], on || hasFocus() ? 2 : 1));
  p.setBrush(on ? theme_["accentSoft"] : underMouse() && isEnabled() ? theme_["hover"] : theme_["panel"]);
  p.drawRoundedRect(frame, 3, 3);
  if (on && hasFocus()) {  // the chosen one has an accent's frame anyway: a second one inside
    p.setPen(QPen(theme_["focus"], 1));
    p.drawRoundedRect(frame.adjusted(3.5, 3.5, -3.5, -3.5), 2, 2);
  }
  if (radio_) {
    const QRectF dot(12, 10, 13, 13);
    p.setPen(QPen(on ? theme_["accent"] : theme_["borderStrong"], 1.5));
    p.setBrush(theme_["field"]);
    p.drawEllipse(dot);
    if (on) p.setPen(Qt::NoPen), p.setBrush(theme_["accent"]), p.drawEllipse(dot.adjusted(3.5, 3.5, -3.5, -3.5));
  } else {
    draw_icon(p, QRectF(11, 9, 15, 15), "copy", theme_[isEnabled() ? "text2" : "textDisabled"]);
  }
  p.setPen(theme_[isEnabled() ? "text" : "textDisabled"]);
  p.setFont(theme_.font("ui", Theme::Weight::semibold));
  const QFontMetrics bold(p.font()), small(theme_.font("caption"));
  const int mark_room = mark_.isEmpty() ? 0 : small.horizontalAdvance(mark_) + 8;
  const QString name = bold.elidedText(text(), Qt::ElideRight, std::max(30, width() - 40 - mark_room));
  p.drawText(QRectF(32, 7, width() - 40, 19), Qt::AlignLeft | Qt::AlignVCenter, name);
  p.setFont(theme_.font("caption"));
  if (!mark_.isEmpty()) p.drawText(QRectF(32 + bold.horizontalAdvance(name) + 8, 7, mark_room, 19), Qt::AlignLeft | Qt::AlignVCenter, mark_);
  p.setPen(theme_[isEnabled() ? "text2" : "textDisabled"]);
  p.drawText(QRectF(32, 27, width() - 38, 16), Qt::AlignLeft | Qt::AlignVCenter, small.elidedText(what_, Qt::ElideRight, width() - 38));
}

PresetCards::PresetCards(Theme& theme, QWidget* parent) : QWidget(parent) {
  setAccessibleName(tr("Presets"));
  auto* grid = new QGridLayout(this);
  grid->setContentsMargins(0, 0, 0, 0);
  grid->setSpacing(6);
  group_ = new QButtonGroup(this);
  for (const PresetInfo& p : presets()) {
    auto* card = new PresetCard(theme, p.id == "published" ? tr("As published") : ui::text(p.name), short_purpose(p), true, this);
    card->setToolTip(ui::text(p.purpose));
    card->setObjectName(QStringLiteral("preset:") + ui::text(p.id));
    group_->addButton(card);
    cards_.push_back(card);
    connect(card, &QAbstractButton::clicked, this, [this, id = ui::text(p.id)] { Q_EMIT chosen(id); });
  }
  copy_ = new PresetCard(theme, tr("Like a run …"), tr("its settings, to be changed"), false, this);
  copy_->setToolTip(tr("Fill the form with the settings of a run of this file"));
  copy_->setObjectName(QStringLiteral("preset:copy"));
  connect(copy_, &QAbstractButton::clicked, this, &PresetCards::copy_wanted);
  arrange(4);
}

void PresetCards::choose(const std::string& preset, int changed) {
  for (std::size_t k = 0; k < cards_.size(); ++k) {
    const bool on = presets()[k].id == preset;
    cards_[k]->setChecked(on);
    cards_[k]->set_mark(on && changed > 0 ? tr("%1 changed").arg(changed) : QString());
  }
}

PresetCard* PresetCards::card(const std::string& preset) const {
  for (std::size_t k = 0; k < cards_.size(); ++k)
    if (presets()[k].id == preset) return cards_[k];
  return nullptr;
}

void PresetCards::resizeEvent(QResizeEvent* e) {
  QWidget::resizeEvent(e);
  arrange(width() >= 620 ? 4 : width() >= 460 ? 3 : 2);
}

void PresetCards::arrange(int columns) {
  if (columns == columns_) return;
  columns_ = columns;
  auto* grid = static_cast<QGridLayout*>(layout());
  std::vector<PresetCard*> all = cards_;
  all.push_back(copy_);
  for (std::size_t k = 0; k < all.size(); ++k) {
    grid->removeWidget(all[k]);
    grid->addWidget(all[k], static_cast<int>(k) / columns, static_cast<int>(k) % columns);
  }
  for (int c = 0; c < 4; ++c) grid->setColumnStretch(c, c < columns ? 1 : 0);
}

}  // namespace telltale::ui
