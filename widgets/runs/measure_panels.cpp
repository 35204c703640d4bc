#include "widgets/runs/measure_panels.hpp"

#include <QLabel>
#include <algorithm>
#include <array>
#include <cmath>

#include "report/numbers.hpp"
#include "training/settings.hpp"

namespace telltale::ui {
namespace {

constexpr std::size_t most_dots = 40;  // more run into one another, and hide whether a line is dashed

/// Measurements while it trained: what is not a probe and not the final one on another split.
bool watched(const ValidationRecord& v) { return v.split != "probe" && v.split != "final" && v.metrics.is_object(); }

double metric_of(const ValidationRecord& v, const char* key) {
  const auto it = v.metrics.find(key);
  return it != v.metrics.end() && it->is_number() ? it->get<double>() : NAN;
}

QString learning_rate_text(double v) {
  if (std::isnan(v)) return QStringLiteral("–");
  if (v == 0) return QStringLiteral("0");
  const int power = static_cast<int>(std::floor(std::log10(std::abs(v)) + 1e-12));
  const double m = v / std::pow(10.0, power);
  return text(fixed(m, std::abs(m - std::round(m)) < 0.005 ? 0 : 2)) + QStringLiteral("e") + (power < 0 ? QString(QChar(0x2212)) : QString()) + QString::number(std::abs(power));
}

QString superscript(int n) {
  static const QString digits = QStringLiteral("⁰¹²³⁴⁵⁶⁷⁸⁹");
  QString out = n < 0 ? QStringLiteral("⁻") : QString();
  for (const QChar c : QString::number(std::abs(n))) out += digits[c.digitValue()];
  return out;
}

}  // namespace

ValidationPanel::ValidationPanel(Theme& theme, RunData& data, ChartScope& scope) : ChartPanel(theme, data, scope, tr("Validation"), 1, 1) {
  grid_->set_titles_shown(false);
  add_tool(menu_);
  // Under the chart: within it there is no place that no line ever crosses.
  key_ = new QLabel(tr("accuracy solid, macro-F1 dashed"), this);
  key_->setObjectName(QStringLiteral("quiet"));
  key_->setFont(theme.font("axis"));
  key_->setAlignment(Qt::AlignHCenter);
  key_->setContentsMargins(6, 0, 6, 4);
  key_->setSizePolicy(QSizePolicy::Ignored, QSizePolicy::Fixed);
  key_->hide();
  body()->addWidget(key_);
}

std::vector<WatchedRun*> ValidationPanel::sorted() const {
  std::vector<WatchedRun*> runs;
  for (const WatchedRun* r : data_.runs()) runs.push_back(data_.find(r->record.id));
  std::stable_sort(runs.begin(), runs.end(), [](const auto* a, const auto* b) { return a->series < b->series; });
  return runs;
}

void ValidationPanel::fill(double, double, int) {
  ChartData data;
  for (WatchedRun* r : sorted())
    for (const char* key : {"accuracy", "macro_f1"}) {
      ChartLine line;
      line.name = text(r->record.name) + (key[0] == 'a' ? tr(", accuracy") : tr(", macro-F1"));
      line.colour = theme_.series(static_cast<std::size_t>(r->series));
      line.dashed = key[0] == 'm';
      for (const ValidationRecord& v : r->validations)
        if (watched(v) && !std::isnan(metric_of(v, key))) {
          line.x.push_back(r->axis_at_step(static_cast<double>(v.step), scope_.axis()));
          line.y.push_back(metric_of(v, key));
        }
      line.dots = line.x.size() <= most_dots;
      if (!line.x.empty()) data.lines.push_back(std::move(line));
    }
  fit_and_clip(data, false, false);
  if (!data.lines.empty()) {
    data.high = std::min(data.high, 1.02);
  } else {
    data.empty = data_.loading() ? tr("Reading …") : tr("Not measured yet");
  }
  key_->setVisible(!data.lines.empty());
  grid_->set_data(0, std::move(data));
}

void ValidationPanel::write_titles() {
  ChartTitle t;
  t.name = tr("Validation");
  QString caption;
  QStringList values;
  for (WatchedRun* r : sorted()) {
    double best = NAN, f1 = NAN;
    std::int64_t at = 0, before = 0;
    for (const ValidationRecord& v : r->validations)
      if (watched(v) && (!scope_.cursor() || r->axis_at_step(static_cast<double>(v.step), scope_.axis()) <= *scope_.cursor())) best = metric_of(v, "accuracy"), f1 = metric_of(v, "macro_f1"), before = at, at = v.step;
    if (std::isnan(best)) continue;
    t.values.push_back(value(text(fixed(best)), r->series));
    values << QStringLiteral("%1: %2, F1 %3").arg(text(r->record.name), text(fixed(best)), text(fixed(f1)));
    if (caption.isEmpty() && before > 0) caption = tr("every %1 steps").arg(text(thousands(at - before)));
  }
  grid_->set_title(0, t);
  QString figures;
  for (const auto& [figure, _] : t.values) figures += (figures.isEmpty() ? QString() : QStringLiteral("  ")) + figure;
  set_caption(figures.isEmpty() ? caption : caption.isEmpty() ? figures : figures + QStringLiteral(" · ") + caption);
  grid_->setToolTip(values.join(QLatin1Char('\n')));
}

std::vector<std::vector<ChartDot>> ValidationPanel::dots() { return {}; }

SharePanel::SharePanel(Theme& theme, RunData& data, ChartScope& scope) : ChartPanel(theme, data, scope, tr("Gradient share"), 1, 1) {
  grid_->set_titles_shown(false);
  grid_->set_right_margin(104);
  add_tool(menu_);
}

WatchedRun* SharePanel::front() const {
  // The first that has more than one term: a baseline's gradient is all of one.
  WatchedRun* any = nullptr;
  for (const WatchedRun* r : data_.runs()) {
    int terms = 0;
    for (const auto& [name, _] : r->curves.columns()) terms += name.starts_with("share.");
    if (terms > 1) return data_.find(r->record.id);
    if (terms == 1 && !any) any = data_.find(r->record.id);
  }
  return any;
}

void SharePanel::fill(double low, double high, int columns) {
  ChartData data;
  data.low = 0, data.high = 100;
  WatchedRun* run = front();
  if (run) {
    static const std::map<std::string, int> series = {{"class", 0}, {"attribution", 1}, {"cls", 2}, {"positive", 5}, {"negative", 4}, {"overlap", 3}, {"prior", 3}};
    struct Term {
      std::string id;
      DrawnColumn d;
    };
    std::vector<Term> terms;
    for (const SettingInfo& s : settings_table()) {
      if (!s.id.starts_with("weight.") || !run->curves.column("share." + s.id.substr(7))) continue;
      terms.push_back({s.id.substr(7), draw_column(*run, "share." + s.id.substr(7), scope_, low, high, columns)});
    }
    // All terms are measured at the same steps; a share may be below 0 where a term pulls against the rest: it is drawn as none.
    std::vector<double> floor;
    for (const Term& t : terms) {
      ChartArea a;
      a.colour = theme_.series(static_cast<std::size_t>(series.contains(t.id) ? series.at(t.id) : 3));
      a.x = t.d.x;
      floor.resize(a.x.size(), 0);
      for (std::size_t i = 0; i < a.x.size(); ++i) {
        double sum = 0;
        for (const Term& o : terms) sum += i < o.d.y.size() ? std::max(0.0, o.d.y[i]) : 0;
        const double share = sum > 0 ? 100 * std::max(0.0, t.d.y[i]) / sum : 0;
        a.low.push_back(floor[i]);
        a.high.push_back(floor[i] += share);
      }
      const double now = scope_.cursor() ? raw_at(*run, "share." + t.id, scope_, scope_.cursor()) : a.x.empty() ? NAN : (a.high.back() - a.low.back()) / 100;
      a.label = QStringLiteral("%1 %2").arg(t.id == "cls" ? tr("CLS") : text(t.id), text(telltale::share(now, 0)));
      data.areas.push_back(std::move(a));
    }
  }
  if (data.areas.empty()) data.empty = data_.loading() ? tr("Reading …") : tr("Not measured yet: the share of each term in the gradient is taken every share_steps steps");
  grid_->set_right_margin(data.areas.empty() ? 14 : 104);
  grid_->set_data(0, std::move(data));
}

void SharePanel::write_titles() {
  const WatchedRun* run = front();
  grid_->set_title(0, {tr("Gradient share"), {}, {}, {}});
  set_caption(run && data_.runs().size() > 1 ? tr("% of the squared norm · %1").arg(text(run->record.name)) : tr("% of the squared norm"));
  setToolTip(tr("Share of each term in the gradient: ⟨gᵢ, g⟩ / ‖g‖², smoothed. A term that pulls against the rest counts as 0 here."));
}

OptimiserPanel::OptimiserPanel(Theme& theme, RunData& data, ChartScope& scope) : ChartPanel(theme, data, scope, tr("Optimiser"), 2, 1) {
  grid_->set_titles_shown(false);
  page_ = new Segments(theme, tr("Page"), {QStringLiteral("1"), QStringLiteral("2")}, this);
  page_->button(0)->setAccessibleName(tr("Gradient norm and learning rate"));
  page_->button(0)->setToolTip(tr("Gradient norm and learning rate"));
  page_->button(1)->setAccessibleName(tr("Tokens a second and memory"));
  page_->button(1)->setToolTip(tr("Tokens a second and memory"));
  add_tool(page_);
  add_tool(menu_);
  connect(page_, &Segments::chosen, this, [this](int i) {
    set_title(i == 0 ? tr("Optimiser") : tr("Throughput"));
    refresh();
  });
}

std::vector<std::string> OptimiserPanel::columns_shown() const {
  return page_->current() == 0 ? std::vector<std::string>{"gradient_norm", "learning_rate"} : std::vector<std::string>{"tokens_per_second", "memory_mib"};
}

void OptimiserPanel::fill(double low, double high, int) {
  drawn_ = drawn(data_, scope_.grouped());
  const int columns = grid_->plot_columns();
  const auto names = columns_shown();
  for (std::size_t i = 0; i < names.size(); ++i) {
    ChartData data;
    double scale = names[i] == "memory_mib" ? 1.0 / 1024 : 1;
    if (names[i] == "learning_rate") {
      double most = 0;
      for (const DrawnRuns& g : drawn_)
        for (const WatchedRun* r : g.runs)
          if (const CurveColumn* c = r->curves.column(names[i])) {
            const auto e = c->values.extremes(0, c->values.size());
            if (e.any()) most = std::max(most, static_cast<double>(e.high));
          }
      const int power = most > 0 ? static_cast<int>(std::floor(std::log10(most) + 1e-9)) : 0;
      scale = std::pow(10.0, -power);
      data.note = power == 0 ? tr("learning rate") : tr("learning rate ×10%1").arg(superscript(power));
    } else {
      data.note = names[i] == "gradient_norm" ? tr("gradient norm") : names[i] == "memory_mib" ? tr("memory, GiB") : tr("tokens/s");
    }
    for (DrawnRuns& g : drawn_) {
      const bool rate = names[i] == "learning_rate";  // it has no noise to smooth
      DrawnColumn d = g.runs.size() > 1 ? draw_group(g.runs, names[i], scope_, low, high, columns, !rate) : draw_column(*g.runs.front(), names[i], scope_, low, high, columns);
      if (d.x.empty()) continue;
      ChartLine line;
      line.name = g.name;
      line.colour = theme_.series(static_cast<std::size_t>(g.series));
      if (rate && g.runs.size() == 1) d.y = d.high;
      else if (!rate) line.band_x = d.band_x, line.low = d.low, line.high = d.high;
      line.x = d.x, line.y = d.y;
      for (auto* v : {&line.y, &line.low, &line.high})
        for (double& y : *v) y *= scale;
      data.lines.push_back(std::move(line));
    }
    fit_and_clip(data, i == 0 && page_->current() == 0 && scope_.log(), scope_.clipped(), 0);
    if (data.lines.empty()) {
      data.empty = data_.loading() ? tr("Reading …") : tr("No step yet");
      data.note.clear();
    }
    grid_->set_data(static_cast<int>(i), std::move(data));
  }
}

void OptimiserPanel::write_titles() {
  const auto names = columns_shown();
  QStringList figures;
  for (std::size_t i = 0; i < names.size(); ++i) {
    const WatchedRun* run = nullptr;
    for (const WatchedRun* r : data_.runs())
      if (!run && r->curves.rows() > 0) run = r;
    const double v = run ? names[i] == "learning_rate" ? raw_at(*run, names[i], scope_, scope_.cursor()) : average_at(*data_.find(run->record.id), names[i], scope_, scope_.cursor()) : NAN;
    const QString figure = std::isnan(v) ? QString() : names[i] == "learning_rate" ? learning_rate_text(v) : names[i] == "memory_mib" ? tr("%1 GiB").arg(text(fixed(v / 1024, 1))) : names[i] == "tokens_per_second" ? tr("%1 tokens/s").arg(text(thousands(std::llround(v)))) : value_text(v, std::max(1.0, v));
    if (!figure.isEmpty()) figures << figure;
    grid_->set_title(static_cast<int>(i), {grid_->data(static_cast<int>(i)).note, {}, {}, {}});
  }
  set_caption(figures.join(QStringLiteral(" · ")));
}

std::vector<std::vector<ChartDot>> OptimiserPanel::dots() { return {}; }

}  // namespace telltale::ui
