#include "store/sqlite/setting_rows.h"

#include <algorithm>
#include <array>

namespace postrider::sqlite {
namespace {

constexpr std::array<std::string_view, 4> kScopes{"admin", "emit", "read", "tenant"};
constexpr std::array<std::string_view, 3> kKinds{
    "replay_dead_letters", "discard_dead_letters", "recover_endpoint"};
constexpr std::array<std::string_view, 4> kStates{"running", "done", "failed", "cancelled"};

/// The enumerator of a name; the table's constraints keep others out.
template <class Enum, std::size_t Count>
Enum enumerator(const std::array<std::string_view, Count>& names, std::string_view name) {
  const auto* const found = std::find(names.begin(), names.end(), name);
  POSTRIDER_ASSERT(found != names.end());
  return static_cast<Enum>(found - names.begin());
}

}  // namespace

std::string_view to_string(KeyScope scope) { return kScopes.at(static_cast<std::size_t>(scope)); }
std::string_view to_string(TaskKind kind) { return kKinds.at(static_cast<std::size_t>(kind)); }
std::string_view to_string(TaskState state) { return kStates.at(static_cast<std::size_t>(state)); }

ApiKey read_api_key(const Row& row) {
  return {
      .id = {row.i64(0)},
      .name = row.text(1),
      .scope = enumerator<KeyScope>(kScopes, row.view(2)),
      .tenant = row.text(3),
      .sha256 = row.text(4),
      .created_at = row.time(5),
      .expires_at = row.optional_time(6)};
}

EventType read_event_type(const Row& row) {
  return {
      .name = row.text(0),
      .description = row.text(1),
      .schema = row.text(2),
      .archived = row.boolean(3),
      .created_at = row.time(4),
      .updated_at = row.time(5)};
}

Task read_task(const Row& row) {
  Task task;
  task.id = {row.i64(0)};
  task.kind = enumerator<TaskKind>(kKinds, row.view(1));
  task.state = enumerator<TaskState>(kStates, row.view(2));
  task.filter.tenant = row.text(3);
  if (!row.is_null(4)) task.filter.endpoint = EndpointId{row.i64(4)};
  task.filter.type = row.text(5);
  if (!row.is_null(6)) {
    const auto reason = parse_dead_reason(row.view(6));
    POSTRIDER_ASSERT(reason.has_value());
    task.filter.reason = *reason;
  }
  task.filter.since = row.optional_time(7);
  task.filter.until = row.optional_time(8);
  task.total = row.i64(9);
  task.done = row.i64(10);
  task.skipped = row.i64(11);
  task.cursor = row.text(12);
  task.error = row.text(13);
  task.created_at = row.time(14);
  task.updated_at = row.time(15);
  return task;
}

}  // namespace postrider::sqlite
