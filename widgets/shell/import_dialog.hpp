// Posts from a file or folder into the open file: what they are called, which columns, what is taken off, how far it is, what was skipped.
#pragma once
#include <QDialog>
#include <QPointer>

#include "data/import.hpp"
#include "widgets/session/session.hpp"
#include "widgets/theme.hpp"

class QCheckBox;
class QComboBox;
class QDoubleSpinBox;
class QFormLayout;
class QLabel;
class QLineEdit;
class QProgressBar;
class QPushButton;
class QSpinBox;

namespace telltale::ui {

/// Names of the columns of a CSV, TSV or JSONL file by its first lines; empty for archives and folders.
QStringList columns_of(const QString& file);

class ImportDialog : public QDialog {
  Q_OBJECT
 public:
  ImportDialog(Theme& theme, Session& session, const QString& source = {}, QWidget* parent = nullptr);
  ~ImportDialog() override;
  void set_source(const QString& path);

 Q_SIGNALS:
  void imported(const QString& name);
  void new_run_asked(const QString& dataset);

 private:
  void start();
  void cancel();
  void show_progress();
  void show_result(const telltale::DatasetInfo& info, const std::vector<Store::ClassCount>& counts);
  void set_busy(bool busy);
  void say(const char* kind, const QString& text);
  void check();

  Theme& theme_;
  QPointer<Session> session_;
  WorkQueue::JobId job_ = 0;
  QString imported_;
  QWidget *form_ = nullptr;
  QLineEdit *source_, *name_, *classes_;
  QComboBox *columns_[4];
  QLabel *columns_note_, *result_;
  QCheckBox* strip_[3];
  QDoubleSpinBox* share_;
  QSpinBox* seed_;
  QProgressBar* progress_bar_;
  QPushButton *import_, *cancel_, *next_;
};

}  // namespace telltale::ui
