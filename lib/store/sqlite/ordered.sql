-- Reads ordering queues from the index delivery_ordered only. The queries of one queue return up to
-- two rows: the head, and its successor.

-- name: head_of
SELECT lane_key, id, due_at_ms
FROM delivery
WHERE endpoint_id = :endpoint_id AND lane_key = :lane_key AND state = 'pending'
ORDER BY id
LIMIT 2

-- name: first_head
SELECT lane_key, id, due_at_ms
FROM delivery
WHERE endpoint_id = :endpoint_id AND lane_key IS NOT NULL AND state = 'pending'
ORDER BY lane_key, id
LIMIT 2

-- name: next_head
SELECT lane_key, id, due_at_ms
FROM delivery
WHERE endpoint_id = :endpoint_id AND lane_key > :after AND state = 'pending'
ORDER BY lane_key, id
LIMIT 2

-- name: ordered_backlog
SELECT endpoint_id, lane_key, due_at_ms
FROM delivery INDEXED BY delivery_ordered
WHERE state = 'pending' AND lane_key IS NOT NULL
ORDER BY endpoint_id, lane_key, id
