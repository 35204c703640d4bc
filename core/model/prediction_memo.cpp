#include "model/prediction_memo.hpp"

#include <xxhash.h>

#include <string>

namespace telltale {
namespace {

thread_local PredictionMemo* innermost = nullptr;

}  // namespace

PredictionMemo::PredictionMemo(const Classifier& model) : model_(&model.impl()), outer_(innermost) { innermost = this; }
PredictionMemo::~PredictionMemo() { innermost = outer_; }

PredictionMemo* PredictionMemo::of(const Classifier::Impl& model) {
  PredictionMemo* m = innermost;
  while (m && m->model_ != &model) m = m->outer_;
  return m;
}

PredictionMemo::Key PredictionMemo::key_of(const void* engine, const ModelInput& x) {
  // Vectors that are empty say "as usual": each stands after its length.
  std::string bytes;
  const auto part = [&](const auto& v) {
    const std::uint64_t n = v.size();
    bytes.append(reinterpret_cast<const char*>(&n), sizeof n);
    bytes.append(reinterpret_cast<const char*>(v.data()), n * sizeof(v[0]));
  };
  part(x.ids);
  part(x.attend);
  part(x.zeroed);
  const XXH128_hash_t hash = XXH3_128bits(bytes.data(), bytes.size());
  return {static_cast<std::uint64_t>(reinterpret_cast<std::uintptr_t>(engine)), hash.high64, hash.low64};
}

bool PredictionMemo::find(const Key& key) {
  const bool there = known_.contains(key);
  served_ += there;
  return there;
}

}  // namespace telltale
