#include "evaluation/words.hpp"

#include <unicode/locid.h>
#include <unicode/unistr.h>

#include <algorithm>
#include <cmath>
#include <stdexcept>

namespace telltale {

std::string lower_cased(std::string_view utf8) {
  if (std::all_of(utf8.begin(), utf8.end(), [](char c) { return static_cast<unsigned char>(c) < 0x80; })) {
    std::string out(utf8);
    for (char& c : out)
      if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    return out;
  }
  std::string out;
  icu::UnicodeString::fromUTF8(icu::StringPiece(utf8.data(), static_cast<std::int32_t>(utf8.size()))).toLower(icu::Locale::getRoot()).toUTF8String(out);
  return out;
}

int Vocabulary::add(std::string_view word) {
  if (const auto it = numbers_.find(word); it != numbers_.end()) return it->second;
  const int number = size();
  words_.emplace_back(word);
  numbers_.emplace(words_.back(), number);
  return number;
}

int Vocabulary::find(std::string_view word) const {
  const auto it = numbers_.find(word);
  return it == numbers_.end() ? -1 : it->second;
}

namespace {

template <class Number>
std::vector<int> number_words(std::string_view text, const Encoding& encoding, const Number& number) {
  std::vector<int> numbers;
  numbers.reserve(encoding.words.size());
  for (const Word& word : encoding.words) {
    const auto [begin, end] = word.span;
    if (begin < 0 || end < begin || static_cast<std::size_t>(end) > text.size())
      throw std::invalid_argument("a word of bytes " + std::to_string(begin) + " to " + std::to_string(end) + ": expected it inside the text of " + std::to_string(text.size()) + " bytes");
    numbers.push_back(number(lower_cased(text.substr(static_cast<std::size_t>(begin), static_cast<std::size_t>(end - begin)))));
  }
  return numbers;
}

}  // namespace

std::vector<int> words_of(std::string_view text, const Encoding& encoding, Vocabulary& vocabulary) {
  return number_words(text, encoding, [&](const std::string& w) { return vocabulary.add(w); });
}

std::vector<int> known_words_of(std::string_view text, const Encoding& encoding, const Vocabulary& vocabulary) {
  return number_words(text, encoding, [&](const std::string& w) { return vocabulary.find(w); });
}

DocumentCounts::DocumentCounts(int classes, int vocabulary)
    : posts_(static_cast<std::size_t>(classes), 0), counts_(static_cast<std::size_t>(classes), std::vector<std::uint32_t>(static_cast<std::size_t>(vocabulary), 0)) {}

void DocumentCounts::add(int label, const std::vector<int>& words) {
  auto& counts = counts_.at(static_cast<std::size_t>(label));
  ++posts_[static_cast<std::size_t>(label)];
  std::vector<int> distinct = words;
  std::sort(distinct.begin(), distinct.end());
  distinct.erase(std::unique(distinct.begin(), distinct.end()), distinct.end());
  for (const int w : distinct)
    if (w >= 0 && static_cast<std::size_t>(w) < counts.size()) ++counts[static_cast<std::size_t>(w)];
}

std::int64_t DocumentCounts::count(int label, int word) const {
  const auto& counts = counts_.at(static_cast<std::size_t>(label));
  return word >= 0 && static_cast<std::size_t>(word) < counts.size() ? counts[static_cast<std::size_t>(word)] : 0;
}

double DocumentCounts::probability(int a, int b, int word) const {
  const double in_a = static_cast<double>(count(a, word)), in_b = static_cast<double>(count(b, word));
  return (in_a + 1) / (in_a + in_b + 2);
}

double DocumentCounts::specificity(int a, int b, int word) const {
  const double p = probability(a, b, word);
  return std::max(p, 1 - p);
}

double DocumentCounts::sharedness(int a, int b, int word) const { return 1 - std::abs(2 * probability(a, b, word) - 1); }

double DocumentCounts::log_odds(int label, int word) const {
  double rest = 0, rest_posts = 0;
  for (int c = 0; c < classes(); ++c)
    if (c != label) {
      rest += static_cast<double>(count(c, word));
      rest_posts += static_cast<double>(posts(c));
    }
  return std::log((static_cast<double>(count(label, word)) + 1) / (static_cast<double>(posts(label)) + 2)) - std::log((rest + 1) / (rest_posts + 2));
}

}  // namespace telltale
