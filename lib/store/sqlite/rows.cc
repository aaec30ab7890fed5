#include "store/sqlite/rows.h"

#include <utility>

#include <nlohmann/json.hpp>

#include "domain/endpoint_json.h"

namespace postrider::sqlite {
namespace {

template <class T>
T known(Result<T> parsed) {
  POSTRIDER_ASSERT(parsed.has_value());
  return *parsed;
}

}  // namespace

Delivery read_delivery(const Row& row, int first) {
  Delivery delivery;
  delivery.id = {row.i64(first)};
  delivery.event = {row.i64(first + 1)};
  delivery.endpoint = {row.i64(first + 2)};
  delivery.state = known(parse_delivery_state(row.view(first + 3)));
  delivery.due_at = row.optional_time(first + 4);
  delivery.attempts_count = row.i32(first + 5);
  delivery.schedule_attempts_count = row.i32(first + 6);
  delivery.round = row.i32(first + 7);
  if (!row.is_null(first + 8)) delivery.dead_reason = known(parse_dead_reason(row.view(first + 8)));
  delivery.finished_at = row.optional_time(first + 9);
  delivery.discarded = row.boolean(first + 10);
  delivery.expires_at = row.optional_time(first + 11);
  delivery.lane_key = row.optional_text(first + 12);
  return delivery;
}

Attempt read_attempt(const Row& row) {
  Attempt attempt;
  attempt.id = {row.i64(0)};
  attempt.number = row.i32(1);
  attempt.started_at = row.time(2);
  attempt.duration = Millis{row.i64(3)};
  attempt.status = row.i32(4);
  attempt.outcome = known(parse_outcome(row.view(5)));
  attempt.error = row.text(6);
  attempt.response_excerpt = row.text(7);
  return attempt;
}

Event read_event(const Row& row, WithData with_data, int first) {
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

DueDelivery read_due(const Row& row) {
  return {
      .delivery = read_delivery(row),
      .event = std::make_shared<const Event>(read_event(row, WithData::kYes, kDeliveryColumns))};
}

Result<Endpoint> read_endpoint(const Row& row) {
  Endpoint endpoint;
  endpoint.id = {row.i64(0)};
  endpoint.tenant = row.text(1);
  endpoint.state = known(parse_endpoint_state(row.view(2)));
  if (!row.is_null(3)) endpoint.state_reason = known(parse_disabled_reason(row.view(3)));
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

std::string encode_channels(const std::vector<std::string>& channels) {
  if (channels.empty()) return {};
  return nlohmann::json(channels).dump();
}

std::vector<std::string> decode_channels(std::string_view text) {
  std::vector<std::string> channels;
  if (text.empty()) return channels;
  const auto json = nlohmann::json::parse(text, nullptr, false);
  if (!json.is_array()) return channels;
  for (const auto& channel : json) {
    if (channel.is_string()) channels.push_back(channel.get<std::string>());
  }
  return channels;
}

}  // namespace postrider::sqlite
