#include "widgets/inspect/methods_panel.hpp"

#include <QPushButton>
#include <QScrollArea>
#include <QStackedWidget>
#include <algorithm>
#include <cmath>
#include <string_view>

#include "evaluation/contrastivity.hpp"
#include "report/html.hpp"
#include "report/numbers.hpp"
#include "widgets/export/export.hpp"
#include "widgets/inspect/agreement_page.hpp"
#include "widgets/inspect/busy_ring.hpp"
#include "widgets/inspect/explain_bar.hpp"
#include "widgets/inspect/method_picker.hpp"
#include "widgets/inspect/segmented.hpp"

namespace telltale::ui {
namespace {

/// Few passes each, of different families: ticked at first, and explained for every post that is looked at. The others follow when they are asked for.
constexpr std::string_view by_themselves[] = {"integrated-gradients", "gradient-x-input", "occlusion", "lrp", "attention-rollout", "saliency-l2"};
bool by_itself(const std::string& id) { return std::find(std::begin(by_themselves), std::end(by_themselves), id) != std::end(by_themselves); }
constexpr const char* ticked_key = "inspect.methods";  // a value of the file: an array of ids

bool known(const std::string& id) {
  return std::any_of(methods().begin(), methods().end(), [&](const MethodInfo& m) { return m.id == id; });
}

/// Was this method in what the run was trained on?
bool in_loss(const RunRecord& run, const std::string& method) {
  if (method != "integrated-gradients" || !run.settings.is_object()) return false;
  for (const char* key : {"weight.attribution", "weight.overlap", "weight.prior"})
    if (number_of(run.settings, key) > 0) return true;
  return false;
}

}  // namespace

MethodsPanel::MethodsPanel(Theme& theme, QWidget* parent) : Panel(theme, tr("Methods"), parent), theme_(theme), picked_(std::begin(by_themselves), std::end(by_themselves)) {
  look_ = new Segmented(theme, tr("Methods as"), {{tr("Maps"), tr("The post by each method")}, {tr("Agreement"), tr("A figure for every two methods: how much they agree on this post")}}, this);
  ticks_ = new MethodTicks(theme, this);
  ticks_->set_picked(picked_);
  add_tool(look_);
  add_tool(ticks_);
  bar_ = new QWidget(this);
  auto* row = new QHBoxLayout(bar_);
  row->setContentsMargins(10, 3, 8, 3);
  row->setSpacing(6);
  ring_ = new BusyRing(theme, bar_);
  state_ = new ElidedLabel(theme, bar_);
  state_->set_style(theme.font("caption"), "text2");
  state_->setSizePolicy(QSizePolicy::Ignored, QSizePolicy::Fixed);
  const auto button = [&](const QString& name, const QString& tip) {
    auto* b = new QPushButton(name, bar_);
    b->setObjectName(QStringLiteral("small"));
    b->setToolTip(tip);
    return b;
  };
  all_ = button(tr("Explain all"), tr("Explain the post by every method that stands here"));
  cancel_ = button(tr("Cancel"), tr("Stop explaining; what is there stays (Esc in the maps)"));
  back_ = button(tr("All methods"), tr("Show all ticked methods again"));
  row->addWidget(ring_);
  row->addWidget(state_, 1);
  for (QPushButton* b : {all_, cancel_, back_}) row->addWidget(b);
  body()->addWidget(bar_);
  stack_ = new QStackedWidget(this);
  auto* area = new QScrollArea(stack_);
  area->setWidgetResizable(true);
  area->setFrameShape(QFrame::NoFrame);
  area->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
  area->setFocusPolicy(Qt::NoFocus);
  maps_ = new MethodMaps(theme, area);
  area->setWidget(maps_);
  stack_->addWidget(area);
  agreement_ = new AgreementPage(theme, stack_);
  stack_->addWidget(agreement_);
  body()->addWidget(stack_, 1);
  ticks_->choices().set_lines([this](const MethodInfo& m) {
    QStringList changed;
    const ExplainOptions o = options_for(options_, m.id, place_, &changed);
    MethodLine line;
    line.cost = found_.count(m.id) ? tr("there") : post_ && meter_ ? meter_->text(run_.id, o, place_.size) : text(m.cost).section(QLatin1Char(','), 0, 0);
    if (post_ && meter_) line.cost_tip = meter_->tip(run_.id, o, place_.size);
    line.refused = reason_against(m, place_);
    line.note = changed.join(QStringLiteral("; "));
    return line;
  });
  connect(maps_, &MethodMaps::method_asked, this, &MethodsPanel::method_asked);
  connect(maps_, &MethodMaps::explain_asked, this, [this](const QString& id) { explain(id.toStdString()); });
  connect(maps_, &MethodMaps::cancel_asked, this, &MethodsPanel::cancel);
  connect(look_, &Segmented::chosen, this, [this](int i) {
    pair_ = {};
    stack_->setCurrentIndex(i);
    draw();
  });
  connect(ticks_, &MethodTicks::changed, this, [this] {
    picked_ = ticks_->choices().picked();
    pair_ = {};
    remember();
    filled_ = false;
    fill();
    draw();
  });
  connect(agreement_, &AgreementPage::pair_asked, this, [this](const QString& a, const QString& b) {
    pair_ = {a.toStdString(), b.toStdString()};
    look_->set_current(0);
    stack_->setCurrentIndex(0);
    draw();
    maps_->setFocus();
  });
  connect(all_, &QPushButton::clicked, this, &MethodsPanel::explain_all);
  connect(cancel_, &QPushButton::clicked, this, &MethodsPanel::cancel);
  connect(back_, &QPushButton::clicked, this, [this] {
    pair_ = {};
    draw();
  });
  draw();
}

void MethodsPanel::set_session(Session* session) {
  if (session_) {
    if (job_) session_->work().cancel(job_);
    disconnect(&session_->work(), nullptr, this, nullptr);
  }
  job_ = 0;
  queue_.clear();
  session_ = session;
  if (session_) {
    connect(&session_->work(), &WorkQueue::changed, this, &MethodsPanel::draw_progress);
    try {
      if (const auto stored = session_->store().value(ticked_key); stored && stored->is_array()) {
        std::vector<std::string> ids;
        for (const Json& id : *stored)
          if (id.is_string() && known(id.get<std::string>()) && ids.size() < MethodList::most && std::find(ids.begin(), ids.end(), id.get<std::string>()) == ids.end()) ids.push_back(id.get<std::string>());
        picked_ = ids;
        ticks_->set_picked(picked_);
      }
    } catch (const std::exception&) {  // as before, then
    }
  }
  set_post(nullptr, {}, {});
}

void MethodsPanel::set_place(const Place& place, MeterPtr meter) {
  const TextSize size = place_.size;
  const bool post = place_.post;
  place_ = place;
  place_.size = size, place_.post = post;
  meter_ = std::move(meter);
}

void MethodsPanel::remember() {
  if (!session_ || session_->read_only()) return;
  try {
    Json ids = Json::array();
    for (const auto& id : picked_) ids.push_back(id);
    session_->store().set_value(ticked_key, ids);
  } catch (const std::exception& e) {
    Q_EMIT failed(text(clean_utf8(e.what())));
  }
}

std::vector<std::string> MethodsPanel::shown() const {
  std::vector<std::string> out;
  if (post_ && known(post_->record.method)) out.push_back(post_->record.method);
  for (const auto& id : picked_)
    if (out.size() < MethodList::most && std::find(out.begin(), out.end(), id) == out.end()) out.push_back(id);
  return out;
}

ExplainOptions MethodsPanel::options_of(const std::string& method) const { return options_for(options_, method, place_); }

void MethodsPanel::set_post(PostPtr post, const RunRecord& run, const ExplainOptions& options) {
  const std::deque<std::string> asked = queue_;
  if (session_ && job_) session_->work().cancel(job_);
  job_ = 0;
  queue_.clear();
  const bool same = post && post_ && post->record.document == post_->record.document && run.id == run_.id;
  // Maps of the same post, target, foil and options stay good.
  if (!same || post->record.target != post_->record.target || post->record.foil != post_->record.foil) found_.clear();
  if (!same) pair_ = {};
  failed_.clear();
  post_ = std::move(post);
  run_ = run;
  options_ = options;
  place_.post = post_ != nullptr;
  place_.size = post_ ? size_of(post_->record) : TextSize{};
  std::erase_if(found_, [&](const auto& f) { return !same_protocol(f.second->record.protocol, protocol_of(options_of(f.first))); });
  filled_ = false;
  if (post_) found_[post_->record.method] = post_;
  if (same)
    for (const auto& id : asked)
      if (!found_.count(id)) queue_.push_back(id);  // the person still waits for them
  draw();
  if (isVisible()) fill();
}

void MethodsPanel::make_way() {
  if (session_ && job_) session_->work().cancel(job_);
  job_ = 0;
}

void MethodsPanel::go_on() {
  if (isVisible()) compute();
}

void MethodsPanel::showEvent(QShowEvent* e) {
  Panel::showEvent(e);
  fill();
}

/// What the file holds is there at once; what costs little is computed.
void MethodsPanel::fill() {
  if (filled_ || !post_ || !session_) return;
  filled_ = true;
  try {
    for (auto& r : session_->store().explanations(run_.id, "", post_->record.document)) {
      const std::string method = r.method;
      if (found_.count(method) || !known(method) || r.target != post_->record.target || r.words != post_->record.words) continue;
      if (options_.output == Output::difference && r.foil != post_->record.foil) continue;
      if (!same_protocol(r.protocol, protocol_of(options_of(method)))) continue;
      found_[method] = std::make_shared<const PostContent>(std::move(r), post_->text, post_->id, post_->label, post_->classes);
    }
  } catch (const std::exception&) {  // busy: they are computed then
  }
  if (!run_.folder.empty())
    for (const auto& id : shown())
      if (by_itself(id) && !found_.count(id) && !failed_.count(id) && std::find(queue_.begin(), queue_.end(), id) == queue_.end()) queue_.push_back(id);
  draw();
  compute();
}

void MethodsPanel::explain(const std::string& method) {
  if (!post_ || run_.folder.empty() || found_.count(method)) return;
  failed_.erase(method);
  if (std::find(queue_.begin(), queue_.end(), method) == queue_.end()) queue_.push_back(method);
  draw();
  compute();
}

void MethodsPanel::explain_all() {
  for (const auto& id : shown())
    if (!found_.count(id)) explain(id);
}

void MethodsPanel::cancel() {
  if (session_ && job_) session_->work().cancel(job_);
  job_ = 0;
  queue_.clear();
  draw();
}

void MethodsPanel::compute() {
  if (!session_ || !post_ || job_ || run_.folder.empty()) return;
  while (!queue_.empty() && found_.count(queue_.front())) queue_.pop_front();
  if (queue_.empty()) return draw();
  const std::string id = queue_.front();
  Wish wish{run_.id, post_->record.document, {}, options_of(id), post_->record.target, post_->record.foil};
  const auto done = [this, id] {
    job_ = 0;
    if (!queue_.empty() && queue_.front() == id) queue_.pop_front();
  };
  job_ = session_->work().submit(this, WorkQueue::Priority::soon, tr("%1 of post %2").arg(method_title(id)).arg(wish.document), [this, wish, done, classes = post_->classes, keep = !session_->read_only(), meter = meter_](WorkQueue::Context& c) {
    const PostPtr post = explain_now(c, wish, classes, keep, meter.get());
    return [this, post, done, id = wish.options.method] {
      done();
      found_[id] = post;
      draw();
      compute();
    };
  }, [this, id, done](const QString& message) {
    done();
    failed_[id] = message;
    draw();
    compute();
  });
  draw();
}

void MethodsPanel::draw_progress() {
  if (!job_ || !session_) return;
  for (const auto& job : session_->work().jobs())
    if (job.id == job_) {
      maps_->set_progress(queue_.empty() ? std::string() : queue_.front(), job.running ? job.done : 0, job.running ? job.total : 0);
      ring_->set_progress(job.running ? job.done : 0, job.running ? job.total : 0);
    }
}

void MethodsPanel::draw() {
  using State = MethodMaps::Map::State;
  std::vector<MethodMaps::Map> maps;
  std::vector<AgreementPage::Scores> scores;
  double seconds = 0;
  Passes passes;
  int missing = 0, there = 0, broken = 0;
  const std::vector<std::string> all = shown();
  const bool two = !pair_.first.empty() && std::find(all.begin(), all.end(), pair_.first) != all.end() && std::find(all.begin(), all.end(), pair_.second) != all.end();
  if (!two) pair_ = {};
  for (const auto& id : all) {
    const MethodInfo& m = method_info(id);
    MethodMaps::Map map;
    map.id = id;
    map.title = text(m.name);
    map.shown = post_ && post_->record.method == id;
    QString why_not = tr("is not explained yet");
    const auto at = found_.find(id);
    if (post_ && at != found_.end()) {
      map.post = at->second;
      map.state = State::there;
      map.note = !asks_for_class(m) ? tr("same for every class") : in_loss(run_, id) ? tr("in the loss") : tr("not in the loss");
      ++there;
    } else if (!post_) {
      map.state = State::impossible;
    } else if (run_.folder.empty()) {
      map.state = State::impossible;
      map.body = tr("Not stored, and this run has no weights to explain it by");
    } else if (const auto failed = failed_.find(id); failed != failed_.end()) {
      map.state = State::failed;
      map.note = tr("failed");
      map.body = failed->second;
      why_not = tr("failed");
      ++broken;
    } else {
      const ExplainOptions o = options_of(id);
      const auto place = std::find(queue_.begin(), queue_.end(), id);
      map.state = place == queue_.end() ? State::not_yet : place == queue_.begin() && job_ ? State::running : State::asked;
      const QString cost = meter_ ? meter_->text(run_.id, o, place_.size) : text(m.cost);
      map.body = map.state == State::not_yet ? tr("Explain, %1").arg(cost) : map.state == State::running ? tr("Explaining …") : tr("Waits, %1").arg(cost);
      if (map.state == State::not_yet) {
        ++missing;
        if (meter_) {
          seconds += meter_->seconds(run_.id, o, place_.size);
          const Passes p = meter_->passes(run_.id, o, place_.size);
          passes.forward += p.forward, passes.backward += p.backward;
        }
      }
    }
    if (map.shown) map.right = tr("shown");
    else if (map.post && map.post->record.word_scores.size() == post_->record.word_scores.size()) {
      const double tau = kendall_tau_b(post_->record.word_scores, map.post->record.word_scores);
      map.right = QStringLiteral("τ %1").arg(std::isfinite(tau) ? text(fixed(tau, 2)) : QStringLiteral("–"));
    }
    scores.push_back({id, map.title, map.post, why_not});
    if (!two || id == pair_.first || id == pair_.second) maps.push_back(std::move(map));
  }
  set_caption(!post_ ? QString() : tr("%1 of %2 · %3").arg(there).arg(all.size()).arg(post_->record.foil >= 0 ? tr("same target and foil") : tr("same target")));
  agreement_->set_methods(std::move(scores));
  maps_->set_maps(std::move(maps));
  // The line under the header: what is at work, else what could be done.
  const bool works = job_ != 0 || !queue_.empty();
  QString said;
  if (two) {
    std::size_t a = 0, b = 0;
    for (std::size_t i = 0; i < all.size(); ++i) {
      if (all[i] == pair_.first) a = i;
      if (all[i] == pair_.second) b = i;
    }
    said = agreement_->figure(a, b);
  } else if (works && !queue_.empty()) {
    said = queue_.size() > 1 ? tr("%1, %2 more wait").arg(method_title(queue_.front())).arg(queue_.size() - 1) : method_title(queue_.front());
  } else if (broken) {
    said = broken == 1 ? tr("1 failed: a click on it tries again") : tr("%1 failed: a click on one tries again").arg(broken);
  } else if (missing) {
    const QString cost = std::isfinite(seconds) && seconds > 0 ? about_text(seconds) : passes_text(passes);
    said = missing == 1 ? tr("1 is not explained, %1").arg(cost) : tr("%1 are not explained, %2").arg(missing).arg(cost);
  }
  state_->set_text(said);
  bar_->setVisible(!said.isEmpty());
  ring_->setVisible(works && !two);
  cancel_->setVisible(works && !two);
  back_->setVisible(two);
  all_->setVisible(!two && !works && missing > 0);
  maps_->setToolTip(tr("τ: Kendall's tau-b with the shown method, over the words' scores"));
}

void MethodsPanel::show_agreement(bool agreement) {
  look_->set_current(agreement ? 1 : 0);
  pair_ = {};
  stack_->setCurrentIndex(agreement ? 1 : 0);
  draw();
}

QString MethodsPanel::csv() const {
  if (stack_->currentIndex() == 1) return agreement_->csv();
  QString out = QStringLiteral("word,begin,end");
  std::vector<const PostContent*> posts;
  for (const auto& m : maps_->maps())
    if (m.post && post_ && m.post->record.word_scores.size() == post_->record.word_scores.size()) out += QLatin1Char(',') + csv_cell(text(m.id)), posts.push_back(m.post.get());
  out += QLatin1Char('\n');
  for (std::size_t w = 0; post_ && w < post_->record.words.size(); ++w) {
    const RankedWord* r = post_->ranked(static_cast<int>(w));
    if (!r) continue;
    out += csv_cell(text(r->text)) + QStringLiteral(",%1,%2").arg(post_->record.words[w].begin).arg(post_->record.words[w].end);
    for (const auto* p : posts) out += QLatin1Char(',') + QString::number(p->record.word_scores[w], 'g', 9);
    out += QLatin1Char('\n');
  }
  return out;
}

}  // namespace telltale::ui
