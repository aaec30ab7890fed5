// The objects of the API as JSON text.
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "domain/endpoint_json.h"
#include "domain/id.h"
#include "engine/test_requests.h"
#include "json/json_writer.h"
#include "service/write_context.h"
#include "store/records.h"

namespace postrider::api {

using json::append_json_string;
using json::JsonArray;
using json::JsonObject;

[[nodiscard]] std::string_view to_string(TaskKind kind);
[[nodiscard]] std::string_view to_string(TaskState state);
[[nodiscard]] std::string_view to_string(KeyScope scope);
[[nodiscard]] Result<KeyScope> parse_key_scope(std::string_view text);

/// Immutable after construction.
class Views {
 public:
  /// Returns until when nothing is sent to an endpoint. `stored`: as the store has it.
  using BackpressureOf = std::function<Backpressure(EndpointId, const Backpressure& stored)>;

  /// `clock` outlives it.
  Views(IdCodec ids, EndpointDefaults defaults, const Clock& clock, BackpressureOf backpressure_of)
      : ids_(ids),
        defaults_(std::move(defaults)),
        clock_(clock),
        backpressure_of_(std::move(backpressure_of)) {}

  /// An event as in lists: without `data`.
  [[nodiscard]] std::string event(const Event& event) const;
  [[nodiscard]] std::string event_with_data(const Event& event) const;
  [[nodiscard]] std::string delivery(const DeliveryView& view) const;
  [[nodiscard]] std::string delivery_with_attempts(const DeliveryHistory& history) const;
  /// `endpoint`: null when it was deleted.
  [[nodiscard]] std::string dead_letter(
      const DeliveryHistory& history, const Event& event, const Endpoint* endpoint
  ) const;
  /// An attempt for the live stream, with its delivery, event and endpoint.
  [[nodiscard]] std::string recorded_attempt(const RecordedAttempt& recorded) const;

  [[nodiscard]] std::string test_attempt(const TestAttempt& test) const;

  [[nodiscard]] std::string endpoint(const Endpoint& endpoint) const;
  /// An endpoint as in lists.
  [[nodiscard]] std::string endpoint_with_health(
      const Endpoint& endpoint, const EndpointHealth& health
  ) const;
  /// With its newest secret: only for the response to its creation.
  /// `blocked_by`: the heads that block their ordering queues.
  [[nodiscard]] std::string endpoint_details(
      const Endpoint& endpoint, const EndpointHealth& health, std::span<const Delivery> blocked_by
  ) const;
  [[nodiscard]] std::string endpoint_with_secret(const Endpoint& endpoint) const;
  [[nodiscard]] std::string secrets(const Endpoint& endpoint, WallTime now) const;

  [[nodiscard]] std::string event_type(const EventType& type) const;
  [[nodiscard]] std::string api_key(const ApiKey& key) const;
  /// With the key itself: only for the response to its creation.
  [[nodiscard]] std::string api_key_with_secret(const ApiKey& key, std::string_view secret) const;
  [[nodiscard]] std::string task(const Task& task) const;

 private:
  void event_members(JsonObject& object, const Event& event) const;
  void delivery_members(JsonObject& object, const DeliveryView& view) const;
  void waiting_members(JsonObject& object, const DeliveryView& view) const;
  void attempts_member(JsonObject& object, std::span<const Attempt> attempts) const;
  void attempt_members(JsonObject& object, std::string_view id, const Attempt& attempt) const;
  void circuit_member(JsonObject& object, const std::optional<OpenCircuit>& circuit) const;
  void endpoint_members(JsonObject& object, const Endpoint& endpoint) const;
  void health_member(JsonObject& object, const Endpoint& endpoint, const EndpointHealth& health)
      const;
  void api_key_members(JsonObject& object, const ApiKey& key) const;
  void filter_member(JsonObject& object, const DeadLetterFilter& filter) const;

  const IdCodec ids_;
  const EndpointDefaults defaults_;
  const Clock& clock_;
  const BackpressureOf backpressure_of_;
};

/// Writes `"data":[…],"next_cursor":…`; `view` returns the JSON of a row.
template <class T, class View>
void write_page(JsonObject& object, const Page<T>& page, const View& view) {
  JsonArray data(object.begin("data"));
  for (const auto& row : page.rows) data.next() += view(row);
  data.end();
  object.text_or_null("next_cursor", page.next_cursor);
}

/// A page that has every row of the list.
template <class T, class View>
[[nodiscard]] std::string page_view(const Page<T>& page, const View& view) {
  std::string out;
  JsonObject object(out);
  write_page(object, page, view);
  object.end();
  return out;
}

/// A page that may have fewer rows than its limit because of its filters.
template <class T, class View>
[[nodiscard]] std::string filtered_page_view(
    const Page<T>& page, std::optional<WallTime> searched_until, const View& view
) {
  std::string out;
  JsonObject object(out);
  write_page(object, page, view);
  object.instant("searched_until", searched_until).end();
  return out;
}

}  // namespace postrider::api
