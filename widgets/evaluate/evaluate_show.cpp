// What Evaluate shows beside the grid: chips of the runs, other protocols, accuracy, curves, the definition of the
// chosen metric.
#include <fmt/format.h>

#include <QLabel>
#include <QMenu>
#include <QPushButton>
#include <QToolButton>
#include <algorithm>
#include <cmath>

#include "report/numbers.hpp"
#include "widgets/evaluate/curve_plot.hpp"
#include "widgets/evaluate/evaluate_view.hpp"
#include "widgets/evaluate/grid_table.hpp"
#include "widgets/inspect/segmented.hpp"
#include "widgets/panel.hpp"
#include "widgets/shell/words.hpp"

namespace telltale::ui {

void EvaluateView::show_chips() {
  while (QLayoutItem* item = chips_->takeAt(0)) {
    if (QWidget* gone = item->widget()) {
      gone->hide();  // it may live on until the event loop comes round
      gone->deleteLater();
    }
    delete item;
  }
  for (const auto id : wish_.runs) {
    const RunRecord* r = run(id);
    const QString name =
        r ? elided(one_line(r->name.empty() ? fmt::format("run {}", id) : r->name), 40) : tr("run %1").arg(id);
    auto* chip = new QPushButton(chips_->parentWidget());
    chip->setObjectName(QStringLiteral("small"));
    QPixmap swatch(20, 20);
    swatch.setDevicePixelRatio(2);
    swatch.fill(theme_.series(static_cast<std::size_t>(series_of(id))));
    chip->setIcon(swatch);
    chip->setIconSize({10, 10});
    chip->setText(QFontMetrics(chip->font()).elidedText(name, Qt::ElideRight, narrow_ ? 96 : 150) +
                  (wish_.runs.size() > 1 ? QStringLiteral("  ×") : QString()));
    chip->setAccessibleName(wish_.runs.size() > 1 ? tr("Take away run %1").arg(name) : tr("Run %1").arg(name));
    chip->setToolTip(plain_tip(wish_.runs.size() > 1 ? tr("%1\nClick to take it away").arg(name) : name));
    chip->setFixedHeight(24);
    connect(chip, &QPushButton::clicked, this, [this, id] {
      if (wish_.runs.size() < 2) return;
      std::erase(wish_.runs, id);
      show_chips();
      wish_changed();
    });
    chips_->addWidget(chip);
  }
  // Its entries are made when it opens: a file may hold a thousand runs.
  if (!add_run_->menu()) {
    add_run_->setMenu(new QMenu(add_run_));
    connect(add_run_->menu(), &QMenu::aboutToShow, this, &EvaluateView::fill_add_menu);
  }
  add_run_->setVisible(can_add_run());
}

bool EvaluateView::can_add_run() const {
  return file_.runs.size() > wish_.runs.size() && wish_.runs.size() < most_runs;
}

void EvaluateView::fill_add_menu() {
  add_run_->menu()->clear();
  const RunRecord* first = wish_.runs.empty() ? nullptr : run(wish_.runs[0]);
  for (const auto& r : file_.runs) {
    if (std::find(wish_.runs.begin(), wish_.runs.end(), r.id) != wish_.runs.end()) continue;
    QAction* a =
        add_run_->menu()->addAction(elided(one_line(r.name.empty() ? fmt::format("run {}", r.id) : r.name), 60)
                                        .replace(QLatin1Char('&'), QLatin1String("&&")));
    a->setEnabled(!first || r.dataset == first->dataset);
    connect(a, &QAction::triggered, this, [this, id = r.id] {
      if (wish_.runs.size() >= most_runs) return;
      wish_.runs.push_back(id);
      show_chips();
      wish_changed();
    });
  }
}

void EvaluateView::show_side() {
  protocol_panel_->set_title(data_->current ? tr("Protocol %1").arg(data_->current) : tr("New protocol"));
  std::size_t whole = 0, cells = 0;
  std::map<int, std::size_t> elsewhere;
  for (const auto& r : data_->runs) {
    for (const auto& method : wish_.methods)
      for (const auto& metric : wish_.metrics) {
        ++cells;
        const EvaluatedCell* cell = r.reading.cell(method, metric);
        whole += cell && cell->done >= r.reading.documents.size();
      }
    for (const auto& [key, other] : r.elsewhere) ++elsewhere[other.protocol];
  }
  protocol_panel_->set_caption(tr("%1 of %2 cells").arg(whole).arg(cells));
  QStringList lines;
  int first = 0;
  for (const auto& p : data_->protocols) {
    if (p.number == data_->current || std::none_of(p.runs.begin(), p.runs.end(), [&](std::int64_t id) {
          return std::find(wish_.runs.begin(), wish_.runs.end(), id) != wish_.runs.end();
        }))
      continue;
    if (lines.size() >= 3) continue;
    const Json& mine = data_->runs.front().reading.settings;
    QStringList differs;
    for (const auto& key : differing_settings(mine, p.settings))
      if (differs.size() < 3)
        differs << tr("%1 %2, not %3").arg(setting_name(key), setting_text(p.settings, key), setting_text(mine, key));
    const auto shown = elsewhere.find(p.number);
    lines << tr("Protocol %1: %2.").arg(p.number).arg(differs.join(QStringLiteral("; "))) +
                 (shown != elsewhere.end()
                      ? tr(" %n of its figures stand hatched in the grid.", nullptr, static_cast<int>(shown->second))
                      : QString());
    if (!first || shown != elsewhere.end()) first = p.number;
  }
  others_->setText(lines.join(QLatin1Char('\n')));
  others_panel_->setVisible(!lines.isEmpty());
  show_other_->setText(tr("Show protocol %1").arg(first));
  show_other_->setAccessibleName(show_other_->text());
  show_other_->setProperty("protocol", first);
  show_other_->setVisible(first > 0);

  // On the very posts of the sample: what the models answered to them.
  QString rows = QStringLiteral(
                     "<table width='100%' cellspacing='0' cellpadding='2'><tr><td></td><td align='right'>%1</td><td "
                     "align='right'>%2</td></tr>")
                     .arg(tr("accuracy"), tr("macro-F1"));
  for (const auto& r : data_->runs)
    rows +=
        QStringLiteral(
            "<tr><td><span style='color:%1'>■</span> %2</td><td align='right'>%3</td><td align='right'>%4</td></tr>")
            .arg(theme_.series(static_cast<std::size_t>(series_of(r.id))).name(), elided(r.name, 24).toHtmlEscaped(),
                 text(fixed(r.accuracy)), text(fixed(r.macro_f1)));
  rows += QStringLiteral("</table>");
  if (data_->runs.size() == 2) {
    const auto right_of = [](const EvaluationReading& reading) {
      std::vector<double> out;
      for (std::size_t i = 0; i < reading.documents.size(); ++i)
        out.push_back(reading.predicted[i] < 0 || reading.labels[i] < 0 ? NAN
                                                                        : reading.predicted[i] == reading.labels[i]);
      return out;
    };
    if (data_->runs[0].reading.documents == data_->runs[1].reading.documents && data_->runs[0].reading.judged > 1 &&
        data_->runs[1].reading.judged > 1) {
      const Interval d = paired_difference(right_of(data_->runs[0].reading), right_of(data_->runs[1].reading),
                                           {wish_.options.resamples, wish_.options.judge.seed});
      rows +=
          QStringLiteral("<p style='margin-top:6px'>%1</p>")
              .arg(tr("On these posts, B − A: %1%2")
                       .arg(clear_difference(d) ? text(with_sign(d.value)) : tr("no clear difference"),
                            std::isfinite(d.low) ? tr(" (%1)").arg(text(signed_interval(d.low, d.high))) : QString()));
    }
  }
  accuracy_->setText(rows);
}

void EvaluateView::choose_cell(const std::string& method, const std::string& metric) {
  method_ = method, metric_ = metric;
  grid_->choose(method, metric);
  show_cell();
}

void EvaluateView::show_detail(Detail detail) {
  detail_ = detail;
  pages_->set_current(static_cast<int>(detail));
  show_detail_page();
}

void EvaluateView::show_cell() {
  if (!data_ || method_.empty() || metric_.empty()) return;
  const MetricInfo& info = metric_info(metric_);
  metric_panel_->set_title(text(info.name));
  metric_panel_->set_caption(text(metric_));
  formula_->setText(text(info.definition));
  meaning_->setText(
      QStringList{better_text(metric_).replace(0, 1, better_text(metric_).left(1).toUpper()) + QLatin1Char('.'),
                  info.level == "post" ? tr("One value a post.")
                                       : tr("One figure a pair of classes; the mean over the pairs is shown."),
                  info.needs.empty() ? QString() : tr("Needs %1.").arg(text(info.needs)),
                  info.source.empty() ? QString() : text(info.source) + QLatin1Char('.')}
          .join(QLatin1Char(' '))
          .simplified());
  detail_panel_->set_caption(tr("%1 · %2").arg(method_name(method_), text(metric_)));
  show_curves();
  show_detail_page();
}

void EvaluateView::show_curves() {
  if (!data_) return;
  for (const auto& [plot, panel, metric] :
       {std::tuple{deletion_, deletion_panel_, "deletion-auc"}, {insertion_, insertion_panel_, "insertion-auc"}}) {
    std::vector<MeanCurve> curves;
    const auto add = [&, plot = plot, metric = metric](std::size_t run, const std::string& method, const QString& name,
                                                       int series) {
      const EvaluatedCell* cell = data_->cell(run, method, metric);
      if (cell && cell->curve.size() > 1)
        curves.push_back({name, text(fixed(cell->mean.value)), series, false, cell->curve});
    };
    const std::size_t last = data_->runs.empty() ? 0 : data_->runs.size() - 1;
    if (all_methods_ && !data_->runs.empty()) {
      int series = 0;
      for (int row = 0; row < model_->rowCount() && series < 6; ++row)
        if (model_->method(row) != random_method && data_->cell(last, model_->method(row), metric))
          add(last, model_->method(row), method_name(model_->method(row)), series++);
    } else if (method_ != random_method) {
      for (std::size_t r = 0; r < data_->runs.size(); ++r)
        add(r, method_, data_->runs[r].name, series_of(data_->runs[r].id));
    }
    if (!data_->runs.empty()) add(last, random_method, tr("random"), -1);
    const bool chosen = std::find(wish_.metrics.begin(), wish_.metrics.end(), metric) != wish_.metrics.end();
    plot->set_curves(std::move(curves),
                     chosen ? computing() ? tr("The first posts are being judged.") : tr("Not computed yet.")
                            : tr("Choose the metric %1 above to see its curves.").arg(QLatin1String(metric)));
    panel->set_caption(all_methods_ ? (data_->runs.empty() ? QString() : data_->runs.back().name)
                                    : method_name(method_) + tr(" · mean p"));
  }
}

}  // namespace telltale::ui
