// Nearest training posts: k nearest neighbours in the space of the final [CLS] states, as retrieval by representation does (Papernot & McDaniel 2018, "Deep
// k-Nearest Neighbors"; Caruana et al. 1999, "Case-based explanation"). Cosine similarity, or Euclidean distance.
#include <algorithm>

#include "examples/example_method.hpp"

namespace telltale {
namespace {

class Nearest : public ExampleMethod {
 public:
  ExampleMethodInfo info() const override {
    return {.id = "nearest", .name = "Nearest", .source = "Papernot & McDaniel 2018; final [CLS] states", .needs = "the run's weights", .cost = "1 forward pass a training post, once a model",
            .score = "cosine of the [CLS] states, or minus their Euclidean distance", .uses_distance = true};
  }

 private:
  ExampleScores compute(ExampleJob& job) const override {
    at::NoGradGuard no_grad;
    std::string key;
    const auto known = training_states(job.model, job.training, job.cache, key, job.stop, job.progress);
    job.answer.kept.push_back(key);
    const at::Tensor x = cls_state(job.model, job.encoding, job.stop).to(at::kDouble), norm = x.norm();
    const std::int64_t N = known->states.size(0);
    ExampleScores out;
    out.scores.resize(static_cast<std::size_t>(N));
    out.distances.resize(static_cast<std::size_t>(N));
    constexpr std::int64_t rows = 8192;
    for (std::int64_t first = 0; first < N; first += rows) {
      if (job.stop.stop_requested()) throw Cancelled{};
      const at::Tensor some = known->states.narrow(0, first, std::min(rows, N - first)).to(at::kDouble);
      at::Tensor score, distance;
      if (job.options.distance == StateDistance::cosine) {
        // Lengths of 0 have no direction: as far as can be from anything.
        score = at::mv(some, x) / (some.norm(2, {1}) * norm).clamp_min(1e-300);
        distance = (1 - score).clamp_min(0);
      } else {
        distance = (some - x).norm(2, {1});
        score = -distance;
      }
      score = score.contiguous();
      distance = distance.contiguous();
      std::copy_n(score.data_ptr<double>(), score.numel(), out.scores.begin() + first);
      std::copy_n(distance.data_ptr<double>(), distance.numel(), out.distances.begin() + first);
    }
    return out;
  }
};

}  // namespace

std::unique_ptr<const ExampleMethod> make_nearest() { return std::make_unique<Nearest>(); }

}  // namespace telltale
