// Assertions that stay on in release: our program is wrong or storage lies, so the process ends.
#pragma once

namespace postrider {

/// Writes the place and the condition to stderr and ends the process.
[[noreturn]] void assertion_failed(const char* condition, const char* file, int line) noexcept;

}  // namespace postrider

// NOLINTNEXTLINE(cppcoreguidelines-macro-usage): __FILE__ and __LINE__ need a macro.
#define POSTRIDER_ASSERT(condition)                                  \
  do {                                                               \
    if (!(condition)) [[unlikely]] {                                 \
      ::postrider::assertion_failed(#condition, __FILE__, __LINE__); \
    }                                                                \
  } while (false)
