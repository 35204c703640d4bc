#include "widgets/inspect/methods_panel.hpp"

#include <QKeyEvent>
#include <QMouseEvent>
#include <QScrollArea>
#include <algorithm>
#include <cmath>
#include <string_view>

#include "evaluation/contrastivity.hpp"
#include "report/html.hpp"
#include "report/numbers.hpp"
#include "widgets/inspect/explain_bar.hpp"

namespace telltale::ui {
namespace {

constexpr qreal margin = 10;
qreal head(const Theme& theme) { return theme.px(32); }
qreal least_height(const Theme& theme) { return theme.px(102); }  // of a method: under it a map says nothing

/// Few passes each, of different families: explained for every post that is looked at. The others follow when they are asked for.
constexpr std::string_view by_themselves[] = {"integrated-gradients", "gradient-x-input", "occlusion", "lrp", "attention-rollout", "saliency-l2"};
bool by_itself(const std::string& id) { return std::find(std::begin(by_themselves), std::end(by_themselves), id) != std::end(by_themselves); }

/// Was this method in what the run was trained on?
bool in_loss(const RunRecord& run, const std::string& method) {
  if (method != "integrated-gradients" || !run.settings.is_object()) return false;
  for (const char* key : {"weight.attribution", "weight.overlap", "weight.prior"})
    if (number_of(run.settings, key) > 0) return true;
  return false;
}

}  // namespace

MethodMaps::MethodMaps(Theme& theme, QWidget* parent) : PaintedView(theme, parent) {
  setAccessibleName(tr("The post by every method"));
  setMinimumSize(200, 120);
}

void MethodMaps::set_maps(std::vector<Map> maps) {
  maps_ = std::move(maps);
  lay_out();
  update();
}

int MethodMaps::columns() const { return width() < 250 ? 2 : 3; }

QRectF MethodMaps::cell(std::size_t i) const {
  const int across = columns(), down = std::max(1, (static_cast<int>(maps_.size()) + across - 1) / across);
  const qreal w = (width() - margin) / across, h = (height() - 4.0) / down;
  return {margin / 2 + w * static_cast<qreal>(i % static_cast<std::size_t>(across)), 2 + h * static_cast<qreal>(i / static_cast<std::size_t>(across)), w, h};
}

void MethodMaps::lay_out() {
  const int down = (static_cast<int>(maps_.size()) + columns() - 1) / columns();
  setMinimumHeight(static_cast<int>(least_height(theme_) * std::max(1, down)) + 4);
  bits_.clear();
  std::vector<Item> items;
  for (std::size_t m = 0; m < maps_.size(); ++m) {
    if (!maps_[m].post) continue;
    const PostContent& post = *maps_[m].post;
    const QRectF box = cell(m).adjusted(margin / 2, head(theme_), -margin / 2, -4);
    if (box.width() < 20 || box.height() < 8) continue;
    std::vector<const RankedWord*> order;
    for (const auto& r : post.view.ranked) order.push_back(&r);
    std::sort(order.begin(), order.end(), [](auto a, auto b) { return a->word < b->word; });
    // Words as bits of their length, in lines; the lines get thinner until all fit.
    qreal unit = 6, line = 11;
    for (int attempt = 0; attempt < 24; ++attempt) {
      qreal x = 0;
      int lines = 1;
      for (const auto* r : order) {
        const qreal w = std::clamp<qreal>(unit * static_cast<qreal>(r->text.size()), 2, box.width());
        if (x > 0 && x + w > box.width()) x = 0, ++lines;
        x += w + 1;
      }
      if (lines * line <= box.height()) break;
      unit *= 0.88;
      line = std::max<qreal>(2, line * 0.93);
    }
    qreal x = 0, y = 0;
    for (const auto* r : order) {
      const qreal w = std::clamp<qreal>(unit * static_cast<qreal>(r->text.size()), 2, box.width());
      if (x > 0 && x + w > box.width()) x = 0, y += line;
      if (y + line > box.height() + 1) break;
      const QRectF bit(box.left() + x, box.top() + y, w, std::max<qreal>(1.5, line - 1.5));
      bits_.push_back({bit, static_cast<int>(r->word), m});
      const QString score = text(with_sign(r->score, score_decimals(post.view.domain)));
      items.push_back({bit.adjusted(-0.5, -0.5, 0.5, 1), static_cast<int>(r->word), tr("%1: %2  %3\nrank %4").arg(maps_[m].title, text(r->text), score).arg(r->rank), tr("%1: %2, %3, rank %4").arg(maps_[m].title, text(r->text), score).arg(r->rank)});
      x += w + 1;
    }
  }
  set_items(std::move(items));
}

void MethodMaps::paintEvent(QPaintEvent*) {
  QPainter p(this);
  p.setRenderHint(QPainter::Antialiasing);
  p.fillRect(rect(), theme_["panel"]);
  const QFont medium = theme_.font("caption", Theme::Weight::medium), small = theme_.font("axis");
  for (std::size_t m = 0; m < maps_.size(); ++m) {
    const Map& map = maps_[m];
    const QRectF box = cell(m).adjusted(margin / 2, 2, -margin / 2, -2);
    if (hasFocus() && static_cast<int>(m) == chosen_) {
      p.setPen(QPen(theme_["focus"], 1.5));
      p.setBrush(Qt::NoBrush);
      p.drawRoundedRect(box.adjusted(-4, -1, 4, 1), 3, 3);
    }
    p.setFont(medium);
    p.setPen(theme_[map.shown ? "accent" : "text"]);
    p.drawText(QRectF(box.left(), box.top(), box.width(), 15), Qt::AlignVCenter, QFontMetricsF(medium, this).elidedText(map.title, Qt::ElideRight, box.width()));
    p.setFont(small);
    p.setPen(theme_["text3"]);
    const QFontMetricsF sm(small, this);
    const qreal right = tabular_width(sm, map.right);
    draw_tabular(p, QRectF(box.right() - right, box.top() + 15, right, 13), Qt::AlignRight, map.right);
    p.drawText(QRectF(box.left(), box.top() + 15, box.width() - right - 4, 13), Qt::AlignVCenter, sm.elidedText(map.note, Qt::ElideRight, box.width() - right - 4));
    if (!map.post) {
      p.setBrush(Qt::NoBrush);
      p.setPen(QPen(theme_[map.failed ? "warn" : "border"], 1, Qt::DotLine));
      p.drawRoundedRect(box.adjusted(0, head(theme_), 0, -4), 3, 3);
    }
  }
  p.setPen(Qt::NoPen);
  for (const Bit& b : bits_) {
    const PostContent& post = *maps_[b.map].post;
    const Cell cell = theme_.colours().heat(post.record.word_scores[static_cast<std::size_t>(b.word)], post.view.domain, 0.8);
    p.fillRect(b.box, cell.ground == theme_.colours()["panel"] ? theme_["panelAlt"] : colour(cell.ground));
  }
  for (const Bit& b : bits_)
    if (b.word == ring() && ring() >= 0) {
      p.setPen(QPen(theme_["text"], 1.5));
      p.setBrush(Qt::NoBrush);
      p.drawRect(b.box.adjusted(-1, -1, 1, 1));
    }
}

void MethodMaps::mousePressEvent(QMouseEvent* e) {
  if (e->button() != Qt::LeftButton) return;
  for (std::size_t m = 0; m < maps_.size(); ++m)
    if (cell(m).contains(e->position())) {
      chosen_ = static_cast<int>(m);
      update();
      if (!maps_[m].shown) Q_EMIT method_asked(text(maps_[m].id));
    }
}

void MethodMaps::keyPressEvent(QKeyEvent* e) {
  const int n = static_cast<int>(maps_.size());
  const auto go = [&](int by) {
    if (n == 0) return;
    chosen_ = std::clamp(chosen_ + by, 0, n - 1);
    if (auto* area = parentWidget() ? qobject_cast<QScrollArea*>(parentWidget()->parentWidget()) : nullptr) {
      const QRectF box = cell(static_cast<std::size_t>(chosen_));
      area->ensureVisible(static_cast<int>(box.center().x()), static_cast<int>(box.center().y()), 0, static_cast<int>(box.height() / 2));
    }
    setAccessibleDescription(QStringLiteral("%1, %2 %3").arg(maps_[static_cast<std::size_t>(chosen_)].title, maps_[static_cast<std::size_t>(chosen_)].note, maps_[static_cast<std::size_t>(chosen_)].right));
    update();
  };
  switch (e->key()) {
    case Qt::Key_Right: go(1); break;
    case Qt::Key_Left: go(-1); break;
    case Qt::Key_Down: go(columns()); break;
    case Qt::Key_Up: go(-columns()); break;
    case Qt::Key_Return: case Qt::Key_Enter: case Qt::Key_Space:
      if (chosen_ < n && !maps_[static_cast<std::size_t>(chosen_)].shown) Q_EMIT method_asked(text(maps_[static_cast<std::size_t>(chosen_)].id));
      break;
    default: PaintedView::keyPressEvent(e);
  }
}

MethodsPanel::MethodsPanel(Theme& theme, QWidget* parent) : Panel(theme, tr("Methods"), parent), theme_(theme) {
  auto* area = new QScrollArea(this);
  area->setWidgetResizable(true);
  area->setFrameShape(QFrame::NoFrame);
  area->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
  area->setFocusPolicy(Qt::NoFocus);
  maps_ = new MethodMaps(theme, area);
  area->setWidget(maps_);
  body()->addWidget(area, 1);
  connect(maps_, &MethodMaps::method_asked, this, &MethodsPanel::method_asked);
  draw();
}

void MethodsPanel::set_session(Session* session) {
  if (session_ && job_) session_->work().cancel(job_);
  job_ = 0;
  session_ = session;
  set_post(nullptr, {}, {});
}

void MethodsPanel::set_post(PostPtr post, const RunRecord& run, const ExplainOptions& options) {
  if (session_ && job_) session_->work().cancel(job_), job_ = 0;
  // Maps of the same post, target, foil and output stay good.
  if (!post || !post_ || post->record.document != post_->record.document || post->record.target != post_->record.target || post->record.foil != post_->record.foil || run.id != run_.id || options.output != options_.output) found_.clear();
  failed_.clear();
  post_ = std::move(post);
  run_ = run;
  options_ = options;
  filled_ = false;
  if (post_) found_[post_->record.method] = post_;
  draw();
  if (isVisible()) fill();
}

void MethodsPanel::showEvent(QShowEvent* e) {
  Panel::showEvent(e);
  fill();
}

/// What the file holds is there at once, the rest is computed.
void MethodsPanel::fill() {
  if (filled_ || !post_ || !session_) return;
  filled_ = true;
  try {
    for (auto& r : session_->store().explanations(run_.id, "", post_->record.document)) {
      if (found_.count(r.method) || r.target != post_->record.target || r.foil != post_->record.foil || text_of(r.protocol, "output") != name_of(options_.output)) continue;
      const std::string method = r.method;
      if (r.words != post_->record.words) continue;
      found_[method] = std::make_shared<const PostContent>(std::move(r), post_->text, post_->id, post_->label, post_->classes);
    }
  } catch (const std::exception&) {  // busy: they are computed then
  }
  draw();
  compute();
}

void MethodsPanel::compute() {
  if (!session_ || !post_ || job_ || run_.folder.empty()) return;
  for (const auto& m : methods()) {
    if (!by_itself(m.id) || found_.count(m.id) || failed_.count(m.id)) continue;
    Wish wish{run_.id, post_->record.document, {}, options_, post_->record.target, post_->record.foil};
    wish.options.method = m.id;
    job_ = session_->work().submit(this, WorkQueue::Priority::soon, tr("%1 of post %2").arg(text(m.name)).arg(wish.document), [this, wish, classes = post_->classes, keep = !session_->read_only()](WorkQueue::Context& c) {
      const PostPtr post = explain_now(c, wish, classes, keep);
      return [this, post, id = wish.options.method] {
        job_ = 0;
        found_[id] = post;
        draw();
        compute();
      };
    }, [this, id = m.id](const QString& message) {
      job_ = 0;
      failed_[id] = message;
      draw();
      compute();
    });
    return;
  }
}

void MethodsPanel::draw() {
  std::vector<MethodMaps::Map> maps;
  for (const auto& m : methods()) {
    MethodMaps::Map map;
    map.id = m.id;
    map.title = text(m.name);
    map.shown = post_ && post_->record.method == m.id;
    const auto at = found_.find(m.id);
    if (post_ && at != found_.end()) map.post = at->second;
    const auto failed = failed_.find(m.id);
    map.failed = failed != failed_.end();
    map.note = map.failed ? failed->second : !post_ ? QString() : !map.post ? (run_.folder.empty() ? tr("not stored") : by_itself(m.id) ? tr("to be computed") : tr("click to explain")) : in_loss(run_, m.id) ? tr("in the loss") : tr("not in the loss");
    if (map.shown) map.right = tr("shown");
    else if (map.post && map.post->record.word_scores.size() == post_->record.word_scores.size()) map.right = QStringLiteral("τ %1").arg(text(fixed(kendall_tau_b(post_->record.word_scores, map.post->record.word_scores), 2)));
    maps.push_back(std::move(map));
  }
  // What there is to see comes first.
  std::stable_partition(maps.begin(), maps.end(), [](const MethodMaps::Map& m) { return m.post || by_itself(m.id); });
  const auto there = std::count_if(maps.begin(), maps.end(), [](const MethodMaps::Map& m) { return m.post != nullptr; });
  set_caption(!post_ ? QString() : tr("%1 of %2 · %3").arg(there).arg(maps.size()).arg(post_->record.foil >= 0 ? tr("same target and foil") : tr("same target")));
  maps_->set_maps(std::move(maps));
  maps_->setToolTip(tr("τ: Kendall's tau-b with the shown method, over the words' scores"));
}

}  // namespace telltale::ui
