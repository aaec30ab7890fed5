// /v1/deliveries
#include "api/query.h"
#include "api/resources.h"

namespace postrider::api {
namespace {

Reply list_deliveries(const Call& call) {
  QueryReader query(call.request);
  const IdCodec& ids = call.api.ids();
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
  if (auto checked = query.check(); !checked) return refuse(std::move(checked).error());
  auto reader = call.api.reader();
  if (!reader) return refuse(std::move(reader).error());
  return page_reply((*reader)->deliveries(filter, page), page, [&](const DeliveryView& view) {
    return call.api.views.delivery(view);
  });
}

Reply get_delivery(const Call& call) {
  const auto id = path_delivery(call);
  if (!id) return refuse(id.error());
  if (auto query = no_query(call); !query) return refuse(std::move(query).error());
  auto reader = call.api.reader();
  if (!reader) return refuse(std::move(reader).error());
  const auto history = (*reader)->history(*id);
  if (!history) return refuse(history.error());
  return json_answer(200, call.api.views.delivery_with_attempts(*history));
}

using Change = Result<Delivery> (Service::*)(DeliveryId);

Handler changer(Change change) {
  return [change](const Call& call) -> Reply {
    const auto id = path_delivery(call);
    if (!id) return refuse(id.error());
    if (auto input = no_input(call); !input) return refuse(std::move(input).error());
    const auto changed = (call.api.service.*change)(*id);
    if (!changed) return refuse(changed.error());
    return delivery_reply(call, 200, *id);
  };
}

}  // namespace

void mount_deliveries(Mount& mount) {
  mount.keyed("GET", "/v1/deliveries", list_deliveries);
  mount.keyed("GET", "/v1/deliveries/{id}", get_delivery);
  mount.keyed("POST", "/v1/deliveries/{id}/retry", changer(&Service::retry_delivery));
  mount.keyed("POST", "/v1/deliveries/{id}/cancel", changer(&Service::cancel_delivery));
}

}  // namespace postrider::api
