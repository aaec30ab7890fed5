-- Nodes, their leases, and how they share the work.

-- name: join
-- Takes the first slot that no other node has.
INSERT INTO node (lease_until, slot)
SELECT
  clock_timestamp() + :lease_ms * interval '1 millisecond',
  (
    SELECT n
    FROM generate_series(0, 255) AS n
    WHERE NOT EXISTS (SELECT FROM node WHERE slot = n)
    ORDER BY n
    LIMIT 1
  )
RETURNING id

-- name: slot_of
SELECT slot
FROM node
WHERE id = :node

-- name: reserve_ids
UPDATE id_slot
SET reserved = greatest(reserved, :reserved)
WHERE slot = :slot

-- name: require_node
SELECT require_node(:node)

-- name: versions
-- Also returns the newest delivery: the node then draws larger ids than any that it has seen, which
-- keeps deliveries in order.
SELECT
  (SELECT value FROM version WHERE what = 'endpoints'),
  (SELECT value FROM version WHERE what = 'settings'),
  coalesce((SELECT max(id) FROM delivery), 0)

-- name: remove_ended
-- Waits for transactions that have locked the node, up to lock_timeout. Removing a node frees its
-- partitions. If this node could not renew its own lease, for example because the server was away,
-- the other nodes may not have been able to either. It then removes none before its next renewal.
DELETE FROM node
WHERE
  lease_until < clock_timestamp() AND id <> :node
  AND EXISTS (SELECT FROM node AS own WHERE own.id = :node AND own.lease_until >= clock_timestamp())

-- name: renew
-- Returns the number of nodes that share the work, including this one, and the database's time.
UPDATE node
SET lease_until = clock_timestamp() + :lease_ms * interval '1 millisecond', leaving = :leaving
WHERE id = :node
RETURNING
  (SELECT count(*) FROM node AS other WHERE other.id <> :node AND NOT other.leaving) + 1,
  (extract(epoch FROM clock_timestamp()) * 1000)::bigint

-- name: claim
-- Claims unowned partitions up to the node's share.
UPDATE partition
SET owner = :node, epoch = epoch + 1
WHERE
  id IN (
    SELECT free.id
    FROM partition AS free
    WHERE free.owner IS NULL AND EXISTS (SELECT FROM node WHERE node.id = :node)
    ORDER BY free.id
    LIMIT greatest(
      0, :share - (SELECT count(*) FROM partition AS own WHERE own.owner = :node)
    )
    FOR UPDATE SKIP LOCKED
  )

-- name: owned
SELECT id
FROM partition
WHERE owner = :node
ORDER BY id

-- name: give_back
UPDATE partition
SET owner = NULL
WHERE owner = :node AND id = ANY (:ids)

-- name: leave
DELETE FROM node
WHERE id = :node
