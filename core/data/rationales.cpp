#include "data/rationales.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <stdexcept>

#include "base/files.hpp"
#include "base/json.hpp"
#include "data/encoding.hpp"
#include "data/layout.hpp"
#include "data/reader.hpp"

namespace telltale {
namespace fs = std::filesystem;
namespace {

bool of_word(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || static_cast<unsigned char>(c) >= 0x80; }

/// Length of the white space that `text` begins with, one character: what Python's str.strip() takes away. 0 = none.
std::size_t white(std::string_view text) {
  const auto at = [&](std::size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0u; };
  if (at(0) == ' ' || (at(0) >= 0x09 && at(0) <= 0x0D) || (at(0) >= 0x1C && at(0) <= 0x1F)) return 1;
  if (at(0) == 0xC2 && (at(1) == 0x85 || at(1) == 0xA0)) return 2;
  if (at(0) == 0xE1 && at(1) == 0x9A && at(2) == 0x80) return 3;                                                                                       // U+1680
  if (at(0) == 0xE2 && at(1) == 0x80 && ((at(2) >= 0x80 && at(2) <= 0x8A) || at(2) == 0xA8 || at(2) == 0xA9 || at(2) == 0xAF)) return 3;  // U+2000 to 200A, 2028, 2029, 202F
  if ((at(0) == 0xE2 && at(1) == 0x81 && at(2) == 0x9F) || (at(0) == 0xE3 && at(1) == 0x80 && at(2) == 0x80)) return 3;                   // U+205F, 3000
  return 0;
}

/// Begin and end of every token, as the benchmark's own reader counts them: lines, without white space at their ends, cut at single spaces. A tab inside a line is part of a token.
/// `empty_too` (of docs.jsonl, where that reader does not leave them out): an empty line is one token, and so is what lies between two spaces.
std::vector<std::pair<std::int64_t, std::int64_t>> tokens_of(std::string_view text, bool empty_too) {
  std::vector<std::pair<std::int64_t, std::int64_t>> out;
  for (std::size_t line = 0; line < text.size();) {
    std::size_t end = std::min(text.find_first_of(empty_too ? "\n" : "\r\n", line), text.size());
    const std::size_t next = end + 1;
    while (line < end) {
      const std::size_t n = white(text.substr(line, end - line));
      if (n == 0) break;
      line += n;
    }
    for (bool cut = true; cut && end > line;) {
      cut = false;
      for (std::size_t n = 1; n <= 3 && !cut; ++n)
        if (end - line >= n && white(text.substr(end - n, n)) == n) end -= n, cut = true;
    }
    for (std::size_t i = line; i <= end; ++i) {
      const std::size_t begin = i;
      while (i < end && text[i] != ' ') ++i;
      if (i > begin || empty_too) out.emplace_back(begin, i);
    }
    line = next;
  }
  return out;
}

/// Why an annotation is left out.
struct Bad {
  std::string reason, detail;
};

/// Calls each(object, line number) for every line; lines that are no JSON object are skipped and counted.
template <class Each>
void json_lines(const fs::path& file, Collector& posts, const Each& each) {
  LineReader lines(file, ImportLimits::line_bytes);
  std::string line;
  bool too_long = false;
  while (lines.next(line, too_long)) {
    const std::string place = fmt::format("{} line {}", file.filename().string(), lines.number());
    try {
      if (too_long) throw Bad{fmt::format("line longer than {} MiB", ImportLimits::line_bytes >> 20), {}};
      if (line.find_first_not_of(" \t") == std::string::npos) continue;
      Json object;
      try {
        object = parse_json(line, place);
      } catch (const std::runtime_error& e) {
        throw Bad{"not valid JSON", std::string(e.what()).substr(place.size() + 2)};
      }
      if (!object.is_object()) throw Bad{"no JSON object", {}};
      each(object, place);
    } catch (const Bad& bad) {
      posts.skip(bad.reason, bad.detail.empty() ? place : fmt::format("{}: {}", place, readable_name(bad.detail)));
    }
    posts.tick(static_cast<double>(lines.blocks().done()), static_cast<double>(lines.blocks().size()));
  }
}

std::string text_at(const Json& object, const char* key) {
  const auto it = object.find(key);
  if (it == object.end() || (!it->is_string() && !it->is_number_integer())) throw Bad{fmt::format("no \"{}\"", key), "expected a string"};
  return it->is_string() ? it->get<std::string>() : it->dump();
}

std::int64_t token_at(const Json& evidence, const char* key) {
  const auto it = evidence.find(key);
  if (it == evidence.end() || !it->is_number_integer()) throw Bad{"bad evidence", fmt::format("expected an integer \"{}\"", key)};
  return it->get<std::int64_t>();
}

class Documents {
 public:
  Documents(const fs::path& source, Collector& posts) : folder_(source / "docs") {
    if (const fs::path lines = source / "docs.jsonl"; fs::is_regular_file(lines))
      json_lines(lines, posts, [&](const Json& object, const std::string&) { texts_[text_at(object, "docid")] = text_at(object, "document"); });
  }
  bool of_one_file() const { return !texts_.empty(); }
  /// Nothing where there is no such document. Its name is a file in docs/, never a path out of it.
  std::optional<std::string> text(const std::string& id) const {
    if (const auto at = texts_.find(id); at != texts_.end()) return at->second;
    const auto parts = components(id);
    if (parts.size() != 1 || parts[0] == ".." || parts[0] != id || !fs::is_regular_file(folder_ / id)) return std::nullopt;
    return read_file(folder_ / id, ImportLimits::post_bytes);
  }

 private:
  fs::path folder_;
  std::map<std::string, std::string> texts_;
};

RawPost post_of(const Json& annotation, const std::string& place, const std::string& split, const Documents& documents) {
  RawPost post{place, text_at(annotation, "annotation_id"), split, text_at(annotation, "classification"), {}, {}};
  std::set<std::string> ids;
  std::vector<std::pair<std::int64_t, std::int64_t>> marked;
  const auto groups = annotation.find("evidences");
  if (groups != annotation.end() && !groups->is_null()) {
    if (!groups->is_array()) throw Bad{"bad evidence", "\"evidences\" is no list"};
    for (const Json& group : *groups) {
      if (!group.is_array()) throw Bad{"bad evidence", "expected a list of lists"};
      for (const Json& e : group) {
        if (!e.is_object()) throw Bad{"bad evidence", "expected {\"docid\", \"start_token\", \"end_token\"}"};
        ids.insert(text_at(e, "docid"));
        marked.emplace_back(token_at(e, "start_token"), token_at(e, "end_token"));
      }
    }
  }
  if (const auto list = annotation.find("docids"); list != annotation.end() && list->is_array())
    for (const Json& id : *list)
      if (id.is_string()) ids.insert(id.get<std::string>());
  if (ids.empty()) ids.insert(post.external_id);  // no evidence: the annotation is called after its document
  if (ids.size() > 1) throw Bad{"several documents", fmt::format("{} and {}", *ids.begin(), *std::next(ids.begin()))};
  auto text = documents.text(*ids.begin());
  if (!text) throw Bad{"no such document", fmt::format("docs/{}", *ids.begin())};
  const auto tokens = tokens_of(*text, documents.of_one_file());
  for (const auto& [first, last] : marked) {
    if (first < 0 || last <= first || last > static_cast<std::int64_t>(tokens.size()))
      throw Bad{"bad spans", fmt::format("tokens {} to {} are not inside docs/{} of {} tokens", first, last, *ids.begin(), tokens.size())};
    if (tokens[static_cast<std::size_t>(first)].first >= tokens[static_cast<std::size_t>(last - 1)].second) throw Bad{"bad spans", fmt::format("tokens {} to {} of docs/{} are empty", first, last, *ids.begin())};
    post.spans.push_back({tokens[static_cast<std::size_t>(first)].first, tokens[static_cast<std::size_t>(last - 1)].second, "telling"});
  }
  std::sort(post.spans.begin(), post.spans.end(), [](const MarkedSpan& a, const MarkedSpan& b) { return std::pair(a.begin, a.end) < std::pair(b.begin, b.end); });
  // Two annotators' evidence may overlap or repeat.
  std::vector<MarkedSpan> merged;
  for (const MarkedSpan& s : post.spans) {
    if (!merged.empty() && s.begin <= merged.back().end)
      merged.back().end = std::max(merged.back().end, s.end);
    else
      merged.push_back(s);
  }
  post.spans = std::move(merged);
  post.text = std::move(*text);
  return post;
}

constexpr std::pair<const char*, const char*> eraser_splits[] = {{"train", "train"}, {"val", "validation"}, {"test", "test"}};

}  // namespace

WordRationales WordRationales::load(const fs::path& folder, double least) {
  if (!fs::is_directory(folder)) throw std::runtime_error(fmt::format("{}: no such folder of marked words", folder.string()));
  WordRationales out;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    if (!entry.is_regular_file() || entry.path().extension() != ".json") continue;
    const std::string where = entry.path().string();
    const Json object = read_json(entry.path());
    const auto bad = [&](const char* what) { return std::runtime_error(fmt::format("{}: {}", where, what)); };
    if (!object.is_object() || !object.contains("article") || !object.contains("words") || !object["words"].is_array()) throw bad("expected {\"article\": …, \"words\": [[word, share], …]}");
    const std::string article = object["article"].is_string() ? object["article"].get<std::string>() : object["article"].dump();
    auto& words = out.posts_[entry.path().parent_path().filename().string() + "/" + article];
    for (const Json& w : object["words"]) {
      if (!w.is_array() || w.size() != 2 || !w[0].is_string() || !w[1].is_number()) throw bad("words: expected [word, share]");
      if (w[1].get<double>() >= least) words.insert(w[0].get<std::string>());
    }
  }
  if (out.posts_.empty()) throw std::runtime_error(fmt::format("{}: no CLASS/NUMBER.json with marked words in it", folder.string()));
  return out;
}

const std::set<std::string>* WordRationales::words_of(std::string_view external_id) const {
  const auto parts = components(external_id);
  if (parts.size() < 2) return nullptr;
  const auto at = posts_.find(parts[parts.size() - 2] + "/" + parts.back());
  return at == posts_.end() ? nullptr : &at->second;
}

std::vector<MarkedSpan> spans_of_words(std::string_view text, const std::set<std::string>& words) {
  std::vector<MarkedSpan> out;
  for (std::size_t i = 0; i < text.size();) {
    while (i < text.size() && !of_word(text[i])) ++i;
    const std::size_t begin = i;
    std::string word;
    for (; i < text.size() && of_word(text[i]); ++i) word.push_back(text[i] >= 'A' && text[i] <= 'Z' ? static_cast<char>(text[i] - 'A' + 'a') : text[i]);
    if (i > begin && words.contains(word)) out.push_back({static_cast<std::int64_t>(begin), static_cast<std::int64_t>(i), "telling"});
  }
  return out;
}

bool is_eraser_folder(const fs::path& source) {
  if (!fs::is_directory(source / "docs") && !fs::is_regular_file(source / "docs.jsonl")) return false;
  return std::any_of(std::begin(eraser_splits), std::end(eraser_splits), [&](const auto& s) { return fs::is_regular_file(source / (std::string(s.first) + ".jsonl")); });
}

void read_eraser(const fs::path& source, Collector& posts) {
  if (!is_eraser_folder(source)) throw std::runtime_error(fmt::format("{}: expected docs/ (or docs.jsonl) and train.jsonl, val.jsonl or test.jsonl", source.string()));
  const Documents documents(source, posts);
  for (const auto& [file, split] : eraser_splits) {
    const fs::path path = source / (std::string(file) + ".jsonl");
    if (!fs::is_regular_file(path)) continue;
    json_lines(path, posts, [&, split = std::string(split)](const Json& object, const std::string& place) { posts.add(post_of(object, place, split, documents)); });
  }
}

}  // namespace telltale
