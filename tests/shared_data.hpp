// Where the reference data lies: $TELLTALE_SHARED, else ../shared beside the checkout. Empty when it is not there.
#pragma once
#include <cstdlib>
#include <filesystem>

inline std::filesystem::path shared_data() {
  namespace fs = std::filesystem;
  if (const char* given = std::getenv("TELLTALE_SHARED"); given && *given && fs::exists(given)) return given;
  const fs::path beside = fs::path(TELLTALE_SOURCE_DIR).parent_path() / "shared";
  return fs::exists(beside / "golden") ? beside : fs::path();
}

/// First line of a test that needs reference data: leaves `shared` bound, or skips with a message.
#define TELLTALE_NEEDS_SHARED(shared)                                                                          \
  const std::filesystem::path shared = shared_data();                                                          \
  if (shared.empty()) QSKIP("reference data not found: set TELLTALE_SHARED or put it at ../shared")
