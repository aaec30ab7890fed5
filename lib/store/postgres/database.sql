-- Statements that open a database.

-- name: lock_migrations
-- Nodes that start at once migrate one after the other. The lock consists of "PSTR" and the schema.
SELECT pg_advisory_xact_lock(1347638354, hashtext(current_schema()))

-- name: wait_for_migrations
-- Another node may be running a long migration.
SELECT set_config('lock_timeout', '60s', true)

-- name: create_migration_table
CREATE TABLE IF NOT EXISTS migration (
  number bigint PRIMARY KEY,
  name text NOT NULL,
  checksum text NOT NULL
)

-- name: has_migration_table
SELECT to_regclass(quote_ident(current_schema()) || '.migration') IS NOT NULL

-- name: applied_migrations
SELECT number, checksum
FROM migration
ORDER BY number

-- name: record_migration
INSERT INTO migration (number, name, checksum)
VALUES (:number, :name, :checksum)

-- name: meta_value
SELECT value
FROM meta
WHERE key = :key

-- name: raise_meta_value
UPDATE meta
SET value = greatest(value, :value)
WHERE key = :key

-- name: write_event_probe
-- The store undoes this statement. The row takes new space, as an event would; small rows fit into
-- existing pages. The digests cannot be compressed.
INSERT INTO event (id, created_at_ms, tenant, type, data)
SELECT 0, 0, '', '', string_agg(encode(sha256(convert_to(n::text, 'UTF8')), 'base64'), '')
FROM generate_series(1, 512) AS n

-- name: write_probe
-- Every probe writes another value, as with SQLite.
INSERT INTO meta AS m (key, value)
VALUES ('write_probe', :now)
ON CONFLICT (key) DO UPDATE
SET value = greatest(m.value + 1, excluded.value)

-- name: largest_id
-- Attempts are left out, because without an index on their id this would be a scan. The reserved
-- ids are upper bounds: of ids that were drawn with the slot, and of ids in the file that the
-- database was copied from.
SELECT greatest(
  coalesce((SELECT max(id) FROM event), 0),
  coalesce((SELECT max(id) FROM delivery), 0),
  coalesce((SELECT max(id) FROM endpoint), 0),
  coalesce((SELECT max(id) FROM api_key), 0),
  coalesce((SELECT max(id) FROM task), 0),
  (SELECT value FROM meta WHERE key = 'id_reserved'),
  (SELECT reserved FROM id_slot WHERE slot = :slot)
)

-- name: database_bytes
SELECT pg_database_size(current_database())
