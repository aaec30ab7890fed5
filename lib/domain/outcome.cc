#include "domain/outcome.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "base/limits.h"

namespace postrider {
namespace {

constexpr std::array<std::string_view, 10> kOutcomeNames = {
    "success",
    "http_error",
    "timeout",
    "connect",
    "tls",
    "dns",
    "blocked",
    "response_invalid",
    "rejected",
    "gone"};
constexpr std::array<std::string_view, kDeadReasonCount> kDeadReasonNames = {
    "attempts_exhausted", "rejected", "gone", "expired", "endpoint_disabled"};

template <class Enum, std::size_t N>
Result<Enum> parse_name(const std::array<std::string_view, N>& names, std::string_view text) {
  const auto found = std::find(names.begin(), names.end(), text);
  if (found == names.end())
    return fail(Errc::kInvalidArgument, "unknown name: " + std::string{text});
  return static_cast<Enum>(found - names.begin());
}

}  // namespace

std::string_view to_string(Outcome outcome) {
  return kOutcomeNames[static_cast<std::size_t>(outcome)];
}
Result<Outcome> parse_outcome(std::string_view text) {
  return parse_name<Outcome>(kOutcomeNames, text);
}

std::string_view to_string(DeadReason reason) {
  return kDeadReasonNames[static_cast<std::size_t>(reason)];
}
Result<DeadReason> parse_dead_reason(std::string_view text) {
  return parse_name<DeadReason>(kDeadReasonNames, text);
}

NextState next_state(
    const RetryPolicy& policy,
    int failed_count,
    const Classification& classification,
    WallTime now,
    double jitter_unit
) {
  switch (classification.verdict) {
    case Verdict::kDelivered:
      return Delivered{};
    case Verdict::kRejected:
      return Dead{DeadReason::kRejected};
    case Verdict::kEndpointGone:
      return Dead{DeadReason::kGone};
    case Verdict::kRetry:
    case Verdict::kThrottled:
      break;
  }
  const auto delay = delay_after(policy, failed_count, jitter_unit);
  if (!delay) return Dead{DeadReason::kAttemptsExhausted};
  return RetryAt{now + std::max(*delay, classification.retry_after.value_or(Millis{0}))};
}

std::optional<Millis> parse_retry_after(std::string_view header, WallTime now) {
  constexpr Millis kMax{limits::kRetryAfterMsMax};
  std::int64_t seconds = 0;
  const auto [stop, error] = std::from_chars(header.data(), header.data() + header.size(), seconds);
  if (error == std::errc{} && stop == header.data() + header.size() && seconds >= 0) {
    return std::min(Millis{std::min(seconds, kMax.count()) * 1000}, kMax);
  }
  if (error == std::errc::result_out_of_range) return kMax;
  const auto date = parse_http_date(header);
  if (!date) return std::nullopt;
  return std::clamp(*date - now, Millis{0}, kMax);
}

}  // namespace postrider
