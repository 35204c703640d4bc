#include "store/schema.hpp"

#include <fmt/format.h>

#include <array>
#include <map>
#include <set>

#include "store/store.hpp"

namespace telltale {
namespace {

// Post texts lie in a table of their own, so that lists, filters and splits never read them. A class is a row: a label can
// be numbered anew without rewriting its posts. New posts are indexed by the import, many at a time: FTS5 writes what it has
// gathered at every savepoint, and a trigger would make one for each post.
constexpr const char* data_sets = R"sql(
CREATE TABLE datasets(
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  name TEXT NOT NULL UNIQUE,
  source TEXT NOT NULL,
  documents INTEGER NOT NULL DEFAULT 0,
  options TEXT NOT NULL DEFAULT '{}',
  report TEXT NOT NULL DEFAULT '{}',
  created TEXT NOT NULL);
CREATE TABLE classes(
  id INTEGER PRIMARY KEY,
  dataset INTEGER NOT NULL REFERENCES datasets(id) ON DELETE CASCADE,
  label INTEGER NOT NULL,
  name TEXT NOT NULL,
  UNIQUE(dataset, name),
  UNIQUE(dataset, label));
CREATE TABLE documents(
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  dataset INTEGER NOT NULL REFERENCES datasets(id) ON DELETE CASCADE,
  class INTEGER NOT NULL REFERENCES classes(id),
  split TEXT NOT NULL,
  external_id TEXT NOT NULL,
  bytes INTEGER NOT NULL,
  text_hash INTEGER NOT NULL,
  spans TEXT);
CREATE INDEX documents_by_dataset ON documents(dataset);
CREATE INDEX documents_by_class ON documents(class, split);
CREATE TABLE texts(
  document INTEGER PRIMARY KEY REFERENCES documents(id) ON DELETE CASCADE,
  text TEXT NOT NULL);
CREATE VIRTUAL TABLE search USING fts5(text, content='texts', content_rowid='document', tokenize='unicode61 remove_diacritics 2');
CREATE TRIGGER texts_removed AFTER DELETE ON texts BEGIN
  INSERT INTO search(search, rowid, text) VALUES ('delete', old.document, old.text);
END;
CREATE TRIGGER texts_changed AFTER UPDATE ON texts BEGIN
  INSERT INTO search(search, rowid, text) VALUES ('delete', old.document, old.text);
  INSERT INTO search(rowid, text) VALUES (new.document, new.text);
END;
CREATE VIEW posts AS
  SELECT d.id, s.name AS dataset, c.name AS label, d.split, d.external_id, t.text, d.spans
  FROM documents d JOIN datasets s ON s.id = d.dataset JOIN classes c ON c.id = d.class JOIN texts t ON t.document = d.id;
)sql";

// A ghost is a step (or validation) after the place that a run was resumed from: kept, but no longer part of its curve.
constexpr const char* runs_and_steps = R"sql(
CREATE TABLE runs(
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  name TEXT NOT NULL,
  preset TEXT NOT NULL,
  dataset INTEGER REFERENCES datasets(id),
  model TEXT NOT NULL,
  from_run INTEGER REFERENCES runs(id) ON DELETE SET NULL,
  pair INTEGER,
  status TEXT NOT NULL,
  settings TEXT NOT NULL,
  metrics TEXT NOT NULL,
  cost TEXT NOT NULL,
  step INTEGER NOT NULL,
  steps INTEGER NOT NULL,
  fingerprint TEXT NOT NULL,
  folder TEXT NOT NULL,
  error TEXT NOT NULL,
  note TEXT NOT NULL,
  created TEXT NOT NULL,
  started TEXT NOT NULL,
  finished TEXT NOT NULL);
CREATE INDEX runs_by_dataset ON runs(dataset);
CREATE INDEX runs_by_from ON runs(from_run);
CREATE TABLE steps(
  run INTEGER NOT NULL REFERENCES runs(id) ON DELETE CASCADE,
  ghost INTEGER NOT NULL DEFAULT 0,
  step INTEGER NOT NULL,
  epoch REAL,
  seconds REAL,
  gradient_norm REAL,
  learning_rate REAL,
  tokens_per_second REAL,
  memory_mib REAL,
  terms TEXT NOT NULL,
  shares TEXT NOT NULL,
  documents TEXT NOT NULL,
  PRIMARY KEY(run, ghost, step)) WITHOUT ROWID;
CREATE TABLE validations(
  run INTEGER NOT NULL REFERENCES runs(id) ON DELETE CASCADE,
  ghost INTEGER NOT NULL DEFAULT 0,
  step INTEGER NOT NULL,
  split TEXT NOT NULL,
  metrics TEXT NOT NULL,
  PRIMARY KEY(run, ghost, step, split)) WITHOUT ROWID;
CREATE TABLE checkpoints(
  run INTEGER NOT NULL REFERENCES runs(id) ON DELETE CASCADE,
  kind TEXT NOT NULL,
  step INTEGER NOT NULL,
  folder TEXT NOT NULL,
  PRIMARY KEY(run, kind)) WITHOUT ROWID;
)sql";

// Numbers of an explanation are little-endian blobs: scores and word_scores float64, ids int32, offsets and words pairs of
// int64 (begin, end; −1, −1 = none).
constexpr const char* explanations_of_posts = R"sql(
CREATE TABLE protocols(
  id INTEGER PRIMARY KEY,
  protocol TEXT NOT NULL UNIQUE);
CREATE TABLE typed_texts(
  id INTEGER PRIMARY KEY,
  text TEXT NOT NULL UNIQUE);
CREATE TABLE explanations(
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  fingerprint TEXT NOT NULL,
  run INTEGER REFERENCES runs(id) ON DELETE SET NULL,
  document INTEGER REFERENCES documents(id) ON DELETE CASCADE,
  typed_text INTEGER REFERENCES typed_texts(id),
  method TEXT NOT NULL,
  protocol INTEGER NOT NULL REFERENCES protocols(id),
  target INTEGER NOT NULL,
  foil INTEGER NOT NULL,
  value REAL,
  baseline_value REAL,
  delta REAL,
  steps INTEGER NOT NULL,
  prediction TEXT NOT NULL,
  ids BLOB NOT NULL,
  offsets BLOB NOT NULL,
  scores BLOB NOT NULL,
  words BLOB NOT NULL,
  word_scores BLOB NOT NULL,
  created TEXT NOT NULL);
CREATE UNIQUE INDEX explanations_unique
  ON explanations(fingerprint, ifnull(document, 0), ifnull(typed_text, 0), protocol, target, foil);
CREATE INDEX explanations_by_run ON explanations(run);
CREATE INDEX explanations_by_document ON explanations(document);
CREATE INDEX explanations_by_typed_text ON explanations(typed_text);
CREATE TABLE comparisons(
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  runs TEXT NOT NULL,
  protocol TEXT NOT NULL,
  result TEXT NOT NULL,
  created TEXT NOT NULL);
)sql";

constexpr const char* file_values = R"sql(
CREATE TABLE file_values(
  key TEXT PRIMARY KEY,
  value TEXT NOT NULL) WITHOUT ROWID;
)sql";

// What a model says of every post, so that lists can filter and sort by it. Weights, length limit and (since a later step) precision are the whole protocol.
// The wider index answers which posts a run explained without reading the explanations.
constexpr const char* predictions_of_posts = R"sql(
CREATE TABLE predictions(
  fingerprint TEXT NOT NULL,
  max_length INTEGER NOT NULL,
  document INTEGER NOT NULL REFERENCES documents(id) ON DELETE CASCADE,
  logits BLOB NOT NULL,
  PRIMARY KEY(fingerprint, max_length, document)) WITHOUT ROWID;
CREATE INDEX predictions_by_document ON predictions(document);
DROP INDEX explanations_by_run;
CREATE INDEX explanations_by_run ON explanations(run, document);
)sql";

// Protocols came to name the precision; what was stored before counts as fp32, the default. A protocol is compared as text and its keys are
// in order, so the new one goes before the first that comes after it.
constexpr const char* precision_in_protocols = R"sql(
UPDATE protocols SET protocol = CASE
  WHEN instr(protocol, ',"quadrature":') THEN replace(protocol, ',"quadrature":', ',"precision":"fp32","quadrature":')
  WHEN instr(protocol, ',"removal":') THEN replace(protocol, ',"removal":', ',"precision":"fp32","removal":')
  ELSE substr(protocol, 1, length(protocol) - 1) || ',"precision":"fp32"}' END
WHERE protocol LIKE '{%"method":%' AND protocol NOT LIKE '%"precision":%';
)sql";

// The columns of a run that is finished, as charts want them. A cache: it can be made anew from the steps up to `step`.
constexpr const char* curves_of_runs = R"sql(
CREATE TABLE curves(
  run INTEGER PRIMARY KEY REFERENCES runs(id) ON DELETE CASCADE,
  step INTEGER NOT NULL,
  data BLOB NOT NULL);
)sql";

// A prediction in bf16 is not one in fp32. What was stored before counts as fp32, the default.
constexpr const char* precision_of_predictions = R"sql(
CREATE TABLE predictions_by_precision(
  fingerprint TEXT NOT NULL,
  max_length INTEGER NOT NULL,
  precision TEXT NOT NULL,
  document INTEGER NOT NULL REFERENCES documents(id) ON DELETE CASCADE,
  logits BLOB NOT NULL,
  PRIMARY KEY(fingerprint, max_length, precision, document)) WITHOUT ROWID;
INSERT INTO predictions_by_precision SELECT fingerprint, max_length, 'fp32', document, logits FROM predictions;
DROP TABLE predictions;
ALTER TABLE predictions_by_precision RENAME TO predictions;
CREATE INDEX predictions_by_document ON predictions(document);
)sql";

// A measure is a metric of a method under a protocol, on the model of a fingerprint; it has a value for each post, or (of a whole sample) one result.
// curve: little-endian float32. An evaluation is what somebody asked for: it says which protocols there are to look at.
constexpr const char* measures_of_explanations = R"sql(
CREATE TABLE measures(
  id INTEGER PRIMARY KEY,
  fingerprint TEXT NOT NULL,
  protocol INTEGER NOT NULL REFERENCES protocols(id),
  result TEXT,
  UNIQUE(fingerprint, protocol));
CREATE TABLE measure_values(
  measure INTEGER NOT NULL REFERENCES measures(id) ON DELETE CASCADE,
  document INTEGER NOT NULL REFERENCES documents(id) ON DELETE CASCADE,
  target INTEGER NOT NULL,
  foil INTEGER NOT NULL,
  predicted INTEGER NOT NULL,
  value REAL,
  curve BLOB,
  PRIMARY KEY(measure, document)) WITHOUT ROWID;
CREATE INDEX measure_values_by_document ON measure_values(document);
CREATE TABLE evaluations(
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  fingerprint TEXT NOT NULL,
  protocol INTEGER NOT NULL REFERENCES protocols(id),
  created TEXT NOT NULL,
  UNIQUE(fingerprint, protocol));
)sql";

// What people mark in the program, beside what came with the posts (documents.spans). A mark that was taken away keeps its row, so that undoing brings it back as it was.
// A simulation asks a person what a model answers, each post once, with or without its explanation.
constexpr const char* marks_and_simulations = R"sql(
CREATE TABLE marks(
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  document INTEGER NOT NULL REFERENCES documents(id) ON DELETE CASCADE,
  begin_byte INTEGER NOT NULL,
  end_byte INTEGER NOT NULL,
  kind TEXT NOT NULL,
  annotator TEXT NOT NULL,
  created TEXT NOT NULL,
  removed TEXT,
  UNIQUE(document, annotator, begin_byte, end_byte, kind));
CREATE TABLE simulations(
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  run INTEGER REFERENCES runs(id) ON DELETE SET NULL,
  fingerprint TEXT NOT NULL,
  dataset INTEGER NOT NULL REFERENCES datasets(id) ON DELETE CASCADE,
  protocol TEXT NOT NULL,
  participant TEXT NOT NULL,
  created TEXT NOT NULL);
CREATE INDEX simulations_by_run ON simulations(run);
CREATE INDEX simulations_by_dataset ON simulations(dataset);
CREATE TABLE simulation_items(
  simulation INTEGER NOT NULL REFERENCES simulations(id) ON DELETE CASCADE,
  place INTEGER NOT NULL,
  document INTEGER NOT NULL REFERENCES documents(id) ON DELETE CASCADE,
  explained INTEGER NOT NULL,
  predicted INTEGER NOT NULL,
  foil INTEGER NOT NULL,
  answer INTEGER,
  confidence INTEGER,
  milliseconds INTEGER,
  answered TEXT,
  PRIMARY KEY(simulation, place)) WITHOUT ROWID;
CREATE INDEX simulation_items_by_document ON simulation_items(document);
)sql";

constexpr std::array<Migration, 10> all{{{1, data_sets}, {2, runs_and_steps}, {3, explanations_of_posts}, {4, file_values}, {5, predictions_of_posts}, {6, precision_in_protocols}, {7, curves_of_runs}, {8, precision_of_predictions}, {9, measures_of_explanations}, {10, marks_and_simulations}}};

using Columns = std::map<std::string, std::set<std::string>>;  // "table runs" → its columns

Columns columns(SQLite::Database& db) {
  Columns found;
  SQLite::Statement objects(db, "SELECT type, name FROM sqlite_master WHERE name NOT LIKE 'sqlite~_%' ESCAPE '~'");
  while (objects.executeStep()) found[objects.getColumn(0).getString() + " " + objects.getColumn(1).getString()];
  SQLite::Statement tables(db, "SELECT m.name, x.name FROM sqlite_master m, pragma_table_xinfo(m.name) x WHERE m.type = 'table'");
  while (tables.executeStep()) {
    const auto at = found.find("table " + tables.getColumn(0).getString());
    if (at != found.end()) at->second.insert(tables.getColumn(1).getString());
  }
  return found;
}

/// Their text by their name.
std::map<std::string, std::string> triggers(SQLite::Database& db) {
  std::map<std::string, std::string> found;
  SQLite::Statement all(db, "SELECT name, sql FROM sqlite_master WHERE type = 'trigger'");
  while (all.executeStep()) found[all.getColumn(0).getString()] = all.getColumn(1).getString();
  return found;
}

}  // namespace

std::span<const Migration> migrations() { return all; }

int schema_version() { return all.back().number; }

void migrate(SQLite::Database& db, int from, int to) {
  for (const Migration& m : all)
    if (m.number > from && m.number <= to) db.exec(m.sql);
  db.exec(fmt::format("PRAGMA application_id = {}; PRAGMA user_version = {}", store_application_id, to));
}

std::string foreign_trigger(SQLite::Database& db) {
  static const std::map<std::string, std::string> own = [] {
    SQLite::Database fresh(":memory:", SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE);
    migrate(fresh, 0, schema_version());
    return triggers(fresh);
  }();
  for (const auto& [name, sql] : triggers(db))
    if (const auto at = own.find(name); at == own.end() || at->second != sql) return name;
  return {};
}

std::string schema_difference(SQLite::Database& db) {
  static const Columns expected = [] {
    SQLite::Database fresh(":memory:", SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE);
    migrate(fresh, 0, schema_version());
    return columns(fresh);
  }();
  const Columns found = columns(db);
  for (const auto& [object, names] : expected) {
    const auto at = found.find(object);
    if (at == found.end()) return object + " is missing";
    for (const std::string& name : names)
      if (!at->second.contains(name)) return fmt::format("{} has no column {}", object, name);
  }
  return {};
}

}  // namespace telltale
