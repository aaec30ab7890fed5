// Assertions that are also checked in release builds. A failed assertion means a bug or damaged
// storage, so the process ends.
#pragma once

namespace postrider {

/// Writes the location and the condition to stderr and aborts the process.
[[noreturn]] void assertion_failed(const char* condition, const char* file, int line) noexcept;

}  // namespace postrider

// NOLINTNEXTLINE(cppcoreguidelines-macro-usage): __FILE__ and __LINE__ need a macro.
#define POSTRIDER_ASSERT(condition)                                  \
  do {                                                               \
    if (!(condition)) [[unlikely]] {                                 \
      ::postrider::assertion_failed(#condition, __FILE__, __LINE__); \
    }                                                                \
  } while (false)
