-- Messages between nodes. Both statements make the same name of the schema: nodes of other schemas
-- hear nothing, and it is short enough however long theirs is.

-- name: listen
-- The statement itself takes no parameters.
DO $$
BEGIN
  EXECUTE format('LISTEN %I', 'postrider:' || to_hex(hashtextextended(current_schema()::text, 0)));
END
$$

-- name: notify
-- Sent with the commit, once however often the transaction says the same. Commits with messages wait
-- for each other in the whole database.
SELECT pg_notify(
  'postrider:' || to_hex(hashtextextended(current_schema()::text, 0)), :message
)

-- name: ping
SELECT 1
