#include "app/postrider/commands.h"
#include "app/postrider/delivery_list.h"
#include "app/postrider/listing.h"
#include "app/postrider/one_thing.h"

namespace postrider::cli {
namespace {

void add_list(const Command& group) {
  struct Options {
    ApiOptions api;
    ListOptions list;
    std::optional<std::string> tenant;
    std::optional<std::string> type;
    std::optional<std::string> since;
    std::optional<std::string> until;
  };
  const Command command =
      group.add("list", "List events", "postrider events list --type order.created --limit 10");
  auto& options = command.keep<Options>();
  command.text("tenant", options.tenant, "Only of this tenant");
  command.text("type", options.type, "Only of this type");
  command.text("since", options.since, "From this instant on (RFC 3339)");
  command.text("until", options.until, "Up to this instant (RFC 3339)");
  add_list_options(command, options.list);
  add_api_options(command, options.api);
  run_with_api(command, options.api, [&options](Api& api, Io& io) {
    Query query;
    query.add("tenant", options.tenant);
    query.add("type", options.type);
    query.add("since", options.since);
    query.add("until", options.until);
    const std::vector<ColumnSpec> columns{
        {"ID", "id"},
        {"CREATED", "created_at", ColumnSpec::Kind::kTime},
        {"TYPE", "type", ColumnSpec::Kind::kText, true},
        {"TENANT", "tenant", ColumnSpec::Kind::kText, true},
        {"CHANNELS", "channels", ColumnSpec::Kind::kText, true}};
    return print_list(
        api, io, options.api, options.list, query.on("/v1/events"), columns, "events"
    );
  });
}

void add_event_deliveries(const Command& group) {
  struct Options {
    ApiOptions api;
    ListOptions list;
    std::string id;
  };
  const Command command = group.add(
      "deliveries", "List an event's deliveries", "postrider events deliveries evt_01..."
  );
  auto& options = command.keep<Options>();
  command.argument("ID", options.id, "evt_...");
  add_list_options(command, options.list);
  add_api_options(command, options.api);
  run_with_api(command, options.api, [&options](Api& api, Io& io) {
    const auto path = path_of("events", options.id, "deliveries");
    return print_list(api, io, options.api, options.list, path, delivery_columns(), "deliveries");
  });
}

void add_replay(const Command& group) {
  struct Options {
    ApiOptions api;
    std::string id;
    std::optional<std::string> endpoint;
  };
  const Command command = group.add(
      "replay",
      "Deliver an event again, and to endpoints that match it now",
      "postrider events replay evt_01... --endpoint ep_01..."
  );
  auto& options = command.keep<Options>();
  command.argument("ID", options.id, "evt_...");
  command.text("endpoint", options.endpoint, "Only to this endpoint");
  add_api_options(command, options.api);
  run_with_api(command, options.api, [&options](Api& api, Io& io) {
    JsonObject body;
    body.add_if("endpoint", options.endpoint);
    const auto answer = api.call("POST", path_of("events", options.id, "replay"), body.str());
    const auto count = JsonView(answer.value_or("{}"))["deliveries"].elements().size();
    const std::string sentence = printable(options.id) + " is delivered again to " +
                                 std::to_string(count) + (count == 1 ? " endpoint" : " endpoints");
    return print_done(io, options.api.json, answer, sentence);
  });
}

}  // namespace

void add_events(const Command& root) {
  const Command group = root.add("events", "What happened: accepted events");
  add_list(group);
  add_one_thing(
      group, {"events", "show", "Show an event with its data", "evt_", "GET", "", nullptr}
  );
  add_event_deliveries(group);
  add_replay(group);
}

}  // namespace postrider::cli
