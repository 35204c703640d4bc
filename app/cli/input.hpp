// Many texts at once: `--input F.jsonl`, one {"text":…,"id":…} a line, answered by one JSON document a line, in order.
#pragma once
#include <cstddef>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "common.hpp"

namespace telltale::cli {

/// One line of the input.
struct InputLine {
  std::int64_t line = 0;  ///< from 1
  OrderedJson id;         ///< a string or a number as given, else the line number
  std::string text;       ///< UTF-8, may hold NUL
  Json object;            ///< the whole line, for keys of the subcommand's own ("label", "spans")
  std::string error;      ///< not empty: the line is bad and has no text
};

/// Reads a JSONL file, or standard input for "-", a line at a time; memory holds one line. Empty lines are passed over.
class InputReader {
 public:
  /// Lines longer than `line_limit` bytes become errors and are skipped, not stored.
  /// Throws std::runtime_error naming the file when it cannot be opened.
  explicit InputReader(const std::string& source, std::size_t line_limit = std::size_t{64} << 20);
  ~InputReader();
  InputReader(const InputReader&) = delete;
  InputReader& operator=(const InputReader&) = delete;

  std::optional<InputLine> next();  ///< nullopt at the end; throws std::runtime_error when reading fails
  bool ready();                     ///< false where next() would wait for the other end of a pipe

 private:
  bool fill();
  bool read_line(std::string& line, bool& too_long);

  std::string source_;
  std::size_t limit_;
  int file_ = -1;
  std::vector<char> buffer_;
  std::size_t begin_ = 0, end_ = 0;
  bool at_end_ = false;
  std::int64_t line_ = 0;
};

/// Answers every line: `answer` gets up to `batch` good lines and returns one document for each, without "id", which is
/// put in front. If it throws for several lines they are tried again one by one, so that only the bad one gets
/// {"id":…,"error":…}. Returns the exit status: 1 if a line was bad, and throws Cancelled if context.stop was
/// requested. A batch is cut short where the next line is not there yet, so a program may talk to it through a pipe.
int answer_lines(Context& context, const std::string& source, std::size_t batch,
                 const std::function<std::vector<OrderedJson>(std::span<const InputLine>)>& answer);

/// `--text T` and `--input F`, of which one may be given.
struct TextSource {
  std::optional<std::string> text;
  std::string input;
  bool given() const { return text.has_value() || !input.empty(); }
};
/// Binds both options; `required`: one of them must be there (bad usage otherwise).
void add_text_source(CLI::App& command, TextSource& source, bool required);

}  // namespace telltale::cli
