-- Messages between nodes. Both statements derive the name of the channel from the schema, so nodes
-- of other schemas receive nothing. A hash keeps the name short enough.

-- name: listen
-- LISTEN itself takes no parameters.
DO $$
BEGIN
  EXECUTE format('LISTEN %I', 'postrider:' || to_hex(hashtextextended(current_schema()::text, 0)));
END
$$

-- name: notify
-- The server sends the message with the commit, and only once if the transaction repeats it.
-- Commits with messages wait for each other in the whole database.
SELECT pg_notify(
  'postrider:' || to_hex(hashtextextended(current_schema()::text, 0)), :message
)

-- name: ping
SELECT 1
