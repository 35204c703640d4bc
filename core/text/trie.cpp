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
  std::uint32_t first_free = 1;  // no free place lies before it
  const auto free = [&](std::uint32_t place) { return place >= nodes_.size() || (place != root && nodes_[place].parent == none); };

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

    // The first place for the first child where all the others fit too. Where many nodes crowd, look only so far.
    while (!free(first_free)) ++first_free;
    std::uint32_t place = std::max<std::uint32_t>(first_free, labels.front() + 1u);
    int crowded = 0;
    for (;; ++place) {
      const auto fits = [&](unsigned char l) { return free(place + (l - labels.front())); };
      if (std::all_of(labels.begin(), labels.end(), fits)) break;
      if (++crowded == 4096) place = std::max<std::uint32_t>(place, static_cast<std::uint32_t>(nodes_.size()));
    }
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
