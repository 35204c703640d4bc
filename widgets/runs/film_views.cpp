#include "widgets/runs/film_views.hpp"

#include <QMouseEvent>
#include <QPaintEvent>
#include <QPainterPath>
#include <algorithm>
#include <cmath>
#include <optional>

#include "report/numbers.hpp"
#include "report/post_text.hpp"

namespace telltale::ui {
namespace {

constexpr qreal line = 23, pad = 4, value_width = 54;

/// The stretch of `room` characters that holds most of what was ever scored.
std::size_t best_start(const FilmPost& post, int room) {
  std::size_t best = 0, from = 0;
  double sum = 0, most = -1;
  int length = 0;
  std::vector<double> mass;
  for (const FilmWord& w : post.words) {
    double m = 0;
    for (const double s : w.scores)
      if (!std::isnan(s)) m += std::abs(s);
    mass.push_back(m);
  }
  for (std::size_t to = 0; to < post.words.size(); ++to) {
    sum += mass[to];
    length += static_cast<int>(post.words[to].text.size()) + 1;
    while (length > room && from < to) {
      sum -= mass[from];
      length -= static_cast<int>(post.words[from].text.size()) + 1;
      ++from;
    }
    if (sum > most * 1.0001) most = sum, best = from;
  }
  return best;
}

QString one_line(const std::string& s) {
  QString out = text(s).simplified();
  out.removeIf([](QChar c) { return (c.unicode() >= 0x202A && c.unicode() <= 0x202E) || (c.unicode() >= 0x2066 && c.unicode() <= 0x2069); });
  return out;
}

}  // namespace

FilmStrip::FilmStrip(Theme& theme, QWidget* parent) : PaintedView(theme, parent) {
  setAccessibleName(tr("Pinned posts at the shown step"));
  connect(this, &PaintedView::chosen, this, [this](int key) {
    if (key < 0 || static_cast<std::size_t>(key) >= documents_.size()) return;
    chosen_ = documents_[static_cast<std::size_t>(key)];
    update();
    Q_EMIT document_chosen(chosen_);
  });
}

void FilmStrip::set_films(std::vector<ShownFilm> films) {
  films_ = std::move(films);
  std::stable_sort(films_.begin(), films_.end(), [](const ShownFilm& a, const ShownFilm& b) { return a.series < b.series; });
  documents_.clear();
  for (const ShownFilm& f : films_)
    for (const FilmPost& p : f.film->posts)
      if (std::find(documents_.begin(), documents_.end(), p.document) == documents_.end()) documents_.push_back(p.document);
  if (std::find(documents_.begin(), documents_.end(), chosen_) == documents_.end()) chosen_ = documents_.empty() ? 0 : documents_.front();
  lay_out();
  update();
}

void FilmStrip::set_step(double step) {
  step_ = step;
  lay_out();
  update();
}

void FilmStrip::set_chosen(std::int64_t document) {
  chosen_ = document;
  update();
}

double FilmStrip::domain() const {
  double d = 0;
  for (const ShownFilm& f : films_)
    for (const FilmPost& p : f.film->posts) d = std::max(d, p.domain);
  return d > 0 ? d : 1;
}

int FilmStrip::needed_height() const {
  std::size_t lines = 0;
  for (const std::int64_t id : documents_)
    for (const ShownFilm& f : films_) lines += std::any_of(f.film->posts.begin(), f.film->posts.end(), [&](const FilmPost& p) { return p.document == id; });
  return static_cast<int>(line * static_cast<qreal>(lines) + 2 * pad * static_cast<qreal>(documents_.size()));
}

void FilmStrip::lay_out() {
  rows_.clear();
  std::vector<Item> items;
  qreal y = 0;
  const QFontMetricsF label_metrics(theme_.font("table", Theme::Weight::medium), this), words(theme_.font("ui"), this);
  label_width_ = 60;
  for (const ShownFilm& f : films_)
    for (const FilmPost& p : f.film->posts) label_width_ = std::max(label_width_, label_metrics.horizontalAdvance(one_line(p.label)) + 22);
  label_width_ = std::min(label_width_, width() * 0.25);
  const int room = std::max(10, static_cast<int>((width() - label_width_ - 24 - value_width) / (words.averageCharWidth() * 0.9)));
  for (std::size_t k = 0; k < documents_.size(); ++k) {
    const qreal top = y;
    y += pad;
    QString tip;
    std::optional<std::size_t> start;  // the same for all runs: they are compared word by word
    for (std::size_t i = 0; i < films_.size(); ++i) {
      const auto& posts = films_[i].film->posts;
      const auto it = std::find_if(posts.begin(), posts.end(), [&](const FilmPost& p) { return p.document == documents_[k]; });
      if (it == posts.end()) continue;
      if (!start) start = best_start(*it, room);
      rows_.push_back({documents_[k], i, static_cast<std::size_t>(it - posts.begin()), y, std::min(*start, it->words.empty() ? 0 : it->words.size() - 1)});
      y += line;
      const std::size_t frame = frame_at(*films_[i].film, step_);
      if (tip.isEmpty()) tip = QStringLiteral("%1 · %2").arg(one_line(it->external_id), one_line(it->label));
      const int predicted = it->predicted[frame];
      const QString as = predicted >= 0 && static_cast<std::size_t>(predicted) < films_[i].film->classes.size() ? one_line(films_[i].film->classes[static_cast<std::size_t>(predicted)]) : QStringLiteral("–");
      tip += QStringLiteral("\n") + tr("%1: p %2 for the class, predicted %3, delta %4").arg(films_[i].name, text(fixed(it->probability[frame])), as, text(fixed(it->delta[frame], 4)));
    }
    y += pad;
    items.push_back({QRectF(0, top, width(), y - top), static_cast<int>(k), tip, tip});
  }
  set_items(std::move(items));
  setMinimumHeight(static_cast<int>(y));
}

void FilmStrip::paintEvent(QPaintEvent* e) {
  QPainter p(this);
  p.setRenderHint(QPainter::Antialiasing);
  p.fillRect(e->rect(), theme_["panel"]);
  const double scale = domain();
  const QFont font = theme_.font("ui"), label = theme_.font("table", Theme::Weight::medium), small = theme_.font("table");
  const QFontMetricsF m(font, this);
  const qreal space = m.horizontalAdvance(QLatin1Char(' ')) + theme_.spacing("wordSpacing"), x0 = label_width_ + 18, right = width() - value_width - 6;
  for (std::size_t k = 0; k < items().size(); ++k) {
    const QRectF box = items()[k].box;
    if (documents_[k] == chosen_ && documents_.size() > 1) p.fillRect(QRectF(0, box.top() + 1, 3, box.height() - 1), theme_["accent"]);
    if (k > 0) p.fillRect(QRectF(0, box.top(), width(), 1), theme_["border"]);
  }
  for (const Row& row : rows_) {
    const ShownFilm& shown = films_[row.film];
    const FilmPost& post = shown.film->posts[row.post];
    const std::size_t frame = frame_at(*shown.film, step_);
    const bool first = &row == &rows_.front() || (&row - 1)->document != row.document;
    const qreal y = row.y, base = y + line / 2 + (m.ascent() - m.descent()) / 2;
    if (first) {
      std::size_t lines = 0;
      for (const Row& r : rows_) lines += r.document == row.document;
      p.setFont(label);
      p.setPen(theme_["text"]);
      p.drawText(QRectF(10, y, label_width_ - 14, line * static_cast<qreal>(lines)), Qt::AlignVCenter | Qt::AlignLeft, QFontMetricsF(label).elidedText(one_line(post.label), Qt::ElideRight, label_width_ - 14));
    }
    p.setPen(Qt::NoPen);
    p.setBrush(theme_.series(static_cast<std::size_t>(shown.series)));
    p.drawRoundedRect(QRectF(label_width_, y + line / 2 - 4.5, 9, 9), 2, 2);
    p.setFont(small);
    p.setPen(theme_["text2"]);
    draw_tabular(p, QRectF(width() - value_width - 8, y, value_width, line), Qt::AlignRight, std::isnan(post.probability[frame]) ? QStringLiteral("–") : tr("p %1").arg(text(fixed(post.probability[frame]))));
    p.setFont(font);
    qreal x = x0;
    if (row.first_word > 0) {
      p.setPen(theme_["text3"]);
      p.drawText(QPointF(x, base), QStringLiteral("…"));
      x += m.horizontalAdvance(QStringLiteral("…")) + space;
    }
    for (std::size_t w = row.first_word; w < post.words.size(); ++w) {
      const FilmWord& word = post.words[w];
      // What stands between the words (marks, no blanks) is drawn too, so that the text reads as it is.
      QString between;
      if (w > row.first_word && word.span.begin > post.words[w - 1].span.end)
        between = one_line(clean_utf8(std::string_view(post.text).substr(static_cast<std::size_t>(post.words[w - 1].span.end), static_cast<std::size_t>(std::min<std::int64_t>(word.span.begin - post.words[w - 1].span.end, 40)))));
      const QString shown_word = one_line(word.text);
      const qreal width_between = between.isEmpty() ? 0 : m.horizontalAdvance(between), width_word = m.horizontalAdvance(shown_word);
      if (x + width_between + width_word + space * 2 > right) {
        p.setPen(theme_["text3"]);
        if (x < right) p.drawText(QPointF(x, base), QStringLiteral("…"));
        break;
      }
      if (!between.isEmpty()) {
        p.setPen(theme_["text3"]);
        p.drawText(QPointF(x - space / 2, base), between);
        x += width_between;
      }
      const double score = word.scores[frame];
      if (!std::isnan(score)) {
        const Cell cell = theme_.colours().heat(score, scale, 0.8);
        if (!(cell.ground == theme_.colours()["panel"])) {
          p.setPen(Qt::NoPen);
          p.setBrush(colour(cell.ground));
          p.drawRoundedRect(QRectF(x - 2, y + 2, width_word + 4, line - 4), theme_.spacing("radius"), theme_.spacing("radius"));
        }
        p.setPen(colour(cell.ink));
      } else {
        p.setPen(theme_["text3"]);
      }
      p.drawText(QPointF(x, base), shown_word);
      x += width_word + space;
    }
  }
  draw_focus(p);
}

void FilmStrip::mouseDoubleClickEvent(QMouseEvent* e) {
  for (std::size_t i = rows_.size(); i-- > 0;)
    if (e->position().y() >= rows_[i].y && e->position().y() < rows_[i].y + line) return Q_EMIT document_asked(films_[rows_[i].film].film->run, rows_[i].document);
}

BumpChart::BumpChart(Theme& theme, QWidget* parent) : PaintedView(theme, parent) {
  setAccessibleName(tr("Ranks of the first words over the steps"));
}

void BumpChart::set_post(std::shared_ptr<const RunFilm> film, std::size_t post) {
  film_ = std::move(film);
  post_ = post;
  ranks_ = film_->posts[post_].ranks(top);
  lay_out();
  update();
}

void BumpChart::clear() {
  film_.reset();
  ranks_ = {};
  set_items({});
  update();
}

void BumpChart::set_frame(std::size_t frame) {
  frame_ = frame;
  update();
}

QPointF BumpChart::place(int rank, std::size_t frame) const {
  const qreal left = 26, right = width() - 92, head = 22, bottom = height() - 14;
  const double begin = static_cast<double>(film_->steps.front()), end = static_cast<double>(film_->steps.back());
  const double at = end > begin ? (static_cast<double>(film_->steps[frame]) - begin) / (end - begin) : 1;
  const double row = rank <= 0 || rank > top ? top + 0.55 : rank - 1;
  return {left + (right - left) * at, head + (bottom - head) * row / (top + 0.55)};
}

void BumpChart::lay_out() {
  std::vector<Item> items;
  if (film_ && !film_->steps.empty()) {
    const FilmPost& post = film_->posts[post_];
    for (std::size_t k = 0; k < ranks_.among.size(); ++k) {
      const int last = ranks_.rank[k].back();
      const QString word = one_line(post.words[ranks_.among[k]].text);
      QStringList way;
      for (std::size_t f = 0; f < ranks_.rank[k].size(); ++f)
        if (f == 0 || ranks_.rank[k][f] != ranks_.rank[k][f - 1]) way << tr("step %1: %2").arg(text(thousands(film_->steps[f]))).arg(ranks_.rank[k][f] ? QString::number(ranks_.rank[k][f]) : QStringLiteral("–"));
      if (way.size() > 12) way = QStringList(way.mid(0, 6)) + QStringList{QStringLiteral("…")} + way.mid(way.size() - 5);
      if (last < 1 || last > top) continue;
      const QPointF at = place(last, film_->steps.size() - 1);
      items.push_back({QRectF(at.x() - 6, at.y() - 8, width() - at.x() + 6, 16), static_cast<int>(k), word + QStringLiteral("\n") + way.join(QLatin1Char('\n')), tr("%1, rank %2").arg(word).arg(last)});
    }
  }
  set_items(std::move(items));
}

void BumpChart::paintEvent(QPaintEvent* e) {
  QPainter p(this);
  p.setRenderHint(QPainter::Antialiasing);
  p.fillRect(e->rect(), theme_["panel"]);
  p.setFont(theme_.font("caption"));
  p.setPen(theme_["text3"]);
  p.drawText(QRectF(10, 2, width() - 14, 16), Qt::AlignLeft | Qt::AlignVCenter, tr("First five words over the steps"));
  if (!film_ || film_->steps.empty()) return;
  const FilmPost& post = film_->posts[post_];
  p.setFont(theme_.font("axis"));
  for (int r = 1; r <= top; ++r) {
    const qreal y = place(r, 0).y();
    p.setPen(QPen(theme_["grid"], 1));
    p.drawLine(QPointF(26, y), QPointF(width() - 92, y));
    p.setPen(theme_["text3"]);
    draw_tabular(p, QRectF(6, y - 7, 14, 14), Qt::AlignRight, QString::number(r));
  }
  const qreal now = place(1, std::min(frame_, film_->steps.size() - 1)).x();
  p.setPen(QPen(theme_["text2"], 1));
  p.drawLine(QPointF(now, 18), QPointF(now, height() - 4));
  int place_in_order = 0;
  for (std::size_t k = 0; k < ranks_.among.size(); ++k) {
    const auto& rank = ranks_.rank[k];
    const bool in_at_end = rank.back() >= 1 && rank.back() <= top, ringed = ring() == static_cast<int>(k);
    QColor ink = in_at_end ? theme_.series(static_cast<std::size_t>(place_in_order++ % 5)) : theme_["textDisabled"];
    QPainterPath path;
    for (std::size_t f = 0; f < rank.size(); ++f) {
      const QPointF at = place(rank[f], f);
      if (f == 0) path.moveTo(at);
      else path.cubicTo((path.currentPosition().x() + at.x()) / 2, path.currentPosition().y(), (path.currentPosition().x() + at.x()) / 2, at.y(), at.x(), at.y());
    }
    p.setBrush(Qt::NoBrush);
    p.setPen(QPen(ink, ringed ? 2.6 : in_at_end ? 1.6 : 1, in_at_end ? Qt::SolidLine : Qt::DotLine));
    p.drawPath(path);
    p.setPen(Qt::NoPen);
    p.setBrush(ink);
    for (std::size_t f = 0; f < rank.size(); ++f)
      if (rank[f] >= 1 && rank[f] <= top && rank.size() <= 40) p.drawEllipse(place(rank[f], f), 2.2, 2.2);
    if (!in_at_end) continue;
    const QPointF end = place(rank.back(), rank.size() - 1);
    p.setFont(theme_.font("caption", ringed ? Theme::Weight::semibold : Theme::Weight::regular));
    p.setPen(theme_["text"]);
    const QFontMetricsF m(p.font());
    p.drawText(QRectF(end.x() + 7, end.y() - 8, width() - end.x() - 10, 16), Qt::AlignLeft | Qt::AlignVCenter, m.elidedText(one_line(post.words[ranks_.among[k]].text), Qt::ElideRight, width() - end.x() - 12));
  }
  draw_focus(p);
}

void BumpChart::mousePressEvent(QMouseEvent* e) {
  PaintedView::mousePressEvent(e);
  if (!film_ || film_->steps.empty() || e->position().x() > width() - 90) return;
  std::size_t best = 0;
  for (std::size_t f = 1; f < film_->steps.size(); ++f)
    if (std::abs(place(1, f).x() - e->position().x()) < std::abs(place(1, best).x() - e->position().x())) best = f;
  Q_EMIT frame_asked(static_cast<int>(best));
}

}  // namespace telltale::ui
