#include "api/views.h"

#include <algorithm>
#include <variant>

#include <nlohmann/json.hpp>

#include "api/endpoint_signing.h"

namespace postrider::api {
namespace {

void append_strings(std::string& out, const std::vector<std::string>& texts) {
  JsonArray array(out);
  for (const auto& text : texts) append_json_string(array.next(), text);
  array.end();
}

/// Empty when receivers check with the secret itself.
std::string public_key_of(const Endpoint& endpoint, const EndpointSecret& secret) {
  const signing::Scheme* const scheme = scheme_of(endpoint);
  if (scheme == nullptr) return {};
  return scheme->public_key(secret.value).value_or(std::string{});
}

std::string_view state_after(const RecordedAttempt& recorded) {
  const auto& next = recorded.settlement.next;
  if (std::holds_alternative<Delivered>(next)) return to_string(DeliveryState::kDelivered);
  if (std::holds_alternative<Dead>(next)) return to_string(DeliveryState::kDead);
  return to_string(DeliveryState::kPending);
}

}  // namespace

void Views::event_members(JsonObject& object, const Event& event) const {
  object.text("id", ids_.encode(event.id)).text("type", event.type).text("tenant", event.tenant);
  append_strings(object.begin("channels"), event.channels);
  object.text_or_null("ordering_key", event.ordering_key)
      .raw("metadata", event.metadata.empty() ? std::string_view("{}") : event.metadata)
      .instant("created_at", event.created_at)
      .instant("deliver_at", event.deliver_at)
      .instant("expires_at", event.expires_at)
      .text_or_null("traceparent", event.traceparent)
      .text_or_null("tracestate", event.tracestate);
}

std::string Views::event(const Event& event) const {
  std::string out;
  JsonObject object(out);
  event_members(object, event);
  object.end();
  return out;
}

std::string Views::event_with_data(const Event& event) const {
  std::string out;
  out.reserve(event.data.size() + event.metadata.size() + 512);
  JsonObject object(out);
  event_members(object, event);
  object.raw("data", event.data).end();
  return out;
}

void Views::attempt_members(JsonObject& object, std::string_view id, const Attempt& attempt) const {
  object.text("id", id)
      .number("number", attempt.number)
      .instant("started_at", attempt.started_at)
      .number("duration_ms", attempt.duration.count());
  if (attempt.status == 0) {
    object.raw("status", "null");
  } else {
    object.number("status", attempt.status);
  }
  object.text("outcome", postrider::to_string(attempt.outcome))
      .text_or_null("error", attempt.error);
}

void Views::attempts_member(JsonObject& object, std::span<const Attempt> attempts) const {
  JsonArray array(object.begin("attempts"));
  for (const auto& attempt : attempts) {
    JsonObject one(array.next());
    attempt_members(one, ids_.encode(attempt.id), attempt);
    one.text("response_excerpt", attempt.response_excerpt).end();
  }
  array.end();
}

void Views::delivery_members(JsonObject& object, const DeliveryView& view) const {
  const Delivery& delivery = view.delivery;
  object.text("id", ids_.encode(delivery.id))
      .text("event", ids_.encode(delivery.event))
      .text("type", view.type)
      .text("tenant", view.tenant)
      .text("endpoint", ids_.encode(delivery.endpoint))
      .text("state", postrider::to_string(delivery.state));
  if (delivery.dead_reason) {
    object.text("reason", postrider::to_string(*delivery.dead_reason));
  } else {
    object.raw("reason", "null");
  }
  object.boolean("discarded", delivery.discarded)
      .number("attempts_count", delivery.attempts_count)
      .instant("created_at", delivery.id.time());
  waiting_members(object, view);
  object.instant("finished_at", delivery.finished_at);
  if (!view.last_attempt) {
    object.raw("last_attempt", "null");
    return;
  }
  JsonObject last(object.begin("last_attempt"));
  attempt_members(last, ids_.encode(view.last_attempt->id), *view.last_attempt);
  last.end();
}

void Views::waiting_members(JsonObject& object, const DeliveryView& view) const {
  if (!view.waiting) {
    object.raw("waiting_for", "null").raw("next_attempt_at", "null");
    return;
  }
  WaitingFacts facts = *view.waiting;
  facts.backpressure = backpressure_of_(view.delivery.endpoint, facts.backpressure);
  const Waiting waiting = waiting_of(facts, clock_.wall_now());
  object.text("waiting_for", postrider::to_string(waiting.reason))
      .instant("next_attempt_at", waiting.next_attempt_at);
}

std::string Views::delivery(const DeliveryView& view) const {
  std::string out;
  JsonObject object(out);
  delivery_members(object, view);
  object.end();
  return out;
}

std::string Views::delivery_with_attempts(const DeliveryHistory& history) const {
  std::string out;
  JsonObject object(out);
  delivery_members(object, history.view);
  attempts_member(object, history.attempts);
  object.end();
  return out;
}

std::string Views::dead_letter(
    const DeliveryHistory& history, const Event& event, const Endpoint* endpoint
) const {
  std::string out;
  JsonObject object(out);
  delivery_members(object, history.view);
  attempts_member(object, history.attempts);
  object.raw("event_details", event_with_data(event))
      .raw("endpoint_details", endpoint == nullptr ? "null" : this->endpoint(*endpoint))
      .end();
  return out;
}

std::string Views::recorded_attempt(const RecordedAttempt& recorded) const {
  const auto& [settlement, settled] = recorded;
  Attempt attempt = settlement.attempt;
  attempt.id = settled.attempt;
  attempt.number = settled.number;
  std::string out;
  JsonObject object(out);
  attempt_members(object, ids_.encode(attempt.id), attempt);
  object.text("response_excerpt", attempt.response_excerpt)
      .text("delivery", ids_.encode(settlement.delivery))
      .text("event", ids_.encode(settlement.event->id))
      .text("type", settlement.event->type)
      .text("tenant", settlement.event->tenant)
      .text("endpoint", ids_.encode(settlement.endpoint));
  // Somebody else decided on the delivery while the request was on its way.
  if (settled.applied) {
    object.text("delivery_state", state_after(recorded));
  } else {
    object.raw("delivery_state", "null");
  }
  const auto* retry = std::get_if<RetryAt>(&settlement.next);
  std::optional<WallTime> next_attempt_at;
  if (settled.applied && retry != nullptr) next_attempt_at = retry->due_at;
  object.instant("next_attempt_at", next_attempt_at).end();
  return out;
}

std::string Views::test_attempt(const TestAttempt& test) const {
  std::string out;
  JsonObject object(out);
  attempt_members(object, test.id, test.attempt);
  object.text("response_excerpt", test.attempt.response_excerpt)
      .text("delivery", test.delivery_id)
      .text("event", test.event_id)
      .text("type", test.type)
      .text("tenant", test.tenant)
      .text("endpoint", ids_.encode(test.endpoint))
      .raw("delivery_state", "null")
      .raw("next_attempt_at", "null")
      .end();
  return out;
}

void Views::circuit_member(JsonObject& object, const std::optional<OpenCircuit>& circuit) const {
  std::string_view state = "closed";
  if (circuit) state = circuit->next_probe_at <= clock_.wall_now() ? "half_open" : "open";
  JsonObject member(object.begin("circuit"));
  member.text("state", state)
      .instant("opened_at", circuit ? std::optional{circuit->opened_at} : std::nullopt)
      .instant("next_probe_at", circuit ? std::optional{circuit->next_probe_at} : std::nullopt)
      .end();
}

void Views::endpoint_members(JsonObject& object, const Endpoint& endpoint) const {
  const std::string config = endpoint_config_view(endpoint.config, defaults_)
                                 .dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  object.text("id", ids_.encode(endpoint.id))
      .text("tenant", endpoint.tenant)
      .members_of(config)
      .text_or_null("public_key", public_key_of(endpoint, endpoint.secrets.front()))
      .text("state", postrider::to_string(endpoint.state));
  if (endpoint.state_reason) {
    object.text("state_reason", postrider::to_string(*endpoint.state_reason));
  } else {
    object.raw("state_reason", "null");
  }
  object.instant("state_changed_at", endpoint.state_changed_at)
      .instant("created_at", endpoint.created_at)
      .instant("updated_at", endpoint.updated_at);
  circuit_member(object, endpoint.circuit);
}

std::string Views::endpoint(const Endpoint& endpoint) const {
  std::string out;
  JsonObject object(out);
  endpoint_members(object, endpoint);
  object.end();
  return out;
}

void Views::health_member(
    JsonObject& object, const Endpoint& endpoint, const EndpointHealth& health
) const {
  const auto last = [](JsonObject& parent, const char* name, const auto& attempt) {
    if (!attempt) {
      parent.raw(name, "null");
      return;
    }
    JsonObject member(parent.begin(name));
    member.instant("at", attempt->at);
    if (attempt->status == 0) {
      member.raw("status", "null");
    } else {
      member.number("status", attempt->status);
    }
    member.text("outcome", postrider::to_string(attempt->outcome)).end();
  };
  const Backpressure backpressure = backpressure_of_(endpoint.id, health.last.backpressure);
  const WallTime now = clock_.wall_now();
  auto held_until = std::max(backpressure.throttled_until, backpressure.rate_limited_until);
  if (held_until <= now) held_until.reset();
  JsonObject member(object.begin("health"));
  last(member, "last_success", health.last.success);
  last(member, "last_failure", health.last.failure);
  member.instant("failing_since", endpoint.failing_since)
      .number("waiting", health.waiting)
      .boolean("more_are_waiting", health.more_are_waiting)
      .instant("held_until", held_until)
      .end();
}

std::string Views::endpoint_with_health(const Endpoint& endpoint, const EndpointHealth& health)
    const {
  std::string out;
  JsonObject object(out);
  endpoint_members(object, endpoint);
  health_member(object, endpoint, health);
  object.end();
  return out;
}

std::string Views::endpoint_details(
    const Endpoint& endpoint, const EndpointHealth& health, std::span<const Delivery> blocked_by
) const {
  std::string out;
  JsonObject object(out);
  endpoint_members(object, endpoint);
  health_member(object, endpoint, health);
  JsonArray heads(object.begin("blocked_by"));
  for (const Delivery& head : blocked_by) {
    JsonObject(heads.next())
        .text("delivery", ids_.encode(head.id))
        .text_or_null("ordering_key", head.lane_key.value_or(std::string{}))
        .number("attempts", head.attempts_count)
        .instant("next_attempt_at", head.due_at)
        .end();
  }
  heads.end();
  object.end();
  return out;
}

std::string Views::endpoint_with_secret(const Endpoint& endpoint) const {
  std::string out;
  JsonObject object(out);
  endpoint_members(object, endpoint);
  object.text("secret", endpoint.secrets.front().value).end();
  return out;
}

std::string Views::secrets(const Endpoint& endpoint, WallTime now) const {
  std::string out;
  JsonObject object(out);
  object.text("secret", endpoint.secrets.front().value)
      .text_or_null("public_key", public_key_of(endpoint, endpoint.secrets.front()));
  JsonArray previous(object.begin("previous"));
  for (std::size_t i = 1; i < endpoint.secrets.size(); ++i) {
    const auto& secret = endpoint.secrets[i];
    if (secret.expires_at && *secret.expires_at <= now) continue;
    JsonObject(previous.next())
        .text("secret", secret.value)
        .text_or_null("public_key", public_key_of(endpoint, secret))
        .instant("expires_at", secret.expires_at)
        .end();
  }
  previous.end();
  object.end();
  return out;
}

}  // namespace postrider::api
