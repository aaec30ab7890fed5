#include "store/sqlite/sqlite_reader.h"
#include "store/sqlite/sqlite_store.h"
namespace postrider::sqlite {
namespace {
auto later() { return fail(Errc::kInternal, "not built yet"); }
}  // namespace
Result<DeliveryChunk>
SqliteStore::dead_letters_from(const DeadLetterFilter&, std::size_t, std::string&) {
  return later();
}
Result<std::vector<Delivery>> SqliteStore::expire(WallTime, std::size_t) {
  return std::vector<Delivery>{};
}
Result<std::vector<Delivery>> SqliteStore::expire_disabled(WallTime, WallTime, std::size_t) {
  return std::vector<Delivery>{};
}
Result<std::vector<Delivery>> SqliteStore::cancel_deleted(WallTime, std::size_t) {
  return std::vector<Delivery>{};
}
Result<Pruned> SqliteStore::prune(WallTime, WallTime, std::size_t) { return Pruned{0, true}; }
Result<KeyId> SqliteStore::add_api_key(const ApiKey&, WallTime) { return later(); }
Status SqliteStore::delete_api_key(KeyId) { return later(); }
Result<EventType> SqliteStore::event_type(std::string_view) { return later(); }
Status SqliteStore::add_event_type(const EventType&) { return later(); }
Status SqliteStore::put_event_type(const EventType&) { return later(); }
Status SqliteStore::delete_event_type(std::string_view) { return later(); }
Result<TaskId> SqliteStore::add_task(const Task&, WallTime) { return later(); }
Result<Task> SqliteStore::task(TaskId) { return later(); }
Status SqliteStore::put_task(const Task&) { return later(); }
Status SqliteStore::add_stats(std::span<const StatRow>) { return {}; }
Result<Event> SqliteReader::event(EventId) { return later(); }
Result<Page<Event>> SqliteReader::events(const EventFilter&, const PageParams&) { return later(); }
Result<DeliveryView> SqliteReader::delivery(DeliveryId) { return later(); }
Result<Page<DeliveryView>> SqliteReader::deliveries(const DeliveryFilter&, const PageParams&) {
  return later();
}
Result<std::vector<Attempt>> SqliteReader::attempts(DeliveryId) { return later(); }
Result<Page<DeliveryView>> SqliteReader::dead_letters(const DeadLetterFilter&, const PageParams&) {
  return later();
}
Result<std::int64_t> SqliteReader::count_dead_letters(const DeadLetterFilter&) { return later(); }
Result<Page<ApiKey>> SqliteReader::api_keys(const PageParams&) { return later(); }
Result<std::vector<ApiKey>> SqliteReader::all_api_keys() { return std::vector<ApiKey>{}; }
Result<EventType> SqliteReader::event_type(std::string_view) { return later(); }
Result<Page<EventType>> SqliteReader::event_types(const PageParams&) { return later(); }
Result<std::vector<EventType>> SqliteReader::all_event_types() { return std::vector<EventType>{}; }
Result<Task> SqliteReader::task(TaskId) { return later(); }
Result<Page<Task>> SqliteReader::tasks(const PageParams&) { return later(); }
Result<std::vector<Task>> SqliteReader::running_tasks() { return std::vector<Task>{}; }
Result<std::vector<StatRow>> SqliteReader::stats(const StatFilter&) {
  return std::vector<StatRow>{};
}
Result<std::vector<Backlog>> SqliteReader::backlog(WallTime) { return std::vector<Backlog>{}; }
}  // namespace postrider::sqlite
