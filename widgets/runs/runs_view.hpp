// The workspace Runs: watching. Losses, film, validation, gradient shares, optimiser; at the right a place for the geometry.
#pragma once
#include <QWidget>
#include <map>

#include "widgets/escape.hpp"
#include "widgets/runs/chart_scope.hpp"
#include "widgets/runs/run_data.hpp"
#include "widgets/runs/segments.hpp"

class QSplitter;
class QStackedWidget;
class QHBoxLayout;
class QPushButton;
class QLabel;

namespace telltale::ui {

class BatchList;
class ElidedLabel;
class FilmPanel;
class LossPanel;
class OptimiserPanel;
class SharePanel;
class ValidationPanel;

class RunsView : public QWidget, public Escapes {
  Q_OBJECT
 public:
  explicit RunsView(Theme& theme, QWidget* parent = nullptr);
  void set_session(Session* session);
  void show_runs(const std::vector<std::int64_t>& ids);  ///< the first is in front, the others are laid over it
  std::vector<std::int64_t> shown_runs() const;
  void set_run_colours(const std::map<std::int64_t, int>& series);  ///< as the run list has them (indices of series)
  void tell_failure(const QString& message);             ///< of a run that is chosen but in no chart; empty: there is none
  void set_side_panel(QWidget* geometry);                ///< takes it over
  bool busy() const { return data_.loading(); }          ///< reading what is to be shown

  LossPanel& losses() { return *losses_; }
  FilmPanel& film() { return *film_; }
  BatchList& batch() { return *batch_; }
  ChartScope& scope() { return scope_; }
  RunData& data() { return data_; }
  bool escape() override;                                ///< closes the batch, then shows all of the charts again
  QString csv() const;                                   ///< the curves that are shown
  QSize minimumSizeHint() const override { return {480, 420}; }  ///< of the small shape: the wide one gives way to it

 Q_SIGNALS:
  void document_asked(qint64 run, qint64 document);
  void new_run_asked();                                  ///< of the empty state
  void run_hidden(qint64 run);                           ///< a chip was closed
  void add_asked();                                      ///< "Add": let a person choose more runs
  void failed(const QString& message);

 protected:
  void resizeEvent(QResizeEvent*) override;
  void keyPressEvent(QKeyEvent*) override;

 private:
  void write_head();
  void explore(bool on);
  void open_batch(int chart, double x, double tolerance);
  void arrange();
  void complain(const QString& message);

  Theme& theme_;
  RunData data_;
  ChartScope scope_;
  QStackedWidget* pages_;
  ElidedLabel *title_, *about_;
  QWidget* chips_;
  QHBoxLayout* chip_row_;
  QWidget* error_bar_;
  QLabel *error_, *empty_;
  QString told_;            ///< by tell_failure()
  QPushButton *empty_button_, *explore_;
  QWidget* alone_;          ///< where the side panel stands without a run
  bool exploring_ = false;
  QSplitter *main_, *column_, *losses_and_batch_, *bottom_;
  LossPanel* losses_;
  BatchList* batch_;
  FilmPanel* film_;
  ValidationPanel* validation_;
  SharePanel* shares_;
  OptimiserPanel* optimiser_;
  Segments* which_;         ///< in small windows: one of the lower panels
  QWidget* side_ = nullptr;
  QWidget* side_page_;      ///< where the side panel stands in small windows
  int shape_ = -1;          ///< 0 wide, 1 low or narrow, 2 the side panel alone
};

}  // namespace telltale::ui
