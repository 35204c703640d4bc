// Perturbation geometry: live of the run that trains, or of any weights with ε and ε₂ to be moved.
#pragma once
#include <QPointer>
#include <QTimer>
#include <memory>
#include <optional>
#include <vector>

#include "objective/geometry.hpp"
#include "training/control.hpp"
#include "widgets/panel.hpp"
#include "widgets/session/session.hpp"

class QComboBox;
class QLineEdit;
class QPushButton;
class QScrollArea;
class QSlider;
class QStackedWidget;
class QToolButton;

namespace telltale::ui {

class PlaneView;
class RadiusHistogram;
class FactsView;
class TokenTable;
class UnitEdit;

class GeometryPanel : public Panel {
  Q_OBJECT
 public:
  explicit GeometryPanel(Theme& theme, QWidget* parent = nullptr);
  ~GeometryPanel() override;
  void set_session(Session* session);
  /// The run in front: live while it trains, else its weights. 0: none.
  void show_run(qint64 run);
  void show_model(const QString& folder);    ///< weights of a model folder
  void show_post(qint64 document, int position = -1);
  void set_radii(double epsilon, double epsilon2);  ///< in units; of weights, not live
  bool live() const { return live_; }
  std::shared_ptr<const PerturbationGeometry> shown() const { return geometry_; }
  qint64 document() const { return document_; }
  QString csv() const;
  PlaneView& plane() { return *plane_; }
  TokenTable& table() { return *table_; }

 Q_SIGNALS:
  void failed(const QString& message);

 protected:
  void showEvent(QShowEvent*) override;
  void hideEvent(QHideEvent*) override;

 private:
  struct Source {
    qint64 run = 0;
    QString folder;
    bool operator==(const Source&) const = default;
    bool none() const { return run == 0 && folder.isEmpty(); }
  };
  void make_sliders();
  void fill_sources();
  void choose_source(int index);
  void watch();                        ///< tells training whether somebody looks
  void heard(qint64 run, const std::vector<OrderedJson>& events);
  void go_free(const Source& source);
  void ask();                          ///< quick now, the distances after a pause
  void submit(bool full);
  void take(PerturbationGeometry geometry, bool keep_distances);
  void show_state();
  void step_post(int by);
  void centre(int position);
  void explain_nothing(const QString& sentence);
  void set_note(const QString& text, const char* colour);

  Theme& theme_;
  QPointer<Session> session_;
  bool live_ = false, exploring_ = false;  ///< exploring: a person chose the source, runs do not change it
  Source source_;
  qint64 run_ = 0, document_ = 0, step_ = 0, distances_step_ = 0;
  GeometryWish wish_;
  ObjectiveOptions options_;
  EmbeddingScale scale_;
  std::shared_ptr<const std::vector<std::int64_t>> documents_;
  std::int64_t dataset_ = 0;
  int position_ = -1;
  std::shared_ptr<const PerturbationGeometry> geometry_;
  WorkQueue::JobId job_ = 0;
  quint64 asked_ = 0;
  QTimer pause_, stale_;

  QStackedWidget* pages_;
  EmptyNote* empty_;
  QScrollArea* scroll_;
  PlaneView* plane_;
  RadiusHistogram* histogram_;
  TokenTable* table_;
  FactsView* facts_;
  QComboBox *sources_, *law_, *sampler_;
  QWidget* controls_;
  QSlider *slider_[2];
  UnitEdit* edit_[2];
  ElidedLabel *legend_x_, *note_;
  QToolButton *back_, *next_;
};

/// Classes of x, x', x''; the three distances; three shares.
class FactsView : public QWidget {
  Q_OBJECT
 public:
  explicit FactsView(Theme& theme, QWidget* parent = nullptr);
  void show_geometry(std::shared_ptr<const PerturbationGeometry> geometry, const QString& distance_note);
  QSize sizeHint() const override;
  QSize minimumSizeHint() const override { return {200, sizeHint().height()}; }

 protected:
  void paintEvent(QPaintEvent*) override;

 private:
  Theme& theme_;
  std::shared_ptr<const PerturbationGeometry> geometry_;
  QString note_;
};

}  // namespace telltale::ui
