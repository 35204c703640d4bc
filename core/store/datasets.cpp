#include <fmt/format.h>
#include <fmt/ranges.h>

#include <stdexcept>

#include "store/connection.hpp"

namespace telltale {
namespace {

std::vector<std::string> class_names(Store::Impl& impl, std::int64_t dataset) {
  std::vector<std::string> names;
  Query q(impl, "SELECT label, name FROM classes WHERE dataset = ? ORDER BY label");
  q.bind(dataset);
  while (q.step()) {
    if (q.integer(0) != static_cast<std::int64_t>(names.size()))
      impl.bad_value("classes", fmt::format("of data set {}", dataset), "label", fmt::format("{}, expected {}", q.integer(0), names.size()));
    names.push_back(q.text(1));
  }
  return names;
}

constexpr std::string_view dataset_columns = "SELECT id, name, source, documents, options, report, created FROM datasets";

DatasetInfo read_dataset(Store::Impl& impl, Query& q) {
  DatasetInfo d;
  d.id = q.integer(0);
  const std::string row = std::to_string(d.id);
  d.name = q.text(1);
  d.source = q.text(2);
  d.documents = q.integer(3);
  d.options = impl.json(q.column(4), "datasets", row, "options");
  d.report = impl.json(q.column(5), "datasets", row, "report");
  d.created = q.text(6);
  d.classes = class_names(impl, d.id);
  return d;
}

std::vector<MarkedSpan> read_spans(Store::Impl& impl, const SQLite::Column& column, const std::string& row) {
  std::vector<MarkedSpan> spans;
  const Json list = impl.json(column, "documents", row, "spans");
  if (list.is_null()) return spans;
  try {
    for (const Json& s : list) spans.push_back({s.at("begin").get<std::int64_t>(), s.at("end").get<std::int64_t>(), s.at("kind").get<std::string>()});
  } catch (const Json::exception&) {
    impl.bad_value("documents", row, "spans", "expected a list of {\"begin\", \"end\", \"kind\"}");
  }
  return spans;
}

constexpr std::string_view document_columns =
    "SELECT d.id, d.dataset, d.external_id, d.split, c.label, t.text, d.spans FROM documents d "
    "LEFT JOIN classes c ON c.id = d.class LEFT JOIN texts t ON t.document = d.id ";

Document read_document(Store::Impl& impl, Query& q) {
  Document d;
  d.id = q.integer(0);
  const std::string row = std::to_string(d.id);
  d.dataset = q.integer(1);
  d.external_id = q.text(2);
  d.split = q.text(3);
  if (q.column(4).isNull()) impl.bad_value("documents", row, "class", "no such class");
  d.label = q.small(4);
  if (q.column(5).isNull()) impl.bad_value("texts", row, "text", "the text of this post is missing");
  d.text = q.text(5);
  d.spans = read_spans(impl, q.column(6), row);
  return d;
}

/// " WHERE …" for the filter; the same number of parameters in the same order as bind_filter binds.
struct Where {
  std::string sql, search;
  explicit Where(const Store::DocumentFilter& f) : search(search_expression(f.search)) {
    std::vector<std::string> parts;
    if (f.dataset != 0) parts.push_back("d.dataset = ?");
    if (!f.split.empty()) parts.push_back("d.split = ?");
    if (f.label) parts.push_back("d.class IN (SELECT id FROM classes WHERE label = ?)");
    if (!search.empty()) parts.push_back("d.id IN (SELECT rowid FROM search WHERE search MATCH ?)");
    if (!parts.empty()) sql = " WHERE " + fmt::format("{}", fmt::join(parts, " AND "));
  }
  void bind(Query& q, const Store::DocumentFilter& f) const {
    if (f.dataset != 0) q.bind(f.dataset);
    if (!f.split.empty()) q.bind(f.split);
    if (f.label) q.bind(*f.label);
    if (!search.empty()) q.bind(search);
  }
};

constexpr std::string_view in_order = " ORDER BY d.id LIMIT ? OFFSET ?";

}  // namespace

std::string search_expression(std::string_view typed) {
  std::string out;
  const auto blank = [](char c) { return static_cast<unsigned char>(c) <= ' '; };  // NUL too: it would end the expression
  for (std::size_t i = 0; i < typed.size();) {
    if (blank(typed[i])) {
      ++i;
      continue;
    }
    std::size_t end = i;
    while (end < typed.size() && !blank(typed[end])) ++end;
    std::string_view word = typed.substr(i, end - i);
    i = end;
    const bool prefix = word.size() > 1 && word.back() == '*';
    if (prefix) word.remove_suffix(1);
    if (!out.empty()) out += ' ';
    out += '"';
    for (const char c : word) {
      out += c;
      if (c == '"') out += '"';
    }
    out += prefix ? "\"*" : "\"";
  }
  return out;
}

std::vector<DatasetInfo> Store::datasets() {
  return impl_->guard([&] {
    std::vector<DatasetInfo> all;
    Query q(*impl_, fmt::format("{} ORDER BY id", dataset_columns));
    while (q.step()) all.push_back(read_dataset(*impl_, q));
    return all;
  });
}

DatasetInfo Store::dataset(const std::string& name) {
  return impl_->guard([&] {
    Query q(*impl_, fmt::format("{} WHERE name = ?", dataset_columns));
    q.bind(name);
    if (q.step()) return read_dataset(*impl_, q);
    std::vector<std::string> names;
    Query all(*impl_, "SELECT name FROM datasets ORDER BY name");
    while (all.step()) names.push_back(all.text(0));
    throw std::invalid_argument(names.empty() ? fmt::format("{}: no data set '{}': the file has none", impl_->file.string(), name)
                                              : fmt::format("{}: no data set '{}'; there are: {}", impl_->file.string(), name, fmt::join(names, ", ")));
  });
}

DatasetInfo Store::dataset(std::int64_t id) {
  return impl_->guard([&] {
    Query q(*impl_, fmt::format("{} WHERE id = ?", dataset_columns));
    q.bind(id);
    if (!q.step()) throw std::invalid_argument(fmt::format("{}: no data set with id {}", impl_->file.string(), id));
    return read_dataset(*impl_, q);
  });
}

void Store::remove_dataset(std::int64_t id) {
  const DatasetInfo info = dataset(id);
  impl_->guard([&] {
    Write write(*impl_);
    Query users(*impl_, "SELECT group_concat(id, ', ') FROM runs WHERE dataset = ?");
    users.bind(id);
    if (users.step() && !users.column(0).isNull())
      throw std::runtime_error(fmt::format("{}: data set '{}' is used by runs {}; remove them first", impl_->file.string(), info.name, users.text(0)));
    for (const char* sql : {"DELETE FROM explanations WHERE document IN (SELECT id FROM documents WHERE dataset = ?)",
                            "DELETE FROM texts WHERE document IN (SELECT id FROM documents WHERE dataset = ?)",
                            "DELETE FROM documents WHERE dataset = ?", "DELETE FROM classes WHERE dataset = ?", "DELETE FROM datasets WHERE id = ?"})
      Query(*impl_, sql).bind(id).run();
    write.commit();
  });
}

Document Store::document(std::int64_t id) {
  return impl_->guard([&] {
    Query q(*impl_, fmt::format("{} WHERE d.id = ?", document_columns));
    q.bind(id);
    if (!q.step()) throw std::invalid_argument(fmt::format("{}: no post with id {}", impl_->file.string(), id));
    return read_document(*impl_, q);
  });
}

std::vector<std::int64_t> Store::document_ids(const DocumentFilter& filter) {
  return impl_->guard([&] {
    const Where where(filter);
    Query q(*impl_, fmt::format("SELECT d.id FROM documents d{}{}", where.sql, in_order));
    where.bind(q, filter);
    q.bind(filter.limit, filter.offset);
    std::vector<std::int64_t> ids;
    while (q.step()) ids.push_back(q.integer(0));
    return ids;
  });
}

void Store::each_document(const DocumentFilter& filter, const std::function<void(Document&&)>& visit) {
  impl_->guard([&] {
    const Where where(filter);
    Query q(*impl_, fmt::format("{}{}{}", document_columns, where.sql, in_order));
    where.bind(q, filter);
    q.bind(filter.limit, filter.offset);
    while (q.step()) visit(read_document(*impl_, q));
  });
}

std::vector<Document> Store::documents(const DocumentFilter& filter) {
  std::vector<Document> all;
  each_document(filter, [&](Document&& d) { all.push_back(std::move(d)); });
  return all;
}

std::int64_t Store::count_documents(const DocumentFilter& filter) {
  return impl_->guard([&] {
    const Where where(filter);
    Query q(*impl_, fmt::format("SELECT count(*) FROM documents d{}", where.sql));
    where.bind(q, filter);
    q.step();
    return q.integer(0);
  });
}

std::optional<std::int64_t> Store::find_document(std::int64_t dataset, const std::string& external_id) {
  return impl_->guard([&]() -> std::optional<std::int64_t> {
    Query q(*impl_, "SELECT id FROM documents WHERE dataset = ? AND external_id = ? ORDER BY id LIMIT 1");
    q.bind(dataset, external_id);
    if (!q.step()) return std::nullopt;
    return q.integer(0);
  });
}

std::vector<Store::ClassCount> Store::class_counts(std::int64_t dataset) {
  return impl_->guard([&] {
    std::vector<ClassCount> counts;
    Query q(*impl_,
            "SELECT c.label, d.split, count(*) FROM documents d JOIN classes c ON c.id = d.class WHERE d.dataset = ? "
            "GROUP BY c.label, d.split ORDER BY c.label, d.split");
    q.bind(dataset);
    while (q.step()) counts.push_back({q.small(0), q.text(1), q.integer(2)});
    return counts;
  });
}

}  // namespace telltale
