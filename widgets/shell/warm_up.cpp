#include "widgets/shell/warm_up.hpp"

#include <QCoreApplication>
#include <QElapsedTimer>
#include <QLayout>
#include <QResizeEvent>
#include <QWidget>
#include <algorithm>

namespace telltale::ui {

constexpr int first_after_ms = 300, pause_ms = 10;  // events of a person go between two steps
constexpr qint64 step_ms = 6;

WarmUp::WarmUp(std::vector<QWidget*> views, QObject* parent) : QObject(parent), left_(views.rbegin(), views.rend()), views_(views.begin(), views.end()) {
  timer_.setSingleShot(true);
  connect(&timer_, &QTimer::timeout, this, &WarmUp::step);
}

void WarmUp::start() {
  if (!timer_.isActive() && !left_.empty()) timer_.start(first_after_ms);
}

void WarmUp::step() {
  QElapsedTimer clock;
  clock.start();
  while (!left_.empty() && clock.elapsed() < step_ms) {
    const QPointer<QWidget> w = left_.back();
    left_.pop_back();
    if (!w || w->isVisible()) continue;  // shown meanwhile: done
    const QWidget* page = w->parentWidget();
    if (std::find(views_.begin(), views_.end(), w) != views_.end() && page && w->size() != page->size()) {
      // A view arranges itself by its size: as it will be, not as it was made. Hidden widgets hear of a size only when they are told.
      QResizeEvent resized(page->size(), w->size());
      w->resize(page->size());
      QCoreApplication::sendEvent(w, &resized);
      left_.push_back(w);
      break;
    }
    if (w->testAttribute(Qt::WA_WState_Polished)) {
      if (w->layout()) w->layout()->activate();
      continue;
    }
    w->ensurePolished();
    left_.push_back(w);  // its layout, when all in it have their style
    for (QObject* child : w->children())
      if (auto* inside = qobject_cast<QWidget*>(child); inside && !inside->isWindow()) left_.push_back(inside);
  }
  if (!left_.empty()) timer_.start(pause_ms);
}

}  // namespace telltale::ui
