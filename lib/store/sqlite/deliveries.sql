-- Deliveries, their attempts and the sweeps.

-- name: insert_delivery
INSERT INTO delivery (id, event_id, endpoint_id, state, due_at_ms, expires_at_ms, lane_key)
VALUES (:id, :event_id, :endpoint_id, 'pending', :due_at_ms, :expires_at_ms, :lane_key)

-- name: delivery
SELECT
  id, event_id, endpoint_id, state, due_at_ms, attempts_count, schedule_attempts_count, round,
  dead_reason, finished_at_ms, discarded, expires_at_ms, lane_key
FROM delivery
WHERE id = :id

-- name: delivery_of
SELECT
  id, event_id, endpoint_id, state, due_at_ms, attempts_count, schedule_attempts_count, round,
  dead_reason, finished_at_ms, discarded, expires_at_ms, lane_key
FROM delivery
WHERE event_id = :event_id AND endpoint_id = :endpoint_id

-- name: change_delivery
UPDATE delivery
SET
  state = :state,
  due_at_ms = :due_at_ms,
  schedule_attempts_count = :schedule_attempts_count,
  round = round + 1,
  dead_reason = :dead_reason,
  finished_at_ms = :finished_at_ms,
  discarded = :discarded
WHERE id = :id

-- name: standing
-- Reads before writing, because RETURNING creates and drops a table for every statement, which
-- costs more than the rest of settling.
SELECT state = 'pending', round, attempts_count
FROM delivery
WHERE id = :id

-- name: settle_delivered
-- Most deliveries have not changed since the request was sent, so nothing has to be read first.
UPDATE delivery
SET
  state = 'delivered',
  due_at_ms = NULL,
  finished_at_ms = :now,
  attempts_count = attempts_count + 1,
  schedule_attempts_count = schedule_attempts_count + 1
WHERE id = :id AND state = 'pending' AND attempts_count = :attempts_count

-- name: settle_retry
UPDATE delivery
SET
  due_at_ms = :due_at_ms,
  attempts_count = attempts_count + 1,
  schedule_attempts_count = schedule_attempts_count + 1
WHERE id = :id

-- name: settle_dead
UPDATE delivery
SET
  state = 'dead',
  due_at_ms = NULL,
  dead_reason = :dead_reason,
  finished_at_ms = :now,
  attempts_count = attempts_count + 1,
  schedule_attempts_count = schedule_attempts_count + 1
WHERE id = :id

-- name: settle_late
-- Counts the response to a request of an earlier round, so that numbers of attempts never collide.
UPDATE delivery
SET attempts_count = attempts_count + 1
WHERE id = :id

-- name: insert_attempt
INSERT INTO attempt (
  delivery_id, number, id, started_at_ms, duration_ms, status, outcome, error, response_excerpt
)
VALUES (
  :delivery_id, :number, :id, :started_at_ms, :duration_ms, :status, :outcome, :error,
  :response_excerpt
)

-- name: due_ids
-- Reads only the partial index: deliveries that the lane holds are skipped without reading their
-- rows.
SELECT id
FROM delivery
WHERE
  endpoint_id = :endpoint_id AND state = 'pending' AND lane_key IS NULL AND due_at_ms <= :now
ORDER BY due_at_ms, id

-- name: pending_delivery
SELECT
  d.id, d.event_id, d.endpoint_id, d.state, d.due_at_ms, d.attempts_count,
  d.schedule_attempts_count, d.round, d.dead_reason, d.finished_at_ms, d.discarded,
  d.expires_at_ms, d.lane_key,
  e.id, e.tenant, e.type, e.created_at_ms, e.deliver_at_ms, e.expires_at_ms, e.ordering_key,
  e.channels, e.traceparent, e.tracestate, e.metadata, e.data
FROM delivery AS d
CROSS JOIN event AS e ON e.id = d.event_id
WHERE d.id = :id AND d.state = 'pending'

-- name: next_due_at
SELECT due_at_ms
FROM delivery
WHERE
  endpoint_id = :endpoint_id AND state = 'pending' AND lane_key IS NULL AND due_at_ms > :now
ORDER BY due_at_ms, id
LIMIT 1

-- name: newest_delivery
SELECT max(id)
FROM delivery

-- name: waiting_endpoints
-- Steps from one endpoint with pending deliveries to the next, in both indexes of pending
-- deliveries.
WITH RECURSIVE waiting (id) AS (
  SELECT :after
  UNION ALL
  SELECT
    (
      SELECT min(next.id)
      FROM (
        SELECT (
          SELECT d.endpoint_id
          FROM delivery AS d INDEXED BY delivery_due
          WHERE d.endpoint_id > w.id AND d.state = 'pending' AND d.lane_key IS NULL
          ORDER BY d.endpoint_id
          LIMIT 1
        ) AS id
        UNION ALL
        SELECT (
          SELECT d.endpoint_id
          FROM delivery AS d INDEXED BY delivery_ordered
          WHERE d.endpoint_id > w.id AND d.state = 'pending' AND d.lane_key IS NOT NULL
          ORDER BY d.endpoint_id
          LIMIT 1
        )
      ) AS next
    )
  FROM waiting AS w
  WHERE w.id IS NOT NULL
)
SELECT
  w.id,
  CASE
    WHEN NOT EXISTS (
      SELECT 1
      FROM delivery AS d INDEXED BY delivery_ordered
      WHERE d.endpoint_id = w.id AND d.state = 'pending' AND d.lane_key IS NOT NULL
    ) THEN (
      SELECT d.due_at_ms
      FROM delivery AS d INDEXED BY delivery_due
      WHERE d.endpoint_id = w.id AND d.state = 'pending' AND d.lane_key IS NULL
      ORDER BY d.due_at_ms, d.id
      LIMIT 1
    )
  END
FROM waiting AS w
WHERE
  w.id > :after
  AND EXISTS (SELECT 1 FROM endpoint AS e WHERE e.id = w.id AND e.deleted_at_ms IS NULL)
LIMIT :rows_max

-- name: expire
UPDATE delivery
SET
  state = 'dead',
  dead_reason = 'expired',
  due_at_ms = NULL,
  finished_at_ms = :now,
  round = round + 1
WHERE id IN (
  SELECT id
  FROM delivery
  WHERE state = 'pending' AND expires_at_ms IS NOT NULL AND expires_at_ms <= :now
  ORDER BY expires_at_ms, id
  LIMIT :rows_max
)
RETURNING
  id, event_id, endpoint_id, state, due_at_ms, attempts_count, schedule_attempts_count, round,
  dead_reason, finished_at_ms, discarded, expires_at_ms, lane_key

-- name: expire_waiting
UPDATE delivery
SET
  state = 'dead',
  dead_reason = 'attempts_exhausted',
  due_at_ms = NULL,
  finished_at_ms = :now,
  round = round + 1
WHERE id IN (
  SELECT id
  FROM delivery
  WHERE
    endpoint_id = :endpoint_id AND state = 'pending' AND lane_key IS NULL
    AND due_at_ms <= :due_until
  UNION ALL
  -- Examines all ordering queues of the endpoint, in the index only.
  SELECT id
  FROM delivery
  WHERE
    endpoint_id = :endpoint_id AND state = 'pending' AND lane_key IS NOT NULL
    AND due_at_ms <= :due_until
  LIMIT :rows_max
)
RETURNING
  id, event_id, endpoint_id, state, due_at_ms, attempts_count, schedule_attempts_count, round,
  dead_reason, finished_at_ms, discarded, expires_at_ms, lane_key

-- name: cancel_deleted
UPDATE delivery
SET state = 'cancelled', due_at_ms = NULL, finished_at_ms = :now, round = round + 1
WHERE id IN (
  SELECT d.id
  FROM endpoint AS e
  CROSS JOIN delivery AS d INDEXED BY delivery_due
  ON d.endpoint_id = e.id AND d.state = 'pending' AND d.lane_key IS NULL
  WHERE e.deleted_at_ms IS NOT NULL
  UNION ALL
  SELECT d.id
  FROM endpoint AS e
  CROSS JOIN delivery AS d INDEXED BY delivery_ordered
  ON d.endpoint_id = e.id AND d.state = 'pending' AND d.lane_key IS NOT NULL
  WHERE e.deleted_at_ms IS NOT NULL
  LIMIT :rows_max
)
RETURNING
  id, event_id, endpoint_id, state, due_at_ms, attempts_count, schedule_attempts_count, round,
  dead_reason, finished_at_ms, discarded, expires_at_ms, lane_key

-- name: endpoints_disabled_before
SELECT id
FROM endpoint
WHERE
  id >= :first AND state = 'disabled' AND deleted_at_ms IS NULL AND state_changed_at_ms < :before
ORDER BY id

-- name: pending_after
SELECT due_at_ms, id
FROM delivery
WHERE
  endpoint_id = :endpoint_id AND state = 'pending' AND lane_key IS NULL
  AND (due_at_ms, id) > (:due_at_ms, :id)
ORDER BY due_at_ms, id

-- name: ordered_pending_after
SELECT lane_key, id
FROM delivery
WHERE
  endpoint_id = :endpoint_id AND state = 'pending' AND lane_key IS NOT NULL
  AND (lane_key, id) > (:lane_key, :id)
ORDER BY lane_key, id

-- name: expire_one_disabled
UPDATE delivery
SET
  state = 'dead',
  dead_reason = 'endpoint_disabled',
  due_at_ms = NULL,
  finished_at_ms = :now,
  round = round + 1
WHERE id = :id
RETURNING
  id, event_id, endpoint_id, state, due_at_ms, attempts_count, schedule_attempts_count, round,
  dead_reason, finished_at_ms, discarded, expires_at_ms, lane_key

-- name: backlog
SELECT
  endpoint_id,
  sum(due_at_ms <= :now),
  sum(due_at_ms > :now),
  min(CASE WHEN due_at_ms <= :now THEN due_at_ms END)
FROM delivery INDEXED BY delivery_due
WHERE state = 'pending' AND lane_key IS NULL
GROUP BY endpoint_id
ORDER BY endpoint_id
