-- Deliveries, their attempts and the sweeps.

-- name: insert_deliveries
-- A missing event or endpoint is NULL here, which the table refuses.
INSERT INTO delivery (id, event_id, endpoint_id, state, due_at_ms, expires_at_ms, lane_key)
SELECT
  d.id,
  (SELECT one.id FROM event AS one WHERE one.id = d.event_id),
  (SELECT one.id FROM endpoint AS one WHERE one.id = d.endpoint_id),
  'pending', d.due_at_ms, d.expires_at_ms, d.lane_key
FROM unnest(:ids, :event_ids, :endpoint_ids, :due_at_ms, :expires_at_ms, :lane_keys)
  AS d (id, event_id, endpoint_id, due_at_ms, expires_at_ms, lane_key)

-- name: delivery
-- Locks the row until the end of the transaction, as does every read before a change. Waits for a
-- session that is changing the row, and returns what that session has committed.
SELECT
  id, event_id, endpoint_id, state, due_at_ms, attempts_count, schedule_attempts_count, round,
  dead_reason, finished_at_ms, discarded, expires_at_ms, lane_key
FROM delivery
WHERE id = :id
FOR NO KEY UPDATE

-- name: delivery_of
SELECT
  id, event_id, endpoint_id, state, due_at_ms, attempts_count, schedule_attempts_count, round,
  dead_reason, finished_at_ms, discarded, expires_at_ms, lane_key
FROM delivery
WHERE event_id = :event_id AND endpoint_id = :endpoint_id
FOR NO KEY UPDATE

-- name: hold_deliveries
-- Locks rows in the order in which settle locks them, so that two sessions do not deadlock.
SELECT
  id, event_id, endpoint_id, state, due_at_ms, attempts_count, schedule_attempts_count, round,
  dead_reason, finished_at_ms, discarded, expires_at_ms, lane_key
FROM delivery
WHERE id = ANY (:ids)
ORDER BY id
FOR NO KEY UPDATE

-- name: deliveries_by_id
SELECT
  d.id, d.event_id, d.endpoint_id, d.state, d.due_at_ms, d.attempts_count,
  d.schedule_attempts_count, d.round, d.dead_reason, d.finished_at_ms, d.discarded,
  d.expires_at_ms, d.lane_key
FROM unnest(:ids) WITH ORDINALITY AS wanted (id, place)
CROSS JOIN LATERAL (SELECT * FROM delivery AS one WHERE one.id = wanted.id LIMIT 1) AS d
ORDER BY wanted.place

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

-- name: standings
SELECT id, state = 'pending', round, attempts_count
FROM delivery
WHERE id = ANY (:ids)

-- name: hold_standings
SELECT id, state = 'pending', round, attempts_count
FROM delivery
WHERE id = ANY (:ids)
ORDER BY id
FOR NO KEY UPDATE

-- name: settle
-- Changes a row only if it is still as it was read. After waiting for another session, PostgreSQL
-- checks only the outermost conditions again. Without a state, the delivery keeps its own: the
-- responses came too late and are only counted, so that numbers of attempts never collide. Rows are
-- looked up one by one in the given order and then taken by their ctid, so that no plan can do it
-- the other way round.
UPDATE delivery AS d
SET
  state = coalesce(s.state, d.state),
  due_at_ms = CASE WHEN s.state IS NULL THEN d.due_at_ms ELSE s.due_at_ms END,
  dead_reason = CASE WHEN s.state IS NULL THEN d.dead_reason ELSE s.dead_reason END,
  finished_at_ms = CASE WHEN s.state IS NULL THEN d.finished_at_ms ELSE s.finished_at_ms END,
  attempts_count = d.attempts_count + s.counted,
  schedule_attempts_count = d.schedule_attempts_count + s.applied
FROM (
  SELECT
    found.place, s.round, s.attempts_count, s.counted, s.applied, s.state, s.due_at_ms,
    s.dead_reason, s.finished_at_ms
  FROM unnest(
    :ids, :rounds, :attempts_counts, :counted, :applied, :states, :due_at_ms, :dead_reasons,
    :finished_at_ms
  ) AS s (
    id, round, attempts_count, counted, applied, state, due_at_ms, dead_reason, finished_at_ms
  )
  CROSS JOIN LATERAL (
    SELECT one.ctid AS place
    FROM delivery AS one
    WHERE one.id = s.id
    LIMIT 1
  ) AS found
) AS s
WHERE d.ctid = s.place AND d.round = s.round AND d.attempts_count = s.attempts_count

-- name: insert_attempts
INSERT INTO attempt (
  delivery_id, number, id, started_at_ms, duration_ms, status, outcome, error, response_excerpt
)
SELECT
  a.delivery_id, a.number, a.id, a.started_at_ms, a.duration_ms, a.status, a.outcome, a.error,
  a.response_excerpt
FROM unnest(
  :delivery_ids, :numbers, :ids, :started_at_ms, :durations_ms, :statuses, :outcomes, :errors,
  :response_excerpts
) AS a (
  delivery_id, number, id, started_at_ms, duration_ms, status, outcome, error, response_excerpt
)

-- name: due_ids
-- Reads only the partial index: deliveries that the lane holds are skipped without reading their
-- rows.
SELECT due_at_ms, id
FROM delivery
WHERE
  endpoint_id = :endpoint_id AND state = 'pending' AND lane_key IS NULL AND due_at_ms <= :now
  AND (due_at_ms, id) > (:after_ms, :after_id)
ORDER BY due_at_ms, id
LIMIT :rows_max

-- name: due_deliveries
SELECT
  d.id, d.event_id, d.endpoint_id, d.state, d.due_at_ms, d.attempts_count,
  d.schedule_attempts_count, d.round, d.dead_reason, d.finished_at_ms, d.discarded,
  d.expires_at_ms, d.lane_key,
  e.id, e.tenant, e.type, e.created_at_ms, e.deliver_at_ms, e.expires_at_ms, e.ordering_key,
  e.channels, e.traceparent, e.tracestate, e.metadata, e.data
FROM unnest(:ids) WITH ORDINALITY AS wanted (id, place)
CROSS JOIN LATERAL (SELECT * FROM delivery AS one WHERE one.id = wanted.id LIMIT 1) AS d
CROSS JOIN LATERAL (SELECT * FROM event AS one WHERE one.id = d.event_id LIMIT 1) AS e
ORDER BY wanted.place

-- name: pending_deliveries
-- Includes the version of the delivery's endpoint.
SELECT
  d.id, d.event_id, d.endpoint_id, d.state, d.due_at_ms, d.attempts_count,
  d.schedule_attempts_count, d.round, d.dead_reason, d.finished_at_ms, d.discarded,
  d.expires_at_ms, d.lane_key,
  e.id, e.tenant, e.type, e.created_at_ms, e.deliver_at_ms, e.expires_at_ms, e.ordering_key,
  e.channels, e.traceparent, e.tracestate, e.metadata, e.data,
  (SELECT p.version FROM endpoint AS p WHERE p.id = d.endpoint_id)
FROM unnest(:ids) WITH ORDINALITY AS wanted (id, place)
CROSS JOIN LATERAL (
  SELECT * FROM delivery AS one WHERE one.id = wanted.id AND one.state = 'pending' LIMIT 1
) AS d
CROSS JOIN LATERAL (SELECT * FROM event AS one WHERE one.id = d.event_id LIMIT 1) AS e
ORDER BY wanted.place

-- name: next_due_at
SELECT due_at_ms
FROM delivery
WHERE
  endpoint_id = :endpoint_id AND state = 'pending' AND lane_key IS NULL AND due_at_ms > :now
ORDER BY due_at_ms, id
LIMIT 1

-- name: newest_delivery
-- Also returns the version of the endpoint whose deliveries are read.
SELECT max(id), (SELECT version FROM endpoint WHERE id = :endpoint_id)
FROM delivery

-- name: waiting_endpoints
-- Steps from one endpoint with pending deliveries to the next, in both indexes of pending
-- deliveries.
WITH RECURSIVE waiting (id) AS (
  SELECT :after::bigint
  UNION ALL
  SELECT
    least(
      (
        SELECT d.endpoint_id
        FROM delivery AS d
        WHERE d.endpoint_id > w.id AND d.state = 'pending' AND d.lane_key IS NULL
        ORDER BY d.endpoint_id, d.due_at_ms, d.id
        LIMIT 1
      ),
      (
        SELECT d.endpoint_id
        FROM delivery AS d
        WHERE d.endpoint_id > w.id AND d.state = 'pending' AND d.lane_key IS NOT NULL
        ORDER BY d.endpoint_id, d.lane_key, d.id
        LIMIT 1
      )
    )
  FROM waiting AS w
  WHERE w.id IS NOT NULL
)
SELECT
  w.id,
  CASE
    WHEN NOT EXISTS (
      SELECT 1
      FROM delivery AS d
      WHERE d.endpoint_id = w.id AND d.state = 'pending' AND d.lane_key IS NOT NULL
    ) THEN (
      SELECT d.due_at_ms
      FROM delivery AS d
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
-- Skips rows that another session has locked and leaves them to the next sweep. Sweeps wait for
-- nobody, so they cannot deadlock, and the rows that they lock match the conditions.
WITH changed AS (
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
    FOR NO KEY UPDATE SKIP LOCKED
  )
  RETURNING
    id, event_id, endpoint_id, state, due_at_ms, attempts_count, schedule_attempts_count, round,
  dead_reason, finished_at_ms, discarded, expires_at_ms, lane_key
)
SELECT
  id, event_id, endpoint_id, state, due_at_ms, attempts_count, schedule_attempts_count, round,
  dead_reason, finished_at_ms, discarded, expires_at_ms, lane_key
FROM changed
ORDER BY id

-- name: expire_waiting
WITH changed AS (
  UPDATE delivery
  SET
    state = 'dead',
    dead_reason = 'attempts_exhausted',
    due_at_ms = NULL,
    finished_at_ms = :now,
    round = round + 1
  WHERE id IN (
    SELECT id
    FROM (
      SELECT id
      FROM delivery
      WHERE
        endpoint_id = :endpoint_id AND state = 'pending' AND lane_key IS NULL
        AND due_at_ms <= :due_until
      ORDER BY due_at_ms, id
      FOR NO KEY UPDATE SKIP LOCKED
    ) AS free
    UNION ALL
    -- Examines all ordering queues of the endpoint in the index, which contains due_at_ms.
    SELECT id
    FROM (
      SELECT id
      FROM delivery
      WHERE
        endpoint_id = :endpoint_id AND state = 'pending' AND lane_key IS NOT NULL
        AND due_at_ms <= :due_until
      ORDER BY lane_key, id
      FOR NO KEY UPDATE SKIP LOCKED
    ) AS in_lines
    LIMIT :rows_max
  )
  RETURNING
    id, event_id, endpoint_id, state, due_at_ms, attempts_count, schedule_attempts_count, round,
  dead_reason, finished_at_ms, discarded, expires_at_ms, lane_key
)
SELECT
  id, event_id, endpoint_id, state, due_at_ms, attempts_count, schedule_attempts_count, round,
  dead_reason, finished_at_ms, discarded, expires_at_ms, lane_key
FROM changed
ORDER BY id

-- name: cancel_deleted
WITH changed AS (
  UPDATE delivery
  SET state = 'cancelled', due_at_ms = NULL, finished_at_ms = :now, round = round + 1
  WHERE id IN (
    SELECT waiting.id
    FROM endpoint AS e
    CROSS JOIN LATERAL (
      SELECT id
      FROM (
        SELECT d.id
        FROM delivery AS d
        WHERE d.endpoint_id = e.id AND d.state = 'pending' AND d.lane_key IS NULL
        ORDER BY d.due_at_ms, d.id
        FOR NO KEY UPDATE SKIP LOCKED
      ) AS free
      UNION ALL
      SELECT id
      FROM (
        SELECT d.id
        FROM delivery AS d
        WHERE d.endpoint_id = e.id AND d.state = 'pending' AND d.lane_key IS NOT NULL
        ORDER BY d.lane_key, d.id
        FOR NO KEY UPDATE SKIP LOCKED
      ) AS in_lines
    ) AS waiting
    WHERE e.deleted_at_ms IS NOT NULL
    LIMIT :rows_max
  )
  RETURNING
    id, event_id, endpoint_id, state, due_at_ms, attempts_count, schedule_attempts_count, round,
  dead_reason, finished_at_ms, discarded, expires_at_ms, lane_key
)
SELECT
  id, event_id, endpoint_id, state, due_at_ms, attempts_count, schedule_attempts_count, round,
  dead_reason, finished_at_ms, discarded, expires_at_ms, lane_key
FROM changed
ORDER BY id

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
LIMIT :rows_max

-- name: ordered_pending_after
SELECT lane_key, id
FROM delivery
WHERE
  endpoint_id = :endpoint_id AND state = 'pending' AND lane_key IS NOT NULL
  AND (lane_key, id) > (:lane_key, :id)
ORDER BY lane_key, id
LIMIT :rows_max

-- name: expire_disabled
WITH changed AS (
  UPDATE delivery
  SET
    state = 'dead',
    dead_reason = 'endpoint_disabled',
    due_at_ms = NULL,
    finished_at_ms = :now,
    round = round + 1
  WHERE id IN (
    SELECT id
    FROM delivery
    WHERE id = ANY (:ids) AND state = 'pending'
    ORDER BY id
    FOR NO KEY UPDATE SKIP LOCKED
  )
  RETURNING
    id, event_id, endpoint_id, state, due_at_ms, attempts_count, schedule_attempts_count, round,
  dead_reason, finished_at_ms, discarded, expires_at_ms, lane_key
)
SELECT
  id, event_id, endpoint_id, state, due_at_ms, attempts_count, schedule_attempts_count, round,
  dead_reason, finished_at_ms, discarded, expires_at_ms, lane_key
FROM changed
ORDER BY id

-- name: backlog
-- Only the first delivery of an ordering key can be sent. Includes deleted endpoints; their pending
-- deliveries are cancelled within a second.
SELECT
  waiting.endpoint_id,
  sum(waiting.due_count)::bigint,
  sum(waiting.scheduled_count)::bigint,
  sum(waiting.ordered_count)::bigint,
  min(waiting.oldest_due_at_ms),
  (SELECT e.state FROM endpoint AS e WHERE e.id = waiting.endpoint_id),
  (SELECT e.circuit_opened_at_ms IS NOT NULL FROM endpoint AS e WHERE e.id = waiting.endpoint_id)
FROM (
  SELECT
    endpoint_id,
    count(*) FILTER (WHERE due_at_ms <= :now) AS due_count,
    count(*) FILTER (WHERE due_at_ms > :now) AS scheduled_count,
    0 AS ordered_count,
    min(due_at_ms) FILTER (WHERE due_at_ms <= :now) AS oldest_due_at_ms
  FROM delivery
  WHERE state = 'pending' AND lane_key IS NULL
  GROUP BY endpoint_id
  UNION ALL
  SELECT
    endpoint_id,
    count(*) FILTER (WHERE due_at_ms <= :now AND place = 1),
    count(*) FILTER (WHERE due_at_ms > :now),
    count(*) FILTER (WHERE due_at_ms <= :now AND place > 1),
    min(due_at_ms) FILTER (WHERE due_at_ms <= :now AND place = 1)
  FROM (
    SELECT
      endpoint_id,
      due_at_ms,
      row_number() OVER (PARTITION BY endpoint_id, lane_key ORDER BY id) AS place
    FROM delivery
    WHERE state = 'pending' AND lane_key IS NOT NULL
  ) AS in_order
  GROUP BY endpoint_id
) AS waiting
GROUP BY waiting.endpoint_id
ORDER BY waiting.endpoint_id
