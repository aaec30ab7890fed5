#include "store/copied_tables.h"

namespace postrider {
namespace {

using enum ColumnKind;

constexpr CopiedColumn kApiKey[] = {
    {"id", kInteger},
    {"name", kBytes},
    {"scope", kText},
    {"tenant", kText},
    {"sha256", kBytes},
    {"created_at_ms", kInteger},
    {"expires_at_ms", kInteger},
    {"last_used_at_ms", kInteger}};

constexpr CopiedColumn kEventType[] = {
    {"name", kText},
    {"archived", kBoolean},
    {"created_at_ms", kInteger},
    {"updated_at_ms", kInteger},
    {"description", kBytes},
    {"schema", kBytes}};

constexpr CopiedColumn kEndpoint[] = {
    {"id", kInteger},
    {"tenant", kText},
    {"state", kText},
    {"state_reason", kText},
    {"state_changed_at_ms", kInteger},
    {"created_at_ms", kInteger},
    {"updated_at_ms", kInteger},
    {"failing_since_ms", kInteger},
    {"failed_attempts_count", kInteger},
    {"deleted_at_ms", kInteger},
    {"config", kText},
    {"health_round", kInteger32},
    {"circuit_opened_at_ms", kInteger},
    {"next_probe_at_ms", kInteger},
    {"probe_delay_ms", kInteger}};

constexpr CopiedColumn kEndpointSecret[] = {
    {"endpoint_id", kInteger},
    {"position", kInteger},
    {"created_at_ms", kInteger},
    {"expires_at_ms", kInteger},
    {"value", kBytes}};

constexpr CopiedColumn kEndpointOutcome[] = {
    {"endpoint_id", kInteger},
    {"success_at_ms", kInteger},
    {"success_status", kInteger32},
    {"failure_at_ms", kInteger},
    {"failure_status", kInteger32},
    {"failure_outcome", kText},
    {"throttled_until_ms", kInteger},
    {"rate_limited_until_ms", kInteger}};

constexpr CopiedColumn kEvent[] = {
    {"id", kInteger},
    {"tenant", kText},
    {"type", kText},
    {"created_at_ms", kInteger},
    {"deliver_at_ms", kInteger},
    {"expires_at_ms", kInteger},
    {"ordering_key", kText},
    {"channels", kText},
    {"traceparent", kText},
    {"tracestate", kText},
    {"metadata", kText},
    {"data", kText}};

constexpr CopiedColumn kDelivery[] = {
    {"id", kInteger},
    {"event_id", kInteger},
    {"endpoint_id", kInteger},
    {"state", kText},
    {"due_at_ms", kInteger},
    {"expires_at_ms", kInteger},
    {"attempts_count", kInteger32},
    {"schedule_attempts_count", kInteger32},
    {"round", kInteger32},
    {"dead_reason", kText},
    {"finished_at_ms", kInteger},
    {"discarded", kBoolean},
    {"lane_key", kText}};

constexpr CopiedColumn kAttempt[] = {
    {"delivery_id", kInteger},
    {"number", kInteger32},
    {"id", kInteger},
    {"started_at_ms", kInteger},
    {"duration_ms", kInteger},
    {"status", kInteger32},
    {"outcome", kText},
    {"error", kBytes},
    {"response_excerpt", kBytes}};

constexpr CopiedColumn kIdempotency[] = {
    {"id", kInteger},
    {"tenant", kText},
    {"key", kText},
    {"created_at_ms", kInteger},
    {"body_sha256", kBytes},
    {"answer", kBytes}};

constexpr CopiedColumn kOutboxRejected[] = {
    {"id", kInteger},
    {"reason", kText},
    {"rejected_at_ms", kInteger},
    {"type", kText},
    {"data", kText},
    {"tenant", kText},
    {"channels", kText},
    {"metadata", kText},
    {"ordering_key", kText},
    {"deliver_at", kText},
    {"expires_at", kText},
    {"idempotency_key", kText},
    {"traceparent", kText}};

constexpr CopiedColumn kRecentSend[] = {
    {"endpoint_id", kInteger}, {"sent_at_us", kInteger}, {"id", kInteger}, {"boot", kInteger}};

constexpr CopiedColumn kStat[] = {
    {"minute_ms", kInteger},
    {"tenant", kText},
    {"endpoint_id", kInteger},
    {"events", kInteger},
    {"delivered", kInteger},
    {"dead", kInteger},
    {"attempts_2xx", kInteger},
    {"attempts_3xx", kInteger},
    {"attempts_4xx", kInteger},
    {"attempts_5xx", kInteger},
    {"attempts_timeout", kInteger},
    {"attempts_connect", kInteger},
    {"attempts_tls", kInteger},
    {"attempts_dns", kInteger},
    {"attempts_blocked", kInteger},
    {"duration_sum_ms", kInteger}};

constexpr CopiedColumn kTask[] = {
    {"id", kInteger},
    {"kind", kText},
    {"state", kText},
    {"tenant", kText},
    {"endpoint_id", kInteger},
    {"type", kText},
    {"reason", kText},
    {"since_ms", kInteger},
    {"until_ms", kInteger},
    {"total", kInteger},
    {"done", kInteger},
    {"skipped", kInteger},
    {"created_at_ms", kInteger},
    {"updated_at_ms", kInteger},
    {"cursor", kText},
    {"error", kBytes}};

constexpr CopiedColumn kOutbox[] = {
    {"id", kInteger},
    {"type", kText},
    {"data", kText},
    {"tenant", kText},
    {"channels", kText},
    {"metadata", kText},
    {"ordering_key", kText},
    {"deliver_at", kText},
    {"expires_at", kText},
    {"idempotency_key", kText},
    {"traceparent", kText}};

constexpr CopiedColumn kMeta[] = {{"key", kText}, {"value", kInteger}};

/// Excludes the mark of an unfinished copy, which is not product data.
constexpr std::string_view kMetaCondition = "key NOT IN ('copy_salt', 'copy_content')";

// `outbox` and `meta` come last: the last transaction of a copy fills them.
constexpr CopiedTable kTables[] = {
    {.name = "api_key", .columns = kApiKey},
    {.name = "event_type", .columns = kEventType},
    {.name = "endpoint", .columns = kEndpoint},
    {.name = "endpoint_secret", .columns = kEndpointSecret, .key_columns = 2},
    {.name = "endpoint_outcome", .columns = kEndpointOutcome},
    {.name = "event", .columns = kEvent},
    {.name = "delivery", .columns = kDelivery},
    {.name = "attempt", .columns = kAttempt, .key_columns = 2},
    {.name = "idempotency", .columns = kIdempotency, .draws_ids = true},
    {.name = "outbox_rejected", .columns = kOutboxRejected, .draws_ids = true},
    {.name = "recent_send", .columns = kRecentSend, .key_columns = 3},
    {.name = "stat", .columns = kStat, .key_columns = 3},
    {.name = "task", .columns = kTask},
    {.name = "outbox", .columns = kOutbox, .draws_ids = true},
    {.name = "meta", .columns = kMeta, .condition = kMetaCondition}};

}  // namespace

std::span<const CopiedTable> copied_tables() { return kTables; }

std::string column_list(const CopiedTable& table, std::size_t count) {
  std::string list;
  for (const CopiedColumn& column : table.columns.first(count)) {
    list += list.empty() ? "\"" : ", \"";
    list += column.name;
    list += '"';
  }
  return list;
}

std::string select_rows_sql(const CopiedTable& table) {
  std::string sql = "SELECT " + column_list(table, table.columns.size()) + "\nFROM ";
  sql += table.name;
  if (!table.condition.empty()) sql += "\nWHERE " + std::string{table.condition};
  return sql + "\nORDER BY " + column_list(table, table.key_columns);
}

}  // namespace postrider
