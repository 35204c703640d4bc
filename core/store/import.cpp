// A data set on its way into the file: one transaction, nothing kept in memory but the names of the classes.
#include <fmt/format.h>
#include <sqlite3.h>

#include <cmath>
#include <stdexcept>
#include <unordered_map>

#include "base/random.hpp"
#include "store/connection.hpp"

namespace telltale {
namespace {

Json to_json(const std::vector<MarkedSpan>& spans) {
  Json list = Json::array();
  for (const MarkedSpan& s : spans) list.push_back({{"begin", s.begin}, {"end", s.end}, {"kind", s.kind}});
  return list;
}

/// SQL function draw(text_hash, seed): the place of a post in the lottery of its class.
void draw(sqlite3_context* context, int, sqlite3_value** values) {
  const auto hash = static_cast<std::uint64_t>(sqlite3_value_int64(values[0])), seed = static_cast<std::uint64_t>(sqlite3_value_int64(values[1]));
  sqlite3_result_int64(context, static_cast<sqlite3_int64>(mix_seed(seed, hash)));
}

class ImportTransaction final : public Store::Import {
 public:
  ImportTransaction(Store& store, Store::Impl& impl, const std::string& name, const std::string& source, const Json& options)
      : store_(store), impl_(impl), write_(impl) {
    impl.db->createFunction("telltale_draw", 2, true, nullptr, draw, nullptr, nullptr, nullptr);
    Query same(impl, "SELECT 1 FROM datasets WHERE name = ?");
    if (same.bind(name).step())
      throw std::invalid_argument(fmt::format("{}: a data set '{}' is there already; choose another name", impl.file.string(), name));
    Query q(impl, "INSERT INTO datasets(name, source, options, created) VALUES(?, ?, ?, ?) RETURNING id");
    q.bind(name, source, options, now()).step();
    dataset_ = q.integer(0);
    q.run();
    Query newest(impl, "SELECT ifnull(max(id), 0) FROM documents");
    newest.step();
    last_ = indexed_ = newest.integer(0);
  }

  void add(const Document& d, const std::string& label) override {
    impl_.guard([&] {
      Query q(impl_, "INSERT INTO documents(dataset, class, split, external_id, bytes, text_hash, spans) VALUES(?, ?, ?, ?, ?, ?, nullif(?, '[]')) RETURNING id");
      q.bind(dataset_, class_of(label), d.split, d.external_id, static_cast<std::int64_t>(d.text.size()),
             static_cast<std::int64_t>(hash_text(d.text)), to_json(d.spans));
      q.step();
      const std::int64_t id = q.integer(0);
      q.run();
      Query(impl_, "INSERT INTO texts(document, text) VALUES(?, ?)").bind(id, d.text).run();
      ++documents_;
      last_ = id;
      waiting_ += d.text.size();
      if (waiting_ > index_batch) index();
    });
  }

  void draw_test_split(double share, std::uint64_t seed) override {
    if (!(share >= 0 && share <= 1)) throw std::invalid_argument(fmt::format("test share {}: expected 0 … 1", share));
    impl_.guard([&] {
      for (const auto& [name, id] : classes_) {
        Query count(impl_, "SELECT count(*) FROM documents WHERE class = ? AND split = ''");
        count.bind(id).step();
        const auto take = static_cast<std::int64_t>(std::floor(share * static_cast<double>(count.integer(0)) + 0.5));
        Query(impl_,
              "UPDATE documents SET split = 'test' WHERE id IN (SELECT id FROM documents WHERE class = ? AND split = '' "
              "ORDER BY telltale_draw(text_hash, ?), external_id LIMIT ?)")
            .bind(id, static_cast<std::int64_t>(seed), take)
            .run();
      }
      rest_is_train();
    });
  }

  Duplicates duplicates() override {
    return impl_.guard([&] {
      Duplicates found;
      Query extra(impl_,
                  "SELECT count(*), min(id) FROM (SELECT id, row_number() OVER (PARTITION BY text_hash ORDER BY id) AS n "
                  "FROM documents WHERE dataset = ? AND bytes > 0) WHERE n > 1");
      extra.bind(dataset_).step();
      found.count = extra.integer(0);
      if (found.count == 0) return found;
      found.first = external_id(extra.integer(1));
      const auto across = [&](const char* column, std::int64_t& count, std::string& first) {
        Query q(impl_, fmt::format("SELECT count(*), min(first) FROM (SELECT min(id) AS first FROM documents WHERE dataset = ? AND bytes > 0 "
                                   "GROUP BY text_hash HAVING min({0}) <> max({0}))", column));
        q.bind(dataset_).step();
        count = q.integer(0);
        if (count > 0) first = external_id(q.integer(1));
      };
      across("split", found.across_splits, found.first_across_splits);
      across("class", found.across_classes, found.first_across_classes);
      return found;
    });
  }

  Repeated repeated_ids() override {
    return impl_.guard([&] {
      Repeated found;
      Query extra(impl_,
                  "SELECT count(*), min(id) FROM (SELECT id, row_number() OVER (PARTITION BY external_id ORDER BY id) AS n "
                  "FROM documents WHERE dataset = ? AND external_id <> '') WHERE n > 1");
      extra.bind(dataset_).step();
      found.count = extra.integer(0);
      if (found.count > 0) found.first = external_id(extra.integer(1));
      return found;
    });
  }

  DatasetInfo commit(const Json& report) override {
    impl_.guard([&] {
      rest_is_train();
      index();
      Query sorted(impl_, "SELECT id FROM classes WHERE dataset = ? ORDER BY name");  // by bytes, as std::sort does
      sorted.bind(dataset_);
      std::vector<std::int64_t> ids;
      while (sorted.step()) ids.push_back(sorted.integer(0));
      for (std::size_t label = 0; label < ids.size(); ++label)
        Query(impl_, "UPDATE classes SET label = ? WHERE id = ?").bind(static_cast<std::int64_t>(label), ids[label]).run();
      Query(impl_, "UPDATE datasets SET documents = ?, report = ? WHERE id = ?").bind(documents_, report, dataset_).run();
      write_.commit();
    });
    return store_.dataset(dataset_);
  }

 private:
  std::int64_t class_of(const std::string& label) {
    const auto at = classes_.find(label);
    if (at != classes_.end()) return at->second;
    // Numbers below 0 until commit() knows the order.
    Query q(impl_, "INSERT INTO classes(dataset, label, name) VALUES(?, ?, ?) RETURNING id");
    q.bind(dataset_, -1 - static_cast<std::int64_t>(classes_.size()), label).step();
    const std::int64_t id = q.integer(0);
    q.run();
    return classes_[label] = id;
  }

  /// Puts the posts since the last call into the full-text index.
  void index() {
    Query(impl_, "INSERT INTO search(rowid, text) SELECT document, text FROM texts WHERE document > ? ORDER BY document").bind(indexed_).run();
    indexed_ = last_;
    waiting_ = 0;
  }

  std::string external_id(std::int64_t document) {
    Query q(impl_, "SELECT external_id FROM documents WHERE id = ?");
    q.bind(document).step();
    return q.text(0);
  }

  void rest_is_train() { Query(impl_, "UPDATE documents SET split = 'train' WHERE dataset = ? AND split = ''").bind(dataset_).run(); }

  Store& store_;
  Store::Impl& impl_;
  Write write_;
  static constexpr std::size_t index_batch = 8 << 20;  // bytes of text
  std::int64_t dataset_ = 0, documents_ = 0, last_ = 0, indexed_ = 0;
  std::size_t waiting_ = 0;
  std::unordered_map<std::string, std::int64_t> classes_;
};

}  // namespace

std::unique_ptr<Store::Import> Store::begin_import(const std::string& name, const std::string& source, const Json& options) {
  if (name.empty()) throw std::invalid_argument("the data set needs a name");
  return impl_->guard([&] { return std::make_unique<ImportTransaction>(*this, *impl_, name, source, options); });
}

}  // namespace telltale
