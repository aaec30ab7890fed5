-- Statements of retention.

-- name: old_events
-- Counts the rows that are removed with each event, and whether it has pending deliveries.
SELECT
  e.id,
  e.created_at_ms,
  count(d.id),
  coalesce(sum(d.attempts_count), 0),
  coalesce(max(d.state = 'pending'), 0)
FROM event AS e
LEFT JOIN delivery AS d ON d.event_id = e.id
WHERE e.id > :after AND e.id < :before
GROUP BY e.id
ORDER BY e.id

-- name: delete_attempts_of_events
DELETE FROM attempt
WHERE
  delivery_id IN (SELECT id FROM delivery WHERE event_id >= :first AND event_id <= :last)

-- name: delete_deliveries_of_events
DELETE FROM delivery
WHERE event_id >= :first AND event_id <= :last

-- name: delete_events
DELETE FROM event
WHERE id >= :first AND id <= :last

-- name: prune_idempotency
-- Ids grow with time, so the first rows are the oldest.
DELETE FROM idempotency
WHERE
  id IN (SELECT id FROM idempotency ORDER BY id LIMIT :rows_max) AND created_at_ms < :before

-- name: prune_rejected
DELETE FROM outbox_rejected
WHERE
  id IN (SELECT id FROM outbox_rejected ORDER BY id LIMIT :rows_max) AND rejected_at_ms < :before

-- name: prune_tasks
DELETE FROM task
WHERE id IN (
  SELECT id
  FROM task
  WHERE id < :before_id AND state <> 'running' AND updated_at_ms < :before
  ORDER BY id
  LIMIT :rows_max
)

-- name: prune_stats
DELETE FROM stat
WHERE (minute_ms, tenant, endpoint_id) IN (
  SELECT minute_ms, tenant, endpoint_id
  FROM stat
  WHERE minute_ms < :before
  ORDER BY minute_ms, tenant, endpoint_id
  LIMIT :rows_max
)

-- name: prune_endpoints
DELETE FROM endpoint
WHERE id IN (
  SELECT e.id
  FROM endpoint AS e INDEXED BY endpoint_deleted
  WHERE
    e.deleted_at_ms IS NOT NULL AND e.deleted_at_ms < :before
    AND NOT EXISTS (SELECT 1 FROM delivery AS d WHERE d.endpoint_id = e.id)
  ORDER BY e.id
  LIMIT :rows_max
)
