// One optimiser step: the plain one (class term), or the contrastive one, with the peak of memory it takes.
//   bench_training --model DIR [--mode plain|contrastive] [--set key=value …] [--second-order tangent|double-backward] [--batch 16] [--length 128]
//                  [--steps 10] [--precision fp32] [--threads 2] [--device cpu]
// Batches are of full length, so every step does the same work. Prints one JSON document. peers/training_peer.py calls this and PyTorch in turn.
#include <ATen/ATen.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <iostream>

#include "base/json.hpp"
#include "base/random.hpp"
#include "training/presets.hpp"
#include "training/memory.hpp"
#include "training/stepper.hpp"

using namespace telltale;

namespace {
double now() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }
}  // namespace

int main(int argc, char** argv) {
  CLI::App app("One optimiser step");
  std::string folder, mode = "plain", second_order = "tangent", precision = "fp32", device = "cpu";
  std::vector<std::string> assignments;
  int batch = 16, length = 128, steps = 10, threads = 2;
  app.add_option("--model", folder)->required();
  app.add_option("--mode", mode)->check(CLI::IsMember({"plain", "contrastive"}));
  app.add_option("--set", assignments);
  app.add_option("--second-order", second_order)->check(CLI::IsMember({"tangent", "double-backward"}));
  app.add_option("--batch", batch)->check(CLI::Range(1, 4096));
  app.add_option("--length", length)->check(CLI::Range(3, 512));
  app.add_option("--steps", steps)->check(CLI::Range(1, 100000));
  app.add_option("--precision", precision);
  app.add_option("--threads", threads);
  app.add_option("--device", device);
  CLI11_PARSE(app, argc, argv);
  try {
    const ComputeOptions compute{device, threads, parse_precision(precision)};
    configure_compute(compute);
    const auto model = Classifier::load(folder, compute);
    TrainingSettings settings = preset_settings(mode == "plain" ? "baseline" : "contrastive");
    settings.batch = batch;
    settings.max_length = length;
    settings.share_steps = 0;
    for (const std::string& a : assignments) assign(settings, a);
    settings.objective.second_order = second_order == "tangent" ? SecondOrder::tangent : SecondOrder::double_backward;
    check(settings);
    const SpecialIds s = model->tokenizer().specials();
    Rng rng(1, 2);
    std::vector<TrainingPost> posts(static_cast<std::size_t>(batch));
    for (std::size_t k = 0; k < posts.size(); ++k) {
      posts[k].label = static_cast<int>(k % model->labels().size());
      posts[k].ids.push_back(s.cls);
      while (static_cast<int>(posts[k].ids.size()) + 1 < length) posts[k].ids.push_back(static_cast<std::int32_t>(2000 + rng.below(20000)));
      posts[k].ids.push_back(s.sep);
    }
    settings.epochs = steps + 2;
    model->impl().parameters->require_gradients();
    Stepper stepper(*model, posts, settings, product_type(compute.precision, model->impl().device));
    stepper.step(0, false);
    const at::Device on = model->impl().device;
    reset_peak(on);
    const double base = used_mib(on);
    std::vector<double> seconds;
    for (int k = 1; k <= steps; ++k) {
      const double begin = now();
      const StepResult r = stepper.step(k, false);
      if (!r.fault.empty()) throw std::runtime_error(r.fault);
      seconds.push_back(now() - begin);
    }
    std::sort(seconds.begin(), seconds.end());
    OrderedJson out = {{"benchmark", "training-step"}, {"build", compute_description()}, {"mode", mode}, {"precision", precision}, {"device", device}, {"threads", threads}, {"batch", batch}, {"length", length}};
    if (mode == "contrastive") out["settings"] = {{"steps", settings.objective.steps}, {"gradient_steps", settings.objective.gradient_steps}, {"second_order", second_order}, {"assigned", assignments}};
    out["seconds"] = {{"best", seconds.front()}, {"median", seconds[seconds.size() / 2]}};
    out["tokens_per_second"] = batch * length / seconds.front();
    out["peak_mib"] = peak_mib(on);
    out["resident_before_mib"] = base;
    std::cout << out.dump(1) << "\n";
  } catch (const std::exception& e) {
    std::cerr << "bench_training: " << e.what() << "\n";
    return 1;
  }
  return 0;
}
