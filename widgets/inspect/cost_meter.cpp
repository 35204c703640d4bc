#include "widgets/inspect/cost_meter.hpp"

#include <QObject>
#include <algorithm>
#include <cmath>
#include <vector>

#include "report/numbers.hpp"

namespace telltale::ui {
namespace {

constexpr std::size_t kept = 5;
constexpr double nodes_at_first = 24;

double median(std::vector<double> v) {
  if (v.empty()) return NAN;
  std::nth_element(v.begin(), v.begin() + static_cast<std::ptrdiff_t>(v.size() / 2), v.end());
  return v[v.size() / 2];
}

/// Ids that are read, the two specials too.
double load(const Passes& p, const TextSize& size) { return p.all() * static_cast<double>(size.pieces + 2); }

}  // namespace

void CostMeter::add(std::int64_t run, const ExplainOptions& o, const TextSize& size, int steps, double seconds) {
  if (!(seconds > 0)) return;
  const MethodInfo& m = method_info(o.method);
  const bool search = m.uses_steps && o.steps == 0 && steps > 0;
  const double work = load(passes_of(m, o, size, search ? steps : nodes_at_first), size);
  if (!(work > 0) || !std::isfinite(work)) return;
  const std::lock_guard lock(mutex_);
  auto& own = paces_[run][o.method];
  own.push_back(seconds / work);
  if (own.size() > kept) own.pop_front();
  if (search) nodes_[run] = steps;
}

double CostMeter::nodes(std::int64_t run) const {
  const auto at = nodes_.find(run);
  return at == nodes_.end() ? nodes_at_first : at->second;
}

Passes CostMeter::passes(std::int64_t run, const ExplainOptions& o, const TextSize& size) const {
  const std::lock_guard lock(mutex_);
  return passes_of(method_info(o.method), o, size, nodes(run));
}

double CostMeter::seconds(std::int64_t run, const ExplainOptions& o, const TextSize& size) const {
  const double work = load(passes(run, o, size), size);
  const std::lock_guard lock(mutex_);
  const auto paces = paces_.find(run);
  if (paces == paces_.end()) return NAN;
  if (const auto own = paces->second.find(o.method); own != paces->second.end()) return work * median({own->second.begin(), own->second.end()});
  // Of a search for flows nobody knows from passes.
  if (passes_of(method_info(o.method), o, size).flows > 0) return NAN;
  std::vector<double> all;
  for (const auto& [method, some] : paces->second) all.push_back(median({some.begin(), some.end()}));
  return work * median(std::move(all));
}

QString passes_text(const Passes& p) {
  const auto count = [](double n) { return n < 1e15 ? QString::fromStdString(thousands(std::llround(n))) : QObject::tr("too many"); };
  QString out;
  if (p.forward == p.backward) out = p.forward == 1 ? QStringLiteral("F + B") : QStringLiteral("%1 (F + B)").arg(count(p.forward));
  else if (p.backward == 0) out = p.forward == 1 ? QStringLiteral("F") : QStringLiteral("%1 F").arg(count(p.forward));
  else out = QStringLiteral("%1 F + %2 B").arg(count(p.forward), count(p.backward));
  if (p.flows > 0) out += QObject::tr(" + %1 flows").arg(count(p.flows));
  return out;
}

QString about_text(double s) {
  if (s < 0.095) return QObject::tr("under 0.1 s");
  if (s < 9.5) return QObject::tr("about %1 s").arg(QString::fromStdString(fixed(s, s < 0.95 ? 1 : 0)));
  return QObject::tr("about %1").arg(s < 59.5 ? QObject::tr("%1 s").arg(std::lround(s)) : QString::fromStdString(duration(std::round(s))));
}

QString CostMeter::text(std::int64_t run, const ExplainOptions& o, const TextSize& size) const {
  const double s = seconds(run, o, size);
  return std::isnan(s) ? passes_text(passes(run, o, size)) : about_text(s);
}

QString CostMeter::tip(std::int64_t run, const ExplainOptions& o, const TextSize& size) const {
  QString out = QObject::tr("%1: F is a forward, B a backward pass of this post").arg(passes_text(passes(run, o, size)));
  const MethodInfo& m = method_info(o.method);
  if (m.uses_steps && o.steps == 0) out += QObject::tr("; how many nodes the tolerance takes is a guess");
  if (!std::isnan(seconds(run, o, size))) out += QObject::tr("; the time by what explanations took on this model before");
  return out;
}

}  // namespace telltale::ui
