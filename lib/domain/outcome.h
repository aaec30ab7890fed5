// The result of one request, its classification, and the next state of the delivery.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "base/clock.h"
#include "base/error.h"
#include "domain/retry_policy.h"

namespace postrider {

/// The `outcome` of an attempt as the API shows it.
enum class Outcome : std::uint8_t {
  kSuccess,
  kHttpError,
  kTimeout,
  kConnect,
  kTls,
  kDns,
  kBlocked,
  kResponseInvalid,
  kRejected,
  kGone,
};
[[nodiscard]] std::string_view to_string(Outcome outcome);
[[nodiscard]] Result<Outcome> parse_outcome(std::string_view text);

/// The x-ratelimit-* headers, unmodified; each is empty when it is missing.
struct RateLimitHeaders {
  std::string remaining;    ///< requests left in the current period
  std::string reset_after;  ///< seconds, with decimals, until the period ends
  std::string scope;
  std::string global;
};

/// The result of one request as the transport reports it. A failure to connect is a value here, not
/// an Error.
struct Response {
  enum class Failure : std::uint8_t { kNone, kTimeout, kConnect, kTls, kDns, kBlocked, kInvalid };

  Failure failure = Failure::kNone;
  int status = 0;  ///< HTTP status, 0 when none arrived
  /// For people: why there is no response, or where a redirect leads. Never contains a blocked
  /// address.
  std::string error;
  std::string retry_after;  ///< the header, unmodified; empty when it is missing
  RateLimitHeaders rate_limit;
  std::string body;  ///< the first bytes of the body; may be binary
  Millis duration{0};
};

/// What a response means for its delivery and its endpoint.
enum class Verdict : std::uint8_t {
  kDelivered,
  kRetry,      ///< transient failure: retried by the schedule
  kThrottled,  ///< the endpoint backs off; the delivery is retried by its schedule
  kRejected,   ///< the receiver will never accept this message: the delivery is dead
  /// The endpoint accepts nothing any more: the delivery is dead, and the endpoint is disabled.
  kEndpointGone,
};

/// Whether the endpoint works: it accepted the message, or rejected only this message.
[[nodiscard]] constexpr bool is_well(Verdict verdict) {
  return verdict == Verdict::kDelivered || verdict == Verdict::kRejected;
}

/// A response as classified by its destination.
struct Classification {
  Verdict verdict = Verdict::kRetry;
  Outcome outcome = Outcome::kHttpError;
  /// The time for which the receiver asks for no requests, at most limits::kRetryAfterMsMax. A
  /// response that delivers the message may ask for it, too.
  std::optional<Millis> retry_after{};
  /// Whether `retry_after` applies to every endpoint of the host.
  bool throttles_host = false;
  std::string reason{};  ///< the receiver's own error text, for people; may be empty
};

enum class DeadReason : std::uint8_t {
  kAttemptsExhausted,
  kRejected,
  kGone,
  kExpired,
  kEndpointDisabled
};
inline constexpr std::size_t kDeadReasonCount = 5;
[[nodiscard]] std::string_view to_string(DeadReason reason);
[[nodiscard]] Result<DeadReason> parse_dead_reason(std::string_view text);

struct Delivered {
  bool operator==(const Delivered&) const = default;
};
struct RetryAt {
  WallTime due_at;
  bool operator==(const RetryAt&) const = default;
};
struct Dead {
  DeadReason reason;
  bool operator==(const Dead&) const = default;
};
/// The state of a delivery after an attempt.
using NextState = std::variant<Delivered, RetryAt, Dead>;

/// Decides on retries, in this place only. `failed_count` counts the attempts of this schedule,
/// including this one as a failure. A retry waits for the schedule's delay or the receiver's
/// Retry-After, whichever is longer.
[[nodiscard]] NextState next_state(
    const RetryPolicy& policy,
    int failed_count,
    const Classification& classification,
    WallTime now,
    double jitter_unit
);

/// Reads Retry-After: seconds, or an HTTP date relative to `now`. The result is at most
/// limits::kRetryAfterMsMax. Returns nullopt when the header is not valid.
[[nodiscard]] std::optional<Millis> parse_retry_after(std::string_view header, WallTime now);

}  // namespace postrider
