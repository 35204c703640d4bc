// What stands behind the chosen cell: spread, posts, slices, order in resamples, agreement of methods.
#include <QComboBox>
#include <QLabel>
#include <QStackedWidget>
#include <algorithm>
#include <cmath>

#include "evaluation/agreement.hpp"
#include "report/comparison_view.hpp"
#include "report/numbers.hpp"
#include "widgets/evaluate/cell_views.hpp"
#include "widgets/evaluate/evaluate_view.hpp"
#include "widgets/evaluate/grid_table.hpp"
#include "widgets/evaluate/method_matrix.hpp"
#include "widgets/evaluate/slice_rows.hpp"
#include "widgets/row_list.hpp"
#include "widgets/shell/words.hpp"

namespace telltale::ui {

std::vector<std::string> EvaluateView::whole_methods(const std::string& metric) const {
  std::vector<std::string> out;
  for (int row = 0; data_ && row < model_->rowCount(); ++row)
    if (const EvaluatedCell* cell = data_->cell(data_->runs.size() - 1, model_->method(row), metric);
        cell && !cell->values.empty() && cell->done == data_->posts && !std::isnan(cell->mean.value))
      out.push_back(model_->method(row));
  return out;
}

void EvaluateView::ask_detail(const QString& what, WorkQueue::Work work) {
  detail_job_ = session_->work().submit(this, WorkQueue::Priority::visible, what, std::move(work),
                                        [this](const QString& message) {
                                          detail_job_ = 0;
                                          Q_EMIT failed(message);
                                        });
}

void EvaluateView::show_detail_page() {
  if (session_ && detail_job_) session_->work().cancel(detail_job_);
  detail_job_ = 0;
  details_->setCurrentIndex(static_cast<int>(detail_));
  measure_->setVisible(detail_ == Detail::agreement);
  slice_by_->setVisible(detail_ == Detail::slices);
  detail_note_->setText({});
  if (!data_ || data_->runs.empty() || metric_.empty() || !session_) return detail_note_->hide();
  const std::size_t last = data_->runs.size() - 1;
  const EvaluatedRun& b = data_->runs[last];
  const EvaluatedCell *cell = data_->cell(last, method_, metric_),
                      *other = last == 1 ? data_->cell(0, method_, metric_) : nullptr;
  const QString nothing =
      computing() ? tr("The first posts are being judged.") : tr("Nothing is computed for this cell yet.");
  const bool pairs = metric_info(metric_).level != "post",
             paired = other && cell && !pairs && data_->runs[0].reading.documents == b.reading.documents;
  const BootstrapOptions bootstrap{wish_.options.resamples, wish_.options.judge.seed};
  QString note;
  std::vector<double> values = cell ? cell->values : std::vector<double>();
  if (paired)
    for (std::size_t i = 0; i < values.size(); ++i) values[i] -= other->values[i];
  switch (detail_) {
    case Detail::values: {
      sliced_.clear();  // the table is used for pairs too
      if (pairs) {
        details_->setCurrentIndex(2);
        std::vector<SliceTable::Row> rows;
        if (cell) {
          rows.push_back({true, tr("Pairs of classes · %1").arg(b.name), 0, {}, false});
          const auto names = short_names(b.reading.classes);
          const auto shorter = [&](const std::string& name) {
            for (std::size_t k = 0; k < names.size(); ++k)
              if (b.reading.classes[k] == name) return one_line(names[k]);
            return one_line(name);
          };
          for (const auto& p : cell->pairs) {
            const auto number = [&](const char* key) {
              return p.contains(key) && p[key].is_number() ? p[key].get<double>() : NAN;
            };
            rows.push_back({false,
                            tr("%1, %2").arg(shorter(p.value("a", "")), shorter(p.value("b", ""))),
                            p.value("n", std::int64_t{0}),
                            {number("mean"), number("low"), number("high"), Interval::Kind::bca},
                            false});
          }
        }
        slices_->set_rows(std::move(rows), metric_, nothing);
        break;
      }
      const Interval mean = paired ? paired_difference(other->values, cell->values, bootstrap)
                            : cell ? cell->mean
                                   : Interval{};
      const double reach = std::max(std::abs(mean.low), std::abs(mean.high));
      const int decimals = metric_ == "log-odds" ? 2 : score_decimals(std::isfinite(reach) ? reach : 1);
      const QString summary =
          paired ? tr("%1   mean %2,  95 % %3")
                       .arg(clear_difference(mean) ? tr("clear difference") : tr("no clear difference"),
                            text(with_sign(mean.value, decimals)), text(signed_interval(mean.low, mean.high, decimals)))
                 : tr("mean %1,  95 % %2")
                       .arg(text(fixed(mean.value, decimals)), text(interval(mean.low, mean.high, decimals)));
      histogram_->set_values(
          values, mean, summary,
          paired ? tr("%1, B − A, post by post").arg(text(metric_)) : tr("%1, post by post").arg(text(metric_)), paired,
          cell && cell->n == 0 ? tr("Not defined on any of these posts.") : nothing);
      if (cell)
        note = paired ? tr("B is %1, A is %2; %3 posts, paired bootstrap")
                            .arg(b.name, data_->runs[0].name,
                                 text(thousands(std::count_if(values.begin(), values.end(),
                                                              [](double v) { return std::isfinite(v); }))))
                      : tr("%1; %2 of %3 posts define it")
                            .arg(b.name, text(thousands(cell->n)),
                                 text(thousands(static_cast<std::int64_t>(data_->posts))));
      break;
    }
    case Detail::posts: {
      std::vector<std::pair<double, std::size_t>> order;
      for (std::size_t i = 0; i < values.size(); ++i)
        if (std::isfinite(values[i])) order.emplace_back(values[i], i);
      std::stable_sort(order.begin(), order.end(), [](const auto& x, const auto& y) { return x.first > y.first; });
      note = pairs           ? tr("A metric of pairs of classes has no value for a single post.")
             : order.empty() ? nothing
             : paired        ? tr("Highest B − A first. Enter opens a post in Inspect.")
                             : tr("Highest value first. Enter opens a post in Inspect.");
      post_list_->set_rows({});
      if (order.empty()) break;
      ask_detail(
          tr("Posts behind a cell"),
          [this, order, paired, metric = metric_, data = data_, last](WorkQueue::Context& c) -> std::function<void()> {
            const EvaluationReading& reading = data->runs[last].reading;
            std::vector<std::int64_t> ids;
            for (const auto& [value, i] : order) ids.push_back(reading.documents[i]);
            const auto starts = c.store.post_starts(ids);
            const auto names = short_names(reading.classes);
            std::vector<ListRow> rows;
            std::size_t k = 0;
            for (const auto& s : starts) {
              while (k < ids.size() && ids[k] != s.id) ++k;
              if (k == ids.size()) break;
              const std::size_t i = order[k].second;
              const int label = reading.labels[i], predicted = reading.predicted[i];
              ListRow row{s.id, text(title_of(s.start)),
                          label >= 0 ? one_line(names[static_cast<std::size_t>(label)]) : tr("no class"),
                          metric_info(metric).id == "log-odds" || !paired ? value_text(order[k].first, metric)
                                                                          : text(with_sign(order[k].first)),
                          -1};
              if (label >= 0 && predicted >= 0)
                row.mark = label == predicted ? ListRow::Mark::right : ListRow::Mark::wrong;
              rows.push_back(std::move(row));
            }
            return [this, rows = std::move(rows)] {
              detail_job_ = 0;
              post_list_->set_rows(rows);
            };
          });
      break;
    }
    case Detail::slices:
      if (!cell || pairs) {
        sliced_.clear();
        slices_->set_rows({}, metric_, pairs ? tr("A metric of pairs of classes has no value for a single post.") : nothing);
        break;
      }
      note = tr("%1; p by %2 permutations of the posts, which allow for the gap being the largest of its group")
                 .arg(b.name, text(thousands(b.reading.settings.value("resamples", 2000))));
      // While posts are being judged, the figures of those before stay until the new ones are there.
      if (QString now = QStringLiteral("%1\n%2\n%3\n%4").arg(b.id).arg(text(method_), text(metric_), text(slice_wish_)); now != sliced_ || slices_->rows().empty()) {
        sliced_ = std::move(now);
        slices_->set_rows({}, metric_, tr("The slices are being compared."));
      }
      detail_job_ = session_->work().submit(
          this, WorkQueue::Priority::visible, tr("Slices of the posts"),
          [this, data = data_, last, method = method_, metric = metric_,
           by = slice_wish_](WorkQueue::Context& c) -> std::function<void()> {
            auto rows = slice_rows(c.store, data->runs[last].reading, *data->cell(last, method, metric), by, c.stop);
            return [this, rows = std::move(rows), metric] {
              detail_job_ = 0;
              slices_->set_rows(rows, metric, {});
            };
          },
          [this](const QString& message) {  // of a column that cannot be sliced by: said where the slices would be
            detail_job_ = 0;
            detail_note_->hide();
            QString why = message.startsWith(QStringLiteral("slices: ")) ? message.mid(8) : message;
            if (!why.isEmpty()) why[0] = why[0].toUpper();
            slices_->set_rows({}, metric_, why);
          });
      break;
    case Detail::order: {
      const auto ids = whole_methods(metric_);
      const QString empty = pairs ? tr("Resamples are drawn of metrics with a value a post.")
                                  : tr("Two methods with a value of every post are needed.");
      if (ids.size() < 2 || pairs) {
        order_->set_values({}, {}, {}, MethodMatrix::Scale::amount, 0.5, empty);
        break;
      }
      note = tr("% of %1 bootstrap resamples of the posts in which the order of two methods by %2 stays; %3")
                 .arg(text(thousands(bootstrap.resamples)), text(metric_), b.name);
      ask_detail(tr("Order of methods in resamples"),
                 [this, ids, metric = metric_, data = data_, last, bootstrap,
                  empty](WorkQueue::Context&) -> std::function<void()> {
                   std::vector<std::vector<double>> of_methods;
                   std::vector<QString> names;
                   for (const auto& id : ids)
                     of_methods.push_back(data->cell(last, id, metric)->values), names.push_back(method_name(id));
                   const auto stays = order_stability(of_methods, bootstrap);
                   const bool low = metric_info(metric).better == "low";
                   std::vector<std::vector<QString>> tips(ids.size(), std::vector<QString>(ids.size()));
                   for (std::size_t i = 0; i < ids.size(); ++i)
                     for (std::size_t j = 0; j < i; ++j) {
                       const double x = data->cell(last, ids[i], metric)->mean.value,
                                    y = data->cell(last, ids[j], metric)->mean.value;
                       const bool i_first = low ? x < y : x > y;
                       tips[i][j] = plain_tip(std::isnan(stays[i][j])
                                                  ? tr("%1 and %2: the same value").arg(names[i], names[j])
                                                  : tr("%1 before %2 in %3 of resamples")
                                                        .arg(i_first ? names[i] : names[j],
                                                             i_first ? names[j] : names[i], text(share(stays[i][j]))));
                     }
                   return [this, names, stays, tips, empty] {
                     detail_job_ = 0;
                     order_->set_values(names, stays, tips, MethodMatrix::Scale::amount, 0.5, empty);
                   };
                 });
      break;
    }
    case Detail::agreement: {
      const std::string measure = measure_->currentData().toString().toStdString();
      const AgreementInfo& info = agreement_info(measure);
      const QString empty = tr("Two methods with stored explanations are needed.");
      note =
          tr("Mean over posts of %1 of %2; explanations of %3 as stored")
              .arg(text(info.name), wish_.options.unit == Unit::word ? tr("word scores") : tr("piece scores"), b.name) +
          (info.uses_k ? tr(", k %1").arg(text(to_string(wish_.options.judge.k))) : QString());
      ask_detail(
          tr("Agreement of methods"),
          [this, measure, data = data_, last, low = info.low, empty](WorkQueue::Context& c) -> std::function<void()> {
            const auto found = read_agreement(c.store, data->runs[last].reading, data->wish.methods, measure, c.stop);
            std::vector<std::string> ids;
            std::vector<std::size_t> at;
            for (std::size_t i = 0; i < found.methods.size(); ++i)
              if (std::any_of(found.n[i].begin(), found.n[i].end(), [](std::int64_t n) { return n > 0; }))
                ids.push_back(found.methods[i]), at.push_back(i);
            std::vector<QString> names;
            std::vector<std::vector<double>> values(ids.size(), std::vector<double>(ids.size(), NAN));
            std::vector<std::vector<QString>> tips(ids.size(), std::vector<QString>(ids.size()));
            for (const auto& id : ids) names.push_back(method_name(id));
            for (std::size_t i = 0; i < ids.size(); ++i)
              for (std::size_t j = 0; j < i; ++j) {
                const Interval& v = found.values[at[i]][at[j]];
                values[i][j] = v.value;
                tips[i][j] = plain_tip(tr("%1, %2: %3 (%4), %5 posts")
                                           .arg(names[i], names[j], text(fixed(v.value)), text(interval(v.low, v.high)))
                                           .arg(found.n[at[i]][at[j]]));
              }
            return [this, names, values, tips, low, empty] {
              detail_job_ = 0;
              agreement_->set_values(names, values, tips,
                                     low < 0 ? MethodMatrix::Scale::diverging : MethodMatrix::Scale::amount, 0, empty);
            };
          });
      break;
    }
  }
  detail_note_->setText(note);
  detail_note_->setVisible(!note.isEmpty());
}

}  // namespace telltale::ui
