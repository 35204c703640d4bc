// The table itself. A new setting is a member of TrainingSettings and a row here.
#include <cmath>
#include <stdexcept>
#include <utility>

#include "training/settings.hpp"

namespace telltale {
namespace {

using Settings = TrainingSettings;

/// A row over the member that `at(settings)` names; `at` works for const and mutable settings.
template <class At>
SettingInfo number(std::string id, std::string name, At at, double low, double high, std::string unit, std::string group, std::string term, std::string meaning) {
  SettingInfo s{std::move(id), std::move(name), SettingType::number, std::move(unit), {}, low, high, false, {}, std::move(group), std::move(term), std::move(meaning), {}, {}};
  s.get = [at](const Settings& t) { return Json(at(t)); };
  s.set = [at](Settings& t, const Json& v) { at(t) = v.get<double>(); };
  return s;
}

template <class At>
SettingInfo above(std::string id, std::string name, At at, double low, double high, std::string unit, std::string group, std::string term, std::string meaning) {
  SettingInfo s = number(std::move(id), std::move(name), at, low, high, std::move(unit), std::move(group), std::move(term), std::move(meaning));
  s.low_open = true;
  return s;
}

template <class At>
SettingInfo integer(std::string id, std::string name, At at, double low, double high, std::string unit, std::string group, std::string term, std::string meaning) {
  SettingInfo s = number(std::move(id), std::move(name), at, low, high, std::move(unit), std::move(group), std::move(term), std::move(meaning));
  s.type = SettingType::integer;
  s.set = [at](Settings& t, const Json& v) { at(t) = v.get<std::decay_t<decltype(at(t))>>(); };
  return s;
}

template <class At, class E>
SettingInfo choice(std::string id, std::string name, At at, std::vector<std::pair<std::string, E>> values, std::string group, std::string term, std::string meaning) {
  SettingInfo s{std::move(id), std::move(name), SettingType::choice, "", {}, 0, 0, false, {}, std::move(group), std::move(term), std::move(meaning), {}, {}};
  for (const auto& v : values) s.choices.push_back(v.first);
  s.get = [at, values](const Settings& t) {
    for (const auto& [text, value] : values)
      if (value == at(t)) return Json(text);
    throw std::logic_error("a choice without a name");
  };
  s.set = [at, values](Settings& t, const Json& v) {
    for (const auto& [text, value] : values)
      if (text == v.get_ref<const std::string&>()) at(t) = value;
  };
  return s;
}

template <class At>
SettingInfo text(std::string id, std::string name, At at, std::string group, std::string term, std::string meaning) {
  SettingInfo s{std::move(id), std::move(name), SettingType::text, "", {}, 0, 0, false, {}, std::move(group), std::move(term), std::move(meaning), {}, {}};
  s.get = [at](const Settings& t) { return Json(at(t)); };
  s.set = [at](Settings& t, const Json& v) { at(t) = v.get<std::string>(); };
  return s;
}

/// A dropout probability, or "model": what the model's config.json says.
template <class At>
SettingInfo model_dropout(std::string id, std::string name, At at, std::string meaning) {
  SettingInfo s = number(std::move(id), std::move(name), at, 0, 0.9, "probability", "optimiser", "dropout", std::move(meaning));
  s.choices = {"model"};
  s.get = [at](const Settings& t) { return at(t) < 0 ? Json("model") : Json(at(t)); };
  s.set = [at](Settings& t, const Json& v) { at(t) = v.is_string() ? Settings::of_model : v.get<double>(); };
  return s;
}

#define AT(member) [](auto& t) -> auto& { return t.member; }

std::vector<SettingInfo> make_table() {
  constexpr double most_weight = 1e6, most_steps = 1e9;
  const std::string weight = "L = Σ weight · term";
  std::vector<SettingInfo> table = {
      number("weight.class", "Class", AT(objective.weight_class), 0, most_weight, "", "objective", "class", "Weight of the cross-entropy CE(z, y): what plain finetuning minimises."),
      number("weight.attribution", "Attribution triplet", AT(objective.weight_attribution), 0, most_weight, "", "objective", "attribution", "Weight of max(0, d(A, A') − d(A, A'') + α): explanations of near copies stay alike, of far copies part."),
      number("weight.cls", "[CLS] triplet", AT(objective.weight_cls), 0, most_weight, "", "objective", "cls", "Weight of the same triplet on the final states of [CLS], cosine distance."),
      number("weight.positive", "Positive", AT(objective.weight_positive), 0, most_weight, "", "objective", "positive", "Weight of JSD(p ‖ p'): a near copy is classified alike."),
      number("weight.negative", "Negative", AT(objective.weight_negative), 0, most_weight, "", "objective", "negative", "Weight of the term on far copies: JSD(p'' ‖ U_y), or what `negative` names."),
      number("weight.overlap", "Overlap penalty", AT(objective.weight_overlap), 0, most_weight, "", "objective", "overlap", "Weight of the penalty on attribution to words that the rival class leans on; ramped over the first 10 steps."),
      number("weight.prior", "Shared-word prior", AT(objective.weight_prior), 0, most_weight, "", "objective", "prior", "Weight of the penalty on attribution to words that a class shares with its rival in the training posts, or to words marked by people."),
      number("margin", "Margin α", AT(objective.margin), 0, 2, "distance", "objective", "attribution, cls", "α of both triplets. Distances run from 0 to 2; at 2 the hinge never closes."),
      choice("distance", "Distance of attributions", AT(objective.distance), std::vector<std::pair<std::string, Distance>>{{"cosine", Distance::cosine}, {"pearson", Distance::pearson}}, "objective", "attribution", "d of the attribution triplet; [CLS] states always take the cosine."),
      choice("negative", "Negative term", AT(objective.negative), std::vector<std::pair<std::string, NegativeTerm>>{{"jsd", NegativeTerm::jsd}, {"entropy", NegativeTerm::entropy}, {"margin", NegativeTerm::margin}}, "objective", "negative", "jsd: JSD(p'' ‖ U_y); entropy: 1 − H(p'')/ln C; margin: max(0, m + z''_y − max z''_c)."),
      number("negative.margin", "Logit margin m", AT(objective.negative_margin), 0, 100, "logits", "objective", "negative", "m of the negative term `margin`."),
      text("rival", "Rival class", AT(objective.rival), "objective", "overlap, prior, shared-word dropout", "auto: the class that posts of y are mixed up with most, by a moving average; or the name of a class."),
      choice("prior.words", "Words of the prior", AT(objective.prior_words), std::vector<std::pair<std::string, PriorWords>>{{"sharedness", PriorWords::sharedness}, {"marked", PriorWords::marked}}, "objective", "prior", "sharedness s(w) counted in the training posts, or words that people marked in the posts."),

      number("epsilon", "ε", AT(objective.epsilon), 0, 1000, "units", "perturbation", "attribution, cls, positive", "Radius of the near copies x', in units of the embedding table: median distance of a word to its nearest."),
      number("epsilon2", "ε₂", AT(objective.epsilon2), 0, 1000, "units", "perturbation", "attribution, cls, negative", "Outer radius of the far copies x''; the inner one is ε."),
      choice("perturbation.radius", "Radius law", AT(objective.radius), std::vector<std::pair<std::string, RadiusLaw>>{{"volume", RadiusLaw::volume}, {"exponential", RadiusLaw::exponential}, {"fixed", RadiusLaw::fixed}}, "perturbation", "x', x''", "volume: uniform in the ball (in many dimensions: at the rim); exponential: rate 1, cut at ε (published code); fixed: ε/2 and the middle of the annulus."),
      choice("perturbation.sampler", "Sampler", AT(objective.sampler), std::vector<std::pair<std::string, Sampler>>{{"ball", Sampler::ball}, {"nearest-token", Sampler::nearest_token}, {"adversarial", Sampler::adversarial}}, "perturbation", "x', x''", "ball: random directions; nearest-token: snapped to the nearest word of the vocabulary; adversarial: far copies in the direction in which the runner-up class rises most."),

      integer("attribution.steps", "Nodes of pass one", AT(objective.steps), 1, 1000, "nodes", "attribution", "A(e, c)", "Nodes of the path that the values of the attributions take. Sets both passes unless attribution.gradient_steps is given."),
      integer("attribution.gradient_steps", "Nodes of pass two", AT(objective.gradient_steps), 1, 1000, "nodes", "attribution", "A(e, c)", "Nodes that the gradient through the attributions takes. With attribution.draw=stratified they are some of those of pass one, at most all."),
      choice("attribution.draw", "Draw of nodes", AT(objective.draw), std::vector<std::pair<std::string, NodeDraw>>{{"fixed", NodeDraw::fixed}, {"stratified", NodeDraw::stratified}}, "attribution", "A(e, c)", "fixed: the nodes of the rule; stratified: one drawn in each part of the path, anew at every step, seeded."),
      choice("attribution.graph", "Graph", AT(objective.graph), std::vector<std::pair<std::string, GraphMode>>{{"two-pass", GraphMode::two_pass}, {"kept", GraphMode::kept}}, "attribution", "A(e, c)", "two-pass: memory does not grow with the nodes; kept: the graph of all nodes stays, faster for very few."),
      choice("attribution.second_order", "Second derivatives", AT(objective.second_order), std::vector<std::pair<std::string, SecondOrder>>{{"tangent", SecondOrder::tangent}, {"double-backward", SecondOrder::double_backward}}, "attribution", "A(e, c)", "How pass two differentiates: value and tangent carried forward, then one reverse pass; or backward twice. Equal results."),
      choice("attribution.output", "Output F", AT(objective.output), std::vector<std::pair<std::string, Output>>{{"probability", Output::probability}, {"logit", Output::logit}, {"log-odds", Output::log_odds}, {"difference", Output::difference}}, "attribution", "A(e, c)", "What is attributed: p_c, z_c, z_c − logsumexp of the others, or z_c − z of the rival."),
      choice("attribution.path", "Path", AT(objective.path), std::vector<std::pair<std::string, Path>>{{"word", Path::word}, {"embeddings", Path::embeddings}}, "attribution", "A(e, c)", "Straight line between word embeddings, or at the output of the whole embedding block (published code)."),
      choice("attribution.quadrature", "Quadrature", AT(objective.quadrature), std::vector<std::pair<std::string, Quadrature>>{{"gauss-legendre", Quadrature::gauss_legendre}, {"midpoint", Quadrature::midpoint}, {"trapezoid", Quadrature::trapezoid}}, "attribution", "A(e, c)", "Rule of the path integral."),
      choice("attribution.baseline", "Baseline", AT(objective.baseline), std::vector<std::pair<std::string, TrainingBaseline>>{{"pad", TrainingBaseline::pad}, {"mask", TrainingBaseline::mask}, {"zero", TrainingBaseline::zero}, {"random", TrainingBaseline::random}}, "attribution", "A(e, c)", "b: the embedding of [PAD] or [MASK], zero, or drawn for each post among these and another post, so that no one baseline is learnt."),

      integer("epochs", "Epochs", AT(epochs), 1, 10000, "epochs", "optimiser", "schedule", "Passes over the training posts."),
      integer("batch", "Batch", AT(batch), 1, 4096, "posts", "optimiser", "schedule", "Posts that go through the network together."),
      integer("accumulate", "Accumulation", AT(accumulate), 1, 4096, "batches", "optimiser", "schedule", "Batches whose gradients make one step; the last step of an epoch takes what is left."),
      above("learning_rate", "Learning rate", AT(learning_rate), 0, 1, "per step", "optimiser", "AdamW", "Highest rate: reached after warm-up, then falling linearly to 0."),
      number("weight_decay", "Weight decay", AT(weight_decay), 0, 1, "", "optimiser", "AdamW", "Decoupled; not applied to biases and LayerNorm (Loshchilov & Hutter 2019)."),
      number("warmup", "Warm-up", AT(warmup), 0, 1, "share of steps", "optimiser", "schedule", "Share of the steps in which the rate rises from 0."),
      number("clip", "Clipping", AT(clip), 0, 1e9, "gradient norm", "optimiser", "AdamW", "Norm that all gradients together are cut to; 0 = not cut."),
      number("beta1", "β₁", AT(beta1), 0, 0.9999999, "", "optimiser", "AdamW", "Decay of the first moment."),
      number("beta2", "β₂", AT(beta2), 0, 0.9999999, "", "optimiser", "AdamW", "Decay of the second moment."),
      number("adam_epsilon", "AdamW's ε", AT(adam_epsilon), 1e-15, 1, "", "optimiser", "AdamW", "Added to the root of the second moment."),
      model_dropout("dropout.hidden", "Dropout", AT(dropout_hidden), "Dropout of hidden states in training."),
      model_dropout("dropout.attention", "Attention dropout", AT(dropout_attention), "Dropout of attention probabilities in training."),
      model_dropout("dropout.classifier", "Classifier dropout", AT(dropout_classifier), "Dropout before the classification head in training."),
      number("dropout.shared", "Shared-word dropout q", AT(dropout_shared), 0, 1, "probability", "objective", "shared-word dropout", "In training a token is replaced with probability q · s(w), s the sharedness of its piece between class and rival."),
      choice("dropout.replace", "Dropped words become", AT(dropout_replace), std::vector<std::pair<std::string, SharedDrop>>{{"mask", SharedDrop::mask}, {"pad", SharedDrop::pad}, {"delete", SharedDrop::remove}}, "objective", "shared-word dropout", "What shared-word dropout puts in a token's place; delete leaves it out."),

      integer("max_length", "Length", AT(max_length), 3, 100000, "ids", "data", "tokeniser", "Ids of a post that the model reads, [CLS] and [SEP] included; longer posts are cut. At most the model's positions."),
      integer("seed", "Seed", AT(seed), 0, 18446744073709549568.0, "", "data", "all draws", "Seed of order, dropout, noise, nodes and a new head. Runs of one seed see the same batches."),
      text("validation_split", "Validated on", AT(validation_split), "data", "validation", "auto: the split `validation` if the data have one, else `test`; held-out: a share of the training posts; or the name of a split."),
      above("held_out", "Held-out share", AT(held_out), 0, 0.9, "share", "data", "validation", "Share of each class's training posts that is kept from training when validation_split is held-out."),
      choice("keep", "Weights kept", AT(keep), std::vector<std::pair<std::string, KeptWeights>>{{"last", KeptWeights::last}, {"best", KeptWeights::best}}, "record", "final weights", "The weights of the last step, or of the best validation (by accuracy, then NLL)."),
      integer("validate_steps", "Validate every", AT(validate_steps), 0, most_steps, "steps", "record", "validation", "0 = at the end of every epoch."),
      integer("checkpoint_steps", "Checkpoint every", AT(checkpoint_steps), 0, most_steps, "steps", "record", "checkpoints", "0 = at the end of every epoch. What a resume goes back to."),
      integer("checkpoint_keep", "Checkpoints kept", AT(checkpoint_keep), 0, 10000, "checkpoints", "record", "checkpoints", "Earlier checkpoints that stay on disk, the newest ones, beside the last and the best; TracIn adds up over them."),
      integer("film_steps", "Film every", AT(film_steps), 0, most_steps, "steps", "record", "attribution film", "How often the pinned posts are explained anew; 0 = never."),
      integer("probe_steps", "Probe every", AT(probe_steps), 0, most_steps, "steps", "record", "terms of weight 0", "How often every term, those of weight 0 too, is measured on one fixed batch; 0 = never."),
      integer("share_steps", "Shares every", AT(share_steps), 0, most_steps, "steps", "record", "gradient shares", "How often each term's share of the gradient is measured (one more reverse pass a term); 0 = never."),
  };
  const Settings defaults;
  for (SettingInfo& s : table) {
    s.initial = s.get(defaults);
    if (s.term.empty()) s.term = weight;
  }
  return table;
}

}  // namespace

const std::vector<SettingInfo>& settings_table() {
  static const std::vector<SettingInfo> table = make_table();
  return table;
}

}  // namespace telltale
