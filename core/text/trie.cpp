#include "text/trie.hpp"

#include <algorithm>

namespace telltale {

Trie::Trie(std::vector<std::pair<std::string_view, std::int32_t>> keys) {
  std::sort(keys.begin(), keys.end());
  struct Work {
    std::size_t first, last, depth;  // keys [first, last) share the path to this node, depth bytes long
    std::uint32_t node;
  };
  std::vector<Work> todo = {{0, keys.size(), 0, root}};
  std::vector<unsigned char> labels;
  std::vector<std::size_t> starts;
  std::uint32_t first_free = 257, family_start = 257;  // no place is free before the first; any label fits from 257 on
  const auto free = [&](std::uint32_t place) {
    return place >= nodes_.size() || (place != root && nodes_[place].parent == none);
  };

  // Level by level, so that the nodes near the roots, which every word visits, lie together.
  for (std::size_t done = 0; done < todo.size(); ++done) {
    const Work at = todo[done];
    std::size_t k = at.first;
    if (k < at.last && keys[k].first.size() == at.depth) {
      if (at.node != root) nodes_[at.node].value = keys[k].second;
      ++k;
    }
    labels.clear();
    starts.clear();
    for (; k < at.last; ++k) {
      const auto label = static_cast<unsigned char>(keys[k].first[at.depth]);
      if (labels.empty() || labels.back() != label) labels.push_back(label), starts.push_back(k);
    }
    if (labels.empty()) {
      nodes_[at.node].base = 0x80000000u;  // past every place: a leaf has no step
      continue;
    }
    starts.push_back(at.last);

    // The first place for the first child where all the others fit too. Families (several children) are looked a place
    // for from `family_start` on, which moves up when what lies behind it has become crowded; single children fill the
    // gaps.
    while (!free(first_free)) ++first_free;
    const bool family = labels.size() > 1;
    std::uint32_t place = family ? std::max(first_free, family_start) : first_free;
    const std::uint32_t began = place;
    const auto siblings_fit = [&] {
      return std::all_of(labels.begin() + 1, labels.end(),
                         [&](unsigned char l) { return free(place + (l - labels.front())); });
    };
    while (!free(place) || !siblings_fit()) ++place;
    if (family && place - began > 64) family_start = place;
    const std::uint32_t base = place - labels.front();
    if (nodes_.size() < base + labels.back() + 1u) nodes_.resize(base + labels.back() + 1u);
    nodes_[at.node].base = base;
    for (std::size_t i = 0; i < labels.size(); ++i) {
      const std::uint32_t child = base + labels[i];
      nodes_[child].parent = at.node;
      todo.push_back({starts[i], starts[i + 1], at.depth + 1, child});
    }
  }
  nodes_.shrink_to_fit();
}

}  // namespace telltale
