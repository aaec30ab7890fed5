-- Statements of retention.

-- name: old_events
-- Counts the rows that are removed with each event, and whether it has pending deliveries.
SELECT e.id, e.created_at_ms, d.deliveries_count, d.attempts_count, d.has_pending
FROM (
  SELECT id, created_at_ms
  FROM event
  WHERE id > :after AND id < :before
  ORDER BY id
  LIMIT :events_max
) AS e
CROSS JOIN LATERAL (
  SELECT
    count(*) AS deliveries_count,
    coalesce(sum(of_event.attempts_count), 0)::bigint AS attempts_count,
    coalesce(bool_or(of_event.state = 'pending'), false) AS has_pending
  FROM delivery AS of_event
  WHERE of_event.event_id = e.id
) AS d
ORDER BY e.id

-- name: delete_events
-- Runs first: it waits for a transaction that replays one of the events, because that has locked
-- the event.
DELETE FROM event AS e
USING unnest(:firsts, :lasts) AS r (first, last)
WHERE e.id >= r.first AND e.id <= r.last

-- name: delete_deliveries_of_events
-- Checks the state again after waiting for another session.
DELETE FROM delivery AS d
USING unnest(:firsts, :lasts) AS r (first, last)
WHERE d.event_id >= r.first AND d.event_id <= r.last AND d.state <> 'pending'
RETURNING d.id

-- name: have_deliveries
SELECT EXISTS (
  SELECT
  FROM unnest(:firsts, :lasts) AS r (first, last), delivery AS d
  WHERE d.event_id >= r.first AND d.event_id <= r.last
)

-- name: delete_attempts
DELETE FROM attempt
WHERE delivery_id = ANY (:delivery_ids)

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
  FROM endpoint AS e
  WHERE
    e.deleted_at_ms IS NOT NULL AND e.deleted_at_ms < :before
    AND NOT EXISTS (SELECT 1 FROM delivery AS d WHERE d.endpoint_id = e.id)
  ORDER BY e.id
  LIMIT :rows_max
)
