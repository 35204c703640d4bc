#include "report/comparison_posts.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "report/numbers.hpp"
#include "report/post_text.hpp"

namespace telltale {
namespace {

using html::escape;

/// Of what the model did not read, and of very long posts, only so much is shown.
constexpr std::size_t most_unread = 400, most_bytes = 8000;

bool blank(char c) { return c == ' ' || c == '\n' || c == '\t' || c == '\r' || c == '\f' || c == '\v' || c == '\0'; }

struct Row {
  std::string label;  ///< trusted HTML
};

class PostPainter {
 public:
  PostPainter(const ComparisonView& view, const Json& post, double domain, const std::vector<Row>& rows)
      : view_(view), post_(post), domain_(domain), rows_(rows), text_(text_of(post, "text")) {
    if (const Json& words = get(post, "words"); words.is_array())
      for (const auto& w : words) {
        spans_.push_back({integer_of(w, "begin"), integer_of(w, "end")});
        scores_.push_back(row_scores(view, w));
      }
    cut_ = integer_of(post, "cut");
    shown_ = std::min(text_.size(), most_bytes);
    if (cut_ >= 0) shown_ = std::min(shown_, static_cast<std::size_t>(cut_) + most_unread);
    while (shown_ < text_.size() && shown_ > 0 && (static_cast<unsigned char>(text_[shown_]) & 0xC0) == 0x80) --shown_;
    quoted_ = quoted_parts(text_);
  }

  std::string html() {
    for (const auto& s : segments(text_, spans_)) {
      if (s.begin >= shown_) break;
      if (s.word >= 0) word(s);
      else between(s.begin, std::min(s.end, shown_));
    }
    flush();
    end_paragraph();
    if (shown_ < text_.size()) out_ += fmt::format("<p class=\"small\">… {} more bytes of this post are not shown.</p>\n", thousands(static_cast<std::int64_t>(text_.size() - shown_)));
    return out_;
  }

 private:
  bool quoted(std::size_t at) const {
    return std::any_of(quoted_.begin(), quoted_.end(), [&](const Span& q) { return static_cast<std::int64_t>(at) >= q.begin && static_cast<std::int64_t>(at) < q.end; });
  }
  std::string told(std::size_t begin, std::size_t end) const {
    if (const Json& marks = get(post_, "spans"); marks.is_array())
      for (const auto& m : marks)
        if (integer_of(m, "begin") < static_cast<std::int64_t>(end) && integer_of(m, "end") > static_cast<std::int64_t>(begin)) return text_of(m, "kind") == "shared" ? "shared" : "told";
    return {};
  }
  void mark_cut(std::size_t at) {
    if (cut_ < 0 || cut_marked_ || at < static_cast<std::size_t>(cut_)) return;
    flush();
    cut_marked_ = true;
    paragraph_ += "<span class=\"limit\">length limit</span>";
  }
  void put(const std::vector<std::string>& pieces, std::size_t at) {
    if (chunk_.empty()) chunk_.resize(rows_.size()), chunk_at_ = at;
    for (std::size_t r = 0; r < rows_.size(); ++r) chunk_[r] += pieces[std::min(r, pieces.size() - 1)];
  }
  void word(const Segment& s) {
    mark_cut(s.begin);
    const std::string shown = escape(std::string_view(text_).substr(s.begin, s.end - s.begin));
    const auto& scores = scores_[static_cast<std::size_t>(s.word)];
    const std::string mark = told(s.begin, s.end);
    std::string tip;
    for (std::size_t r = 0; r < rows_.size(); ++r) tip += fmt::format(" {} {}", tip_names()[r], with_sign(r < scores.size() ? scores[r] : NAN, score_decimals(domain_)));
    std::vector<std::string> pieces;
    for (std::size_t r = 0; r < rows_.size(); ++r) {
      std::string kind = html::heat_class(r < scores.size() ? scores[r] : NAN, domain_);
      if (!mark.empty() && r == 0) kind += (kind.empty() ? "" : " ") + mark;
      pieces.push_back(fmt::format("<b{}{}>{}</b>", kind.empty() ? "" : fmt::format(" class=\"{}\"", kind), r == 0 ? fmt::format(" title=\"{}:{}\"", shown, tip) : "", shown));
    }
    put(pieces, s.begin);
  }
  std::vector<std::string> tip_names() const {
    if (rows_.size() == 1) return {view_.runs.empty() ? "" : view_.runs[0].letter};
    return {view_.runs[static_cast<std::size_t>(view_.a)].letter, view_.runs[static_cast<std::size_t>(view_.b)].letter, "Δ"};
  }
  void between(std::size_t begin, std::size_t end) {
    for (std::size_t i = begin; i < end;) {
      mark_cut(i);
      if (blank(text_[i])) {
        flush();
        if (text_[i] == '\n') {
          if (++line_feeds_ >= 2) end_paragraph();
          else if (!paragraph_.empty()) paragraph_ += "<br>";
        }
        ++i;
        continue;
      }
      std::size_t j = i;
      while (j < end && !blank(text_[j]) && (cut_marked_ || cut_ < 0 || j < static_cast<std::size_t>(cut_))) ++j;
      if (j == i) ++j;
      put({"<u>" + escape(std::string_view(text_).substr(i, j - i)) + "</u>"}, i);
      i = j;
    }
  }
  void flush() {
    if (chunk_.empty()) return;
    line_feeds_ = 0;
    paragraph_ += fmt::format("<span class=\"k{}\">", cut_marked_ ? " unread" : quoted(chunk_at_) ? " dim" : "");
    for (std::size_t r = 0; r < rows_.size(); ++r) paragraph_ += fmt::format("<span{}>{}</span>", r ? " aria-hidden=\"true\"" : "", chunk_[r]);
    paragraph_ += "</span>\n";
    characters_ += 12;
    chunk_.clear();
  }
  void end_paragraph() {
    while (paragraph_.size() >= 4 && paragraph_.compare(paragraph_.size() - 4, 4, "<br>") == 0) paragraph_.resize(paragraph_.size() - 4);
    if (paragraph_.empty()) return;
    std::size_t breaks = 0;
    for (std::size_t at = 0; (at = paragraph_.find("<br>", at)) != paragraph_.npos; at += 4) ++breaks;
    // The labels of the rows stand beside every line. How many lines there are only the reader's window knows: enough for a narrow one, the rest is clipped.
    const std::size_t lines = breaks + 2 + characters_ / 24;
    std::string gutter;
    for (std::size_t i = 0; i < lines; ++i)
      for (const auto& r : rows_) gutter += "<i>" + r.label + "</i>";
    out_ += fmt::format("<div class=\"rows{}\"><div class=\"gutter\" aria-hidden=\"true\">{}</div>{}</div>\n", rows_.size() == 1 ? " one" : "", gutter, paragraph_);
    paragraph_.clear();
    characters_ = 0;
  }

  const ComparisonView& view_;
  const Json& post_;
  double domain_;
  const std::vector<Row>& rows_;
  std::string text_;
  std::vector<Span> spans_, quoted_;
  std::vector<std::vector<double>> scores_;
  std::int64_t cut_ = -1;
  std::size_t shown_ = 0, characters_ = 0, chunk_at_ = 0;
  int line_feeds_ = 0;
  bool cut_marked_ = false;
  std::vector<std::string> chunk_;
  std::string paragraph_, out_;
};

}  // namespace

std::vector<double> row_scores(const ComparisonView& view, const Json& word) {
  const Json& scores = get(word, "scores");
  const double a = number_of(get(scores, static_cast<std::size_t>(std::max(view.a, 0))));
  if (view.b < 0) return {a};
  const double b = number_of(get(scores, static_cast<std::size_t>(view.b)));
  return {a, b, b - a};
}

double posts_domain(const ComparisonView& view, const std::vector<const Json*>& posts) {
  std::vector<double> all;
  for (const Json* post : posts)
    if (const Json& words = get(*post, "words"); words.is_array())
      for (const auto& w : words)
        for (const double s : row_scores(view, w)) all.push_back(s);
  return score_domain(std::move(all));
}

std::string comparison_posts(const ComparisonView& v) {
  const Json& posts = get(v.json, "posts");
  if (!posts.is_array() || posts.empty() || v.runs.empty()) return html::missing("posts", "Posts", "No posts were drawn for painting.");
  std::vector<const Json*> list;
  for (const auto& p : posts)
    if (list.size() < 24) list.push_back(&p);
  const double domain = posts_domain(v, list);
  std::vector<Row> rows;
  const auto label = [&](int run) {
    const auto& r = v.runs[static_cast<std::size_t>(run)];
    return Row{fmt::format("<span class=\"swatch s{}\"></span>{}", r.series, r.letter)};
  };
  rows.push_back(label(std::max(v.a, 0)));
  if (v.b >= 0) rows.push_back(label(v.b)), rows.push_back({"<span class=\"swatch\"></span>Δ"});
  const auto names = short_names(v.classes);
  const auto short_of = [&](const std::string& name) {
    const auto it = std::find(v.classes.begin(), v.classes.end(), name);
    return it == v.classes.end() ? name : names[static_cast<std::size_t>(it - v.classes.begin())];
  };
  std::string body = html::heat_legend(domain, fmt::format("{}: the 99th percentile of |score| on these posts; orange speaks for the gold class, blue against it. "
                                                           "Underlined in the first row: words that a person marked as telling (green) or shared (amber).",
                                                           v.b >= 0 ? fmt::format("one scale for {}, {} and Δ = {} − {}", v.runs[static_cast<std::size_t>(v.a)].letter, v.runs[static_cast<std::size_t>(v.b)].letter,
                                                                                  v.runs[static_cast<std::size_t>(v.b)].letter, v.runs[static_cast<std::size_t>(v.a)].letter)
                                                                    : std::string("one scale")));
  for (const Json* post : list) {
    const auto gold = text_of(*post, "class");
    std::string facts = fmt::format("<span>gold class <b>{}</b></span>", escape(short_of(gold)));
    for (const int run : {v.a, v.b}) {
      if (run < 0 || run >= static_cast<int>(v.runs.size())) continue;
      const auto predicted = text_of(get(get(*post, "predicted"), static_cast<std::size_t>(run)));
      const double p = number_of(get(get(*post, "probability"), static_cast<std::size_t>(run)));
      facts += fmt::format("<span>{} <span class=\"{}\">{}</span>, p of gold {}</span>", v.runs[static_cast<std::size_t>(run)].letter, predicted == gold ? "right" : "wrong", escape(short_of(predicted)), fixed(p));
    }
    std::string where = text_of(*post, "id");
    if (where.empty()) where = fmt::format("post {}", integer_of(*post, "doc", 0));
    body += fmt::format("<article class=\"post\"><h3>{} <span class=\"caption\">{}</span></h3><div class=\"facts\">{}</div>\n{}</article>\n", escape(title_of(text_of(*post, "text"))), escape(where), facts,
                        PostPainter(v, *post, domain, rows).html());
  }
  const auto method = text_of(*list[0], "method");
  const auto mark = v.loss_mark(method);
  return html::panel("posts", "Posts", fmt::format("{} posts by {}{}, drawn by seed, classes in turn", list.size(), escape(v.method_name(method)), mark.empty() ? "" : ", " + escape(mark)), body);
}

}  // namespace telltale
