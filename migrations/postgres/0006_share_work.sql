-- Nodes work side by side.

-- Those of versions that took turns would not know of the others.
DELETE FROM node;

-- What is drawn of ids differs from slot to slot.
ALTER TABLE node ADD COLUMN slot integer NOT NULL UNIQUE;
ALTER TABLE node ADD CONSTRAINT node_slot_in_range CHECK (slot BETWEEN 0 AND 255);

-- The work is shared among those that stay.
ALTER TABLE node ADD COLUMN leaving boolean NOT NULL DEFAULT false;

-- A slot that has another node goes on behind what was drawn with it.
CREATE TABLE id_slot (
  slot integer PRIMARY KEY,
  reserved bigint NOT NULL
);
INSERT INTO id_slot (slot, reserved)
SELECT n, (SELECT value FROM meta WHERE key = 'id_reserved')
FROM generate_series(0, 255) AS n;

-- Who sends for the endpoints of a partition: nobody else writes what comes of it. It has no owner
-- once its node has given it back or was removed.
CREATE TABLE partition (
  id integer PRIMARY KEY,
  owner bigint REFERENCES node (id) ON DELETE SET NULL,
  -- Raised with every owner.
  epoch bigint NOT NULL DEFAULT 0
);
INSERT INTO partition (id)
SELECT generate_series(0, 255);

-- Whoever keeps a copy of the endpoints, or of keys and event types, sees by these that it is out
-- of date. An endpoint has the version that it was changed with; a transaction raises them last of
-- all, so that they are committed in their order.
CREATE TABLE version (
  what text COLLATE "C" PRIMARY KEY,
  value bigint NOT NULL
);
INSERT INTO version (what, value) VALUES ('endpoints', 0), ('settings', 0);
ALTER TABLE endpoint ADD COLUMN version bigint NOT NULL DEFAULT 0;
CREATE INDEX endpoint_version ON endpoint (version);

-- The instants of a row are of the clock of this boot; see Clock::boot().
ALTER TABLE recent_send ADD COLUMN boot bigint NOT NULL DEFAULT 0;
DELETE FROM meta WHERE key = 'boot';

CREATE INDEX endpoint_failing ON endpoint (id)
WHERE failing_since_ms IS NOT NULL AND deleted_at_ms IS NULL;
