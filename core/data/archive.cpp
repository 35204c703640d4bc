#include <archive.h>
#include <archive_entry.h>
#include <fmt/format.h>
#include <locale.h>

#include <memory>
#include <stdexcept>

#include "data/encoding.hpp"
#include "data/layout.hpp"
#include "data/sources.hpp"

namespace telltale {
namespace {

/// libarchive turns names into the character set of the thread's locale: UTF-8 while this lives, whatever the program's is.
class Utf8Locale {
 public:
  Utf8Locale() : mine_(newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr)), before_(mine_ ? uselocale(mine_) : nullptr) {}
  ~Utf8Locale() {
    if (!mine_) return;
    uselocale(before_);
    freelocale(mine_);
  }
  Utf8Locale(const Utf8Locale&) = delete;
  Utf8Locale& operator=(const Utf8Locale&) = delete;

 private:
  locale_t mine_, before_;
};

class ArchiveReader {
 public:
  ArchiveReader(const std::filesystem::path& source, Collector& posts) : file_(source.string()), posts_(posts), archive_(archive_read_new(), archive_read_free) {
    if (!archive_) throw std::bad_alloc();
    std::error_code error;
    size_ = static_cast<double>(std::filesystem::file_size(source, error));
    // Only filters that are inside the library: none that starts a program.
    archive_read_support_filter_gzip(get());
    archive_read_support_filter_bzip2(get());
    archive_read_support_filter_xz(get());
    archive_read_support_filter_zstd(get());
    archive_read_support_format_tar(get());
    archive_read_support_format_zip(get());
    check(archive_read_open_filename(get(), source.c_str(), 1 << 17), "not an archive that can be read");
  }

  /// The next regular file; folders are passed over. Throws for anything that has no business in a collection of posts.
  bool next(std::string& name) {
    for (;;) {
      const int status = archive_read_next_header(get(), &entry_);
      if (status == ARCHIVE_EOF) return false;
      if (status < ARCHIVE_WARN) check(status, "damaged or cut off");
      if (++entries_ > ImportLimits::archive_entries) fail(fmt::format("more than {} entries", ImportLimits::archive_entries));
      name = entry_name();
      guard();
      if (name.starts_with('/')) fail(fmt::format("entry '{}' has an absolute path; such an archive is not imported", readable_name(name)));
      for (const std::string& part : components(name))
        if (part == "..") fail(fmt::format("entry '{}' leads out of the archive; such an archive is not imported", readable_name(name)));
      if (archive_entry_hardlink(entry_) || archive_entry_filetype(entry_) == AE_IFLNK)
        fail(fmt::format("entry '{}' is a link; such an archive is not imported (unpack it, then import the folder)", readable_name(name)));
      if (archive_entry_filetype(entry_) == AE_IFDIR) continue;
      if (archive_entry_filetype(entry_) != AE_IFREG) fail(fmt::format("entry '{}' is a device or pipe; such an archive is not imported", readable_name(name)));
      return true;
    }
  }

  std::uint64_t entries() const { return entries_; }

  /// The entry's bytes; `too_long`: there were more than a post may have (then it is read past, and nothing is kept).
  std::string read(const std::string& name, bool& too_long) {
    std::string data;
    too_long = false;
    char block[1 << 16];
    for (;;) {
      const la_ssize_t n = archive_read_data(get(), block, sizeof block);
      if (n < 0) check(static_cast<int>(n), fmt::format("entry '{}' is damaged or cut off", readable_name(name)).c_str());
      if (n == 0) return data;
      unpacked_ += static_cast<std::uint64_t>(n);
      guard();
      if (too_long) continue;
      data.append(block, static_cast<std::size_t>(n));
      if (data.size() > ImportLimits::post_bytes) {
        too_long = true;
        std::string().swap(data);
      }
    }
  }

 private:
  archive* get() const { return archive_.get(); }

  [[noreturn]] void fail(const std::string& what) const { throw std::runtime_error(fmt::format("{}: {}", file_, what)); }

  void check(int status, const char* what) const {
    if (status == ARCHIVE_OK || status == ARCHIVE_WARN) return;
    const char* detail = archive_error_string(get());
    fail(detail && *detail ? fmt::format("{}: {}", what, readable_name(detail)) : what);
  }

  /// Names are bytes: UTF-8 where the archive says or shows so, else as they stand. Empty: said to be UTF-8, but not.
  std::string entry_name() const {
    if (const char* utf8 = archive_entry_pathname_utf8(entry_)) return utf8;
    if (const char* bytes = archive_entry_pathname(entry_)) return bytes;
    return {};
  }

  /// Against bombs, and for Ctrl-C: called for every entry and block.
  void guard() {
    const auto packed = static_cast<std::uint64_t>(std::max<la_int64_t>(1, archive_filter_bytes(get(), -1)));
    const auto unpacked = std::max(unpacked_, static_cast<std::uint64_t>(std::max<la_int64_t>(0, archive_filter_bytes(get(), 0))));
    if (unpacked > ImportLimits::archive_bytes) fail(fmt::format("unpacks to more than {} GiB", ImportLimits::archive_bytes >> 30));
    if (unpacked > ImportLimits::ratio_from && unpacked / packed > ImportLimits::ratio)
      fail(fmt::format("unpacks to more than {} times its size: a bomb, not posts", ImportLimits::ratio));
    posts_.tick(static_cast<double>(packed), size_);
  }

  Utf8Locale locale_;
  std::string file_;
  Collector& posts_;
  std::unique_ptr<archive, int (*)(archive*)> archive_;
  archive_entry* entry_ = nullptr;
  std::uint64_t entries_ = 0, unpacked_ = 0;
  double size_ = 0;
};

}  // namespace

SourceFormat read_archive(const std::filesystem::path& source, SourceFormat format, Collector& posts) {
  ArchiveReader archive(source, posts);
  std::string name;
  while (archive.next(name)) {
    const std::vector<std::string> parts = components(name);
    if (parts.empty()) {
      posts.skip("name that cannot be read", fmt::format("entry {}", archive.entries()));
      continue;
    }
    if (parts.back().starts_with('.') || parts.front() == "__MACOSX") {
      posts.skip("hidden file or folder", readable_name(name));
      continue;
    }
    const auto place = place_of(parts);
    if (!place) {
      posts.skip("in no class folder", readable_name(name));
      continue;
    }
    if (format == SourceFormat::automatic)
      format = is_newsgroups_folder(parts.front()) || is_newsgroups_folder(place->label) ? SourceFormat::newsgroups : SourceFormat::folder;
    posts.latin1 = posts.keep_empty = format == SourceFormat::newsgroups;
    bool too_long = false;
    std::string text = archive.read(name, too_long);
    if (too_long) {
      posts.skip(fmt::format("longer than {} MiB", ImportLimits::post_bytes >> 20), readable_name(name));
      continue;
    }
    std::string id = parts.front();
    for (std::size_t i = 1; i < parts.size(); ++i) id += "/" + parts[i];
    posts.add({readable_name(name), std::move(id), place->split, place->label, std::move(text)});
  }
  return format == SourceFormat::automatic ? SourceFormat::folder : format;
}

}  // namespace telltale
