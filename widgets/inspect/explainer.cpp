#include "widgets/inspect/explainer.hpp"

#include <algorithm>

#include "attribution/gradient_options.hpp"
#include "evaluation/explained.hpp"
#include "evaluation/reference_posts.hpp"
#include "model/config.hpp"
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
  const auto whole = [&](const char* key, std::int64_t low, std::int64_t high, int& to) {
    if (const auto n = integer_of(protocol, key, low - 1); n >= low && n <= high) to = static_cast<int>(n);
  };
  whole("max_steps", 2, 100'000, o.max_steps);
  whole("samples", 1, 10'000'000, o.samples);
  if (text_of(protocol, "samples") == "all") o.samples = 0;
  whole("window", 1, 100'000, o.window);
  if (const double w = number_of(protocol, "kernel_width"); w > 0) o.kernel_width = w;
  if (const double r = number_of(protocol, "ridge"); r >= 0) o.ridge = r;
  read_gradient_protocol(protocol, o);
  return o;
}

bool same_protocol(const Json& a, const Json& b) {
  if (!a.is_object() || !b.is_object()) return false;
  Json x = a, y = b;
  x.erase("precision");
  y.erase("precision");
  if (text_of(x, "posts").empty() != text_of(y, "posts").empty() && x.contains("posts") && y.contains("posts")) x.erase("posts"), y.erase("posts");
  return x == y;
}

TextSize size_of(const ExplanationRecord& r) { return {r.words.size(), r.ids.size() > 2 ? r.ids.size() - 2 : 0}; }

Place place_of(Store& store, const RunRecord& run) {
  Place p;
  p.weights = !run.folder.empty();
  p.posts = false;
  if (run.dataset) {
    Store::DocumentFilter filter;
    filter.dataset = run.dataset;
    filter.split = "train";
    filter.limit = 1;
    p.posts = !store.document_ids(filter).empty();
  }
  if (p.weights) {
    try {
      const ModelConfig c = read_model_config(store.folder() / run.folder);
      p.layers = static_cast<int>(c.layers), p.heads = static_cast<int>(c.heads);
    } catch (const std::exception&) {  // what is wrong with it is said when it explains
    }
  }
  return p;
}

PostPtr explain_now(WorkQueue::Context& c, const Wish& wish, const std::vector<std::string>& classes, bool keep, CostMeter* meter) {
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
  if (meter) meter->add(wish.run, options, {item.encoding.words.size(), item.encoding.ids.size() > 2 ? item.encoding.ids.size() - 2 : 0}, found.steps, found.seconds);
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
  job_ = session_->work().submit(this, WorkQueue::Priority::visible, tr("Explaining post %1").arg(wish.document), [this, wish, keep, classes = dataset.classes, meter = meter_](WorkQueue::Context& c) {
    const PostPtr post = explain_now(c, wish, classes, keep, meter.get());
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
