// The same post by several methods, as small strips of its words; hover is linked, a click explains, or makes a method the shown one.
#pragma once
#include "widgets/escape.hpp"
#include "widgets/inspect/explainer.hpp"
#include "widgets/painted_view.hpp"

namespace telltale::ui {

class MethodMaps : public PaintedView, public Escapes {
  Q_OBJECT
 public:
  struct Map {
    enum class State { there, asked, running, not_yet, failed, impossible };
    std::string id;
    QString title, note, right;  ///< right: "τ 0.58", "shown"
    QString body;                ///< in place of a map that is not there: "Explain, about 2 s"; what went wrong
    PostPtr post;                ///< nullptr: not there
    State state = State::not_yet;
    bool shown = false;
  };
  explicit MethodMaps(Theme& theme, QWidget* parent = nullptr);
  void set_maps(std::vector<Map> maps);
  const std::vector<Map>& maps() const { return maps_; }
  void set_progress(const std::string& id, double done, double total);  ///< of the running one; total 0: not known
  QRectF cell(std::size_t map) const;
  bool escape() override;  ///< cancels what is being explained

 Q_SIGNALS:
  void method_asked(const QString& id);   ///< its map is there: show it large
  void explain_asked(const QString& id);  ///< it is not there
  void cancel_asked();

 protected:
  void paintEvent(QPaintEvent*) override;
  void mousePressEvent(QMouseEvent*) override;
  void keyPressEvent(QKeyEvent*) override;
  void focusInEvent(QFocusEvent*) override;
  bool event(QEvent*) override;
  void lay_out() override;

 private:
  struct Bit {
    QRectF box;
    int word;
    std::size_t map;
  };
  int columns() const;
  void act(std::size_t map);
  void choose(int map);
  std::vector<Map> maps_;
  std::vector<Bit> bits_;
  int chosen_ = 0;
  std::string running_;
  double done_ = 0, total_ = 0;
};

}  // namespace telltale::ui
