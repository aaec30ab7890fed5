// The limits of one program, and the exit statuses of a worker that exceeds them.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/limits.h"

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define POSTRIDER_JQ_SANITIZED 1
#endif
#if __has_feature(thread_sanitizer)
#define POSTRIDER_JQ_LATE_SIGNALS 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define POSTRIDER_JQ_SANITIZED 1
#endif
#if defined(__SANITIZE_THREAD__)
#define POSTRIDER_JQ_LATE_SIGNALS 1
#endif

namespace postrider::jq {

#if defined(POSTRIDER_JQ_SANITIZED)
inline constexpr bool kSanitized = true;
#else
inline constexpr bool kSanitized = false;
#endif

/// Whether memory is limited. With a sanitizer it is not, because its shadow memory exceeds any
/// useful limit.
inline constexpr bool kMemoryIsLimited = !kSanitized;

/// Whether signal handlers run at once. ThreadSanitizer delays them until the next intercepted
/// call, and a loop in libjq makes none.
#if defined(POSTRIDER_JQ_LATE_SIGNALS)
inline constexpr bool kSignalsAreHandledAtOnce = false;
#else
inline constexpr bool kSignalsAreHandledAtOnce = true;
#endif

/// Limits of one program over one input, unless a member says otherwise.
struct SandboxLimits {
  Millis run_cpu = limits::kProgramCpu;
  /// Processor time for reading the input, and again for compiling one program.
  Millis prepare_cpu = limits::kProgramPrepareCpu;
  /// Wall time without a response, for an overloaded machine, where processor time does not pass.
  Millis silence = limits::kProgramSilence;
  /// Memory of one process, beyond its memory after the start.
  std::size_t memory_bytes = limits::kProgramMemoryBytes;
  std::size_t output_bytes = limits::kProgramOutputBytesMax;
  /// Compiled programs that one process keeps.
  std::size_t cached = limits::kProgramsCached;
};

/// For people: "64 MiB", "100 bytes".
[[nodiscard]] inline std::string bytes_text(std::size_t bytes) {
  constexpr std::size_t kMiB = 1U << 20U;
  if (bytes >= kMiB && bytes % kMiB == 0) return std::to_string(bytes / kMiB) + " MiB";
  return std::to_string(bytes) + " bytes";
}
/// For people: "10 s", "100 ms".
[[nodiscard]] inline std::string time_text(Millis time) {
  if (time >= Millis{1000} && time.count() % 1000 == 0)
    return std::to_string(time.count() / 1000) + " s";
  return std::to_string(time.count()) + " ms";
}
[[nodiscard]] inline std::string cpu_reason(Millis limit, std::string_view doing) {
  return std::string{doing} + " more than " + time_text(limit) + " of processor time";
}

/// Exit statuses of a worker.
enum Exit : int {
  kExitDone = 0,         ///< nobody asks any more
  kExitUsage = 2,        ///< it was not started by a ProcessRunner
  kExitMemory = 3,       ///< a program needs more than there is
  kExitInputMemory = 4,  ///< the input does
  kExitRunCpu = 5,       ///< a program ran too long where it cannot be stopped
};

}  // namespace postrider::jq
