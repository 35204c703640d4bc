// The post by the ticked methods, side by side: explained as they are asked for, kept, compared with the shown one and with each other.
#pragma once
#include <deque>
#include <map>

#include "widgets/inspect/explainer.hpp"
#include "widgets/inspect/method_maps.hpp"
#include "widgets/panel.hpp"

class QPushButton;
class QStackedWidget;

namespace telltale::ui {

class AgreementPage;
class BusyRing;
class MethodTicks;
class Segmented;

class MethodsPanel : public Panel {
  Q_OBJECT
 public:
  explicit MethodsPanel(Theme& theme, QWidget* parent = nullptr);
  void set_session(Session* session);
  void set_place(const Place& place, MeterPtr meter);  ///< without the post's size
  void set_post(PostPtr post, const RunRecord& run, const ExplainOptions& options);  ///< nullptr: none
  bool busy() const { return job_ != 0; }
  void make_way();                 ///< something more urgent comes: what runs is taken back …
  void go_on();                    ///< … and begun again, here or with the next post
  void explain(const std::string& method);
  void explain_all();              ///< that are ticked and not there
  void cancel();
  MethodMaps& maps() { return *maps_; }
  AgreementPage& agreement() { return *agreement_; }
  MethodTicks& ticks() { return *ticks_; }
  const std::vector<std::string>& picked() const { return picked_; }
  void show_agreement(bool agreement);
  QString csv() const;             ///< a row a word and a column a method; of the agreement, a row a pair

 Q_SIGNALS:
  void method_asked(const QString& id);
  void failed(const QString& message);

 protected:
  void showEvent(QShowEvent*) override;

 private:
  std::vector<std::string> shown() const;  ///< the shown method first, then the ticked ones, at most nine
  ExplainOptions options_of(const std::string& method) const;
  void fill();
  void compute();
  void draw();
  void draw_progress();
  void remember();
  Theme& theme_;
  Session* session_ = nullptr;
  MeterPtr meter_;
  Place place_;
  PostPtr post_;
  RunRecord run_;
  ExplainOptions options_;
  std::vector<std::string> picked_;
  std::map<std::string, PostPtr> found_;
  std::map<std::string, QString> failed_;
  std::deque<std::string> queue_;  ///< asked for; the first is being explained while job_ is set
  std::pair<std::string, std::string> pair_;  ///< only these two, if any
  WorkQueue::JobId job_ = 0;
  bool filled_ = false;
  MethodMaps* maps_;
  AgreementPage* agreement_;
  Segmented* look_;
  MethodTicks* ticks_;
  QStackedWidget* stack_;
  QWidget* bar_;
  BusyRing* ring_;
  ElidedLabel* state_;
  QPushButton *all_, *cancel_, *back_;
};

}  // namespace telltale::ui
