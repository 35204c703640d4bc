#include <fmt/format.h>

#include <bit>
#include <stdexcept>
#include <type_traits>

#include "store/connection.hpp"

namespace telltale {
namespace {

using Blob = std::vector<unsigned char>;

/// Numbers as little-endian bytes, whatever the machine.
template <class T>
void put(Blob& out, T value) {
  using Word = std::conditional_t<sizeof(T) == 4, std::uint32_t, std::uint64_t>;
  const Word word = std::bit_cast<Word>(value);
  for (std::size_t b = 0; b < sizeof(T); ++b) out.push_back(static_cast<unsigned char>(word >> (8 * b)));
}

template <class T>
T get(const unsigned char* p) {
  using Word = std::conditional_t<sizeof(T) == 4, std::uint32_t, std::uint64_t>;
  Word word = 0;
  for (std::size_t b = 0; b < sizeof(T); ++b) word |= Word{p[b]} << (8 * b);
  return std::bit_cast<T>(word);
}

template <class T>
Blob pack(const std::vector<T>& values) {
  Blob out;
  out.reserve(values.size() * sizeof(T));
  for (const T& v : values) put(out, v);
  return out;
}

Blob pack(const std::vector<Span>& spans) {
  Blob out;
  out.reserve(spans.size() * 16);
  for (const Span& s : spans) put(out, s.begin), put(out, s.end);
  return out;
}

constexpr std::string_view explanation_columns =
    "SELECT e.id, e.fingerprint, e.run, e.document, x.text, e.method, p.protocol, e.target, e.foil, e.value, e.baseline_value, e.delta, e.steps, "
    "e.prediction, e.ids, e.offsets, e.scores, e.words, e.word_scores, e.created FROM explanations e JOIN protocols p ON p.id = e.protocol "
    "LEFT JOIN typed_texts x ON x.id = e.typed_text";

class Reader {
 public:
  Reader(Store::Impl& impl, Query& q) : impl_(impl), q_(q), row_(std::to_string(q.integer(0))) {}

  ExplanationRecord read() {
    ExplanationRecord e;
    e.id = q_.integer(0);
    e.fingerprint = q_.text(1);
    e.run = q_.optional_integer(2);
    e.document = q_.integer(3);
    e.text = q_.text(4);
    e.method = q_.text(5);
    e.protocol = impl_.json(q_.column(6), "explanations", row_, "protocol");
    e.target = q_.small(7);
    e.foil = q_.small(8);
    e.value = q_.real(9);
    e.baseline_value = q_.real(10);
    e.delta = q_.real(11);
    e.steps = q_.small(12);
    e.prediction = impl_.json(q_.column(13), "explanations", row_, "prediction");
    e.ids = unpack<std::int32_t>(14, "ids");
    e.offsets = spans(15, "offsets");
    e.scores = unpack<double>(16, "scores");
    e.words = spans(17, "words");
    e.word_scores = unpack<double>(18, "word_scores");
    e.created = q_.text(19);
    same(e.offsets.size(), e.ids.size(), "offsets");
    same(e.scores.size(), e.ids.size(), "scores");
    same(e.word_scores.size(), e.words.size(), "word_scores");
    return e;
  }

 private:
  template <class T>
  std::vector<T> unpack(int column, const char* name) {
    const SQLite::Column c = q_.column(column);
    const auto* bytes = static_cast<const unsigned char*>(c.getBlob());
    const auto size = static_cast<std::size_t>(c.getBytes());
    if (size % sizeof(T) != 0) impl_.bad_value("explanations", row_, name, fmt::format("{} bytes, expected a multiple of {}", size, sizeof(T)));
    std::vector<T> values(size / sizeof(T));
    for (std::size_t i = 0; i < values.size(); ++i) values[i] = get<T>(bytes + i * sizeof(T));
    return values;
  }

  std::vector<Span> spans(int column, const char* name) {
    const std::vector<std::int64_t> flat = unpack<std::int64_t>(column, name);
    if (flat.size() % 2 != 0) impl_.bad_value("explanations", row_, name, "half a pair of offsets at its end");
    std::vector<Span> out(flat.size() / 2);
    for (std::size_t i = 0; i < out.size(); ++i) {
      out[i] = {flat[2 * i], flat[2 * i + 1]};
      const bool none = out[i].begin == -1 && out[i].end == -1;
      if (!none && !(out[i].begin >= 0 && out[i].begin <= out[i].end))
        impl_.bad_value("explanations", row_, name, fmt::format("[{}, {}] is no range of bytes", out[i].begin, out[i].end));
    }
    return out;
  }

  void same(std::size_t got, std::size_t expected, const char* name) {
    if (got != expected) impl_.bad_value("explanations", row_, name, fmt::format("{} entries, expected {}", got, expected));
  }

  Store::Impl& impl_;
  Query& q_;
  std::string row_;
};

/// The id of a value that is kept once; makes it when it is new. `table` and `column` are ours, not from outside.
std::int64_t intern(Store::Impl& impl, const char* table, const char* column, const std::string& value) {
  Query find(impl, fmt::format("SELECT id FROM {} WHERE {} = ?", table, column));
  if (find.bind(value).step()) return find.integer(0);
  Query add(impl, fmt::format("INSERT INTO {}({}) VALUES(?) RETURNING id", table, column));
  add.bind(value).step();
  const std::int64_t id = add.integer(0);
  add.run();
  return id;
}

std::int64_t add(Store::Impl& impl, const ExplanationRecord& e) {
  if (e.scores.size() != e.ids.size() || e.offsets.size() != e.ids.size() || e.word_scores.size() != e.words.size())
    throw std::invalid_argument(fmt::format("explanation of post {}: {} ids, {} offsets, {} scores, {} words, {} word scores do not fit", e.document,
                                            e.ids.size(), e.offsets.size(), e.scores.size(), e.words.size(), e.word_scores.size()));
  const std::int64_t protocol = intern(impl, "protocols", "protocol", dump(e.protocol));
  std::optional<std::int64_t> document, typed;
  if (e.document != 0) document = e.document;
  else typed = intern(impl, "typed_texts", "text", e.text);
  Query q(impl,
          "INSERT INTO explanations(fingerprint, run, document, typed_text, method, protocol, target, foil, value, baseline_value, delta, steps, prediction, "
          "ids, offsets, scores, words, word_scores, created) VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) "
          "ON CONFLICT(fingerprint, ifnull(document, 0), ifnull(typed_text, 0), protocol, target, foil) DO UPDATE SET "
          "run = ifnull(run, excluded.run), method = excluded.method, value = excluded.value, baseline_value = excluded.baseline_value, "
          "delta = excluded.delta, steps = excluded.steps, prediction = excluded.prediction, ids = excluded.ids, offsets = excluded.offsets, "
          "scores = excluded.scores, words = excluded.words, word_scores = excluded.word_scores, created = excluded.created RETURNING id");
  q.bind(e.fingerprint, e.run, document, typed, e.method, protocol, e.target, e.foil, e.value, e.baseline_value, e.delta, e.steps, e.prediction,
         pack(e.ids), pack(e.offsets), pack(e.scores), pack(e.words), pack(e.word_scores), now());
  q.step();
  const std::int64_t id = q.integer(0);
  q.run();
  return id;
}

}  // namespace

std::int64_t Store::add_explanation(const ExplanationRecord& e) {
  return impl_->guard([&] {
    Write write(*impl_);
    const std::int64_t id = add(*impl_, e);
    write.commit();
    return id;
  });
}

void Store::add_explanations(const std::vector<ExplanationRecord>& all) {
  impl_->guard([&] {
    Write write(*impl_);
    for (const ExplanationRecord& e : all) add(*impl_, e);
    write.commit();
  });
}

std::optional<ExplanationRecord> Store::find_explanation(const std::string& fingerprint, std::int64_t document, const Json& protocol, int target, int foil,
                                                         const std::string& text) {
  return impl_->guard([&]() -> std::optional<ExplanationRecord> {
    // The expressions are those of the unique index, so that it is used.
    Query q(*impl_, fmt::format("{} WHERE e.fingerprint = ? AND ifnull(e.document, 0) = ? AND ifnull(e.typed_text, 0) = {} AND "
                                "e.protocol = (SELECT id FROM protocols WHERE protocol = ?) AND e.target = ? AND e.foil = ?",
                                explanation_columns, document == 0 ? "(SELECT id FROM typed_texts WHERE text = ?)" : "0"));
    q.bind(fingerprint, document);
    if (document == 0) q.bind(text);
    q.bind(dump(protocol), target, foil);
    if (!q.step()) return std::nullopt;
    return Reader(*impl_, q).read();
  });
}

std::vector<ExplanationRecord> Store::explanations(std::optional<std::int64_t> run, const std::string& method, std::int64_t document) {
  return impl_->guard([&] {
    std::string where;
    const auto both = [&](std::string_view condition) { where += fmt::format("{} {}", where.empty() ? " WHERE" : " AND", condition); };
    if (run) both("(e.run = ? OR e.fingerprint = (SELECT nullif(fingerprint, '') FROM runs WHERE id = ?))");
    if (!method.empty()) both("e.method = ?");
    if (document != 0) both("e.document = ?");
    Query q(*impl_, fmt::format("{}{} ORDER BY e.id", explanation_columns, where));
    if (run) q.bind(*run, *run);
    if (!method.empty()) q.bind(method);
    if (document != 0) q.bind(document);
    std::vector<ExplanationRecord> all;
    while (q.step()) all.push_back(Reader(*impl_, q).read());
    return all;
  });
}

}  // namespace telltale
