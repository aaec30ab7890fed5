-- Lines of ordered deliveries: delivery_ordered alone answers all of it.

-- name: heads_of
-- Two rows at most of each line: the head, and whether anything waits behind it.
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
-- From line to line, a probe each: what waits in a line is passed over. A NULL begins with the first.
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
