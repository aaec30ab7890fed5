-- Requests that count against rate limits.

-- name: record_send
INSERT INTO recent_send (endpoint_id, sent_at_us, id, boot)
VALUES (:endpoint_id, :sent_at_us, :id, :boot)

-- name: trim_sends
DELETE FROM recent_send
WHERE endpoint_id = :endpoint_id AND sent_at_us <= :until_us

-- name: forget_sends
DELETE FROM recent_send
WHERE endpoint_id = :endpoint_id

-- name: recent_sends
SELECT endpoint_id, sent_at_us
FROM recent_send
ORDER BY endpoint_id, sent_at_us, id

-- name: rebase_sends
UPDATE recent_send
SET sent_at_us = :now_us, boot = :boot
WHERE endpoint_id = :endpoint_id AND (boot <> :boot OR sent_at_us > :now_us)

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
)
