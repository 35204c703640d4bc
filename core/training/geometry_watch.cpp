#include "training/geometry_watch.hpp"

#include <algorithm>
#include <chrono>

#include "base/random.hpp"

namespace telltale {
namespace {
constexpr std::uint64_t geometry_stream = 0x67656f6d;  // "geom"
constexpr int full_every = 4;                          // looks; the distances between attributions cost ten times the rest
constexpr int live_cloud = 200, live_draws = 40, live_copies = 4, live_tokens = 24;
}  // namespace

const TrainingPost* GeometryWatch::find(std::int64_t document) const {
  const auto it = std::find_if(posts_.begin(), posts_.end(), [&](const TrainingPost& p) { return p.document == document; });
  return it == posts_.end() ? nullptr : &*it;
}

std::optional<OrderedJson> GeometryWatch::look(const GeometryWish& wish, std::int64_t k, const std::vector<std::int64_t>& documents, double elapsed) {
  const bool full = looks_ % full_every == 0;
  if (elapsed < last_ + wish.every) return {};
  if (looks_ > 0 && spent_ + cost_[full] > wish.share * elapsed) return {};
  if (documents.empty()) return {};
  const auto n = static_cast<std::int64_t>(documents.size());
  const std::int64_t turn = ((wish.post % n) + n) % n;
  const TrainingPost* post = wish.document > 0 ? find(wish.document) : nullptr;
  if (!post) post = find(documents[static_cast<std::size_t>(turn)]);
  if (!post) return {};
  last_ = elapsed;
  const auto begin = std::chrono::steady_clock::now();
  const TrainingSettings& s = stepper_.settings();
  Classifier& model = stepper_.model();
  GeometryRequest q;
  q.ids = post->ids;
  q.label = post->label;
  const SpecialIds& specials = model.tokenizer().specials();
  q.position = wish.position >= 0 && wish.position < static_cast<int>(post->ids.size()) && !specials.special(post->ids[static_cast<std::size_t>(wish.position)]) ? wish.position : -1;
  q.options = s.objective;
  q.seed = mix_seed(s.seed, static_cast<std::uint64_t>(k), geometry_stream);
  q.scale = {stepper_.objective().unit(), stepper_.objective().mean_norm()};
  q.cloud = live_cloud;
  q.draws = live_draws;
  q.copies = live_copies;
  q.tokens = live_tokens;
  q.attributions = full;
  if (std::all_of(post->ids.begin(), post->ids.end(), [&](std::int32_t id) { return specials.special(id); })) return {};
  model.impl().engine->refresh();
  OrderedJson out = {{"document", post->document}, {"post", wish.document > 0 && post->document == wish.document ? OrderedJson() : OrderedJson(turn)}, {"ids", post->ids}};
  out.update(to_json(examine_perturbation(model, q)));
  const double cost = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  out["cost_seconds"] = cost;
  // A look that the machine held up says nothing of the next one.
  cost_[full] = cost_[full] > 0 ? std::min(cost, 4 * cost_[full]) : cost;
  spent_ += cost_[full];
  ++looks_;
  return out;
}

}  // namespace telltale
