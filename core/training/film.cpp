#include "training/film.hpp"

#include <fmt/format.h>

#include "attribution/explain.hpp"

namespace telltale {
namespace {
constexpr int film_nodes = 32;
constexpr std::size_t most_posts = 64;
}  // namespace

Film::Film(Store& store, std::int64_t run, std::int64_t dataset, const Tokenizer& tokenizer, const TrainingSettings& settings)
    : store_(store), key_(fmt::format("film.run-{}", run)), path_(settings.objective.path) {
  const auto pinned = store.value("film.pinned");
  if (settings.film_steps == 0 || !pinned || !pinned->is_array()) return;
  for (const Json& id : *pinned) {
    if (!id.is_number_integer() || posts_.size() == most_posts) continue;
    const Document d = store.document(id.get<std::int64_t>());
    if (d.dataset == dataset) posts_.push_back({d.id, d.label, tokenizer.encode(d.text, settings.max_length)});
  }
}

std::vector<std::int64_t> Film::documents() const {
  std::vector<std::int64_t> out;
  for (const Post& p : posts_) out.push_back(p.document);
  return out;
}

void Film::rewind(std::int64_t step) {
  const auto frames = store_.value(key_);
  if (!frames || !frames->is_array()) return;
  Json kept = Json::array();
  for (const Json& f : *frames)
    if (f.value("step", std::int64_t{0}) <= step) kept.push_back(f);
  if (kept.size() != frames->size()) store_.set_value(key_, kept);
}

void Film::shoot(const Classifier& model, std::int64_t step) {
  ExplainOptions options;
  options.path = path_;
  options.steps = film_nodes;
  std::vector<ExplainItem> items;
  for (const Post& p : posts_) items.push_back({p.encoding, p.label, -1});
  const auto explanations = explain(model, items, options);
  Json posts = Json::array();
  for (std::size_t k = 0; k < posts_.size(); ++k) {
    const Explanation& e = explanations[k];
    Json words = Json::array();
    for (std::size_t w = 0; w < e.word_scores.size(); ++w) {
      const Span span = posts_[k].encoding.words[w].span;
      words.push_back({span.begin, span.end, e.word_scores[w]});
    }
    posts.push_back({{"document", posts_[k].document}, {"target", posts_[k].label}, {"predicted", e.prediction.predicted},
                     {"probability", e.prediction.probabilities[static_cast<std::size_t>(posts_[k].label)]}, {"value", e.value}, {"delta", e.delta}, {"precision", name_of(e.options.precision)}, {"words", words}});
  }
  Json frames = store_.value(key_).value_or(Json::array());
  frames.push_back({{"step", step}, {"posts", posts}});
  store_.set_value(key_, frames);
}

}  // namespace telltale
