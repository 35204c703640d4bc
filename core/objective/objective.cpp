#include "objective/objective.hpp"

#include <fmt/format.h>
#include <torch/csrc/autograd/autograd.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <stdexcept>

#include "base/random.hpp"
#include "model/flush.hpp"
#include "objective/attribution_pass.hpp"
#include "objective/distance.hpp"
#include "objective/divergence.hpp"
#include "objective/inputs.hpp"
#include "objective/word_terms.hpp"

namespace telltale {
namespace {

enum Term : std::size_t { class_term, attribution_term, cls_term, positive_term, negative_term, overlap_term, prior_term, term_count };

}  // namespace

struct Objective::Impl {
  const ModelConfig& config;
  Parameters& parameters;
  SpecialIds specials;
  ObjectiveOptions options;
  at::ScalarType products;
  std::unique_ptr<Engine> engine;       ///< pass one
  std::unique_ptr<Network> network;     ///< with a graph
  ObjectiveState state;
  std::vector<WordMass> masses;                         ///< of the batches of this step
  std::vector<at::Tensor> probabilities, gold;          ///< and their answers [B,C] and classes [B]
  double unit = 0, mean_norm = 0;
  std::int64_t rival = -1;

  /// What one evaluation shares between its terms.
  struct Run {
    const Batch& batch;
    const ObjectiveRequest& request;
    at::Tensor keep;               ///< [B,T] double: real, not special
    at::Tensor free;               ///< [B,T] bool: may be perturbed
    at::Tensor mask;               ///< [B,T] in the real dtype, undefined when nothing is padded
    at::Tensor e, b;               ///< leaves [B,T,d]
    at::Tensor base_ids;           ///< ids of b where it is looked up; −1 = zero vector
    at::Tensor noise[3];           ///< of x, x', x''; the first undefined
    at::Tensor z, r;               ///< [3B or B, …]
    std::int64_t inputs = 1;
    at::Tensor predicted_negative, rival, y;

    at::Tensor input(int k) const { return noise[k].defined() ? e + noise[k] : e; }
    at::Tensor logits(int k) const { return z.narrow(0, k * batch.ids.size(0), batch.ids.size(0)).to(at::kDouble); }
    at::Tensor cls(int k) const { return r.narrow(0, k * batch.ids.size(0), batch.ids.size(0)).to(at::kDouble); }
  };

  Impl(const ModelConfig& c, Parameters& p, const SpecialIds& s, const ObjectiveOptions& o, at::ScalarType t) : config(c), parameters(p), specials(s), options(o), products(t) {
    const at::Tensor table = parameters.weights.word.detach();
    unit = embedding_unit(table);
    mean_norm = table.to(at::kDouble).square().sum(-1).sqrt().mean().item<double>();
    engine = Engine::make(config, parameters.weights, products);
    const std::int64_t C = parameters.weights.classes();
    const auto wide = at::TensorOptions().dtype(at::kDouble).device(table.device());
    state.mass = at::zeros({C, config.vocab_size}, wide);
    state.confusion = at::zeros({C, C}, wide);
    begin();
  }

  void begin() {
    masses.clear(), probabilities.clear(), gold.clear();
    engine->refresh();
    const at::ScalarType real = parameters.flat.scalar_type();
    network = std::make_unique<Network>(config, parameters.weights, products == real ? parameters.weights : cast(parameters.weights, products));
  }

  double weight(std::size_t term) const {
    const double w = options.*(terms()[term].weight);
    return term == overlap_term && options.overlap_ramp > 0 ? w * std::min(1.0, static_cast<double>(state.steps + 1) / options.overlap_ramp) : w;
  }
  bool wanted(const ObjectiveRequest& q, std::size_t term) const { return q.measure_all || options.*(terms()[term].weight) != 0; }

  void check(const Batch& b) const {
    const std::int64_t C = parameters.weights.classes();
    if (C < 2) throw std::invalid_argument(fmt::format("the model tells {} class(es) apart: the objective needs at least two", C));
    if (b.ids.dim() != 2 || b.mask.sizes() != b.ids.sizes() || b.labels.dim() != 1 || b.labels.size(0) != b.ids.size(0) || b.ids.numel() == 0)
      throw std::invalid_argument("a batch needs ids [B,T], mask [B,T] and labels [B]");
    if (b.ids.size(1) > config.max_positions) throw std::invalid_argument(fmt::format("ids are [{}, {}]: the model takes at most {} ids", b.ids.size(0), b.ids.size(1), config.max_positions));
    if (b.ids.min().item<std::int64_t>() < 0 || b.ids.max().item<std::int64_t>() >= config.vocab_size) throw std::invalid_argument(fmt::format("ids hold a value outside 0 to {}", config.vocab_size - 1));
    if (b.mask.ne(0).logical_and(b.mask.ne(1)).any().item<bool>()) throw std::invalid_argument("mask holds a value other than 0 and 1");
    if (const at::Tensor empty = b.mask.ne(0).any(-1).logical_not().nonzero(); empty.numel() > 0) throw std::invalid_argument(fmt::format("mask: row {} is 0 everywhere: a post without a token", empty[0][0].item<std::int64_t>()));
    if (b.labels.min().item<std::int64_t>() < 0 || b.labels.max().item<std::int64_t>() >= C) throw std::invalid_argument(fmt::format("labels hold a value outside 0 to {}", C - 1));
    for (const at::Tensor* n : {&b.noise_positive, &b.noise_negative})
      if (n->defined() && (n->dim() != 3 || n->size(0) != b.ids.size(0) || n->size(1) != b.ids.size(1) || n->size(2) != config.hidden_size))
        throw std::invalid_argument(fmt::format("noise must be [{}, {}, {}]", b.ids.size(0), b.ids.size(1), config.hidden_size));
  }

  at::Tensor noise(const Batch& batch, const Run& run, bool negative, std::uint64_t seed) const {
    const at::Tensor& given = negative ? batch.noise_negative : batch.noise_positive;
    if (given.defined()) return given.to(run.e.options().requires_grad(false));
    return draw_perturbation({options, unit, run.e, run.free, run.mask, batch.labels, parameters.weights.word, specials}, *engine, negative, seed);
  }

  void prepare(Run& run) const {
    at::NoGradGuard no_grad;
    const Batch& batch = run.batch;
    const at::Tensor real_tokens = batch.mask.ne(0), special = special_mask(batch.ids, specials);
    run.free = real_tokens.logical_and(special.logical_not());
    run.keep = run.free.to(at::kDouble);
    const at::ScalarType real = parameters.flat.scalar_type();
    if (!real_tokens.all().item<bool>()) run.mask = real_tokens.to(real);
    run.y = batch.labels;
    run.e = look_up(parameters.weights.word, batch.ids);
    run.base_ids = baseline_ids(options.baseline, batch.ids, special, specials, run.request.seed);
    run.b = look_up(parameters.weights.word, run.base_ids);
  }

  bool needs(const ObjectiveRequest& q, std::initializer_list<std::size_t> some) const {
    return std::any_of(some.begin(), some.end(), [&](std::size_t t) { return wanted(q, t); });
  }

  /// Adds the gradients of the leaves e and b to the rows of the word embeddings that they were looked up from.
  void scatter(Run& run) const {
    at::NoGradGuard no_grad;
    at::Tensor rows = parameters.weights.word.grad();
    const auto add = [&](const at::Tensor& leaf, const at::Tensor& ids) {
      if (!leaf.grad().defined()) return;
      const at::Tensor flat = ids.flatten(), where = flat.ge(0).nonzero().flatten();
      rows.index_add_(0, flat.index_select(0, where), leaf.grad().flatten(0, 1).index_select(0, where));
      leaf.mutable_grad() = at::Tensor();
    };
    add(run.e, run.batch.ids);
    add(run.b, run.base_ids);
  }

  /// A strided sample of the flat gradient, about a million entries: enough for the shares of large models, everything for small ones.
  at::Tensor sample() const {
    const std::int64_t n = parameters.flat_gradient.numel(), stride = std::max<std::int64_t>(1, n >> 20);
    return parameters.flat_gradient.slice(0, 0, n, stride).to(at::kDouble).clone();
  }

  TermValues evaluate(const Batch& batch, const ObjectiveRequest& request) {
    check(batch);
    at::AutoGradMode with_grad(request.gradient || request.measure_norms);
    Run run{batch, request, {}, {}, {}, {}, {}, {}, {}, {}, {}, 1, {}, {}, {}};
    prepare(run);
    const bool backward = request.gradient || request.measure_norms;
    if (backward) run.e.requires_grad_(), run.b.requires_grad_();
    const bool perturbed = needs(request, {attribution_term, cls_term, positive_term, negative_term});
    const bool attributed = needs(request, {attribution_term, overlap_term, prior_term});
    if (perturbed) {
      at::NoGradGuard no_grad;
      run.inputs = 3;
      run.noise[1] = noise(batch, run, false, request.seed);
      run.noise[2] = noise(batch, run, true, request.seed);
    }
    forward(run);
    TermValues out;
    out.values.assign(term_count, std::numeric_limits<double>::quiet_NaN());
    std::vector<at::Tensor> term(term_count);
    logit_terms(run, term);
    std::vector<at::Tensor> A;
    if (attributed) attribution_terms(run, term, A, backward);
    for (std::size_t t = 0; t < term_count; ++t) {
      if (!term[t].defined()) continue;
      out.values[t] = term[t].item<double>();
      if (weight(t) != 0) out.total += weight(t) * out.values[t];
    }
    if (perturbed) {
      const at::Tensor p = run.predicted_negative.to(at::kCPU);
      out.predicted_negative.assign(p.data_ptr<std::int64_t>(), p.data_ptr<std::int64_t>() + p.numel());
    }
    if (request.measure_norms && term[attribution_term].defined()) out.attribution_gradient_norm = attribution_norm(run, term[attribution_term], A);
    if (request.gradient) gradient(run, term, A, out);
    if (request.gradient) {
      if (wanted(request, overlap_term) && !A.empty()) masses.push_back({A[0].detach(), run.keep, batch.ids, run.y});
      if (request.last) {
        update_mass(state.mass, masses);
        ++state.steps;
        masses.clear(), probabilities.clear(), gold.clear();
      }
    }
    return out;
  }

  void forward(Run& run) {
    std::vector<at::Tensor> inputs;
    for (int k = 0; k < run.inputs; ++k) inputs.push_back(run.input(k));
    const at::Tensor all = run.inputs == 1 ? inputs[0] : at::cat(inputs);
    const at::Tensor mask = run.mask.defined() ? run.mask.repeat({run.inputs, 1}) : run.mask;
    run.r = network->encode(network->embedding_block(all, run.request.dropout), mask, run.request.dropout);
    run.z = network->logits(run.r, run.request.dropout);
    at::NoGradGuard no_grad;
    if (run.inputs == 3) run.predicted_negative = run.logits(2).argmax(-1);
    if (run.request.gradient) {
      probabilities.push_back(at::softmax(run.logits(0), -1)), gold.push_back(run.y);
      if (run.request.last) update_confusion(state.confusion, at::cat(probabilities), at::cat(gold));
    }
    run.rival = rivals(state.confusion, run.y, rival);
  }

  void logit_terms(Run& run, std::vector<at::Tensor>& term) const {
    const ObjectiveRequest& q = run.request;
    if (wanted(q, class_term)) term[class_term] = cross_entropy(run.logits(0), run.y).mean();
    if (wanted(q, cls_term)) {
      const at::Tensor r = run.cls(0), one = at::ones_like(r).detach();
      term[cls_term] = triplet(cosine_distance(r, run.cls(1), one), cosine_distance(r, run.cls(2), one), options.margin).mean();
    }
    if (wanted(q, positive_term)) term[positive_term] = jensen_shannon(run.logits(0), at::log_softmax(run.logits(1), -1)).mean();
    if (wanted(q, negative_term)) {
      const at::Tensor z = run.logits(2);
      switch (options.negative) {
        case NegativeTerm::jsd: term[negative_term] = jensen_shannon(z, log_uniform_others(run.y, z.size(1), at::kDouble)).mean(); break;
        case NegativeTerm::entropy: term[negative_term] = entropy_maximising(z).mean(); break;
        case NegativeTerm::margin: term[negative_term] = margin_leave(z, run.y, options.negative_margin).mean(); break;
      }
    }
  }

  PathInput path_input(const Run& run, int k) const { return {run.input(k), k == 2 ? run.predicted_negative : run.y, foil(run, k)}; }

  /// For Output::difference: the rival of the gold class; for x'' the runner-up of its own prediction.
  at::Tensor foil(const Run& run, int k) const {
    if (options.output != Output::difference) return {};
    at::NoGradGuard no_grad;
    const at::Tensor target = k == 2 ? run.predicted_negative : run.y;
    if (k < 2) return run.rival;
    return run.logits(k).scatter(1, target.unsqueeze(1), -std::numeric_limits<double>::infinity()).argmax(-1);
  }

  void attribution_terms(Run& run, std::vector<at::Tensor>& term, std::vector<at::Tensor>& A, bool backward) {
    const ObjectiveRequest& q = run.request;
    const int inputs = wanted(q, attribution_term) ? 3 : 1;
    const Nodes rule = draw_nodes(options, options.steps, mix_seed(q.seed, pass_one_seed));
    for (int k = 0; k < inputs; ++k) {
      const PathInput input = path_input(run, k);
      if (options.graph == GraphMode::kept && backward) {
        A.push_back(attributions_with_graph(*network, input, run.b, run.mask, rule, options));
      } else {
        A.push_back(attributions(*engine, *network, input, run.b, run.mask, rule, options));
        if (backward) A.back().requires_grad_();
      }
    }
    if (wanted(q, attribution_term))
      term[attribution_term] = triplet(distance(options.distance, A[0], A[1], run.keep), distance(options.distance, A[0], A[2], run.keep), options.margin).mean();
    if (wanted(q, overlap_term)) term[overlap_term] = overlap_penalty(A[0], run.keep, state.mass, run.batch.ids, run.y, run.rival).mean();
    if (wanted(q, prior_term)) {
      at::Tensor shared = run.batch.marked;
      if (options.prior_words == PriorWords::sharedness || !shared.defined()) {
        if (!state.document_counts.defined()) throw std::invalid_argument("weight.prior needs the document counts of the training posts, or marked words");
        shared = sharedness(state.document_counts, run.batch.ids, run.y, run.rival);
      }
      term[prior_term] = prior_penalty(A[0], run.keep, shared.to(at::kDouble)).mean();
    }
  }

  /// Adds the gradient of `loss` (a function of A) to the parameters. `keep`: the graph of A is needed again.
  void backward_attributions(Run& run, const at::Tensor& loss, const std::vector<at::Tensor>& A, bool keep) {
    if (options.graph == GraphMode::kept) {
      torch::autograd::backward({loss}, {}, keep);
      return;
    }
    const auto u = torch::autograd::grad({loss}, A, {}, keep, false, true);
    const std::uint64_t seed = run.request.seed;
    const Nodes rule = draw_gradient_nodes(options, draw_nodes(options, options.steps, mix_seed(seed, pass_one_seed)), options.gradient_steps, mix_seed(seed, pass_two_seed));
    for (std::size_t k = 0; k < A.size(); ++k) {
      if (!u[k].defined()) continue;
      const PathInput input = path_input(run, static_cast<int>(k));
      const int which = static_cast<int>(k);
      backward_through_attributions(*network, [&run, which] { return std::pair{run.input(which), run.b}; }, input.target, input.foil, u[k].detach(), run.mask, rule, options);
    }
  }

  double attribution_norm(Run& run, const at::Tensor& loss, const std::vector<at::Tensor>& A) {
    const at::Tensor before = parameters.flat_gradient.clone();
    parameters.zero_gradients();
    backward_attributions(run, loss, A, true);
    scatter(run);
    const double norm = parameters.flat_gradient.to(at::kDouble).square().sum().sqrt().item<double>();
    parameters.flat_gradient.copy_(before);
    return norm;
  }

  void gradient(Run& run, const std::vector<at::Tensor>& term, const std::vector<at::Tensor>& A, TermValues& out) {
    struct Part {
      std::vector<std::size_t> terms;
      bool attribution;
    };
    const auto on = [&](std::size_t t) { return term[t].defined() && weight(t) != 0; };
    const bool kept = options.graph == GraphMode::kept;
    std::vector<Part> parts;
    for (std::size_t t = 0; t < term_count; ++t) {
      if (!on(t)) continue;
      const bool attribution = t == attribution_term || t == overlap_term || t == prior_term;
      // Terms of one kind share a reverse pass; the terms on logits come first, then those on attributions.
      Part* home = nullptr;
      if (!run.request.shares)
        for (Part& p : parts)
          if (kept || p.attribution == attribution) home = &p;
      if (home)
        home->terms.push_back(t), home->attribution = home->attribution || attribution;
      else
        parts.push_back({{t}, attribution});
    }
    const bool shares = run.request.shares && parts.size() > 1;  // of a single term it is 1
    at::Tensor before;
    std::vector<at::Tensor> samples;
    if (shares) before = parameters.flat_gradient.clone();
    for (std::size_t k = 0; k < parts.size(); ++k) {
      at::Tensor loss;
      for (const std::size_t t : parts[k].terms) {
        const at::Tensor one = term[t] * (weight(t) * run.request.scale);
        loss = loss.defined() ? loss + one : one;
      }
      const bool more = k + 1 < parts.size();
      if (shares) parameters.flat_gradient.zero_();
      if (parts[k].attribution && !kept)
        backward_attributions(run, loss, A, more);
      else
        torch::autograd::backward({loss}, {}, more);
      scatter(run);
      if (shares) {
        samples.push_back(sample());
        before.add_(parameters.flat_gradient);
      }
    }
    if (run.request.shares && !parts.empty()) out.shares.assign(term_count, 0.0);
    if (run.request.shares && parts.size() == 1) out.shares[parts[0].terms[0]] = 1;
    if (!shares) return;
    parameters.flat_gradient.copy_(before);
    at::Tensor whole = at::zeros_like(samples[0]);
    for (const at::Tensor& s : samples) whole += s;
    const double squared = whole.square().sum().item<double>();
    for (std::size_t k = 0; k < parts.size(); ++k) out.shares[parts[k].terms[0]] = squared > 0 ? (samples[k] * whole).sum().item<double>() / squared : 0;
  }
};

Objective::Objective(const ModelConfig& config, Parameters& parameters, const SpecialIds& specials, const ObjectiveOptions& options, at::ScalarType products)
    : impl_(std::make_unique<Impl>(config, parameters, specials, options, products)) {}
Objective::~Objective() = default;
double Objective::unit() const { return impl_->unit; }
double Objective::mean_norm() const { return impl_->mean_norm; }
void Objective::set_unit(double unit, double mean_norm) {
  impl_->unit = unit;
  impl_->mean_norm = mean_norm;
}
ObjectiveState& Objective::state() { return impl_->state; }
const ObjectiveOptions& Objective::options() const { return impl_->options; }
void Objective::set_rival(std::int64_t index) { impl_->rival = index; }
void Objective::begin_step() { impl_->begin(); }
TermValues Objective::evaluate(const Batch& batch, const ObjectiveRequest& request) {
  flush_denormals();
  return impl_->evaluate(batch, request);
}

}  // namespace telltale
