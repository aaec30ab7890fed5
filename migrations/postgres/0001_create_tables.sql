-- Row ids are drawn by the store: Unix milliseconds << 20 | count (lib/domain/id.h). Text that is
-- ordered or looked up is compared byte by byte, whatever the locale of the database. What may be no
-- valid text is bytea. What a delivery and an attempt refer to is looked up by the statements that
-- insert them, for all rows at once: foreign keys would ask row by row, a third on top of the time of
-- a batch, and lock the endpoint's row for every delivery.

CREATE TABLE meta (
  key text COLLATE "C" PRIMARY KEY,
  value bigint NOT NULL
);

INSERT INTO meta (key, value)
VALUES
  -- The 60 bits that make the ids of this database its own: random bits of a version 4 UUID, less
  -- the digits that stand for its version and variant.
  (
    'id_salt',
    (
      'x0' || substr(replace(gen_random_uuid()::text, '-', ''), 1, 12)
      || substr(replace(gen_random_uuid()::text, '-', ''), 21, 3)
    )::bit(64)::bigint
  ),
  -- The most that an id's time was ever later than the creation it stands for.
  ('id_lead_ms', 0),
  -- No id above this one has been drawn.
  ('id_reserved', 0);

CREATE TABLE event (
  id bigint PRIMARY KEY,
  created_at_ms bigint NOT NULL,
  deliver_at_ms bigint,
  expires_at_ms bigint,
  tenant text COLLATE "C" NOT NULL,
  type text COLLATE "C" NOT NULL,
  ordering_key text COLLATE "C",
  channels text,
  traceparent text,
  tracestate text,
  metadata text,
  -- JSON as it came in, byte for byte.
  data text NOT NULL
);

CREATE INDEX event_tenant ON event (tenant, id);

CREATE TABLE endpoint (
  id bigint PRIMARY KEY,
  tenant text COLLATE "C" NOT NULL,
  state text COLLATE "C" NOT NULL,
  state_reason text COLLATE "C",
  state_changed_at_ms bigint NOT NULL,
  created_at_ms bigint NOT NULL,
  updated_at_ms bigint NOT NULL,
  failing_since_ms bigint,
  failed_attempts_count bigint NOT NULL DEFAULT 0,
  -- A deleted endpoint stays for as long as deliveries name it.
  deleted_at_ms bigint,
  config text NOT NULL,
  CONSTRAINT endpoint_state_known CHECK (state IN ('active', 'paused', 'disabled')),
  CONSTRAINT endpoint_reason_iff_disabled CHECK ((state = 'disabled') = (state_reason IS NOT NULL))
);

CREATE INDEX endpoint_tenant ON endpoint (tenant, id) WHERE deleted_at_ms IS NULL;
CREATE INDEX endpoint_deleted ON endpoint (id) WHERE deleted_at_ms IS NOT NULL;

CREATE TABLE endpoint_secret (
  endpoint_id bigint NOT NULL CONSTRAINT endpoint_secret_of_endpoint REFERENCES endpoint (id),
  -- 0 is the newest.
  position bigint NOT NULL,
  created_at_ms bigint NOT NULL,
  expires_at_ms bigint,
  value bytea NOT NULL,
  PRIMARY KEY (endpoint_id, position),
  CONSTRAINT endpoint_secret_not_empty CHECK (value <> '')
);

CREATE INDEX endpoint_secret_expiry ON endpoint_secret (expires_at_ms)
WHERE expires_at_ms IS NOT NULL;

CREATE TABLE delivery (
  id bigint PRIMARY KEY,
  event_id bigint NOT NULL,
  endpoint_id bigint NOT NULL,
  due_at_ms bigint,
  -- The event's, so that an index finds what expires.
  expires_at_ms bigint,
  finished_at_ms bigint,
  attempts_count integer NOT NULL DEFAULT 0,
  schedule_attempts_count integer NOT NULL DEFAULT 0,
  round integer NOT NULL DEFAULT 0,
  discarded boolean NOT NULL DEFAULT false,
  state text COLLATE "C" NOT NULL,
  dead_reason text COLLATE "C",
  CONSTRAINT delivery_state_known CHECK (state IN ('pending', 'delivered', 'dead', 'cancelled')),
  CONSTRAINT delivery_due_iff_pending CHECK ((state = 'pending') = (due_at_ms IS NOT NULL)),
  CONSTRAINT delivery_finished_iff_not_pending
    CHECK ((state = 'pending') = (finished_at_ms IS NULL)),
  CONSTRAINT delivery_reason_iff_dead CHECK ((state = 'dead') = (dead_reason IS NOT NULL)),
  CONSTRAINT delivery_discarded_only_dead CHECK (NOT discarded OR state = 'dead')
);

CREATE UNIQUE INDEX delivery_event ON delivery (event_id, endpoint_id);
CREATE INDEX delivery_endpoint ON delivery (endpoint_id, id);
CREATE INDEX delivery_due ON delivery (endpoint_id, due_at_ms, id) WHERE state = 'pending';
CREATE INDEX delivery_expiry ON delivery (expires_at_ms, id)
WHERE state = 'pending' AND expires_at_ms IS NOT NULL;
CREATE INDEX delivery_dead ON delivery (finished_at_ms, id)
WHERE state = 'dead' AND NOT discarded;
CREATE INDEX delivery_dead_endpoint ON delivery (endpoint_id, finished_at_ms, id)
WHERE state = 'dead' AND NOT discarded;

CREATE TABLE attempt (
  delivery_id bigint NOT NULL,
  id bigint NOT NULL,
  started_at_ms bigint NOT NULL,
  duration_ms bigint NOT NULL,
  number integer NOT NULL,
  status integer NOT NULL,
  outcome text COLLATE "C" NOT NULL,
  -- May repeat a receiver's own words.
  error bytea,
  response_excerpt bytea,
  PRIMARY KEY (delivery_id, number),
  CONSTRAINT attempt_number_from_one CHECK (number >= 1)
);

CREATE TABLE idempotency (
  -- Grows with time: retention walks it from the oldest without an index on the instant.
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  created_at_ms bigint NOT NULL,
  tenant text COLLATE "C" NOT NULL,
  key text COLLATE "C" NOT NULL,
  body_sha256 bytea NOT NULL,
  answer bytea NOT NULL,
  CONSTRAINT idempotency_hash_is_sha256 CHECK (length(body_sha256) = 32)
);

CREATE UNIQUE INDEX idempotency_key ON idempotency (tenant, key);

-- Producers insert here with any client. Not checked: a bad row must go in to be reported.
CREATE TABLE outbox (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  type text,
  data text,
  tenant text,
  channels text,
  metadata text,
  ordering_key text,
  deliver_at text,
  expires_at text,
  idempotency_key text,
  traceparent text
);

CREATE TABLE outbox_rejected (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  reason text,
  rejected_at_ms bigint,
  type text,
  data text,
  tenant text,
  channels text,
  metadata text,
  ordering_key text,
  deliver_at text,
  expires_at text,
  idempotency_key text,
  traceparent text
);

CREATE TABLE api_key (
  id bigint PRIMARY KEY,
  created_at_ms bigint NOT NULL,
  expires_at_ms bigint,
  scope text COLLATE "C" NOT NULL,
  tenant text COLLATE "C",
  -- What people call it: JSON can say more than text can hold.
  name bytea NOT NULL,
  sha256 bytea NOT NULL,
  CONSTRAINT api_key_scope_known CHECK (scope IN ('admin', 'emit', 'read', 'tenant')),
  CONSTRAINT api_key_tenant_iff_scope_tenant CHECK ((scope = 'tenant') = (tenant IS NOT NULL)),
  CONSTRAINT api_key_hash_is_sha256 CHECK (length(sha256) = 32)
);

CREATE UNIQUE INDEX api_key_hash ON api_key (sha256);

CREATE TABLE event_type (
  name text COLLATE "C" PRIMARY KEY,
  archived boolean NOT NULL DEFAULT false,
  created_at_ms bigint NOT NULL,
  updated_at_ms bigint NOT NULL,
  description bytea NOT NULL,
  schema bytea
);

CREATE TABLE task (
  id bigint PRIMARY KEY,
  endpoint_id bigint,
  since_ms bigint,
  until_ms bigint,
  total bigint NOT NULL,
  done bigint NOT NULL DEFAULT 0,
  skipped bigint NOT NULL DEFAULT 0,
  created_at_ms bigint NOT NULL,
  updated_at_ms bigint NOT NULL,
  kind text COLLATE "C" NOT NULL,
  state text COLLATE "C" NOT NULL,
  tenant text COLLATE "C",
  type text COLLATE "C",
  reason text COLLATE "C",
  cursor text COLLATE "C" NOT NULL DEFAULT '',
  error bytea,
  CONSTRAINT task_kind_known
    CHECK (kind IN ('replay_dead_letters', 'discard_dead_letters', 'recover_endpoint')),
  CONSTRAINT task_state_known CHECK (state IN ('running', 'done', 'failed', 'cancelled')),
  CONSTRAINT task_error_iff_failed CHECK ((state = 'failed') = (error IS NOT NULL))
);

CREATE INDEX task_running ON task (id) WHERE state = 'running';

-- One row per minute and endpoint, and one with endpoint_id 0 per minute and tenant.
CREATE TABLE stat (
  minute_ms bigint NOT NULL,
  tenant text COLLATE "C" NOT NULL,
  endpoint_id bigint NOT NULL,
  events bigint NOT NULL,
  delivered bigint NOT NULL,
  dead bigint NOT NULL,
  attempts_2xx bigint NOT NULL,
  attempts_3xx bigint NOT NULL,
  attempts_4xx bigint NOT NULL,
  attempts_5xx bigint NOT NULL,
  attempts_timeout bigint NOT NULL,
  attempts_connect bigint NOT NULL,
  attempts_tls bigint NOT NULL,
  attempts_dns bigint NOT NULL,
  attempts_blocked bigint NOT NULL,
  duration_sum_ms bigint NOT NULL,
  PRIMARY KEY (minute_ms, tenant, endpoint_id)
);

CREATE INDEX stat_endpoint ON stat (endpoint_id, minute_ms);
