#include "widgets/session/pulse.hpp"

#include <algorithm>

namespace telltale::ui {

constexpr qint64 period_ms = 100;

Wake::Wake(std::function<void()> call, QObject* parent) : QObject(parent), call_(std::move(call)) {
  connect(this, &Wake::asked, this, [this] { call_(); }, Qt::QueuedConnection);
}

Pulse::Pulse(std::function<void()> beat, QObject* parent) : QObject(parent), beat_(std::move(beat)), wake_([this] { wait_or_beat(); }) {
  timer_.setSingleShot(true);
  timer_.setTimerType(Qt::PreciseTimer);
  connect(&timer_, &QTimer::timeout, this, [this] {
    asked_ = false;  // what comes from now on asks anew
    last_.start();
    beat_();
  });
}

void Pulse::ask() {
  if (!asked_.exchange(true)) wake_.ask();
}

void Pulse::wait_or_beat() { timer_.start(static_cast<int>(last_.isValid() ? std::clamp<qint64>(period_ms - last_.elapsed(), 0, period_ms) : 0)); }

}  // namespace telltale::ui
