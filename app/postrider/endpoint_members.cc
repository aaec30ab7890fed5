// `endpoints create` and `endpoints update`: convert flags to members of an endpoint.
#include "app/postrider/endpoints.h"
#include "app/postrider/input.h"
#include "base/limits.h"
#include "base/parse_number.h"

namespace postrider::cli {
namespace {

/// The members that flags can set; see api.md, "Endpoints".
struct EndpointFlags : OneOptions {
  std::optional<std::string> url;
  std::optional<std::string> tenant;
  std::optional<std::string> description;
  std::optional<std::string> metadata;
  std::vector<std::string> event_types;
  std::vector<std::string> channels;
  std::vector<std::string> headers;
  std::optional<std::string> payload;
  std::optional<std::string> destination;
  std::optional<std::string> message_template;
  std::optional<std::string> filter;
  std::optional<std::string> transform;
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
      "event-type",
      flags.event_types,
      "Event type to receive, order.* for all types below order; repeatable",
      ','
  );
  command.list("channel", flags.channels, "Only events of this channel; repeatable", ',');
  command.list("header", flags.headers, "'Name: value' sent with every request; repeatable");
  command.text("payload", flags.payload, "envelope, raw, cloudevents or cloudevents-binary");
  command.text(
      "destination",
      flags.destination,
      "slack, discord, zapier, ifttt, aws_lambda or gcp_function; --set for their other members"
  );
  command.text("template", flags.message_template, "jq program of the message for slack, discord");
  command.text("filter", flags.filter, "jq program: which events it wants");
  command.text("transform", flags.transform, "jq program: what it is sent");
  command.list(
      "retry-delays-ms", flags.retry_delays_ms, "Waits after failed attempts: 5000,300000", ','
  );
  command.number(
      "timeout-ms",
      flags.timeout_ms,
      {limits::kTimeoutMsMin, limits::kTimeoutMsMax},
      "Timeout of one attempt"
  );
  command.number(
      "max-in-flight",
      flags.max_in_flight,
      {1, limits::kInFlightPerEndpointMax},
      "Maximum concurrent requests"
  );
  command.list("set", flags.members, "MEMBER=JSON for any other member; repeatable");
}

Result<std::string> headers_json(const std::vector<std::string>& headers) {
  RequestBody json;
  for (const std::string& header : headers) {
    const auto parsed = parse_header(header);
    if (!parsed) return tl::unexpected(parsed.error());
    json.add(parsed->first, parsed->second);
  }
  return json.take();
}

Result<std::string> retry_json(const std::vector<std::string>& delays) {
  std::string list;
  for (const std::string& delay : delays) {
    const auto ms = parse_number<std::int64_t>(delay);
    if (!ms || *ms < 0) {
      return fail(Errc::kInvalidArgument, "--retry-delays-ms: not a list of milliseconds");
    }
    if (!list.empty()) list += ',';
    list += std::to_string(*ms);
  }
  return R"({"kind":"schedule","delays_ms":[)" + list + "]}";
}

void add_free_members(RequestBody& body, const std::vector<std::string>& members) {
  for (const std::string_view member : members) {
    const std::size_t equals = member.find('=');
    if (equals == std::string_view::npos || equals == 0) {
      return body.wrong("--set is not of the form MEMBER=JSON");
    }
    body.add_json(member.substr(0, equals), member.substr(equals + 1), "the value of --set");
  }
}

void add_members(RequestBody& body, const EndpointFlags& flags) {
  body.add_given("url", flags.url);
  body.add_given("tenant", flags.tenant);
  body.add_given("description", flags.description);
  if (flags.metadata) body.add_json("metadata", *flags.metadata, "--metadata");
  body.add_given("event_types", flags.event_types);
  body.add_given("channels", flags.channels);
  if (!flags.headers.empty()) body.add_result("headers", headers_json(flags.headers), "--header");
  body.add_given("payload", flags.payload);
  if (flags.destination || flags.message_template) {
    RequestBody destination;
    destination.add_given("type", flags.destination);
    destination.add_given("template", flags.message_template);
    body.add_result("destination", destination.take(), "--destination");
  }
  body.add_given("filter", flags.filter);
  body.add_given("transform", flags.transform);
  if (!flags.retry_delays_ms.empty()) {
    body.add_result("retry", retry_json(flags.retry_delays_ms), "--retry-delays-ms");
  }
  body.add_given("timeout_ms", flags.timeout_ms);
  body.add_given("max_in_flight", flags.max_in_flight);
  body.add_given("secret", flags.secret);
  add_free_members(body, flags.members);
}

}  // namespace

void add_endpoint_create(const Collection& endpoints) {
  const Command command = endpoints.add(
      "create", "Register a subscriber URL", "https://example.com/hook --event-type 'order.*'"
  );
  auto& flags = command.keep<EndpointFlags>();
  command.argument("URL", flags.url.emplace(), "URL to deliver to");
  command.text("tenant", flags.tenant, "Tenant whose events are delivered (default: default)");
  command.text("secret", flags.secret, "Secret that signs; generated when left out");
  add_member_flags(command, flags);
  add_api_options(command, flags.api);
  run_with_api(command, flags.api, [&flags](Api& api, Io& io) {
    RequestBody body;
    add_members(body, flags);
    const auto answer = api.send("POST", "/v1/endpoints", body.take());
    return print_answer(io, flags.api.json, answer, "secret");
  });
}

void add_endpoint_update(const Collection& endpoints) {
  const auto [command, options] = endpoints.add_one<EndpointFlags>(
      "update",
      "Change members of an endpoint; members that are not given stay",
      "--timeout-ms 5000"
  );
  auto& flags = options;
  command.text("url", flags.url, "URL to deliver to");
  add_member_flags(command, flags);
  add_api_options(command, flags.api);
  run_with_api(command, flags.api, [endpoints, &flags](Api& api, Io& io) {
    RequestBody body;
    add_members(body, flags);
    if (body.empty()) body.wrong("nothing to change: name a flag");
    return print_answer(
        io, flags.api.json, api.send("PATCH", endpoints.path(flags.id), body.take())
    );
  });
}

}  // namespace postrider::cli
