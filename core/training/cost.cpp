#include "training/cost.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <numeric>

#include "objective/attribution_pass.hpp"
#include "training/memory.hpp"

namespace telltale {
namespace {

using Clock = std::chrono::steady_clock;
double since(Clock::time_point t) { return std::chrono::duration<double>(Clock::now() - t).count(); }

struct Point {
  double tokens = 0, seconds = 0;  ///< padded ids of one batch; time of one batch
};

/// Piecewise linear through the points, straight on beyond them, never under 0.
double interpolate(const std::vector<Point>& points, double tokens) {
  if (points.size() == 1) return points[0].seconds * tokens / points[0].tokens;
  std::size_t k = 1;
  while (k + 1 < points.size() && tokens > points[k].tokens) ++k;
  const Point &a = points[k - 1], &b = points[k];
  if (b.tokens <= a.tokens) return a.seconds;
  return std::max(0.0, a.seconds + (b.seconds - a.seconds) * (tokens - a.tokens) / (b.tokens - a.tokens));
}

double padded(const std::vector<TrainingPost>& posts, const std::vector<std::size_t>& batch) {
  std::size_t width = 0;
  for (const std::size_t i : batch) width = std::max(width, posts[i].ids.size());
  return static_cast<double>(width * batch.size());
}

/// Seconds to write and sync one MiB beside `folder`, from up to 16 MiB; 0 when it cannot be tried.
double seconds_a_mib(std::filesystem::path folder, double mib) {
  while (!std::filesystem::exists(folder) && folder.has_parent_path() && folder != folder.parent_path()) folder = folder.parent_path();
  std::string name = (folder / ".telltale-probe-XXXXXX").string();
  const int fd = ::mkstemp(name.data());
  if (fd < 0) return 0;
  ::unlink(name.c_str());
  const std::vector<char> block(1 << 20, 1);
  const int blocks = static_cast<int>(std::clamp(mib, 1.0, 16.0));
  const auto start = Clock::now();
  bool fine = true;
  for (int k = 0; k < blocks; ++k) fine = fine && ::write(fd, block.data(), block.size()) == static_cast<ssize_t>(block.size());
  fine = fine && ::fsync(fd) == 0;
  ::close(fd);
  return fine ? since(start) / blocks : 0;
}

}  // namespace

CostEstimate measure_cost(Stepper& stepper, const TrainingData& data, const std::filesystem::path& run_folder, std::stop_token stop) {
  const TrainingSettings& s = stepper.settings();
  Classifier::Impl& m = stepper.model().impl();
  ObjectiveState before = stepper.objective().state();
  for (at::Tensor* t : {&before.mass, &before.confusion})
    if (t->defined()) *t = t->clone();

  // Every batch of the run, by padded size.
  std::vector<std::vector<std::size_t>> batches;
  for (std::int64_t e = 0; e < s.epochs; ++e)
    for (auto& b : epoch_batches(data.train, s.batch, s.seed, e)) batches.push_back(std::move(b));
  std::sort(batches.begin(), batches.end(), [&](const auto& a, const auto& b) { return padded(data.train, a) < padded(data.train, b); });

  reset_peak(m.device);
  const double base = used_mib(m.device);
  constexpr double longest_probe = 5, quick_probe = 1;  // seconds a measured batch may take; under which it is measured twice
  const auto timed = [&](std::vector<std::size_t> batch, double limit_rate) {
    // limit_rate: seconds a padded id, as far as known; posts are left out of a batch that would take too long.
    const double whole = padded(data.train, batch);
    const std::size_t rows = batch.size();
    const auto most = limit_rate > 0 ? static_cast<std::size_t>(std::max(1.0, longest_probe / limit_rate / (whole / static_cast<double>(rows)))) : rows;
    if (most < rows) batch.erase(batch.begin(), batch.end() - static_cast<std::ptrdiff_t>(most));  // the longest are last
    if (stop.stop_requested()) throw Cancelled{};
    double seconds = 0;
    for (int k = 0; k < 2 && (k == 0 || seconds < quick_probe); ++k) {  // a first time pays for caches and for what else the machine does
      const auto start = Clock::now();
      stepper.accumulate({batch}, 0, false);
      seconds = k == 0 ? since(start) : std::min(seconds, since(start));
    }
    const double share = static_cast<double>(batch.size()) / static_cast<double>(rows);
    const auto length = static_cast<std::int64_t>(whole) / static_cast<std::int64_t>(rows);
    const auto held = [&](std::size_t texts) { return rows_at_once(stepper.objective().options(), static_cast<std::int64_t>(texts), length, m.device); };
    return std::pair{Point{whole, seconds / share}, held(rows) / held(batch.size())};
  };
  // A first batch fills caches and says how much a longer one may take.
  auto [first, first_growth] = timed(std::vector<std::size_t>(batches.front().begin(), batches.front().begin() + static_cast<std::ptrdiff_t>(std::min<std::size_t>(2, batches.front().size()))), 0);
  double rate = first.seconds / std::max(1.0, first.tokens);
  std::vector<Point> points;
  double growth = 1;  // of the longest batch's memory, were it whole
  for (const std::size_t k : {batches.size() / 20, batches.size() / 2, batches.size() - 1}) {
    const auto [point, larger] = timed(batches[k], rate);
    if (points.empty() || point.tokens > points.back().tokens) points.push_back(point);
    rate = point.seconds / std::max(1.0, point.tokens);
    growth = std::max(1.0, larger);
  }
  double steps_seconds = 0;
  for (const auto& b : batches) steps_seconds += interpolate(points, padded(data.train, b));

  // The optimiser at rate 0 leaves the parameters as they are; its moments are cleared.
  const auto optimiser_start = Clock::now();
  m.parameters->zero_gradients();
  stepper.optimiser().step(0);
  const double optimiser_seconds = since(optimiser_start);
  stepper.optimiser().first.zero_();
  stepper.optimiser().second.zero_();
  stepper.optimiser().steps = 0;
  stepper.objective().state() = before;
  steps_seconds += optimiser_seconds * static_cast<double>(stepper.steps());
  const double grown = peak_mib(m.device) - base;

  // Validation: a few posts, by ids.
  std::vector<std::size_t> order(data.validation.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::vector<ModelInput> sample;
  double sampled = 0, all = 0;
  for (std::size_t k = 0; k < order.size(); ++k) {
    all += static_cast<double>(data.validation[k].ids.size());
    if (k % std::max<std::size_t>(1, order.size() / 16) == 0) {
      sample.push_back({data.validation[k].ids, {}, {}});
      sampled += static_cast<double>(data.validation[k].ids.size());
    }
  }
  double validation_seconds = 0;
  if (!sample.empty()) {
    const auto start = Clock::now();
    m.engine->refresh();
    stepper.model().predict(sample, stop);
    validation_seconds = since(start) * all / sampled;
  }
  const std::int64_t steps = stepper.steps(), per_epoch = stepper.steps_an_epoch();
  const auto times = [&](int every) { return static_cast<double>(every > 0 ? (steps + every - 1) / every : (steps + per_epoch - 1) / per_epoch); };
  const double mib = 3.0 * static_cast<double>(m.parameters->flat.nbytes()) / (1 << 20);
  const double checkpoint_seconds = seconds_a_mib(run_folder, mib) * mib;

  CostEstimate out;
  out.steps = steps;
  const double validations = times(s.validate_steps) * validation_seconds, checkpoints = times(s.checkpoint_steps) * checkpoint_seconds;
  out.seconds = steps_seconds + validations + checkpoints;
  // Validation packs the weights anew while the steps' memory is still held.
  out.peak_mib = std::max(peak_mib(m.device), base + std::max(0.0, grown) * growth);
  Json measured = Json::array();
  for (const Point& p : points) measured.push_back({{"ids", p.tokens}, {"seconds", p.seconds}});
  out.details = {{"posts", data.train.size()}, {"steps", steps}, {"steps_seconds", steps_seconds}, {"validation_seconds", validations}, {"checkpoint_seconds", checkpoints}, {"measured", measured}};
  return out;
}

}  // namespace telltale
