// A data set that tiny-bert can learn: posts of random words, two of them telling for their class, lengths from 2 to 40 words.
#pragma once
#include <QTemporaryDir>
#include <filesystem>
#include <string>
#include <vector>

#include "base/random.hpp"
#include "store/store.hpp"

struct Temporary {
  QTemporaryDir dir;
  std::filesystem::path operator/(const std::string& name) const { return std::filesystem::path(dir.path().toStdString()) / name; }
};

inline telltale::DatasetInfo synthetic_posts(telltale::Store& store, int train, int test, const std::string& name = "made", const std::vector<std::string>& classes = {"east", "north", "south", "west"}) {
  const std::vector<std::string> telling = {"hockey", "team", "game", "wins"}, common = {"the", "a", "of", "and", "to", "in", "it", "is", "on", "for"};
  telltale::Rng rng(7);
  auto import = store.begin_import(name, "made up", {{"seed", 7}});
  for (int k = 0; k < train + test; ++k) {
    const std::size_t c = static_cast<std::size_t>(k) % classes.size();
    telltale::Document d;
    d.external_id = std::to_string(k);
    d.split = k < train ? "train" : "test";
    const auto words = 2 + rng.below(39), place = rng.below(words);
    for (std::uint64_t w = 0; w < words; ++w) d.text += (w ? " " : "") + (w == place ? telling[c % telling.size()] : common[rng.below(common.size())]);
    d.spans.push_back({0, 3, "shared"});
    import->add(d, classes[c]);
  }
  return import->commit({{"skipped", telltale::Json::array()}});
}
