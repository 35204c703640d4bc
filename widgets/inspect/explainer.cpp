#include "widgets/inspect/explainer.hpp"

#include <algorithm>

#include "attribution/gradient_options.hpp"
#include "evaluation/explained.hpp"
#include "evaluation/reference_posts.hpp"
#include "report/html.hpp"

namespace telltale::ui {

int max_length_of(const RunRecord& run) {
  return run.settings.is_object() && run.settings.contains("max_length") && run.settings["max_length"].is_number_integer() ? run.settings["max_length"].get<int>() : 0;
}

ExplainOptions options_of(const Json& protocol, ExplainOptions o) {
  const auto read = [&](const char* key, auto&& parse, auto& to) {
    try {
      if (const std::string value = text_of(protocol, key); !value.empty()) to = parse(value);
    } catch (const std::invalid_argument&) {  // a file of a later version: what is known is taken
    }
  };
  if (const std::string method = text_of(protocol, "method"); std::any_of(methods().begin(), methods().end(), [&](const auto& m) { return m.id == method; })) o.method = method;
  read("output", parse_output, o.output);
  read("path", parse_path, o.path);
  read("quadrature", parse_quadrature, o.quadrature);
  read("baseline", parse_baseline, o.baseline);
  read("unit", parse_unit, o.unit);
  if (const std::string removal = text_of(protocol, "removal"); !removal.empty()) {
    try {
      o.removal = parse_removal(removal);
    } catch (const std::invalid_argument&) {
    }
  }
  if (const auto steps = integer_of(protocol, "steps", 0); steps > 0) o.steps = static_cast<int>(std::min<std::int64_t>(steps, 100'000));
  else o.steps = 0;
  if (const double t = number_of(protocol, "tolerance"); t > 0) o.tolerance = t;
  read_gradient_protocol(protocol, o);
  return o;
}

bool same_protocol(const Json& a, const Json& b) {
  if (!a.is_object() || !b.is_object()) return false;
  Json x = a, y = b;
  x.erase("precision");
  y.erase("precision");
  return x == y;
}

PostPtr explain_now(WorkQueue::Context& c, const Wish& wish, const std::vector<std::string>& classes, bool keep) {
  const auto model = c.models.of_run(c.store, wish.run);
  Document d;
  if (wish.document) d = c.store.document(wish.document);
  else d.text = wish.text;
  ExplainItem item{model->tokenizer().encode(d.text, model->max_length(max_length_of(c.store.run(wish.run)))), wish.target, wish.options.output == Output::difference ? wish.foil : -1};
  ExplainOptions options = wish.options;
  if (needs_reference_posts(options)) {
    const RunRecord run = c.store.run(wish.run);
    options.posts = reference_posts(c.store, run, *model, model->max_length(max_length_of(run)), options.seed);
  }
  const Explanation found = explain(*model, {item}, options, c.stop, c.progress)[0];
  ExplanationRecord record = explanation_record(found, item.encoding, *model, wish.run, wish.document);
  if (keep) record.id = c.store.add_explanation(record);
  else if (wish.document == 0) record.text = d.text;
  // Laid out here, on the worker: the window only paints it.
  return std::make_shared<const PostContent>(std::move(record), std::move(d.text), std::move(d.external_id), d.label, classes);
}

void Explainer::set_session(Session* session) {
  cancel();
  session_ = session;
}

void Explainer::cancel() {
  if (session_ && job_) session_->work().cancel(job_);
  job_ = 0;
}

std::optional<ExplanationRecord> Explainer::stored(const Wish& w, bool any) {
  if (!session_ || w.document == 0) return std::nullopt;
  const Json protocol = protocol_of(w.options);
  std::vector<ExplanationRecord> all = session_->store().explanations(w.run, "", w.document);
  const auto predicted = [](const ExplanationRecord& r) { return static_cast<int>(integer_of(r.prediction, "predicted")); };
  std::optional<ExplanationRecord> best;
  int best_fit = 0;
  for (ExplanationRecord& r : all) {
    const bool classes = (w.target >= 0 ? r.target == w.target : r.target == predicted(r)) && (w.options.output != Output::difference || w.foil < 0 || r.foil == w.foil);
    int fit = 0;
    if (same_protocol(r.protocol, protocol) && classes) fit = 100;
    else if (any) fit = 1 + (r.method == w.options.method ? 8 : r.method == "integrated-gradients" ? 4 : 0) + (classes ? 2 : 0);
    if (fit > best_fit) best_fit = fit, best = std::move(r);
  }
  return best;
}

void Explainer::ask(const Wish& wish, const DatasetInfo& dataset) {
  cancel();
  wish_ = wish;
  if (!session_) return;
  if (auto record = stored(wish)) {
    Document d = session_->store().document(wish.document);
    return Q_EMIT ready(std::make_shared<const PostContent>(std::move(*record), std::move(d.text), std::move(d.external_id), d.label, dataset.classes));
  }
  const bool keep = wish.document != 0 && !session_->read_only();
  job_ = session_->work().submit(this, WorkQueue::Priority::visible, tr("Explaining post %1").arg(wish.document), [this, wish, keep, classes = dataset.classes](WorkQueue::Context& c) {
    const PostPtr post = explain_now(c, wish, classes, keep);
    return [this, post, keep, wish] {
      job_ = 0;
      Q_EMIT ready(post);
      if (keep) Q_EMIT stored_new(wish.run, wish.document);
    };
  }, [this](const QString& message) {
    job_ = 0;
    Q_EMIT failed(message);
  });
  Q_EMIT started();
}

}  // namespace telltale::ui
