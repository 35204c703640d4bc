// safetensors: 8 bytes of header length (little-endian), the header as JSON, the data.
// https://github.com/huggingface/safetensors#format
#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <set>
#include <stdexcept>

#include "model/checkpoint_parts.hpp"
#include "model/messages.hpp"
#include "model/strict_json.hpp"

namespace telltale {
namespace {

static_assert(std::endian::native == std::endian::little,
              "weights are mapped as they lie in the file, which is little-endian");

constexpr std::uint64_t max_header = std::uint64_t{16}
                                     << 20;  // BERT large has 50 kB; parsed JSON takes some 20 times its text

struct Entry {
  StoredTensor tensor;
  std::uint64_t begin = 0, end = 0;  // in the data, which follow the header
};

class HeaderReader {
 public:
  explicit HeaderReader(const MappedFile& f) : file_(f), where_(f.path().string()) {}

  std::vector<Entry> entries() {
    const Json header = parse_header();
    std::vector<Entry> all;
    for (const auto& [name, value] : header.items())
      if (name != "__metadata__") all.push_back(entry(name, value));
    check_length(all);
    for (Entry& e : all) check_size(e);
    check_cover(all);
    return all;
  }

  std::span<const std::byte> data() const { return file_.bytes().subspan(8 + header_); }

 private:
  [[noreturn]] void fail(std::string_view what) const { throw std::runtime_error(fmt::format("{}: {}", where_, what)); }
  [[noreturn]] void fail(const std::string& tensor, std::string_view what) const {
    fail(fmt::format("{}: {}", printable(tensor), what));
  }

  Json parse_header() {
    const auto bytes = file_.bytes();
    if (bytes.size() < 8) fail(fmt::format("{} bytes, too short for the 8 bytes of the header length", bytes.size()));
    std::memcpy(&header_, bytes.data(), 8);
    if (header_ > bytes.size() - 8)
      fail(fmt::format("the header length is {}, the file has {} bytes", header_, bytes.size()));
    if (header_ > max_header)
      fail(fmt::format("the header length is {}, more than the {} allowed", header_, max_header));
    const std::string_view text(reinterpret_cast<const char*>(bytes.data()) + 8, header_);
    Json header = parse_strict_json(text, where_ + ": header");
    if (!header.is_object()) fail("header: a JSON object expected");
    return header;
  }

  std::uint64_t whole(const Json& value, const std::string& tensor, std::string_view what) const {
    if (value.is_number_integer() && !value.is_number_unsigned())
      fail(tensor, fmt::format("{}: negative number {}", what, value.get<std::int64_t>()));
    if (!value.is_number_unsigned())
      fail(tensor, fmt::format("{}: a whole number expected, got {}", what, value.type_name()));
    return value.get<std::uint64_t>();
  }

  const Json& member(const Json& object, const char* key, Json::value_t type, const std::string& tensor) const {
    const auto found = object.find(key);
    if (found == object.end()) fail(tensor, fmt::format("{} is missing", key));
    if (found->type() != type)
      fail(tensor, fmt::format("{}: {} expected, got {}", key, Json(type).type_name(), found->type_name()));
    return *found;
  }

  Entry entry(const std::string& name, const Json& value) const {
    if (!value.is_object())
      fail(name, fmt::format("an object with dtype, shape and data_offsets expected, got {}", value.type_name()));
    Entry e;
    e.tensor.name = name;
    e.tensor.file = file_.path();
    const auto& dtype = member(value, "dtype", Json::value_t::string, name).get_ref<const std::string&>();
    const auto known = dtype_named(dtype);
    if (!known) fail(name, fmt::format("dtype {} is unknown (known: {})", printable(dtype), known_dtypes()));
    e.tensor.dtype = *known;
    const Json& shape = member(value, "shape", Json::value_t::array, name);
    if (shape.size() > max_dimensions)
      fail(name, fmt::format("shape of {} dimensions, at most {} are read", shape.size(), max_dimensions));
    for (const Json& s : shape) {
      const std::uint64_t size = whole(s, name, "shape");
      if (size > std::uint64_t{1} << 62) fail(name, fmt::format("shape: size {} is out of range", size));
      e.tensor.shape.push_back(static_cast<std::int64_t>(size));
    }
    const Json& offsets = member(value, "data_offsets", Json::value_t::array, name);
    if (offsets.size() != 2) fail(name, fmt::format("data_offsets: two numbers expected, got {}", offsets.size()));
    e.begin = whole(offsets[0], name, "data_offsets");
    e.end = whole(offsets[1], name, "data_offsets");
    if (e.end < e.begin) fail(name, fmt::format("its data end ({}) before they begin ({})", e.end, e.begin));
    return e;
  }

  void check_length(const std::vector<Entry>& all) const {
    const std::uint64_t have = data().size();
    const auto last =
        std::max_element(all.begin(), all.end(), [](const Entry& a, const Entry& b) { return a.end < b.end; });
    if (last == all.end() || last->end <= have) return;
    std::uint64_t asked = 0;
    if (__builtin_add_overflow(last->end, 8 + header_, &asked))
      fail(last->tensor.name, fmt::format("its data end at {}, past any file", last->end));
    fail(last->tensor.name, fmt::format("its data end after the file: the header asks for {} bytes, the file has {}",
                                        asked, file_.bytes().size()));
  }

  void check_size(Entry& e) const {
    StoredTensor& t = e.tensor;
    const auto elements = checked_elements(t.shape);
    if (!elements) fail(t.name, fmt::format("the product of its shape {} overflows", shape_text(t.shape)));
    const std::uint64_t bytes = *elements * size_of(t.dtype);  // at most 2^63
    if (bytes != e.end - e.begin)
      fail(t.name, fmt::format("shape {} of {} is {} bytes, data_offsets give {}", shape_text(t.shape),
                               name_of(t.dtype), bytes, e.end - e.begin));
    t.data = data().subspan(e.begin, bytes);
  }

  // Every byte of the data belongs to exactly one tensor, as the format demands.
  void check_cover(const std::vector<Entry>& all) const {
    std::vector<const Entry*> order;
    for (const Entry& e : all)
      if (e.begin != e.end) order.push_back(&e);
    std::sort(order.begin(), order.end(), [](const Entry* a, const Entry* b) { return a->begin < b->begin; });
    std::uint64_t next = 0;
    const Entry* previous = nullptr;
    for (const Entry* e : order) {
      if (e->begin < next)
        fail(e->tensor.name, fmt::format("shares bytes with {}: its data begin at {}, the other's end at {}",
                                         printable(previous->tensor.name), e->begin, next));
      if (e->begin > next)
        fail(e->tensor.name,
             fmt::format("its data begin at {}: bytes {} to {} belong to no tensor", e->begin, next, e->begin));
      next = e->end;
      previous = e;
    }
    if (next != data().size()) fail(fmt::format("{} bytes after the last tensor belong to none", data().size() - next));
  }

  const MappedFile& file_;
  std::string where_;
  std::uint64_t header_ = 0;
};

}  // namespace

std::vector<StoredTensor> read_safetensors(const MappedFile& file) {
  std::vector<StoredTensor> tensors;
  for (Entry& e : HeaderReader(file).entries()) tensors.push_back(std::move(e.tensor));
  return tensors;
}

void write_safetensors(const std::filesystem::path& file, const std::vector<StoredTensor>& tensors) {
  const auto fail = [&](const StoredTensor& t, std::string_view what) {
    throw std::runtime_error(fmt::format("{}: cannot write {}: {}", file.string(), printable(t.name), what));
  };
  OrderedJson header = {{"__metadata__", {{"format", "pt"}}}};
  std::set<std::string_view> names;
  std::uint64_t at = 0;
  for (const StoredTensor& t : tensors) {
    if (t.name == "__metadata__" || !is_utf8(t.name)) fail(t, "not a name that safetensors allows");
    if (!names.insert(t.name).second) fail(t, "the name occurs twice");
    const auto elements = checked_elements(t.shape);
    if (!elements || *elements * size_of(t.dtype) != t.data.size())
      fail(t, fmt::format("shape {} of {} does not fit its {} bytes", shape_text(t.shape), name_of(t.dtype),
                          t.data.size()));
    header[t.name] = {{"dtype", name_of(t.dtype)}, {"shape", t.shape}, {"data_offsets", {at, at + t.data.size()}}};
    at += t.data.size();
  }
  std::string text = header.dump();
  text.append((8 - text.size() % 8) % 8, ' ');  // so that the data begin at a multiple of 8
  if (text.size() > max_header)
    throw std::runtime_error(fmt::format("{}: {} tensors, too many for one file", file.string(), tensors.size()));
  const std::uint64_t length = text.size();
  std::vector<std::string_view> parts = {{reinterpret_cast<const char*>(&length), 8}, text};
  for (const StoredTensor& t : tensors) parts.emplace_back(reinterpret_cast<const char*>(t.data.data()), t.data.size());
  write_file_atomically(file, parts);
}

}  // namespace telltale
