#include "app/postrider/words.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

namespace postrider::cli {
namespace {

/// A value of `waiting_for` with its label in a table and its sentence.
struct Waiting {
  std::string_view value;
  std::string_view label;  ///< empty: only the time is shown
  std::string_view sentence;
};

constexpr std::array kWaiting{
    Waiting{"due", "", "it is sent as soon as there is capacity"},
    Waiting{"schedule", "", "the last attempt failed; the retry schedule sets the next one"},
    Waiting{"deliver_at", "", "the event is to be delivered at this time"},
    Waiting{"circuit", "circuit", "the endpoint keeps failing: one attempt at a time tests it"},
    Waiting{"throttle", "throttled", "the endpoint asked for a pause"},
    Waiting{"rate_limit", "rate limit", "the rate limit of the endpoint is used up"},
    Waiting{"order", "ordered", "an earlier delivery with this ordering key comes first"},
    Waiting{"paused", "paused", "the endpoint is paused"},
    Waiting{"disabled", "disabled", "the endpoint is disabled"},
    Waiting{"fanout", "fan-out", "the deliveries of the event are being created"},
    Waiting{"local", "local fault", "this server could not send; no attempt was used"},
};

const Waiting* find_waiting(std::string_view value) {
  const auto* const found = std::find_if(kWaiting.begin(), kWaiting.end(), [&](const auto& known) {
    return known.value == value;
  });
  return found == kWaiting.end() ? nullptr : found;
}

/// Returns the later one of the last success and the last failure.
JsonView last_of_health(const JsonView& endpoint) {
  const JsonView success = endpoint["health"]["last_success"];
  const JsonView failure = endpoint["health"]["last_failure"];
  // Times of one length and time zone can be compared as texts.
  return failure["at"].text() > success["at"].text() ? failure : success;
}

/// Returns a status, or why there is none.
std::string status_words(const JsonView& attempt) {
  const JsonView status = attempt["status"];
  return status.exists() && !status.is_null() ? status.text() : attempt["outcome"].text();
}

bool has_no_time(std::string_view waiting_for) {
  return waiting_for == "paused" || waiting_for == "disabled" || waiting_for == "order" ||
         waiting_for == "due";
}

}  // namespace

std::string rough_duration(Millis duration) {
  constexpr std::int64_t kMinute = 60;
  constexpr std::int64_t kHour = 60 * kMinute;
  constexpr std::int64_t kDay = 24 * kHour;
  const std::int64_t seconds = duration.count() / 1000;
  if (seconds < kMinute) return fmt::format("{} s", seconds);
  if (seconds < kHour) return fmt::format("{} min", seconds / kMinute);
  if (seconds < 2 * kDay) return fmt::format("{} h", seconds / kHour);
  return fmt::format("{} d", seconds / kDay);
}

std::string relative_time(std::string_view rfc3339, WallTime now) {
  const auto at = parse_rfc3339(rfc3339);
  if (!at) return std::string(rfc3339);
  constexpr Millis kNow{1000};
  if (*at > now) return *at - now < kNow ? "now" : "in " + rough_duration(*at - now);
  return now - *at < kNow ? "just now" : rough_duration(now - *at) + " ago";
}

std::string last_attempt_words(const JsonView& delivery) {
  return status_words(delivery["last_attempt"]);
}

std::string next_attempt_words(const JsonView& delivery, WallTime now) {
  if (delivery["state"].text() != "pending") return {};
  const std::string waiting_for = delivery["waiting_for"].text();
  const auto at = parse_rfc3339(delivery["next_attempt_at"].text());
  std::string when = "now";
  if (at && *at - now >= Millis{1000}) when = "in " + rough_duration(*at - now);
  const Waiting* waiting = find_waiting(waiting_for);
  const std::string label(waiting == nullptr ? waiting_for : waiting->label);
  if (label.empty()) return when;
  return has_no_time(waiting_for) || when == "now" ? label : label + ", " + when;
}

std::string_view waiting_sentence(std::string_view waiting_for) {
  const Waiting* waiting = find_waiting(waiting_for);
  return waiting == nullptr ? std::string_view{} : waiting->sentence;
}

std::string endpoint_state_words(const JsonView& endpoint) {
  std::string state = endpoint["state"].text();
  const std::string reason = endpoint["state_reason"].text();
  if (!reason.empty()) return state + " (" + reason + ")";
  const std::string circuit = endpoint["circuit"]["state"].text();
  if (state == "active" && (circuit == "open" || circuit == "half_open")) return "circuit open";
  return state;
}

std::string endpoint_last_words(const JsonView& endpoint) {
  return status_words(last_of_health(endpoint));
}

std::string endpoint_tried_at(const JsonView& endpoint) {
  return last_of_health(endpoint)["at"].text();
}

std::string waiting_count_words(const JsonView& endpoint) {
  const std::string count = endpoint["health"]["waiting"].text();
  return endpoint["health"]["more_are_waiting"].raw() == "true" ? count + "+" : count;
}

std::string short_url(std::string_view url) {
  for (const std::string_view scheme : {"https://", "http://"}) {
    if (url.starts_with(scheme)) return std::string(url.substr(scheme.size()));
  }
  return std::string(url);
}

}  // namespace postrider::cli
