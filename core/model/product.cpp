#include "model/product.hpp"

#include <dlfcn.h>
#include <torch/csrc/autograd/custom_function.h>

namespace telltale {
namespace {

// oneDNN's C interface, the same in versions 2 and 3; looked up because LibTorch's own builds hide it. Row-major; returns 0 for success.
using Sgemm = int (*)(char transa, char transb, std::int64_t M, std::int64_t N, std::int64_t K, float alpha, const float* a, std::int64_t lda, const float* b, std::int64_t ldb,
                      float beta, float* c, std::int64_t ldc);

Sgemm sgemm() {
  static const auto found = reinterpret_cast<Sgemm>(dlsym(RTLD_DEFAULT, "dnnl_sgemm"));
  return found;
}

/// Leading dimension and whether the matrix lies transposed; false where neither rows nor columns are dense.
bool layout(const at::Tensor& t, char& transposed, std::int64_t& ld) {
  const bool rows = t.stride(1) == 1 && t.stride(0) >= t.size(1), columns = t.stride(0) == 1 && t.stride(1) >= t.size(0);
  transposed = rows ? 'N' : 'T';
  ld = rows ? t.stride(0) : t.stride(1);
  return rows || columns;
}

}  // namespace

void product(const at::Tensor& a, const at::Tensor& b, at::Tensor& out, bool add) {
  if (product_pays(a)) {
    char ta = 'N', tb = 'N', tc = 'N';
    std::int64_t lda = 0, ldb = 0, ldc = 0;
    if (layout(a, ta, lda) && layout(b, tb, ldb) && layout(out, tc, ldc) && tc == 'N' &&
        sgemm()(ta, tb, out.size(0), out.size(1), a.size(1), 1, a.data_ptr<float>(), lda, b.data_ptr<float>(), ldb, add ? 1 : 0, out.data_ptr<float>(), ldc) == 0)
      return;
  }
  if (add)
    out.addmm_(a, b);
  else
    at::mm_out(out, a, b);
}

namespace {

struct Product : torch::autograd::Function<Product> {
  static at::Tensor forward(torch::autograd::AutogradContext* context, const at::Tensor& a, const at::Tensor& b) {
    context->save_for_backward({a, b});
    at::Tensor out = at::empty({a.size(0), b.size(1)}, a.options());
    product(a, b, out);
    return out;
  }
  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context, torch::autograd::variable_list g) {
    const torch::autograd::variable_list saved = context->get_saved_variables();
    const at::Tensor &a = saved[0], &b = saved[1];
    // Whoever is not asked for (frozen, or a constant of pass two) costs nothing. A gradient lies as its matrix does: b is often a weight's transpose.
    at::Tensor da, db;
    if (a.requires_grad()) da = differentiable_product(g[0], b.t());
    if (b.requires_grad()) db = b.stride(0) == 1 ? differentiable_product(g[0].t(), a).t() : differentiable_product(a.t(), g[0]);
    return {da, db};
  }
};

}  // namespace

at::Tensor differentiable_product(const at::Tensor& a, const at::Tensor& b) { return Product::apply(a, b); }

bool product_pays(const at::Tensor& x) { return x.scalar_type() == at::kFloat && x.device().is_cpu() && sgemm(); }

}  // namespace telltale
