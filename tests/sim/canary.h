// Planted bugs: each proves that a checker bites. They live in the decorators of this directory.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace postrider::sim {

enum class Canary : std::uint8_t {
  kNone,
  kAnswerBeforeCommit,
  kSettleBeforeCommit,
  kSettlementDropped,
  kFailureAsDelivered,
  kRetryEarly,
  kAttemptsNotCounted,
  kWrongBytesSigned,
  kLimitIgnored,
  kNewsLost,
  kRoundIgnored,
  kPauseIgnored,
  kHoldIgnored,
  kOutboxTwice,
  kIdempotencyForgotten,
  kGoneIgnored,
  kDeliveryLost,
  kSecretForgotten,
  kPruneAll,
  kOrderIgnored,
  kRetryPassed,
  kOrderForgotten,
  kRateIgnored,
  kSendsForgotten,
  kCircuitIgnored,
  kCircuitForgotten,
  kTransformIgnored,
  kFilterIgnored,
  kRejectionLost,
  kFenceMissing,
  kGivenBackEarly,
  kAdoptionUnread,
  kHealthForgotten,
  kRefreshIgnored,
  kOutdatedTaken,
  kMessagesLost,
  kOthersForgotten,
  kLeaseOverrun,
};

inline constexpr std::array<std::string_view, 38> kCanaryNames = {
    "none",
    "answer_before_commit",
    "settle_before_commit",
    "settlement_dropped",
    "failure_as_delivered",
    "retry_early",
    "attempts_not_counted",
    "wrong_bytes_signed",
    "limit_ignored",
    "news_lost",
    "round_ignored",
    "pause_ignored",
    "hold_ignored",
    "outbox_twice",
    "idempotency_forgotten",
    "gone_ignored",
    "delivery_lost",
    "secret_forgotten",
    "prune_all",
    "order_ignored",
    "retry_passed",
    "order_forgotten",
    "rate_ignored",
    "sends_forgotten",
    "circuit_ignored",
    "circuit_forgotten",
    "transform_ignored",
    "filter_ignored",
    "rejection_lost",
    "fence_missing",
    "given_back_early",
    "adoption_unread",
    "health_forgotten",
    "refresh_ignored",
    "outdated_taken",
    "messages_lost",
    "others_forgotten",
    "lease_overrun",
};

[[nodiscard]] inline std::optional<Canary> parse_canary(std::string_view name) {
  for (std::size_t i = 0; i < kCanaryNames.size(); ++i) {
    if (kCanaryNames.at(i) == name) return static_cast<Canary>(i);
  }
  return std::nullopt;
}

}  // namespace postrider::sim
