#include "widgets/inspect/edit_page.hpp"

#include <QLabel>
#include <QPlainTextEdit>
#include <QScrollArea>
#include <QSplitter>
#include <QVBoxLayout>
#include <algorithm>
#include <cmath>

#include "report/comparison_view.hpp"
#include "report/numbers.hpp"
#include "widgets/painted_post.hpp"

namespace telltale::ui {

EditPage::EditPage(Theme& theme, QWidget* parent) : QWidget(parent), theme_(theme), explainer_(new Explainer(this)) {
  auto* all = new QVBoxLayout(this);
  all->setContentsMargins(0, 0, 0, 0);
  auto* rows = new QSplitter(Qt::Vertical, this);
  rows->setChildrenCollapsible(false);
  editor_ = new QPlainTextEdit(rows);
  editor_->setFont(theme.font("post"));
  editor_->setFrameShape(QFrame::NoFrame);
  editor_->setAccessibleName(tr("Text of the post, to be changed"));
  editor_->document()->setDocumentMargin(12);
  editor_->setPlaceholderText(tr("Type a text"));
  auto* pair = new QSplitter(Qt::Horizontal, rows);
  pair->setChildrenCollapsible(false);
  const auto half = [&](QLabel*& head, PaintedPost*& post, const QString& name) {
    auto* box = new QWidget(pair);
    auto* column = new QVBoxLayout(box);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(0);
    head = new QLabel(box);
    head->setFont(theme.font("caption", Theme::Weight::medium));
    head->setTextFormat(Qt::PlainText);
    head->setContentsMargins(12, 5, 6, 3);
    head->setSizePolicy(QSizePolicy::Ignored, QSizePolicy::Fixed);
    head->setObjectName(QStringLiteral("quiet"));
    auto* scroll = new QScrollArea(box);
    scroll->setWidgetResizable(true);
    scroll->setFrameShape(QFrame::NoFrame);
    scroll->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    post = new PaintedPost(theme, scroll);
    post->setAccessibleName(name);
    scroll->setWidget(post);
    column->addWidget(head);
    column->addWidget(scroll, 1);
  };
  half(before_, old_, tr("The post before"));
  half(after_, new_, tr("The post after"));
  pair->setSizes({500, 500});
  rows->addWidget(editor_);
  rows->addWidget(pair);
  rows->setSizes({200, 260});
  for (QSplitter* s : {rows, pair}) s->setHandleWidth(1), s->setObjectName(QStringLiteral("lined"));
  const auto lines = [this, rows, pair] {
    for (QSplitter* s : {rows, pair}) s->setStyleSheet(QStringLiteral("QSplitter#lined::handle { background: %1; }").arg(theme_["border"].name()));
  };
  lines();
  connect(&theme, &Theme::changed, this, lines);
  all->addWidget(rows);
  timer_.setSingleShot(true);
  timer_.setInterval(250);  // after the last key
  connect(&timer_, &QTimer::timeout, this, &EditPage::explain);
  connect(editor_, &QPlainTextEdit::textChanged, this, [this] {
    if (isVisible()) timer_.start();
  });
  connect(explainer_, &Explainer::started, this, [this] { new_->set_stale(true); });
  connect(explainer_, &Explainer::ready, this, [this](PostPtr post) {
    edited_ = std::move(post);
    new_->set_post(edited_);
    new_->set_stale(false);
    share_scale();
    after_->setText(line(tr("after"), *edited_));
    Q_EMIT explained(edited_);
  });
  connect(explainer_, &Explainer::failed, this, [this](const QString& message) { after_->setText(message); });
}

void EditPage::set_session(Session* session) {
  explainer_->set_session(session);
  timer_.stop();
  set_post(nullptr, {}, {});
}

QString EditPage::line(const QString& when, const PostContent& post) const {
  const auto names = short_names(post.classes);
  const auto name = [&](int c) { return c >= 0 && static_cast<std::size_t>(c) < names.size() ? text(clean_utf8(names[static_cast<std::size_t>(c)])) : QString::number(c); };
  const auto p = [&](int c) { return c >= 0 && static_cast<std::size_t>(c) < post.view.probabilities.size() ? text(fixed(post.view.probabilities[static_cast<std::size_t>(c)])) : QStringLiteral("–"); };
  QString out = tr("%1 · predicted %2 %3").arg(when, name(post.view.predicted), p(post.view.predicted));
  if (post.record.target != post.view.predicted) out += tr(" · target %1 %2").arg(name(post.record.target), p(post.record.target));
  return out;
}

void EditPage::set_post(PostPtr post, const RunRecord& run, const ExplainOptions& options) {
  const qint64 document = post ? post->record.document : 0;
  post_ = std::move(post);
  run_ = run;
  options_ = options;
  old_->set_post(post_);
  share_scale();
  before_->setText(post_ ? line(tr("before"), *post_) : QString());
  if (document != begun_) {
    begun_ = 0;
    edited_.reset();
    new_->set_post(nullptr);
    after_->clear();
    const QSignalBlocker quiet(editor_);
    editor_->clear();
  } else if (isVisible() && post_) {
    explain();
  }
}

double EditPage::domain() const {
  double out = post_ ? post_->view.domain : 0;
  if (post_ && edited_) out = std::max(out, edited_->view.domain);
  return out;
}

void EditPage::share_scale() {
  for (PaintedPost* p : {old_, new_}) p->set_domain(domain());
}

void EditPage::set_gamma(double gamma) {
  for (PaintedPost* p : {old_, new_}) p->set_gamma(gamma);
}

void EditPage::begin() {
  if (!post_) return;
  if (begun_ != post_->record.document) {
    begun_ = post_->record.document;
    const QSignalBlocker quiet(editor_);
    editor_->setPlainText(text(clean_utf8(post_->text)));
    new_->set_post(post_);  // nothing is changed yet
    after_->setText(line(tr("after"), *post_));
    edited_ = post_;
    share_scale();
    Q_EMIT explained(edited_);
  }
  editor_->setFocus();
}

bool EditPage::escape() {
  if (!isVisible()) return false;
  Q_EMIT left();
  return true;
}

void EditPage::explain() {
  if (!post_ || run_.folder.empty()) return;
  DatasetInfo info;
  info.classes = post_->classes;
  // The same target and foil: the scores stand side by side.
  explainer_->ask({run_.id, 0, editor_->toPlainText().toStdString(), options_, post_->record.target, post_->record.foil}, info);
}

}  // namespace telltale::ui
