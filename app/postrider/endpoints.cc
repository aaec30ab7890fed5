#include <charconv>
#include <ostream>

#include "app/postrider/api.h"
#include "app/postrider/commands.h"
#include "app/postrider/input.h"
#include "app/postrider/listing.h"
#include "app/postrider/one_thing.h"
#include "app/postrider/task_progress.h"
#include "base/limits.h"

namespace postrider::cli {
namespace {

constexpr std::string_view kCollection = "endpoints";

/// The members of an endpoint that flags can set; see api.md, "Endpoints".
struct EndpointFlags {
  ApiOptions api;
  std::string id;
  std::optional<std::string> url;
  std::optional<std::string> tenant;
  std::optional<std::string> description;
  std::optional<std::string> metadata;
  std::vector<std::string> event_types;
  std::vector<std::string> channels;
  std::vector<std::string> headers;
  std::optional<std::string> payload;
  std::vector<std::string> retry_delays_ms;
  std::optional<std::int64_t> timeout_ms;
  std::optional<std::int64_t> max_in_flight;
  std::optional<std::string> secret;
  std::vector<std::string> members;
};

void add_member_flags(const Command& command, EndpointFlags& flags) {
  command.text("description", flags.description, "For people");
  command.text("metadata", flags.metadata, "A JSON object of strings");
  command.list(
      "event-type", flags.event_types, "Wanted type, order.* for all below; repeatable", ','
  );
  command.list("channel", flags.channels, "Only events of this channel; repeatable", ',');
  command.list("header", flags.headers, "'Name: value' sent with every request; repeatable");
  command.text("payload", flags.payload, "envelope, raw or cloudevents");
  command.list(
      "retry-delays-ms", flags.retry_delays_ms, "Waits after failed attempts: 5000,300000", ','
  );
  command.number(
      "timeout-ms",
      flags.timeout_ms,
      {limits::kTimeoutMsMin, limits::kTimeoutMsMax},
      "Of one attempt"
  );
  command.number(
      "max-in-flight", flags.max_in_flight, {1, limits::kInFlightPerEndpointMax}, "Requests at once"
  );
  command.list("set", flags.members, "MEMBER=JSON for any other member; repeatable");
}

Result<std::string> headers_json(const std::vector<std::string>& headers) {
  JsonObject json;
  for (const std::string& header : headers) {
    const std::size_t colon = header.find(':');
    if (colon == std::string::npos || colon == 0) {
      return fail(Errc::kInvalidArgument, "--header is not of the form 'Name: value'");
    }
    const std::size_t value = header.find_first_not_of(" \t", colon + 1);
    json.add(header.substr(0, colon), value == std::string::npos ? "" : header.substr(value));
  }
  return json.str();
}

Result<std::string> retry_json(const std::vector<std::string>& delays) {
  std::string list;
  for (const std::string& delay : delays) {
    std::int64_t ms = 0;
    const char* end = delay.data() + delay.size();
    const auto [stop, error] = std::from_chars(delay.data(), end, ms);
    if (error != std::errc{} || stop != end || ms < 0) {
      return fail(Errc::kInvalidArgument, "--retry-delays-ms: not a list of milliseconds");
    }
    list += (list.empty() ? "" : ",") + std::to_string(ms);
  }
  return R"({"kind":"schedule","delays_ms":[)" + list + "]}";
}

Status add_free_members(JsonObject& body, const std::vector<std::string>& members) {
  for (const std::string& member : members) {
    const std::size_t equals = member.find('=');
    if (equals == std::string::npos || equals == 0) {
      return fail(Errc::kInvalidArgument, "--set is not of the form MEMBER=JSON");
    }
    const std::string_view json = std::string_view(member).substr(equals + 1);
    if (auto status = check_json(json, "the value of --set"); !status) return status;
    body.add_raw(std::string_view(member).substr(0, equals), json);
  }
  return {};
}

Result<std::string> body_of(const EndpointFlags& flags) {
  JsonObject body;
  body.add_if("url", flags.url);
  body.add_if("tenant", flags.tenant);
  body.add_if("description", flags.description);
  if (flags.metadata) {
    if (auto status = check_json(*flags.metadata, "--metadata"); !status) {
      return tl::unexpected(status.error());
    }
    body.add_raw("metadata", *flags.metadata);
  }
  if (!flags.event_types.empty()) body.add_strings("event_types", flags.event_types);
  if (!flags.channels.empty()) body.add_strings("channels", flags.channels);
  if (!flags.headers.empty()) {
    const auto headers = headers_json(flags.headers);
    if (!headers) return headers;
    body.add_raw("headers", *headers);
  }
  body.add_if("payload", flags.payload);
  if (!flags.retry_delays_ms.empty()) {
    const auto retry = retry_json(flags.retry_delays_ms);
    if (!retry) return retry;
    body.add_raw("retry", *retry);
  }
  if (flags.timeout_ms) body.add_raw("timeout_ms", std::to_string(*flags.timeout_ms));
  if (flags.max_in_flight) body.add_raw("max_in_flight", std::to_string(*flags.max_in_flight));
  body.add_if("secret", flags.secret);
  if (auto status = add_free_members(body, flags.members); !status) {
    return tl::unexpected(status.error());
  }
  return body.str();
}

void add_list(const Command& group) {
  struct Options {
    ApiOptions api;
    ListOptions list;
    std::optional<std::string> tenant;
    std::optional<std::string> state;
  };
  const Command command =
      group.add("list", "List endpoints", "postrider endpoints list --state disabled");
  auto& options = command.keep<Options>();
  command.text("tenant", options.tenant, "Only of this tenant");
  command.text("state", options.state, "Only active, paused or disabled ones");
  add_list_options(command, options.list);
  add_api_options(command, options.api);
  run_with_api(command, options.api, [&options](Api& api, Io& io) {
    Query query;
    query.add("tenant", options.tenant);
    query.add("state", options.state);
    return print_list(
        api,
        io,
        options.api,
        options.list,
        query.on("/v1/endpoints"),
        {{"ID", "id"},
         {"TENANT", "tenant", ColumnSpec::Kind::kText, true},
         {"STATE", "state"},
         {"REASON", "state_reason"},
         {"URL", "url", ColumnSpec::Kind::kText, true},
         {"EVENT TYPES", "event_types", ColumnSpec::Kind::kText, true}},
        "endpoints"
    );
  });
}

void add_create(const Command& group) {
  const Command command = group.add(
      "create",
      "Register a subscriber URL",
      "postrider endpoints create https://example.com/hook --event-type 'order.*'"
  );
  auto& flags = command.keep<EndpointFlags>();
  command.argument("URL", flags.url.emplace(), "Where to deliver to");
  command.text("tenant", flags.tenant, "Whose events (default: default)");
  command.text("secret", flags.secret, "Secret that signs; generated when left out");
  add_member_flags(command, flags);
  add_api_options(command, flags.api);
  run_with_api(command, flags.api, [&flags](Api& api, Io& io) -> Result<int> {
    auto body = body_of(flags);
    if (!body) return tl::unexpected(body.error());
    const auto answer = api.call("POST", "/v1/endpoints", std::move(*body));
    if (!answer) return tl::unexpected(answer.error());
    print_object(io, flags.api.json, *answer);
    return kExitDone;
  });
}

void add_update(const Command& group) {
  const Command command = group.add(
      "update",
      "Change members of an endpoint; what is left out stays",
      "postrider endpoints update ep_01... --timeout-ms 5000"
  );
  auto& flags = command.keep<EndpointFlags>();
  command.argument("ID", flags.id, "ep_...");
  command.text("url", flags.url, "Where to deliver to");
  add_member_flags(command, flags);
  add_api_options(command, flags.api);
  run_with_api(command, flags.api, [&flags](Api& api, Io& io) -> Result<int> {
    auto body = body_of(flags);
    if (!body) return tl::unexpected(body.error());
    if (*body == "{}") return fail(Errc::kInvalidArgument, "nothing to change: name a flag");
    const auto answer = api.call("PATCH", path_of(kCollection, flags.id), std::move(*body));
    if (!answer) return tl::unexpected(answer.error());
    print_object(io, flags.api.json, *answer);
    return kExitDone;
  });
}

struct OneOptions {
  ApiOptions api;
  std::string id;
  std::optional<std::string> first;
  std::optional<std::string> second;
  std::optional<std::int64_t> seconds;
};

void add_secret(const Command& group) {
  const Command command =
      group.add("secret", "Print the secret that signs", "postrider endpoints secret ep_01...");
  auto& options = command.keep<OneOptions>();
  command.argument("ID", options.id, "ep_...");
  add_api_options(command, options.api);
  run_with_api(command, options.api, [&options](Api& api, Io& io) -> Result<int> {
    const auto answer = api.call("GET", path_of(kCollection, options.id, "secret"));
    if (!answer) return tl::unexpected(answer.error());
    const JsonView secret = JsonView(*answer)["secret"];
    if (options.api.json || !secret.exists()) {
      print_object(io, options.api.json, *answer);
    } else {
      io.out << printable(secret.text()) << '\n';
    }
    return kExitDone;
  });
}

void add_rotate_secret(const Command& group) {
  const Command command = group.add(
      "rotate-secret",
      "Sign with a new secret, and with the old one for a while",
      "postrider endpoints rotate-secret ep_01... --overlap-s 3600"
  );
  auto& options = command.keep<OneOptions>();
  command.argument("ID", options.id, "ep_...");
  command.text("secret", options.first, "The new secret; generated when left out");
  command.number(
      "overlap-s", options.seconds, {0, limits::kSecretOverlapSecondsMax}, "Both sign for so long"
  );
  add_api_options(command, options.api);
  run_with_api(command, options.api, [&options](Api& api, Io& io) -> Result<int> {
    JsonObject body;
    body.add_if("secret", options.first);
    if (options.seconds) body.add_raw("overlap_s", std::to_string(*options.seconds));
    const auto answer =
        api.call("POST", path_of(kCollection, options.id, "secret/rotate"), body.str());
    if (!answer) return tl::unexpected(answer.error());
    print_object(io, options.api.json, *answer);
    return kExitDone;
  });
}

void add_test(const Command& group) {
  const Command command = group.add(
      "test", "Send a test event to this endpoint only", "postrider endpoints test ep_01..."
  );
  auto& options = command.keep<OneOptions>();
  command.argument("ID", options.id, "ep_...");
  command.text("type", options.first, "Type of the event (default: postrider.test)");
  command.text("data", options.second, "JSON; - = standard input, @FILE = a file");
  add_api_options(command, options.api);
  run_with_api(command, options.api, [&options](Api& api, Io& io) -> Result<int> {
    JsonObject body;
    body.add_if("type", options.first);
    if (options.second) {
      const auto data = read_argument(*options.second, io.in);
      if (!data) return tl::unexpected(data.error());
      if (auto status = check_json(*data, "--data"); !status) return tl::unexpected(status.error());
      body.add_raw("data", *data);
    }
    const auto answer = api.call("POST", path_of(kCollection, options.id, "test"), body.str());
    if (!answer) return tl::unexpected(answer.error());
    print_object(io, options.api.json, *answer);
    return kExitDone;
  });
}

void add_counts(Table& table, std::string name, const JsonView& counts) {
  std::string classes;
  for (const auto& [attempt_class, count] : counts["attempts_by_class"].members()) {
    if (count.integer().value_or(0) == 0) continue;
    classes += (classes.empty() ? "" : ", ") + attempt_class + " " + count.text();
  }
  table.add(
      {std::move(name),
       counts["delivered"].text(),
       counts["dead"].text(),
       counts["attempts"].text(),
       classes.empty() ? "-" : classes}
  );
}

/// Times in which nothing happened are left out for people.
void print_stats(Io& io, bool json, const std::string& body) {
  if (json) return print_object(io, json, body);
  const JsonView stats(body);
  Table table({{"SINCE"}, {"DELIVERED"}, {"DEAD"}, {"ATTEMPTS"}, {"BY CLASS", true}});
  for (const JsonView& bucket : stats["series"].elements()) {
    const auto& totals = bucket["attempts"];
    const bool quiet = totals.integer().value_or(0) == 0 && bucket["dead"].text() == "0";
    if (!quiet) add_counts(table, readable_time(bucket["start"].text()), bucket);
  }
  add_counts(table, "in all", stats["totals"]);
  io.out << "from " << readable_time(stats["since"].text()) << " to "
         << readable_time(stats["until"].text()) << ", in steps of "
         << readable_duration(stats["bucket_s"].integer().value_or(0) * 1000) << '\n';
  table.print(io.out, io.width);
}

void add_stats(const Command& group) {
  const Command command =
      group.add("stats", "How an endpoint has been doing", "postrider endpoints stats ep_01...");
  auto& options = command.keep<OneOptions>();
  command.argument("ID", options.id, "ep_...");
  command.text("since", options.first, "From this instant on (RFC 3339)");
  add_api_options(command, options.api);
  run_with_api(command, options.api, [&options](Api& api, Io& io) -> Result<int> {
    Query query;
    query.add("since", options.first);
    const auto answer = api.call("GET", query.on(path_of(kCollection, options.id, "stats")));
    if (!answer) return tl::unexpected(answer.error());
    print_stats(io, options.api.json, *answer);
    return kExitDone;
  });
}

}  // namespace

void add_endpoints(const Command& root) {
  const Command group = root.add("endpoints", "Registered subscriber URLs");
  add_list(group);
  add_create(group);
  add_update(group);
  add_one_thing(group, {"endpoints", "show", "Show an endpoint", "ep_", "GET", "", nullptr});
  add_one_thing(
      group,
      {"endpoints",
       "delete",
       "Delete an endpoint; what waits is cancelled",
       "ep_",
       "DELETE",
       "",
       "deleted"}
  );
  add_one_thing(
      group, {"endpoints", "pause", "Collect, but send nothing", "ep_", "POST", "pause", "paused"}
  );
  add_one_thing(group, {"endpoints", "resume", "Send again", "ep_", "POST", "resume", "resumed"});
  add_one_thing(
      group,
      {"endpoints",
       "disable",
       "Take an endpoint out of service",
       "ep_",
       "POST",
       "disable",
       "disabled"}
  );
  add_secret(group);
  add_rotate_secret(group);
  add_test(group);
  add_stats(group);
  add_recover(group);
}

}  // namespace postrider::cli
