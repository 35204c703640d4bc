// `telltale export`: a run as files for other programs.
#include <fmt/format.h>

#include <filesystem>
#include <map>

#include "base/files.hpp"
#include "commands.hpp"
#include "report/explanation_view.hpp"
#include "report/html.hpp"
#include "report/numbers.hpp"
#include "report/run_export.hpp"

namespace telltale::cli {
namespace {
namespace fs = std::filesystem;

struct Options {
  std::string db, format, out, method;
  std::int64_t run = 0, limit = 200;
};

std::string finite_text(const Json& metrics, const char* key) { return fixed(number_of(metrics, key)); }

/// Explanations of the run with their texts, at most `limit` (0 = all).
std::vector<ExplainedPost> explained(Store& store, const RunRecord& run, const std::string& method, std::int64_t limit) {
  std::vector<ExplainedPost> posts;
  for (auto& record : store.explanations(run.id, method)) {
    if (limit > 0 && static_cast<std::int64_t>(posts.size()) >= limit) break;
    ExplainedPost post{std::move(record), {}, {}, -1};
    if (post.record.document > 0) {
      Document document = store.document(post.record.document);
      post.text = std::move(document.text), post.id = std::move(document.external_id), post.label = document.label;
    } else {
      post.text = post.record.text, post.id = "typed text";
    }
    posts.push_back(std::move(post));
  }
  return posts;
}

/// The names of ids, from the run's own vocabulary; nothing when its weights are not there.
std::shared_ptr<const Tokenizer> vocabulary(Store& store, const RunRecord& run) {
  if (run.folder.empty()) return nullptr;
  try {
    return Tokenizer::load(store.weights(run.id, run.folder));
  } catch (const std::exception&) {
    return nullptr;  // token texts are then slices of the post
  }
}

OrderedJson run_json(Store& store, const RunRecord& run, const DatasetInfo& dataset, const Options& o) {
  OrderedJson out = {{"run", run.id}, {"name", run.name}, {"preset", run.preset}, {"status", name_of(run.status)}, {"dataset", dataset.name}, {"classes", dataset.classes}, {"model", run.model},
                     {"from", run.from ? OrderedJson(*run.from) : OrderedJson()}, {"pair", run.pair ? OrderedJson(*run.pair) : OrderedJson()}, {"step", run.step}, {"steps", run.steps},
                     {"fingerprint", run.fingerprint}, {"created", run.created}, {"started", run.started}, {"finished", run.finished}};
  out["settings"] = OrderedJson(run.settings), out["metrics"] = OrderedJson(run.metrics), out["cost"] = OrderedJson(run.cost);
  out["curve"] = OrderedJson::array();
  for (const auto& s : store.steps(run.id))
    out["curve"].push_back({{"step", s.step}, {"epoch", s.epoch}, {"seconds", s.seconds}, {"terms", OrderedJson(s.terms)}, {"gradient_norm", s.gradient_norm}, {"gradient_shares", OrderedJson(s.shares)},
                            {"learning_rate", s.learning_rate}, {"tokens_per_second", s.tokens_per_second}, {"memory_mib", s.memory_mib}, {"documents", s.documents}});
  out["validations"] = OrderedJson::array();
  for (const auto& v : store.validations(run.id)) out["validations"].push_back({{"step", v.step}, {"split", v.split}, {"metrics", OrderedJson(v.metrics)}});
  const auto tokenizer = vocabulary(store, run);
  std::function<std::string(std::int32_t)> token;
  if (tokenizer)
    token = [&](std::int32_t id) { return id >= 0 && id < tokenizer->size() ? tokenizer->token(id) : std::string(); };
  out["explanations"] = OrderedJson::array();
  for (const auto& p : explained(store, run, o.method, o.limit)) {
    OrderedJson e = explanation_json(p.record, p.text, dataset.classes, token);
    e["id"] = p.id;
    out["explanations"].push_back(std::move(e));
  }
  return out;
}

std::string run_page(Store& store, const RunRecord& run, const DatasetInfo& dataset, const Options& o) {
  const auto posts = explained(store, run, o.method, o.limit);
  std::string about = fmt::format("run {} · {} · data set {} · accuracy {} · macro-F1 {} · {} explanations", run.id, run.preset, dataset.name, finite_text(run.metrics, "accuracy"),
                                  finite_text(run.metrics, "macro_f1"), posts.size());
  if (o.limit > 0 && static_cast<std::int64_t>(posts.size()) == o.limit) about += " (the first; --limit 0 writes all)";
  return explanations_html(run.name.empty() ? fmt::format("Run {}", run.id) : run.name, about, posts, dataset.classes);
}

std::vector<fs::path> write(Store& store, const RunRecord& run, const Options& o) {
  const fs::path out = o.out;
  if (o.format == "hf") return export_weights(store, run, out);
  if (o.format == "csv") {
    // PLACE.csv holds the steps, with the validations beside it; any other PLACE is a folder for both.
    const bool file = out.extension() == ".csv";
    if (!file) fs::create_directories(out);
    const fs::path steps = file ? out : out / "steps.csv";
    const fs::path validations = file ? out.parent_path() / (out.stem().string() + "-validations.csv") : out / "validations.csv";
    write_file_atomically(steps, steps_csv(store.steps(run.id)));
    write_file_atomically(validations, validations_csv(store.validations(run.id)));
    return {steps, validations};
  }
  if (o.format == "tensorboard") {
    fs::create_directories(out);
    // The name TensorBoard looks for; the same run always gets the same one, so a second export replaces the first.
    const fs::path file = out / fmt::format("events.out.tfevents.{:.0f}.telltale.run-{}", unix_time(run.started.empty() ? run.created : run.started), run.id);
    write_file_atomically(file, tensorboard_events(run, store.steps(run.id), store.validations(run.id)));
    return {file};
  }
  const DatasetInfo dataset = store.dataset(run.dataset);
  write_file_atomically(out, o.format == "json" ? run_json(store, run, dataset, o).dump(-1, ' ', false, OrderedJson::error_handler_t::replace) + "\n" : run_page(store, run, dataset, o));
  return {out};
}

}  // namespace

void add_export(CLI::App& app, Context& context) {
  auto o = std::make_shared<Options>();
  CLI::App* command = add_command(app, context, "export", "Write a run as a Hugging Face folder, CSV, TensorBoard events, JSON or a page", [&context, o] {
    if (o->limit < 0) throw std::invalid_argument(fmt::format("--limit: expected 0 (all) or more, got {}", o->limit));
    const auto store = Store::open(o->db, Store::Mode::read);
    const RunRecord run = store->run(o->run);
    const auto files = write(*store, run, *o);
    OrderedJson names = OrderedJson::array();
    for (const auto& f : files) names.push_back(f.string());
    if (context.json) print_json(OrderedJson{{"run", run.id}, {"format", o->format}, {"files", names}});
    else
      for (const auto& f : files) print_text(f.string() + "\n");
    return exit_success;
  });
  command->add_option("--db", o->db, "The .telltale file")->required();
  command->add_option("--run", o->run, "Id of the run")->required();
  command->add_option("--format", o->format, "hf, csv, tensorboard, json or html")->required()->check(CLI::IsMember({"hf", "csv", "tensorboard", "json", "html"}));
  command->add_option("--out", o->out, "Folder (hf, csv, tensorboard) or file (json, html, csv)")->required()->check(named());
  command->add_option("--method", o->method, "Only explanations by this method (json, html)");
  command->add_option("--limit", o->limit, "At most so many explanations, 0 = all (json, html)")->check(whole(0))->capture_default_str();
}

}  // namespace telltale::cli
