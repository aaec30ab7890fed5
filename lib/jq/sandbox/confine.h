// Takes from a process what computing does not need.
#pragma once

#include "base/error.h"
#include "jq/sandbox/limits.h"

namespace postrider::jq {

/// From here on the calling process computes, allocates within its limits, talks through `socket`
/// and ends; every other system call fails with EPERM. For good; called once, with one thread, when
/// everything that has to be opened is open. On an error some of it may be in force already: the
/// process must not go on.
[[nodiscard]] Status confine(int socket, const SandboxLimits& sandbox);

}  // namespace postrider::jq
