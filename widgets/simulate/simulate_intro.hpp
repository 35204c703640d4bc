// The first page of a simulation: what will happen, with which run and method, and the sessions that the file holds.
#pragma once
#include <QWidget>

#include "evaluation/simulation.hpp"
#include "widgets/session/session.hpp"
#include "widgets/theme.hpp"

class QCheckBox;
class QComboBox;
class QLabel;
class QLineEdit;
class QListWidget;
class QProgressBar;
class QPushButton;
class QSpinBox;

namespace telltale::ui {

class SimulateIntro : public QWidget {
  Q_OBJECT
 public:
  SimulateIntro(Theme& theme, Session& session, std::int64_t run, const ExplainOptions& explain, QWidget* parent = nullptr);
  SimulationOptions options() const;
  void set_sessions(const std::vector<SimulationRecord>& sessions);
  void set_busy(bool busy, double done = 0, double total = 0, const QString& what = {});
  void set_message(const QString& message);
  QPushButton* start_button() { return start_; }
  QPushButton* go_on_button() { return go_on_; }
  QPushButton* cancel_button() { return cancel_; }
  QSpinBox* posts_field() { return posts_; }
  QLineEdit* name_field() { return name_; }
  QCheckBox* confidence_box() { return confidence_; }
  QListWidget* session_list() { return list_; }

 Q_SIGNALS:
  void started();
  void chosen(qint64 session);   ///< to go on with it, or to see its result
  void cancelled();

 private:
  void show_state();
  void read_splits();
  Theme& theme_;
  Session& session_;
  ExplainOptions explain_;
  bool busy_ = false;
  QComboBox *run_, *method_, *split_;
  QSpinBox *posts_, *seed_;
  QLineEdit* name_;
  QCheckBox* confidence_;
  QLabel *message_, *cost_, *earlier_;
  QProgressBar* bar_;
  QPushButton *start_, *go_on_, *cancel_;
  QListWidget* list_;
};

}  // namespace telltale::ui
