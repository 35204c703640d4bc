// Gradient of F in the input itself: saliency (Simonyan et al. 2014) as mean, sum or Euclidean norm over the embedding, and gradient × input (Shrikumar et al. 2016).
#include <limits>

#include "attribution/gradient_rows.hpp"

namespace telltale {
namespace {

class GradientMethod final : public Method {
 public:
  explicit GradientMethod(GradientScore score) : score_(score) {}

  MethodInfo info() const override {
    MethodInfo m;
    switch (score_) {
      case GradientScore::mean_abs: m.id = "saliency-mean", m.name = "Saliency, mean |g|"; break;
      case GradientScore::l1: m.id = "saliency-l1", m.name = "Saliency, L1 norm"; break;
      case GradientScore::l2: m.id = "saliency-l2", m.name = "Saliency, L2 norm"; break;
      case GradientScore::times_input: m.id = "gradient-x-input", m.name = "Gradient × input"; break;
    }
    m.source = score_ == GradientScore::times_input ? "Shrikumar et al. 2016" : "Simonyan, Vedaldi & Zisserman 2014";
    m.needs = "gradients";
    m.cost = "F + B";
    return m;
  }

 private:
  void compute(MethodJob& job) const override {
    std::vector<Ends> ends;
    std::vector<Point> points;
    for (std::size_t k = 0; k < job.items.size(); ++k) {
      ends.push_back(path_ends(job.model, job.items[k].encoding, job.options.path, Baseline::pad, job.engine.dtype()));
      points.push_back({k, 1, 1});
    }
    const std::vector<double> values = values_at(job, ends, points);
    // At α = 1 the point is b + (x − b): take the ends as b = x instead, so that it is x to the last bit.
    for (Ends& e : ends) e.baseline = e.x;
    const auto reduce = [this](const at::Tensor& g, const at::Tensor& x, const at::Tensor&) {
      switch (score_) {
        case GradientScore::mean_abs: return g.abs().mean(-1);
        case GradientScore::l1: return g.abs().sum(-1);
        case GradientScore::l2: return g.square().sum(-1).sqrt();
        case GradientScore::times_input: return (g * x).sum(-1);
      }
      return at::Tensor();
    };
    gradient_rows(job, ends, std::move(points), reduce, [&](const Point& p, const double* scores) {
      job.out[p.item].scores.assign(scores, scores + job.items[p.item].encoding.ids.size());
    });
    for (std::size_t k = 0; k < job.items.size(); ++k) {
      Explanation& e = job.out[k];
      e.value = values[k];
      e.baseline_value = e.delta = e.relative_delta = std::numeric_limits<double>::quiet_NaN();
      e.steps = 1;
    }
  }

  GradientScore score_;
};

}  // namespace

std::unique_ptr<const Method> make_gradient_method(GradientScore score) { return std::make_unique<GradientMethod>(score); }

}  // namespace telltale
