#include "store/setting_rows.h"

#include <algorithm>
#include <array>

namespace postrider {
namespace {

constexpr std::array<std::string_view, 4> kScopes{"admin", "emit", "read", "tenant"};
constexpr std::array<std::string_view, 3> kKinds{
    "replay_dead_letters", "discard_dead_letters", "recover_endpoint"};
constexpr std::array<std::string_view, 4> kStates{"running", "done", "failed", "cancelled"};
/// The prefix of the name in a cursor of event types, so that a cursor is never empty.
constexpr std::string_view kNameCursor = "n.";

template <class Enum, std::size_t Count>
Result<Enum> parse_name(const std::array<std::string_view, Count>& names, std::string_view name) {
  const auto* const found = std::find(names.begin(), names.end(), name);
  if (found == names.end())
    return fail(Errc::kInvalidArgument, "unknown name: " + std::string{name});
  return static_cast<Enum>(found - names.begin());
}

}  // namespace

std::string_view name_of(KeyScope scope) { return kScopes.at(static_cast<std::size_t>(scope)); }
std::string_view name_of(TaskKind kind) { return kKinds.at(static_cast<std::size_t>(kind)); }
std::string_view name_of(TaskState state) { return kStates.at(static_cast<std::size_t>(state)); }

Result<KeyScope> parse_scope(std::string_view name) { return parse_name<KeyScope>(kScopes, name); }
Result<TaskKind> parse_task_kind(std::string_view name) {
  return parse_name<TaskKind>(kKinds, name);
}
Result<TaskState> parse_task_state(std::string_view name) {
  return parse_name<TaskState>(kStates, name);
}

std::string name_cursor(std::string_view name) {
  std::string cursor{kNameCursor};
  cursor += name;
  return cursor;
}

Result<std::string_view> name_after(std::string_view cursor) {
  if (cursor.empty()) return cursor;
  if (!cursor.starts_with(kNameCursor)) return fail(Errc::kInvalidArgument, "cursor");
  cursor.remove_prefix(kNameCursor.size());
  return cursor;
}

}  // namespace postrider
