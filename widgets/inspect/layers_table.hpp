// One row per layer of the network: what it would answer, with how much probability for target and foil, and what a
// linear probe reads off it.
#pragma once
#include <memory>

#include "attribution/logit_lens.hpp"
#include "base/json.hpp"
#include "widgets/painted_view.hpp"

namespace telltale::ui {

/// The lens of one post by one run.
struct PostLens {
  LogitLens lens;
  std::vector<QString> classes;  ///< short names
  std::vector<QString> full;
  std::int64_t run = 0, document = 0;
};
using LensPtr = std::shared_ptr<const PostLens>;

QString layer_name(std::size_t state);  ///< "Embedding", "Layer 1", …

/// Keys of items are layers, 0 = the embeddings.
class LayersTable : public PaintedView {
  Q_OBJECT
 public:
  explicit LayersTable(Theme& theme, QWidget* parent = nullptr);
  /// `target` and `foil`: classes (−1: none); `stale`: of another post, drawn pale until the new one is there.
  void set_lens(LensPtr lens, int target, int foil, bool stale);
  /// A document of probe_layers(); null: none.
  void set_probes(const Json& probes);

 Q_SIGNALS:
  void explain_asked(int layer);  ///< Enter or a double click: explain through the state of that layer

 protected:
  void paintEvent(QPaintEvent*) override;
  void mouseDoubleClickEvent(QMouseEvent*) override;
  void keyPressEvent(QKeyEvent*) override;
  void lay_out() override;

 private:
  struct Columns {
    qreal answer, bar, bar_end, number_end, probe, probe_end;  ///< probe = probe_end: no room or no probes
    bool long_names, whiskers;
  };
  Columns columns() const;
  double probability(std::size_t layer, int label) const;
  double probe(std::size_t layer, const char* key) const;
  void draw_head(QPainter& p, const Columns& c) const;
  void draw_bar(QPainter& p, const QRectF& track, std::size_t layer) const;
  void draw_probe(QPainter& p, const QRectF& box, const Columns& c, std::size_t layer) const;
  bool explains(int layer) const;
  LensPtr lens_;
  Json probes_;
  int target_ = -1, foil_ = -1;
  bool stale_ = false;
};

}  // namespace telltale::ui
