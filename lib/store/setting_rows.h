// Converts rows of keys, event types, tasks and statistics. For Row, see rows.h.
#pragma once

#include <string>
#include <string_view>

#include "base/error.h"
#include "store/records.h"
#include "store/rows.h"

namespace postrider {

// The members of a last attempt as column values: NULL if there was none.
[[nodiscard]] inline std::optional<WallTime> at_of(const std::optional<LastAttempt>& last) {
  return last ? std::optional{last->at} : std::nullopt;
}
[[nodiscard]] inline std::optional<std::int32_t> status_of(const std::optional<LastAttempt>& last) {
  return last ? std::optional{std::int32_t{last->status}} : std::nullopt;
}
[[nodiscard]] inline std::optional<std::string_view> outcome_of(
    const std::optional<LastAttempt>& last
) {
  return last ? std::optional{to_string(last->outcome)} : std::nullopt;
}

/// Returns the name that columns use.
[[nodiscard]] std::string_view name_of(KeyScope scope);
[[nodiscard]] std::string_view name_of(TaskKind kind);
[[nodiscard]] std::string_view name_of(TaskState state);
/// kInvalidArgument if no enumerator has this name.
[[nodiscard]] Result<KeyScope> parse_scope(std::string_view name);
[[nodiscard]] Result<TaskKind> parse_task_kind(std::string_view name);
[[nodiscard]] Result<TaskState> parse_task_state(std::string_view name);

/// name_cursor() returns the cursor of a list by name. name_after() returns the name after which
/// the page starts, which is empty for the first page; kInvalidArgument if the cursor is invalid.
[[nodiscard]] std::string name_cursor(std::string_view name);
[[nodiscard]] Result<std::string_view> name_after(std::string_view cursor);

template <class Row>
[[nodiscard]] ApiKey read_api_key(const Row& row) {
  return {
      .id = {row.i64(0)},
      .name = row.text(1),
      .scope = parse_enum(row, parse_scope(row.view(2))),
      .tenant = row.text(3),
      .sha256 = row.text(4),
      .created_at = row.time(5),
      .expires_at = row.optional_time(6),
      .last_used_at = row.optional_time(7)};
}

template <class Row>
[[nodiscard]] EventType read_event_type(const Row& row) {
  return {
      .name = row.text(0),
      .description = row.text(1),
      .schema = row.text(2),
      .archived = row.boolean(3),
      .created_at = row.time(4),
      .updated_at = row.time(5)};
}

template <class Row>
[[nodiscard]] Task read_task(const Row& row) {
  Task task;
  task.id = {row.i64(0)};
  task.kind = parse_enum(row, parse_task_kind(row.view(1)));
  task.state = parse_enum(row, parse_task_state(row.view(2)));
  task.filter.tenant = row.text(3);
  if (!row.is_null(4)) task.filter.endpoint = EndpointId{row.i64(4)};
  task.filter.type = row.text(5);
  if (!row.is_null(6)) task.filter.reason = parse_enum(row, parse_dead_reason(row.view(6)));
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

/// Reads the start of a bucket and its sums.
template <class Row>
[[nodiscard]] StatRow read_stat(const Row& row, const StatFilter& filter) {
  StatRow stat;
  stat.minute = row.time(0);
  stat.tenant = filter.tenant;
  stat.endpoint = filter.endpoint.value_or(EndpointId{});
  stat.events = row.i64(1);
  stat.delivered = row.i64(2);
  stat.dead = row.i64(3);
  for (std::size_t i = 0; i < kAttemptClassCount; ++i)
    stat.attempts.at(i) = row.i64(4 + static_cast<int>(i));
  stat.duration_ms_sum = row.i64(4 + static_cast<int>(kAttemptClassCount));
  return stat;
}

}  // namespace postrider
