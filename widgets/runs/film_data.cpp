#include "widgets/runs/film_data.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <stdexcept>

#include "report/colour.hpp"
#include "report/post_text.hpp"

namespace telltale::ui {
namespace {

constexpr double none = std::numeric_limits<double>::quiet_NaN();
constexpr std::size_t most_words = 600;  // a film is looked at, not read

double number(const Json& object, const char* key) {
  const auto it = object.find(key);
  return it != object.end() && it->is_number() ? it->get<double>() : none;
}

}  // namespace

FilmPost::Ranks FilmPost::ranks(int top) const {
  Ranks out;
  const std::size_t frames = probability.size();
  std::vector<std::vector<int>> all(words.size(), std::vector<int>(frames, 0));
  std::vector<bool> in(words.size(), false);
  for (std::size_t f = 0; f < frames; ++f) {
    std::vector<std::size_t> order;
    for (std::size_t w = 0; w < words.size(); ++w)
      if (!std::isnan(words[w].scores[f])) order.push_back(w);
    std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return words[a].scores[f] > words[b].scores[f]; });
    for (std::size_t k = 0; k < order.size(); ++k) {
      all[order[k]][f] = static_cast<int>(k) + 1;
      if (static_cast<int>(k) < top) in[order[k]] = true;
    }
  }
  for (std::size_t w = 0; w < words.size(); ++w)
    if (in[w]) out.among.push_back(w);
  if (frames > 0)
    std::stable_sort(out.among.begin(), out.among.end(), [&](std::size_t a, std::size_t b) {
      const auto last = [&](std::size_t w) { return all[w][frames - 1] ? all[w][frames - 1] : 1 << 20; };
      return last(a) < last(b);
    });
  for (const std::size_t w : out.among) out.rank.push_back(all[w]);
  return out;
}

RunFilm read_film(Store& store, std::int64_t run) {
  RunFilm film;
  film.run = run;
  const auto frames = store.value("film.run-" + std::to_string(run));
  if (!frames || !frames->is_array()) return film;
  std::map<std::int64_t, std::size_t> place;                              // document → post
  std::vector<std::map<std::pair<std::int64_t, std::int64_t>, std::size_t>> word_place;  // span → word
  for (const Json& frame : *frames) {
    if (!frame.is_object() || !frame.contains("step") || !frame["step"].is_number_integer() || !frame.contains("posts") || !frame["posts"].is_array()) continue;
    const auto step = frame["step"].get<std::int64_t>();
    if (!film.steps.empty() && step <= film.steps.back()) continue;
    film.steps.push_back(step);
    const std::size_t f = film.steps.size() - 1;
    for (const Json& p : frame["posts"]) {
      if (!p.is_object() || !p.contains("document") || !p["document"].is_number_integer() || !p.contains("words") || !p["words"].is_array()) continue;
      const auto id = p["document"].get<std::int64_t>();
      auto it = place.find(id);
      if (it == place.end()) {
        FilmPost post;
        post.document = id;
        try {
          const Document d = store.document(id);
          post.text = d.text;
          post.external_id = d.external_id;
          if (film.classes.empty()) film.classes = store.dataset(d.dataset).classes;
          if (d.label >= 0 && static_cast<std::size_t>(d.label) < film.classes.size()) post.label = film.classes[static_cast<std::size_t>(d.label)];
        } catch (const std::invalid_argument&) {  // the post is gone: nothing to paint on
          continue;
        }
        it = place.emplace(id, film.posts.size()).first;
        film.posts.push_back(std::move(post));
        word_place.emplace_back();
      }
      FilmPost& post = film.posts[it->second];
      const auto fill_to = [&](auto& v, auto value) { v.resize(f, value); };
      fill_to(post.probability, none), fill_to(post.delta, none), fill_to(post.value, none), fill_to(post.predicted, -1);
      if (post.probability.size() > f) continue;  // the same post twice in a frame
      post.probability.push_back(number(p, "probability"));
      post.delta.push_back(number(p, "delta"));
      post.value.push_back(number(p, "value"));
      post.predicted.push_back(p.contains("predicted") && p["predicted"].is_number_integer() ? p["predicted"].get<int>() : -1);
      if (p.contains("target") && p["target"].is_number_integer()) post.target = p["target"].get<int>();
      for (const Json& w : p["words"]) {
        if (!w.is_array() || w.size() != 3 || !w[0].is_number_integer() || !w[1].is_number_integer()) continue;
        const Span span{w[0].get<std::int64_t>(), w[1].get<std::int64_t>()};
        if (span.begin < 0 || span.end <= span.begin || static_cast<std::uint64_t>(span.end) > post.text.size()) continue;
        auto& known = word_place[it->second];
        auto at = known.find({span.begin, span.end});
        if (at == known.end()) {
          if (post.words.size() == most_words) continue;
          at = known.emplace(std::pair(span.begin, span.end), post.words.size()).first;
          post.words.push_back({span, clean_utf8(std::string_view(post.text).substr(static_cast<std::size_t>(span.begin), static_cast<std::size_t>(span.end - span.begin))), {}});
        }
        FilmWord& word = post.words[at->second];
        word.scores.resize(f, none);
        if (word.scores.size() == f) word.scores.push_back(w[2].is_number() ? w[2].get<double>() : none);
      }
    }
  }
  const std::size_t n = film.steps.size();
  for (FilmPost& post : film.posts) {
    post.probability.resize(n, none), post.delta.resize(n, none), post.value.resize(n, none), post.predicted.resize(n, -1);
    std::vector<double> scores;
    for (FilmWord& w : post.words) {
      w.scores.resize(n, none);
      scores.insert(scores.end(), w.scores.begin(), w.scores.end());
    }
    std::sort(post.words.begin(), post.words.end(), [](const FilmWord& a, const FilmWord& b) { return a.span.begin < b.span.begin; });
    post.domain = score_domain(scores);
  }
  return film;
}

std::vector<std::int64_t> pinned_posts(Store& store) {
  std::vector<std::int64_t> out;
  const auto value = store.value("film.pinned");
  if (value && value->is_array())
    for (const Json& id : *value)
      if (id.is_number_integer() && std::find(out.begin(), out.end(), id.get<std::int64_t>()) == out.end()) out.push_back(id.get<std::int64_t>());
  return out;
}

void set_pinned_posts(Store& store, const std::vector<std::int64_t>& ids) { store.set_value("film.pinned", Json(ids)); }

std::size_t frame_at(const RunFilm& film, double step) {
  const auto it = std::upper_bound(film.steps.begin(), film.steps.end(), static_cast<std::int64_t>(std::floor(step + 1e-9)));
  return it == film.steps.begin() ? 0 : static_cast<std::size_t>(it - film.steps.begin()) - 1;
}

}  // namespace telltale::ui
