#include "widgets/runs/batch_list.hpp"

#include <QKeyEvent>
#include <QToolButton>
#include <cmath>

#include "report/numbers.hpp"
#include "report/post_text.hpp"
#include "widgets/icons.hpp"

namespace telltale::ui {

BatchList::BatchList(Theme& theme, RunData& data) : Panel(theme, tr("Batch")), theme_(theme), data_(data) {
  const auto tool = [&](const char* name, const QString& tip, auto&& act) {
    auto* b = new QToolButton(this);
    b->setIcon(icon(theme, name));
    b->setToolTip(tip);
    b->setAccessibleName(tip);
    b->setFixedSize(22, 22);
    connect(b, &QToolButton::clicked, this, act);
    add_tool(b);
  };
  tool("left", tr("The step before"), [this] { Q_EMIT step_asked(run_, step_ - 1); });
  tool("right", tr("The step after"), [this] { Q_EMIT step_asked(run_, step_ + 1); });
  auto* menu = new ViewMenu(theme, this, tr("Batch"), [this] { return csv(); });
  connect(menu, &ViewMenu::failed, this, &BatchList::failed);
  add_tool(menu);
  tool("x", tr("Close (Esc)"), [this] { Q_EMIT closed(); });
  values_ = new QLabel(this);
  values_->setTextFormat(Qt::PlainText);
  values_->setFont(theme.font("caption"));
  values_->setObjectName(QStringLiteral("quiet"));
  values_->setWordWrap(true);
  values_->setContentsMargins(10, 6, 10, 6);
  body()->addWidget(values_);
  add_hairline();
  list_ = new RowList(theme, tr("Posts of the batch"), true, this);
  body()->addWidget(list_, 1);
  note_ = new EmptyNote(theme, {}, this);
  note_->hide();
  body()->addWidget(note_, 1);
  setMinimumWidth(220);
  connect(list_, &RowList::activated, this, [this](const QModelIndex& i) { Q_EMIT document_asked(run_, list_->rows().row(i.row()).id); });
  list_->setToolTip(tr("Enter or a double click opens the post in Inspect"));
}

void BatchList::show_step(std::int64_t run, std::int64_t step) {
  WatchedRun* watched = data_.find(run);
  Session* session = data_.session();
  if (!watched || !session) return;
  run_ = run;
  step_ = step;
  set_caption(tr("step %1 · %2").arg(text(thousands(step)), text(watched->record.name)));
  if (job_) session->work().cancel(job_);
  struct Found {
    std::vector<ListRow> rows;
    QString values;
    bool any = false;
  };
  job_ = session->work().submit(this, WorkQueue::Priority::visible, tr("Reading a batch"), [this, run, step](WorkQueue::Context& c) -> std::function<void()> {
    auto found = std::make_shared<Found>();
    const auto steps = c.store.steps(run, step - 1, 1);
    if (!steps.empty() && steps[0].step == step) {
      found->any = true;
      std::vector<std::string> classes;
      const StepRecord& s = steps[0];
      QStringList values;
      if (s.terms.is_object())
        for (const auto& [key, v] : s.terms.items()) values << QStringLiteral("%1 %2").arg(text(clean_utf8(key)), v.is_number() ? text(fixed(v.get<double>())) : QStringLiteral("NaN"));
      values << tr("gradient norm %1").arg(std::isnan(s.gradient_norm) ? QStringLiteral("NaN") : text(fixed(s.gradient_norm, 2)));
      found->values = values.join(QStringLiteral(" · "));
      for (const std::int64_t id : s.documents) {
        try {
          const Document d = c.store.document(id);
          if (classes.empty()) classes = c.store.dataset(d.dataset).classes;
          ListRow row;
          row.id = id;
          row.title = text(title_of(d.text));
          row.value = d.label >= 0 && static_cast<std::size_t>(d.label) < classes.size() ? text(classes[static_cast<std::size_t>(d.label)]) : QString();
          row.note = text(elide(clean_utf8(d.text.substr(0, 600)), 160)).simplified();
          found->rows.push_back(std::move(row));
        } catch (const std::invalid_argument&) {  // a post that is gone
        }
      }
    }
    return [this, found, step] {
      job_ = 0;
      values_->setText(found->values);
      list_->set_rows(found->rows);
      list_->setVisible(!found->rows.empty());
      note_->setVisible(found->rows.empty());
      note_->setText(found->any ? tr("The posts of this batch are no longer in the file.") : tr("Step %1 is not in the file yet: steps are written every half second.").arg(text(thousands(step))));
    };
  }, [this](const QString& message) {
    job_ = 0;
    Q_EMIT failed(message);
  });
}

QString BatchList::csv() const {
  QString out = QStringLiteral("step,document,class,title\n");
  for (int i = 0; i < list_->rows().rowCount(); ++i) {
    const ListRow& r = list_->rows().row(i);
    out += QStringLiteral("%1,%2,%3,%4\n").arg(step_).arg(r.id).arg(csv_cell(r.value), csv_cell(r.title));
  }
  return out;
}

void BatchList::keyPressEvent(QKeyEvent* e) {
  if (e->key() != Qt::Key_Escape || !escape()) Panel::keyPressEvent(e);
}

bool BatchList::escape() {
  Q_EMIT closed();
  return true;
}

}  // namespace telltale::ui
