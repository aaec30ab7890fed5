-- The requests that rate limits count.

-- name: record_sends
INSERT INTO recent_send (endpoint_id, sent_at_us, id)
SELECT s.endpoint_id, s.sent_at_us, s.id
FROM unnest(:endpoint_ids, :sent_at_us, :ids) AS s (endpoint_id, sent_at_us, id)

-- name: trim_sends
DELETE FROM recent_send
WHERE ctid = ANY (ARRAY(
  SELECT old.place
  FROM unnest(:endpoint_ids, :until_us) AS t (endpoint_id, until_us)
  CROSS JOIN LATERAL (
    SELECT s.ctid AS place
    FROM recent_send AS s
    WHERE s.endpoint_id = t.endpoint_id AND s.sent_at_us <= t.until_us
    OFFSET 0
  ) AS old
))

-- name: forget_sends
DELETE FROM recent_send
WHERE endpoint_id = :endpoint_id

-- name: recent_sends
SELECT endpoint_id, sent_at_us
FROM recent_send
ORDER BY endpoint_id, sent_at_us, id

-- name: rebase_sends
UPDATE recent_send
SET sent_at_us = :now_us
WHERE sent_at_us > :after_us

-- name: set_boot
INSERT INTO meta AS m (key, value)
VALUES ('boot', :boot)
ON CONFLICT (key) DO UPDATE
SET value = excluded.value
WHERE m.value <> excluded.value

-- name: due_count
SELECT count(*)
FROM (
  SELECT 1
  FROM delivery
  WHERE
    endpoint_id = :endpoint_id AND state = 'pending' AND lane_key IS NULL AND due_at_ms <= :now
  UNION ALL
  SELECT 1
  FROM delivery
  WHERE
    endpoint_id = :endpoint_id AND state = 'pending' AND lane_key IS NOT NULL
    AND due_at_ms <= :now
  LIMIT :count_max
) AS due
