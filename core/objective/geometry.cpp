#include "objective/geometry.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <stdexcept>

#include "base/random.hpp"
#include "model/classifier_impl.hpp"
#include "objective/attribution_pass.hpp"
#include "objective/distance.hpp"
#include "objective/inputs.hpp"
#include "objective/objective.hpp"
#include "objective/perturbation.hpp"

namespace telltale {
namespace {

constexpr int bins = 48;
constexpr std::uint64_t draw_stream = 0x64726177, radius_stream = 0x726164;  // "draw", "rad"

/// The plane through x (the origin), x' and x'': two orthonormal directions, in double. Where the three do not span one (ε = 0, a word snapped to
/// itself) the nearest words help out, then the axes.
struct Plane {
  at::Tensor one, two;  ///< [d]

  Plane(const at::Tensor& near, const at::Tensor& far, const at::Tensor& others) {
    add(near);
    add(far);
    for (std::int64_t k = 0; k < others.size(0) && !two.defined(); ++k) add(others[k]);
    for (std::int64_t k = 0; k < near.size(0) && !two.defined(); ++k) {
      at::Tensor axis = at::zeros_like(near);
      axis[k].fill_(1);
      add(axis);
    }
    if (!two.defined()) two = at::zeros_like(one);  // one dimension
  }

  GeometryPoint point(const at::Tensor& v) const {
    GeometryPoint p;
    const double x = v.dot(one).item<double>(), y = v.dot(two).item<double>();
    p.radius = v.norm().item<double>();
    p.angle = std::atan2(y, x);
    p.in_plane = p.radius > 0 ? std::min(1.0, std::hypot(x, y) / p.radius) : 1;
    return p;
  }

  std::vector<GeometryPoint> points(const at::Tensor& rows) const {
    std::vector<GeometryPoint> out;
    if (rows.size(0) == 0) return out;
    const at::Tensor x = at::mv(rows, one).contiguous(), y = at::mv(rows, two).contiguous(), r = rows.norm(2, {1}).contiguous();
    for (std::int64_t k = 0; k < rows.size(0); ++k) {
      GeometryPoint p;
      const double a = x.data_ptr<double>()[k], b = y.data_ptr<double>()[k];
      p.radius = r.data_ptr<double>()[k];
      p.angle = std::atan2(b, a);
      p.in_plane = p.radius > 0 ? std::min(1.0, std::hypot(a, b) / p.radius) : 1;
      out.push_back(std::move(p));
    }
    return out;
  }

 private:
  void add(const at::Tensor& v) {
    if (two.defined()) return;
    const double size = v.norm().item<double>();
    if (!(size > 0)) return;
    at::Tensor u = v / size;
    if (one.defined()) {
      u = u - u.dot(one) * one;
      const double rest = u.norm().item<double>();
      if (rest < 1e-7) return;
      u = u / rest;
      u = u - u.dot(one) * one;  // once more: what is left after a small rest
      two = u / u.norm();
    } else {
      one = u;
    }
  }
};

std::vector<double> found_shares(const std::vector<double>& radii, double bin) {
  std::vector<double> out(bins, 0);
  for (const double r : radii) out[static_cast<std::size_t>(std::clamp(static_cast<int>(std::ceil(r / bin - 1e-9)) - 1, 0, bins - 1))] += 1.0 / static_cast<double>(radii.size());
  return out;
}

std::vector<double> to_vector(const at::Tensor& t) {
  const at::Tensor d = t.detach().to(at::kCPU, at::kDouble).contiguous().flatten();
  return {d.data_ptr<double>(), d.data_ptr<double>() + d.numel()};
}

std::vector<std::int64_t> to_ids(const at::Tensor& t) {
  const at::Tensor d = t.detach().to(at::kCPU, at::kLong).contiguous().flatten();
  return {d.data_ptr<std::int64_t>(), d.data_ptr<std::int64_t>() + d.numel()};
}

/// One examination: what its parts share.
struct Examination {
  const Classifier::Impl& m;
  const GeometryRequest& q;
  const SpecialIds& specials;
  at::Tensor table, ids, special, free, e;
  std::vector<std::int64_t> where;  ///< positions that may be moved
  at::Tensor labels;                ///< [1]
  at::Tensor near, far;             ///< noise of the copies [copies,T,d]
  std::int64_t T = 0, d = 0;
  PerturbationGeometry out;

  Examination(const Classifier& model, const GeometryRequest& request) : m(model.impl()), q(request), specials(m.tokenizer->specials()) {
    if (!(q.scale.unit > 0)) throw std::invalid_argument("the unit of length must be above 0");
    T = static_cast<std::int64_t>(q.ids.size());
    if (T == 0 || T > m.config.max_positions) throw std::invalid_argument(fmt::format("{} ids: expected 1 to {}", T, m.config.max_positions));
    for (const std::int32_t id : q.ids)
      if (id < 0 || id >= m.config.vocab_size) throw std::invalid_argument(fmt::format("id {} is not in the vocabulary", id));
    table = m.parameters->weights.word.detach();
    ids = at::tensor(std::vector<std::int64_t>(q.ids.begin(), q.ids.end()), at::kLong).to(m.device).view({1, T});
    special = special_mask(ids, specials);
    free = special.logical_not();
    where = to_ids(free.flatten().nonzero());
    if (where.empty()) throw std::invalid_argument("the post has no token that may be moved");
    if (q.position >= 0 && std::find(where.begin(), where.end(), q.position) == where.end()) throw std::invalid_argument(fmt::format("position {} holds no token that may be moved", q.position));
    e = look_up(table, ids).to(m.engine->dtype());
    d = e.size(2);
    out.dimensions = static_cast<int>(d);
    out.scale = q.scale;
    out.epsilon = q.options.epsilon * q.scale.unit;
    out.epsilon2 = q.options.epsilon2 * q.scale.unit;
    out.law = q.options.radius;
    out.sampler = q.options.sampler;
    out.distance = q.options.distance;
  }

  bool head() const { return m.parameters->weights.classes() > 0; }
  std::string piece(std::int64_t id) const { return id >= 0 && id < m.tokenizer->size() ? m.tokenizer->token(static_cast<std::int32_t>(id)) : std::string(); }

  at::Tensor perturbation(const at::Tensor& embeddings, const at::Tensor& may_move, const at::Tensor& y, bool negative, std::uint64_t seed) const {
    ObjectiveOptions options = q.options;
    if (options.sampler == Sampler::adversarial && !head()) options.sampler = Sampler::ball;
    return draw_perturbation({options, q.scale.unit, embeddings, may_move, {}, y, table, specials}, *m.engine, negative, seed);
  }

  void classes() {
    at::Tensor z;
    if (head()) z = m.engine->logits(e.contiguous(), {}, Path::word).to(at::kDouble);
    out.label = q.label >= 0 ? q.label : head() ? static_cast<int>(z.argmax(-1).item<std::int64_t>()) : 0;
    if (head() && out.label >= z.size(1)) throw std::invalid_argument(fmt::format("class {}: the model has {}", out.label, z.size(1)));
    if (head() && static_cast<std::size_t>(out.label) < m.labels.size()) out.label_name = m.labels[static_cast<std::size_t>(out.label)];
    labels = at::full({1}, out.label, ids.options());
    const std::int64_t n = std::max(1, q.copies);
    const at::Tensor many = e.expand({n, T, d}).contiguous(), y = labels.expand({n}).contiguous(), may = free.expand({n, T}).contiguous();
    near = perturbation(many, may, y, false, q.seed);
    far = perturbation(many, may, y, true, q.seed);
    if (!head()) return;
    const at::Tensor copies = m.engine->logits(at::cat({e + near.narrow(0, 0, 1), e + far}).contiguous(), {}, Path::word).to(at::kDouble);
    const at::Tensor all = at::softmax(at::cat({z, copies}), -1), best = all.argmax(-1);
    const auto predicted = to_ids(best);
    for (int k = 0; k < 3; ++k) {
      GeometryClass c;
      c.predicted = static_cast<int>(predicted[static_cast<std::size_t>(k)]);
      if (static_cast<std::size_t>(c.predicted) < m.labels.size()) c.label = m.labels[static_cast<std::size_t>(c.predicted)];
      c.probability = all[k][c.predicted].item<double>();
      c.gold = all[k][out.label].item<double>();
      out.classes.push_back(std::move(c));
    }
    out.copies = static_cast<int>(n);
    for (std::size_t k = 2; k < predicted.size(); ++k) out.far_other += (predicted[k] != predicted[0]) / static_cast<double>(n);
  }

  at::Tensor input(int k) const { return (k == 0 ? e : e + (k == 1 ? near : far).narrow(0, 0, 1)).contiguous(); }

  /// Distances; the chosen token where none was named.
  void distances() {
    out.position = q.position;
    std::array<at::Tensor, 3> A;
    if (head()) {
      std::array<at::Tensor, 3> r;
      for (int k = 0; k < 3; ++k) r[static_cast<std::size_t>(k)] = m.engine->cls(input(k), {}, Path::word).to(at::kDouble);
      out.cls = pairwise(r, [](const at::Tensor& a, const at::Tensor& b) { return cosine_distance(a, b, at::ones_like(a)); });
    }
    if (head() && q.attributions) {
      const at::Tensor b = look_up(table, baseline_ids(q.options.baseline, ids, special, specials, q.seed)).to(e.scalar_type());
      const Network network(m.config, m.parameters->weights);
      const Nodes rule = draw_nodes(q.options, q.options.steps, mix_seed(q.seed, pass_one_seed));
      for (int k = 0; k < 3; ++k) {
        const at::Tensor target = k == 2 ? at::full({1}, out.classes[2].predicted, ids.options()) : labels;
        A[static_cast<std::size_t>(k)] = attributions(*m.engine, network, {input(k), target, foil(k, target)}, b, {}, rule, q.options);
      }
      const at::Tensor keep = free.to(at::kDouble);
      out.attribution = pairwise(A, [&](const at::Tensor& a, const at::Tensor& c) { return distance(q.options.distance, a, c, keep); });
    }
    if (out.position >= 0) return;
    if (A[0].defined()) {
      out.position = static_cast<int>((A[0].abs() * free.to(at::kDouble) - special.to(at::kDouble)).argmax().item<std::int64_t>());
    } else {
      const auto length = [&](std::int64_t t) { return piece(q.ids[static_cast<std::size_t>(t)]).size(); };
      out.position = static_cast<int>(*std::max_element(where.begin(), where.end(), [&](auto a, auto c) { return length(a) < length(c); }));
    }
  }

  at::Tensor foil(int k, const at::Tensor& target) const {
    if (q.options.output != Output::difference) return {};
    if (k < 2 && q.rival >= 0) return at::full({1}, q.rival, ids.options());
    return m.engine->logits(input(k), {}, Path::word).scatter(1, target.unsqueeze(1), -std::numeric_limits<double>::infinity()).argmax(-1);
  }

  template <class D>
  static GeometryDistances pairwise(const std::array<at::Tensor, 3>& v, const D& d) {
    GeometryDistances out;
    out.near = d(v[0], v[1]).template item<double>();
    out.far = d(v[0], v[2]).template item<double>();
    out.between = d(v[1], v[2]).template item<double>();
    return out;
  }

  void tokens() {
    // Those around the chosen one, when not all are wanted.
    const auto chosen = std::find(where.begin(), where.end(), out.position) - where.begin();
    const auto all = static_cast<std::ptrdiff_t>(where.size()), most = std::min<std::ptrdiff_t>(all, std::max(1, q.tokens));
    const auto first = std::clamp<std::ptrdiff_t>(chosen - most / 2, 0, all - most);
    const std::vector<std::int64_t> shown(where.begin() + first, where.begin() + first + most);
    const at::Tensor rows = at::tensor(shown, at::kLong).to(m.device);
    const auto pick = [&](const at::Tensor& x) { return x[0].index_select(0, rows); };
    const at::Tensor at_x = pick(e), n1 = pick(near), n2 = pick(far);
    const auto ids1 = to_ids(nearest_tokens(table, (at_x + n1).to(table.scalar_type()), specials)), ids2 = to_ids(nearest_tokens(table, (at_x + n2).to(table.scalar_type()), specials));
    const auto r1 = to_vector(n1.to(at::kDouble).norm(2, {1})), r2 = to_vector(n2.to(at::kDouble).norm(2, {1}));
    for (std::size_t k = 0; k < shown.size(); ++k) {
      GeometryToken t;
      t.position = static_cast<int>(shown[k]);
      t.id = q.ids[static_cast<std::size_t>(shown[k])];
      t.piece = piece(t.id);
      t.near_radius = r1[k];
      t.far_radius = r2[k];
      t.near_id = static_cast<std::int32_t>(ids1[k]);
      t.far_id = static_cast<std::int32_t>(ids2[k]);
      t.near_piece = piece(ids1[k]);
      t.far_piece = piece(ids2[k]);
      out.near_own += t.near_id == t.id;
      out.far_own += t.far_id == t.id;
      out.tokens.push_back(std::move(t));
    }
    out.counted = static_cast<int>(shown.size());
    out.near_own /= out.counted;
    out.far_own /= out.counted;
  }

  /// Further noise of the chosen token, [draws,d]. An adversarial direction is the same in every draw.
  at::Tensor more(bool negative) const {
    const std::int64_t n = std::max(0, q.draws);
    const std::uint64_t seed = mix_seed(q.seed, draw_stream);
    const at::Tensor one = (negative ? far : near)[0][out.position];
    if (q.options.sampler == Sampler::adversarial && negative) {
      at::Generator g = objective_generator(seed, noise_negative_seed);
      const at::Tensor radii = draw_radii(q.options.radius, n, d, out.epsilon, out.epsilon2, q.scale.unit, g).to(one.options());
      return radii.unsqueeze(1) * (one / one.norm().clamp_min(1e-30)).unsqueeze(0);
    }
    const at::Tensor repeated = e[0][out.position].expand({1, n, d}).contiguous();
    return perturbation(repeated, at::ones({1, n}, free.options()), labels, negative, seed)[0];
  }

  void plane() {
    const std::int64_t V = table.size(0);
    const at::Tensor x = e[0][out.position].to(table.scalar_type());
    at::Tensor squares = (table - x).square().sum(-1);
    out.piece = piece(q.ids[static_cast<std::size_t>(out.position)]);
    for (const std::int32_t id : {specials.pad, specials.unk, specials.cls, specials.sep, specials.mask, q.ids[static_cast<std::size_t>(out.position)]})
      if (id >= 0 && id < V) squares[id].fill_(std::numeric_limits<double>::infinity());
    const std::int64_t n = std::clamp<std::int64_t>(q.cloud, 0, std::max<std::int64_t>(0, V - 6));
    const at::Tensor nearest = std::get<1>(at::topk(squares, n, -1, false, true));
    const at::Tensor words = (table.index_select(0, nearest).to(at::kDouble) - x.to(at::kDouble)).to(at::kCPU);
    const auto wide = [](const at::Tensor& t) { return t.to(at::kCPU, at::kDouble); };
    const at::Tensor n1 = wide(near[0][out.position]), n2 = wide(far[0][out.position]);
    const Plane plane(n1, n2, words);
    out.near = plane.point(n1);
    out.far = plane.point(n2);
    out.cloud = plane.points(words);
    const auto names = to_ids(nearest);
    for (std::size_t k = 0; k < out.cloud.size(); ++k) {
      out.cloud[k].id = static_cast<std::int32_t>(names[k]);
      out.cloud[k].piece = piece(names[k]);
    }
    out.near_draws = plane.points(wide(more(false)));
    out.far_draws = plane.points(wide(more(true)));
  }

  void radii() {
    std::array<std::vector<double>, 2> found;
    const double low[] = {0, out.epsilon}, high[] = {out.epsilon, out.epsilon2};
    for (std::size_t k = 0; k < 2; ++k) {
      if (q.options.sampler == Sampler::nearest_token) {  // where the words are, not where the law sent them
        for (const GeometryPoint& p : k == 0 ? out.near_draws : out.far_draws) found[k].push_back(p.radius);
      } else {
        at::Generator g = objective_generator(mix_seed(q.seed, radius_stream), k);
        found[k] = to_vector(draw_radii(q.options.radius, std::max(1, q.samples), d, low[k], high[k], q.scale.unit, g));
      }
    }
    double top = std::max(out.epsilon2, out.epsilon);
    for (const auto& f : found)
      for (const double r : f) top = std::max(top, r);
    if (!(top > 0)) top = q.scale.unit;
    out.bin = top / bins;
    out.near_found = found_shares(found[0], out.bin);
    out.far_found = found_shares(found[1], out.bin);
    for (std::size_t k = 0; k < 2; ++k) {
      auto& law = k == 0 ? out.near_law : out.far_law;
      double below = 0;
      for (int b = 0; b < bins; ++b) {
        const double upto = b + 1 == bins ? 1 : radius_cdf(q.options.radius, (b + 1) * out.bin * (1 + 1e-12), d, low[k], high[k], q.scale.unit);
        law.push_back(upto - below);
        below = upto;
      }
    }
  }
};

}  // namespace

EmbeddingScale embedding_scale(const Classifier& model, std::stop_token stop) {
  at::NoGradGuard no_grad;
  const at::Tensor table = model.impl().parameters->weights.word.detach();
  return {embedding_unit(table, std::move(stop)), table.to(at::kDouble).square().sum(-1).sqrt().mean().item<double>()};
}

PerturbationGeometry examine_perturbation(const Classifier& model, const GeometryRequest& request) {
  at::NoGradGuard no_grad;
  Examination x(model, request);
  x.classes();
  x.distances();
  x.tokens();
  x.plane();
  x.radii();
  return std::move(x.out);
}

double radius_cdf(RadiusLaw law, double r, std::int64_t d, double low, double high, double unit) {
  if (law == RadiusLaw::fixed) return r >= 0.5 * (low + high) ? 1 : 0;
  if (r >= high) return 1;
  if (r < low || r < 0) return 0;
  if (law == RadiusLaw::exponential) return unit > 0 ? -std::expm1(-(r - low) / unit) : 1;
  const double n = static_cast<double>(d), inner = std::pow(low / high, n);  // high > r ≥ 0
  return inner < 1 ? (std::pow(r / high, n) - inner) / (1 - inner) : 1;
}

}  // namespace telltale
