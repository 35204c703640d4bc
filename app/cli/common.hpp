// What every subcommand of `telltale` shares: options, output, exit codes, Ctrl-C, progress.
//
// A subcommand is one file cmd_NAME.cpp with `void add_NAME(CLI::App& app, Context& context)`, declared in commands.hpp
// and listed in main.cpp. It calls add_command(), binds its options to values it owns, and returns the exit status from
// its body.
#pragma once
#include <CLI/CLI.hpp>
#include <cstdint>
#include <functional>
#include <limits>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>

#include "base/json.hpp"
#include "base/progress.hpp"

namespace telltale::cli {

enum ExitStatus : int { exit_success = 0, exit_failure = 1, exit_usage = 2, exit_interrupted = 130 };

/// The shared options as the person gave them, and the ways out to the person.
struct Context {
  std::string device = "cpu";         ///< cpu | cuda | cuda:N | auto (checked)
  int threads = 0;                    ///< ≥ 1 after parsing: --threads, at most (and else) the cores this process may use
  std::string precision = "fp32";     ///< fp32 | bf16 | fp64 | auto (checked)
  std::optional<std::uint64_t> seed;  ///< only if given
  std::optional<int> max_length;      ///< only if given; ≥ 2, counts the specials
  std::string log_level = "warn";     ///< already applied to spdlog, which writes to standard error
  bool json = false;                  ///< one JSON document on standard output and nothing else there

  std::stop_token stop;  ///< requested by Ctrl-C (or SIGTERM); work answers with Cancelled or a status
  ProgressFn progress;   ///< a bar on a terminal, else a line every 30 s; call it as often as you like

  std::function<int()> command;  ///< the body of the subcommand that was called
};

/// Adds a subcommand (of `telltale` or of a group such as `data`) with all shared options. `body` runs after parsing
/// and returns the exit status. It throws std::invalid_argument for bad usage (exit 2), any other std::exception for a
/// failure (exit 1), Cancelled when it was stopped (exit 130); the message, one line, is printed by run().
CLI::App* add_command(CLI::App& parent, Context& context, const std::string& name, const std::string& description,
                      std::function<int()> body);

/// Checks of numbers that options take, ends included; what is refused is said with the range in words. NaN and infinities are no numbers.
CLI::Validator named();  ///< of a file or folder: not empty
CLI::Validator whole(std::int64_t low, std::int64_t high = std::numeric_limits<std::int64_t>::max());
CLI::Validator number(double low = std::numeric_limits<double>::lowest(), double high = std::numeric_limits<double>::max());

/// Parses the arguments, runs the subcommand, and turns every way it can end into an exit status.
int run(CLI::App& app, Context& context, int argc, char** argv);

/// One JSON document and a line end on standard output. Bytes that are not UTF-8 become U+FFFD; NaN and infinities
/// null.
void print_json(const OrderedJson& document);

/// Text on standard output as it is. For people: only without --json.
void print_text(std::string_view text);

/// First line of a message with control characters blanked, cut after 1000 bytes: what may stand on one line of standard
/// error.
std::string one_line(std::string_view message);

/// Writes "telltale: MESSAGE" to standard error, clear of a progress bar.
void complain(std::string_view message);

/// First Ctrl-C or SIGTERM requests a stop on the returned token; a second one ends the process at once, if it comes half a second later or more. A reader of our output that went away
/// (SIGPIPE) requests the same stop, so that a run that is training is saved. Call once.
std::stop_token stop_on_interrupt();

/// The signal that asked for a stop, 0 if none did.
int interrupted_by();

/// Progress on standard error, drawn at most ten times a second on a terminal. Safe to call from any thread.
ProgressFn terminal_progress();

/// Takes the bar off the terminal, so that something else can be printed.
void clear_progress();

}  // namespace telltale::cli
