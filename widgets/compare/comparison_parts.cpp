#include "widgets/compare/comparison_parts.hpp"

#include <QPaintEvent>
#include <algorithm>
#include <cmath>

#include "report/numbers.hpp"
#include "report/post_text.hpp"
#include "widgets/export/export.hpp"

namespace telltale::ui {
namespace {

void draw_swatch(QPainter& p, Theme& theme, QPointF at, int series) {
  p.setPen(Qt::NoPen);
  p.setBrush(theme.series(static_cast<std::size_t>(series)));
  p.drawRoundedRect(QRectF(at.x(), at.y() - 4.5, 9, 9), 2, 2);
}

}  // namespace

QString safe(const std::string& s) { return text(clean_utf8(s)); }

QString by_line(const ComparisonView& v, const std::string& method) {
  const std::string mark = v.loss_mark(method);
  return safe(v.method_name(method)) + (mark.empty() ? QString() : QStringLiteral(" · ") + text(mark));
}

// ---- overlap matrices

OverlapMatrices::OverlapMatrices(Theme& theme, QWidget* parent) : PaintedView(theme, parent) {
  setAccessibleName(tr("Overlap of classes before and after"));
  setMinimumSize(240, 150);
}

void OverlapMatrices::set_comparison(const ComparisonView* view) {
  view_ = view;
  matrix_ = nullptr;
  runs_.clear();
  names_.clear();
  if (view) {
    if (const Json& all = get(view->json, "matrices"); all.is_array() && !all.empty()) {
      for (const auto& m : all)
        if (!matrix_ && text_of(m, "method") == view->judge && (text_of(m, "metric").rfind("overlap@", 0) == 0) != weighted_) matrix_ = &m;
      if (!matrix_) matrix_ = &all[0];
    }
    names_ = short_names(view->classes);
    if (!view->runs.empty()) {
      runs_.push_back(std::max(0, view->a));
      if (view->b >= 0) runs_.push_back(view->b);
    }
  }
  set_ring(first_key());
  lay_out();
  update();
}

void OverlapMatrices::set_weighted(bool weighted) {
  weighted_ = weighted;
  set_comparison(view_);
}

std::optional<OverlapMatrices::Pair> OverlapMatrices::pair(int key) const {
  if (!matrix_ || key < 0 || names_.empty()) return std::nullopt;
  const std::size_t i = static_cast<std::size_t>(key) / names_.size(), j = static_cast<std::size_t>(key) % names_.size();
  if (i >= names_.size()) return std::nullopt;
  Pair out{view_->classes[j], view_->classes[i], {}};
  for (const int r : runs_) {
    const std::string method = text_of(*matrix_, "method");
    const auto x = view_->list(method, r, out.a), y = view_->list(method, r, out.b);
    for (const auto& w : x)
      if (std::find(y.begin(), y.end(), w) != y.end() && std::find(out.words.begin(), out.words.end(), w) == out.words.end()) out.words.push_back(w);
  }
  return out;
}

QString OverlapMatrices::csv() const {
  QString out = QStringLiteral("run,class_a,class_b,metric,value\n");
  for (const int r : runs_)
    for (std::size_t i = 1; matrix_ && i < names_.size(); ++i)
      for (std::size_t j = 0; j < i; ++j) out += QStringLiteral("%1,%2,%3,%4,%5\n").arg(csv_cell(text(view_->label(r))), csv_cell(safe(view_->classes[j])), csv_cell(safe(view_->classes[i])), csv_cell(safe(text_of(*matrix_, "metric")))).arg(value(r, i, j), 0, 'g', 9);
  return out;
}

QString OverlapMatrices::caption() const {
  if (!matrix_) return {};
  return safe(text_of(*matrix_, "metric")) + tr(", low is better · ") + by_line(*view_, text_of(*matrix_, "method"));
}

double OverlapMatrices::value(int run, std::size_t i, std::size_t j) const {
  return number_of(get(get(get(get(get(*matrix_, "runs"), static_cast<std::size_t>(run)), "values"), i), j));
}

int OverlapMatrices::first_key() const {
  int best = -1;
  double most = -1;
  if (!matrix_ || runs_.empty()) return -1;
  for (std::size_t i = 1; i < names_.size(); ++i)
    for (std::size_t j = 0; j < i; ++j)
      if (const double v = value(runs_[0], i, j); v > most) most = v, best = static_cast<int>(i * names_.size() + j);
  return best;
}

QString OverlapMatrices::pair_text(int key) const {
  if (!matrix_ || key < 0 || names_.empty()) return {};
  const std::size_t i = static_cast<std::size_t>(key) / names_.size(), j = static_cast<std::size_t>(key) % names_.size();
  if (i >= names_.size()) return {};
  const std::string method = text_of(*matrix_, "method");
  QString out = QStringLiteral("<b>%1, %2</b>&nbsp; ").arg(safe(names_[j]).toHtmlEscaped(), safe(names_[i]).toHtmlEscaped());
  QStringList values;
  for (const int r : runs_) values << text(fixed(value(r, i, j), 1));
  out += tr("overlap %1").arg(values.join(QStringLiteral(" → ")));
  for (const int r : runs_) {
    const auto x = view_->list(method, r, view_->classes[j]), y = view_->list(method, r, view_->classes[i]);
    QStringList both;
    for (const auto& w : x)
      if (std::find(y.begin(), y.end(), w) != y.end()) both << QStringLiteral("<a href=\"word:%1\">%2</a>").arg(QString::fromLatin1(QByteArray::fromStdString(w).toHex()), safe(w).toHtmlEscaped());
    out += QStringLiteral("<br>") + tr("both in %1:").arg(text(view_->runs[static_cast<std::size_t>(r)].letter)) + QStringLiteral(" <b>%1</b>").arg(both.isEmpty() ? tr("none") : both.join(QStringLiteral(" &nbsp;")));
  }
  return out;
}

void OverlapMatrices::lay_out() {
  std::vector<Item> items;
  lefts_.clear();
  if (!matrix_ || runs_.empty() || names_.size() < 2) return set_items({});
  const QFontMetricsF m(theme_.font("caption"), this);
  const auto n = static_cast<qreal>(names_.size() - 1), matrices = static_cast<qreal>(runs_.size());
  names_width_ = 0;
  for (std::size_t i = 1; i < names_.size(); ++i) names_width_ = std::max(names_width_, m.horizontalAdvance(safe(names_[i])));
  names_width_ = std::min(names_width_, width() * 0.3);
  // Room under the matrix for the column names, set upright on their side; above it for the run's name.
  qreal foot = 0;
  for (std::size_t j = 0; j + 1 < names_.size(); ++j) foot = std::max(foot, m.horizontalAdvance(safe(names_[j])));
  foot = std::min(foot, height() * 0.35);
  const qreal top = theme_.px(36), gap = 18, wide = (width() - 24 - names_width_ - 8 - gap * (matrices - 1)) / matrices / n, high = (height() - top - foot - 12) / n;
  cell_ = std::floor(std::clamp(std::min(wide, high), 8.0, 42.0));
  heads_.clear();
  for (std::size_t j = 0; j + 1 < names_.size(); ++j) heads_.push_back(safe(names_[j]));
  upright_ = true;
  if (cell_ < 30) {  // a low panel: first letters, if they tell the classes apart; the rows carry the names in the same order
    const qreal lower = std::floor(std::clamp(std::min(wide, (height() - top - theme_.px(20)) / n), 8.0, 42.0));
    for (const int count : {3, 2, 1}) {
      QStringList letters;
      bool fit = true;
      for (const auto& name : heads_) letters << QString(name).remove(QLatin1Char('.')).left(count), fit = fit && (m.horizontalAdvance(letters.back()) <= lower + 1 || count == 1);
      if (!fit || QStringList(letters).removeDuplicates() > 0) continue;
      upright_ = false;
      cell_ = lower;
      for (int j = 0; j < letters.size(); ++j) heads_[static_cast<std::size_t>(j)] = letters[j];
      break;
    }
  }
  for (std::size_t r = 0; r < runs_.size(); ++r) {
    const qreal left = 12 + names_width_ + 8 + static_cast<qreal>(r) * (cell_ * n + gap);
    lefts_.push_back(left);
    for (std::size_t i = 1; i < names_.size(); ++i)
      for (std::size_t j = 0; j < i; ++j) {
        const QString said = tr("%1: %2, %3, overlap %4").arg(text(view_->label(runs_[r])), safe(names_[j]), safe(names_[i]), text(fixed(value(runs_[r], i, j), 3)));
        items.push_back({QRectF(left + cell_ * static_cast<qreal>(j), top + cell_ * static_cast<qreal>(i - 1), cell_, cell_), static_cast<int>(i * names_.size() + j), said, said});
      }
  }
  set_items(std::move(items));
}

void OverlapMatrices::paintEvent(QPaintEvent*) {
  QPainter p(this);
  p.setRenderHint(QPainter::Antialiasing);
  p.fillRect(rect(), theme_["panel"]);
  if (lefts_.empty()) return;
  const QFont small = theme_.font("caption"), bold = theme_.font("table", Theme::Weight::semibold), number = theme_.font(cell_ >= theme_.px(26) ? "table" : "axis", Theme::Weight::medium);
  const auto n = names_.size();
  const qreal top = theme_.px(36), bottom = top + cell_ * static_cast<qreal>(n - 1);
  p.setFont(small);
  p.setPen(theme_["text2"]);
  for (std::size_t i = 1; i < n; ++i)
    p.drawText(QRectF(12, top + cell_ * static_cast<qreal>(i - 1), names_width_, cell_), Qt::AlignRight | Qt::AlignVCenter, QFontMetricsF(small, this).elidedText(safe(names_[i]), Qt::ElideRight, names_width_));
  for (std::size_t r = 0; r < runs_.size(); ++r) {
    const auto& run = view_->runs[static_cast<std::size_t>(runs_[r])];
    draw_swatch(p, theme_, {lefts_[r], 3 + theme_.px(18) / 2}, run.series);
    p.setFont(bold);
    p.setPen(theme_["text"]);
    const qreal room = cell_ * static_cast<qreal>(n - 1) - 14;
    p.drawText(QRectF(lefts_[r] + 15, 3, room, theme_.px(18)), Qt::AlignVCenter, QFontMetricsF(bold, this).elidedText(safe(run.letter + " " + run.name), Qt::ElideRight, room));
    p.setFont(small);
    p.setPen(theme_["text3"]);
    draw_tabular(p, QRectF(lefts_[r] + 15, theme_.px(19), room, theme_.px(14)), Qt::AlignLeft, tr("mean %1").arg(text(fixed(number_of(get(get(*matrix_, "runs"), static_cast<std::size_t>(runs_[r])), "mean"), 2))));
    for (std::size_t i = 1; i < n; ++i)
      for (std::size_t j = 0; j < i; ++j) {
        const double v = value(runs_[r], i, j);
        const QRectF box(lefts_[r] + cell_ * static_cast<qreal>(j), top + cell_ * static_cast<qreal>(i - 1), cell_, cell_);
        const Cell look = theme_.colours().amount.cell(v);
        p.setPen(look.ground == theme_.colours()["panel"] ? QPen(theme_["border"], 1) : QPen(Qt::NoPen));
        p.setBrush(colour(look.ground));
        p.drawRect(box.adjusted(1, 1, -1, -1));
        if (cell_ >= theme_.px(16)) {
          p.setFont(number);
          p.setPen(colour(look.ink));
          draw_tabular(p, box, Qt::AlignHCenter, text(fixed(v, 1)));
        }
        if (static_cast<int>(i * n + j) == ring()) {
          p.setPen(QPen(theme_["text"], 1.5));
          p.setBrush(Qt::NoBrush);
          p.drawRect(box.adjusted(0.75, 0.75, -0.75, -0.75));
        }
      }
    p.setFont(small);
    p.setPen(theme_["text2"]);
    const QFontMetricsF m(small, this);
    for (std::size_t j = 0; j + 1 < n; ++j) {
      if (!upright_) {
        p.drawText(QRectF(lefts_[r] + cell_ * static_cast<qreal>(j) - 6, bottom + 2, cell_ + 12, theme_.px(16)), Qt::AlignCenter, heads_[j]);
        continue;
      }
      p.save();
      p.translate(lefts_[r] + cell_ * (static_cast<qreal>(j) + 0.5), bottom + 4);
      p.rotate(90);
      p.drawText(QRectF(0, -0.5 * theme_.px(16), height() - bottom - 6, theme_.px(16)), Qt::AlignLeft | Qt::AlignVCenter, m.elidedText(heads_[j], Qt::ElideRight, height() - bottom - 8));
      p.restore();
    }
  }
  draw_focus(p);
}

// ---- words gained and lost

WordsChanged::WordsChanged(Theme& theme, QWidget* parent) : PaintedView(theme, parent) {
  setAccessibleName(tr("Words gained and lost"));
  setMinimumSize(200, 150);
}

void WordsChanged::set_comparison(const ComparisonView* view) {
  view_ = view;
  gained_.clear();
  lost_.clear();
  if (view)
    for (const auto& [key, to] : {std::pair{"gained", &gained_}, {"lost", &lost_}})
      if (const Json& list = get(get(view->json, "words"), key); list.is_array())
        for (const auto& w : list)
          if (std::isfinite(number_of(w, "difference"))) to->push_back({text_of(w, "word"), safe(text_of(w, "word")), difference_of(w)});
  lay_out();
  update();
}

QString WordsChanged::caption() const {
  if (!view_ || view_->b < 0) return {};
  return tr("%1 − %2, all classes · %3").arg(text(view_->runs[static_cast<std::size_t>(view_->b)].letter), text(view_->runs[static_cast<std::size_t>(view_->a)].letter),
                                            by_line(*view_, text_of(get(view_->json, "words"), "method")));
}

QString WordsChanged::empty_sentence() const {
  if (!view_ || view_->b < 0) return tr("Words whose share of the score rose or fell stand here once two runs are compared.");
  return tr("No word gained or lost a share of the score that could be measured on these posts.");
}

void WordsChanged::lay_out() {
  std::vector<Item> items;
  const qreal room = height() - 8 - theme_.px(40);  // above the axis and its caption
  const std::size_t n = std::max<std::size_t>(2, static_cast<std::size_t>(room / theme_.px(17))), half = n / 2;
  shown_gained_ = std::min(gained_.size(), std::max(half, n - std::min(n, lost_.size())));
  shown_lost_ = std::min(lost_.size(), n - std::min(n, shown_gained_));
  const std::size_t shown = shown_gained_ + shown_lost_;
  row_height_ = shown ? std::min<qreal>(theme_.px(22), (room - 8) / static_cast<qreal>(shown)) : 20;
  reach_ = 0;
  for (const auto& [list, count] : {std::pair{&gained_, shown_gained_}, {&lost_, shown_lost_}})
    for (std::size_t i = 0; i < count; ++i)
      for (const double x : {(*list)[i].difference.value, (*list)[i].difference.low, (*list)[i].difference.high})
        if (std::isfinite(x)) reach_ = std::max(reach_, std::abs(x));
  if (reach_ == 0) reach_ = 1;
  for (std::size_t i = 0; i < shown; ++i) {
    const Row& r = i < shown_gained_ ? gained_[i] : lost_[shown_lost_ - 1 - (i - shown_gained_)];
    const QString said = tr("%1  %2 (%3)%4").arg(r.word, text(with_sign(r.difference.value, 4)), text(signed_interval(r.difference.low, r.difference.high, 4)), r.difference.clear ? QString() : tr("\nno clear difference"));
    items.push_back({QRectF(0, 8 + row_height_ * static_cast<qreal>(i) + (i >= shown_gained_ ? 8 : 0), width(), row_height_), static_cast<int>(i), said, said});
  }
  set_items(std::move(items));
}

std::string WordsChanged::word(int key) const {
  if (key < 0 || static_cast<std::size_t>(key) >= shown_gained_ + shown_lost_) return {};
  const auto i = static_cast<std::size_t>(key);
  return i < shown_gained_ ? gained_[i].key : lost_[shown_lost_ - 1 - (i - shown_gained_)].key;
}

QString WordsChanged::csv() const {
  QString out = QStringLiteral("word,difference,low,high,clear\n");
  for (const auto* list : {&gained_, &lost_})
    for (const Row& r : *list) out += QStringLiteral("%1,%2,%3,%4,%5\n").arg(csv_cell(r.word)).arg(r.difference.value, 0, 'g', 9).arg(r.difference.low, 0, 'g', 9).arg(r.difference.high, 0, 'g', 9).arg(r.difference.clear ? 1 : 0);
  return out;
}

void WordsChanged::paintEvent(QPaintEvent*) {
  QPainter p(this);
  p.fillRect(rect(), theme_["panel"]);
  if (items().empty()) {
    p.setFont(theme_.font("table"));
    p.setPen(theme_["text2"]);
    p.drawText(QRectF(rect()).adjusted(16, 8, -16, -8), Qt::AlignCenter | Qt::TextWordWrap, empty_sentence());
    draw_focus(p);
    return;
  }
  const QFont plain = theme_.font("table"), axis = theme_.font("axis");
  const qreal zero = std::round(width() / 2.0), half = width() / 2.0 - 22;
  const auto x = [&](double v) { return zero + half * std::clamp(v / reach_, -1.0, 1.0); };
  const qreal bottom = items().back().box.bottom() + 3;
  p.fillRect(QRectF(zero, 6, 1, bottom - 6), theme_["borderStrong"]);
  if (shown_gained_ && shown_lost_) p.fillRect(QRectF(12, items()[shown_gained_].box.top() - 4, width() - 24, 1), theme_["grid"]);
  for (std::size_t i = 0; i < items().size(); ++i) {
    const bool up = i < shown_gained_;
    const Row& r = up ? gained_[i] : lost_[shown_lost_ - 1 - (i - shown_gained_)];
    const QRectF box = items()[i].box;
    if (items()[i].key == ring()) p.fillRect(box, theme_["hover"]);
    const qreal h = std::min<qreal>(13, row_height_ - 4), y = box.center().y(), end = x(r.difference.value);
    QColor c = colour(up ? theme_.colours().for_stroke : theme_.colours().against_stroke);
    if (r.difference.clear) {
      p.fillRect(QRectF(std::min(zero, end), y - h / 2, std::max(1.0, std::abs(end - zero)), h), c);
    } else {  // hollow: not clear
      p.setPen(QPen(c, 1));
      p.setBrush(Qt::NoBrush);
      p.drawRect(QRectF(std::min(zero, end) + 0.5, y - h / 2 + 0.5, std::max(1.0, std::abs(end - zero) - 1), h - 1));
    }
    if (std::isfinite(r.difference.low) && std::isfinite(r.difference.high)) {
      p.setPen(QPen(theme_["text"], 1));
      const qreal l = x(r.difference.low), g = x(r.difference.high);
      p.drawLine(QPointF(l, y), QPointF(g, y));
      p.drawLine(QPointF(l, y - 3), QPointF(l, y + 3));
      p.drawLine(QPointF(g, y - 3), QPointF(g, y + 3));
    }
    p.setFont(plain);
    p.setPen(theme_[r.difference.clear ? "text" : "text2"]);
    const qreal room = half;
    const QString name = QFontMetricsF(plain, this).elidedText(r.word, Qt::ElideRight, room);
    // On the free side of the axis; an interval that crosses it pushes the word on.
    const qreal cross = up ? std::min(zero, std::isfinite(r.difference.low) ? x(r.difference.low) : zero) : std::max(zero, std::isfinite(r.difference.high) ? x(r.difference.high) : zero);
    if (up) p.drawText(QRectF(cross - 7 - room, box.top(), room, box.height()), Qt::AlignRight | Qt::AlignVCenter, name);
    else p.drawText(QRectF(cross + 8, box.top(), room, box.height()), Qt::AlignLeft | Qt::AlignVCenter, name);
  }
  p.setFont(axis);
  p.setPen(theme_["text3"]);
  const int decimals = reach_ < 0.01 ? 4 : reach_ < 0.1 ? 3 : 2;
  const bool halves = 5.6 * tabular_width(QFontMetricsF(axis, this), text(with_sign(reach_, decimals))) < width();
  for (const double t : {-1.0, -0.5, 0.0, 0.5, 1.0}) {
    if (!halves && std::abs(t) == 0.5) continue;
    const QString label = t == 0 ? QStringLiteral("0") : text(with_sign(t * reach_, decimals));
    const qreal w = tabular_width(QFontMetricsF(axis, this), label);
    p.fillRect(QRectF(std::round(x(t * reach_)), bottom, 1, 3), theme_["borderStrong"]);
    draw_tabular(p, QRectF(std::clamp(x(t * reach_) - w / 2, 2.0, width() - w - 2), bottom + 3, w, theme_.px(13)), Qt::AlignLeft, label);
  }
  p.setFont(theme_.font("caption"));
  const QString whole = tr("change of the share of positive score, 95 %");
  p.drawText(QRectF(0, bottom + theme_.px(16), width(), theme_.px(16)), Qt::AlignCenter, QFontMetricsF(p.font(), this).horizontalAdvance(whole) < width() - 4 ? whole : tr("change of share, 95 %"));
  draw_focus(p);
}

}  // namespace telltale::ui
