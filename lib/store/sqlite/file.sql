-- Connections and transactions.

-- name: connect
PRAGMA foreign_keys = ON;
PRAGMA trusted_schema = OFF;
PRAGMA cell_size_check = ON;
PRAGMA temp_store = MEMORY;

-- name: connect_reader
PRAGMA query_only = ON;

-- name: create_file
-- This takes effect only in a file without tables, so it must come before the first table.
PRAGMA page_size = 4096;
PRAGMA auto_vacuum = INCREMENTAL;

-- name: connect_writer
-- A 202 promises durability; in WAL mode, NORMAL may lose the last commits in a power failure.
-- Checkpoints are requested explicitly, so that no commit waits for one. secure_delete, which is on
-- in Debian's library, would make retention write every page that it frees once more.
PRAGMA journal_mode = WAL;
PRAGMA synchronous = FULL;
PRAGMA wal_autocheckpoint = 0;
-- Twice the length at which a commit restarts the log: truncating it then would delay that commit
-- by tens of milliseconds, and the space is needed again at once.
PRAGMA journal_size_limit = 268435456;
-- A commit that has balanced b-trees scans the whole cache.
PRAGMA cache_size = -16384;
PRAGMA secure_delete = OFF;

-- name: begin_read
BEGIN

-- name: begin_write
BEGIN IMMEDIATE

-- name: commit
COMMIT

-- name: rollback
ROLLBACK

-- name: savepoint
SAVEPOINT command

-- name: release_savepoint
RELEASE command

-- name: rollback_to_savepoint
ROLLBACK TO command

-- name: application_id
PRAGMA application_id

-- name: user_version
PRAGMA user_version

-- name: data_version
PRAGMA data_version

-- name: has_tables
SELECT 1
FROM sqlite_schema
LIMIT 1

-- name: create_migration_table
CREATE TABLE IF NOT EXISTS migration (
  number INTEGER PRIMARY KEY,
  name TEXT NOT NULL,
  checksum TEXT NOT NULL
) STRICT;

-- name: applied_migrations
SELECT number, name, checksum
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
SET value = max(value, :value)
WHERE key = :key

-- name: write_probe
-- Every probe writes another value, because SQLite does not write a page whose bytes are unchanged.
INSERT INTO meta (key, value)
VALUES ('write_probe', :now)
ON CONFLICT (key) DO UPDATE
SET value = max(value + 1, excluded.value)

-- name: largest_id
-- Attempts are left out, because without an index on their id this would be a scan.
-- meta.id_reserved is an upper bound of their ids.
SELECT max(
  coalesce((SELECT max(id) FROM event), 0),
  coalesce((SELECT max(id) FROM delivery), 0),
  coalesce((SELECT max(id) FROM endpoint), 0),
  coalesce((SELECT max(id) FROM api_key), 0),
  coalesce((SELECT max(id) FROM task), 0),
  (SELECT value FROM meta WHERE key = 'id_reserved')
)

-- name: free_pages
PRAGMA freelist_count

-- name: vacuum_chunk
PRAGMA incremental_vacuum(256)

-- name: page_count
PRAGMA page_count

-- name: page_size
PRAGMA page_size
