#include "widgets/inspect/method_options.hpp"

#include <QCoreApplication>
#include <cmath>
#include <stdexcept>

#include "attribution/gradient_options.hpp"
#include "report/numbers.hpp"

namespace telltale::ui {
namespace {

constexpr std::size_t most_for_all = 20;  // words (pieces) of which all coalitions can be asked

QString tr(const char* words) { return QCoreApplication::translate("MethodOptions", words); }
QString value_of(const char* name) { return QString::fromLatin1(name); }

Removal removal_of(const ExplainOptions& o, const MethodInfo& m) { return o.removal.value_or(m.removal); }
bool removes_by_baseline(const ExplainOptions& o, const MethodInfo& m) { return m.uses_removal && removal_of(o, m) == Removal::baseline; }
bool is_drawn(const ExplainOptions& o, const MethodInfo& m) { return m.draws > 0 || (m.uses_baseline && o.baseline == Baseline::noise); }
std::size_t players(const ExplainOptions& o, const Place& p) { return o.unit == Unit::piece ? p.size.pieces : p.size.words; }

[[noreturn]] void refuse(const QString& why) { throw std::invalid_argument(why.toStdString()); }

int whole(const QString& typed, int low, int high) {
  bool good = false;
  const int value = QString(typed).remove(QLatin1Char(',')).toInt(&good);
  if (!good || value < low || value > high) refuse(tr("a whole number from %1 to %2").arg(text(thousands(low)), text(thousands(high))));
  return value;
}

/// `open`: low itself is not in.
double real(const QString& typed, double low, double high, bool open) {
  bool good = false;
  const double value = QString(typed).replace(QLatin1Char(','), QLatin1Char('.')).toDouble(&good);
  if (!good || !std::isfinite(value) || value > high || (open ? value <= low : value < low)) refuse((open ? tr("a number above %1 and at most %2") : tr("a number from %1 to %2")).arg(low).arg(high));
  return value;
}

QString number(double value) { return QString::number(value, 'g', 6); }

/// Why this baseline cannot be taken, in the order of what is asked.
QString baseline_refused(Baseline b, const ExplainOptions& o, const MethodInfo& m, const Place& p) {
  const bool word = b == Baseline::pad || b == Baseline::mask || b == Baseline::unk;
  if (m.uses_neighbours && !word && b != Baseline::text) return tr("a path through words begins at a word");
  if (!m.uses_baseline && removes_by_baseline(o, m) && !word && b != Baseline::zero) return tr("only [PAD], [MASK], [UNK] or zero can stand in for single words");
  if (b == Baseline::rival && !p.posts) return tr("the run's data set holds no training posts");
  return {};
}

std::vector<OptionField> make_fields() {
  std::vector<OptionField> f;
  f.push_back({"output", tr("Output"), tr("F, the number that is explained: p(c|x); the logit z_c; log-odds z_c − logsumexp of the others; the difference z_c − z_foil (“why this class and not that one”)"), {}, {},
               [](const ExplainOptions&, const MethodInfo& m) { return asks_for_class(m); },
               [](const ExplainOptions&, const MethodInfo&, const Place&) {
                 return std::vector<OptionChoice>{{value_of("probability"), tr("Probability p"), {}}, {value_of("logit"), tr("Logit z"), {}}, {value_of("log-odds"), tr("Log-odds"), {}}, {value_of("difference"), tr("Logit difference to the foil"), {}}};
               },
               [](const ExplainOptions& o, const MethodInfo&) { return value_of(name_of(o.output)); },
               [](ExplainOptions& o, const MethodInfo&, const Place&, const QString& v) { o.output = parse_output(v.toStdString()); }});
  f.push_back({"path", tr("Path"), tr("Where gradients are taken and a path runs: in the word embeddings e, or at the output of the embedding block (word + position + type, LayerNorm)"), {}, {},
               [](const ExplainOptions&, const MethodInfo& m) { return m.needs == "gradients"; },
               [](const ExplainOptions&, const MethodInfo&, const Place&) {
                 return std::vector<OptionChoice>{{value_of("word"), tr("Word embeddings"), {}}, {value_of("embeddings"), tr("Embedding block"), {}}};
               },
               [](const ExplainOptions& o, const MethodInfo&) { return value_of(name_of(o.path)); },
               [](ExplainOptions& o, const MethodInfo&, const Place&, const QString& v) { o.path = parse_path(v.toStdString()); }});
  f.push_back({"quadrature", tr("Quadrature"), tr("∫₀¹ ∂F(b + α(x − b)) dα as Σ w_k ∂F(b + α_k(x − b)): where the nodes α_k lie and what each weighs"), {}, {},
               [](const ExplainOptions&, const MethodInfo& m) { return m.uses_steps; },
               [](const ExplainOptions& o, const MethodInfo&, const Place&) {
                 return std::vector<OptionChoice>{{value_of("gauss-legendre"), tr("Gauss–Legendre"), {}}, {value_of("midpoint"), tr("Midpoint"), {}}, {value_of("trapezoid"), tr("Trapezoid"), o.steps == 1 ? tr("needs at least 2 nodes") : QString()}};
               },
               [](const ExplainOptions& o, const MethodInfo&) { return value_of(name_of(o.quadrature)); },
               [](ExplainOptions& o, const MethodInfo&, const Place&, const QString& v) {
                 const Quadrature q = parse_quadrature(v.toStdString());
                 if (q == Quadrature::trapezoid && o.steps == 1) refuse(tr("the trapezoid rule needs at least 2 nodes"));
                 o.quadrature = q;
               }});
  f.push_back({"nodes", tr("Nodes"), tr("A fixed number of nodes, or as many as the relative delta asks for: |Σ A − (F(x) − F(b))| / max(0.001, |F(x) − F(b)|)"), {}, {},
               [](const ExplainOptions&, const MethodInfo& m) { return m.uses_steps; },
               [](const ExplainOptions&, const MethodInfo&, const Place&) {
                 return std::vector<OptionChoice>{{value_of("tolerance"), tr("Until the delta is small"), {}}, {value_of("fixed"), tr("A fixed number"), {}}};
               },
               [](const ExplainOptions& o, const MethodInfo&) { return value_of(o.steps > 0 ? "fixed" : "tolerance"); },
               [](ExplainOptions& o, const MethodInfo&, const Place&, const QString& v) { o.steps = v == QLatin1String("tolerance") ? 0 : o.steps > 0 ? o.steps : 32; }});
  f.push_back({"tolerance", tr("Delta at most"), tr("Nodes are added until the relative delta is under this share of |F(x) − F(b)|"), tr("%"), tr("above 0 to 100"),
               [](const ExplainOptions& o, const MethodInfo& m) { return m.uses_steps && o.steps == 0; }, nullptr,
               [](const ExplainOptions& o, const MethodInfo&) { return number(100 * o.tolerance); },
               [](ExplainOptions& o, const MethodInfo&, const Place&, const QString& v) { o.tolerance = real(v, 0, 100, true) / 100; }});
  f.push_back({"cap", tr("Nodes at most"), tr("Here the search ends, whatever the delta is then; the badge says what was reached"), tr("nodes"), tr("2 to 100,000"),
               [](const ExplainOptions& o, const MethodInfo& m) { return m.uses_steps && o.steps == 0; }, nullptr,
               [](const ExplainOptions& o, const MethodInfo&) { return QString::number(o.max_steps); },
               [](ExplainOptions& o, const MethodInfo&, const Place&, const QString& v) { o.max_steps = whole(v, 2, 100'000); }});
  f.push_back({"steps", tr("Number of nodes"), tr("Nodes m of the quadrature, or steps m of the path: each a forward and a backward pass"), tr("nodes"), tr("1 to 100,000"),
               [](const ExplainOptions& o, const MethodInfo& m) { return m.uses_steps && o.steps > 0; }, nullptr,
               [](const ExplainOptions& o, const MethodInfo&) { return QString::number(o.steps); },
               [](ExplainOptions& o, const MethodInfo&, const Place&, const QString& v) {
                 const int n = whole(v, 1, 100'000);
                 if (n == 1 && o.quadrature == Quadrature::trapezoid) refuse(tr("the trapezoid rule needs at least 2 nodes"));
                 o.steps = n;
               }});
  f.push_back({"own-steps", tr("Steps"), tr("Steps m of the path from the baseline to the text; each a forward and a backward pass"), tr("steps"), tr("1 to 10,000"),
               [](const ExplainOptions&, const MethodInfo& m) { return m.own_steps > 0; }, nullptr,
               [](const ExplainOptions& o, const MethodInfo& m) { return QString::number(steps_of(o, m)); },
               [](ExplainOptions& o, const MethodInfo& m, const Place&, const QString& v) {
                 const int n = whole(v, 1, 10'000);
                 o.steps = n == m.own_steps ? 0 : n;
               }});
  f.push_back({"removal", tr("Removal"), tr("What stands where a word is hidden: nothing (the text gets shorter); [PAD], attended to; [PAD], masked out; [MASK]; the embedding of the baseline"), {}, {},
               [](const ExplainOptions&, const MethodInfo& m) { return m.uses_removal; },
               [](const ExplainOptions&, const MethodInfo&, const Place&) {
                 return std::vector<OptionChoice>{{value_of("delete"), tr("Delete"), {}}, {value_of("pad"), tr("[PAD]"), {}}, {value_of("pad-masked"), tr("[PAD], masked out"), {}}, {value_of("mask"), tr("[MASK]"), {}}, {value_of("baseline"), tr("Baseline"), {}}};
               },
               [](const ExplainOptions& o, const MethodInfo& m) { return value_of(name_of(removal_of(o, m))); },
               [](ExplainOptions& o, const MethodInfo& m, const Place&, const QString& v) {
                 const Removal r = parse_removal(v.toStdString());
                 if (r == m.removal) o.removal.reset();
                 else o.removal = r;
               }});
  f.push_back({"baseline", tr("Baseline"), tr("b, where the path begins or what stands for a hidden word: an embedding of [PAD], [MASK] or [UNK]; zero; the mean of the embedding table; uniform noise, several draws averaged; the mean embedding of the training posts of the "
                                              "competing class; the words of a text, repeated"), {}, {},
               [](const ExplainOptions& o, const MethodInfo& m) { return m.uses_baseline || removes_by_baseline(o, m); },
               [](const ExplainOptions& o, const MethodInfo& m, const Place& p) {
                 std::vector<OptionChoice> out;
                 for (const auto& [b, name] : {std::pair{Baseline::pad, tr("[PAD]")}, {Baseline::mask, tr("[MASK]")}, {Baseline::unk, tr("[UNK]")}, {Baseline::zero, tr("Zero")}, {Baseline::mean, tr("Mean embedding")}, {Baseline::noise, tr("Noise, averaged")},
                                               {Baseline::rival, tr("Competing class")}, {Baseline::text, tr("Chosen text")}})
                   out.push_back({value_of(name_of(b)), name, baseline_refused(b, o, m, p)});
                 return out;
               },
               [](const ExplainOptions& o, const MethodInfo&) { return value_of(name_of(o.baseline)); },
               [](ExplainOptions& o, const MethodInfo& m, const Place& p, const QString& v) {
                 const Baseline b = parse_baseline(v.toStdString());
                 if (const QString why = baseline_refused(b, o, m, p); !why.isEmpty()) refuse(why);
                 o.baseline = b;
               }});
  f.push_back({"baseline-text", tr("Its words"), tr("The words of the baseline: their pieces take the places of the text's, from the first on, and again from the start"), {}, {},
               [](const ExplainOptions& o, const MethodInfo& m) { return m.uses_baseline && o.baseline == Baseline::text; }, nullptr,
               [](const ExplainOptions& o, const MethodInfo&) { return text(o.baseline_text); },
               [](ExplainOptions& o, const MethodInfo&, const Place&, const QString& v) {
                 if (v.simplified().isEmpty()) refuse(tr("type at least one word"));
                 o.baseline_text = v.simplified().toStdString();
               }});
  f.push_back({"unit", tr("Unit"), tr("What is hidden at once and gets a score: whole words, or word pieces (then a word is the sum of its pieces)"), {}, {},
               [](const ExplainOptions&, const MethodInfo& m) { return m.has_unit; },
               [](const ExplainOptions&, const MethodInfo&, const Place&) {
                 return std::vector<OptionChoice>{{value_of("word"), tr("Words"), {}}, {value_of("piece"), tr("Word pieces"), {}}};
               },
               [](const ExplainOptions& o, const MethodInfo&) { return value_of(name_of(o.unit)); },
               [](ExplainOptions& o, const MethodInfo&, const Place&, const QString& v) { o.unit = parse_unit(v.toStdString()); }});
  f.push_back({"samples", tr("Samples"), tr("S coalitions of words that the model is asked about, drawn by the seed; “all” asks all 2ⁿ of them, of at most 20 words. The standard error falls as 1/√S"), tr("or all"), tr("1 to 10,000,000"),
               [](const ExplainOptions&, const MethodInfo& m) { return m.uses_samples; }, nullptr,
               [](const ExplainOptions& o, const MethodInfo&) { return o.samples > 0 ? QString::number(o.samples) : QStringLiteral("all"); },
               [](ExplainOptions& o, const MethodInfo&, const Place& p, const QString& v) {
                 if (v.trimmed().compare(QLatin1String("all"), Qt::CaseInsensitive) != 0) {
                   o.samples = whole(v.trimmed(), 1, 10'000'000);
                 } else if (players(o, p) > most_for_all) {
                   refuse((o.unit == Unit::piece ? tr("“all” goes up to 20 pieces, this post has %1") : tr("“all” goes up to 20 words, this post has %1")).arg(players(o, p)));
                 } else {
                   o.samples = 0;
                 }
               }});
  f.push_back({"window", tr("Window"), tr("So many neighbouring words (pieces) are hidden together; a word's score is the mean drop of F over the windows that hold it"), tr("words"), tr("1 to 100,000"),
               [](const ExplainOptions&, const MethodInfo& m) { return m.uses_window; }, nullptr,
               [](const ExplainOptions& o, const MethodInfo&) { return QString::number(o.window); },
               [](ExplainOptions& o, const MethodInfo&, const Place&, const QString& v) { o.window = whole(v, 1, 100'000); }});
  f.push_back({"kernel", tr("Kernel width"), tr("σ of LIME's weights √exp(−d²/σ²), d = cosine distance of a sample to the whole text"), {}, tr("above 0; 0.25 is the authors'"),
               [](const ExplainOptions&, const MethodInfo& m) { return m.uses_kernel; }, nullptr,
               [](const ExplainOptions& o, const MethodInfo&) { return number(o.kernel_width); },
               [](ExplainOptions& o, const MethodInfo&, const Place&, const QString& v) { o.kernel_width = real(v, 0, 1e6, true); }});
  f.push_back({"ridge", tr("Ridge"), tr("λ of LIME's linear fit: Σ w (F − β·z)² + λ ‖β‖²"), {}, tr("from 0; 1 is the authors'"),
               [](const ExplainOptions&, const MethodInfo& m) { return m.uses_kernel; }, nullptr,
               [](const ExplainOptions& o, const MethodInfo&) { return number(o.ridge); },
               [](ExplainOptions& o, const MethodInfo&, const Place&, const QString& v) { o.ridge = real(v, 0, 1e9, false); }});
  f.push_back({"reference", tr("References"), tr("Where the baselines are drawn from: noise with the mean and variance of the embedding table, or the run's training posts"), {}, {},
               [](const ExplainOptions&, const MethodInfo& m) { return m.uses_references; },
               [](const ExplainOptions&, const MethodInfo&, const Place& p) {
                 return std::vector<OptionChoice>{{value_of("noise"), tr("Noise"), {}}, {value_of("posts"), tr("Training posts"), p.posts ? QString() : tr("the run's data set holds no training posts")}};
               },
               [](const ExplainOptions& o, const MethodInfo&) { return value_of(name_of(o.reference)); },
               [](ExplainOptions& o, const MethodInfo&, const Place& p, const QString& v) {
                 const Reference r = parse_reference(v.toStdString());
                 if (r == Reference::posts && !p.posts) refuse(tr("the run's data set holds no training posts"));
                 o.reference = r;
               }});
  f.push_back({"draws", tr("Draws"), tr("So many noisy texts, references or baselines; scores are their mean (square, variance), the standard error falls as 1/√S"), tr("draws"), tr("1 to 100,000"),
               [](const ExplainOptions& o, const MethodInfo& m) { return is_drawn(o, m); }, nullptr,
               [](const ExplainOptions& o, const MethodInfo& m) { return QString::number(draws_of(o, m)); },
               [](ExplainOptions& o, const MethodInfo& m, const Place&, const QString& v) {
                 const int n = whole(v, 1, 100'000);
                 ExplainOptions own = o;
                 own.draws = 0;
                 o.draws = n == draws_of(own, m) ? 0 : n;
               }});
  f.push_back({"noise", tr("Noise"), tr("Root mean square length of a token's noise, in units of the median distance of a word to its nearest other in the embedding table"), tr("units"), tr("above 0 to 1,000"),
               [](const ExplainOptions&, const MethodInfo& m) { return m.uses_noise; }, nullptr,
               [](const ExplainOptions& o, const MethodInfo&) { return number(o.noise); },
               [](ExplainOptions& o, const MethodInfo&, const Place&, const QString& v) { o.noise = real(v, 0, 1000, true); }});
  f.push_back({"neighbours", tr("Neighbours"), tr("Nearest words that are looked at for the next word of the path; the papers take 500 (UDIG 50)"), tr("words"), tr("1 to 1,000,000"),
               [](const ExplainOptions&, const MethodInfo& m) { return m.uses_neighbours; }, nullptr,
               [](const ExplainOptions& o, const MethodInfo& m) { return QString::number(neighbours_of(o, m)); },
               [](ExplainOptions& o, const MethodInfo& m, const Place&, const QString& v) {
                 const int n = whole(v, 1, 1'000'000);
                 o.neighbours = n == neighbours_of({}, m) ? 0 : n;
               }});
  f.push_back({"layer", tr("Layer"), tr("Whose attention weights are shown, counted from 1 as in Attention (telltale explain --layer counts from 0)"), {}, {},
               [](const ExplainOptions&, const MethodInfo& m) { return m.uses_layer; },
               [](const ExplainOptions& o, const MethodInfo&, const Place& p) {
                 std::vector<OptionChoice> out{{value_of("last"), p.layers > 0 ? tr("Last, %1").arg(p.layers) : tr("Last"), {}}};
                 for (int l = 0; l < std::max(p.layers, o.layer + 1); ++l) out.push_back({QString::number(l), tr("Layer %1").arg(l + 1), p.layers > 0 && l >= p.layers ? tr("this model has %1 layers").arg(p.layers) : QString()});
                 return out;
               },
               [](const ExplainOptions& o, const MethodInfo&) { return o.layer < 0 ? value_of("last") : QString::number(o.layer); },
               [](ExplainOptions& o, const MethodInfo&, const Place& p, const QString& v) { o.layer = v == QLatin1String("last") ? -1 : whole(v, 0, p.layers > 0 ? p.layers - 1 : 1000); }});
  f.push_back({"head", tr("Head"), tr("One head of the layer, or the mean over its heads; counted from 1 as in Attention"), {}, {},
               [](const ExplainOptions&, const MethodInfo& m) { return m.uses_head; },
               [](const ExplainOptions& o, const MethodInfo&, const Place& p) {
                 std::vector<OptionChoice> out{{value_of("mean"), p.heads > 0 ? tr("Mean of %1").arg(p.heads) : tr("Mean"), {}}};
                 for (int h = 0; h < std::max(p.heads, o.head + 1); ++h) out.push_back({QString::number(h), tr("Head %1").arg(h + 1), p.heads > 0 && h >= p.heads ? tr("this model has %1 heads").arg(p.heads) : QString()});
                 return out;
               },
               [](const ExplainOptions& o, const MethodInfo&) { return o.head < 0 ? value_of("mean") : QString::number(o.head); },
               [](ExplainOptions& o, const MethodInfo&, const Place& p, const QString& v) { o.head = v == QLatin1String("mean") ? -1 : whole(v, 0, p.heads > 0 ? p.heads - 1 : 1000); }});
  f.push_back({"aggregation", tr("A word is"), tr("How the weights of a word's pieces make its score"), {}, {},
               [](const ExplainOptions&, const MethodInfo& m) { return m.uses_aggregation; },
               [](const ExplainOptions&, const MethodInfo&, const Place&) {
                 return std::vector<OptionChoice>{{value_of("sum"), tr("The sum of its pieces"), {}}, {value_of("mean"), tr("The mean of its pieces"), {}}};
               },
               [](const ExplainOptions& o, const MethodInfo&) { return value_of(name_of(o.aggregation)); },
               [](ExplainOptions& o, const MethodInfo&, const Place&, const QString& v) { o.aggregation = parse_aggregation(v.toStdString()); }});
  f.push_back({"seed", tr("Seed"), tr("What is drawn: equal seeds give equal scores"), {}, tr("from 0"),
               [](const ExplainOptions& o, const MethodInfo& m) {
                 return (m.uses_samples && !m.deterministic) || is_drawn(o, m) || (m.uses_baseline && o.baseline == Baseline::rival) || (m.uses_references && o.reference == Reference::posts);
               },
               nullptr, [](const ExplainOptions& o, const MethodInfo&) { return QString::number(o.seed); },
               [](ExplainOptions& o, const MethodInfo&, const Place&, const QString& v) {
                 bool good = false;
                 const auto seed = v.trimmed().toULongLong(&good);
                 if (!good) refuse(tr("a whole number from 0"));
                 o.seed = seed;
               }});
  return f;
}

}  // namespace

const std::vector<OptionField>& option_fields() {
  static const std::vector<OptionField> fields = make_fields();
  return fields;
}

ExplainOptions reset_options(const ExplainOptions& o) {
  ExplainOptions own;
  own.method = o.method;
  own.output = o.output;
  own.precision = o.precision;
  return own;
}

ExplainOptions fitting_options(ExplainOptions o, const Place& place, QStringList* changed) {
  const MethodInfo& m = method_info(o.method);
  const auto say = [&](const QString& what) {
    if (changed) changed->append(what);
  };
  if (m.uses_baseline || removes_by_baseline(o, m)) {
    if (const QString why = baseline_refused(o.baseline, o, m, place); !why.isEmpty()) o.baseline = Baseline::pad, say(tr("Baseline [PAD]: %1").arg(why));
    if (m.uses_baseline && o.baseline == Baseline::text && o.baseline_text.empty()) o.baseline = Baseline::pad, say(tr("Baseline [PAD]: no text was given"));
  }
  if (m.uses_references && o.reference == Reference::posts && !place.posts) o.reference = Reference::noise, say(tr("References noise: the run's data set holds no training posts"));
  if (m.uses_layer && place.layers > 0 && o.layer >= place.layers) o.layer = -1, say(tr("Last layer: this model has %1").arg(place.layers));
  if (m.uses_head && place.heads > 0 && o.head >= place.heads) o.head = -1, say(tr("Mean over heads: this model has %1").arg(place.heads));
  if (m.uses_samples && o.samples == 0 && players(o, place) > most_for_all) o.samples = 512, say(tr("512 samples: “all” goes up to 20 words"));
  if (m.own_steps > 0 && o.steps > 10'000) o.steps = 0, say(tr("%1 steps: at most 10,000").arg(m.own_steps));
  return o;
}

ExplainOptions options_for(const ExplainOptions& options, const std::string& method, const Place& place, QStringList* changed) {
  ExplainOptions o = options;
  // Steps of a path through words say nothing of the nodes of a quadrature.
  if (method_info(method).own_steps != method_info(o.method).own_steps) o.steps = 0;
  o.method = method;
  return fitting_options(std::move(o), place, changed);
}

bool asks_for_class(const MethodInfo& m) { return m.needs != "attention"; }

QString group_of(const MethodInfo& m) {
  if (m.uses_aggregation) return tr("Attention");
  if (m.needs == "forward passes") return tr("Perturbation");
  if (m.needs == "gradients by rules") return tr("Relevance by rules");
  if (m.own_steps > 0) return tr("Paths through words");
  if (m.uses_steps || m.uses_references) return tr("Paths from a baseline");
  return tr("Gradients");
}

QString needs_text(const MethodInfo& m) {
  QStringList needs{m.needs == "gradients at words" ? tr("gradients at word embeddings") : text(m.needs)};
  if (m.uses_baseline || (m.uses_removal && m.removal == Removal::baseline)) needs << tr("a baseline");
  else if (m.uses_removal) needs << tr("a removal rule");
  if (m.uses_references) needs << tr("references");
  if (!m.deterministic) needs << tr("draws by a seed");
  return needs.join(QStringLiteral(", "));
}

QString reason_against(const MethodInfo&, const Place& p) {
  if (!p.weights) return tr("this run has no weights yet");
  if (p.post && p.size.words == 0) return tr("this post has no words that could get scores");
  return {};
}

}  // namespace telltale::ui
