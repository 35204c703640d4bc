#include "report/explanation_view.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "report/colour.hpp"
#include "report/html.hpp"
#include "report/numbers.hpp"
#include "report/post_text.hpp"

namespace telltale {
namespace {

bool inside(Span s, std::string_view text) { return s.begin >= 0 && s.end > s.begin && static_cast<std::uint64_t>(s.end) <= text.size(); }

std::string slice(std::string_view text, Span s) {
  std::string out = clean_utf8(text.substr(static_cast<std::size_t>(s.begin), static_cast<std::size_t>(s.end - s.begin)));
  std::replace_if(out.begin(), out.end(), [](char c) { return c == '\n' || c == '\t'; }, ' ');
  return out;
}

std::string class_name(const std::vector<std::string>& classes, int i) {
  if (i < 0) return {};
  return static_cast<std::size_t>(i) < classes.size() ? classes[static_cast<std::size_t>(i)] : fmt::format("class {}", i);
}

}  // namespace

ExplanationView::ExplanationView(const ExplanationRecord& r, std::string_view text, const std::vector<std::string>& classes) {
  double absolute = 0;
  std::vector<double> scores;
  const std::size_t n = std::min(r.words.size(), r.word_scores.size());
  for (std::size_t i = 0; i < n; ++i) {
    words_sum += r.word_scores[i];
    if (!inside(r.words[i], text)) continue;
    ranked.push_back({i, slice(text, r.words[i]), r.word_scores[i], 0, 0});
    absolute += std::abs(r.word_scores[i]);
    scores.push_back(r.word_scores[i]);
  }
  // NaN would break the order: it goes last.
  std::stable_sort(ranked.begin(), ranked.end(), [](const auto& a, const auto& b) { return std::isnan(b.score) ? !std::isnan(a.score) : a.score > b.score; });
  for (std::size_t i = 0; i < ranked.size(); ++i) {
    ranked[i].rank = static_cast<int>(i) + 1;
    ranked[i].share = absolute > 0 ? std::abs(ranked[i].score) / absolute : 0;
  }
  domain = score_domain(std::move(scores));

  // Template specials have no place in the text: the first is [CLS], the last [SEP].
  std::vector<std::size_t> specials;
  for (std::size_t i = 0; i < r.scores.size(); ++i) {
    sum += r.scores[i];
    if (i < r.offsets.size() && r.offsets[i].none()) specials.push_back(i);
  }
  if (!specials.empty()) cls = r.scores[specials.front()];
  if (specials.size() > 1) sep = r.scores[specials.back()];
  other = sum - words_sum - cls - sep;
  if (std::abs(other) < 1e-9 * std::max(1.0, std::abs(sum))) other = 0;

  if (const Json& logits = get(r.prediction, "logits"); logits.is_array() && !logits.empty()) {
    double top = -INFINITY, total = 0;
    for (const auto& z : logits) top = std::max(top, number_of(z));
    for (const auto& z : logits) probabilities.push_back(std::exp(number_of(z) - top)), total += probabilities.back();
    for (double& p : probabilities) p /= total;
  }
  predicted = static_cast<int>(integer_of(r.prediction, "predicted"));
  change = r.value - r.baseline_value;
  relative_delta = r.delta / std::max(1e-3, std::abs(change));
  badge = std::isnan(relative_delta) ? Badge::none : relative_delta < 0.01 ? Badge::good : relative_delta < 0.05 ? Badge::fair : Badge::bad;
  target = class_name(classes, r.target);
  foil = class_name(classes, r.foil);
  output = text_of(r.protocol, "output");
}

std::string ExplanationView::badge_text() const {
  if (badge == Badge::none) return "not additive";
  return fmt::format("delta {}", share(relative_delta, relative_delta < 0.001 ? 3 : relative_delta < 0.1 ? 2 : 1));
}

OrderedJson explanation_json(const ExplanationRecord& r, std::string_view text, const std::vector<std::string>& classes, const std::function<std::string(std::int32_t)>& token) {
  const ExplanationView view(r, text, classes);
  OrderedJson out;
  out["document"] = r.document > 0 ? OrderedJson(r.document) : OrderedJson();
  out["run"] = r.run ? OrderedJson(*r.run) : OrderedJson();
  const Json& errors = get(r.prediction, "standard_error");
  const bool of_words = text_of(r.protocol, "unit") != "piece";
  out["tokens"] = OrderedJson::array();
  for (std::size_t i = 0; i < r.ids.size(); ++i) {
    const Span span = i < r.offsets.size() ? r.offsets[i] : Span{};
    const bool placed = inside(span, text);
    OrderedJson t = {{"id", r.ids[i]}};
    t["text"] = token ? clean_utf8(token(r.ids[i])) : placed ? slice(text, span) : "";
    t["begin"] = placed ? OrderedJson(span.begin) : OrderedJson();
    t["end"] = placed ? OrderedJson(span.end) : OrderedJson();
    t["score"] = i < r.scores.size() ? finite_or_null<OrderedJson>(r.scores[i]) : OrderedJson();
    if (errors.is_array() && !of_words) t["standard_error"] = i < errors.size() ? finite_or_null<OrderedJson>(number_of(errors[i])) : OrderedJson();
    out["tokens"].push_back(std::move(t));
  }
  out["words"] = OrderedJson::array();
  for (std::size_t i = 0; i < std::min(r.words.size(), r.word_scores.size()); ++i)
    if (inside(r.words[i], text)) {
      out["words"].push_back({{"text", slice(text, r.words[i])}, {"begin", r.words[i].begin}, {"end", r.words[i].end}, {"score", finite_or_null<OrderedJson>(r.word_scores[i])}});
      if (errors.is_array() && of_words) out["words"].back()["standard_error"] = i < errors.size() ? finite_or_null<OrderedJson>(number_of(errors[i])) : OrderedJson();
    }
  out["method"] = clean_utf8(r.method);
  out["target"] = clean_utf8(view.target);
  if (!view.foil.empty()) out["foil"] = clean_utf8(view.foil);
  out["output"] = clean_utf8(view.output);
  out["value"] = finite_or_null<OrderedJson>(r.value);
  out["baseline_value"] = finite_or_null<OrderedJson>(r.baseline_value);
  out["delta"] = finite_or_null<OrderedJson>(r.delta);
  out["relative_delta"] = finite_or_null<OrderedJson>(view.relative_delta);
  out["steps"] = r.steps;
  out["predicted"] = clean_utf8(class_name(classes, view.predicted));
  out["probabilities"] = OrderedJson::array();
  for (const double p : view.probabilities) out["probabilities"].push_back(finite_or_null<OrderedJson>(p));
  if (r.prediction.is_object() && r.prediction.contains("details")) out["details"] = OrderedJson(r.prediction["details"]);
  out["protocol"] = OrderedJson(r.protocol);
  out["fingerprint"] = clean_utf8(r.fingerprint);
  return out;
}

std::string explanations_html(std::string_view title, std::string_view about, const std::vector<ExplainedPost>& posts, const std::vector<std::string>& classes) {
  using html::escape;
  std::string body = fmt::format("<h1>{}</h1><p class=\"meta\">{}</p>\n", escape(title), escape(about));
  if (posts.empty()) body += html::missing("posts", "Posts", "No explanation is stored for this run.");
  std::size_t number = 0;
  for (const auto& p : posts) {
    const ExplanationView v(p.record, p.text, classes);
    const auto id = fmt::format("post-{}", ++number);
    std::string painted;
    const auto quoted = quoted_parts(p.text);
    for (const auto& s : segments(p.text, p.record.words)) {
      const std::string shown = escape(std::string_view(p.text).substr(s.begin, s.end - s.begin));
      const bool dim = std::any_of(quoted.begin(), quoted.end(), [&](const Span& q) { return static_cast<std::int64_t>(s.begin) >= q.begin && static_cast<std::int64_t>(s.begin) < q.end; });
      if (s.word < 0 || static_cast<std::size_t>(s.word) >= p.record.word_scores.size()) {
        painted += dim ? "<span class=\"dim\">" + shown + "</span>" : shown;
        continue;
      }
      const double score = p.record.word_scores[static_cast<std::size_t>(s.word)];
      const auto kind = html::heat_class(score, v.domain);
      painted += fmt::format("<b{} title=\"{}\">{}</b>", kind.empty() ? dim ? " class=\"dim\"" : "" : fmt::format(" class=\"{}\"", kind), with_sign(score, score_decimals(v.domain)), shown);
    }
    std::string rows;
    for (std::size_t c = 0; c < v.probabilities.size(); ++c)
      rows += fmt::format("<tr><th scope=\"row\">{}{}</th><td><span class=\"track\"><span class=\"prob\" style=\"width:{:.1f}%\"></span></span></td><td class=\"n\">{}</td></tr>", escape(class_name(classes, static_cast<int>(c))),
                          static_cast<int>(c) == p.label ? " <span class=\"chip\">gold</span>" : "", 100 * std::clamp(v.probabilities[c], 0.0, 1.0), fixed(v.probabilities[c]));
    std::string words;
    double reach = 0;
    for (const auto& w : v.ranked) reach = std::max(reach, std::abs(w.score));
    const std::size_t n = v.ranked.size();
    for (std::size_t i = 0; i < n; ++i) {
      if (n > 10 && i == 7) words += fmt::format("<tr><td colspan=\"5\" class=\"quiet\">{} words between</td></tr>", thousands(static_cast<std::int64_t>(n) - 10)), i = n - 3;
      const auto& w = v.ranked[i];
      words += fmt::format("<tr><td class=\"n quiet\">{}</td><td class=\"word\">{}</td><td>{}</td><td class=\"n\">{}</td><td class=\"n\">{}</td></tr>", w.rank, escape(w.text),
                           html::bar(w.score, NAN, NAN, -reach, reach, w.score >= 0, 120), with_sign(w.score, score_decimals(v.domain)), share(w.share));
    }
    const char* const state[] = {"better", "", "worse", ""};
    std::string sums = fmt::format("words {} · [CLS] {} · [SEP] {}{} · sum {}", with_sign(v.words_sum), with_sign(v.cls), with_sign(v.sep), v.other != 0 ? " · other " + with_sign(v.other) : "", fixed(v.sum));
    if (std::isfinite(v.change)) sums += fmt::format(" · F(x) − F(b) {}", fixed(v.change));
    body += html::panel(id, title_of(p.text),
                        fmt::format("{} · {} · {} · why {}{} · <span class=\"{}\">{}</span> · {} {}", escape(p.id), escape(p.record.method), escape(v.output), escape(v.target),
                                    v.foil.empty() ? "" : ", not " + escape(v.foil), state[static_cast<int>(v.badge)], v.badge_text(), p.record.steps, p.record.protocol.is_object() && p.record.protocol.contains("quadrature") ? "nodes" : "passes"),
                        "<p class=\"painted\">" + painted + "</p>" + html::heat_legend(v.domain, sums) + "<div class=\"columns\"><div><h3>Classes</h3><table class=\"chances\"><tbody>" + rows +
                            "</tbody></table></div><div><h3>Words</h3><table><tbody>" + words + "</tbody></table></div></div>\n");
  }
  return html::page(title, body);
}

}  // namespace telltale
