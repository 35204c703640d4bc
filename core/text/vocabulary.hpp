// The pieces and settings of a WordPiece tokeniser, read from a Hugging Face folder.
#pragma once
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "text/tokenizer.hpp"
#include "text/trie.hpp"

namespace telltale {

struct Vocabulary {
  std::filesystem::path source;     ///< tokenizer.json or vocab.txt
  std::vector<std::string> tokens;  ///< by id; empty where an id has no piece
  Trie pieces;                      ///< piece → id, continuing pieces with their prefix
  Trie added;                       ///< tokens found in the text before anything else: [CLS], [MASK], …
  SpecialIds specials;
  std::string prefix = "##";       ///< of a piece that continues a word
  std::size_t longest_word = 100;  ///< characters; a longer word is [UNK]
  bool clean_text = true, chinese = true, lowercase = true;
  bool strip_accents = true;  ///< decided: null in the file means as `lowercase`
};

/// tokenizer.json if it is there, else vocab.txt; keys of tokenizer_config.json override what a tokenizer.json says of
/// lower case, accents and Chinese characters, as they do in transformers. `rows`: rows of the embedding table, 0 = not
/// checked. Throws std::runtime_error naming file and reason.
Vocabulary read_vocabulary(const std::filesystem::path& folder, std::int64_t rows);

}  // namespace telltale
