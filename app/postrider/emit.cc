#include <ostream>

#include "app/postrider/api.h"
#include "app/postrider/commands.h"
#include "app/postrider/emit_batch.h"
#include "app/postrider/input.h"
#include "app/postrider/json_view.h"
#include "app/postrider/listing.h"
#include "app/postrider/request_body.h"

namespace postrider::cli {
namespace {

struct EmitOptions {
  ApiOptions api;
  std::optional<std::string> type;
  std::optional<std::string> data;
  std::optional<std::string> batch;
  std::optional<std::string> tenant;
  std::vector<std::string> channels;
  std::optional<std::string> ordering_key;
  std::optional<std::string> deliver_at;
  std::optional<std::string> expires_at;
  std::optional<std::string> idempotency_key;
  std::optional<std::string> metadata;
};

/// Returns the request body. `data` is inserted byte for byte.
Result<std::string> body_of(const EmitOptions& options, std::istream& in) {
  RequestBody body;
  if (!options.type) body.wrong("TYPE is required, or --batch FILE");
  body.add_given("type", options.type);
  body.add_result("data", read_argument(options.data.value_or("{}"), in), "DATA");
  body.add_given("tenant", options.tenant);
  body.add_given("channels", options.channels);
  body.add_given("ordering_key", options.ordering_key);
  body.add_given("deliver_at", options.deliver_at);
  body.add_given("expires_at", options.expires_at);
  if (options.metadata) body.add_json("metadata", *options.metadata, "--metadata");
  return body.take();
}

Result<int> emit(Api& api, Io& io, const EmitOptions& options) {
  http::Headers headers;
  if (options.idempotency_key) headers.add("Idempotency-Key", *options.idempotency_key);
  const auto answer = api.send("POST", "/v1/events", body_of(options, io.in), headers);
  if (!answer) return tl::unexpected(answer.error());
  if (options.api.json) {
    print_json(io, *answer);
    return kExitDone;
  }
  const JsonView event(*answer);
  const auto count = event["deliveries"].integer().value_or(0);
  io.out << event["id"].text() << " accepted, " << count
         << (count == 1 ? " delivery\n" : " deliveries\n");
  return kExitDone;
}

/// Whether a flag or an argument for a single event is given.
bool describes_an_event(const EmitOptions& options) {
  const bool text = options.type || options.data || options.tenant || options.ordering_key ||
                    options.deliver_at || options.expires_at || options.metadata;
  return text || !options.channels.empty();
}

Result<int> emit_all(Api& api, Io& io, const EmitOptions& options) {
  if (describes_an_event(options)) {
    return fail(
        Errc::kInvalidArgument,
        "--batch goes without TYPE, DATA and the flags of a single event: each line holds them"
    );
  }
  return emit_batch(api, io, {*options.batch, options.idempotency_key, options.api.json});
}

}  // namespace

void add_emit(const Command& root) {
  const Command command = root.add(
      "emit",
      "Emit an event, or with --batch the events of a file",
      R"(postrider emit order.created '{"id":"ord_1","total":10.50}' --tenant acme)"
      "\n  postrider emit --batch events.ndjson --idempotency-key import-7"
  );
  auto& options = command.keep<EmitOptions>();
  command.argument("TYPE", options.type, "Type of the event, for example order.created");
  command.argument(
      "DATA",
      options.data,
      "JSON, sent byte for byte; - = standard input, @FILE = a file (default: {})"
  );
  command.text("tenant", options.tenant, "Tenant of the event (default: default)");
  command.list("channel", options.channels, "Channel of the event; repeatable", ',');
  command.text("ordering-key", options.ordering_key, "Deliver in order among events of this key");
  command.text("deliver-at", options.deliver_at, "Not before this instant (RFC 3339)");
  command.text("expires-at", options.expires_at, "Not after this instant (RFC 3339)");
  command.text(
      "idempotency-key",
      options.idempotency_key,
      "Requests with the same key accept the event once; with --batch the number of the request is "
      "added"
  );
  command.text(
      "batch",
      options.batch,
      "File with one event per line, each a JSON object as POST /v1/events takes it; - = standard "
      "input. More than 10000 events or 16 MiB are sent in several requests"
  );
  command.text("metadata", options.metadata, "A JSON object of strings");
  add_api_options(command, options.api);
  run_with_api(command, options.api, [&options](Api& api, Io& io) {
    return options.batch ? emit_all(api, io, options) : emit(api, io, options);
  });
}

}  // namespace postrider::cli
