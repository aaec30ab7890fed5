// Rows of keys, event types, tasks and statistics.
#pragma once

#include "store/records.h"
#include "store/sqlite/sqlite_db.h"

namespace postrider::sqlite {

[[nodiscard]] std::string_view to_string(KeyScope scope);
[[nodiscard]] std::string_view to_string(TaskKind kind);
[[nodiscard]] std::string_view to_string(TaskState state);

[[nodiscard]] ApiKey read_api_key(const Row& row);
[[nodiscard]] EventType read_event_type(const Row& row);
[[nodiscard]] Task read_task(const Row& row);

}  // namespace postrider::sqlite
