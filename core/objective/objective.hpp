// L = Σ weight · term (METHOD.md, "Objective"), with its exact gradient, the one through the attributions included. For core only (torch).
#pragma once
#include <ATen/ATen.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "model/network.hpp"
#include "objective/options.hpp"
#include "text/tokenizer.hpp"

namespace telltale {

/// One row of the table of terms; the form, `--set`, the charts and the tests read it.
struct TermInfo {
  std::string id;       ///< "class", "attribution", "cls", "positive", "negative", "overlap", "prior"
  std::string name, formula, source;
  std::string setting;  ///< "weight.class"
  double low = 0, high = 0;  ///< range of the term; high infinite where unbounded
  double ObjectiveOptions::*weight = nullptr;
};
const std::vector<TermInfo>& terms();

/// A padded batch on the model's device. B texts, T ids.
struct Batch {
  at::Tensor ids, mask, labels;                    ///< [B,T] int64, [B,T] int64 (1 = real), [B] int64
  at::Tensor noise_positive, noise_negative;       ///< [B,T,d], optional: given noise instead of drawn
  at::Tensor marked;                               ///< [B,T], optional: weight s of marked words in place of sharedness
  std::vector<std::int64_t> documents;             ///< ids for the record
};

/// Sharedness counts and moving averages: state of a run that a checkpoint must keep.
struct ObjectiveState {
  at::Tensor document_counts;  ///< [C,V] double: training posts of class c that hold piece w (constant in a run)
  at::Tensor mass;             ///< M [C,V] double, overlap penalty
  at::Tensor confusion;        ///< [C,C] double: moving average of the probability that posts of y give each other class
  std::int64_t steps = 0;      ///< steps taken, for the ramp
};

struct TermValues {
  std::vector<double> values;             ///< one per row of terms(); NaN = not measured
  double total = 0;                       ///< weighted sum
  std::vector<double> shares;             ///< of each term in the squared norm of the gradient, ⟨g_i, g⟩/‖g‖² (on a strided sample of about 2^20 entries), sum 1; empty = not measured
  double attribution_gradient_norm = 0;   ///< of the attribution triplet alone, unweighted; only with `measure_norms`
  std::vector<int> predicted_negative;    ///< ŷ''
};

struct ObjectiveRequest {
  bool gradient = true;         ///< add the gradient of `scale`·total to the parameters' flat gradient
  double scale = 1;
  bool last = true;             ///< of the batches of a step, whose gradients are added up: with it the ramp and the moving averages go one step on
  bool shares = false;          ///< measure each term's share (one more reverse pass for each)
  bool measure_all = false;     ///< terms of weight 0 are measured too (probe)
  bool measure_norms = false;   ///< attribution_gradient_norm
  const Dropout* dropout = nullptr;
  std::uint64_t seed = 0;       ///< noise, node draws, random baselines
};

class Objective {
 public:
  /// `parameters` must outlive it. `products`: dtype of the matrix products (kBFloat16) or the parameters' own.
  Objective(const ModelConfig& config, Parameters& parameters, const SpecialIds& specials, const ObjectiveOptions& options, at::ScalarType products);
  ~Objective();

  /// Median over the vocabulary of the distance of a word embedding to its nearest other (METHOD.md); ε = epsilon · unit.
  double unit() const;
  double mean_norm() const;  ///< mean ‖e_w‖ over the vocabulary
  /// Both as measured when the run began: a resumed run must not measure them on the table as it is now.
  void set_unit(double unit, double mean_norm);
  ObjectiveState& state();
  const ObjectiveOptions& options() const;

  /// Values of the terms and, on request, the gradient. Call begin_step() first whenever the parameters changed.
  void set_rival(std::int64_t index);  ///< a class named by the user; −1 (at first): the automatic one
  TermValues evaluate(const Batch& batch, const ObjectiveRequest& request);
  void begin_step();

  struct Impl;

 private:
  std::unique_ptr<Impl> impl_;
};

/// Median and helper of the unit: exact over the whole table, in blocks. table [V,d]. Throws Cancelled.
double embedding_unit(const at::Tensor& table, std::stop_token stop = {});

}  // namespace telltale
