// The figures of a comparison with intervals: means, references, hide test.
#include <QPaintEvent>
#include <algorithm>
#include <cmath>

#include "report/numbers.hpp"
#include "report/post_text.hpp"
#include "widgets/compare/comparison_parts.hpp"
#include "widgets/export/export.hpp"

namespace telltale::ui {
namespace {

/// A and B, and the control of B where the document holds it and it is neither.
std::vector<int> runs_shown(const ComparisonView& v) {
  std::vector<int> out{std::max(0, v.a)};
  if (v.b < 0) return out;
  out.push_back(v.b);
  const auto control = integer_of(get(get(v.json, "runs"), static_cast<std::size_t>(v.b)), "control");
  if (control >= 0 && control < static_cast<std::int64_t>(v.runs.size()) && control != v.a && control != v.b) out.push_back(static_cast<int>(control));
  return out;
}

}  // namespace

// ---- the whole split

SplitTable::SplitTable(Theme& theme, QWidget* parent) : PaintedView(theme, parent) { setAccessibleName(tr("Whole split, with intervals")); }

void SplitTable::set_page(Page page) {
  page_ = page;
  set_comparison(view_);
}

std::size_t SplitTable::add_group(const QString& name, double from, double to) {
  Row r{};
  r.group = true, r.name = name, r.from = from, r.to = to;
  rows_.push_back(r);
  return rows_.size() - 1;
}

void SplitTable::set_comparison(const ComparisonView* view) {
  view_ = view;
  rows_.clear();
  runs_.clear();
  if (view && !view->runs.empty()) {
    runs_ = runs_shown(*view);
    if (page_ == Page::figures) add_figures();
    else if (page_ == Page::references) add_references();
    else add_hide();
  }
  lay_out();
  update();
}

/// One axis for the rows of a group, on whole tenths; it stands in the group's head.
void SplitTable::fit_axis(std::size_t head) {
  double from = 1, to = 0;
  for (std::size_t i = head + 1; i < rows_.size(); ++i)
    for (std::size_t k = 0; k < 3; ++k)
      for (const double x : {rows_[i].values[k], rows_[i].low[k], rows_[i].high[k]})
        if (std::isfinite(x)) from = std::min(from, x), to = std::max(to, x);
  from = std::max(0.0, std::floor(from * 10 - 1e-9) / 10), to = std::min(1.0, std::ceil(to * 10 + 1e-9) / 10);
  for (std::size_t i = head; i < rows_.size(); ++i) rows_[i].from = to > from ? from : 0, rows_[i].to = to > from ? to : 1;
}

void SplitTable::add_figures() {
  const ComparisonView* view = view_;
  const auto contrast = static_cast<std::size_t>(std::max(0, view->contrast));
  const Json& accuracy = get(view->json, "accuracy");
  if (get(accuracy, "runs").is_array()) {
    const std::size_t head = add_group(tr("Accuracy"));
    for (const auto& [key, low, high, name] : {std::tuple{"accuracy", "low", "high", "accuracy"}, {"macro_f1", "macro_f1_low", "macro_f1_high", "macro-F1"}}) {
      Row r{};
      r.name = QLatin1String(name), r.note = tr("high is better");
      for (std::size_t k = 0; k < runs_.size(); ++k) {
        const Json& entry = get(get(accuracy, "runs"), static_cast<std::size_t>(runs_[k]));
        r.values[k] = number_of(entry, key), r.low[k] = number_of(entry, low), r.high[k] = number_of(entry, high);
      }
      r.difference = difference_of(get(get(get(accuracy, "contrasts"), contrast), key));
      rows_.push_back(r);
    }
    fit_axis(head);
  }
  if (const Json& means = get(view->json, "means"); means.is_array() && !means.empty()) {
    add_group(tr("Contrastivity"));
    for (const auto& m : means) {
      Row r{};
      r.name = safe(text_of(m, "metric"));
      r.note = text_of(m, "better") == "low" ? tr("low is better") : tr("high is better");
      r.by = by_line(*view, text_of(m, "method"));
      r.method = safe(view->method_name(text_of(m, "method"))), r.marked = view->in_loss(text_of(m, "method"));
      for (std::size_t k = 0; k < runs_.size(); ++k) {
        const auto run = static_cast<std::size_t>(runs_[k]);
        r.values[k] = number_of(get(get(m, "values"), run));
        const Json& range = get(get(m, "intervals"), run);
        r.low[k] = number_of(range, "low"), r.high[k] = number_of(range, "high");
      }
      r.difference = difference_of(get(get(m, "differences"), contrast));
      rows_.push_back(r);
    }
  }
}

void SplitTable::add_references() {
  const Json& references = get(view_->json, "references");
  const Json& means = get(view_->json, "means");
  if (!means.is_array()) return;
  for (const auto& m : means) {
    if (text_of(m, "method") != view_->judge) continue;
    const std::string metric = text_of(m, "metric");
    const std::size_t head = add_group(safe(metric) + (text_of(m, "better") == "low" ? tr(", low is better") : tr(", high is better")));
    const auto add = [&](const QString& name, const QString& note, int run, const Json& value, const Json& range) {
      Row r{};
      r.alone = true, r.run = run, r.name = name, r.note = note;
      r.values[0] = number_of(value), r.low[0] = number_of(range, "low"), r.high[0] = number_of(range, "high");
      rows_.push_back(r);
    };
    for (const int run : runs_) add(safe(view_->label(run)), safe(view_->method_name(view_->judge)), run, get(get(m, "values"), static_cast<std::size_t>(run)), get(get(m, "intervals"), static_cast<std::size_t>(run)));
    for (const char* key : {"bag-of-words", "uniform"})
      if (const Json& list = get(get(references, key), "means"); list.is_array())
        for (const auto& x : list)
          if (text_of(x, "metric") == metric) add(key[0] == 'b' ? tr("bag of words") : tr("uniform scores"), key[0] == 'b' ? tr("log-odds of counts, no model") : tr("every word alike"), -1, get(x, "value"), x);
    if (rows_.size() == head + 1) rows_.pop_back();
    else fit_axis(head);
  }
}

void SplitTable::add_hide() {
  const Json& list = get(get(view_->json, "hide"), "rows");
  if (!list.is_array() || list.empty()) return;
  const std::size_t head = add_group(tr("Accuracy with words hidden"));
  for (const auto& x : list) {
    Row r{};
    const std::string kind = text_of(x, "words"), rule = text_of(x, "removal");
    r.name = kind == "none" ? tr("nothing hidden") : tr("%1 words").arg(safe(kind));
    r.note = kind == "none" ? QString() : rule == "pad" ? tr("[PAD] in their place") : tr("deleted");
    r.by = kind == "none" ? QString() : tr("%1 of a post's words").arg(text(share(number_of(x, "hidden_share"))));
    r.method = r.by;
    for (std::size_t k = 0; k < runs_.size(); ++k) {
      const auto run = static_cast<std::size_t>(runs_[k]);
      r.values[k] = number_of(get(get(x, "accuracy"), run));
      const Json& range = get(get(x, "intervals"), run);
      r.low[k] = number_of(range, "low"), r.high[k] = number_of(range, "high");
    }
    r.difference = difference_of(get(get(x, "differences"), static_cast<std::size_t>(std::max(0, view_->contrast))));
    rows_.push_back(r);
  }
  fit_axis(head);
}

QString SplitTable::csv() const {
  QString out = QStringLiteral("group,figure,method,run,value,low,high,difference_b_a,difference_low,difference_high,clear\n"), group;
  const auto n = [](double v) { return std::isfinite(v) ? QString::number(v, 'g', 9) : QString(); };
  for (const Row& r : rows_) {
    if (r.group) group = r.name;
    else
      for (std::size_t k = 0; k < (r.alone ? 1 : runs_.size()); ++k)
        out += QStringList{csv_cell(group), csv_cell(r.name), csv_cell(r.by), r.alone ? QString() : csv_cell(text(view_->label(runs_[k]))), n(r.values[k]), n(r.low[k]), n(r.high[k]), n(r.alone ? NAN : r.difference.value), n(r.alone ? NAN : r.difference.low), n(r.alone ? NAN : r.difference.high), r.alone ? QString() : QString::number(r.difference.clear)}.join(QLatin1Char(',')) + QLatin1Char('\n');
  }
  return out;
}

void SplitTable::lay_out() {
  std::vector<Item> items;
  qreal y = 0;
  for (std::size_t i = 0; i < rows_.size(); ++i) {
    const auto& r = rows_[i];
    const qreal h = r.group ? 22 : r.alone ? 26 : r.by.isEmpty() ? 30 : 36;
    QString said;
    if (!r.group) {
      said = r.name + (r.by.isEmpty() ? QString() : QStringLiteral(", ") + r.by);
      for (std::size_t k = 0; k < (r.alone ? 1 : runs_.size()); ++k)
        if (std::isfinite(r.values[k])) said += QStringLiteral("\n%1 %2 (%3)").arg(r.alone ? r.note : safe(view_->label(runs_[k])), text(fixed(r.values[k])), text(interval(r.low[k], r.high[k])));
      if (!r.alone && runs_.size() > 1) said += tr("\n%1 − %2: %3 (%4)").arg(text(view_->runs[static_cast<std::size_t>(runs_[1])].letter), text(view_->runs[static_cast<std::size_t>(runs_[0])].letter), text(headline_of(r.difference)), text(signed_interval(r.difference.low, r.difference.high)));
    }
    items.push_back({QRectF(0, y, width(), h), static_cast<int>(i), said, said});
    y += h;
  }
  set_items(std::move(items));
  setMinimumHeight(static_cast<int>(y) + 2);
}

void SplitTable::paintEvent(QPaintEvent*) {
  QPainter p(this);
  p.setRenderHint(QPainter::Antialiasing);
  p.fillRect(rect(), theme_["panel"]);
  if (!view_) return;
  if (rows_.empty()) {
    p.setFont(theme_.font("caption"));
    p.setPen(theme_["text2"]);
    return p.drawText(rect().adjusted(12, 8, -12, -8), Qt::AlignCenter | Qt::TextWordWrap, tr("This comparison holds no such figures")), void();
  }
  const QFont plain = theme_.font("table"), medium = theme_.font("table", Theme::Weight::medium), bold = theme_.font("table", Theme::Weight::semibold), small = theme_.font("caption");
  const QFontMetricsF mm(medium, this), sm(small, this);
  const qreal last_w = std::max<qreal>(128, width() * 0.24), axis_w = width() * 0.26, axis_x = width() - last_w - axis_w - 18, right = width() - 12;
  const bool two = view_->b >= 0;
  for (std::size_t i = 0; i < rows_.size(); ++i) {
    const auto& r = rows_[i];
    const QRectF box = items()[i].box;
    if (r.group) {
      p.fillRect(box, theme_["panelAlt"]);
      p.fillRect(QRectF(0, box.bottom() - 1, width(), 1), theme_["border"]);
      p.setFont(theme_.font("caption", Theme::Weight::semibold));
      p.setPen(theme_["text2"]);
      p.drawText(box.adjusted(12, 0, 0, 0), Qt::AlignVCenter, r.name);
      p.setFont(small);
      p.setPen(theme_["text3"]);
      QString axis = tr("95 %, axis %1 to %2").arg(text(fixed(r.from, 1)), text(fixed(r.to, 1)));
      if (sm.horizontalAdvance(axis) > axis_w) axis = tr("%1 to %2").arg(text(fixed(r.from, 1)), text(fixed(r.to, 1)));
      p.drawText(QRectF(axis_x, box.top(), axis_w, box.height()), Qt::AlignCenter, axis);
      if (two && page_ != Page::references)
        p.drawText(QRectF(right - last_w, box.top(), last_w, box.height()), Qt::AlignRight | Qt::AlignVCenter,
                   text(view_->runs[static_cast<std::size_t>(view_->b)].letter + " − " + view_->runs[static_cast<std::size_t>(view_->a)].letter));
      continue;
    }
    if (items()[i].key == ring()) p.fillRect(box, theme_["hover"]);
    p.fillRect(QRectF(0, box.bottom() - 1, width(), 1), theme_["grid"]);
    const qreal first_h = r.by.isEmpty() ? box.height() : box.height() / 2 + 2;
    p.setFont(medium);
    p.setPen(theme_["text"]);
    const qreal room = axis_x - 20;
    const QString name = mm.elidedText(r.name, Qt::ElideRight, room);
    p.drawText(QRectF(12, box.top(), room, first_h), Qt::AlignVCenter, name);
    p.setFont(small);
    p.setPen(theme_["text3"]);
    const qreal note_x = 12 + mm.horizontalAdvance(name) + 6;
    if (note_x + sm.horizontalAdvance(r.note) <= axis_x - 6) p.drawText(QRectF(note_x, box.top(), axis_x - note_x, first_h), Qt::AlignVCenter, r.note);
    if (!r.by.isEmpty()) p.drawText(QRectF(12, box.center().y() - 1, room, box.height() / 2), Qt::AlignVCenter, sm.elidedText(sm.horizontalAdvance(r.by) > room && !r.marked ? r.method : r.by, Qt::ElideRight, room));
    const auto x = [&](double v) { return axis_x + axis_w * std::clamp((v - r.from) / (r.to - r.from), 0.0, 1.0); };
    for (const double g : {r.from, (r.from + r.to) / 2, r.to}) p.fillRect(QRectF(std::round(x(g)), box.top() + 2, 1, box.height() - 5), theme_["grid"]);
    const std::size_t dots = r.alone ? 1 : runs_.size();
    for (std::size_t k = 0; k < dots; ++k) {
      if (!std::isfinite(r.values[k])) continue;
      const int run = r.alone ? r.run : runs_[k];
      const QColor c = run < 0 ? theme_["text3"] : theme_.series(static_cast<std::size_t>(view_->runs[static_cast<std::size_t>(run)].series));
      const qreal y = box.center().y() + (dots == 1 ? 0 : dots == 2 ? (k == 0 ? -5 : 5) : (static_cast<qreal>(k) - 1) * 8);
      if (std::isfinite(r.low[k]) && std::isfinite(r.high[k])) {
        p.setPen(QPen(c, 1.6));
        p.drawLine(QPointF(x(r.low[k]), y), QPointF(x(r.high[k]), y));
      }
      p.setPen(QPen(theme_["panel"], 1));
      p.setBrush(c);
      p.drawEllipse(QPointF(x(r.values[k]), y), 3.5, 3.5);
    }
    if (!two || r.alone) {
      p.setFont(plain);
      p.setPen(theme_["text"]);
      draw_tabular(p, QRectF(right - last_w, box.top(), last_w, box.height()), Qt::AlignRight, text(fixed(r.values[0])));
      continue;
    }
    const QRectF top(right - last_w, box.center().y() - 15, last_w, 15), below(right - last_w, box.center().y(), last_w, 14);
    p.setFont(r.difference.clear ? bold : plain);
    p.setPen(theme_["text"]);
    draw_tabular(p, top, Qt::AlignRight, std::isnan(r.difference.value) ? QStringLiteral("–") : text(headline_of(r.difference)));
    if (std::isfinite(r.difference.low) && std::isfinite(r.difference.high)) {
      p.setFont(small);
      p.setPen(theme_["text3"]);
      draw_tabular(p, below, Qt::AlignRight, text(signed_interval(r.difference.low, r.difference.high)));
    }
  }
  draw_focus(p);
}

}  // namespace telltale::ui
