// Tests of places that may not be written, also where tests run as root (in CI they do).
#pragma once
#include <linux/capability.h>
#include <sys/prctl.h>

/// In a child process before its program starts: root is bound by the permissions of files, as everybody else.
/// Of use to QProcess::setChildProcessModifier(); nothing happens to a user who is not root.
inline void obey_permissions() {
  for (const unsigned long right : {CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH}) prctl(PR_CAPBSET_DROP, right, 0, 0, 0);
}
