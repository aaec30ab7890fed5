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
-- One that another node has changed since it was read is left alone.
UPDATE endpoint
SET
  state = :state,
  state_reason = :state_reason,
  state_changed_at_ms = :state_changed_at_ms,
  updated_at_ms = :updated_at_ms,
  config = :config,
  health_round = :health_round
WHERE id = :id AND deleted_at_ms IS NULL AND version <= :known_version

-- name: update_endpoint_health
UPDATE endpoint
SET
  failing_since_ms = :failing_since_ms,
  failed_attempts_count = :failed_attempts_count,
  circuit_opened_at_ms = :circuit_opened_at_ms,
  next_probe_at_ms = :next_probe_at_ms,
  probe_delay_ms = :probe_delay_ms
WHERE id = :id AND deleted_at_ms IS NULL AND version <= :known_version

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
  next_probe_at_ms, probe_delay_ms, version
FROM endpoint
WHERE id = :id AND deleted_at_ms IS NULL

-- name: endpoint_exists
SELECT
FROM endpoint
WHERE id = :id AND deleted_at_ms IS NULL

-- name: all_endpoints
SELECT
  id, tenant, state, state_reason, state_changed_at_ms, created_at_ms, updated_at_ms,
  failing_since_ms, failed_attempts_count, config, health_round, circuit_opened_at_ms,
  next_probe_at_ms, probe_delay_ms, version
FROM endpoint
WHERE deleted_at_ms IS NULL
ORDER BY id

-- name: endpoints_before
SELECT
  id, tenant, state, state_reason, state_changed_at_ms, created_at_ms, updated_at_ms,
  failing_since_ms, failed_attempts_count, config, health_round, circuit_opened_at_ms,
  next_probe_at_ms, probe_delay_ms, version
FROM endpoint
WHERE id < :before AND deleted_at_ms IS NULL
ORDER BY id DESC
LIMIT :rows_max

-- name: endpoints_of_tenant
SELECT
  id, tenant, state, state_reason, state_changed_at_ms, created_at_ms, updated_at_ms,
  failing_since_ms, failed_attempts_count, config, health_round, circuit_opened_at_ms,
  next_probe_at_ms, probe_delay_ms, version
FROM endpoint
WHERE
  (tenant, id) >= (:tenant, 0) AND (tenant, id) < (:tenant, :before) AND deleted_at_ms IS NULL
ORDER BY tenant DESC, id DESC
LIMIT :rows_max

-- name: secrets_of
SELECT endpoint_id, value, created_at_ms, expires_at_ms
FROM endpoint_secret
WHERE endpoint_id = ANY (:endpoint_ids)
ORDER BY endpoint_id, position

-- name: insert_secrets
INSERT INTO endpoint_secret (endpoint_id, position, created_at_ms, expires_at_ms, value)
SELECT :endpoint_id, s.position, s.created_at_ms, s.expires_at_ms, s.value
FROM unnest(:positions, :created_at_ms, :expires_at_ms, :values)
  AS s (position, created_at_ms, expires_at_ms, value)

-- name: delete_secrets
DELETE FROM endpoint_secret
WHERE endpoint_id = :endpoint_id

-- name: expired_secrets
-- Whose they are, held: an endpoint is locked before its secrets and before versions.
SELECT id
FROM endpoint
WHERE
  id IN (
    SELECT endpoint_id
    FROM endpoint_secret
    WHERE expires_at_ms IS NOT NULL AND expires_at_ms < :now
  )
ORDER BY id
FOR NO KEY UPDATE

-- name: delete_expired_secrets
DELETE FROM endpoint_secret
WHERE expires_at_ms IS NOT NULL AND expires_at_ms < :now

-- name: open_circuits
SELECT count(*)
FROM endpoint
WHERE circuit_opened_at_ms IS NOT NULL AND deleted_at_ms IS NULL AND state = 'active'

-- name: endpoints_of_versions
-- With those that were deleted, which are only named.
SELECT
  id, tenant, state, state_reason, state_changed_at_ms, created_at_ms, updated_at_ms,
  failing_since_ms, failed_attempts_count, config, health_round, circuit_opened_at_ms,
  next_probe_at_ms, probe_delay_ms, version, deleted_at_ms IS NOT NULL
FROM endpoint
WHERE version > :after
ORDER BY version

-- name: raise_endpoints_version
WITH raised AS (
  UPDATE version
  SET value = value + 1
  WHERE what = 'endpoints'
  RETURNING value
)
UPDATE endpoint
SET version = raised.value
FROM raised
WHERE endpoint.id = ANY (:ids)

-- name: endpoint_counts
SELECT state, count(*)
FROM endpoint
WHERE deleted_at_ms IS NULL
GROUP BY state
ORDER BY state
