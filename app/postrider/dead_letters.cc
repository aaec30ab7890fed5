#include <ostream>

#include "app/postrider/commands.h"
#include "app/postrider/delivery_list.h"
#include "app/postrider/listing.h"
#include "app/postrider/one_thing.h"
#include "app/postrider/task_progress.h"

namespace postrider::cli {
namespace {

struct Filter {
  ApiOptions api;
  ListOptions list;
  FollowOptions follow;
  std::optional<std::string> tenant;
  std::optional<std::string> endpoint;
  std::optional<std::string> type;
  std::optional<std::string> reason;
  std::optional<std::string> since;
  std::optional<std::string> until;
  bool dry_run = false;
};

void add_filter(const Command& command, Filter& filter) {
  command.text("tenant", filter.tenant, "Only of this tenant");
  command.text("endpoint", filter.endpoint, "Only for this endpoint");
  command.text("type", filter.type, "Only of this event type");
  command.text(
      "reason", filter.reason, "attempts_exhausted, rejected, gone, expired or endpoint_disabled"
  );
  command.text("since", filter.since, "From this instant on (RFC 3339)");
  command.text("until", filter.until, "Up to this instant (RFC 3339)");
}

template <class Target, class Add>
void each_filter(const Filter& filter, Target& target, Add add) {
  (target.*add)("tenant", filter.tenant);
  (target.*add)("endpoint", filter.endpoint);
  (target.*add)("type", filter.type);
  (target.*add)("reason", filter.reason);
  (target.*add)("since", filter.since);
  (target.*add)("until", filter.until);
}

std::vector<ColumnSpec> columns() {
  return {
      {"ID", "id"},
      {"REASON", "reason"},
      {"TYPE", "type", ColumnSpec::Kind::kText, true},
      {"EVENT", "event"},
      {"ENDPOINT", "endpoint"},
      {"ATTEMPTS", "attempts_count"},
      {"DIED", "finished_at", ColumnSpec::Kind::kTime}};
}

void add_list(const Command& group) {
  const Command command = group.add(
      "list", "List dead letters", "postrider dead-letters list --reason attempts_exhausted"
  );
  auto& filter = command.keep<Filter>();
  add_filter(command, filter);
  add_list_options(command, filter.list);
  add_api_options(command, filter.api);
  run_with_api(command, filter.api, [&filter](Api& api, Io& io) {
    Query query;
    each_filter(filter, query, &Query::add);
    const auto path = query.on("/v1/dead-letters");
    return print_list(api, io, filter.api, filter.list, path, columns(), "dead letters");
  });
}

Result<int> bulk(Api& api, Io& io, const Filter& filter, const std::string& action) {
  JsonObject body;
  each_filter(filter, body, &JsonObject::add_if);
  if (filter.dry_run) body.add_raw("dry_run", "true");
  const auto answer = api.call("POST", "/v1/dead-letters/" + action, body.str());
  if (!filter.dry_run) return follow_task(api, io, filter.api.json, filter.follow, answer);
  if (!answer) return tl::unexpected(answer.error());
  if (filter.api.json) {
    io.out << minified(*answer) << '\n';
  } else {
    const std::string total = JsonView(*answer)["total"].text();
    io.out << "would " << action << ' ' << total << " dead letter" << (total == "1" ? "" : "s")
           << '\n';
  }
  return kExitDone;
}

void add_bulk(const Command& group, const char* name, const char* action, const char* summary) {
  const Command command = group.add(
      name,
      summary,
      "postrider dead-letters " + std::string(name) + " --endpoint ep_01... --dry-run"
  );
  auto& filter = command.keep<Filter>();
  add_filter(command, filter);
  command.flag("dry-run", filter.dry_run, "Only say how many");
  add_follow_options(command, filter.follow);
  add_api_options(command, filter.api);
  run_with_api(command, filter.api, [&filter, action](Api& api, Io& io) {
    return bulk(api, io, filter, action);
  });
}

}  // namespace

void add_dead_letters(const Command& root) {
  const Command group = root.add("dead-letters", "Deliveries that were given up");
  add_list(group);
  add_one_thing(
      group,
      {"dead-letters", "show", "Show a dead letter with its attempts", "dlv_", "GET", "", nullptr}
  );
  add_one_thing(
      group,
      {"dead-letters",
       "replay",
       "Start a fresh schedule",
       "dlv_",
       "POST",
       "replay",
       "is pending again"}
  );
  add_one_thing(
      group, {"dead-letters", "discard", "Put it away", "dlv_", "DELETE", "", "discarded"}
  );
  add_bulk(group, "replay-all", "replay", "Replay all that fit the filter");
  add_bulk(group, "discard-all", "discard", "Put away all that fit the filter");
}

}  // namespace postrider::cli
