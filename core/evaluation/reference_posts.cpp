#include "evaluation/reference_posts.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

#include "base/random.hpp"

namespace telltale {

bool needs_reference_posts(const ExplainOptions& o) {
  const MethodInfo& m = method_info(o.method);
  return (m.uses_baseline && o.baseline == Baseline::rival) || (m.uses_references && o.reference == Reference::posts);
}

std::shared_ptr<const ReferencePosts> reference_posts(Store& store, const RunRecord& run, const Classifier& model,
                                                      int max_length, std::uint64_t seed, int per_class) {
  const DatasetInfo data = store.dataset(run.dataset);
  auto out = std::make_shared<ReferencePosts>();
  out->name =
      fmt::format("training posts of {}, {} a class, at most {} ids, seed {}", data.name, per_class, max_length, seed);
  for (std::size_t c = 0; c < data.classes.size(); ++c) {
    const auto at = std::find(model.labels().begin(), model.labels().end(), data.classes[c]);
    if (at == model.labels().end()) continue;
    Store::DocumentFilter filter;
    filter.dataset = data.id;
    filter.split = "train";
    filter.label = static_cast<int>(c);
    std::vector<std::int64_t> ids = store.document_ids(filter);
    Rng rng(seed, c);
    rng.shuffle(ids);
    ids.resize(std::min(ids.size(), static_cast<std::size_t>(per_class)));
    for (const std::int64_t id : ids) {
      out->ids.push_back(model.tokenizer().encode(store.document(id).text, max_length).ids);
      out->labels.push_back(static_cast<int>(at - model.labels().begin()));
    }
  }
  if (out->ids.empty())
    throw std::runtime_error(fmt::format("data set {} has no training posts of this model's classes", data.name));
  return out;
}

}  // namespace telltale
