#include "widgets/geometry/scale.hpp"

#include <exception>

namespace telltale::ui {

EmbeddingScale known_scale(Store& store, const Classifier& model, std::stop_token stop) {
  const std::string key = "embedding." + model.fingerprint();
  if (const auto known = store.value(key); known && known->is_object() && known->value("unit", 0.0) > 0 && known->value("mean_norm", 0.0) > 0)
    return {(*known)["unit"].get<double>(), (*known)["mean_norm"].get<double>()};
  const EmbeddingScale scale = embedding_scale(model, std::move(stop));
  try {
    store.set_value(key, {{"unit", scale.unit}, {"mean_norm", scale.mean_norm}});
  } catch (const std::exception&) {  // opened for reading only: measured again next time
  }
  return scale;
}

}  // namespace telltale::ui
