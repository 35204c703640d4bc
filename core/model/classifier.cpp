#include <fmt/format.h>
#include <xxhash.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <map>
#include <numeric>
#include <set>
#include <stdexcept>

#include "model/classifier_impl.hpp"
#include "model/messages.hpp"
#include "base/files.hpp"
#include "model/prediction_memo.hpp"
#include "model/weight_check.hpp"

namespace telltale {

std::string weights_fingerprint(const Parameters& parameters, const ModelConfig& config, const std::vector<std::string>& labels, const Tokenizer& tokenizer) {
  at::NoGradGuard no_grad;
  XXH3_state_t* state = XXH3_createState();
  XXH3_128bits_reset(state);
  const auto text = [&](const std::string& s) { XXH3_128bits_update(state, s.c_str(), s.size() + 1); };
  text(fmt::format("{} {} {} {} {} {} {}", config.hidden_size, config.layers, config.heads, config.intermediate_size, config.max_positions,
                   static_cast<int>(config.activation), config.layer_norm_eps));
  for (const std::string& l : labels) text(l);
  for (std::int32_t id = 0; id < tokenizer.size(); ++id) text(tokenizer.token(id));
  for (const WeightSlice& s : parameters.slices) {
    const at::Tensor values = parameters.slice(s).detach().to(at::kCPU).to(at::kFloat).contiguous();
    XXH3_128bits_update(state, values.data_ptr(), static_cast<std::size_t>(values.numel()) * sizeof(float));
  }
  const XXH128_hash_t h = XXH3_128bits_digest(state);
  XXH3_freeState(state);
  return fmt::format("{:016x}{:016x}", h.high64, h.low64);
}

/// Row of the model's own head for each of the classes wanted; empty where it has no head for just these.
static std::vector<std::int64_t> head_order(const std::vector<std::string>& wanted, const std::vector<std::string>& own, std::int64_t rows) {
  std::vector<std::int64_t> order;
  if (wanted.size() != own.size() || static_cast<std::int64_t>(own.size()) != rows || std::set<std::string>(own.begin(), own.end()).size() != own.size()) return order;
  for (const std::string& label : wanted) {
    const auto at = std::find(own.begin(), own.end(), label);
    if (at == own.end()) return {};
    order.push_back(at - own.begin());
  }
  return order;
}

/// Why a head is none for a classifier, which answers one class of several for a text (a softmax over the head); empty: it is one, or there is none.
static std::string head_kind_fault(const ModelConfig& config, std::int64_t rows) {
  const auto kind = config.raw.find("problem_type");
  if (rows > 0 && kind != config.raw.end() && !kind->is_null() && *kind != "single_label_classification")
    return fmt::format("problem_type {} is not supported (supported: single_label_classification)", printable(kind->dump(-1, ' ', false, Json::error_handler_t::replace), 60));
  return rows == 1 ? "a head with one output answers a number, not a class: at least two classes expected" : "";
}

static void order_head(Parameters& parameters, const std::vector<std::int64_t>& order) {
  at::NoGradGuard no_grad;
  const at::Tensor rows = at::tensor(order, at::kLong).to(parameters.flat.device());
  for (at::Tensor t : {parameters.weights.head_weight, parameters.weights.head_bias}) t.detach().copy_(t.detach().index_select(0, rows));
}

std::shared_ptr<Classifier> Classifier::load(const std::filesystem::path& folder, const ComputeOptions& options, const std::vector<std::string>& labels,
                                             std::uint64_t head_seed) {
  auto impl = std::make_unique<Impl>();
  impl->folder = folder;
  impl->device = parse_device(options.device);
  impl->config = read_model_config(folder);
  const auto checkpoint = Checkpoint::open(folder);
  const std::int64_t head = head_rows(*checkpoint);
  const std::vector<std::int64_t> order = head_order(labels, impl->config.labels, head);
  impl->new_head = head == 0 || (!labels.empty() && (order.empty() || !head_kind_fault(impl->config, head).empty()));
  if (impl->new_head && labels.size() == 1) throw std::invalid_argument("a classifier needs at least two classes");
  if (const std::string fault = head_kind_fault(impl->config, head); !impl->new_head && !fault.empty()) throw std::runtime_error((folder / "config.json").string() + ": " + fault);
  check_weights(*checkpoint, impl->config, impl->new_head);
  check_weights_finite(*checkpoint);
  impl->tokenizer = Tokenizer::load(folder, impl->config.vocab_size);
  if (!labels.empty()) {
    impl->labels = labels;
  } else if (head > 0) {
    impl->labels = impl->config.labels;
    while (static_cast<std::int64_t>(impl->labels.size()) < head) impl->labels.push_back(fmt::format("LABEL_{}", impl->labels.size()));
  }
  const at::ScalarType products = product_type(options.precision, impl->device);
  const at::ScalarType type = products == at::kDouble ? at::kDouble : at::kFloat;
  impl->parameters = std::make_unique<Parameters>(impl->config, static_cast<std::int64_t>(impl->labels.size()), type, impl->device);
  impl->parameters->load(*checkpoint, head_seed, impl->new_head);
  if (!order.empty()) order_head(*impl->parameters, order);
  impl->engine = Engine::make(impl->config, impl->parameters->weights, products);
  impl->precision = precision_of(products);
  if (products == at::kBFloat16) {
    impl->exact = Engine::make_mixed(impl->config, impl->parameters->weights);
    if (impl->exact) impl->exact_precision = Precision::mixed;
    else if (options.precision == Precision::automatic) impl->exact = Engine::make(impl->config, impl->parameters->weights, type);
  }
  impl->fingerprint = weights_fingerprint(*impl->parameters, impl->config, impl->labels, *impl->tokenizer);
  return std::make_shared<Classifier>(std::move(impl));
}

Classifier::Classifier(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Classifier::~Classifier() = default;
const ModelConfig& Classifier::config() const { return impl_->config; }
const Tokenizer& Classifier::tokenizer() const { return *impl_->tokenizer; }
const std::vector<std::string>& Classifier::labels() const { return impl_->labels; }
const std::filesystem::path& Classifier::folder() const { return impl_->folder; }
bool Classifier::new_head() const { return impl_->new_head; }
Precision Classifier::explanation_precision() const { return impl_->exact ? impl_->exact_precision : impl_->precision; }
Precision Classifier::prediction_precision() const { return impl_->precision; }
const std::string& Classifier::fingerprint() const { return impl_->fingerprint; }

int Classifier::class_index(const std::string& wanted) const {
  const auto& labels = impl_->labels;
  for (std::size_t k = 0; k < labels.size(); ++k)
    if (labels[k] == wanted) return static_cast<int>(k);
  int index = -1;
  const auto [end, error] = std::from_chars(wanted.data(), wanted.data() + wanted.size(), index);
  if (error == std::errc() && end == wanted.data() + wanted.size() && index >= 0 && index < static_cast<int>(labels.size())) return index;
  throw std::invalid_argument(fmt::format("no class '{}': one of {} (or 0 to {})", wanted, fmt::join(labels, ", "), labels.size() - 1));
}

int Classifier::max_length(int asked) const {
  const int limit = static_cast<int>(std::min<std::int64_t>(impl_->config.max_positions, 1 << 20));
  if (asked == 0) return std::min(512, limit);
  if (asked < 3 || asked > limit) throw std::invalid_argument(fmt::format("max length {}: expected 3 to {}, the positions of this model", asked, limit));
  return asked;
}

at::Tensor Classifier::Impl::words(const ModelInput& input) const {
  const at::Tensor ids = at::tensor(at::ArrayRef<std::int32_t>(input.ids), at::kInt).to(at::kLong).to(device);
  at::Tensor e = at::embedding(parameters->weights.word, ids);
  if (!input.zeroed.empty()) {
    const at::Tensor keep = at::tensor(at::ArrayRef<std::uint8_t>(input.zeroed), at::kByte).eq(0).to(e.scalar_type()).to(device);
    e = e * keep.unsqueeze(1);
  }
  return e;
}

namespace {

void check_input(const ModelInput& x, const ModelConfig& c) {
  const auto T = static_cast<std::int64_t>(x.ids.size());
  if (T < 1 || T > c.max_positions) throw std::invalid_argument(fmt::format("a text of {} ids: the model takes 1 to {}", T, c.max_positions));
  for (const std::int32_t id : x.ids)
    if (id < 0 || id >= c.vocab_size) throw std::invalid_argument(fmt::format("id {} is outside the vocabulary of {}", id, c.vocab_size));
  if ((!x.attend.empty() && x.attend.size() != x.ids.size()) || (!x.zeroed.empty() && x.zeroed.size() != x.ids.size()))
    throw std::invalid_argument("attend and zeroed need one entry per id");
}

/// Calls work(first, last, words [n,T,d], mask or undefined) for groups of inputs of one length, longest first.
template <class Work>
void in_groups(Engine& engine, const Classifier::Impl& m, const std::vector<ModelInput>& inputs, std::stop_token stop, const ProgressFn& progress, const Work& work) {
  at::NoGradGuard no_grad;
  for (const ModelInput& x : inputs) check_input(x, m.config);
  std::vector<std::size_t> order(inputs.size());
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return inputs[a].ids.size() > inputs[b].ids.size(); });
  for (std::size_t k = 0; k < order.size();) {
    if (stop.stop_requested()) throw Cancelled{};
    const std::int64_t T = static_cast<std::int64_t>(inputs[order[k]].ids.size());
    const std::size_t most = static_cast<std::size_t>(engine.texts_per_call(T));
    std::size_t end = k;
    bool masked = false;
    ModelInput all;  // the texts one after the other: one look-up for the group
    while (end < order.size() && end - k < most && static_cast<std::int64_t>(inputs[order[end]].ids.size()) == T) {
      const ModelInput& x = inputs[order[end++]];
      all.ids.insert(all.ids.end(), x.ids.begin(), x.ids.end());
      if (!x.zeroed.empty()) {
        all.zeroed.resize(all.ids.size() - x.ids.size(), 0);
        all.zeroed.insert(all.zeroed.end(), x.zeroed.begin(), x.zeroed.end());
      }
      masked = masked || std::count(x.attend.begin(), x.attend.end(), 0) > 0;
    }
    if (!all.zeroed.empty()) all.zeroed.resize(all.ids.size(), 0);
    at::Tensor mask;
    if (masked) {
      mask = at::ones({static_cast<std::int64_t>(end - k), T}, at::kFloat);
      float* row = mask.data_ptr<float>();
      for (std::size_t j = k; j < end; ++j, row += T)
        for (std::size_t t = 0; t < inputs[order[j]].attend.size(); ++t)
          if (!inputs[order[j]].attend[t]) row[t] = 0;
      mask = mask.to(engine.dtype()).to(m.device);
    }
    const at::Tensor words = m.words(all);
    work(order, k, end, words.view({static_cast<std::int64_t>(end - k), T, words.size(1)}).to(engine.dtype()).contiguous(), mask);
    k = end;
    if (progress) progress({static_cast<double>(k), static_cast<double>(inputs.size()), "predicting"});
  }
}

std::vector<ModelInput> inputs_of(const std::vector<Encoding>& encodings) {
  std::vector<ModelInput> inputs(encodings.size());
  for (std::size_t k = 0; k < encodings.size(); ++k) inputs[k].ids = encodings[k].ids;
  return inputs;
}

}  // namespace

namespace {

std::vector<Prediction> predict_anew(Engine& engine, const Classifier::Impl& model, const std::vector<ModelInput>& inputs, std::stop_token stop, const ProgressFn& progress) {
  if (model.labels.empty())
    throw std::runtime_error(fmt::format("{}: an encoder without a classification head: finetune it first (telltale train)", model.folder.string()));
  std::vector<Prediction> out(inputs.size());
  in_groups(engine, model, inputs, stop, progress, [&](const std::vector<std::size_t>& order, std::size_t from, std::size_t to, const at::Tensor& words, const at::Tensor& mask) {
    const at::Tensor z = engine.logits(words, mask, Path::word).to(at::kCPU).to(at::kDouble).contiguous();
    const at::Tensor p = at::softmax(z, -1);
    const std::int64_t C = z.size(1);
    for (std::size_t k = from; k < to; ++k) {
      Prediction& one = out[order[k]];
      const double *row = z.data_ptr<double>() + static_cast<std::int64_t>(k - from) * C, *prob = p.data_ptr<double>() + static_cast<std::int64_t>(k - from) * C;
      one.logits.assign(row, row + C);
      one.probabilities.assign(prob, prob + C);
      one.predicted = static_cast<int>(std::max_element(row, row + C) - row);
      if (!std::isfinite(one.logits[0])) throw std::runtime_error(fmt::format("{}: the model gave logits that are not finite{}", model.folder.string(), model.precision == Precision::bf16 ? "; try --precision fp32" : ""));
    }
  });
  return out;
}

}  // namespace

std::vector<Prediction> predict_with(Engine& engine, const Classifier::Impl& model, const std::vector<ModelInput>& inputs, std::stop_token stop, const ProgressFn& progress) {
  PredictionMemo* memo = PredictionMemo::of(model);
  if (!memo) return predict_anew(engine, model, inputs, std::move(stop), progress);
  std::vector<PredictionMemo::Key> keys;
  std::map<PredictionMemo::Key, std::size_t> asked;  // index among those that are missing
  std::vector<ModelInput> missing;
  for (const ModelInput& x : inputs) {
    keys.push_back(PredictionMemo::key_of(&engine, x));
    if (!memo->find(keys.back()) && asked.try_emplace(keys.back(), missing.size()).second) missing.push_back(x);
  }
  const std::vector<Prediction> fresh = predict_anew(engine, model, missing, std::move(stop), progress);
  for (const auto& [key, at] : asked) memo->keep(key, fresh[at]);
  std::vector<Prediction> out;
  for (const auto& key : keys) out.push_back(memo->known(key));
  return out;
}

std::vector<Prediction> Classifier::predict(const std::vector<ModelInput>& inputs, std::stop_token stop, const ProgressFn& progress) const {
  return predict_with(*impl_->engine, *impl_, inputs, stop, progress);
}

std::vector<Prediction> Classifier::predict(const std::vector<Encoding>& encodings, std::stop_token stop, const ProgressFn& progress) const {
  return predict(inputs_of(encodings), stop, progress);
}

std::vector<std::vector<float>> Classifier::cls_states(const std::vector<Encoding>& encodings, std::stop_token stop) const {
  std::vector<std::vector<float>> out(encodings.size());
  in_groups(*impl_->engine, *impl_, inputs_of(encodings), stop, {}, [&](const std::vector<std::size_t>& order, std::size_t from, std::size_t to, const at::Tensor& words, const at::Tensor& mask) {
    const at::Tensor r = impl_->engine->cls(words, mask, Path::word).to(at::kCPU).to(at::kFloat).contiguous();
    for (std::size_t k = from; k < to; ++k) {
      const float* row = r.data_ptr<float>() + static_cast<std::int64_t>(k - from) * r.size(1);
      out[order[k]].assign(row, row + r.size(1));
    }
  });
  return out;
}

void save_model_folder(const std::filesystem::path& folder, const Parameters& parameters, const ModelConfig& config, const std::vector<std::string>& labels,
                       const std::filesystem::path& source) {
  at::NoGradGuard no_grad;
  namespace fs = std::filesystem;
  fs::path temporary = folder;
  temporary += ".writing";
  fs::remove_all(temporary);
  fs::create_directories(temporary);
  std::vector<at::Tensor> keep;
  std::vector<StoredTensor> stored;
  for (const WeightSlice& s : parameters.slices) {
    keep.push_back(parameters.slice(s).detach().to(at::kCPU).to(at::kFloat).contiguous());
    const at::Tensor& t = keep.back();
    StoredTensor one;
    one.name = s.name;
    one.dtype = DType::f32;
    one.shape = t.sizes().vec();
    one.data = {static_cast<const std::byte*>(t.data_ptr()), static_cast<std::size_t>(t.numel()) * sizeof(float)};
    stored.push_back(std::move(one));
  }
  write_safetensors(temporary / "model.safetensors", stored);
  ModelConfig with_labels = config;
  with_labels.labels = labels;
  write_model_folder_config(temporary, with_labels, source);
  for (const auto& entry : fs::directory_iterator(temporary)) sync_path(entry.path());
  sync_path(temporary);
  if (fs::exists(folder)) {  // a rename cannot replace a full folder: step aside first
    fs::path old = folder;
    old += ".old";
    fs::remove_all(old);
    fs::rename(folder, old);
    fs::rename(temporary, folder);
    fs::remove_all(old);
  } else {
    fs::rename(temporary, folder);
  }
  sync_path(folder.has_parent_path() ? folder.parent_path() : fs::path("."));
}

void Classifier::save(const std::filesystem::path& folder) const {
  save_model_folder(folder, *impl_->parameters, impl_->config, impl_->labels, impl_->folder);
}

}  // namespace telltale
