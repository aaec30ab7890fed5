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
-- Does not change an endpoint that another node has changed since it was read.
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
-- The row stays as long as deliveries refer to it, without the config, which may contain secrets.
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

-- name: endpoint_ids_of_tenant
-- Includes deleted endpoints, because their deliveries are listed. Few endpoints are deleted at a
-- time.
SELECT id
FROM endpoint
WHERE tenant = :tenant AND deleted_at_ms IS NULL
UNION ALL
SELECT id
FROM endpoint
WHERE tenant = :tenant AND deleted_at_ms IS NOT NULL
ORDER BY id
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
-- Locks the endpoints with expired secrets: an endpoint is locked before its secrets and before
-- versions.
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
-- Includes deleted endpoints, of which only the id is used.
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
      FROM delivery AS d
      WHERE d.endpoint_id = wanted.id AND d.state = 'pending' AND d.lane_key IS NULL
      LIMIT :count_max
    ) AS unordered
  ) + (
    SELECT count(*)
    FROM (
      SELECT 1
      FROM delivery AS d
      WHERE d.endpoint_id = wanted.id AND d.state = 'pending' AND d.lane_key IS NOT NULL
      LIMIT :count_max
    ) AS in_order
  )
FROM unnest(:ids) WITH ORDINALITY AS wanted (id, place)
LEFT JOIN LATERAL (
  SELECT
    one.success_at_ms, one.success_status, one.failure_at_ms, one.failure_status,
    one.failure_outcome, one.throttled_until_ms, one.rate_limited_until_ms
  FROM endpoint_outcome AS one
  WHERE one.endpoint_id = wanted.id
  OFFSET 0
) AS o ON true
ORDER BY wanted.place

-- name: put_last_outcomes
-- All sessions write rows in one order, so that they do not deadlock.
INSERT INTO endpoint_outcome AS known (
  endpoint_id, success_at_ms, success_status, failure_at_ms, failure_status, failure_outcome,
  throttled_until_ms, rate_limited_until_ms
)
SELECT
  e.id, new.success_at_ms, new.success_status, new.failure_at_ms, new.failure_status,
  new.failure_outcome, new.throttled_until_ms, new.rate_limited_until_ms
FROM unnest(
  :endpoint_ids, :success_at_ms, :success_status, :failure_at_ms, :failure_status,
  :failure_outcome, :throttled_until_ms, :rate_limited_until_ms
) AS new (
  endpoint_id, success_at_ms, success_status, failure_at_ms, failure_status, failure_outcome,
  throttled_until_ms, rate_limited_until_ms
)
JOIN endpoint AS e ON e.id = new.endpoint_id
ORDER BY e.id
ON CONFLICT (endpoint_id) DO UPDATE
SET
  success_at_ms = coalesce(excluded.success_at_ms, known.success_at_ms),
  success_status = coalesce(excluded.success_status, known.success_status),
  failure_at_ms = coalesce(excluded.failure_at_ms, known.failure_at_ms),
  failure_status = coalesce(excluded.failure_status, known.failure_status),
  failure_outcome = coalesce(excluded.failure_outcome, known.failure_outcome),
  throttled_until_ms = excluded.throttled_until_ms,
  rate_limited_until_ms = excluded.rate_limited_until_ms
