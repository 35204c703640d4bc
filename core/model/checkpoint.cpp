#include "model/checkpoint.hpp"

#include <fmt/format.h>

#include <set>
#include <stdexcept>

#include "model/checkpoint_parts.hpp"
#include "model/messages.hpp"
#include "model/strict_json.hpp"

namespace telltale {
namespace {

namespace fs = std::filesystem;

using Reader = std::vector<StoredTensor> (*)(const MappedFile&, Checkpoint::Storage&);

std::vector<StoredTensor> safetensors(const MappedFile& file, Checkpoint::Storage&) { return read_safetensors(file); }

std::shared_ptr<Checkpoint> start(const fs::path& source) {
  auto c = std::make_shared<Checkpoint>();
  c->source_ = source;
  c->storage_ = std::make_shared<Checkpoint::Storage>();
  return c;
}

std::shared_ptr<const Checkpoint> open_file(const fs::path& file, Reader read) {
  auto c = start(file);
  for (StoredTensor& t : read(c->storage_->maps.emplace_back(file), *c->storage_)) {
    std::string name = t.name;
    c->tensors_.emplace(std::move(name), std::move(t));
  }
  return c;
}

// {"weight_map": {tensor: file, …}}: the tensors that the index names, each from the shard that it names.
std::shared_ptr<const Checkpoint> open_sharded(const fs::path& index, Reader read) {
  const auto fail = [&](const std::string& what) {
    throw std::runtime_error(fmt::format("{}: {}", index.string(), what));
  };
  const Json document = parse_strict_json(read_file(index, std::size_t{16} << 20), index.string());
  if (!document.is_object() || !document.contains("weight_map") || !document["weight_map"].is_object())
    fail("an object with \"weight_map\" expected");
  std::map<std::string, std::set<std::string>> wanted;  // by shard
  for (const auto& [tensor, shard] : document["weight_map"].items()) {
    if (!shard.is_string())
      fail(fmt::format("{}: the name of a shard expected, got {}", printable(tensor), shard.type_name()));
    const auto& name = shard.get_ref<const std::string&>();
    if (name.empty() || name == "." || name == ".." ||
        name.find_first_of(std::string_view("/\\\0", 3)) != std::string::npos)
      fail(fmt::format("{}: shard {} is outside the folder: refused", printable(tensor), printable(name)));
    wanted[name].insert(tensor);
  }
  if (wanted.empty()) fail("weight_map is empty");
  auto c = start(index);
  for (const auto& [shard, names] : wanted) {
    const fs::path path = index.parent_path() / shard;
    if (!fs::exists(path))
      fail(fmt::format("shard {} of {} is not there", printable(shard), printable(*names.begin())));
    std::size_t found = 0;
    for (StoredTensor& t : read(c->storage_->maps.emplace_back(path), *c->storage_)) {
      if (!names.contains(t.name)) continue;
      std::string name = t.name;
      c->tensors_.emplace(std::move(name), std::move(t));
      ++found;
    }
    if (found == names.size()) continue;
    for (const std::string& name : names)
      if (!c->tensors_.contains(name))
        fail(fmt::format("{} is not in the shard {}", printable(name), printable(shard)));
  }
  return c;
}

}  // namespace

std::shared_ptr<const Checkpoint> Checkpoint::open(const fs::path& folder) {
  struct Form {
    const char* name;
    std::shared_ptr<const Checkpoint> (*open)(const fs::path&, Reader);
    Reader read;
  };
  static constexpr Form forms[] = {{"model.safetensors", open_file, safetensors},
                                   {"model.safetensors.index.json", open_sharded, safetensors},
                                   {"pytorch_model.bin", open_file, read_torch_bin},
                                   {"pytorch_model.bin.index.json", open_sharded, read_torch_bin}};
  if (!fs::is_directory(folder)) throw std::runtime_error(fmt::format("{}: no such folder", folder.string()));
  std::string names;
  for (const Form& f : forms) {
    std::error_code ignored;
    if (fs::exists(folder / f.name, ignored)) return f.open(folder / f.name, f.read);
    names += (names.empty() ? "" : ", ") + std::string(f.name);
  }
  throw std::runtime_error(fmt::format("{}: no weights: none of {} is there", folder.string(), names));
}

std::shared_ptr<const Checkpoint> Checkpoint::open_safetensors(const fs::path& file) {
  return open_file(file, safetensors);
}

const StoredTensor* Checkpoint::find(const std::string& name) const {
  const auto found = tensors_.find(name);
  return found == tensors_.end() ? nullptr : &found->second;
}

}  // namespace telltale
