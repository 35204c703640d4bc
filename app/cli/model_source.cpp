#include "model_source.hpp"

#include <fmt/format.h>

#include <stdexcept>

#include "compute.hpp"
#include "training/trainer.hpp"

namespace telltale::cli {

void ModelSource::bind(CLI::App& command) {
  auto* model = command.add_option("--model", folder, "Hugging Face folder of a BERT classifier");
  auto* file = command.add_option("--db", db, "Telltale file with the run");
  auto* id = command.add_option("--run", run, "run of that file")->check(whole(1));
  file->excludes(model);
  id->needs(file);
  file->needs(id);
}

Loaded load(const ModelSource& source, const Context& context, Store::Mode mode) {
  Loaded out;
  const ComputeOptions compute = compute_options(context);
  const std::filesystem::path folder = source.folder;
  int asked = context.max_length.value_or(0);
  if (!source.db.empty()) {
    out.store = Store::open(source.db, mode);
    out.run = out.store->run(source.run);
    if (out.run->folder.empty()) throw std::runtime_error(fmt::format("run {} has no weights yet (status {}); finish it with telltale resume", source.run, name_of(out.run->status)));
    out.model = load_run(*out.store, *out.run, compute);
    if (asked == 0 && out.run->settings.contains("max_length") && out.run->settings["max_length"].is_number_integer()) asked = out.run->settings["max_length"].get<int>();
  } else if (folder.empty()) {
    throw std::invalid_argument("--model DIR, or --db FILE with --run ID, is needed");
  }
  if (!out.model) out.model = Classifier::load(folder, compute);
  if (out.model->labels().empty()) throw std::runtime_error(fmt::format("{}: an encoder without a classification head: finetune it first (telltale train)", out.model->folder().string()));
  out.max_length = out.model->max_length(asked);
  return out;
}

}  // namespace telltale::cli
