// The layers of the network for the post that is shown: the logit lens, computed when the panel is looked at, and linear
// probes over the run's posts, when they are asked for.
#pragma once
#include "evaluation/layer_probe.hpp"
#include "widgets/inspect/explainer.hpp"
#include "widgets/inspect/layers_table.hpp"
#include "widgets/panel.hpp"

class QPushButton;
class QStackedWidget;

namespace telltale::ui {

class BusyRing;

class LayersPanel : public Panel {
  Q_OBJECT
 public:
  explicit LayersPanel(Theme& theme, QWidget* parent = nullptr);
  void set_session(Session* session);
  void set_post(PostPtr post, const RunRecord& run);  ///< nullptr: none
  bool busy() const { return job_ != 0; }             ///< with what is shown; probes are work of their own
  bool probing() const { return probe_job_ != 0; }
  LensPtr lens() const { return lens_; }
  const Json& probes() const { return probes_; }      ///< null: none
  LayersTable& table() { return *table_; }
  QString csv() const;
  void probe();                                       ///< every layer of the shown run; nothing while one is at work
  /// What is probed besides the defaults; the mean of all ids instead of [CLS].
  void set_pool(Pool pool);
  Pool pool() const { return options_.pool; }

 Q_SIGNALS:
  void explain_asked(int layer);

 protected:
  void showEvent(QShowEvent*) override;

 private:
  struct Found {  ///< by the worker
    LensPtr lens;
    Json probes;
    double cost = 0;  ///< seconds of all probes, measured on this model; 0 = not known
  };
  void compute();
  void draw();
  void show_foot();
  void cancel_probe();
  Theme& theme_;
  Session* session_ = nullptr;
  PostPtr post_;
  RunRecord run_;
  LensPtr lens_;
  Json probes_;
  LayerProbeOptions options_;
  WorkQueue::JobId job_ = 0, probe_job_ = 0;
  std::int64_t probed_run_ = 0;  ///< whose probes are at work
  double cost_ = 0;
  bool needed_ = false;
  QString probe_error_;
  QStackedWidget* stack_;
  EmptyNote* note_;
  LayersTable* table_;
  QWidget* foot_;
  QPushButton *probe_button_, *cancel_;
  BusyRing* ring_;
  ElidedLabel* foot_text_;
};

}  // namespace telltale::ui
