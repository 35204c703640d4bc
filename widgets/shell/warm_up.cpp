#include "widgets/shell/warm_up.hpp"

#include <QCoreApplication>
#include <QResizeEvent>
#include <QWidget>

namespace telltale::ui {

constexpr int first_after_ms = 300, pause_ms = 30;  // events of a person go between two views

WarmUp::WarmUp(std::vector<QWidget*> views, QObject* parent) : QObject(parent), left_(views.rbegin(), views.rend()) {
  timer_.setSingleShot(true);
  connect(&timer_, &QTimer::timeout, this, &WarmUp::step);
}

void WarmUp::start() {
  if (!timer_.isActive() && !left_.empty()) timer_.start(first_after_ms);
}

void WarmUp::step() {
  const QPointer<QWidget> view = left_.back();
  left_.pop_back();
  // Their style is left to the first show: fonts of widgets that have it while hidden drift when the size of text changes.
  if (const QWidget* page = view ? view->parentWidget() : nullptr; page && !view->isVisible() && view->size() != page->size()) {
    QResizeEvent resized(page->size(), view->size());
    view->resize(page->size());
    QCoreApplication::sendEvent(view, &resized);  // hidden widgets hear of a size only when they are told
  }
  if (!left_.empty()) timer_.start(pause_ms);
}

}  // namespace telltale::ui
