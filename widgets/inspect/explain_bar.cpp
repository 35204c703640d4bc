#include "widgets/inspect/explain_bar.hpp"

#include <QComboBox>
#include <QHBoxLayout>
#include <QLabel>
#include <QPainter>
#include <QScreen>
#include <QToolButton>
#include <QVBoxLayout>
#include <algorithm>
#include <cmath>

#include "report/numbers.hpp"
#include "widgets/icons.hpp"
#include "widgets/inspect/busy_ring.hpp"
#include "widgets/inspect/cost_meter.hpp"
#include "widgets/inspect/method_picker.hpp"
#include "widgets/inspect/options_card.hpp"
#include "widgets/painted_view.hpp"

namespace telltale::ui {
namespace {

constexpr int roomy = 850;  // px from which nodes have a place in the bar

struct Nodes {
  int steps;
  double tolerance;
};
constexpr Nodes node_choices[] = {{0, 0.01}, {0, 0.001}, {16, 0}, {32, 0}, {64, 0}, {128, 0}, {256, 0}, {512, 0}};

QString nodes_title(const Nodes& n) { return n.steps ? QObject::tr("%1 nodes").arg(n.steps) : n.tolerance < 0.005 ? QObject::tr("Until 0.1 %") : QObject::tr("Until 1 %"); }

void choose_nodes(QComboBox* c, const ExplainOptions& o) {
  int at = -1;
  for (int i = 0; i < static_cast<int>(std::size(node_choices)); ++i)
    if (o.steps ? node_choices[i].steps == o.steps : node_choices[i].steps == 0 && std::abs(node_choices[i].tolerance - o.tolerance) < 1e-9) at = i;
  while (c->count() > static_cast<int>(std::size(node_choices))) c->removeItem(c->count() - 1);
  if (at < 0) {  // what "more nodes" or the file brought
    c->addItem(o.steps ? QObject::tr("%1 nodes").arg(o.steps) : QObject::tr("Until %1").arg(text(share(o.tolerance, 2))));
    at = c->count() - 1;
  }
  c->setCurrentIndex(at);
}

}  // namespace

QString method_title(const std::string& id) {
  for (const auto& m : methods())
    if (m.id == id) return text(m.name);
  QString out = text(clean_utf8(id)).replace(QLatin1Char('-'), QLatin1Char(' '));
  if (!out.isEmpty()) out[0] = out[0].toUpper();
  return out;
}

QString output_title(Output o) {
  switch (o) {
    case Output::probability: return QObject::tr("Probability");
    case Output::logit: return QObject::tr("Logit");
    case Output::log_odds: return QObject::tr("Log-odds");
    case Output::difference: return QObject::tr("Logit difference");
  }
  return {};
}

BadgeButton::BadgeButton(Theme& theme, QWidget* parent) : QPushButton(parent), theme_(theme) {
  setFont(theme.font("caption", Theme::Weight::medium));
  setToolTip(tr("How well the scores add up: |Σ scores − (F(x) − F(b))| / |F(x) − F(b)|. Click for the figures"));
  setSizePolicy(QSizePolicy::Fixed, QSizePolicy::Fixed);
}

void BadgeButton::set_badge(Badge badge, const QString& text, const QString& made) {
  badge_ = badge;
  setText(text);
  setAccessibleName(made.isEmpty() ? text : tr("%1, %2").arg(made, text));
  const QString what = tr("How well the scores add up: |Σ scores − (F(x) − F(b))| / |F(x) − F(b)|. Click for the figures and the options");
  setToolTip(made.isEmpty() ? what : made + QStringLiteral("\n") + what);
  updateGeometry();
  update();
}

QSize BadgeButton::minimumSizeHint() const { return sizeHint(); }  // what it says is never cut
QSize BadgeButton::sizeHint() const { return {static_cast<int>(std::ceil(tabular_width(QFontMetricsF(font()), text()))) + (badge_ == Badge::good || badge_ == Badge::bad ? 34 : 18), 22}; }

void BadgeButton::paintEvent(QPaintEvent*) {
  static const char* const grounds[] = {"okSoft", "warnSoft", "errorSoft", "infoSoft"};
  static const char* const inks[] = {"ok", "warn", "error", "info"};
  const auto b = static_cast<std::size_t>(badge_);
  QPainter p(this);
  p.setRenderHint(QPainter::Antialiasing);
  p.setPen(hasFocus() ? QPen(theme_["focus"], 2) : underMouse() ? QPen(theme_[inks[b]], 1) : QPen(Qt::NoPen));
  p.setBrush(theme_[grounds[b]]);
  p.drawRoundedRect(QRectF(rect()).adjusted(0.5, 0.5, -0.5, -0.5), 3, 3);
  qreal x = 9;
  if (badge_ == Badge::good) {
    p.setPen(QPen(theme_["ok"], 1.8, Qt::SolidLine, Qt::RoundCap, Qt::RoundJoin));
    p.drawPolyline(QPolygonF{QPointF(9, 11.5), QPointF(12, 14.5), QPointF(17.5, 7.5)});
    x = 23;
  } else if (badge_ == Badge::bad) {
    p.setPen(Qt::NoPen);
    p.setBrush(theme_["error"]);
    p.drawPolygon(QPolygonF{QPointF(9, 15.5), QPointF(18, 15.5), QPointF(13.5, 7)});
    x = 23;
  }
  p.setFont(font());
  p.setPen(theme_[inks[b]]);
  draw_tabular(p, QRectF(x, 0, width() - x, height()), Qt::AlignLeft, text());
}

ExplainBar::ExplainBar(Theme& theme, QWidget* parent) : QWidget(parent), theme_(theme) {
  auto* row = new QHBoxLayout(this);
  row->setContentsMargins(10, 5, 10, 5);
  row->setSpacing(6);
  const auto combo = [&](const QString& name, const QString& tip, QWidget* in) {
    auto* c = new QComboBox(in);
    c->setAccessibleName(name);
    c->setToolTip(tip);
    c->setFont(theme.font("table"));
    c->setSizeAdjustPolicy(QComboBox::AdjustToContents);
    return c;
  };
  const auto fill_output = [](QComboBox* c) {
    for (const Output o : {Output::probability, Output::logit, Output::log_odds, Output::difference}) c->addItem(output_title(o), static_cast<int>(o));
  };
  const auto fill_path = [this](QComboBox* c, bool prefix) {
    c->addItem(prefix ? tr("Path: words") : tr("Words"), static_cast<int>(Path::word));
    c->addItem(prefix ? tr("Path: embeddings") : tr("Embeddings"), static_cast<int>(Path::embeddings));
  };
  const auto fill_nodes = [](QComboBox* c) {
    for (const Nodes& n : node_choices) c->addItem(nodes_title(n));
  };
  const QString output_tip = tr("The number that is explained, F: p(c|x); z_c; ln p/(1−p); z_c − z_foil");
  const QString path_tip = tr("Where the path from the baseline runs: between word embeddings, or behind the embedding block");
  const QString nodes_tip = tr("Nodes of the quadrature: a fixed number, or as many as the relative delta asks for (at most 512)");
  method_ = new MethodCombo(theme, this);
  method_->set_lines([this](const MethodInfo& m) {
    QStringList changed;
    const ExplainOptions o = options_for(options_, m.id, place_, &changed);
    MethodLine line;
    line.cost = place_.post && meter_ ? meter_->text(run_, o, place_.size) : text(m.cost).section(QLatin1Char(','), 0, 0);
    if (place_.post && meter_) line.cost_tip = meter_->tip(run_, o, place_.size);
    line.refused = reason_against(m, place_);
    line.note = changed.join(QStringLiteral("; "));
    return line;
  });
  output_ = combo(tr("Explained output"), output_tip, this);
  fill_output(output_);
  path_ = combo(tr("Path"), path_tip, this);
  fill_path(path_, true);
  nodes_combo_ = combo(tr("Nodes"), nodes_tip, this);
  fill_nodes(nodes_combo_);
  options_button_ = new QToolButton(this);
  options_button_->setIcon(icon(theme, "gear"));
  options_button_->setIconSize({16, 16});
  options_button_->setFixedSize(26, 24);
  options_button_->setAccessibleName(tr("Options of the method"));
  options_button_->setToolTip(tr("Options of the method: everything that it can be told"));
  ring_ = new BusyRing(theme, this);
  ring_->hide();
  // Stands on its own, under the bar or elsewhere: see message_row().
  message_ = new QWidget(this);
  message_->setAutoFillBackground(true);
  auto* inside = new QHBoxLayout(message_);
  inside->setContentsMargins(12, 4, 10, 4);
  error_ = new QLabel(message_);
  error_->setWordWrap(true);
  error_->setFont(theme.font("table"));
  error_->setTextFormat(Qt::PlainText);
  error_->setTextInteractionFlags(Qt::TextSelectableByMouse);
  inside->addWidget(error_, 1);
  message_->hide();
  cancel_ = new QPushButton(tr("Cancel"), this);
  cancel_->setFont(theme.font("caption"));
  cancel_->setToolTip(tr("Stop explaining this post (Esc)"));
  cancel_->hide();
  again_ = new QPushButton(tr("Explain"), message_);
  again_->setFont(theme.font("caption"));
  again_->setToolTip(tr("Explain this post with the options above"));
  inside->addWidget(again_);
  more_ = new QPushButton(tr("More nodes"), this);
  more_->setFont(theme.font("caption"));
  more_->setToolTip(tr("Explain again with twice as many nodes: the delta falls"));
  more_->hide();
  badge_ = new BadgeButton(theme, this);
  nodes_ = new QLabel(this);
  nodes_->setObjectName(QStringLiteral("quiet"));
  nodes_->setFont(theme.font("caption"));
  row->addWidget(method_);
  row->addWidget(output_);
  row->addWidget(path_);
  row->addWidget(nodes_combo_);
  row->addWidget(options_button_);
  row->addStretch(1);
  row->addWidget(ring_);
  row->addWidget(cancel_);
  row->addWidget(more_);
  row->addWidget(badge_);
  row->addWidget(nodes_);

  card_ = new QFrame(this, Qt::Popup);
  card_->setObjectName(QStringLiteral("panel"));
  card_->setAccessibleName(tr("Options and figures of the explanation"));
  auto* column = new QVBoxLayout(card_);
  column->setContentsMargins(12, 10, 12, 10);
  column->setSpacing(8);
  form_ = new OptionsCard(theme, card_);
  column->addWidget(form_);
  auto* line = new QFrame(card_);
  line->setObjectName(QStringLiteral("hairline"));
  line->setFixedHeight(1);
  column->addWidget(line);
  figures_ = new QLabel(card_);
  figures_->setFont(theme.font("table"));
  figures_->setTextFormat(Qt::PlainText);
  figures_->setTextInteractionFlags(Qt::TextSelectableByMouse);
  column->addWidget(figures_);

  for (QComboBox* c : {output_, path_, nodes_combo_}) connect(c, &QComboBox::activated, this, &ExplainBar::read);
  connect(method_, &MethodCombo::method_chosen, this, [this](const QString& id) { take(id.toStdString()); });
  connect(form_, &OptionsCard::changed, this, [this] {
    options_ = form_->options();
    form_->set_note({});
    show_options();
    Q_EMIT options_changed();
  });
  connect(form_, &OptionsCard::resized, this, [this] {
    if (card_->isVisible()) card_->adjustSize();
  });
  connect(badge_, &QPushButton::clicked, this, [this] { show_card(); });
  connect(options_button_, &QToolButton::clicked, this, [this] { show_card(options_button_); });
  connect(cancel_, &QPushButton::clicked, this, &ExplainBar::cancelled);
  connect(again_, &QPushButton::clicked, this, &ExplainBar::again);
  connect(more_, &QPushButton::clicked, this, &ExplainBar::more_nodes);
  show_options();
  set_post(nullptr);
}

void ExplainBar::set_options(const ExplainOptions& options) {
  options_ = options;
  show_options();
}

void ExplainBar::set_place(std::int64_t run, const Place& place, MeterPtr meter) {
  const TextSize size = place_.size;
  const bool post = place_.post;
  run_ = run;
  place_ = place;
  place_.size = size;
  place_.post = post;
  meter_ = std::move(meter);
  show_options();
}

void ExplainBar::take(const std::string& method) {
  QStringList changed;
  options_ = options_for(options_, method, place_, &changed);
  form_->set_note(changed.join(QLatin1Char('\n')));
  show_options();
  Q_EMIT options_changed();
}

void ExplainBar::show_options() {
  const MethodInfo& info = method_info(options_.method);
  method_->set_method(options_.method);
  method_->refresh();
  output_->setCurrentIndex(output_->findData(static_cast<int>(options_.output)));
  path_->setCurrentIndex(path_->findData(static_cast<int>(options_.path)));
  choose_nodes(nodes_combo_, options_);
  form_->set_place(place_);
  form_->set_options(options_);
  output_->setVisible(!compact_ && asks_for_class(info));
  path_->setVisible(!compact_ && info.needs == "gradients");
  nodes_combo_->setVisible(!compact_ && info.uses_steps && width() > roomy);
  show_cost();
}

void ExplainBar::show_cost() {
  if (place_.post && meter_) form_->set_cost(tr("Cost %1").arg(meter_->text(run_, options_, place_.size)), meter_->tip(run_, options_, place_.size));
  else form_->set_cost(tr("Cost %1").arg(text(method_info(options_.method).cost)), {});
}

void ExplainBar::read() {
  options_.output = static_cast<Output>(output_->currentData().toInt());
  options_.path = static_cast<Path>(path_->currentData().toInt());
  const int n = nodes_combo_->currentIndex();
  if (method_info(options_.method).uses_steps && n >= 0 && n < static_cast<int>(std::size(node_choices))) {
    options_.steps = node_choices[n].steps;
    if (!options_.steps) options_.tolerance = node_choices[n].tolerance;
  }
  options_ = fitting_options(options_, place_);
  show_options();
  Q_EMIT options_changed();
}

void ExplainBar::set_post(const PostContent* post) {
  const bool there = post && !post->record.method.empty();
  place_.post = there;
  place_.size = there ? size_of(post->record) : TextSize{};
  show_options();
  badge_->setVisible(there);
  nodes_->setVisible(there && !compact_ && post->record.steps > 0);
  more_->setVisible(there && post->view.badge == Badge::bad && method_info(options_.method).uses_steps);
  if (!there) return;
  const bool nodes = post->record.protocol.is_object() && post->record.protocol.contains("quadrature");
  QString said = nodes ? tr("%1 nodes").arg(post->record.steps) : post->record.steps == 1 ? tr("1 pass") : tr("%1 passes").arg(text(thousands(post->record.steps)));
  badge_->set_badge(post->view.badge, text(post->view.badge_text()), post->record.steps > 0 ? tr("%1, %2").arg(method_title(post->record.method), said) : method_title(post->record.method));
  if (seconds_ > 0) said += seconds_ < 1 ? tr(" · %1 ms").arg(static_cast<int>(std::lround(seconds_ * 1000))) : tr(" · %1").arg(text(duration(seconds_)));
  nodes_->setText(said);
  nodes_->setToolTip(seconds_ > 0 ? tr("Computed now, then stored in the file") : tr("Stored in the file"));
  fill_card(post);
}

void ExplainBar::fill_card(const PostContent* post) {
  const auto& r = post->record;
  const auto number = [](double v) { return std::isfinite(v) ? text(fixed(v, 4)) : QStringLiteral("–"); };
  QStringList lines{tr("Method  %1").arg(method_title(r.method)), tr("F(x)  %1").arg(number(r.value)), tr("F(b)  %1").arg(number(r.baseline_value)), tr("Σ scores  %1").arg(number(post->view.sum)),
                    tr("delta  %1   %2").arg(std::isfinite(r.delta) ? text(fixed(r.delta, 6)) : QStringLiteral("–"), text(post->view.badge_text())),
                    r.protocol.is_object() && r.protocol.contains("quadrature") ? tr("nodes  %1").arg(r.steps) : tr("passes  %1").arg(r.steps)};
  if (r.protocol.is_object())
    for (const char* key : {"output", "path", "quadrature", "baseline", "removal", "unit", "samples", "draws", "seed", "layer", "head", "precision"})
      if (r.protocol.contains(key)) lines << QStringLiteral("%1  %2").arg(QLatin1String(key), text(clean_utf8(r.protocol[key].is_string() ? r.protocol[key].get<std::string>() : r.protocol[key].dump())));
  figures_->setText(lines.join(QLatin1Char('\n')));
}

void ExplainBar::set_busy(bool busy, double done, double total) {
  ring_->setVisible(busy);
  cancel_->setVisible(busy);
  ring_->set_progress(done, total);
  if (busy) more_->hide();
}

void ExplainBar::set_message(const QString& message, bool error) {
  message_->setVisible(!message.isEmpty());
  error_->setText(message);
  const auto tint = [&](QWidget* w, QPalette::ColorRole role, const char* colour) {
    QPalette p = w->palette();
    p.setColor(role, theme_[colour]);
    w->setPalette(p);
  };
  tint(message_, QPalette::Window, error ? "errorSoft" : "infoSoft");
  tint(error_, QPalette::WindowText, error ? "error" : "info");
}

void ExplainBar::set_compact(bool compact) {
  compact_ = compact;
  show_options();
  if (compact) nodes_->hide();
}

void ExplainBar::resizeEvent(QResizeEvent* e) {
  QWidget::resizeEvent(e);
  // The nodes stand in the card too: first to go where room is short.
  nodes_combo_->setVisible(!compact_ && method_info(options_.method).uses_steps && width() > roomy);
}

void ExplainBar::show_card(QWidget* under) {
  if (!under) under = badge_;
  show_cost();
  card_->adjustSize();
  const QRect room = screen() ? screen()->availableGeometry() : QRect(0, 0, 1440, 900);
  QPoint at = under->mapToGlobal(QPoint(under == badge_ ? badge_->width() - card_->width() : 0, under->height() + 3));
  at.setX(std::clamp(at.x(), room.left() + 4, std::max(room.left() + 4, room.right() - card_->width() - 4)));
  at.setY(std::clamp(at.y(), room.top() + 4, std::max(room.top() + 4, room.bottom() - card_->height() - 4)));
  card_->move(at);
  card_->show();
  form_->focus_first();
}

}  // namespace telltale::ui
