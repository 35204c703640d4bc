#include "widgets/shell/run_model.hpp"

#include <algorithm>
#include <cmath>

#include "report/numbers.hpp"
#include "report/post_text.hpp"
#include "widgets/shell/words.hpp"

namespace telltale::ui {
namespace {

double number(const Json& object, const char* key) {
  if (!object.is_object()) return NAN;
  const auto it = object.find(key);
  return it != object.end() && it->is_number() ? it->get<double>() : NAN;
}

bool class_term_alone(const RunRow& r) { return r.preset == QLatin1String("baseline") || r.preset == QLatin1String("control"); }

/// NaN equals NaN: nothing changed.
bool same(const RunRow& a, const RunRow& b) {
  const auto equal = [](double x, double y) { return x == y || (std::isnan(x) && std::isnan(y)); };
  RunRow c = b;
  if (!equal(a.accuracy, b.accuracy) || !equal(a.macro_f1, b.macro_f1) || !equal(a.seconds, b.seconds)) return false;
  RunRow d = a;
  for (RunRow* r : {&c, &d}) r->accuracy = r->macro_f1 = r->seconds = 0;
  return c == d;
}

}  // namespace

RunRow row_of(const RunRecord& run) {
  RunRow r;
  r.id = run.id;
  r.name = one_line(run.name);
  r.preset = one_line(run.preset);
  r.note = text(clean_utf8(run.note));
  r.error = one_line(run.error);
  r.pair = run.pair;
  r.from = run.from;
  r.status = run.status;
  r.step = run.step;
  r.steps = run.steps;
  r.accuracy = number(run.metrics, "accuracy");
  r.macro_f1 = number(run.metrics, "macro_f1");
  if (run.cost.is_object() && run.cost.contains("actual")) r.seconds = number(run.cost["actual"], "seconds");
  Json settings = run.settings;
  if (settings.is_object()) {
    if (const auto it = settings.find("seed"); it != settings.end() && it->is_number()) r.seed = text(it->dump());
    settings.erase("seed");
    settings.erase("derived");
  }
  const std::string kind = run.preset + "\n" + std::to_string(run.dataset) + "\n" + run.model + "\n" + (run.from ? "warm" : "") + "\n" + settings.dump(-1, ' ', false, Json::error_handler_t::replace);
  r.kind = QString::number(std::hash<std::string>{}(kind), 16);
  return r;
}

QString state_text(const RunRow& r) {
  if (r.queued > 0 && r.status != RunStatus::running) return RunModel::tr("queued %1").arg(r.queued);
  switch (r.status) {
    case RunStatus::queued: return RunModel::tr("not started");
    case RunStatus::running: return r.held ? RunModel::tr("paused") : r.steps > 0 ? RunModel::tr("%1 %").arg(100 * r.step / r.steps) : RunModel::tr("starting");
    case RunStatus::finished: return std::isnan(r.seconds) ? RunModel::tr("finished") : text(duration(r.seconds));
    default: return text(name_of(r.status));
  }
}

QString detail_text(const RunRow& r) {
  if (r.status == RunStatus::failed && !r.error.isEmpty()) return r.error;
  QStringList parts;
  if (!std::isnan(r.accuracy)) parts << RunModel::tr("acc %1").arg(text(fixed(r.accuracy)));
  const bool unfinished = r.status == RunStatus::stopped || r.status == RunStatus::paused || r.status == RunStatus::interrupted;
  if (unfinished && r.steps > 0)
    parts << RunModel::tr("step %1 of %2").arg(text(thousands(r.step)), text(thousands(r.steps)));
  else if (!std::isnan(r.macro_f1))
    parts << RunModel::tr("F1 %1").arg(text(fixed(r.macro_f1)));
  if (!parts.isEmpty()) return parts.join(QStringLiteral(" · "));
  if (r.status == RunStatus::running) return r.steps > 0 ? RunModel::tr("step %1 of %2").arg(text(thousands(r.step)), text(thousands(r.steps))) : RunModel::tr("loading the model, measuring the cost");
  return r.seed.isEmpty() ? r.preset : RunModel::tr("%1, seed %2").arg(r.preset, r.seed);
}

void give_colours(std::vector<RunRow>& rows) {
  std::map<QString, int> known;
  int next = 2;
  bool contrastive = false;
  for (RunRow& r : rows) {
    const auto it = known.find(r.kind);
    if (it != known.end()) {
      r.series = it->second;
      continue;
    }
    if (class_term_alone(r) && r.preset == QLatin1String("baseline") && std::none_of(known.begin(), known.end(), [](const auto& k) { return k.second == 0; }))
      r.series = 0;
    else if (!class_term_alone(r) && !contrastive)
      r.series = 1, contrastive = true;
    else
      r.series = next++;
    if (next > 11) next = 2;
    known[r.kind] = r.series;
  }
}

std::vector<RunGroup> grouped(std::vector<RunRow> rows) {
  std::map<std::int64_t, int> pairs;
  std::map<QString, std::set<QString>> seeds;
  for (const RunRow& r : rows) {
    if (r.pair) ++pairs[*r.pair];
    else seeds[r.kind].insert(r.seed);
  }
  std::vector<RunGroup> out;
  std::map<QString, std::size_t> places;
  RunGroup other;
  for (RunRow& r : rows) {
    QString key;
    if (r.pair && pairs[*r.pair] > 1) key = QStringLiteral("pair %1").arg(*r.pair);
    else if (!r.pair && seeds[r.kind].size() > 1) key = QStringLiteral("seeds ") + r.kind;
    if (key.isEmpty()) {
      other.runs.push_back(std::move(r));
      continue;
    }
    const auto [it, added] = places.try_emplace(key, out.size());
    if (added) {
      RunGroup g;
      g.title = !r.pair ? RunModel::tr("Seeds · %1").arg(r.preset) : r.seed.isEmpty() ? RunModel::tr("Paired") : RunModel::tr("Paired · seed %1").arg(r.seed);
      out.push_back(g);
    }
    out[it->second].runs.push_back(std::move(r));
  }
  for (RunGroup& g : out) {
    const auto busy = std::count_if(g.runs.begin(), g.runs.end(), [](const RunRow& r) { return r.status == RunStatus::running || r.queued > 0; });
    if (busy > 0) {
      g.caption = RunModel::tr("in progress");
    } else if (g.title.startsWith(QLatin1String("Paired")) && g.runs.size() == 2 && !std::isnan(g.runs[1].accuracy - g.runs[0].accuracy)) {
      g.caption = RunModel::tr("Δ acc %1").arg(text(with_sign(g.runs[1].accuracy - g.runs[0].accuracy)));
    } else {
      g.caption = RunModel::tr("%n run(s)", nullptr, static_cast<int>(g.runs.size())).replace(QStringLiteral("(s)"), g.runs.size() == 1 ? QString() : QStringLiteral("s"));
    }
  }
  if (!other.runs.empty()) {
    if (!out.empty()) other.title = RunModel::tr("Other"), other.caption = other.runs.size() == 1 ? RunModel::tr("1 run") : RunModel::tr("%1 runs").arg(other.runs.size());
    out.push_back(std::move(other));
  }
  return out;
}

RunModel::RunModel(Theme& theme, QObject* parent) : QAbstractItemModel(parent), theme_(theme) {}

void RunModel::set_runs(std::vector<RunRow> rows) {
  give_colours(rows);
  for (RunRow& r : rows)
    for (const RunRow& old : all_)
      if (old.id == r.id) {
        r.shown = old.shown;
        r.queued = old.queued;
        if (r.curve.empty()) r.curve = old.curve;
        if (r.status == RunStatus::running && old.status == RunStatus::running) r.step = std::max(r.step, old.step), r.steps = std::max(r.steps, old.steps), r.held = old.held;
      }
  for (RunRow& r : rows)
    if (const auto it = chosen_series_.find(r.id); it != chosen_series_.end()) r.series = it->second;
  all_ = std::move(rows);
  rebuild();
}

/// The same runs in the same groups: cells change; else the list is made anew.
void RunModel::rebuild() {
  std::vector<RunRow> rows;
  for (const RunRow& r : all_)
    if (!hidden_.contains(r.id)) rows.push_back(r);
  std::vector<RunGroup> groups = grouped(std::move(rows));
  bool equal = groups.size() == groups_.size();
  for (std::size_t g = 0; equal && g < groups.size(); ++g) {
    equal = groups[g].runs.size() == groups_[g].runs.size();
    for (std::size_t i = 0; equal && i < groups[g].runs.size(); ++i) equal = groups[g].runs[i].id == groups_[g].runs[i].id;
  }
  if (!equal) {
    beginResetModel();
    groups_ = std::move(groups);
    endResetModel();
    return;
  }
  groups_.swap(groups);
  for (std::size_t g = 0; g < groups_.size(); ++g) {
    const QModelIndex parent = index(static_cast<int>(g), 0);
    if (groups[g].title != groups_[g].title || groups[g].caption != groups_[g].caption) Q_EMIT dataChanged(parent, parent);
    for (std::size_t i = 0; i < groups_[g].runs.size(); ++i)
      if (!same(groups[g].runs[i], groups_[g].runs[i])) {
        const QModelIndex at = index(static_cast<int>(i), 0, parent);
        Q_EMIT dataChanged(at, at);
      }
  }
}

RunRow* RunModel::mutable_row(std::int64_t run) {
  for (RunRow& r : all_)
    if (r.id == run) return &r;
  return nullptr;
}

void RunModel::tell(const RunRow& row) {
  const QModelIndex at = index_of(row.id);
  if (!at.isValid()) return;
  groups_[static_cast<std::size_t>(at.parent().row())].runs[static_cast<std::size_t>(at.row())] = row;
  Q_EMIT dataChanged(at, at);
}

void RunModel::hide(std::int64_t run, bool hidden) {
  hidden ? static_cast<void>(hidden_.insert(run)) : static_cast<void>(hidden_.erase(run));
  RunRow* r = mutable_row(run);
  const bool was = r && r->shown;
  if (r && hidden) r->shown = false;
  rebuild();
  if (was) Q_EMIT shown_changed();
}

void RunModel::set_state(std::int64_t run, std::int64_t step, std::int64_t steps, bool held) {
  RunRow* r = mutable_row(run);
  if (!r || (r->step == step && r->steps == steps && r->held == held)) return;
  r->step = step;
  r->held = held;
  if (steps > 0) r->steps = steps;
  tell(*r);
}

void RunModel::set_queue(const std::vector<std::int64_t>& waiting) {
  bool changed = false;
  for (RunRow& r : all_) {
    const auto it = std::find(waiting.begin(), waiting.end(), r.id);
    const int place = it == waiting.end() ? 0 : static_cast<int>(it - waiting.begin()) + 1;
    changed = changed || place != r.queued;
    r.queued = place;
  }
  if (changed) rebuild();
}

void RunModel::set_curve(std::int64_t run, std::vector<float> curve) {
  if (RunRow* r = mutable_row(run)) {
    r->curve = std::move(curve);
    tell(*r);
  }
}

void RunModel::set_shown(std::int64_t run, bool shown) {
  RunRow* r = mutable_row(run);
  if (!r || r->shown == shown) return;
  r->shown = shown;
  tell(*r);
  Q_EMIT shown_changed();
}

void RunModel::set_series(std::int64_t run, int series) {
  RunRow* r = mutable_row(run);
  if (!r) return;
  chosen_series_[run] = series;
  r->series = series;
  tell(*r);
  if (r->shown) Q_EMIT shown_changed();
}

std::vector<std::int64_t> RunModel::shown() const {
  std::vector<std::int64_t> out;
  for (const RunGroup& g : groups_)
    for (const RunRow& r : g.runs)
      if (r.shown) out.push_back(r.id);
  return out;
}

std::vector<std::int64_t> RunModel::ids() const {
  std::vector<std::int64_t> out;
  for (const RunGroup& g : groups_)
    for (const RunRow& r : g.runs) out.push_back(r.id);
  return out;
}

int RunModel::count() const {
  int n = 0;
  for (const RunGroup& g : groups_) n += static_cast<int>(g.runs.size());
  return n;
}

const RunRow* RunModel::find(std::int64_t run) const {
  for (const RunGroup& g : groups_)
    for (const RunRow& r : g.runs)
      if (r.id == run) return &r;
  return nullptr;
}

QModelIndex RunModel::index_of(std::int64_t run) const {
  for (std::size_t g = 0; g < groups_.size(); ++g)
    for (std::size_t i = 0; i < groups_[g].runs.size(); ++i)
      if (groups_[g].runs[i].id == run) return index(static_cast<int>(i), 0, index(static_cast<int>(g), 0));
  return {};
}

// The internal id is 0 for a group and 1 + its group's row for a run.
QModelIndex RunModel::index(int row, int column, const QModelIndex& parent) const {
  if (!hasIndex(row, column, parent)) return {};
  return createIndex(row, column, parent.isValid() ? static_cast<quintptr>(parent.row()) + 1 : 0);
}

QModelIndex RunModel::parent(const QModelIndex& index) const {
  return !index.isValid() || index.internalId() == 0 ? QModelIndex() : createIndex(static_cast<int>(index.internalId()) - 1, 0, quintptr{0});
}

int RunModel::rowCount(const QModelIndex& parent) const {
  if (!parent.isValid()) return static_cast<int>(groups_.size());
  return parent.internalId() == 0 && parent.column() == 0 ? static_cast<int>(group(parent.row()).runs.size()) : 0;
}

QVariant RunModel::data(const QModelIndex& index, int role) const {
  if (!checkIndex(index, CheckIndexOption::IndexIsValid)) return {};
  if (index.internalId() == 0) {
    const RunGroup& g = group(index.row());
    if (role == Qt::DisplayRole) return g.title;
    if (role == CaptionRole) return g.caption;
    if (role == Qt::AccessibleTextRole) return g.caption.isEmpty() ? g.title : g.title + QStringLiteral(", ") + g.caption;
    return {};
  }
  const RunRow& r = group(static_cast<int>(index.internalId()) - 1).runs[static_cast<std::size_t>(index.row())];
  switch (role) {
    case Qt::DisplayRole:
    case Qt::EditRole: return r.name;
    case Qt::CheckStateRole: return static_cast<int>(r.shown ? Qt::Checked : Qt::Unchecked);
    case Qt::DecorationRole: return theme_.series(static_cast<std::size_t>(r.series));
    case Qt::AccessibleTextRole: return (QStringList{r.name, state_text(r), detail_text(r)} + (r.note.isEmpty() ? QStringList() : QStringList{tr("with a note")})).join(QStringLiteral(", "));
    case Qt::ToolTipRole: {
      // Plain text: names and notes come from files.
      QStringList lines{tr("%1 (run %2)").arg(r.name).arg(r.id), tr("%1: %2").arg(r.status == RunStatus::finished ? tr("finished") : text(name_of(r.status)), detail_text(r))};
      lines << tr("preset %1, seed %2").arg(r.preset, r.seed.isEmpty() ? QStringLiteral("–") : r.seed);
      if (r.from) lines << tr("started from run %1").arg(*r.from);
      if (!r.note.isEmpty()) lines << QString() << elided(r.note, 400);
      return plain_tip(lines.join(QLatin1Char('\n')));
    }
    case IdRole: return static_cast<qlonglong>(r.id);
    case RowRole: return QVariant::fromValue<const RunRow*>(&r);
    case TextRole: return QStringList{r.name, r.preset, state_text(r), r.note, QString::number(r.id)}.join(QLatin1Char(' '));
    default: return {};
  }
}

bool RunModel::setData(const QModelIndex& index, const QVariant& value, int role) {
  if (!checkIndex(index, CheckIndexOption::IndexIsValid) || index.internalId() == 0) return false;
  const std::int64_t id = group(static_cast<int>(index.internalId()) - 1).runs[static_cast<std::size_t>(index.row())].id;
  if (role == Qt::CheckStateRole) {
    set_shown(id, value.toInt() == Qt::Checked);
    return true;
  }
  if (role != Qt::EditRole) return false;
  const QString name = value.toString().simplified();
  const RunRow* r = find(id);
  if (name.isEmpty() || !r || r->name == name) return false;
  Q_EMIT renamed(id, name);
  return true;
}

Qt::ItemFlags RunModel::flags(const QModelIndex& index) const {
  if (!index.isValid()) return Qt::NoItemFlags;
  if (index.internalId() == 0) return Qt::ItemIsEnabled;
  return Qt::ItemIsEnabled | Qt::ItemIsSelectable | Qt::ItemIsEditable | Qt::ItemIsUserCheckable | Qt::ItemNeverHasChildren;
}

}  // namespace telltale::ui
