// Options of the methods of explaining that `explain` and `evaluate` share.
#pragma once
#include <CLI/CLI.hpp>
#include <optional>
#include <string>
#include <vector>

#include "attribution/explain.hpp"

namespace telltale::cli {

/// As the person gave them; nothing given = the method's own.
struct MethodOptions {
  std::string path = "word", quadrature = "gauss-legendre", baseline = "pad", samples, aggregation;
  std::optional<int> steps, window, layer, head, neighbours;
  std::optional<double> tolerance, kernel_width, ridge, noise;

  /// `baselines`: what may be said of --baseline.
  void bind(CLI::App& command, const std::string& baselines);
  /// Into the options of these methods (ids of methods(), and "random", which has none). Throws std::invalid_argument for an unknown method, for values that none
  /// can take, and for what was given and none of the methods uses; path, quadrature, steps and tolerance are then passed over with a warning.
  void apply(const std::vector<std::string>& methods, ExplainOptions& to) const;
};

/// Refuses an option that was given and that none of the methods uses: std::invalid_argument, with the option's name.
void refuse_unused(bool given, bool used, const char* option, const std::vector<std::string>& methods);
/// Only says so, on standard error: for options that scripts give to one method after the other.
void note_unused(bool given, bool used, const char* option, const std::vector<std::string>& methods);

}  // namespace telltale::cli
