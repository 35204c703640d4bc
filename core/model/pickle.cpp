#include "model/pickle.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <optional>
#include <set>
#include <stdexcept>

#include "model/checkpoint_parts.hpp"
#include "model/messages.hpp"

namespace telltale {
namespace {

// BERT large needs 60 kB of pickle and some 10,000 values.
constexpr std::size_t max_bytes = std::size_t{16} << 20, max_nodes = 1'000'000, max_stack = 1'000'000,
                      max_items = 4'000'000;

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

Pickle::Pickle(std::span<const std::byte>& rest, std::string where) : where_(std::move(where)), bytes_(rest) {
  run();
  rest = rest.subspan(at_);
}

void Pickle::fail(const std::string& what) const {
  throw std::runtime_error(fmt::format("{}: pickle: {} (byte {})", where_, what, start_));
}

void Pickle::refuse(std::string_view name) const {
  throw std::runtime_error(
      fmt::format("{}: the pickle names {}, which tensors do not need: refused, nothing was run (byte {})", where_,
                  printable(name), start_));
}

// ---- Bytes, values, stack ----

std::string_view Pickle::take(std::uint64_t n) {
  if (n > bytes_.size() - at_) fail("cut short");
  if (n > max_bytes || at_ + n > max_bytes) fail(fmt::format("longer than {} bytes", max_bytes));
  const std::string_view s(reinterpret_cast<const char*>(bytes_.data()) + at_, n);
  at_ += n;
  return s;
}

std::string_view Pickle::line() {
  const std::size_t longest = std::min<std::size_t>(bytes_.size() - at_, 512);
  const std::string_view ahead(reinterpret_cast<const char*>(bytes_.data()) + at_, longest);
  const auto end = ahead.find('\n');
  if (end == std::string_view::npos) fail("a name without end");
  take(end + 1);
  return ahead.substr(0, end);
}

template <class T>
T Pickle::number() {
  const std::string_view s = take(sizeof(T));
  T value;
  std::memcpy(&value, s.data(), sizeof value);
  return value;
}

Pickle::Index Pickle::make(Kind kind) {
  if (nodes_.size() >= max_nodes) fail(fmt::format("more than {} values", max_nodes));
  nodes_.emplace_back().kind = kind;
  return static_cast<Index>(nodes_.size() - 1);
}

Pickle::Index Pickle::make_text(Kind kind, std::string_view text) {
  if (kind == Kind::string && !is_utf8(text)) fail("a string that is not UTF-8");
  const Index i = make(kind);
  nodes_[i].text = text;
  return i;
}

Pickle::Index Pickle::make_integer(std::int64_t value) {
  const Index i = make(Kind::integer);
  nodes_[i].number = value;
  return i;
}

void Pickle::push(Index value) {
  if (stack_.size() >= max_stack) fail(fmt::format("more than {} values on the stack", max_stack));
  stack_.push_back(value);
}

Pickle::Index Pickle::top() const {
  if (stack_.size() <= (marks_.empty() ? 0 : marks_.back())) fail("a value is missing on the stack");
  return stack_.back();
}

Pickle::Index Pickle::pop() {
  const Index value = top();
  stack_.pop_back();
  return value;
}

std::vector<Pickle::Index> Pickle::pop_to_mark() {
  if (marks_.empty()) fail("a mark is missing on the stack");
  const std::vector<Index> items(stack_.begin() + static_cast<std::ptrdiff_t>(marks_.back()), stack_.end());
  stack_.resize(marks_.back());
  marks_.pop_back();
  return items;
}

void Pickle::charge(std::size_t items) {
  items_ += items;
  if (items_ > max_items) fail(fmt::format("more than {} members of tuples, lists and dicts", max_items));
}

void Pickle::collect(Kind kind, std::vector<Index> items) {
  charge(items.size());
  const Index i = make(kind);
  nodes_[i].items = std::move(items);
  push(i);
}

void Pickle::put(std::uint64_t slot) {
  memo_[slot] = top();
  if (memo_.size() > max_nodes) fail(fmt::format("more than {} values in the memo", max_nodes));
}

void Pickle::get(std::uint64_t slot) {
  const auto found = memo_.find(slot);
  if (found == memo_.end()) fail(fmt::format("memo {} is empty", slot));
  push(found->second);
}

std::string Pickle::describe(Index value) const {
  static constexpr const char* names[] = {
      "None",   "a bool", "a whole number", "a very large number", "a number", "a string", "bytes", "a tuple",
      "a list", "a dict", "a name",         "a storage",           "a tensor"};
  return names[static_cast<std::size_t>(nodes_[value].kind)];
}

std::int64_t Pickle::integer(Index value, const char* what) const {
  if (nodes_[value].kind != Kind::integer)
    fail(fmt::format("{}: a whole number expected, got {}", what, describe(value)));
  return nodes_[value].number;
}

// ---- Opcodes (Python's Lib/pickletools.py) ----

void Pickle::run() {
  do start_ = at_;
  while (step(static_cast<unsigned char>(take(1)[0])));
}

bool Pickle::step(unsigned char op) {
  switch (op) {
    case 0x80:  // PROTO
      if (const auto version = number<std::uint8_t>(); version < 2 || version > 5)
        fail(fmt::format("protocol {}, expected 2 to 5", version));
      break;
    case 0x95:
      number<std::uint64_t>();
      break;   // FRAME
    case '.':  // STOP
      root_ = pop();
      if (!stack_.empty() || !marks_.empty()) fail("values are left on the stack");
      return false;
    case '(':
      if (marks_.size() >= max_stack) fail("too many marks");
      marks_.push_back(stack_.size());
      break;
    case '0':
      pop();
      break;
    case '1':
      pop_to_mark();
      break;
    case '2':
      push(top());
      break;
    case 'N':
      push(make(Kind::none));
      break;
    case 0x88:
    case 0x89: {
      const Index i = make(Kind::boolean);
      nodes_[i].number = op == 0x88;
      push(i);
      break;
    }
    case 'J':
      push(make_integer(number<std::int32_t>()));
      break;
    case 'K':
      push(make_integer(number<std::uint8_t>()));
      break;
    case 'M':
      push(make_integer(number<std::uint16_t>()));
      break;
    case 0x8a:
      long_integer(number<std::uint8_t>());
      break;
    case 0x8b:
      long_integer(number<std::uint32_t>());
      break;
    case 'G':
      number<std::uint64_t>();
      push(make(Kind::real));
      break;
    case 'X':
      push(make_text(Kind::string, take(number<std::uint32_t>())));
      break;
    case 0x8c:
      push(make_text(Kind::string, take(number<std::uint8_t>())));
      break;
    case 0x8d:
      push(make_text(Kind::string, take(number<std::uint64_t>())));
      break;
    case 'T':
      push(make_text(Kind::string, take(number<std::uint32_t>())));
      break;  // str of Python 2
    case 'U':
      push(make_text(Kind::string, take(number<std::uint8_t>())));
      break;
    case 'B':
      push(make_text(Kind::bytes, take(number<std::uint32_t>())));
      break;
    case 'C':
      push(make_text(Kind::bytes, take(number<std::uint8_t>())));
      break;
    case ')':
      push(make(Kind::tuple));
      break;
    case 't':
      collect(Kind::tuple, pop_to_mark());
      break;
    case 0x85:
      tuple_of(1);
      break;
    case 0x86:
      tuple_of(2);
      break;
    case 0x87:
      tuple_of(3);
      break;
    case ']':
      push(make(Kind::list));
      break;
    case 'l':
      collect(Kind::list, pop_to_mark());
      break;
    case 'a':
    case 'e': {
      const std::vector<Index> items = op == 'a' ? std::vector<Index>{pop()} : pop_to_mark();
      Node& list = nodes_[top()];
      if (list.kind != Kind::list) fail(fmt::format("a list expected, got {}", describe(top())));
      charge(items.size());
      list.items.insert(list.items.end(), items.begin(), items.end());
      break;
    }
    case '}':
      push(make(Kind::dict));
      break;
    case 'd': {
      const auto pairs = pop_to_mark();
      const Index i = make(Kind::dict);
      set_items(i, pairs);
      push(i);
      break;
    }
    case 's': {
      const Index value = pop(), key = pop();
      set_items(top(), {key, value});
      break;
    }
    case 'u': {
      const auto pairs = pop_to_mark();
      set_items(top(), pairs);
      break;
    }
    case 'q':
      put(number<std::uint8_t>());
      break;
    case 'r':
      put(number<std::uint32_t>());
      break;
    case 0x94:
      put(memo_.size());
      break;  // MEMOIZE
    case 'h':
      get(number<std::uint8_t>());
      break;
    case 'j':
      get(number<std::uint32_t>());
      break;
    case 'c': {
      const std::string_view module = line(), name = line();
      global(module, name);
      break;
    }
    case 0x93: {  // STACK_GLOBAL
      const Index name = pop(), module = pop();
      if (nodes_[name].kind != Kind::string || nodes_[module].kind != Kind::string) fail("a name that is no string");
      global(nodes_[module].text, nodes_[name].text);
      break;
    }
    case 'R':
      reduce();
      break;
    case 'b':
      build();
      break;
    case 'Q':
      persistent_id();
      break;
    case 'i': {  // INST
      const std::string_view module = line(), name = line();
      refuse(fmt::format("{}.{}", module, name));
    }
    case 'o':
      refuse("an object to be made (OBJ)");
    case 0x81:
      refuse("an object to be made (NEWOBJ)");
    case 0x92:
      refuse("an object to be made (NEWOBJ_EX)");
    case 0x82:
    case 0x83:
    case 0x84:
      refuse("a name of the extension registry (EXT)");
    default:
      fail(fmt::format("opcode 0x{:02x} has no place in a file of tensors", op));
  }
  return true;
}

void Pickle::long_integer(std::uint64_t n) {
  const std::string_view s = take(n);
  if (n > 8) {
    push(make_text(Kind::big, s));
    return;
  }
  std::uint64_t value =
      n > 0 && static_cast<unsigned char>(s[n - 1]) >= 0x80 ? ~std::uint64_t{0} : 0;  // two's complement
  if (n > 0) std::memcpy(&value, s.data(), n);
  push(make_integer(static_cast<std::int64_t>(value)));
}

void Pickle::tuple_of(std::size_t n) {
  std::vector<Index> items(n);
  for (std::size_t k = n; k-- > 0;) items[k] = pop();
  collect(Kind::tuple, std::move(items));
}

void Pickle::set_items(Index dict, const std::vector<Index>& pairs) {
  Node& d = nodes_[dict];
  if (d.kind != Kind::dict) fail(fmt::format("a dict expected, got {}", describe(dict)));
  if (pairs.size() % 2) fail("a key without a value");
  charge(pairs.size());
  d.items.insert(d.items.end(), pairs.begin(), pairs.end());
}

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
    refuse(fmt::format("{}.{}", module, name));
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
