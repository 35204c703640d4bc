// Posts as lists need them: all of them without texts, and a few with their first words.
#include <map>

#include "store/connection.hpp"

namespace telltale {

PostTable Store::post_table(std::int64_t dataset) {
  return impl_->guard([&] {
    PostTable table;
    std::map<std::string, int, std::less<>> splits;
    Query q(*impl_, "SELECT d.id, d.bytes, c.label, d.split FROM documents d JOIN classes c ON c.id = d.class WHERE d.dataset = ? ORDER BY d.id");
    q.bind(dataset);
    while (q.step()) {
      const std::string split = q.text(3);
      auto at = splits.find(split);
      if (at == splits.end()) {
        at = splits.emplace(split, static_cast<int>(table.splits.size())).first;
        table.splits.push_back(split);
      }
      table.rows.push_back({q.integer(0), q.integer(1), static_cast<int>(q.integer(2)), at->second});
    }
    return table;
  });
}

std::vector<PostStart> Store::post_starts(const std::vector<std::int64_t>& ids, const std::string& search) {
  return impl_->guard([&] {
    const std::string wanted = search_expression(search);
    std::vector<PostStart> all;
    for (const std::int64_t id : ids) {
      Query q(*impl_, "SELECT d.external_id, substr(t.text, 1, 600), d.bytes FROM documents d JOIN texts t ON t.document = d.id WHERE d.id = ?");
      if (!q.bind(id).step()) continue;
      PostStart start{id, q.text(0), q.text(1), {}};
      if (!wanted.empty() && q.integer(2) < 200'000) {
        Query s(*impl_, "SELECT snippet(search, 0, char(2), char(3), '…', 12) FROM search WHERE search MATCH ? AND rowid = ?");
        if (s.bind(wanted, id).step()) start.snippet = s.text(0);
      }
      all.push_back(std::move(start));
    }
    return all;
  });
}

}  // namespace telltale
