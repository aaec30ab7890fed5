// The order in which an endpoint receives its deliveries.
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

/// Returns the key of the queue that a new delivery joins at its endpoint. Deliveries with one key
/// are sent one at a time, each after the previous one has ended. Returns nullopt for a delivery
/// that is not ordered. The result is a view of `ordering_key`, which is empty when the event has
/// none. A strict endpoint has one queue, with the empty key.
[[nodiscard]] constexpr std::optional<std::string_view> lane_key_of(
    Ordering ordering, std::string_view ordering_key
) {
  if (ordering == Ordering::kStrict) return std::string_view{};
  if (ordering == Ordering::kKey && !ordering_key.empty()) return ordering_key;
  return std::nullopt;
}

}  // namespace postrider
