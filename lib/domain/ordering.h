// In what order an endpoint gets its deliveries.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/error.h"

namespace postrider {

enum class Ordering : std::uint8_t {
  kNone,
  kKey,     ///< one at a time per ordering key, in order
  kStrict,  ///< one at a time for the endpoint, in order
};
[[nodiscard]] std::string_view to_string(Ordering ordering);
[[nodiscard]] Result<Ordering> parse_ordering(std::string_view text);

/// The line that a new delivery joins at its endpoint: deliveries with one lane key go one after
/// the other, each after the end of the one before. Nothing: it waits for no other. A view of
/// `ordering_key`, which is empty when the event has none; the one line of a strict endpoint has
/// the empty key.
[[nodiscard]] constexpr std::optional<std::string_view> lane_key_of(
    Ordering ordering, std::string_view ordering_key
) {
  if (ordering == Ordering::kStrict) return std::string_view{};
  if (ordering == Ordering::kKey && !ordering_key.empty()) return ordering_key;
  return std::nullopt;
}

}  // namespace postrider
