// /v1/dead-letters
#include <fmt/format.h>

#include "api/body.h"
#include "api/query.h"
#include "api/resources.h"

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

Reply list_dead_letters(const Call& call) {
  QueryReader query(call.request);
  const PageParams page = query.page();
  const DeadLetterFilter filter = read_filter(query, call.api.ids());
  if (auto checked = query.check(); !checked) return refuse(std::move(checked).error());
  auto reader = call.api.reader();
  if (!reader) return refuse(std::move(reader).error());
  return page_reply((*reader)->dead_letters(filter, page), page, [&](const DeliveryView& view) {
    return call.api.views.delivery(view);
  });
}

Reply get_dead_letter(const Call& call) {
  const auto id = path_delivery(call);
  if (!id) return refuse(no_such("dead letter"));
  if (auto query = no_query(call); !query) return refuse(std::move(query).error());
  auto reader = call.api.reader();
  if (!reader) return refuse(std::move(reader).error());
  const auto history = (*reader)->history(*id);
  if (!history) return refuse(history.error());
  const Delivery& delivery = history->view.delivery;
  if (!is_listed(delivery)) return refuse(no_such("dead letter"));
  const auto event = (*reader)->event(delivery.event);
  if (!event) return refuse(event.error());
  const auto endpoint = (*reader)->endpoint(delivery.endpoint);
  if (!endpoint && endpoint.error().code != Errc::kNotFound) return refuse(endpoint.error());
  return json_answer(
      200, call.api.views.dead_letter(*history, *event, endpoint ? &*endpoint : nullptr)
  );
}

using Change = Result<Delivery> (Service::*)(DeliveryId);

Handler changer(Change change, int status) {
  return [change, status](const Call& call) -> Reply {
    const auto id = path_delivery(call);
    if (!id) return refuse(no_such("dead letter"));
    if (auto input = no_input(call); !input) return refuse(std::move(input).error());
    const auto changed = (call.api.service.*change)(*id);
    if (!changed) return refuse(changed.error());
    return delivery_reply(call, status, *id);
  };
}

Handler bulk(TaskKind kind) {
  return [kind](const Call& call) -> Reply {
    if (auto query = no_query(call); !query) return refuse(std::move(query).error());
    auto body = BodyReader::open(call.request);
    if (!body) return refuse(std::move(body).error());
    DeadLetterFilter filter = read_filter(*body, call.api.ids());
    const bool dry_run = body->boolean("dry_run").value_or(false);
    if (auto checked = body->check(); !checked) return refuse(std::move(checked).error());
    auto reader = call.api.reader();
    if (!reader) return refuse(std::move(reader).error());
    const auto total = (*reader)->count_dead_letters(filter);
    if (!total) return refuse(total.error());
    if (dry_run) return json_answer(200, fmt::format(R"({{"total":{}}})", *total));
    const auto task = call.api.service.start_task(kind, std::move(filter), *total);
    if (!task) return refuse(task.error());
    return json_answer(202, call.api.views.task(*task));
  };
}

}  // namespace

void mount_dead_letters(Mount& mount) {
  mount.keyed("GET", "/v1/dead-letters", list_dead_letters);
  mount.keyed("POST", "/v1/dead-letters/replay", bulk(TaskKind::kReplayDeadLetters));
  mount.keyed("POST", "/v1/dead-letters/discard", bulk(TaskKind::kDiscardDeadLetters));
  mount.keyed("GET", "/v1/dead-letters/{id}", get_dead_letter);
  mount.keyed("DELETE", "/v1/dead-letters/{id}", changer(&Service::discard_dead_letter, 200));
  mount.keyed("POST", "/v1/dead-letters/{id}/replay", changer(&Service::replay_dead_letter, 202));
}

}  // namespace postrider::api
