// The worker process that runs jq programs: their failures end this process only.
#pragma once

namespace postrider::jq {

/// The descriptor of the socket that a ProcessRunner passes to its processes.
inline constexpr int kWorkerSocket = 3;

/// Confines this process, then serves requests on `socket` until it is closed. Called first in
/// main(), with one thread. Returns the exit status, but usually the process exits inside.
[[nodiscard]] int run_worker(int socket) noexcept;

}  // namespace postrider::jq
