// What the result of an attempt changes: the delivery, and the throttle, speed and circuit of its
// endpoint.
#include <utility>

#include "base/assert.h"
#include "engine/engine.h"

namespace postrider {
namespace {

/// An endpoint is fast if preparing and the response took no longer than this.
constexpr Millis kFastMax{1000};

}  // namespace

void Engine::apply_backpressure(const AttemptResult& answer, Lane& lane, MonoTime mono_now) {
  const Classification& classification = answer.classification;
  if (classification.verdict == Verdict::kThrottled) {
    lane.throttled(mono_now, classification.retry_after);
  } else {
    lane.answered();
    if (classification.retry_after) lane.throttled(mono_now, classification.retry_after);
  }
  if (classification.throttles_host && classification.retry_after) {
    const std::string& url = answer.attempt.endpoint->config.url;
    host_throttle_.throttle(url, mono_now, *classification.retry_after);
  }
  // Before the settlement is written, so that a reader who sees it also sees why deliveries wait.
  if (classification.retry_after || classification.verdict == Verdict::kThrottled)
    report_backpressure(lane, mono_now);
  if (classification.verdict == Verdict::kEndpointGone) lane.gone(answer.attempt.due.delivery.id);
}

void Engine::classify_speed(const AttemptResult& answer, MonoTime mono_now) {
  const InFlightAttempt& attempt = answer.attempt;
  const EndpointId id = attempt.endpoint->id;
  const auto prepared_for = attempt.sent_at.value_or(mono_now) - attempt.begun_at;
  const bool is_slow = prepared_for + answer.response.duration > kFastMax;
  const bool was_reached = answer.response.failure == Response::Failure::kNone;
  // An attempt that failed in its programs does not show how fast the endpoint answers.
  if (is_slow || answer.counts_for_health) set_fast(id, !is_slow && was_reached);
}

void Engine::settle(AttemptResult&& answer, WallTime wall_now, MonoTime mono_now) {
  InFlightAttempt& sent = answer.attempt;
  const Delivery& delivery = sent.due.delivery;
  Lane* lane = find_lane(delivery.endpoint);
  POSTRIDER_ASSERT(lane != nullptr);
  if (answer.counts_for_health) apply_backpressure(answer, *lane, mono_now);
  classify_speed(answer, mono_now);

  const Classification& classification = answer.classification;
  Settlement settlement;
  settlement.delivery = delivery.id;
  settlement.endpoint = delivery.endpoint;
  settlement.round = delivery.round;
  settlement.attempts_count = delivery.attempts_count;
  settlement.attempt = take_attempt(answer);
  settlement.verdict = classification.verdict;
  settlement.counts_for_health = answer.counts_for_health;
  settlement.health_round = sent.endpoint->health_round;
  const bool was_open = open_circuit(delivery.endpoint) != nullptr;
  if (answer.counts_for_health) {
    settlement.circuit = update_circuit(sent, is_well(classification.verdict), wall_now, mono_now);
  }
  const RetryPolicy& policy =
      sent.endpoint->config.retry ? *sent.endpoint->config.retry : options_.retry_default;
  settlement.next = next_state(
      policy, delivery.schedule_attempts_count + 1, classification, wall_now, prng_.unit()
  );
  if (sent.sent_at && sent.endpoint->config.rate_limit) {
    settlement.sent_at = *sent.sent_at;
    settlement.rate_period = sent.endpoint->config.rate_limit->period;
  }
  settlement.event = std::move(sent.due.event);
  const bool circuit_matters = was_open || settlement.circuit;
  sink_.put(std::move(settlement), urgency_of(delivery, *lane, circuit_matters));
}

Urgency Engine::urgency_of(const Delivery& delivery, const Lane& lane, bool circuit_matters) const {
  const bool slot_is_wanted =
      !lane.has_free_slot() || !limiter_.any_free() || !waiting_for_slot_.empty();
  const bool awaited = delivery.lane_key || circuit_matters || slot_is_wanted;
  return awaited ? Urgency::kAwaited : Urgency::kCanWait;
}

std::optional<OpenCircuit> Engine::update_circuit(
    const InFlightAttempt& sent, bool is_well, WallTime wall_now, MonoTime mono_now
) {
  const std::int64_t id = sent.endpoint->id.value;
  const auto endpoint = endpoints_.find(id);
  // The endpoint was changed or resumed after the request: the response is about an earlier round.
  if (endpoint == endpoints_.end() || endpoint->second->health_round != sent.endpoint->health_round)
    return std::nullopt;
  if (is_well) {
    circuits_.erase(id);
    return std::nullopt;
  }
  Circuit& circuit = circuits_[id];
  circuit.failed(sent.due.delivery.id, wall_now, mono_now, prng_.unit());
  return circuit.stored();
}

}  // namespace postrider
