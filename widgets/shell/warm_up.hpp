// Views that a person has not opened yet are arranged to the window's size while it has nothing else to do, so that opening one is quicker.
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
  void start();  ///< a second call is passed over

 private:
  void step();  ///< one view
  std::vector<QPointer<QWidget>> left_;  ///< the next one last
  QTimer timer_;
};

}  // namespace telltale::ui
