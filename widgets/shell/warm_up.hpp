// Views that a person has not opened yet: their style and first layout are made while the window has nothing else to do, so that opening one does not take them all at once.
#pragma once
#include <QObject>
#include <QPointer>
#include <QTimer>
#include <vector>

class QWidget;

namespace telltale::ui {

class WarmUp : public QObject {
  Q_OBJECT
 public:
  WarmUp(std::vector<QWidget*> views, QObject* parent);
  void start();                                 ///< a second call is passed over
  bool done() const { return left_.empty(); }

 private:
  void step();  ///< a few milliseconds of it
  std::vector<QPointer<QWidget>> left_;  ///< the next one last; the view itself after all that is in it
  std::vector<QPointer<QWidget>> views_;
  QTimer timer_;
};

}  // namespace telltale::ui
