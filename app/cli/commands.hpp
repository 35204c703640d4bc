// Every group of subcommands: one function, one file cmd_NAME.cpp. main.cpp lists them in the order of --help.
#pragma once
#include "common.hpp"

namespace telltale::cli {

void add_data(CLI::App& app, Context& context);
void add_data_spans(CLI::App& group, Context& context);  ///< of `data`
void add_tokenize(CLI::App& app, Context& context);
void add_train(CLI::App& app, Context& context);
void add_resume(CLI::App& app, Context& context);
void add_runs(CLI::App& app, Context& context);
void add_settings(CLI::App& app, Context& context);
void add_compare(CLI::App& app, Context& context);
void add_evaluate(CLI::App& app, Context& context);
void add_roar(CLI::App& app, Context& context);
void add_simulate(CLI::App& app, Context& context);
void add_metrics(CLI::App& app, Context& context);
void add_predict(CLI::App& app, Context& context);
void add_explain(CLI::App& app, Context& context);
void add_counterfactual(CLI::App& app, Context& context);
void add_layers(CLI::App& app, Context& context);
void add_probe(CLI::App& app, Context& context);
void add_examples(CLI::App& app, Context& context);
void add_methods(CLI::App& app, Context& context);
void add_objective(CLI::App& app, Context& context);
void add_export(CLI::App& app, Context& context);

}  // namespace telltale::cli
