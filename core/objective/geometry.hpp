// What the perturbation does to one token of one post: x, x', x'' and the words around them, in the plane that holds all three (METHOD.md,
// "Perturbed examples"). Value types: no torch.
#pragma once
#include <cstdint>
#include <limits>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "base/json.hpp"
#include "model/classifier.hpp"
#include "objective/options.hpp"

namespace telltale {

/// Lengths of an embedding table: ε is given in `unit`s.
struct EmbeddingScale {
  double unit = 0;       ///< median distance of a word to its nearest other
  double mean_norm = 0;  ///< mean length of a word's vector
};
/// Measured on the whole table; seconds for 30,000 words. Throws Cancelled.
EmbeddingScale embedding_scale(const Classifier& model, std::stop_token stop = {});

struct GeometryRequest {
  std::vector<std::int32_t> ids;    ///< of the post, specials included
  int label = -1;                   ///< gold class; −1: the class predicted for x
  int position = -1;                ///< of the token in ids; −1: the one with the largest |A(x, y)|, without attributions the longest piece
  ObjectiveOptions options;
  int rival = -1;                   ///< foil of Output::difference; −1: the runner-up
  std::uint64_t seed = 0;           ///< equal seeds draw equal directions and quantiles, whatever ε is
  EmbeddingScale scale;             ///< as the run measured it, or embedding_scale()
  int cloud = 300;                  ///< nearest words to show
  int draws = 64;                   ///< further x' and x'' of the token
  int copies = 8;                   ///< perturbed copies of the whole post whose class is asked
  int samples = 4000;               ///< radii of the histogram
  int tokens = 1024;                ///< rows of the table of tokens at most: those around the chosen one
  bool attributions = true;         ///< the distances between attributions: by far the dearest part
};

/// A point in the plane: the angle is that of its projection, the radius its true distance from x.
struct GeometryPoint {
  double angle = 0, radius = 0;     ///< rad, absolute length
  double in_plane = 1;              ///< length of the projection over the radius
  std::int32_t id = -1;             ///< of a word; −1: none
  std::string piece;
};

/// One token of the post.
struct GeometryToken {
  int position = 0;
  std::int32_t id = 0;
  std::string piece;
  double near_radius = 0, far_radius = 0;          ///< of x' and x''
  std::int32_t near_id = -1, far_id = -1;          ///< nearest words of x' and x'', specials left out
  std::string near_piece, far_piece;
};

struct GeometryClass {
  int predicted = -1;
  std::string label;
  double probability = 0, gold = 0;                ///< of the predicted and of the gold class
};

struct GeometryDistances {                         ///< x–x', x–x'', x'–x''; NaN: not measured
  double near = std::numeric_limits<double>::quiet_NaN(), far = near, between = near;
};

struct PerturbationGeometry {
  int position = 0, label = -1, dimensions = 0;
  std::string piece, label_name;
  EmbeddingScale scale;
  double epsilon = 0, epsilon2 = 0;                ///< absolute
  RadiusLaw law = RadiusLaw::volume;
  Sampler sampler = Sampler::ball;
  Distance distance = Distance::cosine;            ///< of the attributions

  GeometryPoint near, far;                         ///< x', x'': exact in the plane
  std::vector<GeometryPoint> cloud;                ///< nearest words of x, nearest first
  std::vector<GeometryPoint> near_draws, far_draws;
  std::vector<GeometryToken> tokens;               ///< by position, specials left out

  std::vector<GeometryClass> classes;              ///< of x, x', x''; empty for a model without a head
  GeometryDistances attribution, cls;              ///< the run's distance between attributions; cosine distance between [CLS] states

  double bin = 0;                                  ///< width; bin k is (k·bin, (k+1)·bin], the first holds 0 too
  std::vector<double> near_found, far_found;       ///< share of the sampled radii in each bin
  std::vector<double> near_law, far_law;           ///< the same by the law (before snapping, for nearest-token)

  int counted = 0, copies = 0;
  double near_own = 0, far_own = 0;                ///< share of the post's tokens whose x' (x'') is nearest to their own word, of `counted`
  double far_other = 0;                            ///< share of `copies` far copies of the post that get another class than x
};

/// Throws std::invalid_argument for a request that does not fit (no token that may be moved, position of a special, ids too many, unit 0).
PerturbationGeometry examine_perturbation(const Classifier& model, const GeometryRequest& request);

/// P(R ≤ r) of draw_radii(): d dimensions, radii between low and high, exponential of mean `unit` clamped at high.
double radius_cdf(RadiusLaw law, double r, std::int64_t d, double low, double high, double unit);

OrderedJson to_json(const PerturbationGeometry& geometry);
/// Throws std::invalid_argument or Json::exception for what is no such document.
PerturbationGeometry geometry_from_json(const Json& json);

const char* name_of(RadiusLaw);
const char* name_of(Sampler);
const char* name_of(Distance);

}  // namespace telltale
