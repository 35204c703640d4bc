// Marking words in Inspect: by mouse and by keyboard, undo, blind, several annotators, agreement, the filter. Pictures for people.
#include <QApplication>
#include <QCheckBox>
#include <QComboBox>
#include <QLineEdit>
#include <QSignalSpy>
#include <QToolButton>
#include <QtTest>

#include "evaluation/store_with_runs.hpp"
#include "store/marks.hpp"
#include "widgets/inspect/annotator.hpp"
#include "widgets/inspect/inspect_view.hpp"
#include "widgets/inspect/mark_bar.hpp"
#include "widgets/inspect/marked_post.hpp"
#include "widgets/inspect/posts_panel.hpp"
#include "widgets/inspect/words_table.hpp"

using namespace telltale;
using namespace telltale::ui;
namespace fs = std::filesystem;

namespace {

QString told(const std::vector<MarkedSpan>& spans, const std::string& text) {
  QString out;
  for (const MarkedSpan& s : spans) out += (out.isEmpty() ? QString() : QStringLiteral("|")) + QString::fromStdString(s.kind.substr(0, 1) + ":" + text.substr(static_cast<std::size_t>(s.begin), static_cast<std::size_t>(s.end - s.begin)));
  return out;
}

}  // namespace

class TestMarks : public QObject {
  Q_OBJECT
  std::unique_ptr<StoreWithRuns> made_;
  std::unique_ptr<Session> session_;
  std::unique_ptr<Theme> theme_;
  std::vector<std::int64_t> posts_;
  QTemporaryDir home_;

  struct Shown {
    std::unique_ptr<InspectView> view;
    MarkBar* bar;
    MarkedPost* post;
  };
  Shown show(std::int64_t document, QSize size = {1440, 860}) {
    Shown s{std::make_unique<InspectView>(*theme_), nullptr, nullptr};
    s.view->resize(size);
    s.view->show();
    s.view->set_session(session_.get());
    s.view->show_run(1, document);
    s.bar = s.view->findChild<MarkBar*>();
    s.post = s.view->findChild<MarkedPost*>();
    settle(s);
    s.view->set_marking(true);
    settle(s);
    return s;
  }
  static bool settle(Shown& s) { return QTest::qWaitFor([&] { return s.view->settled(); }, 20'000); }
  std::vector<MarkedSpan> kept(std::int64_t document, const std::string& annotator) {
    std::vector<MarkedSpan> out;
    for (const Mark& m : marks_of(session_->store(), document, annotator)) out.push_back(m.span);
    return out;
  }
  static QString word(const Shown& s, int w) {
    const Span span = s.view->post()->record.words[static_cast<std::size_t>(w)];
    return QString::fromStdString(s.view->post()->text.substr(static_cast<std::size_t>(span.begin), static_cast<std::size_t>(span.end - span.begin)));
  }
  static void drag(MarkedPost& post, int from, int to) {
    QTest::mousePress(&post, Qt::LeftButton, {}, post.box_of(from).center().toPoint());
    QMouseEvent move(QEvent::MouseMove, post.box_of(to).center(), post.mapToGlobal(post.box_of(to).center()), Qt::NoButton, Qt::LeftButton, {});
    QApplication::sendEvent(&post, &move);
    QTest::mouseRelease(&post, Qt::LeftButton, {}, post.box_of(to).center().toPoint());
  }

 private Q_SLOTS:
  void initTestCase() {
    const fs::path shared = shared_data();
    if (shared.empty()) QSKIP("reference data not found: set TELLTALE_SHARED or put it at ../shared");
    QSettings::setPath(QSettings::IniFormat, QSettings::UserScope, home_.path());  // the name that is remembered is not the user's
    qputenv("USER", "ann");
    made_ = std::make_unique<StoreWithRuns>(shared, 8, 8);
    Store::DocumentFilter filter;
    filter.dataset = made_->dataset;
    filter.split = "test";
    for (const std::int64_t id : made_->store->document_ids(filter))
      if (!made_->store->document(id).text.empty()) posts_.push_back(id);
    session_ = std::make_unique<Session>(made_->store->file());
    session_->training().set_compute({.threads = 1});
    fs::create_directories(fs::path(TELLTALE_BINARY_DIR) / "screenshots");
    theme_ = std::make_unique<Theme>(Theme::Mode::light);
    theme_->apply(*qApp);
  }
  void cleanupTestCase() { session_.reset(); }

  void by_keyboard_alone() {
    Shown s = show(posts_[0]);
    QCOMPARE(s.bar->annotator(), QStringLiteral("ann"));  // the login name
    QVERIFY(s.post->hasFocus());
    QTest::keyClick(s.post, Qt::Key_Home);
    QTest::keyClick(s.post, Qt::Key_Right);  // the second word
    QTest::keyClick(s.post, Qt::Key_Right, Qt::ShiftModifier);
    QTest::keyClick(s.post, Qt::Key_Return);
    const QString two = QStringLiteral("t:") + word(s, 1) + QLatin1Char(' ') + word(s, 2);
    const std::string& text = s.view->post()->text;
    QCOMPARE(told(s.bar->spans(), text), two);
    QVERIFY(settle(s));
    QCOMPARE(told(kept(posts_[0], "ann"), text), two);
    QVERIFY2(s.bar->status().contains(QStringLiteral("1 mark here")) && s.bar->status().contains(QStringLiteral("1 posts marked")), qPrintable(s.bar->status()));
    QTest::keyClick(s.post, Qt::Key_End);
    QTest::keyClick(s.post, Qt::Key_S);
    const QString last = word(s, static_cast<int>(s.view->post()->record.words.size()) - 1);
    QCOMPARE(told(s.bar->spans(), text), two + QStringLiteral("|s:") + last);
    // M over half of the shared word's neighbour leaves it; Delete takes the span under the cursor, whole.
    QTest::keyClick(s.post, Qt::Key_Home);
    QTest::keyClick(s.post, Qt::Key_Right);
    QTest::keyClick(s.post, Qt::Key_Delete);
    QCOMPARE(told(s.bar->spans(), text), QStringLiteral("s:") + last);
    QTest::keyClick(s.post, Qt::Key_Z, Qt::ControlModifier);
    QCOMPARE(told(s.bar->spans(), text), two + QStringLiteral("|s:") + last);
    QTest::keyClick(s.post, Qt::Key_Z, Qt::ControlModifier);
    QTest::keyClick(s.post, Qt::Key_Z, Qt::ControlModifier);
    QVERIFY(s.bar->spans().empty());
    QTest::keyClick(s.post, Qt::Key_Z, Qt::ControlModifier);  // nothing left to undo
    QVERIFY(s.bar->spans().empty());
    QTest::keyClick(s.post, Qt::Key_Z, Qt::ControlModifier | Qt::ShiftModifier);
    QCOMPARE(told(s.bar->spans(), text), two);
    QVERIFY(settle(s));
    QCOMPARE(told(kept(posts_[0], "ann"), text), two);  // the file has what is shown, however fast it went
    // Escape lets a selection go and marks nothing.
    QTest::keyClick(s.post, Qt::Key_Home);
    QTest::keyClick(s.post, Qt::Key_Right, Qt::ShiftModifier);
    QTest::keyClick(s.post, Qt::Key_Escape);
    QCOMPARE(told(s.bar->spans(), text), two);
  }

  void by_mouse() {
    Shown s = show(posts_[1]);
    const std::string& text = s.view->post()->text;
    drag(*s.post, 0, 2);
    const QString three = word(s, 0) + QLatin1Char(' ') + word(s, 1) + QLatin1Char(' ') + word(s, 2);
    QVERIFY2(told(s.bar->spans(), text).startsWith(QStringLiteral("t:") + three.left(3)), qPrintable(told(s.bar->spans(), text)));
    QCOMPARE(s.bar->spans().size(), 1u);
    QCOMPARE(s.bar->spans()[0].end, s.view->post()->record.words[2].end);
    // A click is no mark; a double click marks one word, of the kind chosen; dragging backwards is dragging.
    QTest::mouseClick(s.post, Qt::LeftButton, {}, s.post->box_of(4).center().toPoint());
    QCOMPARE(s.bar->spans().size(), 1u);
    for (auto* b : s.bar->findChildren<QAbstractButton*>())
      if (b->accessibleName() == QStringLiteral("Kind of mark: Shared")) QTest::mouseClick(b, Qt::LeftButton);
    QTest::mouseDClick(s.post, Qt::LeftButton, {}, s.post->box_of(5).center().toPoint());
    QCOMPARE(s.bar->spans().size(), 2u);
    QCOMPARE(s.bar->spans()[1].kind, std::string("shared"));
    drag(*s.post, 2, 1);  // shared over a part of telling: that is cut back
    QCOMPARE(s.bar->spans().size(), 3u);
    QVERIFY(s.bar->spans()[0].kind == "telling" && s.bar->spans()[0].end <= s.view->post()->record.words[1].begin && s.bar->spans()[1].kind == "shared");
    // Buttons: a word is chosen by a click, its mark taken away by the button; undo.
    QTest::mouseClick(s.post, Qt::LeftButton, {}, s.post->box_of(5).center().toPoint());
    for (auto* b : s.bar->findChildren<QToolButton*>())
      if (b->accessibleName().contains(QStringLiteral("(Delete)"))) QTest::mouseClick(b, Qt::LeftButton);
    QCOMPARE(s.bar->spans().size(), 2u);
    QTest::mouseClick(s.bar->undo_button(), Qt::LeftButton);
    QCOMPARE(s.bar->spans().size(), 3u);
    QVERIFY(settle(s));
    QCOMPARE(kept(posts_[1], "ann").size(), 3u);
    // Shown again later: as it was left.
    Shown again = show(posts_[1]);
    QCOMPARE(told(again.bar->spans(), again.view->post()->text), told(s.bar->spans(), text));
  }

  void agreement_with_the_explanation() {
    Shown s = show(posts_[2]);
    QVERIFY(!s.bar->status().contains(QStringLiteral("AUPRC")));
    // The very word with the highest score: precision and recall are 1.
    s.post->move_to(static_cast<int>(s.view->post()->view.ranked.front().word));
    QTest::keyClick(s.post, Qt::Key_M);
    QVERIFY2(s.bar->status().contains(QStringLiteral("AUPRC 1.000, token F1 1.000 (k = 1)")), qPrintable(s.bar->status()));
    QTest::keyClick(s.post, Qt::Key_Delete);
    // The word with the lowest alone: found last of n, so the average precision is 1/n; the top word is not it.
    s.post->move_to(static_cast<int>(s.view->post()->view.ranked.back().word));
    QTest::keyClick(s.post, Qt::Key_M);
    const double n = static_cast<double>(s.view->post()->record.words.size());
    QVERIFY2(s.bar->status().contains(QStringLiteral("AUPRC %1, token F1 0.000").arg(1 / n, 0, 'f', 3)), qPrintable(s.bar->status()));
  }

  void blind() {
    Shown s = show(posts_[3]);
    auto* words = s.view->findChild<WordsTable*>();
    auto* list = s.view->findChild<PostList*>();
    QVERIFY(words->isVisible());
    QTest::mouseMove(s.post, s.post->box_of(0).center().toPoint());
    const QImage seen = s.post->grab().toImage();
    s.bar->hide_box()->setChecked(true);
    QVERIFY(s.bar->blind());
    QVERIFY(!words->isVisible());  // the panels about scores are gone
    for (int w = 0; w < static_cast<int>(s.view->post()->record.words.size()); ++w) {
      const QPoint corner = s.post->box_of(w).topLeft().toPoint() + QPoint(2, 2);
      QCOMPARE(s.post->grab().toImage().pixelColor(corner), (*theme_)["panel"]);  // no ground behind a word
    }
    QVERIFY(s.post->grab().toImage() != seen);
    for (int i = 0; i < list->model()->rowCount(); ++i) {
      const auto line = list->model()->index(i, 0).data(PostModel::LineRole).value<PostLine>();
      QVERIFY(line.predicted.isEmpty() && std::isnan(line.confidence) && !line.gold.isEmpty());
    }
    QTest::keyClick(s.post, Qt::Key_Home);
    const int before = s.post->ring();
    QTest::keyClick(s.post, Qt::Key_N);  // the order by score is a secret too
    QCOMPARE(s.post->ring(), before);
    QTest::keyClick(s.post, Qt::Key_M);
    QVERIFY(!s.bar->status().contains(QStringLiteral("AUPRC")) && s.bar->status().contains(QStringLiteral("class ")));
    s.bar->hide_box()->setChecked(false);
    QVERIFY(words->isVisible() && s.bar->status().contains(QStringLiteral("AUPRC")));
    s.bar->hide_box()->setChecked(true);
    s.view->set_marking(false);  // out of the mode all is as before
    QVERIFY(!s.bar->isVisible() && words->isVisible());
    QVERIFY(settle(s));
  }

  void several_annotators() {
    set_marks(*made_->store, posts_[4], "bob", {{0, 3, "telling"}});
    Shown s = show(posts_[4]);
    QVERIFY(s.bar->spans().empty());  // bob's are not mine
    s.bar->name_field()->setText(QStringLiteral("  bob "));
    QTest::keyClick(s.bar->name_field(), Qt::Key_Return);
    QVERIFY(settle(s));
    QCOMPARE(s.bar->annotator(), QStringLiteral("bob"));
    QCOMPARE(s.bar->spans().size(), 1u);
    QCOMPARE(annotator_name(), QStringLiteral("bob"));  // remembered
    s.bar->name_field()->setText(QStringLiteral("majority"));
    QTest::keyClick(s.bar->name_field(), Qt::Key_Return);
    QCOMPARE(s.bar->annotator(), QStringLiteral("bob"));
    QVERIFY2(s.bar->status().contains(QStringLiteral("is no name")), qPrintable(s.bar->status()));
    s.bar->name_field()->setText(QStringLiteral("ann"));
    QTest::keyClick(s.bar->name_field(), Qt::Key_Return);
    QVERIFY(settle(s));
    QVERIFY(s.bar->spans().empty());
    s.bar->others_box()->setChecked(true);  // drawn thin, still not mine
    QVERIFY(s.bar->spans().empty());
    QCOMPARE(kept(posts_[4], "bob").size(), 1u);
  }

  void the_list_can_be_filtered() {
    Shown s = show(posts_[5]);
    auto* list = s.view->findChild<PostList*>();
    auto* panel = s.view->findChild<PostsPanel*>();
    QComboBox* marks = nullptr;
    for (auto* c : panel->findChildren<QComboBox*>())
      if (c->accessibleName() == QStringLiteral("Marks of the posts")) marks = c;
    QVERIFY(marks);
    const auto choose = [&](int i) {
      marks->setCurrentIndex(i);
      Q_EMIT marks->activated(i);
    };
    const int all = list->count(), here = static_cast<int>(marked_documents(session_->store(), made_->dataset).size());
    QVERIFY(here > 0 && here < all);
    choose(1);
    QCOMPARE(list->count(), here);
    choose(2);
    QCOMPARE(list->count(), all - here);
    choose(3);
    QCOMPARE(list->count(), static_cast<int>(imported_documents(session_->store(), made_->dataset).size()));
    choose(1);
    QTest::keyClick(s.post, Qt::Key_Home);
    QTest::keyClick(s.post, Qt::Key_M);
    QVERIFY(QTest::qWaitFor([&] { return list->count() == here + 1; }, 5000));  // a post that was just marked joins
    panel->clear_filters();
    QCOMPARE(list->count(), all);
  }

  void a_file_that_is_locked_says_so() {
    Shown s = show(posts_[6]);
    // Refused by the store: what is shown goes back to what the file has.
    QSignalSpy failed(s.view.get(), &InspectView::failed);
    Q_EMIT s.post->mark_asked(0, 1 << 20, QStringLiteral("telling"));
    QVERIFY(QTest::qWaitFor([&] { return failed.count() > 0; }, 5000));
    QVERIFY(settle(s));
    QVERIFY2(s.bar->status().contains(QStringLiteral("ends past the text")) || s.bar->status().contains(QStringLiteral("Not stored")), qPrintable(s.bar->status()));
    QVERIFY(s.bar->spans().empty());
    QVERIFY(kept(posts_[6], "ann").empty());
  }

  void what_waits_is_stored_when_the_file_closes() {
    Shown s = show(posts_[7]);
    QTest::keyClick(s.post, Qt::Key_Home);
    for (int k = 0; k < 5; ++k) {
      QTest::keyClick(s.post, Qt::Key_M);
      QTest::keyClick(s.post, Qt::Key_Right);
    }
    const auto spans = s.bar->spans();
    QCOMPARE(spans.size(), 5u);
    s.view->set_session(nullptr);
    QCOMPARE(kept(posts_[7], "ann").size(), 5u);
  }

  void pictures() {
    for (const auto mode : {Theme::Mode::light, Theme::Mode::dark}) {
      theme_->set_mode(mode);
      for (const QSize size : {QSize(1440, 860), QSize(1024, 640)}) {
        Shown s = show(posts_[1], size);
        s.bar->others_box()->setChecked(true);
        QTest::keyClick(s.post, Qt::Key_Home);
        QTest::keyClick(s.post, Qt::Key_Right, Qt::ShiftModifier);
        QTest::qWait(100);
        QCOMPARE(s.view->width(), size.width());
        const auto save = [&](const char* what) {
          QVERIFY(s.view->grab().save(QString::fromStdString((fs::path(TELLTALE_BINARY_DIR) / "screenshots" / ("marks-" + std::string(what) + (mode == Theme::Mode::light ? "light-" : "dark-") + std::to_string(size.width()) + ".png")).string())));
        };
        save("");
        s.bar->hide_box()->setChecked(true);
        QTest::qWait(50);
        save("blind-");
        for (QWidget* w : s.bar->findChildren<QWidget*>())
          if (w->focusPolicy() & Qt::TabFocus) QVERIFY2(!w->accessibleName().isEmpty() || !qobject_cast<QAbstractButton*>(w) || !qobject_cast<QAbstractButton*>(w)->text().isEmpty(), w->metaObject()->className());
      }
    }
    theme_->set_mode(Theme::Mode::light);
  }
};

QTEST_MAIN(TestMarks)
#include "test_marks.moc"
