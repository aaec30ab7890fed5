-- Copies another database into a schema. copy_target.cc makes further statements from the list of
-- copied tables.

-- name: set_up_copy
-- One statement reads a whole table, which may take long.
SELECT set_config('statement_timeout', '0', false)

-- name: lock_copy
-- Allows one copy at a time, until its session ends.
SELECT pg_advisory_lock(1347638355, hashtext(current_schema()))

-- name: lock_nodes
-- No node joins until the transaction ends; a node that joins later finds the mark.
LOCK TABLE node IN SHARE ROW EXCLUSIVE MODE

-- name: remove_all_ended
DELETE FROM node
WHERE lease_until < clock_timestamp()

-- name: has_nodes
SELECT EXISTS (SELECT FROM node WHERE lease_until >= clock_timestamp())

-- name: copy_mark
-- Returns the source of an unfinished copy; no row if there is none.
SELECT salt.value, content.value
FROM meta AS salt
JOIN meta AS content ON content.key = 'copy_content'
WHERE salt.key = 'copy_salt'

-- name: set_copy_mark
INSERT INTO meta (key, value)
VALUES ('copy_salt', :salt), ('copy_content', :content)
ON CONFLICT (key) DO UPDATE
SET value = excluded.value

-- name: remove_copy_mark
DELETE FROM meta
WHERE key = ANY (ARRAY['copy_salt', 'copy_content'])

-- name: remove_own_meta
-- Removes the rows that the schema was created with; copied rows replace them.
DELETE FROM meta
WHERE key >= '' AND key NOT IN ('copy_salt', 'copy_content')

-- name: lock_outbox
-- Makes producers wait until the transaction ends; they may read.
LOCK TABLE outbox IN EXCLUSIVE MODE
