#include "model/attention.hpp"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <stdexcept>

#include "model/classifier_impl.hpp"
#include "model/network.hpp"

namespace telltale {
namespace {

/// out[u][v] += mean over pieces of u, sum over pieces of v.
template <class In, class Out>
void gather(const In* in, int size, const AttentionUnits& units, Out* out) {
  const std::size_t n = units.positions.size();
  for (std::size_t u = 0; u < n; ++u)
    for (std::size_t v = 0; v < n; ++v) {
      double sum = 0;
      for (const int from : units.positions[u])
        for (const int to : units.positions[v]) sum += static_cast<double>(in[static_cast<std::size_t>(from) * static_cast<std::size_t>(size) + static_cast<std::size_t>(to)]);
      out[u * n + v] = static_cast<Out>(sum / static_cast<double>(units.positions[u].size()));
    }
}

}  // namespace

AttentionMaps attention_of(const Classifier& model, const Encoding& text) {
  at::NoGradGuard no_grad;
  const Classifier::Impl& m = model.impl();
  const auto T = static_cast<std::int64_t>(text.ids.size());
  if (T < 1 || T > m.config.max_positions) throw std::invalid_argument(fmt::format("a text of {} ids: the model takes 1 to {}", T, m.config.max_positions));
  const Network network(m.config, m.parameters->weights);
  ModelInput input;
  input.ids = text.ids;
  const FullStates states = network.states(network.embedding_block(m.words(input).unsqueeze(0)), {});
  AttentionMaps maps{static_cast<int>(states.attentions.size()), static_cast<int>(m.config.heads), static_cast<int>(T), {}};
  for (const at::Tensor& layer : states.attentions) {
    const at::Tensor a = layer.squeeze(0).to(at::kCPU).to(at::kFloat).contiguous();
    maps.values.insert(maps.values.end(), a.data_ptr<float>(), a.data_ptr<float>() + a.numel());
  }
  return maps;
}

std::vector<double> mean_over_heads(const AttentionMaps& maps, int layer) {
  std::vector<double> mean(static_cast<std::size_t>(maps.size) * static_cast<std::size_t>(maps.size), 0);
  for (int h = 0; h < maps.heads; ++h) {
    const auto map = maps.map(layer, h);
    for (std::size_t i = 0; i < mean.size(); ++i) mean[i] += static_cast<double>(map[i]) / maps.heads;
  }
  return mean;
}

std::vector<double> attention_rollout(const AttentionMaps& maps) {
  const auto n = static_cast<std::size_t>(maps.size);
  std::vector<double> product(n * n, 0);
  for (std::size_t i = 0; i < n; ++i) product[i * n + i] = 1;
  for (int layer = maps.layers - 1; layer >= 0; --layer) {
    std::vector<double> step = mean_over_heads(maps, layer);
    for (std::size_t i = 0; i < n; ++i) {
      step[i * n + i] += 1;
      double sum = 0;
      for (std::size_t j = 0; j < n; ++j) sum += step[i * n + j];
      for (std::size_t j = 0; j < n; ++j) step[i * n + j] /= sum;
    }
    std::vector<double> next(n * n, 0);
    for (std::size_t i = 0; i < n; ++i)
      for (std::size_t k = 0; k < n; ++k) {
        const double a = product[i * n + k];
        if (a == 0) continue;
        for (std::size_t j = 0; j < n; ++j) next[i * n + j] += a * step[k * n + j];
      }
    product = std::move(next);
  }
  return product;
}

AttentionUnits attention_units(const Encoding& text) {
  AttentionUnits units;
  for (std::size_t t = 0; t < text.ids.size(); ++t) {
    const int word = text.word_of[t];
    if (word >= 0 && !units.word.empty() && units.word.back() == word) {
      units.positions.back().push_back(static_cast<int>(t));
    } else {
      units.positions.push_back({static_cast<int>(t)});
      units.word.push_back(word);
    }
  }
  return units;
}

AttentionMaps over_words(const AttentionMaps& maps, const AttentionUnits& units) {
  const std::size_t n = units.positions.size();
  AttentionMaps out{maps.layers, maps.heads, static_cast<int>(n), std::vector<float>(static_cast<std::size_t>(maps.layers) * static_cast<std::size_t>(maps.heads) * n * n)};
  for (int l = 0; l < maps.layers; ++l)
    for (int h = 0; h < maps.heads; ++h)
      gather(maps.map(l, h).data(), maps.size, units, out.values.data() + (static_cast<std::size_t>(l) * static_cast<std::size_t>(maps.heads) + static_cast<std::size_t>(h)) * n * n);
  return out;
}

std::vector<double> over_words(std::span<const double> map, int size, const AttentionUnits& units) {
  std::vector<double> out(units.positions.size() * units.positions.size());
  gather(map.data(), size, units, out.data());
  return out;
}

}  // namespace telltale
