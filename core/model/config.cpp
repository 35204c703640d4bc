#include "model/config.hpp"

#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <limits>
#include <set>
#include <stdexcept>

#include "base/files.hpp"
#include "model/messages.hpp"
#include "model/strict_json.hpp"

namespace telltale {
namespace {

constexpr std::int64_t max_labels = 100'000;

struct ActivationName {
  const char* name;
  Activation activation;
};
constexpr ActivationName activations[] = {
    {"gelu", Activation::gelu}, {"gelu_new", Activation::gelu_tanh}, {"gelu_pytorch_tanh", Activation::gelu_tanh},
    {"relu", Activation::relu}, {"silu", Activation::silu},          {"swish", Activation::silu},
    {"tanh", Activation::tanh}};

class ConfigReader {
 public:
  explicit ConfigReader(const std::filesystem::path& folder) : where_((folder / "config.json").string()) {
    raw_ = parse_strict_json(read_file(folder / "config.json", std::size_t{16} << 20), where_);
    if (!raw_.is_object()) fail("a JSON object expected");
  }

  ModelConfig read() {
    check_kind();
    ModelConfig c;
    c.vocab_size = size("vocab_size", 1, 10'000'000);
    c.hidden_size = size("hidden_size", 1, 65'536);
    c.layers = size("num_hidden_layers", 1, 1'000);
    c.heads = size("num_attention_heads", 1, 65'536);
    c.intermediate_size = size("intermediate_size", 1, 1'000'000);
    c.max_positions = size("max_position_embeddings", 1, 1'000'000);
    c.type_vocab_size = given("type_vocab_size") ? size("type_vocab_size", 1, 10'000) : 2;
    if (c.hidden_size % c.heads != 0)
      fail(fmt::format("hidden_size {} is not divisible by num_attention_heads {}", c.hidden_size, c.heads));
    c.activation = activation();
    c.layer_norm_eps = real("layer_norm_eps", 1e-12, 0, 1);
    if (c.layer_norm_eps == 0) fail("layer_norm_eps: a number above 0 expected, got 0");
    c.hidden_dropout = real("hidden_dropout_prob", 0.1, 0, 1);
    c.attention_dropout = real("attention_probs_dropout_prob", 0.1, 0, 1);
    c.classifier_dropout = real("classifier_dropout", c.hidden_dropout, 0, 1);
    c.pad_token_id = given("pad_token_id") ? size("pad_token_id", 0, c.vocab_size - 1) : 0;
    c.labels = labels();
    c.raw = std::move(raw_);
    return c;
  }

 private:
  [[noreturn]] void fail(const std::string& what) const {
    throw std::runtime_error(fmt::format("{}: {}", where_, what));
  }

  static std::string shown(const Json& value) {
    return printable(value.dump(-1, ' ', false, Json::error_handler_t::replace), 60);
  }

  bool given(const char* key) const {
    const auto found = raw_.find(key);
    return found != raw_.end() && !found->is_null();
  }

  std::int64_t size(const char* key, std::int64_t low, std::int64_t high) const {
    if (!given(key)) fail(fmt::format("{} is missing: a whole number from {} to {} expected", key, low, high));
    const Json& value = raw_[key];
    const bool small = value.is_number_integer() &&
                       !(value.is_number_unsigned() && value.get<std::uint64_t>() > std::uint64_t{1} << 62);
    if (!small || value.get<std::int64_t>() < low || value.get<std::int64_t>() > high)
      fail(fmt::format("{}: a whole number from {} to {} expected, got {}", key, low, high, shown(value)));
    return value.get<std::int64_t>();
  }

  double real(const char* key, double otherwise, double low, double below) const {
    if (!given(key)) return otherwise;
    const Json& value = raw_[key];
    if (!value.is_number() || !(value.get<double>() >= low && value.get<double>() < below))
      fail(fmt::format("{}: a number from {} to below {} expected, got {}", key, low, below, shown(value)));
    return value.get<double>();
  }

  std::string text(const char* key, const std::string& otherwise) const {
    if (!given(key)) return otherwise;
    if (!raw_[key].is_string()) fail(fmt::format("{}: text expected, got {}", key, shown(raw_[key])));
    return raw_[key].get<std::string>();
  }

  void check_kind() const {
    if (const std::string type = text("model_type", "bert"); type != "bert")
      fail(fmt::format("model_type {} is not supported (supported: bert)", printable(type)));
    if (const std::string kind = text("position_embedding_type", "absolute"); kind != "absolute")
      fail(fmt::format("position_embedding_type {} is not supported (supported: absolute)", printable(kind)));
    for (const char* key : {"is_decoder", "add_cross_attention"}) {
      if (!given(key)) continue;
      if (!raw_[key].is_boolean() || raw_[key].get<bool>())
        fail(fmt::format("{}: false expected (an encoder), got {}", key, shown(raw_[key])));
    }
  }

  Activation activation() const {
    const std::string name = text("hidden_act", "gelu");
    std::string known;
    for (const ActivationName& a : activations) {
      if (name == a.name) return a.activation;
      known += (known.empty() ? "" : ", ") + std::string(a.name);
    }
    fail(fmt::format("hidden_act {} is unknown (known: {})", printable(name), known));
  }

  // id2label; else as many LABEL_i as num_labels says, as transformers names them; else none.
  std::vector<std::string> labels() const {
    std::vector<std::string> out;
    if (!given("id2label")) {
      const std::int64_t n = given("num_labels") ? size("num_labels", 1, max_labels) : 0;
      for (std::int64_t k = 0; k < n; ++k) out.push_back(fmt::format("LABEL_{}", k));
      return out;
    }
    const Json& map = raw_["id2label"];
    if (!map.is_object()) fail(fmt::format("id2label: an object expected, got {}", shown(map)));
    const auto n = static_cast<std::int64_t>(map.size());
    if (n > max_labels) fail(fmt::format("id2label: {} labels, at most {} are read", n, max_labels));
    out.resize(map.size());
    std::set<std::string> seen;
    std::vector<bool> filled(map.size());
    for (const auto& [key, value] : map.items()) {
      std::int64_t id = -1;
      const auto [end, error] = std::from_chars(key.data(), key.data() + key.size(), id);
      if (error != std::errc() || end != key.data() + key.size() || id < 0 || id >= n ||
          filled[static_cast<std::size_t>(id)])
        fail(fmt::format("id2label: ids 0 to {} without holes expected, got \"{}\"", n - 1, printable(key)));
      if (!value.is_string()) fail(fmt::format("id2label: text expected for {}, got {}", id, shown(value)));
      if (!seen.insert(value.get<std::string>()).second)
        fail(fmt::format("id2label: the label {} occurs twice", shown(value)));
      out[static_cast<std::size_t>(id)] = value.get<std::string>();
      filled[static_cast<std::size_t>(id)] = true;
    }
    return out;
  }

  std::string where_;
  Json raw_;
};

}  // namespace

ModelConfig read_model_config(const std::filesystem::path& folder) { return ConfigReader(folder).read(); }

}  // namespace telltale
