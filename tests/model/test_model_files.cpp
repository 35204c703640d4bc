// Configuration and weights as files: every form opens to the same tensors, every broken one is refused with one line,
// nothing is run.
#include <fmt/format.h>

#include <QTemporaryDir>
#include <QtTest>
#include <cmath>
#include <limits>

#include "model/checkpoint.hpp"
#include "model/config.hpp"
#include "model/weight_check.hpp"
#include "model_file_makers.hpp"
#include "shared_data.hpp"

using namespace telltale;
using namespace telltale::test;

namespace {

const std::string W = "bert.encoder.layer.0.output.dense.weight";  // [8, 16] in the tiny model

std::shared_ptr<const Checkpoint> load(const fs::path& folder) {
  const ModelConfig config = read_model_config(folder);
  auto checkpoint = Checkpoint::open(folder);
  check_weights(*checkpoint, config);
  check_weights_finite(*checkpoint);
  return checkpoint;
}

/// The message that a folder gets; empty when it opens. Any other exception goes on and fails the test.
std::string message(const std::function<void()>& f) {
  try {
    f();
  } catch (const std::runtime_error& e) {
    return e.what();
  }
  return "";
}

std::map<std::string, std::vector<double>> values(const Checkpoint& c) {
  std::map<std::string, std::vector<double>> out;
  for (const auto& [name, t] : canonical_weights(c)) out[name] = to_double(*t);
  return out;
}

void compare_values(const Checkpoint& a, const Checkpoint& b, double relative) {
  const auto x = values(a), y = values(b);
  for (const auto& [name, v] : x) {
    const auto found = y.find(name);
    if (found == y.end()) continue;
    QCOMPARE(v.size(), found->second.size());
    for (std::size_t k = 0; k < v.size(); ++k)
      QVERIFY2(std::abs(v[k] - found->second[k]) <= relative * std::abs(v[k]) + (relative > 0 ? 1e-7 : 0),
               name.c_str());
  }
}

struct Case {
  std::string name;
  std::function<void(const fs::path&)> spoil;  ///< what it does to a right folder
  std::vector<std::string> says;               ///< parts of the message
};

Case header(std::string name, std::vector<std::string> says, std::function<void(OrderedJson&, std::string&)> change) {
  return {std::move(name),
          [=](const fs::path& d) {
            OrderedJson h = safetensors_header(tiny_weights());
            std::string body = joined(tiny_weights());
            change(h, body);
            put_file(d / "model.safetensors", safetensors_file(h.dump(), body));
          },
          std::move(says)};
}

Case raw_header(std::string name, std::vector<std::string> says, std::string text) {
  return {std::move(name), [=](const fs::path& d) { put_file(d / "model.safetensors", safetensors_file(text, "")); },
          std::move(says)};
}

Case tensors(std::string name, std::vector<std::string> says, std::function<void(std::vector<Made>&)> change) {
  return {std::move(name),
          [=](const fs::path& d) {
            auto all = tiny_weights();
            change(all);
            put_file(d / "model.safetensors", safetensors_file(all));
          },
          std::move(says)};
}

Case config(std::string name, std::vector<std::string> says, std::function<void(OrderedJson&)> change) {
  says.push_back("config.json");
  return {std::move(name),
          [=](const fs::path& d) {
            OrderedJson c = tiny_config();
            change(c);
            put_file(d / "config.json", c.dump());
          },
          std::move(says)};
}

Case bin(std::string name, std::vector<std::string> says, std::function<std::string()> file) {
  says.push_back("pytorch_model.bin");
  return {std::move(name),
          [=](const fs::path& d) {
            fs::remove(d / "model.safetensors");
            put_file(d / "pytorch_model.bin", file());
          },
          std::move(says)};
}

/// A zip whose data.pkl is this pickle.
Case pickle(std::string name, std::vector<std::string> says, std::string bytes) {
  return bin(std::move(name), std::move(says), [=] {
    return zip_file(zip_parts(bytes, {{"0", "F32", {32}, std::string(128, '\0')}}));
  });
}

Case index(std::string name, std::vector<std::string> says, std::function<void(const fs::path&, OrderedJson&)> change) {
  says.push_back("model.safetensors.index.json");
  return {std::move(name),
          [=](const fs::path& d) {
            OrderedJson map = OrderedJson::object();
            for (const Made& m : tiny_weights()) map[m.name] = "model-00001-of-00002.safetensors";
            fs::rename(d / "model.safetensors", d / "model-00001-of-00002.safetensors");
            change(d, map);
            put_file(d / "model.safetensors.index.json",
                     OrderedJson{{"metadata", OrderedJson::object()}, {"weight_map", map}}.dump());
          },
          std::move(says)};
}

std::string one_tensor(const std::string& value) { return pickled({{"bert.pooler.dense.bias", value}}); }

std::string spoiled(const std::string& in, Rng& rng) {
  std::string s = in;
  const auto place = [&] {
    return rng.below(2) ? rng.below(s.size()) : rng.below(std::min<std::size_t>(s.size(), 4000));
  };
  switch (rng.below(6)) {
    case 0:
      s.resize(rng.below(s.size()));
      break;
    case 1:
      s.erase(place(), 1 + rng.below(8));
      break;
    case 2:
      s.insert(place(), std::string(1 + rng.below(8), static_cast<char>(rng.below(256))));
      break;
    case 3: {  // a number made large or small
      const auto at = place();
      const std::uint64_t interesting[] = {
          0, 1, 0x7FFFFFFF, 0xFFFFFFFF, 0x7FFFFFFFFFFFFFFF, ~std::uint64_t{0}, std::uint64_t{1} << 62};
      const std::string n = raw(interesting[rng.below(7)]).substr(0, 1 + rng.below(8));
      s.replace(at, n.size(), n);
      break;
    }
    default:
      for (std::uint64_t k = 1 + rng.below(4); k > 0; --k) s[place()] ^= static_cast<char>(1u << rng.below(8));
  }
  return s;
}

}  // namespace

class TestModelFiles : public QObject {
  Q_OBJECT

  QTemporaryDir temporary_;
  fs::path root_ = temporary_.path().toStdString();
  static const std::vector<Case>& cases();

  fs::path fresh(const std::string& name) {
    const fs::path d = root_ / name;
    fs::remove_all(d);
    tiny_folder(d);
    return d;
  }

 private Q_SLOTS:
  void tiny_model_opens_in_every_form();
  void refused_data();
  void refused();
  void pickles_that_are_fine();
  void strided_tensors_are_gathered();
  void pickles_cannot_blow_up();
  void dtypes_convert();
  void names_and_duplicates();
  void config_is_read();
  void labels_without_id2label();
  void not_finite_is_found_anywhere();
  void writing_reads_back();
  void writing_refuses();
  void model_folder_is_written();
  void golden_variants_are_equal();
  void golden_broken_folders_are_refused();
  void spoiled_files_never_crash_data();
  void spoiled_files_never_crash();
};

void TestModelFiles::tiny_model_opens_in_every_form() {
  const auto all = tiny_weights();
  const auto reference = load(fresh("reference"));
  QCOMPARE(reference->tensors().size(), all.size());
  QCOMPARE(QString::fromStdString(reference->source().filename().string()), QString("model.safetensors"));
  std::vector<std::pair<std::string, std::string>> forms = {
      {"zip", zip_file(zip_parts(pickled_weights(all), all))},
      {"zip64", zip_file(zip_parts(pickled_weights(all), all), true)},
      {"legacy", legacy_file(all)}};
  auto deflated_parts = zip_parts(pickled_weights(all), all);
  for (ZipPart& p : deflated_parts) p.deflated = true;
  forms.emplace_back("deflated", zip_file(deflated_parts));
  for (const auto& [name, file] : forms) {
    const fs::path d = fresh("form-" + name);
    fs::remove(d / "model.safetensors");
    put_file(d / "pytorch_model.bin", file);
    const auto c = load(d);
    QCOMPARE(c->tensors().size(), all.size());
    compare_values(*reference, *c, 0);
  }
  for (const bool zipped : {false, true}) {
    const fs::path d = fresh(zipped ? "form-bin-shards" : "form-shards");
    fs::remove(d / "model.safetensors");
    OrderedJson map;
    const std::size_t half = all.size() / 2;
    for (int part = 0; part < 2; ++part) {
      const std::vector<Made> some(all.begin() + (part ? static_cast<std::ptrdiff_t>(half) : 0),
                                   part ? all.end() : all.begin() + static_cast<std::ptrdiff_t>(half));
      const std::string shard = "part-" + std::to_string(part);
      for (const Made& m : some) map[m.name] = shard;
      put_file(d / shard, zipped ? zip_file(zip_parts(pickled_weights(some), some)) : safetensors_file(some));
    }
    put_file(d / (zipped ? "pytorch_model.bin.index.json" : "model.safetensors.index.json"),
             OrderedJson{{"weight_map", map}}.dump());
    const auto c = load(d);
    QCOMPARE(c->tensors().size(), all.size());
    compare_values(*reference, *c, 0);
  }
}

const std::vector<Case>& TestModelFiles::cases() {
  static const std::vector<Case> all = {
      // safetensors
      {"empty-file", [](const fs::path& d) { put_file(d / "model.safetensors", ""); }, {"model.safetensors", "0 bytes"}},
      {"seven-bytes", [](const fs::path& d) { put_file(d / "model.safetensors", std::string("\x10\0\0\0\0\0\0", 7)); }, {"model.safetensors", "7 bytes"}},
      {"header-length-overflow", [](const fs::path& d) { put_file(d / "model.safetensors", std::string(8, '\xff') + "{}"); }, {"18446744073709551615", "10 bytes"}},
      {"truncated",
       [](const fs::path& d) {
         const std::string s = read_file(d / "model.safetensors");
         put_file(d / "model.safetensors", s.substr(0, s.size() * 6 / 10));
       },
       {"model.safetensors", "the header asks for", "the file has"}},
      header("trailing-bytes", {"4 bytes", "belong to none"}, [](auto&, auto& b) { b += "1234"; }),
      header("offset-past-the-end", {W, "end after the file"}, [](auto& h, auto& b) { h[W]["data_offsets"][1] = b.size() + 4096; }),
      header("offset-at-64-bits", {W, "past any file"}, [](auto& h, auto&) { h[W]["data_offsets"][1] = ~std::uint64_t{0}; }),
      header("offsets-reversed", {W, "before they begin"}, [](auto& h, auto&) { std::swap(h[W]["data_offsets"][0], h[W]["data_offsets"][1]); }),
      header("offset-negative", {W, "negative"}, [](auto& h, auto&) { h[W]["data_offsets"][0] = -4096; }),
      header("offset-a-fraction", {W, "data_offsets", "whole number"}, [](auto& h, auto&) { h[W]["data_offsets"][0] = 0.5; }),
      header("offsets-three", {W, "two numbers"}, [](auto& h, auto&) { h[W]["data_offsets"].push_back(1); }),
      header("overlap", {"shares bytes", "bert.embeddings"},
             [](auto& h, auto&) {
               auto& o = h["bert.embeddings.position_embeddings.weight"]["data_offsets"];
               o = {o[0].template get<int>() - 4, o[1].template get<int>() - 4};
             }),
      header("hole", {"belong to no tensor"}, [](auto& h, auto&) { h.erase(W); }),
      header("shape-overflow", {W, "overflows"}, [](auto& h, auto&) { h[W]["shape"] = {std::int64_t{1} << 62, 8}; }),
      header("shape-overflow-to-zero", {W, "overflows"}, [](auto& h, auto&) { h[W]["shape"] = {std::int64_t{1} << 32, std::int64_t{1} << 32}; }),
      header("shape-negative", {W, "negative"}, [](auto& h, auto&) { h[W]["shape"] = {-8, -16}; }),
      header("shape-does-not-fit", {W, "[8, 15]", "480 bytes", "512"}, [](auto& h, auto&) { h[W]["shape"] = {8, 15}; }),
      header("shape-of-many", {W, "dimensions"}, [](auto& h, auto&) { h[W]["shape"] = std::vector<int>(100, 1); }),
      header("unknown-dtype", {W, "F4", "F32"}, [](auto& h, auto&) { h[W]["dtype"] = "F4"; }),
      header("dtype-a-number", {W, "dtype", "string expected"}, [](auto& h, auto&) { h[W]["dtype"] = 4; }),
      header("no-shape", {W, "shape is missing"}, [](auto& h, auto&) { h[W].erase("shape"); }),
      header("entry-not-an-object", {W, "number"}, [](auto& h, auto&) { h[W] = 5; }),
      raw_header("header-nested-deeply", {"model.safetensors", "nested deeper"}, "{\"a\":" + std::string(200000, '[')),
      raw_header("header-not-utf8", {"model.safetensors", "not valid JSON"}, "{\"\xff\xfe\xff\": 1}"),
      raw_header("header-not-json", {"model.safetensors", "not valid JSON"}, "{\"a\": {\"dtype\": F32, "),
      raw_header("header-a-list", {"model.safetensors", "object expected"}, "[]"),
      raw_header("header-twice", {"model.safetensors", "\"a\\x0ab\" occurs twice"}, R"({"a\nb": {}, "a\nb": {}})"),
      raw_header("entry-twice", {"dtype", "occurs twice"}, R"({"a": {"dtype":"F32","dtype":"F16","shape":[0],"data_offsets":[0,0]}})"),
      raw_header("name-of-a-megabyte", {"object"}, "{\"" + std::string(1 << 20, 'x') + "\": 5}"),
      // tensors against the configuration
      tensors("nan-weights", {W, "NaN at index 5"}, [](auto& t) { named(t, W).data.replace(20, 4, raw(std::numeric_limits<float>::quiet_NaN())); }),
      tensors("inf-weights", {W, "infinity at index 7"}, [](auto& t) { named(t, W).data.replace(28, 4, raw(std::numeric_limits<float>::infinity())); }),
      tensors("integer-weights", {W, "I64", "floating point"},
              [](auto& t) {
                named(t, W).dtype = "I64";
                named(t, W).data = std::string(8 * 8 * 16, '\0');
              }),
      tensors("wrong-shape", {W, "[16, 8]", "[8, 16]"}, [](auto& t) { named(t, W).shape = {16, 8}; }),
      tensors("missing-tensor", {W, "is not there"}, [](auto& t) { std::erase_if(t, [](const Made& m) { return m.name == W; }); }),
      tensors("missing-pooler", {"bert.pooler.dense.weight", "is not there"}, [](auto& t) { std::erase_if(t, [](const Made& m) { return m.name == "bert.pooler.dense.weight"; }); }),
      tensors("missing-head-bias", {": classifier.bias is not there"}, [](auto& t) { std::erase_if(t, [](const Made& m) { return m.name == "classifier.bias"; }); }),
      tensors("classifier-of-other-size", {"classifier.weight is [2, 8]", "[3, 8]", "3 labels"},
              [](auto& t) {
                named(t, "classifier.weight").shape = {2, 8};
                named(t, "classifier.weight").data.resize(64);
              }),
      tensors("embedding-larger-than-config", {"bert.embeddings.word_embeddings.weight is [21, 8]", "[20, 8]"},
              [](auto& t) {
                Made& m = named(t, "bert.embeddings.word_embeddings.weight");
                m.shape = {21, 8};
                m.data += std::string(32, '\0');
              }),
      tensors("a-layer-too-many", {"bert.encoder.layer.2.output.dense.bias", "2 layers"},
              [](auto& t) { t.push_back({"bert.encoder.layer.2.output.dense.bias", "F32", {8}, std::string(32, '\0')}); }),
      tensors("same-weight-twice", {"same weight", "bert.embeddings.LayerNorm.gamma", "bert.embeddings.LayerNorm.weight"},
              [](auto& t) { t.push_back({"bert.embeddings.LayerNorm.gamma", "F32", {8}, std::string(32, '\0')}); }),
      tensors("name-with-a-line-feed", {"bert.encoder.x\\x0ay has no place"}, [](auto& t) { t.push_back({"bert.encoder.x\ny", "F32", {8}, std::string(32, '\0')}); }),
      // folders
      {"no-weights", [](const fs::path& d) { fs::remove(d / "model.safetensors"); }, {"no weights", "model.safetensors", "pytorch_model.bin"}},
      {"weights-are-a-folder",
       [](const fs::path& d) {
         fs::remove(d / "model.safetensors");
         fs::create_directory(d / "model.safetensors");
       },
       {"model.safetensors", "not a regular file"}},
      index("index-names-missing-shard", {W, "is not there"}, [](const fs::path&, OrderedJson& m) { m[W] = "model-00002-of-00002.safetensors"; }),
      index("index-leaves-the-folder", {W, "outside the folder"}, [](const fs::path&, OrderedJson& m) { m[W] = "../reference/model.safetensors"; }),
      index("index-absolute", {W, "outside the folder"}, [](const fs::path&, OrderedJson& m) { m[W] = "/etc/passwd"; }),
      index("index-dots", {W, "outside the folder"}, [](const fs::path&, OrderedJson& m) { m[W] = ".."; }),
      index("index-number", {W, "name of a shard"}, [](const fs::path&, OrderedJson& m) { m[W] = 3; }),
      index("index-tensor-not-in-shard", {"bert.no.such.tensor", "not in the shard"}, [](const fs::path&, OrderedJson& m) { m["bert.no.such.tensor"] = "model-00001-of-00002.safetensors"; }),
      index("index-empty", {"empty"}, [](const fs::path&, OrderedJson& m) { m = OrderedJson::object(); }),
      {"index-not-an-object",
       [](const fs::path& d) {
         fs::remove(d / "model.safetensors");
         put_file(d / "model.safetensors.index.json", "[1]");
       },
       {"model.safetensors.index.json", "weight_map"}},
      // config.json
      {"config-cut",
       [](const fs::path& d) {
         const std::string s = tiny_config().dump();
         put_file(d / "config.json", s.substr(0, s.size() / 2));
       },
       {"config.json", "not valid JSON"}},
      {"config-missing", [](const fs::path& d) { fs::remove(d / "config.json"); }, {"config.json", "No such file"}},
      {"config-a-list", [](const fs::path& d) { put_file(d / "config.json", "[]"); }, {"config.json", "object expected"}},
      {"config-nested", [](const fs::path& d) { put_file(d / "config.json", std::string(10000, '[')); }, {"config.json", "nested deeper"}},
      {"config-key-twice", [](const fs::path& d) { put_file(d / "config.json", R"({"vocab_size": 20, "vocab_size": 30})"); }, {"config.json", "vocab_size", "twice"}},
      config("config-layers-huge", {"num_hidden_layers", "1000000000"}, [](auto& c) { c["num_hidden_layers"] = 1000000000; }),
      config("config-layers-64-bits", {"num_hidden_layers", "18446744073709551615"}, [](auto& c) { c["num_hidden_layers"] = ~std::uint64_t{0}; }),
      config("config-hidden-text", {"hidden_size", "32; drop"}, [](auto& c) { c["hidden_size"] = "32; drop"; }),
      config("config-hidden-fraction", {"hidden_size", "8.5"}, [](auto& c) { c["hidden_size"] = 8.5; }),
      config("config-hidden-missing", {"hidden_size is missing"}, [](auto& c) { c.erase("hidden_size"); }),
      config("config-vocab-negative", {"vocab_size", "-20"}, [](auto& c) { c["vocab_size"] = -20; }),
      config("config-heads-zero", {"num_attention_heads", "got 0"}, [](auto& c) { c["num_attention_heads"] = 0; }),
      config("config-heads-do-not-divide", {"hidden_size 8 is not divisible by num_attention_heads 3"}, [](auto& c) { c["num_attention_heads"] = 3; }),
      config("config-other-model", {"gpt2", "supported: bert"}, [](auto& c) { c["model_type"] = "gpt2"; }),
      config("config-unknown-activation", {"swoosh", "gelu, gelu_new, gelu_pytorch_tanh, relu"}, [](auto& c) { c["hidden_act"] = "swoosh"; }),
      config("config-relative-positions", {"relative_key", "absolute"}, [](auto& c) { c["position_embedding_type"] = "relative_key"; }),
      config("config-decoder", {"is_decoder"}, [](auto& c) { c["is_decoder"] = true; }),
      config("config-dropout-of-one", {"hidden_dropout_prob", "got 1.0"}, [](auto& c) { c["hidden_dropout_prob"] = 1.0; }),
      config("config-eps-zero", {"layer_norm_eps"}, [](auto& c) { c["layer_norm_eps"] = 0; }),
      config("config-pad-outside", {"pad_token_id", "20"}, [](auto& c) { c["pad_token_id"] = 20; }),
      config("config-labels-hole", {"id2label", "\"3\""}, [](auto& c) { c["id2label"] = {{"0", "a"}, {"1", "b"}, {"3", "c"}}; }),
      config("config-labels-leading-zero", {"id2label", "\"00\""}, [](auto& c) { c["id2label"] = {{"0", "a"}, {"00", "b"}}; }),
      config("config-labels-same", {"id2label", "occurs twice"}, [](auto& c) { c["id2label"] = {{"0", "a"}, {"1", "a"}}; }),
      config("config-labels-list", {"id2label", "object expected"}, [](auto& c) { c["id2label"] = {1, 2}; }),
      config("config-label-a-number", {"id2label", "text expected"}, [](auto& c) { c["id2label"] = {{"0", 7}}; }),
      // pytorch_model.bin
      pickle("pickle-system", {"posix.system", "os.system", "refused"}, std::string("\x80\x02}") + text("x") + "cposix\nsystem\n" + text("touch PWNED") + "\x85Rs."),
      pickle("pickle-eval", {"builtins.eval"}, std::string("\x80\x02}") + text("x") + "cbuiltins\neval\n" + text("1") + "\x85Rs."),
      pickle("pickle-eval-of-python-2", {"builtins.eval"}, std::string("\x80\x02}") + text("x") + "c__builtin__\neval\n" + text("1") + "\x85Rs."),
      pickle("pickle-code-after-tensors", {"posix.system"}, "\x80\x02](" + ordered_dict + "cposix\nsystem\n" + text("touch PWNED") + "\x85Re."),
      pickle("pickle-stack-global", {"posix.system"}, std::string("\x80\x04\x8c\x05posix\x94\x8c\x06system\x94\x93\x94\x8c\x01x\x85R.")),
      pickle("pickle-inst", {"posix.system"}, std::string("\x80\x02(") + text("touch PWNED") + "iposix\nsystem\n."),
      pickle("pickle-obj", {"OBJ", "refused"}, std::string("\x80\x02(ccollections\nOrderedDict\no.")),
      pickle("pickle-newobj", {"NEWOBJ", "refused"}, std::string("\x80\x02") + "ccollections\nOrderedDict\n)\x81."),
      pickle("pickle-extension", {"EXT", "refused"}, std::string("\x80\x02\x82\x01.")),
      pickle("pickle-load-from-bytes", {"torch.storage._load_from_bytes"}, std::string("\x80\x02") + "ctorch.storage\n_load_from_bytes\nC\x01x\x85R."),
      pickle("pickle-call-of-a-tensor", {"a call of a string", "refused"}, std::string("\x80\x02") + text("system") + ")R."),
      pickle("pickle-build-on-a-tuple", {"BUILD", "refused"}, std::string("\x80\x02)}b.")),
      pickle("pickle-name-with-controls", {"a\\x1b[0m.b"}, std::string("\x80\x02") + "ca\x1b[0m\nb\n."),
      pickle("pickle-not-a-dict", {"dict of tensors expected", "a tuple"}, std::string("\x80\x02).")),
      pickle("pickle-value-not-a-tensor", {"bert.pooler.dense.bias", "a whole number"}, one_tensor("K\x05")),
      pickle("pickle-key-not-text", {"names of tensors"}, std::string("\x80\x02}K\x01Ns.")),
      pickle("pickle-name-twice", {"occurs twice"}, pickled({{"a", rebuild(storage_id("FloatStorage", "0", 32), 0, {4}, {1})}, {"a", rebuild(storage_id("FloatStorage", "0", 32), 0, {4}, {1})}})),
      pickle("pickle-cut", {"cut short"}, std::string("\x80\x02}X\xff\xff\xff\x7fx")),
      pickle("pickle-empty-stack", {"missing on the stack"}, std::string("\x80\x02.")),
      pickle("pickle-empty-memo", {"memo 7 is empty"}, std::string("\x80\x02h\x07.")),
      pickle("pickle-protocol-0", {"opcode 0x70"}, "(dp0\n."),
      pickle("pickle-storage-missing", {"archive/data/99"}, one_tensor(rebuild(storage_id("FloatStorage", "99", 32), 0, {32}, {1}))),
      pickle("pickle-storage-outside", {"archive/data/../../x"}, one_tensor(rebuild(storage_id("FloatStorage", "../../x", 32), 0, {32}, {1}))),
      pickle("pickle-storage-larger", {"storage 0 has 128 bytes"}, one_tensor(rebuild(storage_id("FloatStorage", "0", 33), 0, {32}, {1}))),
      pickle("pickle-storage-huge", {"72057594037927936"}, one_tensor(rebuild(storage_id("FloatStorage", "0", std::int64_t{1} << 56), 0, {32}, {1}))),
      pickle("pickle-storage-type", {"torch.NoSuchStorage"}, one_tensor(rebuild(storage_id("NoSuchStorage", "0", 32), 0, {32}, {1}))),
      pickle("pickle-size-past-storage", {"bert.pooler.dense.bias", "1073741824", "32"}, one_tensor(rebuild(storage_id("FloatStorage", "0", 32), 0, {1 << 30}, {1}))),
      pickle("pickle-size-overflow", {"bert.pooler.dense.bias", "out of range"}, one_tensor(rebuild(storage_id("FloatStorage", "0", 32), 0, {std::int64_t{1} << 40, std::int64_t{1} << 40}, {0, 0}))),
      pickle("pickle-expanded", {"bert.pooler.dense.bias", "1048576"}, one_tensor(rebuild(storage_id("FloatStorage", "0", 32), 0, {1 << 20}, {0}))),
      pickle("pickle-stride-negative", {"strides [-1]"}, one_tensor(rebuild(storage_id("FloatStorage", "0", 32), 31, {32}, {-1}))),
      pickle("pickle-stride-overflow", {"strides"}, one_tensor(rebuild(storage_id("FloatStorage", "0", 32), 0, {3}, {std::int64_t{1} << 62}))),
      pickle("pickle-offset", {"32"}, one_tensor(rebuild(storage_id("FloatStorage", "0", 32), 1, {32}, {1}))),
      pickle("pickle-offset-negative", {"offset -1"}, one_tensor(rebuild(storage_id("FloatStorage", "0", 32), -1, {3}, {1}))),
      pickle("pickle-offset-past", {"element 33"}, one_tensor(rebuild(storage_id("FloatStorage", "0", 32), 33, {0}, {1}))),
      pickle("pickle-view-outside", {"view"}, one_tensor(rebuild(storage_id("FloatStorage", "0", 32, tuple({text("v"), whole(30), whole(3)})), 0, {3}, {1}))),
      bin("bin-empty", {"0 bytes"}, [] { return std::string(); }),
      bin("bin-cut", {"zip", "cut short"},
          [] {
            const std::string s = zip_file(zip_parts(pickled_weights(tiny_weights()), tiny_weights()));
            return s.substr(0, s.size() / 2);
          }),
      bin("bin-noise", {"neither a zip"},
          [] {
            std::string s;
            for (unsigned k = 0; k < 5000; ++k) s += static_cast<char>((k * 7919 + k * k * 31) & 255);
            return s;
          }),
      bin("bin-big-endian", {"byte order big"},
          [] {
            auto parts = zip_parts(pickled_weights(tiny_weights()), tiny_weights());
            parts[2].data = "big";
            return zip_file(parts);
          }),
      bin("bin-no-pickle", {"no data.pkl"}, [] { return zip_file({{"archive/version", "3"}}); }),
      bin("bin-entry-twice", {"occurs twice"}, [] { return zip_file({{"a/data.pkl", "1"}, {"a/data.pkl", "2"}}); }),
      bin("bin-two-pickles", {"two data.pkl"}, [] { return zip_file({{"a/data.pkl", "1"}, {"b/data.pkl", "2"}}); }),
      bin("bin-bomb", {"4000000000", "out of proportion"},
          [] {
            auto parts = zip_parts(pickled_weights(tiny_weights()), tiny_weights());
            parts[3].deflated = true;
            parts[3].claimed = 4000000000u;
            return zip_file(parts);
          }),
      bin("bin-deflate-longer-than-said", {"damaged"},
          [] {
            auto parts = zip_parts(pickled_weights(tiny_weights()), tiny_weights());
            parts[3].deflated = true;
            parts[3].claimed = 16;
            return zip_file(parts);
          }),
      bin("legacy-system", {"posix.system"}, [] { return legacy_magic + legacy_system() + "\x80\x02" + "cposix\nsystem\n" + text("touch PWNED") + "\x85R."; }),
      bin("legacy-big-endian", {"byte order big"}, [] { return legacy_magic + legacy_system(false); }),
      bin("legacy-no-magic", {"magic number"}, [] { return std::string("\x80\x02K\x05."); }),
      bin("legacy-cut", {"cut short", "bytes"},
          [] {
            const std::string s = legacy_file(tiny_weights());
            return s.substr(0, s.size() - 5);
          }),
      bin("legacy-trailing", {"3 bytes", "belong to none"}, [] { return legacy_file(tiny_weights()) + "abc"; }),
  };
  return all;
}

void TestModelFiles::refused_data() {
  QTest::addColumn<int>("row");
  for (std::size_t k = 0; k < cases().size(); ++k) QTest::newRow(cases()[k].name.c_str()) << static_cast<int>(k);
}

void TestModelFiles::refused() {
  QFETCH(int, row);
  const Case& c = cases()[static_cast<std::size_t>(row)];
  const fs::path d = fresh(c.name);
  load(d);  // right before it is spoiled
  c.spoil(d);
  const std::string said = message([&] { load(d); });
  QVERIFY2(!said.empty(), "opened without an error");
  QVERIFY2(said.find('\n') == std::string::npos, said.c_str());
  QVERIFY2(said.size() < 900, said.c_str());
  QVERIFY2(said.find(d.string()) == 0, said.c_str());
  QVERIFY2(QString::fromUtf8(said.c_str()).toUtf8() == said.c_str(), said.c_str());
  for (const std::string& part : c.says)
    QVERIFY2(said.find(part) != std::string::npos, (said + "   <- expected: " + part).c_str());
  QVERIFY(!fs::exists("PWNED"));
  fs::remove_all(d);
}

void TestModelFiles::pickles_that_are_fine() {
  const fs::path d = fresh("fine");
  fs::remove(d / "model.safetensors");
  std::string data;
  for (int k = 0; k < 32; ++k) data += raw(static_cast<float>(k));
  const auto open = [&](const std::string& pickle) {
    put_file(d / "pytorch_model.bin", zip_file(zip_parts(pickle, {{"0", "F32", {32}, data}})));
    return Checkpoint::open(d);
  };
  const std::string storage = storage_id("FloatStorage", "0", 32);
  // Parameters, protocol 4 with memo and frames, names of Python 2, a dict given to OrderedDict as pairs, views,
  // scalars, empty tensors.
  const auto parameter = open(pickled({{"p", "ctorch._utils\n_rebuild_parameter\n" +
                                                 tuple({rebuild(storage, 2, {3}, {1}), "\x88", ordered_dict}) + "R"}}));
  QCOMPARE(to_double(*parameter->find("p")), (std::vector<double>{2, 3, 4}));
  const std::string framed = std::string("\x80\x04\x95") + raw(std::uint64_t{99}) + "}\x94\x8c\x01q\x94(\x8c\x0c" +
                             "torch._utils\x94\x8c\x12_rebuild_tensor_v2\x94\x93\x94" +
                             tuple({storage, "K\x01", "K\x02\x85", "K\x01\x85", "\x89", "N"}) + "R1h\x04" +
                             tuple({storage, "K\x01", "K\x02\x85", "K\x01\x85", "\x89", "N"}) + "Rs.";
  QCOMPARE(to_double(*open(framed)->find("q")), (std::vector<double>{1, 2}));
  const auto old = open(std::string("\x80\x02") + "ccollections\nOrderedDict\n](](U\x01o" +
                        rebuild(storage, 5, {1}, {1}) + "ee\x85R.");
  QCOMPARE(to_double(*old->find("o")), (std::vector<double>{5}));
  const auto view = open(pickled(
      {{"v", rebuild(storage_id("FloatStorage", "0", 32, tuple({text("x"), whole(10), whole(4)})), 1, {3}, {1})}}));
  QCOMPARE(to_double(*view->find("v")), (std::vector<double>{11, 12, 13}));
  const auto shapes =
      open(pickled({{"scalar", rebuild(storage, 7, {}, {})}, {"empty", rebuild(storage, 32, {0, 5}, {5, 1})}}));
  QCOMPARE(to_double(*shapes->find("scalar")), (std::vector<double>{7}));
  QVERIFY(to_double(*shapes->find("empty")).empty());
}

void TestModelFiles::strided_tensors_are_gathered() {
  const fs::path d = fresh("strided");
  fs::remove(d / "model.safetensors");
  std::string data;
  for (int k = 0; k < 24; ++k) data += raw(static_cast<float>(k));
  const std::string storage = storage_id("FloatStorage", "0", 24);
  put_file(d / "pytorch_model.bin",
           zip_file(zip_parts(pickled({{"transposed", rebuild(storage, 0, {4, 6}, {1, 4})},
                                       {"every second", rebuild(storage, 1, {2, 3}, {12, 2})},
                                       {"permuted", rebuild(storage, 0, {3, 2, 4}, {4, 12, 1})},
                                       {"one row", rebuild(storage, 3, {1, 4}, {99, 1})}}),
                              {{"0", "F32", {24}, data}})));
  const auto c = Checkpoint::open(d);
  std::vector<double> transposed, permuted;
  for (int i = 0; i < 4; ++i)
    for (int j = 0; j < 6; ++j) transposed.push_back(i + 4 * j);
  for (int i = 0; i < 3; ++i)
    for (int j = 0; j < 2; ++j)
      for (int k = 0; k < 4; ++k) permuted.push_back(4 * i + 12 * j + k);
  QCOMPARE(to_double(*c->find("transposed")), transposed);
  QCOMPARE(to_double(*c->find("permuted")), permuted);
  QCOMPARE(to_double(*c->find("every second")), (std::vector<double>{1, 3, 5, 13, 15, 17}));
  QCOMPARE(to_double(*c->find("one row")), (std::vector<double>{3, 4, 5, 6}));
}

// Small pickles that would cost much memory, time or stack: refused, and at once.
void TestModelFiles::pickles_cannot_blow_up() {
  const fs::path d = fresh("blow-up");
  fs::remove(d / "model.safetensors");
  const auto repeated = [](const std::string& s, int n) {
    std::string out;
    for (int k = 0; k < n; ++k) out += s;
    return out;
  };
  const std::string big_list = "](" +
                               repeated(
                                   "](K\x01K\x02"
                                   "e",
                                   100000) +
                               "e";
  const std::string cases[] = {
      "\x80\x02" + repeated("]", 900000) + repeated("a", 899999) + ".",  // nested 900,000 deep
      "\x80\x02" + repeated("(", 2000000) + ".",                         // marks
      "\x80\x02N" + repeated("2", 2000000) + ".",                        // stack
      "\x80\x02" + repeated("N0", 2000000) + "N.",                       // values
      "\x80\x02" + big_list + "q\x01" + repeated("ccollections\nOrderedDict\nh\x01\x85R", 20000) +
          ".",  // one list copied again and again
      "\x80\x02]q\x01h\x01"
      "a.",                                                                           // a list that holds itself
      "\x80\x02N" + repeated("\x94", 2000000) + ".",                                  // memo
      "\x80\x02(" + repeated("N", 900000) + "tq\x01" + repeated("h\x01Q", 10) + ".",  // large tuples as ids
  };
  for (const std::string& p : cases) {
    put_file(d / "pytorch_model.bin", zip_file(zip_parts(p)));
    const std::string said = message([&] { Checkpoint::open(d); });
    QVERIFY(!said.empty());
    QVERIFY2(said.size() < 400, said.c_str());
  }
  // Strided tensors: each is small beside its storage, all together would be 200 times the file.
  std::vector<std::pair<std::string, std::string>> items;
  const std::int64_t n = 1 << 20;
  for (int k = 0; k < 200; ++k)
    items.emplace_back(fmt::format("t{}", k), rebuild(storage_id("FloatStorage", "0", n), 0, {1024, 1024}, {1, 1024}));
  put_file(
      d / "pytorch_model.bin",
      zip_file(zip_parts(pickled(items), {{"0", "F32", {n}, std::string(static_cast<std::size_t>(n) * 4, '\0')}})));
  const std::string said = message([&] { Checkpoint::open(d); });
  QVERIFY2(said.find("out of proportion") != std::string::npos, said.c_str());
}

void TestModelFiles::dtypes_convert() {
  // Every 16-bit pattern of both types against arithmetic on sign, exponent and mantissa.
  std::string patterns;
  for (unsigned h = 0; h < 65536; ++h) patterns += raw(static_cast<std::uint16_t>(h));
  const auto as_tensor = [](const std::string& s, DType t) {
    StoredTensor out;
    out.name = "t";
    out.dtype = t;
    out.shape = {static_cast<std::int64_t>(s.size() / size_of(t))};
    out.data = {reinterpret_cast<const std::byte*>(s.data()), s.size()};
    out.file = "file";
    return out;
  };
  const auto half = to_float(as_tensor(patterns, DType::f16)), brain = to_float(as_tensor(patterns, DType::bf16));
  for (unsigned h = 0; h < 65536; ++h) {
    const auto check = [&](float got, int exponent_bits, int mantissa_bits) {
      const int bias = (1 << (exponent_bits - 1)) - 1,
                exponent = static_cast<int>(h >> mantissa_bits) & ((1 << exponent_bits) - 1);
      const int mantissa = static_cast<int>(h) & ((1 << mantissa_bits) - 1);
      const double sign = h & 0x8000 ? -1 : 1;
      if (exponent == (1 << exponent_bits) - 1)
        return mantissa ? std::isnan(got) : std::isinf(got) && (got > 0) == (sign > 0);
      const double expected = exponent ? std::ldexp(1.0 + std::ldexp(mantissa, -mantissa_bits), exponent - bias)
                                       : std::ldexp(mantissa, 1 - bias - mantissa_bits);
      return static_cast<double>(got) == sign * expected && std::signbit(got) == (sign < 0);
    };
    QVERIFY2(check(half[h], 5, 10), std::to_string(h).c_str());
    QVERIFY2(check(brain[h], 8, 7), std::to_string(h).c_str());
  }
  const std::string doubles = raw(0.1) + raw(-1e300);
  QCOMPARE(to_double(as_tensor(doubles, DType::f64)), (std::vector<double>{0.1, -1e300}));
  QVERIFY(message([&] { to_float(as_tensor(doubles, DType::f64)); }).find("index 1") != std::string::npos);
  QCOMPARE(to_int64(as_tensor(raw(std::int8_t{-3}) + raw(std::int8_t{5}), DType::i8)),
           (std::vector<std::int64_t>{-3, 5}));
  QCOMPARE(to_int64(as_tensor(raw(std::uint8_t{253}), DType::u8)), (std::vector<std::int64_t>{253}));
  QCOMPARE(to_int64(as_tensor(raw(std::int16_t{-300}), DType::i16)), (std::vector<std::int64_t>{-300}));
  QCOMPARE(to_int64(as_tensor(raw(std::int32_t{-70000}), DType::i32)), (std::vector<std::int64_t>{-70000}));
  QCOMPARE(to_int64(as_tensor(raw(std::int64_t{1} << 40), DType::i64)),
           (std::vector<std::int64_t>{std::int64_t{1} << 40}));
  QCOMPARE(to_int64(as_tensor("\x02", DType::boolean)), (std::vector<std::int64_t>{1}));
  QVERIFY(!message([&] { to_int64(as_tensor(doubles, DType::f64)); }).empty());
  QVERIFY(!message([&] { to_float(as_tensor(doubles, DType::i64)); }).empty());
  // An address that is no multiple of 4.
  const std::string shifted = "x" + raw(1.5f) + raw(-2.5f);
  StoredTensor t = as_tensor(shifted.substr(0, 8), DType::f32);
  t.data = {reinterpret_cast<const std::byte*>(shifted.data()) + 1, 8};
  QCOMPARE(to_float(t), (std::vector<float>{1.5f, -2.5f}));
}

void TestModelFiles::names_and_duplicates() {
  const std::pair<const char*, const char*> pairs[] = {
      {"bert.embeddings.LayerNorm.gamma", "embeddings.LayerNorm.weight"},
      {"embeddings.LayerNorm.beta", "embeddings.LayerNorm.bias"},
      {"bert.encoder.layer.11.output.dense.weight", "encoder.layer.11.output.dense.weight"},
      {"pooler.dense.bias", "pooler.dense.bias"},
      {"classifier.weight", "classifier.weight"},
      {"bert.embeddings.position_ids", ""},
      {"embeddings.position_ids", ""},
      {"cls.predictions.bias", ""}};
  for (const auto& [name, canonical] : pairs) QCOMPARE(canonical_weight_name(name), std::string(canonical));
  // Heads of pretraining beside the encoder, and no pooler: fine without a classifier.
  const fs::path d = fresh("pretrained");
  auto all = tiny_weights();
  std::erase_if(all, [](const Made& m) {
    return m.name.find("pooler") != std::string::npos || m.name.starts_with("classifier");
  });
  all.push_back({"cls.predictions.transform.dense.weight", "F32", {8, 8}, std::string(256, '\0')});
  all.push_back({"bert.embeddings.position_ids", "I64", {1, 12}, std::string(96, '\0')});
  put_file(d / "model.safetensors", safetensors_file(all));
  const auto c = load(d);
  QCOMPARE(head_rows(*c), 0);
  QCOMPARE(head_rows(*load(fresh("with-head"))), 3);
  // A head of another size is fine where it is not wanted.
  ModelConfig other = read_model_config(root_ / "with-head");
  other.labels = {"a", "b"};
  const auto with_head = Checkpoint::open(root_ / "with-head");
  QVERIFY(!message([&] { check_weights(*with_head, other); }).empty());
  check_weights(*with_head, other, true);
  // The missing weight is named as the rest of the file would.
  std::erase_if(all, [](const Made& m) { return m.name.find("layer.1.output.dense.bias") != std::string::npos; });
  for (Made& m : all)
    if (m.name.starts_with("bert.")) m.name.erase(0, 5);
  put_file(d / "model.safetensors", safetensors_file(all));
  QVERIFY(message([&] { load(d); }).ends_with("model.safetensors: encoder.layer.1.output.dense.bias is not there"));
}

void TestModelFiles::config_is_read() {
  const ModelConfig c = read_model_config(fresh("config"));
  QCOMPARE(c.vocab_size, 20);
  QCOMPARE(c.hidden_size, 8);
  QCOMPARE(c.layers, 2);
  QCOMPARE(c.heads, 2);
  QCOMPARE(c.intermediate_size, 16);
  QCOMPARE(c.max_positions, 12);
  QCOMPARE(c.type_vocab_size, 2);
  QCOMPARE(c.hidden_dropout, 0.1);
  QCOMPARE(c.attention_dropout, 0.2);
  QCOMPARE(c.classifier_dropout, 0.1);  // null: as hidden_dropout_prob
  QCOMPARE(c.layer_norm_eps, 1e-12);
  QVERIFY((c.labels == std::vector<std::string>{"red", "green", "blue"}));
  const std::pair<const char*, Activation> names[] = {
      {"gelu", Activation::gelu}, {"gelu_new", Activation::gelu_tanh}, {"gelu_pytorch_tanh", Activation::gelu_tanh},
      {"relu", Activation::relu}, {"silu", Activation::silu},          {"swish", Activation::silu},
      {"tanh", Activation::tanh}};
  for (const auto& [name, activation] : names) {
    OrderedJson j = tiny_config();
    j["hidden_act"] = name;
    j["classifier_dropout"] = 0.3;
    put_file(root_ / "config" / "config.json", j.dump());
    QVERIFY(read_model_config(root_ / "config").activation == activation);
    QCOMPARE(read_model_config(root_ / "config").classifier_dropout, 0.3);
  }
}

// A folder of two classes with transformers' default names says nothing of them in config.json.
void TestModelFiles::labels_without_id2label() {
  const fs::path d = fresh("no-labels");
  OrderedJson j = tiny_config();
  j.erase("id2label");
  j.erase("label2id");
  put_file(d / "config.json", j.dump());
  QVERIFY(read_model_config(d).labels.empty());
  load(d);  // the head's own size counts
  j["num_labels"] = 3;
  put_file(d / "config.json", j.dump());
  QVERIFY((read_model_config(d).labels == std::vector<std::string>{"LABEL_0", "LABEL_1", "LABEL_2"}));
  load(d);
  j["num_labels"] = 4;
  put_file(d / "config.json", j.dump());
  QVERIFY(!message([&] { load(d); }).empty());
}

void TestModelFiles::not_finite_is_found_anywhere() {
  const std::size_t n = 10007;
  const auto check = [&]<class Word>(DType type, Word nan, Word infinity, Word large) {
    for (const std::size_t at : {std::size_t{0}, std::size_t{4095}, std::size_t{4096}, std::size_t{9000}, n - 1})
      for (const Word bad : {nan, infinity}) {
        std::string s;
        for (std::size_t k = 0; k < n; ++k) s += raw(k == at || k == n - 1 ? (k == at ? bad : nan) : large);
        StoredTensor t{
            "t", type, {static_cast<std::int64_t>(n)}, {reinterpret_cast<const std::byte*>(s.data()), s.size()}, "f"};
        const std::string expected =
            std::string("f: t holds ") + (bad == nan ? "NaN" : "infinity") + " at index " + std::to_string(at);
        QCOMPARE(QString::fromStdString(message([&] { check_finite(t); })), QString::fromStdString(expected));
        t.data = t.data.first(at * sizeof(Word));
        check_finite(t);
      }
  };
  check(DType::f64, std::uint64_t{0xFFF8000000000000}, std::uint64_t{0x7FF0000000000000},
        std::uint64_t{0x7FEFFFFFFFFFFFFF});
  check(DType::f32, std::uint32_t{0x7FC00001}, std::uint32_t{0xFF800000}, std::uint32_t{0xFF7FFFFF});
  check(DType::f16, std::uint16_t{0x7C01}, std::uint16_t{0xFC00}, std::uint16_t{0x7BFF});
  check(DType::bf16, std::uint16_t{0xFF81}, std::uint16_t{0x7F80}, std::uint16_t{0x7F7F});
}

void TestModelFiles::writing_reads_back() {
  const fs::path file = root_ / "written.safetensors";
  std::vector<std::string> bytes;
  const auto add = [&](const std::string& s) { bytes.push_back(s); };
  add(raw(1.5) + raw(-0.0));
  add(raw(std::uint16_t{0x3C00}));
  add(raw(std::int64_t{-5}) + raw(std::int64_t{7}));
  add("");
  add(raw(2.5f));
  const std::vector<std::pair<DType, std::vector<std::int64_t>>> kinds = {
      {DType::f64, {2}}, {DType::f16, {1, 1}}, {DType::i64, {2}}, {DType::f32, {0, 3}}, {DType::f32, {}}};
  std::vector<StoredTensor> out;
  for (std::size_t k = 0; k < kinds.size(); ++k)
    out.push_back({fmt::format("z{} ü\n", 9 - k),
                   kinds[k].first,
                   kinds[k].second,
                   {reinterpret_cast<const std::byte*>(bytes[k].data()), bytes[k].size()},
                   ""});
  write_safetensors(file, out);
  const auto c = Checkpoint::open_safetensors(file);
  QCOMPARE(c->tensors().size(), out.size());
  for (std::size_t k = 0; k < out.size(); ++k) {
    const StoredTensor* t = c->find(out[k].name);
    QVERIFY(t);
    QVERIFY(t->dtype == out[k].dtype && t->shape == out[k].shape);
    QVERIFY(std::equal(t->data.begin(), t->data.end(), out[k].data.begin(), out[k].data.end()));
  }
  QCOMPARE(reinterpret_cast<std::uintptr_t>(c->find(out[0].name)->data.data()) % 8, std::uintptr_t{0});
  QVERIFY(read_file(file).find(R"("__metadata__":{"format":"pt"})") != std::string::npos);
  // Onto the file that the tensors lie in: the map keeps the old one.
  std::vector<StoredTensor> again;
  for (const auto& [name, t] : c->tensors()) again.push_back(t);
  write_safetensors(file, again);
  QCOMPARE(Checkpoint::open_safetensors(file)->tensors().size(), out.size());
}

void TestModelFiles::writing_refuses() {
  const std::string four(4, '\0');
  const std::span<const std::byte> data{reinterpret_cast<const std::byte*>(four.data()), 4};
  const fs::path file = root_ / "never.safetensors";
  const StoredTensor good{"a", DType::f32, {1}, data, ""};
  StoredTensor short_one = good, bad_name = good, reserved = good;
  short_one.shape = {2};
  bad_name.name = "\xff";
  reserved.name = "__metadata__";
  for (const auto& list : std::vector<std::vector<StoredTensor>>{{good, good}, {short_one}, {bad_name}, {reserved}})
    QVERIFY(!message([&] { write_safetensors(file, list); }).empty());
  QVERIFY(!fs::exists(file));
  QVERIFY(message([&] { write_safetensors(root_ / "no such folder" / "x", {good}); }).find("no such folder") !=
          std::string::npos);
}

void TestModelFiles::model_folder_is_written() {
  const fs::path from = fresh("source"), to = root_ / "saved";
  fs::create_directories(to);
  put_file(from / "vocab.txt", "[PAD]\n[UNK]\n");
  put_file(from / "tokenizer_config.json", "{}");
  ModelConfig c = read_model_config(from);
  c.labels = {"one", "two \"quoted\""};
  write_model_folder_config(to, c, from);
  const Json written = read_json(to / "config.json");
  QVERIFY(written["architectures"] == Json::array({"BertForSequenceClassification"}));
  QVERIFY(written["a_key_of_its_own"] == Json::array({1, 2, 3}));
  QVERIFY(written["id2label"] == Json({{"0", "one"}, {"1", "two \"quoted\""}}));
  QVERIFY(written["label2id"] == Json({{"one", 0}, {"two \"quoted\"", 1}}));
  QVERIFY(written["torch_dtype"] == "float32");
  QVERIFY(written["hidden_act"] == "gelu");
  const ModelConfig again = read_model_config(to);
  QVERIFY(again.labels == c.labels);
  QCOMPARE(again.hidden_size, c.hidden_size);
  QCOMPARE(again.attention_dropout, c.attention_dropout);
  QCOMPARE(read_file(to / "vocab.txt"), read_file(from / "vocab.txt"));
  QVERIFY(fs::exists(to / "tokenizer_config.json"));
  QVERIFY(!fs::exists(to / "tokenizer.json"));
  write_model_folder_config(from, c, from);  // onto itself
  QCOMPARE(read_file(from / "vocab.txt"), read_file(to / "vocab.txt"));
  c.labels.clear();
  QVERIFY_EXCEPTION_THROWN(write_model_folder_config(to, c, from), std::invalid_argument);
}

void TestModelFiles::golden_variants_are_equal() {
  TELLTALE_NEEDS_SHARED(shared);
  const fs::path models = shared / "golden" / "models" / "tiny-bert";
  const auto reference = load(models / "fp32");
  QCOMPARE(canonical_weights(*reference).size(), std::size_t{41});
  struct Variant {
    const char* name;
    double relative;
    std::size_t weights;
  };
  const Variant variants[] = {{"fp16", 1.0 / 2048, 41},
                              {"bf16", 1.0 / 256, 41},
                              {"sharded", 0, 41},
                              {"bin", 0, 41},
                              {"bin-legacy", 0, 41},
                              {"bin-old-names", 0, 41},
                              {"safetensors-old-names", 0, 41},
                              {"no-head", 0, 39},
                              {"gelu-new", 0, 41},
                              {"relu", 0, 41},
                              {"vocab-only", 0, 41},
                              {"tokenizer-only", 0, 41}};
  for (const Variant& v : variants) {
    const auto c = load(models / v.name);
    const auto weights = canonical_weights(*c);
    QVERIFY2(weights.size() == v.weights, v.name);
    for (const auto& [name, t] : weights) QVERIFY(canonical_weights(*reference).at(name)->shape == t->shape);
    compare_values(*reference, *c, v.relative);
  }
  QVERIFY(read_model_config(models / "gelu-new").activation == Activation::gelu_tanh);
  QVERIFY(read_model_config(models / "no-head").labels.empty());
  for (const char* name : {"all-MiniLM-L6-v2", "minilm-news6"}) load(shared / "data" / "models" / name);
  const auto forward = Checkpoint::open_safetensors(shared / "golden" / "forward.safetensors");
  QVERIFY((forward->find("news6.cls")->shape == std::vector<std::int64_t>{40, 384}));
}

void TestModelFiles::golden_broken_folders_are_refused() {
  TELLTALE_NEEDS_SHARED(shared);
  const std::string query = "bert.encoder.layer.1.attention.self.query.weight";
  const std::map<std::string, std::vector<std::string>> says = {
      {"truncated", {"model.safetensors", "123640", "74184"}},
      {"header-too-long", {"model.safetensors", "123640000", "123640"}},
      {"header-not-json", {"model.safetensors", "not valid JSON"}},
      {"overlapping-offsets", {"model.safetensors", "bert.embeddings.LayerNorm.weight"}},
      {"wrong-shape", {"model.safetensors", query, "[32, 16]", "[32, 32]"}},
      {"missing-tensor", {"model.safetensors", query + " is not there"}},
      {"nan-weights", {"model.safetensors", query, "NaN"}},
      {"heads-do-not-divide", {"config.json", "hidden_size 32 is not divisible by num_attention_heads 5"}},
      {"pickle-runs-code", {"pytorch_model.bin", "posix.system"}},
      {"pickle-runs-code-legacy", {"pytorch_model.bin", "posix.system"}}};
  for (const auto& entry : fs::directory_iterator(shared / "golden" / "broken")) {
    const std::string name = entry.path().filename().string();
    if (!entry.is_directory() || name.starts_with("vocab-") || name.starts_with("tokenizer-"))
      continue;  // the tokeniser's
    const std::string said = message([&] { load(entry.path()); });
    QVERIFY2(!said.empty(), name.c_str());
    QVERIFY2(said.find('\n') == std::string::npos, said.c_str());
    const auto parts = says.find(name);
    if (parts == says.end()) continue;
    for (const std::string& part : parts->second)
      QVERIFY2(said.find(part) != std::string::npos, (name + ": " + said + "   <- expected: " + part).c_str());
  }
  QVERIFY(!fs::exists("PWNED"));
}

void TestModelFiles::spoiled_files_never_crash_data() {
  QTest::addColumn<QString>("form");
  for (const char* form :
       {"model.safetensors", "model.safetensors.index.json", "config.json", "zip", "deflated", "legacy", "data.pkl"})
    QTest::newRow(form) << form;
}

void TestModelFiles::spoiled_files_never_crash() {
  QFETCH(QString, form);
  const fs::path d = fresh("spoiled");
  const auto all = tiny_weights();
  std::string whole_file;
  fs::path target = d / "pytorch_model.bin";
  if (form == "model.safetensors" || form == "config.json") {
    target = d / form.toStdString();
    whole_file = read_file(target);
  } else if (form == "model.safetensors.index.json") {
    fs::rename(d / "model.safetensors", d / "shard");
    OrderedJson map;
    for (const Made& m : all) map[m.name] = "shard";
    target = d / form.toStdString();
    whole_file = OrderedJson{{"weight_map", map}}.dump();
  } else {
    fs::remove(d / "model.safetensors");
    auto parts = zip_parts(pickled_weights(all), all);
    for (ZipPart& p : parts) p.deflated = form == "deflated";
    whole_file = form == "legacy" ? legacy_file(all) : form == "data.pkl" ? pickled_weights(all) : zip_file(parts);
  }
  Rng rng(20260101 + static_cast<std::uint64_t>(qEnvironmentVariableIntValue("TELLTALE_FUZZ_SEED")),
          static_cast<std::uint64_t>(form.size()));
  int refused = 0;
  const int rounds = 1000;
  for (int k = 0; k < rounds; ++k) {
    const std::string bad = spoiled(whole_file, rng);
    put_file(target, form == "data.pkl" ? zip_file(zip_parts(bad, all)) : bad);
    refused += !message([&] {
                  const auto c = load(d);
                  for (const auto& [name, t] : c->tensors())
                    if (is_floating(t.dtype)) to_float(t);
                }).empty();
  }
  QVERIFY2(refused > rounds / 10 && refused <= rounds, std::to_string(refused).c_str());
}

QTEST_GUILESS_MAIN(TestModelFiles)
#include "test_model_files.moc"
