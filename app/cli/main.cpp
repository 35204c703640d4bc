// `telltale`: the command line. Everything it does is a call of core; what the window can do, it can do.
#include "commands.hpp"

int main(int argc, char** argv) {
  using namespace telltale::cli;

  // The subcommands, in the order of --help.
  constexpr void (*groups[])(CLI::App&, Context&) = {
      add_data,
      add_tokenize,
      add_train,
      add_resume,
      add_runs,
      add_compare,
      add_evaluate,
      add_roar,
      add_simulate,
      add_predict,
      add_explain,
      add_counterfactual,
      add_layers,
      add_probe,
      add_examples,
      add_methods,
      add_objective,
      add_export,
      add_metrics,
      add_settings,
  };

  CLI::App app("Finetunes text classifiers so that their explanations tell classes apart.", "telltale");
  Context context;
  app.set_version_flag("--version", "telltale " TELLTALE_VERSION);
  for (const auto add : groups) add(app, context);
  return run(app, context, argc, argv);
}
