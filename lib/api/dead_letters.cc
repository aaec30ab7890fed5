// /v1/dead-letters
#include <fmt/format.h>

#include "api/body.h"
#include "api/query.h"
#include "api/request_context.h"

namespace postrider::api {
namespace {

constexpr std::string_view kReasons =
    "attempts_exhausted, rejected, gone, expired, endpoint_disabled";

/// The filters are the same in a query string and in a body.
template <class Reader>
DeadLetterFilter read_filter(Reader& reader, const IdCodec& ids) {
  DeadLetterFilter filter;
  filter.tenant = reader.tenant();
  filter.endpoint = reader.id(
      "endpoint", [&](std::string_view id) { return ids.decode_endpoint(id); }, "ep_"
  );
  filter.type = reader.event_type("type");
  filter.reason = reader.choice("reason", parse_dead_reason, kReasons);
  filter.since = reader.instant("since");
  filter.until = reader.instant("until");
  return filter;
}

bool is_listed(const Delivery& delivery) {
  return delivery.state == DeliveryState::kDead && !delivery.discarded;
}

HandlerResult list_dead_letters(const RequestContext& context) {
  QueryReader query(context.request);
  const PageParams page = query.page();
  const DeadLetterFilter filter = read_filter(query, context.api.ids());
  if (auto checked = query.check(); !checked) return fail(std::move(checked).error());
  auto reader = context.api.reader();
  if (!reader) return fail(std::move(reader).error());
  return page_reply((*reader)->dead_letters(filter, page), page, [&](const DeliveryView& view) {
    return context.api.views.delivery(view);
  });
}

HandlerResult get_dead_letter(const RequestContext& context) {
  const auto id = path_delivery(context);
  if (!id) return fail(no_such("dead letter"));
  if (auto query = no_query(context); !query) return fail(std::move(query).error());
  auto reader = context.api.reader();
  if (!reader) return fail(std::move(reader).error());
  const auto history = (*reader)->history(*id);
  if (!history) return fail(history.error());
  const Delivery& delivery = history->view.delivery;
  if (!is_listed(delivery)) return fail(no_such("dead letter"));
  const auto event = (*reader)->event(delivery.event);
  if (!event) return fail(event.error());
  const auto endpoint = (*reader)->endpoint(delivery.endpoint);
  if (!endpoint && endpoint.error().code != Errc::kNotFound) return fail(endpoint.error());
  return json_response(
      200, context.api.views.dead_letter(*history, *event, endpoint ? &*endpoint : nullptr)
  );
}

using Change = Result<Delivery> (Service::*)(DeliveryId);

Handler changer(Change change, int status) {
  return [change, status](const RequestContext& context) -> HandlerResult {
    const auto id = path_delivery(context);
    if (!id) return fail(no_such("dead letter"));
    if (auto input = no_input(context); !input) return fail(std::move(input).error());
    const auto changed = (context.api.service.*change)(*id);
    if (!changed) return fail(changed.error());
    return delivery_reply(context, status, *id);
  };
}

Handler bulk(TaskKind kind) {
  return [kind](const RequestContext& context) -> HandlerResult {
    if (auto query = no_query(context); !query) return fail(std::move(query).error());
    auto body = BodyReader::open(context.request);
    if (!body) return fail(std::move(body).error());
    DeadLetterFilter filter = read_filter(*body, context.api.ids());
    const bool dry_run = body->boolean("dry_run").value_or(false);
    if (auto checked = body->check(); !checked) return fail(std::move(checked).error());
    auto reader = context.api.reader();
    if (!reader) return fail(std::move(reader).error());
    const auto total = (*reader)->count_dead_letters(filter);
    if (!total) return fail(total.error());
    if (dry_run) return json_response(200, fmt::format(R"({{"total":{}}})", *total));
    const auto task = context.api.service.start_task(kind, std::move(filter), *total);
    if (!task) return fail(task.error());
    return json_response(202, context.api.views.task(*task));
  };
}

}  // namespace

void add_dead_letter_routes(Routes& routes) {
  routes.authenticated("GET", "/v1/dead-letters", list_dead_letters);
  routes.authenticated("POST", "/v1/dead-letters/replay", bulk(TaskKind::kReplayDeadLetters));
  routes.authenticated("POST", "/v1/dead-letters/discard", bulk(TaskKind::kDiscardDeadLetters));
  routes.authenticated("GET", "/v1/dead-letters/{id}", get_dead_letter);
  routes.authenticated(
      "DELETE", "/v1/dead-letters/{id}", changer(&Service::discard_dead_letter, 200)
  );
  routes.authenticated(
      "POST", "/v1/dead-letters/{id}/replay", changer(&Service::replay_dead_letter, 202)
  );
}

}  // namespace postrider::api
