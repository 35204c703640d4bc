// Two or more runs side by side on the same posts: do their explanations tell classes apart, and is the difference clear?
//
// compare_runs() returns one JSON document (it is stored by Store::add_comparison, printed by `telltale compare --json`, drawn by
// comparison_html() and by the workbench). Every array written "[run]" has one entry per element of "runs", in that order; every
// array written "[contrast]" one per element of "contrasts". A number that is not defined (no post, one post, no positive score) is
// null. All numbers are at full precision; shares and rates are 0..1, not per cent.
//
// {
//  "protocol": {
//    "dataset": {"id": 1, "name": "mini"}, "split": "test",
//    "posts": 120,                    test posts compared (after --limit), "posts_by_class": {"autos": 20, …}
//    "class_rule": "gold", "unit": "word", "sign": "positive", "top": 10, "output": "probability",
//    "shared": 0.7, "telling": 0.8,   thresholds on s(w) and specificity(w)
//    "words": "…how words are lower-cased, which are left out, stop words…", "stop_words": 0,
//    "methods": [{"method": "occlusion", "name": "Occlusion", "in_loss": [run] of bool, "protocol": {…protocol_of(options)…},
//                 "stored": n explanations found in the file, "computed": n made now, "class_cosine": bool}, …],
//    "judge": "occlusion",            the first method that is in no run's loss (else the first): what "words" and "posts" lead with
//    "intervals": {"kind": "BCa", "level": 0.95, "resamples": 2000, "seed": 0, "resampled": "posts, within each gold class", "each": "…", "fallback": "…"},
//    "rivals": {"autos": "motorcycles", …},   hide test: the class each class is mixed up with most
//    "rival_rule": "…", "precision": "fp32", "max_length": [run] of int, "compute": "LibTorch 1.13.1, 2 threads, cpu", "notes": ["one sentence each", …]
//  },
//  "classes": ["autos", …],           sorted; "a" and "b" below are these names
//  "runs": [{"run": 1, "name": "baseline", "preset": "baseline", "from": null | id, "control": null | index into runs,
//            "added": false (true: a control run that was not asked for), "seed": 13, "fingerprint": "…", "created": "…",
//            "in_loss": ["integrated-gradients"], "settings": {…}, "metrics": {…as the run stored them…}}, …],
//  "contrasts": [{"a": 0, "b": 1, "why": "given" | "control" | "first"}, …],
//            what is subtracted from what: b − a, indices into runs. contrasts[0] is runs[1] − runs[0] as given ("given"); then, of
//            every warm-started run, the difference to its control ("control"), then further runs against runs[0] ("first").
//            Of one warm-started run whose control joined: the run less its control. Empty when there is one run.
//  "judged": 0,                       index into contrasts to lead with: the first "control" one, else 0; null when there is none
//  "pairs": [{"a": "autos", "b": "motorcycles", "metric": "overlap@10", "better": "low", "method": "occlusion",
//             "in_loss": false (true: in the loss of some run), "in_loss_runs": [run] of bool,
//             "values": [run], "intervals": [run] of {"low", "high", "kind"}, "n": posts behind it,
//             "difference": …, "low": …, "high": …, "clear": bool, "verdict": "no clear difference" | "better" | "worse",   of contrasts[0]
//             "differences": [contrast] of {"difference", "low", "high", "kind", "clear", "verdict"}}, …],
//            metrics: overlap@K, weighted-overlap, specificity, telling-share@K, class-cosine (only methods with "class_cosine")
//  "means": [the same objects without "a", "b": the mean over all class pairs, the same resamples in every pair],
//  "matrices": [{"metric": "overlap@10" | "weighted-overlap", "better": "low", "method": "occlusion", "in_loss": bool,
//                "runs": [run] of {"values": C rows of C numbers (symmetric, null on the diagonal), "mean": …}}, …],
//  "lists": [{"method": "occlusion", "run": index, "class": "autos", "words": [{"word": "clutch", "share": 0.031, "posts": 7}, …top…]}, …],
//            the lists behind overlap@K; share: of the class's positive score
//  "words": {"method": "occlusion", "contrast": judged,
//            "gained": [{"word": "clutch", "values": [run] shares of positive score over all classes, "posts": 7,
//                        "difference": …, "low": …, "high": …, "kind": …, "clear": bool}, … at most 12, largest first],
//            "lost": [… most negative first …],
//            "all": [{"method": …, "contrast": index, "gained": […], "lost": […]}, …]},
//  "accuracy": {"n": 120, "runs": [run] of {"accuracy", "low", "high", "macro_f1", "macro_f1_low", "macro_f1_high", "kind"},
//               "difference": …, "low": …, "high": …, "clear": …, "verdict": …,           of contrasts[0], accuracy
//               "mcnemar": {"both": 98, "only_a": 4, "only_b": 6, "neither": 12, "p": 0.75},   of contrasts[0]
//               "contrasts": [contrast] of {"accuracy": {"difference","low","high","kind","clear","verdict"}, "macro_f1": {…}, "mcnemar": {…}}},
//  "calibration": {"runs": [run] of {"accuracy", "macro_f1", "nll", "ece", "n",
//                    "bins": [15 of {"lower", "upper", "n", "confidence", "accuracy"}],
//                    "classes": [{"class", "precision", "recall", "f1", "support"}], "confusion": C rows (gold) of C counts (predicted)}},
//  "references": {"uniform": {"name": "Uniform scores", "pairs": [{"a","b","metric","value","low","high","kind"}, …], "means": [{"metric","value","low","high","kind"}]},
//                 "bag-of-words": {…}},
//  "hide": {"rows": [{"words": "none" | "shared" | "telling", "removal": null | "delete" | "pad", "hidden_share": mean share of a post's words hidden,
//                     "accuracy": [run], "intervals": [run], "drop": [run] accuracy lost against "none",
//                     "differences": [contrast] of the accuracies}, …],
//           "parted": [run] of [{"words": "shared" | "telling", "difference": accuracy(delete) − accuracy(pad), "low", "high", "kind", "parted": bool}, …],
//           "message": null | "one sentence naming the runs that treat [PAD] specially"},
//  "seeds": [{"preset": "contrastive", "runs": [indices], "seeds": […], "rows": [{"metric", "method" | null, "values": [one a run of the group],
//             "mean", "low", "high"}, …]}, …],     Student t over runs that differ in the seed alone; empty when there are none
//  "posts": [{"doc": 417, "id": "external id", "class": "autos", "predicted": [run] of class names, "probability": [run] of the gold class,
//             "text": "UTF-8, whole", "cut": byte where the model stopped reading | null, "method": "occlusion", "contrast": judged,
//             "words": [{"begin": 0, "end": 5, "scores": [run]}, …],   bytes into text, in order, never overlapping; Δ = scores[b] − scores[a]
//             "spans": [{"begin", "end", "kind"}, …] marked by people}, … a dozen, drawn by seed, classes in turn],
//  "seconds": 41.2
// }
#pragma once
#include <cstdint>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "attribution/explanation.hpp"
#include "base/json.hpp"
#include "base/progress.hpp"
#include "model/classifier.hpp"
#include "store/store.hpp"

namespace telltale {

struct ComparisonOptions {
  std::vector<std::int64_t> runs;       ///< ids, at least one, finished, on one data set
  std::string split = "test";
  int top = 10;                         ///< k of overlap@k and telling-share@k, 1..1000
  std::vector<std::string> methods;     ///< method ids; empty = integrated-gradients, occlusion (by delete), gradient-x-input
  std::vector<std::string> cosine;      ///< methods that get class-cosine (every post explained for every class); empty = occlusion, gradient-x-input; "none"
  ExplainOptions explain;               ///< output, path, quadrature, steps, tolerance, baseline for all methods; method, unit, removal are set here
  std::int64_t limit = 0;               ///< at most so many posts, the same share of every class, drawn by seed; 0 = all
  std::uint64_t seed = 0;
  int resamples = 2000;                 ///< 100..1,000,000
  bool add_controls = true;             ///< a warm-started run's finished control joins the runs
  std::vector<std::string> stop_words;  ///< left out of everything but the hide test; lower case
  ComputeOptions compute;
};

/// Explains what the file does not hold yet (and stores it), computes the document above, stores it with Store::add_comparison.
/// Throws std::invalid_argument (no runs, runs of different data sets, unknown method, empty split), std::runtime_error (a run without
/// weights), Cancelled.
Json compare_runs(Store& store, const ComparisonOptions& options, std::stop_token stop = {}, const ProgressFn& progress = {});

}  // namespace telltale
