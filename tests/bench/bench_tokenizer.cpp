// Tokenises all posts of 20 Newsgroups on one thread, with offsets and words.
//
//   bench_tokenizer 20news-bydate.tar.gz MODEL_FOLDER [--runs N]
//
// One warm-up run, then N runs (default 7), every one timed on its own, by the clock and by the thread's CPU time (for
// a machine that does other work too); reading the archive and the vocabulary is not timed. Peer:
// peers/tokenizers_peer.py, the same posts with Hugging Face's tokenizers on one thread.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <ctime>
#include <string_view>

#include "base/json.hpp"
#include "text/tokenizer.hpp"
#include "twenty_news.hpp"

int main(int argc, char** argv) {
  using Clock = std::chrono::steady_clock;
  const auto seconds = [](Clock::time_point from) {
    return std::chrono::duration<double>(Clock::now() - from).count();
  };
  int runs = 7;
  if (argc == 5 && std::string_view(argv[3]) == "--runs") runs = std::max(1, std::atoi(argv[4]));
  if (argc != 3 && argc != 5) {
    fmt::print(stderr, "usage: bench_tokenizer 20news-bydate.tar.gz MODEL_FOLDER [--runs N]\n");
    return 2;
  }
  try {
    const std::vector<RawPost> posts = read_twenty_news(argv[1]);
    const auto loading = Clock::now();
    const auto tokenizer = telltale::Tokenizer::load(argv[2]);
    const double load = seconds(loading);

    std::size_t bytes = 0, ids = 0;
    for (const RawPost& p : posts) bytes += p.text.size();
    std::vector<double> times, cpu_times;
    const auto cpu = [] {
      timespec t{};
      clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
      return static_cast<double>(t.tv_sec) + 1e-9 * static_cast<double>(t.tv_nsec);
    };
    for (int run = -1; run < runs; ++run) {
      ids = 0;
      const double cpu_start = cpu();
      const auto start = Clock::now();
      for (const RawPost& p : posts) ids += tokenizer->encode(p.text).ids.size();
      if (run >= 0) times.push_back(seconds(start)), cpu_times.push_back(cpu() - cpu_start);
    }
    std::vector<double> sorted = times;
    std::sort(sorted.begin(), sorted.end());
    const double best = sorted.front(), median = sorted[sorted.size() / 2];
    const telltale::OrderedJson out = {{"benchmark", "tokenizer"},
                                       {"posts", posts.size()},
                                       {"bytes", bytes},
                                       {"ids", ids},
                                       {"threads", 1},
                                       {"load_seconds", load},
                                       {"seconds", times},
                                       {"best_seconds", best},
                                       {"median_seconds", median},
                                       {"best_cpu_seconds", *std::min_element(cpu_times.begin(), cpu_times.end())},
                                       {"posts_per_second", posts.size() / best},
                                       {"megabytes_per_second", bytes / best / 1e6}};
    fmt::print("{}\n", out.dump(2));
  } catch (const std::exception& e) {
    fmt::print(stderr, "bench_tokenizer: {}\n", e.what());
    return 1;
  }
}
