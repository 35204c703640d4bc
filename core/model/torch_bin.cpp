// pytorch_model.bin: a zip with data.pkl and one entry a storage (torch 1.6 and later), or before that five pickles
// (magic number, protocol, system, tensors, keys of the storages) and the storages one after the other.
#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <map>
#include <stdexcept>

#include "model/checkpoint_parts.hpp"
#include "model/messages.hpp"
#include "model/pickle.hpp"
#include "model/zip.hpp"

namespace telltale {
namespace {

constexpr char magic_number[] = "\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19";  // 0x1950a86a20f9469cfc6c, little-endian

using Bytes = std::span<const std::byte>;

class TorchBin {
 public:
  TorchBin(const MappedFile& file, Checkpoint::Storage& storage)
      : file_(file),
        where_(file.path().string()),
        storage_(storage),
        budget_((std::uint64_t{64} << 20) + 4 * file.bytes().size()) {}

  std::vector<StoredTensor> read() {
    const Bytes bytes = file_.bytes();
    if (bytes.empty()) fail("0 bytes");
    const auto begins = [&](std::string_view s) {
      return bytes.size() >= s.size() && std::memcmp(bytes.data(), s.data(), s.size()) == 0;
    };
    if (begins("PK")) return read_zip();
    if (begins("\x80")) return read_legacy();
    fail("neither a zip archive nor a pickle, as torch.save writes them");
  }

 private:
  [[noreturn]] void fail(const std::string& what) const {
    throw std::runtime_error(fmt::format("{}: {}", where_, what));
  }

  // What a file makes us allocate is bounded by a small multiple of its size: real weights hardly compress.
  std::vector<std::byte>& own(std::vector<std::byte> data) { return storage_.owned.emplace_back(std::move(data)); }
  void spend(std::uint64_t bytes, const std::string& what) {
    if (bytes > budget_)
      fail(fmt::format("{} asks for {} bytes of memory, out of proportion to a file of {}", printable(what), bytes,
                       file_.bytes().size()));
    budget_ -= bytes;
  }

  Bytes entry(const ZipReader& zip, const std::string& name) {
    const auto found = zip.entries().find(name);
    if (found == zip.entries().end()) fail(fmt::format("the archive holds no {}", printable(name)));
    if (found->second.method == 0) return zip.raw(name, found->second);
    spend(found->second.size, name);
    return own(zip.inflate(name, found->second));
  }

  std::vector<StoredTensor> read_zip() {
    const ZipReader zip(file_.bytes(), where_);
    std::string folder;
    for (const auto& [name, e] : zip.entries()) {
      if (!name.ends_with("/data.pkl") || std::count(name.begin(), name.end(), '/') != 1) continue;
      if (!folder.empty()) fail("the archive holds two data.pkl");
      folder = name.substr(0, name.size() - std::string_view("data.pkl").size());
    }
    if (folder.empty()) fail("the archive holds no data.pkl, as torch.save writes it");
    if (zip.entries().contains(folder + "byteorder")) {
      const Bytes order = entry(zip, folder + "byteorder");
      const std::string_view text(reinterpret_cast<const char*>(order.data()), order.size());
      if (!text.starts_with("little")) fail(fmt::format("byte order {}, only little is read", printable(text, 20)));
    }
    Bytes rest = entry(zip, folder + "data.pkl");
    const Pickle pickle(rest, where_);
    const std::vector<PickledTensor> tensors = pickle.tensors();
    std::vector<Bytes> storages;
    for (const PickledStorage& s : pickle.storages()) {
      const Bytes data = entry(zip, folder + "data/" + s.key);
      if (data.size() != s.elements * size_of(s.dtype))
        fail(fmt::format("storage {} has {} bytes, the pickle asks for {} of {}", printable(s.key), data.size(),
                         s.elements, name_of(s.dtype)));
      storages.push_back(data);
    }
    return place(tensors, pickle.storages(), storages);
  }

  std::vector<StoredTensor> read_legacy() {
    Bytes rest = file_.bytes();
    if (!Pickle(rest, where_).root_is_integer({magic_number, 10}))
      fail("a pickle that does not begin with torch's magic number");
    if (!Pickle(rest, where_).root_is_integer("\xe9\x03")) fail("protocol of torch.save: 1001 expected");
    if (!Pickle(rest, where_).flag("little_endian", true)) fail("byte order big, only little is read");
    const Pickle pickle(rest, where_);
    const std::vector<PickledTensor> tensors = pickle.tensors();
    const auto& named = pickle.storages();
    std::map<std::string, std::size_t> index;
    for (std::size_t k = 0; k < named.size(); ++k) index[named[k].key] = k;
    std::vector<Bytes> storages(named.size());
    std::vector<bool> seen(named.size());
    for (const std::string& key : Pickle(rest, where_).string_list()) {
      const auto found = index.find(key);
      if (found == index.end() || seen[found->second])
        fail(fmt::format("storage {} is listed, and no tensor (or an earlier entry) has it", printable(key)));
      const PickledStorage& s = named[found->second];
      std::uint64_t elements = 0;
      if (rest.size() < 8) fail(fmt::format("cut short before storage {}", printable(key)));
      std::memcpy(&elements, rest.data(), 8);
      rest = rest.subspan(8);
      const std::uint64_t bytes = s.elements * size_of(s.dtype);
      if (elements != s.elements)
        fail(fmt::format("storage {} has {} elements, the pickle asks for {}", printable(key), elements, s.elements));
      if (bytes > rest.size())
        fail(fmt::format("cut short: storage {} asks for {} bytes, {} are left of the file's {}", printable(key), bytes,
                         rest.size(), file_.bytes().size()));
      storages[found->second] = rest.first(bytes);
      seen[found->second] = true;
      rest = rest.subspan(bytes);
    }
    for (std::size_t k = 0; k < named.size(); ++k)
      if (!seen[k]) fail(fmt::format("the file holds no storage {}", printable(named[k].key)));
    if (!rest.empty()) fail(fmt::format("{} bytes after the last storage belong to none", rest.size()));
    return place(tensors, named, storages);
  }

  std::vector<StoredTensor> place(const std::vector<PickledTensor>& tensors, const std::vector<PickledStorage>& named,
                                  const std::vector<Bytes>& storages) {
    std::vector<StoredTensor> out;
    for (const PickledTensor& t : tensors) {
      StoredTensor stored;
      stored.name = t.name;
      stored.dtype = named[t.storage].dtype;
      stored.shape = t.shape;
      stored.file = file_.path();
      stored.data = data_of(t, size_of(stored.dtype), storages[t.storage]);
      out.push_back(std::move(stored));
    }
    return out;
  }

  Bytes data_of(const PickledTensor& t, std::size_t size, Bytes storage) {
    const std::string name = printable(t.name);
    const auto elements = checked_elements(t.shape);
    if (!elements) fail(fmt::format("{}: shape {} is out of range", name, shape_text(t.shape)));
    if (t.strides.size() != t.shape.size())
      fail(fmt::format("{}: {} sizes and {} strides", name, t.shape.size(), t.strides.size()));
    if (*elements == 0) return {};
    const std::uint64_t have = t.limit - t.offset;
    std::uint64_t reach = 0, packed = 1;  // the last element touched; the stride that a contiguous tensor would have
    bool contiguous = true;
    for (std::size_t k = t.shape.size(); k-- > 0;) {
      if (t.shape[k] == 1) continue;
      const auto steps = static_cast<std::uint64_t>(t.shape[k] - 1);
      std::uint64_t far = 0;
      if (t.strides[k] < 0 || __builtin_mul_overflow(steps, static_cast<std::uint64_t>(t.strides[k]), &far) ||
          __builtin_add_overflow(reach, far, &reach))
        fail(fmt::format("{}: strides {} are out of range", name, shape_text(t.strides)));
      contiguous &= static_cast<std::uint64_t>(t.strides[k]) == packed;
      packed *= static_cast<std::uint64_t>(t.shape[k]);
    }
    if (reach >= have || *elements > have)
      fail(fmt::format("{}: {} elements of shape {}, strides {} reach past the {} that its storage has", name,
                       *elements, shape_text(t.shape), shape_text(t.strides), have));
    if (contiguous) return storage.subspan(t.offset * size, *elements * size);
    spend(*elements * size, name);
    return own(gather(t, size, storage.data() + t.offset * size, *elements));
  }

  // Row-major copy of a strided tensor (weights converted from TensorFlow are transposed views).
  static std::vector<std::byte> gather(const PickledTensor& t, std::size_t size, const std::byte* from,
                                       std::uint64_t elements) {
    std::vector<std::byte> out(elements * size);
    std::vector<std::int64_t> index(t.shape.size());
    std::uint64_t at = 0;
    for (std::uint64_t k = 0; k < elements; ++k) {
      std::memcpy(out.data() + k * size, from + at * size, size);
      for (std::size_t d = t.shape.size(); d-- > 0;) {
        at += static_cast<std::uint64_t>(t.strides[d]);
        if (++index[d] < t.shape[d]) break;
        at -= static_cast<std::uint64_t>(t.strides[d]) * static_cast<std::uint64_t>(t.shape[d]);
        index[d] = 0;
      }
    }
    return out;
  }

  const MappedFile& file_;
  std::string where_;
  Checkpoint::Storage& storage_;
  std::uint64_t budget_;
};

}  // namespace

std::vector<StoredTensor> read_torch_bin(const MappedFile& file, Checkpoint::Storage& storage) {
  return TorchBin(file, storage).read();
}

}  // namespace telltale
