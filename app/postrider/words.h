// What a person asks about deliveries and endpoints, in words: how long ago, what came back, when
// next.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "app/postrider/json_view.h"
#include "base/clock.h"

namespace postrider::cli {

/// `12 s`, `3 min`, `5 h`, `4 d`; the greatest unit that is at least once in it, two days in hours.
[[nodiscard]] std::string rough_duration(Millis duration);

/// `3 min ago`, `just now`, `in 4 min`. The text itself if it is not an instant.
[[nodiscard]] std::string relative_time(std::string_view rfc3339, WallTime now);

/// What came back from the last attempt of a delivery: its status, or why there is none.
[[nodiscard]] std::string last_attempt_words(const JsonView& delivery);

/// When a pending delivery is sent next, and what else it waits for: `in 4 min`, `now`,
/// `circuit, in 30 s`, `paused`. Empty for others.
[[nodiscard]] std::string next_attempt_words(const JsonView& delivery, WallTime now);

/// A sentence on a value of `waiting_for`; empty if the value is unknown.
[[nodiscard]] std::string_view waiting_sentence(std::string_view waiting_for);

/// The state of an endpoint, why it is disabled and whether its circuit is open.
[[nodiscard]] std::string endpoint_state_words(const JsonView& endpoint);

/// What came back from the last attempt of any delivery to an endpoint, and when it was made.
[[nodiscard]] std::string endpoint_last_words(const JsonView& endpoint);
[[nodiscard]] std::string endpoint_tried_at(const JsonView& endpoint);

/// How many deliveries an endpoint has pending; `1000+` where the server stopped counting.
[[nodiscard]] std::string waiting_count_words(const JsonView& endpoint);

/// A URL without `https://` or `http://`.
[[nodiscard]] std::string short_url(std::string_view url);

}  // namespace postrider::cli
