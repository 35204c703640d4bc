#include "widgets/runs/pin_dialog.hpp"

#include <QDialogButtonBox>
#include <QGridLayout>
#include <QLabel>
#include <QPointer>
#include <algorithm>

#include "report/numbers.hpp"
#include "report/post_text.hpp"
#include "widgets/runs/film_data.hpp"

namespace telltale::ui {
namespace {

ListRow row_of(const Document& d, const std::vector<std::string>& classes) {
  ListRow row;
  row.id = d.id;
  row.title = text(title_of(d.text));
  row.value = d.label >= 0 && static_cast<std::size_t>(d.label) < classes.size() ? text(classes[static_cast<std::size_t>(d.label)]) : QString();
  row.note = text(d.split) + QStringLiteral(" · ") + text(elide(clean_utf8(d.text.substr(0, 400)), 120)).simplified();
  return row;
}

}  // namespace

PinDialog::PinDialog(Theme& theme, Session* session, std::int64_t dataset, QWidget* parent)
    : QDialog(parent), theme_(theme), session_(session), dataset_(dataset), search_(new QLineEdit(this)), found_(new RowList(theme, tr("Posts found"), true, this)),
      pinned_(new RowList(theme, tr("Pinned posts"), true, this)), state_(new QLabel(this)), pin_(new QPushButton(tr("Pin"), this)), unpin_(new QPushButton(tr("Unpin"), this)) {
  setWindowTitle(tr("Posts of the attribution film"));
  resize(760, 480);
  auto* grid = new QGridLayout(this);
  auto* about = new QLabel(tr("Pinned posts are explained anew every film_steps steps of the runs that start from now on."), this);
  about->setWordWrap(true);
  about->setObjectName(QStringLiteral("quiet"));
  grid->addWidget(about, 0, 0, 1, 2);
  search_->setPlaceholderText(tr("Search in posts"));
  search_->setAccessibleName(tr("Search in posts"));
  search_->setClearButtonEnabled(true);
  grid->addWidget(search_, 1, 0);
  auto* title = new QLabel(tr("Pinned"), this);
  title->setFont(theme.font("ui", Theme::Weight::semibold));
  grid->addWidget(title, 1, 1);
  grid->addWidget(found_, 2, 0);
  grid->addWidget(pinned_, 2, 1);
  state_->setObjectName(QStringLiteral("caption"));
  grid->addWidget(state_, 3, 0);
  auto* buttons = new QHBoxLayout;
  pin_->setToolTip(tr("Adds the chosen post to the film (Enter)"));
  unpin_->setToolTip(tr("Takes the chosen post out of the film; frames that were shot stay"));
  buttons->addWidget(pin_);
  buttons->addWidget(unpin_);
  buttons->addStretch();
  grid->addLayout(buttons, 4, 0);
  auto* close = new QDialogButtonBox(QDialogButtonBox::Close, this);
  grid->addWidget(close, 4, 1);
  grid->setColumnStretch(0, 1);
  grid->setColumnStretch(1, 1);
  connect(close, &QDialogButtonBox::rejected, this, &QDialog::reject);

  wait_.setSingleShot(true);
  wait_.setInterval(120);
  connect(search_, &QLineEdit::textChanged, &wait_, qOverload<>(&QTimer::start));
  connect(&wait_, &QTimer::timeout, this, &PinDialog::search);
  const auto pin = [this] {
    auto ids = pinned_posts(session_->store());
    const qint64 id = found_->chosen_id();
    if (id == 0 || std::find(ids.begin(), ids.end(), id) != ids.end()) return;
    ids.push_back(id);
    set_pinned(ids);
  };
  const auto unpin = [this] {
    auto ids = pinned_posts(session_->store());
    std::erase(ids, pinned_->chosen_id());
    set_pinned(ids);
  };
  connect(pin_, &QPushButton::clicked, this, pin);
  connect(found_, &RowList::activated, this, pin);
  connect(unpin_, &QPushButton::clicked, this, unpin);
  connect(pinned_, &RowList::activated, this, unpin);
  if (session_->read_only())
    for (QPushButton* b : {pin_, unpin_}) b->setEnabled(false), b->setToolTip(tr("The file can only be read"));
  read_pinned();
  search();
}

void PinDialog::read_pinned() {
  std::vector<ListRow> rows;
  for (const std::int64_t id : pinned_posts(session_->store())) {
    try {
      const Document d = session_->store().document(id);
      rows.push_back(row_of(d, session_->store().dataset(d.dataset).classes));
    } catch (const std::exception&) {
      ListRow gone;
      gone.id = id;
      gone.title = tr("Post %1 is no longer in the file").arg(id);
      rows.push_back(gone);
    }
  }
  pin_->setEnabled(!session_->read_only() && static_cast<int>(rows.size()) < most_pinned);
  pinned_->set_rows(std::move(rows));
}

void PinDialog::set_pinned(std::vector<std::int64_t> ids) {
  try {
    set_pinned_posts(session_->store(), ids);
  } catch (const std::exception& e) {
    Q_EMIT failed(QString::fromUtf8(e.what()));
    state_->setText(QString::fromUtf8(e.what()));
    return;
  }
  read_pinned();
  Q_EMIT pins_changed();
}

void PinDialog::search() {
  if (job_) session_->work().cancel(job_);
  struct Found {
    std::vector<ListRow> rows;
    std::int64_t all = 0;
  };
  state_->setText(tr("Searching …"));
  job_ = session_->work().submit(this, WorkQueue::Priority::visible, tr("Searching posts"), [this, dataset = dataset_, typed = search_->text().toStdString()](WorkQueue::Context& c) -> std::function<void()> {
    auto found = std::make_shared<Found>();
    Store::DocumentFilter f;
    f.dataset = dataset;
    f.search = typed;
    found->all = c.store.count_documents(f);
    f.limit = most_found;
    const auto classes = c.store.dataset(dataset).classes;
    for (const Document& d : c.store.documents(f)) found->rows.push_back(row_of(d, classes));
    return [this, found] {
      job_ = 0;
      const auto shown = static_cast<std::int64_t>(found->rows.size());
      state_->setText(found->all == 0 ? tr("No posts match. Clear the search to see all.") : found->all > shown ? tr("%1 of %2 posts: search for more").arg(text(thousands(shown)), text(thousands(found->all))) : tr("%1 posts").arg(text(thousands(shown))));
      found_->set_rows(std::move(found->rows));
    };
  }, [this](const QString& message) {
    job_ = 0;
    state_->setText(message);
  });
}

}  // namespace telltale::ui
