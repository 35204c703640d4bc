// The same post by every method, as small strips of its words; hover is linked, a click makes a method the shown one.
#pragma once
#include <map>

#include "widgets/inspect/explainer.hpp"
#include "widgets/painted_view.hpp"
#include "widgets/panel.hpp"

namespace telltale::ui {

class MethodMaps : public PaintedView {
  Q_OBJECT
 public:
  struct Map {
    std::string id;
    QString title, note, right;  ///< right: "τ 0.58", "shown"
    PostPtr post;                ///< nullptr: not there yet
    bool shown = false, failed = false;
  };
  explicit MethodMaps(Theme& theme, QWidget* parent = nullptr);
  void set_maps(std::vector<Map> maps);
  const std::vector<Map>& maps() const { return maps_; }

 Q_SIGNALS:
  void method_asked(const QString& id);

 protected:
  void paintEvent(QPaintEvent*) override;
  void mousePressEvent(QMouseEvent*) override;
  void keyPressEvent(QKeyEvent*) override;
  void lay_out() override;

 private:
  struct Bit {
    QRectF box;
    int word;
    std::size_t map;
  };
  QRectF cell(std::size_t map) const;
  int columns() const;
  std::vector<Map> maps_;
  std::vector<Bit> bits_;
  int chosen_ = 0;
};

class MethodsPanel : public Panel {
  Q_OBJECT
 public:
  explicit MethodsPanel(Theme& theme, QWidget* parent = nullptr);
  void set_session(Session* session);
  void set_post(PostPtr post, const RunRecord& run, const ExplainOptions& options);  ///< nullptr: none
  bool busy() const { return job_ != 0; }
  MethodMaps& maps() { return *maps_; }

 Q_SIGNALS:
  void method_asked(const QString& id);

 protected:
  void showEvent(QShowEvent*) override;

 private:
  void fill();
  void compute();
  void draw();
  Theme& theme_;
  Session* session_ = nullptr;
  PostPtr post_;
  RunRecord run_;
  ExplainOptions options_;
  std::map<std::string, PostPtr> found_;
  std::map<std::string, QString> failed_;
  WorkQueue::JobId job_ = 0;
  bool filled_ = false;
  MethodMaps* maps_;
};

}  // namespace telltale::ui
