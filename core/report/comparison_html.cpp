#include "report/comparison_html.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "report/comparison_posts.hpp"
#include "report/comparison_view.hpp"
#include "report/html.hpp"
#include "report/numbers.hpp"

namespace telltale {
namespace {

using html::escape;
using html::panel;

/// Past this many classes the pairs are too many to hold a page of words each.
constexpr std::size_t most_classes_with_words = 20;

std::string run_label(const RunView& r) {
  return fmt::format("<span class=\"run\"><i class=\"swatch s{}\"></i><span class=\"letter\">{}</span> {}</span>", r.series, r.letter, escape(r.name));
}

/// "−0.27 / −0.33 to −0.21" with its verdict, for a cell.
std::string difference_cell(const Difference& d, int decimals = 3) {
  if (std::isnan(d.value)) return "<td class=\"n quiet\" title=\"not defined for these posts\">–</td>";
  const bool has_interval = std::isfinite(d.low) && std::isfinite(d.high);
  const std::string range = has_interval ? signed_interval(d.low, d.high, decimals) : "no interval";
  if (!d.clear)
    return fmt::format("<td class=\"n\">{}<div class=\"small\">{}, {}</div></td>", has_interval ? "no clear difference" : with_sign(d.value, decimals),
                       has_interval ? with_sign(d.value, decimals) : "", range);
  const std::string state = d.verdict == "better" || d.verdict == "worse" ? d.verdict : "";
  return fmt::format("<td class=\"n\"><b{}>{}</b>{}<div class=\"small\">{}</div></td>", state.empty() ? "" : fmt::format(" class=\"{}\"", state),
                     with_sign(d.value, decimals), state.empty() ? "" : " " + state, range);
}

std::string value_cell(double v, double low, double high) {
  const std::string range = std::isfinite(low) && std::isfinite(high) ? fmt::format("<div class=\"small\">{}</div>", interval(low, high)) : "";
  return fmt::format("<td class=\"n\">{}{}</td>", fixed(v), range);
}

std::string lead(const ComparisonView& v) {
  std::string out = fmt::format("<h1>{}</h1>\n", escape(v.headline()));
  const Json& row = v.mean(v.judge, "overlap@");
  if (v.contrast >= 0 && !row.is_null()) {
    const auto c = static_cast<std::size_t>(v.contrast);
    const Difference d = difference_of(get(get(row, "differences"), c));
    const auto value = [&](int run) { return number_of(get(get(row, "values"), static_cast<std::size_t>(run))); };
    const std::string metric = text_of(row, "metric");
    const double k = std::atof(metric.substr(std::min<std::size_t>(8, metric.size())).c_str());
    const std::string mark = v.loss_mark(v.judge);
    out += fmt::format(
        "<p class=\"lead\">Of the {:.0f} words that carry most of each class, two classes have on average <b>{} in common with {}</b> and <b>{} with {}</b> "
        "({} {} and {}: {}, {} at 95 %). Judged by {}{}.</p>\n",
        k, fixed(k * value(v.a), 1), escape(v.label(v.a)), fixed(k * value(v.b), 1), escape(v.label(v.b)), escape(metric), fixed(value(v.a), 2), fixed(value(v.b), 2),
        d.clear ? fmt::format("a difference of <b>{}</b>", with_sign(d.value, 2)) : "<b>no clear difference</b>",
        std::isfinite(d.low) && std::isfinite(d.high) ? signed_interval(d.low, d.high, 2) : "no interval",
        escape(v.method_name(v.judge)), mark.empty() ? "" : ", " + escape(mark));
  }
  const Json& accuracy = get(v.json, "accuracy");
  if (v.contrast >= 0 && accuracy.is_object()) {
    const Json& contrast = get(get(accuracy, "contrasts"), static_cast<std::size_t>(v.contrast));
    const Difference d = difference_of(contrast.is_object() ? get(contrast, "accuracy") : accuracy);
    const auto value = [&](int run) { return number_of(get(get(accuracy, "runs"), static_cast<std::size_t>(run)), "accuracy"); };
    if (std::isfinite(value(v.a)) && std::isfinite(value(v.b)))
      out += fmt::format("<p class=\"lead\">Accuracy is <b>{}</b> with {} and <b>{}</b> with {}: {} ({}).</p>\n", fixed(value(v.a)), v.runs[static_cast<std::size_t>(v.a)].letter,
                         fixed(value(v.b)), v.runs[static_cast<std::size_t>(v.b)].letter,
                         d.clear ? fmt::format("{} by <b>{}</b>", d.value < 0 ? "it falls" : "it rises", fixed(std::abs(d.value))) : "<b>no clear difference</b>",
                         std::isfinite(d.low) && std::isfinite(d.high) ? signed_interval(d.low, d.high) : "no interval");
  }
  const Json& protocol = get(v.json, "protocol");
  std::vector<std::string> facts;
  if (const auto n = integer_of(protocol, "posts"); n >= 0) facts.push_back(fmt::format("{} {} posts", thousands(n), escape(text_of(protocol, "split"))));
  if (const auto name = text_of(get(protocol, "dataset"), "name"); !name.empty()) facts.push_back("data set " + escape(name));
  if (!v.classes.empty()) facts.push_back(fmt::format("{} classes", v.classes.size()));
  std::vector<std::string> names;
  for (const auto& r : v.runs) names.push_back(run_label(r));
  return out + fmt::format("<p class=\"meta\">{}{}{}</p>\n", fmt::join(names, " &nbsp; "), facts.empty() ? "" : " &nbsp;·&nbsp; ", fmt::join(facts, " · "));
}

std::string runs_section(const ComparisonView& v) {
  const Json &accuracy = get(v.json, "accuracy"), &calibration = get(get(v.json, "calibration"), "runs");
  if (v.runs.empty()) return html::missing("runs", "Runs", "This document names no runs.");
  if (!accuracy.is_object() && !calibration.is_array()) return html::missing("runs", "Runs", "Accuracy and calibration were not computed.");
  // One axis for all runs, on whole tenths, so that intervals can be compared by eye.
  double low = 1, high = 0;
  for (std::size_t i = 0; i < v.runs.size(); ++i) {
    const Json& r = get(get(accuracy, "runs"), i);
    for (const char* key : {"accuracy", "low", "high", "macro_f1", "macro_f1_low", "macro_f1_high"})
      if (const double x = number_of(r, key); std::isfinite(x)) low = std::min(low, x), high = std::max(high, x);
  }
  low = std::max(0.0, std::floor(low * 10) / 10), high = std::min(1.0, std::ceil(high * 10) / 10);
  if (!(high > low)) low = 0, high = 1;
  const std::string ends = fmt::format("<span class=\"axis-ends\"><span>{}</span><span>{}</span></span>", fixed(low, 1), fixed(high, 1));
  std::string body = "<div class=\"scroll\"><table><thead><tr><th>Run</th><th class=\"n\">Accuracy<small>high is better</small></th><th>" + ends +
                     "</th><th class=\"n\">Macro-F1<small>high is better</small></th><th>" + ends +
                     "</th><th class=\"n\">NLL<small>low is better</small></th><th class=\"n\">ECE<small>low is better</small></th></tr></thead><tbody>\n";
  for (std::size_t i = 0; i < v.runs.size(); ++i) {
    const Json &r = get(get(accuracy, "runs"), i), &c = get(calibration, i), &info = get(get(v.json, "runs"), i);
    const auto& run = v.runs[i];
    std::string about = text_of(info, "preset");
    if (const auto seed = integer_of(info, "seed"); seed >= 0) about += fmt::format("{}seed {}", about.empty() ? "" : " · ", seed);
    if (const auto from = integer_of(info, "from"); from > 0) about += fmt::format("{}warm-started from run {}", about.empty() ? "" : " · ", from);
    const auto cells = [&](const char* key, const char* lo, const char* hi) {
      const double value = number_of(r, key), l = number_of(r, lo), h = number_of(r, hi);
      return value_cell(value, l, h) + "<td>" + html::whiskers({{value, l, h, run.series, run.letter}}, low, high) + "</td>";
    };
    body += fmt::format("<tr><th scope=\"row\">{}<div class=\"small\">{}</div></th>{}{}<td class=\"n\">{}</td><td class=\"n\">{}</td></tr>\n", run_label(run), escape(about),
                        cells("accuracy", "low", "high"), cells("macro_f1", "macro_f1_low", "macro_f1_high"), fixed(number_of(c, "nll")), fixed(number_of(c, "ece")));
  }
  const Json& contrasts = get(v.json, "contrasts");
  for (std::size_t i = 0; contrasts.is_array() && i < contrasts.size(); ++i) {
    const auto a = integer_of(contrasts[i], "a"), b = integer_of(contrasts[i], "b");
    const auto n = static_cast<std::int64_t>(v.runs.size());
    if (a < 0 || b < 0 || a >= n || b >= n) continue;
    const Json& d = get(get(accuracy, "contrasts"), i);
    const Json& mcnemar = get(d, "mcnemar");
    std::string test;
    if (mcnemar.is_object())
      test = fmt::format("both right {} · only {} {} · only {} {} · both wrong {} · McNemar p {}", thousands(integer_of(mcnemar, "both", 0)), v.runs[static_cast<std::size_t>(a)].letter,
                         thousands(integer_of(mcnemar, "only_a", 0)), v.runs[static_cast<std::size_t>(b)].letter, thousands(integer_of(mcnemar, "only_b", 0)),
                         thousands(integer_of(mcnemar, "neither", 0)), fixed(number_of(mcnemar, "p"), 2));
    body += fmt::format("<tr><th scope=\"row\">{} − {}</th>{}<td class=\"small\">{}</td>{}<td></td><td></td><td></td></tr>\n", v.runs[static_cast<std::size_t>(b)].letter,
                        v.runs[static_cast<std::size_t>(a)].letter, difference_cell(difference_of(get(d, "accuracy"))), test, difference_cell(difference_of(get(d, "macro_f1"))));
  }
  body += "</tbody></table></div>\n";
  const auto n = integer_of(accuracy, "n");
  return panel("runs", "Runs", n >= 0 ? fmt::format("{} posts, 95 % intervals; NLL in nats, ECE over 15 bins", thousands(n)) : "", body);
}

/// Words of a list, those in `other` marked.
std::string word_list(const std::vector<std::string>& words, const std::vector<std::string>& other) {
  std::string out;
  for (const auto& w : words)
    out += fmt::format("{}{} ", std::find(other.begin(), other.end(), w) != other.end() ? "<span class=\"both\">" : "<span>", escape(w) + "</span>");
  return out.empty() ? "<span class=\"quiet\">no words</span>" : out;
}

std::string matrix_figure(const ComparisonView& v, const Json& matrix, std::size_t run, const std::vector<std::string>& names, int decimals, bool linked) {
  const Json& entry = get(get(matrix, "runs"), run);
  const Json& values = get(entry, "values");
  const std::size_t n = names.size();
  std::string out = fmt::format("<figure><figcaption>{}<small>mean {}</small></figcaption><table class=\"matrix\"><tbody>", run_label(v.runs[run]), fixed(number_of(entry, "mean"), 2));
  for (std::size_t i = 1; i < n; ++i) {
    out += fmt::format("<tr><th scope=\"row\">{}</th>", escape(names[i]));
    for (std::size_t j = 0; j + 1 < n; ++j) {
      if (j >= i) {
        out += "<td></td>";
        continue;
      }
      const double value = number_of(get(get(values, i), j));
      const std::string tip = fmt::format("{}, {}: {}", escape(names[j]), escape(names[i]), fixed(value, 3));
      const std::string kind = std::isnan(value) ? "void" : html::amount_class(value);
      if (linked) out += fmt::format("<td><label for=\"p{}-{}\" class=\"{} c{}-{}\" title=\"{}\">{}</label></td>", i, j, kind, i, j, tip, fixed(value, decimals));
      else out += fmt::format("<td><span class=\"{}\" title=\"{}\">{}</span></td>", kind, tip, fixed(value, decimals));
    }
    out += "</tr>";
  }
  out += "<tr class=\"foot\"><td></td>";
  for (std::size_t j = 0; j + 1 < n; ++j) out += fmt::format("<th scope=\"col\"><span class=\"down\">{}</span></th>", escape(names[j]));
  return out + "</tr></tbody></table></figure>\n";
}

std::string overlap_section(const ComparisonView& v, std::string& css) {
  const Json& matrices = get(v.json, "matrices");
  if (!matrices.is_array() || matrices.empty() || v.classes.size() < 2 || v.runs.empty())
    return html::missing("overlap", "Class overlap", "No overlap of classes: it needs at least two classes and explained posts.");
  const auto names = short_names(v.classes);
  const Json* first = nullptr;
  for (const auto& m : matrices)
    if (!first && text_of(m, "method") == v.judge && text_of(m, "metric").substr(0, 8) == "overlap@") first = &m;
  if (!first) first = &matrices[0];
  const std::string method = text_of(*first, "method");
  const bool linked = v.classes.size() <= most_classes_with_words;
  const auto decimals = [](const Json& m) { return text_of(m, "metric").substr(0, 8) == "overlap@" ? 1 : 2; };
  const auto figures = [&](const Json& m, bool with_links) {
    std::string out = "<div class=\"matrices\">";
    for (std::size_t r = 0; r < v.runs.size(); ++r) out += matrix_figure(v, m, r, names, decimals(m), with_links);
    return out + "</div>\n";
  };
  std::string radios, pairs;
  if (linked) {
    const Json& all = get(v.json, "pairs");
    bool checked = false;
    // The pair that shares most with the first run is open.
    std::size_t top_i = 1, top_j = 0;
    double top = -1;
    for (std::size_t i = 1; i < names.size(); ++i)
      for (std::size_t j = 0; j < i; ++j)
        if (const double x = number_of(get(get(get(get(get(*first, "runs"), static_cast<std::size_t>(std::max(v.a, 0))), "values"), i), j)); x > top) top = x, top_i = i, top_j = j;
    for (std::size_t i = 1; i < names.size(); ++i)
      for (std::size_t j = 0; j < i; ++j) {
        const bool open = i == top_i && j == top_j && !checked;
        checked = checked || open;
        radios += fmt::format("<input type=\"radio\" class=\"hidden\" name=\"pair\" id=\"p{0}-{1}\" aria-label=\"{2} and {3}\"{4}>", i, j, escape(names[j]), escape(names[i]), open ? " checked" : "");
        css += fmt::format("#p{0}-{1}:checked~.matrices .c{0}-{1}{{outline:2px solid var(--text);outline-offset:-1px}}#p{0}-{1}:focus-visible~.matrices .c{0}-{1}{{outline:3px solid var(--focus)}}"
                           "#p{0}-{1}:not(:checked)~.pairs .w{0}-{1}{{display:none}}\n", i, j);
        pairs += fmt::format("<div class=\"pair w{}-{}\"><p><b>{}, {}</b> ", i, j, escape(names[j]), escape(names[i]));
        for (const auto& p : all.is_array() ? all : Json::array()) {
          const std::string x = text_of(p, "a"), y = text_of(p, "b");
          const bool same = (x == v.classes[i] && y == v.classes[j]) || (x == v.classes[j] && y == v.classes[i]);
          if (!same || text_of(p, "metric") != text_of(*first, "metric") || text_of(p, "method") != method) continue;
          std::vector<std::string> values;
          for (std::size_t r = 0; r < v.runs.size(); ++r) values.push_back(v.runs[r].letter + " " + fixed(number_of(get(get(p, "values"), r)), 1));
          pairs += fmt::format("overlap {}", fmt::join(values, " · "));
          if (v.contrast >= 0) {
            const Difference d = difference_of(get(get(p, "differences"), static_cast<std::size_t>(v.contrast)));
            pairs += fmt::format(" · {} − {}: {}", v.runs[static_cast<std::size_t>(v.b)].letter, v.runs[static_cast<std::size_t>(v.a)].letter, headline_of(d, 2));
            if (std::isfinite(d.low) && std::isfinite(d.high)) pairs += fmt::format(" ({})", signed_interval(d.low, d.high, 2));
          }
          break;
        }
        pairs += "</p><div class=\"lists\">";
        for (std::size_t r = 0; r < v.runs.size(); ++r) {
          const auto x = v.list(method, static_cast<int>(r), v.classes[j]), y = v.list(method, static_cast<int>(r), v.classes[i]);
          pairs += fmt::format("<div><h3>{}</h3><p><span class=\"quiet\">{}:</span> {}</p><p><span class=\"quiet\">{}:</span> {}</p></div>", run_label(v.runs[r]), escape(names[j]), word_list(x, y),
                               escape(names[i]), word_list(y, x));
        }
        pairs += "</div></div>\n";
      }
  }
  std::string body = radios + figures(*first, linked);
  if (linked) body += "<div class=\"pairs\">" + pairs + "</div>\n";
  else body += fmt::format("<p class=\"pad quiet\">The word lists of {} classes are left out: there are too many pairs for one page.</p>\n", v.classes.size());
  for (const auto& m : matrices) {
    if (&m == first) continue;
    const std::string mark = v.loss_mark(text_of(m, "method"));
    body += fmt::format("<details><summary>{} by {}{}</summary>{}</details>\n", escape(text_of(m, "metric")), escape(v.method_name(text_of(m, "method"))), mark.empty() ? "" : ", " + escape(mark), figures(m, false));
  }
  const std::string mark = v.loss_mark(method);
  return panel("overlap", "Class overlap",
               fmt::format("{} by {}{}; low is better{}", escape(text_of(*first, "metric")), escape(v.method_name(method)), mark.empty() ? "" : ", " + escape(mark),
                           linked ? "; choose a cell for its words, shared ones are underlined" : ""),
               body);
}

struct Axis {
  double from = 0, to = 1;
};

std::string contrastivity_section(const ComparisonView& v) {
  const Json& means = get(v.json, "means");
  if (!means.is_array() || means.empty()) return html::missing("contrastivity", "Contrastivity", "Contrastivity was not computed: it needs at least two classes.");
  std::vector<std::string> methods;
  for (const auto& m : means)
    if (const auto id = text_of(m, "method"); std::find(methods.begin(), methods.end(), id) == methods.end()) methods.push_back(id);
  std::stable_partition(methods.begin(), methods.end(), [&](const auto& m) { return m == v.judge; });
  std::string head = "<th>Metric</th>";
  for (const auto& r : v.runs) head += fmt::format("<th class=\"n\">{}</th>", run_label(r));
  head += "<th>95 % intervals<span class=\"axis-ends\"><span>0</span><span>0.5</span><span>1</span></span></th>";
  const Json& contrasts = get(v.json, "contrasts");
  const std::size_t count = contrasts.is_array() ? std::min<std::size_t>(contrasts.size(), 6) : 0;
  std::size_t columns = 2 + v.runs.size() + count;
  for (std::size_t c = 0; c < count; ++c) {
    const auto letter = [&](const char* key) {
      const auto i = integer_of(contrasts[c], key);
      return i >= 0 && i < static_cast<std::int64_t>(v.runs.size()) ? v.runs[static_cast<std::size_t>(i)].letter : std::string("?");
    };
    const auto why = text_of(contrasts[c], "why");
    head += fmt::format("<th class=\"n\">{} − {}<small>{}</small></th>", letter("b"), letter("a"), why == "control" ? "against its control" : "");
  }
  const auto row = [&](const Json& m, const std::string& name) {
    std::string cells;
    std::vector<html::Whisker> rows;
    for (std::size_t r = 0; r < v.runs.size(); ++r) {
      const Json& range = get(get(m, "intervals"), r);
      const double value = number_of(get(get(m, "values"), r)), low = number_of(range, "low"), high = number_of(range, "high");
      cells += fmt::format("<td class=\"n\">{}</td>", fixed(value));
      rows.push_back({value, low, high, v.runs[r].series, v.runs[r].letter});
    }
    cells += "<td>" + html::whiskers(rows, 0, 1) + "</td>";
    for (std::size_t c = 0; c < count; ++c) cells += difference_cell(difference_of(get(get(m, "differences"), c)));
    const auto better = text_of(m, "better");
    return fmt::format("<tr><th scope=\"row\">{}{}</th>{}</tr>\n", name, better.empty() ? "" : fmt::format(" <span class=\"small\">{} is better</span>", escape(better)), cells);
  };
  std::string body = "<div class=\"scroll\"><table><thead><tr>" + head + "</tr></thead>\n";
  for (const auto& method : methods) {
    const auto mark = v.loss_mark(method);
    body += fmt::format("<tbody class=\"group\"><tr><th colspan=\"{}\" scope=\"rowgroup\">{} {}{}</th></tr>\n", columns, escape(v.method_name(method)),
                        mark.empty() ? "" : fmt::format("<span class=\"chip{}\">{}</span>", v.in_loss(method) ? " in" : "", escape(mark)), method == v.judge ? " <span class=\"chip\">judge</span>" : "");
    for (const auto& m : means)
      if (text_of(m, "method") == method) body += row(m, escape(text_of(m, "metric")));
    body += "</tbody>\n";
  }
  body += "</table></div>\n";
  const auto names = short_names(v.classes);
  const auto short_of = [&](const std::string& name) {
    const auto it = std::find(v.classes.begin(), v.classes.end(), name);
    return it == v.classes.end() ? name : names[static_cast<std::size_t>(it - v.classes.begin())];
  };
  if (const Json& pairs = get(v.json, "pairs"); pairs.is_array() && pairs.size() <= 4000)
    for (const auto& method : methods) {
      std::string rows;
      for (const auto& p : pairs)
        if (text_of(p, "method") == method) rows += row(p, fmt::format("{}, {}<br><span class=\"small\">{}</span>", escape(short_of(text_of(p, "a"))), escape(short_of(text_of(p, "b"))), escape(text_of(p, "metric"))));
      if (!rows.empty())
        body += fmt::format("<details><summary>Every pair of classes by {}</summary><div class=\"scroll\"><table><thead><tr>{}</tr></thead><tbody>{}</tbody></table></div></details>\n", escape(v.method_name(method)), head, rows);
    }
  return panel("contrastivity", "Contrastivity", "means over all pairs of classes; an attributor that was in the loss is marked: it cannot judge its own training", body);
}

std::string words_section(const ComparisonView& v) {
  const Json& words = get(v.json, "words");
  const Json &gained = get(words, "gained"), &lost = get(words, "lost");
  if (v.contrast < 0 || ((!gained.is_array() || gained.empty()) && (!lost.is_array() || lost.empty())))
    return html::missing("words", "Words gained and lost", v.runs.size() < 2 ? "Words are gained and lost between two runs; this comparison has one." : "No word gained or lost weight.");
  const auto half = [&](const Json& list, const std::string& title, bool positive, double most, double beyond) {
    std::string out = fmt::format("<div class=\"scroll\"><h3>{}</h3><table><tbody>", title);
    for (const auto& w : list.is_array() ? list : Json::array()) {
      const Difference d = difference_of(w);
      const auto n = integer_of(w, "posts");
      out += fmt::format("<tr><td class=\"word\">{}</td><td>{}</td><td class=\"n\">{}<div class=\"small\">{}</div></td><td class=\"n small\">{}</td></tr>\n", escape(text_of(w, "word")),
                         html::bar(d.value, d.low, d.high, positive ? -beyond : -most, positive ? most : beyond, positive), d.clear ? "<b>" + with_sign(d.value, 4) + "</b>" : "no clear difference",
                         std::isfinite(d.low) && std::isfinite(d.high) ? signed_interval(d.low, d.high, 4) : "no interval", n >= 0 ? fmt::format("{} posts", thousands(n)) : "");
    }
    return out + "</tbody></table></div>";
  };
  const auto both = [&](const Json& g, const Json& l) {
    // Both halves have the same scale: `most` away from zero, `beyond` on its far side for intervals that cross it.
    double most = 0, beyond = 0;
    for (const auto& [list, sign] : {std::pair{&g, 1.0}, {&l, -1.0}})
      if (list->is_array())
        for (const auto& w : *list)
          for (const char* key : {"difference", "low", "high"})
            if (const double x = sign * number_of(w, key); std::isfinite(x)) most = std::max(most, x), beyond = std::max(beyond, -x);
    return "<div class=\"columns\">" + half(g, "Gained", true, most, beyond) + half(l, "Lost", false, most, beyond) + "</div>\n";
  };
  std::string body = both(gained, lost);
  if (const Json& all = get(words, "all"); all.is_array())
    for (const auto& other : all) {
      if (text_of(other, "method") == text_of(words, "method") && integer_of(other, "contrast") == integer_of(words, "contrast")) continue;
      const Json& contrast = get(get(v.json, "contrasts"), static_cast<std::size_t>(std::max<std::int64_t>(0, integer_of(other, "contrast"))));
      const auto mark = v.loss_mark(text_of(other, "method"));
      body += fmt::format("<details><summary>By {}{}, {} against {}</summary>{}</details>\n", escape(v.method_name(text_of(other, "method"))), mark.empty() ? "" : " (" + escape(mark) + ")",
                          escape(v.label(static_cast<int>(integer_of(contrast, "b")))), escape(v.label(static_cast<int>(integer_of(contrast, "a")))), both(get(other, "gained"), get(other, "lost")));
    }
  return panel("words", "Words gained and lost",
               fmt::format("share of the positive score over all classes, {} − {}, by {}; 95 % intervals", escape(v.label(v.b)), escape(v.label(v.a)), escape(v.method_name(text_of(words, "method")))), body);
}

std::string hide_section(const ComparisonView& v) {
  const Json& hide = get(v.json, "hide");
  const Json& rows = get(hide, "rows");
  if (!rows.is_array() || rows.empty()) return html::missing("hide", "Hide test", "The hide test was not run.");
  std::string body;
  if (const auto message = text_of(hide, "message"); !message.empty()) body += fmt::format("<p class=\"note\">{}</p>\n", escape(message));
  body += "<div class=\"scroll\"><table><thead><tr><th>Hidden words</th><th>Rule</th><th class=\"n\">Hidden<small>share of a post</small></th>";
  for (const auto& r : v.runs) body += fmt::format("<th class=\"n\">{}<small>accuracy</small></th>", run_label(r));
  body += "<th>95 % intervals<span class=\"axis-ends\"><span>0</span><span>0.5</span><span>1</span></span></th>";
  if (v.contrast >= 0) body += fmt::format("<th class=\"n\">{} − {}</th>", v.runs[static_cast<std::size_t>(v.b)].letter, v.runs[static_cast<std::size_t>(v.a)].letter);
  body += "</tr></thead><tbody>\n";
  for (const auto& row : rows) {
    const auto words = text_of(row, "words"), removal = text_of(row, "removal");
    const std::string name = words == "none" ? "none" : words == "shared" ? "shared by rival classes" : words == "telling" ? "class-telling" : escape(words);
    body += fmt::format("<tr><th scope=\"row\">{}</th><td>{}</td><td class=\"n\">{}</td>", name, removal.empty() ? "–" : escape(removal), words == "none" ? "–" : share(number_of(row, "hidden_share")));
    std::vector<html::Whisker> marks;
    for (std::size_t r = 0; r < v.runs.size(); ++r) {
      const double value = number_of(get(get(row, "accuracy"), r)), drop = number_of(get(get(row, "drop"), r));
      const Json& range = get(get(row, "intervals"), r);
      body += fmt::format("<td class=\"n\">{}{}</td>", fixed(value), words == "none" || std::isnan(drop) ? "" : fmt::format("<div class=\"small\">{} against none hidden</div>", with_sign(-drop)));
      marks.push_back({value, number_of(range, "low"), number_of(range, "high"), v.runs[r].series, v.runs[r].letter});
    }
    body += "<td>" + html::whiskers(marks, 0, 1) + "</td>";
    if (v.contrast >= 0) body += difference_cell(difference_of(get(get(row, "differences"), static_cast<std::size_t>(v.contrast))));
    body += "</tr>\n";
  }
  body += "</tbody></table></div>\n<p class=\"pad quiet\">Needs no attributor: a model that leans on telling words loses little when shared words are hidden, and much when telling words are. "
          "Where “delete” and “pad” part, a model has learnt to treat [PAD] specially.</p>\n";
  return panel("hide", "Hide test", "accuracy after hiding words; no attributor is involved", body);
}

std::string references_section(const ComparisonView& v) {
  const Json& references = get(v.json, "references");
  if (!references.is_object() || references.empty()) return html::missing("references", "References", "No references were computed.");
  std::vector<std::string> metrics;
  for (const auto& [id, r] : references.items())
    if (const Json& means = get(r, "means"); means.is_array())
      for (const auto& m : means)
        if (const auto name = text_of(m, "metric"); std::find(metrics.begin(), metrics.end(), name) == metrics.end()) metrics.push_back(name);
  std::string body = "<div class=\"scroll\"><table><thead><tr><th>Metric</th>";
  for (const auto& [id, r] : references.items()) body += fmt::format("<th class=\"n\">{}</th>", escape(text_of(r, "name").empty() ? id : text_of(r, "name")));
  for (const auto& r : v.runs) body += fmt::format("<th class=\"n\">{}<small>{}</small></th>", run_label(r), escape(v.method_name(v.judge)));
  body += "</tr></thead><tbody>\n";
  for (const auto& metric : metrics) {
    body += fmt::format("<tr><th scope=\"row\">{}</th>", escape(metric));
    for (const auto& [id, r] : references.items()) {
      double value = NAN, low = NAN, high = NAN;
      if (const Json& means = get(r, "means"); means.is_array())
        for (const auto& m : means)
          if (text_of(m, "metric") == metric) value = number_of(m, "value"), low = number_of(m, "low"), high = number_of(m, "high");
      body += value_cell(value, low, high);
    }
    const Json& row = v.mean(v.judge, metric);
    for (std::size_t r = 0; r < v.runs.size(); ++r) {
      const Json& range = get(get(row, "intervals"), r);
      body += value_cell(number_of(get(get(row, "values"), r)), number_of(range, "low"), number_of(range, "high"));
    }
    body += "</tr>\n";
  }
  return panel("references", "References", "need no network: every word the same score, and the log-odds of document counts", body + "</tbody></table></div>\n");
}

std::string seeds_section(const ComparisonView& v) {
  const Json& seeds = get(v.json, "seeds");
  if (!seeds.is_array() || seeds.empty()) return {};
  std::string body = "<div class=\"scroll\"><table><thead><tr><th>Preset</th><th>Metric</th><th>Each seed</th><th class=\"n\">Mean<small>Student t, 95 %</small></th></tr></thead><tbody>\n";
  for (const auto& group : seeds)
    for (const auto& row : get(group, "rows").is_array() ? get(group, "rows") : Json::array()) {
      std::vector<std::string> values;
      if (const Json& list = get(row, "values"); list.is_array())
        for (const auto& x : list) values.push_back(fixed(number_of(x)));
      const auto method = text_of(row, "method");
      body += fmt::format("<tr><th scope=\"row\">{}</th><td>{}{}</td><td>{}</td>{}</tr>\n", escape(text_of(group, "preset")), escape(text_of(row, "metric")),
                          method.empty() ? "" : fmt::format(" <span class=\"small\">{}</span>", escape(v.method_name(method))), fmt::join(values, " · "),
                          value_cell(number_of(row, "mean"), number_of(row, "low"), number_of(row, "high")));
    }
  return panel("seeds", "Seeds", "runs that differ in the seed alone", body + "</tbody></table></div>\n");
}

std::string classes_section(const ComparisonView& v) {
  const Json& calibration = get(get(v.json, "calibration"), "runs");
  if (!calibration.is_array() || calibration.empty()) return {};
  const auto names = short_names(v.classes);
  std::string body = "<div class=\"scroll\"><table><thead><tr><th>Class</th>";
  for (const auto& r : v.runs) body += fmt::format("<th class=\"n\">{}<small>F1</small></th><th class=\"n\"><small>precision</small></th><th class=\"n\"><small>recall</small></th>", run_label(r));
  body += "<th class=\"n\">Posts</th></tr></thead><tbody>\n";
  for (std::size_t c = 0; c < v.classes.size(); ++c) {
    body += fmt::format("<tr><th scope=\"row\">{}</th>", escape(names[c]));
    std::int64_t posts = -1;
    for (std::size_t r = 0; r < v.runs.size(); ++r) {
      const Json& row = get(get(get(calibration, r), "classes"), c);
      posts = std::max(posts, integer_of(row, "support"));
      body += fmt::format("<td class=\"n\">{}</td><td class=\"n quiet\">{}</td><td class=\"n quiet\">{}</td>", fixed(number_of(row, "f1")), fixed(number_of(row, "precision")), fixed(number_of(row, "recall")));
    }
    body += fmt::format("<td class=\"n\">{}</td></tr>\n", posts >= 0 ? thousands(posts) : "–");
  }
  return panel("classes", "Each class", "how well each is recognised", body + "</tbody></table></div>\n");
}

/// A protocol value in words: scalars as they are, lists joined, objects as "key value".
std::string plain(const Json& value, int depth = 0) {
  if (value.is_string()) return escape(value.get<std::string>());
  if (value.is_boolean()) return value.get<bool>() ? "yes" : "no";
  if (value.is_number_integer()) return thousands(value.is_number_unsigned() ? static_cast<std::int64_t>(std::min<std::uint64_t>(value.get<std::uint64_t>(), INT64_MAX)) : value.get<std::int64_t>());
  if (value.is_number()) return fmt::format("{:.6g}", value.get<double>());
  if (value.is_null() || depth > 3) return "–";
  std::vector<std::string> parts;
  if (value.is_array())
    for (const auto& x : value) parts.push_back(plain(x, depth + 1));
  else
    for (const auto& [k, x] : value.items()) parts.push_back(escape(k) + " " + plain(x, depth + 1));
  return parts.empty() ? "–" : fmt::format("{}", fmt::join(parts, ", "));
}

std::string protocol_section(const ComparisonView& v) {
  const Json& protocol = get(v.json, "protocol");
  if (!protocol.is_object() || protocol.empty()) return html::missing("protocol", "Protocol", "The document carries no protocol: its figures should not be put beside others.");
  static const std::vector<std::pair<std::string, std::string>> order = {
      {"dataset", "Data set"}, {"split", "Split"}, {"posts", "Posts"}, {"posts_by_class", "Posts of each class"}, {"class_rule", "Explained class"}, {"output", "Output"}, {"unit", "Unit"}, {"sign", "Sign"},
      {"top", "k"}, {"words", "Words"}, {"stop_words", "Stop words left out"}, {"shared", "Shared from s(w) of"}, {"telling", "Telling from specificity of"}, {"judge", "Judge"}, {"intervals", "Intervals"}, {"rivals", "Rival of each class"}, {"max_length", "Most pieces read, each run"}, {"compute", "Computed with"}};
  std::string body = "<dl>";
  const auto add = [&](const std::string& name, const std::string& value) { body += fmt::format("<dt>{}</dt><dd>{}</dd>", escape(name), value); };
  for (const auto& [key, name] : order)
    if (const Json& value = get(protocol, key); !value.is_null()) add(name, key == "judge" ? escape(v.method_name(text_of(value))) : plain(value));
  for (const auto& [key, value] : protocol.items())
    if (key != "methods" && key != "notes" && std::none_of(order.begin(), order.end(), [&](const auto& o) { return o.first == key; })) add(key, plain(value));
  if (const Json& methods = get(protocol, "methods"); methods.is_array())
    for (const auto& m : methods) add(v.method_name(text_of(m, "method")), fmt::format("{}{}<br><span class=\"mono\">{}</span>", escape(v.loss_mark(text_of(m, "method"))), "", plain(get(m, "protocol"))));
  if (const double seconds = number_of(v.json, "seconds"); std::isfinite(seconds)) add("Time taken", duration(seconds));
  body += "</dl>\n";
  if (const Json& notes = get(protocol, "notes"); notes.is_array())
    for (const auto& n : notes)
      if (n.is_string()) body += fmt::format("<p class=\"note\">{}</p>\n", escape(n.get<std::string>()));
  for (std::size_t r = 0; r < v.runs.size(); ++r) {
    const Json& info = get(get(v.json, "runs"), r);
    const Json& settings = get(info, "settings");
    if (!settings.is_object() || settings.empty()) continue;
    body += fmt::format("<details><summary>Settings of {}</summary><dl>", escape(v.label(static_cast<int>(r))));
    if (const auto fingerprint = text_of(info, "fingerprint"); !fingerprint.empty()) add("fingerprint", "<span class=\"mono\">" + escape(fingerprint) + "</span>");
    for (const auto& [key, value] : settings.items()) add(key, plain(value));
    body += "</dl></details>\n";
  }
  return panel("protocol", "Protocol", "figures of another protocol do not belong beside these", body);
}

}  // namespace

std::string comparison_html(const Json& comparison) {
  const ComparisonView view(comparison);
  std::string css;
  std::string body = lead(view);
  body += runs_section(view);
  body += overlap_section(view, css);
  body += contrastivity_section(view);
  body += words_section(view);
  body += comparison_posts(view);
  body += hide_section(view);
  body += references_section(view);
  body += seeds_section(view);
  body += classes_section(view);
  body += protocol_section(view);
  return html::page(view.headline(), body, css);
}

}  // namespace telltale
