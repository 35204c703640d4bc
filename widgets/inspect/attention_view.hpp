// Attention of one post over its words: layer × head grid, one head as arcs or as a map, rollout.
#pragma once
#include <QImage>

#include "model/attention.hpp"
#include "widgets/painted_view.hpp"
#include "widgets/post_content.hpp"

namespace telltale::ui {

/// Word-level attention of a post, made on the worker.
struct PostAttention {
  AttentionMaps words;               ///< over units
  std::vector<double> rollout;       ///< [units × units]
  AttentionUnits units;
  std::vector<QString> names;        ///< of units: the words, "[CLS]", …
  std::vector<int> unit_of;          ///< word → unit
  /// One row: of a head, or of the rollout (layer −1).
  double weight(int layer, int head, int from, int to) const;
  double strongest(int layer, int head, int from) const;  ///< the largest weight on another word; from −1: the mean over words
};
using AttentionPtr = std::shared_ptr<const PostAttention>;
AttentionPtr attention_of_post(const Classifier& model, const PostContent& post, const Encoding& encoding);

/// Rows are layers, columns heads. Item keys are layer · heads + head.
class HeadGrid : public PaintedView {
  Q_OBJECT
 public:
  explicit HeadGrid(Theme& theme, QWidget* parent = nullptr);
  void set_attention(AttentionPtr attention, int from);
  void set_chosen(int layer, int head);

 Q_SIGNALS:
  void head_asked(int layer, int head);

 protected:
  void paintEvent(QPaintEvent*) override;
  void keyPressEvent(QKeyEvent*) override;
  void lay_out() override;

 private:
  AttentionPtr attention_;
  int from_ = -1, chosen_ = 0;
};

/// From one word to those it looks at most. Item keys are indices of words.
class AttentionArcs : public PaintedView {
  Q_OBJECT
 public:
  explicit AttentionArcs(Theme& theme, QWidget* parent = nullptr);
  void set_attention(AttentionPtr attention, int layer, int head, int from_unit);
  QString sentence() const;  ///< "from innings to: Phillies 0.27 · …": parts that a label drops as a whole

 protected:
  void paintEvent(QPaintEvent*) override;
  void lay_out() override;

 private:
  struct Stop {
    int unit;
    QRectF box;
    QString name;
    double weight;
  };
  AttentionPtr attention_;
  int layer_ = 0, head_ = 0, from_ = -1;
  std::vector<Stop> stops_;
};

/// Every word to every word.
class AttentionMap : public QWidget {
  Q_OBJECT
 public:
  explicit AttentionMap(Theme& theme, QWidget* parent = nullptr);
  void set_attention(AttentionPtr attention, int layer, int head, int from_unit);

 Q_SIGNALS:
  void hovered(int word);  ///< the row's; −1 when the mouse leaves

 protected:
  void paintEvent(QPaintEvent*) override;
  void mouseMoveEvent(QMouseEvent*) override;
  void leaveEvent(QEvent*) override;

 private:
  QRectF area() const;
  Theme& theme_;
  AttentionPtr attention_;
  QImage image_;
  int layer_ = 0, head_ = 0, from_ = -1;
  double largest_ = 1;
};

}  // namespace telltale::ui
