// Reading the reference scores that stand beside the tests (reference/make_reference.py), and comparing with them.
#pragma once
#include <algorithm>
#include <cmath>
#include <filesystem>
#include <memory>
#include <vector>

#include "attribution/explain.hpp"
#include "base/json.hpp"
#include "test_device.hpp"

namespace telltale {

inline std::filesystem::path reference_file(const char* name) {
  return std::filesystem::path(TELLTALE_SOURCE_DIR) / "tests/attribution/reference" / name;
}

inline std::shared_ptr<Classifier> load_model(const std::filesystem::path& folder, Precision precision) {
  ComputeOptions compute;
  compute.device = test_device();
  compute.precision = precision;
  compute.threads = 1;  // small models: a second thread only waits
  configure_compute(compute);
  return Classifier::load(folder, compute);
}

inline std::vector<double> numbers(const Json& list) {
  std::vector<double> out;
  for (const Json& v : list) out.push_back(v.get<double>());
  return out;
}

/// Largest difference; infinite where the lengths differ.
inline double distance(const std::vector<double>& a, const std::vector<double>& b) {
  if (a.size() != b.size()) return INFINITY;
  double out = 0;
  for (std::size_t k = 0; k < a.size(); ++k)
    out = std::max(out, std::isfinite(a[k]) ? std::abs(a[k] - b[k]) : INFINITY);
  return out;
}

/// The same over the largest expected score.
inline double relative_distance(const std::vector<double>& got, const std::vector<double>& expected) {
  double largest = 0;
  for (const double v : expected) largest = std::max(largest, std::abs(v));
  return distance(got, expected) / (largest > 0 ? largest : 1);
}

/// The text of a reference item, explained for its target.
inline ExplainItem reference_item(const Classifier& model, const Json& item) {
  ExplainItem out;
  out.encoding = model.tokenizer().encode(item["text"].get<std::string>(), 64);
  out.target = item["target"];
  return out;
}

}  // namespace telltale
