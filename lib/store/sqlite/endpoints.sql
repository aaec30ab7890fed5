-- Endpoints and their secrets.

-- name: insert_endpoint
INSERT INTO endpoint (
  id, tenant, state, state_reason, state_changed_at_ms, created_at_ms, updated_at_ms,
  failing_since_ms, failed_attempts_count, config
)
VALUES (
  :id, :tenant, :state, :state_reason, :state_changed_at_ms, :created_at_ms, :updated_at_ms,
  :failing_since_ms, :failed_attempts_count, :config
)

-- name: update_endpoint
UPDATE endpoint
SET
  state = :state,
  state_reason = :state_reason,
  state_changed_at_ms = :state_changed_at_ms,
  updated_at_ms = :updated_at_ms,
  config = :config,
  health_round = :health_round
WHERE id = :id AND deleted_at_ms IS NULL

-- name: update_endpoint_health
UPDATE endpoint
SET
  failing_since_ms = :failing_since_ms,
  failed_attempts_count = :failed_attempts_count,
  circuit_opened_at_ms = :circuit_opened_at_ms,
  next_probe_at_ms = :next_probe_at_ms,
  probe_delay_ms = :probe_delay_ms
WHERE id = :id AND deleted_at_ms IS NULL

-- name: failing_endpoints
SELECT
  id, failing_since_ms, failed_attempts_count, circuit_opened_at_ms, next_probe_at_ms,
  probe_delay_ms
FROM endpoint
WHERE failing_since_ms IS NOT NULL AND deleted_at_ms IS NULL
ORDER BY id

-- name: delete_endpoint
-- The row stays as long as deliveries refer to it, without the config, which may contain secrets.
UPDATE endpoint
SET deleted_at_ms = :now, updated_at_ms = :now, config = '{}'
WHERE id = :id AND deleted_at_ms IS NULL

-- name: endpoint
SELECT
  id, tenant, state, state_reason, state_changed_at_ms, created_at_ms, updated_at_ms,
  failing_since_ms, failed_attempts_count, config, health_round, circuit_opened_at_ms,
  next_probe_at_ms, probe_delay_ms
FROM endpoint
WHERE id = :id AND deleted_at_ms IS NULL

-- name: all_endpoints
SELECT
  id, tenant, state, state_reason, state_changed_at_ms, created_at_ms, updated_at_ms,
  failing_since_ms, failed_attempts_count, config, health_round, circuit_opened_at_ms,
  next_probe_at_ms, probe_delay_ms
FROM endpoint
WHERE deleted_at_ms IS NULL
ORDER BY id

-- name: endpoints_before
SELECT
  id, tenant, state, state_reason, state_changed_at_ms, created_at_ms, updated_at_ms,
  failing_since_ms, failed_attempts_count, config, health_round, circuit_opened_at_ms,
  next_probe_at_ms, probe_delay_ms
FROM endpoint
WHERE id < :before AND deleted_at_ms IS NULL
ORDER BY id DESC
LIMIT :rows_max

-- name: endpoints_of_tenant
SELECT
  id, tenant, state, state_reason, state_changed_at_ms, created_at_ms, updated_at_ms,
  failing_since_ms, failed_attempts_count, config, health_round, circuit_opened_at_ms,
  next_probe_at_ms, probe_delay_ms
FROM endpoint
WHERE tenant = :tenant AND id < :before AND deleted_at_ms IS NULL
ORDER BY id DESC
LIMIT :rows_max

-- name: endpoint_ids_of_tenant
-- Includes deleted endpoints, because their deliveries are listed. Few endpoints are deleted at a
-- time.
SELECT id
FROM endpoint INDEXED BY endpoint_tenant
WHERE tenant = :tenant AND deleted_at_ms IS NULL
UNION ALL
SELECT id
FROM endpoint INDEXED BY endpoint_deleted
WHERE tenant = :tenant AND deleted_at_ms IS NOT NULL
ORDER BY id
LIMIT :rows_max

-- name: secrets_of
SELECT value, created_at_ms, expires_at_ms
FROM endpoint_secret
WHERE endpoint_id = :endpoint_id
ORDER BY position

-- name: insert_secret
INSERT INTO endpoint_secret (endpoint_id, position, created_at_ms, expires_at_ms, value)
VALUES (:endpoint_id, :position, :created_at_ms, :expires_at_ms, :value)

-- name: delete_secrets
DELETE FROM endpoint_secret
WHERE endpoint_id = :endpoint_id

-- name: expired_secrets
SELECT DISTINCT endpoint_id
FROM endpoint_secret
WHERE expires_at_ms IS NOT NULL AND expires_at_ms < :now
ORDER BY endpoint_id

-- name: delete_expired_secrets
DELETE FROM endpoint_secret
WHERE expires_at_ms IS NOT NULL AND expires_at_ms < :now

-- name: open_circuits
SELECT count(*)
FROM endpoint
WHERE circuit_opened_at_ms IS NOT NULL AND deleted_at_ms IS NULL AND state = 'active'

-- name: endpoint_standing
-- Includes deleted endpoints; their pending deliveries are cancelled within a second.
SELECT state, circuit_opened_at_ms IS NOT NULL
FROM endpoint
WHERE id = :id

-- name: endpoint_counts
SELECT
  count(*) FILTER (WHERE state = 'active'),
  count(*) FILTER (WHERE state = 'paused'),
  count(*) FILTER (WHERE state = 'disabled')
FROM endpoint
WHERE deleted_at_ms IS NULL

-- name: endpoint_health
-- Counts up to a bound in both indexes of pending deliveries.
SELECT
  o.success_at_ms, o.success_status, o.failure_at_ms, o.failure_status, o.failure_outcome,
  o.throttled_until_ms, o.rate_limited_until_ms,
  (
    SELECT count(*)
    FROM (
      SELECT 1
      FROM delivery AS d INDEXED BY delivery_due
      WHERE d.endpoint_id = wanted.id AND d.state = 'pending' AND d.lane_key IS NULL
      LIMIT :count_max
    )
  ) + (
    SELECT count(*)
    FROM (
      SELECT 1
      FROM delivery AS d INDEXED BY delivery_ordered
      WHERE d.endpoint_id = wanted.id AND d.state = 'pending' AND d.lane_key IS NOT NULL
      LIMIT :count_max
    )
  )
FROM (SELECT :id AS id) AS wanted
LEFT JOIN endpoint_outcome AS o ON o.endpoint_id = wanted.id

-- name: put_last_outcome
INSERT INTO endpoint_outcome (
  endpoint_id, success_at_ms, success_status, failure_at_ms, failure_status, failure_outcome,
  throttled_until_ms, rate_limited_until_ms
)
SELECT
  id, :success_at_ms, :success_status, :failure_at_ms, :failure_status, :failure_outcome,
  :throttled_until_ms, :rate_limited_until_ms
FROM endpoint
WHERE id = :endpoint_id
ON CONFLICT (endpoint_id) DO UPDATE
SET
  success_at_ms = coalesce(excluded.success_at_ms, success_at_ms),
  success_status = coalesce(excluded.success_status, success_status),
  failure_at_ms = coalesce(excluded.failure_at_ms, failure_at_ms),
  failure_status = coalesce(excluded.failure_status, failure_status),
  failure_outcome = coalesce(excluded.failure_outcome, failure_outcome),
  throttled_until_ms = excluded.throttled_until_ms,
  rate_limited_until_ms = excluded.rate_limited_until_ms
