#include "widgets/theme.hpp"

#include <QAbstractScrollArea>
#include <QAbstractSpinBox>
#include <QApplication>
#include <QComboBox>
#include <QFontDatabase>
#include <QPainter>
#include <QProxyStyle>
#include <QRegularExpression>
#include <QSlider>
#include <QStyleOption>
#include <algorithm>
#include <cmath>
#include <utility>

// The icons stand in a static library: without this call the linker leaves them out.
static void load_icons() { Q_INIT_RESOURCE(telltale); }

namespace telltale::ui {
namespace {

/// Fusion without lines under the letters of menus (Alt and the letter still work) and without its own pictures on the buttons of dialogs.
class QuietStyle : public QProxyStyle {
 public:
  QuietStyle() : QProxyStyle(QStringLiteral("Fusion")) {}
  int styleHint(StyleHint hint, const QStyleOption* option, const QWidget* widget, QStyleHintReturn* data) const override {
    // Lists of boxes hang below them, whole: Fusion lays them over the box, and cuts them where the style sheet gives them a frame.
    return hint == SH_UnderlineShortcut || hint == SH_DialogButtonBox_ButtonsHaveIcons || hint == SH_ComboBox_Popup ? 0 : QProxyStyle::styleHint(hint, option, widget, data);
  }
  /// Heads of tables flat, with a line under them. Fusion paints a gradient into a picture for each, and keeps it under the key of a palette
  /// that is a new one each time: a table that is drawn at every step would fill the cache of pictures.
  void drawControl(ControlElement element, const QStyleOption* option, QPainter* p, const QWidget* widget) const override {
    if (element != CE_HeaderSection && element != CE_HeaderEmptyArea) return QProxyStyle::drawControl(element, option, p, widget);
    p->fillRect(option->rect, option->palette.color(QPalette::Light));
    p->fillRect(QRect(option->rect.left(), option->rect.bottom(), option->rect.width(), 1), option->palette.color(QPalette::Mid));
  }
  /// Sliders in the colours of the palette: Fusion mixes greys of its own, which vanish on a dark panel.
  void drawComplexControl(ComplexControl control, const QStyleOptionComplex* option, QPainter* p, const QWidget* widget) const override {
    const auto* s = control == CC_Slider ? qstyleoption_cast<const QStyleOptionSlider*>(option) : nullptr;
    if (!s || s->orientation != Qt::Horizontal) return QProxyStyle::drawComplexControl(control, option, p, widget);
    const QRectF groove = subControlRect(CC_Slider, s, SC_SliderGroove, widget), handle = subControlRect(CC_Slider, s, SC_SliderHandle, widget);
    const bool on = s->state & State_Enabled;
    const QColor still = s->palette.color(QPalette::Dark), done = on ? s->palette.color(QPalette::Link) : still;
    const qreal reach = 6.5;  // of the handle, which ticks push to an edge
    const QPointF at(handle.center().x(), std::clamp(handle.center().y(), s->rect.top() + reach, std::max(s->rect.top() + reach, s->rect.bottom() + 1 - reach)));
    p->save();
    if (s->tickPosition != QSlider::NoTicks && s->tickInterval > 0) {
      const int length = static_cast<int>(handle.width()), room = static_cast<int>(groove.width()) - length;
      p->setPen(QPen(still, 1));
      for (int v = s->minimum; v <= s->maximum; v += s->tickInterval) {
        const int x = static_cast<int>(groove.left()) + length / 2 + sliderPositionFromValue(s->minimum, s->maximum, v, room, s->upsideDown);
        if (s->tickPosition & QSlider::TicksBelow) p->drawLine(x, static_cast<int>(handle.bottom()), x, static_cast<int>(handle.bottom()) + 3);
        if (s->tickPosition & QSlider::TicksAbove) p->drawLine(x, static_cast<int>(handle.top()) - 3, x, static_cast<int>(handle.top()));
      }
    }
    p->setRenderHint(QPainter::Antialiasing);
    p->setPen(Qt::NoPen);
    p->setBrush(still);
    p->drawRoundedRect(QRectF(groove.left(), at.y() - 2, groove.width(), 4), 2, 2);
    p->setBrush(done);
    p->drawRoundedRect(s->upsideDown ? QRectF(at.x(), at.y() - 2, groove.right() - at.x(), 4) : QRectF(groove.left(), at.y() - 2, at.x() - groove.left(), 4), 2, 2);
    p->setPen(QPen(done, 2));
    p->setBrush(on && s->state & State_HasFocus ? done : s->palette.color(QPalette::Light));
    p->drawEllipse(at, 5.5, 5.5);
    p->restore();
  }
};

/// Text of one size, at one factor, is as many px as theme.json's size by it: found back that way, so that sizes do not drift.
int rescaled_font(int px, double before, double now) {
  for (const auto& [name, size] : theme().fonts["sizesPx"].items())
    if (size.is_number() && std::lround(size.get<double>() * before) == px) return static_cast<int>(std::lround(size.get<double>() * now));
  return std::max(1, static_cast<int>(std::lround(px / before * now)));
}

/// A height that somebody set, from the one that it had at factor 1 (kept with the widget for as long as nobody sets another).
int rescaled_height(QWidget& w, const char* which, int px, double before, double now) {
  if (px <= 2 || px >= QWIDGETSIZE_MAX) return px;  // hairlines; none set
  const QString key = QStringLiteral("_telltale_") + QLatin1String(which);
  const auto kept = w.property(key.toLatin1().constData()).toPointF();  // (at factor 1, as set)
  const double base = kept.y() == px ? kept.x() : px / before;
  const int height = static_cast<int>(std::lround(base * now));
  w.setProperty(key.toLatin1().constData(), QPointF(base, height));
  return height;
}

/// px: of its own font before any widget was changed, 0 = it has none. (A box hands its font on to its list: asked for one after the other,
/// the list would be scaled twice.)
void rescale(QWidget& w, int px, double before, double now) {
  if (px > 0) {
    QFont font = w.font();
    font.setPixelSize(rescaled_font(px, before, now));
    w.setFont(font);
  }
  if (w.isWindow()) return;
  const QSize least = w.minimumSize(), most = w.maximumSize();
  const int low = rescaled_height(w, "least", least.height(), before, now), high = rescaled_height(w, "most", most.height(), before, now);
  if (low != least.height() || high != most.height()) w.setMaximumHeight(QWIDGETSIZE_MAX), w.setMinimumHeight(low), w.setMaximumHeight(high);
  if (least.width() == most.width() && least.width() > 0) w.setFixedWidth(rescaled_height(w, "width", least.width(), before, now));
}

/// Fields in boxes, viewports and what has such: they hand fonts on to each other, and are left to that.
bool part_of_another(const QWidget& w) {
  const QWidget* parent = w.parentWidget();
  return w.findChild<QWidget*>() || qobject_cast<const QAbstractScrollArea*>(parent) || qobject_cast<const QAbstractSpinBox*>(parent) || qobject_cast<const QComboBox*>(parent);
}

double number(const Json& object, const char* a, const char* b, double otherwise) {
  const auto it = object.find(a);
  if (it == object.end() || !it->contains(b) || !(*it)[b].is_number()) return otherwise;
  return (*it)[b].get<double>();
}

}  // namespace

Theme::Theme(Mode mode, QObject* parent) : QObject(parent), mode_(mode) {}

void Theme::set_mode(Mode mode) {
  if (mode == mode_) return;
  mode_ = mode;
  if (auto* app = qobject_cast<QApplication*>(QCoreApplication::instance())) apply(*app);
  Q_EMIT changed();
}

const std::vector<double>& Theme::scales() {
  static const std::vector<double> all = {0.9, 1, 1.1, 1.25, 1.5};
  return all;
}

void Theme::set_scale(double factor) {
  const auto& all = scales();
  const double now = *std::min_element(all.begin(), all.end(), [&](double a, double b) { return std::abs(a - factor) < std::abs(b - factor); });
  if (now == scale_) return;
  const double before = std::exchange(scale_, now);
  if (auto* app = qobject_cast<QApplication*>(QCoreApplication::instance())) {
    std::vector<std::pair<QPointer<QWidget>, int>> all;
    for (QWidget* w : QApplication::allWidgets()) all.emplace_back(w, w->testAttribute(Qt::WA_SetFont) ? w->font().pixelSize() : 0);
    for (const auto& [w, px] : all)
      if (w) rescale(*w, px, before, now);
    apply(*app);
  }
  Q_EMIT changed();
}

const Palette& Theme::colours() const { return mode_ == Mode::dark ? theme().dark : theme().light; }

int Theme::spacing(const char* name) const {
  const auto it = theme().spacing.find(name);
  return it != theme().spacing.end() && it->is_number() ? static_cast<int>(std::lround(it->get<double>() * scale_)) : 0;
}

int Theme::size(const char* name) const { return static_cast<int>(std::lround(number(theme().fonts, "sizesPx", name, 13) * scale_)); }

QFont Theme::family(const char* which) const {
  QStringList names;
  if (const auto it = theme().fonts.find(which); it != theme().fonts.end() && it->is_array())
    for (const auto& n : *it)
      if (n.is_string()) names << text(n.get<std::string>());
  QFont font;
  font.setFamilies(names);  // Qt takes the first that is installed, else the system's
  if (std::string_view(which) == "mono") font.setStyleHint(QFont::Monospace);
  return font;
}

QFont Theme::font(const char* size_name, Weight weight) const {
  QFont font = family("ui");
  font.setPixelSize(size(size_name));
  const char* const names[] = {"regular", "medium", "semibold"};
  font.setWeight(static_cast<QFont::Weight>(static_cast<int>(number(theme().fonts, "weights", names[static_cast<int>(weight)], 400))));
  font.setHintingPreference(QFont::PreferNoHinting);
  return font;
}

QFont Theme::mono(const char* size_name) const {
  QFont font = family("mono");
  font.setPixelSize(size(size_name));
  return font;
}

QPalette Theme::palette() const {
  const auto& t = *this;
  QPalette p;
  p.setColor(QPalette::Window, t["window"]);
  p.setColor(QPalette::WindowText, t["text"]);
  p.setColor(QPalette::Base, t["field"]);
  p.setColor(QPalette::AlternateBase, t["panelAlt"]);
  p.setColor(QPalette::Text, t["text"]);
  p.setColor(QPalette::Button, t["panel"]);
  p.setColor(QPalette::ButtonText, t["text"]);
  p.setColor(QPalette::BrightText, t["error"]);
  p.setColor(QPalette::Highlight, t["selection"]);
  p.setColor(QPalette::HighlightedText, t["selectionText"]);
  p.setColor(QPalette::PlaceholderText, t["text3"]);
  p.setColor(QPalette::ToolTipBase, t["panelAlt"]);
  p.setColor(QPalette::ToolTipText, t["text"]);
  p.setColor(QPalette::Link, t["accent"]);
  p.setColor(QPalette::LinkVisited, t["accent"]);
  p.setColor(QPalette::Light, t["panel"]);
  p.setColor(QPalette::Midlight, t["grid"]);
  p.setColor(QPalette::Mid, t["border"]);
  p.setColor(QPalette::Dark, t["borderStrong"]);
  p.setColor(QPalette::Shadow, t["border"]);
  for (const auto role : {QPalette::WindowText, QPalette::Text, QPalette::ButtonText}) p.setColor(QPalette::Disabled, role, t["textDisabled"]);
  return p;
}

QString Theme::style_sheet() const {
  const auto name = [&](const char* n) { return (*this)[n].name(); };
  QString css = QStringLiteral(R"(
QMenuBar { background: %window; color: %text; padding: 2px 4px; }
QMenuBar::item { padding: 3px 9px; border-radius: 3px; background: transparent; }
QMenuBar::item:selected, QMenuBar::item:pressed { background: %accentSoft; }
QMenu { background: %panel; border: 1px solid %borderStrong; padding: 4px 0; }
QMenu::item { padding: 4px 28px 4px 16px; }
QMenu::item:selected { background: %selection; color: %selectionText; }
QMenu::item:disabled { color: %textDisabled; }
QMenu::separator { height: 1px; background: %border; margin: 4px 0; }
QToolTip { background: %panelAlt; color: %text; border: 1px solid %borderStrong; padding: 4px 6px; }
QFrame#panel { background: %panel; border: 1px solid %border; border-radius: 3px; }
QWidget#panelHeader { background: %header; border: 0; border-bottom: 1px solid %border; border-top-left-radius: 3px; border-top-right-radius: 3px; }
QLabel#caption { color: %text3; }
QLabel#quiet { color: %text2; }
QLabel:focus { background: %accentSoft; }
QFrame#hairline { background: %border; border: 0; }
QPushButton { background: %panel; color: %text; border: 1px solid %borderStrong; border-radius: 3px; padding: 3px 10px; min-height: 18px; }
QPushButton:hover { background: %hover; }
QPushButton:pressed, QPushButton:checked { background: %accentSoft; }
QPushButton:focus, QToolButton:focus, QComboBox:focus, QLineEdit:focus { border: 2px solid %focus; padding-left: 9px; padding-right: 9px; padding-top: 2px; padding-bottom: 2px; }
QPushButton#primary { background: %accent; color: %accentText; border-color: %accent; }
QPushButton#primary:hover { background: %accentHover; }
QPushButton#primary:focus { border-color: %text; }
QPushButton:disabled { color: %textDisabled; border-color: %border; }
QPushButton#primary:disabled { background: %hover; color: %textDisabled; border-color: %border; }
QPushButton#small { padding: 1px 7px; min-height: 18px; font-size: 11px; font-weight: 500; }
QPushButton#small:focus { padding: 0 6px; }
QPushButton#flat { border: 1px solid transparent; background: transparent; color: %text2; padding: 2px 6px; font-size: 11px; }
QPushButton#flat:hover { background: %hover; color: %text; }
QPushButton#flat:focus { border: 1px solid %focus; }
QPushButton#find { background: %field; color: %text3; text-align: left; padding: 3px 10px; min-height: 18px; }
QPushButton#find:hover { background: %hover; }
QPushButton#find:focus { padding: 2px 9px; }
QPushButton#card { min-height: 74px; max-height: 74px; padding: 0; border: 0; }
QPushButton#recent { min-height: 50px; max-height: 50px; padding: 0; border: 0; }
QWidget#undoBar { background: %infoSoft; border-top: 1px solid %border; }
QPushButton#pick { padding-right: 26px; }
QPushButton#pick:focus { padding-right: 25px; }
QPlainTextEdit#command { background: transparent; border: 2px solid transparent; }
QPlainTextEdit#command:focus { border-color: %focus; }
QPushButton#tab { border: 0; border-bottom: 3px solid transparent; border-radius: 0; background: transparent; color: %text2; padding: 4px 14px; min-height: 28px; }
QPushButton#tab:hover { color: %text; background: %hover; }
QPushButton#tab:checked { color: %text; border-bottom-color: %accent; }
QPushButton#tab:disabled { color: %textDisabled; }
QPushButton#tab:focus { border: 0; border-bottom: 3px solid %focus; background: %hover; padding: 4px 14px; }
QToolButton { background: transparent; border: 1px solid transparent; border-radius: 3px; color: %text; padding: 2px; }
QToolButton:hover { background: %hover; }
QToolButton:disabled { color: %textDisabled; }
QToolButton:focus { border: 2px solid %focus; padding: 1px; }
QTableView#grid { background: %panel; }
QComboBox { background: %panel; color: %text; border: 1px solid %borderStrong; border-radius: 3px; padding: 2px 8px; min-height: 20px; }
QComboBox:focus { padding: 1px 7px; }
QComboBox#small { padding: 0 7px; min-height: 20px; max-height: 20px; font-size: 11px; font-weight: 500; }
QComboBox#small:focus { padding: 0 6px; min-height: 18px; max-height: 18px; }
QComboBox:hover { background: %hover; }
QComboBox::drop-down { border: 0; width: 22px; }
QComboBox::down-arrow { image: url(:/icons/down-%mode.svg); width: 12px; height: 12px; }
QComboBox QAbstractItemView { background: %panel; border: 1px solid %borderStrong; selection-background-color: %selection; selection-color: %selectionText; outline: 0; }
QLineEdit { background: %field; color: %text; border: 1px solid %borderStrong; border-radius: 3px; padding: 2px 8px; min-height: 20px; selection-background-color: %accent; selection-color: %accentText; }
QLineEdit:focus { padding: 1px 7px; }
QAbstractSpinBox#field, QAbstractSpinBox#stepped { background: %field; color: %text; border: 1px solid %borderStrong; border-radius: 3px; padding: 1px 6px; min-height: 22px; selection-background-color: %accent; selection-color: %accentText; }
QAbstractSpinBox#stepped { padding-right: 18px; }
QAbstractSpinBox#field:focus, QAbstractSpinBox#stepped:focus { border: 2px solid %focus; padding-top: 0; padding-bottom: 0; padding-left: 5px; }
QAbstractSpinBox#field:disabled, QAbstractSpinBox#stepped:disabled { color: %textDisabled; border-color: %border; }
QAbstractSpinBox#stepped::up-button, QAbstractSpinBox#stepped::down-button { border: 0; background: transparent; width: 16px; }
QAbstractSpinBox#stepped::up-button:hover, QAbstractSpinBox#stepped::down-button:hover { background: %hover; }
QAbstractSpinBox#stepped::up-arrow { image: url(:/icons/up-%mode.svg); width: 10px; height: 10px; }
QAbstractSpinBox#stepped::down-arrow { image: url(:/icons/down-%mode.svg); width: 10px; height: 10px; }
QCheckBox { spacing: 7px; }
QCheckBox::indicator { width: 13px; height: 13px; border: 1px solid %borderStrong; border-radius: 2px; background: %field; }
QCheckBox::indicator:hover { background: %hover; }
QCheckBox::indicator:checked { background: %accent; border-color: %accent; image: url(:/icons/tick-%mode.svg); }
QCheckBox::indicator:disabled { border-color: %border; background: %panelAlt; }
QCheckBox::indicator:checked:disabled { background: %textDisabled; border-color: %textDisabled; }
QCheckBox::indicator:focus { border: 2px solid %focus; width: 11px; height: 11px; }
QListView, QScrollArea { background: transparent; border: 0; outline: 0; }
QScrollBar:vertical { background: transparent; width: 10px; margin: 0; }
QScrollBar:horizontal { background: transparent; height: 10px; margin: 0; }
QScrollBar::handle { background: %border; border-radius: 3px; margin: 2px; min-height: 28px; min-width: 28px; }
QScrollBar::handle:hover { background: %borderStrong; }
QScrollBar::add-line, QScrollBar::sub-line, QScrollBar::add-page, QScrollBar::sub-page { background: transparent; border: 0; width: 0; height: 0; }
QSplitter::handle { background: transparent; }
QSplitter::handle:hover { background: %accentSoft; }
)");
  if (scale_ != 1) {  // heights and letters; margins and lines stay
    static const QRegularExpression sized(QStringLiteral("(font-size|min-height|max-height): (\\d+)px"));
    QString scaled;
    qsizetype at = 0;
    for (auto found = sized.globalMatch(css); found.hasNext();) {
      const auto m = found.next();
      scaled += css.mid(at, m.capturedStart() - at) + QStringLiteral("%1: %2px").arg(m.captured(1)).arg(std::lround(m.captured(2).toInt() * scale_));
      at = m.capturedEnd();
    }
    css = scaled + css.mid(at);
  }
  css.replace(QLatin1String("%mode"), QLatin1String(mode_ == Mode::dark ? "dark" : "light"));
  // Longest names first, so that %text does not eat the start of %text2.
  std::vector<std::string> names;
  for (const auto& [key, value] : colours().colours) names.push_back(key);
  std::sort(names.begin(), names.end(), [](const auto& a, const auto& b) { return a.size() > b.size(); });
  for (const auto& n : names) css.replace(QLatin1Char('%') + text(n), name(n.c_str()));
  return css;
}

KeptFonts::KeptFonts(const QWidgetList& of) {
  for (QWidget* w : of)
    if (w->testAttribute(Qt::WA_SetFont)) own_.emplace_back(w, w->font());
}

KeptFonts::KeptFonts(const QWidget& root) : KeptFonts(root.findChildren<QWidget*>()) {}

KeptFonts::~KeptFonts() {
  constexpr const char* given_back = "_q_styleSheetWidgetFont";  // where Qt's style sheets keep it, for the next time too
  for (const auto& [w, font] : own_) {
    if (!w) continue;
    if (w->font().pixelSize() != font.pixelSize()) w->setFont(font);
    if (!part_of_another(*w) && w->property(given_back).isValid()) w->setProperty(given_back, font);
  }
}

void Theme::apply(QApplication& app) const {
  load_icons();
  const KeptFonts kept(QApplication::allWidgets());
  app.setStyle(new QuietStyle);
  app.setFont(font());
  app.setPalette(palette());
  app.setStyleSheet(style_sheet());
}

}  // namespace telltale::ui
