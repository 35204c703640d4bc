// Counterfactual edits: the planted word is the one that is swapped, one swap is found wherever one does, and what is told of them is true of the text.
#include <QTemporaryDir>
#include <QtTest>
#include <cmath>

#include "attribution/counterfactual.hpp"
#include "planted_model.hpp"
#include "shared_data.hpp"
#include "test_device.hpp"

using namespace telltale;

namespace {

std::shared_ptr<Classifier> load(const std::filesystem::path& folder) {
  ComputeOptions compute;
  compute.device = test_device();
  compute.threads = 1;
  configure_compute(compute);
  return Classifier::load(folder, compute);
}

int answer(const Classifier& model, const std::string& text) { return model.predict(std::vector<Encoding>{model.tokenizer().encode(text, model.max_length(0))})[0].predicted; }

}  // namespace

class TestCounterfactual : public QObject {
  Q_OBJECT
  QTemporaryDir folder_;
  std::shared_ptr<Classifier> planted() {
    static std::shared_ptr<Classifier> model = load(test::make_planted_model(std::filesystem::path(folder_.path().toStdString()) / "planted"));
    return model;
  }

 private Q_SLOTS:
  void the_planted_word_is_swapped() {
    const auto m = planted();
    const std::string text = "Team, win the ICE: net Puck!";
    QCOMPARE(answer(*m, text), 0);
    const Counterfactual c = counterfactual(*m, text, {});
    QVERIFY(c.turned);
    QCOMPARE(c.swaps.size(), 1u);
    QCOMPARE(c.swaps[0].from, std::string("Puck"));
    QCOMPARE(c.swaps[0].span, (Span{23, 27}));
    QCOMPARE(c.edited, "Team, win the ICE: net " + c.swaps[0].to + "!");
    QCOMPARE(answer(*m, c.edited), 1);
    QCOMPARE(c.after.predicted, 1);
    QCOMPARE(c.before.predicted, 0);
    QCOMPARE(c.words, 9);
    QVERIFY(c.embedding_distance > 0 && c.embedding_norm > 0);
    QVERIFY(c.cls_cosine < 1 && c.cls_cosine > -1);
    // Back again: only "puck" brings the class.
    const Counterfactual back = counterfactual(*m, "team win the ice", {});
    QVERIFY(back.turned);
    QCOMPARE(back.swaps.size(), 1u);
    QCOMPARE(back.swaps[0].to, std::string("puck"));
  }
  void two_planted_words_need_two_swaps() {
    const auto m = planted();
    const Counterfactual c = counterfactual(*m, "puck the goal puck", {});
    QVERIFY(c.turned);
    QCOMPARE(c.swaps.size(), 2u);
    for (const WordSwap& s : c.swaps) QCOMPARE(s.from, std::string("puck"));
    CounterfactualOptions one;
    one.swaps = 1;
    const Counterfactual not_yet = counterfactual(*m, "puck the goal puck", one);
    QVERIFY(!not_yet.turned);
    QCOMPARE(not_yet.swaps.size(), 1u);
    QVERIFY(not_yet.after.probabilities[1] > not_yet.before.probabilities[1]);
  }
  void candidates_are_kept_to() {
    const auto m = planted();
    CounterfactualOptions o;
    o.candidates = {"ice", "net"};
    const Counterfactual c = counterfactual(*m, "the puck goal", o);
    QVERIFY(c.turned);
    QVERIFY(c.swaps[0].to == "ice" || c.swaps[0].to == "net");
    o.candidates = {"puck"};  // makes it worse
    const Counterfactual none = counterfactual(*m, "the puck goal", o);
    QVERIFY(!none.turned);
    QCOMPARE(none.edited, std::string("the puck goal"));
    QVERIFY(none.swaps.empty());
  }
  void one_swap_is_found_where_one_does() {
    TELLTALE_NEEDS_SHARED(shared);
    const auto m = load(shared / "golden/models/tiny-bert/fp32");
    int compared = 0;
    for (const std::string text : {"the hockey team wins", "a car and a bike", "puck inning game", "mac disk drive"}) {
      const Encoding e = m->tokenizer().encode(text);
      const int before = answer(*m, text);
      bool possible = false;
      for (std::int32_t id = 0; id < m->tokenizer().size() && !possible; ++id) {
        const std::string& word = m->tokenizer().token(id);
        if (word.size() < 2 || word.find_first_not_of("abcdefghijklmnopqrstuvwxyz") != std::string::npos) continue;
        for (const Word& w : e.words) {
          std::string edited = text;
          edited.replace(static_cast<std::size_t>(w.span.begin), static_cast<std::size_t>(w.span.end - w.span.begin), word);
          possible = possible || answer(*m, edited) != before;
        }
      }
      CounterfactualOptions o;
      o.tries = 2000;
      const Counterfactual c = counterfactual(*m, text, o);
      if (possible) {
        QVERIFY(c.turned);
        QCOMPARE(c.swaps.size(), 1u);
        ++compared;
      }
      if (c.turned) QVERIFY(answer(*m, c.edited) != before);
    }
    QVERIFY(compared > 0);
  }
  void a_foil_is_reached_and_not_another_class() {
    TELLTALE_NEEDS_SHARED(shared);
    const auto m = load(shared / "golden/models/tiny-bert/fp32");
    const std::string text = "the hockey team wins the game and a car";
    for (int foil = 0; foil < 4; ++foil) {
      CounterfactualOptions o;
      o.foil = foil;
      if (foil == answer(*m, text)) {
        QVERIFY_EXCEPTION_THROWN(counterfactual(*m, text, o), std::invalid_argument);
        continue;
      }
      const Counterfactual c = counterfactual(*m, text, o);
      QCOMPARE(c.turned, answer(*m, c.edited) == foil);
      if (!c.turned) continue;
      // No swap is idle: without any of them the answer is not the foil.
      for (std::size_t left = 0; left < c.swaps.size() && c.swaps.size() > 1; ++left) {
        std::string edited = text;
        for (std::size_t k = c.swaps.size(); k-- > 0;)
          if (k != left) edited.replace(static_cast<std::size_t>(c.swaps[k].span.begin), static_cast<std::size_t>(c.swaps[k].span.end - c.swaps[k].span.begin), c.swaps[k].to);
        QVERIFY(answer(*m, edited) != foil);
      }
    }
  }
  void bad_input() {
    const auto m = planted();
    for (const std::string text : {"", "!!! . ?", "[CLS] [SEP]"}) QVERIFY_EXCEPTION_THROWN(counterfactual(*m, text, {}), std::invalid_argument);
    QVERIFY_EXCEPTION_THROWN(counterfactual(*m, "puck \xff", {}), std::runtime_error);
    const auto refused = [&](auto&& change) {
      CounterfactualOptions o;
      change(o);
      QVERIFY_EXCEPTION_THROWN(counterfactual(*m, "the puck", o), std::invalid_argument);
    };
    refused([](CounterfactualOptions& o) { o.foil = 2; });
    refused([](CounterfactualOptions& o) { o.foil = -2; });
    refused([](CounterfactualOptions& o) { o.swaps = 0; });
    refused([](CounterfactualOptions& o) { o.beam = 0; });
    refused([](CounterfactualOptions& o) { o.tries = 0; });
    refused([](CounterfactualOptions& o) { o.candidates = {"x2", "?", "zzz"}; });
    refused([](CounterfactualOptions& o) { o.max_length = 1000; });
    QVERIFY(counterfactual(*m, "puck", {}).turned);
    std::string endless = "puck";
    for (int k = 0; k < 10000; ++k) endless += " goal";
    const Counterfactual c = counterfactual(*m, endless, {});
    QVERIFY(c.turned && c.cut > 0 && c.words == 62);
    std::stop_source stop;
    stop.request_stop();
    QVERIFY_EXCEPTION_THROWN(counterfactual(*m, "the puck", {}, stop.get_token()), Cancelled);
  }
};

QTEST_GUILESS_MAIN(TestCounterfactual)
#include "test_counterfactual.moc"
