#include "widgets/new_run/setting_field.hpp"

#include <QEvent>
#include <QKeyEvent>
#include <QPainter>
#include <QStyle>
#include <QStyleOption>
#include <QWheelEvent>
#include <cmath>

#include "widgets/new_run/run_draft.hpp"
#include "widgets/shell/words.hpp"

namespace telltale::ui {

void QuietCombo::wheelEvent(QWheelEvent* e) {
  if (hasFocus()) QComboBox::wheelEvent(e);
  else e->ignore();
}

/// Where the letters stand.
QRect PathEdit::contents() const {
  QStyleOptionFrame frame;
  initStyleOption(&frame);
  return style()->subElementRect(QStyle::SE_LineEditContents, &frame, this).marginsRemoved(textMargins()).adjusted(2, 0, -2, 0);
}

QString PathEdit::shown() const {
  const QFontMetrics m(font());
  const int room = contents().width();
  const QString path = text();
  if (m.horizontalAdvance(path) <= room) return path;
  const auto at = path.lastIndexOf(QLatin1Char('/'), path.size() - 2);
  const QString end = at > 0 ? path.mid(at) : QString();
  const int left = room - m.horizontalAdvance(end);
  return end.isEmpty() || left < m.horizontalAdvance(QStringLiteral("/a…")) ? m.elidedText(path, Qt::ElideMiddle, room) : m.elidedText(path.left(at), Qt::ElideRight, left) + end;
}

void PathEdit::paintEvent(QPaintEvent* e) {
  if (hasFocus() || text().isEmpty() || shown() == text()) return QLineEdit::paintEvent(e);
  QPainter p(this);
  QStyleOptionFrame frame;
  initStyleOption(&frame);
  style()->drawPrimitive(QStyle::PE_PanelLineEdit, &frame, &p, this);
  p.setFont(font());
  p.setPen(palette().color(isEnabled() ? QPalette::Active : QPalette::Disabled, QPalette::Text));
  p.drawText(contents(), Qt::AlignLeft | Qt::AlignVCenter, shown());
}

DiffersDot::DiffersDot(Theme& theme, const QString& name, QWidget* parent) : QToolButton(parent), theme_(theme), name_(name) {
  setFixedSize(16, 24);
  setAutoRaise(true);
  setObjectName(QStringLiteral("differs"));
  setFocusPolicy(Qt::NoFocus);  // Tab goes from field to field: what is typed next belongs into one
  connect(&theme, &Theme::changed, this, qOverload<>(&QWidget::update));
  set_differs(false, {});
}

void DiffersDot::set_differs(bool differs, const QString& preset_value) {
  differs_ = differs;
  setEnabled(differs);
  setAccessibleName(differs ? tr("Reset %1").arg(name_) : tr("%1 is as in the preset").arg(name_));
  setToolTip(differs ? plain_tip(tr("Differs from the preset (%1). Click to reset, or Alt Backspace in the field.").arg(preset_value)) : QString());
  setCursor(differs ? Qt::PointingHandCursor : Qt::ArrowCursor);
  update();
}

void DiffersDot::paintEvent(QPaintEvent*) {
  if (!differs_) return;
  QPainter p(this);
  p.setRenderHint(QPainter::Antialiasing);
  p.setPen(Qt::NoPen);
  p.setBrush(theme_["accent"]);
  p.drawEllipse(QRectF(rect()).center() + QPointF(0.5, 0.5), 3, 3);
  if (!underMouse()) return;
  p.setBrush(Qt::NoBrush);
  p.setPen(QPen(theme_["focus"], 1.5));
  p.drawEllipse(QRectF(rect()).center() + QPointF(0.5, 0.5), 6, 6);
}

SettingField::SettingField(Theme& theme, const SettingInfo& info, QWidget* parent) : QObject(parent), info_(info), theme_(theme) {
  const QString name = text(info.name), tip = tool_tip(info);
  dot_ = new DiffersDot(theme, name, parent);
  label_ = new QLabel(name, parent);
  label_->setTextFormat(Qt::PlainText);
  label_->setObjectName(QStringLiteral("quiet"));
  label_->setToolTip(tip);
  note_ = new ElidedLabel(theme, parent);
  note_->set_style(theme.font("caption"), "text3");
  note_->setSizePolicy(QSizePolicy::Ignored, QSizePolicy::Fixed);
  if (info.type == SettingType::choice) {
    combo_ = new QuietCombo(parent);
    for (const std::string& c : info.choices) combo_->addItem(choice_name(info, c), text(c));
    connect(combo_, &QComboBox::activated, this, [this] { Q_EMIT edited(combo_->currentData().toString()); });
  } else {
    edit_ = new UnitEdit(theme, parent);
    edit_->setMaxLength(200);
    edit_->set_unit(info.id == "epsilon" || info.id == "epsilon2" ? QStringLiteral("× nearest") : text(info.unit));
    connect(edit_, &QLineEdit::textEdited, this, [this](const QString& t) { Q_EMIT edited(t); });
    connect(edit_, &QLineEdit::editingFinished, this, [this] { Q_EMIT edited(edit_->text()); });
  }
  QWidget* e = editor();
  e->setObjectName(QStringLiteral("setting:") + text(info.id));
  e->setAccessibleName(name.size() > 1 ? name : tr("%1 (%2)").arg(name, text(info.id)));  // a letter alone is no name to be read out
  e->setAccessibleDescription(meaning(info));
  e->setToolTip(tip);
  e->setFocusPolicy(Qt::StrongFocus);
  e->installEventFilter(this);
  label_->setBuddy(e);
  connect(dot_, &QToolButton::clicked, this, &SettingField::reset_wanted);
}

QWidget* SettingField::editor() { return edit_ ? static_cast<QWidget*>(edit_) : combo_; }

QString SettingField::typed() const { return edit_ ? edit_->text() : combo_->currentData().toString(); }

void SettingField::show_value(const QString& value) {
  if (combo_) {
    const int at = combo_->findData(value);
    if (at != combo_->currentIndex()) combo_->setCurrentIndex(at);
    return;
  }
  // 1e-4 while it is typed and 0.0001 are one value: the field keeps what the person wrote.
  if (edit_->text() == value || (edit_->hasFocus() && read_value(edit_->text()) == read_value(value))) return;
  edit_->setText(value);
  edit_->setCursorPosition(0);
}

void SettingField::show_state(bool differs, const QString& preset_value, const QString& error, const QString& note, bool warn) {
  dot_->set_differs(differs, choice_name(info_, preset_value.toStdString()));
  if (edit_) edit_->set_wrong(!error.isEmpty());
  note_->set_style(theme_.font("caption"), !error.isEmpty() ? "error" : warn ? "warn" : "text3");
  note_->set_text(error.isEmpty() ? note : error);
  editor()->setAccessibleDescription((error.isEmpty() ? note.isEmpty() ? QString() : note + QStringLiteral(". ") : tr("Does not fit: %1. ").arg(error)) + meaning(info_));
}

QString SettingField::choice_name(const SettingInfo& info, const std::string& id) {
  static const std::map<std::string, const char*, std::less<>> names = {
      {"attribution.output/probability", "probability p"}, {"attribution.output/logit", "logit z"}, {"attribution.path/word", "word embeddings"}, {"attribution.path/embeddings", "embedding block"},
      {"attribution.quadrature/gauss-legendre", "Gauss–Legendre"}, {"perturbation.sampler/ball", "noise ball"}, {"perturbation.radius/volume", "uniform in volume"}, {"perturbation.radius/exponential", "exponential, cut at ε"},
      {"distance/pearson", "Pearson"}, {"negative/jsd", "JSD to U"}, {"attribution.baseline/pad", "[PAD]"}, {"attribution.baseline/mask", "[MASK]"}, {"dropout.replace/mask", "[MASK]"}, {"dropout.replace/pad", "[PAD]"}};
  if (info.type != SettingType::choice) return QString::fromStdString(id);
  if (const auto it = names.find(info.id + "/" + id); it != names.end()) return QString::fromUtf8(it->second);
  return QString::fromStdString(id).replace(QLatin1Char('-'), QLatin1Char(' '));
}

QString SettingField::meaning(const SettingInfo& info) {
  QString out;
  bool inside = false;
  for (const QChar c : text(info.meaning))
    if (c == QLatin1Char('`')) out += (inside = !inside) ? QChar(0x201C) : QChar(0x201D);
    else out += c;
  return out;
}

QString SettingField::tool_tip(const SettingInfo& info) {
  QString tip = text(info.name) + (info.unit.empty() ? QString() : QStringLiteral(" (%1)").arg(text(info.unit))) + QLatin1Char('\n') + meaning(info) + QLatin1Char('\n');
  tip += tr("Range: %1. In: %2. Key: %3").arg(shown_value(info.range()), text(info.term), text(info.id));
  return tip;
}

QString SettingField::range_note(const SettingInfo& info) {
  if (info.type == SettingType::choice || info.type == SettingType::text) return {};
  const auto number = [](double x) { return shown_value(x == std::floor(x) && std::abs(x) < 1e6 ? std::to_string(static_cast<long long>(x)) : QString::number(x, 'g', 6).toStdString()); };
  QString out = info.high >= 1e5 ? (info.low_open ? tr("above %1") : tr("%1 or more")).arg(number(info.low)) : info.low_open ? tr("above %1, to %2").arg(number(info.low), number(info.high)) : tr("%1 to %2").arg(number(info.low), number(info.high));
  if (info.high > 0.99 && info.high < 1) out = tr("below 1");
  for (const std::string& c : info.choices) out += tr(" or “%1”").arg(text(c));
  return out;
}

bool SettingField::eventFilter(QObject* watched, QEvent* event) {
  if (event->type() == QEvent::FocusIn) Q_EMIT focused();
  if (event->type() == QEvent::KeyPress && dot_->differs())
    if (const auto* e = static_cast<QKeyEvent*>(event); e->key() == Qt::Key_Backspace && e->modifiers() == Qt::AltModifier) {
      Q_EMIT reset_wanted();
      return true;
    }
  return QObject::eventFilter(watched, event);
}

}  // namespace telltale::ui
