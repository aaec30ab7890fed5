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
-- The row stays for as long as deliveries name it, without what may be secret.
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
-- Of a deleted endpoint, too: what waits for it is cancelled within a second.
SELECT state, circuit_opened_at_ms IS NOT NULL
FROM endpoint
WHERE id = :id

-- name: endpoint_counts
SELECT state, count(*)
FROM endpoint
WHERE deleted_at_ms IS NULL
GROUP BY state
ORDER BY state
