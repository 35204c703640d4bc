// The welcome page's look into the example: a few words of one post as its two runs read them.
#pragma once
#include <array>
#include <optional>
#include <thread>

#include "widgets/panel.hpp"

namespace telltale::ui {

/// What the strip shows, out of the newest comparison of a file.
struct ExampleExcerpt {
  struct Word {
    QString text;
    std::array<double, 2> scores{};       ///< by A and by B
  };
  std::vector<Word> words;
  std::array<QString, 2> runs;            ///< names
  std::array<int, 2> series{0, 1};
  QString target;                         ///< the class that scores speak for
  QString figures;                        ///< "overlap@10 0.60 → 0.20 · accuracy 0.914 → 0.911, no clear difference"; may be empty
  double domain = 1;
};

/// Reads the file and closes it again. Nothing where it holds no comparison of two runs that paints a post. Throws what Store::open throws.
std::optional<ExampleExcerpt> read_excerpt(const std::string& file);

/// Hidden until an excerpt has been read, which happens beside the window's thread.
class ExampleStrip : public Panel {
  Q_OBJECT
 public:
  explicit ExampleStrip(Theme& theme, QWidget* parent = nullptr);
  void read(const QString& file);         ///< empty: nothing is shown
  void show_excerpt(const ExampleExcerpt& excerpt);
  bool filled() const { return filled_; }
  bool reading() const { return reading_; }

 Q_SIGNALS:
  void changed();                         ///< of filled()

 private:
  class Rows;
  class Legend;
  Rows* rows_;
  Legend* legend_;
  ElidedLabel* figures_;
  bool filled_ = false, reading_ = false;
  std::jthread reader_;                   ///< last: it ends first
};

}  // namespace telltale::ui
