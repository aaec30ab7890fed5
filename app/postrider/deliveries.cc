#include "app/postrider/commands.h"
#include "app/postrider/delivery_list.h"
#include "app/postrider/listing.h"
#include "app/postrider/one_thing.h"

namespace postrider::cli {
namespace {

struct DeliveryFilter {
  ApiOptions api;
  ListOptions list;
  std::optional<std::string> tenant;
  std::optional<std::string> endpoint;
  std::optional<std::string> event;
  std::optional<std::string> state;
  std::optional<std::string> since;
  std::optional<std::string> until;
};

}  // namespace

std::vector<ColumnSpec> delivery_columns() {
  return {
      {"ID", "id"},
      {"STATE", "state"},
      {"REASON", "reason"},
      {"EVENT", "event"},
      {"TYPE", "type", ColumnSpec::Kind::kText, true},
      {"ENDPOINT", "endpoint"},
      {"ATTEMPTS", "attempts_count"},
      {"DUE", "next_attempt_at", ColumnSpec::Kind::kTime},
      {"FINISHED", "finished_at", ColumnSpec::Kind::kTime}};
}

void add_deliveries(const Command& root) {
  const Command group =
      root.add("deliveries", "One event for one endpoint each, with its attempts");
  const Command list = group.add(
      "list", "List deliveries", "postrider deliveries list --state pending --endpoint ep_01..."
  );
  auto& filter = list.keep<DeliveryFilter>();
  list.text("tenant", filter.tenant, "Only of this tenant");
  list.text("endpoint", filter.endpoint, "Only for this endpoint");
  list.text("event", filter.event, "Only of this event");
  list.text("state", filter.state, "Only pending, delivered, dead or cancelled ones");
  list.text("since", filter.since, "From this instant on (RFC 3339)");
  list.text("until", filter.until, "Up to this instant (RFC 3339)");
  add_list_options(list, filter.list);
  add_api_options(list, filter.api);
  run_with_api(list, filter.api, [&filter](Api& api, Io& io) {
    Query query;
    query.add("tenant", filter.tenant);
    query.add("endpoint", filter.endpoint);
    query.add("event", filter.event);
    query.add("state", filter.state);
    query.add("since", filter.since);
    query.add("until", filter.until);
    const auto path = query.on("/v1/deliveries");
    return print_list(api, io, filter.api, filter.list, path, delivery_columns(), "deliveries");
  });
  add_one_thing(
      group, {"deliveries", "show", "Show a delivery with its attempts", "dlv_", "GET", "", nullptr}
  );
  add_one_thing(
      group,
      {"deliveries",
       "retry",
       "Due now; the schedule goes on",
       "dlv_",
       "POST",
       "retry",
       "is due now"}
  );
  add_one_thing(
      group, {"deliveries", "cancel", "Send it no more", "dlv_", "POST", "cancel", "cancelled"}
  );
}

}  // namespace postrider::cli
