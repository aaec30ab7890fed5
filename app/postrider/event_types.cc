#include "app/postrider/commands.h"
#include "app/postrider/input.h"
#include "app/postrider/listing.h"
#include "app/postrider/one_thing.h"

namespace postrider::cli {
namespace {

constexpr int kNotFound = 404;

struct SetOptions {
  ApiOptions api;
  std::string name;
  std::optional<std::string> description;
  std::optional<std::string> schema;
};

/// Changes the type, or adds it when there is none.
Result<int> set(Api& api, Io& io, const SetOptions& options) {
  JsonObject members;
  members.add_if("description", options.description);
  if (options.schema) {
    const auto schema = read_argument(*options.schema, io.in);
    if (!schema) return tl::unexpected(schema.error());
    if (auto status = check_json(*schema, "--schema"); !status)
      return tl::unexpected(status.error());
    members.add_raw("schema", *schema);
  }
  auto answer = api.call("PATCH", path_of("event-types", options.name), members.str());
  if (!answer && answer.error().native == kNotFound) {
    const std::string rest = members.str().substr(1);
    const std::string name =
        "{\"name\":" + json_quoted(options.name) + (members.empty() ? "" : ",");
    answer = api.call("POST", "/v1/event-types", name + rest);
  }
  if (!answer) return tl::unexpected(answer.error());
  print_object(io, options.api.json, *answer);
  return kExitDone;
}

}  // namespace

void add_event_types(const Command& root) {
  const Command group = root.add("event-types", "The optional catalogue of event types");
  struct ListAll {
    ApiOptions api;
    ListOptions list;
  };
  const Command list = group.add("list", "List event types", "postrider event-types list");
  auto& all = list.keep<ListAll>();
  add_list_options(list, all.list);
  add_api_options(list, all.api);
  run_with_api(list, all.api, [&all](Api& api, Io& io) {
    const std::vector<ColumnSpec> columns{
        {"NAME", "name"},
        {"ARCHIVED", "archived"},
        {"DESCRIPTION", "description", ColumnSpec::Kind::kText, true}};
    return print_list(api, io, all.api, all.list, "/v1/event-types", columns, "event types");
  });
  const Command command = group.add(
      "set",
      "Add or change an event type",
      "postrider event-types set order.created --schema @order.json"
  );
  auto& options = command.keep<SetOptions>();
  command.argument("NAME", options.name, "For example order.created");
  command.text("description", options.description, "For people");
  command.text("schema", options.schema, "JSON Schema of data; - = standard input, @FILE = a file");
  add_api_options(command, options.api);
  run_with_api(command, options.api, [&options](Api& api, Io& io) {
    return set(api, io, options);
  });
  add_one_thing(
      group, {"event-types", "delete", "Delete an event type", "order.", "DELETE", "", "deleted"}
  );
}

}  // namespace postrider::cli
