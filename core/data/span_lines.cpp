#include "data/span_lines.hpp"

#include <fmt/format.h>

#include <map>
#include <stdexcept>

#include "base/progress.hpp"
#include "data/import.hpp"
#include "data/reader.hpp"
#include "store/marks.hpp"

namespace telltale {
namespace {

std::string string_at(const Json& object, const char* key) {
  const auto it = object.find(key);
  if (it == object.end() || it->is_null()) return {};
  if (it->is_string()) return it->get<std::string>();
  if (it->is_number_integer()) return it->dump();
  throw std::runtime_error(fmt::format("\"{}\": expected a string, got {}", key, it->type_name()));
}

std::int64_t offset_at(const Json& span, const char* key) {
  const auto it = span.find(key);
  if (it == span.end() || !it->is_number_integer() || (it->is_number_unsigned() && it->get<std::uint64_t>() > INT64_MAX))
    throw std::runtime_error(fmt::format("spans: expected a byte offset \"{}\"", key));
  return it->get<std::int64_t>();
}

}  // namespace

std::int64_t write_span_lines(Store& store, const DatasetInfo& dataset, const std::string& annotator, const std::function<void(const OrderedJson&)>& line, std::stop_token stop) {
  const bool imported = annotator.empty() || annotator == imported_marks;
  std::map<std::int64_t, std::vector<Mark>> marks;
  if (annotator != imported_marks)
    for (Mark& m : marks_of_dataset(store, dataset.id, annotator)) marks[m.document].push_back(std::move(m));
  if (!imported && marks.empty()) ChosenMarks(store, dataset.id, annotator);  // throws, with the names that there are
  std::int64_t posts = 0;
  Store::DocumentFilter filter;
  filter.dataset = dataset.id;
  store.each_document(filter, [&](Document&& d) {
    if (stop.stop_requested()) throw Cancelled{};
    OrderedJson spans = OrderedJson::array();
    if (imported)
      for (const MarkedSpan& s : d.spans) spans.push_back({{"begin", s.begin}, {"end", s.end}, {"kind", s.kind}, {"annotator", nullptr}, {"created", nullptr}});
    if (const auto at = marks.find(d.id); at != marks.end())
      for (const Mark& m : at->second) spans.push_back({{"begin", m.span.begin}, {"end", m.span.end}, {"kind", m.span.kind}, {"annotator", m.annotator}, {"created", m.created}});
    if (spans.empty()) return;
    ++posts;
    const std::string label = d.label >= 0 && static_cast<std::size_t>(d.label) < dataset.classes.size() ? dataset.classes[static_cast<std::size_t>(d.label)] : std::string();
    line({{"id", d.external_id}, {"label", label}, {"split", d.split}, {"text", d.text}, {"spans", std::move(spans)}});
  });
  return posts;
}

SpanLinesRead read_span_lines(Store& store, const DatasetInfo& dataset, const std::filesystem::path& file, const std::string& annotator, std::stop_token stop) {
  if (!annotator.empty()) check_annotator(annotator);
  SpanLinesRead out;
  LineReader lines(file, ImportLimits::line_bytes);
  std::string line;
  bool too_long = false;
  while (lines.next(line, too_long)) {
    if (stop.stop_requested()) throw Cancelled{};
    const std::string place = fmt::format("{} line {}", file.filename().string(), lines.number());
    std::string what;
    try {
      if (too_long) throw std::runtime_error(fmt::format("longer than {} MiB", ImportLimits::line_bytes >> 20));
      if (line.find_first_not_of(" \t") == std::string::npos) continue;
      what = place + ": ";
      Json object;
      try {
        object = parse_json(line, place);
      } catch (const std::runtime_error& e) {
        what.clear();  // it names the place itself
        throw;
      }
      if (!object.is_object()) throw std::runtime_error("expected an object {\"id\", \"spans\"}");
      const std::string id = string_at(object, "id");
      if (id.empty()) throw std::runtime_error("no \"id\" that names the post");
      const auto document = store.find_document(dataset.id, id);
      if (!document) throw std::runtime_error(fmt::format("no post '{}' in data set '{}'", id.substr(0, 100), dataset.name));
      if (object.contains("text") && object["text"] != Json(store.document(*document).text)) throw std::runtime_error(fmt::format("post '{}' has another text in the file: its spans do not fit", id.substr(0, 100)));
      if (!object.contains("spans") || !object["spans"].is_array()) throw std::runtime_error("expected a list \"spans\"");
      std::map<std::string, std::vector<MarkedSpan>> of_annotators;
      if (!annotator.empty()) of_annotators[annotator];  // no span in the line: none in the post
      std::int64_t imported = 0;
      for (const Json& s : object["spans"]) {
        if (!s.is_object()) throw std::runtime_error("spans: expected {\"begin\", \"end\", \"kind\", \"annotator\"}");
        MarkedSpan span{offset_at(s, "begin"), offset_at(s, "end"), s.contains("kind") ? string_at(s, "kind") : std::string("telling")};
        const std::string by = annotator.empty() ? string_at(s, "annotator") : annotator;
        if (by.empty() || by == imported_marks) ++imported;
        else of_annotators[by].push_back(std::move(span));
      }
      bool changed = false;
      std::int64_t spans = 0;
      store.transaction([&] {
        for (const auto& [by, list] : of_annotators) changed = set_marks(store, *document, by, list) || changed, spans += static_cast<std::int64_t>(list.size());
      });
      out.posts += changed, out.spans += changed ? spans : 0, out.imported += imported;
    } catch (const Cancelled&) {
      throw;
    } catch (const std::exception& e) {
      out.errors.push_back((what.empty() && too_long ? place + ": " : what) + e.what());
    }
  }
  return out;
}

}  // namespace telltale
