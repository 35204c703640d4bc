// Partition SHAP: Owen values (Owen 1977) over a binary tree of clauses, handed down from the whole text as far as the passes reach
// (Lundberg's PartitionExplainer, shap).
//
// A node N with halves L and R, in a context C of other words that are present: with u = F(C), v = F(C ∪ N), l = F(C ∪ L), r = F(C ∪ R) the half L earns
// ½((l − u) + (v − r)) of v − u, R the rest. Each half is handed down in two contexts of half the weight: C and C with the other half. What is not handed down
// further is shared evenly among the node's words. Nodes with the largest weighted interaction of their halves, |v − l − r + u|, come first.
#include <algorithm>
#include <cmath>
#include <limits>
#include <queue>

#include "attribution/clause_tree.hpp"
#include "attribution/coalitions.hpp"
#include "attribution/output_function.hpp"

namespace telltale {
namespace {

constexpr std::size_t round_nodes = 32;  // nodes of a text asked at once: the same whatever else is explained

/// A node in a context, whose worth without it and with it is known.
struct Task {
  double priority = 0;
  std::size_t number = 0;  ///< in the order of making: decides among equals
  int node = 0;
  Coalition context;       ///< present beside the node; the node's own players are 0
  double without = 0, with = 0, weight = 1;
  bool operator<(const Task& o) const { return priority != o.priority ? priority < o.priority : number > o.number; }
};

struct Text {
  Players players;
  std::vector<TreeNode> tree;
  std::priority_queue<Task> waiting;
  std::vector<Task> asked;
  std::vector<double> scores;
  double everybody = 0, nobody = 0;
  std::size_t passes = 2, made = 0;
  bool done = false;
};

class PartitionShap final : public Method {
 public:
  MethodInfo info() const override {
    MethodInfo m;
    m.id = "partition-shap";
    m.name = "Partition SHAP, clauses";
    m.source = "Owen 1977; Lundberg's PartitionExplainer (shap)";
    m.needs = "forward passes";
    m.cost = "at most (S + 2) F, S samples";
    m.complete = true;
    m.uses_removal = m.uses_samples = m.has_unit = true;
    m.removal = Removal::baseline;
    m.dummy = true;
    return m;
  }

 private:
  static void share(Text& t, const TreeNode& node, double credit) {
    for (std::size_t p = node.first; p < node.last; ++p) t.scores[p] += credit / static_cast<double>(node.last - node.first);
  }

  static void add(Text& t, int node, Coalition context, double without, double with, double weight, double priority) {
    if (weight == 0) return;
    t.waiting.push({priority, t.made++, node, std::move(context), without, with, weight});
  }

  static std::vector<Break> breaks(const MethodJob& job, const Encoding& text, const Players& players) {
    std::vector<Break> after;
    for (std::size_t p = 0; p < players.size(); ++p) after.push_back(break_after(job.model.tokenizer->token(text.ids[static_cast<std::size_t>(players.positions[p].back())]).c_str()));
    return after;
  }

  void compute(MethodJob& job) const override {
    const Removal rule = job.options.removal.value_or(Removal::baseline);
    const std::size_t most = job.options.samples > 0 ? static_cast<std::size_t>(job.options.samples) : std::numeric_limits<std::size_t>::max();
    const int classes = static_cast<int>(job.model.labels.size());
    std::vector<Text> texts(job.items.size());
    const auto worth = [&](std::size_t k, const double* z) { return output_value(job.options.output, z, classes, job.out[k].target, job.out[k].foil); };

    std::vector<Coalition> ends;
    for (std::size_t k = 0; k < texts.size(); ++k) {
      texts[k].players = players_of(job.items[k].encoding, job.model.tokenizer->specials(), job.options.unit);
      ends.emplace_back(texts[k].players.size(), 0);
      ends.emplace_back(texts[k].players.size(), 1);
    }
    std::vector<CoalitionQuestion> questions;
    for (std::size_t k = 0; k < texts.size(); ++k)
      for (std::size_t e = 0; e < 2; ++e) questions.push_back({&job.items[k].encoding, &texts[k].players, &ends[2 * k + e]});
    std::vector<double> z = coalition_logits(job, questions, rule);
    for (std::size_t k = 0; k < texts.size(); ++k) {
      Text& t = texts[k];
      const std::size_t n = t.players.size();
      t.nobody = worth(k, z.data() + 2 * k * static_cast<std::size_t>(classes));
      t.everybody = worth(k, z.data() + (2 * k + 1) * static_cast<std::size_t>(classes));
      t.scores.assign(n, 0.0);
      t.done = n == 0;
      if (n == 0) continue;
      wants_all(n, job.options);  // refuses "all" of too many
      t.tree = clause_tree(breaks(job, job.items[k].encoding, t.players));
      add(t, 0, Coalition(n, 0), t.nobody, t.everybody, 1, 0);
    }

    // Rounds over all texts at once: what a text asks next depends on its own answers alone.
    std::size_t done = 0;
    for (;;) {
      std::vector<Coalition> coalitions;
      std::vector<std::size_t> of;
      for (std::size_t k = 0; k < texts.size(); ++k) {
        Text& t = texts[k];
        while (!t.done && t.asked.size() < round_nodes && !t.waiting.empty()) {
          Task task = t.waiting.top();
          t.waiting.pop();
          const TreeNode& node = t.tree[static_cast<std::size_t>(task.node)];
          if (node.left < 0) {
            share(t, node, task.weight * (task.with - task.without));
            continue;
          }
          if (t.passes > most) {  // the passes are spent
            share(t, node, task.weight * (task.with - task.without));
            continue;
          }
          t.passes += 2;
          for (const int half : {node.left, node.right}) {
            Coalition c = task.context;
            const TreeNode& h = t.tree[static_cast<std::size_t>(half)];
            std::fill(c.begin() + static_cast<std::ptrdiff_t>(h.first), c.begin() + static_cast<std::ptrdiff_t>(h.last), std::uint8_t{1});
            coalitions.push_back(std::move(c));
            of.push_back(k);
          }
          t.asked.push_back(std::move(task));
        }
        t.done = t.asked.empty();
      }
      if (coalitions.empty()) break;
      questions.clear();
      for (std::size_t q = 0; q < coalitions.size(); ++q) questions.push_back({&job.items[of[q]].encoding, &texts[of[q]].players, &coalitions[q]});
      z = coalition_logits(job, questions, rule);
      std::size_t row = 0;
      for (std::size_t k = 0; k < texts.size(); ++k) {
        Text& t = texts[k];
        for (const Task& task : t.asked) {
          const TreeNode& node = t.tree[static_cast<std::size_t>(task.node)];
          const double left = worth(k, z.data() + row * static_cast<std::size_t>(classes)), right = worth(k, z.data() + (row + 1) * static_cast<std::size_t>(classes));
          const double interaction = std::abs(task.with - left - right + task.without) * task.weight;
          add(t, node.left, task.context, task.without, left, task.weight / 2, interaction);
          add(t, node.left, coalitions[row + 1], right, task.with, task.weight / 2, interaction);
          add(t, node.right, task.context, task.without, right, task.weight / 2, interaction);
          add(t, node.right, coalitions[row], left, task.with, task.weight / 2, interaction);
          row += 2;
        }
        t.asked.clear();
      }
      done += row;
      if (job.progress) job.progress({static_cast<double>(done), job.options.samples > 0 ? static_cast<double>(most * texts.size()) : 0, "explaining"});
    }
    for (std::size_t k = 0; k < texts.size(); ++k) {
      fill_scores(job.out[k], job.items[k].encoding, texts[k].players, {texts[k].scores, {}, true}, info(), texts[k].everybody, texts[k].nobody);
      job.out[k].steps = static_cast<int>(std::min<std::size_t>(texts[k].passes, std::numeric_limits<int>::max()));
    }
  }
};

}  // namespace

std::unique_ptr<const Method> make_partition_shap() { return std::make_unique<PartitionShap>(); }

}  // namespace telltale
