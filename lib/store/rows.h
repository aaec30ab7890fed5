// Converts rows to domain values. A store's Row has is_null, i64, i32, boolean, view, text,
// optional_text, time and optional_time by column, and report_damage(). The .sql files define the
// order of columns: an event has 11, followed by its data.
#pragma once

#include <algorithm>
#include <array>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/limits.h"
#include "domain/delivery.h"
#include "domain/endpoint.h"
#include "domain/endpoint_json.h"
#include "domain/event.h"
#include "store/records.h"

namespace postrider {

inline constexpr int kDeliveryColumns = 13;
inline constexpr int kEventColumns = 12;  // with its data

/// Bytes that are not text.
struct Blob {
  std::string_view bytes;
};

/// Returns nothing for empty text, which columns store as NULL.
[[nodiscard]] inline std::optional<std::string_view> or_null(std::string_view text) {
  if (text.empty()) return std::nullopt;
  return text;
}
[[nodiscard]] inline std::optional<Blob> blob_or_null(std::string_view bytes) {
  if (bytes.empty()) return std::nullopt;
  return Blob{bytes};
}

/// Returns the name of an enumerator, or nothing if there is none.
template <class T>
[[nodiscard]] std::optional<std::string_view> name_or_null(const std::optional<T>& value) {
  if (!value) return std::nullopt;
  return to_string(*value);
}

/// Returns a JSON array of strings, or empty text if there are no channels.
[[nodiscard]] std::string encode_channels(const std::vector<std::string>& channels);
[[nodiscard]] std::vector<std::string> decode_channels(std::string_view text);

/// Returns the error for a row that the schema does not allow: the file was damaged, or another
/// program changed its tables. `what` is for people.
[[nodiscard]] Error damaged_row(std::string_view what);

/// Returns the enumerator that a column names. For any other text it reports damage and returns the
/// first enumerator; the read fails with kCorrupt after its rows.
template <class Row, class T>
[[nodiscard]] T parse_enum(const Row& row, const Result<T>& parsed) {
  if (!parsed) row.report_damage(parsed.error().context);
  return parsed.value_or(T{});
}

/// Returns the row that was found, or kNotFound with the text `otherwise` for people.
template <class T>
[[nodiscard]] Result<T> require_row(Result<std::optional<T>> found, const char* otherwise) {
  if (!found) return tl::unexpected<Error>(std::move(found.error()));
  if (!*found) return fail(Errc::kNotFound, otherwise);
  return std::move(**found);
}

/// Reads a delivery, from column `first` on.
template <class Row>
[[nodiscard]] Delivery read_delivery(const Row& row, int first = 0) {
  Delivery delivery;
  delivery.id = {row.i64(first)};
  delivery.event = {row.i64(first + 1)};
  delivery.endpoint = {row.i64(first + 2)};
  delivery.state = parse_enum(row, parse_delivery_state(row.view(first + 3)));
  delivery.due_at = row.optional_time(first + 4);
  delivery.attempts_count = row.i32(first + 5);
  delivery.schedule_attempts_count = row.i32(first + 6);
  delivery.round = row.i32(first + 7);
  if (!row.is_null(first + 8))
    delivery.dead_reason = parse_enum(row, parse_dead_reason(row.view(first + 8)));
  delivery.finished_at = row.optional_time(first + 9);
  delivery.discarded = row.boolean(first + 10);
  delivery.expires_at = row.optional_time(first + 11);
  delivery.lane_key = row.optional_text(first + 12);
  return delivery;
}

/// Reads an attempt, from column `first` on.
template <class Row>
[[nodiscard]] Attempt read_attempt(const Row& row, int first = 0) {
  Attempt attempt;
  attempt.id = {row.i64(first)};
  attempt.number = row.i32(first + 1);
  attempt.started_at = row.time(first + 2);
  attempt.duration = Millis{row.i64(first + 3)};
  attempt.status = row.i32(first + 4);
  attempt.outcome = parse_enum(row, parse_outcome(row.view(first + 5)));
  attempt.error = row.text(first + 6);
  attempt.response_excerpt = row.text(first + 7);
  return attempt;
}

enum class WithData : bool { kNo, kYes };

template <class Row>
[[nodiscard]] Event read_event(const Row& row, WithData with_data, int first = 0) {
  Event event;
  event.id = {row.i64(first)};
  event.tenant = row.text(first + 1);
  event.type = row.text(first + 2);
  event.created_at = row.time(first + 3);
  event.deliver_at = row.optional_time(first + 4);
  event.expires_at = row.optional_time(first + 5);
  event.ordering_key = row.text(first + 6);
  event.channels = decode_channels(row.view(first + 7));
  event.traceparent = row.text(first + 8);
  event.tracestate = row.text(first + 9);
  event.metadata = row.text(first + 10);
  if (with_data == WithData::kYes) event.data = row.text(first + 11);
  return event;
}

/// Reads a delivery and its event, whose columns follow.
template <class Row>
[[nodiscard]] DueDelivery read_due(const Row& row) {
  return {
      .delivery = read_delivery(row),
      .event = std::make_shared<const Event>(read_event(row, WithData::kYes, kDeliveryColumns))};
}

/// Reads a delivery, and the tenant and type of its event, whose columns follow. Does not set the
/// last attempt.
template <class Row>
[[nodiscard]] DeliveryView read_delivery_view(const Row& row) {
  return {
      .delivery = read_delivery(row),
      .tenant = row.text(kDeliveryColumns),
      .type = row.text(kDeliveryColumns + 1),
      .last_attempt = {}};
}

/// Reads an endpoint without its secrets. kCorrupt if its state, the reason of the state or its
/// config cannot be read.
template <class Row>
[[nodiscard]] Result<Endpoint> read_endpoint(const Row& row) {
  Endpoint endpoint;
  endpoint.id = {row.i64(0)};
  endpoint.tenant = row.text(1);
  const auto state = parse_endpoint_state(row.view(2));
  if (!state) return tl::unexpected<Error>(damaged_row(state.error().context));
  endpoint.state = *state;
  if (!row.is_null(3)) {
    const auto reason = parse_disabled_reason(row.view(3));
    if (!reason) return tl::unexpected<Error>(damaged_row(reason.error().context));
    endpoint.state_reason = *reason;
  }
  endpoint.state_changed_at = row.time(4);
  endpoint.created_at = row.time(5);
  endpoint.updated_at = row.time(6);
  endpoint.failing_since = row.optional_time(7);
  endpoint.failed_attempts_count = row.i64(8);
  auto config = decode_endpoint_config(row.view(9));
  if (!config) return tl::unexpected<Error>(config.error());
  endpoint.config = std::move(*config);
  endpoint.health_round = row.i32(10);
  if (!row.is_null(11)) endpoint.circuit = {row.time(11), row.time(12), Millis{row.i64(13)}};
  return endpoint;
}

template <class Row>
[[nodiscard]] FailingEndpoint read_failing_endpoint(const Row& row) {
  FailingEndpoint failing;
  failing.endpoint = {row.i64(0)};
  failing.failing_since = row.optional_time(1);
  failing.failed_attempts_count = row.i64(2);
  if (!row.is_null(3)) failing.circuit = {row.time(3), row.time(4), Millis{row.i64(5)}};
  return failing;
}

/// Reads secret, created_at and expires_at, from column `first` on.
template <class Row>
[[nodiscard]] EndpointSecret read_secret(const Row& row, int first = 0) {
  return {
      .value = row.text(first),
      .created_at = row.time(first + 1),
      .expires_at = row.optional_time(first + 2)};
}

template <class Row>
[[nodiscard]] IdempotencyRecord read_idempotency(const Row& row) {
  return {.body_sha256 = row.text(0), .answer = row.text(1)};
}

/// Reads the state of an endpoint and whether its circuit is open, from column `first` on.
template <class Row>
void read_settle_state(const Row& row, Backlog& backlog, int first) {
  backlog.state = parse_enum(row, parse_endpoint_state(row.view(first)));
  backlog.circuit_is_open = row.boolean(first + 1);
}

/// Reads the last outcomes of an endpoint and the count of its pending deliveries.
template <class Row>
[[nodiscard]] EndpointHealth read_health(const Row& row, EndpointId id) {
  EndpointHealth health;
  health.last.endpoint = id;
  if (!row.is_null(0)) health.last.success = {row.time(0), row.i32(1), Outcome::kSuccess};
  if (!row.is_null(2))
    health.last.failure = {row.time(2), row.i32(3), parse_enum(row, parse_outcome(row.view(4)))};
  health.last.backpressure = {row.optional_time(5), row.optional_time(6)};
  health.waiting = std::min(row.i64(7), limits::kWaitingCountMax);
  health.more_are_waiting = row.i64(7) > limits::kWaitingCountMax;
  return health;
}

/// Reads the number of endpoints in each state.
template <class Row>
[[nodiscard]] std::array<std::int64_t, kEndpointStateCount> read_endpoint_counts(const Row& row) {
  return {row.i64(0), row.i64(1), row.i64(2)};
}

/// Reads why a pending delivery waits, from column `first` on.
template <class Row>
[[nodiscard]] WaitingFacts read_waiting(const Row& row, int first = 0) {
  WaitingFacts facts;
  facts.due_at = row.time(first);
  facts.deliver_at = row.optional_time(first + 1);
  facts.is_behind_another = row.boolean(first + 2);
  facts.state = parse_enum(row, parse_endpoint_state(row.view(first + 3)));
  if (!row.is_null(first + 4))
    facts.circuit = {row.time(first + 4), row.time(first + 5), Millis{row.i64(first + 6)}};
  facts.backpressure = {row.optional_time(first + 7), row.optional_time(first + 8)};
  return facts;
}

/// Reads an endpoint and the instant of a request to it.
template <class Row>
[[nodiscard]] std::pair<EndpointId, MonoTime> read_send(const Row& row) {
  return {EndpointId{row.i64(0)}, MonoTime{std::chrono::microseconds{row.i64(1)}}};
}

template <class Row>
[[nodiscard]] OutboxRow read_outbox_row(const Row& row) {
  return {
      .id = row.i64(0),
      .type = row.optional_text(1),
      .data = row.optional_text(2),
      .tenant = row.optional_text(3),
      .channels = row.optional_text(4),
      .metadata = row.optional_text(5),
      .ordering_key = row.optional_text(6),
      .deliver_at = row.optional_text(7),
      .expires_at = row.optional_text(8),
      .idempotency_key = row.optional_text(9),
      .traceparent = row.optional_text(10),
  };
}

}  // namespace postrider
