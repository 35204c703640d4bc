#include "widgets/inspect/counterfactual_page.hpp"

#include <fmt/format.h>

#include <QComboBox>
#include <QLabel>
#include <QPushButton>
#include <QStackedWidget>
#include <QTextEdit>
#include <QVBoxLayout>
#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "evaluation/typical_words.hpp"
#include "report/comparison_view.hpp"
#include "report/numbers.hpp"
#include "widgets/export/export.hpp"
#include "widgets/inspect/busy_ring.hpp"
#include "widgets/panel.hpp"
#include "widgets/unit_edit.hpp"

namespace telltale::ui {
namespace {

constexpr std::size_t typical = 100;  // words of each class, as the command line takes

}  // namespace

CounterfactualPage::CounterfactualPage(Theme& theme, QWidget* parent) : QWidget(parent), theme_(theme) {
  auto* column = new QVBoxLayout(this);
  column->setContentsMargins(10, 6, 10, 6);
  column->setSpacing(5);
  const auto label = [&](const QString& words) {
    auto* l = new QLabel(words, this);
    l->setObjectName(QStringLiteral("quiet"));
    l->setFont(theme.font("caption"));
    return l;
  };
  const auto combo = [&](const QString& name, const QString& tip) {
    auto* c = new QComboBox(this);
    c->setObjectName(QStringLiteral("small"));
    c->setAccessibleName(name);
    c->setToolTip(tip);
    c->setSizeAdjustPolicy(QComboBox::AdjustToMinimumContentsLengthWithIcon);
    c->setMinimumContentsLength(6);
    return c;
  };
  const auto button = [&](const QString& name, const QString& tip) {
    auto* b = new QPushButton(name, this);
    b->setObjectName(QStringLiteral("small"));
    b->setToolTip(tip);
    return b;
  };
  to_ = combo(tr("Class to turn to"), tr("The class that the edited text should be answered with"));
  from_ = combo(tr("Words that may come in"), tr("Vocabulary: every word that is one piece, by the gradient of z_new − z_old (HotFlip). Class words: those typical of the class in the training posts, by log-odds of document counts"));
  from_->addItem(tr("Vocabulary"), false);
  from_->addItem(tr("Class words"), true);
  most_ = new UnitEdit(theme, this);
  most_->setText(QStringLiteral("10"));
  most_->set_unit(tr("swaps"));
  most_->setFont(theme.font("caption"));
  most_->setFixedWidth(78);
  most_->setAccessibleName(tr("Swaps at most"));
  most_->setToolTip(tr("At most so many words are swapped, 1 to 1,000"));
  auto* first = new QHBoxLayout;
  first->setSpacing(5);
  first->addWidget(label(tr("to")));
  first->addWidget(to_, 2);
  first->addWidget(label(tr("by")));
  first->addWidget(from_, 2);
  first->addWidget(most_);
  column->addLayout(first);
  auto* second = new QHBoxLayout;
  second->setSpacing(5);
  search_ = button(tr("Fewest swaps that turn the answer"), tr("A beam search by the gradient; swaps that are not needed are taken back, and the edited text is read anew"));
  ring_ = new BusyRing(theme, this);
  state_ = label({});
  state_->setTextFormat(Qt::PlainText);
  cancel_ = button(tr("Cancel"), tr("Stop the search"));
  second->addWidget(search_);
  second->addWidget(ring_);
  second->addWidget(state_, 1);
  second->addWidget(cancel_);
  column->addLayout(second);
  stack_ = new QStackedWidget(this);
  note_ = new EmptyNote(theme, QString(), stack_);
  stack_->addWidget(note_);
  auto* page = new QWidget(stack_);
  auto* rows = new QVBoxLayout(page);
  rows->setContentsMargins(0, 0, 0, 0);
  rows->setSpacing(4);
  const auto line = [&](const QFont& font, const char* style) {
    auto* l = new QLabel(page);
    l->setTextFormat(Qt::PlainText);
    l->setWordWrap(true);
    l->setFont(font);
    l->setObjectName(QLatin1String(style));
    l->setTextInteractionFlags(Qt::TextSelectableByMouse);
    rows->addWidget(l);
    return l;
  };
  answer_ = line(theme.font("table", Theme::Weight::semibold), "");
  answer_->setAccessibleName(tr("The answer before and after"));
  diff_ = new QTextEdit(page);
  diff_->setReadOnly(true);
  diff_->setFrameShape(QFrame::NoFrame);
  diff_->setFont(theme.font("post"));
  diff_->setAccessibleName(tr("The text with its swaps: struck words go, underlined ones come"));
  diff_->setToolTip(tr("Struck words go, underlined ones come in their place"));
  diff_->setTabChangesFocus(true);
  rows->addWidget(diff_, 1);
  moved_ = line(theme.font("caption"), "quiet");
  moved_->setAccessibleName(tr("How far the text moved"));
  auto* last = new QHBoxLayout;
  last->setSpacing(5);
  edit_ = button(tr("Edit this text"), tr("Puts the text with its swaps into the editor, old and new side by side"));
  copy_ = button(tr("Copy as text"), tr("The text with [-removed-]{+added+}, the answers and how far it moved"));
  last->addWidget(edit_);
  last->addWidget(copy_);
  last->addStretch(1);
  rows->addLayout(last);
  // The text scrolls; what is said of it keeps its lines.
  diff_->setMinimumHeight(28);
  stack_->addWidget(page);
  column->addWidget(stack_, 1);
  connect(search_, &QPushButton::clicked, this, &CounterfactualPage::search);
  connect(cancel_, &QPushButton::clicked, this, &CounterfactualPage::cancel);
  connect(copy_, &QPushButton::clicked, this, [this] { copy_text(as_text()); });
  connect(edit_, &QPushButton::clicked, this, [this] {
    if (found_) Q_EMIT text_offered(text(clean_utf8(found_->edited)));
  });
  connect(most_, &QLineEdit::textEdited, this, [this] {
    bool good = false;
    const int n = most_->text().toInt(&good);
    most_->set_wrong(!good || n < 1 || n > 1000);
    search_->setEnabled(post_ && !most_->wrong());
  });
  connect(&theme, &Theme::changed, this, [this] {
    if (found_) show_found();
  });
  set_post(nullptr, 0);
}

QString CounterfactualPage::class_name(int label) const {
  const auto names = post_ ? short_names(post_->classes) : std::vector<std::string>();
  return label >= 0 && static_cast<std::size_t>(label) < names.size() ? text(clean_utf8(names[static_cast<std::size_t>(label)])) : QString::number(label);
}

void CounterfactualPage::set_session(Session* session) {
  if (session_) {
    if (job_) session_->work().cancel(job_);
    disconnect(&session_->work(), nullptr, this, nullptr);
  }
  job_ = 0;
  session_ = session;
  if (session_) connect(&session_->work(), &WorkQueue::changed, this, &CounterfactualPage::progress);
  set_post(nullptr, 0);
}

void CounterfactualPage::set_post(PostPtr post, std::int64_t run) {
  const bool same = post && post_ && post->record.document == post_->record.document && run == run_;
  const int foil = post ? post->record.foil : -1, predicted = post ? post->view.predicted : -1;
  const bool other_foil = !same || foil != (post_ ? post_->record.foil : -1);
  if (!same) {
    if (session_ && job_) session_->work().cancel(job_);
    job_ = 0;
    found_.reset();
  }
  post_ = std::move(post);
  run_ = run;
  if (!same) {
    to_->clear();
    if (post_) {
      to_->addItem(tr("any other"), -1);
      for (std::size_t c = 0; c < post_->classes.size(); ++c)
        if (static_cast<int>(c) != predicted) to_->addItem(class_name(static_cast<int>(c)), static_cast<int>(c));
    }
  }
  // The foil, where one is chosen and is not what the model answers anyway.
  if (other_foil && post_) to_->setCurrentIndex(std::max(0, to_->findData(foil)));
  for (QWidget* w : std::initializer_list<QWidget*>{to_, from_, most_}) w->setEnabled(post_ != nullptr);
  search_->setEnabled(post_ && !most_->wrong());
  if (found_) return show_found();
  if (job_) return;
  show_state(!post_ ? tr("Here the answer to an explained post is turned by swapping words.") : post_->record.words.empty() ? tr("This post has no words to swap.") : tr("Not searched yet: one gradient and %1 answers for each text kept, up to three texts a swap.").arg(CounterfactualOptions{}.tries), false);
  if (post_ && post_->record.words.empty()) search_->setEnabled(false);
}

void CounterfactualPage::show_state(const QString& note, bool error) {
  ring_->setVisible(job_ != 0);
  cancel_->setVisible(job_ != 0);
  search_->setVisible(job_ == 0);
  state_->setVisible(job_ != 0);
  state_->setText(job_ ? tr("Searching …") : QString());
  note_->setText(note);
  QPalette p = note_->palette();
  p.setColor(QPalette::WindowText, theme_[error ? "error" : "text2"]);
  note_->setPalette(p);
  stack_->setCurrentIndex(found_ ? 1 : 0);
}

void CounterfactualPage::progress() {
  if (!job_ || !session_) return;
  for (const auto& job : session_->work().jobs()) {
    if (job.id != job_) continue;
    ring_->set_progress(job.done, job.total);
    state_->setText(!job.running ? tr("Waits for other work") : job.total > 0 ? tr("%1 of at most %2 swaps tried").arg(std::lround(job.done)).arg(std::lround(job.total)) : tr("Searching …"));
  }
}

void CounterfactualPage::cancel() {
  if (session_ && job_) session_->work().cancel(job_);
  job_ = 0;
  show_state(tr("Cancelled. Nothing was found yet."), false);
}

void CounterfactualPage::search() {
  if (!session_ || !post_ || job_ || most_->wrong()) return;
  if (search_->hasFocus()) setFocus(Qt::OtherFocusReason);  // it goes: the keyboard is not to fall to what lies before
  CounterfactualOptions options;
  options.foil = to_->currentData().toInt();
  options.swaps = most_->text().toInt();
  const bool words = from_->currentData().toBool();
  found_.reset();
  job_ = session_->work().submit(this, WorkQueue::Priority::visible, tr("Swaps that turn post %1").arg(post_->record.document), [this, options, words, post = post_, run = run_](WorkQueue::Context& c) {
    const RunRecord record = c.store.run(run);
    const auto model = c.models.of_run(c.store, run);
    CounterfactualOptions o = options;
    o.max_length = model->max_length(max_length_of(record));
    if (words) {
      std::vector<int> classes;
      for (int k = 0; k < static_cast<int>(model->labels().size()); ++k)
        if (o.foil < 0 ? k != post->view.predicted : k == o.foil) classes.push_back(k);
      o.candidates = typical_words(c.store, record.dataset, model->tokenizer(), classes, typical, c.stop);
      if (o.candidates.empty()) throw std::runtime_error("the training posts hold no word that is typical of the class: take the vocabulary");
    }
    auto found = std::make_shared<const Counterfactual>(counterfactual(*model, post->text, o, c.stop, c.progress));
    return [this, found] {
      job_ = 0;
      found_ = found;
      show_found();
    };
  }, [this](const QString& message) {
    job_ = 0;
    show_state(message, true);
  });
  show_state(tr("Words are tried by the gradient and by what the model answers."), false);
}

void CounterfactualPage::show_found() {
  show_state({}, false);
  const Counterfactual& f = *found_;
  const auto answer = [&](const Prediction& p) { return tr("%1 %2").arg(class_name(p.predicted), text(fixed(p.probabilities[static_cast<std::size_t>(p.predicted)]))); };
  const int to = to_->currentData().toInt();
  const auto old = static_cast<std::size_t>(f.before.predicted);
  QString said;
  if (f.turned) said = tr("✓ turned: %1 → %2").arg(answer(f.before), answer(f.after));
  else if (f.swaps.empty()) said = tr("Not turned: %1 stays.\nNo swap brings another answer nearer").arg(answer(f.before));
  else said = tr("Not turned: %1 → %2.\nThese swaps came nearest; p(%3) is %4 now").arg(answer(f.before), answer(f.after), class_name(to >= 0 ? to : f.before.predicted), text(fixed(f.after.probabilities[to >= 0 ? static_cast<std::size_t>(to) : old])));
  answer_->setText(said);
  QPalette p = answer_->palette();
  p.setColor(QPalette::WindowText, theme_[f.turned ? "text" : "warn"]);
  answer_->setPalette(p);
  moved_->setText(tr("%1 of %2 words (%3) · cosine of [CLS] %6\nembeddings moved %4 (a word's norm %5) · %7 passes%8")
                      .arg(text(thousands(static_cast<std::int64_t>(f.swaps.size()))), text(thousands(f.words)), text(share(f.words > 0 ? static_cast<double>(f.swaps.size()) / f.words : 0)), text(fixed(f.embedding_distance, 2)), text(fixed(f.embedding_norm, 2)),
                           text(fixed(f.cls_cosine)), text(thousands(f.passes)), f.cut >= 0 ? tr("\nthe length limit cut the text") : QString()));
  moved_->setToolTip(tr("√Σ‖ē_new − ē_old‖² over the swaps, ē the mean embedding of a word's pieces; cosine of the final [CLS] states before and after; a gradient counts as three passes"));
  // The diff: struck and grey what goes, underlined and bold what comes.
  diff_->clear();
  QTextCursor at(diff_->document());
  QTextCharFormat plain, gone, come;
  plain.setForeground(theme_["text"]);
  plain.setFont(theme_.font("post"));
  gone.setForeground(theme_["text2"]);
  gone.setFont(theme_.font("post"));
  gone.setFontStrikeOut(true);
  gone.setBackground(theme_["infoSoft"]);
  come.setForeground(theme_["text"]);
  come.setFont(theme_.font("post", Theme::Weight::semibold));
  come.setFontUnderline(true);
  come.setBackground(theme_["accentSoft"]);
  int first = -1;
  std::size_t from = 0;
  const std::string& whole = post_->text;
  for (const WordSwap& w : f.swaps) {
    const auto begin = std::min(static_cast<std::size_t>(w.span.begin), whole.size()), end = std::min(static_cast<std::size_t>(w.span.end), whole.size());
    if (begin < from) continue;
    at.insertText(text(clean_utf8(whole.substr(from, begin - from))), plain);
    if (first < 0) first = at.position();
    at.insertText(text(clean_utf8(w.from)), gone);
    at.insertText(QStringLiteral("\u2009"), plain);
    at.insertText(text(clean_utf8(w.to)), come);
    from = end;
  }
  at.insertText(text(clean_utf8(whole.substr(std::min(from, whole.size())))), plain);
  at.setPosition(std::max(0, first));
  diff_->setTextCursor(at);
  diff_->ensureCursorVisible();
  for (QPushButton* b : {edit_, copy_}) b->setEnabled(!f.swaps.empty());
  keep_lines();
}

/// A stacked widget does not ask its pages how high they are at a width, and a label whose lines wrap would be cut.
void CounterfactualPage::keep_lines() {
  if (!found_) return;
  const QMargins margins = layout()->contentsMargins();
  for (QLabel* l : {answer_, moved_}) l->setMinimumHeight(std::max(0, l->heightForWidth(width() - margins.left() - margins.right())));
  moved_->parentWidget()->layout()->activate();  // now: until the next turn of the event loop the lines would lie over the buttons
}

void CounterfactualPage::resizeEvent(QResizeEvent* e) {
  QWidget::resizeEvent(e);
  keep_lines();
}

QString CounterfactualPage::as_text() const {
  if (!found_ || !post_) return {};
  std::string out;
  std::size_t from = 0;
  for (const WordSwap& w : found_->swaps) {
    const auto begin = static_cast<std::size_t>(w.span.begin);
    if (begin < from || begin > post_->text.size()) continue;
    out += post_->text.substr(from, begin - from) + fmt::format("[-{}-]{{+{}+}}", w.from, w.to);
    from = std::min(static_cast<std::size_t>(w.span.end), post_->text.size());
  }
  out += post_->text.substr(std::min(from, post_->text.size()));
  return text(clean_utf8(out)) + QStringLiteral("\n\n") + answer_->text() + QLatin1Char('\n') + moved_->text() + QLatin1Char('\n');
}

QString CounterfactualPage::csv() const {
  QString out = QStringLiteral("begin,end,from,to\n");
  if (found_)
    for (const WordSwap& w : found_->swaps) out += QStringLiteral("%1,%2,").arg(w.span.begin).arg(w.span.end) + csv_cell(text(clean_utf8(w.from))) + QLatin1Char(',') + csv_cell(text(clean_utf8(w.to))) + QLatin1Char('\n');
  return out;
}

}  // namespace telltale::ui
