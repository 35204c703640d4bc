// Beside the form: what the runs will cost, what the focused setting means, the command line that does the same.
#pragma once
#include <QPushButton>
#include <QToolButton>
#include <optional>

#include "objective/geometry.hpp"
#include "training/trainer.hpp"
#include "widgets/panel.hpp"

class QPlainTextEdit;

namespace telltale::ui {

QString duration_text(double seconds);  ///< "1.90 s", "8 min 29 s", "1 h 37 min"
QString memory_text(double mib);        ///< "5.3 GiB"

/// How many tokens of some posts are still nearest to their own word once they are moved.
struct OwnWordShares {
  double near = 0, far = 0;
  int tokens = 0;
};

/// What one kind of run costs.
struct CostPart {
  QString name;
  int series = 0, runs = 1;
  CostEstimate estimate;
};

struct CostHistory {          ///< of earlier predictions
  QString run;                ///< the last one that was checked
  double time_error = 0, memory_error = 0;  ///< shares, its own
  double typical = 0;         ///< mean |share| in time of the last few
  int checked = 0;
};

class CostPanel : public Panel {
  Q_OBJECT
 public:
  explicit CostPanel(Theme& theme, QWidget* parent = nullptr);
  void set_unknown(const QString& why);                      ///< not measured yet
  void set_measuring(const QString& what);
  void set_failed(const QString& message);
  void set_cost(std::vector<CostPart> parts, const CostHistory& history, double wait_seconds, int ahead);
  void set_stale(bool stale);                                ///< the settings changed since
  QString headline() const { return hero_->label(); }
  bool known() const { return !parts_.empty() && !stale_; }
  QPushButton* button() { return button_; }

 Q_SIGNALS:
  void measure_wanted();
  void cancel_wanted();

 private:
  class Bars;
  Theme& theme_;
  ElidedLabel *hero_, *more_;
  QLabel* note_;
  Bars* bars_;
  QPushButton* button_;
  std::vector<CostPart> parts_;
  bool measuring_ = false, stale_ = false;
};

class HelpPanel : public Panel {
  Q_OBJECT
 public:
  explicit HelpPanel(Theme& theme, QWidget* parent = nullptr);
  void show_setting(const SettingInfo& info, const QString& preset_value, const ObjectiveOptions& options, const std::optional<EmbeddingScale>& scale);
  void show_text(const QString& title, const QString& body);
  void set_shares(const std::optional<OwnWordShares>& shares);  ///< shown under ε and ε₂
  const std::optional<OwnWordShares>& shares() const { return found_; }
  QString body_text() const;

 private:
  class Rings;
  class Shares;
  Theme& theme_;
  Rings* rings_;
  Shares* shares_;
  std::optional<OwnWordShares> found_;
  bool radius_ = false;
  QLabel *meaning_, *formula_, *facts_;
};

class CommandPanel : public Panel {
  Q_OBJECT
 public:
  explicit CommandPanel(Theme& theme, QWidget* parent = nullptr);
  void set_commands(const QStringList& commands);
  QString shown() const { return commands_.isEmpty() ? QString() : commands_.first(); }
  QString all() const { return commands_.join(QLatin1Char('\n')); }
  QToolButton* copy_button() { return copy_; }

 private:
  QPlainTextEdit* text_;
  QToolButton* copy_;
  QStringList commands_;
};

}  // namespace telltale::ui
