#include "text/tokenizer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <limits>
#include <stdexcept>

#include "text/trie.hpp"
#include "text/unicode.hpp"
#include "text/vocabulary.hpp"

namespace telltale {
namespace {

/// What a byte of the text means where words are looked for.
enum Kind : std::uint8_t {
  letter,   ///< ASCII letter or digit: part of a word as it is, but for case
  blank,    ///< ASCII white space
  mark,     ///< ASCII punctuation: a word of its own
  careful,  ///< part of a longer character, or a control character: the slow way
  kind_bits = 3,
  may_be_added = 4,  ///< an added token begins with this byte
};

/// A character that a combining sequence waits to be ordered with.
struct Pending {
  char32_t c;
  std::uint8_t combining_class;
  bool first;  ///< of the characters its source was decomposed into
};

}  // namespace

struct Tokenizer::Impl {
  Vocabulary v;
  const unicode::Properties& properties = unicode::Properties::instance();
  std::uint32_t continued = Trie::none;  ///< node of the prefix "##"; none if no piece has it
  std::array<std::uint8_t, 256> kind{};
  std::array<char, 256> lower{};  ///< of ASCII letters, if the model lower-cases; else the byte itself

  explicit Impl(Vocabulary vocabulary);
};

namespace {

/// One call of encode(): reads the text from left to right, appends to the encoding.
class Encoder {
 public:
  Encoder(const Tokenizer::Impl& t, std::string_view text, Encoding& out) : t_(t), text_(text), out_(out) {}

  void run() {
    put_special(t_.v.specials.cls, Span());
    std::size_t at = 0;
    while (at < text_.size()) {
      const auto byte = static_cast<unsigned char>(text_[at]);
      const std::uint8_t kind = t_.kind[byte];
      if (kind & may_be_added && put_added(at)) continue;
      switch (kind & kind_bits) {
        case blank:
          ++at;
          break;
        case mark:
          put_word(
              text_.substr(at, 1), 1, [at](std::size_t i) { return static_cast<std::int64_t>(at + i); },
              [at](std::size_t i) { return static_cast<std::int64_t>(at + i); });
          ++at;
          break;
        case letter:
          at = plain_word(at);
          break;
        default:
          at = careful_run(at);
      }
    }
    put_special(t_.v.specials.sep, Span());
  }

 private:
  // ------------------------------------------------------------------------------------------------------- output

  void put(std::int32_t id, Span span, std::int32_t word) {
    out_.ids.push_back(id);
    out_.offsets.push_back(span);
    out_.word_of.push_back(word);
  }

  void put_special(std::int32_t id, Span span) { put(id, span, -1); }

  /// An added token at `at`, the longest there is; moves `at` past it.
  bool put_added(std::size_t& at) {
    const Trie::Match match = t_.v.added.longest(Trie::root, text_.substr(at));
    if (match.value < 0) return false;
    const Span span{static_cast<std::int64_t>(at), static_cast<std::int64_t>(at + match.length)};
    if (t_.v.specials.special(match.value)) {
      put_special(match.value, span);
    } else {
      begin_word();
      put(match.value, span, word_);
      end_word();
    }
    at += match.length;
    return true;
  }

  void begin_word() {
    word_ = static_cast<std::int32_t>(out_.words.size());
    first_ = static_cast<std::int32_t>(out_.ids.size());
  }
  void end_word() {
    out_.words.push_back(
        {{out_.offsets[first_].begin, out_.offsets.back().end}, first_, static_cast<std::int32_t>(out_.ids.size())});
  }

  /// Greedy longest match (WordPiece, Wu et al. 2016): one [UNK] for a word that is too long or cannot be put together.
  /// `begin_of(i)`: where in the text the character that byte i of the word belongs to begins; `end_of(i)`: where that
  /// of the byte before i ends.
  template <class Begin, class End>
  void put_word(std::string_view word, std::size_t characters, Begin begin_of, End end_of) {
    begin_word();
    const Span whole{begin_of(0), end_of(word.size())};
    bool known = characters <= t_.v.longest_word;
    for (std::size_t at = 0; known && at < word.size();) {
      const std::uint32_t from = at == 0 ? Trie::root : t_.continued;
      const Trie::Match match = from == Trie::none ? Trie::Match() : t_.v.pieces.longest(from, word.substr(at));
      known = match.length > 0;
      if (known) put(match.value, {begin_of(at), end_of(at + match.length)}, word_);
      at += match.length;
    }
    if (!known) {
      out_.ids.resize(first_);
      out_.offsets.resize(first_);
      out_.word_of.resize(first_);
      put(t_.v.specials.unk, whole, word_);
    }
    end_word();
  }

  // ---------------------------------------------------------------------------------------------------- plain ASCII

  /// A run of ASCII letters and digits: one byte a character, nothing removed, so places follow from counting.
  std::size_t plain_word(std::size_t begin) {
    std::size_t end = begin;
    ascii_.clear();
    do ascii_.push_back(t_.lower[static_cast<unsigned char>(text_[end++])]);
    while (end < text_.size() && t_.kind[static_cast<unsigned char>(text_[end])] == letter);
    if (end < text_.size() && (t_.kind[static_cast<unsigned char>(text_[end])] & kind_bits) == careful)
      return careful_run(begin);
    if (end < text_.size() && (t_.kind[static_cast<unsigned char>(text_[end])] & kind_bits) == letter)
      return careful_run(begin);
    const auto place = [begin](std::size_t i) { return static_cast<std::int64_t>(begin + i); };
    put_word(ascii_, ascii_.size(), place, place);
    return end;
  }

  // ------------------------------------------------------------------------------------------------- the slow way

  /// Everything from `at` to the next ASCII blank, ASCII punctuation or added token: cleaned, decomposed, ordered,
  /// stripped of accents, lower-cased, and cut into words, every character with the place it came from.
  std::size_t careful_run(std::size_t at) {
    while (at < text_.size()) {
      const std::uint8_t kind = t_.kind[static_cast<unsigned char>(text_[at])];
      if (kind & may_be_added && t_.v.added.longest(Trie::root, text_.substr(at)).value >= 0) break;
      if ((kind & kind_bits) == blank || (kind & kind_bits) == mark) break;
      const auto begin = static_cast<std::int64_t>(at);
      const char32_t c = unicode::next(text_, at);
      take(c, {begin, static_cast<std::int64_t>(at)});
    }
    flush_pending();
    flush_word();
    return at;
  }

  /// clean_text, Chinese characters, decomposition.
  void take(char32_t c, Span source) {
    std::uint8_t p = t_.properties.of(c);
    if (t_.v.clean_text) {
      if (p & unicode::control) return;
      if (p & unicode::space) {
        flush_pending();
        flush_word();
        return;
      }
    }
    const bool alone = t_.v.chinese && (p & unicode::cjk);
    if (alone) {
      flush_pending();
      flush_word();
    }
    if (!t_.v.strip_accents) {
      lower_and_cut(c, p, source);
    } else if (!(p & (unicode::decomposes | unicode::combines)) && pending_.empty()) {
      if (!(p & unicode::mark)) lower_and_cut(c, p, source);
    } else {
      std::array<char32_t, 4> parts;
      const std::size_t n = p & unicode::decomposes ? unicode::decompose(c, parts) : (parts[0] = c, 1);
      for (std::size_t i = 0; i < n; ++i) {
        const std::uint8_t k = t_.properties.of(parts[i]) & unicode::combines ? unicode::combining_class(parts[i]) : 0;
        if (k == 0) flush_pending();
        if (i == 0) sources_.push_back(source);
        pending_.push_back({parts[i], k, i == 0});
      }
    }
    if (alone) {
      flush_pending();
      flush_word();
    }
  }

  /// Canonical ordering of a starter and the marks after it. As in the reference, places are dealt out after the
  /// ordering: the first character of each decomposition takes the next source character, the others share the one
  /// before.
  void flush_pending() {
    if (pending_.empty()) return;
    if (pending_.size() > 1)
      std::stable_sort(pending_.begin(), pending_.end(),
                       [](const Pending& a, const Pending& b) { return a.combining_class < b.combining_class; });
    for (const Pending& p : pending_) {
      if (p.first && next_source_ < sources_.size()) place_ = sources_[next_source_++];
      const std::uint8_t properties = t_.properties.of(p.c);
      if (!(properties & unicode::mark)) lower_and_cut(p.c, properties, place_);
    }
    pending_.clear();
    sources_.erase(sources_.begin(), sources_.begin() + static_cast<std::ptrdiff_t>(next_source_));
    next_source_ = 0;
  }

  void lower_and_cut(char32_t c, std::uint8_t p, Span source) {
    if (t_.v.lowercase && p & unicode::lowers) {
      const bool two = c == 0x130;  // İ, where accents were kept
      c = unicode::lower(c);
      cut(c, t_.properties.of(c), source);
      if (two) cut(0x307, t_.properties.of(0x307), source);
    } else {
      cut(c, p, source);
    }
  }

  void cut(char32_t c, std::uint8_t p, Span source) {
    if (unicode::is_whitespace(c, p)) return flush_word();
    if (p & unicode::punctuation) flush_word();
    spans_.emplace_back(word_bytes_.size(), source);
    unicode::append(word_bytes_, c);
    if (p & unicode::punctuation) flush_word();
  }

  void flush_word() {
    if (word_bytes_.empty()) return;
    // Bytes of the word are asked for in rising order, so the search goes on from where it was.
    std::size_t b = 0, e = 0;
    const auto begin_of = [&](std::size_t i) {
      while (b + 1 < spans_.size() && spans_[b + 1].first <= i) ++b;
      return spans_[b].second.begin;
    };
    const auto end_of = [&](std::size_t i) {
      if (i == word_bytes_.size()) return spans_.back().second.end;
      while (e + 1 < spans_.size() && spans_[e + 1].first < i) ++e;
      return spans_[e].second.end;
    };
    put_word(word_bytes_, spans_.size(), begin_of, end_of);
    word_bytes_.clear();
    spans_.clear();
  }

  const Tokenizer::Impl& t_;
  std::string_view text_;
  Encoding& out_;
  std::int32_t word_ = 0, first_ = 0;
  std::string ascii_;
  std::vector<Pending> pending_;
  std::vector<Span> sources_;
  std::size_t next_source_ = 0;
  Span place_;
  std::string word_bytes_;                           ///< the word so far, normalised
  std::vector<std::pair<std::size_t, Span>> spans_;  ///< where each of its characters begins, and came from
};

/// Keeps the first most − 1 ids and the last, [SEP].
void truncate(Encoding& e, std::size_t most) {
  if (e.ids.size() <= most) return;
  e.cut = e.offsets[most - 1].begin;
  for (auto* v : {&e.ids, &e.word_of}) {
    (*v)[most - 1] = v->back();
    v->resize(most);
  }
  e.offsets[most - 1] = Span();
  e.offsets.resize(most);
  const auto last = static_cast<std::int32_t>(most - 1);
  while (!e.words.empty() && e.words.back().first >= last) e.words.pop_back();
  if (!e.words.empty()) e.words.back().last = std::min(e.words.back().last, last);
}

}  // namespace

Tokenizer::Impl::Impl(Vocabulary vocabulary) : v(std::move(vocabulary)) {
  continued = v.pieces.walk(Trie::root, v.prefix);
  for (int b = 0; b < 256; ++b) {
    const auto p = b < 128 ? properties.of(static_cast<char32_t>(b)) : 0;
    std::uint8_t k = letter;
    if (b >= 128 || p & unicode::control) k = careful;
    if (p & unicode::punctuation) k = mark;
    if (p & unicode::space) k = blank;
    if (v.added.step(Trie::root, static_cast<unsigned char>(b)) != Trie::none) k |= may_be_added;
    kind[b] = k;
    lower[b] = static_cast<char>(v.lowercase && b >= 'A' && b <= 'Z' ? b + 32 : b);
  }
}

Tokenizer::Tokenizer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Tokenizer::~Tokenizer() = default;

std::shared_ptr<const Tokenizer> Tokenizer::load(const std::filesystem::path& folder, std::int64_t rows) {
  return std::make_shared<const Tokenizer>(std::make_unique<Impl>(read_vocabulary(folder, rows)));
}

Encoding Tokenizer::encode(std::string_view text, int max_length) const {
  if (max_length != 0 && max_length < 2)
    throw std::invalid_argument(fmt::format("max_length: expected 2 or more, got {}", max_length));
  if (const std::size_t bad = unicode::find_invalid_utf8(text); bad != text.npos)
    throw std::runtime_error(fmt::format("text: not UTF-8 at byte {}", bad));
  if (text.size() > static_cast<std::size_t>(std::numeric_limits<std::int32_t>::max()) / 4)
    throw std::runtime_error(fmt::format("text: {} bytes are too many", text.size()));
  Encoding out;
  const std::size_t expected = text.size() / 3 + 8;
  out.ids.reserve(expected);
  out.offsets.reserve(expected);
  out.word_of.reserve(expected);
  out.words.reserve(expected);
  Encoder(*impl_, text, out).run();
  out.full_length = static_cast<std::int32_t>(out.ids.size());
  if (max_length > 0) truncate(out, static_cast<std::size_t>(max_length));
  return out;
}

const std::string& Tokenizer::token(std::int32_t id) const {
  if (id < 0 || id >= size()) throw std::out_of_range(fmt::format("id {} is not in the vocabulary of {}", id, size()));
  return impl_->v.tokens[static_cast<std::size_t>(id)];
}

std::int32_t Tokenizer::id(std::string_view token) const { return impl_->v.pieces.find(token); }
std::int32_t Tokenizer::size() const { return static_cast<std::int32_t>(impl_->v.tokens.size()); }
const SpecialIds& Tokenizer::specials() const { return impl_->v.specials; }
const std::filesystem::path& Tokenizer::source() const { return impl_->v.source; }

}  // namespace telltale
