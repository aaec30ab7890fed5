// Wall time and monotonic time as two types: wall time is stored and shown, monotonic time measures
// durations.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/error.h"

namespace postrider {

using Millis = std::chrono::milliseconds;

/// Unix time in milliseconds. May step back or jump when the clock is set.
using WallTime = std::chrono::time_point<std::chrono::system_clock, Millis>;

/// Never steps. Values from before a restart of the machine cannot be compared, see Clock::boot().
using MonoTime = std::chrono::time_point<std::chrono::steady_clock, std::chrono::microseconds>;

/// The only source of time. Only the composition root names SystemClock; tests pass their own
/// clock.
class Clock {
 public:
  Clock() = default;
  Clock(const Clock&) = delete;
  Clock& operator=(const Clock&) = delete;
  virtual ~Clock() = default;

  [[nodiscard]] virtual WallTime wall_now() const = 0;
  [[nodiscard]] virtual MonoTime mono_now() const = 0;
  /// Identifies the current start of the machine. MonoTime values of two processes are comparable
  /// if their boot() is equal.
  [[nodiscard]] virtual std::int64_t boot() const = 0;
};

/// The machine's clocks. Thread-safe.
class SystemClock final : public Clock {
 public:
  [[nodiscard]] WallTime wall_now() const override;
  [[nodiscard]] MonoTime mono_now() const override;
  [[nodiscard]] std::int64_t boot() const override;
};

/// A clock that adds an offset to another clock's wall time. Thread-safe.
class AdjustedClock final : public Clock {
 public:
  /// `clock` must outlive this object.
  explicit AdjustedClock(const Clock& clock) : clock_(clock) {}

  [[nodiscard]] WallTime wall_now() const override { return clock_.wall_now() + offset(); }
  [[nodiscard]] MonoTime mono_now() const override { return clock_.mono_now(); }
  [[nodiscard]] std::int64_t boot() const override { return clock_.boot(); }

  [[nodiscard]] Millis offset() const { return Millis{offset_ms_.load()}; }
  void set_offset(Millis offset) { offset_ms_.store(offset.count()); }

 private:
  const Clock& clock_;
  std::atomic<std::int64_t> offset_ms_{0};
};

[[nodiscard]] constexpr std::int64_t unix_ms(WallTime time) {
  return time.time_since_epoch().count();
}
[[nodiscard]] constexpr WallTime from_unix_ms(std::int64_t ms) { return WallTime{Millis{ms}}; }

/// Formats RFC 3339 in UTC with milliseconds: 2026-01-01T00:00:00.000Z. Years 0000 to 9999.
[[nodiscard]] std::string to_rfc3339(WallTime time);

/// Reads RFC 3339 with any offset; truncates to milliseconds.
[[nodiscard]] Result<WallTime> parse_rfc3339(std::string_view text);

/// Reads an HTTP date (RFC 9110 IMF-fixdate: "Sun, 06 Nov 1994 08:49:37 GMT").
[[nodiscard]] Result<WallTime> parse_http_date(std::string_view text);

}  // namespace postrider
