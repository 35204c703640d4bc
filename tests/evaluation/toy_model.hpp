// A model whose answers can be worked out on paper: the logit of class 0 is the sum of its ids' weights, that of class 1 is 0.
#pragma once
#include <cmath>
#include <map>
#include <set>

#include "evaluation/probe.hpp"

namespace toy {

inline constexpr telltale::SpecialIds specials{0, 1, 2, 3, 4};

/// [CLS] words [SEP]; word w has id 10 + w, one piece, bytes [2w', 2w'+1) at place w'.
inline telltale::Encoding text_of(const std::vector<int>& words) {
  telltale::Encoding e;
  e.ids = {specials.cls};
  e.offsets = {{}};
  e.word_of = {-1};
  for (std::size_t i = 0; i < words.size(); ++i) {
    e.words.push_back({{static_cast<std::int64_t>(2 * i), static_cast<std::int64_t>(2 * i + 1)}, static_cast<std::int32_t>(i + 1), static_cast<std::int32_t>(i + 2)});
    e.ids.push_back(10 + words[i]);
    e.offsets.push_back(e.words.back().span);
    e.word_of.push_back(static_cast<std::int32_t>(i));
  }
  e.ids.push_back(specials.sep);
  e.offsets.push_back({});
  e.word_of.push_back(-1);
  return e;
}

struct Model {
  std::map<int, double> weights;  // by word
  double pad_weight = 0;
  int asked = 0;                  // inputs predicted so far
  telltale::Probe probe() {
    return {[this](const std::vector<telltale::ModelInput>& inputs) {
              std::vector<telltale::Prediction> out;
              for (const auto& in : inputs) {
                ++asked;
                double z = 0;
                for (const int id : in.ids) z += id >= 10 ? weights[id - 10] : id == specials.pad ? pad_weight : 0;
                const double p = 1 / (1 + std::exp(-z));
                out.push_back({{z, 0}, {p, 1 - p}, z >= 0 ? 0 : 1});
              }
              return out;
            },
            [](const telltale::Encoding& e, const std::vector<int>& hidden, telltale::Removal rule) {
              const std::set<int> gone(hidden.begin(), hidden.end());
              telltale::ModelInput in;
              for (int t = 0; t < static_cast<int>(e.ids.size()); ++t)
                if (!gone.contains(t))
                  in.ids.push_back(e.ids[static_cast<std::size_t>(t)]);
                else if (rule != telltale::Removal::remove)
                  in.ids.push_back(specials.pad);
              return in;
            }};
  }
};

}  // namespace toy
