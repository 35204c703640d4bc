// Comparisons of doubles with a message that shows both.
#pragma once
#include <QtTest>
#include <cmath>

inline bool close_to(double got, double expected, double tolerance = 1e-12) {
  if (std::isnan(got) && std::isnan(expected)) return true;
  return std::abs(got - expected) <= tolerance * std::max(1.0, std::abs(expected));
}
#define CLOSE(got, expected)                                                                                        \
  do {                                                                                                              \
    const double g_ = (got), e_ = (expected);                                                                       \
    QVERIFY2(close_to(g_, e_), qPrintable(QStringLiteral("%1: got %2, expected %3").arg(QLatin1String(#got)).arg(g_, 0, 'g', 17).arg(e_, 0, 'g', 17))); \
  } while (false)
#define CLOSE_BY(got, expected, tolerance)                                                                          \
  do {                                                                                                              \
    const double g_ = (got), e_ = (expected);                                                                       \
    QVERIFY2(close_to(g_, e_, tolerance), qPrintable(QStringLiteral("%1: got %2, expected %3").arg(QLatin1String(#got)).arg(g_, 0, 'g', 17).arg(e_, 0, 'g', 17))); \
  } while (false)
#define UNDEFINED(got) QVERIFY(std::isnan(got))
