-- Reads ordering queues from the index delivery_ordered only.

-- name: heads_of
-- Returns up to two rows per ordering queue: the head, and its successor.
SELECT wanted.place, waiting.id, waiting.due_at_ms
FROM unnest(:lane_keys) WITH ORDINALITY AS wanted (lane_key, place)
CROSS JOIN LATERAL (
  SELECT d.id, d.due_at_ms
  FROM delivery AS d
  WHERE
    d.endpoint_id = :endpoint_id AND d.lane_key = wanted.lane_key AND d.state = 'pending'
  ORDER BY d.id
  LIMIT 2
) AS waiting
ORDER BY wanted.place, waiting.id

-- name: heads_after
-- Steps from one ordering queue to the next with one index probe each, without reading the
-- deliveries behind the head. If `after` is NULL, it starts with the first queue.
WITH RECURSIVE head AS (
  (
    SELECT d.lane_key, d.id, d.due_at_ms
    FROM delivery AS d
    WHERE
      d.endpoint_id = :endpoint_id AND d.state = 'pending' AND d.lane_key >= ''
      AND :after::text IS NULL
    ORDER BY d.lane_key, d.id
    LIMIT 1
  )
  UNION ALL
  (
    SELECT d.lane_key, d.id, d.due_at_ms
    FROM delivery AS d
    WHERE d.endpoint_id = :endpoint_id AND d.state = 'pending' AND d.lane_key > :after
    ORDER BY d.lane_key, d.id
    LIMIT 1
  )
  UNION ALL
  SELECT following.lane_key, following.id, following.due_at_ms
  FROM head
  CROSS JOIN LATERAL (
    SELECT d.lane_key, d.id, d.due_at_ms
    FROM delivery AS d
    WHERE
      d.endpoint_id = :endpoint_id AND d.state = 'pending' AND d.lane_key > head.lane_key
    ORDER BY d.lane_key, d.id
    LIMIT 1
  ) AS following
)
SELECT
  head.lane_key,
  head.id,
  head.due_at_ms,
  EXISTS (
    SELECT 1
    FROM delivery AS d
    WHERE
      d.endpoint_id = :endpoint_id AND d.state = 'pending' AND d.lane_key = head.lane_key
      AND d.id > head.id
  )
FROM head
LIMIT :lines_max
