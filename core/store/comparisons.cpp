#include <fmt/format.h>

#include "store/connection.hpp"

namespace telltale {

std::int64_t Store::add_comparison(const ComparisonRecord& c) {
  return impl_->guard([&] {
    Write write(*impl_);
    std::int64_t id = 0;
    {
      Query q(*impl_, "INSERT INTO comparisons(runs, protocol, result, created) VALUES(?, ?, ?, ?) RETURNING id");
      q.bind(Json(c.runs), c.protocol, c.result, now()).step();
      id = q.integer(0);
      q.run();
    }
    write.commit();
    return id;
  });
}

namespace {

std::vector<std::int64_t> runs_of(Store::Impl& impl, const SQLite::Column& column, const std::string& row) {
  std::vector<std::int64_t> runs;
  try {
    impl.json(column, "comparisons", row, "runs").get_to(runs);
  } catch (const Json::exception&) {
    impl.bad_value("comparisons", row, "runs", "expected a list of run ids");
  }
  return runs;
}

ComparisonRecord record_of(Store::Impl& impl, Query& q) {
  ComparisonRecord c;
  c.id = q.integer(0);
  const std::string row = std::to_string(c.id);
  c.runs = runs_of(impl, q.column(1), row);
  c.protocol = impl.json(q.column(2), "comparisons", row, "protocol");
  c.result = impl.json(q.column(3), "comparisons", row, "result");
  c.created = q.text(4);
  return c;
}

}  // namespace

std::vector<ComparisonRecord> Store::comparisons() {
  return impl_->guard([&] {
    std::vector<ComparisonRecord> all;
    Query q(*impl_, "SELECT id, runs, protocol, result, created FROM comparisons ORDER BY id");
    while (q.step()) all.push_back(record_of(*impl_, q));
    return all;
  });
}

std::vector<ComparisonHead> Store::comparison_heads() {
  return impl_->guard([&] {
    std::vector<ComparisonHead> all;
    Query q(*impl_, "SELECT id, length(result), runs, created FROM comparisons ORDER BY id");
    while (q.step()) all.push_back({q.integer(0), q.integer(1), runs_of(*impl_, q.column(2), std::to_string(q.integer(0))), q.text(3)});
    return all;
  });
}

ComparisonRecord Store::comparison(std::int64_t id) {
  return impl_->guard([&] {
    Query q(*impl_, "SELECT id, runs, protocol, result, created FROM comparisons WHERE id = ?");
    q.bind(id);
    if (!q.step()) throw std::invalid_argument(fmt::format("comparison {} is not in this file", id));
    return record_of(*impl_, q);
  });
}

void Store::set_value(const std::string& key, const Json& value) {
  impl_->guard([&] {
    Write write(*impl_);
    Query(*impl_, "INSERT OR REPLACE INTO file_values(key, value) VALUES(?, ?)").bind(key, value).run();
    write.commit();
  });
}

std::optional<Json> Store::value(const std::string& key) {
  return impl_->guard([&]() -> std::optional<Json> {
    Query q(*impl_, "SELECT value FROM file_values WHERE key = ?");
    q.bind(key);
    if (!q.step()) return std::nullopt;
    return impl_->json(q.column(0), "file_values", key, "value");
  });
}

}  // namespace telltale
