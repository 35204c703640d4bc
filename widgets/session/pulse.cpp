#include "widgets/session/pulse.hpp"

#include <algorithm>
#include <ctime>
#include <utility>

namespace telltale::ui {

namespace {

constexpr qint64 period_ms = 100, longest_ms = 1000;
constexpr double sparing = 40;  // times the cost of a beat

double thread_cpu_ms() {
  timespec t{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return 1e3 * static_cast<double>(t.tv_sec) + 1e-6 * static_cast<double>(t.tv_nsec);
}

}  // namespace

Wake::Wake(std::function<void()> call, QObject* parent) : QObject(parent), call_(std::move(call)) {
  connect(this, &Wake::asked, this, [this] { call_(); }, Qt::QueuedConnection);
}

Pulse::Pulse(std::function<void()> beat, QObject* parent) : QObject(parent), beat_(std::move(beat)), wake_([this] { wait_or_beat(); }) {
  timer_.setSingleShot(true);
  timer_.setTimerType(Qt::PreciseTimer);
  connect(&timer_, &QTimer::timeout, this, [this] {
    asked_ = Wish::none;  // what comes from now on asks anew
    const double cpu = thread_cpu_ms();
    cost_ms_ = cpu - std::exchange(cpu_ms_, cpu);
    last_.start();
    beat_();
  });
}

void Pulse::ask() {
  if (asked_.exchange(Wish::soon) != Wish::soon) wake_.ask();
}

void Pulse::ask_sparingly() {
  Wish none = Wish::none;
  if (asked_.compare_exchange_strong(none, Wish::sparingly)) wake_.ask();
}

void Pulse::wait_or_beat() {
  const Wish wish = asked_;
  const qint64 apart = wish == Wish::soon ? period_ms : std::clamp(static_cast<qint64>(sparing * cost_ms_), period_ms, longest_ms);
  timer_.start(static_cast<int>(last_.isValid() ? std::clamp<qint64>(apart - last_.elapsed(), 0, apart) : 0));
}

}  // namespace telltale::ui
