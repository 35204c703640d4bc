// The attribution film as values: what the store holds under "film.run-N", read beside the window's thread.
#pragma once
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "store/store.hpp"

namespace telltale::ui {

struct FilmWord {
  Span span;                   ///< bytes into the post
  std::string text;            ///< one line, valid UTF-8
  std::vector<double> scores;  ///< [frame]; NaN where the frame lacks it
};

/// One pinned post over the frames of one run.
struct FilmPost {
  std::int64_t document = 0;
  std::string text, external_id, label;   ///< label: gold class
  int target = 0;
  std::vector<double> probability, delta; ///< [frame]
  std::vector<int> predicted;
  std::vector<double> value;
  std::vector<FilmWord> words;
  double domain = 1;                      ///< of the scores of all frames: one scale, so that frames can be compared
  /// Ranks (from 1, largest score first) of the words that were among the first `top` in some frame: [word in `among`][frame].
  struct Ranks {
    std::vector<std::size_t> among;       ///< indices into words, by rank in the last frame
    std::vector<std::vector<int>> rank;
  };
  Ranks ranks(int top) const;
};

struct RunFilm {
  std::int64_t run = 0;
  std::vector<std::int64_t> steps;        ///< of the frames, rising
  std::vector<FilmPost> posts;
  std::vector<std::string> classes;
};

/// Damaged frames, posts and words are left out.
RunFilm read_film(Store& store, std::int64_t run);
std::vector<std::int64_t> pinned_posts(Store& store);
void set_pinned_posts(Store& store, const std::vector<std::int64_t>& ids);

/// Frame at a step: the last that is not after it; 0 before the first.
std::size_t frame_at(const RunFilm& film, double step);

}  // namespace telltale::ui
