#include "data/collector.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <stdexcept>

#include "data/encoding.hpp"
#include "data/rationales.hpp"
#include "store/marks.hpp"
#include "text/unicode.hpp"

namespace telltale {
namespace {

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view blanks(" \t\r\n\v\f\0", 7);
  const std::size_t begin = text.find_first_not_of(blanks);
  if (begin == text.npos) return {};
  return text.substr(begin, text.find_last_not_of(blanks) - begin + 1);
}

/// Runs of anything but ASCII white space.
std::int64_t count_words(std::string_view text) {
  std::int64_t n = 0;
  bool inside = false;
  for (const char c : text) {
    const bool blank = c == ' ' || (c >= '\t' && c <= '\r');
    n += !blank && !inside;
    inside = !blank;
  }
  return n;
}

constexpr std::size_t word_bins = 1 << 16;

}  // namespace

Collector::Collector(Store::Import& import, const ImportOptions& options, std::string source, std::stop_token stop, const ProgressFn& progress)
    : import_(import), options_(options), source_(std::move(source)), stop_(std::move(stop)), progress_(progress),
      wanted_(options.classes.begin(), options.classes.end()), words_(word_bins) {}

void Collector::tick(double done, double total) {
  if (stop_.stop_requested()) throw Cancelled{};
  if (progress_ && ++ticks_ % 64 == 0) progress_({done, total, "reading posts"});
}

void Collector::count(std::vector<Tally>& list, const std::string& reason, const std::string& first, std::int64_t n) {
  for (Tally& t : list) {
    if (t.reason == reason) {
      t.count += n;
      return;
    }
  }
  list.push_back({reason, first, n});
}

void Collector::skip(const std::string& reason, const std::string& first) { count(skipped_, reason, first, 1); }

void Collector::note(const std::string& reason, const std::string& first, std::int64_t n) { count(noted_, reason, first, n); }

void Collector::add(RawPost&& post) {
  bool valid = true, label_valid = true;
  if (latin1) {
    post.text = from_latin1(post.text);
    post.label = from_latin1(post.label);
  } else {
    post.text = to_utf8(std::move(post.text), valid);
    post.label = to_utf8(std::move(post.label), label_valid);
  }
  post.label = std::string(trimmed(post.label));
  if (post.label.empty()) return skip("no label", post.place);
  if (post.label.size() > ImportLimits::label_bytes) return skip(fmt::format("label longer than {} bytes", ImportLimits::label_bytes), post.place);
  if (seen_.insert(post.label).second && seen_.size() > ImportLimits::classes) {
    throw std::runtime_error(fmt::format("{}: {}: more than {} classes; is this the column of the labels?", source_, post.place, ImportLimits::classes));
  }
  if (!wanted_.empty() && !wanted_.contains(post.label)) return skip("another class", fmt::format("{} ({})", post.place, readable_name(post.label)));
  if (post.text.size() > 2 * ImportLimits::post_bytes || (!latin1 && valid && post.text.size() > ImportLimits::post_bytes))
    return skip(fmt::format("longer than {} MiB", ImportLimits::post_bytes >> 20), post.place);
  if (!post.spans.empty()) {
    if (options_.strip.any()) {
      throw std::invalid_argument(fmt::format("{}: {}: has marked spans, whose places --strip would change; import it without --strip", source_, post.place));
    }
    if (!valid) return skip("spans in a text that is not UTF-8", post.place);
    for (const MarkedSpan& span : post.spans)
      if (const std::string error = span_error(span, post.text); !error.empty()) return skip("bad spans", fmt::format("{}: {}", post.place, error));
  }
  if (options_.strip.any()) post.text = strip(post.text, options_.strip);
  if (rationales && post.spans.empty())
    if (const auto* marked = rationales->words_of(post.external_id)) {
      post.spans = spans_of_words(post.text, *marked);
      note(post.spans.empty() ? "none of its marked words is in the text" : "words marked by people", post.place);
    }
  const std::int64_t words = count_words(post.text);
  if (words == 0) {
    if (!keep_empty) return skip("empty", post.place);
    note("empty", post.place);
  }
  if (!valid || !label_valid) note("not valid UTF-8, read as latin-1", post.place);

  ++words_[std::min<std::size_t>(static_cast<std::size_t>(words), word_bins - 1)];
  most_words_ = std::max(most_words_, words);
  all_words_ += words;
  Document d;
  bool ignored = true;
  d.external_id = to_utf8(std::move(post.external_id), ignored);
  d.split = split_of_value(to_utf8(std::string(trimmed(post.split)), ignored));
  if (d.split.size() > 64) return skip("split name longer than 64 bytes", post.place);
  drawn_ += d.split.empty();
  d.text = std::move(post.text);
  d.spans = std::move(post.spans);
  import_.add(d, post.label);
  ++posts_;
}

Json Collector::to_json(const std::vector<Tally>& list) {
  Json out = Json::array();
  for (const Tally& t : list) out.push_back({{"reason", t.reason}, {"count", t.count}, {"first", t.first}});
  return out;
}

Json Collector::word_counts() const {
  const auto quantile = [&](double q) {
    std::int64_t below = 0;
    for (std::size_t n = 0; n < words_.size(); ++n) {
      below += words_[n];
      if (static_cast<double>(below) >= q * static_cast<double>(posts_)) return static_cast<std::int64_t>(n);
    }
    return most_words_;
  };
  return {{"mean", static_cast<double>(all_words_) / static_cast<double>(posts_)}, {"median", quantile(0.5)}, {"p95", quantile(0.95)}, {"max", most_words_}};
}

DatasetInfo Collector::commit(SourceFormat format) {
  for (const std::string& name : wanted_) {
    if (!seen_.contains(name))
      throw std::invalid_argument(fmt::format("{}: no class '{}'; there are: {}", source_, name, fmt::join(seen_, ", ")));
  }
  if (posts_ == 0) {
    std::string why;
    for (const Tally& t : skipped_) why += fmt::format("{} {} {} (first: {})", why.empty() ? ";" : ",", t.count, t.reason, t.first);
    throw std::runtime_error(fmt::format("{}: no post found{}", source_, why));
  }
  if (stop_.stop_requested()) throw Cancelled{};
  if (progress_) progress_({0, 0, "drawing splits, looking for duplicates"});
  if (drawn_ > 0) import_.draw_test_split(options_.test_share, options_.seed);
  if (const auto same = import_.duplicates(); same.count > 0) {
    note("duplicate text", same.first, same.count);
    if (same.across_splits > 0) note("same text in two splits", same.first_across_splits, same.across_splits);
    if (same.across_classes > 0) note("same text in two classes", same.first_across_classes, same.across_classes);
  }
  if (const auto again = import_.repeated_ids(); again.count > 0) note("id of another post too", again.first, again.count);
  if (stop_.stop_requested()) throw Cancelled{};
  return import_.commit({{"format", name_of(format)},
                         {"split", drawn_ == 0 ? "given" : drawn_ == posts_ ? "drawn" : "given, drawn where missing"},
                         {"skipped", to_json(skipped_)},
                         {"noted", to_json(noted_)},
                         {"words", word_counts()}});
}

}  // namespace telltale
