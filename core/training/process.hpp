// Memory of this process, and the time.
#pragma once
#include <string>

namespace telltale {

double resident_mib();       ///< now
double peak_resident_mib();  ///< the most so far, or since reset_peak_resident()
bool reset_peak_resident();  ///< false where the system does not allow it
std::string utc_now();       ///< ISO 8601, "2024-05-01T12:00:00Z"

}  // namespace telltale
