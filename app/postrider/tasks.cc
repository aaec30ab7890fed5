#include "app/postrider/collection.h"
#include "app/postrider/commands.h"

namespace postrider::cli {

void add_tasks(const Command& root) {
  const Collection tasks(
      root,
      {.name = "tasks", .path = "tasks", .thing = "tasks", .id = {"ID", "task_...", "task_01..."}},
      "Bulk operations on dead letters"
  );
  tasks.add_list(
      "",
      {},
      {{"ID", "id"},
       {"KIND", "kind"},
       {"STATE", "state"},
       {"DONE", "done"},
       {"TOTAL", "total"},
       {"SKIPPED", "skipped", ColumnSpec::kText, ColumnSpec::kWide},
       {"ERROR", "error", ColumnSpec::kLongText, ColumnSpec::kWide},
       {"CREATED", "created_at", ColumnSpec::kTime}}
  );
  tasks.add_show("Show a task");
  tasks.add_action("cancel", "Cancel a task", "cancelled");
}

}  // namespace postrider::cli
