#include "report/example.hpp"

#include <algorithm>
#include <cctype>
#include <cmath>
#include <fstream>
#include <set>
#include <stdexcept>

#include "base/random.hpp"

namespace telltale::test {
namespace {

const char* const run_names[] = {"baseline", "contrastive", "control"};
const std::vector<std::string> methods = {"occlusion", "integrated-gradients", "gradient-x-input"};
const char* const method_names[] = {"Occlusion", "Integrated gradients", "Gradient × input"};

std::string lower(std::string_view s) {
  std::string out(s);
  for (char& c : out) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return out;
}

std::vector<Span> words_of(const std::string& text) {
  std::vector<Span> out;
  for (std::size_t i = 0; i < text.size();) {
    const auto part = [&](std::size_t k) { return std::isalnum(static_cast<unsigned char>(text[k])) || (static_cast<unsigned char>(text[k]) & 0x80); };
    if (!part(i)) { ++i; continue; }
    const std::size_t begin = i;
    while (i < text.size() && part(i)) ++i;
    out.push_back({static_cast<std::int64_t>(begin), static_cast<std::int64_t>(i)});
  }
  return out;
}

std::string word(const ExamplePost& p, std::size_t i) {
  return lower(std::string_view(p.text).substr(static_cast<std::size_t>(p.words[i].begin), static_cast<std::size_t>(p.words[i].end - p.words[i].begin)));
}

Json range(double value, double half, double low = 0, double high = 1) {
  return {{"low", std::max(low, value - half)}, {"high", std::min(high, value + half)}, {"kind", "normal"}};
}
Json difference(double value, double half, bool low_is_better) {
  const bool clear = std::abs(value) > half;
  return {{"difference", value}, {"low", value - half}, {"high", value + half}, {"kind", "normal"}, {"clear", clear},
          {"verdict", !clear ? "no clear difference" : (value < 0) == low_is_better ? "better" : "worse"}};
}

}  // namespace

Example::Example(std::size_t run_count) : runs(run_count) {
  std::ifstream file(std::string(TELLTALE_SOURCE_DIR) + "/datasets/newsgroups-mini/posts.jsonl");
  if (!file) throw std::runtime_error("datasets/newsgroups-mini/posts.jsonl is not there");
  for (std::string line; std::getline(file, line);) {
    const Json j = parse_json(line, "posts.jsonl");
    ExamplePost p{j.at("id"), j.at("label"), j.at("split"), j.at("text"), {}, {}, 0, {}, {}};
    if (j.contains("spans"))
      for (const auto& s : j["spans"]) p.spans.push_back({s.at("begin"), s.at("end"), s.at("kind")});
    p.words = words_of(p.text);
    posts.push_back(std::move(p));
  }
  std::set<std::string> names;
  for (const auto& p : posts) names.insert(p.label);
  classes.assign(names.begin(), names.end());
  for (auto& p : posts) p.label_index = static_cast<int>(std::find(classes.begin(), classes.end(), p.label) - classes.begin());
  weights_ = count_words();
  for (std::size_t n = 0; n < posts.size(); ++n) {
    auto& p = posts[n];
    if (p.split != "test") continue;
    for (std::size_t r = 0; r < runs; ++r) {
      std::vector<double> logits(classes.size(), 0), scores;
      for (std::size_t i = 0; i < p.words.size(); ++i) {
        const auto& w = weights_.at(word(p, i));
        for (std::size_t c = 0; c < classes.size(); ++c) logits[c] += w[c] * (r == 1 ? 1.1 : 0.9) + 0.02 * (r + 1);
        scores.push_back(score(static_cast<int>(r), 0, w, p.label_index, n * 4096 + i));
      }
      const double top = *std::max_element(logits.begin(), logits.end());
      double sum = 0;
      for (double& l : logits) sum += l = std::exp((l - top) / 3);
      for (double& l : logits) l /= sum;
      p.probabilities.push_back(logits);
      p.scores.push_back(scores);
    }
  }
}

std::map<std::string, std::vector<double>> Example::count_words() {
  std::map<std::string, std::vector<double>> counts;
  for (const auto& p : posts) {
    std::set<std::string> seen;
    for (std::size_t i = 0; i < p.words.size(); ++i) seen.insert(word(p, i));
    for (const auto& w : seen) {
      auto& row = counts.try_emplace(w, classes.size(), 0).first->second;
      if (p.split == "train") row[static_cast<std::size_t>(p.label_index)] += 1;
    }
  }
  for (auto& [w, row] : counts) {
    double total = 0;
    for (const double x : row) total += x;
    for (double& x : row) x = std::log((x + 0.5) / ((total - x) / static_cast<double>(classes.size() - 1) + 0.5));
  }
  return counts;
}

/// The contrastive run leans on words that tell; the baseline also on whatever comes along.
double Example::score(int run, int method, const std::vector<double>& weight, int label, std::uint64_t key) const {
  Rng rng(mix_seed(key, static_cast<std::uint64_t>(run) + 1, static_cast<std::uint64_t>(method) + 1));
  const double w = weight[static_cast<std::size_t>(label)], noise = rng.normal();
  const double strength = run == 1 ? 0.045 * w * std::abs(w) / 2 : 0.03 * w, spread = run == 1 ? 0.006 : 0.02;
  return strength + spread * noise * (1 + 0.3 * method);
}

Json Example::comparison() const {
  const std::size_t C = classes.size(), top = 10;
  std::vector<const ExamplePost*> test;
  std::vector<std::size_t> index;
  for (std::size_t n = 0; n < posts.size(); ++n)
    if (posts[n].split == "test") test.push_back(&posts[n]), index.push_back(n);
  Json doc;
  doc["classes"] = classes;
  Json& protocol = doc["protocol"];
  protocol = {{"dataset", {{"id", 1}, {"name", "newsgroups-mini"}}}, {"split", "test"}, {"posts", test.size()}, {"class_rule", "gold"}, {"unit", "word"}, {"sign", "positive"},
              {"top", top}, {"output", "probability"}, {"shared", 0.7}, {"telling", 0.8}, {"stop_words", 0}, {"judge", "occlusion"}, {"words", "lower-cased; words in fewer than 2 posts are left out; stop words count"},
              {"intervals", {{"kind", "BCa"}, {"level", 0.95}, {"resamples", 2000}, {"seed", 0}}}, {"compute", "word counts"}, {"notes", Json::array()}};
  for (std::size_t m = 0; m < methods.size(); ++m) {
    Json in_loss = Json::array();
    for (std::size_t r = 0; r < runs; ++r) in_loss.push_back(r == 1 && m == 1);
    protocol["methods"].push_back({{"method", methods[m]}, {"name", method_names[m]}, {"in_loss", in_loss}, {"protocol", {{"method", methods[m]}, {"output", "probability"}, {"removal", "delete"}}}, {"stored", 0}, {"computed", test.size()}});
  }
  for (std::size_t r = 0; r < runs; ++r)
    doc["runs"].push_back({{"run", r + 1}, {"name", run_names[r]}, {"preset", run_names[r]}, {"from", r ? Json(1) : Json()}, {"seed", 13}, {"fingerprint", std::string(16, static_cast<char>('a' + r))},
                           {"in_loss", r == 1 ? Json{"integrated-gradients"} : Json::array()}, {"settings", {{"epochs", 3}, {"learning_rate", 1e-4}}}});
  doc["contrasts"] = Json::array();
  if (runs > 1) doc["contrasts"].push_back({{"a", 0}, {"b", 1}, {"why", "given"}});
  if (runs > 2) doc["contrasts"].push_back({{"a", 2}, {"b", 1}, {"why", "control"}});
  doc["judged"] = runs > 2 ? Json(1) : runs > 1 ? Json(0) : Json();
  const auto contrasts = doc["contrasts"];

  // Lists of the top words: every post's positive scores scaled to sum 1, words in fewer than 2 posts left out.
  std::map<std::string, int> frequency;
  for (const auto* p : test) {
    std::set<std::string> seen;
    for (std::size_t i = 0; i < p->words.size(); ++i) seen.insert(word(*p, i));
    for (const auto& w : seen) ++frequency[w];
  }
  for (std::size_t m = 0; m < methods.size(); ++m) {
    std::vector<std::vector<std::map<std::string, double>>> mass(runs, std::vector<std::map<std::string, double>>(C));
    for (std::size_t r = 0; r < runs; ++r)
      for (std::size_t n = 0; n < test.size(); ++n) {
        std::vector<double> s;
        double sum = 0;
        for (std::size_t i = 0; i < test[n]->words.size(); ++i) {
          s.push_back(std::max(0.0, score(static_cast<int>(r), static_cast<int>(m), weights_.at(word(*test[n], i)), test[n]->label_index, index[n] * 4096 + i)));
          sum += s.back();
        }
        for (std::size_t i = 0; i < s.size(); ++i)
          if (const auto w = word(*test[n], i); frequency[w] >= 2 && sum > 0) mass[r][static_cast<std::size_t>(test[n]->label_index)][w] += s[i] / sum;
      }
    std::vector<std::vector<std::vector<std::string>>> lists(runs, std::vector<std::vector<std::string>>(C));
    for (std::size_t r = 0; r < runs; ++r)
      for (std::size_t c = 0; c < C; ++c) {
        std::vector<std::pair<double, std::string>> order;
        double total = 0;
        for (const auto& [w, x] : mass[r][c]) order.push_back({-x, w}), total += x;
        std::sort(order.begin(), order.end());
        Json words = Json::array();
        for (std::size_t i = 0; i < std::min(top, order.size()); ++i) {
          lists[r][c].push_back(order[i].second);
          words.push_back({{"word", order[i].second}, {"share", -order[i].first / total}, {"posts", frequency[order[i].second]}});
        }
        doc["lists"].push_back({{"method", methods[m]}, {"run", r}, {"class", classes[c]}, {"words", words}});
      }
    Json matrix = {{"metric", "overlap@10"}, {"better", "low"}, {"method", methods[m]}, {"in_loss", m == 1}, {"runs", Json::array()}};
    std::vector<double> means(runs, 0);
    std::vector<std::vector<std::vector<double>>> values(runs, std::vector<std::vector<double>>(C, std::vector<double>(C, NAN)));
    for (std::size_t r = 0; r < runs; ++r) {
      for (std::size_t a = 0; a < C; ++a)
        for (std::size_t b = 0; b < C; ++b)
          if (a != b) {
            double both = 0;
            for (const auto& w : lists[r][a]) both += std::count(lists[r][b].begin(), lists[r][b].end(), w);
            values[r][a][b] = both / static_cast<double>(top);
            means[r] += values[r][a][b] / static_cast<double>(C * (C - 1));
          }
      Json rows = Json::array();
      for (const auto& row : values[r]) {
        Json cells = Json::array();
        for (const double x : row) cells.push_back(std::isnan(x) ? Json() : Json(x));
        rows.push_back(cells);
      }
      matrix["runs"].push_back({{"values", rows}, {"mean", means[r]}});
    }
    doc["matrices"].push_back(matrix);
    const auto add = [&](Json& to, const char* metric, bool low, const std::vector<double>& v, double half, Json extra) {
      Json row = std::move(extra);
      row["metric"] = metric, row["better"] = low ? "low" : "high", row["method"] = methods[m], row["in_loss"] = m == 1, row["values"] = v, row["n"] = test.size();
      for (const double x : v) row["intervals"].push_back(range(x, half));
      row["differences"] = Json::array();
      for (const auto& c : contrasts) row["differences"].push_back(difference(v[c["b"].get<std::size_t>()] - v[c["a"].get<std::size_t>()], half, low));
      if (runs > 1) row.update(row["differences"][0]);
      to.push_back(row);
    };
    const auto per_run = [&](double start, double step) {
      std::vector<double> v;
      for (std::size_t r = 0; r < runs; ++r) v.push_back(start + (r == 1 ? step : 0.004 * static_cast<double>(r)));
      return v;
    };
    add(doc["means"], "overlap@10", true, means, 0.05, Json::object());
    add(doc["means"], "specificity", false, per_run(0.71, 0.1), 0.03, Json::object());
    add(doc["means"], "telling-share@10", false, per_run(0.52, 0.17), 0.04, Json::object());
    if (m == 2) add(doc["means"], "class-cosine", true, per_run(0.62, -0.03), 0.05, Json::object());
    for (std::size_t a = 0; a < C; ++a)
      for (std::size_t b = a + 1; b < C; ++b) {
        std::vector<double> v;
        for (std::size_t r = 0; r < runs; ++r) v.push_back(values[r][a][b]);
        add(doc["pairs"], "overlap@10", true, v, 0.15, {{"a", classes[a]}, {"b", classes[b]}});
      }
    if (m == 0 && runs > 1) {
      const std::size_t a = runs > 2 ? 2 : 0;
      std::vector<std::pair<double, std::string>> change;
      for (const auto& [w, n] : frequency) {
        double d = 0;
        for (std::size_t c = 0; c < C; ++c)
          for (const auto& [r, sign] : {std::pair{std::size_t{1}, 1.0}, {a, -1.0}})
            if (const auto it = mass[r][c].find(w); it != mass[r][c].end()) d += sign * it->second / static_cast<double>(test.size());
        change.push_back({d, w});
      }
      std::sort(change.begin(), change.end());
      doc["words"] = {{"method", methods[m]}, {"contrast", doc["judged"]}, {"gained", Json::array()}, {"lost", Json::array()}, {"all", Json::array()}};
      const auto entry = [&](const std::pair<double, std::string>& x, std::size_t i) {
        Json e = difference(x.first, 0.0006 + 0.00025 * static_cast<double>(i), false);
        e["word"] = x.second, e["posts"] = frequency[x.second];
        return e;
      };
      for (std::size_t i = 0; i < 10; ++i) doc["words"]["gained"].push_back(entry(change[change.size() - 1 - i], i)), doc["words"]["lost"].push_back(entry(change[i], i));
    }
  }

  Json &accuracy = doc["accuracy"], &calibration = doc["calibration"]["runs"];
  accuracy = {{"n", test.size()}, {"runs", Json::array()}, {"contrasts", Json::array()}};
  std::vector<double> right(runs, 0);
  for (std::size_t r = 0; r < runs; ++r) {
    double nll = 0;
    for (const auto* p : test) {
      const auto& q = p->probabilities[r];
      right[r] += std::max_element(q.begin(), q.end()) - q.begin() == p->label_index;
      nll -= std::log(q[static_cast<std::size_t>(p->label_index)] + 1e-12);
    }
    const double n = static_cast<double>(test.size()), acc = right[r] / n, half = 1.96 * std::sqrt(acc * (1 - acc) / n);
    accuracy["runs"].push_back({{"accuracy", acc}, {"low", acc - half}, {"high", std::min(1.0, acc + half)}, {"macro_f1", acc - 0.003}, {"macro_f1_low", acc - half - 0.004}, {"macro_f1_high", std::min(1.0, acc + half)}});
    Json per_class = Json::array();
    for (const auto& c : classes) per_class.push_back({{"class", c}, {"precision", acc}, {"recall", acc - 0.01}, {"f1", acc - 0.005}, {"support", test.size() / C}});
    calibration.push_back({{"accuracy", acc}, {"nll", nll / n}, {"ece", 0.031 + 0.004 * static_cast<double>(r)}, {"n", test.size()}, {"classes", per_class}});
  }
  for (const auto& c : contrasts) {
    const double d = (right[c["b"].get<std::size_t>()] - right[c["a"].get<std::size_t>()]) / static_cast<double>(test.size());
    accuracy["contrasts"].push_back({{"accuracy", difference(d, 0.02, false)}, {"macro_f1", difference(d, 0.022, false)}, {"mcnemar", {{"both", test.size() - 12}, {"only_a", 4}, {"only_b", 3}, {"neither", 5}, {"p", 1.0}}}});
  }
  const Json means = {{{"metric", "overlap@10"}, {"value", 0.75}, {"low", 0.7}, {"high", 0.8}}, {{"metric", "specificity"}, {"value", 0.58}, {"low", 0.55}, {"high", 0.6}}};
  doc["references"] = {{"uniform", {{"name", "Uniform scores"}, {"means", means}}}, {"bag-of-words", {{"name", "Bag of words"}, {"means", means}}}};
  for (const auto& [words, removal] : {std::pair{"none", ""}, {"shared", "delete"}, {"shared", "pad"}, {"telling", "delete"}, {"telling", "pad"}}) {
    Json row = {{"words", words}, {"removal", *removal ? Json(removal) : Json()}, {"hidden_share", 0.31}, {"differences", Json::array()}};
    for (std::size_t r = 0; r < runs; ++r) {
      const double v = std::string(words) == "none" ? 0.9 : std::string(words) == "shared" ? 0.86 + 0.02 * static_cast<double>(r) : 0.42 - 0.1 * static_cast<double>(r);
      row["accuracy"].push_back(v), row["intervals"].push_back(range(v, 0.05)), row["drop"].push_back(0.9 - v);
    }
    for (const auto& c : contrasts) row["differences"].push_back(difference(row["accuracy"][c["b"].get<std::size_t>()].get<double>() - row["accuracy"][c["a"].get<std::size_t>()].get<double>(), 0.03, false));
    doc["hide"]["rows"].push_back(row);
  }
  doc["hide"]["message"] = nullptr;
  for (std::size_t r = 0; r < runs; ++r)
    for (const char* words : {"shared", "telling"}) {
      const bool parts = r != 1 && std::string(words) == "shared";
      doc["hide"]["parted"][r].push_back({{"words", words}, {"difference", parts ? 0.09 : 0.01}, {"low", parts ? 0.02 : -0.03}, {"high", parts ? 0.17 : 0.05}, {"kind", "bca"}, {"parted", parts}});
    }
  doc["seeds"] = Json::array();
  std::vector<std::size_t> taken(C, 0);
  for (std::size_t n = 0; n < test.size(); ++n) {
    const auto& p = *test[n];
    if (taken[static_cast<std::size_t>(p.label_index)]++ >= 2) continue;
    Json post = {{"doc", index[n] + 1}, {"id", p.id}, {"class", p.label}, {"text", p.text}, {"cut", nullptr}, {"method", "occlusion"}, {"contrast", doc["judged"]}, {"words", Json::array()}, {"spans", Json::array()}};
    for (std::size_t r = 0; r < runs; ++r) {
      const auto& q = p.probabilities[r];
      post["predicted"].push_back(classes[static_cast<std::size_t>(std::max_element(q.begin(), q.end()) - q.begin())]);
      post["probability"].push_back(q[static_cast<std::size_t>(p.label_index)]);
    }
    for (std::size_t i = 0; i < p.words.size(); ++i) {
      Json w = {{"begin", p.words[i].begin}, {"end", p.words[i].end}, {"scores", Json::array()}};
      for (std::size_t r = 0; r < runs; ++r) w["scores"].push_back(p.scores[r][i]);
      post["words"].push_back(w);
    }
    for (const auto& s : p.spans) post["spans"].push_back({{"begin", s.begin}, {"end", s.end}, {"kind", s.kind}});
    doc["posts"].push_back(post);
  }
  doc["seconds"] = 41.2;
  return doc;
}

std::vector<std::int64_t> Example::fill(Store& store) const {
  auto import = store.begin_import("newsgroups-mini", "posts.jsonl", Json::object());
  for (const auto& p : posts) {
    Document d;
    d.external_id = p.id, d.split = p.split, d.text = p.text, d.spans = p.spans;
    import->add(d, p.label);
  }
  const DatasetInfo dataset = import->commit(Json::object());
  Store::DocumentFilter filter;
  filter.dataset = dataset.id;
  const auto ids = store.document_ids(filter);
  std::vector<std::int64_t> run_ids;
  for (std::size_t r = 0; r < runs; ++r) {
    RunRecord run;
    run.name = run_names[r], run.preset = run_names[r], run.dataset = dataset.id, run.model = "MiniLM-L6", run.status = RunStatus::finished, run.steps = run.step = 60;
    run.settings = {{"epochs", 3}, {"seed", 13}, {"learning_rate", 1e-4}};
    run.metrics = {{"accuracy", 0.914 - 0.003 * static_cast<double>(r)}, {"macro_f1", 0.91}};
    run.fingerprint = std::string(16, static_cast<char>('a' + r));
    run.created = run.started = "2024-05-09T14:02:00Z";
    run.id = store.add_run(run);
    run_ids.push_back(run.id);
    std::vector<StepRecord> steps;
    for (int s = 1; s <= 60; ++s) {
      StepRecord step;
      step.step = s, step.epoch = s / 20.0, step.seconds = 1.9 * s, step.gradient_norm = 4.0 / s + 1, step.learning_rate = 1e-4 * (60 - s) / 60, step.tokens_per_second = 926, step.memory_mib = 812;
      step.terms = {{"class", 1.8 / s + 0.1}, {"total", 1.8 / s + (r == 1 ? 1.2 : 0.1)}}, step.shares = {{"class", 1.0}};
      if (r == 1) step.terms["attribution"] = 1.1, step.shares = {{"class", 0.4}, {"attribution", 0.6}};
      step.documents = {ids[static_cast<std::size_t>(s)], ids[static_cast<std::size_t>(s) + 1]};
      steps.push_back(step);
    }
    store.add_steps(run.id, steps);
    for (const int s : {20, 40, 60}) store.add_validation(run.id, {s, "test", {{"accuracy", 0.6 + 0.005 * s}, {"macro_f1", 0.6}}});
    std::vector<ExplanationRecord> records;
    for (std::size_t n = 0; n < posts.size(); ++n) {
      const auto& p = posts[n];
      if (p.scores.empty()) continue;
      ExplanationRecord e;
      e.fingerprint = run.fingerprint, e.run = run.id, e.document = ids[n], e.method = "integrated-gradients", e.target = p.label_index, e.steps = 24;
      e.protocol = {{"method", "integrated-gradients"}, {"output", "probability"}, {"path", "word"}, {"quadrature", "gauss-legendre"}, {"tolerance", 0.01}, {"unit", "word"}};
      std::vector<double> logits;
      for (const double q : p.probabilities[r]) logits.push_back(std::log(q + 1e-12));
      e.prediction = {{"logits", logits}, {"predicted", std::max_element(logits.begin(), logits.end()) - logits.begin()}};
      e.words = p.words, e.word_scores = p.scores[r];
      e.ids = {101}, e.offsets = {Span{}}, e.scores = {0.061};
      double sum = 0.061 - 0.018;
      for (std::size_t i = 0; i < p.words.size(); ++i) e.ids.push_back(1000), e.offsets.push_back(p.words[i]), e.scores.push_back(p.scores[r][i]), sum += p.scores[r][i];
      e.ids.push_back(102), e.offsets.push_back(Span{}), e.scores.push_back(-0.018);
      e.baseline_value = 0.162, e.value = e.baseline_value + sum + 0.0006, e.delta = 0.0006;
      records.push_back(e);
    }
    store.add_explanations(records);
  }
  // The comparison speaks of documents by number in the list of posts: give them the ids of this file.
  ComparisonRecord record;
  record.result = comparison();
  for (auto& post : record.result["posts"]) post["doc"] = ids[post["doc"].get<std::size_t>() - 1];
  for (std::size_t r = 0; r < runs; ++r) record.result["runs"][r]["run"] = run_ids[r];
  record.runs = run_ids, record.protocol = record.result["protocol"];
  store.add_comparison(record);
  return run_ids;
}

}  // namespace telltale::test
