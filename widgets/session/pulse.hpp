// From any thread to the owner's: Wake calls soon after each request, Pulse ("something is new") at most ten times a second.
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

 private:
  void wait_or_beat();
  std::function<void()> beat_;
  Wake wake_;
  std::atomic<bool> asked_{false};
  QTimer timer_;
  QElapsedTimer last_;
};

}  // namespace telltale::ui
