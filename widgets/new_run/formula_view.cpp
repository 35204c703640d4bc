#include "widgets/new_run/formula_view.hpp"

#include <QGridLayout>
#include <QPainter>
#include <cmath>

namespace telltale::ui {
/// A member of FormulaView::Block refers to it: not of an unnamed namespace.
struct FormulaTerm {
  const char *id, *setting, *weight, *name;
  int series;  ///< −1: grey
};

namespace {

// Colours as in the charts of the loss terms.
constexpr FormulaTerm terms[] = {{"class", "weight.class", "class", "class", 0}, {"attribution", "weight.attribution", "att", "attribution", 1}, {"cls", "weight.cls", "cls", "[CLS]", 2},
                          {"positive", "weight.positive", "pos", "positive", 5}, {"negative", "weight.negative", "neg", "negative", 4}, {"overlap", "weight.overlap", "ovl", "overlap penalty", 3},
                          {"prior", "weight.prior", "prior", "shared-word prior", -1}};

QString formula_of(const QString& id, const ObjectiveOptions& o) {
  if (id == QLatin1String("class")) return QStringLiteral("CE(z, y)");
  if (id == QLatin1String("attribution")) return QStringLiteral("triplet(A)");
  if (id == QLatin1String("cls")) return QStringLiteral("triplet(r)");
  if (id == QLatin1String("positive")) return QStringLiteral("JSD(p ‖ p′)");
  if (id == QLatin1String("overlap")) return QStringLiteral("Σ a_{t} M_{r}(w_{t})");
  if (id == QLatin1String("prior")) return QStringLiteral("Σ |A_{t}| s(w_{t})");
  switch (o.negative) {
    case NegativeTerm::jsd: return QStringLiteral("JSD(p″ ‖ U_{y})");
    case NegativeTerm::entropy: return QStringLiteral("(1 − H(p″)/ln C)");
    case NegativeTerm::margin: return QStringLiteral("max(0, m + Δz″)");
  }
  return {};
}

}  // namespace

qreal formula_text(QPainter* p, const QPointF& baseline, const QString& s, const QFont& font) {
  QFont small = font;
  small.setPixelSize(std::max(8, font.pixelSize() * 3 / 4));
  qreal x = baseline.x();
  for (qsizetype i = 0; i < s.size();) {
    const bool sub = s.mid(i, 2) == QLatin1String("_{");
    const qsizetype end = sub ? s.indexOf(QLatin1Char('}'), i) : s.indexOf(QLatin1String("_{"), i);
    const qsizetype stop = end < 0 ? s.size() : end;
    const QString part = sub ? s.mid(i + 2, stop - i - 2) : s.mid(i, stop - i);
    const QFont& f = sub ? small : font;
    if (p) {
      p->setFont(f);
      p->drawText(QPointF(x, baseline.y() + (sub ? font.pixelSize() / 4.0 : 0)), part);
    }
    x += QFontMetricsF(f).horizontalAdvance(part);
    i = stop + (sub && end >= 0 ? 1 : 0);
  }
  return x - baseline.x();
}

/// One term: a bar of its colour, its formula, its weight.
class FormulaView::Block : public QWidget {
 public:
  Block(Theme& theme, const FormulaTerm& term, bool first, QWidget* parent) : QWidget(parent), theme_(theme), term_(term), first_(first) {
    auto* all = new QGridLayout(this);
    all->setContentsMargins(16, 34, 6, 2);
    all->setHorizontalSpacing(4);
    all->setVerticalSpacing(0);
    field_ = new SettingField(theme, setting_info(term.setting), this);
    field_->dot()->setParent(this);
    field_->editor()->setMaximumWidth(96);
    all->addWidget(field_->editor(), 0, 0);
    all->addWidget(field_->dot(), 0, 1);
    all->addWidget(field_->note(), 1, 0, 1, 3);
    all->setColumnStretch(2, 1);
    field_->label()->hide();
    setAccessibleName(QString::fromUtf8(term.name));
    connect(&theme, &Theme::changed, this, qOverload<>(&QWidget::update));
  }

  SettingField* field() { return field_; }
  QString id() const { return QString::fromLatin1(term_.id); }
  bool lit() const { return lit_; }
  void light(bool on) {
    if (on != lit_) lit_ = on, update();
  }
  void show_settings(const TrainingSettings& s) {
    formula_ = QStringLiteral("w_{%1} ").arg(QString::fromUtf8(term_.weight)) + formula_of(id(), s.objective);
    off_ = s.objective.*weight() == 0;
    setToolTip(text(setting_info(term_.setting).meaning));
    update();
  }
  double ObjectiveOptions::*weight() const {
    static const std::map<std::string, double ObjectiveOptions::*, std::less<>> all = {
        {"class", &ObjectiveOptions::weight_class}, {"attribution", &ObjectiveOptions::weight_attribution}, {"cls", &ObjectiveOptions::weight_cls}, {"positive", &ObjectiveOptions::weight_positive},
        {"negative", &ObjectiveOptions::weight_negative}, {"overlap", &ObjectiveOptions::weight_overlap}, {"prior", &ObjectiveOptions::weight_prior}};
    return all.at(term_.id);
  }
  QSize sizeHint() const override { return {136, 88}; }

 protected:
  void paintEvent(QPaintEvent*) override {
    QPainter p(this);
    p.setRenderHint(QPainter::Antialiasing);
    if (lit_) {
      p.setPen(Qt::NoPen);
      p.setBrush(theme_["accentSoft"]);
      p.drawRoundedRect(QRectF(rect()).adjusted(10, 2, -1, -1), 3, 3);
    }
    QColor bar = term_.series < 0 ? theme_["text3"] : theme_.series(static_cast<std::size_t>(term_.series));
    if (off_) bar.setAlphaF(0.35);
    p.fillRect(QRectF(16, 4, std::min<qreal>(width() - 24, 96), 3), bar);
    p.setPen(theme_[off_ && !lit_ ? "text3" : "text"]);
    const QFont font = theme_.font("ui");
    if (!first_) p.setFont(font), p.drawText(QPointF(3, 25), QStringLiteral("+"));
    formula_text(&p, {16, 25}, formula_, font);
  }

 private:
  Theme& theme_;
  const FormulaTerm& term_;
  SettingField* field_;
  QString formula_;
  bool first_, lit_ = false, off_ = false;
};

FormulaView::FormulaView(Theme& theme, QWidget* parent) : QWidget(parent), theme_(theme) {
  setAccessibleName(tr("Formula of the loss"));
  auto* grid = new QGridLayout(this);
  grid->setContentsMargins(8, 6, 8, 4);
  grid->setSpacing(0);
  grid->setVerticalSpacing(2);
  auto* l = new QLabel(QStringLiteral("L ="), this);
  l->setFixedHeight(36);
  l->setAlignment(Qt::AlignLeft | Qt::AlignVCenter);
  grid->addWidget(l, 0, 0, Qt::AlignTop);
  for (const FormulaTerm& t : terms) blocks_.push_back(new Block(theme, t, &t == terms, this));
  arrange(5);
}

std::vector<SettingField*> FormulaView::fields() const {
  std::vector<SettingField*> out;
  for (Block* b : blocks_) out.push_back(b->field());
  return out;
}

void FormulaView::light(const QString& names) {
  const QStringList wanted = names.split(QStringLiteral(", "));
  for (Block* b : blocks_) b->light(wanted.contains(b->id()));
}

QStringList FormulaView::lit() const {
  QStringList out;
  for (Block* b : blocks_)
    if (b->lit()) out << b->id();
  return out;
}

void FormulaView::show_settings(const TrainingSettings& s) {
  for (Block* b : blocks_) b->show_settings(s);
}

void FormulaView::resizeEvent(QResizeEvent* e) {
  QWidget::resizeEvent(e);
  arrange(width() >= 1010 ? 7 : width() >= 720 ? 5 : width() >= 580 ? 4 : width() >= 440 ? 3 : 2);
}

void FormulaView::arrange(int columns) {
  if (columns == columns_) return;
  columns_ = columns;
  auto* grid = static_cast<QGridLayout*>(layout());
  for (std::size_t k = 0; k < blocks_.size(); ++k) {
    grid->removeWidget(blocks_[k]);
    grid->addWidget(blocks_[k], static_cast<int>(k) / columns, 1 + static_cast<int>(k) % columns);
  }
  for (int c = 1; c <= 7; ++c) grid->setColumnStretch(c, c <= columns ? 1 : 0);
}

}  // namespace telltale::ui
