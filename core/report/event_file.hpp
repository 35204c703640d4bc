// TensorBoard event files: TFRecord frames around protocol-buffer messages of tensorflow/core/util/event.proto.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace telltale {

/// CRC-32C (Castagnoli) with TFRecord's mask: ((crc >> 15) | (crc << 17)) + 0xa282ead8.
std::uint32_t masked_crc32c(std::string_view data);

/// Builds the bytes of one event file. The first record is the version, "brain.Event:2".
class EventFile {
 public:
  explicit EventFile(double wall_time);  ///< seconds since 1970, UTC
  /// One Event with a Summary of scalars; values are stored as 32-bit floats.
  void add_scalars(double wall_time, std::int64_t step, const std::vector<std::pair<std::string, double>>& scalars);
  const std::string& bytes() const { return bytes_; }

 private:
  void record(std::string_view event);
  std::string bytes_;
};

}  // namespace telltale
