// Where paths begin: baselines made of the embedding table, of noise, of training posts. For core only (torch).
#pragma once
#include "attribution/gradient_rows.hpp"

namespace telltale {

/// Lengths of an embedding table, measured once for a model and kept for the process.
struct TableFacts {
  at::Tensor mean, deviation;  ///< [d] double on the host, over all rows
  double unit =
      0;  ///< median distance of a word to its nearest other, over at most 2,048 words evenly spaced in the table
};
TableFacts table_facts(const Classifier::Impl& model);

/// The ends of one item's path for the baseline of the job's options. `draw` numbers the draws of Baseline::noise.
/// Equal texts, seeds and draws give equal ends, whatever else is in the job. Throws std::invalid_argument for a text
/// without pieces, or no post of the competing class.
Ends ends_of(const MethodJob& job, std::size_t item, std::uint64_t draw = 0);
Ends ends_of(const MethodJob& job, std::size_t item, Baseline baseline, std::uint64_t draw);

/// Noise of Baseline::noise in place of every piece but the specials, [T,d] in the type of `words`.
at::Tensor uniform_noise(const MethodJob& job, std::size_t item, const at::Tensor& words, std::uint64_t draw);
/// `ids` (specials left out) in place of every piece but the specials, from the first and again from the start as often
/// as it takes, [T,d].
at::Tensor repeated(const MethodJob& job, std::size_t item, const at::Tensor& words,
                    const std::vector<std::int32_t>& ids);
/// The ids that stand at the baseline of a path through words (pad, mask, unk, text), one per id of the text.
std::vector<std::int32_t> baseline_ids(const MethodJob& job, std::size_t item);
/// Both ends as word embeddings, moved to the space of the job's path.
Ends in_path_space(const MethodJob& job, Ends words);

/// A stream of random numbers of its own for each text and draw, whatever else is in the batch.
std::uint64_t stream_of(const MethodJob& job, std::size_t item, std::uint64_t draw);

/// The class that competes with the target: the foil, else the highest-scored other class.
int rival_of(const Explanation& e);

}  // namespace telltale
