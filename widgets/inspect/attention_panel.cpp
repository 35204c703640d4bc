#include "widgets/inspect/attention_panel.hpp"

#include <QCheckBox>
#include <QComboBox>
#include <QStackedWidget>
#include <algorithm>

#include "widgets/export/export.hpp"
#include "widgets/inspect/segmented.hpp"

namespace telltale::ui {

AttentionPanel::AttentionPanel(Theme& theme, QWidget* parent) : Panel(theme, tr("Attention"), parent), theme_(theme) {
  set_caption(tr("words, pieces averaged"));
  stack_ = new QStackedWidget(this);
  body()->addWidget(stack_, 1);
  note_ = new EmptyNote(theme, tr("Here you see where the layers and heads look in an explained post."), stack_);
  stack_->addWidget(note_);
  auto* page = new QWidget(stack_);
  auto* column = new QVBoxLayout(page);
  column->setContentsMargins(8, 6, 8, 4);
  column->setSpacing(4);
  auto* top = new QHBoxLayout;
  top->setSpacing(8);
  grid_ = new HeadGrid(theme, page);
  top->addWidget(grid_, 1);
  auto* side = new QVBoxLayout;
  side->setSpacing(5);
  auto* what = new QLabel(tr("Cell: largest weight"), page);
  what->setObjectName(QStringLiteral("caption"));
  what->setFont(theme.font("axis"));
  what->setToolTip(tr("The largest weight from the ringed word on another word; without a ring the mean of it over words"));
  heads_ = new QComboBox(page);
  heads_->setAccessibleName(tr("Layer and head"));
  heads_->setToolTip(tr("The head that is shown below"));
  heads_->setFont(theme.font("caption"));
  look_ = new Segmented(theme, tr("How a head is shown"), {{tr("Arcs"), tr("From one word to those it looks at most")}, {tr("Map"), tr("From every word to every word")}}, page);
  rollout_ = new QCheckBox(tr("Rollout"), page);
  rollout_->setFont(theme.font("caption"));
  rollout_->setToolTip(tr("All layers together: for each ½(mean over heads + I), multiplied from the last layer to the first (Abnar & Zuidema 2020)"));
  side->addWidget(what);
  side->addWidget(heads_);
  side->addWidget(look_);
  side->addWidget(rollout_);
  side->addStretch(1);
  top->addLayout(side);
  column->addLayout(top, 3);
  views_ = new QStackedWidget(page);
  arcs_ = new AttentionArcs(theme, views_);
  map_ = new AttentionMap(theme, views_);
  views_->addWidget(arcs_);
  views_->addWidget(map_);
  column->addWidget(views_, 4);
  sentence_ = new ElidedLabel(theme, page);
  sentence_->set_style(theme.font("caption"), "text2");
  sentence_->setSizePolicy(QSizePolicy::Ignored, QSizePolicy::Fixed);
  column->addWidget(sentence_);
  stack_->addWidget(page);
  connect(grid_, &HeadGrid::head_asked, this, [this](int l, int h) { layer_ = l, head_ = h, rollout_->setChecked(false), draw(); });
  connect(heads_, &QComboBox::activated, this, [this](int i) {
    if (!attention_) return;
    layer_ = i / attention_->words.heads, head_ = i % attention_->words.heads;
    rollout_->setChecked(false);
    draw();
  });
  connect(look_, &Segmented::chosen, this, [this](int i) { views_->setCurrentIndex(i), draw(); });
  connect(rollout_, &QCheckBox::toggled, this, [this] { draw(); });
  connect(arcs_, &PaintedView::hovered, this, &AttentionPanel::hovered);
  connect(map_, &AttentionMap::hovered, this, &AttentionPanel::hovered);
}

void AttentionPanel::set_session(Session* session) {
  if (session_ && job_) session_->work().cancel(job_);
  job_ = 0;
  session_ = session;
  set_post(nullptr, {});
}

void AttentionPanel::set_post(PostPtr post, const RunRecord& run) {
  const bool same = post && post_ && attention_ && post->record.document == post_->record.document && run.id == run_.id;
  post_ = std::move(post);
  run_ = run;
  if (same) return draw();
  if (session_ && job_) session_->work().cancel(job_), job_ = 0;
  attention_.reset();
  word_ = -1;
  needed_ = post_ != nullptr;
  note_->setText(!post_ ? tr("Here you see where the layers and heads look in an explained post.") : run_.folder.empty() ? tr("The run has no weights to ask.") : tr("Reading the attention …"));
  draw();
  if (isVisible()) compute();
}

void AttentionPanel::showEvent(QShowEvent* e) {
  Panel::showEvent(e);
  compute();
}

void AttentionPanel::resizeEvent(QResizeEvent* e) {
  Panel::resizeEvent(e);
  if (attention_) sentence_->set_text(arcs_->sentence());
}

void AttentionPanel::compute() {
  if (!needed_ || !session_ || !post_ || run_.folder.empty()) return;
  needed_ = false;
  job_ = session_->work().submit(this, WorkQueue::Priority::soon, tr("Attention of post %1").arg(post_->record.document), [this, post = post_, run = run_](WorkQueue::Context& c) {
    const auto model = c.models.of_run(c.store, run.id);
    const Encoding encoding = model->tokenizer().encode(post->text, model->max_length(max_length_of(run)));
    AttentionPtr found = attention_of_post(*model, *post, encoding);
    return [this, found] {
      job_ = 0;
      attention_ = found;
      const int L = found->words.layers, H = found->words.heads;
      heads_->clear();
      for (int l = 0; l < L; ++l)
        for (int h = 0; h < H; ++h) heads_->addItem(tr("Layer %1 · head %2").arg(l + 1).arg(h + 1));
      if (layer_ < 0 || layer_ >= L || head_ >= H) {  // the head that looks hardest at single words
        double best = -1;
        for (int l = 0; l < L; ++l)
          for (int h = 0; h < H; ++h)
            if (const double s = found->strongest(l, h, -1); s > best) best = s, layer_ = l, head_ = h;
      }
      draw();
    };
  }, [this](const QString& message) {
    job_ = 0;
    note_->setText(message);
  });
}

void AttentionPanel::set_word(int word) {
  if (word == word_ || word < 0) return;  // the last ringed word stays the one that looks
  word_ = word;
  draw();
}

int AttentionPanel::unit() const {
  if (!attention_) return -1;
  if (word_ >= 0 && static_cast<std::size_t>(word_) < attention_->unit_of.size() && attention_->unit_of[static_cast<std::size_t>(word_)] >= 0) return attention_->unit_of[static_cast<std::size_t>(word_)];
  // Nothing is ringed: the word that speaks most for the target, else [CLS], which the classifier reads.
  if (!post_->view.ranked.empty()) {
    const std::size_t first = post_->view.ranked.front().word;
    if (first < attention_->unit_of.size() && attention_->unit_of[first] >= 0) return attention_->unit_of[first];
  }
  return 0;
}

void AttentionPanel::draw() {
  stack_->setCurrentIndex(attention_ ? 1 : 0);
  if (!attention_) {
    grid_->set_attention(nullptr, -1);
    arcs_->set_attention(nullptr, 0, 0, -1);
    map_->set_attention(nullptr, 0, 0, -1);
    return;
  }
  const int layer = rollout_->isChecked() ? -1 : layer_;
  grid_->set_attention(attention_, word_ >= 0 ? unit() : -1);
  grid_->set_chosen(layer_, head_);
  heads_->setCurrentIndex(layer_ * attention_->words.heads + head_);
  arcs_->set_attention(attention_, layer, head_, unit());
  if (views_->currentWidget() == map_) map_->set_attention(attention_, layer, head_, unit());
  sentence_->set_text(arcs_->sentence());
}

QString AttentionPanel::csv() const {
  QString out = QStringLiteral("from,to,weight\n");
  if (!attention_) return out;
  const int layer = rollout_->isChecked() ? -1 : layer_, n = static_cast<int>(attention_->names.size());
  const auto quoted = [&](int u) { return csv_cell(attention_->names[static_cast<std::size_t>(u)]); };
  for (int i = 0; i < n; ++i)
    for (int j = 0; j < n; ++j) out += QStringLiteral("%1,%2,%3\n").arg(quoted(i), quoted(j)).arg(attention_->weight(layer, head_, i, j), 0, 'g', 6);
  return out;
}

}  // namespace telltale::ui
