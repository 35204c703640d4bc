// The differentiable network for methods that look inside it, on texts of like length together. For core only (torch).
#pragma once
#include <functional>
#include <vector>

#include "attribution/method.hpp"
#include "model/network.hpp"

namespace telltale {

/// The network in the precision of the job: products in bfloat16 where the model multiplies in that, else in the type
/// of the weights.
Network inner_network(const MethodJob& job);

struct InnerBatch {
  std::vector<std::size_t> items;  ///< of the job
  at::Tensor words;                ///< [N,T,d] word embeddings, padded with zeros
  at::Tensor mask;                 ///< [N,T] 1 = attended; undefined where no text is shorter than T
};

/// Calls `work` for every item once, longest texts first; `most` texts of T ids at a time (at least one). A text joins
/// a batch of texts at most a tenth longer. Checks the stop token and tells progress in between.
void in_inner_batches(MethodJob& job, const std::function<std::int64_t(std::int64_t ids)>& most,
                      const std::function<void(const InnerBatch&)>& work);

/// How many texts of T ids may keep every attention map of the network at once: some 256 MB of them.
std::int64_t texts_with_attention(const MethodJob& job, std::int64_t ids);

/// dF/dz [N,C] of the batch's items at logits z [N,C], in the type and on the device of z.
at::Tensor seed_of(const MethodJob& job, const std::vector<std::size_t>& items, const at::Tensor& logits);

/// value of F from the predictions at hand, NaN for all that goes with a baseline.
void without_baseline(MethodJob& job, int steps);

}  // namespace telltale
