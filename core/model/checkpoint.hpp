// Weights of a Hugging Face folder, without LibTorch: safetensors (one file or sharded) and pytorch_model.bin (zip and legacy).
// Pickled code is never run: only the few names that tensors need are known, any other is refused by name.
#pragma once
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace telltale {

enum class DType { f64, f32, f16, bf16, i64, i32, i16, i8, u8, boolean };
std::size_t size_of(DType);
const char* name_of(DType);  ///< safetensors' names: "F32", "BF16", …

bool is_floating(DType);     ///< F64, F32, F16, BF16

/// A tensor lying in a mapped file (or, where a zip deflated or strides scattered it, in memory that the Checkpoint owns).
/// Row-major, contiguous, little-endian; the address need not be a multiple of the element size.
struct StoredTensor {
  std::string name;  ///< as in the file
  DType dtype = DType::f32;
  std::vector<std::int64_t> shape;
  std::span<const std::byte> data;
  std::filesystem::path file;
};

class Checkpoint {
 public:
  /// Opens model.safetensors, model.safetensors.index.json, pytorch_model.bin or pytorch_model.bin.index.json of `folder` (in this
  /// order). Nothing is copied but deflated or strided tensors of pytorch_model.bin, bounded by a multiple of the file's size.
  /// Throws std::runtime_error: the file and the reason (length asked and had, header too long, not JSON, overlapping or
  /// out-of-range offsets with the tensor's name, shards outside the folder, unknown dtype, refused pickle names, …).
  static std::shared_ptr<const Checkpoint> open(const std::filesystem::path& folder);
  /// One safetensors file.
  static std::shared_ptr<const Checkpoint> open_safetensors(const std::filesystem::path& file);

  const std::map<std::string, StoredTensor>& tensors() const { return tensors_; }
  const StoredTensor* find(const std::string& name) const;
  const std::filesystem::path& source() const { return source_; }  ///< the file a message should name

  struct Storage;  ///< keeps maps and inflated memory alive
  std::map<std::string, StoredTensor> tensors_;
  std::filesystem::path source_;
  std::shared_ptr<Storage> storage_;
};

/// The canonical name of a BERT weight: gamma/beta → weight/bias, the "bert." prefix taken off; "" for what is not a weight
/// (position_ids, pooler-free heads of pretraining: "cls.*").
std::string canonical_weight_name(const std::string& name);

/// Writes one safetensors file atomically; tensors in the given order, every dtype as it is, metadata {"format":"pt"}.
/// The data go from where they lie straight to the file. Throws std::runtime_error: a name twice or not UTF-8, data that do not fit the
/// shape, the file not writable (what was there before then stays).
void write_safetensors(const std::filesystem::path& file, const std::vector<StoredTensor>& tensors);

/// Throws std::runtime_error naming file, tensor and first index when a floating-point tensor holds NaN or infinity.
void check_finite(const StoredTensor&);

/// Values as double / float, from any floating dtype (f64, f32, f16, bf16), or as int64 from any whole one. Throws
/// std::runtime_error for the others, and where a finite F64 does not fit float.
std::vector<float> to_float(const StoredTensor&);
std::vector<double> to_double(const StoredTensor&);
std::vector<std::int64_t> to_int64(const StoredTensor&);

}  // namespace telltale
