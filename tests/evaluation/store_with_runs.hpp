// A store with a data set of four classes and three finished runs of tiny models: baseline (1), contrastive from it (2), its control (3).
#pragma once
#include <QTemporaryDir>
#include <string>
#include <vector>

#include "base/random.hpp"
#include "model/classifier.hpp"
#include "shared_data.hpp"
#include "store/store.hpp"

struct StoreWithRuns {
  QTemporaryDir folder;
  std::unique_ptr<telltale::Store> store;
  std::int64_t dataset = 0;

  explicit StoreWithRuns(const std::filesystem::path& shared, int train = 8, int test = 5) {
    using namespace telltale;
    store = Store::open(std::filesystem::path(folder.path().toStdString()) / "t.telltale", Store::Mode::create);
    const std::vector<std::pair<std::string, std::vector<std::string>>> classes = {{"cars", {"engine", "wheel", "oil", "Road"}},
                                                                                   {"computers", {"screen", "mouse", "memory", "disk"}},
                                                                                   {"hockey", {"puck", "goalie", "league", "score"}},
                                                                                   {"zebras", {"inning", "pitcher", "ball", "season"}}};
    const std::vector<std::string> common = {"The", "team", "with", "very", "old", "people", "said", "time", ".", "drive"};
    Rng rng(1);
    auto import = store->begin_import("toy", "made", Json::object());
    for (const auto& [name, words] : classes)
      for (int i = 0; i < train + test; ++i) {
        Document d;
        d.external_id = name + "/" + std::to_string(i);
        d.split = i < train ? "train" : "test";
        for (int w = 0; w < 8; ++w) {
          if (!d.text.empty()) d.text += " ";
          const bool own = rng.below(2) == 0;
          const std::string word = own ? words[rng.below(4)] : common[rng.below(common.size())];
          if (own) d.spans.push_back({static_cast<std::int64_t>(d.text.size()), static_cast<std::int64_t>(d.text.size() + word.size()), "telling"});
          d.text += word;
        }
        if (i == train) d.text.clear(), d.spans.clear();  // one empty post a class
        import->add(d, name);
      }
    dataset = import->commit(Json::object()).id;
    add_run(shared, "baseline", "baseline", {}, 1, 0);
    add_run(shared, "contrastive", "contrastive", 1, 2, 1);
    add_run(shared, "its control", "control", 1, 3, 0);
  }

  std::int64_t add_run(const std::filesystem::path& shared, const std::string& name, const std::string& preset, std::optional<std::int64_t> from, std::uint64_t head, double attribution_weight) {
    using namespace telltale;
    const auto info = store->dataset(dataset);
    const auto model = Classifier::load(shared / "golden/models/tiny-bert/fp32", {}, info.classes, head);
    RunRecord run;
    run.name = name;
    run.preset = preset;
    run.dataset = dataset;
    run.model = "tiny-bert";
    run.from = from;
    if (from) run.pair = 2;
    run.status = RunStatus::finished;
    run.settings = {{"seed", 5}, {"max_length", 32}, {"weight.attribution", attribution_weight}, {"weight.overlap", 0}, {"weight.prior", 0}, {"attribution.baseline", "pad"}};
    run.metrics = {{"accuracy", 0.25}};
    run.fingerprint = model->fingerprint();
    const auto id = store->add_run(run);
    run = store->run(id);
    run.folder = "run-" + std::to_string(id);
    std::filesystem::create_directories(store->folder());
    model->save(store->folder() / run.folder);
    store->update_run(run);
    return id;
  }
};
