// A run of a tiny model on posts among which some are planted: a copy of a test post, and a copy with a wrong label.
#pragma once
#include <string>
#include <vector>

#include "widgets/tiny_model.hpp"

namespace telltale::test {

inline const std::vector<std::string>& planted_classes() {
  static const std::vector<std::string> classes = {"autos", "baseball", "hockey"};
  return classes;
}

struct PlantedPosts {
  std::int64_t dataset = 0;
  std::int64_t asked = 0;      ///< test post of class hockey …
  std::int64_t twin = 0;       ///< … its copy among the training posts, label hockey …
  std::int64_t mislabelled = 0;///< … and another with the label autos
};

inline PlantedPosts add_planted_posts(Store& store, int train = 60, const std::string& name = "planted") {
  const std::vector<std::string> telling = {"engine", "pitcher", "goalie"};
  Rng rng(11);
  auto import = store.begin_import(name, "made up", Json::object());
  const auto add = [&](const std::string& id, const std::string& split, const std::string& text, std::size_t c) {
    Document d;
    d.external_id = id;
    d.split = split;
    d.text = text;
    import->add(d, planted_classes()[c]);
  };
  const std::string asked = "the goalie was out of it in the third period";
  for (int k = 0; k < train; ++k) {
    const std::size_t c = static_cast<std::size_t>(k) % 3;
    std::string text;
    const auto words = 4 + rng.below(8), place = rng.below(words);
    for (std::uint64_t w = 0; w < words; ++w) text += (w ? " " : "") + (w == place ? telling[c] : common_words()[rng.below(common_words().size())]);
    add("train-" + std::to_string(k), "train", text, c);
    if (k == train / 2) add("mislabelled", "train", asked, 0);
    if (k == train / 3) add("twin", "train", asked, 2);
  }
  add("asked", "test", asked, 2);
  for (int k = 0; k < 6; ++k) add("test-" + std::to_string(k), "test", "a " + telling[static_cast<std::size_t>(k) % 3] + " for us", static_cast<std::size_t>(k) % 3);
  PlantedPosts out;
  out.dataset = import->commit(Json::object()).id;
  out.asked = *store.find_document(out.dataset, "asked");
  out.twin = *store.find_document(out.dataset, "twin");
  out.mislabelled = *store.find_document(out.dataset, "mislabelled");
  return out;
}

/// Trains a run of make_tiny_model() on them; returns its record.
inline RunRecord train_planted(Store& store, const std::filesystem::path& model, std::int64_t dataset, int epochs = 6, const std::vector<std::string>& settings = {}) {
  TrainRequest r;
  r.dataset = dataset;
  r.model = model.string();
  r.preset = "baseline";
  r.settings = settings_for(store, "baseline", {});
  for (const std::string& s : {std::string("batch=8"), std::string("learning_rate=0.003"), std::string("max_length=32"), "epochs=" + std::to_string(epochs)}) assign(r.settings, s);
  for (const std::string& s : settings) assign(r.settings, s);
  return train(store, r, {{"cpu", 1, Precision::fp32}, false});
}

}  // namespace telltale::test
