#include "widgets/plot/chart_ticks.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "report/numbers.hpp"

namespace telltale::ui {
namespace {

QString superscript(int n) {
  static const QString digits = QStringLiteral("⁰¹²³⁴⁵⁶⁷⁸⁹");
  QString out;
  for (const QChar c : QString::number(n)) out += c == QLatin1Char('-') ? QChar(0x207B) : digits[c.digitValue()];
  return out;
}

}  // namespace

double tick_distance(double length, int most, ChartAxis axis, bool value_axis) {
  if (!(length > 0) || !std::isfinite(length)) return 1;
  const double rough = length / std::max(1, most);
  if (!value_axis && axis == ChartAxis::time && rough > 0.5) {
    constexpr std::array<double, 15> nice = {1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200, 21600};
    for (const double d : nice)
      if (d >= rough) return d;
    return std::ceil(rough / 43200) * 43200;
  }
  const double power = std::pow(10.0, std::floor(std::log10(rough)));
  double d = 10 * power;
  for (const double m : {1.0, 2.0, 5.0})
    if (m * power >= rough * (1 - 1e-9)) {
      d = m * power;
      break;
    }
  return !value_axis && axis == ChartAxis::step ? std::max(1.0, d) : d;
}

std::vector<double> log_ticks(double low, double high, int most) {
  std::vector<double> out;
  if (!(low > 0) || !(high > low) || !std::isfinite(high)) return out;
  const double decades = std::log10(high / low);
  const int first = static_cast<int>(std::floor(std::log10(low))), last = static_cast<int>(std::ceil(std::log10(high)));
  const auto add = [&](double v) {
    if (v >= low * (1 - 1e-9) && v <= high * (1 + 1e-9)) out.push_back(v);
  };
  if (decades < 0.7) {  // hardly a log axis any more: plain distances
    const double d = tick_distance(high - low, most - 1, ChartAxis::step, true);
    for (double v = std::ceil(low / d) * d; v <= high; v += d) add(v);
    return out;
  }
  if (decades <= 2)
    for (int k = first; k <= last; ++k)
      for (const double m : decades < 1.2 ? std::vector<double>{1, 2, 5} : std::vector<double>{1, 3}) add(m * std::pow(10.0, k));
  else {
    const int stride = std::max(1, static_cast<int>(std::ceil(decades / (most - 1))));
    for (int k = first - ((first % stride) + stride) % stride; k <= last; k += stride) add(std::pow(10.0, k));
  }
  return out;
}

QString tick_text(double value, double distance) {
  if (std::abs(value) < distance * 1e-6) return QStringLiteral("0");
  const double size = std::abs(value);
  if (size < 1e-4 && distance < 1e-4) {
    const int power = static_cast<int>(std::floor(std::log10(size) + 1e-9));
    const double m = value / std::pow(10.0, power);
    const QString ten = QStringLiteral("10") + superscript(power);
    if (std::abs(m - 1) < 1e-6) return ten;
    return QString::fromStdString(fixed(m, std::abs(m - std::round(m)) < 1e-6 ? 0 : 1)) + QStringLiteral("·") + ten;
  }
  if (size >= 1e6 && distance >= 1e4) return QString::fromStdString(fixed(value / 1e6, distance >= 1e6 ? 0 : distance >= 1e5 ? 1 : 2)) + QLatin1Char('M');
  if (distance >= 1 && std::abs(value - std::round(value)) < 1e-6) return QString::fromStdString(thousands(std::llround(value)));
  const int decimals = std::clamp(static_cast<int>(std::ceil(-std::log10(distance) - 1e-9)), 0, 7);
  return QString::fromStdString(fixed(value, decimals));
}

QString time_text(double seconds, double distance) {
  if (seconds < 0.5) return QStringLiteral("0");
  const auto total = static_cast<long long>(std::llround(seconds));
  if (distance >= 3600) return QStringLiteral("%1 h").arg(total / 3600);
  if (distance >= 60) return total < 3600 ? QStringLiteral("%1 min").arg(total / 60) : QStringLiteral("%1 h %2").arg(total / 3600).arg(total / 60 % 60, 2, 10, QLatin1Char('0'));
  return total < 60 ? QStringLiteral("%1 s").arg(total) : QStringLiteral("%1:%2").arg(total / 60).arg(total % 60, 2, 10, QLatin1Char('0'));
}

}  // namespace telltale::ui
