// A reader of the pickles that torch.save writes. It builds plain values (None, bools, numbers, strings, tuples, lists,
// dicts) and tensor descriptions; it knows the few global names that tensors need and refuses every other by its name.
// Nothing is ever run. Internal to core/model.
#pragma once
#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "model/checkpoint.hpp"

namespace telltale {

/// A storage as a persistent id names it.
struct PickledStorage {
  std::string key;
  DType dtype = DType::f32;
  std::uint64_t elements = 0;
};

struct PickledTensor {
  std::string name;
  std::size_t storage = 0;                   ///< index into the storages
  std::uint64_t offset = 0;                  ///< first element
  std::uint64_t limit = 0;                   ///< one past the last element that it may touch
  std::vector<std::int64_t> shape, strides;  ///< in elements
};

class Pickle {
 public:
  /// Reads one pickle (protocol 2 to 5) from the front of `rest` and moves `rest` behind it. The bytes must outlive the
  /// object. Throws std::runtime_error opened by `where`.
  Pickle(std::span<const std::byte>& rest, std::string where);

  /// The root as a dict of tensors. Throws when it is anything else.
  std::vector<PickledTensor> tensors() const;
  const std::vector<PickledStorage>& storages() const { return storages_; }

  std::vector<std::string> string_list() const;                ///< the root as a list of strings
  bool root_is_integer(std::string_view little_endian) const;  ///< the root is this whole number, leading zeros ignored
  /// True or false of a bool in the root dict; `otherwise` where the key is not there.
  bool flag(std::string_view key, bool otherwise) const;

 private:
  enum class Kind : std::uint8_t {
    none,
    boolean,
    integer,
    big,
    real,
    string,
    bytes,
    tuple,
    list,
    dict,
    global,
    storage,
    tensor
  };
  enum class Global : std::uint8_t { ordered_dict, rebuild_tensor, rebuild_parameter, storage_type };
  using Index = std::uint32_t;
  struct Node {
    Kind kind = Kind::none;
    Global global = Global::ordered_dict;
    DType dtype = DType::f32;
    std::int64_t number = 0;            // boolean, integer; storage: index; tensor: storage node
    std::uint64_t first = 0, last = 0;  // storage: the elements that this view of it covers; tensor: first = offset
    std::string_view text;              // string, bytes, big
    std::vector<Index> items;           // tuple, list; dict: key, value, key, value …; tensor: shape, strides
  };

  [[noreturn]] void fail(const std::string& what) const;
  static std::string full_name(std::string_view module, std::string_view name);
  [[noreturn]] void refuse(std::string_view name) const;
  std::string_view take(std::uint64_t n);
  std::string_view line();
  template <class T>
  T number();
  Index make(Kind kind);
  Index make_text(Kind kind, std::string_view text);
  Index make_integer(std::int64_t value);
  void push(Index value);
  Index pop();
  Index top() const;
  std::vector<Index> pop_to_mark();
  void put(std::uint64_t slot);
  void get(std::uint64_t slot);
  void run();
  bool step(unsigned char op);
  void long_integer(std::uint64_t n);
  void tuple_of(std::size_t n);
  void set_items(Index dict, const std::vector<Index>& pairs);
  void charge(std::size_t items);
  void collect(Kind kind, std::vector<Index> items);
  void global(std::string_view module, std::string_view name);
  void reduce();
  void build();
  void persistent_id();
  Index rebuild_tensor(const std::vector<Index>& arguments);
  std::vector<std::int64_t> sizes(Index tuple, const char* what) const;
  std::string describe(Index value) const;
  std::int64_t integer(Index value, const char* what) const;

  std::string where_;
  std::span<const std::byte> bytes_;
  std::size_t at_ = 0, start_ = 0;
  std::size_t items_ = 0;  // in all tuples, lists and dicts together
  std::vector<Node> nodes_;
  std::vector<Index> stack_;
  std::vector<std::size_t> marks_;
  std::map<std::uint64_t, Index> memo_;
  std::vector<PickledStorage> storages_;
  std::map<std::string, std::size_t, std::less<>> storage_of_;
  Index root_ = 0;
};

}  // namespace telltale
