// /v1/deliveries
#include "api/query.h"
#include "api/request_context.h"

namespace postrider::api {
namespace {

HandlerResult list_deliveries(const RequestContext& context) {
  QueryReader query(context.request);
  const IdCodec& ids = context.api.ids();
  const PageParams page = query.page();
  DeliveryFilter filter;
  filter.tenant = query.tenant();
  filter.endpoint = query.id(
      "endpoint", [&](std::string_view id) { return ids.decode_endpoint(id); }, "ep_"
  );
  filter.event = query.id(
      "event", [&](std::string_view id) { return ids.decode_event(id); }, "evt_"
  );
  filter.state = query.choice("state", parse_delivery_state, "pending, delivered, dead, cancelled");
  filter.since = query.instant("since");
  filter.until = query.instant("until");
  if (auto checked = query.check(); !checked) return fail(std::move(checked).error());
  auto reader = context.api.reader();
  if (!reader) return fail(std::move(reader).error());
  return page_reply((*reader)->deliveries(filter, page), page, [&](const DeliveryView& view) {
    return context.api.views.delivery(view);
  });
}

HandlerResult get_delivery(const RequestContext& context) {
  const auto id = path_delivery(context);
  if (!id) return fail(id.error());
  if (auto query = no_query(context); !query) return fail(std::move(query).error());
  auto reader = context.api.reader();
  if (!reader) return fail(std::move(reader).error());
  const auto history = (*reader)->history(*id);
  if (!history) return fail(history.error());
  return json_response(200, context.api.views.delivery_with_attempts(*history));
}

using Change = Result<Delivery> (Service::*)(DeliveryId);

Handler changer(Change change) {
  return [change](const RequestContext& context) -> HandlerResult {
    const auto id = path_delivery(context);
    if (!id) return fail(id.error());
    if (auto input = no_input(context); !input) return fail(std::move(input).error());
    const auto changed = (context.api.service.*change)(*id);
    if (!changed) return fail(changed.error());
    return delivery_reply(context, 200, *id);
  };
}

}  // namespace

void add_delivery_routes(Routes& routes) {
  routes.authenticated("GET", "/v1/deliveries", list_deliveries);
  routes.authenticated("GET", "/v1/deliveries/{id}", get_delivery);
  routes.authenticated("POST", "/v1/deliveries/{id}/retry", changer(&Service::retry_delivery));
  routes.authenticated("POST", "/v1/deliveries/{id}/cancel", changer(&Service::cancel_delivery));
}

}  // namespace postrider::api
