#include "attribution/logit_lens.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "attribution/layer_walk.hpp"

namespace telltale {
namespace {

/// One prediction for each row of logits [n,C].
std::vector<Prediction> predictions(const at::Tensor& logits) {
  const at::Tensor z = logits.to(at::kCPU).to(at::kDouble).contiguous(), p = at::softmax(z, -1).contiguous();
  const std::int64_t C = z.size(1);
  std::vector<Prediction> out(static_cast<std::size_t>(z.size(0)));
  for (std::size_t k = 0; k < out.size(); ++k) {
    const double *row = z.data_ptr<double>() + static_cast<std::int64_t>(k) * C,
                 *probability = p.data_ptr<double>() + static_cast<std::int64_t>(k) * C;
    out[k].logits.assign(row, row + C);
    out[k].probabilities.assign(probability, probability + C);
    out[k].predicted = static_cast<int>(std::max_element(row, row + C) - row);
    if (!std::isfinite(row[0]))
      throw std::runtime_error("the model gave logits that are not finite; try --precision fp32");
  }
  return out;
}

}  // namespace

std::vector<LogitLens> logit_lens(const Classifier& model, const std::vector<Encoding>& texts, bool positions,
                                  std::stop_token stop, const ProgressFn& progress) {
  const Classifier::Impl& impl = model.impl();
  if (impl.labels.empty())
    throw std::runtime_error(fmt::format(
        "{}: an encoder without a classification head: finetune it first (telltale train)", impl.folder.string()));
  const Network network = predicting_network(impl);
  const auto states = static_cast<std::size_t>(impl.config.layers) + 1;
  std::vector<LogitLens> out(texts.size());
  for (LogitLens& l : out) {
    l.layers.resize(states);
    if (positions) l.positions.resize(states);
  }
  walk_layers(
      impl, network, texts,
      [&](std::size_t layer, std::span<const std::size_t> posts, const at::Tensor& h) {
        const std::vector<Prediction> cls = predictions(network.logits(h.select(1, 0)));
        for (std::size_t k = 0; k < posts.size(); ++k) out[posts[k]].layers[layer] = cls[k];
        if (!positions) return;
        for (std::size_t k = 0; k < posts.size(); ++k) {
          const auto T = static_cast<std::int64_t>(texts[posts[k]].ids.size());
          out[posts[k]].positions[layer] =
              predictions(network.logits(h.select(0, static_cast<std::int64_t>(k)).narrow(0, 0, T)));
        }
      },
      stop, progress);
  for (LogitLens& l : out) {
    l.settled = static_cast<int>(states) - 1;
    while (l.settled > 0 && l.layers[static_cast<std::size_t>(l.settled) - 1].predicted == l.layers.back().predicted)
      --l.settled;
  }
  return out;
}

}  // namespace telltale
