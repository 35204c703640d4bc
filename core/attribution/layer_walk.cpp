#include "attribution/layer_walk.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <stdexcept>

namespace telltale {
namespace {

void check(const Classifier::Impl& model, const Encoding& text) {
  const auto T = static_cast<std::int64_t>(text.ids.size());
  if (T < 1 || T > model.config.max_positions)
    throw std::invalid_argument(
        fmt::format("a text of {} ids: the model takes 1 to {}", T, model.config.max_positions));
}

}  // namespace

Network predicting_network(const Classifier::Impl& model) {
  at::NoGradGuard no_grad;
  const BertWeights& weights = model.parameters->weights;
  return model.precision == Precision::bf16 ? Network(model.config, weights, cast(weights, at::kBFloat16))
                                            : Network(model.config, weights);
}

void walk_layers(const Classifier::Impl& model, const Network& network, const std::vector<Encoding>& texts,
                 const VisitLayer& visit, std::stop_token stop, const ProgressFn& progress) {
  at::NoGradGuard no_grad;
  for (const Encoding& t : texts) check(model, t);
  std::vector<std::size_t> order(texts.size());
  std::iota(order.begin(), order.end(), 0);
  const auto length = [&](std::size_t k) { return static_cast<std::int64_t>(texts[k].ids.size()); };
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return length(a) > length(b); });
  for (std::size_t first = 0; first < order.size();) {
    const std::int64_t T = length(order[first]);
    const auto most = static_cast<std::size_t>(model.engine->texts_per_call(T));
    std::vector<at::Tensor> rows;
    std::size_t last = first;
    // A text at most a tenth shorter joins the batch, padded.
    for (; last < order.size() && last - first < most && length(order[last]) * 10 >= T * 9; ++last) {
      ModelInput input;
      input.ids = texts[order[last]].ids;
      const at::Tensor e = model.words(input);
      rows.push_back(e.size(0) < T ? at::constant_pad_nd(e, {0, 0, 0, T - e.size(0)}) : e);
    }
    const at::Tensor words = at::stack(rows).to(model.engine->dtype());
    at::Tensor mask;
    if (length(order[last - 1]) < T) {
      mask = at::ones({words.size(0), T}, words.options());
      for (std::size_t k = first; k < last; ++k)
        mask[static_cast<std::int64_t>(k - first)].narrow(0, length(order[k]), T - length(order[k])).zero_();
    }
    const std::span<const std::size_t> posts(order.data() + first, last - first);
    at::Tensor h = network.embedding_block(words);
    for (std::size_t layer = 0; layer <= static_cast<std::size_t>(model.config.layers); ++layer) {
      if (stop.stop_requested()) throw Cancelled{};
      if (layer > 0) h = network.through(h, mask, layer - 1, layer);
      visit(layer, posts, h);
    }
    first = last;
    if (progress) progress({static_cast<double>(first), static_cast<double>(order.size()), "reading hidden states"});
  }
}

}  // namespace telltale
