#include "attribution/explanation.hpp"

#include <fmt/format.h>

#include <array>
#include <stdexcept>

namespace telltale {
namespace {

template <class E, std::size_t N>
E parse(const std::string& name, const char* what, const std::array<E, N>& all) {
  std::string valid;
  for (const E e : all) {
    if (name == name_of(e)) return e;
    valid += (valid.empty() ? "" : ", ") + std::string(name_of(e));
  }
  throw std::invalid_argument(fmt::format("unknown {} '{}': one of {}", what, name, valid));
}

}  // namespace

const char* name_of(Output o) {
  switch (o) {
    case Output::probability: return "probability";
    case Output::logit: return "logit";
    case Output::log_odds: return "log-odds";
    case Output::difference: return "difference";
  }
  return "";
}
const char* name_of(Path p) { return p == Path::word ? "word" : "embeddings"; }
const char* name_of(Quadrature q) {
  switch (q) {
    case Quadrature::gauss_legendre: return "gauss-legendre";
    case Quadrature::midpoint: return "midpoint";
    case Quadrature::trapezoid: return "trapezoid";
  }
  return "";
}
const char* name_of(Baseline b) {
  switch (b) {
    case Baseline::pad: return "pad";
    case Baseline::mask: return "mask";
    case Baseline::unk: return "unk";
    case Baseline::zero: return "zero";
    case Baseline::mean: return "mean";
    case Baseline::noise: return "noise";
    case Baseline::rival: return "rival";
    case Baseline::text: return "text";
  }
  return "";
}
const char* name_of(Unit u) { return u == Unit::word ? "word" : "piece"; }
const char* name_of(Removal r) {
  switch (r) {
    case Removal::remove: return "delete";
    case Removal::pad: return "pad";
    case Removal::pad_masked: return "pad-masked";
    case Removal::mask: return "mask";
    case Removal::baseline: return "baseline";
  }
  return "";
}
const char* name_of(Aggregation a) { return a == Aggregation::sum ? "sum" : "mean"; }
const char* name_of(Reference r) { return r == Reference::noise ? "noise" : "posts"; }

Output parse_output(const std::string& s) { return parse(s, "output", std::array{Output::probability, Output::logit, Output::log_odds, Output::difference}); }
Path parse_path(const std::string& s) { return parse(s, "path", std::array{Path::word, Path::embeddings}); }
Quadrature parse_quadrature(const std::string& s) {
  return parse(s, "quadrature", std::array{Quadrature::gauss_legendre, Quadrature::midpoint, Quadrature::trapezoid});
}
Baseline parse_baseline(const std::string& s) { return parse(s, "baseline", std::array{Baseline::pad, Baseline::mask, Baseline::unk, Baseline::zero, Baseline::mean, Baseline::noise, Baseline::rival, Baseline::text}); }
Unit parse_unit(const std::string& s) { return parse(s, "unit", std::array{Unit::word, Unit::piece}); }
Removal parse_removal(const std::string& s) {
  return parse(s, "removal", std::array{Removal::remove, Removal::pad, Removal::pad_masked, Removal::mask, Removal::baseline});
}
Aggregation parse_aggregation(const std::string& s) { return parse(s, "aggregation", std::array{Aggregation::sum, Aggregation::mean}); }
Reference parse_reference(const std::string& s) { return parse(s, "references", std::array{Reference::noise, Reference::posts}); }

}  // namespace telltale
