#include "store/marks.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>
#include <stdexcept>

#include "store/connection.hpp"

namespace telltale {
namespace {

constexpr const char* kinds[] = {"telling", "shared"};
constexpr std::size_t name_bytes = 100;

bool blank(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

bool before(const MarkedSpan& a, const MarkedSpan& b) { return std::tie(a.begin, a.end, a.kind) < std::tie(b.begin, b.end, b.kind); }

constexpr std::string_view mark_columns = "SELECT m.id, m.document, m.begin_byte, m.end_byte, m.kind, m.annotator, m.created FROM marks m ";

std::vector<Mark> read_marks(Query& q) {
  std::vector<Mark> all;
  while (q.step()) all.push_back({q.integer(0), q.integer(1), {q.integer(2), q.integer(3), q.text(4)}, q.text(5), q.text(6)});
  return all;
}

std::vector<std::int64_t> read_ids(Query& q) {
  std::vector<std::int64_t> ids;
  while (q.step()) ids.push_back(q.integer(0));
  return ids;
}

}  // namespace

std::string span_error(const MarkedSpan& span, std::string_view text) {
  const auto boundary = [&](std::int64_t at) {
    return at == static_cast<std::int64_t>(text.size()) || (static_cast<unsigned char>(text[static_cast<std::size_t>(at)]) & 0xC0) != 0x80;
  };
  const std::string range = fmt::format("span [{}, {}]", span.begin, span.end);
  if (span.begin < 0 || span.begin >= span.end) return range + " is empty or turned round";
  if (span.end > static_cast<std::int64_t>(text.size())) return fmt::format("{} ends past the text of {} bytes", range, text.size());
  if (!boundary(span.begin) || !boundary(span.end)) return range + " cuts a UTF-8 character";
  return {};
}

void check_mark(const MarkedSpan& span, std::string_view text) {
  if (const std::string error = span_error(span, text); !error.empty()) throw std::invalid_argument(error);
  const auto inside = text.substr(static_cast<std::size_t>(span.begin), static_cast<std::size_t>(span.end - span.begin));
  if (std::all_of(inside.begin(), inside.end(), blank)) throw std::invalid_argument(fmt::format("span [{}, {}] holds no character but blanks", span.begin, span.end));
  if (std::find(std::begin(kinds), std::end(kinds), span.kind) == std::end(kinds))
    throw std::invalid_argument(fmt::format("span [{}, {}]: kind '{}' is unknown; there are: telling, shared", span.begin, span.end, span.kind.substr(0, 40)));
}

void check_annotator(const std::string& name) {
  if (name.empty()) throw std::invalid_argument("annotator: expected a name");
  if (name.size() > name_bytes) throw std::invalid_argument(fmt::format("annotator: a name of {} bytes, expected at most {}", name.size(), name_bytes));
  if (blank(name.front()) || blank(name.back()) || std::any_of(name.begin(), name.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }))
    throw std::invalid_argument("annotator: a name has no control characters, and no blanks at its ends");
  for (const char* reserved : {imported_marks, any_marks, majority_marks})
    if (name == reserved) throw std::invalid_argument(fmt::format("annotator: '{}' is no name: it stands for a choice among all marks", name));
}

std::vector<MarkedSpan> with_span(std::vector<MarkedSpan> spans, MarkedSpan added) {
  std::vector<MarkedSpan> out;
  for (MarkedSpan& s : spans) {
    if (s.end <= added.begin || s.begin >= added.end) {
      out.push_back(std::move(s));
    } else if (s.kind == added.kind) {
      added.begin = std::min(added.begin, s.begin);
      added.end = std::max(added.end, s.end);
    } else {
      if (s.begin < added.begin) out.push_back({s.begin, added.begin, s.kind});
      if (s.end > added.end) out.push_back({added.end, s.end, s.kind});
    }
  }
  out.push_back(std::move(added));
  std::sort(out.begin(), out.end(), before);
  return out;
}

std::vector<MarkedSpan> without_spans(std::vector<MarkedSpan> spans, std::int64_t begin, std::int64_t end) {
  std::erase_if(spans, [&](const MarkedSpan& s) { return s.begin < end && begin < s.end; });
  return spans;
}

std::vector<MarkedSpan> combined(const std::vector<std::vector<MarkedSpan>>& of_annotators, bool majority) {
  std::vector<MarkedSpan> out;
  for (const char* kind : kinds) {
    // Where votes rise and fall; an annotator whose own spans overlap has one vote.
    std::map<std::int64_t, int> steps;
    for (const auto& spans : of_annotators) {
      std::map<std::int64_t, int> own;
      for (const MarkedSpan& s : spans)
        if (s.kind == kind) ++own[s.begin], --own[s.end];
      int depth = 0;
      for (const auto& [at, step] : own) {
        const bool was = depth > 0;
        depth += step;
        if (was != (depth > 0)) steps[at] += was ? -1 : 1;
      }
    }
    int votes = 0;
    std::int64_t begin = -1;
    for (const auto& [at, step] : steps) {
      votes += step;
      const bool marked = majority ? 2 * votes > static_cast<int>(of_annotators.size()) : votes > 0;
      if (marked && begin < 0) begin = at;
      if (!marked && begin >= 0) out.push_back({begin, at, kind}), begin = -1;
    }
  }
  std::sort(out.begin(), out.end(), before);
  return out;
}

std::vector<Mark> marks_of(Store& store, std::int64_t document, const std::string& annotator) {
  Store::Impl& impl = store.impl();
  return impl.guard([&] {
    Query q(impl, fmt::format("{}WHERE m.document = ? AND m.removed IS NULL{} ORDER BY m.annotator, m.begin_byte, m.id", mark_columns, annotator.empty() ? "" : " AND m.annotator = ?"));
    q.bind(document);
    if (!annotator.empty()) q.bind(annotator);
    return read_marks(q);
  });
}

std::vector<Mark> marks_of_dataset(Store& store, std::int64_t dataset, const std::string& annotator) {
  Store::Impl& impl = store.impl();
  return impl.guard([&] {
    Query q(impl, fmt::format("{}JOIN documents d ON d.id = m.document WHERE d.dataset = ? AND m.removed IS NULL{} ORDER BY m.document, m.annotator, m.begin_byte, m.id", mark_columns,
                              annotator.empty() ? "" : " AND m.annotator = ?"));
    q.bind(dataset);
    if (!annotator.empty()) q.bind(annotator);
    return read_marks(q);
  });
}

bool set_marks(Store& store, std::int64_t document, const std::string& annotator, const std::vector<MarkedSpan>& spans) {
  check_annotator(annotator);
  const std::string text = store.document(document).text;
  std::vector<MarkedSpan> wanted = spans;
  std::sort(wanted.begin(), wanted.end(), before);
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    check_mark(wanted[i], text);
    if (i > 0 && wanted[i].begin < wanted[i - 1].end)
      throw std::invalid_argument(fmt::format("spans [{}, {}] and [{}, {}] of one annotator overlap", wanted[i - 1].begin, wanted[i - 1].end, wanted[i].begin, wanted[i].end));
  }
  Store::Impl& impl = store.impl();
  return impl.guard([&] {
    Write write(impl);
    bool changed = false;
    const std::string at = now();
    for (const Mark& m : marks_of(store, document, annotator)) {
      const auto same = std::find_if(wanted.begin(), wanted.end(), [&](const MarkedSpan& s) { return !before(s, m.span) && !before(m.span, s); });
      if (same != wanted.end()) {
        wanted.erase(same);
        continue;
      }
      Query(impl, "UPDATE marks SET removed = ? WHERE id = ?").bind(at, m.id).run();
      changed = true;
    }
    for (const MarkedSpan& s : wanted) {
      Query(impl, "INSERT INTO marks(document, annotator, begin_byte, end_byte, kind, created) VALUES(?, ?, ?, ?, ?, ?) "
                  "ON CONFLICT(document, annotator, begin_byte, end_byte, kind) DO UPDATE SET removed = NULL")
          .bind(document, annotator, s.begin, s.end, s.kind, at)
          .run();
      changed = true;
    }
    write.commit();
    return changed;
  });
}

std::vector<std::int64_t> marked_documents(Store& store, std::int64_t dataset, const std::string& annotator) {
  Store::Impl& impl = store.impl();
  return impl.guard([&] {
    Query q(impl, fmt::format("SELECT DISTINCT m.document FROM marks m JOIN documents d ON d.id = m.document WHERE d.dataset = ? AND m.removed IS NULL{} ORDER BY m.document",
                              annotator.empty() ? "" : " AND m.annotator = ?"));
    q.bind(dataset);
    if (!annotator.empty()) q.bind(annotator);
    return read_ids(q);
  });
}

std::vector<std::int64_t> imported_documents(Store& store, std::int64_t dataset) {
  Store::Impl& impl = store.impl();
  return impl.guard([&] {
    Query q(impl, "SELECT id FROM documents WHERE dataset = ? AND spans IS NOT NULL ORDER BY id");
    q.bind(dataset);
    return read_ids(q);
  });
}

std::vector<AnnotatorCount> annotators(Store& store, std::int64_t dataset) {
  Store::Impl& impl = store.impl();
  return impl.guard([&] {
    Query q(impl,
            "SELECT m.annotator, count(DISTINCT m.document), count(*) FROM marks m JOIN documents d ON d.id = m.document WHERE d.dataset = ? AND m.removed IS NULL GROUP BY m.annotator ORDER BY m.annotator");
    q.bind(dataset);
    std::vector<AnnotatorCount> all;
    while (q.step()) all.push_back({q.text(0), q.integer(1), q.integer(2)});
    return all;
  });
}

ChosenMarks::ChosenMarks(Store& store, std::int64_t dataset, std::string choice) : choice_(std::move(choice)) {
  if (choice_ == imported_marks) return;
  const bool all = choice_ == any_marks || choice_ == majority_marks;
  std::string state = choice_;
  for (Mark& m : marks_of_dataset(store, dataset, all ? std::string() : choice_)) {
    state += fmt::format("\n{} {} {} {} {}", m.document, m.span.begin, m.span.end, m.span.kind, m.annotator);
    marks_[m.document][m.annotator].push_back(std::move(m.span));
  }
  if (!all && marks_.empty()) {
    std::vector<std::string> names{imported_marks, any_marks, majority_marks};
    for (const AnnotatorCount& a : annotators(store, dataset)) names.push_back(a.annotator);
    throw std::invalid_argument(fmt::format("annotator '{}' marked nothing in data set '{}'; there are: {}", choice_, store.dataset(dataset).name, fmt::join(names, ", ")));
  }
  digest_ = fmt::format("{:016x}", hash_text(state));
}

std::vector<MarkedSpan> ChosenMarks::of(const Document& document) const {
  if (choice_ == imported_marks) return document.spans;
  const auto at = marks_.find(document.id);
  std::vector<std::vector<MarkedSpan>> of_annotators;
  if (at != marks_.end())
    for (const auto& [name, spans] : at->second) of_annotators.push_back(spans);
  if (choice_ != any_marks && choice_ != majority_marks) return of_annotators.empty() ? std::vector<MarkedSpan>() : of_annotators.front();
  if (!document.spans.empty()) of_annotators.push_back(document.spans);
  return combined(of_annotators, choice_ == majority_marks);
}

}  // namespace telltale
