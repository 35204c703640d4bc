// A folder with a small WordPiece vocabulary of the test's own.
#pragma once
#include <QTemporaryDir>
#include <QtTest>
#include <fstream>
#include <string>
#include <vector>

#include "base/json.hpp"

using Pieces = std::vector<std::string>;

inline const Pieces small_pieces = {"[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "the", "goal", "##ie", "##s", "puck",
                                    "!",     ".",     "a",     "##a",   "caf",    "##e", "=",    "你",   "##i", "ca",
                                    "##é",   "Goal",  "[",     "]",     "mask",   "ᄀ",  "##ᅡ", "##ᆨ"};

struct Folder {
  QTemporaryDir dir;
  std::filesystem::path path() const { return dir.path().toStdString(); }
  Folder& write(const std::string& name, const std::string& content) {
    std::ofstream(path() / name, std::ios::binary) << content;
    return *this;
  }
  Folder& vocab(const Pieces& pieces = small_pieces) {
    std::string lines;
    for (const std::string& p : pieces) lines += p + "\n";
    return write("vocab.txt", lines);
  }
  Folder& document(const telltale::Json& tokenizer) { return write("tokenizer.json", tokenizer.dump()); }
};

/// tokenizer.json of small_pieces, as Hugging Face writes it.
inline telltale::Json small_document() {
  using telltale::Json;
  Json vocab = Json::object(), added = Json::array();
  for (std::size_t i = 0; i < small_pieces.size(); ++i) vocab[small_pieces[i]] = i;
  for (int i = 0; i < 5; ++i)
    added.push_back({{"id", i},
                     {"content", small_pieces[i]},
                     {"single_word", false},
                     {"lstrip", false},
                     {"rstrip", false},
                     {"normalized", false},
                     {"special", true}});
  const auto special = [](const char* name) { return Json{{"SpecialToken", {{"id", name}, {"type_id", 0}}}}; };
  const Json sequence = {{"Sequence", {{"id", "A"}, {"type_id", 0}}}};
  return {
      {"version", "1.0"},
      {"truncation", {{"max_length", 4}, {"strategy", "LongestFirst"}, {"stride", 0}}},
      {"padding", {{"strategy", {{"Fixed", 9}}}, {"pad_id", 0}}},
      {"added_tokens", added},
      {"normalizer",
       {{"type", "BertNormalizer"},
        {"clean_text", true},
        {"handle_chinese_chars", true},
        {"strip_accents", nullptr},
        {"lowercase", true}}},
      {"pre_tokenizer", {{"type", "BertPreTokenizer"}}},
      {"post_processor", {{"type", "TemplateProcessing"}, {"single", {special("[CLS]"), sequence, special("[SEP]")}}}},
      {"model",
       {{"type", "WordPiece"},
        {"unk_token", "[UNK]"},
        {"continuing_subword_prefix", "##"},
        {"max_input_chars_per_word", 100},
        {"vocab", vocab}}}};
}

/// The message of the exception that `f` throws, or "" when it throws none.
template <class F>
std::string error_of(F&& f) {
  try {
    f();
  } catch (const std::exception& e) {
    return e.what();
  }
  return {};
}
