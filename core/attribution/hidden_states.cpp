#include "attribution/hidden_states.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "attribution/layer_walk.hpp"

namespace telltale {

const char* name_of(Pool p) { return p == Pool::cls ? "cls" : "mean"; }

Pool parse_pool(const std::string& name) {
  for (const Pool p : {Pool::cls, Pool::mean})
    if (name == name_of(p)) return p;
  throw std::invalid_argument(fmt::format("unknown pool '{}': one of cls, mean", name));
}

LayerStates layer_states(const Classifier& model, const std::vector<Encoding>& texts, Pool pool, std::stop_token stop,
                         const ProgressFn& progress) {
  const Classifier::Impl& impl = model.impl();
  const Network network = predicting_network(impl);
  const auto states = static_cast<std::size_t>(impl.config.layers) + 1;
  LayerStates out;
  out.width = static_cast<std::size_t>(impl.config.hidden_size);
  out.states.assign(states, std::vector<float>(texts.size() * out.width));
  if (!impl.labels.empty()) out.predicted.assign(states, std::vector<int>(texts.size()));
  const auto one_each = [&](std::span<const std::size_t> posts, const at::Tensor& h) {
    if (pool == Pool::cls) return h.select(1, 0);
    std::vector<at::Tensor> rows;
    for (std::size_t k = 0; k < posts.size(); ++k) {
      const auto T = static_cast<std::int64_t>(texts[posts[k]].ids.size());
      rows.push_back(h.select(0, static_cast<std::int64_t>(k)).narrow(0, 0, T).mean(0));
    }
    return at::stack(rows);
  };
  walk_layers(
      impl, network, texts,
      [&](std::size_t layer, std::span<const std::size_t> posts, const at::Tensor& h) {
        const at::Tensor vectors = one_each(posts, h).to(at::kCPU).to(at::kFloat).contiguous();
        if (!at::isfinite(vectors).all().item<bool>())
          throw std::runtime_error(fmt::format("layer {} has hidden states that are not finite", layer));
        for (std::size_t k = 0; k < posts.size(); ++k) {
          const float* row = vectors.data_ptr<float>() + static_cast<std::int64_t>(k * out.width);
          std::copy(row, row + out.width,
                    out.states[layer].begin() + static_cast<std::ptrdiff_t>(posts[k] * out.width));
        }
        if (out.predicted.empty()) return;
        const at::Tensor answers = network.logits(h.select(1, 0)).argmax(-1).to(at::kCPU).to(at::kLong).contiguous();
        for (std::size_t k = 0; k < posts.size(); ++k)
          out.predicted[layer][posts[k]] = static_cast<int>(answers.data_ptr<std::int64_t>()[k]);
      },
      stop, progress);
  return out;
}

}  // namespace telltale
