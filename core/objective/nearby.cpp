#include "objective/nearby.hpp"

#include <fmt/format.h>

#include <cmath>
#include <map>
#include <stdexcept>

#include "base/random.hpp"
#include "model/classifier_impl.hpp"
#include "objective/objective.hpp"

namespace telltale {
namespace {

/// The same weights in memory of their own, on the same device and in the same precisions.
std::shared_ptr<Classifier> copy_of(const Classifier& model) {
  at::NoGradGuard no_grad;
  const Classifier::Impl& from = model.impl();
  auto impl = std::make_unique<Classifier::Impl>();
  impl->folder = from.folder;
  impl->config = from.config;
  impl->tokenizer = from.tokenizer;
  impl->labels = from.labels;
  impl->new_head = from.new_head;
  impl->device = from.device;
  impl->precision = from.precision;
  impl->exact_precision = from.exact_precision;
  impl->fingerprint = from.fingerprint + " moved";  // what is kept by fingerprint (neighbours, lengths of the table) must not be taken for the model's
  const at::ScalarType type = from.parameters->flat.scalar_type();
  impl->parameters = std::make_unique<Parameters>(from.config, static_cast<std::int64_t>(from.labels.size()), type, from.device);
  impl->parameters->flat.copy_(from.parameters->flat);
  impl->engine = Engine::make(impl->config, impl->parameters->weights, product_type(from.precision, from.device));
  if (from.exact) impl->exact = from.exact_precision == Precision::mixed ? Engine::make_mixed(impl->config, impl->parameters->weights) : Engine::make(impl->config, impl->parameters->weights, type);
  return std::make_shared<Classifier>(std::move(impl));
}

/// Some rows of a table, put back when it goes.
class Moved {
 public:
  Moved(at::Tensor table, const std::vector<std::int64_t>& rows) : table_(std::move(table)), rows_(at::tensor(rows, at::kLong).to(table_.device())), before_(table_.index_select(0, rows_).clone()) {}
  ~Moved() {
    at::NoGradGuard no_grad;
    table_.index_copy_(0, rows_, before_);
  }
  Moved(const Moved&) = delete;
  Moved& operator=(const Moved&) = delete;
  void by(const at::Tensor& noise) { table_.index_copy_(0, rows_, before_ + noise.to(before_.options())); }

 private:
  at::Tensor table_, rows_, before_;
};

}  // namespace

double word_embedding_unit(const Classifier& model, std::stop_token stop) { return embedding_unit(model.impl().parameters->weights.word.detach(), std::move(stop)); }

NearbyExplainer::NearbyExplainer(const Classifier& model) : own_(copy_of(model)) {}

std::vector<NearbyExplanation> explain_nearby(const Classifier& model, const ExplainItem& item, const ExplainOptions& options, const NearbyOptions& nearby, std::stop_token stop) {
  return NearbyExplainer(model).explain(item, options, nearby, std::move(stop));
}

std::vector<NearbyExplanation> NearbyExplainer::explain(const ExplainItem& item, const ExplainOptions& options, const NearbyOptions& nearby, std::stop_token stop) const {
  if (nearby.samples < 1 || nearby.samples > 10000) throw std::invalid_argument(fmt::format("texts near by: expected 1 to 10000, got {}", nearby.samples));
  if (!(nearby.radius > 0) || !std::isfinite(nearby.radius)) throw std::invalid_argument(fmt::format("radius of texts near by: expected a number above 0, got {}", nearby.radius));
  if (item.target < 0) throw std::invalid_argument("explanations near by: the class must be given, or it could change on the way");
  at::NoGradGuard no_grad;
  const SpecialIds& s = own_->tokenizer().specials();
  std::map<std::int64_t, int> counts;  // of the pieces that move
  for (const std::int32_t id : item.encoding.ids)
    if (!s.special(id) && id != s.unk && id != s.mask) ++counts[id];
  std::vector<NearbyExplanation> out;
  if (counts.empty()) return out;
  std::vector<std::int64_t> rows;
  for (const auto& [id, n] : counts) rows.push_back(id);
  const at::Tensor table = own_->impl().parameters->weights.word.detach();
  const auto d = table.size(1);
  Moved moved(table, rows);
  for (int j = 0; j < nearby.samples; ++j) {
    Rng rng(mix_seed(nearby.seed, static_cast<std::uint64_t>(j)));
    at::Tensor noise = at::empty({static_cast<std::int64_t>(rows.size()), d}, at::kDouble);
    double squares = 0;
    std::size_t r = 0;
    for (const auto& [id, n] : counts) {
      double* v = noise.data_ptr<double>() + static_cast<std::int64_t>(r++) * d;
      double norm = 0;
      for (std::int64_t i = 0; i < d; ++i) v[i] = rng.normal(), norm += v[i] * v[i];
      const double length = nearby.radius * std::pow(rng.uniform(), 1.0 / static_cast<double>(d));
      for (std::int64_t i = 0; i < d; ++i) v[i] *= length / std::sqrt(norm);
      squares += n * length * length;
    }
    moved.by(noise);
    out.push_back({telltale::explain(*own_, {item}, options, stop)[0], std::sqrt(squares)});
  }
  return out;
}

}  // namespace telltale
