#include "model/packed_weight.hpp"

#include <ATen/core/grad_mode.h>

#include <stdexcept>

#include "model/product.hpp"

#ifdef TELLTALE_HAS_ONEDNN
#include <dnnl.hpp>

#include <list>
#include <map>
#include <optional>
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
bool tiles() { return has(dnnl::cpu_isa::avx512_core_amx); }

/// [K,N] float to bfloat16; as pairs [3K,N]: high, high, low, to meet rows of high, low, high.
at::Tensor right_side(const at::Tensor& w, bool pairs) {
  const at::Tensor high = w.to(at::kBFloat16);
  if (!pairs) return high.contiguous();
  const at::Tensor low = (w - high.to(at::kFloat)).to(at::kBFloat16);
  return at::cat({high, high, low}).contiguous();
}

/// [M,K]·[K,N] with a constant right side, packed at its first use as oneDNN asks for it.
class Side {
 public:
  /// `right` [K,N] float.
  Side(const at::Tensor& right, bool pairs, bool float_out) : right_(right), pairs_(pairs), k_(right.size(0) * (pairs ? 3 : 1)), n_(right.size(1)), out_(float_out ? Type::f32 : Type::bf16) {}

  bool pairs() const { return pairs_; }
  std::int64_t k() const { return k_; }  ///< numbers of one row on the left

  void multiply(const void* rows, std::int64_t m, void* out, bool add) {
    const Made& made = primitive(m, add);
    dnnl::stream stream(cpu());
    const dnnl::memory a(Desc({m, k_}, Type::bf16, Tag::ab), cpu(), const_cast<void*>(rows)), c(Desc({m, n_}, out_, Tag::ab), cpu(), out);
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
    const Desc a({m, k_}, Type::bf16, Tag::ab), b({k_, n_}, Type::bf16, Tag::any), c({m, n_}, out_, Tag::ab);
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
    const at::Tensor plain = packed_.empty() ? right_side(right_, pairs_) : at::Tensor();
    dnnl::memory from = packed_.empty() ? dnnl::memory(Desc({k_, n_}, Type::bf16, Tag::ab), cpu(), plain.data_ptr()) : packed_.front(), to(layout, cpu());
    dnnl::stream stream(cpu());
    dnnl::reorder(from, to).execute(stream, from, to);
    stream.wait();
    return &packed_.emplace_back(std::move(to));
  }

  at::Tensor right_;
  bool pairs_;
  std::int64_t k_, n_;
  Type out_;
  std::map<std::pair<std::int64_t, bool>, Made> made_;
  std::list<dnnl::memory> packed_;
};

}  // namespace

struct PackedWeight::Packed {
  bool from_float;
  std::optional<Side> forward;  ///< nothing: float products
  Side backward;
  std::shared_ptr<at::Tensor> room;  ///< a call's rows in bfloat16; kept: fresh pages cost more than the arithmetic on them

  Packed(const at::Tensor& w, bool mixed, std::shared_ptr<at::Tensor> shared) : from_float(mixed), backward(w, false, mixed), room(shared ? std::move(shared) : std::make_shared<at::Tensor>()) {
    if (!mixed || tiles()) forward.emplace(w.t(), mixed, mixed);
  }

  Bf16* place(std::int64_t numbers) {
    if (!room->defined() || room->numel() < numbers) *room = at::empty({numbers}, at::kBFloat16);
    return static_cast<Bf16*>(room->data_ptr());
  }

  void multiply(Side& side, const at::Tensor& x, at::Tensor& out, bool add) {
    const void* rows = x.data_ptr();
    const std::int64_t m = x.size(0), k = x.size(1);
    if (from_float) {
      Bf16* to = place(m * k * (side.pairs() ? 3 : 1));
      if (side.pairs())
        kernels<float>().split(m, k, x.data_ptr<float>(), to);
      else
        kernels<float>().round(m * k, x.data_ptr<float>(), to);
      rows = to;
    }
    side.multiply(rows, m, out.data_ptr(), add);
  }
};

bool PackedWeight::mixed_possible() { return true; }
bool PackedWeight::mixed_pays() { return has(dnnl::cpu_isa::avx512_core_bf16); }
#else
struct PackedWeight::Packed {};
bool PackedWeight::mixed_possible() { return false; }
bool PackedWeight::mixed_pays() { return false; }
#endif

PackedWeight::PackedWeight() = default;
PackedWeight::~PackedWeight() = default;
PackedWeight::PackedWeight(PackedWeight&&) noexcept = default;
PackedWeight& PackedWeight::operator=(PackedWeight&&) noexcept = default;

PackedWeight::PackedWeight(const at::Tensor& weight, Carried carried, [[maybe_unused]] std::shared_ptr<at::Tensor> room) {
  at::NoGradGuard no_grad;
  const at::Tensor w = weight.detach();
  if (carried == Carried::mixed && !mixed_possible()) throw std::invalid_argument("mixed products need oneDNN, which this build is without");
#ifdef TELLTALE_HAS_ONEDNN
  if (carried == Carried::mixed || (carried == Carried::bf16 && mixed_pays())) packed_ = std::make_unique<Packed>(w, carried == Carried::mixed, std::move(room));
  if (packed_ && packed_->forward) return;
#endif
  weight_ = carried == Carried::bf16 ? w.to(at::kBFloat16).contiguous() : w.contiguous();
}

void PackedWeight::forward(const at::Tensor& x, at::Tensor& out, bool add) const {
#ifdef TELLTALE_HAS_ONEDNN
  if (packed_ && packed_->forward) return packed_->multiply(*packed_->forward, x, out, add);
#endif
  product(x, weight_.t(), out, add);
}

void PackedWeight::backward(const at::Tensor& g, at::Tensor& out, bool add) const {
#ifdef TELLTALE_HAS_ONEDNN
  if (packed_) return packed_->multiply(packed_->backward, g, out, add);
#endif
  product(g, weight_, out, add);
}

#ifdef TELLTALE_HAS_ONEDNN
Bf16* PackedWeight::forward_room(std::int64_t rows) const { return packed_ && packed_->forward && packed_->forward->pairs() ? packed_->place(rows * packed_->forward->k()) : nullptr; }
Bf16* PackedWeight::backward_room(std::int64_t rows) const { return packed_ && packed_->from_float ? packed_->place(rows * packed_->backward.k()) : nullptr; }
void PackedWeight::forward_room_times(at::Tensor& out, bool add) const { packed_->forward->multiply(packed_->room->data_ptr(), out.size(0), out.data_ptr(), add); }
void PackedWeight::backward_room_times(at::Tensor& out, bool add) const { packed_->backward.multiply(packed_->room->data_ptr(), out.size(0), out.data_ptr(), add); }
#else
Bf16* PackedWeight::forward_room(std::int64_t) const { return nullptr; }
Bf16* PackedWeight::backward_room(std::int64_t) const { return nullptr; }
void PackedWeight::forward_room_times(at::Tensor&, bool) const {}
void PackedWeight::backward_room_times(at::Tensor&, bool) const {}
#endif

}  // namespace telltale
