#include "report/run_export.hpp"

#include <fmt/format.h>
#include <stdlib.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <stdexcept>

#include "base/files.hpp"
#include "report/event_file.hpp"

namespace telltale {
namespace fs = std::filesystem;
namespace {

std::string quoted(const std::string& value) {
  if (value.find_first_of(",\"\r\n") == value.npos) return value;
  std::string out = "\"";
  for (const char c : value) {
    if (c == '"') out += '"';
    out += c;
  }
  return out + '"';
}

std::string number(double value) { return std::isnan(value) ? "" : fmt::format("{}", value); }

/// Keys of all the objects, those of `first` in that order, then the rest as they are met.
std::vector<std::string> number_keys(std::vector<std::string> first, const std::vector<const Json*>& objects) {
  std::vector<std::string> found;
  for (const Json* object : objects)
    if (object->is_object())
      for (const auto& [key, value] : object->items())
        if (value.is_number() && std::find(found.begin(), found.end(), key) == found.end()) found.push_back(key);
  std::vector<std::string> out;
  for (auto& key : first)
    if (std::find(found.begin(), found.end(), key) != found.end()) out.push_back(key);
  for (auto& key : found)
    if (std::find(first.begin(), first.end(), key) == first.end()) out.push_back(key);
  return out;
}

const std::vector<std::string> term_order = {"class", "attribution", "cls", "positive", "negative", "overlap", "prior", "total"};
const std::vector<std::string> metric_order = {"accuracy", "macro_f1", "nll", "ece"};

double value_of(const Json& object, const std::string& key) {
  if (!object.is_object()) return NAN;
  const auto it = object.find(key);
  return it != object.end() && it->is_number() ? it->get<double>() : NAN;
}

std::vector<std::string> term_keys(const std::vector<StepRecord>& steps, Json StepRecord::*member) {
  std::vector<const Json*> objects;
  for (const auto& s : steps) objects.push_back(&(s.*member));
  return number_keys(term_order, objects);
}

}  // namespace

std::string steps_csv(const std::vector<StepRecord>& steps) {
  const auto terms = term_keys(steps, &StepRecord::terms), shares = term_keys(steps, &StepRecord::shares);
  std::string out = "step,epoch,seconds";
  for (const auto& t : terms) out += "," + quoted("term." + t);
  out += ",gradient_norm";
  for (const auto& t : shares) out += "," + quoted("share." + t);
  out += ",learning_rate,tokens_per_second,memory_mib,documents\n";
  for (const auto& s : steps) {
    out += fmt::format("{},{},{}", s.step, number(s.epoch), number(s.seconds));
    for (const auto& t : terms) out += "," + number(value_of(s.terms, t));
    out += "," + number(s.gradient_norm);
    for (const auto& t : shares) out += "," + number(value_of(s.shares, t));
    out += fmt::format(",{},{},{},{}\n", number(s.learning_rate), number(s.tokens_per_second), number(s.memory_mib), fmt::join(s.documents, " "));
  }
  return out;
}

std::string validations_csv(const std::vector<ValidationRecord>& validations) {
  std::vector<const Json*> objects;
  for (const auto& v : validations) objects.push_back(&v.metrics);
  const auto keys = number_keys(metric_order, objects);
  std::string out = "step,split";
  for (const auto& k : keys) out += "," + quoted(k);
  out += "\n";
  for (const auto& v : validations) {
    out += fmt::format("{},{}", v.step, quoted(v.split));
    for (const auto& k : keys) out += "," + number(value_of(v.metrics, k));
    out += "\n";
  }
  return out;
}

double unix_time(const std::string& iso) {
  std::tm t{};
  char after = 0;
  const int n = std::sscanf(iso.c_str(), "%4d-%2d-%2d%c%2d:%2d:%2d", &t.tm_year, &t.tm_mon, &t.tm_mday, &after, &t.tm_hour, &t.tm_min, &t.tm_sec);
  if (n != 7 || t.tm_year < 1970) return 0;
  t.tm_year -= 1900;
  t.tm_mon -= 1;
  const std::time_t seconds = timegm(&t);
  return seconds > 0 ? static_cast<double>(seconds) : 0;
}

std::string tensorboard_events(const RunRecord& run, const std::vector<StepRecord>& steps, const std::vector<ValidationRecord>& validations) {
  const double start = unix_time(run.started.empty() ? run.created : run.started);
  EventFile file(start);
  const auto terms = term_keys(steps, &StepRecord::terms), shares = term_keys(steps, &StepRecord::shares);
  const auto add = [](auto& list, const std::string& tag, double value) {
    if (!std::isnan(value)) list.emplace_back(tag, value);
  };
  for (const auto& s : steps) {
    std::vector<std::pair<std::string, double>> scalars;
    for (const auto& t : terms) {
      // A NaN term is what a person looks for: it is drawn, only an absent one is left out.
      if (s.terms.is_object() && s.terms.contains(t) && s.terms[t].is_number()) scalars.emplace_back("terms/" + t, s.terms[t].get<double>());
    }
    for (const auto& t : shares) add(scalars, "gradient_share/" + t, value_of(s.shares, t));
    scalars.emplace_back("optimiser/gradient_norm", s.gradient_norm);
    scalars.emplace_back("optimiser/learning_rate", s.learning_rate);
    scalars.emplace_back("speed/tokens_per_second", s.tokens_per_second);
    scalars.emplace_back("speed/memory_mib", s.memory_mib);
    scalars.emplace_back("epoch", s.epoch);
    file.add_scalars(start + s.seconds, s.step, scalars);
  }
  for (const auto& v : validations) {
    double seconds = 0;
    for (const auto& s : steps)
      if (s.step <= v.step) seconds = s.seconds;
    std::vector<std::pair<std::string, double>> scalars;
    for (const auto& key : number_keys(metric_order, {&v.metrics})) add(scalars, "validation/" + v.split + "/" + key, value_of(v.metrics, key));
    file.add_scalars(start + seconds, v.step, scalars);
  }
  return file.bytes();
}

std::vector<fs::path> export_weights(Store& store, const RunRecord& run, const fs::path& out) {
  if (run.folder.empty())
    throw std::runtime_error(fmt::format("run {} has no final weights yet (status {}): let it finish or resume it first", run.id, name_of(run.status)));
  // The folder's name comes out of a file that somebody may have made to point elsewhere.
  const fs::path root = fs::weakly_canonical(store.folder()), from = fs::weakly_canonical(root / run.folder);
  const auto [end, _] = std::mismatch(root.begin(), root.end(), from.begin(), from.end());
  if (end != root.end() || from == root)
    throw std::runtime_error(fmt::format("run {}: folder '{}' lies outside {}", run.id, run.folder, store.folder().string()));
  if (!fs::is_directory(from)) throw std::runtime_error(fmt::format("{}: the weights of run {} are not there", from.string(), run.id));
  if (fs::exists(out) && !(fs::is_directory(out) && fs::is_empty(out)))
    throw std::runtime_error(fmt::format("{}: is there already; name a new or an empty folder", out.string()));

  std::vector<fs::path> names;
  for (const auto& entry : fs::directory_iterator(from))
    if (!entry.is_symlink() && entry.is_regular_file()) names.push_back(entry.path().filename());
  std::sort(names.begin(), names.end());
  if (names.empty()) throw std::runtime_error(fmt::format("{}: holds no files", from.string()));
  const auto there = [&](const char* name) { return std::find(names.begin(), names.end(), name) != names.end(); };
  if (!there("config.json") || (!there("vocab.txt") && !there("tokenizer.json")))
    throw std::runtime_error(fmt::format("{}: no {}: not a whole model folder", from.string(), there("config.json") ? "vocab.txt or tokenizer.json" : "config.json"));

  fs::path target = fs::absolute(out).lexically_normal();
  if (!target.has_filename()) target = target.parent_path();
  const fs::path parent = target.parent_path();
  fs::create_directories(parent);
  std::string unique = (parent / (target.filename().string() + ".part-XXXXXX")).string();  // a name that is nobody's
  if (!::mkdtemp(unique.data())) throw std::runtime_error(fmt::format("{}: cannot be made: {}", unique, std::strerror(errno)));
  const fs::path part = unique;
  try {
    fs::permissions(part, fs::perms::owner_all | fs::perms::group_read | fs::perms::group_exec | fs::perms::others_read | fs::perms::others_exec);
    for (const auto& name : names) {
      fs::copy_file(from / name, part / name);
      sync_path(part / name);
    }
    if (fs::exists(target)) fs::remove(target);  // empty, as checked above
    fs::rename(part, target);
    sync_path(parent);
  } catch (...) {
    std::error_code ignored;
    fs::remove_all(part, ignored);
    throw;
  }
  for (auto& name : names) name = out / name;
  return names;
}

}  // namespace telltale
