#include "model/packed_weight.hpp"

#include <ATen/core/grad_mode.h>

#include "model/product.hpp"

#ifdef TELLTALE_HAS_ONEDNN
#include <dnnl.hpp>

#include <list>
#include <map>
#endif

namespace telltale {

#ifdef TELLTALE_HAS_ONEDNN
namespace {

constexpr std::size_t most_primitives = 512;  ///< of one weight and direction; each is code for one number of rows

dnnl::engine& cpu() {
  static dnnl::engine engine(dnnl::engine::kind::cpu, 0);
  return engine;
}

bool has(dnnl::cpu_isa wanted) { return (static_cast<int>(dnnl::get_effective_cpu_isa()) & static_cast<int>(wanted)) == static_cast<int>(wanted); }

/// [M,K]·[K,N] with a constant right side, packed at its first use as oneDNN asks for it.
class Side {
 public:
  explicit Side(const at::Tensor& right) : right_(right), k_(right.size(0)), n_(right.size(1)) {}  ///< [K,N] float

  void multiply(const at::Tensor& rows, at::Tensor& out, bool add) {
    const std::int64_t m = rows.size(0);
    const Made& made = primitive(m, add);
    dnnl::stream stream(cpu());
    const dnnl::memory a(Desc({m, k_}, Type::bf16, Tag::ab), cpu(), rows.data_ptr()), c(Desc({m, n_}, Type::bf16, Tag::ab), cpu(), out.data_ptr());
    made.product.execute(stream, {{DNNL_ARG_SRC, a}, {DNNL_ARG_WEIGHTS, *made.right}, {DNNL_ARG_DST, c}});
    stream.wait();
  }

 private:
  using Type = dnnl::memory::data_type;
  using Tag = dnnl::memory::format_tag;
  using Desc = dnnl::memory::desc;
  struct Made {
    dnnl::matmul product;
    const dnnl::memory* right;
  };

  const Made& primitive(std::int64_t m, bool add) {
    const auto found = made_.find({m, add});
    if (found != made_.end()) return found->second;
    if (made_.size() >= most_primitives) made_.clear();
    dnnl::primitive_attr attributes;
    if (add) {
      dnnl::post_ops sum;
      sum.append_sum(1.0f);
      attributes.set_post_ops(sum);
    }
    const Desc a({m, k_}, Type::bf16, Tag::ab), b({k_, n_}, Type::bf16, Tag::any), c({m, n_}, Type::bf16, Tag::ab);
#if DNNL_VERSION_MAJOR >= 3
    const dnnl::matmul::primitive_desc description(cpu(), a, b, c, attributes);
#else
    const dnnl::matmul::primitive_desc description(dnnl::matmul::desc(a, b, c), attributes, cpu());
#endif
    return made_.emplace(std::pair{m, add}, Made{dnnl::matmul(description), packed(description.weights_desc())}).first->second;
  }

  /// The right side in the layout asked for; nearly all numbers of rows ask for the same.
  const dnnl::memory* packed(const Desc& layout) {
    for (const dnnl::memory& p : packed_)
      if (p.get_desc() == layout) return &p;
    const at::Tensor plain = packed_.empty() ? right_.to(at::kBFloat16).contiguous() : at::Tensor();
    dnnl::memory from = packed_.empty() ? dnnl::memory(Desc({k_, n_}, Type::bf16, Tag::ab), cpu(), plain.data_ptr()) : packed_.front(), to(layout, cpu());
    dnnl::stream stream(cpu());
    dnnl::reorder(from, to).execute(stream, from, to);
    stream.wait();
    return &packed_.emplace_back(std::move(to));
  }

  at::Tensor right_;
  std::int64_t k_, n_;
  std::map<std::pair<std::int64_t, bool>, Made> made_;
  std::list<dnnl::memory> packed_;
};

}  // namespace

struct PackedWeight::Packed {
  Side forward, backward;
  explicit Packed(const at::Tensor& w) : forward(w.t()), backward(w) {}
};
#else
struct PackedWeight::Packed {};
#endif

PackedWeight::PackedWeight() = default;
PackedWeight::~PackedWeight() = default;
PackedWeight::PackedWeight(PackedWeight&&) noexcept = default;
PackedWeight& PackedWeight::operator=(PackedWeight&&) noexcept = default;

PackedWeight::PackedWeight(const at::Tensor& weight, Carried carried) {
  at::NoGradGuard no_grad;
  const at::Tensor w = weight.detach();
#ifdef TELLTALE_HAS_ONEDNN
  if (carried == Carried::bf16 && has(dnnl::cpu_isa::avx512_core_bf16)) {
    packed_ = std::make_unique<Packed>(w);
    return;
  }
#endif
  weight_ = carried == Carried::bf16 ? w.to(at::kBFloat16).contiguous() : w.contiguous();
}

void PackedWeight::forward(const at::Tensor& x, at::Tensor& out, bool add) const {
#ifdef TELLTALE_HAS_ONEDNN
  if (packed_) return packed_->forward.multiply(x, out, add);
#endif
  product(x, weight_.t(), out, add);
}

void PackedWeight::backward(const at::Tensor& g, at::Tensor& out, bool add) const {
#ifdef TELLTALE_HAS_ONEDNN
  if (packed_) return packed_->backward.multiply(g, out, add);
#endif
  product(g, weight_, out, add);
}

}  // namespace telltale
