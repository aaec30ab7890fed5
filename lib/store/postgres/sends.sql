-- Requests that count against rate limits.

-- name: record_sends
INSERT INTO recent_send (endpoint_id, sent_at_us, id, boot)
SELECT s.endpoint_id, s.sent_at_us, s.id, :boot
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
) AS due
