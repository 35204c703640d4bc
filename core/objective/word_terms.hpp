// The terms that act on the words directly (METHOD.md): overlap penalty, shared-word prior, and the state they keep. For core only (torch).
#pragma once
#include <ATen/ATen.h>

#include <vector>

#include "objective/objective.hpp"

namespace telltale {

/// s(w) = 1 − |2P − 1|, P = (n_y(w)+1)/(n_y(w)+n_r(w)+2), for pieces ids [B,T], classes y and r [B], counts [C,V] → [B,T], range 0 … 1.
at::Tensor sharedness(const at::Tensor& counts, const at::Tensor& ids, const at::Tensor& y, const at::Tensor& r);

/// Rows: Σ_t a_t M[r,w_t]/(M[y,w_t] + M[r,w_t] + 1e−4), a_t = max(0,A_t)/(Σ max(0,A) + 1e−6). A, keep [B,T]; mass [C,V] not differentiated.
at::Tensor overlap_penalty(const at::Tensor& A, const at::Tensor& keep, const at::Tensor& mass, const at::Tensor& ids, const at::Tensor& y, const at::Tensor& r);

/// Rows: Σ_t |A_t| s_t / (Σ|A| + 1e−6).
at::Tensor prior_penalty(const at::Tensor& A, const at::Tensor& keep, const at::Tensor& shared);

/// What one batch of a step puts on its words: A, keep, ids [B,T], y [B].
struct WordMass {
  at::Tensor A, keep, ids, y;
};
/// M of every class in the step's batches moves by 0.03 towards the mean mass that its posts put on each piece; other rows stay.
void update_mass(at::Tensor& mass, const std::vector<WordMass>& batches);
/// The row of every class in the batch moves by 0.03 towards the mean probabilities of its posts.
void update_confusion(at::Tensor& confusion, const at::Tensor& probabilities, const at::Tensor& y);
/// r [B]: the class that posts of y give most probability besides y, or `fixed` (≥ 0; posts of that class keep the automatic rival).
at::Tensor rivals(const at::Tensor& confusion, const at::Tensor& y, std::int64_t fixed);

}  // namespace telltale
