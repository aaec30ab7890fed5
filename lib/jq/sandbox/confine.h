// Confines a process to computing.
#pragma once

#include "base/error.h"
#include "jq/sandbox/limits.h"

namespace postrider::jq {

/// From now on the calling process can compute, allocate within its limits, use `socket` and exit;
/// every other system call fails with EPERM. This cannot be undone. Called once, with one thread,
/// after all files are open. After an error some restrictions may be in force: the process must
/// exit.
[[nodiscard]] Status confine(int socket, const SandboxLimits& sandbox);

}  // namespace postrider::jq
