#include "attribution/attention_flow.hpp"

#include <algorithm>
#include <limits>

namespace telltale {
namespace {

constexpr double nothing = 1e-13;  // capacities left below this are rounding

/// Dinic's algorithm on the layered graph; edges only between neighbouring layers, so residuals are two dense matrices
/// a layer.
class LayeredFlow {
 public:
  LayeredFlow(const std::vector<std::vector<double>>& maps, std::size_t size)
      : maps_(maps), n_(size), layers_(maps.size()), nodes_((layers_ + 1) * n_), level_(nodes_), next_(nodes_) {}

  double from(std::size_t source, std::size_t sink) {
    flow_.assign(layers_, std::vector<double>(n_ * n_, 0.0));
    const std::size_t target = layers_ * n_ + sink;
    // No flow exceeds what leaves the source or enters the sink: where that is met, it is the maximum.
    double out = 0, in = 0;
    for (std::size_t j = 0; j < n_; ++j) out += maps_.front()[source * n_ + j], in += maps_.back()[j * n_ + sink];
    const double bound = std::min(out, in);
    double total = 0;
    while (bound - total > nothing && rise(source, target)) {
      std::fill(next_.begin(), next_.end(), std::size_t{0});
      double more = 0;
      while (bound - total > nothing && (more = push(source, target, bound - total)) > 0) total += more;
    }
    return total;
  }

 private:
  // Node v = layer · n + position. Neighbour k < n: position k of the layer below; k ≥ n: position k − n of the layer
  // above, against the flow.
  double left(std::size_t v, std::size_t k) const {
    const std::size_t layer = v / n_, i = v % n_;
    if (k < n_) return layer < layers_ ? maps_[layer][i * n_ + k] - flow_[layer][i * n_ + k] : 0;
    return layer > 0 ? flow_[layer - 1][(k - n_) * n_ + i] : 0;
  }
  std::size_t at(std::size_t v, std::size_t k) const {
    return k < n_ ? (v / n_ + 1) * n_ + k : (v / n_ - 1) * n_ + k - n_;
  }
  void add(std::size_t v, std::size_t k, double f) {
    const std::size_t layer = v / n_, i = v % n_;
    if (k < n_)
      flow_[layer][i * n_ + k] += f;
    else
      flow_[layer - 1][(k - n_) * n_ + i] -= f;
  }

  /// Levels by breadth first; false where the sink is out of reach.
  bool rise(std::size_t source, std::size_t target) {
    std::fill(level_.begin(), level_.end(), -1);
    level_[source] = 0;
    queue_.assign(1, source);
    for (std::size_t q = 0; q < queue_.size(); ++q) {
      const std::size_t v = queue_[q];
      if (v == target) return true;
      for (std::size_t k = 0; k < 2 * n_; ++k)
        if (left(v, k) > nothing && level_[at(v, k)] < 0) {
          level_[at(v, k)] = level_[v] + 1;
          queue_.push_back(at(v, k));
        }
    }
    return level_[target] >= 0;
  }

  /// Sends up to `most` from v along rising levels.
  double push(std::size_t v, std::size_t target, double most) {
    if (v == target) return most;
    double sent = 0;
    for (std::size_t& k = next_[v]; k < 2 * n_; ++k) {
      const double room = std::min(most - sent, left(v, k));
      if (room <= nothing || level_[at(v, k)] != level_[v] + 1) continue;
      const double f = push(at(v, k), target, room);
      if (f > 0) {
        add(v, k, f);
        sent += f;
      }
      if (most - sent <= nothing) return sent;  // this edge may have room left: it is looked at again
    }
    return sent;
  }

  const std::vector<std::vector<double>>& maps_;
  std::size_t n_, layers_, nodes_;
  std::vector<std::vector<double>> flow_;
  std::vector<int> level_;
  std::vector<std::size_t> next_, queue_;
};

}  // namespace

std::vector<double> attention_flow(const std::vector<std::vector<double>>& maps, int size, int source,
                                   const std::function<void()>& between) {
  const auto n = static_cast<std::size_t>(size);
  std::vector<double> out(n, 0.0);
  if (maps.empty()) return out;
  LayeredFlow graph(maps, n);
  for (std::size_t j = 0; j < n; ++j) {
    if (between) between();
    out[j] = graph.from(static_cast<std::size_t>(source), j);
  }
  return out;
}

}  // namespace telltale
