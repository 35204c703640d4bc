#include "attribution/inner_network.hpp"

#include <algorithm>
#include <limits>
#include <numeric>

#include "attribution/output_function.hpp"

namespace telltale {

Network inner_network(const MethodJob& job) {
  const BertWeights& weights = job.model.parameters->weights;
  const bool bf16 = !job.out.empty() && job.out[0].options.precision == Precision::bf16;
  return bf16 ? Network(job.model.config, weights, cast(weights, at::kBFloat16)) : Network(job.model.config, weights);
}

void in_inner_batches(MethodJob& job, const std::function<std::int64_t(std::int64_t)>& most,
                      const std::function<void(const InnerBatch&)>& work) {
  std::vector<std::size_t> order(job.items.size());
  std::iota(order.begin(), order.end(), 0);
  const auto length = [&](std::size_t k) { return static_cast<std::int64_t>(job.items[k].encoding.ids.size()); };
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return length(a) > length(b); });
  for (std::size_t first = 0; first < order.size();) {
    if (job.stop.stop_requested()) throw Cancelled{};
    const std::int64_t T = length(order[first]);
    const auto limit = static_cast<std::size_t>(std::max<std::int64_t>(1, most(T)));
    InnerBatch batch;
    std::vector<at::Tensor> rows;
    {
      at::NoGradGuard no_grad;
      bool ragged = false;
      for (; first < order.size() && batch.items.size() < limit && length(order[first]) * 10 >= T * 9; ++first) {
        ModelInput input;
        input.ids = job.items[order[first]].encoding.ids;
        const at::Tensor e = job.model.words(input);
        ragged = ragged || e.size(0) < T;
        rows.push_back(e.size(0) < T ? at::constant_pad_nd(e, {0, 0, 0, T - e.size(0)}) : e);
        batch.items.push_back(order[first]);
      }
      batch.words = at::stack(rows).to(job.engine.dtype());
      if (ragged) {
        batch.mask = at::ones({static_cast<std::int64_t>(batch.items.size()), T}, batch.words.options());
        for (std::size_t r = 0; r < batch.items.size(); ++r)
          batch.mask[static_cast<std::int64_t>(r)]
              .narrow(0, length(batch.items[r]), T - length(batch.items[r]))
              .zero_();
      }
    }
    work(batch);
    if (job.progress) job.progress({static_cast<double>(first), static_cast<double>(order.size()), "explaining"});
  }
}

std::int64_t texts_with_attention(const MethodJob& job, std::int64_t ids) {
  constexpr std::int64_t numbers = std::int64_t{1} << 26;
  const std::int64_t one = static_cast<std::int64_t>(job.model.config.layers) * job.model.config.heads * ids * ids;
  return std::clamp<std::int64_t>(numbers / one, 1, job.engine.texts_per_call(ids));
}

at::Tensor seed_of(const MethodJob& job, const std::vector<std::size_t>& items, const at::Tensor& logits) {
  at::NoGradGuard no_grad;
  const at::Tensor z = logits.detach().to(at::kCPU).to(at::kDouble).contiguous();
  at::Tensor dz = at::empty_like(z);
  const int C = static_cast<int>(z.size(1));
  for (std::size_t r = 0; r < items.size(); ++r) {
    const Explanation& e = job.out[items[r]];
    const auto at = static_cast<std::int64_t>(r) * C;
    output_gradient(job.options.output, z.data_ptr<double>() + at, C, e.target, e.foil, dz.data_ptr<double>() + at);
  }
  return dz.to(logits.options());
}

void without_baseline(MethodJob& job, int steps) {
  for (Explanation& e : job.out) {
    e.value = output_value(job.options.output, e.prediction.logits.data(), static_cast<int>(e.prediction.logits.size()),
                           e.target, e.foil);
    e.baseline_value = e.delta = e.relative_delta = std::numeric_limits<double>::quiet_NaN();
    e.steps = steps;
  }
}

}  // namespace telltale
