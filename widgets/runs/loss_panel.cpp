#include "widgets/runs/loss_panel.hpp"

#include <algorithm>
#include <cmath>

#include "report/numbers.hpp"
#include "training/settings.hpp"

namespace telltale::ui {
namespace {

/// Terms in the order of the table of settings; the total last.
const std::vector<std::pair<std::string, const SettingInfo*>>& all_terms() {
  static const auto all = [] {
    std::vector<std::pair<std::string, const SettingInfo*>> out;
    for (const SettingInfo& s : settings_table())
      if (s.id.starts_with("weight.")) out.emplace_back(s.id.substr(7), &s);
    out.emplace_back("total", nullptr);
    return out;
  }();
  return all;
}

const SettingInfo* setting_of(const std::string& term) {
  for (const auto& [id, s] : all_terms())
    if (id == term) return s;
  return nullptr;
}

QString name_of_term(const std::string& term) {
  if (term == "total") return QObject::tr("Total");
  const SettingInfo* s = setting_of(term);
  return term == "cls" ? QObject::tr("CLS triplet") : s ? text(s->name) : text(term);
}

double smoothing(int slider) { return slider <= 0 ? 0 : 1 - std::pow(10.0, -slider / 40.0); }
int slider_at(double beta) { return beta <= 0 ? 0 : static_cast<int>(std::lround(-40 * std::log10(1 - beta))); }

/// The measurements of a term that is not trained, on probe batches.
ChartLine probe_line(const WatchedRun& run, const std::string& term, ChartAxis axis) {
  ChartLine line;
  for (const ValidationRecord& v : run.validations) {
    if (v.split != "probe" || !v.metrics.is_object()) continue;
    const auto it = v.metrics.find(term);
    if (it == v.metrics.end() || !it->is_number()) continue;
    line.x.push_back(run.axis_at_step(static_cast<double>(v.step), axis));
    line.y.push_back(it->get<double>());
  }
  return line;
}

bool trained(const WatchedRun& run, const std::string& term) {
  const double w = run.weight(term);
  return term == "total" || (std::isnan(w) ? run.curves.column("term." + term) != nullptr : w != 0);
}

/// Arrows for what lies outside the axis, with how many steps each stands for.
void add_clip_marks(ChartData& data, const WatchedRun& run, const CurveColumn& column, const std::vector<double>& axis, const DrawnColumn& d, double low, double high, int columns, QColor colour) {
  const double width = (high - low) / columns, apart = 14 * width;
  for (const bool below : {false, true}) {
    const double limit = below ? data.low : data.high;
    ChartMark* last = nullptr;
    for (std::size_t k = 0; k < d.band_x.size(); ++k) {
      const double x = d.band_x[k];
      if (!(below ? d.low[k] < limit : d.high[k] > limit) || x < low || x > high) continue;
      const auto [begin, end] = rows_between(axis, x - width / 2, std::nextafter(x + width / 2, INFINITY));
      const std::size_t n = std::max<std::size_t>(1, column.values.count_beyond(begin, end, static_cast<float>(limit), below));
      if (last && x - last->x < apart) {
        last->count += n;
        continue;
      }
      data.marks.push_back({below ? ChartMark::Kind::below : ChartMark::Kind::above, x, n, colour});
      last = &data.marks.back();
    }
  }
  ChartMark* last = nullptr;
  for (const std::uint32_t row : column.faults) {
    const double x = axis[row];
    if (x < low || x > high) continue;
    if (last && x - last->x < apart) {
      ++last->count;
      continue;
    }
    data.marks.push_back({ChartMark::Kind::fault, x, 1, colour});
    last = &data.marks.back();
  }
  (void)run;
}

}  // namespace

LossPanel::LossPanel(Theme& theme, RunData& data, ChartScope& scope) : ChartPanel(theme, data, scope, tr("Loss terms"), 2, 3) {
  auto* label = new QLabel(tr("EMA"), this);
  label->setFont(theme.font("caption"));
  label->setObjectName(QStringLiteral("quiet"));
  ema_ = new QSlider(Qt::Horizontal, this);
  ema_->setRange(0, 120);
  ema_->setValue(slider_at(scope.beta()));
  ema_->setFixedWidth(64);
  ema_->setAccessibleName(tr("Smoothing"));
  ema_->setToolTip(tr("Smoothing β of the lines: moving average m ← β m + (1 − β) v, divided by 1 − βᵗ. 0 draws the values as they are."));
  ema_value_ = new QLabel(this);
  ema_value_->setFont(theme.font("caption"));
  ema_value_->setFixedWidth(30);
  axis_ = new Segments(theme, tr("Time axis"), {tr("Step"), tr("Epoch"), tr("Time")}, this);
  scale_ = new Segments(theme, tr("Scale of the losses"), {tr("Linear"), tr("Log")}, this);
  for (QWidget* w : std::initializer_list<QWidget*>{label, ema_, ema_value_, axis_, scale_, menu_}) add_tool(w);
  connect(ema_, &QSlider::valueChanged, &scope, [&scope](int v) { scope.set_beta(smoothing(v)); });
  connect(axis_, &Segments::chosen, &scope, [&scope](int i) { scope.set_axis(static_cast<ChartAxis>(i)); });
  connect(scale_, &Segments::chosen, &scope, [&scope](int i) { scope.set_log(i == 1); });
  const auto follow = [this, &scope] {
    axis_->set_current(static_cast<int>(scope.axis()));
    scale_->set_current(scope.log() ? 1 : 0);
    ema_value_->setText(text(fixed(scope.beta(), scope.beta() > 0.99 ? 3 : 2)));
  };
  connect(&scope, &ChartScope::changed, this, follow);
  follow();
  QAction* group = menu_->add_setting(tr("Seeds of one setting as mean with 95 % interval"));
  group->setCheckable(true);
  group->setChecked(scope.grouped());
  connect(group, &QAction::toggled, &scope, &ChartScope::set_grouped);
  QAction* clip = menu_->add_setting(tr("Clip outliers (arrows count them)"));
  clip->setCheckable(true);
  clip->setChecked(scope.clipped());
  connect(clip, &QAction::toggled, &scope, &ChartScope::set_clipped);
  connect(menu_->add_setting(tr("Show the whole run")), &QAction::triggered, &scope, [&scope] { scope.set_zoom(std::nullopt); });
}

void LossPanel::choose_terms() {
  std::vector<std::string> next;
  for (const auto& [term, _] : all_terms()) {
    bool wanted = term == "class" || term == "total";
    for (const WatchedRun* r : data_.runs()) {
      const double w = r->weight(term);
      wanted = wanted || (!std::isnan(w) && w != 0) || r->curves.column("term." + term) || !probe_line(*r, term, ChartAxis::step).x.empty();
    }
    if (wanted) next.push_back(term);
  }
  terms_ = std::move(next);
  const int n = static_cast<int>(terms_.size()), columns = n <= 3 ? n : n == 4 ? 2 : n <= 6 ? 3 : 4;
  grid_->set_shape((n + columns - 1) / columns, columns, n);
}

ChartData LossPanel::chart_of(const std::string& term, double low, double high, int columns) {
  ChartData data;
  struct Clipped {
    const WatchedRun* run;
    const CurveColumn* column;
    DrawnColumn drawn;
    QColor colour;
  };
  std::vector<Clipped> clipped;
  const std::string name = "term." + term;
  for (DrawnRuns& g : drawn_) {
    const QColor colour = theme_.series(static_cast<std::size_t>(g.series));
    std::vector<WatchedRun*> with;
    for (WatchedRun* r : g.runs) {
      if (trained(*r, term)) {
        with.push_back(r);
        continue;
      }
      ChartLine probe = probe_line(*r, term, scope_.axis());
      probe.name = tr("%1 (measured, not trained)").arg(text(r->record.name));
      probe.colour = colour;
      probe.dashed = true;
      if (!probe.x.empty()) data.lines.push_back(std::move(probe));
    }
    const auto add = [&](const DrawnColumn& d, const QString& label) {
      ChartLine line;
      line.name = label;
      line.colour = colour;
      line.x = d.x, line.y = d.y, line.band_x = d.band_x, line.low = d.low, line.high = d.high;
      if (!line.x.empty()) data.lines.push_back(std::move(line));
    };
    if (with.size() > 1) {
      add(draw_group(with, name, scope_, low, high, columns), g.name);
      continue;
    }
    for (WatchedRun* r : with) {
      DrawnColumn d = draw_column(*r, name, scope_, low, high, columns);
      add(d, text(r->record.name));
      if (const CurveColumn* c = r->curves.column(name)) clipped.push_back({r, c, std::move(d), colour});
      if (r->ghost.rows() == 0) continue;
      DrawnColumn ghost = draw_ghost(*r, name, scope_, low, high, columns);
      ChartLine line;
      line.name = text(r->record.name);
      line.colour = colour;
      line.ghost = true;
      line.x = std::move(ghost.x), line.y = std::move(ghost.y);
      if (!line.x.empty()) data.lines.push_back(std::move(line));
      // In front: where the tail was lost. Once, in the total.
      if (term == "total") data.marks.push_back({ChartMark::Kind::resumed, r->axis_at_step(r->ghost.steps().front() - 1, scope_.axis()), 1, colour});
    }
  }
  fit_and_clip(data, scope_.log(), scope_.clipped(), 0);
  for (const Clipped& c : clipped) add_clip_marks(data, *c.run, *c.column, c.run->axis(scope_.axis()), c.drawn, low, high, columns, c.colour);
  if (data.lines.empty()) {
    const auto runs = data_.runs();
    data.empty = data_.loading() ? tr("Reading …") : runs.empty() ? tr("No run is shown") : std::all_of(runs.begin(), runs.end(), [](const WatchedRun* r) { return r->curves.rows() == 0; }) ? tr("No step yet") : tr("Nothing in this stretch");
  }
  return data;
}

void LossPanel::fill(double low, double high, int) {
  drawn_ = drawn(data_, scope_.grouped());
  choose_terms();
  const int columns = grid_->plot_columns();
  for (std::size_t i = 0; i < terms_.size(); ++i) grid_->set_data(static_cast<int>(i), chart_of(terms_[i], low, high, columns));
  std::stable_sort(drawn_.begin(), drawn_.end(), [](const DrawnRuns& a, const DrawnRuns& b) { return a.series < b.series; });  // values in the titles
}

double LossPanel::value_at(DrawnRuns& g, const std::string& term, std::optional<double> x) {
  double sum = 0;
  int n = 0;
  for (WatchedRun* r : g.runs) {
    double v = NAN;
    if (trained(*r, term)) v = average_at(*r, "term." + term, scope_, x);
    else {
      const ChartLine probe = probe_line(*r, term, scope_.axis());
      for (std::size_t k = 0; k < probe.x.size(); ++k)
        if (!x || probe.x[k] <= *x) v = probe.y[k];
    }
    if (!std::isnan(v)) sum += v, ++n;
  }
  return n ? sum / n : NAN;
}

QString LossPanel::caption_of(const std::string& term) const {
  const auto runs = data_.runs();
  if (term == "total") return tr("weighted sum");
  const WatchedRun* of = nullptr;  // the front run, or the first that trains the term
  for (const WatchedRun* r : runs)
    if (const double w = r->weight(term); !of && !std::isnan(w) && w != 0) of = r;
  if (!of) return tr("w 0");
  const QString weight = QStringLiteral("w %1").arg(QString::number(of->weight(term), 'g', 3));
  const auto choice = [&](const char* key) { return of->record.settings.is_object() && of->record.settings.contains(key) && of->record.settings[key].is_string() ? of->record.settings[key].get<std::string>() : std::string(); };
  QString kind;
  if (term == "class") kind = tr("cross-entropy");
  else if (term == "attribution" || term == "cls") kind = QStringLiteral("%1, α %2").arg(term == "attribution" && choice("distance") == "pearson" ? tr("Pearson") : tr("cos"), QString::number(of->setting("margin", NAN), 'g', 3));
  else if (term == "positive") kind = tr("JSD");
  else if (term == "negative") kind = choice("negative") == "entropy" ? tr("entropy") : choice("negative") == "margin" ? tr("margin") : tr("JSD to U");
  else if (term == "overlap") kind = tr("words of the rival");
  else if (term == "prior") kind = choice("prior.words") == "marked" ? tr("marked words") : tr("shared words");
  return kind.isEmpty() ? weight : weight + QStringLiteral(" · ") + kind;
}

void LossPanel::write_titles() {
  bool dashed = false;
  for (std::size_t i = 0; i < terms_.size() && static_cast<int>(i) < grid_->count(); ++i) {
    ChartTitle t;
    t.name = name_of_term(terms_[i]);
    t.caption = caption_of(terms_[i]);
    const SettingInfo* s = setting_of(terms_[i]);
    t.tip = s ? QStringLiteral("%1\n%2").arg(t.name, text(s->meaning)) : tr("Total: the weighted sum of all terms with a weight");
    for (const auto& l : grid_->data(static_cast<int>(i)).lines) dashed = dashed || l.dashed;
    for (DrawnRuns& g : drawn_) {
      const double v = value_at(g, terms_[i], scope_.cursor());
      if (!std::isnan(v)) t.values.push_back(value(value_text(v, std::max(std::abs(grid_->data(static_cast<int>(i)).high), std::abs(v))), g.series));
    }
    grid_->set_title(static_cast<int>(i), t);
  }
  QString caption = scope_.cursor() ? tr("values at %1").arg(at_text()) : tr("last values");
  if (scope_.beta() > 0) caption += tr(", smoothed");
  if (dashed) caption += tr(" · dashed: measured, not trained");
  set_caption(caption);
}

std::vector<std::vector<ChartDot>> LossPanel::dots() {
  std::vector<std::vector<ChartDot>> out;
  for (const std::string& term : terms_) {
    out.emplace_back();
    if (!scope_.cursor()) continue;
    for (DrawnRuns& g : drawn_) {
      const double v = value_at(g, term, scope_.cursor());
      if (!std::isnan(v)) out.back().push_back({v, theme_.series(static_cast<std::size_t>(g.series))});
    }
  }
  return out;
}

}  // namespace telltale::ui
