// The min–max pyramid, the moving average and the columns of a run, held against what plain loops give.
#include <QtTest>
#include <cmath>
#include <random>

#include "base/progress.hpp"
#include "report/run_curves.hpp"

using namespace telltale;

class TestCurves : public QObject {
  Q_OBJECT

  static std::vector<float> noise(std::size_t n, unsigned seed, double holes = 0) {
    std::mt19937 random(seed);
    std::normal_distribution<float> normal;
    std::uniform_real_distribution<double> u;
    std::vector<float> out(n);
    for (float& v : out) v = u(random) < holes ? NAN : normal(random);
    return out;
  }

 private Q_SLOTS:
  void extremes_and_counts_are_those_of_a_loop() {
    std::mt19937 random(5);
    for (const std::size_t n : {0u, 1u, 15u, 16u, 17u, 256u, 257u, 4096u, 5000u, 70'001u}) {
      const auto values = noise(n, static_cast<unsigned>(n), 0.2);
      MinMaxPyramid made(values), grown;
      for (const float v : values) grown.append(v);
      QCOMPARE(grown.levels(), made.levels());
      for (int k = 0; k < 200; ++k) {
        std::size_t a = n ? random() % (n + 1) : 0, b = n ? random() % (n + 1) : 0;
        if (a > b) std::swap(a, b);
        if (k == 0) a = 0, b = n + 10;
        const float limit = 1.5f;
        MinMaxPyramid::Extremes e;
        std::size_t above = 0, below = 0;
        for (std::size_t i = a; i < std::min(b, n); ++i) {
          if (std::isnan(values[i])) continue;
          e.low = std::min(e.low, values[i]);
          e.high = std::max(e.high, values[i]);
          above += values[i] > limit;
          below += values[i] < -limit;
        }
        for (const MinMaxPyramid* p : {&made, &grown}) {
          const auto got = p->extremes(a, b);
          QCOMPARE(got.any(), e.any());
          if (e.any()) QVERIFY(got.low == e.low && got.high == e.high);
          QCOMPARE(p->count_beyond(a, b, limit), above);
          QCOMPARE(p->count_beyond(a, b, -limit, true), below);
          const std::size_t place = p->place_of(a, b);
          if (e.any()) QVERIFY(place >= a && place < std::min(b, n) && values[place] == e.high);
          else QCOMPARE(place, std::min(b, n));
        }
      }
    }
  }

  void truncated_and_grown_again_is_as_made() {
    const auto values = noise(9000, 3);
    MinMaxPyramid p(values);
    p.truncate(300);
    QCOMPARE(p.size(), std::size_t{300});
    for (std::size_t i = 300; i < 9000; ++i) p.append(values[i]);
    const MinMaxPyramid made(values);
    for (std::size_t a = 0; a < 9000; a += 111) QVERIFY(p.extremes(a, a + 2500).high == made.extremes(a, a + 2500).high);
  }

  void average_is_debiased_and_passes_over_holes() {
    const auto values = noise(1000, 9, 0.1);
    for (const double beta : {0.0, 0.5, 0.97, 0.999}) {
      MinMaxPyramid column;
      MovingAverage average;
      double mean = 0, weight = 1;
      std::vector<double> expected;
      for (const float v : values) {
        column.append(v);
        if (column.size() % 37 == 0) average.follow(column, beta);  // in bits, as in training
        if (!std::isnan(v)) mean = beta * mean + (1 - beta) * static_cast<double>(v), weight *= beta;
        expected.push_back(weight == 1 ? NAN : mean / (1 - weight));
      }
      average.follow(column, beta);
      for (std::size_t i = 0; i < values.size(); ++i) {
        const double got = average.at(column, i);
        if (std::isnan(expected[i])) QVERIFY(std::isnan(got));
        else QVERIFY2(std::abs(got - expected[i]) < 1e-12, qPrintable(QString::number(i)));
      }
    }
    // A whole stride at once, with holes here and there, and long after the beginning has faded.
    const auto long_one = noise(20'000, 4, 0.001);
    for (const double beta : {0.0, 0.5, 0.9, 0.999}) {
      const MinMaxPyramid whole(long_one);
      MovingAverage at_once, in_bits;
      at_once.follow(whole, beta);
      MinMaxPyramid grown;
      for (const float v : long_one) {
        grown.append(v);
        in_bits.follow(grown, beta);  // value by value
      }
      double mean = 0, weight = 1;
      for (std::size_t i = 0; i < long_one.size(); ++i) {
        if (!std::isnan(long_one[i])) mean = beta * mean + (1 - beta) * static_cast<double>(long_one[i]), weight *= beta;
        if (weight == 1) continue;
        for (const MovingAverage* a : {&at_once, &in_bits}) QVERIFY2(std::abs(a->at(whole, i) - mean / (1 - weight)) < 1e-12, qPrintable(QString("β %1, value %2").arg(beta).arg(i)));
      }
    }
    // A constant stays itself from the first value on: that is what the debiasing is for.
    const MinMaxPyramid flat(std::vector<float>(100, 2.5f));
    MovingAverage average;
    average.follow(flat, 0.99);
    QVERIFY(std::abs(average.at(flat, 0) - 2.5) < 1e-12 && std::abs(average.at(flat, 99) - 2.5) < 1e-9);
  }

  static StepRecord step(std::int64_t k) {
    StepRecord s;
    s.step = k;
    s.epoch = static_cast<double>(k) / 100;
    s.seconds = 0.5 * static_cast<double>(k);
    s.gradient_norm = k == 7 ? NAN : 1;
    s.learning_rate = 1e-4;
    s.terms = {{"class", 1.0 / static_cast<double>(k)}, {"total", k == 5 ? Json() : Json(2.0)}};
    if (k % 10 == 0) s.shares = {{"class", 1.0}};
    if (k >= 50) s.terms["overlap"] = 0.25;
    return s;
  }

  void columns_hold_steps_faults_and_what_comes_late() {
    RunCurves c;
    for (int k = 1; k <= 200; ++k) c.append(step(k));
    QCOMPARE(c.rows(), std::size_t{200});
    QCOMPARE(c.last_step(), 200);
    for (const auto& [name, column] : c.columns()) QVERIFY2(column.values.size() == 200, name.c_str());
    QCOMPARE(c.column("term.total")->faults, std::vector<std::uint32_t>{4});
    QCOMPARE(c.column("gradient_norm")->faults, std::vector<std::uint32_t>{6});
    QVERIFY(std::isnan(c.column("term.overlap")->values[48]) && c.column("term.overlap")->values[49] == 0.25f);
    QVERIFY(c.column("term.overlap")->faults.empty());  // not measured is no fault
    QVERIFY(std::isnan(c.column("share.class")->values[0]) && c.column("share.class")->values[9] == 1);
    QVERIFY(!c.column("term.nothing"));

    const RunCurves back = RunCurves::from_bytes(c.bytes());
    QCOMPARE(back.bytes(), c.bytes());
    // A run that is resumed from step 120 goes over its lost tail.
    c.append(step(121));
    QCOMPARE(c.last_step(), 121);
    QCOMPARE(c.rows(), std::size_t{121});
    for (const auto& [name, column] : c.columns()) QVERIFY2(column.values.size() == 121, name.c_str());
    c.truncate_after(4);
    QVERIFY(c.column("term.total")->faults.empty());
  }

  void damaged_bytes_throw_and_never_crash() {
    RunCurves c;
    for (int k = 1; k <= 20; ++k) c.append(step(k));
    const auto good = c.bytes();
    for (std::size_t n = 0; n < good.size(); n += 3) {
      const std::vector<unsigned char> cut(good.begin(), good.begin() + static_cast<std::ptrdiff_t>(n));
      QVERIFY_EXCEPTION_THROWN(RunCurves::from_bytes(cut), std::runtime_error);
    }
    std::mt19937 random(1);
    for (int k = 0; k < 2000; ++k) {
      auto bad = good;
      bad[random() % bad.size()] = static_cast<unsigned char>(random());
      try {
        RunCurves::from_bytes(bad);
      } catch (const std::runtime_error&) {
      }
    }
  }

  void a_long_finished_run_is_kept_and_forgotten_with_its_steps() {
    QTemporaryDir dir;
    const auto file = std::filesystem::path(dir.filePath(QStringLiteral("a.telltale")).toStdString());
    auto store = Store::open(file, Store::Mode::create);
    RunRecord run;
    run.name = "long", run.preset = "baseline", run.model = "m", run.status = RunStatus::finished, run.step = run.steps = 6000;
    {
      const auto import = store->begin_import("d", "nowhere", Json::object());
      Document d;
      d.text = "a", d.split = "train", d.external_id = "1";
      import->add(d, "one");
      d.text = "b", d.external_id = "2";
      import->add(d, "two");
      run.dataset = import->commit(Json::object()).id;
    }
    run.id = store->add_run(run);
    std::vector<StepRecord> steps;
    for (int k = 1; k <= 6000; ++k) steps.push_back(step(k));
    store->add_steps(run.id, steps);
    QVERIFY(store->curves(run.id, 6000).empty());
    const RunCurves made = load_curves(*store, run);
    QCOMPARE(made.rows(), std::size_t{6000});
    QCOMPARE(store->curves(run.id, 6000), made.bytes());
    QCOMPARE(load_curves(*store, run).bytes(), made.bytes());
    {  // read from what was kept, not from the rows; a file that is only read will do
      auto reader = Store::open(file, Store::Mode::read);
      QCOMPARE(load_curves(*reader, run).bytes(), made.bytes());
    }
    store->set_curves(run.id, 6000, {1, 2, 3});  // damaged: made anew
    QCOMPARE(load_curves(*store, run).bytes(), made.bytes());
    store->rewind_run(run.id, 5000);
    QVERIFY(store->curves(run.id, 6000).empty());
    run.status = RunStatus::running;
    QCOMPARE(load_curves(*store, run).rows(), std::size_t{5000});
    std::stop_source stop;
    stop.request_stop();
    bool cancelled = false;
    try {
      load_curves(*store, run, stop.get_token());
    } catch (const Cancelled&) {
      cancelled = true;
    }
    QVERIFY(cancelled);
    store->set_curves(run.id, 5000, {1});
    store->remove_run(run.id);
    QVERIFY(store->curves(run.id, 5000).empty());
  }

  void events_say_what_the_file_says() {
    const OrderedJson event = OrderedJson::parse(R"({"event":"step","run":1,"step":12,"seconds":3.5,"epoch":0.5,"terms":{"class":0.5,"total":null},
      "gradient_norm":null,"gradient_shares":{"class":1.0},"learning_rate":0.001,"tokens_per_second":10.0,"memory_mib":100.0,"documents":[4,9]})");
    const StepRecord s = step_of_event(event);
    QCOMPARE(s.step, 12);
    QCOMPARE(s.documents, (std::vector<std::int64_t>{4, 9}));
    RunCurves c;
    c.append(s);
    QCOMPARE(c.column("term.total")->faults.size(), std::size_t{1});
    QCOMPARE(c.column("gradient_norm")->faults.size(), std::size_t{1});
    QVERIFY(c.column("share.class")->values[0] == 1 && c.column("term.class")->values[0] == 0.5f);
    QVERIFY(step_of_event(OrderedJson::object()).step == 0);
  }
};

QTEST_APPLESS_MAIN(TestCurves)
#include "test_curves.moc"
