// Where ticks stand and what they say: at most six, digits as everywhere (minus U+2212, thousands with commas).
#pragma once
#include <QString>
#include <vector>

#include "widgets/plot/chart_data.hpp"

namespace telltale::ui {

/// Distance of ticks for a range: 1, 2 or 5 times a power of ten; whole for steps; minutes and hours for time.
double tick_distance(double length, int most, ChartAxis axis, bool value_axis = false);
/// Ticks on a log axis inside [low, high], both > 0: 1, 2, 5 times powers of ten where few decades are shown, else powers of ten.
std::vector<double> log_ticks(double low, double high, int most = 6);
QString tick_text(double value, double distance);  ///< "0.25", "1,170", "−3", "1.2M", "10⁻⁶"
QString time_text(double seconds, double distance);  ///< "30 s", "12 min", "1 h 30"

}  // namespace telltale::ui
