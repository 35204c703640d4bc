#include "attribution/removal.hpp"

#include <stdexcept>

namespace telltale {

ModelInput without(const Encoding& text, const std::vector<int>& hidden, Removal rule, const SpecialIds& specials, Baseline baseline) {
  if (rule == Removal::baseline && baseline > Baseline::zero)
    throw std::invalid_argument(std::string("removal baseline puts in pad, mask, unk or zero, not ") + name_of(baseline));
  ModelInput out;
  std::vector<std::uint8_t> gone(text.ids.size(), 0);
  for (const int at : hidden)
    if (at >= 0 && at < static_cast<int>(text.ids.size()) && !specials.special(text.ids[static_cast<std::size_t>(at)])) gone[static_cast<std::size_t>(at)] = 1;
  if (rule == Removal::remove) {
    for (std::size_t t = 0; t < text.ids.size(); ++t)
      if (!gone[t]) out.ids.push_back(text.ids[t]);
    return out;
  }
  out.ids = text.ids;
  const bool zero = rule == Removal::baseline && baseline == Baseline::zero;
  if (rule == Removal::pad_masked) out.attend.assign(text.ids.size(), 1);
  if (zero) out.zeroed.assign(text.ids.size(), 0);
  std::int32_t by = specials.pad;
  if (rule == Removal::mask || (rule == Removal::baseline && baseline == Baseline::mask)) by = specials.mask;
  if (rule == Removal::baseline && baseline == Baseline::unk) by = specials.unk;
  for (std::size_t t = 0; t < text.ids.size(); ++t) {
    if (!gone[t]) continue;
    if (zero)
      out.zeroed[t] = 1;
    else
      out.ids[t] = by;
    if (rule == Removal::pad_masked) out.attend[t] = 0;
  }
  return out;
}

std::vector<int> pieces_of(const Encoding& text, const std::vector<int>& words) {
  std::vector<int> out;
  for (const int w : words) {
    const Word& word = text.words.at(static_cast<std::size_t>(w));
    for (std::int32_t p = word.first; p < word.last; ++p) out.push_back(p);
  }
  return out;
}

}  // namespace telltale
