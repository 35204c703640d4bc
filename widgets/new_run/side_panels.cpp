#include "widgets/new_run/side_panels.hpp"

#include <QApplication>
#include <QClipboard>
#include <QDateTime>
#include <QGuiApplication>
#include <QPainter>
#include <QPlainTextEdit>
#include <cmath>

#include "widgets/icons.hpp"
#include "widgets/new_run/setting_field.hpp"
#include "widgets/new_run/run_draft.hpp"
#include "widgets/painted_view.hpp"

namespace telltale::ui {
namespace {

QLabel* wrapped(Theme& theme, const char* size, const char* name, QWidget* parent) {
  auto* l = new QLabel(parent);
  l->setWordWrap(true);
  l->setTextFormat(Qt::PlainText);
  l->setFont(theme.font(size));
  l->setObjectName(QLatin1String(name));
  l->setTextInteractionFlags(Qt::TextSelectableByMouse);
  return l;
}

QString percent(double share) { return (share < 0 ? QString(QChar(0x2212)) : QStringLiteral("+")) + QStringLiteral("%1 %").arg(std::abs(100 * share), 0, 'f', 0); }

double detail(const CostEstimate& e, const char* key) { return e.details.is_object() && e.details.contains(key) && e.details[key].is_number() ? e.details[key].get<double>() : 0; }

}  // namespace

QString duration_text(double seconds) {
  if (seconds < 0.1) return QStringLiteral("%1 ms").arg(1000 * seconds, 0, 'f', seconds < 0.01 ? 1 : 0);
  if (seconds < 60) return QStringLiteral("%1 s").arg(seconds, 0, 'f', seconds < 10 ? 2 : 0);
  const auto s = static_cast<long long>(std::llround(seconds));
  if (s < 3600) return QStringLiteral("%1 min %2 s").arg(s / 60).arg(s % 60);
  return QStringLiteral("%1 h %2 min").arg(s / 3600).arg(s / 60 % 60);
}

QString memory_text(double mib) { return QStringLiteral("%1 GiB").arg(mib / 1024, 0, 'f', 1); }

/// For each kind of run its time, parted into steps, validation and checkpoints, on one scale.
class CostPanel::Bars : public QWidget {
 public:
  Bars(Theme& theme, QWidget* parent) : QWidget(parent), theme_(theme) {
    connect(&theme, &Theme::changed, this, qOverload<>(&QWidget::update));
    setAccessibleName(QObject::tr("Predicted cost by part"));
  }
  void set(std::vector<CostPart> parts) {
    parts_ = std::move(parts);
    setFixedHeight(parts_.empty() ? 0 : static_cast<int>(parts_.size()) * 40 + 22);
    QStringList spoken;
    for (const CostPart& p : parts_) spoken << QStringLiteral("%1: %2, %3").arg(p.name, duration_text(p.estimate.seconds), memory_text(p.estimate.peak_mib));
    setAccessibleDescription(spoken.join(QStringLiteral("; ")));
    setToolTip(tr_parts());
    update();
  }
  void set_faded(bool faded) {
    faded_ = faded;
    update();
  }

 protected:
  void paintEvent(QPaintEvent*) override {
    QPainter p(this);
    if (faded_) p.setOpacity(0.6);
    double most = 1e-9;
    for (const CostPart& part : parts_) most = std::max(most, part.estimate.seconds);
    qreal y = 0;
    for (const CostPart& part : parts_) {
      const QRectF row(0, y, width(), 18);
      p.fillRect(QRectF(0, y + 5, 8, 8), theme_.series(static_cast<std::size_t>(part.series)));
      const QString step = part.estimate.steps > 0 ? QStringLiteral("  %1/step").arg(duration_text(detail(part.estimate, "steps_seconds") / static_cast<double>(part.estimate.steps))) : QString();
      p.setFont(theme_.font("caption"));
      p.setPen(theme_["text3"]);
      draw_tabular(p, row, Qt::AlignRight, step);
      const qreal step_width = tabular_width(QFontMetricsF(p.font()), step);
      p.setFont(theme_.font("table", Theme::Weight::semibold));
      p.setPen(theme_["text"]);
      const QString time = duration_text(part.estimate.seconds);
      draw_tabular(p, row.adjusted(0, 0, -step_width, 0), Qt::AlignRight, time);
      const qreal time_width = tabular_width(QFontMetricsF(p.font()), time);
      p.setFont(theme_.font("table"));
      p.drawText(row.adjusted(14, 0, -step_width - time_width - 8, 0), Qt::AlignLeft | Qt::AlignVCenter,
                 p.fontMetrics().elidedText(part.runs > 1 ? QObject::tr("%1, each").arg(part.name) : part.name, Qt::ElideRight, static_cast<int>(width() - 22 - step_width - time_width)));
      qreal x = 0;
      p.fillRect(QRectF(0, y + 21, width(), 10), theme_["grid"]);
      for (int k = 0; k < 3; ++k) {
        const qreal w = width() * seconds(part, k) / most;
        p.fillRect(QRectF(x, y + 21, std::max<qreal>(0, w - (w > 2 ? 1 : 0)), 10), colour_of(part, k));
        x += w;
      }
      y += 40;
    }
    if (parts_.empty()) return;
    p.setFont(theme_.font("caption"));
    qreal x = 0;
    const QString names[] = {QObject::tr("steps"), QObject::tr("evaluation"), QObject::tr("checkpoints")};
    for (int k = 0; k < 3; ++k) {
      p.fillRect(QRectF(x, y + 3, 8, 8), colour_of(parts_.back(), k));
      p.setPen(theme_["text2"]);
      p.drawText(QPointF(x + 12, y + 11), names[k]);
      x += 12 + QFontMetricsF(p.font()).horizontalAdvance(names[k]) + 14;
    }
  }

 private:
  static double seconds(const CostPart& p, int k) { return detail(p.estimate, k == 0 ? "steps_seconds" : k == 1 ? "validation_seconds" : "checkpoint_seconds"); }
  QColor colour_of(const CostPart& p, int k) const { return k == 0 ? theme_.series(static_cast<std::size_t>(p.series)) : theme_[k == 1 ? "borderStrong" : "text3"]; }
  QString tr_parts() const {
    QStringList out;
    for (const CostPart& p : parts_)
      out << QObject::tr("%1: steps %2, evaluation %3, checkpoints %4; peak memory %5").arg(p.name, duration_text(seconds(p, 0)), duration_text(seconds(p, 1)), duration_text(seconds(p, 2)), memory_text(p.estimate.peak_mib));
    return out.join(QLatin1Char('\n'));
  }
  Theme& theme_;
  std::vector<CostPart> parts_;
  bool faded_ = false;
};

CostPanel::CostPanel(Theme& theme, QWidget* parent) : Panel(theme, tr("Cost, predicted"), parent), theme_(theme) {
  auto* box = new QVBoxLayout;
  box->setContentsMargins(12, 10, 12, 10);
  box->setSpacing(6);
  hero_ = new ElidedLabel(theme, this);
  hero_->set_style(theme.font("hero", Theme::Weight::semibold), "text");
  more_ = new ElidedLabel(theme, this);
  more_->set_style(theme.font("caption"), "text2");
  more_->setSizePolicy(QSizePolicy::Ignored, QSizePolicy::Fixed);
  bars_ = new Bars(theme, this);
  note_ = wrapped(theme, "caption", "caption", this);
  button_ = new QPushButton(tr("Measure the cost"), this);
  button_->setToolTip(tr("Times a few real batches of these settings and adds up. Nothing is stored."));
  connect(button_, &QPushButton::clicked, this, [this] {
    if (measuring_) Q_EMIT cancel_wanted();
    else Q_EMIT measure_wanted();
  });
  auto* line = new QHBoxLayout;
  line->addWidget(button_);
  line->addStretch(1);
  for (QWidget* w : std::initializer_list<QWidget*>{hero_, more_, bars_, note_}) box->addWidget(w);
  box->addLayout(line);
  body()->addLayout(box);
  set_unknown({});
}

void CostPanel::set_unknown(const QString& why) {
  measuring_ = stale_ = false;
  parts_.clear();
  bars_->set({});
  hero_->set_text(tr("not measured yet"));
  hero_->set_style(theme_.font("title"), "text3");
  more_->set_text({});
  note_->setText(why);
  note_->setVisible(!why.isEmpty());
  button_->setText(tr("Measure the cost"));
  button_->setVisible(true);
}

void CostPanel::set_measuring(const QString& what) {
  measuring_ = true;
  if (parts_.empty()) hero_->set_text(tr("measuring …")), hero_->set_style(theme_.font("title"), "text3");
  more_->set_text(what);
  button_->setText(tr("Cancel"));
  button_->setVisible(true);
}

void CostPanel::set_failed(const QString& message) {
  set_unknown(message);
  hero_->set_text(tr("cannot be measured"));
}

void CostPanel::set_stale(bool stale) {
  stale_ = stale && !parts_.empty();
  hero_->set_style(theme_.font(parts_.empty() ? "title" : "hero", parts_.empty() ? Theme::Weight::regular : Theme::Weight::semibold), stale_ || parts_.empty() ? "text3" : "text");
  bars_->set_faded(stale_);
  if (!stale_) return;
  measuring_ = false;
  more_->set_text(tr("of the settings before; they have changed"));
  button_->setText(tr("Measure again"));
  button_->setVisible(true);
}

void CostPanel::set_cost(std::vector<CostPart> parts, const CostHistory& history, double wait, int ahead) {
  measuring_ = stale_ = false;
  parts_ = std::move(parts);
  double seconds = 0, peak = 0;
  int runs = 0;
  for (const CostPart& p : parts_) {
    seconds += p.runs * p.estimate.seconds;
    peak = std::max(peak, p.estimate.peak_mib);
    runs += p.runs;
  }
  hero_->set_style(theme_.font("hero", Theme::Weight::semibold), "text");
  hero_->set_text(duration_text(seconds));
  QString more = runs == 1 ? tr("one run") : tr("%1 runs").arg(runs);
  if (history.checked > 0) more = tr("± %1 for %2").arg(duration_text(history.typical * seconds), more);
  if (ahead > 0) more += wait >= 0 && ahead == 1 ? tr(" · starts in %1").arg(duration_text(wait)) : tr(" · %1 before it").arg(ahead == 1 ? tr("one run") : tr("%1 runs").arg(ahead));
  if (ahead == 0 || (ahead == 1 && wait >= 0)) more += tr(" · ready about %1").arg(QDateTime::currentDateTime().addSecs(static_cast<qint64>(seconds + std::max(0.0, wait))).toString(seconds > 72000 ? QStringLiteral("ddd HH:mm") : QStringLiteral("HH:mm")));
  more_->set_text(more + tr(" · peak %1").arg(memory_text(peak)));
  bars_->set(parts_);
  bars_->set_faded(false);
  note_->setText(history.checked > 0 ? tr("Last prediction was off by %1 in time, %2 in memory (%3).").arg(percent(history.time_error), percent(history.memory_error), history.run)
                                     : tr("No run of this file has checked a prediction yet."));
  note_->setVisible(true);
  button_->setVisible(false);
}

/// Circles at ε and ε₂ on one scale, with the nearest word at distance 1.
class HelpPanel::Rings : public QWidget {
 public:
  Rings(Theme& theme, QWidget* parent) : QWidget(parent), theme_(theme) {
    setFixedHeight(132);
    connect(&theme, &Theme::changed, this, qOverload<>(&QWidget::update));
  }
  void set(double e1, double e2, bool second) {
    e1_ = e1, e2_ = e2, second_ = second;
    setAccessibleName(QObject::tr("Circles at ε %1 and ε₂ %2").arg(e1).arg(e2));
    update();
  }

 protected:
  void paintEvent(QPaintEvent*) override {
    QPainter p(this);
    p.setRenderHint(QPainter::Antialiasing);
    const QPointF c(width() / 2.0, height() / 2.0);
    const double top = std::max({e1_, e2_, 1.0});
    const qreal scale = (height() / 2.0 - 6) / top;
    p.setPen(QPen(theme_[second_ ? "accent" : "borderStrong"], second_ ? 2 : 1, second_ ? Qt::SolidLine : Qt::DashLine));
    p.setBrush(second_ ? theme_["accentSoft"] : theme_["panelAlt"]);
    p.drawEllipse(c, e2_ * scale, e2_ * scale);
    p.setPen(QPen(theme_[second_ ? "borderStrong" : "accent"], second_ ? 1 : 2));
    p.setBrush(second_ ? theme_["panel"] : theme_["accentSoft"]);
    p.drawEllipse(c, e1_ * scale, e1_ * scale);
    p.setPen(QPen(theme_["accent"], 1.5));
    const double r = (second_ ? e2_ : e1_) * scale, a = -0.7;
    p.drawLine(c, c + QPointF(r * std::cos(a), r * std::sin(a)));
    p.setPen(QPen(theme_["text"], 1.5));
    p.drawLine(c - QPointF(4, 0), c + QPointF(4, 0));
    p.drawLine(c - QPointF(0, 4), c + QPointF(0, 4));
    // The nearest other word of the median word.
    const QPointF word = c + QPointF(-scale * std::cos(0.5), -scale * std::sin(0.5));
    p.setPen(Qt::NoPen);
    p.setBrush(theme_["text3"]);
    p.drawEllipse(word, 2.5, 2.5);
    p.setPen(theme_["text3"]);
    p.setFont(theme_.font("axis"));
    p.drawText(QRectF(0, height() - 14, width(), 14), Qt::AlignLeft | Qt::AlignVCenter, QObject::tr("• nearest other word, at 1"));
  }

 private:
  Theme& theme_;
  double e1_ = 1, e2_ = 2;
  bool second_ = false;
};

/// Two bars: what the radius does to real words.
class HelpPanel::Shares : public QWidget {
 public:
  Shares(Theme& theme, QWidget* parent) : QWidget(parent), theme_(theme) {
    setFixedHeight(62);
    connect(&theme, &Theme::changed, this, qOverload<>(&QWidget::update));
  }
  void set(const OwnWordShares& s) {
    s_ = s;
    setAccessibleName(QObject::tr("Of %1 tokens %2 % of x' and %3 % of x'' are nearest to their own word").arg(s.tokens).arg(100 * s.near, 0, 'f', 0).arg(100 * s.far, 0, 'f', 0));
    setToolTip(accessibleName());
    update();
  }

 protected:
  void paintEvent(QPaintEvent*) override {
    QPainter p(this);
    p.setFont(theme_.font("caption"));
    p.setPen(theme_["text3"]);
    p.drawText(QRectF(0, 0, width(), 18), Qt::AlignLeft | Qt::AlignVCenter, QObject::tr("at this setting, on %1 tokens of the data").arg(s_.tokens));
    const QString names[] = {QObject::tr("x' nearest to own word"), QObject::tr("x'' nearest to own word")};
    const double values[] = {s_.near, s_.far};
    for (int k = 0; k < 2; ++k) {
      const qreal y = 20 + 21 * k, bar = 100, right = width() - 42;
      p.setFont(theme_.font("caption"));
      p.setPen(theme_["text2"]);
      p.drawText(QRectF(0, y, right - bar - 6, 20), Qt::AlignLeft | Qt::AlignVCenter, names[k]);
      p.fillRect(QRectF(right - bar, y + 6, bar, 8), theme_["grid"]);
      p.fillRect(QRectF(right - bar, y + 6, bar * values[k], 8), theme_.series(k == 0 ? 2 : 4));
      p.setFont(theme_.font("table"));
      p.setPen(theme_["text"]);
      draw_tabular(p, QRectF(right, y, 42, 20), Qt::AlignRight, QStringLiteral("%1 %").arg(100 * values[k], 0, 'f', 0));
    }
  }

 private:
  Theme& theme_;
  OwnWordShares s_;
};

HelpPanel::HelpPanel(Theme& theme, QWidget* parent) : Panel(theme, tr("Setting"), parent), theme_(theme) {
  auto* box = new QVBoxLayout;
  box->setContentsMargins(12, 10, 12, 10);
  box->setSpacing(8);
  rings_ = new Rings(theme, this);
  meaning_ = wrapped(theme, "ui", "meaning", this);
  formula_ = wrapped(theme, "table", "quiet", this);
  formula_->setFont(theme.mono("caption"));
  facts_ = wrapped(theme, "caption", "caption", this);
  for (QWidget* w : std::initializer_list<QWidget*>{rings_, meaning_, formula_, facts_}) box->addWidget(w);
  shares_ = new Shares(theme, this);
  shares_->hide();
  box->addWidget(shares_);
  box->addStretch(1);
  body()->addLayout(box);
  show_text(tr("Setting"), tr("Go to a field: what it means, its range and the formula it stands in appear here."));
}

QString HelpPanel::body_text() const { return meaning_->text() + QLatin1Char('\n') + formula_->text() + QLatin1Char('\n') + facts_->text(); }

void HelpPanel::show_text(const QString& title, const QString& body) {
  set_title(title);
  set_caption({});
  radius_ = false;
  set_shares(found_);
  rings_->hide();
  formula_->hide();
  facts_->hide();
  formula_->clear();
  facts_->clear();
  meaning_->setText(body);
}

void HelpPanel::show_setting(const SettingInfo& info, const QString& preset_value, const ObjectiveOptions& o, const std::optional<EmbeddingScale>& scale) {
  static const std::map<std::string, const char*, std::less<>> formulas = {
      {"epsilon", "x' = e + n,  ‖n_t‖ ≤ ε"}, {"epsilon2", "x'' = e + n,  ε ≤ ‖n_t‖ ≤ ε₂"}, {"margin", "max(0, d(v, v') − d(v, v'') + α)"}, {"perturbation.radius", "‖n_t‖ in [0, ε] for x', in [ε, ε₂] for x''"},
      {"negative", "JSD(p'' ‖ U_y)  or  1 − H(p'')/ln C  or  max(0, m + z''_y − max z''_c)"}, {"weight.positive", "JSD(p ‖ p')"}, {"weight.class", "CE(z, y)"}, {"attribution.steps", "A_t = Σ_d (e−b)_d Σ_k w_k ∂F/∂e_d"},
      {"dropout.shared", "q · s(w),  s(w) = 1 − |2P − 1|"}, {"weight.prior", "Σ |A_t| s(w_t) / Σ |A|"}, {"weight.overlap", "Σ a_t M[r,w] / (M[y,w] + M[r,w])"}};
  set_title(text(info.name));
  set_caption(tr("focused setting"));
  const bool radius = info.id == "epsilon" || info.id == "epsilon2";
  rings_->setVisible(radius);
  radius_ = radius;
  set_shares(found_);
  if (radius) rings_->set(o.epsilon, o.epsilon2, info.id == "epsilon2");
  meaning_->setText(SettingField::meaning(info));
  const auto known = formulas.find(info.id);
  const QString formula = known != formulas.end() ? QString::fromUtf8(known->second) : tr("in: %1").arg(text(info.term));
  formula_->setText(formula);
  formula_->show();
  QStringList facts;
  const QString range = info.type == SettingType::choice ? QString() : SettingField::range_note(info);
  if (!range.isEmpty()) facts << tr("Range: %1").arg(range);
  facts << tr("Preset: %1").arg(SettingField::choice_name(info, preset_value.toStdString())) << tr("Key: %1").arg(text(info.id));
  if (!info.unit.empty() && !radius) facts << tr("Unit: %1").arg(text(info.unit));
  QString all = facts.join(QStringLiteral(" · "));
  if (radius)
    all += scale ? tr("\nOne unit is the median distance of a word to its nearest, here %1; the mean word has length %2.").arg(scale->unit, 0, 'f', 3).arg(scale->mean_norm, 0, 'f', 3)
                 : tr("\nOne unit is the median distance of a word to its nearest; it is measured once the model is chosen.");
  facts_->setText(all);
  facts_->show();
}

void HelpPanel::set_shares(const std::optional<OwnWordShares>& shares) {
  found_ = shares;
  if (shares) shares_->set(*shares);
  shares_->setVisible(radius_ && shares.has_value());
}

CommandPanel::CommandPanel(Theme& theme, QWidget* parent) : Panel(theme, tr("Command line"), parent) {
  copy_ = new QToolButton(this);
  copy_->setText(tr("Copy"));
  copy_->setAccessibleName(tr("Copy the command lines"));
  copy_->setToolButtonStyle(Qt::ToolButtonTextBesideIcon);
  copy_->setIcon(icon(theme, "copy"));
  copy_->setToolTip(tr("Copy the command lines of all runs"));
  add_tool(copy_);
  text_ = new QPlainTextEdit(this);
  text_->setObjectName(QStringLiteral("command"));
  text_->setReadOnly(true);
  text_->setTextInteractionFlags(Qt::TextSelectableByMouse | Qt::TextSelectableByKeyboard);
  text_->setTabChangesFocus(true);
  text_->setFont(theme.mono("caption"));
  text_->setWordWrapMode(QTextOption::WrapAtWordBoundaryOrAnywhere);  // a path is one long word
  text_->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
  text_->document()->setDocumentMargin(10);
  text_->setFrameShape(QFrame::NoFrame);
  text_->setAccessibleName(tr("Command line"));
  text_->setMinimumHeight(112);
  text_->viewport()->setAutoFillBackground(false);
  body()->addWidget(text_, 1);
  connect(copy_, &QToolButton::clicked, this, [this] { QGuiApplication::clipboard()->setText(all()); });
}

void CommandPanel::set_commands(const QStringList& commands) {
  commands_ = commands;
  if (text_->toPlainText() != shown()) text_->setPlainText(shown());
  set_caption(commands.size() > 1 ? tr("first of %1").arg(commands.size()) : QString());
  copy_->setEnabled(!commands.isEmpty());
}

}  // namespace telltale::ui
