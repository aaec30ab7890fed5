#include "app/postrider/endpoints.h"

#include <array>
#include <ostream>

#include "app/postrider/commands.h"
#include "app/postrider/input.h"
#include "app/postrider/table.h"
#include "app/postrider/task_progress.h"
#include "base/limits.h"

namespace postrider::cli {
namespace {

constexpr std::array<FilterSpec, 2> kEndpointFilters{
    {kTenantFilter, {"state", "Only endpoints in this state: active, paused or disabled"}}};

void add_secret(const Collection& endpoints) {
  const auto [command, options] =
      endpoints.add_one<OneOptions>("secret", "Print the secret that signs");
  add_api_options(command, options.api);
  run_with_api(
      command,
      options.api,
      [endpoints, &options = options](Api& api, Io& io) -> Result<int> {
        const auto answer = api.call("GET", endpoints.path(options.id, "secret"));
        const JsonView secret = answer ? JsonView(*answer)["secret"] : JsonView();
        if (options.api.json || !secret.exists()) {
          return print_answer(io, options.api.json, answer);
        }
        io.out << printable(secret.text()) << '\n';
        return kExitDone;
      }
  );
}

void add_rotate_secret(const Collection& endpoints) {
  struct Options : OneOptions {
    std::optional<std::string> secret;
    std::optional<std::int64_t> overlap_s;
  };
  const auto [command, options] = endpoints.add_one<Options>(
      "rotate-secret",
      "Sign with a new secret, and with the old one for a while",
      "--overlap-s 3600"
  );
  command.text("secret", options.secret, "The new secret; generated when left out");
  command.number(
      "overlap-s",
      options.overlap_s,
      {0, limits::kSecretOverlapSecondsMax},
      "Seconds during which the old secret also signs"
  );
  add_api_options(command, options.api);
  run_with_api(command, options.api, [endpoints, &options = options](Api& api, Io& io) {
    RequestBody body;
    body.add_given("secret", options.secret);
    body.add_given("overlap_s", options.overlap_s);
    const auto path = endpoints.path(options.id, "secret/rotate");
    return print_answer(io, options.api.json, api.send("POST", path, body.take()));
  });
}

void add_test(const Collection& endpoints) {
  struct Options : OneOptions {
    std::optional<std::string> type;
    std::optional<std::string> data;
  };
  const auto [command, options] = endpoints.add_one<Options>(
      "test",
      "Send one test request at once, in any state; nothing is stored; ends with 1 if it failed"
  );
  command.text("type", options.type, "Type of the event (default: postrider.test)");
  command.text("data", options.data, "JSON; - = standard input, @FILE = a file");
  add_api_options(command, options.api);
  run_with_api(
      command,
      options.api,
      [endpoints, &options = options](Api& api, Io& io) -> Result<int> {
        RequestBody body;
        body.add_given("type", options.type);
        if (options.data) body.add_result("data", read_argument(*options.data, io.in), "--data");
        const auto answer = api.send("POST", endpoints.path(options.id, "test"), body.take());
        if (!answer) return tl::unexpected(answer.error());
        print_object(io, options.api.json, *answer);
        return JsonView(*answer)["outcome"].text() == "success" ? kExitDone : kExitFailed;
      }
  );
}

void add_recover(const Collection& endpoints) {
  struct Options : OneOptions {
    FollowOptions follow;
    std::optional<std::string> since;
    std::optional<std::string> until;
  };
  const auto [command, options] = endpoints.add_one<Options>(
      "recover",
      "Replay the endpoint's dead letters from a time range",
      "--since 2026-01-01T00:00:00Z"
  );
  command.text("since", options.since, "Start of the time range (RFC 3339); required");
  command.text("until", options.until, "End of the time range (RFC 3339)");
  add_follow_options(command, options.follow);
  add_api_options(command, options.api);
  run_with_api(command, options.api, [endpoints, &options = options](Api& api, Io& io) {
    RequestBody body;
    body.add_given("since", options.since);
    if (body.empty()) body.wrong("--since is required");
    body.add_given("until", options.until);
    const auto answer = api.send("POST", endpoints.path(options.id, "recover"), body.take());
    return follow_task(api, io, options.api.json, options.follow, answer);
  });
}

}  // namespace

void add_endpoints(const Command& root) {
  const Collection endpoints(
      root,
      {.name = "endpoints",
       .path = "endpoints",
       .thing = "endpoints",
       .id = {"ID", "ep_...", "ep_01..."}},
      "Endpoints: registered subscriber URLs"
  );
  endpoints.add_list(
      "--state disabled",
      kEndpointFilters,
      {{"ID", "id"},
       {"TENANT", "tenant", ColumnSpec::kTenant},
       {"URL", "url", ColumnSpec::kUrl},
       {"STATE", "state", ColumnSpec::kState},
       {"LAST", "health", ColumnSpec::kEndpointLast},
       {"TRIED", "health", ColumnSpec::kEndpointTried},
       {"WAITING", "health", ColumnSpec::kWaiting},
       {"DESCRIPTION", "description", ColumnSpec::kLongText},
       {"EVENT TYPES", "event_types", ColumnSpec::kText, ColumnSpec::kWide},
       {"LAST SUCCESS", "health.last_success.at", ColumnSpec::kTime, ColumnSpec::kWide},
       {"LAST FAILURE", "health.last_failure.at", ColumnSpec::kTime, ColumnSpec::kWide},
       {"CREATED", "created_at", ColumnSpec::kTime, ColumnSpec::kWide}}
  );
  add_endpoint_create(endpoints);
  add_endpoint_update(endpoints);
  endpoints.add_show("Show an endpoint");
  endpoints.add_delete(
      "delete", "Delete an endpoint; its pending deliveries are cancelled", "deleted"
  );
  endpoints.add_action("pause", "Keep deliveries pending and send nothing", "paused");
  endpoints.add_action("resume", "Send to a paused or disabled endpoint again", "resumed");
  endpoints.add_action("disable", "Disable an endpoint", "disabled");
  add_secret(endpoints);
  add_rotate_secret(endpoints);
  add_test(endpoints);
  add_endpoint_stats(endpoints);
  add_recover(endpoints);
}

}  // namespace postrider::cli
