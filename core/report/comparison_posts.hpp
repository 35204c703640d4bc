// The painted posts of a comparison page: A, B and Δ = B − A word under word, on one scale.
#pragma once
#include <string>
#include <vector>

#include "report/comparison_view.hpp"

namespace telltale {

/// The section; a sentence where there are no posts.
std::string comparison_posts(const ComparisonView& view);

/// The scores of one word in the rows that are drawn: A, B, B − A (A alone where there is one run).
std::vector<double> row_scores(const ComparisonView& view, const Json& word);

/// One scale for all rows of these posts: score_domain() of every A, B and Δ.
double posts_domain(const ComparisonView& view, const std::vector<const Json*>& posts);

}  // namespace telltale
