// Words that tell a class from the others, by the document counts of the training posts.
#pragma once
#include <cstdint>
#include <stop_token>
#include <string>
#include <vector>

#include "model/classifier.hpp"
#include "store/store.hpp"

namespace telltale {

/// The `most` words with the highest log-odds of document counts (DocumentCounts::log_odds) for each of the classes, best first, class after class, no word
/// twice; words of letters in at least three training posts and with log-odds above 0. Lower case. Throws as Store; Cancelled.
std::vector<std::string> typical_words(Store& store, std::int64_t dataset, const Tokenizer& tokenizer, const std::vector<int>& classes, std::size_t most, std::stop_token stop = {});

}  // namespace telltale
