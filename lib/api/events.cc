// /v1/events
#include <iterator>

#include <fmt/format.h>

#include "api/body.h"
#include "api/query.h"
#include "api/request_context.h"
#include "base/limits.h"
#include "codec/event_codec.h"
#include "crypto/hash.h"

namespace postrider::api {
namespace {

EventLimits event_limits(const RequestContext& context) {
  return {.data_bytes_max = context.api.service.options().event_bytes_max};
}

Problem parse_problem(const Error& error, FieldErrors errors) {
  if (!errors.empty()) return invalid(std::move(errors));
  return problem(400, fmt::format("The request body is not valid JSON: {}.", error.context));
}

/// The header Idempotency-Key for events of one tenant.
ApiResult<std::optional<IdempotencyKey>> idempotency_key(
    const RequestContext& context, const std::vector<EventDraft>& events
) {
  const auto& headers = context.request.headers;
  const auto key = headers.find("Idempotency-Key");
  if (!key) return std::optional<IdempotencyKey>{};
  if (!is_idempotency_key(*key) || headers.count("Idempotency-Key") > 1) {
    return fail(invalid("/idempotency-key", "must be one header of 1 to 255 printable characters"));
  }
  const std::string& tenant = events.front().tenant;
  for (const auto& event : events) {
    if (event.tenant != tenant) {
      return fail(invalid("/events", "must be of one tenant when the batch has an Idempotency-Key")
      );
    }
  }
  return std::optional<IdempotencyKey>{
      IdempotencyKey{tenant, std::string(*key), crypto::sha256(context.request.body)}};
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
ApiResult<void> check_schemas(
    const RequestContext& context, const std::vector<EventDraft>& events, const Pointer& pointer
) {
  const auto catalogue = context.api.service.catalogue();
  if (!catalogue->has_schemas()) return {};
  FieldErrors errors;
  for (std::size_t i = 0; i < events.size() && errors.size() < limits::kFieldErrorsMax; ++i) {
    catalogue->check(events[i], pointer(i), errors);
  }
  if (errors.empty()) return {};
  return fail(invalid(std::move(errors)));
}

HandlerResult refuse_emit(const Error& error) {
  if (error.code != Errc::kConflict) return fail(error);
  Problem reused = invalid("/idempotency-key", "was used before, with another body");
  reused.kind = "idempotency_key_reused";
  return fail(std::move(reused));
}

HandlerResult accepted(Emitted emitted) {
  auto answer = json_response(202, std::move(emitted.answer));
  if (emitted.replayed) answer.headers.add("Idempotent-Replayed", "true");
  return answer;
}

/// Commits the events and responses. `fits`: whether they fit the schemas of their types. One that
/// does not may be the repeat of a request that was accepted when the schema was another.
HandlerResult emit_events(
    const RequestContext& context,
    std::vector<EventDraft> events,
    ApiResult<void> fits,
    std::function<std::string(const std::vector<Appended>&)> render
) {
  auto key = idempotency_key(context, events);
  if (!key) return fail(std::move(key).error());
  if (!fits) {
    if (!*key) return fail(std::move(fits).error());
    auto known = context.api.service.answer_of(std::move(**key));
    if (!known) return refuse_emit(known.error());
    return *known ? accepted(std::move(**known)) : fail(std::move(fits).error());
  }
  add_trace(context.request.headers, events);
  EmitParams params;
  params.events = std::move(events);
  params.idempotency = std::move(*key);
  params.render = std::move(render);
  auto emitted = context.api.service.emit(std::move(params));
  return emitted ? accepted(std::move(*emitted)) : refuse_emit(emitted.error());
}

HandlerResult post_event(const RequestContext& context) {
  if (auto query = no_query(context); !query) return fail(std::move(query).error());
  if (auto json = require_json(context.request); !json) return fail(std::move(json).error());
  FieldErrors errors;
  auto draft = parse_event(context.request.body, event_limits(context), errors);
  if (!draft) return fail(parse_problem(draft.error(), std::move(errors)));
  // Types and tenants have no characters that JSON escapes.
  auto render = [&ids = context.api.ids(),
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
  auto fits = check_schemas(context, events, [](std::size_t) { return std::string("/data"); });
  return emit_events(context, std::move(events), std::move(fits), std::move(render));
}

HandlerResult post_batch(const RequestContext& context) {
  if (auto query = no_query(context); !query) return fail(std::move(query).error());
  const std::string type = media_type(context.request);
  const bool ndjson = type == "application/x-ndjson";
  if (!ndjson && !type.empty() && type != "application/json") {
    return fail(problem(
        415, "The body has to be sent with content-type: application/json or application/x-ndjson."
    ));
  }
  FieldErrors errors;
  auto events = ndjson ? parse_batch_ndjson(context.request.body, event_limits(context), errors)
                       : parse_batch_json(context.request.body, event_limits(context), errors);
  if (!events) return fail(parse_problem(events.error(), std::move(errors)));
  auto fits = check_schemas(context, *events, [&](std::size_t i) {
    return fmt::format("{}/{}/data", ndjson ? "" : "/events", i);
  });
  auto render = [&ids = context.api.ids()](const std::vector<Appended>& appended) {
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
  return emit_events(context, std::move(*events), std::move(fits), std::move(render));
}

HandlerResult list_events(const RequestContext& context) {
  QueryReader query(context.request);
  const PageParams page = query.page();
  EventFilter filter;
  filter.tenant = query.tenant();
  filter.type = query.event_type("type");
  filter.since = query.instant("since");
  filter.until = query.instant("until");
  if (auto checked = query.check(); !checked) return fail(std::move(checked).error());
  auto reader = context.api.reader();
  if (!reader) return fail(std::move(reader).error());
  return page_reply((*reader)->events(filter, page), page, [&](const Event& event) {
    return context.api.views.event(event);
  });
}

HandlerResult get_event(const RequestContext& context) {
  const auto id = path_event(context);
  if (!id) return fail(id.error());
  if (auto query = no_query(context); !query) return fail(std::move(query).error());
  auto reader = context.api.reader();
  if (!reader) return fail(std::move(reader).error());
  const auto event = (*reader)->event(*id);
  if (!event) return fail(event.error());
  return json_response(200, context.api.views.event_with_data(*event));
}

HandlerResult list_event_deliveries(const RequestContext& context) {
  const auto id = path_event(context);
  if (!id) return fail(id.error());
  QueryReader query(context.request);
  const PageParams page = query.page();
  DeliveryFilter filter;
  filter.event = *id;
  filter.state = query.choice("state", parse_delivery_state, "pending, delivered, dead, cancelled");
  if (auto checked = query.check(); !checked) return fail(std::move(checked).error());
  auto reader = context.api.reader();
  if (!reader) return fail(std::move(reader).error());
  if (const auto event = (*reader)->event(*id); !event) return fail(event.error());
  return page_reply((*reader)->deliveries(filter, page), page, [&](const DeliveryView& view) {
    return context.api.views.delivery(view);
  });
}

HandlerResult replay_event(const RequestContext& context) {
  const auto id = path_event(context);
  if (!id) return fail(id.error());
  if (auto query = no_query(context); !query) return fail(std::move(query).error());
  auto body = BodyReader::open(context.request);
  if (!body) return fail(std::move(body).error());
  const auto only = body->id(
      "endpoint",
      [&](std::string_view text) { return context.api.ids().decode_endpoint(text); },
      "ep_"
  );
  if (auto checked = body->check(); !checked) return fail(std::move(checked).error());
  const auto replayed = context.api.service.replay_event(*id, only);
  if (!replayed) return fail(replayed.error());
  auto reader = context.api.reader();
  if (!reader) return fail(std::move(reader).error());
  std::string out;
  JsonObject object(out);
  JsonArray deliveries(object.begin("deliveries"));
  for (const auto& delivery : *replayed) {
    const auto view = (*reader)->delivery(delivery.id);
    if (!view) return fail(view.error());
    deliveries.next() += context.api.views.delivery(*view);
  }
  deliveries.end();
  object.end();
  return json_response(202, std::move(out));
}

}  // namespace

void add_event_routes(Routes& routes) {
  const std::size_t event_bytes =
      routes.api().service.options().event_bytes_max + limits::kEventEnvelopeBytesMax;
  routes.authenticated("POST", "/v1/events", post_event, event_bytes);
  routes.authenticated("POST", "/v1/events/batch", post_batch, limits::kBatchBytesMax);
  routes.authenticated("GET", "/v1/events", list_events);
  routes.authenticated("GET", "/v1/events/{id}", get_event);
  routes.authenticated("GET", "/v1/events/{id}/deliveries", list_event_deliveries);
  routes.authenticated("POST", "/v1/events/{id}/replay", replay_event);
}

}  // namespace postrider::api
