#include "app/workbench/welcome_view.hpp"

#include <QLabel>
#include <QPainter>
#include <QPainterPath>
#include <QPushButton>
#include <QVBoxLayout>

#include "widgets/panel.hpp"

namespace telltale::ui {
namespace {

/// The pennant: two telltales on a shroud.
class Mark : public QWidget {
 public:
  Mark(Theme& theme, QWidget* parent) : QWidget(parent), theme_(theme) { setFixedSize(38, 44); }

 protected:
  void paintEvent(QPaintEvent*) override {
    QPainter p(this);
    p.setRenderHint(QPainter::Antialiasing);
    p.fillRect(QRectF(3, 2, 3.5, 40), theme_["text2"]);
    const auto flag = [&](qreal y, qreal w, const Rgb& c) {
      QPainterPath path(QPointF(9, y + 3));
      path.cubicTo(15, y - 1, 19, y + 7, 9 + w, y + 3);
      path.lineTo(5 + w, y + 9);
      path.lineTo(9 + w, y + 15);
      path.cubicTo(19, y + 19, 15, y + 11, 9, y + 15);
      path.closeSubpath();
      p.fillPath(path, colour(c));
    };
    flag(3, 25, theme_.colours().for_target.stops().back());
    flag(19, 20, theme_.colours().against_target.stops().back());
  }

 private:
  Theme& theme_;
};

}  // namespace

WelcomeView::WelcomeView(Theme& theme, QWidget* parent) : QWidget(parent), theme_(theme) {
  auto* all = new QVBoxLayout(this);
  all->addStretch(2);
  auto* middle = new QWidget(this);
  middle->setMaximumWidth(700);
  auto* column = new QVBoxLayout(middle);
  column->setSpacing(12);
  auto* head = new QHBoxLayout;
  head->setSpacing(16);
  head->addWidget(new Mark(theme, middle));
  auto* words = new QVBoxLayout;
  words->setSpacing(0);
  auto* name = new QLabel(QStringLiteral("Telltale"), middle);
  name->setFont(theme.font("hero", Theme::Weight::semibold));
  auto* what = new QLabel(tr("Finetune a classifier, and see which words told the classes apart."), middle);
  what->setObjectName(QStringLiteral("quiet"));
  words->addWidget(name);
  words->addWidget(what);
  head->addLayout(words, 1);
  column->addLayout(head);
  auto* panel = new Panel(theme, tr("Open a file"), middle);
  auto* inside = new QVBoxLayout;
  inside->setContentsMargins(16, 14, 16, 16);
  inside->setSpacing(12);
  auto* open = new QPushButton(tr("Open file…"), panel);
  open->setObjectName(QStringLiteral("primary"));
  open->setFixedWidth(150);
  open->setMinimumHeight(26);
  open->setDefault(true);
  auto* hint = new QLabel(tr("a .telltale file with runs and explanations   ·   Ctrl O, or drop it anywhere in this window"), panel);
  hint->setObjectName(QStringLiteral("quiet"));
  hint->setFont(theme.font("table"));
  hint->setWordWrap(true);
  inside->addWidget(open);
  inside->addWidget(hint);
  panel->body()->addLayout(inside);
  column->addWidget(panel);
  auto* make = new Panel(theme, tr("Make one"), middle);
  make->set_caption(tr("in a terminal; this window reads what is there"));
  auto* lines = new QLabel(QStringLiteral("telltale data import posts.jsonl --db my.telltale --name posts\n"
                                          "telltale train --db my.telltale --data posts --model FOLDER --preset contrastive\n"
                                          "telltale explain --db my.telltale --run 1 --doc 1 --method integrated-gradients\n"
                                          "telltale compare --db my.telltale --runs 1,2"),
                           make);
  lines->setFont(theme.mono("table"));
  lines->setTextInteractionFlags(Qt::TextSelectableByMouse | Qt::TextSelectableByKeyboard);
  lines->setContentsMargins(16, 12, 16, 14);
  lines->setWordWrap(true);
  make->body()->addWidget(lines);
  column->addWidget(make);
  auto* centre = new QHBoxLayout;
  centre->addStretch(1);
  centre->addWidget(middle, 12);
  centre->addStretch(1);
  all->addLayout(centre);
  all->addStretch(3);
  connect(open, &QPushButton::clicked, this, &WelcomeView::open_asked);
  connect(&theme, &Theme::changed, this, qOverload<>(&QWidget::update));
}

void WelcomeView::paintEvent(QPaintEvent*) {
  QPainter p(this);
  p.fillRect(rect(), theme_["window"]);
}

}  // namespace telltale::ui
