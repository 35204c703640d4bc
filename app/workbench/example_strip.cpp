#include "app/workbench/example_strip.hpp"

#include <QCoreApplication>
#include <QPainter>
#include <algorithm>
#include <cmath>

#include "report/comparison_view.hpp"
#include "report/numbers.hpp"
#include "store/store.hpp"
#include "widgets/compare/compared_post.hpp"
#include "widgets/painted_view.hpp"
#include "widgets/shell/words.hpp"

namespace telltale::ui {
namespace {

constexpr int most_words = 20, before_best = 8;
constexpr std::size_t most_posts = 200;

bool ends_paragraph(std::string_view gap) { return std::count(gap.begin(), gap.end(), '\n') > 1; }

/// Words around the one that B finds most telling, out of one paragraph.
std::vector<ExampleExcerpt::Word> words_around(const PairedPost& post, int best) {
  const auto gap = [&](int i) {  // between the words i and i + 1
    const auto from = static_cast<std::size_t>(post.words[static_cast<std::size_t>(i)].end), to = static_cast<std::size_t>(post.words[static_cast<std::size_t>(i) + 1].begin);
    return from <= to && to <= post.text.size() ? std::string_view(post.text).substr(from, to - from) : std::string_view();
  };
  const auto is = [&](int i, bool (QChar::*kind)() const) {
    const QString word = post.word(i);
    return std::any_of(word.begin(), word.end(), [&](QChar c) { return (c.*kind)(); });
  };
  const auto ends_sentence = [&](int i) { return QStringLiteral(".!?").contains(post.word(i)); };
  int from = best, to = best;
  while (from > 0 && best - from < before_best && !ends_paragraph(gap(from - 1)) && !ends_sentence(from - 1)) --from;
  while (from < best && !is(from, &QChar::isLetterOrNumber)) ++from;  // a comma begins nothing
  while (to + 1 < static_cast<int>(post.words.size()) && to - from + 1 < most_words && !ends_paragraph(gap(to))) ++to;
  std::vector<ExampleExcerpt::Word> out;
  for (int i = from; i <= to; ++i) {
    const auto& s = post.scores[static_cast<std::size_t>(i)];
    QString word = post.word(i);
    if (i < to) word += text(clean_utf8(gap(i))).simplified();  // full stops and commas stay with the word before
    if (s.size() >= 2) out.push_back({word.left(40), {s[0], s[1]}});
  }
  return out;
}

QString figures_of(const ComparisonView& v) {
  const auto contrast = static_cast<std::size_t>(std::max(0, v.contrast));
  QStringList parts;
  const auto add = [&](const QString& name, double a, double b, int decimals, const Difference& d) {
    if (!std::isfinite(a) || !std::isfinite(b)) return;
    parts << QStringLiteral("%1 %2 → %3").arg(name, text(fixed(a, decimals)), text(fixed(b, decimals))) + (d.clear ? QString() : QCoreApplication::translate("ExampleStrip", ", no clear difference"));
  };
  if (const Json& m = v.mean(v.judge, "overlap@"); !m.is_null())
    add(one_line(text_of(m, "metric")), number_of(get(get(m, "values"), static_cast<std::size_t>(v.a))), number_of(get(get(m, "values"), static_cast<std::size_t>(v.b))), 2, difference_of(get(get(m, "differences"), contrast)));
  const Json& accuracy = get(v.json, "accuracy");
  const Json& runs = get(accuracy, "runs");
  add(QCoreApplication::translate("ExampleStrip", "accuracy"), number_of(get(runs, static_cast<std::size_t>(v.a)), "accuracy"), number_of(get(runs, static_cast<std::size_t>(v.b)), "accuracy"), 3,
      difference_of(get(get(get(accuracy, "contrasts"), contrast), "accuracy")));
  return parts.join(QStringLiteral("   ·   "));
}

}  // namespace

std::optional<ExampleExcerpt> read_excerpt(const std::string& file) {
  const auto store = Store::open(file, Store::Mode::read);
  const auto heads = store->comparison_heads();
  if (heads.empty()) return std::nullopt;
  const Json document = store->comparison(heads.back().id).result;
  const ComparisonView v(document);
  const Json& posts = get(v.json, "posts");
  if (v.b < 0 || !posts.is_array()) return std::nullopt;
  PairedPtr best_post;
  const Json* best_json = nullptr;
  int best_word = -1;
  double best = 0;
  std::size_t looked = 0;
  for (const Json& p : posts) {
    if (++looked > most_posts) break;
    if (text_of(p, "method") != v.judge) continue;
    const PairedPtr post = painted_of(v, p);
    if (!post || post->rows.size() < 2) continue;
    for (std::size_t i = 0; i < post->scores.size() && i < post->words.size(); ++i) {
      // Letters only: a telling e-mail address makes no sentence.
      const QString word = post->word(static_cast<int>(i));
      if (post->scores[i].size() < 2 || word.size() < 3 || !std::all_of(word.begin(), word.end(), [](QChar c) { return c.isLetter(); })) continue;
      const double gain = (post->scores[i][1] - std::abs(post->scores[i][0])) / post->domain;
      if (gain > best && words_around(*post, static_cast<int>(i)).size() >= 10) best = gain, best_post = post, best_json = &p, best_word = static_cast<int>(i);
    }
  }
  if (!best_post) return std::nullopt;
  ExampleExcerpt out;
  out.words = words_around(*best_post, best_word);
  for (std::size_t k = 0; k < 2; ++k) {
    const RunView& run = v.runs[static_cast<std::size_t>(k == 0 ? v.a : v.b)];
    out.runs[k] = elided(one_line(run.name), 24);
    out.series[k] = run.series;
  }
  const auto names = short_names(v.classes);
  const auto label = std::find(v.classes.begin(), v.classes.end(), text_of(*best_json, "class")) - v.classes.begin();
  out.target = one_line(static_cast<std::size_t>(label) < names.size() ? names[static_cast<std::size_t>(label)] : text_of(*best_json, "class"));
  out.figures = figures_of(v);
  out.domain = best_post->domain;
  return out;
}

class ExampleStrip::Rows : public QWidget {
 public:
  Rows(Theme& theme, QWidget* parent) : QWidget(parent), theme_(theme) {
    connect(&theme, &Theme::changed, this, [this] { set_height(), update(); });
    set_height();
  }
  void set_excerpt(const ExampleExcerpt& excerpt) {
    excerpt_ = excerpt;
    QStringList read;
    for (const auto& w : excerpt.words) read << w.text;
    setAccessibleName(QCoreApplication::translate("ExampleStrip", "Words of a post as two runs read them"));
    setAccessibleDescription(read.join(QLatin1Char(' ')));
    update();
  }

 protected:
  void paintEvent(QPaintEvent*) override {
    QPainter p(this);
    p.setRenderHint(QPainter::Antialiasing);
    const QFont font = theme_.font("post");
    const QFontMetricsF metrics(font, this);
    const qreal row = theme_.px(29), top = theme_.px(11), space = metrics.horizontalAdvance(QLatin1Char(' ')) + 3;
    qreal gutter = 0;
    for (const QString& name : excerpt_.runs) gutter = std::max(gutter, QFontMetricsF(theme_.font("table", Theme::Weight::medium), this).horizontalAdvance(name));
    gutter += 14 + 18 + theme_.px(24);
    for (std::size_t r = 0; r < 2; ++r) {
      const qreal y = top + row * static_cast<qreal>(r);
      p.setPen(Qt::NoPen);
      p.setBrush(theme_.series(static_cast<std::size_t>(excerpt_.series[r])));
      p.drawRoundedRect(QRectF(14, y + row / 2 - 5, 10, 10), 2, 2);
      p.setFont(theme_.font("table", Theme::Weight::medium));
      p.setPen(theme_["text"]);
      p.drawText(QRectF(32, y, gutter - 32, row), Qt::AlignVCenter, excerpt_.runs[r]);
      p.setFont(font);
      qreal x = gutter;
      for (const auto& w : excerpt_.words) {
        const qreal wide = metrics.horizontalAdvance(w.text);
        if (x + wide + 4 > width() - 12) break;
        const Cell look = theme_.colours().heat(w.scores[r], excerpt_.domain);
        if (look.ground != theme_.colours()["panel"]) {
          p.setPen(Qt::NoPen);
          p.setBrush(colour(look.ground));
          p.drawRoundedRect(QRectF(x - 3, y + 2, wide + 6, row - 4), 3, 3);
        }
        p.setPen(look.ground != theme_.colours()["panel"] ? colour(look.ink) : theme_["text"]);
        p.drawText(QPointF(x, y + row / 2 + (metrics.ascent() - metrics.descent()) / 2), w.text);
        x += wide + space + 3;
      }
    }
  }

 private:
  void set_height() { setFixedHeight(static_cast<int>(theme_.px(29) * 2 + theme_.px(22))); }
  Theme& theme_;
  ExampleExcerpt excerpt_;
};

class ExampleStrip::Legend : public QWidget {
 public:
  Legend(Theme& theme, QWidget* parent) : QWidget(parent), theme_(theme) {
    connect(&theme, &Theme::changed, this, [this] { updateGeometry(), update(); });
  }
  void set_target(const QString& target) {
    against_ = QCoreApplication::translate("ExampleStrip", "against %1").arg(target);
    for_ = QCoreApplication::translate("ExampleStrip", "for %1").arg(target);
    setAccessibleName(against_ + QStringLiteral(", ") + for_);
    updateGeometry();
  }
  QSize sizeHint() const override {
    const QFontMetricsF m(theme_.font("caption"), this);
    return {static_cast<int>(std::ceil(m.horizontalAdvance(against_) + m.horizontalAdvance(for_))) + bar + 24, static_cast<int>(theme_.px(20))};
  }

 protected:
  void paintEvent(QPaintEvent*) override {
    QPainter p(this);
    p.setFont(theme_.font("caption"));
    p.setPen(theme_["text2"]);
    const QFontMetricsF m(p.font(), this);
    const qreal left = m.horizontalAdvance(against_) + 10;
    p.drawText(QRectF(0, 0, left, height()), Qt::AlignVCenter, against_);
    draw_heat_bar(p, QRectF(left, height() / 2.0 - 4.5, bar, 9), theme_.colours());
    p.setPen(theme_["text2"]);
    p.drawText(QRectF(left + bar + 10, 0, width() - left - bar - 10, height()), Qt::AlignVCenter, for_);
  }

 private:
  static constexpr int bar = 150;
  Theme& theme_;
  QString against_, for_;
};

ExampleStrip::ExampleStrip(Theme& theme, QWidget* parent) : Panel(theme, tr("In the example"), parent) {
  set_caption(tr("one post, two runs, the words that decided"));
  rows_ = new Rows(theme, this);
  body()->addWidget(rows_);
  add_hairline();
  auto* foot = new QHBoxLayout;
  foot->setContentsMargins(14, 5, 14, 6);
  foot->setSpacing(20);
  legend_ = new Legend(theme, this);
  legend_->setSizePolicy(QSizePolicy::Fixed, QSizePolicy::Fixed);
  figures_ = new ElidedLabel(theme, this);
  figures_->set_style(theme.font("caption"), "text2");
  foot->addWidget(legend_);
  foot->addStretch(1);
  foot->addWidget(figures_);
  body()->addLayout(foot);
  hide();
}

void ExampleStrip::read(const QString& file) {
  if (file.isEmpty() || filled_ || reading_) return;
  reading_ = true;
  reader_ = std::jthread([this, path = file.toStdString()] {
    std::optional<ExampleExcerpt> excerpt;
    try {
      excerpt = read_excerpt(path);
    } catch (const std::exception&) {  // opening the example says what is wrong with it
    }
    QMetaObject::invokeMethod(this, [this, excerpt = std::move(excerpt)] {
      reading_ = false;
      if (excerpt) show_excerpt(*excerpt);
    });
  });
}

void ExampleStrip::show_excerpt(const ExampleExcerpt& excerpt) {
  rows_->set_excerpt(excerpt);
  legend_->set_target(excerpt.target);
  figures_->set_text(excerpt.figures);
  filled_ = !excerpt.words.empty();
  Q_EMIT changed();
}

}  // namespace telltale::ui
