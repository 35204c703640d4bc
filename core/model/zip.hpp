// Zip archives as torch.save writes them: stored entries are found in the map, deflated ones inflated. Internal to
// core/model.
#pragma once
#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

namespace telltale {

struct ZipEntry {
  std::uint64_t header = 0;      ///< where its local header begins
  std::uint64_t compressed = 0;  ///< bytes
  std::uint64_t size = 0;        ///< bytes once inflated
  std::uint32_t crc = 0;
  std::uint16_t method = 0;  ///< 0 stored, 8 deflated
};

/// Reads the central directory, zip64 too. Throws std::runtime_error opened by `where`: cut short, encrypted, split,
/// another method, sizes or offsets out of range, a name twice.
class ZipReader {
 public:
  ZipReader(std::span<const std::byte> bytes, std::string where);

  const std::map<std::string, ZipEntry>& entries() const { return entries_; }
  /// The bytes of an entry as they lie in the file.
  std::span<const std::byte> raw(const std::string& name, const ZipEntry& entry) const;
  /// The inflated bytes of a deflated entry, its length and CRC checked. The caller bounds entry.size before.
  std::vector<std::byte> inflate(const std::string& name, const ZipEntry& entry) const;

 private:
  template <class T>
  T at(std::uint64_t offset) const;
  [[noreturn]] void fail(const std::string& what) const;
  void read_directory(std::uint64_t begin, std::uint64_t length, std::uint64_t count);
  void read_zip64_sizes(ZipEntry& entry, const std::string& name, std::uint64_t begin, std::uint64_t length) const;

  std::span<const std::byte> bytes_;
  std::string where_;
  std::map<std::string, ZipEntry> entries_;
};

}  // namespace telltale
