// The window under load: how long it stands still, how soon a large file can be used, what watching costs, what stays in memory.
//   bench_window make  --file F --model DIR [--runs 1000 --steps 10000 --posts 100500]     the large file, kept for the parts below
//   bench_window open  --file F                    opening it to usable, then every workspace
//   bench_window posts --file F                    search as you type, cached and new explanations
//   bench_window explain --file F [--count 100]    new explanations one after the other
//   bench_window train --model DIR [--seconds 60] [--preset contrastive]    stalls while a run trains and is watched
//   bench_window watch --model DIR [--pairs 5] [--run-steps 40] [--preset …]  the same run alone and watched, in turn
//   bench_window memory --model DIR [--run-steps 50000]                    a run of quick steps, watched
// QT_QPA_PLATFORM=offscreen, or a display. JSON on standard output.
#include <fcntl.h>
#include <malloc.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <QAbstractItemModel>
#include <QApplication>
#include <QLineEdit>
#include <QTemporaryDir>
#include <QTreeView>
#include <cmath>
#include <iostream>

#include "app/workbench/main_window.hpp"
#include "training/process.hpp"
#include "training/trainer.hpp"
#include "widgets/compare/compare_view.hpp"
#include "widgets/inspect/inspect_view.hpp"
#include "widgets/inspect/posts_panel.hpp"
#include "widgets/painted_post.hpp"
#include "widgets/runs/loss_panel.hpp"
#include "widgets/runs/runs_view.hpp"
#include "widgets/shell/run_dock.hpp"
#include "window_file.hpp"
#include "window_probe.hpp"

using namespace telltale;
using namespace telltale::ui;
using namespace telltale::bench;
namespace fs = std::filesystem;

namespace {

struct Arguments {
  std::string part, file, model, preset = "contrastive";
  int runs = 1000, steps = 10'000, posts = 100'500, count = 100, pairs = 5, run_steps = 40, threads = 2;
  double seconds = 60;
  bool cold = false;
};

constexpr std::pair<Workspace, const char*> workspaces[] = {{Workspace::runs, "runs"}, {Workspace::new_run, "new_run"}, {Workspace::inspect, "inspect"}, {Workspace::compare, "compare"}, {Workspace::evaluate, "evaluate"}};

OrderedJson spread(std::vector<double> v) {
  if (v.empty()) return nullptr;
  std::sort(v.begin(), v.end());
  return {{"n", v.size()}, {"least", Probe::rounded(v.front())}, {"median", Probe::rounded(v[v.size() / 2])}, {"p95", Probe::rounded(v[v.size() * 95 / 100])}, {"most", Probe::rounded(v.back())}};
}

struct Shown {
  Theme theme{Theme::Mode::light};
  std::unique_ptr<MainWindow> window;
  Probe probe;

  explicit Shown(int threads) {
    theme.apply(*qApp);
    window = std::make_unique<MainWindow>(theme);
    window->resize(1440, 900);
    window->show();
    threads_ = threads;
    rest(0.5);
  }
  ~Shown() { window.reset(); }
  void open(const fs::path& file) {
    window->take_path(QString::fromStdString(file.string()));  // as a person does
    window->session()->training().set_compute({"cpu", threads_, Precision::fp32});
  }
  PostsPanel& posts() { return *window->inspect().findChild<PostsPanel*>(); }
  PostList& list() { return posts().list(); }

 private:
  int threads_ = 2;
};

void forget_pages(const fs::path& file) {
  const int fd = ::open(file.c_str(), O_RDONLY);
  if (fd < 0) return;
  ::fdatasync(fd);
  ::posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
  ::close(fd);
}

OrderedJson open_file(const Arguments& a) {
  Shown s(a.threads);
  if (a.cold) forget_pages(a.file);
  OrderedJson out = {{"file_mib", static_cast<double>(fs::file_size(a.file)) / (1 << 20)}, {"cold", a.cold}};
  const double begin = Probe::wall();
  const auto since = [&] { return Probe::rounded(Probe::wall() - begin); };
  s.probe.begin();
  s.open(a.file);
  out["open_returns_ms"] = since();
  until([&] { return s.window->dock().model().count() > 0 && s.window->dock().tree().isVisible(); });
  out["run_list_ms"] = since();
  out["runs"] = s.window->dock().model().count();
  double charts = 0, posts = 0;
  std::vector<std::pair<std::string, double>> jobs;  // of the workers, in order of their beginning, with the millisecond at which each was last seen
  const auto look = [&] {
    for (const auto& j : s.window->session()->work().jobs())
      if (j.running) {
        const std::string what = j.what.toStdString();
        auto it = std::find_if(jobs.begin(), jobs.end(), [&](const auto& known) { return known.first == what; });
        if (it == jobs.end()) it = jobs.insert(it, {what, 0.0});
        it->second = since();
      }
  };
  until([&] {
    look();
    if (charts == 0 && !s.window->runs()->busy() && s.window->runs()->losses().grid().data(0).lines.size() > 0) charts = since();
    if (posts == 0 && s.list().count() > 0) posts = since();
    return charts > 0 && posts > 0;
  });
  QCoreApplication::processEvents();
  out["charts_ms"] = charts;
  out["posts_ms"] = posts;
  out["posts"] = s.list().count();
  out["usable_ms"] = since();
  until([&] {
    look();
    return s.window->settled() && s.window->session()->work().jobs().empty();
  });
  for (const auto& [what, until_ms] : jobs) out["worker"].push_back({{"job", what}, {"until_ms", until_ms}});
  rest(1);
  out["stalls_opening"] = s.probe.end();
  for (const auto& [workspace, name] : workspaces) {
    s.probe.begin();
    const double asked = Probe::wall();
    s.window->show_workspace(workspace);
    QCoreApplication::processEvents();
    const double shown = Probe::wall() - asked;
    until([&] { return s.window->settled(); }, 60);
    rest(0.5);
    out["workspaces"][name] = s.probe.end();
    out["workspaces"][name]["first_paint_ms"] = Probe::rounded(shown);
  }
  s.probe.begin();
  s.window->close_file();
  rest(0.2);
  out["stalls_closing"] = s.probe.end();
  return out;
}

/// When the painted post was last painted.
class PaintClock : public QObject {
 public:
  explicit PaintClock(QWidget* w) : QObject(w) { w->installEventFilter(this); }
  int paints = 0;

 protected:
  bool eventFilter(QObject*, QEvent* e) override {
    paints += e->type() == QEvent::Paint;
    return false;
  }
};

OrderedJson posts(const Arguments& a) {
  const LargeFile large = describe_large_file(a.file);
  Shown s(a.threads);
  s.open(a.file);
  s.window->show_workspace(Workspace::inspect);
  auto& inspect = s.window->inspect();
  until([&] { return s.list().count() > 0 && s.window->settled() && s.window->session()->work().jobs().empty(); });
  rest(1);
  OrderedJson out = {{"posts", s.list().count()}};

  // Keys as a quick person types them; a list is there when the model has other rows.
  std::vector<double> answers;
  s.probe.begin();
  for (const char* word : {"wheel", "goals pl", "quick pitch"})
    for (int n = 1; n <= static_cast<int>(std::strlen(word)); ++n) {
      int resets = 0;
      const auto heard = QObject::connect(s.list().model(), &QAbstractItemModel::modelReset, [&] { ++resets; });
      const double begin = Probe::wall();
      s.posts().search_field()->setText(QString::fromLatin1(word, n));
      const bool came = until([&] { return resets > 0; }, 0.4);
      QCoreApplication::processEvents();
      if (came) answers.push_back(Probe::wall() - begin);
      QObject::disconnect(heard);
      rest(0.03);
    }
  out["search"] = {{"key_to_list_ms", spread(answers)}, {"stalls", s.probe.end()}};
  s.posts().clear_filters();
  until([&] { return s.window->settled(); });
  rest(0.3);

  PaintClock painted(inspect.findChild<PaintedPost*>());
  std::vector<double> cached;
  s.probe.begin();
  for (int k = 0; k < 60; ++k) {
    const int before = painted.paints;
    const double begin = Probe::wall();
    inspect.show_run(large.run, large.first_post + 17 + k * 1501);
    until([&] { return painted.paints > before; }, 5);
    cached.push_back(Probe::wall() - begin);
    rest(0.05);
  }
  out["cached"] = {{"first_paint_ms", spread(cached)}, {"stalls", s.probe.end()}};
  until([&] { return s.window->settled(); });

  // A new one, also while the one before is still on its way.
  std::vector<double> starts;
  s.probe.begin();
  for (int k = 0; k < 40; ++k) {
    const std::int64_t post = large.first_post + large.posts - 400 + k;
    const QString what = QStringLiteral("Explaining post %1").arg(post);
    const double begin = Probe::wall();
    double started = -1;
    inspect.show_run(large.run, post);
    until([&] {
      for (const auto& j : s.window->session()->work().jobs())
        if (j.what == what && j.running && started < 0) started = Probe::wall() - begin - j.seconds * 1e3;
      return started >= 0 || inspect.settled();
    }, 30);
    if (started >= 0) starts.push_back(started);
    rest(k % 2 ? 0.02 : 0.6);
  }
  out["new"] = {{"starts_ms", spread(starts)}, {"stalls", s.probe.end()}};
  return out;
}

OrderedJson explain_posts(const Arguments& a) {
  const fs::path copy = a.file;
  const LargeFile large = describe_large_file(copy);
  Shown s(a.threads);
  s.open(copy);
  s.window->show_workspace(Workspace::inspect);
  auto& inspect = s.window->inspect();
  until([&] { return s.list().count() > 0 && s.window->settled() && s.window->session()->work().jobs().empty(); });
  rest(1);
  std::vector<double> times;
  s.probe.begin();
  for (int k = 0; k < a.count; ++k) {
    const double begin = Probe::wall();
    bool shown = false;
    const auto heard = QObject::connect(&inspect, &InspectView::shown, [&] { shown = true; });
    inspect.show_run(large.run, large.first_post + large.posts - 300 + k);
    until([&] { return shown; }, 60);
    QObject::disconnect(heard);
    times.push_back(Probe::wall() - begin);
  }
  return {{"explained", a.count}, {"milliseconds", spread(times)}, {"stalls", s.probe.end()}};
}

/// A run that is ready to be queued. With film: three posts are pinned, and explained every `film` steps.
std::int64_t a_run(Store& store, const Arguments& a, int epochs, int film) {
  TrainRequest r;
  r.dataset = store.datasets().at(0).id;
  r.model = a.model;
  r.preset = a.preset;
  r.settings = settings_for(store, r.preset, {});
  for (const std::string& s : {std::string("batch=8"), std::string("max_length=64"), "epochs=" + std::to_string(epochs), "film_steps=" + std::to_string(film), std::string("share_steps=10")}) assign(r.settings, s);
  auto ids = store.document_ids({.dataset = r.dataset});
  ids.resize(3);
  store.set_value("film.pinned", Json(ids));
  return queue_run(store, r);
}

OrderedJson train_watched(const Arguments& a) {
  QTemporaryDir dir;
  const fs::path file = fs::path(dir.path().toStdString()) / "train.telltale";
  make_small_file(file, 128, 60);
  Shown s(a.threads);
  s.open(file);
  const auto run = a_run(s.window->session()->store(), a, 1000, 10);
  auto& training = s.window->session()->training();
  training.enqueue(run);
  s.window->dock().show_only({run});
  s.window->dock().select(run);
  until([&] { return training.state().step > 2; });
  OrderedJson out = {{"preset", a.preset}};
  for (const auto& [workspace, name] : workspaces) {
    s.window->show_workspace(workspace);
    s.probe.begin();
    rest(workspace == Workspace::runs ? a.seconds : a.seconds / 4);
    out["stalls"][name] = s.probe.end();
  }
  out["steps"] = training.state().step;
  training.stop_now();
  until([&] { return !training.running(); });
  return out;
}

/// Seconds a step in training's own clock, without the first two.
double pace(Store& store, std::int64_t run) {
  const auto steps = store.steps(run);
  return (steps.back().seconds - steps[1].seconds) / static_cast<double>(steps.size() - 2);
}

OrderedJson watch(const Arguments& a) {
  QTemporaryDir dir;
  std::vector<double> alone, watched, ratio, share;
  for (int k = 0; k < 2 * a.pairs; ++k) {
    const bool window = (k % 2) ^ (k / 2 % 2);  // alone, watched, watched, alone, …
    const fs::path file = fs::path(dir.path().toStdString()) / ("w" + std::to_string(k) + ".telltale");
    make_small_file(file, 8 * a.run_steps, 60);
    if (!window) {
      auto store = Store::open(file, Store::Mode::write);
      const auto run = a_run(*store, a, 1, 10);
      train_run(*store, run, {{"cpu", a.threads, Precision::fp32}, true});
      release_threads();
      alone.push_back(pace(*store, run));
    } else {
      Shown s(a.threads);
      s.open(file);
      auto& training = s.window->session()->training();
      const auto run = a_run(s.window->session()->store(), a, 1, 10);
      training.enqueue(run);
      s.window->dock().show_only({run});
      s.window->dock().select(run);
      s.window->show_workspace(Workspace::runs);
      until([&] { return training.state().step > 1; });
      s.probe.begin();
      until([&] { return !training.running(); }, 3600);
      share.push_back(s.probe.end()["cpu_share"].get<double>());
      watched.push_back(pace(s.window->session()->store(), run));
    }
    if (alone.size() == watched.size()) ratio.push_back(watched.back() / alone.back());
  }
  return {{"preset", a.preset}, {"steps", a.run_steps}, {"alone_seconds_a_step", spread(alone)}, {"watched_seconds_a_step", spread(watched)}, {"watched_over_alone", spread(ratio)}, {"ratios", ratio}, {"cpu_share_of_the_window", spread(share)}};
}

double in_use_mib() {
  const auto m = mallinfo2();
  return static_cast<double>(m.uordblks) / (1 << 20);
}

OrderedJson memory(const Arguments& a) {
  QTemporaryDir dir;
  const fs::path file = fs::path(dir.path().toStdString()) / "m.telltale";
  make_small_file(file, 512, 12);
  Shown s(1);
  s.open(file);
  auto& training = s.window->session()->training();
  const auto run = a_run(s.window->session()->store(), a, a.run_steps / 64, a.run_steps / 200);
  training.enqueue(run);
  s.window->dock().show_only({run});
  s.window->dock().select(run);
  s.window->show_workspace(Workspace::runs);
  OrderedJson samples = OrderedJson::array();
  const auto sample = [&](const char* what) {
    s.probe.begin();  // what it has gathered is no memory of the window's
    samples.push_back({{"after", what}, {"step", training.state().step}, {"resident_mib", Probe::rounded(resident_mib())}, {"in_use_mib", Probe::rounded(in_use_mib())}, {"redraws", s.window->runs()->losses().grid().replots()}});
  };
  until([&] { return training.running().has_value(); });
  for (int k = 1; k <= 10 && training.running(); ++k) {
    until([&] { return !training.running() || training.state().step >= static_cast<std::int64_t>(a.run_steps) * k / 10; }, 3600);
    sample("steps");
  }
  until([&] { return !training.running(); }, 3600);
  // Ten redraws a second for 8 hours would be 288,000; these come one after the other.
  for (int k = 0; k < 5; ++k) {
    for (int i = 0; i < a.count; ++i) {
      Q_EMIT s.window->runs()->data().grew();
      s.window->repaint();
      if (i % 20 == 0) QCoreApplication::processEvents();
    }
    sample("redraws");
  }
  for (int k = 0; k < 3; ++k) {
    for (int i = 0; i < 20; ++i)
      for (const auto& [workspace, name] : workspaces) {
        s.window->show_workspace(workspace);
        rest(0.02);
      }
    sample("workspaces");
  }
  return {{"samples", samples}};
}

}  // namespace

int main(int argc, char** argv) {
  prepare_process();
  Arguments a;
  CLI::App cli("The window under load");
  cli.add_option("part", a.part)->required()->check(CLI::IsMember({"make", "open", "posts", "explain", "train", "watch", "memory"}));
  cli.add_option("--file", a.file);
  cli.add_option("--model", a.model);
  cli.add_option("--preset", a.preset);
  cli.add_option("--runs", a.runs)->check(CLI::Range(1, 100'000));
  cli.add_option("--steps", a.steps)->check(CLI::Range(10, 1'000'000));
  cli.add_option("--posts", a.posts)->check(CLI::Range(1000, 10'000'000));
  cli.add_option("--count", a.count)->check(CLI::Range(1, 1'000'000));
  cli.add_option("--pairs", a.pairs)->check(CLI::Range(1, 1000));
  cli.add_option("--run-steps", a.run_steps)->check(CLI::Range(4, 10'000'000));
  cli.add_option("--threads", a.threads)->check(CLI::Range(1, 256));
  cli.add_option("--seconds", a.seconds)->check(CLI::Range(1.0, 1e5));
  cli.add_flag("--cold", a.cold, "The file's pages are given back to the system first");
  CLI11_PARSE(cli, argc, argv);
  try {
    int none = 1;
    QApplication app(none, argv);
    OrderedJson out = {{"benchmark", "window"}, {"part", a.part}, {"build", compute_description()}, {"platform", QGuiApplication::platformName().toStdString()}};
    configure_compute({"cpu", a.threads, Precision::fp32});
    if (a.part == "make") {
      const LargeFile f = make_large_file(a.file, a.model, a.runs, a.steps, a.posts);
      out["run"] = f.run, out["posts"] = f.posts, out["explained"] = f.explained, out["file_mib"] = static_cast<double>(fs::file_size(a.file)) / (1 << 20);
    } else if (a.part == "open") out["opening"] = open_file(a);
    else if (a.part == "posts") out["inspect"] = posts(a);
    else if (a.part == "explain") out["explaining"] = explain_posts(a);
    else if (a.part == "train") out["training"] = train_watched(a);
    else if (a.part == "watch") out["watching"] = watch(a);
    else if (a.part == "memory") out["memory"] = memory(a);
    std::cout << out.dump(1) << std::endl;
  } catch (const std::exception& e) {
    std::cerr << "bench_window: " << e.what() << "\n";
    return 1;
  }
  return 0;
}
