// What the window shows without a file: ways to begin, the files of last time, the machine.
#pragma once
#include <QWidget>
#include <vector>

#include "model/classifier.hpp"
#include "widgets/shell/recent_files.hpp"
#include "widgets/theme.hpp"

class QBoxLayout;
class QPushButton;

namespace telltale::ui {

class ExampleStrip;
class Panel;

class WelcomeView : public QWidget {
  Q_OBJECT
 public:
  explicit WelcomeView(Theme& theme, QWidget* parent = nullptr);
  void set_recent(const std::vector<RecentFile>& files);
  void set_machine(const ComputeOptions& options);
  ExampleStrip& example() { return *example_; }

 Q_SIGNALS:
  void example_asked();
  void new_run_asked();
  void open_asked();
  void import_asked();
  void settings_asked();
  void keys_asked();
  void find_asked();
  void file_chosen(const QString& path);
  void file_forgotten(const QString& path);  ///< empty: all of them

 protected:
  void paintEvent(QPaintEvent*) override;
  void resizeEvent(QResizeEvent*) override;
  void showEvent(QShowEvent*) override;

 private:
  void arrange();
  Theme& theme_;
  QBoxLayout* halves_;
  QWidget *middle_, *right_, *drop_;
  Panel* recent_;
  QWidget *recent_body_ = nullptr, *machine_body_ = nullptr;
  Panel* machine_;
  ExampleStrip* example_;
  QPushButton *first_ = nullptr, *clear_ = nullptr;
};

}  // namespace telltale::ui
