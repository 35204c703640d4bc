// Which names a pickle of tensors may use, and what they make.
#include <fmt/format.h>

#include <cstring>
#include <optional>
#include <set>
#include <stdexcept>

#include "model/checkpoint_parts.hpp"
#include "model/messages.hpp"
#include "model/pickle.hpp"

namespace telltale {
namespace {

struct StorageType {
  std::string_view name;
  DType dtype;
};
constexpr StorageType storage_types[] = {{"DoubleStorage", DType::f64}, {"FloatStorage", DType::f32},
                                         {"HalfStorage", DType::f16},   {"BFloat16Storage", DType::bf16},
                                         {"LongStorage", DType::i64},   {"IntStorage", DType::i32},
                                         {"ShortStorage", DType::i16},  {"CharStorage", DType::i8},
                                         {"ByteStorage", DType::u8},    {"BoolStorage", DType::boolean}};

std::optional<DType> storage_type(std::string_view module, std::string_view name) {
  if (module == "torch.storage" && name == "UntypedStorage") return DType::u8;
  if (module == "torch")
    for (const StorageType& t : storage_types)
      if (t.name == name) return t.dtype;
  return std::nullopt;
}

}  // namespace

// ---- Names ----

void Pickle::global(std::string_view module, std::string_view name) {
  Global known = Global::ordered_dict;
  DType dtype = DType::f32;
  if (module == "collections" && name == "OrderedDict") {
    known = Global::ordered_dict;
  } else if (module == "torch._utils" && (name == "_rebuild_tensor_v2" || name == "_rebuild_tensor")) {
    known = Global::rebuild_tensor;
  } else if (module == "torch._utils" && name == "_rebuild_parameter") {
    known = Global::rebuild_parameter;
  } else if (const auto type = storage_type(module, name)) {
    known = Global::storage_type;
    dtype = *type;
  } else {
    refuse(full_name(module, name));
  }
  const Index i = make(Kind::global);
  nodes_[i].global = known;
  nodes_[i].dtype = dtype;
  push(i);
}

void Pickle::reduce() {
  const Index arguments = pop(), callee = pop();
  if (nodes_[callee].kind != Kind::global) refuse(fmt::format("a call of {}", describe(callee)));
  if (nodes_[arguments].kind != Kind::tuple)
    fail(fmt::format("arguments in a tuple expected, got {}", describe(arguments)));
  if (nodes_[arguments].items.size() > 8) fail(fmt::format("a call with {} arguments", nodes_[arguments].items.size()));
  const std::vector<Index> given = nodes_[arguments].items;
  switch (nodes_[callee].global) {
    case Global::ordered_dict: {
      const Index dict = make(Kind::dict);
      if (given.size() > 1) fail("OrderedDict with several arguments");
      if (given.size() == 1) {  // as Python 2 wrote it: a list of pairs
        if (nodes_[given[0]].kind != Kind::list) fail(fmt::format("OrderedDict of {}", describe(given[0])));
        for (const Index pair : std::vector<Index>(nodes_[given[0]].items)) {
          const Node& p = nodes_[pair];
          if ((p.kind != Kind::list && p.kind != Kind::tuple) || p.items.size() != 2)
            fail("OrderedDict: pairs expected");
          set_items(dict, p.items);
        }
      }
      return push(dict);
    }
    case Global::rebuild_tensor:
      return push(rebuild_tensor(given));
    case Global::rebuild_parameter:
      if (given.empty() || given.size() > 3 || nodes_[given[0]].kind != Kind::tensor)
        fail("_rebuild_parameter: a tensor expected");
      return push(given[0]);
    case Global::storage_type:
      refuse("a call of a storage type");
  }
}

// State of an OrderedDict is what torch hangs on it (_metadata): read, not needed.
void Pickle::build() {
  const Index state = pop();
  if (nodes_[top()].kind != Kind::dict || nodes_[state].kind != Kind::dict)
    refuse(fmt::format("a state for {} (BUILD)", describe(top())));
}

// ('storage', type, key, location, elements[, view]), view = None or (key, first, elements) in the old format.
void Pickle::persistent_id() {
  const Index value = pop();
  if (nodes_[value].kind != Kind::tuple || nodes_[value].items.size() > 6) fail("a persistent id that is no storage");
  const std::vector<Index> id = nodes_[value].items;
  const auto is = [&](std::size_t k, Kind kind) { return nodes_[id[k]].kind == kind; };
  if (id.size() < 5 || !is(0, Kind::string) || nodes_[id[0]].text != "storage" || !is(1, Kind::global) ||
      nodes_[id[1]].global != Global::storage_type || !is(2, Kind::string))
    fail("a persistent id that is no storage");
  const std::int64_t elements = integer(id[4], "elements of a storage");
  PickledStorage s{std::string(nodes_[id[2]].text), nodes_[id[1]].dtype, static_cast<std::uint64_t>(elements)};
  if (elements < 0 || elements > std::int64_t{1} << 56) fail(fmt::format("a storage of {} elements", elements));
  const auto [known, fresh] = storage_of_.try_emplace(s.key, storages_.size());
  if (fresh) {
    storages_.push_back(s);
  } else if (storages_[known->second].dtype != s.dtype || storages_[known->second].elements != s.elements) {
    fail(fmt::format("storage {} is named with two types or sizes", printable(s.key)));
  }
  std::uint64_t first = 0, last = s.elements;
  if (id.size() == 6 && !is(5, Kind::none)) {
    const std::vector<Index>& view = nodes_[id[5]].items;
    if (!is(5, Kind::tuple) || view.size() != 3) fail("a view of a storage: three values expected");
    const std::int64_t from = integer(view[1], "view of a storage"), count = integer(view[2], "view of a storage");
    if (from < 0 || count < 0 || static_cast<std::uint64_t>(from) > last ||
        static_cast<std::uint64_t>(count) > last - static_cast<std::uint64_t>(from))
      fail(fmt::format("a view of elements {} + {} on storage {} of {}", from, count, printable(s.key), last));
    first = static_cast<std::uint64_t>(from);
    last = first + static_cast<std::uint64_t>(count);
  }
  const Index i = make(Kind::storage);
  nodes_[i].number = static_cast<std::int64_t>(known->second);
  nodes_[i].first = first;
  nodes_[i].last = last;
  push(i);
}

// (storage, offset, size, stride, …); what follows (requires_grad, hooks, metadata) is not needed.
Pickle::Index Pickle::rebuild_tensor(const std::vector<Index>& a) {
  if (a.size() < 4 || a.size() > 7) fail(fmt::format("_rebuild_tensor with {} arguments", a.size()));
  if (nodes_[a[0]].kind != Kind::storage)
    fail(fmt::format("_rebuild_tensor: a storage expected, got {}", describe(a[0])));
  const std::int64_t offset = integer(a[1], "offset of a tensor");
  if (offset < 0) fail(fmt::format("a tensor at offset {}", offset));
  for (const Index k : {a[2], a[3]})
    if (nodes_[k].kind != Kind::tuple) fail(fmt::format("sizes of a tensor: a tuple expected, got {}", describe(k)));
  const Index i = make(Kind::tensor);
  nodes_[i].number = a[0];
  nodes_[i].first = static_cast<std::uint64_t>(offset);
  nodes_[i].items = {a[2], a[3]};
  return i;
}

// ---- Results ----

std::vector<std::int64_t> Pickle::sizes(Index tuple, const char* what) const {
  const Node& t = nodes_[tuple];
  if (t.items.size() > max_dimensions)
    fail(fmt::format("a tensor of {} dimensions, at most {} are read", t.items.size(), max_dimensions));
  std::vector<std::int64_t> out;
  for (const Index k : t.items) out.push_back(integer(k, what));
  return out;
}

std::vector<PickledTensor> Pickle::tensors() const {
  const Node& root = nodes_[root_];
  const auto say = [&](const std::string& what) { throw std::runtime_error(fmt::format("{}: {}", where_, what)); };
  if (root.kind != Kind::dict) say(fmt::format("a dict of tensors expected, the pickle holds {}", describe(root_)));
  std::vector<PickledTensor> out;
  std::set<std::string_view> seen;
  for (std::size_t k = 0; k < root.items.size(); k += 2) {
    const Node &key = nodes_[root.items[k]], &value = nodes_[root.items[k + 1]];
    if (key.kind != Kind::string) say(fmt::format("names of tensors expected, a key is {}", describe(root.items[k])));
    if (!seen.insert(key.text).second) say(fmt::format("{} occurs twice", printable(key.text)));
    if (value.kind != Kind::tensor)
      say(fmt::format("{}: a tensor expected, got {}", printable(key.text), describe(root.items[k + 1])));
    const Node& storage = nodes_[static_cast<Index>(value.number)];
    PickledTensor t;
    t.name = std::string(key.text);
    t.storage = static_cast<std::size_t>(storage.number);
    if (value.first > storage.last - storage.first)
      say(fmt::format("{} begins at element {} of a storage of {}", printable(t.name), value.first,
                      storage.last - storage.first));
    t.offset = storage.first + value.first;
    t.limit = storage.last;
    t.shape = sizes(value.items[0], "size of a tensor");
    t.strides = sizes(value.items[1], "stride of a tensor");
    out.push_back(std::move(t));
  }
  return out;
}

std::vector<std::string> Pickle::string_list() const {
  if (nodes_[root_].kind != Kind::list) fail(fmt::format("a list of storage keys expected, got {}", describe(root_)));
  std::vector<std::string> out;
  for (const Index k : nodes_[root_].items) {
    if (nodes_[k].kind != Kind::string) fail(fmt::format("a storage key expected, got {}", describe(k)));
    out.emplace_back(nodes_[k].text);
  }
  return out;
}

bool Pickle::root_is_integer(std::string_view little_endian) const {
  const Node& root = nodes_[root_];
  if (root.kind == Kind::big) return root.text == little_endian;
  return root.kind == Kind::integer && little_endian.size() <= 8 && [&] {
    std::int64_t value = 0;
    std::memcpy(&value, little_endian.data(), little_endian.size());
    return value == root.number;
  }();
}

bool Pickle::flag(std::string_view key, bool otherwise) const {
  const Node& root = nodes_[root_];
  if (root.kind != Kind::dict) return otherwise;
  for (std::size_t k = 0; k < root.items.size(); k += 2) {
    const Node &name = nodes_[root.items[k]], &value = nodes_[root.items[k + 1]];
    if (name.kind == Kind::string && name.text == key && value.kind == Kind::boolean) return value.number != 0;
  }
  return otherwise;
}

}  // namespace telltale
