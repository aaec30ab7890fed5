#include <ostream>

#include "app/postrider/api.h"
#include "app/postrider/commands.h"
#include "app/postrider/input.h"

namespace postrider::cli {
namespace {

struct EmitOptions {
  ApiOptions api;
  std::string type;
  std::string data = "{}";
  std::optional<std::string> data_argument;
  std::optional<std::string> tenant;
  std::vector<std::string> channels;
  std::optional<std::string> ordering_key;
  std::optional<std::string> deliver_at;
  std::optional<std::string> expires_at;
  std::optional<std::string> idempotency_key;
  std::optional<std::string> metadata;
};

/// `data` goes into the body as the bytes it is.
Result<std::string> body_of(const EmitOptions& options, std::istream& in) {
  auto data = read_argument(options.data_argument.value_or(options.data), in);
  if (!data) return data;
  if (auto status = check_json(*data, "DATA"); !status) return tl::unexpected(status.error());
  JsonObject body;
  body.add("type", options.type);
  body.add_raw("data", *data);
  body.add_if("tenant", options.tenant);
  if (!options.channels.empty()) body.add_strings("channels", options.channels);
  body.add_if("ordering_key", options.ordering_key);
  body.add_if("deliver_at", options.deliver_at);
  body.add_if("expires_at", options.expires_at);
  if (options.metadata) {
    if (auto status = check_json(*options.metadata, "--metadata"); !status) {
      return tl::unexpected(status.error());
    }
    body.add_raw("metadata", *options.metadata);
  }
  return body.str();
}

Result<int> emit(Api& api, Io& io, const EmitOptions& options) {
  auto body = body_of(options, io.in);
  if (!body) return tl::unexpected(body.error());
  http::Headers headers;
  if (options.idempotency_key) headers.add("Idempotency-Key", *options.idempotency_key);
  const auto answer = api.call("POST", "/v1/events", std::move(*body), headers);
  if (!answer) return tl::unexpected(answer.error());
  if (options.api.json) {
    io.out << minified(*answer) << '\n';
    return kExitDone;
  }
  const JsonView event(*answer);
  const auto count = event["deliveries"].integer().value_or(0);
  io.out << event["id"].text() << " accepted, " << count
         << (count == 1 ? " delivery\n" : " deliveries\n");
  return kExitDone;
}

}  // namespace

void add_emit(const Command& root) {
  const Command command = root.add(
      "emit",
      "Emit an event",
      R"(postrider emit order.created '{"id":"ord_1","total":10.50}' --tenant acme)"
  );
  auto& options = command.keep<EmitOptions>();
  command.argument("TYPE", options.type, "Type of the event, for example order.created");
  command.argument(
      "DATA",
      options.data_argument,
      "JSON, sent byte for byte; - = standard input, @FILE = a file (default: {})"
  );
  command.text("tenant", options.tenant, "Whose event it is (default: default)");
  command.list("channel", options.channels, "Channel of the event; repeatable", ',');
  command.text("ordering-key", options.ordering_key, "Deliver in order among events of this key");
  command.text("deliver-at", options.deliver_at, "Not before this instant (RFC 3339)");
  command.text("expires-at", options.expires_at, "Not after this instant (RFC 3339)");
  command.text("idempotency-key", options.idempotency_key, "The same key again is the same event");
  command.text("metadata", options.metadata, "A JSON object of strings");
  add_api_options(command, options.api);
  run_with_api(command, options.api, [&options](Api& api, Io& io) {
    return emit(api, io, options);
  });
}

}  // namespace postrider::cli
