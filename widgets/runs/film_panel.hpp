// The attribution film: pinned posts as the runs saw them while they learned, scrubbed with a slider and played.
#pragma once
#include <QSlider>
#include <QTimer>
#include <QToolButton>

#include "widgets/export/view_menu.hpp"
#include "widgets/painted_post.hpp"
#include "widgets/panel.hpp"
#include "widgets/runs/film_views.hpp"
#include "widgets/runs/run_data.hpp"
#include "widgets/runs/segments.hpp"

class QScrollArea;
class QStackedWidget;
class QPushButton;

namespace telltale::ui {

class FilmLegend;

class FilmPanel : public Panel {
  Q_OBJECT
 public:
  FilmPanel(Theme& theme, RunData& data);
  int frames() const { return static_cast<int>(steps_.size()); }
  int frame() const { return slider_->value(); }
  void set_frame(int frame);
  void play(bool on);
  bool playing() const { return timer_.isActive(); }
  void pin_posts();  ///< opens the dialog

 Q_SIGNALS:
  void document_asked(qint64 run, qint64 document);
  void frame_shown(double step);
  void failed(const QString& message);

 protected:
  void keyPressEvent(QKeyEvent*) override;

 private:
  void read_films();
  void read_film_of(std::int64_t run);
  void arrange();
  void show_frame();
  void show_post();
  void say_empty();
  QString csv() const;
  const FilmPost* chosen_post(std::shared_ptr<const RunFilm>& film) const;

  Theme& theme_;
  RunData& data_;
  std::map<std::int64_t, std::shared_ptr<const RunFilm>> films_;
  std::map<std::int64_t, WorkQueue::JobId> jobs_;
  std::vector<std::int64_t> steps_;  ///< of all frames of all films
  std::int64_t chosen_ = 0;
  FilmLegend* legend_;
  QToolButton *pin_, *back_, *play_, *on_;
  QLabel *from_, *at_;
  QSlider* slider_;
  Segments* look_;
  QStackedWidget* pages_;
  QScrollArea *strip_area_, *post_area_;
  FilmStrip* strip_;
  PaintedPost* post_;
  BumpChart* bump_;
  QLabel* empty_;
  QPushButton* fill_;
  QTimer timer_;
};

/// The scale with its ends.
class FilmLegend : public QWidget {
  Q_OBJECT
 public:
  explicit FilmLegend(Theme& theme, QWidget* parent = nullptr);
  void set_domain(double domain);

 protected:
  void paintEvent(QPaintEvent*) override;

 private:
  Theme& theme_;
  double domain_ = 1;
};

}  // namespace telltale::ui
