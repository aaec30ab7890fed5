#include <array>

#include "app/postrider/collection.h"
#include "app/postrider/commands.h"
#include "app/postrider/table.h"

namespace postrider::cli {
namespace {

constexpr std::array<FilterSpec, 4> kEventFilters{
    {kTenantFilter, {"type", "Only this event type"}, kSinceFilter, kUntilFilter}};

void add_deliveries_of(const Collection& events) {
  struct Options {
    std::string id;
    ListOptions list;
  };
  const auto [command, options] =
      events.add_one<Options>("deliveries", "List the deliveries of an event");
  add_list_options(command, options.list);
  run_with_api(command, options.list.api, [events, &options = options](Api& api, Io& io) {
    const ListSpec list{events.path(options.id, "deliveries"), delivery_columns(), "deliveries"};
    return print_list(api, io, options.list, list);
  });
}

void add_replay(const Collection& events) {
  struct Options : OneOptions {
    std::optional<std::string> endpoint;
  };
  const auto [command, options] = events.add_one<Options>(
      "replay", "Deliver an event again, and to endpoints that match it now", "--endpoint ep_01..."
  );
  command.text("endpoint", options.endpoint, "Only this endpoint");
  add_api_options(command, options.api);
  run_with_api(command, options.api, [events, &options = options](Api& api, Io& io) {
    RequestBody body;
    body.add_given("endpoint", options.endpoint);
    const auto answer = api.send("POST", events.path(options.id, "replay"), body.take());
    const auto count = answer ? JsonView(*answer)["deliveries"].elements().size() : 0;
    const std::string sentence = printable(options.id) + " is delivered again to " +
                                 std::to_string(count) + (count == 1 ? " endpoint" : " endpoints");
    return print_done(io, options.api.json, answer, sentence);
  });
}

}  // namespace

void add_events(const Command& root) {
  const Collection events(
      root,
      {.name = "events", .path = "events", .thing = "events", .id = {"ID", "evt_...", "evt_01..."}},
      "Accepted events"
  );
  events.add_list(
      "--type order.created --limit 10",
      kEventFilters,
      {{"ID", "id"},
       {"CREATED", "created_at", ColumnSpec::kTime},
       {"TYPE", "type", ColumnSpec::kLongText},
       {"TENANT", "tenant", ColumnSpec::kTenant},
       {"CHANNELS", "channels", ColumnSpec::kLongText},
       {"ORDERING KEY", "ordering_key", ColumnSpec::kText, ColumnSpec::kWide},
       {"DELIVER AT", "deliver_at", ColumnSpec::kTime, ColumnSpec::kWide},
       {"EXPIRES", "expires_at", ColumnSpec::kTime, ColumnSpec::kWide}}
  );
  events.add_show("Show an event with its data");
  add_deliveries_of(events);
  add_replay(events);
}

}  // namespace postrider::cli
