// Where a subcommand's model comes from: a folder, or a run of a file.
#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "common.hpp"
#include "model/classifier.hpp"
#include "store/store.hpp"

namespace telltale::cli {

struct ModelSource {
  std::string folder, db;
  std::int64_t run = 0;
  void bind(CLI::App& command);  ///< --model, --db with --run
};

struct Loaded {
  std::unique_ptr<Store> store;  ///< null for a folder
  std::optional<RunRecord> run;
  std::shared_ptr<Classifier> model;
  int max_length = 0;            ///< as asked, else as the run was trained, else the model's
};

/// Throws std::invalid_argument (neither is given), std::runtime_error (a run without weights, an encoder without a head).
Loaded load(const ModelSource& source, const Context& context, Store::Mode mode);

}  // namespace telltale::cli
