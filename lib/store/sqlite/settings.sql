-- Keys, event types, tasks, statistics.

-- name: insert_api_key
INSERT INTO api_key (id, name, scope, tenant, sha256, created_at_ms, expires_at_ms)
VALUES (:id, :name, :scope, :tenant, :sha256, :created_at_ms, :expires_at_ms)

-- name: delete_api_key
DELETE FROM api_key
WHERE id = :id

-- name: record_api_key_use
UPDATE api_key
SET last_used_at_ms = max(coalesce(last_used_at_ms, :used_at_ms), :used_at_ms)
WHERE id = :id

-- name: api_keys_before
SELECT id, name, scope, tenant, sha256, created_at_ms, expires_at_ms, last_used_at_ms
FROM api_key
WHERE id < :before
ORDER BY id DESC
LIMIT :rows_max

-- name: insert_event_type
INSERT INTO event_type (name, description, schema, archived, created_at_ms, updated_at_ms)
VALUES (:name, :description, :schema, :archived, :created_at_ms, :updated_at_ms)
ON CONFLICT (name) DO NOTHING

-- name: update_event_type
UPDATE event_type
SET
  description = :description,
  schema = :schema,
  archived = :archived,
  updated_at_ms = :updated_at_ms
WHERE name = :name

-- name: delete_event_type
DELETE FROM event_type
WHERE name = :name

-- name: event_type
SELECT name, description, schema, archived, created_at_ms, updated_at_ms
FROM event_type
WHERE name = :name

-- name: event_types_after
SELECT name, description, schema, archived, created_at_ms, updated_at_ms
FROM event_type
WHERE name > :after
ORDER BY name
LIMIT :rows_max

-- name: insert_task
INSERT INTO task (
  id, kind, state, tenant, endpoint_id, type, reason, since_ms, until_ms, total, done, skipped,
  cursor, error, created_at_ms, updated_at_ms
)
VALUES (
  :id, :kind, :state, :tenant, :endpoint_id, :type, :reason, :since_ms, :until_ms, :total, :done,
  :skipped, :cursor, :error, :created_at_ms, :updated_at_ms
)

-- name: update_task
UPDATE task
SET
  state = :state,
  done = :done,
  skipped = :skipped,
  cursor = :cursor,
  error = :error,
  updated_at_ms = :updated_at_ms
WHERE id = :id

-- name: task
SELECT
  id, kind, state, tenant, endpoint_id, type, reason, since_ms, until_ms, total, done, skipped,
  cursor, error, created_at_ms, updated_at_ms
FROM task
WHERE id = :id

-- name: tasks_before
SELECT
  id, kind, state, tenant, endpoint_id, type, reason, since_ms, until_ms, total, done, skipped,
  cursor, error, created_at_ms, updated_at_ms
FROM task
WHERE id < :before
ORDER BY id DESC
LIMIT :rows_max

-- name: running_tasks
SELECT
  id, kind, state, tenant, endpoint_id, type, reason, since_ms, until_ms, total, done, skipped,
  cursor, error, created_at_ms, updated_at_ms
FROM task INDEXED BY task_running
WHERE state = 'running'
ORDER BY id

-- name: add_stat
INSERT INTO stat (
  minute_ms, tenant, endpoint_id, events, delivered, dead, attempts_2xx, attempts_3xx,
  attempts_4xx, attempts_5xx, attempts_timeout, attempts_connect, attempts_tls, attempts_dns,
  attempts_blocked, duration_sum_ms
)
VALUES (
  :minute_ms, :tenant, :endpoint_id, :events, :delivered, :dead, :attempts_2xx, :attempts_3xx,
  :attempts_4xx, :attempts_5xx, :attempts_timeout, :attempts_connect, :attempts_tls,
  :attempts_dns, :attempts_blocked, :duration_sum_ms
)
ON CONFLICT (minute_ms, tenant, endpoint_id) DO UPDATE
SET
  events = events + excluded.events,
  delivered = delivered + excluded.delivered,
  dead = dead + excluded.dead,
  attempts_2xx = attempts_2xx + excluded.attempts_2xx,
  attempts_3xx = attempts_3xx + excluded.attempts_3xx,
  attempts_4xx = attempts_4xx + excluded.attempts_4xx,
  attempts_5xx = attempts_5xx + excluded.attempts_5xx,
  attempts_timeout = attempts_timeout + excluded.attempts_timeout,
  attempts_connect = attempts_connect + excluded.attempts_connect,
  attempts_tls = attempts_tls + excluded.attempts_tls,
  attempts_dns = attempts_dns + excluded.attempts_dns,
  attempts_blocked = attempts_blocked + excluded.attempts_blocked,
  duration_sum_ms = duration_sum_ms + excluded.duration_sum_ms

-- name: stats_of_all
SELECT
  minute_ms / :bucket_ms * :bucket_ms AS bucket, sum(events), sum(delivered), sum(dead),
  sum(attempts_2xx), sum(attempts_3xx), sum(attempts_4xx), sum(attempts_5xx),
  sum(attempts_timeout), sum(attempts_connect), sum(attempts_tls), sum(attempts_dns),
  sum(attempts_blocked), sum(duration_sum_ms)
FROM stat
WHERE
  minute_ms >= :since AND minute_ms < :until AND (:tenant IS NULL OR tenant = :tenant)
GROUP BY bucket
ORDER BY bucket

-- name: stats_of_endpoint
SELECT
  minute_ms / :bucket_ms * :bucket_ms AS bucket, sum(events), sum(delivered), sum(dead),
  sum(attempts_2xx), sum(attempts_3xx), sum(attempts_4xx), sum(attempts_5xx),
  sum(attempts_timeout), sum(attempts_connect), sum(attempts_tls), sum(attempts_dns),
  sum(attempts_blocked), sum(duration_sum_ms)
FROM stat INDEXED BY stat_endpoint
WHERE
  minute_ms >= :since AND minute_ms < :until AND (:tenant IS NULL OR tenant = :tenant)
  AND endpoint_id = :endpoint_id
GROUP BY bucket
ORDER BY bucket
