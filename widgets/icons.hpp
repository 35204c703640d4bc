// The stroke icons of resources/icons, tinted with a colour of the theme, sharp at any scale.
#pragma once
#include <QIcon>
#include <QPainter>

#include "widgets/theme.hpp"

namespace telltale::ui {

/// `name` without ".svg". The colour is asked for when it is painted: a change of theme needs a repaint only. `theme` must outlive it.
QIcon icon(const Theme& theme, const char* name, const char* colour = "text2");
void draw_icon(QPainter& painter, const QRectF& box, const char* name, const QColor& colour);

}  // namespace telltale::ui
