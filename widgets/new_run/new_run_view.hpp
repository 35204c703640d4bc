// The new-run form: preset, formula, settings, data and model, seeds; beside it cost, help and command line.
#pragma once
#include <QPointer>
#include <QTimer>
#include <QWidget>
#include <map>
#include <optional>
#include <vector>

#include "objective/geometry.hpp"
#include "widgets/escape.hpp"
#include "widgets/new_run/run_draft.hpp"
#include "widgets/session/session.hpp"
#include "widgets/theme.hpp"

class QCheckBox;
class QComboBox;
class QGridLayout;
class QHBoxLayout;
class QLabel;
class QLineEdit;
class QPushButton;
class QScrollArea;
class QStackedWidget;
class QToolButton;
class QVBoxLayout;

namespace telltale::ui {

class CommandPanel;
class CostPanel;
class ElidedLabel;
class FormulaView;
class HelpPanel;
class MachineRow;
class Panel;
class PresetCards;
class SettingField;
class UnitEdit;

class NewRunView : public QWidget, public Escapes {
  Q_OBJECT
 public:
  explicit NewRunView(Theme& theme, QWidget* parent = nullptr);
  ~NewRunView() override;
  void set_session(Session* session);
  void set_model(const QString& folder);
  void set_data(qint64 dataset);
  void copy_from(qint64 run);   ///< the settings, data, model and start of a run
  void start_from(qint64 run);  ///< its final weights
  void choose_preset(const QString& id);
  void show_setting(const std::string& id);  ///< the keyboard goes to its field
  const RunDraft& draft() const { return draft_; }
  RunPlan plan() const;         ///< what would be queued
  CostPanel* cost() { return cost_; }
  HelpPanel* help() { return help_; }
  CommandPanel* command() { return command_; }
  FormulaView* formula() { return formula_; }
  void measure_cost();
  bool settled() const { return !pause_.isActive() && !runs_pause_.isActive() && cost_job_ == 0 && scale_job_ == 0 && runs_job_ == 0 && shares_job_ == 0; }
  bool escape() override;       ///< closes the form; what it holds stays

 public Q_SLOTS:
  void queue();

 Q_SIGNALS:
  void queued(const std::vector<qint64>& runs);
  void failed(const QString& message);
  void import_wanted();
  void closed();

 protected:
  void resizeEvent(QResizeEvent*) override;
  void showEvent(QShowEvent*) override;
  void hideEvent(QHideEvent*) override;
  void keyPressEvent(QKeyEvent*) override;
  void dragEnterEvent(QDragEnterEvent*) override;
  void dropEvent(QDropEvent*) override;
  bool eventFilter(QObject* watched, QEvent* event) override;

 private:
  struct KnownRun {
    qint64 id = 0, dataset = 0;
    QString name, model;
    std::string preset;
    bool finished = false;
  };
  QWidget* make_form();
  QWidget* make_bar();
  Panel* make_group(const QString& title, const QString& caption);
  void add_row(Panel* group, SettingField* field);
  void add_row(Panel* group, const QString& name, QWidget* editor, QWidget* more, ElidedLabel* note);
  void connect_field(SettingField* field);
  void arrange();
  void read_session();
  void read_runs();
  void take_runs(std::vector<KnownRun> runs);
  void fill_models();
  void rebase(bool keep_edits);
  void edited();                ///< something changed: notes, states, cost
  void refresh();
  void refresh_fields();
  void refresh_model();
  void refresh_bar();
  QString extra_error(const std::string& id) const;
  QString note_of(const SettingInfo& info, bool& warn) const;
  void ask_scale();
  void ask_unasked();           ///< while the form is on screen: ε's unit at once, the cost after a pause
  void ask_shares();
  QString cost_key() const;
  void browse();
  void choose_copy();
  const KnownRun* known(qint64 run) const;
  std::string model_folder() const;  ///< of the weights that the run starts from
  QWidget* first_wrong() const;
  void say(const QString& message, const char* colour);

  Theme& theme_;
  QPointer<Session> session_;
  RunDraft draft_;
  std::optional<std::int64_t> from_;
  std::vector<KnownRun> runs_;
  std::vector<DatasetInfo> datasets_;
  std::map<std::string, SettingField*, std::less<>> fields_;
  std::map<QString, EmbeddingScale> scales_;
  QString shares_of_, scale_asked_, cost_measured_, model_error_, model_note_, model_checked_, focused_;
  std::int64_t positions_ = 0;
  bool cost_unasked_ = false;   ///< the cost that is being measured was not asked for
  bool mending_ = false;        ///< the message names what does not fit
  WorkQueue::JobId cost_job_ = 0, scale_job_ = 0, runs_job_ = 0, shares_job_ = 0;
  QTimer pause_, runs_pause_;

  QStackedWidget* pages_;
  QLabel* empty_text_;
  QPushButton* empty_button_;
  Panel* form_;
  QWidget *side_, *content_;
  QHBoxLayout* outer_;
  QVBoxLayout* content_box_;
  QGridLayout* groups_grid_;
  std::vector<std::vector<QWidget*>> columns_;
  QScrollArea *scroll_, *side_scroll_;
  int layout_ = -1;
  PresetCards* cards_;
  ElidedLabel *purpose_, *differs_, *data_note_, *model_line_, *from_note_, *name_note_, *seed_note_, *message_;
  FormulaView* formula_;
  MachineRow* machine_;
  QComboBox *data_, *model_, *start_;
  UnitEdit *name_, *seeds_;
  QToolButton *browse_, *more_seeds_;
  QCheckBox* companion_;
  bool companion_wanted_ = false;  ///< what a person chose; a run that is its own comparison shows none
  QToolButton* reset_;
  QPushButton* queue_;
  CostPanel* cost_;
  HelpPanel* help_;
  CommandPanel* command_;
};

}  // namespace telltale::ui
