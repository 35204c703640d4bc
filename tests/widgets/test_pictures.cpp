// Every workspace of the window in light, dark and at 1024 x 640: pictures in BUILD/screenshots for people to look at, and what can be asserted
// of them: no text is cut off, text keeps its contrast on every ground, no chart is empty.
#include <QAbstractScrollArea>
#include <QApplication>
#include <QHeaderView>
#include <QLabel>
#include <QScrollArea>
#include <QScrollBar>
#include <QSettings>
#include <QTableView>
#include <QTemporaryDir>
#include <QtTest>

#include "app/workbench/main_window.hpp"
#include "evaluation/evaluation.hpp"
#include "report/example.hpp"
#include "text_spy.hpp"
#include "tiny_model.hpp"
#include "widgets/compare/compared_post.hpp"
#include "widgets/compare/compare_view.hpp"
#include "widgets/evaluate/evaluate_view.hpp"
#include "widgets/geometry/geometry_panel.hpp"
#include "widgets/inspect/inspect_view.hpp"
#include "widgets/painted_post.hpp"
#include "widgets/plot/chart_grid.hpp"
#include "widgets/runs/film_panel.hpp"
#include "widgets/runs/runs_view.hpp"
#include "widgets/runs/segments.hpp"
#include "widgets/shell/run_dock.hpp"

using namespace telltale;
using namespace telltale::ui;
namespace fs = std::filesystem;

namespace {

constexpr int patience = 60'000;
struct View {
  Workspace workspace;
  const char* name;
};
constexpr View views[] = {{Workspace::welcome, "welcome"}, {Workspace::runs, "runs"}, {Workspace::new_run, "new-run"}, {Workspace::inspect, "inspect"}, {Workspace::compare, "compare"}, {Workspace::evaluate, "evaluate"}};

/// Whether a reader can scroll there: what leaves the view at an edge of such an area is not cut off.
bool scrolls(const QWidget* w, bool across) {
  for (; w && !w->isWindow(); w = w->parentWidget()) {
    const auto* area = qobject_cast<const QAbstractScrollArea*>(w);
    if (area && (across ? area->horizontalScrollBar() : area->verticalScrollBar())->maximum() > 0) return true;
  }
  return false;
}

QString path_of(const QWidget* w) {
  QStringList names;
  for (; w && !w->isWindow() && names.size() < 4; w = w->parentWidget()) names.prepend(QLatin1String(w->metaObject()->className()) + (w->accessibleName().isEmpty() ? QString() : QLatin1Char('[') + w->accessibleName().left(30) + QLatin1Char(']')));
  return names.join(QStringLiteral(" > "));
}

}  // namespace

class TestPictures : public QObject {
  Q_OBJECT
  QTemporaryDir dir_;
  QString file_;
  fs::path screenshots_;
  std::vector<std::int64_t> drawn_, trained_;  ///< runs: of the example, with a comparison; two that were trained, with weights
  std::int64_t post_ = 0;
  std::unique_ptr<Theme> theme_;

  QImage picture(MainWindow& w, const QString& name) {
    QTest::qWait(60);
    const QImage image = w.grab().toImage().convertToFormat(QImage::Format_RGB32);
    if (!image.save(QString::fromStdString((screenshots_ / (name.toStdString() + ".png")).string()))) qWarning("not saved: %s", qPrintable(name));
    return image;
  }

  /// What is cut off, or hardly to be read.
  static QStringList faults(MainWindow& w, const QImage& image) {
    QStringList out;
    const double ratio = image.width() / static_cast<double>(w.width());
    for (const test::DrawnText& t : test::texts_of(w)) {
      const QString text = t.text.simplified();
      if (text.isEmpty() || t.seen.isEmpty() || !t.seen.intersects(t.box)) continue;
      const QWidget* at = w.childAt((t.box & t.seen).center().toPoint());
      // Rendered into another device, some views draw a part a second time in coordinates of their own: that is not on the screen.
      const QRectF there = t.box.translated(t.seen.topLeft());
      if (t.seen.adjusted(-2, -3, 2, 3).contains(there)) continue;
      if (scrolls(at, false) && there.left() >= t.seen.left() - 2 && there.right() <= t.seen.right() + 2 && t.box.left() < t.seen.left() - 1.5) continue;  // a row half scrolled away
      for (const QWidget* h = at; h; h = h->parentWidget())
        if (qobject_cast<const QHeaderView*>(h) && text.endsWith(QChar(0x2026))) out << QStringLiteral("head elided: %1 in %2").arg(text, path_of(h));
      const QString where = QStringLiteral("“%1” in %2").arg(text.left(40), path_of(at));
      // Descent and ascent hold room that letters hardly use: two pixels of it may be missing.
      const bool wide = t.box.left() >= t.seen.left() - 1.5 && t.box.right() <= t.seen.right() + 1.5, high = t.box.top() >= t.seen.top() - 2.5 && t.box.bottom() <= t.seen.bottom() + 2.5;
      if (!wide && !scrolls(at, true)) out << QStringLiteral("cut off: %1, %2 to %3 of %4 to %5").arg(where).arg(t.box.left()).arg(t.box.right()).arg(t.seen.left()).arg(t.seen.right());
      if (!high && !scrolls(at, false)) out << QStringLiteral("cut off: %1, %2 to %3 down of %4 to %5").arg(where).arg(t.box.top()).arg(t.box.bottom()).arg(t.seen.top()).arg(t.seen.bottom());
      if (!wide || !high || !at || !at->isEnabled() || t.opacity < 1) continue;
      const double contrast = test::contrast_of(t.ink, test::ground_in(image, t.box, ratio));
      if (contrast < 4.45) out << QStringLiteral("contrast %1: %2, %3 on %4").arg(contrast, 0, 'f', 2).arg(where, t.ink.name(), test::ground_in(image, t.box, ratio).name());
    }
    // Controls that their own page does not show in full.
    for (const QWidget* c : w.findChildren<QWidget*>()) {
      const bool matters = qobject_cast<const QAbstractButton*>(c) || qobject_cast<const QLabel*>(c) || c->focusPolicy() & Qt::TabFocus;
      if (!c->isVisible() || !matters || c->isWindow() || qobject_cast<const QAbstractScrollArea*>(c)) continue;
      const QRect seen = c->visibleRegion().boundingRect();
      if (seen.width() * seen.height() < 50) continue;  // of a page that lies behind
      if ((seen.width() < c->width() - 1 && !scrolls(c->parentWidget(), true)) || (seen.height() < c->height() - 1 && !scrolls(c->parentWidget(), false)))
        out << QStringLiteral("half seen: %1, %2 x %3 of %4 x %5").arg(path_of(c)).arg(seen.width()).arg(seen.height()).arg(c->width()).arg(c->height());
    }
    // Charts: each is drawn or says why not, and no label touches the edge.
    for (ChartGrid* g : w.findChildren<ChartGrid*>()) {
      if (!g->isVisible() || g->visibleRegion().isEmpty()) continue;
      const QPoint origin = g->mapTo(&w, QPoint());
      const QColor panel = test::ground_in(image, QRectF(origin, g->size()), ratio);
      for (int i = 0; i < g->count(); ++i) {
        const QRect box = g->plot_box(i).translated(origin);
        int inked = 0;
        for (int y = box.top(); y <= box.bottom(); ++y)
          for (int x = box.left(); x <= box.right(); ++x) {
            const QColor c(image.pixel(static_cast<int>(x * ratio), static_cast<int>(y * ratio)));
            inked += c.saturation() > 60 || test::contrast_of(c, panel) > 2.5;
          }
        const bool filled = !g->data(i).lines.empty() || !g->data(i).areas.empty();
        if (!filled && g->data(i).empty.isEmpty()) out << QStringLiteral("an empty chart: %1 %2").arg(path_of(g), g->title(i).name);
        if (inked < 12) out << QStringLiteral("nothing drawn: chart %1 of %2, %3 pixels").arg(g->title(i).name, path_of(g)).arg(inked);
      }
      for (const int x : {origin.x() + 1, origin.x() + g->width() - 2})
        for (int y = origin.y() + 2; y < origin.y() + g->height() - 2; ++y)
          if (const QColor c(image.pixel(static_cast<int>(x * ratio), static_cast<int>(y * ratio))); test::contrast_of(c, panel) > 2.2) {
            out << QStringLiteral("a label at the edge: %1, %2 down").arg(path_of(g)).arg(y - origin.y());
            break;
          }
    }
    out.removeDuplicates();
    return out;
  }

 private Q_SLOTS:
  void initTestCase() {
    QSettings::setPath(QSettings::IniFormat, QSettings::UserScope, dir_.filePath(QStringLiteral("settings")));
    screenshots_ = fs::path(TELLTALE_BINARY_DIR) / "screenshots";
    fs::create_directories(screenshots_);
    theme_ = std::make_unique<Theme>(Theme::Mode::light);
    theme_->apply(*qApp);
    file_ = dir_.filePath(QStringLiteral("newsgroups.telltale"));
    auto store = Store::open(file_.toStdString(), Store::Mode::create);
    drawn_ = test::Example(2).fill(*store);
    const auto model = test::make_tiny_model(fs::path(dir_.path().toStdString()) / "tiny");
    auto ids = store->document_ids({.dataset = 1, .split = "test"});
    post_ = ids.at(7);
    ids.resize(3);
    store->set_value("film.pinned", Json(ids));
    for (const char* preset : {"baseline", "contrastive"}) {
      TrainRequest r = test::tiny_request(*store, model, preset, 2);
      for (const char* s : {"film_steps=20", "validate_steps=20", "share_steps=5"}) assign(r.settings, s);
      TrainOptions options;
      options.compute.threads = 1;
      options.predict_cost = false;
      const RunRecord run = train(*store, r, options);
      QCOMPARE(run.status, RunStatus::finished);
      trained_.push_back(run.id);
      EvaluationOptions e;
      e.methods = {"gradient-x-input", "saliency-l2", "occlusion", random_method};
      e.metrics = {"comprehensiveness", "log-odds", "deletion-auc", "gini"};
      e.limit = 12;
      e.resamples = 200;
      e.compute.threads = 1;
      (void)evaluate_run(*store, run.id, e);
    }
  }
  void cleanup() { theme_->set_mode(Theme::Mode::light); }

  void every_view_data() {
    QTest::addColumn<int>("view");
    QTest::addColumn<bool>("dark");
    QTest::addColumn<QSize>("size");
    for (std::size_t v = 0; v < std::size(views); ++v)
      for (const bool dark : {false, true})
        for (const QSize size : {QSize(1440, 900), QSize(1024, 640)})
          QTest::newRow(qPrintable(QStringLiteral("%1-%2-%3x%4").arg(QLatin1String(views[v].name), dark ? QStringLiteral("dark") : QStringLiteral("light")).arg(size.width()).arg(size.height()))) << static_cast<int>(v) << dark << size;
  }

  void every_view() {
    QFETCH(int, view);
    QFETCH(bool, dark);
    QFETCH(QSize, size);
    theme_->set_mode(dark ? Theme::Mode::dark : Theme::Mode::light);
    MainWindow w(*theme_);
    w.resize(size);
    w.show();
    const View& v = views[view];
    if (v.workspace != Workspace::welcome) {
      w.open(file_.toStdString());
      w.session()->training().set_compute({"cpu", 1, Precision::fp32});
      w.dock().show_only(trained_);
      w.dock().select(trained_[1]);
      if (v.workspace == Workspace::inspect) w.inspect().show_run(trained_[1], post_);
      if (v.workspace == Workspace::compare) w.compare().show_runs(drawn_, 0);
      w.show_workspace(v.workspace);
    }
    QTRY_VERIFY_WITH_TIMEOUT(w.settled(), patience);
    QTest::qWait(150);
    QTRY_VERIFY_WITH_TIMEOUT(w.settled(), patience);
    QCOMPARE(w.size(), size);
    const QString name = QStringLiteral("window-%1").arg(QLatin1String(QTest::currentDataTag()));
    QStringList found = faults(w, picture(w, name));
    if (v.workspace == Workspace::runs && size.width() < 1280) {  // the other lower panels are a click away
      auto* which = [&]() -> Segments* {
        for (auto* s : w.runs()->findChildren<Segments*>())
          if (s->accessibleName() == QStringLiteral("Lower panel")) return s;
        return nullptr;
      }();
      QVERIFY(which && which->isVisible());
      for (int i = 1; i <= 4; ++i) {
        which->button(i)->click();
        QTRY_VERIFY_WITH_TIMEOUT(w.settled(), patience);
        found << faults(w, picture(w, name + QStringLiteral("-%1").arg(i)));
      }
    }
    QVERIFY2(found.isEmpty(), qPrintable(QStringLiteral("\n") + found.join(QLatin1Char('\n'))));
  }
};

QTEST_MAIN(TestPictures)
#include "test_pictures.moc"
