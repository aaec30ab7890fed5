-- Deliveries as the API lists them: the columns of a delivery, tenant and type of its event.

-- name: delivery_view
SELECT
  d.id, d.event_id, d.endpoint_id, d.state, d.due_at_ms, d.attempts_count,
  d.schedule_attempts_count, d.round, d.dead_reason, d.finished_at_ms, d.discarded,
  d.expires_at_ms, d.lane_key, e.tenant, e.type
FROM delivery AS d
CROSS JOIN event AS e ON e.id = d.event_id
WHERE d.id = :id

-- name: deliveries_of_all
SELECT
  d.id, d.event_id, d.endpoint_id, d.state, d.due_at_ms, d.attempts_count,
  d.schedule_attempts_count, d.round, d.dead_reason, d.finished_at_ms, d.discarded,
  d.expires_at_ms, d.lane_key, e.tenant, e.type
FROM delivery AS d
CROSS JOIN event AS e ON e.id = d.event_id
WHERE d.id >= :first AND d.id < :before
ORDER BY d.id DESC
LIMIT :rows_max

-- name: deliveries_of_endpoint
SELECT
  d.id, d.event_id, d.endpoint_id, d.state, d.due_at_ms, d.attempts_count,
  d.schedule_attempts_count, d.round, d.dead_reason, d.finished_at_ms, d.discarded,
  d.expires_at_ms, d.lane_key, e.tenant, e.type
FROM delivery AS d INDEXED BY delivery_endpoint
CROSS JOIN event AS e ON e.id = d.event_id
WHERE d.endpoint_id = :endpoint_id AND d.id >= :first AND d.id < :before
ORDER BY d.id DESC
LIMIT :rows_max

-- name: delivery_ids_of_endpoint
SELECT id
FROM delivery INDEXED BY delivery_endpoint
WHERE endpoint_id = :endpoint_id AND id >= :first AND id < :before
ORDER BY id DESC
LIMIT :rows_max

-- name: deliveries_of_event
-- Sorts per query; an event has one delivery per endpoint that received it.
SELECT
  d.id, d.event_id, d.endpoint_id, d.state, d.due_at_ms, d.attempts_count,
  d.schedule_attempts_count, d.round, d.dead_reason, d.finished_at_ms, d.discarded,
  d.expires_at_ms, d.lane_key, e.tenant, e.type
FROM delivery AS d INDEXED BY delivery_event
CROSS JOIN event AS e ON e.id = d.event_id
WHERE d.event_id = :event_id AND d.id >= :first AND d.id < :before
ORDER BY d.id DESC
LIMIT :rows_max

-- name: waiting_facts
-- The head of an ordering queue waits for no other delivery. Its id is read from the index
-- delivery_ordered only.
SELECT
  d.due_at_ms,
  e.deliver_at_ms,
  d.lane_key IS NOT NULL AND (
    SELECT head.id
    FROM delivery AS head INDEXED BY delivery_ordered
    WHERE
      head.endpoint_id = d.endpoint_id AND head.lane_key = d.lane_key
      AND head.state = 'pending'
    ORDER BY head.id
    LIMIT 1
  ) < d.id,
  p.state,
  p.circuit_opened_at_ms,
  p.next_probe_at_ms,
  p.probe_delay_ms,
  o.throttled_until_ms,
  o.rate_limited_until_ms
FROM delivery AS d
CROSS JOIN event AS e ON e.id = d.event_id
CROSS JOIN endpoint AS p ON p.id = d.endpoint_id
LEFT JOIN endpoint_outcome AS o ON o.endpoint_id = d.endpoint_id
WHERE d.id = :id AND d.state = 'pending'

-- name: attempts
SELECT id, number, started_at_ms, duration_ms, status, outcome, error, response_excerpt
FROM attempt
WHERE delivery_id = :delivery_id
ORDER BY number DESC
LIMIT :rows_max

-- name: dead_of_all
SELECT
  d.id, d.event_id, d.endpoint_id, d.state, d.due_at_ms, d.attempts_count,
  d.schedule_attempts_count, d.round, d.dead_reason, d.finished_at_ms, d.discarded,
  d.expires_at_ms, d.lane_key, e.tenant, e.type
FROM delivery AS d INDEXED BY delivery_dead
CROSS JOIN event AS e ON e.id = d.event_id
WHERE
  d.state = 'dead' AND d.discarded = 0 AND d.finished_at_ms >= :since
  AND (d.finished_at_ms, d.id) < (:at_ms, :id)
ORDER BY d.finished_at_ms DESC, d.id DESC
LIMIT :rows_max

-- name: dead_of_endpoint
SELECT
  d.id, d.event_id, d.endpoint_id, d.state, d.due_at_ms, d.attempts_count,
  d.schedule_attempts_count, d.round, d.dead_reason, d.finished_at_ms, d.discarded,
  d.expires_at_ms, d.lane_key, e.tenant, e.type
FROM delivery AS d INDEXED BY delivery_dead_endpoint
CROSS JOIN event AS e ON e.id = d.event_id
WHERE
  d.endpoint_id = :endpoint_id AND d.state = 'dead' AND d.discarded = 0
  AND d.finished_at_ms >= :since AND (d.finished_at_ms, d.id) < (:at_ms, :id)
ORDER BY d.finished_at_ms DESC, d.id DESC
LIMIT :rows_max

-- name: dead_ids_of_endpoint
SELECT finished_at_ms, id
FROM delivery INDEXED BY delivery_dead_endpoint
WHERE
  endpoint_id = :endpoint_id AND state = 'dead' AND discarded = 0
  AND finished_at_ms >= :since AND (finished_at_ms, id) < (:at_ms, :id)
ORDER BY finished_at_ms DESC, id DESC
LIMIT :rows_max

-- name: dead_of_all_from
SELECT
  d.id, d.event_id, d.endpoint_id, d.state, d.due_at_ms, d.attempts_count,
  d.schedule_attempts_count, d.round, d.dead_reason, d.finished_at_ms, d.discarded,
  d.expires_at_ms, d.lane_key, e.tenant, e.type
FROM delivery AS d INDEXED BY delivery_dead
CROSS JOIN event AS e ON e.id = d.event_id
WHERE
  d.state = 'dead' AND d.discarded = 0 AND (d.finished_at_ms, d.id) > (:at_ms, :id)
  AND d.finished_at_ms < :until
ORDER BY d.finished_at_ms, d.id
LIMIT :rows_max

-- name: dead_of_endpoint_from
SELECT
  d.id, d.event_id, d.endpoint_id, d.state, d.due_at_ms, d.attempts_count,
  d.schedule_attempts_count, d.round, d.dead_reason, d.finished_at_ms, d.discarded,
  d.expires_at_ms, d.lane_key, e.tenant, e.type
FROM delivery AS d INDEXED BY delivery_dead_endpoint
CROSS JOIN event AS e ON e.id = d.event_id
WHERE
  d.endpoint_id = :endpoint_id AND d.state = 'dead' AND d.discarded = 0
  AND (d.finished_at_ms, d.id) > (:at_ms, :id) AND d.finished_at_ms < :until
ORDER BY d.finished_at_ms, d.id
LIMIT :rows_max

-- name: count_dead_of_all
SELECT count(*)
FROM delivery AS d INDEXED BY delivery_dead
CROSS JOIN event AS e ON e.id = d.event_id
WHERE
  d.state = 'dead' AND d.discarded = 0
  AND d.finished_at_ms >= :since AND d.finished_at_ms < :until
  AND (:reason IS NULL OR d.dead_reason = :reason)
  AND (:tenant IS NULL OR e.tenant = :tenant)
  AND (:type IS NULL OR e.type = :type)

-- name: count_dead_of_endpoint
SELECT count(*)
FROM delivery AS d INDEXED BY delivery_dead_endpoint
CROSS JOIN event AS e ON e.id = d.event_id
WHERE
  d.endpoint_id = :endpoint_id AND d.state = 'dead' AND d.discarded = 0
  AND d.finished_at_ms >= :since AND d.finished_at_ms < :until
  AND (:reason IS NULL OR d.dead_reason = :reason)
  AND (:tenant IS NULL OR e.tenant = :tenant)
  AND (:type IS NULL OR e.type = :type)
