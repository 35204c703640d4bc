#include "widgets/simulate/simulate_result.hpp"

#include <QFileDialog>
#include <QHeaderView>
#include <QLabel>
#include <QPainter>
#include <QPushButton>
#include <QStyledItemDelegate>
#include <QTableWidget>
#include <QVBoxLayout>
#include <cmath>

#include "base/files.hpp"
#include "report/html.hpp"
#include "report/numbers.hpp"
#include "widgets/inspect/explain_bar.hpp"
#include "widgets/painted_view.hpp"
#include "widgets/simulate/shares_plot.hpp"

namespace telltale::ui {
namespace {

QString seconds(double s) { return std::isfinite(s) ? QObject::tr("%1 s").arg(ui::text(fixed(s, 1))) : QStringLiteral("–"); }
QString signed_seconds(double s) { return QObject::tr("%1 s").arg(ui::text(with_sign(s, 1))); }

/// Rows with a hairline under each; a heavier one and a little grey between the groups of two.
class ResultDelegate : public QStyledItemDelegate {
 public:
  ResultDelegate(Theme& theme, QObject* parent) : QStyledItemDelegate(parent), theme_(theme) {}
  QSize sizeHint(const QStyleOptionViewItem& option, const QModelIndex& index) const override { return QStyledItemDelegate::sizeHint(option, index) + QSize(12, 0); }
  void paint(QPainter* p, const QStyleOptionViewItem& option, const QModelIndex& index) const override {
    const QRectF box = option.rect;
    const bool selected = option.state & QStyle::State_Selected, pair_ends = index.row() % 2 == 1;
    p->fillRect(box, theme_[selected ? "selection" : "panel"]);
    p->fillRect(QRectF(box.left(), box.bottom(), box.width(), 1), theme_[pair_ends ? "border" : "grid"]);
    p->setFont(theme_.font("table", index.row() < 2 ? Theme::Weight::semibold : Theme::Weight::regular));
    p->setPen(theme_[selected ? "selectionText" : "text"]);
    const QRectF inside = box.adjusted(index.column() == 0 ? 12 : 2, 0, -8, 0);
    const QString words = index.data().toString();
    if (index.column() == 0) p->drawText(inside, Qt::AlignLeft | Qt::AlignVCenter, p->fontMetrics().elidedText(words, Qt::ElideRight, static_cast<int>(inside.width())));
    else draw_tabular(*p, inside, Qt::AlignRight, words);
  }

 private:
  Theme& theme_;
};

/// Small and grey, over the numbers.
class ResultHead : public QHeaderView {
 public:
  ResultHead(Theme& theme, QWidget* parent) : QHeaderView(Qt::Horizontal, parent), theme_(theme) {}

 protected:
  QSize sectionSizeFromContents(int section) const override { return {QFontMetrics(theme_.font("caption")).horizontalAdvance(model()->headerData(section, Qt::Horizontal).toString()) + 16, theme_.spacing("row")}; }
  void paintSection(QPainter* p, const QRect& box, int section) const override {
    p->fillRect(box, theme_["panel"]);
    p->fillRect(QRect(box.left(), box.bottom(), box.width(), 1), theme_["border"]);
    p->setFont(theme_.font("caption"));
    p->setPen(theme_["text2"]);
    p->drawText(box.adjusted(section == 0 ? 12 : 2, 0, -8, 0), (section == 0 ? Qt::AlignLeft : Qt::AlignRight) | Qt::AlignVCenter, model()->headerData(section, Qt::Horizontal).toString());
  }

 private:
  Theme& theme_;
};

}  // namespace

SimulateResult::SimulateResult(Theme& theme, QWidget* parent) : QWidget(parent), theme_(theme) {
  auto* column = new QVBoxLayout(this);
  column->setContentsMargins(24, 18, 24, 16);
  column->setSpacing(10);
  const auto label = [&](const QFont& font) {
    auto* l = new QLabel(this);
    l->setFont(font);
    l->setWordWrap(true);
    l->setTextFormat(Qt::PlainText);
    l->setTextInteractionFlags(Qt::TextSelectableByMouse | Qt::TextSelectableByKeyboard);
    column->addWidget(l);
    return l;
  };
  title_ = label(theme.font("title", Theme::Weight::semibold));
  accuracy_ = label(theme.font("ui"));
  plot_ = new SharesPlot(theme, this);
  column->addWidget(plot_);
  time_ = label(theme.font("ui"));
  table_ = new QTableWidget(6, 7, this);
  table_->setHorizontalHeaderLabels({tr("Explanation"), tr("Posts"), tr("Answered"), tr("Right"), tr("Accuracy"), tr("95 % interval"), tr("Median time")});
  const QString names[] = {tr("with"), tr("without"), tr("with, model right"), tr("without, model right"), tr("with, model wrong"), tr("without, model wrong")};
  for (int i = 0; i < 6; ++i) table_->setItem(i, 0, new QTableWidgetItem(names[i]));
  table_->setEditTriggers(QAbstractItemView::NoEditTriggers);
  table_->setAccessibleName(tr("Result"));
  table_->setToolTip(tr("Right: the answer given is the model's. Intervals: Wilson"));
  table_->setFont(theme.font("table"));
  // As the tables of the window: lines between rows alone, heads small and grey, numbers at the right under their heads.
  table_->setItemDelegate(new ResultDelegate(theme, table_));
  table_->setShowGrid(false);
  table_->setFrameShape(QFrame::NoFrame);
  table_->setWordWrap(false);
  table_->setSelectionBehavior(QAbstractItemView::SelectRows);
  table_->setSelectionMode(QAbstractItemView::SingleSelection);
  table_->verticalHeader()->hide();
  table_->verticalHeader()->setMinimumSectionSize(theme.spacing("row"));
  table_->verticalHeader()->setDefaultSectionSize(theme.spacing("row") + 2);
  auto* heads = new ResultHead(theme, table_);
  table_->setHorizontalHeader(heads);
  heads->setHighlightSections(false);
  heads->setSectionsClickable(false);
  heads->setFixedHeight(theme.spacing("row"));
  heads->setSectionResizeMode(QHeaderView::ResizeToContents);  // numbers are never cut: narrow windows scroll
  heads->setSectionResizeMode(0, QHeaderView::Stretch);
  table_->setTabKeyNavigation(false);
  table_->setMinimumHeight(120);
  column->addWidget(table_, 1);
  column->addStretch(0);
  small_ = label(theme.font("caption"));
  small_->setObjectName(QStringLiteral("quiet"));
  auto* row = new QHBoxLayout;
  export_ = new QPushButton(tr("Export…"), this);
  export_->setToolTip(tr("CSV, a row a post; or the figures as JSON"));
  again_ = new QPushButton(tr("Other sessions"), this);
  again_->setToolTip(tr("Back to the first page"));
  auto* close = new QPushButton(tr("Close"), this);
  close->setToolTip(tr("Back to the window"));
  for (QPushButton* b : {export_, again_, close}) b->setAutoDefault(false);
  row->addWidget(export_);
  row->addWidget(again_);
  row->addStretch(1);
  row->addWidget(close);
  column->addLayout(row);
  connect(again_, &QPushButton::clicked, this, &SimulateResult::again_asked);
  connect(close, &QPushButton::clicked, this, &SimulateResult::close_asked);
  connect(export_, &QPushButton::clicked, this, [this] {
    const QString file = QFileDialog::getSaveFileName(this, tr("Export the session"), QStringLiteral("simulation-%1.csv").arg(session_.id), tr("CSV (*.csv);;JSON (*.json)"));
    if (file.isEmpty()) return;
    try {
      write(file);
    } catch (const std::exception& e) {
      Q_EMIT failed(QString::fromUtf8(e.what()));
    }
  });
}

QString SimulateResult::sentence() const { return accuracy_->text(); }
QString SimulateResult::time_sentence() const { return time_->text(); }

void SimulateResult::write(const QString& file) const {
  const std::string out = file.endsWith(QStringLiteral(".json"), Qt::CaseInsensitive) ? simulation_json(session_, dataset_, report_).dump(1, ' ', false, Json::error_handler_t::replace) + "\n" : simulation_csv(session_, dataset_);
  write_file_atomically(std::filesystem::path(file.toStdString()), out);
}

void SimulateResult::set_result(const SimulationRecord& session, const DatasetInfo& dataset, const SimulationReport& r) {
  session_ = session;
  dataset_ = dataset;
  report_ = r;
  const QString method = session.protocol.is_object() ? method_title(session.protocol.value("method", "")) : QString();
  title_->setText(tr("%1 · %2 · session %3").arg(ui::text(clean_utf8(session.participant)), method).arg(session.id));
  if (std::isfinite(r.accuracy.value))
    accuracy_->setText(tr("The model's answer was told: %1. Difference of accuracy %2 (%3 to %4), Fisher's exact test p = %5.")
                           .arg(ui::text(accuracy_verdict(r)), ui::text(with_sign(r.accuracy.value)), ui::text(with_sign(r.accuracy.low)), ui::text(with_sign(r.accuracy.high)), ui::text(fixed(r.p))));
  else accuracy_->setText(tr("Nothing is answered in one of the two conditions yet: there is no difference to tell."));
  plot_->set_rows({{tr("with"), r.with.right, true}, {tr("without"), r.without.right, false}});
  if (!std::isfinite(r.seconds.value)) time_->setText(QString());
  else if (!std::isfinite(r.seconds.low)) time_->setText(tr("Median time: %1 with, %2 without; too few answers for an interval.").arg(seconds(r.with.median_seconds), seconds(r.without.median_seconds)));
  else time_->setText(tr("Median time: %1. %2 with, %3 without, difference %4 (%5 to %6).").arg(ui::text(time_verdict(r)), seconds(r.with.median_seconds), seconds(r.without.median_seconds), signed_seconds(r.seconds.value), signed_seconds(r.seconds.low), signed_seconds(r.seconds.high)));
  const SimulationSide* sides[] = {&r.with, &r.without, &r.with_of[0], &r.without_of[0], &r.with_of[1], &r.without_of[1]};
  for (int i = 0; i < 6; ++i) {
    const SimulationSide& s = *sides[i];
    const QString cells[] = {QString::number(s.posts), QString::number(s.right.n), QString::number(s.right.right), s.right.n ? ui::text(fixed(s.right.value)) : QStringLiteral("–"),
                             s.right.n ? tr("%1 to %2").arg(ui::text(fixed(s.right.low)), ui::text(fixed(s.right.high))) : QStringLiteral("–"), seconds(s.median_seconds)};
    for (int c = 0; c < 6; ++c) {
      auto* item = new QTableWidgetItem(cells[c]);
      item->setTextAlignment(Qt::AlignRight | Qt::AlignVCenter);
      table_->setItem(i, c + 1, item);
    }
  }
  table_->setMaximumHeight(table_->verticalHeader()->length() + table_->horizontalHeader()->height() + 1);
  small_->setText(tr("%1 of %2 posts answered. Each post was shown once, with or without its explanation by lot, within class and right or wrong answer of the model. "
                     "Intervals of shares: Wilson; of their difference: Newcombe's hybrid score; of times: bootstrap within each condition. All 95 %. One person: what holds for others needs other people.")
                      .arg(r.answered).arg(r.posts));
}

}  // namespace telltale::ui
