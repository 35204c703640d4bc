// What two classes share, counted in the training posts (METHOD.md, "Terms that act on the words directly"). For core only.
#pragma once
#include <ATen/ATen.h>

#include <cstdint>
#include <string>
#include <vector>

#include "objective/options.hpp"
#include "store/store.hpp"
#include "text/tokenizer.hpp"
#include "training/batching.hpp"

namespace telltale {

/// [C,V] double: posts of class c that hold piece w at least once; specials are not counted.
at::Tensor document_counts(const std::vector<TrainingPost>& posts, std::int64_t classes, std::int64_t vocabulary, const SpecialIds& specials);

/// The rival of each class: the named one (for that class itself the most confused one), or the class that its posts are mixed up with most;
/// the first other class while nothing is known. confusion [C,C] double or undefined.
std::vector<int> rivals(const at::Tensor& confusion, std::int64_t classes, int named = -1);

/// s(w) = 1 − |2P − 1|, P = (n_y + 1)/(n_y + n_r + 2).
inline double sharedness(double n_y, double n_r) {
  const double p = (n_y + 1) / (n_y + n_r + 2), s = 2 * p - 1;
  return 1 - (s < 0 ? -s : s);
}

struct SharedDropout {
  double q = 0;
  SharedDrop replace = SharedDrop::mask;
  std::uint64_t seed = 0;  ///< of the run
  std::int64_t step = 0;
};
/// A copy of the post in which each token that is not special was dropped with probability q · s(w). Depends on (seed, step, document) alone.
TrainingPost drop_shared(const TrainingPost& post, const SharedDropout& rule, const at::Tensor& counts, int rival, const SpecialIds& specials);

/// Weight of the prior of each id for a post with marked words. Posts with words marked "telling": 0 on those, 1 on the others; posts with
/// words marked "shared" only: 1 on those, 0 on the others. Specials 0. Posts without marks: all 0.
std::vector<float> marked_weights(const Document& document, const Encoding& encoding);

}  // namespace telltale
