// Explanations on demand: what is stored is there at once, what is not is computed by the worker, stored as `telltale explain` does, and shown.
#pragma once
#include <QObject>
#include <optional>

#include "attribution/explain.hpp"
#include "widgets/inspect/cost_meter.hpp"
#include "widgets/inspect/method_options.hpp"
#include "widgets/post_content.hpp"
#include "widgets/session/session.hpp"

namespace telltale::ui {

/// What is wanted. Equal wishes give equal explanations.
struct Wish {
  std::int64_t run = 0, document = 0;
  std::string text;                ///< of a typed text, document 0
  ExplainOptions options;
  int target = -1, foil = -1;      ///< −1: the predicted class, no foil
};

using MeterPtr = std::shared_ptr<CostMeter>;

/// Options as a stored protocol has them; what it lacks stays as it is in `base`.
ExplainOptions options_of(const Json& protocol, ExplainOptions base = {});
/// Equal but for the precision, which the file's own settings decide, and for the name of training posts where one side has not read them yet.
bool same_protocol(const Json& a, const Json& b);
int max_length_of(const RunRecord& run);  ///< 0: the model's own

TextSize size_of(const ExplanationRecord& record);
/// What options are asked for: a short read. Without the post.
Place place_of(Store& store, const RunRecord& run);

/// For the worker: explains, stores (`keep`; not a typed text), tells the meter, and makes it ready to paint. Throws as explain().
PostPtr explain_now(WorkQueue::Context& context, const Wish& wish, const std::vector<std::string>& classes, bool keep, CostMeter* meter = nullptr);

class Explainer : public QObject {
  Q_OBJECT
 public:
  explicit Explainer(QObject* parent = nullptr) : QObject(parent) {}
  void set_session(Session* session);
  void set_meter(MeterPtr meter) { meter_ = std::move(meter); }
  /// The newest wish is the only one: older ones are cancelled. ready() comes at once, before this returns, when it is stored.
  void ask(const Wish& wish, const DatasetInfo& dataset);
  void cancel();
  bool busy() const { return job_ != 0; }
  /// A stored explanation of the post that fits the wish; `any`: else one by the same method, else any at all.
  std::optional<ExplanationRecord> stored(const Wish& wish, bool any = false);
  const Wish& wish() const { return wish_; }

 Q_SIGNALS:
  void started();
  void ready(telltale::ui::PostPtr post);
  void stored_new(qint64 run, qint64 document);
  void failed(const QString& message);

 private:
  Session* session_ = nullptr;
  MeterPtr meter_;
  WorkQueue::JobId job_ = 0;
  Wish wish_;
};

}  // namespace telltale::ui
