#include "common.hpp"

#include <fmt/format.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <unistd.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <new>
#include <stdexcept>

#include "model/messages.hpp"

namespace telltale::cli {
namespace {

/// Cores this process may use: an affinity mask (taskset, a job scheduler) counts, the machine's total does not.
int usable_cores() {
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof set, &set) == 0) return std::max(1, CPU_COUNT(&set));
  return 1;
}

std::string check_device(const std::string& name) {
  if (name == "cpu" || name == "cuda" || name == "auto") return {};
  const std::string_view number =
      std::string_view(name).substr(0, 5) == "cuda:" ? std::string_view(name).substr(5) : "";
  if (!number.empty() && number.size() <= 3 && number.find_first_not_of("0123456789") == number.npos) return {};
  return fmt::format("'{}' is no device: cpu, cuda, cuda:N or auto", name);
}

/// Whole numbers of 64 bits: the conversion alone would take −1 and what is too large for 2⁶⁴ − 1.
std::string check_seed(const std::string& text) {
  std::uint64_t seed = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seed);
  if (error == std::errc() && end == text.data() + text.size()) return {};
  return fmt::format("'{}' is no whole number from 0 to 2^64 - 1", text);
}

void add_shared_options(CLI::App& command, Context& c) {
  const auto add = [&](const char* name, auto& value, const char* values, const char* help) {
    return command.add_option(name, value, help)->option_text(values)->group("Shared options");
  };
  add("--device", c.device, "cpu|cuda|cuda:N|auto", "Where to compute (default: cpu)")
      ->check(CLI::Validator(check_device, ""));
  add("--threads", c.threads, "N", "Threads (default, and at most: all cores that this process may use)")->check(whole(1));
  add("--precision", c.precision, "fp32|bf16|fp64|auto",
      "Of the arithmetic (default: fp32); auto takes bf16 where it is fast and exact enough; explanations in bf16 keep the bits of values where the processor can")
      ->check(CLI::IsMember({"fp32", "bf16", "fp64", "auto"}));
  add("--seed", c.seed, "N", "Seed of everything random")->check(CLI::Validator(check_seed, ""));
  add("--max-length", c.max_length, "N",
      "Most ids of a text, specials included (default: the lesser of 512 and the model's)")
      ->check(whole(2, 1 << 30));
  add("--log-level", c.log_level, "trace|debug|info|warn|error|off", "What is told on standard error (default: warn)")
      ->check(CLI::IsMember({"trace", "debug", "info", "warn", "error", "off"}));
  command.add_flag("--json", c.json, "Print one JSON document and nothing else on standard output")
      ->group("Shared options");
}

int usage_error(const CLI::App& app, std::string message) {
  const CLI::App* at = &app;  // the innermost subcommand: its --help is the one that helps
  std::string name = app.get_name();
  while (!at->get_subcommands().empty()) {
    at = at->get_subcommands().front();
    name += " " + at->get_name();
  }
  if (const auto rest = at->remaining(); at->get_require_subcommand_min() > 0 && !rest.empty()) {
    std::string known;
    for (const CLI::App* s : at->get_subcommands([](const CLI::App*) { return true; }))
      known += (known.empty() ? "" : ", ") + s->get_name();
    message = fmt::format("no subcommand '{}': one of {}", rest.front(), known);
  }
  complain(fmt::format("{} (see {} --help)", one_line(message), name));
  return exit_usage;
}

/// A standard stream that the caller closed must not become the number of a file that is opened later: what is printed would go into it.
/// What stands in for it cannot be used the way it was meant to be, so that using it is still an error.
void occupy_closed_streams() {
  for (const int stream : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO})
    if (::fcntl(stream, F_GETFD) < 0 && errno == EBADF) ::open("/dev/null", stream == STDIN_FILENO ? O_WRONLY : O_RDONLY);  // takes the lowest number: this one
}

/// What was printed must have arrived: a full disk behind a redirection is a failure. A reader that went away (… | head) is none to speak of.
int finish(int status) {
  clear_progress();
  errno = 0;
  const bool arrived = std::fflush(stdout) == 0 && !std::ferror(stdout);
  if (interrupted_by() == SIGPIPE) return 128 + SIGPIPE;
  if (arrived) return status;
  complain(fmt::format("standard output: {}", errno ? std::strerror(errno) : "writing failed"));
  return status == exit_success ? exit_failure : status;
}

int interrupted_status() { return interrupted_by() ? 128 + interrupted_by() : exit_interrupted; }

int run_command(const CLI::App& app, const Context& context) {
  try {
    return context.command();
  } catch (const Cancelled&) {
    if (interrupted_by() != SIGPIPE) complain("stopped");
    return interrupted_status();
  } catch (const std::invalid_argument& e) {
    return usage_error(app, e.what());
  } catch (const std::bad_alloc&) {
    complain("out of memory");
  } catch (const std::exception& e) {
    complain(e.what());  // of LibTorch's errors the first line says it, the others are a backtrace
  } catch (...) {
    complain("an error without a message");
  }
  return exit_failure;
}

}  // namespace

CLI::Validator named() {
  return {[](const std::string& text) { return text.empty() ? std::string("no name given") : std::string(); }, ""};
}

CLI::Validator whole(std::int64_t low, std::int64_t high) {
  const std::string range = high >= std::int64_t{1} << 40 ? fmt::format("from {}", low) : fmt::format("from {} to {}", low, high);
  return CLI::Validator(
      [=](const std::string& text) {
        std::int64_t value = 0;
        if (CLI::detail::lexical_cast(text, value) && value >= low && value <= high) return std::string();
        return fmt::format("expected a whole number {}, got {}", range, text);
      },
      "whole number " + range);
}

CLI::Validator number(double low, double high) {
  const bool bounded = low > std::numeric_limits<double>::lowest() || high < std::numeric_limits<double>::max();
  const std::string range = bounded ? fmt::format("number from {} to {}", low, high) : std::string("finite number");
  return CLI::Validator(
      [=](const std::string& text) {
        double value = 0;
        if (CLI::detail::lexical_cast(text, value) && std::isfinite(value) && value >= low && value <= high) return std::string();
        return fmt::format("expected a {}, got {}", range, text);
      },
      range);
}

CLI::App* add_command(CLI::App& parent, Context& context, const std::string& name, const std::string& description,
                      std::function<int()> body) {
  CLI::App* command = parent.add_subcommand(name, description);
  add_shared_options(*command, context);
  command->parse_complete_callback([&context, body = std::move(body)] { context.command = body; });
  parent.require_subcommand(1);
  return command;
}

int run(CLI::App& app, Context& context, int argc, char** argv) {
  occupy_closed_streams();
  context.stop = stop_on_interrupt();
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    if (e.get_exit_code() != 0) return usage_error(app, e.what());
    return finish(app.exit(e));  // --help, --version
  }
  spdlog::set_default_logger(
      std::make_shared<spdlog::logger>("telltale", std::make_shared<spdlog::sinks::stderr_sink_mt>()));
  spdlog::set_pattern("telltale: %l: %v");
  spdlog::set_level(spdlog::level::from_str(context.log_level));
  // Threads beyond the cores wait for each other by spinning: thousands would take the machine down.
  if (context.threads > usable_cores()) spdlog::warn("--threads {}: {} cores may be used, so many threads it is", context.threads, usable_cores());
  if (context.threads == 0 || context.threads > usable_cores()) context.threads = usable_cores();
  context.progress = terminal_progress();
  return finish(run_command(app, context));
}

void print_json(const OrderedJson& document) {
  print_text(document.dump(-1, ' ', false, OrderedJson::error_handler_t::replace) + "\n");
}

namespace {

/// Posts and names may hold what a terminal obeys: shown there, not sent. Files and pipes get every byte as it is.
std::string visible(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find_first_of("\n\t"), text.size());
    out += printable(text.substr(0, end), text.npos);
    if (end < text.size()) out += text[end];
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return out;
}

}  // namespace

void print_text(std::string_view given) {
  clear_progress();
  static const bool terminal = ::isatty(STDOUT_FILENO) == 1;
  const std::string shown = terminal ? visible(given) : std::string();
  const std::string_view text = terminal ? std::string_view(shown) : given;
  if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size() && interrupted_by() != SIGPIPE)
    throw std::runtime_error(fmt::format("standard output: {}", std::strerror(errno)));
}

std::string one_line(std::string_view message) {
  const auto start = message.find_first_not_of("\r\n");
  if (start == message.npos) return "an error without a message";
  std::string line(message.substr(start, message.find_first_of("\r\n", start) - start));
  for (char& c : line)
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = ' ';
  constexpr std::size_t most = 1000;  // a JSON error quotes what it read last, and that may be megabytes
  return printable(line, most);
}

}  // namespace telltale::cli
