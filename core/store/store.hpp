// One SQLite file: data sets, runs with every step, explanations, comparisons. Weights lie beside it in FILE.d/.
// A Store is one connection and belongs to one thread; open another for another thread (WAL, one writer at a time, busy time-out).
#pragma once
#include <cstdint>
#include <filesystem>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.hpp"
#include "text/tokenizer.hpp"

namespace telltale {

inline constexpr std::int32_t store_application_id = 0x54454C4C;  ///< "TELL"

struct DatasetInfo {
  std::int64_t id = 0;
  std::string name, source;
  std::vector<std::string> classes;  ///< sorted; the index is the label
  std::int64_t documents = 0;
  Json options;                      ///< how it was imported: strip, columns, split rule, seed
  Json report;                       ///< skipped, duplicates, empty, bad encodings, over-long, lengths
  std::string created;               ///< ISO 8601, UTC
};

struct MarkedSpan {
  std::int64_t begin = 0, end = 0;   ///< bytes into the text
  std::string kind;                  ///< "telling" or "shared"
};

struct Document {
  std::int64_t id = 0;               ///< unique in the file
  std::int64_t dataset = 0;
  std::string external_id;           ///< path in the archive, id column, or line number
  std::string split;                 ///< "train", "test", …
  int label = -1;                    ///< index into DatasetInfo::classes
  std::string text;                  ///< UTF-8, may hold NUL
  std::vector<MarkedSpan> spans;
};

enum class RunStatus { queued, running, paused, stopped, interrupted, failed, finished };
const char* name_of(RunStatus);

struct RunRecord {
  std::int64_t id = 0;
  std::string name{}, preset{};
  std::int64_t dataset = 0;
  std::string model{};                    ///< folder the weights came from
  std::optional<std::int64_t> from{};       ///< the run it was warm-started from
  std::optional<std::int64_t> pair{};       ///< runs of one pair (same seed, batches, schedule) carry the same number
  RunStatus status = RunStatus::queued;
  Json settings{};                          ///< every key of `telltale settings`, as used
  Json metrics{};                           ///< accuracy, macro_f1, nll, ece, …; null until known
  Json cost{};                              ///< {"predicted":{"seconds","peak_mib"},"actual":{…}}
  std::int64_t step = 0, steps = 0;
  std::string fingerprint{};                ///< of the final (best) weights
  std::string folder{};                     ///< of the final weights, relative to FILE.d/
  std::string error{}, note{}, created{}, started{}, finished{};
};

/// What a list needs to know of a run: a thousand are read in a few milliseconds.
struct RunHead {
  std::int64_t id = 0, dataset = 0;
  std::string name{};
  RunStatus status = RunStatus::queued;
  double accuracy = std::numeric_limits<double>::quiet_NaN();  ///< of its metrics; NaN = none
};

/// One optimiser step; NaN is kept (as NULL). terms: {"class":…, …, "total":…}, shares likewise; documents: ids of the batch.
struct StepRecord {
  std::int64_t step = 0;
  double epoch = 0, seconds = 0, gradient_norm = 0, learning_rate = 0, tokens_per_second = 0, memory_mib = 0;
  Json terms, shares;
  std::vector<std::int64_t> documents;
};

struct ValidationRecord {
  std::int64_t step = 0;
  std::string split;
  Json metrics;
};

struct CheckpointRecord {
  std::int64_t step = 0;
  std::string kind;    ///< "last", "best"
  std::string folder;  ///< relative to FILE.d/
};

/// A stored explanation. Unique by (fingerprint, document, text, protocol, target, foil); method and all options are in `protocol`.
struct ExplanationRecord {
  std::int64_t id = 0;
  std::string fingerprint;                 ///< of the model
  std::optional<std::int64_t> run;
  std::int64_t document = 0;               ///< 0: a typed text, then `text` holds it
  std::string text;
  std::string method;
  Json protocol;
  int target = 0, foil = -1;
  double value = 0, baseline_value = 0, delta = 0;  ///< NaN = none
  int steps = 0;
  Json prediction;                         ///< {"logits":[…],"predicted":…}; of sampled scores also "standard_error", as Explanation has it
  std::vector<std::int32_t> ids;
  std::vector<Span> offsets;
  std::vector<double> scores;              ///< one per id
  std::vector<Span> words;
  std::vector<double> word_scores;
  std::string created;
};

/// What a list needs to know of an explanation of a stored post.
struct ExplanationSummary {
  std::int64_t id = 0, document = 0;
  std::string method;
  int target = 0, foil = -1;
  Json prediction;
  std::string external_id, split;
  int label = -1;
  std::string start;  ///< the first 600 characters of the post
};

/// Every post of a data set without its text: what a list filters and sorts.
struct PostTable {
  struct Row {
    std::int64_t id = 0, bytes = 0;
    int label = 0, split = 0;        ///< split: index into `splits`
  };
  std::vector<std::string> splits;
  std::vector<Row> rows;             ///< by id
};

/// What a list shows of a post.
struct PostStart {
  std::int64_t id = 0;
  std::string external_id, start;    ///< the first 600 characters
  std::string snippet;               ///< a few words around what was searched, each hit between \x02 and \x03; empty without a search
};

struct PostPrediction {
  std::int64_t document = 0;
  std::vector<float> logits;
};

struct ComparisonRecord {
  std::int64_t id = 0;
  std::vector<std::int64_t> runs{};
  Json protocol{}, result{};
  std::string created{};
};

/// What a list needs to know of a comparison.
struct ComparisonHead {
  std::int64_t id = 0, bytes = 0;    ///< bytes of its document
  std::vector<std::int64_t> runs{};
  std::string created{};
};

/// What one measure (a metric of a method under a protocol, on one model) says of one post.
struct MeasureValue {
  std::int64_t measure = 0, document = 0;
  int target = 0, foil = -1;         ///< of the explanation; target = foil: the post is left out, its explained class is the foil
  int predicted = -1;                ///< class that the model answers
  double value = 0;                  ///< NaN = not defined for this post
  std::vector<float> curve{};        ///< points that the value is the area of, evenly spaced from 0 to 1; empty = none
};

/// An evaluation that was begun on a model: all that decides its figures but methods and metrics.
struct EvaluationRecord {
  std::int64_t id = 0;
  std::string fingerprint{};
  Json protocol{};
  std::string created{};             ///< when it was last begun
};

class Store {
 public:
  enum class Mode { read, write, create };  ///< create: makes the file when it is not there
  /// Throws std::runtime_error with one line that says what to do: not a Telltale file, made by a newer version (schema N, this
  /// program knows M), read-only folder, disk full, locked by another program. Nothing is changed in a file that is refused.
  static std::unique_ptr<Store> open(const std::filesystem::path& file, Mode mode);
  ~Store();
  const std::filesystem::path& file() const;  ///< absolute
  std::filesystem::path folder() const;  ///< FILE.d
  /// folder()/name, where weights of a run lie. std::runtime_error where it is not there: who moves or sends the file alone leaves them behind.
  std::filesystem::path weights(std::int64_t run, const std::string& name) const;
  /// How long a write waits for another program's (or thread's) transaction before it fails; 10,000 ms unless set.
  void set_busy_timeout(int milliseconds);

  // ---- data sets
  std::vector<DatasetInfo> datasets();
  DatasetInfo dataset(const std::string& name);  ///< throws std::invalid_argument listing the names
  DatasetInfo dataset(std::int64_t id);
  /// One transaction: nothing is left of it unless commit() is called.
  class Import {
   public:
    virtual ~Import() = default;
    /// document.label is ignored. An empty split waits for draw_test_split().
    virtual void add(const Document& document, const std::string& label) = 0;
    /// Of the posts added without a split, `share` (0 … 1) of each class becomes "test", the others "train". Drawn by a hash
    /// of the text and the seed: the same whatever the order of the posts, and equal texts stay together.
    virtual void draw_test_split(double share, std::uint64_t seed) = 0;
    /// Posts whose text was there before under another id; empty posts are left out.
    struct Duplicates {
      std::int64_t count = 0;           ///< posts but the first of each text
      std::string first;                ///< external id of the first of them
      std::int64_t across_splits = 0;   ///< texts that stand in two splits
      std::string first_across_splits;  ///< external id of the first post of such a text
      std::int64_t across_classes = 0;  ///< texts that stand under two labels
      std::string first_across_classes;
    };
    virtual Duplicates duplicates() = 0;
    /// Posts but the first of each external id (posts without one do not count), and that id of the first of them.
    struct Repeated {
      std::int64_t count = 0;
      std::string first;
    };
    virtual Repeated repeated_ids() = 0;
    /// Numbers the sorted classes, writes the report, commits. Posts still without a split are "train". Returns the data set.
    virtual DatasetInfo commit(const Json& report) = 0;
  };
  /// `name` must be new in the file (std::invalid_argument). Other writers wait until the import ends; it must end before the store.
  std::unique_ptr<Import> begin_import(const std::string& name, const std::string& source, const Json& options);
  void remove_dataset(std::int64_t id);  ///< refused (std::runtime_error) while runs use it

  struct DocumentFilter {
    std::int64_t dataset = 0;
    std::string split{};        ///< empty = all
    std::optional<int> label{};
    std::string search{};       ///< words that must all occur (case and accents ignored); a word ending in * matches as a prefix
    std::int64_t limit = -1, offset = 0;
  };
  Document document(std::int64_t id);                           ///< throws std::invalid_argument
  std::vector<std::int64_t> document_ids(const DocumentFilter&);  ///< in id order
  std::vector<Document> documents(const DocumentFilter&);
  void each_document(const DocumentFilter&, const std::function<void(Document&&)>&);
  std::int64_t count_documents(const DocumentFilter&);            ///< limit and offset are ignored
  std::optional<std::int64_t> find_document(std::int64_t dataset, const std::string& external_id);
  struct ClassCount {
    int label = 0;
    std::string split;
    std::int64_t documents = 0;
  };
  std::vector<ClassCount> class_counts(std::int64_t dataset);  ///< by label, then split; pairs without a post are left out

  PostTable post_table(std::int64_t dataset);
  /// In the order of `ids`; posts that are gone are left out. Snippets of posts over 200 KB are not made: they would take too long.
  std::vector<PostStart> post_starts(const std::vector<std::int64_t>& ids, const std::string& search = "");

  // ---- runs
  std::int64_t add_run(const RunRecord&);         ///< id, created are filled in
  void update_run(const RunRecord&);              ///< all columns
  void describe_run(std::int64_t id, const std::string& name, const std::string& note);  ///< these two alone: also while it is being trained
  RunRecord run(std::int64_t id);                 ///< throws std::invalid_argument listing the ids
  std::vector<RunRecord> runs();
  std::vector<RunHead> run_heads();               ///< in id order
  /// With steps and explanations (those that a run of the same weights shares stay); the folder is the caller's.
  void remove_run(std::int64_t id);
  /// Runs marked running or paused whose owner is gone become `interrupted`. The owner holds an advisory lock (see claim_run) for
  /// as long as it lives. In read mode nothing is written: this connection shows them as interrupted.
  void mark_interrupted_runs();
  /// Held while a process trains the run: a lock file FILE.d/run-N.lock with flock; throws std::runtime_error when another process holds it.
  /// The lock is free again when the last pointer goes or the process ends.
  class RunLock;
  std::shared_ptr<RunLock> claim_run(std::int64_t id);

  void add_steps(std::int64_t run, const std::vector<StepRecord>&);  ///< one transaction; a step that is there already is replaced
  std::vector<StepRecord> steps(std::int64_t run, std::int64_t after = -1, std::int64_t limit = -1);
  /// After a resume from `step`: later steps are moved aside as the run's ghost tail, not lost.
  void rewind_run(std::int64_t run, std::int64_t step);
  std::vector<StepRecord> ghost_steps(std::int64_t run);
  /// Columns of a run's steps for charts, kept so that they need not be made again (report/run_curves.hpp). Empty when there are none for `step`.
  void set_curves(std::int64_t run, std::int64_t step, const std::vector<unsigned char>& data);
  std::vector<unsigned char> curves(std::int64_t run, std::int64_t step);
  void add_validation(std::int64_t run, const ValidationRecord&);
  std::vector<ValidationRecord> validations(std::int64_t run);
  void set_checkpoint(std::int64_t run, const CheckpointRecord&);  ///< one per kind
  std::vector<CheckpointRecord> checkpoints(std::int64_t run);

  // ---- explanations and comparisons
  std::int64_t add_explanation(const ExplanationRecord&);  ///< replaces an equal one
  void add_explanations(const std::vector<ExplanationRecord>&);  ///< one transaction
  /// `text` is that of a typed text (document 0).
  std::optional<ExplanationRecord> find_explanation(const std::string& fingerprint, std::int64_t document, const Json& protocol, int target, int foil,
                                                    const std::string& text = "");
  /// Of a run (also what was stored for another run with the same final weights), of a method, of a post; in id order.
  std::vector<ExplanationRecord> explanations(std::optional<std::int64_t> run, const std::string& method = "", std::int64_t document = 0);
  /// The explanations of a run's stored posts, by document, then id; of one method; for the gold class alone.
  std::vector<ExplanationSummary> explanation_summaries(std::int64_t run, const std::string& method = "", bool gold_only = false);
  /// Stored posts that a run has explanations of (also what was stored for another run with the same final weights), rising.
  std::vector<std::int64_t> explained_documents(std::int64_t run, std::int64_t limit = -1);
  /// What the weights answer to stored posts read up to `max_length` ids, computed in `precision` ("fp32", "bf16", "fp64": name_of of
  /// Classifier::prediction_precision()); an older answer is replaced. One transaction.
  void add_predictions(const std::string& fingerprint, int max_length, const std::string& precision, const std::vector<PostPrediction>&);
  std::vector<PostPrediction> predictions(const std::string& fingerprint, int max_length, const std::string& precision, std::int64_t dataset);  ///< by document
  std::int64_t add_comparison(const ComparisonRecord&);
  std::vector<ComparisonRecord> comparisons();
  std::vector<ComparisonHead> comparison_heads();    ///< without their documents, by id: quick whatever their size
  ComparisonRecord comparison(std::int64_t id);      ///< throws std::invalid_argument

  // ---- measures of explanations: kept by model fingerprint and protocol, which is compared as text
  std::optional<std::int64_t> find_measure(const std::string& fingerprint, const Json& protocol);
  std::int64_t add_measure(const std::string& fingerprint, const Json& protocol);  ///< the one that is there, else a new one
  void add_measure_values(const std::vector<MeasureValue>&);   ///< one transaction; a value that is there is replaced
  std::vector<MeasureValue> measure_values(std::int64_t measure, bool curves = false);  ///< by document
  void set_measure_result(std::int64_t measure, const Json& result);  ///< of a measure over a whole sample
  std::optional<Json> measure_result(std::int64_t measure);
  std::int64_t add_evaluation(const std::string& fingerprint, const Json& protocol);  ///< an equal one gets a new time only
  std::vector<EvaluationRecord> evaluations(const std::string& fingerprint = "");     ///< of one model, or all; by id

  // ---- film: pinned posts and free-form values that belong to a run or the file
  void set_value(const std::string& key, const Json& value);
  std::optional<Json> value(const std::string& key);

  /// Several writes as one transaction (BEGIN IMMEDIATE); rolled back when `work` throws.
  void transaction(const std::function<void()>& work);

  struct Impl;
  explicit Store(std::unique_ptr<Impl> impl);
  Impl& impl() { return *impl_; }  ///< for core/store alone: marks and simulations have headers of their own

 private:
  std::unique_ptr<Impl> impl_;
};

}  // namespace telltale
