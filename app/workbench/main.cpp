// `telltale-workbench [FILE.telltale]`: the window. With --grab it draws one view into a picture and ends.
#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <QApplication>
#include <QElapsedTimer>
#include <QPixmap>
#include <QStyleHints>
#include <QThread>
#include <QScreen>
#include <cstdio>

#include "app/workbench/main_window.hpp"
#include "app/workbench/parts.hpp"
#include "model/classifier.hpp"
#include "report/post_text.hpp"
#include "widgets/shell/appearance.hpp"
#include "widgets/shell/run_dock.hpp"
#include "widgets/shell/watchdog.hpp"

namespace {

using namespace telltale;
using namespace telltale::ui;

struct Options {
  std::string file, grab, workspace, theme, size = "1440x900";
  std::vector<std::int64_t> runs;
  std::int64_t doc = 0;
  double scale = 1;
  QSize pixels{1440, 900};
};

std::string one_line(std::string s) {
  s = clean_utf8(s);
  if (const auto end = s.find('\n'); end != s.npos) s.resize(end);
  return s;
}

int fail(int status, const std::string& message) {
  std::fprintf(stderr, "telltale-workbench: %s\n", one_line(message).c_str());
  return status;
}

/// Bad usage that the parser cannot see; fills `pixels`.
void check(Options& o) {
  int w = 0, h = 0;
  char rest = 0;
  if (std::sscanf(o.size.c_str(), "%5dx%5d%c", &w, &h, &rest) != 2 || w < 800 || h < 560 || w > 8192 || h > 8192)
    throw std::invalid_argument(fmt::format("--size '{}': expected WIDTHxHEIGHT from 800x560 to 8192x8192", o.size));
  o.pixels = {w, h};
  if ((o.workspace == "runs" && !has_runs_view) || (o.workspace == "new-run" && !has_new_run_view) || (o.workspace == "evaluate" && !has_evaluate_view))
    throw std::invalid_argument(fmt::format("--workspace {}: this version does not draw it", o.workspace));
  if (o.grab.empty()) return;
  const auto dot = o.grab.rfind('.');
  std::string ending = dot == o.grab.npos ? "" : o.grab.substr(dot + 1);
  for (char& c : ending) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  if (ending != "png") throw std::invalid_argument(fmt::format("--grab '{}': expected a name that ends in .png", o.grab));
  if (o.workspace.empty()) o.workspace = o.file.empty() ? "welcome" : "inspect";
  if (o.file.empty() && o.workspace != "welcome") throw std::invalid_argument(fmt::format("--workspace {} needs a FILE.telltale", o.workspace));
}

/// Shows what was asked for. Throws what the views throw.
void arrange(MainWindow& window, const Options& o) {
  if (o.file.empty()) return;
  window.open(o.file);
  if (o.workspace == "welcome") {
    window.show_workspace(Workspace::welcome);
  } else if (o.workspace == "runs" || o.workspace == "new-run") {
    for (const std::int64_t run : o.runs) window.session()->store().run(run);  // throws, with the runs there are
    if (!o.runs.empty()) {
      window.dock().show_only(o.runs);
      window.dock().select(o.runs.back());
    }
    window.show_workspace(o.workspace == "runs" ? Workspace::runs : Workspace::new_run);
  } else if (o.workspace == "evaluate") {
    evaluate_runs(window.evaluate(), o.runs);
    window.show_workspace(Workspace::evaluate);
  } else if (o.workspace == "compare") {
    window.show_workspace(Workspace::compare);  // what is wrong with the runs is said over the page where others are chosen
    window.compare().show_runs(o.runs, o.doc);
  } else if (!o.runs.empty() || o.doc || o.workspace == "inspect") {
    if (o.runs.size() > 1) throw std::invalid_argument("--run: inspect shows one run");
    const std::int64_t run = o.runs.empty() ? window.inspect().run() : o.runs[0];
    if (run == 0) throw std::invalid_argument(fmt::format("{}: holds no runs", o.file));
    window.inspect().show_run(run, o.doc);
    window.show_workspace(Workspace::inspect);
  }
}

void grab(MainWindow& window, const Options& o) {
  window.setAttribute(Qt::WA_DontShowOnScreen);
  window.resize(o.pixels);
  window.show();
  // What is read or computed for the screen comes first: twice in a row nothing may be on its way. Then layouts settle.
  QElapsedTimer waited;
  int quiet = 0;
  for (waited.start(); waited.elapsed() < 120'000 && quiet < 2;) {
    QCoreApplication::processEvents(QEventLoop::AllEvents, 50);
    QThread::msleep(5);
    QElapsedTimer still;
    for (still.start(); o.workspace != "welcome" && still.elapsed() < 80;) QCoreApplication::processEvents(QEventLoop::AllEvents, 10);
    quiet = window.settled() ? quiet + 1 : 0;
  }
  for (int i = 0; i < 5; ++i) QCoreApplication::sendPostedEvents(), QCoreApplication::processEvents();
  QPixmap picture(o.pixels * o.scale);
  picture.setDevicePixelRatio(o.scale);
  picture.fill(Qt::transparent);
  window.render(&picture);
  if (!picture.save(QString::fromStdString(o.grab), "PNG")) throw std::runtime_error(fmt::format("{}: cannot be written", o.grab));
}

}  // namespace

int main(int argc, char** argv) {
  prepare_process();
  Options o;
  CLI::App cli("Shows what a classifier leans on: runs, explanations and comparisons of a .telltale file.", "telltale-workbench");
  cli.set_version_flag("--version", "telltale-workbench " TELLTALE_VERSION);
  cli.add_option("file", o.file, "The .telltale file to open");
  cli.add_option("--grab", o.grab, "Draw one view into this PNG and end");
  cli.add_option("--workspace", o.workspace, "The view to draw or to begin with")->check(CLI::IsMember({"runs", "new-run", "inspect", "compare", "evaluate", "welcome"}));
  cli.add_option("--run", o.runs, "Run to show; two, with a comma, for compare; up to four for evaluate")->delimiter(',');
  cli.add_option("--doc", o.doc, "Post to show");
  cli.add_option("--theme", o.theme, "light or dark (default: as the system)")->check(CLI::IsMember({"light", "dark"}));
  const CLI::Option* sized_option = cli.add_option("--size", o.size, "Size of the picture or window")->capture_default_str();
  cli.add_option("--scale", o.scale, "Pixels of the picture per unit of --size")->check(CLI::Range(0.5, 4.0) & CLI::Validator([](const std::string& text) { return text.find_first_of("nN") == text.npos ? std::string() : "a number expected, got " + text; }, ""))->capture_default_str();
  try {
    cli.parse(argc, argv);
    check(o);
  } catch (const CLI::ParseError& e) {
    if (e.get_exit_code() != 0) return fail(2, std::string(e.what()) + " (see telltale-workbench --help)");
    return cli.exit(e);
  } catch (const std::invalid_argument& e) {
    return fail(2, e.what());
  }

  const bool sized = sized_option->count() > 0;
  // Without a display Qt would end the program with a core dump: a picture needs none, a window says so.
  if (!std::getenv("QT_QPA_PLATFORM") && !std::getenv("DISPLAY") && !std::getenv("WAYLAND_DISPLAY")) {
    if (o.grab.empty()) return fail(1, "no display: set DISPLAY or WAYLAND_DISPLAY, or draw a picture with --grab OUT.png");
    setenv("QT_QPA_PLATFORM", "offscreen", 0);
  }
  // On consoles and in scripts there is often no XDG_RUNTIME_DIR: Qt finds another place and says so, of which nobody has any use.
  static QtMessageHandler others = nullptr;
  others = qInstallMessageHandler([](QtMsgType type, const QMessageLogContext& context, const QString& message) {
    if (!message.startsWith(QLatin1String("QStandardPaths: XDG_RUNTIME_DIR not set"))) others(type, context, message);
  });
  // The arguments are read: Qt gets none, so that none is taken for its own.
  int none = 1;
  QApplication app(none, argv);
  QApplication::setApplicationName(QStringLiteral("telltale-workbench"));
  QApplication::setDesktopFileName(QStringLiteral("telltale-workbench"));
  Appearance appearance;
  Theme theme(o.theme == "dark" ? Theme::Mode::dark : o.theme == "light" || !o.grab.empty() ? Theme::Mode::light : appearance.system());
  theme.apply(app);
  std::unique_ptr<Watchdog> watchdog;
  if (const int limit = Watchdog::wanted_limit(); limit > 0 && o.grab.empty()) watchdog = std::make_unique<Watchdog>(limit);
  try {
    MainWindow window(theme, o.grab.empty(), &appearance);
    if (!o.theme.empty()) theme.set_mode(o.theme == "dark" ? Theme::Mode::dark : Theme::Mode::light);
    if (!o.grab.empty()) {
      arrange(window, o);
      grab(window, o);
      return 0;
    }
    if (sized) window.resize(o.pixels);
    try {
      arrange(window, o);
    } catch (const std::exception& e) {
      window.complain(QString::fromStdString(one_line(e.what())));
    }
    // The job bar must not lie below the screen's edge; some pixels are the title bar's.
    if (const QScreen* screen = window.screen(); screen && !window.isMaximized())
      window.resize(window.size().boundedTo((screen->availableGeometry().size() - QSize(0, 40)).expandedTo(window.minimumSize())));
    window.show();
    return QApplication::exec();
  } catch (const std::invalid_argument& e) {
    return fail(2, e.what());
  } catch (const std::exception& e) {
    return fail(1, e.what());
  }
}
