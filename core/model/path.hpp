#pragma once

namespace telltale {

/// Where a path of inputs runs: between word embeddings, or at the output of the whole embedding block (word + position + type, LayerNorm).
enum class Path { word, embeddings };

}  // namespace telltale
