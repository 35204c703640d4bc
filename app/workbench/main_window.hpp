// The window: opens a file for reading and shows Inspect, Compare, or the welcome page.
#pragma once
#include <QMainWindow>
#include <filesystem>
#include <memory>

#include "store/store.hpp"
#include "widgets/theme.hpp"

class QLabel;
class QPushButton;
class QStackedWidget;
class QActionGroup;

namespace telltale::ui {

class CompareView;
class InspectView;
class WelcomeView;

enum class Workspace { welcome, inspect, compare };

class MainWindow : public QMainWindow {
  Q_OBJECT
 public:
  explicit MainWindow(Theme& theme);
  ~MainWindow() override;
  /// Throws what Store::open throws; the file that was open stays open then.
  void open(const std::filesystem::path& file);
  void close_file();
  void show_workspace(Workspace workspace);  ///< without a file only welcome
  InspectView& inspect() { return *inspect_; }
  CompareView& compare() { return *compare_; }
  void complain(const QString& message);     ///< a line under the workspace bar, until the next success

 protected:
  void dragEnterEvent(QDragEnterEvent*) override;
  void dropEvent(QDropEvent*) override;

 private:
  void build_menus();
  void ask_file();
  void try_open(const QString& file);
  void update_state();

  Theme& theme_;
  std::unique_ptr<Store> store_;
  QLabel *file_label_ = nullptr, *error_ = nullptr;
  QWidget* error_bar_ = nullptr;
  QPushButton *inspect_tab_ = nullptr, *compare_tab_ = nullptr;
  QStackedWidget* stack_ = nullptr;
  WelcomeView* welcome_ = nullptr;
  InspectView* inspect_ = nullptr;
  CompareView* compare_ = nullptr;
  QList<QAction*> need_file_;
  QAction* dark_ = nullptr;
};

}  // namespace telltale::ui
