#include "report/event_file.hpp"

#include <bit>
#include <boost/crc.hpp>

namespace telltale {
namespace {

template <class T>
void little_endian(std::string& out, T value) {
  for (std::size_t i = 0; i < sizeof value; ++i) out += static_cast<char>(static_cast<std::uint64_t>(value) >> (8 * i));
}

// Protocol-buffer encoding: a field is a varint key (number << 3 | wire type) and its value.
enum WireType : std::uint32_t { varint_type = 0, fixed64_type = 1, bytes_type = 2, fixed32_type = 5 };

void varint(std::string& out, std::uint64_t value) {
  for (; value >= 0x80; value >>= 7) out += static_cast<char>(value | 0x80);
  out += static_cast<char>(value);
}
void key(std::string& out, std::uint32_t field, WireType type) { varint(out, field << 3 | type); }
void field_bytes(std::string& out, std::uint32_t field, std::string_view value) {
  key(out, field, bytes_type);
  varint(out, value.size());
  out += value;
}
void field_double(std::string& out, std::uint32_t field, double value) {
  key(out, field, fixed64_type);
  little_endian(out, std::bit_cast<std::uint64_t>(value));
}

// Field numbers of event.proto and summary.proto.
constexpr std::uint32_t event_wall_time = 1, event_step = 2, event_file_version = 3, event_summary = 5;
constexpr std::uint32_t summary_value = 1, value_tag = 1, value_simple = 2;

}  // namespace

std::uint32_t masked_crc32c(std::string_view data) {
  boost::crc_optimal<32, 0x1EDC6F41, 0xFFFFFFFF, 0xFFFFFFFF, true, true> crc;
  crc.process_bytes(data.data(), data.size());
  const std::uint32_t c = crc.checksum();
  return ((c >> 15) | (c << 17)) + 0xa282ead8u;
}

EventFile::EventFile(double wall_time) {
  std::string event;
  field_double(event, event_wall_time, wall_time);
  field_bytes(event, event_file_version, "brain.Event:2");
  record(event);
}

void EventFile::add_scalars(double wall_time, std::int64_t step, const std::vector<std::pair<std::string, double>>& scalars) {
  std::string summary;
  for (const auto& [tag, number] : scalars) {
    std::string value;
    field_bytes(value, value_tag, tag);
    key(value, value_simple, fixed32_type);
    little_endian(value, std::bit_cast<std::uint32_t>(static_cast<float>(number)));
    field_bytes(summary, summary_value, value);
  }
  std::string event;
  field_double(event, event_wall_time, wall_time);
  key(event, event_step, varint_type);
  varint(event, static_cast<std::uint64_t>(step));
  field_bytes(event, event_summary, summary);
  record(event);
}

void EventFile::record(std::string_view event) {
  std::string length;
  little_endian(length, static_cast<std::uint64_t>(event.size()));
  bytes_ += length;
  little_endian(bytes_, masked_crc32c(length));
  bytes_ += event;
  little_endian(bytes_, masked_crc32c(event));
}

}  // namespace telltale
