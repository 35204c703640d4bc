#include "widgets/shell/watchdog.hpp"

#include <execinfo.h>
#include <pthread.h>
#include <signal.h>

#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>

namespace telltale::ui {
namespace {

constexpr int depth = 64;
// A signal handler may touch nothing else: the stack of the watched thread, taken by that thread itself.
std::array<void*, depth> frames;
std::atomic<int> frame_count{-1};

void take_stack(int) {
  const int saved = errno;
  frame_count.store(::backtrace(frames.data(), depth), std::memory_order_release);
  errno = saved;
}

std::int64_t now_ms() { return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now().time_since_epoch()).count(); }

}  // namespace

int Watchdog::wanted_limit() {
  const char* set = std::getenv("TELLTALE_WATCHDOG");
  if (set && *set) {
    const int ms = std::atoi(set);
    return ms > 0 ? ms : std::string_view(set) == "0" ? 0 : 50;
  }
#ifdef NDEBUG
  return 0;
#else
  return 50;
#endif
}

Watchdog::Watchdog(int limit_ms, std::function<void(const Stall&)> report, QObject* parent) : QObject(parent), limit_(limit_ms), report_(std::move(report)) {
  void* first[1];
  ::backtrace(first, 1);  // loads what it needs now: in the handler it may not
  struct sigaction action {};
  action.sa_handler = take_stack;
  action.sa_flags = SA_RESTART;
  ::sigaction(SIGUSR2, &action, nullptr);
  last_beat_ = now_ms();
  beat_.setTimerType(Qt::PreciseTimer);
  connect(&beat_, &QTimer::timeout, this, [this] {
    const std::int64_t now = now_ms(), before = last_beat_.exchange(now);
    if (!stalled_.exchange(false)) return;
    Stall s;
    s.milliseconds = static_cast<int>(now - before);
    longest_ = std::max(longest_, s.milliseconds);
    const int n = frame_count.exchange(-1, std::memory_order_acquire);
    if (n > 0) {
      if (char** names = ::backtrace_symbols(frames.data(), n)) {
        for (int i = 2; i < n; ++i) s.stack += std::string("    ") + names[i] + "\n";
        std::free(names);
      }
    }
    if (report_) report_(s);
    else std::fprintf(stderr, "telltale-workbench: the window stood still for %d ms\n%s", s.milliseconds, s.stack.c_str());
  });
  beat_.start(std::max(1, limit_ / 10));
  const pthread_t watched = ::pthread_self();
  watcher_ = std::jthread([this, watched](std::stop_token quit) {
    while (!quit.stop_requested()) {
      std::this_thread::sleep_for(std::chrono::milliseconds(std::max(1, limit_ / 10)));
      if (now_ms() - last_beat_ > limit_ && !stalled_.exchange(true)) ::pthread_kill(watched, SIGUSR2);
    }
  });
}

Watchdog::~Watchdog() {
  watcher_.request_stop();
  watcher_.join();
}

}  // namespace telltale::ui
