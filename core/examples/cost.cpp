#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "examples/example_method.hpp"
#include "examples/full_gradient.hpp"
#include "examples/gradient_projection.hpp"
#include "examples/run_weights.hpp"
#include "training/settings.hpp"

namespace telltale {

ExampleCost example_cost(const ExampleSource& source, const ExampleOptions& options, std::stop_token stop) {
  using Clock = std::chrono::steady_clock;
  const ExampleMethodInfo& info = example_method_info(options.method);
  const auto model = example_model(source);
  const int length = example_length(*model, source.run, options);
  ExampleCost out;
  if (info.uses_checkpoints) out.checkpoints = static_cast<int>(run_weights(source.store, source.run).there.size());
  const Json derived = source.run.settings.value("derived", Json::object());
  out.posts = source.store.count_documents({source.run.dataset, "train", {}, "", -1, 0});
  if (const auto known = derived.find("train_posts"); known != derived.end() && known->is_number_integer()) out.posts = known->get<std::int64_t>();  // less what was held out
  if (out.posts == 0) return out;
  // A dozen posts, evenly spread: as long as the others, on average.
  const std::vector<std::int64_t> ids = source.store.document_ids({source.run.dataset, "train", {}, "", -1, 0});
  const std::size_t most = info.uses_dimensions ? 4 : 12, n = std::min(most, ids.size());
  std::vector<Encoding> sample;
  for (std::size_t k = 0; k < n; ++k) sample.push_back(model->tokenizer().encode(source.store.document(ids[k * ids.size() / n]).text, length));
  if (sample.empty()) return out;
  const auto work = [&](const std::vector<Encoding>& texts) {
    if (!info.uses_dimensions) {
      model->cls_states(texts, stop);
      return;
    }
    const GradientProjection project(std::max(1, options.dimensions), 0);
    for (const Encoding& e : texts) {
      if (stop.stop_requested()) throw Cancelled{};
      const FullGradient g = full_gradient(model->impl(), e.ids, 0);
      if (options.dimensions > 0) project(g);
    }
  };
  work({sample[0]});  // a first time pays for caches
  const auto begun = Clock::now();
  work(sample);
  out.seconds = std::chrono::duration<double>(Clock::now() - begun).count() / static_cast<double>(sample.size()) * static_cast<double>(out.posts) * out.checkpoints;
  return out;
}

}  // namespace telltale
