#include "model/weight_check.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <stdexcept>

#include "model/messages.hpp"

namespace telltale {
namespace {

constexpr std::string_view prefix = "bert.";

std::string file_prefix(const Checkpoint& c) {
  const auto& all = c.tensors();
  const bool has = std::any_of(all.begin(), all.end(), [](const auto& t) { return t.first.starts_with(prefix); });
  return has ? std::string(prefix) : std::string();
}

bool in_model(const std::string& canonical) {
  for (const std::string_view part : {"embeddings.", "encoder.", "pooler.", "classifier."})
    if (canonical.starts_with(part)) return true;
  return false;
}

}  // namespace

std::string canonical_weight_name(const std::string& name) {
  std::string n = name.starts_with(prefix) ? name.substr(prefix.size()) : name;
  if (n.starts_with("cls.") || n == "embeddings.position_ids" || n == "embeddings.token_type_ids") return "";
  for (const auto& [old, now] : {std::pair{".gamma", ".weight"}, std::pair{".beta", ".bias"}})
    if (n.ends_with(old)) return n.substr(0, n.size() - std::string_view(old).size()) + now;
  return n;
}

std::vector<WeightSpec> expected_weights(const ModelConfig& c, int labels) {
  const std::int64_t d = c.hidden_size, i = c.intermediate_size;
  std::vector<WeightSpec> all;
  const auto add = [&](std::string name, std::vector<std::int64_t> shape, bool required = true) {
    all.push_back({std::move(name), std::move(shape), required});
  };
  const auto dense = [&](const std::string& name, std::int64_t out, std::int64_t in, bool required = true) {
    add(name + ".weight", {out, in}, required);
    add(name + ".bias", {out}, required);
  };
  const auto norm = [&](const std::string& name) {
    add(name + ".LayerNorm.weight", {d});
    add(name + ".LayerNorm.bias", {d});
  };
  add("embeddings.word_embeddings.weight", {c.vocab_size, d});
  add("embeddings.position_embeddings.weight", {c.max_positions, d});
  add("embeddings.token_type_embeddings.weight", {c.type_vocab_size, d});
  norm("embeddings");
  for (std::int64_t n = 0; n < c.layers; ++n) {
    const std::string layer = fmt::format("encoder.layer.{}.", n);
    for (const char* part : {"query", "key", "value"}) dense(layer + "attention.self." + part, d, d);
    dense(layer + "attention.output.dense", d, d);
    norm(layer + "attention.output");
    dense(layer + "intermediate.dense", i, d);
    dense(layer + "output.dense", d, i);
    norm(layer + "output");
  }
  dense("pooler.dense", d, d, labels > 0);
  if (labels > 0) dense("classifier", labels, d);
  return all;
}

std::map<std::string, const StoredTensor*> canonical_weights(const Checkpoint& c) {
  std::map<std::string, const StoredTensor*> all;
  for (const auto& [name, tensor] : c.tensors()) {
    const std::string canonical = canonical_weight_name(name);
    if (canonical.empty()) continue;
    const auto [at, fresh] = all.emplace(canonical, &tensor);
    if (!fresh)
      throw std::runtime_error(fmt::format("{}: {} and {} are the same weight", c.source().string(),
                                           printable(at->second->name), printable(name)));
  }
  return all;
}

std::int64_t head_rows(const Checkpoint& c) {
  const StoredTensor* head = c.find("classifier.weight");
  return head && !head->shape.empty() ? head->shape[0] : 0;
}

void check_weights(const Checkpoint& checkpoint, const ModelConfig& config, bool ignore_head) {
  const auto all = canonical_weights(checkpoint);
  const auto is_head = [](const std::string& name) { return name.starts_with("classifier."); };
  const bool head =
      !ignore_head && std::any_of(all.begin(), all.end(), [&](const auto& t) { return is_head(t.first); });
  const std::int64_t rows = !head                    ? 0
                            : !config.labels.empty() ? static_cast<std::int64_t>(config.labels.size())
                                                     : std::max<std::int64_t>(head_rows(checkpoint), 1);
  if (rows > 10'000'000)
    throw std::runtime_error(fmt::format("{}: classifier.weight has {} rows", checkpoint.source().string(), rows));
  std::set<std::string> known;
  for (const WeightSpec& w : expected_weights(config, static_cast<int>(rows))) {
    known.insert(w.name);
    const auto found = all.find(w.name);
    if (found == all.end()) {
      if (w.required)
        throw std::runtime_error(fmt::format("{}: {}{} is not there", checkpoint.source().string(),
                                             is_head(w.name) ? "" : file_prefix(checkpoint), w.name));
      continue;
    }
    const StoredTensor& t = *found->second;
    const auto fail = [&](const std::string& what) {
      throw std::runtime_error(fmt::format("{}: {} is {}", t.file.string(), printable(t.name), what));
    };
    if (t.shape != w.shape) {
      if (is_head(w.name) && !config.labels.empty())
        fail(fmt::format("{}, the config asks for {} ({} labels)", shape_text(t.shape), shape_text(w.shape), rows));
      fail(fmt::format("{}, the config asks for {}", shape_text(t.shape), shape_text(w.shape)));
    }
    if (!is_floating(t.dtype))
      fail(fmt::format("{}, floating point (F64, F32, F16, BF16) is asked for", name_of(t.dtype)));
  }
  for (const auto& [name, tensor] : all)
    if (in_model(name) && !known.contains(name) && !(ignore_head && is_head(name)))
      throw std::runtime_error(fmt::format("{}: {} has no place in the model of the config ({} layers)",
                                           tensor->file.string(), printable(tensor->name), config.layers));
}

void check_weights_finite(const Checkpoint& checkpoint) {
  for (const auto& [name, tensor] : canonical_weights(checkpoint)) check_finite(*tensor);
}

}  // namespace telltale
