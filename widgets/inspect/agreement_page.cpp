#include "widgets/inspect/agreement_page.hpp"

#include <QComboBox>
#include <QHBoxLayout>
#include <QLabel>
#include <QVBoxLayout>
#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "report/numbers.hpp"
#include "widgets/unit_edit.hpp"

namespace telltale::ui {
namespace {

bool even(const std::vector<double>& scores) { return std::all_of(scores.begin(), scores.end(), [&](double s) { return s == scores.front(); }); }

}  // namespace

AgreementPage::AgreementPage(Theme& theme, QWidget* parent) : QWidget(parent), theme_(theme) {
  auto* column = new QVBoxLayout(this);
  column->setContentsMargins(8, 6, 8, 4);
  column->setSpacing(4);
  auto* row = new QHBoxLayout;
  row->setSpacing(6);
  measure_ = new QComboBox(this);
  measure_->setObjectName(QStringLiteral("small"));
  measure_->setAccessibleName(tr("Measure of agreement"));
  measure_->setSizeAdjustPolicy(QComboBox::AdjustToContents);
  for (const AgreementInfo& m : agreements()) {
    measure_->addItem(text(m.name), text(m.id));
    measure_->setItemData(measure_->count() - 1, tr("%1\n%2 to 1, 1: they agree%3").arg(text(m.definition), text(fixed(m.low, 0)), m.source.empty() ? QString() : QStringLiteral("\n") + text(m.source)), Qt::ToolTipRole);
  }
  k_name_ = new QLabel(tr("k"), this);
  k_name_->setObjectName(QStringLiteral("quiet"));
  k_name_->setFont(theme.font("caption"));
  k_ = new UnitEdit(theme, this);
  k_->setAccessibleName(tr("k of the agreement"));
  k_->setToolTip(tr("K: the words with the highest scores, a share of the post's words (20%, rounded up, at least one) or a count (10)"));
  k_->setFont(theme.font("caption"));
  k_->setFixedWidth(58);
  k_->setText(text(to_string(top_)));
  row->addWidget(measure_);
  row->addWidget(k_name_);
  row->addWidget(k_);
  row->addStretch(1);
  column->addLayout(row);
  matrix_ = new MethodMatrix(theme, tr("Agreement of the shown methods on this post"), this);
  column->addWidget(matrix_, 1);
  note_ = new QLabel(this);
  note_->setObjectName(QStringLiteral("caption"));
  note_->setFont(theme.font("axis"));
  note_->setTextFormat(Qt::PlainText);
  note_->setWordWrap(true);
  column->addWidget(note_);
  connect(measure_, &QComboBox::activated, this, &AgreementPage::draw);
  connect(k_, &QLineEdit::textEdited, this, [this](const QString& typed) {
    try {
      top_ = parse_top_k(QString(typed).remove(QLatin1Char(' ')).toStdString());
      k_->set_wrong(false);
      k_->setAccessibleDescription({});
      draw();
    } catch (const std::invalid_argument& e) {  // the last k stays until this is one
      k_->set_wrong(true);
      k_->setAccessibleDescription(text(e.what()));
      note_->setText(text(e.what()));
    }
  });
  connect(matrix_, &PaintedView::chosen, this, [this](int key) {
    const auto n = static_cast<int>(methods_.size());
    if (n < 2 || key < 0 || key >= n * n) return;
    const auto i = static_cast<std::size_t>(key / n), j = static_cast<std::size_t>(key % n);
    Q_EMIT pair_asked(text(methods_[j].id), text(methods_[i].id));
  });
  draw();
}

void AgreementPage::set_methods(std::vector<Scores> methods) {
  methods_ = std::move(methods);
  draw();
}

double AgreementPage::value(std::size_t a, std::size_t b, QString* why) const {
  const auto say = [&](const QString& reason) {
    if (why) *why = reason;
    return std::nan("");
  };
  for (const std::size_t m : {a, b})
    if (!methods_[m].post) return say(tr("%1 %2").arg(methods_[m].title, methods_[m].why_not));
  const auto &x = methods_[a].post->record.word_scores, &y = methods_[b].post->record.word_scores;
  if (x.size() != y.size()) return say(tr("the two have scores of other words"));
  if (x.empty()) return say(tr("this post has no words"));
  const double v = agreement(measure_->currentData().toString().toStdString(), x, y, top_);
  if (std::isfinite(v)) return v;
  for (const std::size_t m : {a, b})
    if (even(methods_[m].post->record.word_scores)) return say(tr("%1 gives every word the same score").arg(methods_[m].title));
  return say(tr("among these words one of the two has no differences"));
}

QString AgreementPage::figure(std::size_t a, std::size_t b) const {
  QString why;
  const double v = value(a, b, &why);
  return std::isfinite(v) ? tr("%1 %2").arg(measure_->currentText(), text(fixed(v, 2))) : tr("%1 –: %2").arg(measure_->currentText(), why);
}

void AgreementPage::draw() {
  const AgreementInfo& info = agreement_info(measure_->currentData().toString().toStdString());
  measure_->setToolTip(text(info.definition));
  k_name_->setVisible(info.uses_k);
  k_->setVisible(info.uses_k);
  const std::size_t n = methods_.size();
  std::vector<QString> names;
  std::vector<std::vector<double>> values(n, std::vector<double>(n, std::nan("")));
  std::vector<std::vector<QString>> tips(n, std::vector<QString>(n));
  for (const auto& m : methods_) names.push_back(m.title);
  for (std::size_t i = 0; i < n; ++i)
    for (std::size_t j = 0; j < i; ++j) {
      values[i][j] = value(i, j);
      tips[i][j] = tr("%1 and %2\n%3\na click puts the two side by side").arg(methods_[i].title, methods_[j].title, figure(i, j));
    }
  matrix_->set_values(names, values, tips, MethodMatrix::Scale::figure, info.low, tr("Tick at least two methods to see how much they agree on this post."));
  std::size_t words = 0;
  for (const auto& m : methods_)
    if (m.post) words = std::max(words, m.post->record.word_scores.size());
  note_->setText(n < 2 || words == 0 ? QString() : info.uses_k ? tr("1: they agree. K holds %1 of %2 words, signs as they are").arg(top_.of(words)).arg(words) : tr("1: they agree. Over the scores of %1 words, signs as they are").arg(words));
}

}  // namespace telltale::ui
