// The post as an editor; beneath it old and new stand side by side, explained for the same target.
#pragma once
#include <QTimer>
#include <QWidget>

#include "widgets/escape.hpp"
#include "widgets/inspect/explainer.hpp"
#include "widgets/theme.hpp"

class QLabel;
class QPlainTextEdit;

namespace telltale::ui {

class PaintedPost;

class EditPage : public QWidget, public Escapes {
  Q_OBJECT
 public:
  explicit EditPage(Theme& theme, QWidget* parent = nullptr);
  void set_session(Session* session);
  void set_post(PostPtr post, const RunRecord& run, const ExplainOptions& options);
  void begin();                      ///< the post's own text, if nothing was typed yet
  bool busy() const { return explainer_->busy() || timer_.isActive(); }
  QPlainTextEdit& editor() { return *editor_; }
  PostPtr edited() const { return edited_; }
  double domain() const;             ///< the one scale of both posts; 0: there is none
  void set_gamma(double gamma);
  bool escape() override;            ///< back to the post; what was typed is kept for the next time

 Q_SIGNALS:
  void left();
  void explained(telltale::ui::PostPtr post);

 private:
  void explain();
  void share_scale();
  QString line(const QString& when, const PostContent& post) const;
  Theme& theme_;
  Explainer* explainer_;
  PostPtr post_, edited_;
  RunRecord run_;
  ExplainOptions options_;
  qint64 begun_ = 0;
  QTimer timer_;
  QPlainTextEdit* editor_;
  QLabel *before_, *after_;
  PaintedPost *old_, *new_;
};

}  // namespace telltale::ui
