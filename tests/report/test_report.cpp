// Colours, numbers, and the pages: what they say, that nothing escapes from them, that nothing breaks them.
#include <QtTest>

#include <cmath>
#include <regex>
#include <set>

#include "base/random.hpp"
#include "report/comparison_html.hpp"
#include "report/comparison_view.hpp"
#include "report/example.hpp"
#include "report/explanation_view.hpp"
#include "report/html.hpp"
#include "report/numbers.hpp"
#include "report/post_text.hpp"
#include "report/theme.hpp"

using namespace telltale;

namespace {

const std::string hostile = "</style><script>alert(1)</script><img src=x onerror=alert(1)>\"'&\u202e \xff\xfe javascript:alert(1)";

std::size_t count(const std::string& text, const std::string& what) {
  std::size_t n = 0;
  for (std::size_t at = 0; (at = text.find(what, at)) != text.npos; at += what.size()) ++n;
  return n;
}

/// Every string in the document becomes hostile; with `keys` the keys of free objects too.
void poison(Json& j) {
  if (j.is_string()) j = hostile;
  else if (j.is_structured())
    for (auto& x : j) poison(x);
}

/// Tags, one by one: the page may hold no element or attribute that loads, runs or leads anywhere.
void check_inert(const std::string& page) {
  for (const char* bad : {"<script", "<img", "<iframe", "<object", "<embed", "<link", "<form", "<a ", "<base", "<video", "<audio", "@import", "url(", "<foreignObject", "<use"}) QVERIFY2(page.find(bad) == page.npos, bad);
  const std::regex event("<[a-zA-Z][^<>]*\\son[a-z]+\\s*=");
  std::string outside = page;
  // Attribute values may hold any text; take them out before looking for handlers.
  outside = std::regex_replace(outside, std::regex("\"[^\"]*\""), "\"\"");
  QVERIFY(!std::regex_search(outside, event));
  QCOMPARE(count(page, "http://") + count(page, "https://") + count(page, "src=x onerror=alert(1)>"), std::size_t{0});
  QVERIFY(page.find("default-src 'none'") != page.npos);
  QCOMPARE(count(page, "<style>"), std::size_t{1});
  QCOMPARE(count(page, "</style>"), std::size_t{1});
}

/// Open and close tags match, and no attribute is left open.
void check_balanced(const std::string& page) {
  static const std::set<std::string> empty = {"meta", "input", "br", "path", "circle", "rect", "!DOCTYPE"};
  std::vector<std::string> open;
  const std::size_t body = page.find("</style>");
  for (std::size_t i = body; i < page.size(); ++i) {
    if (page[i] != '<') continue;
    std::size_t end = i + 1;
    bool quote = false;
    for (; end < page.size() && (quote || page[end] != '>'); ++end)
      if (page[end] == '"') quote = !quote;
    QVERIFY(end < page.size());
    const bool close = page[i + 1] == '/';
    std::size_t n = i + 1 + close;
    while (std::isalnum(static_cast<unsigned char>(page[n])) || page[n] == '!') ++n;
    const std::string name = page.substr(i + 1 + close, n - i - 1 - close);
    if (name == "style") { i = end; continue; }
    if (close) {
      QVERIFY2(!open.empty() || name == "head", name.c_str());
      if (open.empty()) { i = end; continue; }
      QVERIFY2(open.back() == name, (open.back() + " closed by " + name + " near " + page.substr(i > 80 ? i - 80 : 0, 160)).c_str());
      open.pop_back();
      if (name == "body") break;
    } else if (!empty.count(name)) {
      open.push_back(name);
    }
    i = end;
  }
  QVERIFY(open.empty());
}

}  // namespace

class TestReport : public QObject {
  Q_OBJECT
 private Q_SLOTS:
  void colour_of_a_score_is_linear_in_oklab() {
    for (const Palette* p : {&theme().light, &theme().dark}) {
      const auto& stops = p->for_target.stops();
      QCOMPARE(stops.size(), std::size_t{11});
      for (int i = 0; i <= 10; ++i) QVERIFY(p->for_target.colour(i / 10.0) == stops[static_cast<std::size_t>(i)]);
      const OkLab a = to_oklab(stops[3]), b = to_oklab(stops[4]), m = to_oklab(p->for_target.colour(0.35));
      QVERIFY(std::abs(m.L - (a.L + b.L) / 2) < 0.003 && std::abs(m.a - (a.a + b.a) / 2) < 0.003 && std::abs(m.b - (a.b + b.b) / 2) < 0.003);
      QVERIFY(p->heat(0, 1).ground == (*p)["panel"]);
      QVERIFY(p->heat(5, 1).ground == stops[10]);                       // beyond the domain: the end
      QVERIFY(p->heat(-5, 1).ground == p->against_target.stops()[10]);
      QVERIFY(p->heat(NAN, 1).ground == stops[0]);
      QVERIFY(p->heat(0.5, 1, 0.5).ground == p->for_target.colour(std::sqrt(0.5)));
    }
  }

  void oklab_is_ottossons() {
    const OkLab white = to_oklab({255, 255, 255}), red = to_oklab({255, 0, 0});
    QVERIFY(std::abs(white.L - 1) < 1e-4 && std::abs(white.a) < 1e-4);
    QVERIFY(std::abs(red.L - 0.62796) < 1e-4 && std::abs(red.a - 0.22486) < 1e-4 && std::abs(red.b - 0.12585) < 1e-4);
    for (int i = 0; i < 256; i += 5) {
      const Rgb c{static_cast<std::uint8_t>(i), static_cast<std::uint8_t>(255 - i), static_cast<std::uint8_t>(i / 2)};
      QVERIFY(from_oklab(to_oklab(c)) == c);
    }
    QVERIFY(std::abs(contrast({0, 0, 0}, {255, 255, 255}) - 21) < 1e-9);
    QVERIFY(std::abs(contrast({0x77, 0x77, 0x77}, {255, 255, 255}) - 4.478) < 1e-3);
  }

  void text_keeps_its_contrast_on_the_whole_scale() {
    for (const Palette* p : {&theme().light, &theme().dark})
      for (const ColourRamp* ramp : {&p->for_target, &p->against_target, &p->amount})
        for (int i = 0; i <= 1000; ++i) {
          const Cell c = ramp->cell(i / 1000.0);
          QVERIFY2(contrast(c.ground, c.ink) >= 4.5, (hex(c.ground) + " " + hex(c.ink)).c_str());
          if (contrast(c.ground, (*p)["text"]) >= 4.5) QVERIFY(c.ink == (*p)["text"]);
        }
  }

  void domain_is_the_99th_percentile() {
    std::vector<double> v;
    for (int i = 0; i <= 100; ++i) v.push_back(i % 2 ? -i : i);
    QCOMPARE(score_domain(v), 99.0);
    QCOMPARE(score_domain({}), 1.0);
    QCOMPARE(score_domain({0, 0, NAN, INFINITY}), 1.0);
    std::vector<double> one(1000, 0.0);
    one[500] = -0.25;
    QCOMPARE(score_domain(one), 0.25);
  }

  void theme_errors_name_the_place() {
    for (const char* bad : {"{}", "[]", "{\"fonts\":{},\"spacing\":{},\"strokes\":{},\"light\":{\"text\":\"red\"},\"dark\":{}}", "nonsense"}) {
      bool thrown = false;
      try {
        parse_theme(bad, "my.json");
      } catch (const std::runtime_error& e) {
        thrown = std::string(e.what()).rfind("my.json", 0) == 0 && std::string(e.what()).find('\n') == std::string::npos;
      }
      QVERIFY2(thrown, bad);
    }
  }

  void numbers_read_as_agreed() {
    QCOMPARE(fixed(-0.0144), std::string("\u22120.014"));
    QCOMPARE(with_sign(0.6044), std::string("+0.604"));
    QCOMPARE(with_sign(-0.0001), std::string("0.000"));
    QCOMPARE(fixed(NAN), std::string("\u2013"));
    QCOMPARE(with_sign(INFINITY), std::string("+\u221e"));
    QCOMPARE(fixed(1e300).size(), std::string("1.000e+300").size());
    QCOMPARE(thousands(1170), std::string("1,170"));
    QCOMPARE(thousands(-1234567), std::string("\u22121,234,567"));
    QCOMPARE(thousands(12), std::string("12"));
    QCOMPARE(signed_interval(-0.014, 0.008), std::string("\u22120.014 to +0.008"));
    QCOMPARE(share(0.063), std::string("6.3 %"));
    QCOMPARE(score_decimals(0.5), 3);
    QCOMPARE(score_decimals(0.0099), 3);
    QCOMPARE(score_decimals(0.0016), 4);
    QCOMPARE(score_decimals(0.0002), 5);
    QCOMPARE(score_decimals(0), 7);
    QCOMPARE(duration(1.9), std::string("1.90 s"));
    QCOMPARE(duration(509), std::string("8 min 29 s"));
    QCOMPARE(duration(5820), std::string("1 h 37 min"));
  }

  void segments_cover_any_text() {
    const std::string text = "na\u00efve \u4e16\u754c caf\u00e9 end";
    std::vector<Segment> s = segments(text, {{0, 6}, {7, 13}, {7, 9}, {-1, -1}, {14, 99}, {3, 3}, {16, 18}});
    std::string all;
    std::size_t at = 0;
    for (const auto& x : s) {
      QCOMPARE(x.begin, at);
      at = x.end;
      all += text.substr(x.begin, x.end - x.begin);
    }
    QCOMPARE(all, text);
    QVERIFY(s[0].word == 0 && s[0].end == 6);
    QVERIFY(s[2].word == 1);
    // Random spans, also inside characters: always a cover, borders always between characters.
    Rng rng(7);
    for (int k = 0; k < 500; ++k) {
      std::vector<Span> words;
      for (int i = 0; i < 12; ++i) words.push_back({static_cast<std::int64_t>(rng.below(40)) - 5, static_cast<std::int64_t>(rng.below(40)) - 5});
      at = 0;
      for (const auto& x : segments(text, words)) {
        QCOMPARE(x.begin, at);
        QVERIFY(x.end > x.begin && x.end <= text.size());
        QVERIFY(x.begin == 0 || (static_cast<unsigned char>(text[x.begin]) & 0xC0) != 0x80);
        at = x.end;
      }
      QCOMPARE(at, text.size());
    }
  }

  void quotes_heads_and_titles() {
    const std::string text = "From: a@b.example\nSubject: Re: Phillies  bullpen\n\n> quoted\n> more\nown words\n";
    const auto q = quoted_parts(text);
    QCOMPARE(q.size(), std::size_t{2});
    QCOMPARE(text.substr(static_cast<std::size_t>(q[1].begin), static_cast<std::size_t>(q[1].end - q[1].begin)), std::string("> quoted\n> more\n"));
    QCOMPARE(title_of(text), std::string("Re: Phillies bullpen"));
    QCOMPARE(title_of("one  two\nthree four", 10), std::string("one two th\u2026"));
    QCOMPARE(title_of("\n\n"), std::string("(empty post)"));
    QCOMPARE(title_of(std::string("\0\xff", 2)), std::string("\uFFFD\uFFFD"));
    QCOMPARE(quoted_parts("Note: this is prose\nand not a head").size(), std::size_t{0});
  }

  void class_names_are_short_and_told_apart() {
    using V = std::vector<std::string>;
    QCOMPARE(short_names(V{"comp.sys.ibm.pc.hardware", "comp.sys.mac.hardware", "rec.autos"}), (V{"pc.hardware", "mac.hardware", "autos"}));
    QCOMPARE(short_names(V{"v1.2", "v1.3"}), (V{"v1.2", "v1.3"}));
    QCOMPARE(short_names(V{"a.b", "b"}), (V{"a.b", "b"}));
    QCOMPARE(short_names(V{"x.", "..", ""}), (V{"x.", "..", ""}));
  }

  void page_says_what_came_out() {
    const test::Example example(2);
    const Json doc = example.comparison();
    const std::string page = comparison_html(doc);
    check_inert(page);
    check_balanced(page);
    QVERIFY(page.find("Classes share fewer of their words with contrastive than with baseline") != page.npos);
    QVERIFY(page.find("no clear difference") != page.npos);
    QVERIFY(page.find("in the loss of B") != page.npos);
    for (const char* id : {"runs", "overlap", "contrastivity", "words", "posts", "hide", "references", "classes", "protocol"}) QVERIFY2(page.find(std::string("id=\"") + id + "\"") != page.npos, id);
    QCOMPARE(count(page, "<article"), doc["posts"].size());
    QCOMPARE(count(page, "type=\"radio\" class=\"hidden\" name=\"pair\""), std::size_t{15});
    QVERIFY(page.size() < 2'000'000);
    // Every word of the painted posts is there three times: A, B, Δ.
    QVERIFY(page.find("prefers-color-scheme:dark") != page.npos && page.find("@media print") != page.npos);
    // The headline turns with the data.
    Json unclear = doc;
    for (auto& m : unclear["means"])
      for (auto& d : m["differences"]) d["low"] = -1, d["high"] = 1;  // "clear" left at true: an interval that holds zero wins
    QVERIFY(comparison_html(unclear).find("No clear difference in the words that classes share") != std::string::npos);
    Json worse = doc;
    for (auto& m : worse["means"])
      for (auto& d : m["differences"]) d["difference"] = 0.3, d["low"] = 0.2, d["high"] = 0.4, d["clear"] = true;
    QVERIFY(comparison_html(worse).find("Classes share more of their words") != std::string::npos);
  }

  void page_of_three_runs_leads_with_the_control() {
    const std::string page = comparison_html(test::Example(3).comparison());
    check_balanced(page);
    QVERIFY(page.find("with contrastive than with control") != page.npos);
    QVERIFY(page.find("Δ = B − C") != page.npos);
    check_balanced(comparison_html(test::Example(1).comparison()));
  }

  void hostile_text_stays_text() {
    Json doc = test::Example(2).comparison();
    poison(doc);
    // The keys that steer the page keep their meaning, so that every section is drawn with poison in it.
    doc["protocol"]["judge"] = hostile;
    for (auto& m : doc["means"]) m["metric"] = "overlap@" + hostile;
    const std::string page = comparison_html(doc);
    check_inert(page);
    check_balanced(page);
    doc["protocol"][hostile] = hostile;
    doc["runs"][0]["settings"][hostile] = hostile;
    doc["references"][hostile] = {{"means", {{{"metric", hostile}}}}};
    check_inert(comparison_html(doc));
    check_balanced(comparison_html(doc));
  }

  void nothing_breaks_the_page() {
    const Json doc = test::Example(2).comparison();
    for (const Json& odd : {Json(), Json(3), Json("x"), Json::array(), Json::object(), Json::array({1, "x", nullptr})}) {
      check_balanced(comparison_html(odd));
      for (const auto& [key, value] : doc.items()) {
        Json changed = doc;
        changed[key] = odd;
        check_balanced(comparison_html(changed));
        changed.erase(key);
        check_balanced(comparison_html(changed));
      }
    }
    // Values deep inside replaced by others, seeded.
    Rng rng(11);
    std::vector<Json::json_pointer> places;
    const Json flat = doc.flatten();
    for (const auto& [pointer, value] : flat.items()) places.emplace_back(pointer);
    for (int k = 0; k < 60; ++k) {
      Json changed = doc;
      for (int i = 0; i < 400; ++i) {
        const Json values[] = {Json(), -1, 1e308, -1e308, INT64_MAX, INT64_MIN, UINT64_MAX, true, "<b>", Json::array(), Json::object()};
        const auto& place = places[rng.below(places.size())];
        if (changed.contains(place)) changed[place] = values[rng.below(std::size(values))];
      }
      check_balanced(comparison_html(changed));
    }
  }

  void explanation_adds_up() {
    ExplanationRecord r;
    const std::string text = "The Phillies <won>";
    r.ids = {101, 1, 2, 3, 102}, r.offsets = {{}, {0, 3}, {4, 12}, {13, 18}, {}}, r.scores = {0.1, 0.2, 0.5, -0.3, 0.05};
    r.words = {{0, 3}, {4, 12}, {13, 18}}, r.word_scores = {0.2, 0.5, -0.3};
    r.value = 0.75, r.baseline_value = 0.2, r.delta = 0.003, r.target = 1, r.method = "integrated-gradients", r.steps = 8;
    r.protocol = {{"output", "probability"}}, r.prediction = {{"logits", {0.0, 0.0}}, {"predicted", 1}};
    const std::vector<std::string> classes = {"rec.autos", "<i>hockey</i>"};
    const ExplanationView v(r, text, classes);
    QCOMPARE(v.ranked.size(), std::size_t{3});
    QCOMPARE(v.ranked[0].text, std::string("Phillies"));
    QCOMPARE(v.ranked[2].text, std::string("<won>"));
    QCOMPARE(v.ranked[0].share, 0.5);
    QCOMPARE(v.cls, 0.1);
    QCOMPARE(v.sep, 0.05);
    QCOMPARE(v.other, 0.0);
    QVERIFY(std::abs(v.sum - 0.55) < 1e-12 && std::abs(v.words_sum - 0.4) < 1e-12);
    QVERIFY(v.badge == Badge::good);
    QCOMPARE(v.badge_text(), std::string("delta 0.55 %"));
    QCOMPARE(v.probabilities[0], 0.5);
    const OrderedJson j = explanation_json(r, text, classes, [](std::int32_t id) { return "t" + std::to_string(id); });
    QCOMPARE(j["tokens"].size(), std::size_t{5});
    QVERIFY(j["tokens"][0]["begin"].is_null() && j["tokens"][0]["text"] == "t101");
    QCOMPARE(j["words"][1]["text"].get<std::string>(), std::string("Phillies"));
    QCOMPARE(j["target"].get<std::string>(), classes[1]);
    const std::string page = explanations_html("run <x>", "about & so", {{r, text, "id\"", 1}}, classes);
    check_inert(page);
    check_balanced(page);
    QVERIFY(page.find("&lt;won&gt;") != page.npos);
    // A damaged record: spans outside, scores short, NaN.
    r.words = {{0, 300}, {-4, 2}, {4, 12}}, r.word_scores = {1, 2, NAN}, r.scores = {1}, r.delta = NAN, r.prediction = "x", r.target = 99, r.value = NAN;
    check_balanced(explanations_html("x", "", {{r, text, "", 7}}, classes));
    QVERIFY(explanation_json(r, text, classes).dump().size() > 10);
    check_balanced(explanations_html("none", "", {}, {}));
  }
};

QTEST_GUILESS_MAIN(TestReport)
#include "test_report.moc"
