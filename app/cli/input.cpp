#include "input.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <new>
#include <stdexcept>

namespace telltale::cli {
namespace {

constexpr std::size_t kBuffer = 1 << 16;

std::string where(const std::string& source) { return source == "-" ? "standard input" : source; }

void read_fields(InputLine& item, const std::string& line, const std::string& place) {
  item.object = parse_json(line, place);
  if (!item.object.is_object())
    throw std::runtime_error(place + ": expected an object {\"text\":…}, got " + item.object.type_name());
  if (const auto id = item.object.find("id"); id != item.object.end() && !id->is_null()) {
    if (!id->is_string() && !id->is_number())
      throw std::runtime_error(fmt::format("{}: \"id\" must be a string or a number, got {}", place, id->type_name()));
    item.id = *id;
  }
  const auto text = item.object.find("text");
  if (text == item.object.end()) throw std::runtime_error(place + ": no \"text\"");
  if (!text->is_string())
    throw std::runtime_error(fmt::format("{}: \"text\" must be a string, got {}", place, text->type_name()));
  item.text = text->get_ref<const std::string&>();
}

}  // namespace

InputReader::InputReader(const std::string& source, std::size_t line_limit) : source_(source), limit_(line_limit) {
  file_ = source == "-" ? STDIN_FILENO : ::open(source.c_str(), O_RDONLY | O_CLOEXEC);
  if (file_ < 0) throw std::runtime_error(fmt::format("{}: {}", source, std::strerror(errno)));
  buffer_.resize(kBuffer);
}

InputReader::~InputReader() {
  if (file_ > STDIN_FILENO) ::close(file_);
}

bool InputReader::ready() {
  if (at_end_ || std::memchr(buffer_.data() + begin_, '\n', end_ - begin_)) return true;
  pollfd waiting{file_, POLLIN, 0};
  return ::poll(&waiting, 1, 0) > 0;
}

/// Reads more into the buffer; false at the end. Waits in short turns, so that Ctrl-C is seen while a pipe is silent.
bool InputReader::fill() {
  if (at_end_) return false;
  pollfd waiting{file_, POLLIN, 0};
  for (;;) {
    const int found = ::poll(&waiting, 1, 200);
    if (interrupted_by()) throw Cancelled{};  // also where the signal itself ended the poll: a read would wait for ever
    if (found > 0 || (found < 0 && errno != EINTR)) break;
  }
  ssize_t got;
  do got = ::read(file_, buffer_.data(), buffer_.size());
  while (got < 0 && errno == EINTR && !interrupted_by());
  if (got < 0) throw std::runtime_error(fmt::format("{}: {}", where(source_), std::strerror(errno)));
  begin_ = 0;
  end_ = static_cast<std::size_t>(got);
  at_end_ = got == 0;
  return !at_end_;
}

bool InputReader::read_line(std::string& line, bool& too_long) {
  line.clear();
  too_long = false;
  bool any = false;
  while (begin_ < end_ || fill()) {
    any = true;
    const char* from = buffer_.data() + begin_;
    const auto* stop = static_cast<const char*>(std::memchr(from, '\n', end_ - begin_));
    const std::size_t n = stop ? static_cast<std::size_t>(stop - from) : end_ - begin_;
    too_long = too_long || line.size() + n > limit_;
    if (too_long)
      line.clear();
    else
      line.append(from, n);
    begin_ += n + (stop ? 1 : 0);
    if (stop) break;
  }
  return any;
}

std::optional<InputLine> InputReader::next() {
  std::string line;
  bool too_long = false;
  while (read_line(line, too_long)) {
    ++line_;
    if (!too_long && line.find_first_not_of(" \t\r") == line.npos) continue;
    InputLine item;
    item.line = line_;
    item.id = line_;
    const std::string place = fmt::format("{} line {}", where(source_), line_);
    try {
      if (too_long) throw std::runtime_error(fmt::format("{}: longer than {} bytes", place, limit_));
      read_fields(item, line, place);
    } catch (const std::runtime_error& e) {
      item.error = one_line(e.what());
    }
    return item;
  }
  return std::nullopt;
}

int answer_lines(Context& context, const std::string& source, std::size_t batch,
                 const std::function<std::vector<OrderedJson>(std::span<const InputLine>)>& answer) {
  InputReader reader(source);
  std::int64_t failed = 0;
  double done = 0;

  const auto put = [](const InputLine& item, OrderedJson document) {
    OrderedJson line = {{"id", item.id}};
    for (auto& [key, value] : document.items()) line[key] = std::move(value);
    print_json(line);
  };
  const auto fail = [&](const InputLine& item, std::string_view message) {
    put(item, {{"error", one_line(message)}});
    ++failed;
  };
  const auto answer_all = [&](std::span<const InputLine> items) {
    std::vector<OrderedJson> documents = answer(items);
    if (documents.size() != items.size()) throw std::logic_error("one answer for each line expected");
    for (std::size_t i = 0; i < items.size(); ++i) put(items[i], std::move(documents[i]));
  };
  const auto answer_one = [&](const InputLine& item) {
    try {
      answer_all({&item, 1});
    } catch (const std::bad_alloc&) {
      fail(item, "out of memory");
    } catch (const std::exception& e) {
      fail(item, e.what());
    }
  };
  /// Good lines that wait for their turn; answers never overtake each other.
  std::vector<InputLine> waiting;
  const auto flush = [&] {
    if (waiting.size() == 1) {
      answer_one(waiting.front());
    } else if (!waiting.empty()) {
      std::vector<OrderedJson> documents;
      try {
        documents = answer(waiting);
        if (documents.size() != waiting.size()) documents.clear();
      } catch (const std::exception&) {
        documents.clear();
      }
      for (std::size_t i = 0; i < waiting.size(); ++i) {
        if (context.stop.stop_requested() && documents.empty()) throw Cancelled{};
        if (documents.empty())
          answer_one(waiting[i]);
        else
          put(waiting[i], std::move(documents[i]));
      }
    }
    done += static_cast<double>(waiting.size());
    waiting.clear();
    std::fflush(stdout);
    if (context.progress) context.progress({done, 0, "texts"});
  };

  for (;;) {
    if (!waiting.empty() && !reader.ready()) flush();
    std::optional<InputLine> item = reader.next();
    if (context.stop.stop_requested()) throw Cancelled{};
    if (!item) break;
    if (!item->error.empty()) {
      flush();
      fail(*item, item->error);
      continue;
    }
    waiting.push_back(std::move(*item));
    if (waiting.size() >= std::max<std::size_t>(1, batch)) flush();
  }
  flush();
  if (failed == 0) return exit_success;
  complain(fmt::format("{}: {} could not be answered; its \"error\" says why", where(source), failed == 1 ? std::string("1 line") : fmt::format("{} lines", failed)));
  return exit_failure;
}

void add_text_source(CLI::App& command, TextSource& source, bool required) {
  auto* text = command.add_option("--text", source.text, "One text")->option_text("TEXT");
  command
      .add_option("--input", source.input, "Many texts: a file of lines {\"text\":…,\"id\":…}, - for standard input")
      ->option_text("F.jsonl")
      ->check([](const std::string& s) { return s.empty() ? std::string("no file named") : std::string(); })
      ->excludes(text);
  if (required)
    command.final_callback([&source] {
      if (!source.given()) throw CLI::RequiredError("--text or --input");
    });
}

}  // namespace telltale::cli
