#include "widgets/new_run/run_draft.hpp"

#include <QRegularExpression>
#include <QStringList>
#include <algorithm>
#include <set>
#include <stdexcept>

namespace telltale::ui {
namespace {

constexpr std::size_t most_seeds = 100;

std::string text_of(const Json& value) {
  if (value.is_string()) return value.get<std::string>();
  std::string text = value.dump();
  if (value.is_number_float() && text.size() > 2 && text.ends_with(".0")) text.resize(text.size() - 2);
  return text;
}

bool number_kind(const SettingInfo& s) { return s.type == SettingType::number || s.type == SettingType::integer; }

/// What apply() says, without the key in front.
QString reason(const SettingInfo& s, const std::exception& e) {
  QString message = QString::fromUtf8(e.what());
  const QString key = QString::fromStdString(s.id) + QStringLiteral(": ");
  return message.startsWith(key) ? message.mid(key.size()) : message;
}

/// What queue_pair() gives the baseline beside this run: the run's batches and schedule, the baseline's objective.
std::vector<std::string> baseline_assignments(const RunDraft& draft) {
  const TrainingSettings plain = preset_settings("baseline");
  TrainingSettings its = draft.fitting();
  its.objective = plain.objective;
  its.dropout_shared = 0;
  std::vector<std::string> out;
  for (const SettingInfo& s : settings_table())
    if (s.id != "seed" && s.get(its) != s.get(plain)) out.push_back(s.id + "=" + text_of(s.get(its)));
  return out;
}

bool class_term_alone(const TrainingSettings& s) { return !s.objective.needs_perturbation() && !s.objective.needs_attribution() && s.dropout_shared == 0; }

}  // namespace

QString shown_value(const std::string& value) {
  static const QRegularExpression exponent(QStringLiteral("e([+-]?)0*(\\d+)$"));
  static const QRegularExpression number(QStringLiteral("^-?[0-9.]+(e[+-]?\\d+)?$"));
  QString s = QString::fromStdString(value);
  if (!number.match(s).hasMatch()) return s;
  if (const auto m = exponent.match(s); m.hasMatch()) s = s.left(m.capturedStart()) + QLatin1Char('e') + (m.captured(1) == QLatin1String("-") ? QStringLiteral("-") : QString()) + m.captured(2);
  return s.replace(QLatin1Char('-'), QChar(0x2212));
}

std::string read_value(const QString& shown) { return shown.trimmed().replace(QChar(0x2212), QLatin1Char('-')).toStdString(); }

std::optional<std::vector<std::uint64_t>> read_seeds(const QString& text) {
  static const QRegularExpression range(QStringLiteral("^(\\d+)-(\\d+)$")), dash(QStringLiteral("\\s*(?:\\.\\.+|[\\x{2012}-\\x{2015}\\x{2026}\\x{2212}-])\\s*")), gap(QStringLiteral("[,;\\s]+"));
  std::vector<std::uint64_t> out;
  std::set<std::uint64_t> seen;
  const auto add = [&](std::uint64_t seed) {
    out.push_back(seed);
    return out.size() <= most_seeds && seen.insert(seed).second;
  };
  for (const QString& p : QString(text).replace(dash, QStringLiteral("-")).split(gap, Qt::SkipEmptyParts)) {
    bool fine = false;
    if (const auto m = range.match(p); m.hasMatch()) {
      bool other = false;
      const std::uint64_t first = m.captured(1).toULongLong(&fine), last = m.captured(2).toULongLong(&other);
      if (!fine || !other || last < first || last - first >= most_seeds) return {};
      for (std::uint64_t s = first; s <= last; ++s)
        if (!add(s)) return {};
    } else {
      const std::uint64_t seed = p.toULongLong(&fine);
      if (!fine || !add(seed)) return {};
    }
  }
  if (out.empty()) return {};
  return out;
}

QString shell_word(const std::string& word) {
  static const QRegularExpression plain(QStringLiteral("^[A-Za-z0-9_@%+=:,./-]+$"));
  const QString w = QString::fromStdString(word);
  if (plain.match(w).hasMatch()) return w;
  return QLatin1Char('\'') + QString(w).replace(QLatin1Char('\''), QStringLiteral("'\\''")) + QLatin1Char('\'');
}

void RunDraft::begin(const std::string& preset, const TrainingSettings& base) {
  preset_ = preset;
  base_ = base;
  base_.given.clear();
  edits_.clear();
}

void RunDraft::change_preset(const std::string& preset, const TrainingSettings& base) {
  const auto before = edits_;
  begin(preset, base);
  for (const SettingInfo& s : settings_table())
    if (const auto it = before.find(s.id); it != before.end() && (s.group == "data" || s.group == "optimiser" || s.group == "record")) set(s.id, it->second);
}

void RunDraft::copy(const std::string& preset, const TrainingSettings& base, const TrainingSettings& settings) {
  begin(preset, base);
  for (const SettingInfo& s : settings_table())
    if (s.id != "seed") set(s.id, text_of(s.get(settings)));
}

TrainingSettings RunDraft::fitting() const {
  TrainingSettings out = base_;
  for (const SettingInfo& s : settings_table()) {
    const auto it = edits_.find(s.id);
    if (it == edits_.end()) continue;
    try {
      apply(out, s.id, it->second);
    } catch (const std::invalid_argument&) {  // told by error()
    }
  }
  return out;
}

TrainingSettings RunDraft::settings() const {
  TrainingSettings out = base_;
  for (const SettingInfo& s : settings_table())
    if (const auto it = edits_.find(s.id); it != edits_.end()) apply(out, s.id, it->second);
  check(out);
  return out;
}

std::string RunDraft::value_of(const std::string& id, const TrainingSettings& s) const { return text_of(setting_info(id).get(s)); }

void RunDraft::set(const std::string& id, const std::string& value) {
  edits_.erase(id);
  TrainingSettings with = fitting();
  const std::string without = value_of(id, with);
  try {
    apply(with, id, value);
    if (value_of(id, with) == without) return;  // what it is anyway
  } catch (const std::invalid_argument&) {
  }
  edits_[id] = value;
}

void RunDraft::reset(const std::string& id) { set(id, value_of(id, base_)); }

QString RunDraft::shown(const std::string& id) const {
  const SettingInfo& s = setting_info(id);
  const auto it = edits_.find(id);
  const std::string value = it != edits_.end() ? it->second : value_of(id, fitting());
  return number_kind(s) ? shown_value(value) : QString::fromStdString(value);
}

QString RunDraft::preset_value(const std::string& id) const { return shown_value(value_of(id, base_)); }

bool RunDraft::differs(const std::string& id) const { return (edits_.contains(id) && !error(id).isEmpty()) || value_of(id, fitting()) != value_of(id, base_); }

int RunDraft::differing() const {
  const auto& table = settings_table();
  return static_cast<int>(std::count_if(table.begin(), table.end(), [&](const SettingInfo& s) { return s.id != "seed" && differs(s.id); }));
}

QString RunDraft::error(const std::string& id) const {
  const SettingInfo& s = setting_info(id);
  if (const auto it = edits_.find(id); it != edits_.end()) {
    TrainingSettings alone = base_;
    try {
      apply(alone, id, it->second);
    } catch (const std::invalid_argument& e) {
      if (number_kind(s)) return QStringLiteral("expected %1").arg(shown_value(s.range()));
      return reason(s, e);
    }
  }
  const bool radius = id == "epsilon2", weights = id == "weight.class";
  if (!radius && !weights) return {};
  const ObjectiveOptions o = fitting().objective;
  if (radius && o.epsilon > o.epsilon2) return QStringLiteral("must be at least ε (%1)").arg(shown("epsilon"));
  if (weights && !o.needs_perturbation() && !o.needs_attribution() && o.weight_class <= 0) return QStringLiteral("every weight is 0");
  return {};
}

std::vector<std::string> RunDraft::errors() const {
  std::vector<std::string> out;
  for (const SettingInfo& s : settings_table())
    if (!error(s.id).isEmpty()) out.push_back(s.id);
  return out;
}

std::vector<std::string> RunDraft::assignments() const {
  std::vector<std::string> out;
  for (const SettingInfo& s : settings_table())
    if (const auto it = edits_.find(s.id); it != edits_.end() && s.id != "seed") out.push_back(s.id + "=" + it->second);
  return out;
}

TrainRequest RunPlan::request(const RunDraft& draft, std::uint64_t seed) const {
  TrainRequest r;
  r.dataset = dataset;
  r.model = model;
  r.preset = draft.preset();
  r.settings = draft.settings();
  apply(r.settings, "seed", std::to_string(seed));
  r.from = from;
  r.name = run_name(draft.preset(), seed);
  return r;
}

std::string RunPlan::run_name(const std::string& what, std::uint64_t seed) const {
  const std::string own = name.empty() ? what : name;
  return !name.empty() && seeds.size() == 1 ? own : own + " · seed " + std::to_string(seed);
}

bool RunPlan::has_baseline(const RunDraft& draft) const { return paired && !from && !class_term_alone(draft.fitting()); }
bool RunPlan::has_control(const RunDraft& draft) const { return control && from && !class_term_alone(draft.fitting()); }
int RunPlan::runs(const RunDraft& draft) const { return static_cast<int>(seeds.size()) * (has_baseline(draft) || has_control(draft) ? 2 : 1); }

std::vector<std::int64_t> RunPlan::queue(Store& store, const RunDraft& draft) const {
  std::vector<std::int64_t> out, made;
  std::set<std::string> taken;
  for (const RunHead& h : store.run_heads()) taken.insert(h.name);
  // A name that was not typed tells its run from those there are: "contrastive · seed 13 (2)".
  const auto own = [&](const std::string& wanted) {
    std::string free = wanted;
    for (int k = 2; name.empty() && taken.contains(free); ++k) free = wanted + " (" + std::to_string(k) + ")";
    taken.insert(free);
    return free;
  };
  const auto rename = [&](std::int64_t id, const std::string& to) {
    RunRecord run = store.run(id);
    run.name = own(to);
    store.update_run(run);
  };
  try {
    for (const std::uint64_t seed : seeds) {
      TrainRequest r = request(draft, seed);
      r.name = own(r.name);
      if (has_baseline(draft)) {
        const auto [baseline, run] = queue_pair(store, r);
        made.insert(made.end(), {baseline, run});
        rename(baseline, name.empty() ? run_name("baseline", seed) : run_name("", seed) + " baseline");
        out.insert(out.end(), {baseline, run});
        continue;
      }
      const std::int64_t run = queue_run(store, r);
      made.push_back(run);
      out.push_back(run);
      if (!has_control(draft)) continue;
      const auto before = store.runs().size();
      const auto companion = queue_control(store, run);
      if (!companion) continue;
      if (store.runs().size() > before) {
        made.push_back(*companion);
        rename(*companion, name.empty() ? run_name("control", seed) : run_name("", seed) + " control");
      }
      if (store.run(*companion).status != RunStatus::finished && std::find(out.begin(), out.end(), *companion) == out.end()) out.push_back(*companion);
    }
  } catch (...) {
    for (const std::int64_t id : made) store.remove_run(id);
    throw;
  }
  return out;
}

QStringList RunPlan::command_lines(const QString& file, const RunDraft& draft) const {
  QStringList out;
  const auto line = [&](const std::string& preset, std::uint64_t seed, bool baseline) {
    QStringList words{QStringLiteral("telltale train --db %1").arg(shell_word(file.toStdString())), QStringLiteral("--data %1").arg(shell_word(dataset_name)), QStringLiteral("--preset %1").arg(shell_word(preset))};
    words << (from ? QStringLiteral("--from %1").arg(*from) : QStringLiteral("--model %1").arg(shell_word(model))) << QStringLiteral("--seed %1").arg(seed);
    QStringList machine;  // what differs from the command line's defaults
    const ComputeOptions usual;
    if (compute.device != usual.device) machine << QStringLiteral("--device %1").arg(shell_word(compute.device));
    if (compute.threads != usual.threads) machine << QStringLiteral("--threads %1").arg(compute.threads);
    if (compute.precision != usual.precision) machine << QStringLiteral("--precision %1").arg(QLatin1String(name_of(compute.precision)));
    if (!machine.isEmpty()) words << machine.join(QLatin1Char(' '));
    if (!name.empty()) words << QStringLiteral("--name %1").arg(shell_word(run_name("", seed) + (baseline ? " baseline" : "")));
    QString pair;
    for (const std::string& a : baseline ? baseline_assignments(draft) : draft.assignments()) {
      const QString one = QStringLiteral("--set %1").arg(shell_word(a));
      if (!pair.isEmpty() && pair.size() + one.size() > 36) words << std::exchange(pair, one);
      else pair += (pair.isEmpty() ? QString() : QStringLiteral(" ")) + one;
    }
    if (!pair.isEmpty()) words << pair;
    out << words.join(QStringLiteral(" \\\n  "));
  };
  for (const std::uint64_t seed : seeds) {
    if (has_baseline(draft)) line("baseline", seed, true);
    line(draft.preset(), seed, false);
  }
  return out;
}

}  // namespace telltale::ui
