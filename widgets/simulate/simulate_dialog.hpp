// A simulatability session, from the plan to the result. While it is open it covers the window, where the model's answers stand.
#pragma once
#include <QDialog>
#include <QPointer>
#include <map>
#include <memory>

#include "evaluation/simulation.hpp"
#include "widgets/post_content.hpp"
#include "widgets/session/session.hpp"
#include "widgets/theme.hpp"

class QStackedWidget;

namespace telltale::ui {

class SimulateIntro;
class SimulatePost;
class SimulateResult;

class SimulateDialog : public QDialog {
  Q_OBJECT
 public:
  /// `session` must outlive it, or be gone first. Options of the explanation as Inspect has them; run 0: the first finished one.
  SimulateDialog(Theme& theme, Session& session, std::int64_t run, const ExplainOptions& explain, QWidget* parent = nullptr);
  ~SimulateDialog() override;
  enum class Page { intro, post, result };
  Page page() const;
  bool busy() const { return job_ != 0 || saves_ != 0 || reading_ != 0; }
  std::int64_t simulation_id() const { return record_.id; }
  std::size_t place() const { return place_; }
  SimulateIntro& intro() { return *intro_; }
  SimulatePost& post() { return *post_; }
  SimulateResult& result() { return *result_; }
  void go_on(std::int64_t simulation);     ///< from the first post that is not answered; a finished one shows its result

 protected:
  void reject() override;

 private:
  void read_sessions();
  void plan();
  void begin(SimulationRecord record);
  void show_next();
  void fetch(std::size_t place);
  void answer(int answer, int confidence, qint64 milliseconds);
  void finish();
  void stop();
  void cancel_job();

  Theme& theme_;
  QPointer<Session> session_;
  ExplainOptions explain_;
  SimulationRecord record_;
  DatasetInfo dataset_;
  std::size_t place_ = 0;
  std::map<std::size_t, PostPtr> ready_;   ///< posts read ahead, by place
  std::size_t wanted_ = 0;
  WorkQueue::JobId job_ = 0, reading_ = 0;
  int saves_ = 0;
  bool failed_ = false;
  QStackedWidget* stack_;
  SimulateIntro* intro_;
  SimulatePost* post_;
  SimulateResult* result_;
};

}  // namespace telltale::ui
