#include <fmt/format.h>
#include <fmt/ranges.h>

#include <array>
#include <stdexcept>
#include <utility>

#include "store/connection.hpp"

namespace telltale {
namespace {

constexpr std::array<std::pair<RunStatus, const char*>, 7> status_names{{{RunStatus::queued, "queued"},
                                                                         {RunStatus::running, "running"},
                                                                         {RunStatus::paused, "paused"},
                                                                         {RunStatus::stopped, "stopped"},
                                                                         {RunStatus::interrupted, "interrupted"},
                                                                         {RunStatus::failed, "failed"},
                                                                         {RunStatus::finished, "finished"}}};

constexpr std::string_view run_columns =
    "SELECT id, name, preset, dataset, model, from_run, pair, status, settings, metrics, cost, step, steps, fingerprint, folder, error, note, "
    "created, started, finished FROM runs";

RunStatus read_status(Store::Impl& impl, std::int64_t id, const std::string& name) {
  for (const auto& [value, known] : status_names)
    if (name == known) {
      const bool alive = value == RunStatus::running || value == RunStatus::paused;
      return alive && impl.ownerless.contains(id) ? RunStatus::interrupted : value;
    }
  impl.bad_value("runs", std::to_string(id), "status", fmt::format("'{}' is no status", name));
}

RunRecord read_run(Store::Impl& impl, Query& q) {
  RunRecord r;
  r.id = q.integer(0);
  const std::string row = std::to_string(r.id);
  r.name = q.text(1);
  r.preset = q.text(2);
  r.dataset = q.integer(3);
  r.model = q.text(4);
  r.from = q.optional_integer(5);
  r.pair = q.optional_integer(6);
  r.status = read_status(impl, r.id, q.text(7));
  r.settings = impl.json(q.column(8), "runs", row, "settings");
  r.metrics = impl.json(q.column(9), "runs", row, "metrics");
  r.cost = impl.json(q.column(10), "runs", row, "cost");
  r.step = q.integer(11);
  r.steps = q.integer(12);
  r.fingerprint = q.text(13);
  r.folder = impl.inner_folder(q.text(14), "runs", row);
  r.error = q.text(15);
  r.note = q.text(16);
  r.created = q.text(17);
  r.started = q.text(18);
  r.finished = q.text(19);
  return r;
}

/// The 18 columns that a caller sets, in the order of the statements below; dataset 0 is none.
void bind_run(Query& q, const RunRecord& r) {
  const std::optional<std::int64_t> dataset = r.dataset ? std::optional(r.dataset) : std::nullopt;
  q.bind(r.name, r.preset, dataset, r.model, r.from, r.pair, name_of(r.status), r.settings, r.metrics, r.cost, r.step, r.steps, r.fingerprint,
         r.folder, r.error, r.note, r.started, r.finished);
}

[[noreturn]] void no_run(Store::Impl& impl, std::int64_t id) {
  std::vector<std::int64_t> ids;
  Query all(impl, "SELECT id FROM runs ORDER BY id");
  while (all.step()) ids.push_back(all.integer(0));
  throw std::invalid_argument(ids.empty() ? fmt::format("{}: no run {}: the file has none", impl.file.string(), id)
                                          : fmt::format("{}: no run {}; there are: {}", impl.file.string(), id, fmt::join(ids, ", ")));
}

}  // namespace

const char* name_of(RunStatus status) {
  for (const auto& [value, name] : status_names)
    if (value == status) return name;
  return "failed";
}

std::int64_t Store::add_run(const RunRecord& r) {
  return impl_->guard([&] {
    Write write(*impl_);
    std::int64_t id = 0;
    {
      Query q(*impl_,
              "INSERT INTO runs(name, preset, dataset, model, from_run, pair, status, settings, metrics, cost, step, steps, fingerprint, folder, error, "
              "note, started, finished, created) VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id");
      bind_run(q, r);
      q.bind(now()).step();
      id = q.integer(0);
      q.run();
    }
    write.commit();
    return id;
  });
}

void Store::update_run(const RunRecord& r) {
  impl_->guard([&] {
    Write write(*impl_);
    {
      Query q(*impl_,
              "UPDATE runs SET name = ?, preset = ?, dataset = ?, model = ?, from_run = ?, pair = ?, status = ?, settings = ?, metrics = ?, cost = ?, "
              "step = ?, steps = ?, fingerprint = ?, folder = ?, error = ?, note = ?, started = ?, finished = ? WHERE id = ? RETURNING id");
      bind_run(q, r);
      q.bind(r.id);
      if (!q.step()) no_run(*impl_, r.id);
      q.run();
    }
    write.commit();
  });
}

void Store::describe_run(std::int64_t id, const std::string& name, const std::string& note) {
  impl_->guard([&] {
    Query q(*impl_, "UPDATE runs SET name = ?, note = ? WHERE id = ? RETURNING id");
    if (!q.bind(name, note, id).step()) no_run(*impl_, id);
    q.run();
  });
}

RunRecord Store::run(std::int64_t id) {
  return impl_->guard([&] {
    Query q(*impl_, fmt::format("{} WHERE id = ?", run_columns));
    q.bind(id);
    if (!q.step()) no_run(*impl_, id);
    return read_run(*impl_, q);
  });
}

std::vector<RunRecord> Store::runs() {
  return impl_->guard([&] {
    std::vector<RunRecord> all;
    Query q(*impl_, fmt::format("{} ORDER BY id", run_columns));
    while (q.step()) all.push_back(read_run(*impl_, q));
    return all;
  });
}

std::vector<RunHead> Store::run_heads() {
  return impl_->guard([&] {
    std::vector<RunHead> all;
    Query q(*impl_, "SELECT id, ifnull(dataset, 0), name, status, CASE WHEN json_valid(metrics) THEN json_extract(metrics, '$.accuracy') END FROM runs ORDER BY id");
    while (q.step()) {
      RunHead h{q.integer(0), q.integer(1), q.text(2), read_status(*impl_, q.integer(0), q.text(3))};
      if (const auto c = q.column(4); c.isFloat() || c.isInteger()) h.accuracy = c.getDouble();
      all.push_back(std::move(h));
    }
    return all;
  });
}

void Store::remove_run(std::int64_t id) {
  impl_->guard([&] {
    Write write(*impl_);
    {
      Query found(*impl_, "SELECT 1 FROM runs WHERE id = ?");
      if (!found.bind(id).step()) no_run(*impl_, id);
    }
    // An explanation belongs to weights: where another run ended with the same ones it passes to that run.
    constexpr std::string_view heir = "SELECT r.id FROM runs r WHERE r.fingerprint = explanations.fingerprint AND r.id <> ?1 ORDER BY r.id LIMIT 1";
    Query(*impl_, fmt::format("DELETE FROM explanations WHERE run = ?1 AND NOT EXISTS ({})", heir)).bind(id).run();
    Query(*impl_, fmt::format("UPDATE explanations SET run = ({}) WHERE run = ?1", heir)).bind(id).run();
    Query(*impl_,
          "DELETE FROM predictions WHERE fingerprint = (SELECT nullif(fingerprint, '') FROM runs WHERE id = ?1) "
          "AND NOT EXISTS (SELECT 1 FROM runs r WHERE r.fingerprint = predictions.fingerprint AND r.id <> ?1)").bind(id).run();
    for (const char* table : {"measures", "evaluations"})
      Query(*impl_, fmt::format("DELETE FROM {0} WHERE fingerprint = (SELECT nullif(fingerprint, '') FROM runs WHERE id = ?1) "
                                "AND NOT EXISTS (SELECT 1 FROM runs r WHERE r.fingerprint = {0}.fingerprint AND r.id <> ?1)", table)).bind(id).run();
    Query(*impl_, "DELETE FROM runs WHERE id = ?").bind(id).run();
    write.commit();
  });
}

void Store::mark_interrupted_runs() {
  impl_->guard([&] {
    const auto find = [&] {
      std::vector<std::int64_t> gone;
      Query q(*impl_, "SELECT id FROM runs WHERE status IN ('running', 'paused')");
      while (q.step())
        if (run_is_ownerless(folder(), q.integer(0))) gone.push_back(q.integer(0));
      return gone;
    };
    const std::vector<std::int64_t> gone = find();
    if (impl_->mode == Mode::read) {
      impl_->ownerless = {gone.begin(), gone.end()};
      return;
    }
    if (gone.empty()) return;
    Write write(*impl_);
    for (const std::int64_t id : find())  // again: inside the transaction nobody else can change a status
      Query(*impl_, "UPDATE runs SET status = 'interrupted' WHERE id = ?").bind(id).run();
    write.commit();
  });
}

}  // namespace telltale
