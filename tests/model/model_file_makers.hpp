// Small model folders made from nothing, right and wrong, for the tests of the weight readers.
#pragma once
#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "base/files.hpp"
#include "base/json.hpp"
#include "base/random.hpp"
#include "model/weight_check.hpp"

namespace telltale::test {

namespace fs = std::filesystem;

inline void put_file(const fs::path& path, const std::string& data) {
  std::ofstream out(path, std::ios::binary | std::ios::trunc);
  out.write(data.data(), static_cast<std::streamsize>(data.size()));
}

template <class T>
std::string raw(T value) {
  return std::string(reinterpret_cast<const char*>(&value), sizeof value);
}

/// A tensor with its bytes.
struct Made {
  std::string name, dtype = "F32";
  std::vector<std::int64_t> shape;
  std::string data;
};

inline OrderedJson tiny_config() {
  return {{"architectures", {"BertForSequenceClassification"}},
          {"model_type", "bert"},
          {"vocab_size", 20},
          {"hidden_size", 8},
          {"num_hidden_layers", 2},
          {"num_attention_heads", 2},
          {"intermediate_size", 16},
          {"max_position_embeddings", 12},
          {"type_vocab_size", 2},
          {"hidden_act", "gelu"},
          {"hidden_dropout_prob", 0.1},
          {"attention_probs_dropout_prob", 0.2},
          {"classifier_dropout", nullptr},
          {"layer_norm_eps", 1e-12},
          {"a_key_of_its_own", {1, 2, 3}},
          {"id2label", {{"0", "red"}, {"1", "green"}, {"2", "blue"}}},
          {"label2id", {{"red", 0}, {"green", 1}, {"blue", 2}}}};
}

/// The weights that tiny_config() asks for, drawn from `seed`, with Hugging Face's names.
inline std::vector<Made> tiny_weights(std::uint64_t seed = 1) {
  ModelConfig c;
  c.vocab_size = 20, c.hidden_size = 8, c.layers = 2, c.heads = 2, c.intermediate_size = 16, c.max_positions = 12,
  c.type_vocab_size = 2;
  Rng rng(seed);
  std::vector<Made> all;
  for (const WeightSpec& w : expected_weights(c, 3)) {
    Made m{(w.name.starts_with("classifier") ? "" : "bert.") + w.name, "F32", w.shape, ""};
    std::int64_t n = 1;
    for (const auto s : w.shape) n *= s;
    for (std::int64_t k = 0; k < n; ++k) m.data += raw(static_cast<float>(rng.normal()));
    all.push_back(std::move(m));
  }
  return all;
}

inline Made& named(std::vector<Made>& all, const std::string& name) {
  for (Made& m : all)
    if (m.name == name) return m;
  throw std::logic_error("no tensor " + name);
}

// ---- safetensors ----

inline std::string safetensors_file(const std::string& header, const std::string& body) {
  return raw(static_cast<std::uint64_t>(header.size())) + header + body;
}

inline OrderedJson safetensors_header(const std::vector<Made>& all) {
  OrderedJson h = {{"__metadata__", {{"format", "pt"}}}};
  std::size_t at = 0;
  for (const Made& m : all) {
    h[m.name] = {{"dtype", m.dtype}, {"shape", m.shape}, {"data_offsets", {at, at + m.data.size()}}};
    at += m.data.size();
  }
  return h;
}

inline std::string joined(const std::vector<Made>& all) {
  std::string body;
  for (const Made& m : all) body += m.data;
  return body;
}

inline std::string safetensors_file(const std::vector<Made>& all) {
  return safetensors_file(safetensors_header(all).dump(), joined(all));
}

// ---- pickles, as Python writes them at protocol 2 ----

inline std::string text(const std::string& s) { return "X" + raw(static_cast<std::uint32_t>(s.size())) + s; }
inline std::string whole(std::int64_t n) { return "\x8a\x08" + raw(n); }
inline std::string tuple(const std::vector<std::string>& items) {
  std::string out = "(";
  for (const auto& i : items) out += i;
  return out + "t";
}
inline std::string whole_tuple(const std::vector<std::int64_t>& items) {
  std::vector<std::string> all;
  for (const auto i : items) all.push_back(whole(i));
  return tuple(all);
}
inline const std::string ordered_dict = "ccollections\nOrderedDict\n)R";

inline std::string storage_id(const std::string& type, const std::string& key, std::int64_t elements,
                              const std::string& view = "") {
  std::vector<std::string> id = {text("storage"), "ctorch\n" + type + "\n", text(key), text("cpu"), whole(elements)};
  if (!view.empty()) id.push_back(view);
  return tuple(id) + "Q";
}

inline std::string rebuild(const std::string& storage, std::int64_t offset, const std::vector<std::int64_t>& shape,
                           const std::vector<std::int64_t>& strides) {
  return "ctorch._utils\n_rebuild_tensor_v2\n" +
         tuple({storage, whole(offset), whole_tuple(shape), whole_tuple(strides), "\x89", ordered_dict}) + "R";
}

inline std::vector<std::int64_t> packed_strides(const std::vector<std::int64_t>& shape) {
  std::vector<std::int64_t> strides(shape.size(), 1);
  for (std::size_t k = shape.size(); k-- > 1;) strides[k - 1] = strides[k] * shape[k];
  return strides;
}

inline std::string pickled(const std::vector<std::pair<std::string, std::string>>& items) {
  std::string out = "\x80\x02" + ordered_dict + "(";
  for (const auto& [name, value] : items) out += text(name) + value;
  // What torch hangs on a state dict: BUILD with {'_metadata': OrderedDict(...)}.
  return out + "u}" + text("_metadata") + ordered_dict + "sb.";
}

inline std::string pickled_weights(const std::vector<Made>& all, const std::string& view = "") {
  std::vector<std::pair<std::string, std::string>> items;
  for (std::size_t k = 0; k < all.size(); ++k) {
    const Made& m = all[k];
    items.emplace_back(m.name, rebuild(storage_id("FloatStorage", std::to_string(k),
                                                  static_cast<std::int64_t>(m.data.size() / 4), view),
                                       0, m.shape, packed_strides(m.shape)));
  }
  return pickled(items);
}

// ---- zip ----

struct ZipPart {
  std::string name, data;
  bool deflated = false;
  std::uint32_t claimed = 0;  ///< bytes when inflated, 0 = the truth
};

inline std::uint32_t crc_of(const std::string& s) {
  std::uint32_t c = ~0u;
  for (const unsigned char b : s) {
    c ^= b;
    for (int k = 0; k < 8; ++k) c = (c >> 1) ^ (0xEDB88320u & (0u - (c & 1)));
  }
  return ~c;
}

/// A deflate stream of stored blocks.
inline std::string deflated(const std::string& s) {
  std::string out;
  for (std::size_t at = 0; at == 0 || at < s.size(); at += 65535) {
    const auto n = static_cast<std::uint16_t>(std::min<std::size_t>(65535, s.size() - at));
    out += static_cast<char>(at + n >= s.size());
    out += raw(n) + raw(static_cast<std::uint16_t>(~n)) + s.substr(at, n);
  }
  return out;
}

inline std::string zip_file(const std::vector<ZipPart>& parts, bool zip64 = false) {
  using u16 = std::uint16_t;
  using u32 = std::uint32_t;
  using u64 = std::uint64_t;
  std::string out, directory;
  for (const ZipPart& p : parts) {
    const std::string body = p.deflated ? deflated(p.data) : p.data;
    const u32 size = p.claimed ? p.claimed : static_cast<u32>(p.data.size()), header = static_cast<u32>(out.size());
    const std::string method = raw(u16(p.deflated ? 8 : 0)), crc = raw(crc_of(p.data)),
                      packed = raw(static_cast<u32>(body.size()));
    const std::string all_ones = raw(~u32{0});
    out += "PK\3\4" + raw(u16(20)) + raw(u16(0)) + method + raw(u32(0)) + crc + packed + raw(size) +
           raw(u16(p.name.size())) + raw(u16(0)) + p.name + body;
    const std::string extra =
        zip64 ? raw(u16(1)) + raw(u16(24)) + raw(u64(size)) + raw(u64(body.size())) + raw(u64(header)) : "";
    directory += "PK\1\2" + raw(u16(20)) + raw(u16(20)) + raw(u16(0)) + method + raw(u32(0)) + crc +
                 (zip64 ? all_ones + all_ones : packed + raw(size)) + raw(u16(p.name.size())) + raw(u16(extra.size())) +
                 raw(u16(0)) + raw(u16(0)) + raw(u16(0)) + raw(u32(0)) + (zip64 ? all_ones : raw(header)) + p.name +
                 extra;
  }
  const u64 begin = out.size(), count = parts.size();
  out += directory;
  if (zip64) {
    const u64 end = out.size();
    out += "PK\6\6" + raw(u64(44)) + raw(u16(45)) + raw(u16(45)) + raw(u32(0)) + raw(u32(0)) + raw(count) + raw(count) +
           raw(u64(directory.size())) + raw(begin);
    out += "PK\6\7" + raw(u32(0)) + raw(end) + raw(u32(1));
  }
  const u16 few = zip64 ? 0xFFFF : static_cast<u16>(count);
  return out + "PK\5\6" + raw(u16(0)) + raw(u16(0)) + raw(few) + raw(few) +
         raw(zip64 ? ~u32{0} : static_cast<u32>(directory.size())) + raw(zip64 ? ~u32{0} : static_cast<u32>(begin)) +
         raw(u16(0));
}

inline std::vector<ZipPart> zip_parts(const std::string& pickle, const std::vector<Made>& all = {}) {
  std::vector<ZipPart> parts = {
      {"archive/data.pkl", pickle}, {"archive/version", "3\n"}, {"archive/byteorder", "little"}};
  for (std::size_t k = 0; k < all.size(); ++k) parts.push_back({"archive/data/" + std::to_string(k), all[k].data});
  return parts;
}

// ---- the format before torch 1.6 ----

inline const std::string legacy_magic =
    std::string("\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.", 15) + "\x80\x02M\xe9\x03.";
inline std::string legacy_system(bool little = true) {
  return "\x80\x02}(" + text("protocol_version") + "M\xe9\x03" + text("little_endian") + (little ? "\x88" : "\x89") +
         "u.";
}

inline std::string legacy_file(const std::vector<Made>& all) {
  std::string out = legacy_magic + legacy_system() + pickled_weights(all, "N") + "\x80\x02](";
  for (std::size_t k = 0; k < all.size(); ++k) out += text(std::to_string(k));
  out += "e.";
  for (const Made& m : all) out += raw(static_cast<std::int64_t>(m.data.size() / 4)) + m.data;
  return out;
}

/// The right folder that the wrong ones start from.
inline void tiny_folder(const fs::path& folder) {
  fs::create_directories(folder);
  put_file(folder / "config.json", tiny_config().dump(2));
  put_file(folder / "model.safetensors", safetensors_file(tiny_weights()));
}

}  // namespace telltale::test
