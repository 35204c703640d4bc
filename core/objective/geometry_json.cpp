// The geometry as a document: what an event of a run carries.
#include <cmath>
#include <stdexcept>

#include "objective/geometry.hpp"

namespace telltale {
namespace {

double number(const Json& j) { return j.is_null() ? std::numeric_limits<double>::quiet_NaN() : j.get<double>(); }

/// Points as columns: a cloud of hundreds stays short.
OrderedJson columns(const std::vector<GeometryPoint>& points, bool words) {
  OrderedJson out = {{"angle", OrderedJson::array()}, {"radius", OrderedJson::array()}, {"in_plane", OrderedJson::array()}};
  if (words) out["id"] = OrderedJson::array(), out["piece"] = OrderedJson::array();
  for (const GeometryPoint& p : points) {
    out["angle"].push_back(p.angle);
    out["radius"].push_back(p.radius);
    out["in_plane"].push_back(p.in_plane);
    if (words) out["id"].push_back(p.id), out["piece"].push_back(p.piece);
  }
  return out;
}

std::vector<GeometryPoint> points(const Json& j) {
  std::vector<GeometryPoint> out(j.at("angle").size());
  for (std::size_t k = 0; k < out.size(); ++k) {
    out[k].angle = j.at("angle").at(k);
    out[k].radius = j.at("radius").at(k);
    out[k].in_plane = j.at("in_plane").at(k);
    if (j.contains("id")) out[k].id = j["id"].at(k), out[k].piece = j.at("piece").at(k);
  }
  return out;
}

OrderedJson point(const GeometryPoint& p) { return {{"angle", p.angle}, {"radius", p.radius}}; }
GeometryPoint point(const Json& j) {
  GeometryPoint p;
  p.angle = j.at("angle");
  p.radius = j.at("radius");
  return p;
}

OrderedJson distances(const GeometryDistances& d) { return {{"near", finite_or_null<OrderedJson>(d.near)}, {"far", finite_or_null<OrderedJson>(d.far)}, {"between", finite_or_null<OrderedJson>(d.between)}}; }
GeometryDistances distances(const Json& j) {
  GeometryDistances d;
  d.near = number(j.at("near"));
  d.far = number(j.at("far"));
  d.between = number(j.at("between"));
  return d;
}

template <class E>
E choice(const Json& j, std::initializer_list<E> all) {
  for (const E e : all)
    if (j.get<std::string>() == name_of(e)) return e;
  throw std::invalid_argument("geometry: unknown choice '" + j.get<std::string>().substr(0, 80) + "'");
}

}  // namespace

const char* name_of(RadiusLaw law) {
  switch (law) {
    case RadiusLaw::volume: return "volume";
    case RadiusLaw::exponential: return "exponential";
    case RadiusLaw::fixed: return "fixed";
  }
  return "";
}
const char* name_of(Sampler s) {
  switch (s) {
    case Sampler::ball: return "ball";
    case Sampler::nearest_token: return "nearest-token";
    case Sampler::adversarial: return "adversarial";
  }
  return "";
}
const char* name_of(Distance d) { return d == Distance::cosine ? "cosine" : "pearson"; }

OrderedJson to_json(const PerturbationGeometry& g) {
  OrderedJson out = {{"position", g.position}, {"piece", g.piece}, {"label", g.label}, {"label_name", g.label_name}, {"dimensions", g.dimensions}, {"unit", g.scale.unit}, {"mean_norm", g.scale.mean_norm},
                     {"epsilon", g.epsilon}, {"epsilon2", g.epsilon2}, {"law", name_of(g.law)}, {"sampler", name_of(g.sampler)}, {"distance", name_of(g.distance)}, {"near", point(g.near)}, {"far", point(g.far)},
                     {"cloud", columns(g.cloud, true)}, {"near_draws", columns(g.near_draws, false)}, {"far_draws", columns(g.far_draws, false)}};
  OrderedJson tokens = OrderedJson::array(), classes = OrderedJson::array();
  for (const GeometryToken& t : g.tokens)
    tokens.push_back({{"position", t.position}, {"id", t.id}, {"piece", t.piece}, {"near_radius", t.near_radius}, {"near_id", t.near_id}, {"near_piece", t.near_piece}, {"far_radius", t.far_radius}, {"far_id", t.far_id}, {"far_piece", t.far_piece}});
  for (const GeometryClass& c : g.classes) classes.push_back({{"predicted", c.predicted}, {"label", c.label}, {"probability", finite_or_null<OrderedJson>(c.probability)}, {"gold", finite_or_null<OrderedJson>(c.gold)}});
  out["tokens"] = tokens;
  out["classes"] = classes;
  out["distances"] = {{"attribution", distances(g.attribution)}, {"cls", distances(g.cls)}};
  out["radii"] = {{"bin", g.bin}, {"near", g.near_found}, {"near_law", g.near_law}, {"far", g.far_found}, {"far_law", g.far_law}};
  out["shares"] = {{"near_own", g.near_own}, {"far_own", g.far_own}, {"tokens", g.counted}, {"far_other_class", g.far_other}, {"copies", g.copies}};
  return out;
}

PerturbationGeometry geometry_from_json(const Json& j) {
  PerturbationGeometry g;
  g.position = j.at("position");
  g.piece = j.at("piece");
  g.label = j.at("label");
  g.label_name = j.at("label_name");
  g.dimensions = j.at("dimensions");
  g.scale = {j.at("unit"), j.at("mean_norm")};
  g.epsilon = j.at("epsilon");
  g.epsilon2 = j.at("epsilon2");
  g.law = choice(j.at("law"), {RadiusLaw::volume, RadiusLaw::exponential, RadiusLaw::fixed});
  g.sampler = choice(j.at("sampler"), {Sampler::ball, Sampler::nearest_token, Sampler::adversarial});
  g.distance = choice(j.at("distance"), {Distance::cosine, Distance::pearson});
  g.near = point(j.at("near"));
  g.far = point(j.at("far"));
  g.cloud = points(j.at("cloud"));
  g.near_draws = points(j.at("near_draws"));
  g.far_draws = points(j.at("far_draws"));
  for (const Json& t : j.at("tokens")) {
    GeometryToken k;
    k.position = t.at("position");
    k.id = t.at("id");
    k.piece = t.at("piece");
    k.near_radius = t.at("near_radius");
    k.near_id = t.at("near_id");
    k.near_piece = t.at("near_piece");
    k.far_radius = t.at("far_radius");
    k.far_id = t.at("far_id");
    k.far_piece = t.at("far_piece");
    g.tokens.push_back(std::move(k));
  }
  for (const Json& c : j.at("classes")) g.classes.push_back({c.at("predicted"), c.at("label"), number(c.at("probability")), number(c.at("gold"))});
  g.attribution = distances(j.at("distances").at("attribution"));
  g.cls = distances(j.at("distances").at("cls"));
  const Json& radii = j.at("radii");
  g.bin = radii.at("bin");
  g.near_found = radii.at("near").get<std::vector<double>>();
  g.near_law = radii.at("near_law").get<std::vector<double>>();
  g.far_found = radii.at("far").get<std::vector<double>>();
  g.far_law = radii.at("far_law").get<std::vector<double>>();
  const Json& shares = j.at("shares");
  g.near_own = shares.at("near_own");
  g.far_own = shares.at("far_own");
  g.counted = shares.at("tokens");
  g.far_other = shares.at("far_other_class");
  g.copies = shares.at("copies");
  return g;
}

}  // namespace telltale
