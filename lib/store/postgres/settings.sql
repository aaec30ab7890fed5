-- Keys, event types, tasks, statistics.

-- name: raise_settings_version
UPDATE version
SET value = value + 1
WHERE what = 'settings'

-- name: insert_api_key
INSERT INTO api_key (id, name, scope, tenant, sha256, created_at_ms, expires_at_ms)
VALUES (:id, :name, :scope, :tenant, :sha256, :created_at_ms, :expires_at_ms)

-- name: delete_api_key
DELETE FROM api_key
WHERE id = :id

-- name: record_api_key_uses
-- All sessions lock the rows in one order, so that they do not deadlock.
WITH held AS (
  SELECT id
  FROM api_key
  WHERE id = ANY (:ids)
  ORDER BY id
  FOR UPDATE
)
UPDATE api_key AS k
SET last_used_at_ms = greatest(k.last_used_at_ms, used.used_at_ms)
FROM held
JOIN unnest(:ids, :used_at_ms) AS used (id, used_at_ms) ON used.id = held.id
WHERE k.id = held.id

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

-- name: hold_event_type
-- Locks the row until the end of the transaction, because it will be changed.
SELECT name, description, schema, archived, created_at_ms, updated_at_ms
FROM event_type
WHERE name = :name
FOR NO KEY UPDATE

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

-- name: hold_task
-- Locks the row until the end of the transaction, because it will be changed.
SELECT
  id, kind, state, tenant, endpoint_id, type, reason, since_ms, until_ms, total, done, skipped,
  cursor, error, created_at_ms, updated_at_ms
FROM task
WHERE id = :id
FOR NO KEY UPDATE

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
FROM task
WHERE state = 'running'
ORDER BY id

-- name: add_stats
-- Rows of one minute and endpoint are added up first, because a statement writes each row once. All
-- sessions write rows in one order, so that they do not deadlock.
INSERT INTO stat AS s (
  minute_ms, tenant, endpoint_id, events, delivered, dead, attempts_2xx, attempts_3xx,
  attempts_4xx, attempts_5xx, attempts_timeout, attempts_connect, attempts_tls, attempts_dns,
  attempts_blocked, duration_sum_ms
)
SELECT
  a.minute_ms, a.tenant, a.endpoint_id,
  sum(a.events), sum(a.delivered), sum(a.dead), sum(a.attempts_2xx), sum(a.attempts_3xx),
  sum(a.attempts_4xx), sum(a.attempts_5xx), sum(a.attempts_timeout), sum(a.attempts_connect),
  sum(a.attempts_tls), sum(a.attempts_dns), sum(a.attempts_blocked), sum(a.duration_sum_ms)
FROM unnest(
  :minute_ms, :tenant, :endpoint_id, :events, :delivered, :dead, :attempts_2xx, :attempts_3xx,
  :attempts_4xx, :attempts_5xx, :attempts_timeout, :attempts_connect, :attempts_tls,
  :attempts_dns, :attempts_blocked, :duration_sum_ms
) AS a (
  minute_ms, tenant, endpoint_id, events, delivered, dead, attempts_2xx, attempts_3xx,
  attempts_4xx, attempts_5xx, attempts_timeout, attempts_connect, attempts_tls, attempts_dns,
  attempts_blocked, duration_sum_ms
)
GROUP BY a.minute_ms, a.tenant, a.endpoint_id
ORDER BY a.minute_ms, a.tenant, a.endpoint_id
ON CONFLICT (minute_ms, tenant, endpoint_id) DO UPDATE
SET
  events = s.events + excluded.events,
  delivered = s.delivered + excluded.delivered,
  dead = s.dead + excluded.dead,
  attempts_2xx = s.attempts_2xx + excluded.attempts_2xx,
  attempts_3xx = s.attempts_3xx + excluded.attempts_3xx,
  attempts_4xx = s.attempts_4xx + excluded.attempts_4xx,
  attempts_5xx = s.attempts_5xx + excluded.attempts_5xx,
  attempts_timeout = s.attempts_timeout + excluded.attempts_timeout,
  attempts_connect = s.attempts_connect + excluded.attempts_connect,
  attempts_tls = s.attempts_tls + excluded.attempts_tls,
  attempts_dns = s.attempts_dns + excluded.attempts_dns,
  attempts_blocked = s.attempts_blocked + excluded.attempts_blocked,
  duration_sum_ms = s.duration_sum_ms + excluded.duration_sum_ms

-- name: stats_of_all
SELECT
  minute_ms / :bucket_ms * :bucket_ms AS bucket, sum(events)::bigint, sum(delivered)::bigint, sum(dead)::bigint,
  sum(attempts_2xx)::bigint, sum(attempts_3xx)::bigint, sum(attempts_4xx)::bigint, sum(attempts_5xx)::bigint,
  sum(attempts_timeout)::bigint, sum(attempts_connect)::bigint, sum(attempts_tls)::bigint, sum(attempts_dns)::bigint,
  sum(attempts_blocked)::bigint, sum(duration_sum_ms)::bigint
FROM stat
WHERE
  minute_ms >= :since AND minute_ms < :until AND (:tenant::text IS NULL OR tenant = :tenant)
GROUP BY bucket
ORDER BY bucket

-- name: stats_of_endpoint
SELECT
  minute_ms / :bucket_ms * :bucket_ms AS bucket, sum(events)::bigint, sum(delivered)::bigint, sum(dead)::bigint,
  sum(attempts_2xx)::bigint, sum(attempts_3xx)::bigint, sum(attempts_4xx)::bigint, sum(attempts_5xx)::bigint,
  sum(attempts_timeout)::bigint, sum(attempts_connect)::bigint, sum(attempts_tls)::bigint, sum(attempts_dns)::bigint,
  sum(attempts_blocked)::bigint, sum(duration_sum_ms)::bigint
FROM stat
WHERE
  (endpoint_id, minute_ms) >= (:endpoint_id, :since)
  AND (endpoint_id, minute_ms) < (:endpoint_id, :until)
  AND (:tenant::text IS NULL OR tenant = :tenant)
GROUP BY bucket
ORDER BY bucket
