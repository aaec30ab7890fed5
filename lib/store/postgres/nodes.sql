-- Nodes and their leases.

-- name: join
INSERT INTO node (lease_until)
VALUES (clock_timestamp() + :lease_ms * interval '1 millisecond')
RETURNING id

-- name: require_node
SELECT require_node(:node)

-- name: remove_ended
-- Waits for transactions that hold the node, for no longer than lock_timeout.
DELETE FROM node
WHERE lease_until < clock_timestamp() AND id <> :node

-- name: renew
UPDATE node
SET lease_until = clock_timestamp() + :lease_ms * interval '1 millisecond'
WHERE id = :node
RETURNING NOT EXISTS (SELECT FROM node AS earlier WHERE earlier.id < :node)

-- name: leave
DELETE FROM node
WHERE id = :node
