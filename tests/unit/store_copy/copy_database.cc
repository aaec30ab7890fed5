#include "tests/unit/store_copy/copy_database.h"

#include "store/postgres/pg_store.h"
#include "store/sqlite/sqlite_store.h"

#include "tests/support/must.h"

namespace postrider::testing {
namespace {

/// A column of every row, in hexadecimal digits, in the order of the key.
std::string sqlite_column_sql(const CopiedTable& table, const CopiedColumn& column) {
  const std::string name = '"' + std::string{column.name} + '"';
  std::string sql = "SELECT iif(" + name + " IS NULL, '-', hex(CAST(" + name + " AS BLOB)))";
  sql += " FROM " + std::string{table.name};
  if (!table.condition.empty()) sql += " WHERE " + std::string{table.condition};
  return sql + " ORDER BY " + column_list(table, table.key_columns);
}

std::string pg_column_sql(const CopiedTable& table, const CopiedColumn& column) {
  const std::string name = '"' + std::string{column.name} + '"';
  std::string bytes = "convert_to(" + name + "::text, 'UTF8')";
  if (column.kind == ColumnKind::kBytes) bytes = name;
  if (column.kind == ColumnKind::kBoolean) bytes = "convert_to(" + name + "::int::text, 'UTF8')";
  std::string sql = "SELECT coalesce(upper(encode(" + bytes + ", 'hex')), '-')";
  sql += " FROM " + std::string{table.name};
  if (!table.condition.empty()) sql += " WHERE " + std::string{table.condition};
  return sql + " ORDER BY " + column_list(table, table.key_columns);
}

}  // namespace

std::string fill_sql() {
  return R"sql(
INSERT INTO api_key (
  id, name, scope, tenant, sha256, created_at_ms, expires_at_ms, last_used_at_ms
) VALUES
  (101, CAST(x'610062ff' AS TEXT), 'admin', NULL, zeroblob(32), 1, NULL, 9223372036854775807),
  (102, '', 'tenant', 'acme', randomblob(32), 2, 9223372036854775807, NULL),
  (103, 'shop', 'emit', NULL, randomblob(32), 3, 4, 4);
INSERT INTO event_type (name, archived, created_at_ms, updated_at_ms, description, schema) VALUES
  ('Z.upper', 1, 1, 1, CAST(x'00' AS TEXT), NULL),
  ('a.b', 0, 1, 2, '', '{"type":"object"}'),
  ('a_b', 0, 1, 2, 'ä', '');
INSERT INTO endpoint (
  id, tenant, state, state_reason, state_changed_at_ms, created_at_ms, updated_at_ms,
  failing_since_ms, failed_attempts_count, deleted_at_ms, config, health_round,
  circuit_opened_at_ms, next_probe_at_ms, probe_delay_ms
) VALUES
  (201, 'default', 'active', NULL, 1, 1, 1, NULL, 0, NULL, '{"url":"http://a.example/"}', 0,
    NULL, NULL, NULL),
  (202, 'acme', 'disabled', 'gone', 1, 1, 1, 5, 7, NULL, '{"url":"http://b.example/ä"}', 3, 5, 6,
    1000),
  (203, 'acme', 'paused', NULL, 1, 1, 1, NULL, 0, 9, '{"url":"http://c.example/"}',
    2147483647, NULL, NULL, NULL);
INSERT INTO endpoint_secret (endpoint_id, position, created_at_ms, expires_at_ms, value) VALUES
  (201, 0, 1, NULL, 'whsec_new'), (201, 1, 1, 99, 'whsec_old'), (202, 0, 1, NULL, 'whsec_b');
INSERT INTO endpoint_outcome (
  endpoint_id, success_at_ms, success_status, failure_at_ms, failure_status, failure_outcome,
  throttled_until_ms, rate_limited_until_ms
) VALUES
  (201, 1, 200, NULL, NULL, NULL, NULL, NULL),
  (202, NULL, NULL, 2, 0, 'timeout', 3, 4),
  (203, 1, 204, 9223372036854775807, 503, 'http_error', NULL, 5);
INSERT INTO event (
  id, tenant, type, created_at_ms, deliver_at_ms, expires_at_ms, ordering_key, channels,
  traceparent, tracestate, metadata, data
) VALUES
  (-5, 'default', 'a.b', -1, NULL, NULL, NULL, NULL, NULL, NULL, NULL, ''),
  (301, 'default', 'a.b', 1, 2, 3, 'käy', '["a","b"]', '00-1', 's=1', '{"m":"\u0000"}',
    '{"n":1.50,"t":"it''s 𝄞 \" \\ :name $1 ::int"}'),
  (302, 'acme', 'a_b', 1, NULL, NULL, '', '', '', '', '',
    '{"big":"' || hex(zeroblob(300000)) || '"}');
INSERT INTO delivery (
  id, event_id, endpoint_id, state, due_at_ms, expires_at_ms, attempts_count,
  schedule_attempts_count, round, dead_reason, finished_at_ms, discarded, lane_key
) VALUES
  (401, 301, 201, 'pending', 5, NULL, 1, 1, 0, NULL, NULL, 0, 'käy'),
  (402, 302, 201, 'dead', NULL, 7, 2147483647, 0, -2147483648, 'expired', 8, 1, ''),
  (403, 301, 202, 'delivered', NULL, NULL, 1, 1, 0, NULL, 8, 0, NULL);
INSERT INTO attempt (
  delivery_id, number, id, started_at_ms, duration_ms, status, outcome, error, response_excerpt
) VALUES
  (401, 1, 503, 1, 2, 500, 'http_error', CAST(x'ff006f6f' AS TEXT), x'00ff80'),
  (401, 2, 501, 1, 2, 0, 'timeout', NULL, NULL),
  (403, 1, 502, 1, 2, 200, 'success', '', x'');
INSERT INTO idempotency (id, tenant, key, created_at_ms, body_sha256, answer) VALUES
  (11, 'default', 'k', 1, randomblob(32), x'00'),
  (12, 'acme', 'k', 1, randomblob(32), x''),
  (20, 'acme', 'K', 1, randomblob(32), CAST('{"number":1}' AS BLOB));
INSERT INTO outbox_rejected (id, reason, rejected_at_ms, type, data, tenant) VALUES
  (5, 'type: missing', 1, NULL, '{}', NULL), (6, 'data: no JSON', NULL, 'a', '{', ''),
  (9, NULL, 3, 'a', x'7b7d', 'blob');
INSERT INTO recent_send (endpoint_id, sent_at_us, id, boot) VALUES
  (201, 5, 601, 12345), (201, 5, 602, 12345), (202, -1, 603, 12345);
INSERT INTO stat VALUES
  (60000, 'acme', 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13),
  (60000, 'default', 201, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13),
  (60000, 'default', 202, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 9007199254740993);
INSERT INTO task (
  id, kind, state, tenant, endpoint_id, type, reason, since_ms, until_ms, total, done, skipped,
  created_at_ms, updated_at_ms, cursor, error
) VALUES
  (701, 'replay_dead_letters', 'running', 'acme', 201, 'a.b', 'expired', 1, 2, 9, 4, 1, 1, 2, '7:8',
    NULL),
  (702, 'discard_dead_letters', 'failed', NULL, NULL, NULL, NULL, NULL, NULL, 0, 0, 0, 1, 2, '',
    CAST(x'00fe' AS TEXT)),
  (703, 'recover_endpoint', 'done', NULL, 202, NULL, NULL, NULL, NULL, 0, 0, 0, 1, 2, '', NULL);
INSERT INTO outbox (id, type, data, tenant, channels, metadata, ordering_key, deliver_at)
VALUES
  (31, 'a.b', '{"x":1}', NULL, '["c"]', '{"m":1}', 'k', '2026-01-01T00:00:00Z'),
  (33, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
  (40, 'a.b', x'7b7d', '', '', '', '', '');
INSERT INTO meta (key, value) VALUES ('write_probe', 7);
UPDATE meta SET value = 1000000 WHERE key = 'id_reserved';
)sql";
}

CopyDatabases::CopyDatabases(PgContent content) : target_(content) {
  must(sqlite::SqliteStore::open(from_));
  RawDb db(from_);
  EXPECT_EQ(db.exec(fill_sql()), SQLITE_OK);
  for (const CopiedTable& table : copied_tables()) {
    if (table.name == "meta") continue;
    const auto count = db.column("SELECT count(*) FROM " + std::string{table.name});
    EXPECT_EQ(count.front(), std::to_string(kRowsOfSource)) << table.name;
  }
}

void CopyDatabases::expect_equal() const {
  RawDb source(from_);
  RawPg target(to());
  for (const CopiedTable& table : copied_tables()) {
    for (const CopiedColumn& column : table.columns) {
      EXPECT_EQ(
          target.column(pg_column_sql(table, column)),
          source.column(sqlite_column_sql(table, column))
      ) << table.name
        << '.' << column.name;
    }
  }
}

void CopyDatabases::expect_finished() const {
  const auto store = postgres::PgStore::open(to(), postgres::PgStore::kNoNode);
  EXPECT_TRUE(store) << store.error().context;
}

void CopyDatabases::expect_unfinished() const {
  const auto store = postgres::PgStore::open(to(), postgres::PgStore::kNoNode);
  ASSERT_FALSE(store);
  EXPECT_EQ(store.error().code, Errc::kConflict);
  EXPECT_EQ(
      store.error().context,
      "the schema public holds a copy that is not finished: postrider migrate --from FILE --to URL "
      "continues it"
  );
}

std::string CopyDatabases::target_content() const {
  RawPg target(to());
  std::string content;
  for (const CopiedTable& table : copied_tables()) {
    const std::string name{table.name};
    for (const auto& row : target.column("SELECT t::text FROM " + name + " AS t ORDER BY 1"))
      content += name + row + "\n";
  }
  return content;
}

Error failure(const Result<copy::Copied>& copied) {
  EXPECT_FALSE(copied) << "it did not fail";
  return copied ? Error{} : copied.error();
}

}  // namespace postrider::testing
