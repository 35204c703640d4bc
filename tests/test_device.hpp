// Where tests compute that can do so anywhere: $TELLTALE_TEST_DEVICE (cpu, cuda, cuda:N), else the CPU.
#pragma once
#include <cstdlib>
#include <string>

inline std::string test_device() {
  const char* given = std::getenv("TELLTALE_TEST_DEVICE");
  return given && *given ? given : "cpu";
}
