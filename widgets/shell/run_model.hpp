// The runs of a file as a tree of groups (pairs, seeds, others) for the run list.
#pragma once
#include <QAbstractItemModel>
#include <QString>
#include <cmath>
#include <map>
#include <optional>
#include <set>
#include <vector>

#include "store/store.hpp"
#include "widgets/theme.hpp"

namespace telltale::ui {

/// What a row shows of a run.
struct RunRow {
  std::int64_t id = 0;
  QString name, preset, note, error;
  std::optional<std::int64_t> pair, from;
  RunStatus status = RunStatus::queued;
  std::int64_t step = 0, steps = 0;
  double accuracy = NAN, macro_f1 = NAN, seconds = NAN;
  QString seed, kind;      ///< kind: equal for runs that differ in nothing but seed and name
  int queued = 0;          ///< place in the queue, from 1; 0: does not wait
  int series = 0;          ///< index of its colour
  bool shown = false, held = false;
  std::vector<float> curve;  ///< of the loss, at even distances
  bool operator==(const RunRow&) const = default;
};

RunRow row_of(const RunRecord& run);
/// "70 %", "queued 1", "4 min", "failed", …
QString state_text(const RunRow& row);
/// "acc 0.914 · F1 0.912", "loss not a number at step 212", …
QString detail_text(const RunRow& row);

struct RunGroup {
  QString title, caption;
  std::vector<RunRow> runs;
};
/// Pairs and runs that differ in their seed alone stand together; the rest under "Other". One group without a title when nothing belongs together.
std::vector<RunGroup> grouped(std::vector<RunRow> rows);
/// 0 is the reference (class term alone), 1 the contrastive run, then by creation; the seeds of one kind share a colour.
void give_colours(std::vector<RunRow>& rows);

class RunModel : public QAbstractItemModel {
  Q_OBJECT
 public:
  enum Role { IdRole = Qt::UserRole, RowRole, TextRole, CaptionRole };  ///< RowRole: const RunRow*, of a run; TextRole: what a filter looks at; CaptionRole: of a group
  explicit RunModel(Theme& theme, QObject* parent = nullptr);

  /// Shown, curve and colour stay those of the row that was there.
  void set_runs(std::vector<RunRow> rows);
  void hide(std::int64_t run, bool hidden);   ///< taken out of the list, to be deleted later
  void set_state(std::int64_t run, std::int64_t step, std::int64_t steps, bool held = false);  ///< held: paused, and still in the queue's hands
  void set_queue(const std::vector<std::int64_t>& waiting);
  void set_curve(std::int64_t run, std::vector<float> curve);
  void set_shown(std::int64_t run, bool shown);
  void set_series(std::int64_t run, int series);  ///< the colour that a person chose

  std::vector<std::int64_t> shown() const;        ///< in the order of the list
  const RunRow* find(std::int64_t run) const;
  const RunGroup& group(int i) const { return groups_[static_cast<std::size_t>(i)]; }
  QModelIndex index_of(std::int64_t run) const;
  std::vector<std::int64_t> ids() const;          ///< in the order of the list
  int count() const;

  QModelIndex index(int row, int column, const QModelIndex& parent = {}) const override;
  QModelIndex parent(const QModelIndex& index) const override;
  int rowCount(const QModelIndex& parent = {}) const override;
  int columnCount(const QModelIndex&) const override { return 1; }
  QVariant data(const QModelIndex& index, int role) const override;
  bool setData(const QModelIndex& index, const QVariant& value, int role) override;
  Qt::ItemFlags flags(const QModelIndex& index) const override;

 Q_SIGNALS:
  void shown_changed();
  void renamed(std::int64_t run, const QString& name);  ///< a person typed it; the row changes when set_runs() says so

 private:
  void rebuild();
  RunRow* mutable_row(std::int64_t run);
  void tell(const RunRow& row);

  Theme& theme_;
  std::vector<RunRow> all_;
  std::set<std::int64_t> hidden_;
  std::map<std::int64_t, int> chosen_series_;
  std::vector<RunGroup> groups_;
};

}  // namespace telltale::ui
Q_DECLARE_METATYPE(const telltale::ui::RunRow*)
