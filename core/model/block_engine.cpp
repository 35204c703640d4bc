#include "model/block_engine.hpp"

#include <omp.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstring>
#include <mutex>

#include "model/block_plan.hpp"
#include "model/block_weights.hpp"
#include "model/flush.hpp"

namespace telltale {
namespace {

constexpr float never_attended = -1e30f;
constexpr std::int64_t second_cache = 3 << 19;                      ///< bytes that the widest activations of a block may take
constexpr std::int64_t kept_bytes = std::int64_t{3} << 30;          ///< that one call may keep for the way back, unless 2048 rows take more

/// N texts of T ids, M = N·T rows, d hidden, i intermediate. A call has three phases: every block forward to the last layer's context of [CLS]; the rest of that
/// layer and the head for all texts at once; every block back.
template <class Table>
class BlockEngine final : public Engine {
  using Number = typename Table::Number;
  using Kept = typename Table::Kept;
  using Back = typename Table::Back;
  static constexpr bool with_low = sizeof(Number) == 2;  ///< forth 16 bits are carried, as two bfloat16

 public:
  BlockEngine(const ModelConfig& config, const BertWeights& weights, const Table& table, std::int64_t least_work)
      : least_work_(least_work), d_(config.hidden_size), i_(config.intermediate_size), heads_(config.heads), eps_(static_cast<float>(config.layer_norm_eps)), tanh_(config.activation == Activation::gelu_tanh), w_(weights), k_(table) {
    refresh();
    const std::int64_t row = static_cast<std::int64_t>(w_.layers.size()) * (3 * d_ + 128 * heads_ + 2 * d_ + i_) * static_cast<std::int64_t>(sizeof(Kept));
    set_rows(std::max<std::int64_t>(2048, std::min<std::int64_t>(512 * omp_get_max_threads(), kept_bytes / row)));
    block_rows_ = std::clamp<std::int64_t>(second_cache / (4 * i_), 64, 512);
  }

  at::ScalarType dtype() const override { return at::kFloat; }

  void refresh() override {
    at::NoGradGuard no_grad;
    const std::lock_guard lock(mutex_);
    positions_ = (w_.position.detach() + w_.type.detach().select(0, 0)).contiguous();
    qkv_bias_.clear();
    for (const LayerWeights& l : w_.layers) {
      qkv_bias_.push_back(l.qkv_bias.detach().clone());
      qkv_bias_.back().narrow(0, 0, d_).mul_(scale());
    }
    const LayerWeights& last = w_.layers.back();
    last_qkv_ = last.qkv_weight.detach().contiguous();
    last_bias_ = last.qkv_bias.detach().contiguous();
    key_value_ = {real(last_qkv_) + d_ * d_, real(last_qkv_) + 2 * d_ * d_, real(last_bias_) + 2 * d_};
    there_[0] = there_[1] = false;  // packed when they are wanted
  }

  at::Tensor cls(const at::Tensor& points, const at::Tensor& mask, Path path) override {
    at::NoGradGuard no_grad;
    const std::lock_guard lock(mutex_);
    return forward(points, mask, path, false).clone();
  }

  at::Tensor logits(const at::Tensor& points, const at::Tensor& mask, Path path) override {
    at::NoGradGuard no_grad;
    const std::lock_guard lock(mutex_);
    return head(forward(points, mask, path, false)).second;
  }

  at::Tensor gradient(const at::Tensor& points, const at::Tensor& mask, Path path, const LogitGradient& seed, at::Tensor* logits_out) override {
    at::NoGradGuard no_grad;
    const std::lock_guard lock(mutex_);
    const auto [pooled, z] = head(forward(points, mask, path, true));
    if (logits_out) *logits_out = z;
    const at::Tensor dpooled = at::mm(seed(z).to(at::kFloat), w_.head_weight) * (1 - pooled * pooled);
    return backward(at::mm(dpooled, w_.pooler_weight).contiguous(), points.sizes(), path);
  }

 private:
  struct Dense {  ///< what the half of a layer after attention keeps, of M rows
    Kept *hat1 = nullptr, *hat2 = nullptr, *slope = nullptr;
    float *rstd1 = nullptr, *rstd2 = nullptr;
  };
  struct Layer {
    Kept *qkv = nullptr, *probabilities = nullptr;  ///< of the last layer the states that go in instead, and
    float *absorbed = nullptr, *cls_probabilities = nullptr;
    Dense dense;
  };
  struct Block : TextBlock {
    BlockShape shape;
    std::vector<float> mask;  ///< [texts,ids], added to scores; empty: none
    std::vector<Layer> layers;
    Kept* hat0 = nullptr;
    float* rstd0 = nullptr;
    float *context = nullptr;
  };
  /// A state of M rows as float, and as a left side of products (the same memory for float).
  template <class N>
  struct State {
    float* x = nullptr;
    Left<N> left;
  };

  /// Rows that stand at the same place of several texts of a call, as in perturbed copies of one text: they meet the first layer's query, key and value once.
  struct Repeats {
    std::vector<std::int32_t> of;      ///< [N·T], the row below; empty: every row goes its own way
    std::vector<std::int64_t> source;  ///< [U], a place in [N·T] where it stands
    float *states = nullptr, *qkv = nullptr;  ///< [U,d], [U,3d]
  };

  float scale() const { return 1 / std::sqrt(static_cast<float>(d_ / heads_)); }

  // ---- memory

  /// Rows and columns that any left side has room for.
  static std::int64_t room_of(std::int64_t n) { return sizeof(Number) == 2 || sizeof(Back) == 2 ? (n + 31) / 32 * 32 : n; }
  template <class N>
  static Left<N> left_side(Room& room, std::int64_t rows, std::int64_t n, bool low) {
    const std::int64_t ld = sizeof(N) == 2 ? room_of(n) : n, size = room_of(rows) * ld;
    Left<N> to{room.take<N>(size), nullptr, ld};
    if (sizeof(N) == 2 && low) to.low = room.take<N>(size);
    return to;
  }
  template <class N>
  static Left<N> left_of(Room& room, float* x, std::int64_t rows, std::int64_t n, bool low) {
    if constexpr (sizeof(N) == 2)
      return left_side<N>(room, rows, n, low);
    else
      return {x, nullptr, n};
  }
  template <class N>
  static State<N> state(Room& room, std::int64_t rows, std::int64_t n, bool low) {
    float* x = room.take<float>(rows * n);
    return {x, left_of<N>(room, x, rows, n, low)};
  }
  /// Where a kernel is to write the left side: nowhere for float, it is the state itself.
  template <class N>
  static Left<N> written(const State<N>& s) { return sizeof(N) == 2 ? s.left : Left<N>{}; }
  template <class N>
  static State<N> from_row(State<N> s, std::int64_t row, std::int64_t n) {
    s.x += row * n;
    s.left = from_row(s.left, row);
    return s;
  }
  template <class N>
  static Left<N> from_row(Left<N> l, std::int64_t row) {
    if (l.high) l.high += row * l.ld;
    if (l.low) l.low += row * l.ld;
    return l;
  }

  /// Bytes of scratch for M rows: the larger of both ways.
  std::size_t scratch_bytes(std::int64_t M) const {
    const std::int64_t columns = 2 * d_ + 3 * d_ + 3 * room_of(d_) + room_of(i_) + room_of(3 * d_) + 2 * d_;
    return static_cast<std::size_t>(room_of(M) * columns + 8192) * sizeof(float);
  }
  std::size_t scratch_bytes(const BlockShape& s) const { return scratch_bytes(s.rows()) + static_cast<std::size_t>(s.texts * s.heads * (d_ + s.padded())) * sizeof(float); }
  std::size_t kept_block_bytes(const BlockShape& s) const {
    const auto L = static_cast<std::int64_t>(w_.layers.size());
    const std::int64_t M = s.rows(), kept = M * d_ + L * (M * (5 * d_ + i_) + s.texts * s.heads * s.ids * s.padded()), floats = M + L * 2 * M + s.texts * s.heads * (d_ + s.padded());
    return static_cast<std::size_t>(kept) * sizeof(Kept) + static_cast<std::size_t>(floats) * sizeof(float) + static_cast<std::size_t>(8 * L + 8) * 128;
  }

  Dense dense_room(Room& room, std::int64_t rows) const {
    Dense s;
    s.hat1 = room.take<Kept>(rows * d_);
    s.hat2 = room.take<Kept>(rows * d_);
    s.slope = room.take<Kept>(rows * i_);
    s.rstd1 = room.take<float>(rows);
    s.rstd2 = room.take<float>(rows);
    return s;
  }

  void plan(const at::Tensor& points, const at::Tensor& mask, bool keep) {
    const std::int64_t N = points.size(0), T = points.size(1);
    const float* attend = mask.defined() ? mask.data_ptr<float>() : nullptr;
    std::vector<std::int64_t> lengths(static_cast<std::size_t>(N), T);
    std::vector<bool> holes(static_cast<std::size_t>(N), false);
    for (std::int64_t n = 0; attend && n < N; ++n) {
      const float* row = attend + n * T;
      std::int64_t& length = lengths[static_cast<std::size_t>(n)];
      while (length > 1 && row[length - 1] == 0) --length;
      holes[static_cast<std::size_t>(n)] = std::any_of(row, row + length, [](float x) { return x != 1; });
    }
    blocks_.clear();
    alone_ = 0;
    std::size_t bytes = 0, largest = 0;
    for (const TextBlock& b : plan_blocks(lengths, holes, block_rows_, threads_)) {
      Block block;
      static_cast<TextBlock&>(block) = b;
      block.shape = {b.texts, b.ids, heads_, d_ / heads_};
      alone_ += !b.together;
      if (b.masked)
        for (std::int64_t n = b.first; n < b.first + b.texts; ++n)
          for (std::int64_t t = 0; t < b.ids; ++t) block.mask.push_back((1 - attend[n * T + t]) * never_attended);
      bytes += Room::rounded(kept_block_bytes(block.shape));
      largest = std::max(largest, scratch_bytes(block.shape));
      blocks_.push_back(std::move(block));
    }
    scratch_.resize(static_cast<std::size_t>(threads_));
    for (Room& r : scratch_) r.begin(largest);
    cls_room_.begin(scratch_bytes(N) + static_cast<std::size_t>(room_of(N) * (6 * d_ + 3 * room_of(d_) + room_of(i_) + i_) + 4096) * sizeof(float));
    if (keep) kept_.begin(bytes);
    for (Block& b : blocks_) {
      b.layers.resize(w_.layers.size());
      if (!keep) continue;
      const std::int64_t M = b.shape.rows();
      b.hat0 = kept_.take<Kept>(M * d_);
      b.rstd0 = kept_.take<float>(M);
      for (std::size_t n = 0; n < b.layers.size(); ++n) {
        Layer& l = b.layers[n];
        const bool last = n + 1 == b.layers.size();
        l.qkv = kept_.take<Kept>(M * (last ? 1 : 3) * d_);
        if (last) {
          l.absorbed = kept_.take<float>(b.texts * heads_ * d_);
          l.cls_probabilities = kept_.take<float>(b.texts * heads_ * b.shape.padded());
        } else {
          l.probabilities = kept_.take<Kept>(b.texts * heads_ * b.ids * b.shape.padded());
          l.dense = dense_room(kept_, M);
        }
      }
    }
  }

  void find_repeats(const float* points, std::int64_t N, std::int64_t T) {
    constexpr std::int64_t fewest_texts = 8;
    constexpr std::size_t most = 8;  // different rows at one place
    repeats_.of.clear();
    repeats_.source.clear();
    if (N < fewest_texts || w_.layers.size() < 2) return;
    repeats_.of.resize(static_cast<std::size_t>(N * T));
    std::vector<std::vector<std::int32_t>> at(static_cast<std::size_t>(T));
    for (std::int64_t place = 0; place < N * T; ++place) {
      auto& known = at[static_cast<std::size_t>(place % T)];
      const auto same = std::find_if(known.begin(), known.end(), [&](std::int32_t u) { return std::memcmp(points + place * d_, points + repeats_.source[static_cast<std::size_t>(u)] * d_, static_cast<std::size_t>(d_) * sizeof(float)) == 0; });
      if (same == known.end() && known.size() == most) return repeats_.of.clear();
      if (same == known.end()) {
        known.push_back(static_cast<std::int32_t>(repeats_.source.size()));
        repeats_.source.push_back(place);
        repeats_.of[static_cast<std::size_t>(place)] = known.back();
      } else {
        repeats_.of[static_cast<std::size_t>(place)] = *same;
      }
    }
    if (2 * static_cast<std::int64_t>(repeats_.source.size()) > N * T) repeats_.of.clear();
  }

  /// States and first products of the rows that find_repeats() found.
  void take_repeats(const float* points, std::int64_t T) {
    const auto U = static_cast<std::int64_t>(repeats_.source.size());
    repeats_room_.begin(static_cast<std::size_t>(room_of(U) * (4 * d_ + 2 * room_of(d_)) + 1024) * sizeof(float));
    const State<Number> h = state<Number>(repeats_room_, U, d_, true);
    repeats_.states = h.x;
    repeats_.qkv = repeats_room_.take<float>(U * 3 * d_);
    Result<Number, Kept> to;
    to.bias = real(qkv_bias_[0]), to.out = repeats_.qkv, to.out_ld = 3 * d_;
#pragma omp parallel num_threads(threads_)
    {
      const Share all{omp_get_thread_num(), omp_get_num_threads()};
      k_.begin();
      for (std::int64_t u = U * all.part / all.parts; u < U * (all.part + 1) / all.parts; ++u) {
        const std::int64_t place = repeats_.source[static_cast<std::size_t>(u)];
        const State<Number> row = from_row(h, u, d_);
        k_.norm(1, d_, points + place * d_, real(positions_) + place % T * d_, 1, real(w_.norm_weight), real(w_.norm_bias), eps_, row.x, written(row), nullptr, nullptr, Share{});
      }
      sync(all);
      k_.product(h.left, sides_[0].layers[0].qkv.right(), U, to, all);
      k_.end();
    }
  }

  // ---- the walk

  static void sync(Share s) {
    if (s.parts > 1) {
#pragma omp barrier
    }
  }
  static const float* real(const at::Tensor& t) { return t.data_ptr<float>(); }

  /// Blocks for one thread each, then those for all together, then `rest` by all together.
  template <class Work, class Rest>
  void in_blocks(const Work& work, const Rest& rest) {
    std::atomic<std::size_t> next{0};
#pragma omp parallel num_threads(threads_)
    {
      const auto thread = static_cast<std::size_t>(omp_get_thread_num());
      k_.begin();
      for (std::size_t b = next++; b < alone_; b = next++) {
        work(blocks_[b], scratch_[thread], Share{});
      }
#pragma omp barrier
      const Share all{omp_get_thread_num(), omp_get_num_threads()};
      for (std::size_t b = alone_; b < blocks_.size(); ++b) {
        Room same = scratch_[0].lent();
        work(blocks_[b], same, all);
        sync(all);
      }
      rest(all);
      k_.end();
    }
  }

  /// The half of a layer after attention: `h` is the residual and becomes the layer's result.
  void dense(std::size_t n, Left<Number> context, std::int64_t rows, const State<Number>& h, const State<Number>& middle, Left<Number> active, const Dense& keep, Share share) const {
    const LayerWeights& w = w_.layers[n];
    const typename BlockSides::Layer& m = sides_[0].layers[n];
    Result<Number, Kept> to;
    to.bias = real(w.output_bias), to.residual = h.x, to.residual_ld = d_, to.out = middle.x, to.out_ld = d_;
    k_.product(context, m.output.right(), rows, to, share);
    sync(share);
    k_.norm(rows, d_, middle.x, nullptr, 1, real(w.norm1_weight), real(w.norm1_bias), eps_, middle.x, written(middle), keep.hat1, keep.rstd1, share);
    sync(share);
    to = {};
    to.finish = Finish::gelu, to.tanh_form = tanh_, to.bias = real(w.up_bias), to.slope = keep.slope, to.slope_ld = i_, to.left = active;
    k_.product(middle.left, m.up.right(), rows, to, share);
    sync(share);
    to = {};
    to.bias = real(w.down_bias), to.residual = middle.x, to.residual_ld = d_, to.out = h.x, to.out_ld = d_;
    k_.product(active, m.down.right(), rows, to, share);
    sync(share);
    k_.norm(rows, d_, h.x, nullptr, 1, real(w.norm2_weight), real(w.norm2_bias), eps_, h.x, written(h), keep.hat2, keep.rstd2, share);
    sync(share);
  }

  /// `g` becomes the gradient in the residual, `dcontext` [rows,d] that in the context.
  void dense_backward(std::size_t n, std::int64_t rows, const State<Back>& g, Left<Back> active, float* dcontext, const Dense& kept, Share share) const {
    const LayerWeights& w = w_.layers[n];
    const typename BlockSides::Layer& m = sides_[1].layers[n];
    k_.norm_backward(rows, d_, g.x, kept.hat2, kept.rstd2, real(w.norm2_weight), g.x, written(g), share);
    sync(share);
    Result<Back, Kept> to;
    to.finish = Finish::times, to.slope = kept.slope, to.slope_ld = i_, to.left = active;
    k_.product_back(g.left, m.down.right(), rows, to, share);
    sync(share);
    to = {};
    to.residual = to.out = g.x, to.residual_ld = to.out_ld = d_;
    k_.product_back(active, m.up.right(), rows, to, share);
    sync(share);
    k_.norm_backward(rows, d_, g.x, kept.hat1, kept.rstd1, real(w.norm1_weight), g.x, written(g), share);
    sync(share);
    to = {};
    to.out = dcontext, to.out_ld = d_;
    k_.product_back(g.left, m.output.right(), rows, to, share);
    sync(share);
  }

  void block_forward(Block& b, const float* points, std::int64_t T, Path path, bool keep, Room& room, Share share) const {
    const std::int64_t M = b.shape.rows();
    room.begin(0);
    const State<Number> h = state<Number>(room, M, d_, true), middle = state<Number>(room, M, d_, true);
    float* own = room.take<float>(M * 3 * d_);
    const Left<Number> context = left_side<Number>(room, M, d_, true), active = left_side<Number>(room, M, i_, true);
    const float* mask = b.mask.empty() ? nullptr : b.mask.data();
    const bool repeated = !repeats_.of.empty();
    for (std::int64_t row = M * share.part / share.parts; repeated && row < M * (share.part + 1) / share.parts; ++row) {
      const std::int64_t u = repeats_.of[static_cast<std::size_t>((b.first + row / b.ids) * T + row % b.ids)];
      std::memcpy(h.x + row * d_, repeats_.states + u * d_, static_cast<std::size_t>(d_) * sizeof(float));
      std::memcpy(own + row * 3 * d_, repeats_.qkv + u * 3 * d_, static_cast<std::size_t>(3 * d_) * sizeof(float));
    }
    for (std::int64_t n = 0; n < b.texts && !repeated; ++n) {
      const State<Number> to = from_row(h, n * b.ids, d_);
      const float* from = points + (b.first + n) * T * d_;
      if (path == Path::word)
        k_.norm(b.ids, d_, from, real(positions_), b.ids, real(w_.norm_weight), real(w_.norm_bias), eps_, to.x, written(to), keep ? b.hat0 + n * b.ids * d_ : nullptr, keep ? b.rstd0 + n * b.ids : nullptr, share);
      else
        k_.copy(b.ids, d_, from, d_, to.x, written(to), share);
    }
    sync(share);
    for (std::size_t n = 0; n < w_.layers.size(); ++n) {
      Layer& l = b.layers[n];
      const typename BlockSides::Layer& m = sides_[0].layers[n];
      const bool last = n + 1 == w_.layers.size();
      float* qkv = own;  // written again and again, it stays in the cache; attention puts what is kept aside
      Result<Number, Kept> to;
      to.bias = real(qkv_bias_[n]);
      if (last) {
        const State<Number> residual = from_row(cls_.h, b.first, d_);
        // The rows of [CLS], dense: as the residual, and as the left side for its query.
        k_.copy(b.texts, d_, h.x, b.ids * d_, residual.x, context, share);
        if (keep) k_.keep(M, d_, h.x, l.qkv, share);
        sync(share);
        to.out = qkv, to.out_ld = d_;
        k_.product(context, m.query.right(), b.texts, to, share);
        sync(share);
        k_.cls_attention(b.shape, qkv, h.x, key_value_, mask, l.absorbed, l.cls_probabilities, from_row(cls_.context, b.first), share);
      } else {
        to.out = qkv, to.out_ld = 3 * d_;
        if (n > 0 || !repeated) k_.product(h.left, m.qkv.right(), M, to, share);
        sync(share);
        k_.attention(b.shape, qkv, mask, keep ? l.qkv : nullptr, l.probabilities, context, share);
        sync(share);
        dense(n, context, M, h, middle, active, l.dense, share);
      }
    }
  }

  void block_backward(const Block& b, float* out, std::int64_t T, Path path, Room& room, Share share) const {
    const std::int64_t M = b.shape.rows();
    room.begin(0);
    const State<Back> g = state<Back>(room, M, d_, false);
    const Left<Back> active = left_side<Back>(room, M, i_, false), dqkv = left_side<Back>(room, M, 3 * d_, false), dq = left_side<Back>(room, b.texts, d_, false);
    float *dcontext = room.take<float>(M * d_), *dcls = room.take<float>(b.texts * d_);
    float *dscores = room.take<float>(b.texts * heads_ * b.shape.padded()), *gathered = room.take<float>(b.texts * heads_ * d_);
    for (std::size_t n = w_.layers.size(); n-- > 0;) {
      const Layer& l = b.layers[n];
      const typename BlockSides::Layer& m = sides_[1].layers[n];
      Result<Back, Kept> to;
      if (n + 1 == w_.layers.size()) {
        k_.cls_attention_backward(b.shape, l.qkv, key_value_, l.cls_probabilities, cls_.dcontext + b.first * d_, dq, dscores, gathered, share);
        sync(share);
        k_.cls_spread(b.shape, l.absorbed, l.cls_probabilities, dscores, gathered, g.x, share);
        to.out = dcls, to.out_ld = d_, to.residual = cls_.g.x + b.first * d_, to.residual_ld = d_;
        k_.product_back(dq, m.query.right(), b.texts, to, share);
        sync(share);
        if (share.part == 0)
          for (std::int64_t x = 0; x < b.texts; ++x)
            for (std::int64_t c = 0; c < d_; ++c) g.x[x * b.ids * d_ + c] += dcls[x * d_ + c];
        sync(share);
      } else {
        dense_backward(n, M, g, active, dcontext, l.dense, share);
        k_.attention_backward(b.shape, l.qkv, l.probabilities, dcontext, dqkv, share);
        sync(share);
        to.residual = to.out = g.x, to.residual_ld = to.out_ld = d_;
        k_.product_back(dqkv, m.qkv.right(), M, to, share);
        sync(share);
      }
    }
    for (std::int64_t n = 0; n < b.texts; ++n) {
      float *to = out + (b.first + n) * T * d_, *from = g.x + n * b.ids * d_;
      if (path == Path::word)
        k_.norm_backward(b.ids, d_, from, b.hat0 + n * b.ids * d_, b.rstd0 + n * b.ids, real(w_.norm_weight), to, {}, share);
      else
        k_.copy(b.ids, d_, from, d_, to, {}, share);
      if (share.part == 0) std::memset(to + b.ids * d_, 0, static_cast<std::size_t>((T - b.ids) * d_) * sizeof(float));
    }
  }

  void pack(bool back) {
    if (there_[back]) return;
    sides_[back].pack(back ? k_.back : k_.forth, w_, scale(), back, with_low && !back);
    there_[back] = true;
  }

  /// Returns the final state of [CLS], [N,d], in memory of the engine.
  at::Tensor forward(const at::Tensor& points, const at::Tensor& mask, Path path, bool keep) {
    threads_ = points.numel() * i_ < least_work_ ? 1 : std::max(1, omp_get_max_threads());
    if (threads_ > 1)
      flush_denormals();
    else
      at::globalContext().setFlushDenormal(true);
    pack(false);
    const at::Tensor x = points.contiguous(), attend = mask.defined() ? mask.contiguous() : mask;
    plan(x, attend, keep);
    const std::int64_t N = x.size(0), T = x.size(1);
    cls_.h = state<Number>(cls_room_, N, d_, true);
    cls_.middle = state<Number>(cls_room_, N, d_, true);
    cls_.context = left_side<Number>(cls_room_, N, d_, true);
    cls_.active = left_side<Number>(cls_room_, N, i_, true);
    if (keep) cls_.g = {cls_.middle.x, left_of<Back>(cls_room_, cls_.middle.x, N, d_, false)};  // what is in the middle then is done with
    if (keep) cls_.dactive = left_side<Back>(cls_room_, N, i_, false);
    cls_.kept = keep ? dense_room(cls_room_, N) : Dense{};
    const float* from = real(x);
    repeats_.of.clear();
    if (!keep && path == Path::word) find_repeats(from, N, T);
    if (!repeats_.of.empty()) take_repeats(from, T);
    in_blocks([&](Block& b, Room& room, Share share) { block_forward(b, from, T, path, keep, room, share); },
              [&](Share share) { dense(w_.layers.size() - 1, cls_.context, N, cls_.h, cls_.middle, cls_.active, cls_.kept, share); });
    return at::from_blob(cls_.h.x, {N, d_}, at::TensorOptions().dtype(at::kFloat));
  }

  /// From dF/d(final [CLS] state) [N,d] to dF/d(points) [N,T,d].
  at::Tensor backward(const at::Tensor& dcls, at::IntArrayRef sizes, Path path) {
    pack(true);
    const std::int64_t N = sizes[0], T = sizes[1];
    at::Tensor out = at::empty(sizes, at::TensorOptions().dtype(at::kFloat));
    cls_.dcontext = cls_.h.x;
    std::memcpy(cls_.g.x, real(dcls), static_cast<std::size_t>(N * d_) * sizeof(float));
    float* to = out.data_ptr<float>();
    const auto first = [&](Share share) { dense_backward(w_.layers.size() - 1, N, cls_.g, cls_.dactive, cls_.dcontext, cls_.kept, share); };
#pragma omp parallel num_threads(threads_)
    {
      k_.begin();
      first({omp_get_thread_num(), omp_get_num_threads()});
      k_.end();
    }
    in_blocks([&](Block& b, Room& room, Share share) { block_backward(b, to, T, path, room, share); }, [](Share) {});
    return out;
  }

  std::pair<at::Tensor, at::Tensor> head(const at::Tensor& cls) const {
    at::Tensor pooled = at::tanh(at::addmm(w_.pooler_bias, cls, w_.pooler_weight.t()));
    at::Tensor z = at::addmm(w_.head_bias, pooled, w_.head_weight.t());
    return {pooled, z};
  }

  struct Cls {  ///< of all texts, in the last layer after attention
    State<Number> h, middle;
    State<Back> g;
    Left<Number> context, active;
    Left<Back> dactive;
    Dense kept;
    float* dcontext = nullptr;
  };

  std::int64_t least_work_, d_, i_, heads_, block_rows_ = 256;
  int threads_ = 1;  ///< of this call
  float eps_;
  bool tanh_;
  BertWeights w_;
  const Table& k_;
  at::Tensor positions_;  ///< position + type 0, [P,d]
  std::vector<at::Tensor> qkv_bias_;
  at::Tensor last_qkv_, last_bias_;
  KeyValue key_value_;  ///< of the last layer
  BlockSides sides_[2];  ///< forth and back
  bool there_[2] = {false, false};
  std::vector<Block> blocks_;
  std::size_t alone_ = 0;  ///< of the blocks, those for one thread
  std::vector<Room> scratch_;
  Room kept_, cls_room_, repeats_room_;
  Repeats repeats_;
  Cls cls_;
  std::mutex mutex_;
};

}  // namespace

std::unique_ptr<Engine> make_block_engine(const ModelConfig& config, const BertWeights& weights, BlockProducts products, std::int64_t least_work) {
  const auto make = [&]<class Table>(const Table* table) -> std::unique_ptr<Engine> { return table ? std::make_unique<BlockEngine<Table>>(config, weights, *table, least_work) : nullptr; };
  switch (products) {
    case BlockProducts::floats: return make(float_blocks());
    case BlockProducts::pairs: return make(pair_blocks());
    case BlockProducts::tiles: return make(tile_blocks());
  }
  return nullptr;
}

}  // namespace telltale
