// The mark in the data of every event of a benchmark. It identifies the event and times its
// arrival.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/clock.h"

namespace postrider::bench {

/// The event's number and the time at which it was due to be emitted, in microseconds of MonoTime.
struct Mark {
  std::uint32_t number = 0;
  std::int64_t emitted_us = 0;
};

/// Appends a JSON object of `bytes` bytes (at least kMarkBytesMin) that begins with the mark.
void append_marked_data(std::string& out, const Mark& mark, std::size_t bytes);
inline constexpr std::size_t kMarkBytesMin = 56;

/// Finds the mark in `body`; returns false when there is none.
[[nodiscard]] bool find_mark(std::string_view body, Mark& mark);

[[nodiscard]] inline std::int64_t to_us(MonoTime time) { return time.time_since_epoch().count(); }

}  // namespace postrider::bench
