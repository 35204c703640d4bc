#include "app/workbench/keys.hpp"

#include <QAction>
#include <QCoreApplication>
#include <QDialogButtonBox>
#include <QGridLayout>
#include <QLabel>
#include <QMenu>
#include <QMenuBar>
#include <QScrollArea>

namespace telltale::ui {
namespace {

struct ViewKey {
  const char *view, *keys, *what;  ///< keys: with blanks between, as QKeySequence reads them
};

const ViewKey in_views[] = {
    {QT_TRANSLATE_NOOP("keys", "Everywhere"), "Esc", QT_TRANSLATE_NOOP("keys", "lets go of a ring, shows a zoomed chart whole, closes a list or form, cancels; then closes a message")},
    {"Everywhere", "Tab Shift+Tab", QT_TRANSLATE_NOOP("keys", "next and previous control, in reading order")},
    {QT_TRANSLATE_NOOP("keys", "Run list"), "Up Down", QT_TRANSLATE_NOOP("keys", "choose a run")},
    {"Run list", "Space", QT_TRANSLATE_NOOP("keys", "shows the run in the charts, or hides it; folds a group")},
    {"Run list", "Return", QT_TRANSLATE_NOOP("keys", "opens the run in Inspect")},
    {QT_TRANSLATE_NOOP("keys", "New run"), "Ctrl+Return Ctrl+Enter", QT_TRANSLATE_NOOP("keys", "queues the runs")},
    {"New run", "Alt+Backspace", QT_TRANSLATE_NOOP("keys", "resets the field to the preset")},
    {QT_TRANSLATE_NOOP("keys", "Charts"), "Left Right Home End", QT_TRANSLATE_NOOP("keys", "step by step, to the first, to the last")},
    {"Charts", "L", QT_TRANSLATE_NOOP("keys", "logarithmic axis")},
    {"Charts", "S", QT_TRANSLATE_NOOP("keys", "steps, epochs, time")},
    {QT_TRANSLATE_NOOP("keys", "Film"), "Left Right", QT_TRANSLATE_NOOP("keys", "snapshot before and after")},
    {"Film", "Space", QT_TRANSLATE_NOOP("keys", "plays and stops")},
    {QT_TRANSLATE_NOOP("keys", "Geometry"), "Left Right", QT_TRANSLATE_NOOP("keys", "post before and after")},
    {QT_TRANSLATE_NOOP("keys", "Painted post"), "Left Right", QT_TRANSLATE_NOOP("keys", "word before and after")},
    {"Painted post", "Up Down", QT_TRANSLATE_NOOP("keys", "word in the line above and below")},
    {"Painted post", "N P", QT_TRANSLATE_NOOP("keys", "next and previous word by score")},
    {"Painted post", "T F", QT_TRANSLATE_NOOP("keys", "to the classes, to choose target and foil")},
    {"Painted post", "Return", QT_TRANSLATE_NOOP("keys", "holds the ring")},
    {QT_TRANSLATE_NOOP("keys", "Marking words"), "Shift+Left Shift+Right", QT_TRANSLATE_NOOP("keys", "select words, as dragging does")},
    {"Marking words", "Return M", QT_TRANSLATE_NOOP("keys", "marks the selected words as telling")},
    {"Marking words", "S", QT_TRANSLATE_NOOP("keys", "marks them as shared")},
    {"Marking words", "Del", QT_TRANSLATE_NOOP("keys", "takes away the mark under the cursor")},
    {"Marking words", "Ctrl+Z Ctrl+Shift+Z", QT_TRANSLATE_NOOP("keys", "undo and redo")},
    {QT_TRANSLATE_NOOP("keys", "Classes"), "Up Down", QT_TRANSLATE_NOOP("keys", "choose a class")},
    {"Classes", "T Return Space", QT_TRANSLATE_NOOP("keys", "explains it as the target")},
    {"Classes", "F", QT_TRANSLATE_NOOP("keys", "makes it the foil, or no longer")},
    {QT_TRANSLATE_NOOP("keys", "Words, methods, attention"), "Left Right Up Down Home End Return", QT_TRANSLATE_NOOP("keys", "walk words, methods and heads; Return holds or chooses")},
    {QT_TRANSLATE_NOOP("keys", "What if"), "Left Right Home End", QT_TRANSLATE_NOOP("keys", "how many words are deleted")},
    {QT_TRANSLATE_NOOP("keys", "Compare"), "X", QT_TRANSLATE_NOOP("keys", "swaps A and B")},
    {"Compare", "Left Right Up Down Return", QT_TRANSLATE_NOOP("keys", "walk the overlap matrices; Return lists the posts behind a pair")},
    {QT_TRANSLATE_NOOP("keys", "Evaluate"), "Left Right Up Down", QT_TRANSLATE_NOOP("keys", "choose a cell")},
    {"Evaluate", "Return", QT_TRANSLATE_NOOP("keys", "opens the posts behind the cell")},
    {"Evaluate", "M", QT_TRANSLATE_NOOP("keys", "bars, numbers, ranks")},
};

QString tr(const char* s) { return QCoreApplication::translate("keys", s); }

void walk(const QMenu& menu, const QMenu* without, std::vector<KeyLine>& to) {
  for (const QAction* a : menu.actions()) {
    if (a->menu() && a->menu() != without) walk(*a->menu(), without, to);
    else if (!a->shortcuts().isEmpty()) to.push_back({a->shortcuts(), action_name(a->text())});
  }
}

QString shown(const QList<QKeySequence>& keys) {
  QStringList out;
  for (const QKeySequence& k : keys) {
    QString s = k.toString(QKeySequence::PortableText);
    for (const auto& [key, sign] : {std::pair{"Left", "←"}, {"Right", "→"}, {"Up", "↑"}, {"Down", "↓"}})
      if (s.endsWith(QLatin1String(key)) && !s.endsWith(QLatin1String("PgUp"))) s.replace(QLatin1String(key), QString::fromUtf8(sign));
    if (s.endsWith(QLatin1String("++"))) s.chop(2), s += QStringLiteral(" +");
    else if (s.endsWith(QLatin1String("+-"))) s.chop(2), s += QStringLiteral(" ") + QChar(0x2212);
    else s.replace(QLatin1Char('+'), QLatin1Char(' '));
    out << s;
  }
  return out.join(QLatin1String(keys.size() > 1 && !out[0].contains(QLatin1Char(' ')) ? "  " : ", "));
}

}  // namespace

QString action_name(QString name) { return name.remove(QLatin1Char('&')).remove(QChar(0x2026)); }

std::vector<KeySection> view_keys() {
  std::vector<KeySection> out;
  for (const ViewKey& k : in_views) {
    const QString name = tr(k.view);
    if (out.empty() || out.back().name != name) out.push_back({name, false, {}});
    QList<QKeySequence> keys;
    for (const QString& one : QString::fromLatin1(k.keys).split(QLatin1Char(' '))) keys << QKeySequence(one, QKeySequence::PortableText);
    out.back().lines.push_back({keys, tr(k.what)});
  }
  return out;
}

std::vector<KeySection> all_keys(const QMenuBar& menus, const QMenu* without) {
  std::vector<KeySection> out;
  for (const QAction* a : menus.actions())
    if (a->menu()) walk(*a->menu(), without, out.emplace_back(KeySection{action_name(a->text()), true, {}}).lines);
  for (KeySection& s : view_keys()) out.push_back(std::move(s));
  return out;
}

KeysDialog::KeysDialog(const Theme& theme, std::vector<KeySection> sections, QWidget* parent) : QDialog(parent), sections_(std::move(sections)) {
  setObjectName(QStringLiteral("keys"));
  setWindowTitle(QDialog::tr("Keyboard"));
  resize(static_cast<int>(theme.px(620)), static_cast<int>(theme.px(560)));
  auto* column = new QVBoxLayout(this);
  auto* scroll = new QScrollArea(this);
  scroll->setWidgetResizable(true);
  scroll->setAccessibleName(windowTitle());
  auto* page = new QWidget(scroll);
  auto* grid = new QGridLayout(page);
  grid->setColumnStretch(1, 1);
  grid->setHorizontalSpacing(20);
  grid->setVerticalSpacing(4);
  int row = 0;
  for (const KeySection& s : sections_) {
    if (s.lines.empty()) continue;
    auto* head = new QLabel(s.name, page);
    head->setFont(theme.font("table", Theme::Weight::semibold));
    head->setContentsMargins(0, row ? 8 : 0, 0, 0);
    grid->addWidget(head, row++, 0, 1, 2);
    for (const KeyLine& l : s.lines) {
      auto* key = new QLabel(shown(l.keys), page);
      key->setFont(theme.mono("table"));
      key->setObjectName(QStringLiteral("quiet"));
      key->setAlignment(Qt::AlignTop);
      auto* what = new QLabel(l.what, page);
      what->setFont(theme.font("table"));
      what->setWordWrap(true);
      grid->addWidget(key, row, 0);
      grid->addWidget(what, row++, 1);
    }
  }
  grid->setRowStretch(row, 1);
  scroll->setWidget(page);
  column->addWidget(scroll);
  auto* buttons = new QDialogButtonBox(QDialogButtonBox::Close, this);
  connect(buttons, &QDialogButtonBox::rejected, this, &QDialog::reject);
  column->addWidget(buttons);
}

}  // namespace telltale::ui
