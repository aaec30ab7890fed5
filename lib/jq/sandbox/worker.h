// The process that runs jq programs: what may go wrong in them goes wrong here.
#pragma once

namespace postrider::jq {

/// The descriptor that a ProcessRunner gives to its processes.
inline constexpr int kWorkerSocket = 3;

/// Confines this process, then answers what comes through `socket` until that is closed. Called
/// first thing in main(), with one thread; returns what main() returns, and mostly not at all.
[[nodiscard]] int run_worker(int socket) noexcept;

}  // namespace postrider::jq
