// What Esc means in a part of the window.
#pragma once

namespace telltale::ui {

/// Esc goes to the widget that has the focus and outwards through what holds it, then to the view on screen, then to the window, which hides its
/// messages: the first that has something to close, to reset or to cancel does so, and only that one. (The window hands it on from its one
/// shortcut: lists swallow the key itself, and two shortcuts of one key are none.)
class Escapes {
 public:
  virtual bool escape() = 0;  ///< false: nothing to do here

 protected:
  ~Escapes() = default;
};

}  // namespace telltale::ui
