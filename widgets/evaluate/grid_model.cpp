#include "widgets/evaluate/grid_model.hpp"

#include <algorithm>
#include <cmath>

#include "attribution/explain.hpp"
#include "report/numbers.hpp"
#include "widgets/export/export.hpp"
#include "widgets/shell/words.hpp"

namespace telltale::ui {

QString value_text(double value, const std::string& metric) {
  // A bar beside "0.000" would be a riddle: small values get digits, as many as a column holds.
  const int small = value != 0 && std::isfinite(value) ? std::min(5, score_decimals(std::abs(value))) : 3;
  return text(fixed(value, metric_info(metric).id == "log-odds" ? 2 : small));
}

QString better_text(const std::string& metric) {
  const auto& better = metric_info(metric).better;
  return better.empty() ? QObject::tr("neither is better") : QObject::tr("%1 is better").arg(text(better));
}

QString metric_tip(const std::string& id) {
  const MetricInfo& m = metric_info(id);
  QString out = QStringLiteral("<b>%1</b> (%2)<br>%3<br>%4")
                    .arg(text(m.name).toHtmlEscaped(), text(id).toHtmlEscaped(), text(m.definition).toHtmlEscaped(),
                         better_text(id));
  if (m.level != "post") out += QObject::tr("<br>one figure a pair of classes; the mean over the pairs is shown");
  if (!m.needs.empty()) out += QObject::tr("<br>needs %1").arg(text(m.needs).toHtmlEscaped());
  if (!m.source.empty()) out += QStringLiteral("<br>") + text(m.source).toHtmlEscaped();
  return out;
}

QString method_tip(const std::string& id) {
  if (id == random_method)
    return QObject::tr(
        "<b>Random</b><br>Control: every word gets a standard normal score, drawn by the seed. A method that is no "
        "better says nothing.");
  const MethodInfo& m = method_info(id);
  return QStringLiteral("<b>%1</b> (%2)<br>%3%4<br>%5")
      .arg(text(m.name).toHtmlEscaped(), text(id).toHtmlEscaped(),
           QObject::tr("cost %1").arg(text(m.cost).toHtmlEscaped()),
           m.complete ? QObject::tr("; scores sum to F(x) − F(b)") : QString(), text(m.source).toHtmlEscaped());
}

void GridModel::set_data(EvaluatePtr data, bool computing) {
  beginResetModel();
  data_ = std::move(data);
  computing_ = computing;
  order();
  endResetModel();
}

void GridModel::sort_by(const std::string& metric) {
  reversed_ = !metric.empty() && metric == sorted_by_ && !reversed_;
  sorted_by_ = metric;
  beginResetModel();
  order();
  endResetModel();
}

double GridModel::value(const std::string& method, const std::string& metric) const {
  if (!data_ || data_->runs.empty()) return NAN;
  const EvaluatedCell* cell = data_->cell(data_->runs.size() - 1, method, metric);  // of the last run: B
  return cell ? cell->mean.value : NAN;
}

void GridModel::order() {
  methods_ = data_ ? data_->wish.methods : std::vector<std::string>();
  if (!data_ || sorted_by_.empty() || find_metric(sorted_by_) < 0) return;
  const bool low = metric_info(sorted_by_).better == "low";
  std::stable_sort(methods_.begin(), methods_.end(), [&](const std::string& a, const std::string& b) {
    const bool control_a = a == random_method, control_b = b == random_method;
    if (control_a != control_b) return control_b;  // the control stays last
    const double x = value(a, sorted_by_), y = value(b, sorted_by_);
    if (std::isnan(x) || std::isnan(y)) return !std::isnan(x) && std::isnan(y);
    return (low != reversed_) ? x < y : x > y;
  });
}

int GridModel::find_method(const std::string& id) const {
  const auto it = std::find(methods_.begin(), methods_.end(), id);
  return it == methods_.end() ? -1 : static_cast<int>(it - methods_.begin());
}

int GridModel::find_metric(const std::string& id) const {
  if (!data_) return -1;
  const auto it = std::find(data_->wish.metrics.begin(), data_->wish.metrics.end(), id);
  return it == data_->wish.metrics.end() ? -1 : static_cast<int>(it - data_->wish.metrics.begin());
}

std::vector<GridEntry> GridModel::entries(int row, int column) const {
  std::vector<GridEntry> out;
  if (!data_) return out;
  const std::string &of_method = method(row), &of_metric = metric(column);
  const bool low = metric_info(of_metric).better == "low", ranked = !metric_info(of_metric).better.empty();
  for (std::size_t r = 0; r < data_->runs.size(); ++r) {
    GridEntry e;
    e.of = data_->runs[r].reading.documents.size();
    if (const EvaluatedCell* cell = data_->cell(r, of_method, of_metric)) {
      e.mean = cell->mean, e.n = cell->n, e.done = cell->done, e.standing = cell->standing;
      e.state = cell->done < e.of              ? GridEntry::State::partly
                : std::isnan(cell->mean.value) ? GridEntry::State::undefined
                                               : GridEntry::State::whole;
      if (e.state != GridEntry::State::whole) e.standing = Standing::plain;  // other posts might place them otherwise
      if (ranked && e.state == GridEntry::State::whole && of_method != random_method &&
          !by_construction(of_method, of_metric)) {
        e.rank = 1;
        for (const auto& other : data_->wish.methods)
          if (const EvaluatedCell* o = data_->cell(r, other, of_metric); o && other != random_method && !by_construction(other, of_metric) && o->done == e.of)
            e.rank += low ? o->mean.value < e.mean.value : o->mean.value > e.mean.value;
      }
    } else if (const auto it = data_->runs[r].elsewhere.find({of_method, of_metric});
               it != data_->runs[r].elsewhere.end()) {
      e.state = GridEntry::State::elsewhere, e.mean = it->second.mean, e.n = it->second.n,
      e.protocol = it->second.protocol;
    } else if (computing_) {
      e.state = GridEntry::State::waiting;
    }
    out.push_back(e);
  }
  return out;
}

std::pair<double, double> GridModel::reach(int column) const {
  double low = 0, high = 0;
  for (int row = 0; row < rowCount(); ++row)
    for (const GridEntry& e : entries(row, column))
      if (e.state == GridEntry::State::whole || e.state == GridEntry::State::partly)
        for (const double v : {e.mean.value, e.mean.low, e.mean.high})
          if (std::isfinite(v)) low = std::min(low, v), high = std::max(high, v);
  return {low, high > low ? high : low + 1};
}

QString GridModel::note(int row) const {
  const std::string& id = method(row);
  if (id == random_method) return tr("control");
  QStringList in;
  for (std::size_t r = 0; r < data_->runs.size(); ++r)
    if (data_->runs[r].in_loss.contains(id)) in << QString(QLatin1Char(static_cast<char>('A' + r)));
  if (in.isEmpty()) return tr("not in any loss");
  return data_->runs.size() == 1 ? tr("in the loss") : tr("in the loss of %1").arg(in.join(QStringLiteral(", ")));
}

QVariant GridModel::data(const QModelIndex& index, int role) const {
  if (!checkIndex(index, CheckIndexOption::IndexIsValid)) return {};
  const auto list = entries(index.row(), index.column());
  const std::string &of_method = method(index.row()), &of_metric = metric(index.column());
  if (role == Qt::TextAlignmentRole) return static_cast<int>(Qt::AlignRight | Qt::AlignVCenter);
  if (role != Qt::DisplayRole && role != Qt::ToolTipRole && role != Qt::AccessibleTextRole) return {};
  QStringList lines;
  for (std::size_t r = 0; r < list.size(); ++r) {
    const GridEntry& e = list[r];
    const QString value = value_text(e.mean.value, of_metric),
                  range = text(interval(e.mean.low, e.mean.high, metric_info(of_metric).id == "log-odds" ? 2 : 3));
    QString line;
    switch (e.state) {
      case GridEntry::State::missing:
        line = tr("not computed");
        break;
      case GridEntry::State::waiting:
        line = tr("being computed");
        break;
      case GridEntry::State::undefined:
        line = tr("not defined on any of %1 posts").arg(e.of);
        break;
      case GridEntry::State::elsewhere:
        line = tr("%1 (%2), n %3, protocol %4").arg(value, range).arg(e.n).arg(e.protocol);
        break;
      case GridEntry::State::partly:
        line = tr("%1 (%2), %3 of %4 posts so far").arg(value, range).arg(e.done).arg(e.of);
        break;
      case GridEntry::State::whole:
        line = tr("%1 (%2), n %3").arg(value, range).arg(e.n);
        if (e.rank) line += tr(", rank %1").arg(e.rank);
        if (by_construction(of_method, of_metric)) line += tr(", by construction: the measure is this method, no rank");
        if (e.standing == Standing::best) line += tr(", best of the column: clear difference to every other");
        if (e.standing == Standing::tied) line += tr(", no clear difference to the best");
        break;
    }
    lines << (role == Qt::DisplayRole ? (e.state == GridEntry::State::missing ? QStringLiteral("–") : value)
                                      : data_->runs[r].name + QStringLiteral(": ") + line);
  }
  if (role == Qt::DisplayRole) return lines.join(QStringLiteral(" · "));
  const QString head = tr("%1, %2").arg(method_name(of_method), text(of_metric));
  if (role == Qt::AccessibleTextRole) return head + QStringLiteral(": ") + lines.join(QStringLiteral("; "));
  const QString protocol =
      data_->current ? tr("protocol %1, 95 % intervals").arg(data_->current) : tr("95 % intervals");
  return plain_tip(head + QLatin1Char('\n') + lines.join(QLatin1Char('\n')) + QLatin1Char('\n') + protocol);
}

QVariant GridModel::headerData(int section, Qt::Orientation orientation, int role) const {
  if (!data_ || section < 0 || section >= (orientation == Qt::Horizontal ? columnCount() : rowCount())) return {};
  if (orientation == Qt::Horizontal) {
    if (role == Qt::DisplayRole) return text(metric(section));
    if (role == Qt::ToolTipRole) return metric_tip(metric(section));
    if (role == Qt::AccessibleTextRole) return tr("%1, %2").arg(text(metric(section)), better_text(metric(section)));
    return {};
  }
  if (role == Qt::DisplayRole) return method_name(method(section));
  if (role == Qt::ToolTipRole) return method_tip(method(section));
  if (role == Qt::AccessibleTextRole) return tr("%1, %2").arg(method_name(method(section)), note(section));
  return {};
}

QString GridModel::csv() const {
  QString out = QStringLiteral("run,method,metric,better,value,low,high,n,posts_judged,posts,standing,protocol\n");
  if (!data_) return out;
  const auto number = [](double v) { return std::isfinite(v) ? QString::number(v, 'g', 9) : QString(); };
  for (int row = 0; row < rowCount(); ++row)
    for (int column = 0; column < columnCount(); ++column) {
      const auto list = entries(row, column);
      for (std::size_t r = 0; r < list.size(); ++r) {
        const GridEntry& e = list[r];
        if (e.state == GridEntry::State::missing || e.state == GridEntry::State::waiting) continue;
        out += QStringList{csv_cell(data_->runs[r].name),
                           csv_cell(text(method(row))),
                           csv_cell(text(metric(column))),
                           text(metric_info(metric(column)).better),
                           number(e.mean.value),
                           number(e.mean.low),
                           number(e.mean.high),
                           QString::number(e.n),
                           QString::number(e.state == GridEntry::State::elsewhere ? static_cast<qint64>(e.n)
                                                                                  : static_cast<qint64>(e.done)),
                           QString::number(e.of),
                           e.standing == Standing::best   ? QStringLiteral("best")
                           : e.standing == Standing::tied ? QStringLiteral("tied")
                                                          : QString(),
                           QString::number(e.state == GridEntry::State::elsewhere ? e.protocol : data_->current)}
                   .join(QLatin1Char(',')) +
               QLatin1Char('\n');
      }
    }
  return out;
}

}  // namespace telltale::ui
