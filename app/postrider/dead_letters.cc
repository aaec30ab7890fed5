#include <array>
#include <ostream>

#include "app/postrider/collection.h"
#include "app/postrider/commands.h"
#include "app/postrider/task_progress.h"

namespace postrider::cli {
namespace {

constexpr std::array<FilterSpec, 6> kDeadLetterFilters{
    {kTenantFilter,
     kEndpointFilter,
     {"type", "Only this event type"},
     {"reason", "attempts_exhausted, rejected, gone, expired or endpoint_disabled"},
     kSinceFilter,
     kUntilFilter}};

struct BulkOptions {
  ApiOptions api;
  Filters filters;
  FollowOptions follow;
  bool dry_run = false;
};

Result<int> bulk(Api& api, Io& io, const BulkOptions& options, const std::string& action) {
  RequestBody body;
  options.filters.add_to(body);
  body.add_true("dry_run", options.dry_run);
  const auto answer = api.send("POST", "/v1/dead-letters/" + action, body.take());
  if (!options.dry_run) return follow_task(api, io, options.api.json, options.follow, answer);
  if (!answer) return tl::unexpected(answer.error());
  if (options.api.json) {
    print_json(io, *answer);
  } else {
    const std::string total = JsonView(*answer)["total"].text();
    io.out << "would " << action << ' ' << total << " dead letter" << (total == "1" ? "" : "s")
           << '\n';
  }
  return kExitDone;
}

void add_bulk(
    const Collection& dead_letters, const char* name, const char* action, const char* summary
) {
  const Command command = dead_letters.add(name, summary, "--endpoint ep_01... --dry-run");
  auto& options = command.keep<BulkOptions>();
  options.filters.add_to(command, kDeadLetterFilters);
  command.flag("dry-run", options.dry_run, "Only count the matching dead letters");
  add_follow_options(command, options.follow);
  add_api_options(command, options.api);
  run_with_api(command, options.api, [&options, action](Api& api, Io& io) {
    return bulk(api, io, options, action);
  });
}

}  // namespace

void add_dead_letters(const Command& root) {
  const Collection dead_letters(
      root,
      {.name = "dead-letters",
       .path = "dead-letters",
       .thing = "dead letters",
       .id = {"ID", "dlv_...", "dlv_01..."}},
      "Deliveries that could not be delivered: list, read, replay, discard"
  );
  dead_letters.add_list(
      "--reason attempts_exhausted",
      kDeadLetterFilters,
      {{"ID", "id"},
       {"TENANT", "tenant", ColumnSpec::kTenant},
       {"TYPE", "type", ColumnSpec::kLongText},
       {"URL", "endpoint", ColumnSpec::kEndpointUrl},
       {"REASON", "reason"},
       {"LAST", "last_attempt", ColumnSpec::kLastAttempt},
       {"DIED", "finished_at", ColumnSpec::kTime},
       {"ATTEMPTS", "attempts_count", ColumnSpec::kText, ColumnSpec::kWide},
       {"EVENT", "event", ColumnSpec::kText, ColumnSpec::kWide},
       {"ENDPOINT", "endpoint", ColumnSpec::kText, ColumnSpec::kWide}}
  );
  dead_letters.add_show("Show a dead letter with its attempts");
  dead_letters.add_action(
      "replay", "Replay a dead letter with a fresh retry schedule", "is pending again"
  );
  dead_letters.add_delete("discard", "Discard a dead letter", "discarded");
  add_bulk(dead_letters, "replay-all", "replay", "Replay all dead letters that match the filter");
  add_bulk(
      dead_letters, "discard-all", "discard", "Discard all dead letters that match the filter"
  );
}

}  // namespace postrider::cli
