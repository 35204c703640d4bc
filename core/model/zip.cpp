// Layout: PKWARE's APPNOTE.TXT 6.3, sections 4.3 and 4.5.3.
#include "model/zip.hpp"

#include <fmt/format.h>
#include <zlib.h>

#include <algorithm>
#include <cstring>
#include <limits>
#include <stdexcept>

#include "model/messages.hpp"

namespace telltale {
namespace {

constexpr std::uint32_t local_signature = 0x04034b50, central_signature = 0x02014b50, end_signature = 0x06054b50,
                        locator64_signature = 0x07064b50, end64_signature = 0x06064b50;
constexpr std::uint64_t local_length = 30, central_length = 46, end_length = 22, locator64_length = 20,
                        end64_length = 56;
constexpr std::uint32_t see_zip64 = 0xFFFFFFFF;

}  // namespace

void ZipReader::fail(const std::string& what) const {
  throw std::runtime_error(fmt::format("{}: zip archive: {}", where_, what));
}

template <class T>
T ZipReader::at(std::uint64_t offset) const {
  if (offset > bytes_.size() || bytes_.size() - offset < sizeof(T)) fail("cut short or damaged");
  T value;
  std::memcpy(&value, bytes_.data() + offset, sizeof value);
  return value;
}

ZipReader::ZipReader(std::span<const std::byte> bytes, std::string where) : bytes_(bytes), where_(std::move(where)) {
  // The end record is last, followed by a comment of at most 65,535 bytes.
  const std::uint64_t size = bytes_.size();
  const std::uint64_t stop = size > end_length + 0xFFFF ? size - end_length - 0xFFFF : 0;
  std::uint64_t end = size >= end_length ? size - end_length + 1 : 0;
  bool found = false;
  while (!found && end > stop) {
    --end;
    found = at<std::uint32_t>(end) == end_signature && at<std::uint16_t>(end + 20) == size - end - end_length;
  }
  if (!found) fail(fmt::format("cut short or damaged: {} bytes without an end record", size));
  std::uint64_t count = at<std::uint16_t>(end + 10), length = at<std::uint32_t>(end + 12),
                begin = at<std::uint32_t>(end + 16);
  if (at<std::uint16_t>(end + 4) != 0 && at<std::uint16_t>(end + 4) != 0xFFFF) fail("split over several files");
  if (end >= locator64_length && at<std::uint32_t>(end - locator64_length) == locator64_signature) {
    const auto end64 = at<std::uint64_t>(end - locator64_length + 8);
    if (end64 > size || size - end64 < end64_length || at<std::uint32_t>(end64) != end64_signature)
      fail("damaged: no zip64 end record where the locator points");
    count = at<std::uint64_t>(end64 + 32);
    length = at<std::uint64_t>(end64 + 40);
    begin = at<std::uint64_t>(end64 + 48);
  }
  if (begin > size || length > size - begin) fail("damaged: the directory lies outside the file");
  if (count > length / central_length)
    fail(fmt::format("damaged: {} entries do not fit a directory of {} bytes", count, length));
  read_directory(begin, length, count);
}

void ZipReader::read_directory(std::uint64_t begin, std::uint64_t length, std::uint64_t count) {
  std::uint64_t left = length;
  for (std::uint64_t k = 0; k < count; ++k) {
    if (left < central_length || at<std::uint32_t>(begin) != central_signature)
      fail(fmt::format("damaged: directory entry {}", k));
    const std::uint64_t name_length = at<std::uint16_t>(begin + 28), extra_length = at<std::uint16_t>(begin + 30),
                        comment_length = at<std::uint16_t>(begin + 32);
    const std::uint64_t whole = central_length + name_length + extra_length + comment_length;
    if (whole > left) fail(fmt::format("damaged: directory entry {}", k));
    const std::string name(reinterpret_cast<const char*>(bytes_.data()) + begin + central_length, name_length);
    ZipEntry entry;
    entry.method = at<std::uint16_t>(begin + 10);
    entry.crc = at<std::uint32_t>(begin + 16);
    entry.compressed = at<std::uint32_t>(begin + 20);
    entry.size = at<std::uint32_t>(begin + 24);
    entry.header = at<std::uint32_t>(begin + 42);
    if (at<std::uint16_t>(begin + 8) & 1) fail(fmt::format("{} is encrypted", printable(name)));
    if (entry.method != 0 && entry.method != 8)
      fail(
          fmt::format("{}: compression method {}, expected stored (0) or deflated (8)", printable(name), entry.method));
    read_zip64_sizes(entry, name, begin + central_length + name_length, extra_length);
    if (entry.method == 0 && entry.compressed != entry.size)
      fail(fmt::format("{}: stored, yet {} bytes in the archive and {} outside", printable(name), entry.compressed,
                       entry.size));
    if (!entries_.emplace(name, entry).second) fail(fmt::format("{} occurs twice", printable(name)));
    begin += whole;
    left -= whole;
  }
}

void ZipReader::read_zip64_sizes(ZipEntry& entry, const std::string& name, std::uint64_t begin,
                                 std::uint64_t length) const {
  if (entry.size != see_zip64 && entry.compressed != see_zip64 && entry.header != see_zip64) return;
  while (length >= 4) {
    const std::uint64_t id = at<std::uint16_t>(begin), n = at<std::uint16_t>(begin + 2);
    if (n > length - 4) break;
    if (id == 1) {
      // Only the fields that did not fit stand here, in this order.
      std::uint64_t offset = begin + 4, have = n;
      for (std::uint64_t* field : {&entry.size, &entry.compressed, &entry.header}) {
        if (*field != see_zip64) continue;
        if (have < 8) fail(fmt::format("{}: damaged zip64 field", printable(name)));
        *field = at<std::uint64_t>(offset);
        offset += 8;
        have -= 8;
      }
      return;
    }
    begin += 4 + n;
    length -= 4 + n;
  }
}

std::span<const std::byte> ZipReader::raw(const std::string& name, const ZipEntry& entry) const {
  const std::uint64_t size = bytes_.size();
  if (entry.header > size || size - entry.header < local_length || at<std::uint32_t>(entry.header) != local_signature)
    fail(fmt::format("damaged: no entry where the directory has {}", printable(name)));
  const std::uint64_t begin =
      entry.header + local_length + at<std::uint16_t>(entry.header + 26) + at<std::uint16_t>(entry.header + 28);
  if (begin > size || entry.compressed > size - begin)
    fail(fmt::format("{} asks for {} bytes at {}, the file has {}", printable(name), entry.compressed, begin, size));
  return bytes_.subspan(begin, entry.compressed);
}

std::vector<std::byte> ZipReader::inflate(const std::string& name, const ZipEntry& entry) const {
  const auto packed = raw(name, entry);
  if (packed.size() > std::numeric_limits<uInt>::max() || entry.size > std::numeric_limits<uInt>::max() - 1)
    fail(fmt::format("{}: deflated entries of 4 GiB and more are not read", printable(name)));
  std::vector<std::byte> out(entry.size + 1);  // one more, to see when there is more than the directory says
  z_stream z{};
  if (inflateInit2(&z, -MAX_WBITS) != Z_OK) fail(fmt::format("{}: zlib does not start", printable(name)));
  z.next_in = reinterpret_cast<Bytef*>(const_cast<std::byte*>(packed.data()));
  z.avail_in = static_cast<uInt>(packed.size());
  z.next_out = reinterpret_cast<Bytef*>(out.data());
  z.avail_out = static_cast<uInt>(out.size());
  const int status = ::inflate(&z, Z_FINISH);
  const std::uint64_t made = z.total_out;
  inflateEnd(&z);
  if (status != Z_STREAM_END || made != entry.size)
    fail(fmt::format("{}: damaged: {} bytes expected when inflated", printable(name), entry.size));
  out.resize(entry.size);
  if (::crc32(0, reinterpret_cast<const Bytef*>(out.data()), static_cast<uInt>(out.size())) != entry.crc)
    fail(fmt::format("{}: damaged: its checksum is wrong", printable(name)));
  return out;
}

}  // namespace telltale
