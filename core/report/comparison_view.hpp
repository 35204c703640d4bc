// What the page and the window both ask of a comparison document: who is who, and what may be said in words.
#pragma once
#include <string>
#include <vector>

#include "base/json.hpp"
#include "report/html.hpp"

namespace telltale {

/// A difference b − a with its interval.
struct Difference {
  double value = 0, low = 0, high = 0;
  bool clear = false;     ///< as the document says; an interval that holds zero is never clear
  std::string verdict;    ///< "better", "worse", "no clear difference" or ""
};
Difference difference_of(const Json& object);
/// "no clear difference", else the signed value
std::string headline_of(const Difference& d, int decimals = 3);

struct RunView {
  std::string letter;  ///< "A", "B", …
  std::string name;
  int series = 0;
};

/// Reads a document once; keeps a reference to it.
class ComparisonView {
 public:
  explicit ComparisonView(const Json& document);
  const Json& json;
  std::vector<RunView> runs;
  std::vector<std::string> classes;
  std::string judge;                 ///< method id that leads
  int contrast = -1;                 ///< index of the contrast that leads, −1 = none
  int a = 0, b = -1;                 ///< its runs; b = −1 where there is one run

  std::string method_name(const std::string& id) const;
  /// "in the loss", "in the loss of B", "not in any loss", or "" where unknown
  std::string loss_mark(const std::string& method) const;
  bool in_loss(const std::string& method) const;
  /// The row of "means" for a method and a metric that starts with `metric`; null if there is none.
  const Json& mean(const std::string& method, std::string_view metric) const;
  std::string label(int run) const;  ///< "B contrastive"
  /// The words of a class in a run by a method, most telling first.
  std::vector<std::string> list(const std::string& method, int run, const std::string& class_name) const;
  /// One sentence of what came out, as text: the headline.
  std::string headline() const;
};

/// Dotted class names by their shortest end that tells them apart: "rec.autos" is "autos", "comp.sys.mac.hardware" is
/// "mac.hardware" beside "comp.sys.ibm.pc.hardware". Names that are no such hierarchy stay as they are.
std::vector<std::string> short_names(const std::vector<std::string>& names);

}  // namespace telltale
