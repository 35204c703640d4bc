#include <fmt/format.h>
#include <fmt/ranges.h>

#include <stdexcept>

#include "base/json.hpp"
#include "data/encoding.hpp"
#include "data/reader.hpp"
#include "data/sources.hpp"
#include "text/unicode.hpp"

namespace telltale {
namespace {

/// Why a line is left out; caught in here.
struct BadLine {
  std::string reason, detail;
};

std::string label_of(const Json& value, const std::string& key) {
  if (value.is_string()) return value.get<std::string>();
  if (value.is_number_integer()) return value.dump();
  throw BadLine{"label is neither a string nor an integer", fmt::format("\"{}\" is {}", key, value.type_name())};
}

std::vector<MarkedSpan> spans_of(const Json& list) {
  std::vector<MarkedSpan> spans;
  if (list.is_null()) return spans;
  if (!list.is_array()) throw BadLine{"bad spans", "expected a list"};
  for (const Json& s : list) {
    const auto number = [&](const char* key) {
      if (!s.is_object() || !s.contains(key) || !s[key].is_number_integer()) throw BadLine{"bad spans", fmt::format("expected an integer \"{}\"", key)};
      if (s[key].is_number_unsigned() && s[key].get<std::uint64_t>() > INT64_MAX) throw BadLine{"bad spans", fmt::format("\"{}\" is out of range", key)};
      return s[key].get<std::int64_t>();
    };
    MarkedSpan span{number("begin"), number("end"), "telling"};
    if (s.contains("kind")) {
      if (!s["kind"].is_string()) throw BadLine{"bad spans", "\"kind\" is no string"};
      span.kind = s["kind"].get<std::string>();
    }
    if (span.kind != "telling" && span.kind != "shared")
      throw BadLine{"bad spans", fmt::format("kind '{}' is unknown; there are: telling, shared", readable_name(span.kind, 40))};
    spans.push_back(std::move(span));
  }
  return spans;
}

class LineParser {
 public:
  LineParser(std::string file, const ImportOptions& options)
      : file_(std::move(file)), options_(options), text_(key(options.text_column, "text")), label_(key(options.label_column, "label")),
        split_(key(options.split_column, "split")), id_(key(options.id_column, "id")) {}

  RawPost parse(const std::string& line, std::int64_t number) {
    const std::string place = fmt::format("line {}", number);
    Json object;
    try {
      object = parse_json(line, place);
    } catch (const std::runtime_error& e) {
      throw BadLine{"not valid JSON", std::string(e.what()).substr(place.size() + 2)};
    }
    if (!object.is_object()) throw BadLine{"no JSON object", fmt::format("expected {{\"{}\": …, \"{}\": …}}, got {}", text_, label_, object.type_name())};
    check_names(object);
    RawPost post{place, std::to_string(number), {}, {}, {}};
    const auto text = object.find(text_);
    if (text == object.end() || !text->is_string()) throw BadLine{fmt::format("no \"{}\"", text_), "expected a string"};
    post.text = std::move(text->get_ref<std::string&>());
    const auto label = object.find(label_);
    if (label == object.end() || label->is_null()) throw BadLine{"no label", fmt::format("no \"{}\"", label_)};
    post.label = label_of(*label, label_);
    if (const auto split = object.find(split_); split != object.end() && !split->is_null()) {
      if (!split->is_string()) throw BadLine{"split is no string", fmt::format("\"{}\" is {}", split_, split->type_name())};
      post.split = split->get<std::string>();
    }
    if (const auto id = object.find(id_); id != object.end()) {
      if (id->is_string() && !id->get_ref<const std::string&>().empty()) post.external_id = id->get<std::string>();
      else if (id->is_number_integer()) post.external_id = id->dump();
    }
    if (const auto spans = object.find("spans"); spans != object.end()) post.spans = spans_of(*spans);
    return post;
  }

 private:
  static std::string key(const std::string& given, const char* standard) { return given.empty() ? standard : given; }

  /// A column that the person named must be in the first object at least; a typing error would else skip every line.
  void check_names(const Json& object) {
    if (checked_) return;
    checked_ = true;
    for (const std::string* name : {&options_.text_column, &options_.label_column, &options_.split_column, &options_.id_column}) {
      if (name->empty() || object.contains(*name)) continue;
      std::vector<std::string> keys;
      for (const auto& item : object.items())
        if (keys.size() < 30) keys.push_back(readable_name(item.key(), 60));
      throw std::invalid_argument(fmt::format("{}: no key '{}' in its first object; there are: {}", file_, *name, fmt::join(keys, ", ")));
    }
  }

  std::string file_;
  const ImportOptions& options_;
  std::string text_, label_, split_, id_;
  bool checked_ = false;
};

}  // namespace

void read_jsonl(const std::filesystem::path& source, const ImportOptions& options, Collector& posts) {
  LineReader lines(source, ImportLimits::line_bytes);
  LineParser parser(source.string(), options);
  std::string line;
  bool too_long = false;
  while (lines.next(line, too_long)) {
    const std::string place = fmt::format("line {}", lines.number());
    try {
      if (too_long) throw BadLine{fmt::format("line longer than {} MiB", ImportLimits::line_bytes >> 20), {}};
      if (line.find_first_not_of(" \t") == std::string::npos) continue;
      const bool valid = unicode::find_invalid_utf8(line) == std::string::npos;
      if (!valid) line = from_latin1(line);  // JSON's own characters are ASCII: the structure stays
      RawPost post = parser.parse(line, lines.number());
      if (!valid && !post.spans.empty()) throw BadLine{"spans in a text that is not UTF-8", {}};
      const std::int64_t before = posts.posts();
      posts.add(std::move(post));
      if (!valid && posts.posts() > before) posts.note("not valid UTF-8, read as latin-1", place);
    } catch (const BadLine& bad) {
      posts.skip(bad.reason, bad.detail.empty() ? place : fmt::format("{}: {}", place, readable_name(bad.detail)));
    }
    posts.tick(static_cast<double>(lines.blocks().done()), static_cast<double>(lines.blocks().size()));
  }
}

}  // namespace telltale
