// Integrated Gradients over real posts: posts a second, the machine's own matrix-product peak in the same run, and the share of it that is reached.
//   bench_ig --model DIR --posts attributions.json|forward.json [--limit 24] [--steps 50 | --tolerance 0.01] [--precision fp32] [--threads 2] [--repeat 3] [--scores OUT.json]
// Prints one JSON document. The peer (peers/captum_peer.py) calls this and Captum in turn and compares time and scores.
#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <iostream>
#include <numeric>

#include "attribution/explain.hpp"
#include "base/files.hpp"
#include "base/json.hpp"
#include "model/product.hpp"

using namespace telltale;

namespace {

double now() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }

struct Peak {
  double call = 0;       ///< GFLOP/s of the best single call: a few milliseconds, which no longer run need reach
  double sustained = 0;  ///< GFLOP/s of the best shape, called again and again for half a second
};

/// The library's products of the model's own shapes, [rows,d]·[d,i].
Peak product_peak(std::int64_t d, std::int64_t i, at::ScalarType type) {
  constexpr double sustained_for = 0.5;
  at::NoGradGuard no_grad;
  Peak best;
  for (const std::int64_t rows : {1024, 2048, 4096}) {
    const at::Tensor x = at::rand({rows, d}).to(type), w = at::rand({i, d}).to(type);
    at::Tensor y = at::empty({rows, i}, x.options());
    const double work = 2.0 * static_cast<double>(rows * d * i) / 1e9;
    product(x, w.t(), y);
    const double start = now();
    double end = start;
    int calls = 0;
    for (; end - start < sustained_for || calls < 20; ++calls) {
      const double begin = end;
      product(x, w.t(), y);
      end = now();
      best.call = std::max(best.call, work / (end - begin));
    }
    best.sustained = std::max(best.sustained, work * calls / (end - start));
  }
  return best;
}

/// Floating-point operations of the matrix products with weights, for one node of a post of T ids: forward and backward, last layer for [CLS] only.
double operations(const ModelConfig& c, double T) {
  const double d = static_cast<double>(c.hidden_size), i = static_cast<double>(c.intermediate_size), layers = static_cast<double>(c.layers);
  const double row = 2 * (4 * d * d + 2 * d * i), full = row * T, last = row;
  return 2 * ((layers - 1) * full + last);
}

/// And of attention's own: Q·Kᵀ and P·V forward, four products of the same size backward; of the last layer the row of [CLS], each head with the states themselves.
double attention_operations(const ModelConfig& c, double T) {
  const double d = static_cast<double>(c.hidden_size), layers = static_cast<double>(c.layers);
  return 6 * 2 * d * ((layers - 1) * T * T + static_cast<double>(c.heads) * T);
}

/// What the plain algorithm takes, all rows in all layers and attention with them: the work that a share of the peak is told of where a program that skips none is
/// measured (Captum's 65 % in the issue). What is not done counts here as done.
double plain_operations(const ModelConfig& c, double T) {
  const double d = static_cast<double>(c.hidden_size), i = static_cast<double>(c.intermediate_size), layers = static_cast<double>(c.layers);
  return layers * (2 * 2 * (4 * d * d + 2 * d * i) * T + 6 * 2 * d * T * T);
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Integrated Gradients over real posts");
  std::string model_folder, posts, precision = "fp32", scores_file;
  int steps = 50, threads = 2, repeat = 3, limit = 24;
  double tolerance = 0;
  app.add_option("--model", model_folder)->required();
  app.add_option("--posts", posts, "golden/attributions.json")->required();
  app.add_option("--limit", limit, "of the posts in the file that have a word, the first so many");
  app.add_option("--steps", steps);
  app.add_option("--tolerance", tolerance, "adaptive search instead of fixed steps");
  app.add_option("--precision", precision);
  app.add_option("--threads", threads);
  app.add_option("--repeat", repeat);
  app.add_option("--scores", scores_file);
  CLI11_PARSE(app, argc, argv);
  try {
    ComputeOptions compute{"cpu", threads, parse_precision(precision)};
    configure_compute(compute);
    const auto model = Classifier::load(model_folder, compute);
    std::vector<ExplainItem> items;
    std::vector<Json> reference;
    const Json file = read_json(posts);
    for (const Json& post : file["items"]) {
      ExplainItem item;
      item.encoding = model->tokenizer().encode(post["text"].get<std::string>(), post.value("max_length", file.value("max_length", 128)));
      if (item.encoding.words.empty() || static_cast<int>(items.size()) == limit) continue;
      const auto explained = post.find("explanations");  // forward.json holds none: the predicted class, and no reference
      item.target = explained == post.end() ? post["predicted"].get<int>() : (*explained)[0]["target"].get<int>();
      reference.push_back(explained == post.end() ? Json() : (*explained)[0]["outputs"]["probability"]["methods"]["ig_word.reference"]["scores"]);
      items.push_back(std::move(item));
    }
    ExplainOptions options;
    options.steps = tolerance > 0 ? 0 : steps;
    if (tolerance > 0) options.tolerance = tolerance;
    explain(*model, {items[0]}, options);
    const at::ScalarType type = precision == "bf16" ? at::kBFloat16 : at::kFloat;
    const Peak before = product_peak(model->config().hidden_size, model->config().intermediate_size, type);
    std::vector<double> seconds;
    std::vector<Explanation> found;
    for (int k = 0; k < repeat; ++k) {
      const double begin = now();
      found = explain(*model, items, options);
      seconds.push_back(now() - begin);
    }
    Peak peak = product_peak(model->config().hidden_size, model->config().intermediate_size, type);
    peak.call = std::max(peak.call, before.call);
    peak.sustained = std::max(peak.sustained, before.sustained);
    std::sort(seconds.begin(), seconds.end());
    double work = 0, attention = 0, plain = 0, worst_delta = 0, worst_error = 0, nodes = 0;
    OrderedJson scores = OrderedJson::array();
    for (std::size_t k = 0; k < found.size(); ++k) {
      work += operations(model->config(), static_cast<double>(items[k].encoding.ids.size())) * found[k].steps;
      attention += attention_operations(model->config(), static_cast<double>(items[k].encoding.ids.size())) * found[k].steps;
      plain += plain_operations(model->config(), static_cast<double>(items[k].encoding.ids.size())) * found[k].steps;
      nodes += found[k].steps;
      worst_delta = std::max(worst_delta, found[k].relative_delta);
      double largest = 0, error = 0;
      for (std::size_t t = 0; !reference[k].is_null() && t < found[k].scores.size(); ++t) {
        largest = std::max(largest, std::abs(reference[k][t].get<double>()));
        error = std::max(error, std::abs(found[k].scores[t] - reference[k][t].get<double>()));
      }
      if (largest > 0) worst_error = std::max(worst_error, error / largest);
      scores.push_back(found[k].scores);
    }
    const double best = seconds.front(), middle = seconds[seconds.size() / 2], n = static_cast<double>(items.size());
    OrderedJson out = {{"benchmark", "integrated-gradients"}, {"build", compute_description()}, {"precision", precision}, {"threads", threads}, {"posts", items.size()}};
    out["mean_ids"] = std::accumulate(items.begin(), items.end(), 0.0, [](double sum, const ExplainItem& i) { return sum + static_cast<double>(i.encoding.ids.size()); }) / n;
    out["steps"] = options.steps > 0 ? OrderedJson(options.steps) : OrderedJson({{"tolerance", options.tolerance}, {"mean_final_nodes", nodes / n}});
    out["seconds"] = {{"best", best}, {"median", middle}};
    out["posts_per_second"] = {{"best", n / best}, {"median", n / middle}};
    // Three figures, so that nothing is hidden. share_of_peak: products with weights alone, over the best single call. share_of_sustained_peak: every matrix product that
    // the algorithm needs, attention's too, over what the best shape holds for half a second, before or after the timed runs, whichever is more. plain_algorithm: the
    // products of an implementation that leaves out nothing, by our time and the best single call; above 1 where the work left out is more than the time lost.
    out["product_peak_gflops"] = peak.call;
    out["sustained_peak_gflops"] = {{"before", before.sustained}, {"largest", peak.sustained}};
    if (options.steps > 0) {
      out["products_gflops"] = work / best / 1e9;
      out["share_of_peak"] = work / best / 1e9 / peak.call;
      out["all_products_gflops"] = (work + attention) / best / 1e9;
      out["plain_algorithm"] = {{"gflops", plain / best / 1e9}, {"share_of_peak", plain / best / 1e9 / peak.call}, {"share_of_sustained_peak", plain / best / 1e9 / peak.sustained}};
      out["share_of_sustained_peak"] = (work + attention) / best / 1e9 / peak.sustained;
    }
    out["worst_relative_delta"] = worst_delta;
    if (std::any_of(reference.begin(), reference.end(), [](const Json& r) { return !r.is_null(); })) out["worst_error_against_reference"] = worst_error;
    if (!scores_file.empty()) write_file_atomically(scores_file, scores.dump());
    std::cout << out.dump(1) << "\n";
  } catch (const std::exception& e) {
    std::cerr << "bench_ig: " << e.what() << "\n";
    return 1;
  }
  return 0;
}
