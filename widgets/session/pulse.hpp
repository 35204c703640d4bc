// From any thread: "something is new". On the owner's thread: a call soon after, at most ten times a second.
#pragma once
#include <QElapsedTimer>
#include <QObject>
#include <QTimer>
#include <atomic>
#include <functional>

namespace telltale::ui {

class Pulse : public QObject {
  Q_OBJECT
 public:
  explicit Pulse(std::function<void()> beat, QObject* parent = nullptr);
  void ask();  ///< any thread

 private:
  void wait_or_beat();
  std::function<void()> beat_;
  std::atomic<bool> asked_{false};
  QTimer timer_;
  QElapsedTimer last_;
};

}  // namespace telltale::ui
