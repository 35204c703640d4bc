// `telltale data`: posts into a file, and what is in it.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <charconv>
#include <filesystem>
#include <map>
#include <memory>
#include <stdexcept>

#include "commands.hpp"
#include "data/import.hpp"
#include "store/store.hpp"

namespace telltale::cli {
namespace {

namespace fs = std::filesystem;

struct ImportSettings {
  std::string source, db, strip, format = "auto";
  ImportOptions options;
};

struct ShowSettings {
  std::string db, name, doc, search;
  std::int64_t limit = 20;
};

/// {class: {"train": n, "test": n, …}} in the order of the labels.
OrderedJson class_table(Store& store, const DatasetInfo& info) {
  OrderedJson table = OrderedJson::object();
  for (const std::string& name : info.classes) table[name] = {{"train", 0}, {"test", 0}};
  for (const auto& c : store.class_counts(info.id))
    if (c.label >= 0 && static_cast<std::size_t>(c.label) < info.classes.size()) table[info.classes[static_cast<std::size_t>(c.label)]][c.split] = c.documents;
  return table;
}

OrderedJson tallies(const DatasetInfo& info, const char* which) {
  OrderedJson list = OrderedJson::array();
  if (const auto found = info.report.find(which); found != info.report.end() && found->is_array())
    for (const Json& t : *found) list.push_back({{"reason", t.value("reason", "")}, {"count", t.value("count", std::int64_t{0})}, {"first", t.value("first", "")}});
  return list;
}

OrderedJson word_counts(const DatasetInfo& info) {
  const auto found = info.report.find("words");
  if (found == info.report.end() || !found->is_object()) return nullptr;
  OrderedJson words;
  words["mean"] = found->value("mean", 0.0);
  for (const char* key : {"median", "p95", "max"}) words[key] = found->value(key, std::int64_t{0});
  return words;
}

/// The first post of each split: somewhere to start looking.
OrderedJson first_posts(Store& store, const DatasetInfo& info) {
  OrderedJson first = OrderedJson::object();
  for (const auto& c : store.class_counts(info.id)) {
    if (first.contains(c.split)) continue;
    const auto ids = store.document_ids({.dataset = info.id, .split = c.split, .limit = 1});
    if (!ids.empty()) first[c.split] = ids.front();
  }
  return first;
}

OrderedJson to_json(Store& store, const DatasetInfo& info) {
  try {
    return {{"dataset", info.name},
            {"documents", info.documents},
            {"classes", class_table(store, info)},
            {"first", first_posts(store, info)},
            {"skipped", tallies(info, "skipped")},
            {"noted", tallies(info, "noted")},
            {"words", word_counts(info)},
            {"format", info.report.value("format", "")},
            {"split", info.report.value("split", "")},
            {"source", info.source},
            {"options", OrderedJson(info.options)},
            {"created", info.created}};
  } catch (const Json::exception&) {
    throw std::runtime_error(fmt::format("{}: table datasets, row {}, column report: not as an import writes it", store.file().string(), info.id));
  }
}

std::string for_people(const OrderedJson& d) {
  std::string out = fmt::format("{}: {} posts, {} classes\n", one_line(d["dataset"].get<std::string>()), d["documents"].get<std::int64_t>(), d["classes"].size());
  std::map<std::string, std::int64_t> totals;
  std::size_t width = 5;
  for (const auto& [name, counts] : d["classes"].items()) {
    width = std::max(width, name.size());
    for (const auto& [split, n] : counts.items()) totals[split] += n.get<std::int64_t>();
  }
  std::vector<std::string> splits{"train", "test"};
  for (const auto& [split, n] : totals)
    if (split != "train" && split != "test") splits.push_back(split);
  const auto row = [&](const std::string& name, auto&& number) {
    out += fmt::format("  {:<{}}", name.empty() ? name : one_line(name), width);
    for (const std::string& split : splits) out += fmt::format("  {:>10}", number(split));
    out += '\n';
  };
  row("", [](const std::string& split) { return split; });
  for (const auto& [name, counts] : d["classes"].items())
    row(name, [&](const std::string& split) { return std::to_string(counts.value(split, std::int64_t{0})); });
  row("all", [&](const std::string& split) { return std::to_string(totals[split]); });
  if (const auto& w = d["words"]; w.is_object())
    out += fmt::format("  words a post: median {}, 95 % have at most {}, longest {}\n", w["median"].get<std::int64_t>(), w["p95"].get<std::int64_t>(), w["max"].get<std::int64_t>());
  if (d["split"] != "given") out += fmt::format("  split: {} (share and seed are in the options)\n", d["split"].get<std::string>());
  for (const char* which : {"skipped", "noted"}) {
    for (const auto& t : d[which])
      out += fmt::format("  {} {}: {} (first: {})\n", std::string_view(which) == "skipped" ? "left out" : "kept, but", t["count"].get<std::int64_t>(),
                         t["reason"].get<std::string>(), one_line(t["first"].get<std::string>()));
  }
  return out;
}

int import_posts(Context& context, ImportSettings& s) {
  s.options.strip = parse_strip(s.strip);
  s.options.format = parse_source_format(s.format);
  s.options.seed = context.seed.value_or(0);
  std::error_code ignored;
  const bool fresh = !fs::exists(s.db, ignored);
  auto store = Store::open(s.db, Store::Mode::create);
  try {
    const DatasetInfo info = import_dataset(*store, s.source, s.options, context.stop, context.progress);
    const OrderedJson result = to_json(*store, info);
    if (context.json) print_json(result);
    else print_text(for_people(result));
  } catch (...) {
    const bool empty = store->datasets().empty() && store->runs().empty();
    store.reset();
    if (fresh && empty) fs::remove(s.db, ignored);  // it was made for this import only
    throw;
  }
  return exit_success;
}

int list_datasets(Context& context, const ShowSettings& s) {
  auto store = Store::open(s.db, Store::Mode::read);
  OrderedJson list = OrderedJson::array();
  std::string text;
  for (const DatasetInfo& info : store->datasets()) {
    if (!s.name.empty() && info.name != s.name) continue;
    list.push_back(to_json(*store, info));
    text += fmt::format("{}: {} posts, {} classes, from {}, {}\n", one_line(info.name), info.documents, info.classes.size(), one_line(info.source), info.created);
  }
  if (!s.name.empty() && list.empty()) store->dataset(s.name);  // throws, with the names there are
  if (context.json) print_json(list);
  else print_text(text.empty() ? "no data set yet\n" : text);
  return exit_success;
}

/// The data set named, or the only one.
DatasetInfo the_dataset(Store& store, const std::string& name) {
  if (!name.empty()) return store.dataset(name);
  const auto all = store.datasets();
  if (all.size() == 1) return all.front();
  std::vector<std::string> names;
  for (const DatasetInfo& d : all) names.push_back(d.name);
  throw std::invalid_argument(all.empty() ? "the file has no data set yet" : fmt::format("several data sets: choose one with --name: {}", fmt::join(names, ", ")));
}

/// A number is a post's id in the file; anything else, or a number that is none, its id in the source.
Document the_document(Store& store, const ShowSettings& s) {
  std::int64_t id = 0;
  const auto [end, error] = std::from_chars(s.doc.data(), s.doc.data() + s.doc.size(), id);
  const bool number = error == std::errc() && end == s.doc.data() + s.doc.size();
  if (number && s.name.empty()) return store.document(id);
  const DatasetInfo info = the_dataset(store, s.name);
  if (number && store.count_documents({.dataset = info.id}) > 0) {
    try {
      if (Document d = store.document(id); d.dataset == info.id) return d;
    } catch (const std::invalid_argument&) {  // then it may be an id of the source
    }
  }
  if (const auto found = store.find_document(info.id, s.doc)) return store.document(*found);
  throw std::invalid_argument(fmt::format("no post '{}' in data set '{}'", s.doc, info.name));
}

int show_document(Context& context, Store& store, const ShowSettings& s) {
  const Document d = the_document(store, s);
  const DatasetInfo info = store.dataset(d.dataset);
  if (d.label < 0 || static_cast<std::size_t>(d.label) >= info.classes.size()) throw std::runtime_error(fmt::format("post {}: label {} is none of its data set", d.id, d.label));
  const std::string& label = info.classes[static_cast<std::size_t>(d.label)];
  if (context.json) {
    OrderedJson spans = OrderedJson::array();
    for (const MarkedSpan& m : d.spans) spans.push_back({{"begin", m.begin}, {"end", m.end}, {"kind", m.kind}});
    print_json({{"doc", d.id}, {"id", d.external_id}, {"dataset", info.name}, {"split", d.split}, {"label", label}, {"text", d.text}, {"spans", std::move(spans)}});
  } else {
    print_text(fmt::format("{} ({}), {}, {}, {} bytes\n\n{}\n", d.id, one_line(d.external_id), one_line(label), one_line(d.split), d.text.size(), d.text));
  }
  return exit_success;
}

int search_posts(Context& context, Store& store, const ShowSettings& s) {
  const DatasetInfo info = the_dataset(store, s.name);
  const Store::DocumentFilter filter{.dataset = info.id, .search = s.search, .limit = s.limit};
  OrderedJson posts = OrderedJson::array();
  std::string text;
  store.each_document(filter, [&](Document&& d) {
    const std::string label = d.label >= 0 && static_cast<std::size_t>(d.label) < info.classes.size() ? info.classes[static_cast<std::size_t>(d.label)] : "";
    posts.push_back({{"doc", d.id}, {"id", d.external_id}, {"split", d.split}, {"label", label}});
    text += fmt::format("{:>8}  {:<10}  {}  {}\n", d.id, one_line(d.split), one_line(label), one_line(d.external_id));
  });
  const std::int64_t found = store.count_documents(filter);
  if (context.json) print_json({{"dataset", info.name}, {"search", s.search}, {"found", found}, {"posts", std::move(posts)}});
  else print_text(text + fmt::format("{} posts found{}\n", found, found > s.limit ? fmt::format(", the first {} shown (--limit)", s.limit) : ""));
  return exit_success;
}

int show(Context& context, const ShowSettings& s) {
  auto store = Store::open(s.db, Store::Mode::read);
  if (!s.doc.empty()) return show_document(context, *store, s);
  if (!s.search.empty()) return search_posts(context, *store, s);
  const OrderedJson result = to_json(*store, the_dataset(*store, s.name));
  if (context.json) print_json(result);
  else print_text(for_people(result));
  return exit_success;
}

}  // namespace

void add_data(CLI::App& app, Context& context) {
  CLI::App* group = app.add_subcommand("data", "Posts: import them, list and show what a file holds");

  const auto in = std::make_shared<ImportSettings>();
  CLI::App* import = add_command(*group, context, "import", "20 Newsgroups, CSV, TSV, JSONL, or a folder (or archive) with a folder a class",
                                 [&context, in] { return import_posts(context, *in); });
  import->add_option("source", in->source, "File or folder")->required();
  import->add_option("--db", in->db, "The .telltale file; made if it is not there")->required();
  import->add_option("--name", in->options.name, "Name of the data set")->required();
  import->add_option("--strip", in->strip, "Take off, as scikit-learn does: headers, footers, quotes (comma between)");
  import->add_option("--classes", in->options.classes, "Only these classes (comma between)")->delimiter(',');
  import->add_option("--format", in->format, "auto, 20news, csv, tsv, jsonl, folder or eraser (docs/ with train.jsonl, val.jsonl, test.jsonl)")->capture_default_str();
  import->add_option("--text-column", in->options.text_column, "Column (or key) of the text, if it is not 'text'");
  import->add_option("--label-column", in->options.label_column, "Column of the label, if it is not 'label'");
  import->add_option("--split-column", in->options.split_column, "Column of the split, if it is not 'split'");
  import->add_option("--id-column", in->options.id_column, "Column of the id, if it is not 'id'");
  import->add_option("--rationales", in->options.rationales, "Folder of words that people marked, CLASS/NUMBER.json with {\"article\", \"words\": [[word, share], …]}: all their occurrences become marked spans");
  import->add_option("--rationale-share", in->options.rationale_share, "Only words of --rationales with at least this share of the annotators (20 Newsgroups: 1 or 0.5)")->check(number(0.0, 1.0))->capture_default_str();
  import->add_option("--test-share", in->options.test_share, "Share of each class drawn as test, for posts without a split")->check(number())->capture_default_str();

  const auto listed = std::make_shared<ShowSettings>();
  CLI::App* list = add_command(*group, context, "list", "The data sets of a file", [&context, listed] { return list_datasets(context, *listed); });
  list->add_option("--db", listed->db, "The .telltale file")->required();
  list->add_option("--name", listed->name, "Only this one");

  const auto shown = std::make_shared<ShowSettings>();
  CLI::App* show_command = add_command(*group, context, "show", "One data set: classes, splits, lengths; or one post with its text; or the posts with some words",
                                       [&context, shown] { return show(context, *shown); });
  show_command->add_option("--db", shown->db, "The .telltale file")->required();
  show_command->add_option("--name", shown->name, "The data set (may be left out if there is only one)");
  show_command->add_option("--doc", shown->doc, "A post: its number in the file, or its id in the source");
  show_command->add_option("--search", shown->search, "Posts in which all these words occur; word* is a prefix");
  show_command->add_option("--limit", shown->limit, "Posts listed by --search")->check(whole(0, std::int64_t{1} << 40))->capture_default_str();

  add_data_spans(*group, context);
}

}  // namespace telltale::cli
