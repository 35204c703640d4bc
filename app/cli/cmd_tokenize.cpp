// telltale tokenize: the ids, pieces and byte offsets of Hugging Face's tokenizer(text).
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <stdexcept>

#include "commands.hpp"
#include "input.hpp"
#include "text/tokenizer.hpp"

namespace telltale::cli {
namespace {

OrderedJson to_json(const Tokenizer& tokenizer, const Encoding& encoding) {
  OrderedJson tokens = OrderedJson::array(), offsets = OrderedJson::array();
  for (std::size_t i = 0; i < encoding.ids.size(); ++i) {
    tokens.push_back(tokenizer.token(encoding.ids[i]));
    const Span span = encoding.offsets[i];
    offsets.push_back(span.none() ? OrderedJson() : OrderedJson::array({span.begin, span.end}));
  }
  return {{"ids", encoding.ids}, {"tokens", std::move(tokens)}, {"offsets", std::move(offsets)}};
}

/// A table for people: one piece a line, with its place in the text.
void print_table(const Tokenizer& tokenizer, const Encoding& encoding) {
  std::string out = fmt::format("{:>7}  {:>13}  piece\n", "id", "bytes");
  for (std::size_t i = 0; i < encoding.ids.size(); ++i) {
    const Span span = encoding.offsets[i];
    const std::string bytes = span.none() ? "" : fmt::format("{}–{}", span.begin, span.end);
    out += fmt::format("{:>7}  {:>13}  {}\n", encoding.ids[i], bytes, tokenizer.token(encoding.ids[i]));
  }
  out += fmt::format("{} ids", encoding.ids.size());
  if (encoding.cut >= 0)
    out += fmt::format(", {} left out from byte {} on", encoding.full_length - encoding.ids.size(), encoding.cut);
  print_text(out + "\n");
}

/// Rows of the embedding table as config.json has them, so that a vocabulary which does not fit the model is refused
/// here as it is everywhere; 0 (not checked) for a folder without one.
std::int64_t embedding_rows(const std::filesystem::path& folder) {
  const std::filesystem::path file = folder / "config.json";
  if (!std::filesystem::exists(file)) return 0;
  const Json config = read_json(file, std::size_t{64} << 20);
  const auto rows = config.is_object() ? config.find("vocab_size") : config.end();
  if (rows == config.end() || !rows->is_number_unsigned() || *rows == 0) return 0;
  return static_cast<std::int64_t>(std::min<std::uint64_t>(rows->get<std::uint64_t>(), std::uint64_t{1} << 40));
}

std::string read_standard_input() {
  constexpr std::size_t limit = std::size_t{64} << 20;
  std::string text;
  char block[1 << 16];
  while (const std::size_t n = std::fread(block, 1, sizeof block, stdin)) {
    if (text.size() + n > limit) throw std::runtime_error(fmt::format("standard input: longer than {} bytes", limit));
    text.append(block, n);
  }
  if (std::ferror(stdin)) throw std::runtime_error("standard input: cannot be read");
  return text;
}

}  // namespace

void add_tokenize(CLI::App& app, Context& context) {
  struct Settings {
    std::string model;
    TextSource source;
  };
  const auto settings = std::make_shared<Settings>();
  auto* command = add_command(
      app, context, "tokenize",
      "Pieces of a text, with their ids and places in bytes; of standard input as one text if none is named",
      [settings, &context] {
        const auto tokenizer = Tokenizer::load(settings->model, embedding_rows(settings->model));
        const int most = context.max_length.value_or(0);
        if (!settings->source.input.empty())
          return answer_lines(context, settings->source.input, 1, [&](std::span<const InputLine> lines) {
            return std::vector<OrderedJson>{to_json(*tokenizer, tokenizer->encode(lines.front().text, most))};
          });
        const Encoding encoding =
            tokenizer->encode(settings->source.text ? *settings->source.text : read_standard_input(), most);
        if (context.json)
          print_json(to_json(*tokenizer, encoding));
        else
          print_table(*tokenizer, encoding);
        return static_cast<int>(exit_success);
      });
  command->add_option("--model", settings->model, "Hugging Face folder with tokenizer.json or vocab.txt")
      ->option_text("DIR (required)")
      ->required();
  add_text_source(*command, settings->source, false);
}

}  // namespace telltale::cli
