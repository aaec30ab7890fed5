// Describes deliveries and endpoints in words: how long ago, which result, when next.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "app/postrider/json_view.h"
#include "base/clock.h"

namespace postrider::cli {

/// Returns a text such as `12 s`, `3 min`, `5 h` or `4 d`, in the largest unit of which there is at
/// least one. Less than two days are in hours.
[[nodiscard]] std::string rough_duration(Millis duration);

/// Returns a text such as `3 min ago`, `just now` or `in 4 min`; the text itself if it is not a
/// time.
[[nodiscard]] std::string relative_time(std::string_view rfc3339, WallTime now);

/// Returns the result of the last attempt of a delivery: its status, or why there is none.
[[nodiscard]] std::string last_attempt_words(const JsonView& delivery);

/// Returns when a pending delivery is sent next, and why it waits: `in 4 min`, `now`, `circuit, in
/// 30 s`, `paused`. Empty for other deliveries.
[[nodiscard]] std::string next_attempt_words(const JsonView& delivery, WallTime now);

/// Returns a sentence about a value of `waiting_for`; empty if the value is unknown.
[[nodiscard]] std::string_view waiting_sentence(std::string_view waiting_for);

/// Returns the state of an endpoint, why it is disabled and whether its circuit is open.
[[nodiscard]] std::string endpoint_state_words(const JsonView& endpoint);

/// endpoint_last_words() returns the result of the last attempt of any delivery to an endpoint,
/// endpoint_tried_at() its time.
[[nodiscard]] std::string endpoint_last_words(const JsonView& endpoint);
[[nodiscard]] std::string endpoint_tried_at(const JsonView& endpoint);

/// Returns the number of an endpoint's pending deliveries; `1000+` if the server stopped counting.
[[nodiscard]] std::string waiting_count_words(const JsonView& endpoint);

/// Returns a URL without `https://` or `http://`.
[[nodiscard]] std::string short_url(std::string_view url);

}  // namespace postrider::cli
