#include "widgets/inspect/what_if.hpp"

#include <QPushButton>
#include <QSlider>
#include <QSpinBox>
#include <QStackedWidget>
#include <QToolButton>
#include <algorithm>
#include <cmath>

#include "attribution/removal.hpp"
#include "report/comparison_view.hpp"
#include "report/numbers.hpp"
#include "widgets/icons.hpp"
#include "widgets/inspect/counterfactual_page.hpp"
#include "widgets/inspect/deletion_plot.hpp"
#include "widgets/inspect/segmented.hpp"

namespace telltale::ui {
namespace {

constexpr std::size_t most_words = 48;  // three inputs each; more are seldom looked at

class Figure : public QWidget {
 public:
  Figure(Theme& theme, const QString& name, const QString& way, const QString& tip, QLabel*& value, QWidget* parent) : QWidget(parent) {
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(8, 3, 4, 3);
    column->setSpacing(0);
    const auto label = [&](const QString& words, const char* style, const QFont& font) {
      auto* l = new QLabel(words, this);
      l->setObjectName(QLatin1String(style));
      l->setFont(font);
      column->addWidget(l);
      return l;
    };
    label(name, "quiet", theme.font("axis"));
    value = label(QStringLiteral("–"), "", theme.font("ui", Theme::Weight::semibold));
    value->setAccessibleName(name);
    label(way, "caption", theme.font("axis"));
    setToolTip(tip);
  }
};

}  // namespace

WhatIfPanel::WhatIfPanel(Theme& theme, QWidget* parent) : Panel(theme, tr("What if"), parent), theme_(theme) {
  mode_ = new Segmented(theme, tr("What if"), {{tr("Delete"), tr("Without the words with the highest scores")}, {tr("Keep"), tr("With these words alone")}, {tr("Edit"), tr("Change the text; old and new stand side by side")}, {tr("Swap"), tr("The fewest word swaps that turn the answer")}}, this);
  undo_ = new QToolButton(this);
  undo_->setIcon(icon(theme, "undo"));
  undo_->setFixedSize(24, 22);
  undo_->setToolTip(tr("Back to the post as it is"));
  undo_->setAccessibleName(undo_->toolTip());
  add_tool(mode_);
  add_tool(undo_);
  stack_ = new QStackedWidget(this);
  body()->addWidget(stack_, 1);
  auto* empty = new QWidget(stack_);
  auto* middle = new QVBoxLayout(empty);
  middle->addStretch(1);
  note_ = new EmptyNote(theme, QString(), empty);
  middle->addWidget(note_);
  again_ = new QPushButton(tr("Ask the model"), empty);
  again_->setAccessibleName(tr("Ask the model without the words"));
  again_->hide();
  middle->addWidget(again_, 0, Qt::AlignHCenter);
  middle->addStretch(1);
  connect(again_, &QPushButton::clicked, this, [this] {
    needed_ = true;
    compute();
  });
  stack_->addWidget(empty);
  auto* page = new QWidget(stack_);
  auto* column = new QVBoxLayout(page);
  column->setContentsMargins(0, 4, 0, 0);
  column->setSpacing(2);
  row_ = new QWidget(page);
  auto* row = new QHBoxLayout(row_);
  row->setContentsMargins(10, 0, 10, 0);
  row->setSpacing(8);
  name_ = new QLabel(tr("Delete the top"), row_);
  name_->setObjectName(QStringLiteral("quiet"));
  name_->setFont(theme.font("caption"));
  slider_ = new QSlider(Qt::Horizontal, row_);
  slider_->setAccessibleName(tr("How many words"));
  slider_->setToolTip(tr("k: words with the highest scores that go, or stay"));
  number_ = new QSpinBox(row_);
  number_->setObjectName(QStringLiteral("field"));
  number_->setAccessibleName(tr("Number of words"));
  number_->setButtonSymbols(QAbstractSpinBox::NoButtons);
  number_->setFixedWidth(44);
  number_->setFont(theme.font("table"));
  of_ = new QLabel(row_);
  of_->setObjectName(QStringLiteral("quiet"));
  of_->setFont(theme.font("caption"));
  row->addWidget(name_);
  row->addWidget(slider_, 1);
  row->addWidget(number_);
  row->addWidget(of_);
  column->addWidget(row_);
  plot_ = new DeletionPlot(theme, page);
  column->addWidget(plot_, 1);
  auto* line = new QFrame(page);
  line->setObjectName(QStringLiteral("hairline"));
  line->setFixedHeight(1);
  column->addWidget(line);
  auto* figures = new QHBoxLayout;
  figures->setContentsMargins(2, 0, 2, 0);
  figures->setSpacing(0);
  figures->addWidget(new Figure(theme, tr("comprehensiveness"), tr("high is better"), tr("F(x) − F(x without the top k words)"), comprehensiveness_, page));
  figures->addWidget(new Figure(theme, tr("sufficiency"), tr("low is better"), tr("F(x) − F(the top k words alone)"), sufficiency_, page));
  figures->addWidget(new Figure(theme, tr("log-odds"), tr("low is better"), tr("ln p(x without the top k words) − ln p(x), of the target"), log_odds_, page));
  column->addLayout(figures);
  stack_->addWidget(page);
  classes_ = new QLabel(stack_);
  classes_->setTextFormat(Qt::PlainText);
  classes_->setFont(theme.mono("table"));
  classes_->setMargin(12);
  classes_->setAlignment(Qt::AlignTop | Qt::AlignLeft);
  classes_->setAccessibleName(tr("Probabilities before and after the edit"));
  stack_->addWidget(classes_);
  swaps_ = new CounterfactualPage(theme, stack_);
  stack_->addWidget(swaps_);
  connect(swaps_, &CounterfactualPage::text_offered, this, [this](const QString& words) {
    mode_->set_current(2);
    show_mode();
    Q_EMIT text_offered(words);
  });
  connect(slider_, &QSlider::valueChanged, this, &WhatIfPanel::show_k);
  connect(number_, &QSpinBox::valueChanged, slider_, &QSlider::setValue);
  connect(plot_, &DeletionPlot::k_asked, slider_, &QSlider::setValue);
  connect(mode_, &Segmented::chosen, this, &WhatIfPanel::show_mode);
  connect(undo_, &QToolButton::clicked, this, [this] {
    slider_->setValue(0);
    if (mode_->current() > 1) mode_->set_current(0), show_mode();
  });
  set_post(nullptr, 0);
}

bool WhatIfPanel::editing() const { return mode_->current() == 2; }
bool WhatIfPanel::busy() const { return job_ != 0 || swaps_->busy(); }

void WhatIfPanel::leave_edit() {
  if (!editing()) return;
  mode_->set_current(0);
  show_mode();
}

void WhatIfPanel::show_swaps() {
  mode_->set_current(3);
  show_mode();
}
int WhatIfPanel::k() const { return slider_->value(); }

void WhatIfPanel::set_session(Session* session) {
  if (session_ && job_) session_->work().cancel(job_);
  job_ = 0;
  session_ = session;
  swaps_->set_session(session);
  set_post(nullptr, 0);
}

void WhatIfPanel::set_post(PostPtr post, std::int64_t run) {
  const bool same = post && post_ && post->record.document == post_->record.document && run == run_;
  if (session_ && job_) session_->work().cancel(job_), job_ = 0;
  post_ = std::move(post);
  run_ = run;
  swaps_->set_post(post_, run_);
  curve_.reset();
  if (!same) {
    edited_.reset();
    if (editing()) mode_->set_current(0), Q_EMIT edit_asked(false);
  }
  needed_ = post_ != nullptr;
  again_->hide();
  mode_->setEnabled(post_ != nullptr);
  undo_->setEnabled(post_ != nullptr);
  show_mode();
  if (isVisible()) compute();
}

void WhatIfPanel::make_way() {
  if (!job_) return;
  if (session_) session_->work().cancel(job_);
  job_ = 0;
  needed_ = true;
}

void WhatIfPanel::go_on() {
  if (isVisible()) compute();
}

void WhatIfPanel::set_edited(PostPtr edited) {
  edited_ = std::move(edited);
  draw_classes();
}

void WhatIfPanel::showEvent(QShowEvent* e) {
  Panel::showEvent(e);
  compute();
}

void WhatIfPanel::compute() {
  if (!needed_ || !session_ || !post_ || post_->record.words.empty()) return;
  needed_ = false;
  again_->hide();
  note_->setText(tr("Asking the model without its words …"));
  job_ = session_->work().submit(this, WorkQueue::Priority::soon, tr("What if: post %1").arg(post_->record.document), [this, post = post_, run = run_](WorkQueue::Context& c) {
    const auto model = c.models.of_run(c.store, run);
    const auto& r = post->record;
    const int length = model->max_length(max_length_of(c.store.run(run)));
    JudgedPost judged;
    judged.encoding = model->tokenizer().encode(post->text, length);
    judged.key = static_cast<std::uint64_t>(r.document);
    judged.parts = parts_of(judged.encoding, model->tokenizer().specials(), Unit::word);
    if (judged.parts.size() != r.word_scores.size()) throw std::runtime_error("the stored explanation has other words than the run's tokeniser finds: explain the post anew");
    JudgeOptions options;
    options.output = options_of(r.protocol).output;
    const Probe probe{[&](const std::vector<ModelInput>& inputs) { return model->predict(inputs, c.stop, c.progress); },
                      [&](const Encoding& e, const std::vector<int>& hidden, Removal rule) { return without(e, hidden, rule, model->tokenizer().specials()); }};
    auto curve = std::make_shared<const DeletionCurve>(deletion_curve(probe, judged, {r.target, r.foil, r.word_scores}, options, most_words));
    return [this, curve] {
      job_ = 0;
      curve_ = curve;
      std::vector<QString> names;
      for (const auto& n : short_names(post_->classes)) names.push_back(text(clean_utf8(n)));
      const int last = curve_->size() - 1, before = slider_->value();
      slider_->setRange(0, last);
      number_->setRange(0, last);
      of_->setText(tr("of %1 words").arg(text(thousands(static_cast<std::int64_t>(curve_->order.size())))));
      plot_->set_curve(curve_, names, mode_->current() == 1);
      slider_->setValue(before > 0 ? std::min(before, last) : std::min(6, last));
      show_mode();
      show_k(slider_->value());
    };
  }, [this](const QString& message) {
    job_ = 0;
    note_->setText(message);
    again_->show();
    show_mode();
  });
}

void WhatIfPanel::show_k(int k) {
  number_->setValue(k);
  plot_->set_k(k);
  if (!curve_ || k >= curve_->size()) return;
  comprehensiveness_->setText(text(fixed(curve_->comprehensiveness(k))));
  sufficiency_->setText(text(fixed(curve_->sufficiency(k))));
  log_odds_->setText(text(fixed(curve_->log_odds(k), 2)));
}

void WhatIfPanel::show_mode() {
  const bool edit = editing();
  set_caption(edit ? tr("before and after") : mode_->current() == 3 ? tr("counterfactual") : tr("rule: delete"));
  name_->setText(mode_->current() == 1 ? tr("Keep the top") : tr("Delete the top"));
  if (curve_ && post_) {
    std::vector<QString> names;
    for (const auto& n : short_names(post_->classes)) names.push_back(text(clean_utf8(n)));
    plot_->set_curve(curve_, names, mode_->current() == 1);
  }
  if (!post_) note_->setText(tr("Here you take words away from an explained post, or change its text."));
  else if (post_->record.words.empty()) note_->setText(tr("This post has no words to take away."));
  stack_->setCurrentIndex(!post_ ? 0 : edit ? 2 : mode_->current() == 3 ? 3 : curve_ ? 1 : 0);
  draw_classes();
  Q_EMIT edit_asked(edit && post_ != nullptr);
}

void WhatIfPanel::draw_classes() {
  if (!post_) return classes_->clear();
  const auto names = short_names(post_->classes);
  std::size_t widest = 5;
  for (const auto& n : names) widest = std::max(widest, std::min<std::size_t>(n.size(), 18));
  QString out = QStringLiteral("%1  %2  %3\n").arg(QString(), static_cast<int>(widest)).arg(tr("before"), 6).arg(tr("after"), 6);
  for (std::size_t c = 0; c < post_->view.probabilities.size(); ++c) {
    const QString name = text(clean_utf8(c < names.size() ? names[c] : std::to_string(c))).left(18);
    const QString after = edited_ && c < edited_->view.probabilities.size() ? text(fixed(edited_->view.probabilities[c])) : QStringLiteral("…");
    out += QStringLiteral("%1  %2  %3\n").arg(name, -static_cast<int>(widest)).arg(text(fixed(post_->view.probabilities[c])), 6).arg(after, 6);
  }
  classes_->setText(out);
}

QString WhatIfPanel::csv() const {
  if (mode_->current() == 3) return swaps_->csv();
  QString out = QStringLiteral("k,comprehensiveness,sufficiency,log_odds,p_without,p_only,p_random\n");
  if (!curve_) return out;
  const auto t = static_cast<std::size_t>(curve_->target);
  for (int k = 0; k < curve_->size(); ++k) {
    const auto i = static_cast<std::size_t>(k);
    out += QStringLiteral("%1,%2,%3,%4,%5,%6,%7\n").arg(k).arg(curve_->comprehensiveness(k), 0, 'g', 9).arg(curve_->sufficiency(k), 0, 'g', 9).arg(curve_->log_odds(k), 0, 'g', 9)
               .arg(curve_->without[i].probabilities.at(t), 0, 'g', 9).arg(curve_->only[i].probabilities.at(t), 0, 'g', 9).arg(curve_->random[i].probabilities.at(t), 0, 'g', 9);
  }
  return out;
}

}  // namespace telltale::ui
