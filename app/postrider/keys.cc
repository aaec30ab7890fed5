#include <ostream>

#include "app/postrider/commands.h"
#include "app/postrider/listing.h"
#include "app/postrider/one_thing.h"

namespace postrider::cli {
namespace {

void add_list(const Command& group) {
  struct Options {
    ApiOptions api;
    ListOptions list;
  };
  const Command command = group.add("list", "List API keys", "postrider keys list");
  auto& options = command.keep<Options>();
  add_list_options(command, options.list);
  add_api_options(command, options.api);
  run_with_api(command, options.api, [&options](Api& api, Io& io) {
    const std::vector<ColumnSpec> columns{
        {"ID", "id"},
        {"NAME", "name", ColumnSpec::Kind::kText, true},
        {"SCOPE", "scope"},
        {"TENANT", "tenant", ColumnSpec::Kind::kText, true},
        {"CREATED", "created_at", ColumnSpec::Kind::kTime},
        {"EXPIRES", "expires_at", ColumnSpec::Kind::kTime}};
    return print_list(api, io, options.api, options.list, "/v1/api-keys", columns, "API keys");
  });
}

void add_create(const Command& group) {
  struct Options {
    ApiOptions api;
    std::string name;
    std::string scope = "admin";
    std::optional<std::string> tenant;
    std::optional<std::string> expires_at;
  };
  const Command command =
      group.add("create", "Make an API key, shown this once", "postrider keys create checkout");
  auto& options = command.keep<Options>();
  command.argument("NAME", options.name, "For people");
  command.text("scope", options.scope, "admin, emit, read or tenant");
  command.text("tenant", options.tenant, "The tenant of a key with scope tenant");
  command.text("expires-at", options.expires_at, "Until this instant (RFC 3339)");
  add_api_options(command, options.api);
  run_with_api(command, options.api, [&options](Api& api, Io& io) -> Result<int> {
    JsonObject body;
    body.add("name", options.name);
    body.add("scope", options.scope);
    body.add_if("tenant", options.tenant);
    body.add_if("expires_at", options.expires_at);
    const auto answer = api.call("POST", "/v1/api-keys", body.str());
    if (!answer) return tl::unexpected(answer.error());
    print_object(io, options.api.json, *answer);
    if (!options.api.json) io.err << "the key is not shown again\n";
    return kExitDone;
  });
}

}  // namespace

void add_keys(const Command& root) {
  const Command group = root.add("keys", "API keys");
  add_list(group);
  add_create(group);
  add_one_thing(group, {"keys", "revoke", "Revoke an API key", "key_", "DELETE", "", "revoked"});
}

}  // namespace postrider::cli
