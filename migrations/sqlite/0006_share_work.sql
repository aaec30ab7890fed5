-- The instants of a row are of the clock of this boot; see Clock::boot(). The rest of what nodes
-- need to work side by side is for PostgreSQL alone.
ALTER TABLE recent_send ADD COLUMN boot INTEGER NOT NULL DEFAULT 0;
DELETE FROM meta WHERE key = 'boot';

CREATE INDEX endpoint_failing ON endpoint (id)
WHERE failing_since_ms IS NOT NULL AND deleted_at_ms IS NULL;

PRAGMA user_version = 6;
