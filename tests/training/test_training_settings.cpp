// The table of settings and the presets: names of the contract, defaults, ranges, what is refused and how.
#include <QtTest>
#include <limits>
#include <set>
#include <stdexcept>

#include "training/presets.hpp"
#include "training/settings.hpp"

using namespace telltale;

namespace {

std::string refusal(const std::string& key, const std::string& value) {
  TrainingSettings s;
  const OrderedJson before = to_json(s);
  try {
    apply(s, key, value);
  } catch (const std::invalid_argument& e) {
    if (to_json(s) != before) return "refused, but changed";
    return e.what();
  }
  return {};
}

}  // namespace

class TestTrainingSettings : public QObject {
  Q_OBJECT
 private Q_SLOTS:
  void every_key_of_the_contract() {
    for (const char* id : {"weight.class", "weight.attribution", "weight.cls", "weight.positive", "weight.negative", "weight.overlap", "weight.prior", "margin", "distance", "epsilon", "epsilon2",
                           "attribution.steps", "attribution.gradient_steps", "attribution.draw", "attribution.graph", "attribution.baseline", "attribution.output", "attribution.path", "attribution.quadrature",
                           "perturbation.sampler", "perturbation.radius", "negative", "rival", "dropout.shared", "dropout.replace", "prior.words", "epochs", "batch", "accumulate", "learning_rate",
                           "weight_decay", "warmup", "clip", "max_length", "seed", "validate_steps", "checkpoint_steps", "checkpoint_keep", "film_steps", "probe_steps", "share_steps"})
      QCOMPARE(setting_info(id).id, std::string(id));
    std::set<std::string> ids;
    for (const SettingInfo& s : settings_table()) {
      QVERIFY2(ids.insert(s.id).second, s.id.c_str());
      QVERIFY2(!s.name.empty() && !s.meaning.empty() && !s.group.empty() && !s.term.empty(), s.id.c_str());
    }
  }

  void defaults_are_those_of_contrastive() {
    QCOMPARE(to_json(preset_settings("contrastive")).dump(), to_json(TrainingSettings()).dump());
    const TrainingSettings s;
    QCOMPARE(s.batch, 16);
    QCOMPARE(s.epochs, 3);
    QCOMPARE(s.learning_rate, 1e-4);
    QCOMPARE(s.warmup, 0.1);
    QCOMPARE(s.max_length, 128);
    QCOMPARE(s.objective.margin, 0.5);
    QCOMPARE(s.objective.steps, 8);
    QCOMPARE(s.objective.gradient_steps, 4);
  }

  void every_row_reads_what_it_writes() {
    for (const SettingInfo& info : settings_table()) {
      TrainingSettings s;
      std::vector<std::string> values = info.choices;
      if (info.type == SettingType::number || info.type == SettingType::integer) {
        if (!info.low_open) values.push_back(QString::number(info.low, 'g', 17).toStdString());
        values.push_back(info.type == SettingType::number ? "0.5" : QString::number(info.low + 3, 'f', 0).toStdString());
      }
      for (const std::string& v : values) {
        apply(s, info.id, v);
        const Json now = info.get(s);
        if (now.is_string())
          QCOMPARE(now.get<std::string>(), v);
        else
          QCOMPARE(now.get<double>(), std::stod(v));
        QCOMPARE(to_json(settings_from_json(to_json(s))).dump(), to_json(s).dump());
      }
      QVERIFY(s.given.contains(info.id) || values.empty());
    }
  }

  void refused_data() {
    QTest::addColumn<QString>("key");
    QTest::addColumn<QString>("value");
    QTest::addColumn<QString>("says");
    QTest::newRow("nan") << "epsilon" << "nan" << "0 … 1000";
    QTest::newRow("inf") << "weight.class" << "inf" << "0 … ";
    QTest::newRow("minus inf") << "margin" << "-inf" << "0 … 2";
    QTest::newRow("huge") << "clip" << "1e400" << "0 … ";
    QTest::newRow("trailing") << "margin" << "0.5x" << "0 … 2";
    QTest::newRow("leading space") << "margin" << " 0.5" << "0 … 2";
    QTest::newRow("empty") << "margin" << "" << "margin";
    QTest::newRow("comma") << "learning_rate" << "0,1" << "above 0";
    QTest::newRow("zero rate") << "learning_rate" << "0" << "above 0, at most 1";
    QTest::newRow("rate over 1") << "learning_rate" << "1.5" << "at most 1";
    QTest::newRow("negative weight") << "weight.cls" << "-1" << "0 … ";
    QTest::newRow("no batch") << "batch" << "0" << "1 … 4096";
    QTest::newRow("fraction") << "batch" << "2.5" << "a whole number";
    QTest::newRow("too long for an integer") << "epochs" << "99999999999999999999999" << "1 … ";
    QTest::newRow("seed below 0") << "seed" << "-1" << "0 … 2^64 - 1";
    QTest::newRow("choice") << "distance" << "euclid" << "cosine | pearson";
    QTest::newRow("choice in capitals") << "attribution.path" << "Word" << "word | embeddings";
    QTest::newRow("unknown key") << "weight.clas" << "1" << "weight.class, weight.attribution";
    QTest::newRow("dropout over 0.9") << "dropout.hidden" << "0.95" << "or model";
    QTest::newRow("AdamW's epsilon") << "adam_epsilon" << "1e-300" << "adam_epsilon";
  }
  void refused() {
    QFETCH(QString, key);
    QFETCH(QString, value);
    QFETCH(QString, says);
    const QString message = QString::fromStdString(refusal(key.toStdString(), value.toStdString()));
    QVERIFY2(message.contains(says), qPrintable(message));
    QVERIFY(!message.contains('\n'));
  }

  /// Each of them, by the table: what lies outside, what is no number, what is none that fits.
  void every_number_is_held_to_its_range() {
    int refusals_seen = 0;
    for (const SettingInfo& s : settings_table()) {
      if (s.type != SettingType::number && s.type != SettingType::integer) continue;
      const bool whole = s.type == SettingType::integer, seed = s.id == "seed";
      const auto text = [&](double x) { return QString::number(x, whole ? 'f' : 'g', whole ? 0 : 17).toStdString(); };
      std::vector<std::string> bad = {"nan", "-nan", "NaN", "inf", "-inf", "infinity", "1e999", "-1e999", "", " ", "x", "one", "0x10", "1 ", " 1", "1,5", "+1", "1_000", "--1", "1e", "true", "null", "[1]",
                                      "999999999999999999999999999999999999999999", "-999999999999999999999999999999999999999999", std::string("1\0002", 3), std::string(100000, '9')};
      bad.push_back(s.low > 0 ? text(whole ? s.low - 1 : std::nextafter(s.low, 0)) : text(whole ? s.low - 1 : -5e-324));
      if (s.low_open) bad.push_back(text(s.low));
      if (!seed) bad.push_back(text(whole ? s.high + 1 : std::nextafter(s.high, 1e300)));
      if (seed) bad.push_back("18446744073709551616");
      if (whole) bad.insert(bad.end(), {"1.5", "1e3", "2147483648.5", "9223372036854775808000"});
      if (whole && !seed) bad.insert(bad.end(), {"2147483648", "4294967297", "9223372036854775807", "9223372036854775808", "18446744073709551615"});
      for (const std::string& value : bad) {
        const std::string said = refusal(s.id, value);
        const std::string shown = s.id + "=" + value.substr(0, 60) + ": " + said;
        QVERIFY2(said.rfind(s.id + ": expected ", 0) == 0, shown.c_str());
        QVERIFY2(said.find("(" + s.range() + ")") != said.npos, shown.c_str());
        QVERIFY2(said.find("got '") != said.npos && (value == "null" || said.find("'null'") == said.npos), shown.c_str());
        QVERIFY2(said.find('\n') == said.npos && said.size() < 400, shown.c_str());
        ++refusals_seen;
      }
      if (!s.low_open) QVERIFY2(refusal(s.id, text(s.low)).empty(), s.id.c_str());
      QVERIFY2(refusal(s.id, seed ? "18446744073709551615" : text(s.high)).empty(), s.id.c_str());
    }
    QVERIFY(refusals_seen > 900);
  }

  void assignments() {
    TrainingSettings s;
    assign(s, "seed=18446744073709551615");
    QCOMPARE(s.seed, std::numeric_limits<std::uint64_t>::max());
    QCOMPARE(settings_from_json(to_json(s)).seed, s.seed);
    assign(s, "rival=a=b");
    QCOMPARE(s.objective.rival, std::string("a=b"));
    for (const char* bad : {"", "=1", "margin"}) QVERIFY_THROWS_EXCEPTION(std::invalid_argument, assign(s, bad));
    assign(s, "epsilon=3");
    QVERIFY_THROWS_EXCEPTION(std::invalid_argument, check(s));  // epsilon2 is 2
    TrainingSettings none = preset_settings("baseline");
    assign(none, "weight.class=0");
    QVERIFY_THROWS_EXCEPTION(std::invalid_argument, check(none));
    QVERIFY_THROWS_EXCEPTION(std::invalid_argument, settings_from_json(Json{{"batch", "many"}}));
    QVERIFY_THROWS_EXCEPTION(std::invalid_argument, settings_from_json(Json{{"no such key", 1}}));
    QVERIFY_THROWS_EXCEPTION(std::invalid_argument, settings_from_json(Json::array()));
  }

  void steps_set_both_passes() {
    TrainingSettings s;
    assign(s, "attribution.steps=16");
    QCOMPARE(s.objective.gradient_steps, 16);
    for (const bool first : {false, true}) {
      TrainingSettings t;
      if (first) assign(t, "attribution.gradient_steps=2");
      assign(t, "attribution.steps=16");
      if (!first) assign(t, "attribution.gradient_steps=2");
      QCOMPARE(t.objective.steps, 16);
      QCOMPARE(t.objective.gradient_steps, 2);
    }
  }

  void presets_of_the_method() {
    std::vector<std::string> ids;
    for (const PresetInfo& p : presets()) {
      ids.push_back(p.id);
      check(preset_settings(p.id));
      QVERIFY(!p.purpose.empty());
      QVERIFY(preset_settings(p.id).given.empty());
    }
    QCOMPARE(ids, (std::vector<std::string>{"baseline", "contrastive", "published", "overlap", "prior", "word-dropout", "control"}));
    QVERIFY_THROWS_EXCEPTION(std::invalid_argument, preset_info("contrast"));

    const TrainingSettings published = preset_settings("published");
    QCOMPARE(published.objective.epsilon, 6.0);
    QCOMPARE(published.objective.epsilon2, 7.0);
    QCOMPARE(published.objective.margin, 2.0);
    QCOMPARE(published.objective.steps, 50);
    QCOMPARE(published.objective.gradient_steps, 50);
    QCOMPARE(published.objective.radius, RadiusLaw::exponential);
    QCOMPARE(published.objective.path, Path::embeddings);
    QCOMPARE(published.batch, 2);
    QCOMPARE(published.accumulate, 16);
    QCOMPARE(published.learning_rate, 5e-5);
    QCOMPARE(published.epochs, 4);
    QCOMPARE(published.max_length, 512);

    const TrainingSettings overlap = preset_settings("overlap");
    QCOMPARE(overlap.objective.weight_overlap, 2.0);
    QCOMPARE(overlap.objective.weight_class, 1.0);
    QVERIFY(!overlap.objective.needs_perturbation());
    QCOMPARE(overlap.objective.steps, 2);
    QCOMPARE(overlap.objective.draw, NodeDraw::stratified);
    QVERIFY(!preset_settings("word-dropout").objective.needs_attribution());
    QVERIFY(preset_settings("word-dropout").dropout_shared > 0);
  }

  void a_warm_start_keeps_batches_and_halves_the_rate() {
    TrainingSettings base = preset_settings("baseline");
    assign(base, "batch=7");
    assign(base, "seed=5");
    assign(base, "learning_rate=0.002");
    assign(base, "max_length=40");
    const TrainingSettings warm = warm_started_settings("overlap", base);
    QCOMPARE(warm.epochs, 1);
    QCOMPARE(warm.learning_rate, 0.001);
    QCOMPARE(warm.batch, 7);
    QCOMPARE(warm.seed, std::uint64_t{5});
    QCOMPARE(warm.max_length, 40);
    QCOMPARE(warm.objective.weight_overlap, 2.0);
    const TrainingSettings control = control_settings(warm);
    QCOMPARE(control.objective.weight_overlap, 0.0);
    TrainingSettings filmed = warm;
    assign(filmed, "film_steps=10");
    assign(filmed, "probe_steps=5");
    QCOMPARE(control_settings(filmed).film_steps, 10);
    QCOMPARE(control_settings(filmed).probe_steps, 0);
    QCOMPARE(to_json(control).dump(), to_json(warm_started_settings("control", base)).dump());
  }

  void the_bare_objective() {
    const TrainingSettings s = bare_objective_settings();
    QCOMPARE(s.objective.quadrature, Quadrature::midpoint);
    QCOMPARE(s.objective.steps, 8);
    QCOMPARE(s.objective.gradient_steps, 8);
    QCOMPARE(s.dropout_hidden, 0.0);
    QCOMPARE(s.objective.weight_negative, 1.0);
    QCOMPARE(s.objective.weight_overlap, 0.0);
  }
};

QTEST_GUILESS_MAIN(TestTrainingSettings)
#include "test_training_settings.moc"
