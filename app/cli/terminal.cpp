// Ctrl-C, the progress bar, and what is said on standard error.
#include <fmt/format.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <mutex>
#include <thread>

#include "common.hpp"

namespace telltale::cli {
namespace {

using Clock = std::chrono::steady_clock;

// ---------------------------------------------------------------------------------------------------------- Ctrl-C

std::atomic<int> stop_signal{0};
std::atomic<std::int64_t> stop_time{0};  ///< ms, of the first signal
int wake_pipe[2] = {-1, -1};

/// One request often comes as two signals: timeout(1) sends it to the process and then to its group, a shell's job control likewise.
/// What comes so soon after the first is no second request.
constexpr std::int64_t same_request_ms = 500;

std::int64_t now_ms() {
  timespec t{};
  ::clock_gettime(CLOCK_MONOTONIC, &t);
  return static_cast<std::int64_t>(t.tv_sec) * 1000 + t.tv_nsec / 1'000'000;
}

/// Only calls that are safe in a signal handler; the stop itself is requested by a thread that waits on the pipe.
void on_signal(int number) {
  const int error = errno;
  int none = 0;
  if (!stop_signal.compare_exchange_strong(none, number)) {
    const std::int64_t first = stop_time;
    if (number == SIGPIPE || first == 0 || now_ms() - first < same_request_ms) {  // of SIGPIPE: every further write of ours finds the reader gone
      errno = error;
      return;
    }
    _exit(128 + number);
  }
  stop_time = now_ms();
  const char byte = 0;
  [[maybe_unused]] const auto written = ::write(wake_pipe[1], &byte, 1);
  errno = error;
}

// -------------------------------------------------------------------------------------------------------- progress

std::mutex terminal;
bool bar_drawn = false;

void clear_locked() {
  if (!bar_drawn) return;
  std::fputs("\r\x1b[K", stderr);
  std::fflush(stderr);
  bar_drawn = false;
}

std::string time_left(double seconds) {
  const long s = static_cast<long>(seconds + 0.5);
  if (s >= 3600) return fmt::format("{} h {:02} min", s / 3600, s / 60 % 60);
  if (s >= 60) return fmt::format("{} min {:02} s", s / 60, s % 60);
  return fmt::format("{} s", s);
}

struct Bar {
  Clock::time_point started = Clock::now(), drawn{};
  std::string what;
  double first = 0;  ///< done when this kind of work began: a resumed run has no past speed
  bool terminal_out = isatty(STDERR_FILENO) == 1;

  void operator()(const Progress& p) {
    const std::lock_guard lock(terminal);
    const auto now = Clock::now();
    if (p.what != what) {
      what = p.what;
      started = now;
      first = p.done;
      drawn = terminal_out ? Clock::time_point{} : now;
    }
    const bool last = p.total > 0 && p.done >= p.total;
    const auto pause = terminal_out ? std::chrono::milliseconds(100) : std::chrono::milliseconds(30000);
    if (now - drawn < pause && !(last && terminal_out)) return;
    drawn = now;
    const double seconds = std::chrono::duration<double>(now - started).count();
    const double speed = seconds > 0 ? (p.done - first) / seconds : 0;
    std::string line = what.empty() ? "working" : what;
    if (p.total > 0) {
      line += fmt::format("  {:.0f}/{:.0f}", p.done, p.total);
      if (speed > 0 && seconds > 1) line += fmt::format("  {} left", time_left((p.total - p.done) / speed));
    } else if (p.done > 0) {
      line += fmt::format("  {:.0f}", p.done);
    }
    if (terminal_out)
      draw(line, p.total > 0 ? p.done / p.total : -1);
    else
      std::fputs(("telltale: " + line + "\n").c_str(), stderr);
  }

  void draw(const std::string& line, double share) {
    winsize size{};
    const int columns = ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
    std::string bar;
    const int width = std::min(30, columns - static_cast<int>(line.size()) - 12);
    if (share >= 0 && width >= 5) {
      const int full = static_cast<int>(std::min(1.0, share) * width);
      for (int i = 0; i < width; ++i) bar += i < full ? "█" : "░";
      bar += fmt::format(" {:3.0f} %  ", 100 * std::min(1.0, share));
    }
    std::string shown = line.substr(0, static_cast<std::size_t>(std::max(0, columns - 1)));
    std::fputs(("\r\x1b[K" + bar + shown).c_str(), stderr);
    std::fflush(stderr);
    bar_drawn = true;
  }
};

}  // namespace

std::stop_token stop_on_interrupt() {
  // Both outlive main on purpose: the handler may run until the last instruction of the process.
  static auto* const source = new std::stop_source;
  if (::pipe(wake_pipe) != 0) return source->get_token();
  std::thread([] {
    char byte;
    while (::read(wake_pipe[0], &byte, 1) < 0) {
    }
    source->request_stop();
  }).detach();
  struct sigaction action {};
  action.sa_handler = on_signal;
  action.sa_flags = SA_RESTART;
  sigemptyset(&action.sa_mask);
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
  sigaction(SIGPIPE, &action, nullptr);
  return source->get_token();
}

int interrupted_by() { return stop_signal.load(); }

ProgressFn terminal_progress() {
  return [bar = std::make_shared<Bar>()](const Progress& p) { (*bar)(p); };
}

void clear_progress() {
  const std::lock_guard lock(terminal);
  clear_locked();
}

void complain(std::string_view message) {
  const std::lock_guard lock(terminal);
  clear_locked();
  std::fputs(("telltale: " + one_line(message) + "\n").c_str(), stderr);
}

}  // namespace telltale::cli
