#include "window_file.hpp"

#include <SQLiteCpp/SQLiteCpp.h>
#include <fmt/format.h>

#include "attribution/explain.hpp"
#include "base/random.hpp"
#include "evaluation/explained.hpp"
#include "training/trainer.hpp"
#include "widgets/watched_runs.hpp"

namespace telltale::bench {
namespace {

namespace fs = std::filesystem;
constexpr int words_of_post = 120, not_explained = 500;

/// Words of one length: posts differ and are laid out alike, so that one explanation's places hold for all of them.
const std::vector<std::string> common = {"about", "above", "after", "again", "along", "among", "asked", "began", "being", "below", "black", "bring", "build", "carry", "cause", "clear", "could", "cover", "cross", "doing",
                                         "early", "earth", "every", "fires", "first", "found", "front", "given", "great", "green", "group", "heard", "horse", "house", "hours", "large", "learn", "leave", "light", "might",
                                         "money", "music", "never", "night", "north", "notes", "often", "order", "other", "paper", "piece", "place", "plain", "plane", "plant", "point", "power", "quick", "ready", "right"};
const std::vector<std::pair<std::string, std::string>> classes = {{"autos", "wheel"}, {"baseball", "pitch"}, {"hockey", "goals"}};

void add_posts(Store& store, const std::string& name, int train, int test, int words) {
  Rng rng(7);
  auto import = store.begin_import(name, "made up", Json::object());
  for (int k = 0; k < train + test; ++k) {
    const auto& [label, tells] = classes[static_cast<std::size_t>(k) % classes.size()];
    Document d;
    d.external_id = fmt::format("{}-{}", name, k);
    d.split = k < train ? "train" : "test";
    const auto place = static_cast<int>(rng.below(static_cast<std::uint64_t>(words)));
    for (int w = 0; w < words; ++w) d.text += (w ? " " : "") + (w == place ? tells : common[rng.below(common.size())]);
    import->add(d, label);
  }
  import->commit(Json::object());
}

std::int64_t train_one(Store& store, const fs::path& model) {
  TrainRequest r;
  r.dataset = store.datasets().at(0).id;
  r.model = model.string();
  r.preset = "baseline";
  r.settings = settings_for(store, r.preset, {});
  for (const char* s : {"batch=8", "epochs=1", "max_length=128"}) assign(r.settings, s);
  const RunRecord run = train(store, r, {{"cpu", 2, Precision::fp32}, false});
  if (run.status != RunStatus::finished) throw std::runtime_error("the first run did not finish: " + run.error);
  return run.id;
}

}  // namespace

void make_small_file(const fs::path& file, int train, int words) {
  auto store = Store::open(file, Store::Mode::create);
  add_posts(*store, "posts", train, 32, words);
}

LargeFile make_large_file(const fs::path& file, const fs::path& model, int runs, int steps, int posts) {
  std::int64_t trained = 0, pattern = 0, newest = 0, data = 0, first = 0;
  {
    auto store = Store::open(file, Store::Mode::create);
    add_posts(*store, "few", 96, 32, words_of_post);
    trained = train_one(*store, model);
    add_posts(*store, "posts", posts * 4 / 5, posts - posts * 4 / 5, words_of_post);
    data = store->dataset("posts").id;
    const auto ids = store->document_ids({.dataset = data});
    first = ids.front();
    pattern = test::add_watched_run(*store, data, {.name = "contrastive", .steps = steps, .done = steps, .spike = steps / 2, .model = model.string()});
    std::vector<PostPrediction> predictions;
    Rng rng(3);
    for (const std::int64_t id : ids) {
      PostPrediction p{id, {}};
      for (std::size_t c = 0; c < classes.size(); ++c) p.logits.push_back(static_cast<float>(rng.below(1000)) / 200);
      predictions.push_back(std::move(p));
    }
    const std::string fingerprint = store->run(trained).fingerprint;
    store->add_predictions(fingerprint, 128, "fp32", predictions);
    const auto loaded = Classifier::load(weights_folder(*store, store->run(trained)), {"cpu", 2, Precision::fp32});
    const ExplainItem item{loaded->tokenizer().encode(store->document(first).text, loaded->max_length(128)), -1, -1};
    store->add_explanation(explanation_record(explain(*loaded, {item}, {})[0], item.encoding, *loaded, trained, first));
  }
  SQLite::Database db(file.string(), SQLite::OPEN_READWRITE);
  db.exec("PRAGMA synchronous = OFF; PRAGMA cache_size = -200000");
  const std::string columns = "preset, dataset, model, from_run, pair, status, metrics, cost, step, steps, fingerprint, folder, error, note, started, finished, created";
  for (int k = 1; k < runs; ++k) {
    SQLite::Transaction t(db);
    db.exec(fmt::format("INSERT INTO runs(name, settings, {0}) SELECT 'run ' || {1}, json_set(settings, '$.seed', {1} % 5, '$.learning_rate', 1e-5 * (1 + {1} / 5)), {0} FROM runs WHERE id = {2}", columns, k, pattern));  // five seeds each
    newest = db.getLastInsertRowid();
    db.exec(fmt::format("INSERT INTO steps SELECT {}, ghost, step, epoch, seconds, gradient_norm, learning_rate, tokens_per_second, memory_mib, terms, shares, documents FROM steps WHERE run = {}", newest, pattern));
    db.exec(fmt::format("INSERT INTO validations SELECT {}, ghost, step, split, metrics FROM validations WHERE run = {}", newest, pattern));
    t.commit();
  }
  if (newest == 0) newest = pattern;
  SQLite::Transaction t(db);
  db.exec(fmt::format("UPDATE runs SET fingerprint = (SELECT fingerprint FROM runs WHERE id = {0}), folder = (SELECT folder FROM runs WHERE id = {0}), settings = json_set(settings, '$.max_length', 128) WHERE id = {1}", trained, newest));
  db.exec(fmt::format("UPDATE explanations SET run = {}", newest));
  db.exec(fmt::format("INSERT INTO explanations(fingerprint, run, document, method, protocol, target, foil, value, baseline_value, delta, steps, prediction, ids, offsets, scores, words, word_scores, created) "
                      "SELECT e.fingerprint, e.run, d.id, e.method, e.protocol, e.target, e.foil, e.value, e.baseline_value, e.delta, e.steps, e.prediction, e.ids, e.offsets, e.scores, e.words, e.word_scores, e.created "
                      "FROM documents d, (SELECT * FROM explanations LIMIT 1) e WHERE d.dataset = {} AND d.id > {} AND d.id < {}", data, first, first + posts - not_explained));
  t.commit();
  return describe_large_file(file);
}

LargeFile describe_large_file(const fs::path& file) {
  SQLite::Database db(file.string(), SQLite::OPEN_READONLY);
  LargeFile out;
  out.run = db.execAndGet("SELECT max(id) FROM runs").getInt64();
  out.first_post = db.execAndGet("SELECT min(d.id) FROM documents d WHERE d.dataset = (SELECT dataset FROM runs ORDER BY id DESC LIMIT 1)").getInt64();
  out.posts = db.execAndGet("SELECT count(*) FROM documents d WHERE d.dataset = (SELECT dataset FROM runs ORDER BY id DESC LIMIT 1)").getInt64();
  out.explained = db.execAndGet("SELECT count(*) FROM explanations").getInt64();
  return out;
}

}  // namespace telltale::bench
