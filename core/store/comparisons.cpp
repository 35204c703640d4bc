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

std::vector<ComparisonRecord> Store::comparisons() {
  return impl_->guard([&] {
    std::vector<ComparisonRecord> all;
    Query q(*impl_, "SELECT id, runs, protocol, result, created FROM comparisons ORDER BY id");
    while (q.step()) {
      ComparisonRecord c;
      c.id = q.integer(0);
      const std::string row = std::to_string(c.id);
      try {
        impl_->json(q.column(1), "comparisons", row, "runs").get_to(c.runs);
      } catch (const Json::exception&) {
        impl_->bad_value("comparisons", row, "runs", "expected a list of run ids");
      }
      c.protocol = impl_->json(q.column(2), "comparisons", row, "protocol");
      c.result = impl_->json(q.column(3), "comparisons", row, "result");
      c.created = q.text(4);
      all.push_back(std::move(c));
    }
    return all;
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
