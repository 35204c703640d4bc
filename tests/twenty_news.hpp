// The 20 Newsgroups archive and gzipped files, for tests and benchmarks of the text side.
#pragma once
#include <archive.h>
#include <archive_entry.h>

#include <filesystem>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

struct RawPost {
  std::string path;  ///< "20news-bydate-train/rec.autos/101551"
  std::string text;  ///< UTF-8 of the latin-1 bytes
};

namespace twenty_news_detail {

struct Reader {
  std::unique_ptr<archive, int (*)(archive*)> a{archive_read_new(), archive_read_free};
  void open(const std::filesystem::path& file) {
    archive_read_support_filter_gzip(a.get());
    if (archive_read_open_filename(a.get(), file.c_str(), 1 << 16) != ARCHIVE_OK)
      throw std::runtime_error(archive_error_string(a.get()));
  }
  std::string data() {
    std::string out;
    char block[1 << 16];
    for (la_ssize_t n; (n = archive_read_data(a.get(), block, sizeof block)) != 0;) {
      if (n < 0) throw std::runtime_error(archive_error_string(a.get()));
      out.append(block, static_cast<std::size_t>(n));
    }
    return out;
  }
};

}  // namespace twenty_news_detail

inline std::string latin1_to_utf8(std::string_view bytes) {
  std::string out;
  out.reserve(bytes.size() + 16);
  for (const char b : bytes) {
    const auto c = static_cast<unsigned char>(b);
    if (c < 0x80)
      out += b;
    else
      (out += static_cast<char>(0xC0 | (c >> 6))) += static_cast<char>(0x80 | (c & 0x3F));
  }
  return out;
}

/// All posts of 20news-bydate.tar.gz, in the archive's order.
inline std::vector<RawPost> read_twenty_news(const std::filesystem::path& file) {
  twenty_news_detail::Reader reader;
  archive_read_support_format_tar(reader.a.get());
  reader.open(file);
  std::vector<RawPost> posts;
  archive_entry* entry = nullptr;
  int status;
  while ((status = archive_read_next_header(reader.a.get(), &entry)) == ARCHIVE_OK)
    if (archive_entry_filetype(entry) == AE_IFREG) {
      std::string path = archive_entry_pathname(entry);
      posts.push_back({std::move(path), latin1_to_utf8(reader.data())});
    }
  if (status != ARCHIVE_EOF) throw std::runtime_error(archive_error_string(reader.a.get()));
  return posts;
}

/// A whole gzipped file.
inline std::string read_gzip(const std::filesystem::path& file) {
  twenty_news_detail::Reader reader;
  archive_read_support_format_raw(reader.a.get());
  reader.open(file);
  archive_entry* entry = nullptr;
  if (archive_read_next_header(reader.a.get(), &entry) != ARCHIVE_OK)
    throw std::runtime_error(archive_error_string(reader.a.get()));
  return reader.data();
}
