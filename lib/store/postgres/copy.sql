-- The copy of another database into a schema. What names every table is made of their list
-- (copy_target.cc).

-- name: set_up_copy
-- A whole table is read at once, however long that takes.
SELECT set_config('statement_timeout', '0', false)

-- name: lock_copy
-- One copy at a time, until its session ends.
SELECT pg_advisory_lock(1347638355, hashtext(current_schema()))

-- name: lock_nodes
-- None joins until the transaction ends, and then it finds the mark.
LOCK TABLE node IN SHARE ROW EXCLUSIVE MODE

-- name: remove_all_ended
DELETE FROM node
WHERE lease_until < clock_timestamp()

-- name: has_nodes
SELECT EXISTS (SELECT FROM node WHERE lease_until >= clock_timestamp())

-- name: copy_mark
-- There while the copy is not finished: of what it is made.
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
-- What the schema was made with makes place for what is copied.
DELETE FROM meta
WHERE key >= '' AND key NOT IN ('copy_salt', 'copy_content')

-- name: lock_outbox
-- Producers wait; they may read.
LOCK TABLE outbox IN EXCLUSIVE MODE
