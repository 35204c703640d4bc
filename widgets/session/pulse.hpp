// From any thread to the owner's: Wake calls soon after each request, Pulse ("something is new") at most ten times a second, or more rarely.
#pragma once
#include <QElapsedTimer>
#include <QObject>
#include <QTimer>
#include <atomic>
#include <functional>

namespace telltale::ui {

/// The connection is made once, on the owner's thread: a request hands over no object of its own that another thread would read.
class Wake : public QObject {
  Q_OBJECT
 public:
  explicit Wake(std::function<void()> call, QObject* parent = nullptr);
  void ask() { Q_EMIT asked(); }  ///< any thread

 Q_SIGNALS:
  void asked();

 private:
  std::function<void()> call_;
};

class Pulse : public QObject {
  Q_OBJECT
 public:
  explicit Pulse(std::function<void()> beat, QObject* parent = nullptr);
  void ask();  ///< any thread
  /// For what comes again and again and is looked at beside other work: beats so rarely that the owner's thread, with all that it draws for
  /// a beat, stays at about a fortieth of the time (2.5 %), but once a second. Any thread.
  void ask_sparingly();

 private:
  enum class Wish : int { none, sparingly, soon };
  void wait_or_beat();
  std::function<void()> beat_;
  Wake wake_;
  std::atomic<Wish> asked_{Wish::none};
  QTimer timer_;
  QElapsedTimer last_;
  double cpu_ms_ = 0, cost_ms_ = 0;  ///< of the owner's thread at the last beat, and from the one before to it
};

}  // namespace telltale::ui
