// The pinned posts at one frame, a line a run; and the ranks of one post's first words over the frames.
#pragma once
#include <memory>

#include "widgets/painted_view.hpp"
#include "widgets/runs/film_data.hpp"

namespace telltale::ui {

struct ShownFilm {
  std::shared_ptr<const RunFilm> film;
  int series = 0;
  QString name;
};

/// For each post its class, and for each run a swatch, the part of the post that matters most, the target's probability. Keys are posts.
class FilmStrip : public PaintedView {
  Q_OBJECT
 public:
  explicit FilmStrip(Theme& theme, QWidget* parent = nullptr);
  void set_films(std::vector<ShownFilm> films);
  void set_step(double step);
  const std::vector<std::int64_t>& documents() const { return documents_; }  ///< of all films, in order; the key is the place
  void set_chosen(std::int64_t document);
  double domain() const;
  QSize sizeHint() const override { return {400, needed_height()}; }
  int needed_height() const;

 Q_SIGNALS:
  void document_chosen(qint64 document);
  void document_asked(qint64 run, qint64 document);  ///< double click

 protected:
  void paintEvent(QPaintEvent*) override;
  void lay_out() override;
  void mouseDoubleClickEvent(QMouseEvent*) override;

 private:
  struct Row {
    std::int64_t document;
    std::size_t film, post;
    qreal y;
    std::size_t first_word;  ///< of the part that is shown; the same in every frame, so that nothing jumps
  };
  std::vector<ShownFilm> films_;
  std::vector<std::int64_t> documents_;
  std::vector<Row> rows_;
  std::int64_t chosen_ = 0;
  double step_ = 0;
  qreal label_width_ = 80;
};

/// Ranks 1 to 5 from top to bottom over the frames; a word that leaves the first five goes under the line.
class BumpChart : public PaintedView {
  Q_OBJECT
 public:
  explicit BumpChart(Theme& theme, QWidget* parent = nullptr);
  void set_post(std::shared_ptr<const RunFilm> film, std::size_t post);
  void clear();
  void set_frame(std::size_t frame);
  static constexpr int top = 5;
  QSize minimumSizeHint() const override { return {150, 90}; }

 Q_SIGNALS:
  void frame_asked(int frame);

 protected:
  void paintEvent(QPaintEvent*) override;
  void lay_out() override;
  void mousePressEvent(QMouseEvent*) override;

 private:
  QPointF place(int rank, std::size_t frame) const;
  std::shared_ptr<const RunFilm> film_;
  std::size_t post_ = 0, frame_ = 0;
  FilmPost::Ranks ranks_;
};

}  // namespace telltale::ui
