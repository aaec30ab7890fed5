#include "app/postrider/commands.h"
#include "app/postrider/listing.h"
#include "app/postrider/one_thing.h"

namespace postrider::cli {

void add_tasks(const Command& root) {
  struct Options {
    ApiOptions api;
    ListOptions list;
  };
  const Command group = root.add("tasks", "Bulk work of the server");
  const Command list = group.add("list", "List tasks", "postrider tasks list");
  auto& options = list.keep<Options>();
  add_list_options(list, options.list);
  add_api_options(list, options.api);
  run_with_api(list, options.api, [&options](Api& api, Io& io) {
    const std::vector<ColumnSpec> columns{
        {"ID", "id"},
        {"KIND", "kind"},
        {"STATE", "state"},
        {"DONE", "done"},
        {"TOTAL", "total"},
        {"CREATED", "created_at", ColumnSpec::Kind::kTime}};
    return print_list(api, io, options.api, options.list, "/v1/tasks", columns, "tasks");
  });
  add_one_thing(group, {"tasks", "show", "Show a task", "task_", "GET", "", nullptr});
  add_one_thing(group, {"tasks", "cancel", "Stop a task", "task_", "POST", "cancel", "cancelled"});
}

}  // namespace postrider::cli
