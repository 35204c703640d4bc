#include "attribution/counterfactual.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>
#include <stdexcept>

#include "model/best_class.hpp"
#include "model/classifier_impl.hpp"

namespace telltale {
namespace {

/// Only letters: ASCII, or any byte beyond it.
bool letters(std::string_view word) {
  return !word.empty() && std::all_of(word.begin(), word.end(), [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || static_cast<unsigned char>(c) >= 0x80; });
}
bool swappable(std::string_view word) {
  return std::any_of(word.begin(), word.end(), [](char c) { return std::isalnum(static_cast<unsigned char>(c)) || static_cast<unsigned char>(c) >= 0x80; });
}

/// A word that may come in.
struct Candidate {
  std::string word;
  std::vector<std::int32_t> ids;
};

/// Which word is swapped for which candidate.
using Edit = std::map<std::size_t, std::size_t>;

struct State {
  Edit edit;
  Prediction prediction;
  double margin = 0;
};

class Search {
 public:
  Search(const Classifier& model, std::string_view text, const CounterfactualOptions& options, std::stop_token stop, const ProgressFn& progress)
      : model_(model), impl_(model.impl()), engine_(impl_.exact ? *impl_.exact : *impl_.engine), text_(text), o_(options), stop_(std::move(stop)), progress_(progress), length_(model.max_length(options.max_length)) {
    check();
    encoding_ = model_.tokenizer().encode(text_, length_);
    for (std::size_t w = 0; w < encoding_.words.size(); ++w)
      if (swappable(word_text(w))) swappable_.push_back(w);
    if (swappable_.empty()) throw std::invalid_argument("counterfactual: the text has no word that could be swapped");
    choose_candidates();
  }

  Counterfactual run() {
    at::NoGradGuard no_grad;
    Counterfactual out;
    State start = answered({Edit{}})[0];
    before_ = start.prediction.predicted;
    if (o_.foil == before_) throw std::invalid_argument(fmt::format("the foil is what the model answers already ({})", model_.labels()[static_cast<std::size_t>(before_)]));
    start.margin = margin(start.prediction);
    std::vector<State> beam = {start};
    State best = start;
    std::optional<State> found;
    const int most = std::min<int>(o_.swaps, static_cast<int>(swappable_.size()));
    for (int step = 0; step < most && !found; ++step) {
      std::vector<Edit> edits;
      for (const State& s : beam)
        for (Edit& e : promising(s)) edits.push_back(std::move(e));
      std::sort(edits.begin(), edits.end());
      edits.erase(std::unique(edits.begin(), edits.end()), edits.end());
      if (edits.empty()) break;
      std::vector<State> tried = answered(edits);
      std::stable_sort(tried.begin(), tried.end(), [](const State& a, const State& b) { return a.margin > b.margin; });
      if (tried[0].margin > best.margin) best = tried[0];
      // Of those that turn it, the one that moves the text least; whether its characters, read anew, do as well is asked first.
      std::vector<State> turning;
      for (const State& s : tried)
        if (turned(s.prediction)) turning.push_back(s);
      std::stable_sort(turning.begin(), turning.end(), [&](const State& a, const State& b) { return distance(a.edit) < distance(b.edit); });
      for (const State& s : turning)
        if (turned(read_anew(s.edit))) {
          found = s;
          break;
        }
      tried.resize(std::min<std::size_t>(tried.size(), static_cast<std::size_t>(o_.beam)));
      beam = std::move(tried);
      if (progress_) progress_({static_cast<double>(step + 1), static_cast<double>(most), "swapping words"});
    }
    Edit edit = found ? pruned(found->edit) : best.edit;
    out.edited = edited_text(edit);
    out.before = start.prediction;
    out.after = read_anew(edit);
    out.turned = turned(out.after);
    for (const auto& [w, v] : edit) out.swaps.push_back({encoding_.words[w].span, std::string(word_text(w)), candidates_[v].word});
    out.words = static_cast<int>(encoding_.words.size());
    out.embedding_distance = distance(edit);
    out.embedding_norm = impl_.words({encoding_.ids, {}, {}}).to(at::kDouble).norm(2, {1}).mean().item<double>();
    const auto states = model_.cls_states({encoding_, model_.tokenizer().encode(out.edited, length_)}, stop_);
    double dot = 0, a = 0, b = 0;
    for (std::size_t i = 0; i < states[0].size(); ++i) {
      const double x = static_cast<double>(states[0][i]), y = static_cast<double>(states[1][i]);
      dot += x * y, a += x * x, b += y * y;
    }
    out.cls_cosine = a > 0 && b > 0 ? dot / std::sqrt(a * b) : 0;
    out.passes = passes_ + 2;
    out.cut = encoding_.cut;
    return out;
  }

 private:
  void check() const {
    const int classes = static_cast<int>(model_.labels().size());
    if (classes < 2) throw std::runtime_error(fmt::format("{}: an encoder without a classification head: finetune it first (telltale train)", model_.folder().string()));
    if (o_.foil < -1 || o_.foil >= classes) throw std::invalid_argument(fmt::format("foil {}: this model has {} classes", o_.foil, classes));
    const auto range = [](const char* what, int value, int low, int high) {
      if (value < low || value > high) throw std::invalid_argument(fmt::format("{} {}: expected {} to {}", what, value, low, high));
    };
    range("swaps", o_.swaps, 1, 1000);
    range("beam", o_.beam, 1, 64);
    range("tries", o_.tries, 1, 10000);
  }

  std::string_view word_text(std::size_t w) const {
    const Span s = encoding_.words[w].span;
    return text_.substr(static_cast<std::size_t>(s.begin), static_cast<std::size_t>(s.end - s.begin));
  }

  void choose_candidates() {
    const Tokenizer& t = model_.tokenizer();
    const auto add = [&](const std::string& word) {
      const Encoding e = t.encode(word);
      if (e.words.size() != 1 || e.ids.size() > 12) return;
      std::vector<std::int32_t> ids(e.ids.begin() + 1, e.ids.end() - 1);
      if (std::find(ids.begin(), ids.end(), t.specials().unk) == ids.end()) candidates_.push_back({word, std::move(ids)});
    };
    if (o_.candidates.empty()) {
      for (std::int32_t id = 0; id < t.size(); ++id)
        if (letters(t.token(id)) && t.token(id).size() > 1) candidates_.push_back({t.token(id), {id}});
    } else {
      for (const std::string& word : o_.candidates)
        if (letters(word)) add(word);
    }
    if (candidates_.empty()) throw std::invalid_argument("counterfactual: none of the candidates is a word of letters that this vocabulary can spell");
    std::vector<at::Tensor> rows;
    for (const Candidate& c : candidates_) rows.push_back(impl_.words({c.ids, {}, {}}).mean(0));
    table_ = at::stack(rows).to(engine_.dtype());
  }

  std::vector<std::int32_t> ids_of(const Edit& edit, std::vector<std::pair<std::size_t, std::size_t>>* where = nullptr) const {
    std::vector<std::int32_t> ids;
    if (where) where->assign(encoding_.words.size(), {0, 0});
    for (std::size_t t = 0; t < encoding_.ids.size();) {
      const int w = encoding_.word_of[t];
      if (w < 0) {
        ids.push_back(encoding_.ids[t++]);
        continue;
      }
      const Word& word = encoding_.words[static_cast<std::size_t>(w)];
      const std::size_t first = ids.size();
      if (const auto at = edit.find(static_cast<std::size_t>(w)); at != edit.end())
        ids.insert(ids.end(), candidates_[at->second].ids.begin(), candidates_[at->second].ids.end());
      else
        ids.insert(ids.end(), encoding_.ids.begin() + word.first, encoding_.ids.begin() + word.last);
      if (where) (*where)[static_cast<std::size_t>(w)] = {first, ids.size()};
      t = static_cast<std::size_t>(word.last);
    }
    if (static_cast<int>(ids.size()) > length_) {  // as the limit will cut it
      ids.resize(static_cast<std::size_t>(length_));
      ids.back() = model_.tokenizer().specials().sep;
    }
    return ids;
  }

  int rival(const Prediction& p) const {
    return o_.foil >= 0 ? o_.foil : best_other_class(p.logits, before_);
  }
  double margin(const Prediction& p) const { return p.logits[static_cast<std::size_t>(rival(p))] - p.logits[static_cast<std::size_t>(before_)]; }
  bool turned(const Prediction& p) const { return o_.foil >= 0 ? p.predicted == o_.foil : p.predicted != before_; }

  std::vector<State> answered(const std::vector<Edit>& edits) {
    std::vector<ModelInput> inputs;
    for (const Edit& e : edits) inputs.push_back({ids_of(e), {}, {}});
    const std::vector<Prediction> found = predict_with(engine_, impl_, inputs, stop_);
    passes_ += static_cast<int>(inputs.size());
    std::vector<State> out;
    for (std::size_t k = 0; k < edits.size(); ++k) out.push_back({edits[k], found[k], before_ >= 0 ? margin(found[k]) : 0});
    return out;
  }

  Prediction read_anew(const Edit& edit) {
    ++passes_;
    return predict_with(engine_, impl_, {{model_.tokenizer().encode(edited_text(edit), length_).ids, {}, {}}}, stop_)[0];
  }

  /// The most promising edits of one more word, at most `tries`.
  std::vector<Edit> promising(const State& state) {
    if (stop_.stop_requested()) throw Cancelled{};
    std::vector<std::pair<std::size_t, std::size_t>> where;
    const std::vector<std::int32_t> ids = ids_of(state.edit, &where);
    const at::Tensor points = impl_.words({ids, {}, {}}).to(engine_.dtype());
    const int to = rival(state.prediction);
    const at::Tensor g = engine_.gradient(points.unsqueeze(0).contiguous(), {}, Path::word, [&](const at::Tensor& z) {
                                 at::Tensor dz = at::zeros_like(z);
                                 dz.select(1, to).fill_(1);
                                 dz.select(1, before_).fill_(-1);
                                 return dz;
                               }, nullptr).squeeze(0);
    passes_ += 3;
    const at::Tensor own = (g * points).sum(1);  // [T]
    struct Rise {
      double rise;
      std::size_t word, candidate;
    };
    std::vector<Rise> rises;
    const std::int64_t per_word = std::min<std::int64_t>(table_.size(0), std::max(4, o_.tries / 4));
    for (const std::size_t w : swappable_) {
      const auto [first, last] = where[w];
      if (state.edit.contains(w) || last <= first || last > ids.size()) continue;
      const auto at_first = static_cast<std::int64_t>(first);
      const double gone = own.narrow(0, at_first, static_cast<std::int64_t>(last - first)).sum().item<double>();
      const auto [rise, which] = at::mv(table_, g[at_first]).topk(per_word);
      const at::Tensor values = rise.to(at::kCPU).to(at::kDouble), numbers = which.to(at::kCPU);
      for (std::int64_t k = 0; k < per_word; ++k) {
        const auto v = static_cast<std::size_t>(numbers[k].item<std::int64_t>());
        if (candidates_[v].ids == std::vector<std::int32_t>(ids.begin() + static_cast<std::ptrdiff_t>(first), ids.begin() + static_cast<std::ptrdiff_t>(last))) continue;
        rises.push_back({values[k].item<double>() - gone, w, v});
      }
    }
    std::stable_sort(rises.begin(), rises.end(), [](const Rise& a, const Rise& b) { return a.rise > b.rise; });
    std::vector<Edit> out;
    for (const Rise& r : rises) {
      if (static_cast<int>(out.size()) >= o_.tries) break;
      Edit e = state.edit;
      e[r.word] = r.candidate;
      out.push_back(std::move(e));
    }
    return out;
  }

  /// Without the swaps that can be taken back, the farthest first.
  Edit pruned(Edit edit) {
    for (bool again = true; again && edit.size() > 1;) {
      again = false;
      std::vector<std::size_t> words;
      for (const auto& [w, v] : edit) words.push_back(w);
      std::stable_sort(words.begin(), words.end(), [&](std::size_t a, std::size_t b) { return distance({{a, edit[a]}}) > distance({{b, edit[b]}}); });
      for (const std::size_t w : words) {
        Edit less = edit;
        less.erase(w);
        if (turned(read_anew(less))) {
          edit = std::move(less);
          again = true;
          break;
        }
      }
    }
    return edit;
  }

  double distance(const Edit& edit) const {
    double sum = 0;
    for (const auto& [w, v] : edit) {
      const Word& word = encoding_.words[w];
      const at::Tensor old = impl_.words({{encoding_.ids.begin() + word.first, encoding_.ids.begin() + word.last}, {}, {}}).mean(0);
      sum += (table_[static_cast<std::int64_t>(v)] - old.to(table_.scalar_type())).to(at::kDouble).square().sum().item<double>();
    }
    return std::sqrt(sum);
  }

  std::string edited_text(const Edit& edit) const {
    std::string out;
    std::size_t from = 0;
    for (const auto& [w, v] : edit) {
      const Span s = encoding_.words[w].span;
      out += text_.substr(from, static_cast<std::size_t>(s.begin) - from);
      out += candidates_[v].word;
      from = static_cast<std::size_t>(s.end);
    }
    out += text_.substr(from);
    return out;
  }

  const Classifier& model_;
  const Classifier::Impl& impl_;
  Engine& engine_;
  std::string_view text_;
  const CounterfactualOptions& o_;
  std::stop_token stop_;
  const ProgressFn& progress_;
  int length_;
  Encoding encoding_;
  std::vector<std::size_t> swappable_;
  std::vector<Candidate> candidates_;
  at::Tensor table_;  ///< [candidates, d] mean embeddings
  int before_ = -1, passes_ = 0;
};

}  // namespace

Counterfactual counterfactual(const Classifier& model, std::string_view text, const CounterfactualOptions& options, std::stop_token stop, const ProgressFn& progress) {
  return Search(model, text, options, std::move(stop), progress).run();
}

}  // namespace telltale
