-- Deliveries as the API lists them: the columns of a delivery, tenant and type of its event. The
-- bounds of a list of one endpoint are rows that begin with the endpoint. Only the index that
-- begins with it fits them, however few rows the planner expects of a range of ids.

-- name: delivery_view
SELECT
  d.id, d.event_id, d.endpoint_id, d.state, d.due_at_ms, d.attempts_count,
  d.schedule_attempts_count, d.round, d.dead_reason, d.finished_at_ms, d.discarded,
  d.expires_at_ms, d.lane_key, e.tenant, e.type
FROM delivery AS d
JOIN event AS e ON e.id = d.event_id
WHERE d.id = :id

-- name: deliveries_of_all
SELECT
  d.id, d.event_id, d.endpoint_id, d.state, d.due_at_ms, d.attempts_count,
  d.schedule_attempts_count, d.round, d.dead_reason, d.finished_at_ms, d.discarded,
  d.expires_at_ms, d.lane_key, e.tenant, e.type
FROM delivery AS d
JOIN event AS e ON e.id = d.event_id
WHERE d.id >= :first AND d.id < :before
ORDER BY d.id DESC
LIMIT :rows_max

-- name: deliveries_of_endpoint
SELECT
  d.id, d.event_id, d.endpoint_id, d.state, d.due_at_ms, d.attempts_count,
  d.schedule_attempts_count, d.round, d.dead_reason, d.finished_at_ms, d.discarded,
  d.expires_at_ms, d.lane_key, e.tenant, e.type
FROM delivery AS d
JOIN event AS e ON e.id = d.event_id
WHERE
  (d.endpoint_id, d.id) >= (:endpoint_id, :first)
  AND (d.endpoint_id, d.id) < (:endpoint_id, :before)
ORDER BY d.endpoint_id DESC, d.id DESC
LIMIT :rows_max

-- name: delivery_ids_of_endpoint
SELECT id
FROM delivery
WHERE (endpoint_id, id) >= (:endpoint_id, :first) AND (endpoint_id, id) < (:endpoint_id, :before)
ORDER BY endpoint_id DESC, id DESC
LIMIT :rows_max

-- name: deliveries_of_ids
SELECT
  d.id, d.event_id, d.endpoint_id, d.state, d.due_at_ms, d.attempts_count,
  d.schedule_attempts_count, d.round, d.dead_reason, d.finished_at_ms, d.discarded,
  d.expires_at_ms, d.lane_key, e.tenant, e.type
FROM unnest(:delivery_ids) WITH ORDINALITY AS wanted (delivery_id, place)
JOIN delivery AS d ON d.id = wanted.delivery_id
JOIN event AS e ON e.id = d.event_id
ORDER BY wanted.place

-- name: deliveries_of_event
-- Sorts per query; an event has one delivery per endpoint that received it.
SELECT
  d.id, d.event_id, d.endpoint_id, d.state, d.due_at_ms, d.attempts_count,
  d.schedule_attempts_count, d.round, d.dead_reason, d.finished_at_ms, d.discarded,
  d.expires_at_ms, d.lane_key, e.tenant, e.type
FROM delivery AS d
JOIN event AS e ON e.id = d.event_id
WHERE d.event_id = :event_id AND d.id >= :first AND d.id < :before
ORDER BY d.id DESC
LIMIT :rows_max

-- name: attempts
SELECT id, number, started_at_ms, duration_ms, status, outcome, error, response_excerpt
FROM attempt
WHERE delivery_id = :delivery_id
ORDER BY number DESC
LIMIT :rows_max

-- name: waiting_facts
-- The head of an ordering queue waits for no other delivery. Its id is read from the index
-- delivery_ordered only. OFFSET 0 makes every plan probe once per delivery, whatever sizes of
-- tables the planner assumes.
SELECT
  wanted.place,
  d.due_at_ms,
  e.deliver_at_ms,
  d.lane_key IS NOT NULL AND (
    SELECT head.id
    FROM delivery AS head
    WHERE
      head.endpoint_id = d.endpoint_id AND head.lane_key = d.lane_key AND head.state = 'pending'
    ORDER BY head.id
    LIMIT 1
  ) < d.id,
  p.state,
  p.circuit_opened_at_ms,
  p.next_probe_at_ms,
  p.probe_delay_ms,
  o.throttled_until_ms,
  o.rate_limited_until_ms
FROM unnest(:delivery_ids) WITH ORDINALITY AS wanted (delivery_id, place)
CROSS JOIN LATERAL (
  SELECT one.event_id, one.endpoint_id, one.id, one.due_at_ms, one.lane_key
  FROM delivery AS one
  WHERE one.id = wanted.delivery_id AND one.state = 'pending'
  OFFSET 0
) AS d
CROSS JOIN LATERAL (
  SELECT one.deliver_at_ms
  FROM event AS one
  WHERE one.id = d.event_id
  OFFSET 0
) AS e
CROSS JOIN LATERAL (
  SELECT one.state, one.circuit_opened_at_ms, one.next_probe_at_ms, one.probe_delay_ms
  FROM endpoint AS one
  WHERE one.id = d.endpoint_id
  OFFSET 0
) AS p
LEFT JOIN LATERAL (
  SELECT one.throttled_until_ms, one.rate_limited_until_ms
  FROM endpoint_outcome AS one
  WHERE one.endpoint_id = d.endpoint_id
  OFFSET 0
) AS o ON true
ORDER BY wanted.place

-- name: last_attempts
SELECT
  wanted.place, a.id, a.number, a.started_at_ms, a.duration_ms, a.status, a.outcome, a.error,
  a.response_excerpt
FROM unnest(:delivery_ids) WITH ORDINALITY AS wanted (delivery_id, place)
CROSS JOIN LATERAL (
  SELECT
    one.id, one.number, one.started_at_ms, one.duration_ms, one.status, one.outcome, one.error,
    one.response_excerpt
  FROM attempt AS one
  WHERE one.delivery_id = wanted.delivery_id
  ORDER BY one.number DESC
  LIMIT 1
) AS a
ORDER BY wanted.place

-- name: dead_of_all
SELECT
  d.id, d.event_id, d.endpoint_id, d.state, d.due_at_ms, d.attempts_count,
  d.schedule_attempts_count, d.round, d.dead_reason, d.finished_at_ms, d.discarded,
  d.expires_at_ms, d.lane_key, e.tenant, e.type
FROM delivery AS d
JOIN event AS e ON e.id = d.event_id
WHERE
  d.state = 'dead' AND NOT d.discarded AND d.finished_at_ms >= :since
  AND (d.finished_at_ms, d.id) < (:at_ms, :id)
ORDER BY d.finished_at_ms DESC, d.id DESC
LIMIT :rows_max

-- name: dead_of_endpoint
SELECT
  d.id, d.event_id, d.endpoint_id, d.state, d.due_at_ms, d.attempts_count,
  d.schedule_attempts_count, d.round, d.dead_reason, d.finished_at_ms, d.discarded,
  d.expires_at_ms, d.lane_key, e.tenant, e.type
FROM delivery AS d
JOIN event AS e ON e.id = d.event_id
WHERE
  d.state = 'dead' AND NOT d.discarded
  AND (d.endpoint_id, d.finished_at_ms) >= (:endpoint_id, :since)
  AND (d.endpoint_id, d.finished_at_ms, d.id) < (:endpoint_id, :at_ms, :id)
ORDER BY d.endpoint_id DESC, d.finished_at_ms DESC, d.id DESC
LIMIT :rows_max

-- name: dead_ids_of_endpoint
SELECT finished_at_ms, id
FROM delivery
WHERE
  state = 'dead' AND NOT discarded
  AND (endpoint_id, finished_at_ms) >= (:endpoint_id, :since)
  AND (endpoint_id, finished_at_ms, id) < (:endpoint_id, :at_ms, :id)
ORDER BY endpoint_id DESC, finished_at_ms DESC, id DESC
LIMIT :rows_max

-- name: dead_of_all_from
SELECT
  d.id, d.event_id, d.endpoint_id, d.state, d.due_at_ms, d.attempts_count,
  d.schedule_attempts_count, d.round, d.dead_reason, d.finished_at_ms, d.discarded,
  d.expires_at_ms, d.lane_key, e.tenant, e.type
FROM delivery AS d
JOIN event AS e ON e.id = d.event_id
WHERE
  d.state = 'dead' AND NOT d.discarded AND (d.finished_at_ms, d.id) > (:at_ms, :id)
  AND d.finished_at_ms < :until
ORDER BY d.finished_at_ms, d.id
LIMIT :rows_max

-- name: dead_of_endpoint_from
SELECT
  d.id, d.event_id, d.endpoint_id, d.state, d.due_at_ms, d.attempts_count,
  d.schedule_attempts_count, d.round, d.dead_reason, d.finished_at_ms, d.discarded,
  d.expires_at_ms, d.lane_key, e.tenant, e.type
FROM delivery AS d
JOIN event AS e ON e.id = d.event_id
WHERE
  d.state = 'dead' AND NOT d.discarded
  AND (d.endpoint_id, d.finished_at_ms, d.id) > (:endpoint_id, :at_ms, :id)
  AND (d.endpoint_id, d.finished_at_ms) < (:endpoint_id, :until)
ORDER BY d.endpoint_id, d.finished_at_ms, d.id
LIMIT :rows_max

-- name: count_dead_of_all
SELECT count(*)
FROM delivery AS d
JOIN event AS e ON e.id = d.event_id
WHERE
  d.state = 'dead' AND NOT d.discarded
  AND d.finished_at_ms >= :since AND d.finished_at_ms < :until
  AND (:reason::text IS NULL OR d.dead_reason = :reason)
  AND (:tenant::text IS NULL OR e.tenant = :tenant)
  AND (:type::text IS NULL OR e.type = :type)

-- name: count_dead_of_endpoint
SELECT count(*)
FROM delivery AS d
JOIN event AS e ON e.id = d.event_id
WHERE
  d.state = 'dead' AND NOT d.discarded
  AND (d.endpoint_id, d.finished_at_ms) >= (:endpoint_id, :since)
  AND (d.endpoint_id, d.finished_at_ms) < (:endpoint_id, :until)
  AND (:reason::text IS NULL OR d.dead_reason = :reason)
  AND (:tenant::text IS NULL OR e.tenant = :tenant)
  AND (:type::text IS NULL OR e.type = :type)
