// What one step is made of: schedule, AdamW, batches, accumulation, shared words, checkpoints; and the reference trajectory.
#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <ATen/Parallel.h>
#include <malloc.h>
#include <sys/resource.h>

#include <QtTest>
#include <cmath>
#include <csignal>
#include <numeric>
#include <set>

#include "base/files.hpp"
#include "base/random.hpp"
#include "model/network.hpp"
#include "shared_data.hpp"
#include "synthetic.hpp"
#include "test_device.hpp"
#include "training/adamw.hpp"
#include "training/batching.hpp"
#include "training/checkpoints.hpp"
#include "training/metrics.hpp"
#include "training/model_folder.hpp"
#include "training/schedule.hpp"
#include "training/shared_words.hpp"
#include "training/stepper.hpp"
#include "training/training_data.hpp"
#include "training/trainer.hpp"

using namespace telltale;
namespace fs = std::filesystem;

namespace {

at::Tensor matrix(const Json& rows) {
  const auto B = static_cast<std::int64_t>(rows.size()), T = static_cast<std::int64_t>(rows[0].size());
  at::Tensor out = at::zeros({B, T}, at::kLong);
  for (std::int64_t b = 0; b < B; ++b)
    for (std::int64_t t = 0; t < T; ++t) out[b][t] = rows[static_cast<std::size_t>(b)][static_cast<std::size_t>(t)].get<std::int64_t>();
  return out;
}

const std::vector<std::string> directions = {"north", "east", "south", "west"};

std::shared_ptr<Classifier> tiny(const fs::path& shared, Precision precision) {
  return load_training_model(shared / "golden/models/tiny-bert/fp32", directions, {test_device(), 2, precision}, 0);
}

/// Posts of random ids, 4 classes.
std::vector<TrainingPost> random_posts(std::size_t n, std::uint64_t seed = 1) {
  Rng rng(seed);
  std::vector<TrainingPost> posts;
  for (std::size_t k = 0; k < n; ++k) {
    TrainingPost p{static_cast<std::int64_t>(k) + 1, static_cast<int>(k % 4), {2}, {}};
    for (auto left = 1 + rng.below(30); left; --left) p.ids.push_back(static_cast<std::int32_t>(10 + rng.below(200)));
    p.ids.push_back(3);
    posts.push_back(p);
  }
  return posts;
}

void trajectory(Precision precision, const char* key, double tolerance, bool by_operations = false) {
  TELLTALE_NEEDS_SHARED(shared);
  const Json golden = read_json(shared / "golden/training-trajectory.json");
  const Json& expected = golden[key];
  const auto model = tiny(shared, precision);
  Classifier::Impl& m = model->impl();
  Parameters& p = *m.parameters;
  const Network network(m.config, p.weights);
  AdamWOptions how;
  how.by_operations = by_operations;
  AdamW optimiser(p, how);
  const auto steps = static_cast<std::int64_t>(golden["steps"].size());
  const Schedule schedule = Schedule::of(steps, 0.1, golden["rate"]);
  QCOMPARE(schedule.warm_up, golden["warm_up"].get<std::int64_t>());
  for (std::int64_t k = 0; k < steps; ++k) {
    const auto i = static_cast<std::size_t>(k);
    const Json& s = golden["steps"][i];
    p.zero_gradients();
    const at::Tensor labels = at::tensor(at::ArrayRef<std::int64_t>(s["labels"].get<std::vector<std::int64_t>>()), at::kLong).to(m.device);
    const at::Tensor logits = network.logits(network.encode(network.embedding_block(network.words(matrix(s["ids"]).to(m.device))), matrix(s["mask"]).to(m.device)));
    const at::Tensor loss = at::nll_loss(at::log_softmax(logits, -1), labels);
    const double value = loss.item<double>(), wanted = expected["losses"][i];
    QVERIFY2(std::abs(value - wanted) <= tolerance * std::max(1.0, std::abs(wanted)), qPrintable(QString("step %1: loss %2, expected %3").arg(k).arg(value, 0, 'g', 17).arg(wanted, 0, 'g', 17)));
    loss.backward();
    m.parameters->weights.word.grad()[0].zero_();  // the reference looks words up with padding_idx 0
    const double norm = gradient_norm(p);
    QVERIFY(std::abs(norm - expected["gradient_norms"][i].get<double>()) <= 10 * tolerance * std::max(1.0, norm));
    QVERIFY(std::abs(schedule.rate(k) - expected["learning_rates"][i].get<double>()) < 1e-15);
    optimiser.step(schedule.rate(k), clip_factor(norm, golden["clip"]));
  }
  at::NoGradGuard no_grad;
  const at::Tensor probe = at::tensor(at::ArrayRef<std::int64_t>(golden["probe_ids"].get<std::vector<std::int64_t>>()), at::kLong).unsqueeze(0).to(m.device);
  const at::Tensor logits = network.logits(network.encode(network.embedding_block(network.words(probe)), {}))[0].to(at::kDouble);
  for (std::int64_t c = 0; c < 4; ++c) QVERIFY(std::abs(logits[c].item<double>() - expected["probe_logits"][static_cast<std::size_t>(c)].get<double>()) < 20 * tolerance);
  for (const WeightSlice& s : p.slices) {
    // The softmax does not see a constant added to all scores of a row: this gradient is rounding noise, which Adam scales up to full steps.
    if (precision == Precision::fp32 && s.name.ends_with("key.bias")) continue;
    const double norm = p.slice(s).to(at::kDouble).norm().item<double>(), wanted = expected["parameter_norms"][s.name];
    QVERIFY2(std::abs(norm - wanted) <= 20 * tolerance * std::max(1.0, wanted), s.name.c_str());
  }
}

TrainingSettings class_term_alone() {
  TrainingSettings s = preset_settings("baseline");
  s.dropout_hidden = s.dropout_attention = s.dropout_classifier = 0;
  return s;
}

}  // namespace

class TestTrainingSteps : public QObject {
  Q_OBJECT
 private Q_SLOTS:
  void initTestCase() { configure_compute({test_device(), 2, Precision::fp32}); }

  void trajectory_fp64() { trajectory(Precision::fp64, "float64", 1e-10); }
  void trajectory_fp64_by_operations() { trajectory(Precision::fp64, "float64", 1e-10, true); }
  void trajectory_fp32() { trajectory(Precision::fp32, "float32", 1e-5); }

  void schedule_ends() {
    const Schedule s = Schedule::of(30, 0.1, 2);
    QCOMPARE(s.warm_up, 3);
    QCOMPARE(s.rate(0), 0.0);
    QCOMPARE(s.rate(3), 2.0);
    QCOMPARE(s.rate(29), 2.0 / 27);
    QCOMPARE(s.rate(30), 0.0);
    QCOMPARE(Schedule::of(4, 0, 1).rate(0), 1.0);
    QVERIFY(std::isfinite(Schedule::of(4, 1, 1).rate(3)));
    QVERIFY(std::isfinite(Schedule::of(1, 1, 1).rate(0)));
  }

  void adamw_does_not_depend_on_threads_and_leaves_padding_alone() {
    TELLTALE_NEEDS_SHARED(shared);
    at::Tensor results[2];
    double norms[2];
    for (const int threads : {1, 2}) {
      at::set_num_threads(threads);
      const auto model = tiny(shared, Precision::fp32);
      Parameters& p = *model->impl().parameters;
      AdamW optimiser(p, {});
      for (std::int64_t k = 0; k < p.flat_gradient.numel(); ++k) p.flat_gradient.data_ptr<float>()[k] = static_cast<float>(std::sin(static_cast<double>(k)));
      norms[threads - 1] = gradient_norm(p);
      for (int k = 0; k < 3; ++k) optimiser.step(1e-2, 0.5);
      results[threads - 1] = p.flat.detach().clone();
      QCOMPARE(optimiser.steps, 3);
    }
    at::set_num_threads(2);
    QVERIFY(at::equal(results[0], results[1]));
    QCOMPARE(norms[0], norms[1]);
    QCOMPARE(clip_factor(2, 0), 1.0);
    QCOMPARE(clip_factor(0.5, 1), 1.0);
    QVERIFY(std::abs(clip_factor(2, 1) - 0.5) < 1e-6);
  }

  void every_post_once_an_epoch() {
    for (const std::size_t n : {1u, 15u, 16u, 17u, 512u, 513u, 1201u}) {
      const auto posts = random_posts(n);
      const auto batches = epoch_batches(posts, 16, 3, 0);
      std::multiset<std::size_t> seen;
      for (const auto& b : batches) {
        QVERIFY(!b.empty() && b.size() <= 16);
        seen.insert(b.begin(), b.end());
      }
      QCOMPARE(seen.size(), n);
      QCOMPARE(std::set<std::size_t>(seen.begin(), seen.end()).size(), n);
      QCOMPARE(batches.size(), (n + 15) / 16);
      for (const int accumulate : {1, 3, 100}) {
        std::size_t covered = 0;
        const std::int64_t steps = steps_of_epoch(n, 16, accumulate);
        for (std::int64_t k = 0; k < steps; ++k) {
          const StepRange r = step_range(batches.size(), accumulate, k);
          QVERIFY(r.last > r.first);
          QCOMPARE(r.first, covered);
          covered = r.last;
        }
        QCOMPARE(covered, batches.size());
      }
    }
  }

  void order_depends_on_seed_and_epoch_and_sorts_by_length() {
    const auto posts = random_posts(600);
    QVERIFY(epoch_batches(posts, 16, 3, 1) == epoch_batches(posts, 16, 3, 1));
    QVERIFY(epoch_batches(posts, 16, 3, 1) != epoch_batches(posts, 16, 3, 2));
    QVERIFY(epoch_batches(posts, 16, 3, 1) != epoch_batches(posts, 16, 4, 1));
    std::size_t padded = 0, real = 0;
    for (const auto& b : epoch_batches(posts, 16, 3, 0)) {
      std::size_t width = 0;
      for (const std::size_t i : b) {
        width = std::max(width, posts[i].ids.size());
        real += posts[i].ids.size();
      }
      padded += width * b.size();
    }
    QVERIFY2(static_cast<double>(padded) < 1.2 * static_cast<double>(real), qPrintable(QString("%1 ids for %2").arg(padded).arg(real)));
  }

  void held_out_share_is_stratified() {
    std::vector<int> labels;
    for (int k = 0; k < 100; ++k) labels.push_back(k < 90 ? 0 : 1);
    const auto chosen = stratified_share(labels, 0.1, 5);
    QCOMPARE(chosen.size(), std::size_t{10});
    QCOMPARE(std::count_if(chosen.begin(), chosen.end(), [&](std::size_t k) { return labels[k] == 1; }), 1);
    QVERIFY(chosen == stratified_share(labels, 0.1, 5));
    QVERIFY(chosen != stratified_share(labels, 0.1, 6));
  }

  void accumulation_equals_a_large_batch() {
    TELLTALE_NEEDS_SHARED(shared);
    const auto posts = random_posts(11);  // 4 + 4 + 3: the last batch is partial
    TrainingSettings s = class_term_alone();
    s.batch = 4;
    s.accumulate = 3;
    const auto model = tiny(shared, Precision::fp64);
    Stepper stepper(*model, posts, s, at::kDouble);
    std::vector<std::size_t> all(posts.size());
    std::iota(all.begin(), all.end(), std::size_t{0});
    const StepResult one = stepper.accumulate({all}, 0, false);
    const at::Tensor whole = model->impl().parameters->flat_gradient.clone();
    const StepResult three = stepper.accumulate({{0, 1, 2, 3}, {4, 5, 6, 7}, {8, 9, 10}}, 0, false);
    QVERIFY(std::abs(one.values.total - three.values.total) < 1e-12);
    QVERIFY((whole - model->impl().parameters->flat_gradient).norm().item<double>() < 1e-12 * whole.norm().item<double>() + 1e-15);
    QVERIFY(one.gradient_norm > 0);
    QCOMPARE(three.documents.size(), posts.size());
    QCOMPARE(stepper.steps_an_epoch(), 1);
    QCOMPARE(stepper.step(0, false).documents.size(), posts.size());
  }

  /// LibTorch 1.13 never frees the clone of a generator: one for each batch's dropout was 2.6 KB a step.
  void steps_leave_nothing_behind() {
    TELLTALE_NEEDS_SHARED(shared);
    const auto posts = random_posts(40);
    const auto model = tiny(shared, Precision::fp32);
    TrainingSettings s = class_term_alone();
    s.batch = 4;
    s.dropout_hidden = s.dropout_attention = s.dropout_classifier = 0.1;
    Stepper stepper(*model, posts, s, at::kFloat);
    const auto go = [&](int steps) {
      for (std::int64_t k = 0; k < steps; ++k) stepper.step(k % stepper.steps(), false);
    };
    go(30);
    const auto before = static_cast<long long>(mallinfo2().uordblks);
    go(200);
    const long long kept = static_cast<long long>(mallinfo2().uordblks) - before;
    QVERIFY2(kept < 200 * 1000, qPrintable(QStringLiteral("%1 bytes").arg(kept)));
    // And a step is the same whenever it is taken.
    const StepResult once = stepper.accumulate({{0, 1, 2}}, 5, false), again = stepper.accumulate({{0, 1, 2}}, 5, false), other = stepper.accumulate({{0, 1, 2}}, 6, false);
    QCOMPARE(once.values.total, again.values.total);
    QVERIFY(once.values.total != other.values.total);
  }

  void a_pair_sees_the_same_batches() {
    TELLTALE_NEEDS_SHARED(shared);
    const auto posts = random_posts(50);
    const auto model = tiny(shared, Precision::fp32);
    TrainingSettings a = preset_settings("baseline"), b = preset_settings("contrastive");
    a.batch = b.batch = 4;
    Stepper one(*model, posts, a, at::kFloat), two(*model, posts, b, at::kFloat);
    QCOMPARE(one.steps(), two.steps());
    for (std::int64_t k = 0; k < one.steps(); ++k) QVERIFY(one.batches_of(k) == two.batches_of(k));
  }

  void sharedness_and_rivals() {
    QCOMPARE(sharedness(0, 0), 1.0);
    QCOMPARE(sharedness(4, 4), 1.0);
    QVERIFY(std::abs(sharedness(8, 0) - (1 - std::abs(2 * 9.0 / 10 - 1))) < 1e-15);
    QCOMPARE(sharedness(8, 0), sharedness(0, 8));
    const SpecialIds specials{0, 1, 2, 3, 4};
    const std::vector<TrainingPost> posts = {{1, 0, {2, 10, 10, 11, 3}, {}}, {2, 1, {2, 10, 12, 3}, {}}, {3, 1, {2, 12, 3}, {}}};
    const at::Tensor n = document_counts(posts, 2, 20, specials);
    QCOMPARE(n[0][10].item<double>(), 1.0);  // once a post
    QCOMPARE(n[1][12].item<double>(), 2.0);
    QCOMPARE(n[0][2].item<double>(), 0.0);
    at::Tensor confusion = at::zeros({3, 3}, at::kDouble);
    QCOMPARE(rivals({}, 3), (std::vector<int>{1, 0, 0}));
    confusion[0][2] = 0.3;
    confusion[0][0] = 0.9;
    QCOMPARE(rivals(confusion, 3), (std::vector<int>{2, 0, 0}));
    QCOMPARE(rivals(confusion, 3, 1), (std::vector<int>{1, 0, 1}));
  }

  void shared_word_dropout() {
    const SpecialIds specials{0, 1, 2, 3, 4};
    // Piece 10 is in every post of both classes (s = 1), piece 11 only in those of class 0.
    std::vector<TrainingPost> posts;
    for (int k = 0; k < 40; ++k) posts.push_back(k % 2 ? TrainingPost{k, 1, {2, 10, 3}, {}} : TrainingPost{k, 0, {2, 10, 11, 3}, {}});
    const at::Tensor n = document_counts(posts, 2, 20, specials);
    TrainingPost post{1, 0, {2}, {}};
    for (int k = 0; k < 2000; ++k) post.ids.push_back(k % 2 ? 11 : 10);
    post.ids.push_back(3);
    post.marked.assign(post.ids.size(), 1.f);
    const TrainingPost masked = drop_shared(post, {0.5, SharedDrop::mask, 9, 4}, n, 1, specials);
    QCOMPARE(masked.ids.size(), post.ids.size());
    int shared_words = 0, telling = 0;
    for (std::size_t t = 1; t + 1 < post.ids.size(); ++t)
      if (masked.ids[t] != post.ids[t]) {
        QCOMPARE(masked.ids[t], specials.mask);
        ++(post.ids[t] == 10 ? shared_words : telling);
      }
    QVERIFY(std::abs(shared_words - 500) < 80);                                   // q · s = 0.5
    QVERIFY(std::abs(telling - 1000 * 0.5 * sharedness(20, 0)) < 40);             // about 0.045
    QCOMPARE(masked.ids.front(), specials.cls);
    QCOMPARE(masked.ids.back(), specials.sep);
    const TrainingPost deleted = drop_shared(post, {0.5, SharedDrop::remove, 9, 4}, n, 1, specials);
    QCOMPARE(deleted.ids.size(), post.ids.size() - static_cast<std::size_t>(shared_words + telling));
    QCOMPARE(deleted.marked.size(), deleted.ids.size());
    QVERIFY(drop_shared(post, {0.5, SharedDrop::mask, 9, 4}, n, 1, specials).ids == masked.ids);
    QVERIFY(drop_shared(post, {0.5, SharedDrop::mask, 9, 5}, n, 1, specials).ids != masked.ids);
    QVERIFY(drop_shared(post, {0, SharedDrop::mask, 9, 5}, n, 1, specials).ids == post.ids);
  }

  void marks() {
    Document d;
    d.text = "clutch of car";
    Encoding e;
    e.ids = {2, 10, 11, 12, 3};
    e.offsets = {{}, {0, 6}, {7, 9}, {10, 13}, {}};
    e.word_of = {-1, 0, 1, 2, -1};
    QCOMPARE(marked_weights(d, e), (std::vector<float>{0, 0, 0, 0, 0}));
    d.spans = {{7, 9, "shared"}};
    QCOMPARE(marked_weights(d, e), (std::vector<float>{0, 0, 1, 0, 0}));
    d.spans.push_back({0, 6, "telling"});
    QCOMPARE(marked_weights(d, e), (std::vector<float>{0, 0, 1, 1, 0}));
  }

  void padded_batches() {
    const std::vector<TrainingPost> posts = {{7, 1, {2, 10, 3}, {}}, {9, 0, {2, 3}, {}}};
    const Batch b = make_batch(posts, 0, at::kCPU, at::kFloat);
    QVERIFY(at::equal(b.ids, at::tensor({2, 10, 3, 2, 3, 0}, at::kLong).view({2, 3})));
    QVERIFY(at::equal(b.mask, at::tensor({1, 1, 1, 1, 1, 0}, at::kLong).view({2, 3})));
    QCOMPARE(b.documents, (std::vector<std::int64_t>{7, 9}));
    QVERIFY(!b.marked.defined());
  }

  void figures_by_hand() {
    const auto p = [](std::vector<double> probabilities) {
      Prediction out;
      for (const double x : probabilities) out.logits.push_back(std::log(x));
      out.probabilities = probabilities;
      out.predicted = static_cast<int>(std::max_element(probabilities.begin(), probabilities.end()) - probabilities.begin());
      return out;
    };
    const Json m = classification_metrics({p({0.8, 0.2}), p({0.6, 0.4}), p({0.1, 0.9}), p({0.7, 0.3})}, {0, 1, 1, 0}, 2);
    QCOMPARE(m["accuracy"].get<double>(), 0.75);
    QVERIFY(std::abs(m["macro_f1"].get<double>() - (0.8 + 2.0 / 3) / 2) < 1e-12);
    QVERIFY(std::abs(m["nll"].get<double>() + (std::log(0.8) + std::log(0.4) + std::log(0.9) + std::log(0.7)) / 4) < 1e-12);
    QVERIFY(std::abs(m["ece"].get<double>() - (0.2 + 0.6 + 0.1 + 0.3) / 4) < 1e-12);
    QVERIFY(classification_metrics({}, {}, 2)["accuracy"].is_null());
  }

  void checkpoints_are_whole_or_not_there() {
    TELLTALE_NEEDS_SHARED(shared);
    Temporary t;
    const auto posts = random_posts(8);
    TrainingSettings s = class_term_alone();
    s.batch = 4;
    const auto model = tiny(shared, Precision::fp32), other = tiny(shared, Precision::fp32);
    Stepper stepper(*model, posts, s, at::kFloat), back(*other, posts, s, at::kFloat);
    for (std::int64_t k = 0; k < 3; ++k) stepper.step(k, false);
    const fs::path run = t / "run-1";
    fs::create_directories(run);
    Classifier::Impl& m = model->impl();
    write_model_folder_config(run, m.config, model->folder());
    TrainingPosition position{3, 1.5, 2, 0.5, 0.7, "checkpoint-2", 3};
    const auto write = [&] { write_checkpoint(run, "checkpoint-3", m.config, *m.parameters, stepper.optimiser(), stepper.objective().state(), position); };
    write();
    write();  // replaces
    QCOMPARE(checkpoint_step(run / "checkpoint-3"), 3);
    const TrainingPosition read = read_checkpoint(run / "checkpoint-3", *other->impl().parameters, back.optimiser(), back.objective().state());
    QCOMPARE(read.step, 3);
    QCOMPARE(read.best_folder, std::string("checkpoint-2"));
    QVERIFY(at::equal(other->impl().parameters->flat, m.parameters->flat));
    QVERIFY(at::equal(back.optimiser().first, stepper.optimiser().first));
    QVERIFY(at::equal(back.optimiser().second, stepper.optimiser().second));
    QCOMPARE(back.optimiser().steps, 3);
    // Both go on alike.
    stepper.step(3, false);
    back.step(3, false);
    QVERIFY(at::equal(other->impl().parameters->flat, m.parameters->flat));

    // The folder is a model too.
    QCOMPARE(Classifier::load(run / "checkpoint-3", {"cpu", 2, Precision::fp32})->labels(), directions);

    // One flipped bit is found.
    std::string bytes = read_file(run / "checkpoint-3/optimizer.safetensors");
    bytes[bytes.size() - 5] = static_cast<char>(bytes[bytes.size() - 5] ^ 1);
    write_file_atomically(run / "checkpoint-3/optimizer.safetensors", bytes);
    QVERIFY_THROWS_EXCEPTION(std::runtime_error, read_checkpoint(run / "checkpoint-3", *other->impl().parameters, back.optimiser(), back.objective().state()));

    // A disk that is full in the middle of writing: an error, the old checkpoint stays, nothing else does.
    write();
    rlimit old{}, small{};
    getrlimit(RLIMIT_FSIZE, &old);
    small = {20000, old.rlim_max};
    const auto before = signal(SIGXFSZ, SIG_IGN);
    setrlimit(RLIMIT_FSIZE, &small);
    QString message;
    try {
      write();
    } catch (const std::runtime_error& e) {
      message = e.what();
    }
    setrlimit(RLIMIT_FSIZE, &old);
    signal(SIGXFSZ, before);
    QVERIFY2(message.contains("checkpoint-3"), qPrintable(message));
    QCOMPARE(checkpoint_step(run / "checkpoint-3"), 3);
    QVERIFY(!fs::exists(run / "checkpoint-3.writing"));
    remove_other_checkpoints(run, {});
    QVERIFY(!fs::exists(run / "checkpoint-3"));
    QVERIFY(fs::exists(run / "config.json"));
  }
};

QTEST_GUILESS_MAIN(TestTrainingSteps)
#include "test_training_steps.moc"
