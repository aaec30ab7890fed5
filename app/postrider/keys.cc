#include <ostream>

#include "app/postrider/collection.h"
#include "app/postrider/commands.h"

namespace postrider::cli {
namespace {

constexpr std::string_view kScopeIsRequired =
    "--scope is required: what the key allows\n"
    "  admin  every request\n"
    "  emit   emitting events: POST /v1/events and /v1/events/batch\n"
    "  read   every GET except the secrets of endpoints";

void add_create(const Collection& keys) {
  struct Options {
    ApiOptions api;
    std::string name;
    std::string scope;
    std::optional<std::string> expires_at;
  };
  const Command command =
      keys.add("create", "Create an API key; the key is shown only now", "checkout --scope emit");
  auto& options = command.keep<Options>();
  command.argument("NAME", options.name, "For people");
  command.text("scope", options.scope, "What the key allows: admin, emit or read; required");
  command.text("expires-at", options.expires_at, "End of the time range (RFC 3339)");
  add_api_options(command, options.api);
  run_with_api(command, options.api, [&options](Api& api, Io& io) {
    RequestBody body;
    if (options.scope.empty()) body.wrong(std::string(kScopeIsRequired));
    body.add("name", options.name);
    body.add("scope", options.scope);
    body.add_given("expires_at", options.expires_at);
    const auto answer = api.send("POST", "/v1/api-keys", body.take());
    auto printed = print_answer(io, options.api.json, answer, "key");
    if (printed && !options.api.json) io.err << "The key is not shown again.\n";
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
       {"TENANT", "tenant", ColumnSpec::kText, ColumnSpec::kWide},
       {"LAST USED", "last_used_at", ColumnSpec::kTime},
       {"CREATED", "created_at", ColumnSpec::kTime},
       {"EXPIRES", "expires_at", ColumnSpec::kTime}}
  );
  add_create(keys);
  keys.add_delete("revoke", "Revoke an API key", "revoked");
}

}  // namespace postrider::cli
