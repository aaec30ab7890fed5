-- Events, idempotency keys, the outbox.

-- name: insert_event
INSERT INTO event (
  id, tenant, type, created_at_ms, deliver_at_ms, expires_at_ms, ordering_key, channels,
  traceparent, tracestate, metadata, data
)
VALUES (
  :id, :tenant, :type, :created_at_ms, :deliver_at_ms, :expires_at_ms, :ordering_key, :channels,
  :traceparent, :tracestate, :metadata, :data
)

-- name: event
SELECT
  id, tenant, type, created_at_ms, deliver_at_ms, expires_at_ms, ordering_key, channels,
  traceparent, tracestate, metadata, data
FROM event
WHERE id = :id

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
WHERE tenant = :tenant AND id >= :first AND id < :before
ORDER BY id DESC
LIMIT :rows_max

-- name: idempotency
SELECT body_sha256, answer
FROM idempotency
WHERE tenant = :tenant AND key = :key

-- name: insert_idempotency
INSERT INTO idempotency (tenant, key, created_at_ms, body_sha256, answer)
VALUES (:tenant, :key, :created_at_ms, :body_sha256, :answer)

-- name: outbox
SELECT
  id, type, data, tenant, channels, metadata, ordering_key, deliver_at, expires_at,
  idempotency_key, traceparent
FROM outbox
ORDER BY id
LIMIT :rows_max

-- name: outbox_waiting
SELECT 1
FROM outbox
LIMIT 1

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
