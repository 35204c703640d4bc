#include "report/run_curves.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <stdexcept>

#include "base/progress.hpp"

namespace telltale {
namespace {

constexpr float no_value = std::numeric_limits<float>::quiet_NaN();
constexpr char magic[8] = {'T', 'T', 'c', 'u', 'r', 'v', 'e', '1'};

template <class T>
void put(std::vector<unsigned char>& out, const T* data, std::size_t n) {
  const std::size_t at = out.size();
  out.resize(at + n * sizeof(T));
  if (n) std::memcpy(out.data() + at, data, n * sizeof(T));
}
void put_count(std::vector<unsigned char>& out, std::uint64_t n) { put(out, &n, 1); }

class Reader {
 public:
  explicit Reader(const std::vector<unsigned char>& bytes) : bytes_(bytes) {}
  template <class T>
  std::vector<T> array(std::uint64_t n) {
    if (n > (bytes_.size() - at_) / sizeof(T)) throw std::runtime_error("stored curves end too early");
    std::vector<T> out(static_cast<std::size_t>(n));
    if (n) std::memcpy(out.data(), bytes_.data() + at_, out.size() * sizeof(T));
    at_ += out.size() * sizeof(T);
    return out;
  }
  std::uint64_t count() { return array<std::uint64_t>(1)[0]; }
  bool at_end() const { return at_ == bytes_.size(); }

 private:
  const std::vector<unsigned char>& bytes_;
  std::size_t at_ = 0;
};

double number_of(const OrderedJson& object, const char* key) {
  const auto it = object.find(key);
  return it != object.end() && it->is_number() ? it->get<double>() : std::numeric_limits<double>::quiet_NaN();
}

}  // namespace

const CurveColumn* RunCurves::column(std::string_view name) const {
  const auto it = columns_.find(name);
  return it == columns_.end() ? nullptr : &it->second;
}

CurveColumn& RunCurves::column_to_fill(const std::string& name) {
  const auto [it, fresh] = columns_.try_emplace(name);
  if (fresh && rows() > 1) it->second.values = MinMaxPyramid(std::vector<float>(rows() - 1, no_value));
  return it->second;
}

void RunCurves::fill(const std::string& name, double value, bool fault) {
  CurveColumn& c = column_to_fill(name);
  while (c.values.size() + 1 < rows()) c.values.append(no_value);
  const bool number = std::isfinite(value);
  if (c.values.size() < rows()) c.values.append(number ? static_cast<float>(value) : no_value);
  if (!number && fault) c.faults.push_back(static_cast<std::uint32_t>(rows() - 1));
}

void RunCurves::append(const StepRecord& s) {
  if (!step_.empty() && static_cast<double>(s.step) <= step_.back()) truncate_after(s.step - 1);
  // Damaged files may hold anything; an axis must rise.
  const auto next = [&](std::vector<double>& axis, double value) {
    const double last = axis.empty() ? 0 : axis.back();
    axis.push_back(std::isfinite(value) ? std::max(value, last) : last);
  };
  step_.push_back(static_cast<double>(s.step));
  next(epoch_, s.epoch);
  next(seconds_, s.seconds);
  // A key that is there without a number is a value that was none; a key that is not there was not measured.
  const auto fill_all = [&](const char* prefix, const Json& values) {
    if (!values.is_object()) return;
    for (const auto& [key, v] : values.items())
      if (v.is_number() || v.is_null()) fill(prefix + key, v.is_number() ? v.get<double>() : no_value, true);
  };
  fill_all("term.", s.terms);
  fill_all("share.", s.shares);
  fill("gradient_norm", s.gradient_norm, true);
  fill("learning_rate", s.learning_rate, false);
  fill("tokens_per_second", s.tokens_per_second, false);
  fill("memory_mib", s.memory_mib, false);
  for (auto& [_, c] : columns_)
    while (c.values.size() < rows()) c.values.append(no_value);
}

void RunCurves::truncate_after(std::int64_t step) {
  const auto keep = static_cast<std::size_t>(std::upper_bound(step_.begin(), step_.end(), static_cast<double>(step)) - step_.begin());
  for (auto* axis : {&step_, &epoch_, &seconds_}) axis->resize(keep);
  for (auto& [_, c] : columns_) {
    c.values.truncate(keep);
    while (!c.faults.empty() && c.faults.back() >= keep) c.faults.pop_back();
  }
}

std::vector<unsigned char> RunCurves::bytes() const {
  std::vector<unsigned char> out;
  out.reserve(32 + rows() * (24 + 4 * columns_.size()));
  put(out, magic, sizeof magic);
  put_count(out, rows());
  for (const auto* axis : {&step_, &epoch_, &seconds_}) put(out, axis->data(), axis->size());
  put_count(out, columns_.size());
  for (const auto& [name, c] : columns_) {
    put_count(out, name.size());
    put(out, name.data(), name.size());
    put(out, c.values.values().data(), c.values.size());
    put_count(out, c.faults.size());
    put(out, c.faults.data(), c.faults.size());
  }
  return out;
}

RunCurves RunCurves::from_bytes(const std::vector<unsigned char>& bytes) {
  Reader in(bytes);
  const auto start = in.array<char>(sizeof magic);
  if (std::memcmp(start.data(), magic, sizeof magic) != 0) throw std::runtime_error("stored curves are of another kind");
  RunCurves out;
  const std::uint64_t rows = in.count();
  for (auto* axis : {&out.step_, &out.epoch_, &out.seconds_}) {
    *axis = in.array<double>(rows);
    if (!std::is_sorted(axis->begin(), axis->end()) || !std::all_of(axis->begin(), axis->end(), [](double x) { return std::isfinite(x); }))
      throw std::runtime_error("stored curves are damaged: an axis does not rise");
  }
  for (std::uint64_t n = in.count(); n > 0; --n) {
    const auto name = in.array<char>(in.count());
    CurveColumn c;
    c.values = MinMaxPyramid(in.array<float>(rows));
    c.faults = in.array<std::uint32_t>(in.count());
    if (!std::is_sorted(c.faults.begin(), c.faults.end()) || (!c.faults.empty() && c.faults.back() >= rows)) throw std::runtime_error("stored curves are damaged: a fault outside the steps");
    out.columns_.emplace(std::string(name.begin(), name.end()), std::move(c));
  }
  if (!in.at_end()) throw std::runtime_error("stored curves go on after their end");
  return out;
}

void read_new_steps(Store& store, std::int64_t run, RunCurves& curves, const std::stop_token& stop) {
  constexpr std::int64_t at_once = 5000;
  std::int64_t after = curves.rows() == 0 ? -1 : curves.last_step();
  for (;;) {
    if (stop.stop_requested()) throw Cancelled{};
    const auto steps = store.steps(run, after, at_once);
    for (const StepRecord& s : steps) curves.append(s);
    if (static_cast<std::int64_t>(steps.size()) < at_once) return;
    after = steps.back().step;
  }
}

RunCurves load_curves(Store& store, const RunRecord& run, const std::stop_token& stop) {
  constexpr std::size_t worth_keeping = 2000, most_bytes = std::size_t{500} << 20;  // rows of fewer steps are read as fast; SQLite's limit is 1 GB
  const bool finished = run.status == RunStatus::finished;
  if (finished) {
    try {
      const auto kept = store.curves(run.id, run.step);
      if (!kept.empty())
        if (RunCurves curves = RunCurves::from_bytes(kept); curves.last_step() == run.step) return curves;
    } catch (const std::runtime_error&) {  // damaged: the rows are what counts
    }
  }
  RunCurves curves;
  read_new_steps(store, run.id, curves, stop);
  if (finished && curves.rows() >= worth_keeping && curves.last_step() == run.step) {
    const auto data = curves.bytes();
    try {
      if (data.size() < most_bytes) store.set_curves(run.id, run.step, data);
    } catch (const std::runtime_error&) {  // a file that is only read, a disk that is full: made anew the next time
    }
  }
  return curves;
}

StepRecord step_of_event(const OrderedJson& event) {
  StepRecord s;
  const auto it = event.find("step");
  s.step = it != event.end() && it->is_number_integer() ? it->get<std::int64_t>() : 0;
  s.epoch = number_of(event, "epoch");
  s.seconds = number_of(event, "seconds");
  s.gradient_norm = number_of(event, "gradient_norm");
  s.learning_rate = number_of(event, "learning_rate");
  s.tokens_per_second = number_of(event, "tokens_per_second");
  s.memory_mib = number_of(event, "memory_mib");
  const auto object = [&](const char* key) {
    Json out = Json::object();
    if (const auto found = event.find(key); found != event.end() && found->is_object())
      for (const auto& [k, v] : found->items())
        if (v.is_number() || v.is_null()) out[k] = v.is_number() ? Json(v.get<double>()) : Json();
    return out;
  };
  s.terms = object("terms");
  s.shares = object("gradient_shares");
  if (const auto d = event.find("documents"); d != event.end() && d->is_array())
    for (const auto& id : *d)
      if (id.is_number_integer()) s.documents.push_back(id.get<std::int64_t>());
  return s;
}

}  // namespace telltale
