#include "app/postrider/collection.h"
#include "app/postrider/commands.h"
#include "app/postrider/input.h"

namespace postrider::cli {
namespace {

constexpr int kNotFound = 404;

struct SetOptions : OneOptions {
  std::optional<std::string> description;
  std::optional<std::string> schema;
};

void add_members(RequestBody& body, const SetOptions& options, std::string_view schema) {
  body.add_given("description", options.description);
  if (options.schema) body.add_json("schema", schema, "--schema");
}

/// Changes the event type, or creates it if it does not exist.
Result<int> set(Api& api, Io& io, const std::string& path, const SetOptions& options) {
  const auto schema = read_argument(options.schema.value_or(""), io.in);
  if (!schema) return tl::unexpected(schema.error());
  RequestBody changes;
  add_members(changes, options, *schema);
  auto answer = api.send("PATCH", path, changes.take());
  if (!answer && answer.error().native == kNotFound) {
    RequestBody whole;
    whole.add("name", options.id);
    add_members(whole, options, *schema);
    answer = api.send("POST", "/v1/event-types", whole.take());
  }
  return print_answer(io, options.api.json, answer);
}

void add_set(const Collection& types) {
  const auto [command, options] =
      types.add_one<SetOptions>("set", "Add or change an event type", "--schema @order.json");
  command.text("description", options.description, "For people");
  command.text("schema", options.schema, "JSON Schema of data; - = standard input, @FILE = a file");
  add_api_options(command, options.api);
  run_with_api(command, options.api, [types, &options = options](Api& api, Io& io) {
    return set(api, io, types.path(options.id), options);
  });
}

}  // namespace

void add_event_types(const Command& root) {
  const Collection types(
      root,
      {.name = "event-types",
       .path = "event-types",
       .thing = "event types",
       .id = {"NAME", "For example order.created", "order.created"}},
      "The optional catalogue of event types"
  );
  types.add_list(
      "",
      {},
      {{"NAME", "name", ColumnSpec::kLongText},
       {"ARCHIVED", "archived"},
       {"DESCRIPTION", "description", ColumnSpec::kLongText}}
  );
  types.add_show("Show an event type with its schema");
  add_set(types);
  types.add_delete("delete", "Delete an event type", "deleted");
}

}  // namespace postrider::cli
