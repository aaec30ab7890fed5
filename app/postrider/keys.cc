#include <ostream>

#include "app/postrider/collection.h"
#include "app/postrider/commands.h"

namespace postrider::cli {
namespace {

void add_create(const Collection& keys) {
  struct Options {
    ApiOptions api;
    std::string name;
    std::string scope = "admin";
    std::optional<std::string> tenant;
    std::optional<std::string> expires_at;
  };
  const Command command = keys.add("create", "Make an API key, shown this once", "checkout");
  auto& options = command.keep<Options>();
  command.argument("NAME", options.name, "For people");
  command.text("scope", options.scope, "admin, emit, read or tenant");
  command.text("tenant", options.tenant, "The tenant of a key with scope tenant");
  command.text("expires-at", options.expires_at, "Until this instant (RFC 3339)");
  add_api_options(command, options.api);
  run_with_api(command, options.api, [&options](Api& api, Io& io) {
    RequestBody body;
    body.add("name", options.name);
    body.add("scope", options.scope);
    body.add_given("tenant", options.tenant);
    body.add_given("expires_at", options.expires_at);
    const auto answer = api.send("POST", "/v1/api-keys", body.take());
    auto printed = print_answer(io, options.api.json, answer);
    if (printed && !options.api.json) io.err << "the key is not shown again\n";
    return printed;
  });
}

}  // namespace

void add_keys(const Command& root) {
  const Collection keys(
      root,
      {.name = "keys",
       .path = "api-keys",
       .thing = "API keys",
       .id = {"ID", "key_...", "key_01..."}},
      "API keys"
  );
  keys.add_list(
      "",
      {},
      {{"ID", "id"},
       {"NAME", "name", ColumnSpec::kLongText},
       {"SCOPE", "scope"},
       {"TENANT", "tenant", ColumnSpec::kLongText},
       {"CREATED", "created_at", ColumnSpec::kTime},
       {"EXPIRES", "expires_at", ColumnSpec::kTime}}
  );
  add_create(keys);
  keys.add_delete("revoke", "Revoke an API key", "revoked");
}

}  // namespace postrider::cli
