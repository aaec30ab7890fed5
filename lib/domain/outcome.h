// What came back from one request, and what follows from it.
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

/// The headers x-ratelimit-* as they came, each empty when there was none.
struct RateLimitHeaders {
  std::string remaining;    ///< requests that the present period still has
  std::string reset_after;  ///< seconds, with decimals, until it is over
  std::string scope;
  std::string global;
};

/// What a transport saw of one request. Values, never errors: a refused connection is an answer of
/// the world.
struct Response {
  enum class Failure : std::uint8_t { kNone, kTimeout, kConnect, kTls, kDns, kBlocked, kInvalid };

  Failure failure = Failure::kNone;
  int status = 0;  ///< HTTP status, 0 when none arrived
  /// For people: why there is no answer, or where a redirect leads. Names no blocked address.
  std::string error;
  std::string retry_after;  ///< the header as it came, empty when there was none
  RateLimitHeaders rate_limit;
  std::string body;  ///< the first bytes of the body; any bytes
  Millis duration{0};
};

/// How the whole endpoint, not only this delivery, has to take an answer.
enum class Verdict : std::uint8_t {
  kDelivered,
  kRetry,         ///< transient: the schedule decides
  kThrottled,     ///< the endpoint is held; the delivery is retried by its schedule
  kRejected,      ///< this message never: dead
  kEndpointGone,  ///< this endpoint never again: dead, and the endpoint is disabled
};

/// Whether the endpoint does its work: it took the message, or refused this one alone.
[[nodiscard]] constexpr bool is_well(Verdict verdict) {
  return verdict == Verdict::kDelivered || verdict == Verdict::kRejected;
}

/// A response as its destination understands it.
struct Judgement {
  Verdict verdict = Verdict::kRetry;
  Outcome outcome = Outcome::kHttpError;
  /// How long the receiver asks to be left alone, at most limits::kRetryAfterMsMax; a delivered one
  /// may ask, too.
  std::optional<Millis> retry_after{};
  /// What asks for it holds for every endpoint of the host.
  bool throttles_host = false;
  std::string reason{};  ///< the receiver's own word, for people; empty when there is none
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
/// What becomes of a delivery after an attempt.
using NextState = std::variant<Delivered, RetryAt, Dead>;

/// The only place that decides on retries. `failed_count`: attempts of this schedule, this one
/// included, were it failed. A retry is never earlier than the schedule, and not before the
/// receiver's Retry-After.
[[nodiscard]] NextState next_state(
    const RetryPolicy& policy,
    int failed_count,
    const Judgement& judgement,
    WallTime now,
    double jitter_unit
);

/// Reads Retry-After (seconds, or an HTTP date seen from `now`), bounded; nothing when it says
/// nothing usable.
[[nodiscard]] std::optional<Millis> parse_retry_after(std::string_view header, WallTime now);

}  // namespace postrider
