#include "widgets/shell/find_dialog.hpp"

#include <QApplication>
#include <QKeyEvent>
#include <QLabel>
#include <QLineEdit>
#include <QListWidget>
#include <QPainter>
#include <QStyledItemDelegate>
#include <QVBoxLayout>

#include "report/post_text.hpp"
#include "widgets/icons.hpp"
#include "widgets/shell/words.hpp"

namespace telltale::ui {
namespace {

constexpr int most_posts = 12, most_rows = 60;
constexpr int kind_role = Qt::UserRole, name_role = Qt::UserRole + 1, more_role = Qt::UserRole + 2;

/// What it is, its name, which gives way where there is little room, and at the right what else is to be known.
class FoundRow : public QStyledItemDelegate {
 public:
  FoundRow(const Theme& theme, QObject* parent) : QStyledItemDelegate(parent), theme_(theme) {}
  QSize sizeHint(const QStyleOptionViewItem& o, const QModelIndex&) const override { return {0, std::max(theme_.spacing("row"), o.fontMetrics.height() + 6)}; }
  void paint(QPainter* p, const QStyleOptionViewItem& o, const QModelIndex& i) const override {
    QStyleOptionViewItem row = o;
    initStyleOption(&row, i);
    row.text.clear();
    (o.widget ? o.widget->style() : QApplication::style())->drawControl(QStyle::CE_ItemViewItem, &row, p, o.widget);
    const bool chosen = o.state & QStyle::State_Selected;
    const QFontMetrics m(o.font);
    const QRect box = o.rect.adjusted(8, 0, -8, 0);
    const int kinds = std::max({m.horizontalAdvance(FindDialog::tr("command")), m.horizontalAdvance(FindDialog::tr("setting")), m.horizontalAdvance(FindDialog::tr("post"))}) + 12;
    p->setFont(o.font);
    p->setPen(theme_[chosen ? "selectionText" : "text3"]);
    p->drawText(box, Qt::AlignLeft | Qt::AlignVCenter, i.data(kind_role).toString());
    const QString more = m.elidedText(i.data(more_role).toString(), Qt::ElideMiddle, box.width() / 2);
    p->drawText(box, Qt::AlignRight | Qt::AlignVCenter, more);
    const QRect name = box.adjusted(kinds, 0, more.isEmpty() ? 0 : -m.horizontalAdvance(more) - 12, 0);
    p->setPen(theme_[chosen ? "selectionText" : "text"]);
    p->drawText(name, Qt::AlignLeft | Qt::AlignVCenter, m.elidedText(i.data(name_role).toString(), Qt::ElideRight, name.width()));
  }

 private:
  const Theme& theme_;
};

}  // namespace

FindDialog::FindDialog(Theme& theme, std::vector<Entry> entries, Session* session, std::function<void(std::int64_t)> open_post, QWidget* parent)
    : QDialog(parent, Qt::Dialog | Qt::FramelessWindowHint), theme_(theme), entries_(std::move(entries)), session_(session), open_post_(std::move(open_post)) {
  setWindowTitle(tr("Find anything"));
  setAccessibleName(windowTitle());
  setObjectName(QStringLiteral("find"));
  resize(560, 380);
  auto* column = new QVBoxLayout(this);
  column->setContentsMargins(8, 8, 8, 8);
  edit_ = new QLineEdit(this);
  edit_->setPlaceholderText(session ? tr("Find a post, run, setting or command") : tr("Find a command"));
  edit_->setAccessibleName(tr("What to find"));
  edit_->addAction(icon(theme, "search", "text3"), QLineEdit::LeadingPosition);
  edit_->installEventFilter(this);
  list_ = new QListWidget(this);
  list_->setAccessibleName(tr("What was found"));
  list_->setFont(theme.font("table"));
  list_->setFocusPolicy(Qt::NoFocus);
  list_->setUniformItemSizes(true);
  list_->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
  list_->setItemDelegate(new FoundRow(theme, list_));
  note_ = new QLabel(this);
  note_->setObjectName(QStringLiteral("caption"));
  note_->setFont(theme.font("caption"));
  column->addWidget(edit_);
  column->addWidget(list_, 1);
  column->addWidget(note_);
  later_.setSingleShot(true);
  later_.setInterval(120);
  connect(&later_, &QTimer::timeout, this, &FindDialog::search_posts);
  connect(edit_, &QLineEdit::textChanged, this, [this] {
    posts_.clear();
    list();
    later_.start();
  });
  connect(edit_, &QLineEdit::returnPressed, this, &FindDialog::choose);
  connect(list_, &QListWidget::itemClicked, this, &FindDialog::choose);
  list();
  edit_->setFocus();
}

FindDialog::~FindDialog() {
  if (session_ && job_) session_->work().cancel(job_);
}

void FindDialog::add(const Entry& e) {
  if (list_->count() >= most_rows) return;
  auto* item = new QListWidgetItem(QStringLiteral("%1   %2%3").arg(e.kind, elided(e.name, 90), e.more.isEmpty() ? QString() : QStringLiteral("   ") + elided(e.more, 60)), list_);
  item->setToolTip(plain_tip(e.name));
  item->setData(kind_role, e.kind);
  item->setData(name_role, e.name);
  item->setData(more_role, e.more);
  shown_.push_back(&e);
}

void FindDialog::list() {
  list_->clear();
  shown_.clear();
  const QStringList words = edit_->text().simplified().split(QLatin1Char(' '), Qt::SkipEmptyParts);
  // Those whose name begins with what was typed come first.
  for (const bool begins : {true, false})
    for (const Entry& e : entries_) {
      const bool starts = !words.isEmpty() && e.name.startsWith(words.join(QLatin1Char(' ')), Qt::CaseInsensitive);
      const QString all = e.kind + QLatin1Char(' ') + e.name + QLatin1Char(' ') + e.more;
      if (starts == begins && std::all_of(words.begin(), words.end(), [&](const QString& w) { return all.contains(w, Qt::CaseInsensitive); })) add(e);
    }
  for (const Entry& e : posts_) add(e);
  if (list_->count() > 0) list_->setCurrentRow(0);
  note_->setText(list_->count() > 0 ? tr("Enter opens, ↑ ↓ choose, Esc closes") : tr("Nothing has these words."));
}

void FindDialog::search_posts() {
  if (!session_ || edit_->text().trimmed().size() < 2) return;
  if (job_) session_->work().cancel(job_);
  job_ = session_->work().submit(
      this, WorkQueue::Priority::visible, tr("Searching posts"),
      [this, words = edit_->text().toStdString()](WorkQueue::Context& c) -> std::function<void()> {
        std::vector<std::pair<std::int64_t, QString>> found;
        for (const DatasetInfo& d : c.store.datasets())
          for (const Document& post : c.store.documents({.dataset = d.id, .search = words, .limit = most_posts - static_cast<std::int64_t>(found.size())}))
            if (static_cast<int>(found.size()) < most_posts) found.emplace_back(post.id, one_line(title_of(post.text, 80)));
        return [this, found] {
          job_ = 0;
          posts_.clear();
          for (const auto& [id, title] : found) posts_.push_back({tr("post"), title, tr("number %1").arg(id), [this, id = id] { open_post_(id); }});
          list();
        };
      },
      [this](const QString& e) {
        job_ = 0;
        note_->setText(e);
      });
}

bool FindDialog::eventFilter(QObject* o, QEvent* e) {
  if (o == edit_ && e->type() == QEvent::KeyPress) {
    const int key = static_cast<QKeyEvent*>(e)->key(), n = list_->count();
    const int by = key == Qt::Key_Down ? 1 : key == Qt::Key_Up ? -1 : key == Qt::Key_PageDown ? 10 : key == Qt::Key_PageUp ? -10 : 0;
    if (by && n > 0) {
      list_->setCurrentRow(std::clamp(list_->currentRow() + by, 0, n - 1));
      return true;
    }
  }
  return QDialog::eventFilter(o, e);
}

void FindDialog::choose() {
  const int row = list_->currentRow();
  if (row < 0 || row >= static_cast<int>(shown_.size())) return;
  const auto go = shown_[static_cast<std::size_t>(row)]->go;
  accept();
  go();
}

}  // namespace telltale::ui
