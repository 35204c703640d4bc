// Weights and memory of the block engine. For core only.
#pragma once
#include <ATen/ATen.h>
#include <omp.h>
#include <sys/mman.h>

#include <cstdlib>
#include <new>
#include <utility>
#include <vector>

#include "model/block_kernels.hpp"
#include "model/network.hpp"

namespace telltale {

/// Memory that grows and is kept: fresh pages cost more than the arithmetic on them. Handed out piece by piece.
class Room {
 public:
  Room() = default;
  Room(Room&& o) noexcept : data_(std::exchange(o.data_, nullptr)), size_(o.size_), used_(o.used_), owner_(o.owner_) {}
  Room& operator=(Room&&) = delete;
  ~Room() {
    if (owner_) std::free(data_);
  }
  /// The same memory, to be handed out once more: for threads that work on one thing together. Not to grow.
  Room lent() const {
    Room r;
    r.data_ = data_, r.size_ = size_, r.owner_ = false;
    return r;
  }

  /// Throws std::bad_alloc. What was handed out is gone.
  void begin(std::size_t bytes) {
    used_ = 0;
    if (bytes <= size_) return;
    std::free(data_);
    size_ = 0;
    size_ = bytes < huge ? rounded(bytes) : (bytes + huge - 1) / huge * huge;
    data_ = static_cast<char*>(std::aligned_alloc(bytes < huge ? line : huge, size_));
    if (!data_) {
      size_ = 0;
      throw std::bad_alloc();
    }
    // A walk through tables of small pages costs more than the lines that it finds. Refused: no harm.
    if (bytes >= huge) madvise(data_, size_, MADV_HUGEPAGE);
  }
  template <class T>
  T* take(std::int64_t n) {
    T* to = reinterpret_cast<T*>(data_ + used_);
    used_ += rounded(static_cast<std::size_t>(n) * sizeof(T));
    if (used_ > size_) throw std::bad_alloc();
    return to;
  }
  static std::size_t rounded(std::size_t bytes) { return (bytes + line - 1) / line * line; }

 private:
  static constexpr std::size_t line = 128, huge = std::size_t{2} << 20;
  char* data_ = nullptr;
  std::size_t size_ = 0, used_ = 0;
  bool owner_ = true;
};

/// A weight W [n,k], packed for x·Wᵀ or, `back`, for g·W.
class BlockSide {
 public:
  void pack(const Packing& table, const at::Tensor& weight, bool back, bool with_low) {
    const at::Tensor w = weight.contiguous();
    const std::int64_t out = w.size(0), in = w.size(1), k = back ? out : in, n = back ? in : out;
    const auto bytes = static_cast<std::size_t>(table.bytes(k, n));
    room_.begin(Room::rounded(bytes) * (with_low ? 2 : 1));
    void *high = room_.take<char>(static_cast<std::int64_t>(bytes)), *low = with_low ? room_.take<char>(static_cast<std::int64_t>(bytes)) : nullptr;
    const float* from = w.data_ptr<float>();
#pragma omp parallel if (k * n > 65536)
    table.pack(from, k, n, back ? in : 1, back ? 1 : in, high, low, {omp_get_thread_num(), omp_get_num_threads()});
    right_ = {high, low, k, n};
  }
  const Right& right() const { return right_; }

 private:
  Room room_;
  Right right_;
};

/// The layers' matrices in one direction; of the last layer `query` alone instead of `qkv`: key and value meet no row there.
struct BlockSides {
  struct Layer {
    BlockSide query, qkv, output, up, down;
  };
  std::vector<Layer> layers;

  /// Scales queries by `scale`. `with_low`: 16 bits a number.
  void pack(const Packing& table, const BertWeights& w, float scale, bool back, bool with_low) {
    layers.resize(w.layers.size());
    for (std::size_t n = 0; n < layers.size(); ++n) {
      Layer& to = layers[n];
      const LayerWeights& l = w.layers[n];
      const std::int64_t d = l.output_weight.size(0);
      at::Tensor qkv = l.qkv_weight.detach().clone();
      qkv.narrow(0, 0, d).mul_(scale);
      if (n + 1 == layers.size())
        to.query.pack(table, qkv.narrow(0, 0, d), back, with_low);
      else
        to.qkv.pack(table, qkv, back, with_low);
      to.output.pack(table, l.output_weight.detach(), back, with_low);
      to.up.pack(table, l.up_weight.detach(), back, with_low);
      to.down.pack(table, l.down_weight.detach(), back, with_low);
    }
  }
};

}  // namespace telltale
