// telltale data spans: what people marked, out of a file as lines and back into one.
#include <fmt/format.h>

#include <filesystem>
#include <memory>
#include <stdexcept>

#include "base/files.hpp"
#include "commands.hpp"
#include "data/span_lines.hpp"
#include "store/marks.hpp"

namespace telltale::cli {
namespace {

struct SpansSettings {
  std::string db, name, annotator, out, in;
  bool list = false;
};

int list_annotators(const Context& context, Store& store, const DatasetInfo& dataset) {
  OrderedJson all = OrderedJson::array();
  std::string text;
  const auto imported = static_cast<std::int64_t>(imported_documents(store, dataset.id).size());
  all.push_back({{"annotator", nullptr}, {"posts", imported}});
  text += fmt::format("{:<24} {:>8} posts\n", "imported", imported);
  for (const AnnotatorCount& a : annotators(store, dataset.id)) {
    all.push_back({{"annotator", a.annotator}, {"posts", a.posts}, {"spans", a.marks}});
    text += fmt::format("{:<24} {:>8} posts {:>8} spans\n", one_line(a.annotator), a.posts, a.marks);
  }
  if (context.json) print_json({{"dataset", dataset.name}, {"annotators", all}});
  else print_text(text);
  return exit_success;
}

int read_spans(Context& context, const SpansSettings& s) {
  const auto store = Store::open(s.db, Store::Mode::write);
  const DatasetInfo dataset = store->dataset(s.name);
  const SpanLinesRead read = read_span_lines(*store, dataset, s.in, s.annotator, context.stop);
  for (const std::string& error : read.errors) complain(one_line(error));
  if (context.json)
    print_json({{"dataset", dataset.name}, {"posts", read.posts}, {"spans", read.spans}, {"imported", read.imported}, {"errors", read.errors}});
  else
    print_text(fmt::format("{} spans on {} posts changed{}\n", read.spans, read.posts,
                           read.imported ? fmt::format("; {} spans without an annotator were left out: name one with --annotator", read.imported) : std::string()));
  return read.errors.empty() ? exit_success : exit_failure;
}

int spans(Context& context, const SpansSettings& s) {
  if (!s.in.empty() && (!s.out.empty() || s.list)) throw std::invalid_argument("--import reads spans, --out and --list write them: one at a time");
  if (!s.in.empty()) return read_spans(context, s);
  const auto store = Store::open(s.db, Store::Mode::read);
  const DatasetInfo dataset = store->dataset(s.name);
  if (s.list) return list_annotators(context, *store, dataset);
  std::string lines;  // to a file: there in full, or not at all
  OrderedJson all = OrderedJson::array();
  const bool as_document = context.json && s.out.empty();
  const std::int64_t posts = write_span_lines(
      *store, dataset, s.annotator,
      [&](const OrderedJson& line) {
        if (as_document) return all.push_back(line);
        std::string text = line.dump(-1, ' ', false, OrderedJson::error_handler_t::replace) + "\n";
        if (s.out.empty()) print_text(text);
        else lines += text;
      },
      context.stop);
  if (as_document) {
    print_json({{"dataset", dataset.name}, {"posts", all}});
  } else if (!s.out.empty()) {
    write_file_atomically(s.out, lines);
    if (context.json) print_json({{"dataset", dataset.name}, {"posts", posts}, {"out", s.out}});
    else print_text(fmt::format("{} posts with spans written to {}\n", posts, s.out));
  }
  return exit_success;
}

}  // namespace

void add_data_spans(CLI::App& group, Context& context) {
  const auto s = std::make_shared<SpansSettings>();
  CLI::App* command = add_command(group, context, "spans", "What people marked as telling or shared: as JSONL in the form of the bundled posts, and back", [&context, s] { return spans(context, *s); });
  command->add_option("--db", s->db, "The .telltale file")->required();
  command->add_option("--name", s->name, "The data set")->required();
  command->add_option("--annotator", s->annotator, "Only what this person marked; imported: only what came with the posts (default: all). With --import: in whose name");
  command->add_option("--out", s->out, "File to write (default: standard output)");
  command->add_option("--import", s->in, "JSONL of such lines: their marks become those of the posts with these ids, annotator by annotator");
  command->add_flag("--list", s->list, "Who marked how many posts");
}

}  // namespace telltale::cli
