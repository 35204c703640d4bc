// A small ring with a count, for what is being computed.
#pragma once
#include <QPainter>
#include <QTimer>
#include <QWidget>
#include <algorithm>

#include "widgets/theme.hpp"

namespace telltale::ui {

class BusyRing : public QWidget {
  Q_OBJECT
 public:
  explicit BusyRing(Theme& theme, QWidget* parent = nullptr) : QWidget(parent), theme_(theme) {
    setFixedSize(16, 16);
    connect(&timer_, &QTimer::timeout, this, [this] { turn_ = (turn_ + 30) % 360, update(); });
    timer_.setInterval(80);
  }
  /// total 0: turns; else fills.
  void set_progress(double done, double total) {
    share_ = total > 0 ? std::clamp(done / total, 0.0, 1.0) : -1;
    setAccessibleName(share_ >= 0 ? tr("%1 % done").arg(static_cast<int>(share_ * 100)) : tr("At work"));
    update();
  }

 protected:
  void showEvent(QShowEvent*) override { timer_.start(); }
  void hideEvent(QHideEvent*) override { timer_.stop(); }
  void paintEvent(QPaintEvent*) override {
    QPainter p(this);
    p.setRenderHint(QPainter::Antialiasing);
    const QRectF box(2.5, 2.5, 11, 11);
    p.setPen(QPen(theme_["border"], 2.5));
    p.drawEllipse(box);
    p.setPen(QPen(theme_["accent"], 2.5));
    if (share_ >= 0) p.drawArc(box, 90 * 16, -static_cast<int>(share_ * 360 * 16));
    else p.drawArc(box, -turn_ * 16, 100 * 16);
  }

 private:
  Theme& theme_;
  QTimer timer_;
  double share_ = -1;
  int turn_ = 0;
};

}  // namespace telltale::ui
