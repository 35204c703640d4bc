// Find anything: commands, runs, settings, and posts by their words.
#pragma once
#include <QDialog>
#include <QPointer>
#include <QTimer>
#include <functional>
#include <vector>

#include "widgets/session/session.hpp"
#include "widgets/theme.hpp"

class QLineEdit;
class QLabel;
class QListWidget;

namespace telltale::ui {

class FindDialog : public QDialog {
  Q_OBJECT
 public:
  struct Entry {
    QString kind, name, more;  ///< "command", "Open…", "Ctrl O"
    std::function<void()> go;
  };
  /// Entries that are known; posts are searched in `session` (may be null) and handed to `open_post`.
  FindDialog(Theme& theme, std::vector<Entry> entries, Session* session, std::function<void(std::int64_t)> open_post, QWidget* parent = nullptr);
  ~FindDialog() override;

 protected:
  bool eventFilter(QObject*, QEvent*) override;

 private:
  void list();
  void search_posts();
  void add(const Entry& entry);
  void choose();

  Theme& theme_;
  std::vector<Entry> entries_, posts_;
  QPointer<Session> session_;
  std::function<void(std::int64_t)> open_post_;
  QLineEdit* edit_;
  QListWidget* list_;
  QLabel* note_;
  QTimer later_;
  WorkQueue::JobId job_ = 0;
  std::vector<const Entry*> shown_;
};

}  // namespace telltale::ui
