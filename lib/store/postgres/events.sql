-- Events, idempotency keys, the outbox.

-- name: insert_events
INSERT INTO event (
  id, created_at_ms, deliver_at_ms, expires_at_ms, tenant, type, ordering_key, channels,
  traceparent, tracestate, metadata, data
)
SELECT
  e.id, e.created_at_ms, e.deliver_at_ms, e.expires_at_ms, e.tenant, e.type, e.ordering_key, e.channels,
  e.traceparent, e.tracestate, e.metadata, e.data
FROM unnest(
  :ids, :created_at_ms, :deliver_at_ms, :expires_at_ms, :tenants, :types, :ordering_keys,
  :channels, :traceparents, :tracestates, :metadata, :data
) AS e (
  id, created_at_ms, deliver_at_ms, expires_at_ms, tenant, type, ordering_key, channels, traceparent,
  tracestate, metadata, data
)

-- name: event
SELECT
  id, tenant, type, created_at_ms, deliver_at_ms, expires_at_ms, ordering_key, channels,
  traceparent, tracestate, metadata, data
FROM event
WHERE id = :id

-- name: hold_event
-- Locks the event until the end of the transaction: retention does not remove it, and no other
-- session replays it.
SELECT
  id, tenant, type, created_at_ms, deliver_at_ms, expires_at_ms, ordering_key, channels,
  traceparent, tracestate, metadata, data
FROM event
WHERE id = :id
FOR NO KEY UPDATE

-- name: events_of_all
SELECT
  id, tenant, type, created_at_ms, deliver_at_ms, expires_at_ms, ordering_key, channels,
  traceparent, tracestate, metadata
FROM event
WHERE id >= :first AND id < :before
ORDER BY id DESC
LIMIT :rows_max

-- name: events_of_tenant
SELECT
  id, tenant, type, created_at_ms, deliver_at_ms, expires_at_ms, ordering_key, channels,
  traceparent, tracestate, metadata
FROM event
WHERE (tenant, id) >= (:tenant, :first) AND (tenant, id) < (:tenant, :before)
ORDER BY tenant DESC, id DESC
LIMIT :rows_max

-- name: hold_idempotency_key
-- Locks the key until the end of the transaction. Keys with the same hash only wait for each other.
SELECT pg_advisory_xact_lock(
  hashtextextended(:key, hashtextextended(:tenant, hashtextextended(current_schema()::text, 0)))
)

-- name: idempotency
SELECT body_sha256, answer
FROM idempotency
WHERE tenant = :tenant AND key = :key

-- name: insert_idempotency
INSERT INTO idempotency (tenant, key, created_at_ms, body_sha256, answer)
VALUES (:tenant, :key, :created_at_ms, :body_sha256, :answer)

-- name: outbox
-- Producers may insert rows of any size, so a row is returned only if the rows before it have fewer
-- than bytes_max bytes. Their lengths are known without reading the values.
SELECT
  o.id, o.type, o.data, o.tenant, o.channels, o.metadata, o.ordering_key, o.deliver_at,
  o.expires_at, o.idempotency_key, o.traceparent
FROM (
  SELECT
    id,
    sum(
      coalesce(octet_length(data), 0) + coalesce(octet_length(channels), 0)
      + coalesce(octet_length(metadata), 0)
    ) OVER (ORDER BY id ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS bytes_before
  FROM (SELECT id, data, channels, metadata FROM outbox ORDER BY id LIMIT :rows_max) AS first_rows
) AS measured
JOIN outbox AS o ON o.id = measured.id
WHERE coalesce(measured.bytes_before, 0) < :bytes_max
ORDER BY o.id

-- name: outbox_waiting
SELECT EXISTS (SELECT 1 FROM outbox)

-- name: delete_outbox
DELETE FROM outbox
WHERE id = :id

-- name: reject_outbox
INSERT INTO outbox_rejected (
  reason, rejected_at_ms, type, data, tenant, channels, metadata, ordering_key, deliver_at,
  expires_at, idempotency_key, traceparent
)
SELECT
  :reason, :rejected_at_ms, type, data, tenant, channels, metadata, ordering_key, deliver_at,
  expires_at, idempotency_key, traceparent
FROM outbox
WHERE id = :id
