#include <fmt/format.h>

#include "store/connection.hpp"

namespace telltale {
namespace {

std::vector<StepRecord> read_steps(Store::Impl& impl, std::int64_t run, int ghost, std::int64_t after, std::int64_t limit) {
  Query q(impl,
          "SELECT step, epoch, seconds, gradient_norm, learning_rate, tokens_per_second, memory_mib, terms, shares, documents FROM steps "
          "WHERE run = ? AND ghost = ? AND step > ? ORDER BY step LIMIT ?");
  q.bind(run, ghost, after, limit);
  std::vector<StepRecord> steps;
  while (q.step()) {
    StepRecord s;
    s.step = q.integer(0);
    s.epoch = q.real(1);
    s.seconds = q.real(2);
    s.gradient_norm = q.real(3);
    s.learning_rate = q.real(4);
    s.tokens_per_second = q.real(5);
    s.memory_mib = q.real(6);
    const std::string row = fmt::format("run {} step {}", run, s.step);
    s.terms = impl.json(q.column(7), "steps", row, "terms");
    s.shares = impl.json(q.column(8), "steps", row, "shares");
    const Json documents = impl.json(q.column(9), "steps", row, "documents");
    try {
      if (!documents.is_null()) documents.get_to(s.documents);
    } catch (const Json::exception&) {
      impl.bad_value("steps", row, "documents", "expected a list of post ids");
    }
    steps.push_back(std::move(s));
  }
  return steps;
}

}  // namespace

void Store::add_steps(std::int64_t run, const std::vector<StepRecord>& steps) {
  impl_->guard([&] {
    Write write(*impl_);
    for (const StepRecord& s : steps) {
      Query(*impl_,
            "INSERT OR REPLACE INTO steps(run, step, epoch, seconds, gradient_norm, learning_rate, tokens_per_second, memory_mib, terms, shares, "
            "documents) VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")
          .bind(run, s.step, s.epoch, s.seconds, s.gradient_norm, s.learning_rate, s.tokens_per_second, s.memory_mib, s.terms, s.shares,
                Json(s.documents))
          .run();
    }
    write.commit();
  });
}

std::vector<StepRecord> Store::steps(std::int64_t run, std::int64_t after, std::int64_t limit) {
  return impl_->guard([&] { return read_steps(*impl_, run, 0, after, limit); });
}

std::vector<StepRecord> Store::ghost_steps(std::int64_t run) {
  return impl_->guard([&] { return read_steps(*impl_, run, 1, -1, -1); });
}

void Store::rewind_run(std::int64_t run, std::int64_t step) {
  impl_->guard([&] {
    Write write(*impl_);
    for (const char* sql : {"UPDATE OR REPLACE steps SET ghost = 1 WHERE run = ? AND ghost = 0 AND step > ?",
                            "UPDATE OR REPLACE validations SET ghost = 1 WHERE run = ? AND ghost = 0 AND step > ?"})
      Query(*impl_, sql).bind(run, step).run();
    Query(*impl_, "DELETE FROM curves WHERE run = ? AND step > ?").bind(run, step).run();
    Query(*impl_, "UPDATE runs SET step = min(step, ?) WHERE id = ?").bind(step, run).run();
    write.commit();
  });
}

void Store::add_validation(std::int64_t run, const ValidationRecord& v) {
  impl_->guard([&] {
    Write write(*impl_);
    Query(*impl_, "INSERT OR REPLACE INTO validations(run, step, split, metrics) VALUES(?, ?, ?, ?)").bind(run, v.step, v.split, v.metrics).run();
    write.commit();
  });
}

std::vector<ValidationRecord> Store::validations(std::int64_t run) {
  return impl_->guard([&] {
    std::vector<ValidationRecord> all;
    Query q(*impl_, "SELECT step, split, metrics FROM validations WHERE run = ? AND ghost = 0 ORDER BY step, split");
    q.bind(run);
    while (q.step()) {
      const std::string row = fmt::format("run {} step {}", run, q.integer(0));
      all.push_back({q.integer(0), q.text(1), impl_->json(q.column(2), "validations", row, "metrics")});
    }
    return all;
  });
}

void Store::set_checkpoint(std::int64_t run, const CheckpointRecord& c) {
  impl_->guard([&] {
    Write write(*impl_);
    Query(*impl_, "INSERT OR REPLACE INTO checkpoints(run, kind, step, folder) VALUES(?, ?, ?, ?)").bind(run, c.kind, c.step, c.folder).run();
    write.commit();
  });
}

std::vector<CheckpointRecord> Store::checkpoints(std::int64_t run) {
  return impl_->guard([&] {
    std::vector<CheckpointRecord> all;
    Query q(*impl_, "SELECT step, kind, folder FROM checkpoints WHERE run = ? ORDER BY step, kind");
    q.bind(run);
    while (q.step()) all.push_back({q.integer(0), q.text(1), impl_->inner_folder(q.text(2), "checkpoints", fmt::format("{}, {}", run, q.integer(0)))});
    return all;
  });
}

}  // namespace telltale
