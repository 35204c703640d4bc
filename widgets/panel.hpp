// A panel: one hairline, one header strip with title, caption that elides, and tools.
#pragma once
#include <QFrame>
#include <QHBoxLayout>
#include <QLabel>
#include <QVBoxLayout>

#include "widgets/theme.hpp"

namespace telltale::ui {

/// One line; what does not fit ends in … and stands in the tool tip.
class ElidedLabel : public QWidget {
  Q_OBJECT
 public:
  explicit ElidedLabel(Theme& theme, QWidget* parent = nullptr);
  void set_text(const QString& text);
  void set_style(const QFont& font, const char* colour);
  const QString& label() const { return text_; }
  QSize sizeHint() const override;
  QSize minimumSizeHint() const override { return {24, sizeHint().height()}; }

 protected:
  void paintEvent(QPaintEvent*) override;

 private:
  Theme& theme_;
  QString text_;
  const char* colour_ = "text";
};

class Panel : public QFrame {
  Q_OBJECT
 public:
  Panel(Theme& theme, const QString& title, QWidget* parent = nullptr);
  void set_title(const QString& title);
  void set_caption(const QString& caption);
  void add_tool(QWidget* tool);
  QVBoxLayout* body() { return body_; }  ///< under the header, without margins
  void add_hairline();

 private:
  ElidedLabel *title_, *caption_;
  QHBoxLayout* head_;
  QVBoxLayout* body_;
};

/// One sentence (and what to do) where a view has nothing to show; wraps, centred.
class EmptyNote : public QLabel {
  Q_OBJECT
 public:
  EmptyNote(Theme& theme, const QString& sentence, QWidget* parent = nullptr);
};

}  // namespace telltale::ui
