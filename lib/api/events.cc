// /v1/events
#include <iterator>

#include <fmt/format.h>

#include "api/body.h"
#include "api/query.h"
#include "api/resources.h"
#include "base/limits.h"
#include "codec/event_codec.h"
#include "crypto/hash.h"

namespace postrider::api {
namespace {

EventLimits event_limits(const Call& call) {
  return {.data_bytes_max = call.api.service.options().event_bytes_max};
}

Problem parse_problem(const Error& error, FieldErrors errors) {
  if (!errors.empty()) return invalid(std::move(errors));
  return problem(400, fmt::format("The body is no JSON: {}.", error.context));
}

/// The header Idempotency-Key for events of one tenant.
Needed<std::optional<IdempotencyKey>> idempotency_key(
    const Call& call, const std::vector<EventDraft>& events
) {
  const auto& headers = call.request.headers;
  const auto key = headers.find("Idempotency-Key");
  if (!key) return std::optional<IdempotencyKey>{};
  if (!is_idempotency_key(*key) || headers.count("Idempotency-Key") > 1) {
    return refuse(invalid("/idempotency-key", "must be one header of 1 to 255 printable characters")
    );
  }
  const std::string& tenant = events.front().tenant;
  for (const auto& event : events) {
    if (event.tenant != tenant) {
      return refuse(
          invalid("/events", "must be of one tenant when the batch has an Idempotency-Key")
      );
    }
  }
  return std::optional<IdempotencyKey>{
      IdempotencyKey{tenant, std::string(*key), crypto::sha256(call.request.body)}};
}

/// The producer's trace goes on with every attempt; what is no valid one is left out.
void add_trace(const http::Headers& headers, std::vector<EventDraft>& events) {
  const auto traceparent = headers.get("traceparent");
  if (!is_traceparent(traceparent)) return;
  const auto tracestate = headers.get("tracestate");
  const bool has_state = !tracestate.empty() && is_tracestate(tracestate);
  for (auto& event : events) {
    event.traceparent = traceparent;
    if (has_state) event.tracestate = tracestate;
  }
}

/// `pointer` of the data of the n-th event.
template <class Pointer>
Needed<void> check_schemas(
    const Call& call, const std::vector<EventDraft>& events, const Pointer& pointer
) {
  const auto catalogue = call.api.service.catalogue();
  if (!catalogue->has_schemas()) return {};
  FieldErrors errors;
  for (std::size_t i = 0; i < events.size() && errors.size() < limits::kFieldErrorsMax; ++i) {
    catalogue->check(events[i], pointer(i), errors);
  }
  if (errors.empty()) return {};
  return refuse(invalid(std::move(errors)));
}

Reply refuse_emit(const Error& error) {
  if (error.code != Errc::kConflict) return refuse(error);
  Problem reused = invalid("/idempotency-key", "was used before, with another body");
  reused.kind = "idempotency_key_reused";
  return refuse(std::move(reused));
}

Reply accepted(Emitted emitted) {
  auto answer = json_answer(202, std::move(emitted.answer));
  if (emitted.replayed) answer.headers.add("Idempotent-Replayed", "true");
  return answer;
}

/// Commits the events and answers. `fits`: whether they fit the schemas of their types. One that
/// does not may be the repeat of a request that was accepted when the schema was another.
Reply emit_events(
    const Call& call,
    std::vector<EventDraft> events,
    Needed<void> fits,
    std::function<std::string(const std::vector<Appended>&)> render
) {
  auto key = idempotency_key(call, events);
  if (!key) return refuse(std::move(key).error());
  if (!fits) {
    if (!*key) return refuse(std::move(fits).error());
    auto known = call.api.service.answer_of(std::move(**key));
    if (!known) return refuse_emit(known.error());
    return *known ? accepted(std::move(**known)) : refuse(std::move(fits).error());
  }
  add_trace(call.request.headers, events);
  EmitParams params;
  params.events = std::move(events);
  params.idempotency = std::move(*key);
  params.render = std::move(render);
  auto emitted = call.api.service.emit(std::move(params));
  return emitted ? accepted(std::move(*emitted)) : refuse_emit(emitted.error());
}

Reply post_event(const Call& call) {
  if (auto query = no_query(call); !query) return refuse(std::move(query).error());
  if (auto json = require_json(call.request); !json) return refuse(std::move(json).error());
  FieldErrors errors;
  auto draft = parse_event(call.request.body, event_limits(call), errors);
  if (!draft) return refuse(parse_problem(draft.error(), std::move(errors)));
  // Types and tenants have no characters that JSON escapes.
  auto render = [&ids = call.api.ids(),
                 type = draft->type,
                 tenant = draft->tenant](const std::vector<Appended>& appended) {
    const Appended& one = appended.front();
    return fmt::format(
        R"({{"id":"{}","type":"{}","tenant":"{}","created_at":"{}","deliveries":{}}})",
        ids.encode(one.id),
        type,
        tenant,
        to_rfc3339(one.created_at),
        one.deliveries.size()
    );
  };
  std::vector<EventDraft> events;
  events.push_back(std::move(*draft));
  auto fits = check_schemas(call, events, [](std::size_t) { return std::string("/data"); });
  return emit_events(call, std::move(events), std::move(fits), std::move(render));
}

Reply post_batch(const Call& call) {
  if (auto query = no_query(call); !query) return refuse(std::move(query).error());
  const std::string type = media_type(call.request);
  const bool ndjson = type == "application/x-ndjson";
  if (!ndjson && !type.empty() && type != "application/json") {
    return refuse(problem(
        415, "The body has to be sent with content-type: application/json or application/x-ndjson."
    ));
  }
  FieldErrors errors;
  auto events = ndjson ? parse_batch_ndjson(call.request.body, event_limits(call), errors)
                       : parse_batch_json(call.request.body, event_limits(call), errors);
  if (!events) return refuse(parse_problem(events.error(), std::move(errors)));
  auto fits = check_schemas(call, *events, [&](std::size_t i) {
    return fmt::format("{}/{}/data", ndjson ? "" : "/events", i);
  });
  auto render = [&ids = call.api.ids()](const std::vector<Appended>& appended) {
    std::string out = R"({"events":[)";
    out.reserve(out.size() + appended.size() * 64);
    std::string_view separator;
    for (const auto& one : appended) {
      fmt::format_to(
          std::back_inserter(out),
          R"({}{{"id":"{}","deliveries":{}}})",
          separator,
          ids.encode(one.id),
          one.deliveries.size()
      );
      separator = ",";
    }
    return out += "]}";
  };
  return emit_events(call, std::move(*events), std::move(fits), std::move(render));
}

Reply list_events(const Call& call) {
  QueryReader query(call.request);
  const PageParams page = query.page();
  EventFilter filter;
  filter.tenant = query.tenant();
  filter.type = query.event_type("type");
  filter.since = query.instant("since");
  filter.until = query.instant("until");
  if (auto checked = query.check(); !checked) return refuse(std::move(checked).error());
  auto reader = call.api.reader();
  if (!reader) return refuse(std::move(reader).error());
  return page_reply((*reader)->events(filter, page), page, [&](const Event& event) {
    return call.api.views.event(event);
  });
}

Reply get_event(const Call& call) {
  const auto id = path_event(call);
  if (!id) return refuse(id.error());
  if (auto query = no_query(call); !query) return refuse(std::move(query).error());
  auto reader = call.api.reader();
  if (!reader) return refuse(std::move(reader).error());
  const auto event = (*reader)->event(*id);
  if (!event) return refuse(event.error());
  return json_answer(200, call.api.views.event_with_data(*event));
}

Reply list_event_deliveries(const Call& call) {
  const auto id = path_event(call);
  if (!id) return refuse(id.error());
  QueryReader query(call.request);
  const PageParams page = query.page();
  DeliveryFilter filter;
  filter.event = *id;
  filter.state = query.choice("state", parse_delivery_state, "pending, delivered, dead, cancelled");
  if (auto checked = query.check(); !checked) return refuse(std::move(checked).error());
  auto reader = call.api.reader();
  if (!reader) return refuse(std::move(reader).error());
  if (const auto event = (*reader)->event(*id); !event) return refuse(event.error());
  return page_reply((*reader)->deliveries(filter, page), page, [&](const DeliveryView& view) {
    return call.api.views.delivery(view);
  });
}

Reply replay_event(const Call& call) {
  const auto id = path_event(call);
  if (!id) return refuse(id.error());
  if (auto query = no_query(call); !query) return refuse(std::move(query).error());
  auto body = BodyReader::open(call.request);
  if (!body) return refuse(std::move(body).error());
  const auto only = body->id(
      "endpoint", [&](std::string_view text) { return call.api.ids().decode_endpoint(text); }, "ep_"
  );
  if (auto checked = body->check(); !checked) return refuse(std::move(checked).error());
  const auto replayed = call.api.service.replay_event(*id, only);
  if (!replayed) return refuse(replayed.error());
  auto reader = call.api.reader();
  if (!reader) return refuse(std::move(reader).error());
  std::string out;
  JsonObject object(out);
  JsonArray deliveries(object.begin("deliveries"));
  for (const auto& delivery : *replayed) {
    const auto view = (*reader)->delivery(delivery.id);
    if (!view) return refuse(view.error());
    deliveries.next() += call.api.views.delivery(*view);
  }
  deliveries.end();
  object.end();
  return json_answer(202, std::move(out));
}

}  // namespace

void mount_events(Mount& mount) {
  const std::size_t event_bytes =
      mount.resources().service.options().event_bytes_max + limits::kEventEnvelopeBytesMax;
  mount.keyed("POST", "/v1/events", post_event, event_bytes);
  mount.keyed("POST", "/v1/events/batch", post_batch, limits::kBatchBytesMax);
  mount.keyed("GET", "/v1/events", list_events);
  mount.keyed("GET", "/v1/events/{id}", get_event);
  mount.keyed("GET", "/v1/events/{id}/deliveries", list_event_deliveries);
  mount.keyed("POST", "/v1/events/{id}/replay", replay_event);
}

}  // namespace postrider::api
