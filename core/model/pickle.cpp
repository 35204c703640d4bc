#include "model/pickle.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <stdexcept>

#include "model/messages.hpp"

namespace telltale {
namespace {

// BERT large needs 60 kB of pickle and some 10,000 values.
constexpr std::size_t max_bytes = std::size_t{16} << 20, max_nodes = 1'000'000, max_stack = 1'000'000,
                      max_items = 4'000'000;

}  // namespace

Pickle::Pickle(std::span<const std::byte>& rest, std::string where) : where_(std::move(where)), bytes_(rest) {
  run();
  rest = rest.subspan(at_);
}

// Python 2's and the platform's names of a module are given with the one that people know.
std::string Pickle::full_name(std::string_view module, std::string_view name) {
  const std::string_view common = module == "posix" || module == "nt" ? "os"
                                  : module == "__builtin__"           ? "builtins"
                                                                      : "";
  return common.empty() ? fmt::format("{}.{}", module, name) : fmt::format("{}.{} ({}.{})", module, name, common, name);
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
      refuse(full_name(module, name));
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

}  // namespace telltale
