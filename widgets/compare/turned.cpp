#include "widgets/compare/turned.hpp"

#include <algorithm>
#include <numeric>

#include "report/html.hpp"

namespace telltale::ui {
namespace {

void negate(Json& o) {
  if (!o.is_object()) return;
  const auto minus = [&](const char* key) { return o.contains(key) && o[key].is_number() ? Json(-o[key].get<double>()) : Json(nullptr); };
  if (o.contains("difference")) o["difference"] = minus("difference");
  const Json low = minus("high"), high = minus("low");
  if (o.contains("low")) o["low"] = low;
  if (o.contains("high")) o["high"] = high;
  if (const std::string v = text_of(o, "verdict"); v == "better" || v == "worse") o["verdict"] = v == "better" ? "worse" : "better";
}

class Turner {
 public:
  Turner(Json& d, std::vector<int> order, std::size_t contrasts, int lead, bool minus) : d_(d), order_(std::move(order)), contrasts_(contrasts), lead_(lead), minus_(minus) {}

  void turn() {
    runs(d_, "runs");
    if (Json& all = in(d_, "runs"); all.is_array())
      for (Json& r : all) number(r, "control");
    Json& protocol = in(d_, "protocol");
    runs(protocol, "max_length");
    each(in(protocol, "methods"), [&](Json& m) { runs(m, "in_loss"); });
    for (const char* key : {"pairs", "means"})
      each(in(d_, key), [&](Json& row) {
        runs(row, "in_loss_runs"), runs(row, "values"), runs(row, "intervals"), differences(row, "differences");
        if (const Json& lead = get(get(row, "differences"), 0); lead.is_object())
          for (const char* k : {"difference", "low", "high", "clear", "verdict"}) row[k] = lead.value(k, Json());
      });
    each(in(d_, "matrices"), [&](Json& m) { runs(m, "runs"); });
    each(in(d_, "lists"), [&](Json& l) { number(l, "run"); });
    Json& words = in(d_, "words");
    change(words);
    each(in(words, "all"), [&](Json& w) { change(w); });
    Json& accuracy = in(d_, "accuracy");
    runs(accuracy, "runs");
    contrasts(accuracy, "contrasts", [&](Json& c) {
      negate(in(c, "accuracy")), negate(in(c, "macro_f1"));
      if (Json& m = in(c, "mcnemar"); m.is_object() && m.contains("only_a") && m.contains("only_b")) std::swap(m["only_a"], m["only_b"]);
    });
    runs(in(d_, "calibration"), "runs");
    Json& hide = in(d_, "hide");
    each(in(hide, "rows"), [&](Json& r) { runs(r, "accuracy"), runs(r, "intervals"), runs(r, "drop"), differences(r, "differences"); });
    runs(hide, "parted");
    each(in(d_, "seeds"), [&](Json& s) { each(in(s, "runs"), [&](Json& i) { i = where(i); }); });
    each(in(d_, "posts"), [&](Json& p) {
      runs(p, "predicted"), runs(p, "probability");
      each(in(p, "words"), [&](Json& w) { runs(w, "scores"); });
    });
    contrasts(d_, "contrasts", [](Json& c) { if (c.contains("a") && c.contains("b")) std::swap(c["a"], c["b"]); });
    each(in(d_, "contrasts"), [&](Json& c) { number(c, "a"), number(c, "b"); });
    if (lead_ < 0) {  // the document does not hold their difference
      if (!d_["contrasts"].is_array()) d_["contrasts"] = Json::array();
      d_["contrasts"].push_back({{"a", 0}, {"b", 1}, {"why", "chosen"}});
      d_["judged"] = d_["contrasts"].size() - 1;
    } else {
      d_["judged"] = 0;
    }
  }

 private:
  Json& in(Json& o, const char* key) {
    if (o.is_object()) {
      if (const auto it = o.find(key); it != o.end()) return *it;
    }
    return none_ = Json();
  }
  template <class F>
  static void each(Json& list, F&& f) {
    if (list.is_array())
      for (Json& x : list) f(x);
  }
  void runs(Json& o, const char* key) {
    Json& list = in(o, key);
    if (!list.is_array() || list.size() != order_.size()) return;
    Json out = Json::array();
    for (const int i : order_) out.push_back(std::move(list[static_cast<std::size_t>(i)]));
    list = std::move(out);
  }
  Json where(const Json& old) const {
    if (!old.is_number_integer()) return old;
    const auto it = std::find(order_.begin(), order_.end(), old.get<std::int64_t>());
    return it == order_.end() ? old : Json(it - order_.begin());
  }
  void number(Json& o, const char* key) {
    Json& i = in(o, key);
    if (i.is_number_integer()) i = where(i);
  }
  template <class F>
  void contrasts(Json& o, const char* key, F&& flip) {
    Json& list = in(o, key);
    if (lead_ < 0 || !list.is_array() || list.size() != contrasts_) return;
    if (minus_) flip(list[static_cast<std::size_t>(lead_)]);
    std::rotate(list.begin(), list.begin() + lead_, list.begin() + lead_ + 1);
  }
  void differences(Json& o, const char* key) { contrasts(o, key, negate); }
  void change(Json& w) {
    Json& c = in(w, "contrast");
    const bool chosen = c.is_number_integer() && c.get<std::int64_t>() == lead_;
    if (chosen && minus_) {
      for (const char* key : {"gained", "lost"}) each(in(w, key), negate);
      if (w.contains("gained") && w.contains("lost")) std::swap(w["gained"], w["lost"]);
    }
    for (const char* key : {"gained", "lost"}) each(in(w, key), [&](Json& x) { runs(x, "values"); });
    if (c.is_number_integer() && lead_ >= 0) c = chosen ? Json(0) : Json(c.get<std::int64_t>() + (c.get<std::int64_t>() < lead_ ? 1 : 0));
  }

  Json& d_;
  Json none_;
  std::vector<int> order_;
  std::size_t contrasts_;
  int lead_;
  bool minus_;
};

}  // namespace

Turned turned(const Json& document, int a, int b, const std::string& method) {
  Turned out{document, {}};
  Json& d = out.document;
  const Json& list = get(document, "runs");
  const int n = list.is_array() ? static_cast<int>(list.size()) : 0;
  out.order.resize(static_cast<std::size_t>(n));
  std::iota(out.order.begin(), out.order.end(), 0);
  if (b >= 0 && a >= 0 && a != b && a < n && b < n) {
    out.order = {a, b};
    for (int i = 0; i < n; ++i)
      if (i != a && i != b) out.order.push_back(i);
    int lead = -1;
    bool minus = false;
    const Json& contrasts = get(document, "contrasts");
    const std::size_t count = contrasts.is_array() ? contrasts.size() : 0;
    for (std::size_t c = 0; c < count && lead < 0; ++c) {
      const auto x = integer_of(contrasts[c], "a"), y = integer_of(contrasts[c], "b");
      if ((x == a && y == b) || (x == b && y == a)) lead = static_cast<int>(c), minus = x == b;
    }
    Turner(d, out.order, count, lead, minus).turn();
  }
  if (!d.is_object() || !get(d, "protocol").is_object()) return out;
  if (!method.empty()) d["protocol"]["judge"] = method;
  // Words lead with the method and the pair that were chosen.
  const std::string judge = text_of(get(d, "protocol"), "judge");
  const auto judged = integer_of(d, "judged");
  if (const Json& words = get(d, "words"); words.is_object() && (text_of(words, "method") != judge || integer_of(words, "contrast") != judged)) {
    Json gained = Json::array(), lost = Json::array();
    if (const Json& all = get(words, "all"); all.is_array())
      for (const Json& w : all)
        if (text_of(w, "method") == judge && integer_of(w, "contrast") == judged) gained = w.value("gained", Json::array()), lost = w.value("lost", Json::array());
    d["words"]["gained"] = gained, d["words"]["lost"] = lost, d["words"]["method"] = judge, d["words"]["contrast"] = judged;
  }
  return out;
}

}  // namespace telltale::ui
