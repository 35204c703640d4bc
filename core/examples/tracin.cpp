// TracIn over saved checkpoints (Pruthi, Liu, Kale & Sundararajan 2020, TracInCP): Σᵢ ηᵢ ∇ℓ(θᵢ, z) · ∇ℓ(θᵢ, z'), how much steps on the training post z took off
// the loss of the explained post z', to first order and as if the steps were plain gradient descent. ℓ is the cross-entropy (of a run with further terms: its
// class term), dropout off; y of z is its label, of z' the explained class. ηᵢ is the mean learning rate since the checkpoint before.
// Last layer: ∇ℓ in the head is (p − y) ⊗ [h; 1], so the product is ((p − y)·(p' − y')) (h·h' + 1). Full: ∇ℓ in every parameter, projected (GradientProjection).
#include <fmt/format.h>

#include <cmath>
#include <stdexcept>

#include "base/random.hpp"
#include "examples/example_method.hpp"
#include "examples/full_gradient.hpp"
#include "examples/gradient_projection.hpp"
#include "examples/head.hpp"
#include "examples/run_weights.hpp"

namespace telltale {
namespace {

/// Projected gradients of all training posts under some weights.
struct GradientIndex {
  std::size_t posts = 0;
  std::vector<float> projected;  ///< [N,k]
  std::vector<double> norms;     ///< [N] of the gradients themselves
};

class TracIn : public ExampleMethod {
 public:
  explicit TracIn(bool full) : full_(full) {}
  ExampleMethodInfo info() const override {
    ExampleMethodInfo m{.id = full_ ? "tracin-full" : "tracin", .name = full_ ? "TracIn (all parameters)" : "TracIn (last layer)", .source = "Pruthi et al. 2020", .needs = "the run's weights; better with checkpoints (setting checkpoint_keep)",
                        .cost = full_ ? "1 forward and backward pass a training post and checkpoint, once a model" : "1 forward pass a training post and checkpoint, once a model",
                        .score = "sum over the checkpoints of learning rate times product of the two loss gradients", .uses_checkpoints = true};
    m.uses_dimensions = full_;
    return m;
  }

 private:
  ExampleScores compute(ExampleJob& job) const override {
    const RunWeightsList list = run_weights(job.source.store, job.source.run);
    job.answer.missing = list.missing;
    const std::size_t N = job.training.set()->posts.size();
    ExampleScores out;
    out.scores.assign(N, 0.0);
    std::vector<double> variances(full_ && job.options.dimensions > 0 ? N : 0, 0.0);
    for (std::size_t i = 0; i < list.there.size(); ++i) {
      const RunWeights& w = list.there[i];
      if (job.stop.stop_requested()) throw Cancelled{};
      std::error_code error;
      std::shared_ptr<Classifier> loaded;
      if (!std::filesystem::equivalent(w.folder, job.model.folder(), error)) loaded = job.source.load(w.folder);
      const Classifier& model = loaded ? *loaded : job.model;
      if (model.labels() != job.model.labels()) throw std::runtime_error(fmt::format("{}: its classes are not those of run {}", w.folder.string(), job.source.run.id));
      const ProgressFn progress = [&](const Progress& p) {
        if (job.progress) job.progress({static_cast<double>(i * N) + p.done, static_cast<double>(list.there.size() * N), p.what});
      };
      if (full_) add_full(job, model, w, progress, out.scores, variances);
      else add_last_layer(job, model, w, progress, out.scores);
      job.answer.weights.push_back({w.step, w.learning_rate, w.name});
    }
    for (const double v : variances) out.standard_errors.push_back(std::sqrt(v));
    return out;
  }

  static void add_last_layer(ExampleJob& job, const Classifier& model, const RunWeights& w, const ProgressFn& progress, std::vector<double>& scores) {
    at::NoGradGuard no_grad;
    std::string key;
    const auto known = training_states(model, job.training, job.cache, key, job.stop, progress);
    job.answer.kept.push_back(key);
    const HeadInputs all = head_inputs(model.impl(), known->states), one = head_inputs(model.impl(), cls_state(model, job.encoding, job.stop).unsqueeze(0));
    const at::Tensor residual = head_residuals(one, at::full({1}, job.target, at::kLong)).squeeze(0);
    const at::Tensor products = (at::mv(head_residuals(all, labels_of(*known->set)), residual) * at::mv(all.pooled, one.pooled.squeeze(0))).contiguous();
    for (std::size_t k = 0; k < scores.size(); ++k) scores[k] += w.learning_rate * products.data_ptr<double>()[k];
  }

  static void add_full(ExampleJob& job, const Classifier& model, const RunWeights& w, const ProgressFn& progress, std::vector<double>& scores, std::vector<double>& variances) {
    const Classifier::Impl& m = model.impl();
    const std::int64_t k = job.options.dimensions;
    const FullGradient one = full_gradient(m, job.encoding.ids, job.target);
    const GradientProjection project(std::max<std::int64_t>(1, k), mix_seed(job.options.seed, static_cast<std::uint64_t>(w.step)));
    std::shared_ptr<const GradientIndex> known;
    std::shared_ptr<GradientIndex> fresh;
    std::vector<float> one_projected;
    const std::string key = fmt::format("gradients {} {} seed {} step {} dimensions {}", model.fingerprint(), job.training.key(), job.options.seed, w.step, k);
    const std::size_t bytes = scores.size() * (static_cast<std::size_t>(k) * sizeof(float) + sizeof(double));
    if (k > 0) {
      one_projected = project(one);
      known = std::static_pointer_cast<const GradientIndex>(job.cache.find(key));
      if (!known && bytes <= job.cache.limit()) {  // else scores are summed as gradients come
        fresh = std::make_shared<GradientIndex>();
        fresh->posts = scores.size();
        fresh->projected.resize(scores.size() * static_cast<std::size_t>(k));
        fresh->norms.resize(scores.size());
      }
    }
    const auto add = [&](std::size_t post, const float* projected, double norm) {
      double product = 0;
      for (std::int64_t j = 0; j < k; ++j) product += static_cast<double>(projected[j]) * static_cast<double>(one_projected[static_cast<std::size_t>(j)]);
      scores[post] += w.learning_rate * product;
      variances[post] += std::pow(w.learning_rate * GradientProjection::standard_error(norm, one.norm, product, k), 2);
    };
    if (known) {
      for (std::size_t post = 0; post < scores.size(); ++post) add(post, known->projected.data() + post * static_cast<std::size_t>(k), known->norms[post]);
      job.answer.kept.push_back(key);
      return;
    }
    const std::vector<TrainingPost>& posts = job.training.posts();
    for (std::size_t post = 0; post < posts.size(); ++post) {
      if (job.stop.stop_requested()) throw Cancelled{};
      const FullGradient g = full_gradient(m, posts[post].ids, posts[post].label);
      if (k == 0) {
        scores[post] += w.learning_rate * dot(g, one);
      } else {
        const std::vector<float> projected = project(g);
        add(post, projected.data(), g.norm);
        if (fresh) {
          std::copy(projected.begin(), projected.end(), fresh->projected.begin() + static_cast<std::ptrdiff_t>(post * static_cast<std::size_t>(k)));
          fresh->norms[post] = g.norm;
        }
      }
      progress({static_cast<double>(post + 1), static_cast<double>(posts.size()), "gradients of training posts"});
    }
    if (fresh) {
      job.cache.put(key, fresh, bytes);
      job.answer.kept.push_back(key);
    }
  }

  const bool full_;
};

}  // namespace

std::unique_ptr<const ExampleMethod> make_tracin(bool full_gradient) { return std::make_unique<TracIn>(full_gradient); }

}  // namespace telltale
