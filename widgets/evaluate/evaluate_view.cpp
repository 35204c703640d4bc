#include "widgets/evaluate/evaluate_view.hpp"

#include <fmt/format.h>

#include <QComboBox>
#include <QLabel>
#include <QMenu>
#include <QPushButton>
#include <QScrollArea>
#include <QSignalBlocker>
#include <QSpinBox>
#include <QSplitter>
#include <QStackedWidget>
#include <QToolButton>
#include <algorithm>
#include <cmath>

#include "attribution/explain.hpp"
#include "evaluation/agreement.hpp"
#include "report/comparison_view.hpp"
#include "report/numbers.hpp"
#include "widgets/evaluate/cell_views.hpp"
#include "widgets/evaluate/curve_plot.hpp"
#include "widgets/evaluate/grid_legend.hpp"
#include "widgets/evaluate/grid_table.hpp"
#include "widgets/evaluate/method_matrix.hpp"
#include "widgets/evaluate/pick_menu.hpp"
#include "widgets/evaluate/protocol_card.hpp"
#include "widgets/evaluate/slice_rows.hpp"
#include "widgets/export/view_menu.hpp"
#include "widgets/icons.hpp"
#include "widgets/inspect/busy_ring.hpp"
#include "widgets/inspect/segmented.hpp"
#include "widgets/panel.hpp"
#include "widgets/row_list.hpp"
#include "widgets/shell/words.hpp"

namespace telltale::ui {
namespace {

constexpr std::int64_t first_posts = 100;

std::vector<PickMenu::Choice> method_choices() {
  std::vector<PickMenu::Choice> out;
  for (const auto& m : telltale::methods())
    out.push_back({m.id, text(m.name), method_tip(m.id), QObject::tr("Methods")});
  out.push_back({random_method, method_name(random_method), method_tip(random_method), QObject::tr("Control")});
  return out;
}

std::vector<PickMenu::Choice> metric_choices() {
  std::vector<PickMenu::Choice> out;
  for (const auto& id : offered_metrics()) {
    QString group = text(metric_info(id).group);
    if (!group.isEmpty()) group[0] = group[0].toUpper();
    out.push_back({id, text(id), metric_tip(id), group});
  }
  return out;
}

/// Those of `wanted` that the tables know.
std::vector<std::string> known(const std::vector<std::string>& wanted, const std::vector<std::string>& all) {
  std::vector<std::string> out;
  for (const auto& id : all)
    if (std::find(wanted.begin(), wanted.end(), id) != wanted.end()) out.push_back(id);
  return out;
}

}  // namespace

EvaluateView::EvaluateView(Theme& theme, QWidget* parent) : QWidget(parent), theme_(theme) {
  build();
  methods_->set_choices(method_choices());
  metrics_->set_choices(metric_choices());
  later_.setSingleShot(true);
  later_.setInterval(250);
  connect_parts();
  set_session(nullptr);
}

EvaluateView::~EvaluateView() { set_session(nullptr); }

void EvaluateView::connect_parts() {
  connect(&later_, &QTimer::timeout, this, [this] { read(); });
  connect(methods_, &PickMenu::changed, this, [this] { wish_.methods = methods_->picked(), wish_changed(); });
  connect(metrics_, &PickMenu::changed, this, [this] { wish_.metrics = metrics_->picked(), wish_changed(); });
  connect(posts_, &QSpinBox::valueChanged, this, [this](int n) { wish_.options.limit = n, wish_changed(); });
  connect(card_, &ProtocolCard::changed, this, [this] {
    const auto limit = wish_.options.limit;
    wish_.options = card_->options();
    wish_.options.limit = limit;
    wish_changed();
  });
  connect(card_, &ProtocolCard::stored_chosen, this, &EvaluateView::show_protocol);
  connect(show_other_, &QPushButton::clicked, this,
          [this] { show_protocol(show_other_->property("protocol").toInt()); });
  connect(compute_, &QPushButton::clicked, this, &EvaluateView::compute);
  connect(start_, &QPushButton::clicked, this, [this] { file_.runs.empty() ? Q_EMIT new_run_asked() : compute(); });
  connect(cancel_, &QPushButton::clicked, this, &EvaluateView::cancel);
  connect(modes_, &Segmented::chosen, this, [this](int i) { grid_->set_mode(static_cast<GridTable::Mode>(i)); });
  connect(grid_, &GridTable::mode_asked, this, [this](int i) {
    modes_->set_current(i);
    grid_->set_mode(static_cast<GridTable::Mode>(i));
  });
  connect(grid_, &GridTable::chosen, this, [this](const QString& method, const QString& metric) {
    method_ = method.toStdString(), metric_ = metric.toStdString();
    show_cell();
  });
  connect(grid_, &GridTable::opened, this, [this] {
    if (narrow_) tabs_->set_current(2), arrange();
    show_detail(Detail::posts);
    post_list_->setFocus();
  });
  connect(model_, &QAbstractItemModel::modelReset, this, [this] {
    if (data_)
      grid_panel_->set_caption(
          model_->sorted_by().empty()
              ? tr("%1 split").arg(text(wish_.options.split))
              : tr("%1 split, sorted by %2%3")
                    .arg(text(wish_.options.split), text(model_->sorted_by()),
                         data_->runs.size() > 1 ? tr(" of %1").arg(data_->runs.back().name) : QString()));
  });
  connect(tabs_, &Segmented::chosen, this, &EvaluateView::arrange);
  connect(side_button_, &QToolButton::toggled, this, &EvaluateView::arrange);
  connect(which_curves_, &Segmented::chosen, this, [this](int i) { all_methods_ = i == 1, show_curves(); });
  connect(pages_, &Segmented::chosen, this, [this](int i) { show_detail(static_cast<Detail>(i)); });
  connect(measure_, &QComboBox::activated, this, &EvaluateView::show_detail_page);
  connect(slice_by_, &QComboBox::activated, this, [this] {
    if (slice_by_->currentData().toString() == QLatin1String(from_a_file)) {
      fill_slice_choices();  // it stays on what it was
      return ask_columns();
    }
    slice_wish_ = slice_by_->currentData().toString().toStdString();
    show_detail_page();
  });
  connect(post_list_, &QListView::activated, this, [this](const QModelIndex& i) {
    if (data_ && !data_->runs.empty()) Q_EMIT post_asked(data_->runs.back().id, post_list_->rows().row(i.row()).id);
  });
  connect(&theme_, &Theme::changed, this, [this] {  // swatches are pictures
    show_chips();
    if (data_) show_side();
  });
  for (auto* menu : findChildren<ViewMenu*>()) connect(menu, &ViewMenu::failed, this, &EvaluateView::failed);
}

void EvaluateView::set_session(Session* session) {
  stop_jobs();
  if (session_) {
    disconnect(session_, nullptr, this, nullptr);
    disconnect(&session_->work(), nullptr, this, nullptr);
  }
  session_ = session;
  later_.stop();
  file_ = {};
  file_known_ = file_stale_ = false;
  wish_ = {};
  data_ = nullptr;
  cost_.reset();
  method_.clear(), metric_.clear(), slice_wish_.clear();
  cancelled_ = false;
  model_->set_data(nullptr, false);
  if (session) {
    connect(session, &Session::runs_changed, this, &EvaluateView::read_file);
    connect(&session->work(), &WorkQueue::changed, this, &EvaluateView::follow);
    read_file();
  }
  show_chips();
  tell_state();
  arrange();
}

void EvaluateView::stop_jobs() {
  for (auto* job : {&file_job_, &read_job_, &detail_job_, &cost_job_, &columns_job_, &job_}) {
    if (session_ && *job) session_->work().cancel(*job);
    *job = 0;
  }
  ending_ = 0;
}

const RunRecord* EvaluateView::run(std::int64_t id) const {
  for (const auto& r : file_.runs)
    if (r.id == id) return &r;
  return nullptr;
}

QString EvaluateView::csv() const { return model_->csv(); }

int EvaluateView::series_of(std::int64_t id) const {
  if (const auto it = series_.find(id); it != series_.end()) return it->second;
  for (std::size_t i = 0; i < wish_.runs.size(); ++i)
    if (wish_.runs[i] == id) return static_cast<int>(i);
  return 0;
}

/// On the worker, when somebody looks: a file may hold a thousand runs, and a run that trains changes its row often.
void EvaluateView::read_file() {
  file_stale_ = true;
  if (!session_ || !isVisible() || file_job_) return;
  file_stale_ = false;
  file_job_ = session_->work().submit(
      this, WorkQueue::Priority::visible, tr("Read what was evaluated"),
      [this](WorkQueue::Context& c) -> std::function<void()> {
        auto file = std::make_shared<EvaluateFile>(read_evaluate_file(c.store));
        return [this, file] {
          file_job_ = 0;
          take_file(std::move(*file));
          if (file_stale_) read_file();  // it changed meanwhile
        };
      },
      [this](const QString& message) {
        file_job_ = 0;
        tell_state();
        Q_EMIT failed(message);
      });
}

void EvaluateView::take_file(EvaluateFile file) {
  const bool first = !std::exchange(file_known_, true);
  const std::size_t before = file_.runs.size();
  file_ = std::move(file);
  const std::size_t wished = wish_.runs.size();
  std::erase_if(wish_.runs, [this](std::int64_t id) { return !run(id); });
  if (first || (file_.runs.size() != before && wish_.runs.empty())) choose_defaults();
  else if (wish_.runs.size() != wished) wish_changed();
  show_chips();
  tell_state();
}

/// For what is asked of the view by others before it was looked at.
void EvaluateView::know_file() {
  if (!session_ || file_known_) return;
  if (file_job_) session_->work().cancel(file_job_);
  file_job_ = 0;
  file_stale_ = false;
  try {
    take_file(read_evaluate_file(session_->store()));
  } catch (const std::exception& e) {
    Q_EMIT failed(one_line(e.what()));
  }
}

/// The last evaluation, with every run that was judged under its protocol; else two runs that belong together.
void EvaluateView::choose_defaults() {
  wish_ = {};
  wish_.options.compute = session_->training().compute();
  wish_.options.limit = first_posts;
  wish_.methods =
      known({"integrated-gradients", "saliency-l2", "gradient-x-input", "occlusion", random_method}, offered_methods());
  wish_.metrics = known({"comprehensiveness", "sufficiency", "log-odds", "deletion-auc", "insertion-auc", "tau-loo",
                         "completeness-delta"},
                        offered_metrics());
  if (file_.runs.empty()) return tell_state();
  if (!file_.evaluations.empty()) {
    const EvaluationRecord& last = file_.evaluations.back();
    for (const auto& r : file_.runs)
      if (wish_.runs.size() < most_runs &&
          std::any_of(file_.evaluations.begin(), file_.evaluations.end(),
                      [&](const auto& e) { return e.fingerprint == r.fingerprint && e.protocol == last.protocol; }))
        wish_.runs.push_back(r.id);
    try {
      wish_.options = settings_from(last.protocol);
      const bool as_trained = std::all_of(wish_.runs.begin(), wish_.runs.end(), [&](std::int64_t id) {
        return trained_length(*run(id)) == wish_.options.max_length;
      });
      if (as_trained) wish_.options.max_length = 0;
      wish_.options.compute = session_->training().compute();
      return read(std::pair(wish_.runs, last.protocol));
    } catch (const std::exception& e) {
      Q_EMIT failed(one_line(e.what()));
    }
  }
  wish_.runs.clear();
  const RunRecord* b = &file_.runs.back();
  for (const auto& r : file_.runs)
    if (r.preset != "control") b = &r;
  const RunRecord* a = nullptr;
  for (const auto& r : file_.runs)
    if (r.id != b->id && r.dataset == b->dataset && r.preset != "control") a = &r;
  if (a) wish_.runs.push_back(a->id);
  wish_.runs.push_back(b->id);
  read();
}

void EvaluateView::show_runs(const std::vector<std::int64_t>& runs) {
  if (!session_ || runs.empty()) return;
  if (runs.size() > most_runs)
    throw std::invalid_argument(fmt::format("--run: evaluate shows at most {} runs", most_runs));
  std::int64_t dataset = 0;
  for (const auto id : runs) {
    const RunRecord r = session_->store().run(id);
    if (r.status != RunStatus::finished)
      throw std::invalid_argument(
          fmt::format("run {} ({}) is {}: only a finished run can be evaluated", id, r.name, name_of(r.status)));
    if (dataset && r.dataset != dataset)
      throw std::invalid_argument(fmt::format(
          "run {} was trained on other data than run {}: their figures cannot stand side by side", id, runs[0]));
    dataset = r.dataset;
  }
  know_file();
  wish_.runs = runs;
  // What was evaluated of them is more telling than an empty grid.
  for (auto e = file_.evaluations.rbegin(); e != file_.evaluations.rend(); ++e)
    if (const RunRecord* r = run(runs.back()); r && r->fingerprint == e->fingerprint) {
      wish_.options = settings_from(e->protocol);
      if (trained_length(*r) == wish_.options.max_length) wish_.options.max_length = 0;
      wish_.options.compute = session_->training().compute();
      return read(std::pair(runs, e->protocol));
    }
  read();
}

void EvaluateView::choose_run(std::int64_t id) {
  know_file();
  if (!session_ || !run(id) || std::find(wish_.runs.begin(), wish_.runs.end(), id) != wish_.runs.end()) return;
  wish_.runs = {id};
  read();
}

void EvaluateView::set_run_colours(const std::map<std::int64_t, int>& series) {
  if (series == series_) return;
  series_ = series;
  show_chips();
  if (data_) show_data();
}

void EvaluateView::set_wish(const EvaluateWish& wish) {
  know_file();
  wish_ = wish;
  cost_.reset();  // was of another
  read();
}

void EvaluateView::show_protocol(int number) {
  if (!data_) return;
  for (const auto& p : data_->protocols)
    if (p.number == number) {
      wish_.options = settings_from(p.settings);
      if (std::all_of(wish_.runs.begin(), wish_.runs.end(),
                      [&](std::int64_t id) { return run(id) && trained_length(*run(id)) == wish_.options.max_length; }))
        wish_.options.max_length = 0;
      cost_.reset();
      read();
      return;
    }
}

void EvaluateView::wish_changed() {
  cost_.reset();
  later_.start();
  tell_state();
}

void EvaluateView::read(const std::optional<std::pair<std::vector<std::int64_t>, Json>>& choices_of) {
  later_.stop();
  if (!session_) return;
  if (read_job_) session_->work().cancel(read_job_);
  if (cost_job_) session_->work().cancel(cost_job_);
  read_job_ = cost_job_ = 0;
  since_read_.start();
  read_job_ = session_->work().submit(
      this, WorkQueue::Priority::visible, tr("Read evaluated values"),
      [this, wish = wish_, before = data_, choices_of](WorkQueue::Context& c) -> std::function<void()> {
        EvaluateWish w = wish;
        if (choices_of) {
          std::vector<std::string> of_methods, of_metrics;
          for (const auto id : choices_of->first) {
            const auto [methods, metrics] = stored_choices(c.store, id, choices_of->second);
            of_methods.insert(of_methods.end(), methods.begin(), methods.end()),
                of_metrics.insert(of_metrics.end(), metrics.begin(), metrics.end());
          }
          if (!of_methods.empty())
            w.methods = known(of_methods, offered_methods()), w.metrics = known(of_metrics, offered_metrics());
        }
        EvaluatePtr data = read_evaluate(c.store, w, c.stop, before);
        return [this, data] {
          read_job_ = 0;
          adopt(data);
        };
      },
      [this](const QString& message) {
        read_job_ = 0;
        tell_state();
        Q_EMIT failed(message);
      });
  tell_state();
}

void EvaluateView::adopt(EvaluatePtr data) {
  data_ = std::move(data);
  wish_ = data_->wish;
  show_data();
  measure_cost();
}

void EvaluateView::show_data() {
  const QSignalBlocker quiet(posts_);
  methods_->set_picked(wish_.methods);
  metrics_->set_picked(wish_.metrics);
  // A protocol may ask for more than the split holds: those there are, all of them, are what is judged.
  const auto all = static_cast<int>(std::min<std::size_t>(data_->split_posts, 1'000'000));
  posts_->setMaximum(all);
  posts_->setValue(static_cast<int>(std::min<std::int64_t>(wish_.options.limit, all)));
  posts_of_->setText(tr("of %1").arg(text(thousands(static_cast<std::int64_t>(data_->split_posts)))));
  card_->set_options(wish_.options);
  card_->set_data(*data_);
  if (model_->sorted_by().empty() && !wish_.metrics.empty()) model_->sort_by(wish_.metrics.front());
  model_->set_data(data_, computing());
  std::vector<int> series;
  std::vector<std::pair<QString, int>> legend;
  bool hatched = false;
  for (const auto& r : data_->runs) {
    series.push_back(series_of(r.id));
    legend.emplace_back(r.name, series_of(r.id));
    hatched = hatched || !r.elsewhere.empty();
    for (const auto& [key, cell] : r.reading.cells) hatched = hatched || cell.done < r.reading.documents.size();
  }
  grid_->set_series(series);
  grid_->fit();
  legend_->set_runs(legend, hatched);
  if (model_->find_method(method_) < 0) method_ = wish_.methods.empty() ? std::string() : model_->method(0);
  if (model_->find_metric(metric_) < 0) metric_ = wish_.metrics.empty() ? std::string() : wish_.metrics.front();
  grid_->choose(method_, metric_);
  fill_slice_choices();
  show_chips();
  show_side();
  show_cell();
  tell_state();
}

}  // namespace telltale::ui
