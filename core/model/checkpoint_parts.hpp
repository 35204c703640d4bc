// What the readers of the weight formats share. Internal to core/model.
#pragma once
#include <cstddef>
#include <cstdint>
#include <deque>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/files.hpp"
#include "model/checkpoint.hpp"

namespace telltale {

struct Checkpoint::Storage {
  std::deque<MappedFile> maps;
  std::deque<std::vector<std::byte>> owned;  ///< inflated or gathered data
};

inline constexpr std::size_t max_dimensions = 16;

std::optional<DType> dtype_named(std::string_view safetensors_name);
std::string known_dtypes();  ///< "F64, F32, …"

/// Product of the sizes (1 for a scalar); nothing when a size is negative or the product is past 2^60.
std::optional<std::uint64_t> checked_elements(std::span<const std::int64_t> shape);

/// Readers of one mapped file, which `storage` keeps alive. They throw std::runtime_error that names the file.
std::vector<StoredTensor> read_safetensors(const MappedFile& file);
std::vector<StoredTensor> read_torch_bin(const MappedFile& file, Checkpoint::Storage& storage);

}  // namespace telltale
