#include "text/vocabulary.hpp"

#include <fmt/format.h>

#include <array>
#include <map>
#include <stdexcept>
#include <string>
#include <unordered_set>

#include "base/files.hpp"
#include "base/json.hpp"
#include "text/unicode.hpp"

namespace telltale {
namespace {

constexpr std::int64_t kMostIds = std::int64_t{1} << 24;  // far past any WordPiece; keeps a hostile id from allocating
constexpr std::size_t kLongestPiece = 4096;

/// Names of the specials, which tokenizer_config.json may change.
struct SpecialNames {
  std::string pad = "[PAD]", unk = "[UNK]", cls = "[CLS]", sep = "[SEP]", mask = "[MASK]";
};

[[noreturn]] void refuse(const std::filesystem::path& file, const std::string& reason) {
  throw std::runtime_error(fmt::format("{}: {}", file.string(), reason));
}

/// A piece as it can stand in a message: cut, with control characters blanked.
std::string in_quotes(std::string_view piece) {
  std::string out = "'";
  for (const char c : piece.substr(0, 40)) out += static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
  return out + (piece.size() > 40 ? "…'" : "'");
}

void add_piece(Vocabulary& v, std::string_view piece, std::int64_t id, std::int64_t rows, const std::string& where) {
  if (id < 0 || id >= kMostIds)
    refuse(v.source, fmt::format("{}: id {} of {} is out of range", where, id, in_quotes(piece)));
  if (rows > 0 && id >= rows)
    refuse(v.source,
           fmt::format("{}: {} has id {}, past the {} rows of the embedding", where, in_quotes(piece), id, rows));
  if (piece.size() > kLongestPiece) refuse(v.source, fmt::format("{}: a piece of {} bytes", where, piece.size()));
  if (unicode::find_invalid_utf8(piece) != std::string_view::npos)
    refuse(v.source, where + ": a piece that is not UTF-8");
  if (static_cast<std::size_t>(id) >= v.tokens.size()) v.tokens.resize(static_cast<std::size_t>(id) + 1);
  if (!v.tokens[id].empty())
    refuse(v.source,
           fmt::format("{}: {} and {} both have id {}", where, in_quotes(v.tokens[id]), in_quotes(piece), id));
  v.tokens[id] = piece;
}

void read_lines(Vocabulary& v, std::int64_t rows) {
  const std::string data = read_file(v.source, std::size_t{256} << 20);
  std::map<std::string_view, std::int64_t> line_of;
  std::int64_t line = 0, last = 0;
  std::string_view rest = data;
  if (rest.starts_with("\xEF\xBB\xBF")) refuse(v.source, "begins with a byte order mark");
  std::vector<std::string_view> pieces;
  while (!rest.empty()) {
    const std::size_t end = rest.find('\n');
    std::string_view piece = rest.substr(0, end);
    rest.remove_prefix(end == rest.npos ? rest.size() : end + 1);
    if (piece.ends_with('\r')) piece.remove_suffix(1);
    pieces.push_back(piece);
    if (++line; !piece.empty()) last = line;
  }
  if (last == 0) refuse(v.source, "is empty: expected one piece a line");
  if (rows > 0 && last > rows)
    refuse(v.source, fmt::format("has {} pieces, the embedding has {} rows ({} too many)", last, rows, last - rows));
  for (std::int64_t i = 0; i < last; ++i) {
    if (pieces[i].empty()) continue;  // keeps its id, is never met
    const auto [seen, fresh] = line_of.emplace(pieces[i], i + 1);
    if (!fresh)
      refuse(v.source,
             fmt::format("line {}: {} is there already, in line {}", i + 1, in_quotes(pieces[i]), seen->second));
    add_piece(v, pieces[i], i, rows, fmt::format("line {}", i + 1));
  }
}

bool flag(const Vocabulary& v, const Json& object, const char* key, bool missing) {
  const auto it = object.find(key);
  if (it == object.end() || it->is_null()) return missing;
  if (!it->is_boolean()) refuse(v.source, fmt::format("{}: expected true or false, got {}", key, it->type_name()));
  return it->get<bool>();
}

const Json& part(const Vocabulary& v, const Json& document, const char* key) {
  const auto it = document.find(key);
  if (it == document.end() || !it->is_object()) refuse(v.source, fmt::format("no object \"{}\"", key));
  return *it;
}

void expect_type(const Vocabulary& v, const Json& object, const char* key, const char* type) {
  const auto it = object.find("type");
  const std::string got = it != object.end() && it->is_string() ? it->get<std::string>() : "none";
  if (got != type) refuse(v.source, fmt::format("the {} is {}, expected {}", key, in_quotes(got), type));
}

/// [CLS] before and [SEP] after one text, or what is the same, BertProcessing.
void check_template(const Vocabulary& v, const Json& document, const SpecialNames& names) {
  const Json& p = part(v, document, "post_processor");
  const auto name_at = [](const Json& list, std::size_t i, const char* kind) {
    if (!list.is_array() || i >= list.size() || !list[i].is_object() || !list[i].contains(kind)) return std::string();
    const Json& id = list[i][kind];
    return id.is_object() ? id.value("id", Json("")).is_string() ? id.value("id", std::string()) : std::string()
                          : std::string();
  };
  const std::string type = p.contains("type") && p["type"].is_string() ? p["type"].get<std::string>() : "none";
  bool good = false;
  if (type == "TemplateProcessing" && p.contains("single")) {
    const Json& single = p["single"];
    good = single.is_array() && single.size() == 3 && name_at(single, 0, "SpecialToken") == names.cls &&
           name_at(single, 1, "Sequence") == "A" && name_at(single, 2, "SpecialToken") == names.sep;
  } else if (type == "BertProcessing") {
    good = p.contains("cls") && p.contains("sep") && p["cls"].is_array() && p["sep"].is_array() && !p["cls"].empty() &&
           !p["sep"].empty() && p["cls"][0] == names.cls && p["sep"][0] == names.sep;
  }
  if (!good)
    refuse(v.source,
           fmt::format("the post_processor ({}) does not give {} text {}", in_quotes(type), names.cls, names.sep));
}

void read_added(Vocabulary& v, const Json& document, std::int64_t rows,
                std::vector<std::pair<std::string, std::int32_t>>& added) {
  const auto list = document.find("added_tokens");
  if (list == document.end() || list->is_null()) return;
  if (!list->is_array()) refuse(v.source, "added_tokens: expected an array");
  std::unordered_set<std::string> seen;
  for (std::size_t i = 0; i < list->size(); ++i) {
    const Json& t = (*list)[i];
    const std::string where = fmt::format("added_tokens[{}]", i);
    if (!t.is_object() || !t.contains("content") || !t["content"].is_string() || !t.contains("id") ||
        !t["id"].is_number_integer())
      refuse(v.source, where + ": expected {\"id\":…,\"content\":…}");
    const std::string content = t["content"].get<std::string>();
    const std::int64_t id = t["id"].get<std::int64_t>();
    if (content.empty()) refuse(v.source, where + ": empty content");
    for (const char* key : {"single_word", "lstrip", "rstrip", "normalized"})
      if (flag(v, t, key, false))
        refuse(v.source, fmt::format("{} ({}): \"{}\": true is not supported", where, in_quotes(content), key));
    const bool known = id >= 0 && id < static_cast<std::int64_t>(v.tokens.size()) && v.tokens[id] == content;
    if (!known) add_piece(v, content, id, rows, where);
    if (!seen.insert(content).second) refuse(v.source, fmt::format("{}: {} is there twice", where, in_quotes(content)));
    added.emplace_back(content, static_cast<std::int32_t>(id));
  }
}

void read_document(Vocabulary& v, std::int64_t rows, const SpecialNames& names,
                   std::vector<std::pair<std::string, std::int32_t>>& added, Json& normalizer) {
  const Json document = read_json(v.source);
  if (!document.is_object()) refuse(v.source, "expected a JSON object");
  const Json& model = part(v, document, "model");
  expect_type(v, model, "model", "WordPiece");
  const Json& vocab = part(v, model, "vocab");
  if (vocab.empty()) refuse(v.source, "model.vocab is empty");
  for (const auto& [piece, id] : vocab.items()) {
    if (!id.is_number_integer())
      refuse(v.source, fmt::format("model.vocab: the id of {} is no integer", in_quotes(piece)));
    if (id.is_number_unsigned() && id.get<std::uint64_t>() > static_cast<std::uint64_t>(kMostIds))
      add_piece(v, piece, kMostIds, rows, "model.vocab");
    if (!piece.empty()) add_piece(v, piece, id.get<std::int64_t>(), rows, "model.vocab");
  }
  if (const auto p = model.find("continuing_subword_prefix"); p != model.end()) {
    if (!p->is_string()) refuse(v.source, "model.continuing_subword_prefix: expected a string");
    v.prefix = p->get<std::string>();
  }
  if (const auto m = model.find("max_input_chars_per_word"); m != model.end()) {
    if (!m->is_number_unsigned()) refuse(v.source, "model.max_input_chars_per_word: expected a number of characters");
    v.longest_word = m->get<std::size_t>();
  }
  if (const auto u = model.find("unk_token"); u != model.end() && *u != names.unk)
    refuse(v.source, fmt::format("model.unk_token: expected \"{}\", got {}", names.unk, u->dump()));
  normalizer = part(v, document, "normalizer");
  expect_type(v, normalizer, "normalizer", "BertNormalizer");
  expect_type(v, part(v, document, "pre_tokenizer"), "pre_tokenizer", "BertPreTokenizer");
  check_template(v, document, names);
  read_added(v, document, rows, added);
}

/// Whether transformers 4 and 5 take this folder's tokeniser as a class of BERT's: by tokenizer_class, else by the
/// model_type of config.json. Such a class has settings of its own, whatever the normaliser of tokenizer.json says.
bool class_of_bert(const std::filesystem::path& folder, const Json& config) {
  constexpr std::size_t limit = std::size_t{64} << 20;
  const auto type = config.find("tokenizer_class");
  if (type != config.end() && type->is_string()) {
    const auto name = type->get<std::string>();
    return name.starts_with("BertTokenizer") || name.starts_with("DistilBertTokenizer");
  }
  if (!std::filesystem::exists(folder / "config.json")) return false;
  const Json model = read_json(folder / "config.json", limit);
  const auto kind = model.is_object() ? model.find("model_type") : model.end();
  return kind != model.end() && (*kind == "bert" || *kind == "distilbert");
}

Json read_config(const std::filesystem::path& folder, SpecialNames& names) {
  const std::filesystem::path file = folder / "tokenizer_config.json";
  if (!std::filesystem::exists(file)) return Json::object();
  const Json config = read_json(file, std::size_t{64} << 20);
  if (!config.is_object()) refuse(file, "expected a JSON object");
  const auto name = [&](const char* key, std::string& into) {
    const auto it = config.find(key);
    if (it == config.end() || it->is_null()) return;
    if (it->is_string())
      into = it->get<std::string>();
    else if (it->is_object() && it->contains("content") && (*it)["content"].is_string())
      into = (*it)["content"].get<std::string>();
    else
      refuse(file, fmt::format("{}: expected a string", key));
    if (into.empty()) refuse(file, fmt::format("{}: empty", key));
  };
  name("pad_token", names.pad), name("unk_token", names.unk), name("cls_token", names.cls),
      name("sep_token", names.sep), name("mask_token", names.mask);
  return config;
}

/// Tokens that a folder without tokenizer.json adds: only such as the vocabulary has anyway can be left aside.
void check_added_file(const std::filesystem::path& folder, const Vocabulary& v) {
  const std::filesystem::path file = folder / "added_tokens.json";
  if (!std::filesystem::exists(file)) return;
  const Json added = read_json(file, std::size_t{64} << 20);
  if (!added.is_object()) refuse(file, "expected a JSON object");
  for (const auto& [piece, id] : added.items())
    if (!id.is_number_integer() || v.pieces.find(piece) != id.get<std::int64_t>())
      refuse(file, fmt::format("{} is not in vocab.txt; a folder with added tokens needs a tokenizer.json",
                               in_quotes(piece)));
}

}  // namespace

Vocabulary read_vocabulary(const std::filesystem::path& folder, std::int64_t rows) {
  namespace fs = std::filesystem;
  std::error_code ignored;
  if (!fs::is_directory(folder, ignored)) throw std::runtime_error(fmt::format("{}: no such folder", folder.string()));
  Vocabulary v;
  const bool document = fs::exists(folder / "tokenizer.json", ignored);
  v.source = folder / (document ? "tokenizer.json" : "vocab.txt");
  if (!document && !fs::exists(v.source, ignored))
    throw std::runtime_error(fmt::format("{}: no tokenizer.json and no vocab.txt", folder.string()));

  SpecialNames names;
  const Json config = read_config(folder, names);
  Json normalizer = Json::object();
  std::vector<std::pair<std::string, std::int32_t>> added;
  if (document)
    read_document(v, rows, names, added, normalizer);
  else
    read_lines(v, rows);

  std::vector<std::pair<std::string_view, std::int32_t>> pieces;
  for (std::size_t i = 0; i < v.tokens.size(); ++i)
    if (!v.tokens[i].empty()) pieces.emplace_back(v.tokens[i], static_cast<std::int32_t>(i));
  v.pieces = Trie(pieces);
  if (!document) check_added_file(folder, v);

  const std::array<std::pair<const std::string*, std::int32_t*>, 5> specials = {{{&names.unk, &v.specials.unk},
                                                                                 {&names.cls, &v.specials.cls},
                                                                                 {&names.sep, &v.specials.sep},
                                                                                 {&names.pad, &v.specials.pad},
                                                                                 {&names.mask, &v.specials.mask}}};
  for (const auto& [name, id] : specials) {
    *id = v.pieces.find(*name);
    if (*id < 0) refuse(v.source, fmt::format("{} is missing", *name));
    if (!document) added.emplace_back(*name, *id);
  }
  std::vector<std::pair<std::string_view, std::int32_t>> keys(added.begin(), added.end());
  v.added = Trie(keys);

  v.clean_text = flag(v, normalizer, "clean_text", true);
  v.chinese = flag(v, normalizer, "handle_chinese_chars", true);
  v.lowercase = flag(v, normalizer, "lowercase", true);
  v.strip_accents = flag(v, normalizer, "strip_accents", v.lowercase);
  if (document && !class_of_bert(folder, config)) return v;  // tokenizer.json as it is
  Vocabulary of_config;
  of_config.source = folder / "tokenizer_config.json";
  v.chinese = flag(of_config, config, "tokenize_chinese_chars", true);
  v.lowercase = flag(of_config, config, "do_lower_case", true);
  v.strip_accents = flag(of_config, config, "strip_accents", v.lowercase);
  return v;
}

}  // namespace telltale
