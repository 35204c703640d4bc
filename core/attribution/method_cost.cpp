#include "attribution/method_cost.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cmath>
#include <map>
#include <stdexcept>
#include <string_view>

#include "attribution/gradient_options.hpp"

namespace telltale {
namespace {

/// number + forward F + backward B + flows: sums of these, products with numbers.
struct Amount {
  double number = 0;
  Passes passes;
  bool plain() const { return passes.forward == 0 && passes.backward == 0 && passes.flows == 0; }
};

Amount sum(const Amount& a, const Amount& b, double sign) {
  return {a.number + sign * b.number,
          {a.passes.forward + sign * b.passes.forward, a.passes.backward + sign * b.passes.backward, a.passes.flows + sign * b.passes.flows}};
}

class Formula {
 public:
  Formula(const std::string& all, const std::map<std::string, double>& numbers) : whole_(all), left_(all), numbers_(numbers) {
    if (left_.starts_with("at most ")) left_.remove_prefix(8);
  }

  Passes read() {
    const Amount a = sums();
    // After the comma stands what the letters mean.
    if ((!left_.empty() && left_.front() != ',') || a.number != 0) wrong();
    return a.passes;
  }

 private:
  [[noreturn]] void wrong() const { throw std::runtime_error(fmt::format("cost '{}': expected sums and products of F, B, m, n, S and T, got '{}'", whole_, left_)); }
  void skip() {
    while (left_.starts_with(' ')) left_.remove_prefix(1);
  }
  bool take(std::string_view sign) {
    skip();
    if (!left_.starts_with(sign)) return false;
    left_.remove_prefix(sign.size());
    return true;
  }

  Amount sums() {
    Amount a = products();
    for (;;) {
      if (take("+")) a = sum(a, products(), 1);
      else if (take("−") || take("-")) a = sum(a, products(), -1);
      else return a;
    }
  }

  Amount products() {
    Amount a = factor();
    for (skip(); !left_.empty() && (left_.front() == '(' || std::isalnum(static_cast<unsigned char>(left_.front()))); skip()) {
      const Amount b = factor();
      if (!a.plain() && !b.plain()) wrong();
      const Amount& passes = a.plain() ? b : a;
      const double by = a.plain() ? a.number : b.number;
      a = {by * passes.number, {by * passes.passes.forward, by * passes.passes.backward, by * passes.passes.flows}};
    }
    return a;
  }

  Amount factor() {
    if (take("(")) {
      const Amount a = sums();
      if (!take(")")) wrong();
      return a;
    }
    if (take("maximum flows")) return {0, {0, 0, 1}};
    if (take("max(")) {
      const Amount a = sums();
      if (!take(",")) wrong();
      const Amount b = sums();
      if (!take(")") || !a.plain() || !b.plain()) wrong();
      return {std::max(a.number, b.number), {}};
    }
    std::string word;
    while (!left_.empty() && std::isalnum(static_cast<unsigned char>(left_.front()))) word += left_.front(), left_.remove_prefix(1);
    if (word == "F") return {0, {1, 0, 0}};
    if (word == "B") return {0, {0, 1, 0}};
    if (const auto at = numbers_.find(word); at != numbers_.end()) return {at->second, {}};
    if (word.empty() || !std::all_of(word.begin(), word.end(), [](unsigned char c) { return std::isdigit(c); })) wrong();
    return {std::stod(word), {}};
  }

  const std::string& whole_;
  std::string_view left_;
  const std::map<std::string, double>& numbers_;
};

}  // namespace

Passes passes_of(const MethodInfo& method, const ExplainOptions& o, const TextSize& text, double nodes) {
  const double n = static_cast<double>(method.has_unit && o.unit == Unit::piece ? text.pieces : text.words);
  std::map<std::string, double> numbers = {{"n", n}, {"T", static_cast<double>(text.pieces)}};
  if (method.own_steps > 0) numbers["m"] = steps_of(o, method);
  else if (method.uses_steps) numbers["m"] = o.steps > 0 ? o.steps : nodes;
  if (method.uses_samples) {
    const double all = n < 60 ? std::exp2(n) : INFINITY;
    numbers["S"] = o.samples > 0 ? std::min<double>(o.samples, all) : all;
  } else if (method.draws > 0) {
    numbers["S"] = draws_of(o, method);
  }
  Passes p = Formula(method.cost, numbers).read();
  if (method.uses_baseline && o.baseline == Baseline::noise) {
    const double draws = draws_of(o, method);
    p.forward *= draws, p.backward *= draws;
  }
  return p;
}

}  // namespace telltale
