#include "widgets/shell/import_dialog.hpp"

#include <QCheckBox>
#include <QComboBox>
#include <QDoubleSpinBox>
#include <QFile>
#include <QFileDialog>
#include <QFileInfo>
#include <QFormLayout>
#include <QHBoxLayout>
#include <QLabel>
#include <QLineEdit>
#include <QMenu>
#include <QProgressBar>
#include <QPushButton>
#include <QSpinBox>
#include <QTimer>

#include "base/json.hpp"
#include "report/numbers.hpp"
#include "widgets/shell/words.hpp"

namespace telltale::ui {

QStringList columns_of(const QString& path) {
  QFile file(path);
  const QString ending = QFileInfo(path).suffix().toLower();
  if (!QFileInfo(path).isFile() || !file.open(QIODevice::ReadOnly)) return {};
  if (ending == QLatin1String("jsonl") || ending == QLatin1String("ndjson") || ending == QLatin1String("json")) {
    const QByteArray line = file.readLine(4 << 20);
    QStringList out;
    try {
      const Json post = parse_json(std::string_view(line.constData(), static_cast<std::size_t>(line.size())), "first line");
      if (post.is_object())
        for (const auto& [key, value] : post.items())
          if (out.size() < 200) out << one_line(key);
    } catch (const std::exception&) {  // the import itself says what is wrong
    }
    return out;
  }
  if (ending != QLatin1String("csv") && ending != QLatin1String("tsv")) return {};
  const QChar separator = ending == QLatin1String("tsv") ? QLatin1Char('\t') : QLatin1Char(',');
  QByteArray line = file.readLine(1 << 20);
  if (line.startsWith("\xEF\xBB\xBF")) line.remove(0, 3);
  QStringList out;
  QString cell;
  bool quoted = false;
  const QString heads = QString::fromUtf8(line).remove(QLatin1Char('\r')).remove(QLatin1Char('\n'));
  for (const QChar c : heads) {
    if (c == QLatin1Char('"')) quoted = !quoted;
    else if (c == separator && !quoted) out << cell.trimmed(), cell.clear();
    else cell += c;
  }
  out << cell.trimmed();
  return out.mid(0, 200);
}

ImportDialog::ImportDialog(Theme& theme, Session& session, const QString& source, QWidget* parent) : QDialog(parent), theme_(theme), session_(&session) {
  setWindowTitle(tr("Import data"));
  setMinimumWidth(560);
  auto* column = new QVBoxLayout(this);
  column->setSpacing(10);
  form_ = new QWidget(this);
  auto* form = new QFormLayout(form_);
  form->setContentsMargins(0, 0, 0, 0);
  form->setHorizontalSpacing(16);
  form->setVerticalSpacing(8);
  const auto row = [&](const QString& name, QWidget* field, const QString& tip) {
    field->setAccessibleName(QString(name).remove(QLatin1Char('&')));
    field->setToolTip(tip);
    form->addRow(name, field);
  };
  auto* place = new QWidget(form_);
  auto* line = new QHBoxLayout(place);
  line->setContentsMargins(0, 0, 0, 0);
  source_ = new QLineEdit(place);
  source_->setAccessibleName(tr("File or folder"));
  source_->setPlaceholderText(tr("archive, CSV, TSV, JSONL, or a folder per class"));
  auto* browse = new QPushButton(tr("Choose"), place);
  browse->setToolTip(tr("Choose a file or a folder"));
  auto* menu = new QMenu(browse);
  menu->addAction(tr("File…"), this, [this] {
    const QString f = QFileDialog::getOpenFileName(this, tr("File with posts"), source_->text(), tr("Posts (*.csv *.tsv *.jsonl *.ndjson *.tar.gz *.tgz *.tar *.zip);;All files (*)"));
    if (!f.isEmpty()) set_source(f);
  });
  menu->addAction(tr("Folder…"), this, [this] {
    const QString f = QFileDialog::getExistingDirectory(this, tr("Folder with a folder per class"), source_->text());
    if (!f.isEmpty()) set_source(f);
  });
  browse->setMenu(menu);
  line->addWidget(source_, 1);
  line->addWidget(browse);
  row(tr("&From"), place, tr("20 Newsgroups archive or folder, CSV, TSV or JSONL with a header, or a folder per class"));
  name_ = new QLineEdit(form_);
  name_->setMaxLength(120);
  row(tr("&Name"), name_, tr("Of the data set; new in this file"));
  auto* columns = new QWidget(form_);
  auto* grid = new QHBoxLayout(columns);
  grid->setContentsMargins(0, 0, 0, 0);
  const char* const column_names[] = {QT_TR_NOOP("text"), QT_TR_NOOP("label"), QT_TR_NOOP("split"), QT_TR_NOOP("id")};
  for (int i = 0; i < 4; ++i) {
    columns_[i] = new QComboBox(columns);
    columns_[i]->setAccessibleName(tr("Column of the %1").arg(tr(column_names[i])));
    columns_[i]->setToolTip(i < 2 ? tr("Column that holds the %1").arg(tr(column_names[i])) : tr("Column that holds the %1, if there is one").arg(tr(column_names[i])));
    auto* l = new QLabel(tr(column_names[i]), columns);
    l->setObjectName(QStringLiteral("caption"));
    l->setFont(theme.font("caption"));
    auto* stack = new QVBoxLayout;
    stack->setSpacing(2);
    stack->addWidget(l);
    stack->addWidget(columns_[i]);
    grid->addLayout(stack, 1);
  }
  columns_note_ = new QLabel(tr("Archives and folders have no columns: the folder is the class."), form_);
  columns_note_->setObjectName(QStringLiteral("caption"));
  columns_note_->setFont(theme.font("caption"));
  auto* both = new QWidget(form_);
  auto* stack = new QVBoxLayout(both);
  stack->setContentsMargins(0, 0, 0, 0);
  stack->addWidget(columns);
  stack->addWidget(columns_note_);
  form->addRow(tr("Columns"), both);
  auto* strips = new QWidget(form_);
  auto* ticks = new QHBoxLayout(strips);
  ticks->setContentsMargins(0, 0, 0, 0);
  const char* const strip_names[] = {QT_TR_NOOP("headers"), QT_TR_NOOP("footers"), QT_TR_NOOP("quotes")};
  for (int i = 0; i < 3; ++i) {
    strip_[i] = new QCheckBox(tr(strip_names[i]), strips);
    strip_[i]->setToolTip(tr("Takes off the %1, as scikit-learn's fetch_20newsgroups does").arg(tr(strip_names[i])));
    ticks->addWidget(strip_[i]);
  }
  ticks->addStretch(1);
  form->addRow(tr("Strip"), strips);
  classes_ = new QLineEdit(form_);
  classes_->setPlaceholderText(tr("all"));
  row(tr("&Classes"), classes_, tr("Only these, with commas between; empty = all"));
  auto* split = new QWidget(form_);
  auto* parts = new QHBoxLayout(split);
  parts->setContentsMargins(0, 0, 0, 0);
  share_ = new QDoubleSpinBox(split);
  share_->setObjectName(QStringLiteral("stepped"));
  share_->setRange(0, 99);
  share_->setDecimals(0);
  share_->setValue(20);
  share_->setSuffix(tr(" %"));
  share_->setAccessibleName(tr("Share of the test split"));
  share_->setToolTip(tr("Of each class, drawn for posts that come without a split"));
  seed_ = new QSpinBox(split);
  seed_->setObjectName(QStringLiteral("stepped"));
  seed_->setRange(0, 999'999);
  seed_->setPrefix(tr("seed "));
  seed_->setAccessibleName(tr("Seed of the draw"));
  seed_->setToolTip(tr("Of that draw: the same seed gives the same split"));
  auto* where = new QLabel(tr("for posts without a split"), split);
  where->setObjectName(QStringLiteral("caption"));
  parts->addWidget(share_);
  parts->addWidget(seed_);
  parts->addWidget(where, 1);
  form->addRow(tr("Test split"), split);
  column->addWidget(form_);
  progress_bar_ = new QProgressBar(this);
  progress_bar_->setTextVisible(true);
  progress_bar_->setAccessibleName(tr("Progress"));
  progress_bar_->hide();
  column->addWidget(progress_bar_);
  result_ = new QLabel(this);
  result_->setTextFormat(Qt::PlainText);
  result_->setWordWrap(true);
  result_->setTextInteractionFlags(Qt::TextSelectableByMouse);
  result_->setFont(theme.font("table"));
  result_->setMargin(8);
  result_->hide();
  column->addWidget(result_);
  auto* buttons = new QHBoxLayout;
  buttons->addStretch(1);
  cancel_ = new QPushButton(tr("Cancel"), this);
  next_ = new QPushButton(tr("New run with it"), this);
  next_->setToolTip(tr("Opens the new-run form with this data set"));
  next_->hide();
  import_ = new QPushButton(tr("Import"), this);
  import_->setObjectName(QStringLiteral("primary"));
  import_->setDefault(true);
  import_->setToolTip(tr("Reads every post into the file; nothing is left of it when it is cancelled"));
  for (QPushButton* b : {cancel_, next_, import_}) buttons->addWidget(b);
  column->addLayout(buttons);
  connect(source_, &QLineEdit::editingFinished, this, [this] { set_source(source_->text()); });
  connect(source_, &QLineEdit::textChanged, this, &ImportDialog::check);
  connect(name_, &QLineEdit::textChanged, this, &ImportDialog::check);
  connect(import_, &QPushButton::clicked, this, &ImportDialog::start);
  connect(cancel_, &QPushButton::clicked, this, &ImportDialog::cancel);
  connect(next_, &QPushButton::clicked, this, [this] {
    Q_EMIT new_run_asked(imported_);
    accept();
  });
  connect(&session.work(), &WorkQueue::changed, this, &ImportDialog::show_progress);
  connect(&session, &QObject::destroyed, this, &QDialog::reject);
  set_source(source);
}

ImportDialog::~ImportDialog() {
  if (session_ && job_) session_->work().cancel(job_);
}

void ImportDialog::set_source(const QString& path) {
  if (source_->text() != path) source_->setText(path);
  const QStringList columns = columns_of(path);
  const char* const usual[4][4] = {{"text", "body", "content", "message"}, {"label", "class", "category", "target"}, {"split", "subset", "set", "fold"}, {"id", "docid", "document", "key"}};
  for (int i = 0; i < 4; ++i) {
    columns_[i]->clear();
    if (i > 1) columns_[i]->addItem(tr("none"), QString());
    for (const QString& c : columns) columns_[i]->addItem(elided(c, 40), c);
    for (int k = 3; k >= 0; --k)
      if (const int at = columns_[i]->findData(QString::fromLatin1(usual[i][k]), Qt::UserRole, Qt::MatchFixedString); at >= 0) columns_[i]->setCurrentIndex(at);
    columns_[i]->setEnabled(!columns.isEmpty());
  }
  columns_note_->setVisible(columns.isEmpty());
  if (!path.isEmpty() && name_->text().isEmpty()) {
    QString name = QFileInfo(path).fileName();
    for (const char* ending : {".tar.gz", ".tgz", ".tar", ".zip", ".csv", ".tsv", ".jsonl", ".ndjson", ".json"})
      if (name.endsWith(QLatin1String(ending), Qt::CaseInsensitive)) {
        name.chop(static_cast<int>(qstrlen(ending)));
        break;
      }
    name_->setText(name);
  }
  check();
}

void ImportDialog::check() {
  const bool there = QFileInfo::exists(source_->text());
  import_->setEnabled(job_ == 0 && imported_.isEmpty() && there && !name_->text().trimmed().isEmpty());
}

void ImportDialog::say(const char* kind, const QString& text) {
  result_->setStyleSheet(QStringLiteral("QLabel{background:%1;color:%2;}").arg(theme_[(std::string(kind) + "Soft").c_str()].name(), theme_[kind].name()));
  result_->setText(text);
  result_->show();
  adjustSize();
}

void ImportDialog::set_busy(bool busy) {
  form_->setEnabled(!busy);
  progress_bar_->setVisible(busy);
  progress_bar_->setRange(0, 0);
  progress_bar_->setFormat(tr("reading"));
  cancel_->setText(busy ? tr("Cancel import") : tr("Close"));
  check();
}

void ImportDialog::start() {
  if (!session_) return;
  if (session_->read_only()) {
    say("error", tr("This file is opened for reading only: copy it to a folder where you may write, and open the copy."));
    return;
  }
  ImportOptions options;
  options.name = name_->text().trimmed().toStdString();
  options.strip = {.headers = strip_[0]->isChecked(), .footers = strip_[1]->isChecked(), .quotes = strip_[2]->isChecked()};
  for (const QString& c : classes_->text().split(QLatin1Char(','), Qt::SkipEmptyParts)) options.classes.push_back(c.trimmed().toStdString());
  std::string* const wanted[] = {&options.text_column, &options.label_column, &options.split_column, &options.id_column};
  for (int i = 0; i < 4; ++i) *wanted[i] = columns_[i]->currentData().toString().toStdString();
  options.test_share = share_->value() / 100;
  options.seed = static_cast<std::uint64_t>(seed_->value());
  result_->hide();
  job_ = session_->work().submit(
      this, WorkQueue::Priority::background, tr("Importing %1").arg(elided(name_->text(), 40)),
      [this, options, source = std::filesystem::path(source_->text().toStdString())](WorkQueue::Context& c) -> std::function<void()> {
        const DatasetInfo info = import_dataset(c.store, source, options, c.stop, c.progress);
        return [this, info, counts = c.store.class_counts(info.id)] { show_result(info, counts); };
      },
      [this](const QString& e) {
        job_ = 0;
        set_busy(false);
        say("error", e);
      });
  set_busy(true);
}

void ImportDialog::show_progress() {
  if (!session_ || !job_) return;
  for (const auto& j : session_->work().jobs())
    if (j.id == job_) {
      if (j.total > 0) {
        progress_bar_->setRange(0, 1000);
        progress_bar_->setValue(static_cast<int>(1000 * j.done / j.total));
        const double left = j.done > 0 && j.seconds > 1 ? j.seconds / j.done * (j.total - j.done) : -1;
        progress_bar_->setFormat(left >= 0 ? tr("%p %, %1 left").arg(text(duration(left))) : tr("%p %"));
      } else if (!j.running) {
        progress_bar_->setFormat(tr("waits for other work"));
      }
    }
}

void ImportDialog::show_result(const DatasetInfo& info, const std::vector<Store::ClassCount>& counts) {
  job_ = 0;
  imported_ = text(info.name);
  std::map<std::string, std::int64_t> splits;
  for (const auto& c : counts) splits[c.split] += c.documents;
  QStringList parts;
  for (const auto& [split, n] : splits) parts << tr("%1 %2").arg(text(thousands(n)), one_line(split));
  QStringList lines{tr("%1: %2 posts in %3 classes (%4)").arg(elided(one_line(info.name), 60), text(thousands(info.documents))).arg(info.classes.size()).arg(parts.join(QStringLiteral(", ")))};
  for (const char* which : {"skipped", "noted"})
    if (const auto it = info.report.find(which); info.report.is_object() && it != info.report.end() && it->is_array())
      for (const Json& t : *it) {
        if (!t.is_object()) continue;
        lines << (std::string_view(which) == "skipped" ? tr("left out: %1, %2 (first: %3)") : tr("kept, but %1: %2 (first: %3)"))
                     .arg(one_line(t.value("reason", "")), text(thousands(t.value("count", std::int64_t{0}))), elided(one_line(t.value("first", "")), 60));
      }
  set_busy(false);
  say("ok", lines.join(QLatin1Char('\n')));
  import_->hide();
  next_->show();
  next_->setDefault(true);
  next_->setObjectName(QStringLiteral("primary"));
  next_->setStyleSheet(QStringLiteral(" "));  // looks anew for its name
  next_->setFocus(Qt::OtherFocusReason);      // Enter goes on
  Q_EMIT imported(imported_);
  if (session_) Q_EMIT session_->data_changed();
}

void ImportDialog::cancel() {
  if (!job_) return imported_.isEmpty() ? reject() : accept();
  if (session_) session_->work().cancel(job_);
  job_ = 0;
  set_busy(false);
  say("info", tr("Cancelled: nothing was imported."));
}

}  // namespace telltale::ui
