// Lengths of a model's embedding table, measured once for a model and file.
#pragma once
#include <stop_token>

#include "objective/geometry.hpp"
#include "store/store.hpp"

namespace telltale::ui {

/// From the store (value "embedding.FINGERPRINT"), else measured (seconds) and stored where the file can be written. Throws Cancelled. For workers.
EmbeddingScale known_scale(Store& store, const Classifier& model, std::stop_token stop);

}  // namespace telltale::ui
