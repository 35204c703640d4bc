// WordPiece with BERT's normaliser: the very ids of Hugging Face's `tokenizer(text)`.
#pragma once
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace telltale {

/// A range of bytes in the UTF-8 text, end excluded. begin = −1: none (a special that the template added).
struct Span {
  std::int64_t begin = -1, end = -1;
  bool none() const { return begin < 0; }
  friend bool operator==(const Span&, const Span&) = default;
};

struct Word {
  Span span;                    ///< the whole word in the text, also where truncation cut some of its pieces
  std::int32_t first = 0, last = 0;  ///< positions of its pieces in ids: [first, last)
};

/// One text as the model reads it. ids, offsets, word_of have one entry per id, specials included.
struct Encoding {
  std::vector<std::int32_t> ids;
  std::vector<Span> offsets;
  std::vector<std::int32_t> word_of;  ///< index into words; −1 for every special (template or typed)
  std::vector<Word> words;            ///< words of the pre-tokeniser that have at least one piece in ids; typed specials are left out
  std::int64_t cut = -1;              ///< byte where truncation cut the text, −1 = nothing was cut
  std::int32_t full_length = 0;       ///< ids without truncation, specials included
};

struct SpecialIds {
  std::int32_t pad = 0, unk = 0, cls = 0, sep = 0, mask = 0;
  /// Never perturbed, kept in the baseline, score left out of words: [CLS], [SEP], [PAD] by id.
  bool special(std::int32_t id) const { return id == cls || id == sep || id == pad; }
};

class Tokenizer {
 public:
  /// Reads `tokenizer.json` (else `vocab.txt`) of a Hugging Face folder; truncation and padding stored there are ignored.
  /// `rows`: rows of the embedding table; a vocabulary with an id past it is refused (0: not checked).
  /// Throws std::runtime_error naming file and reason.
  static std::shared_ptr<const Tokenizer> load(const std::filesystem::path& folder, std::int64_t rows = 0);

  /// Throws std::runtime_error with the byte position when `text` is not valid UTF-8.
  /// max_length counts [CLS] and [SEP]; 0 = no limit; below 2 is an error (std::invalid_argument).
  Encoding encode(std::string_view text, int max_length = 0) const;

  const std::string& token(std::int32_t id) const;  ///< throws std::out_of_range
  std::int32_t id(std::string_view token) const;    ///< −1 when it is not in the vocabulary
  std::int32_t size() const;                        ///< largest id + 1
  const SpecialIds& specials() const;
  const std::filesystem::path& source() const;      ///< the file it was read from

  struct Impl;
  explicit Tokenizer(std::unique_ptr<Impl> impl);
  ~Tokenizer();

 private:
  std::unique_ptr<Impl> impl_;
};

}  // namespace telltale
