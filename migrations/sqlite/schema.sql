-- Generated from the migrations; see tests/unit/store_sqlite.

CREATE TABLE api_key (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL,
  scope TEXT NOT NULL,
  tenant TEXT,
  sha256 BLOB NOT NULL,
  created_at_ms INTEGER NOT NULL,
  expires_at_ms INTEGER, last_used_at_ms INTEGER,
  CONSTRAINT api_key_scope_known CHECK (scope IN ('admin', 'emit', 'read', 'tenant')),
  CONSTRAINT api_key_tenant_iff_scope_tenant CHECK ((scope = 'tenant') = (tenant IS NOT NULL)),
  CONSTRAINT api_key_hash_is_sha256 CHECK (length(sha256) = 32)
) STRICT;

CREATE UNIQUE INDEX api_key_hash ON api_key (sha256);

CREATE TABLE attempt (
  delivery_id INTEGER NOT NULL REFERENCES delivery (id),
  number INTEGER NOT NULL,
  id INTEGER NOT NULL,
  started_at_ms INTEGER NOT NULL,
  duration_ms INTEGER NOT NULL,
  status INTEGER NOT NULL,
  outcome TEXT NOT NULL,
  error TEXT,
  response_excerpt BLOB,
  PRIMARY KEY (delivery_id, number),
  CONSTRAINT attempt_number_from_one CHECK (number >= 1)
) STRICT, WITHOUT ROWID;

CREATE TABLE delivery (
  id INTEGER PRIMARY KEY,
  event_id INTEGER NOT NULL REFERENCES event (id),
  endpoint_id INTEGER NOT NULL REFERENCES endpoint (id),
  state TEXT NOT NULL,
  due_at_ms INTEGER,
  -- The event's, so that an index finds what expires.
  expires_at_ms INTEGER,
  attempts_count INTEGER NOT NULL DEFAULT 0,
  schedule_attempts_count INTEGER NOT NULL DEFAULT 0,
  round INTEGER NOT NULL DEFAULT 0,
  dead_reason TEXT,
  finished_at_ms INTEGER,
  discarded INTEGER NOT NULL DEFAULT 0, lane_key TEXT,
  CONSTRAINT delivery_state_known CHECK (
    state = 'pending' OR state = 'delivered' OR state = 'dead' OR state = 'cancelled'
  ),
  CONSTRAINT delivery_due_iff_pending CHECK ((state = 'pending') = (due_at_ms IS NOT NULL)),
  CONSTRAINT delivery_finished_iff_not_pending
    CHECK ((state = 'pending') = (finished_at_ms IS NULL)),
  CONSTRAINT delivery_reason_iff_dead CHECK ((state = 'dead') = (dead_reason IS NOT NULL)),
  CONSTRAINT delivery_discarded_only_dead CHECK (discarded = 0 OR (discarded = 1 AND state = 'dead'))
) STRICT;

CREATE INDEX delivery_dead ON delivery (finished_at_ms, id)
WHERE state = 'dead' AND discarded = 0;

CREATE INDEX delivery_dead_endpoint ON delivery (endpoint_id, finished_at_ms, id)
WHERE state = 'dead' AND discarded = 0;

CREATE INDEX delivery_due ON delivery (endpoint_id, due_at_ms, id)
WHERE state = 'pending' AND lane_key IS NULL;

CREATE INDEX delivery_endpoint ON delivery (endpoint_id, id);

CREATE UNIQUE INDEX delivery_event ON delivery (event_id, endpoint_id);

CREATE INDEX delivery_expiry ON delivery (expires_at_ms, id)
WHERE state = 'pending' AND expires_at_ms IS NOT NULL;

CREATE INDEX delivery_ordered ON delivery (endpoint_id, lane_key, id, due_at_ms)
WHERE state = 'pending' AND lane_key IS NOT NULL;

CREATE TABLE endpoint (
  id INTEGER PRIMARY KEY,
  tenant TEXT NOT NULL,
  state TEXT NOT NULL,
  state_reason TEXT,
  state_changed_at_ms INTEGER NOT NULL,
  created_at_ms INTEGER NOT NULL,
  updated_at_ms INTEGER NOT NULL,
  failing_since_ms INTEGER,
  failed_attempts_count INTEGER NOT NULL DEFAULT 0,
  -- A deleted endpoint stays for as long as deliveries name it.
  deleted_at_ms INTEGER,
  config TEXT NOT NULL, health_round INTEGER NOT NULL DEFAULT 0, circuit_opened_at_ms INTEGER, next_probe_at_ms INTEGER, probe_delay_ms INTEGER,
  CONSTRAINT endpoint_state_known CHECK (state IN ('active', 'paused', 'disabled')),
  CONSTRAINT endpoint_reason_iff_disabled CHECK ((state = 'disabled') = (state_reason IS NOT NULL))
) STRICT;

CREATE INDEX endpoint_circuit ON endpoint (id)
WHERE circuit_opened_at_ms IS NOT NULL AND deleted_at_ms IS NULL;

CREATE INDEX endpoint_deleted ON endpoint (id) WHERE deleted_at_ms IS NOT NULL;

CREATE INDEX endpoint_failing ON endpoint (id)
WHERE failing_since_ms IS NOT NULL AND deleted_at_ms IS NULL;

CREATE INDEX endpoint_tenant ON endpoint (tenant, id) WHERE deleted_at_ms IS NULL;

CREATE TABLE endpoint_outcome (
  endpoint_id INTEGER PRIMARY KEY REFERENCES endpoint (id) ON DELETE CASCADE,
  success_at_ms INTEGER,
  success_status INTEGER,
  failure_at_ms INTEGER,
  -- 0 when no response arrived.
  failure_status INTEGER,
  failure_outcome TEXT,
  -- For nodes that do not send for the endpoint: those that do know it exactly.
  throttled_until_ms INTEGER,
  rate_limited_until_ms INTEGER,
  CONSTRAINT endpoint_outcome_success_whole
    CHECK ((success_at_ms IS NULL) = (success_status IS NULL)),
  CONSTRAINT endpoint_outcome_failure_whole
    CHECK (
      (failure_at_ms IS NULL) = (failure_status IS NULL)
      AND (failure_at_ms IS NULL) = (failure_outcome IS NULL)
    )
) STRICT;

CREATE TABLE endpoint_secret (
  endpoint_id INTEGER NOT NULL REFERENCES endpoint (id),
  -- 0 is the newest.
  position INTEGER NOT NULL,
  created_at_ms INTEGER NOT NULL,
  expires_at_ms INTEGER,
  value TEXT NOT NULL,
  PRIMARY KEY (endpoint_id, position),
  CONSTRAINT endpoint_secret_not_empty CHECK (value <> '')
) STRICT, WITHOUT ROWID;

CREATE INDEX endpoint_secret_expiry ON endpoint_secret (expires_at_ms)
WHERE expires_at_ms IS NOT NULL;

CREATE TABLE event (
  id INTEGER PRIMARY KEY,
  tenant TEXT NOT NULL,
  type TEXT NOT NULL,
  created_at_ms INTEGER NOT NULL,
  deliver_at_ms INTEGER,
  expires_at_ms INTEGER,
  ordering_key TEXT,
  channels TEXT,
  traceparent TEXT,
  tracestate TEXT,
  metadata TEXT,
  data TEXT NOT NULL
) STRICT;

CREATE INDEX event_tenant ON event (tenant, id);

CREATE TABLE event_type (
  name TEXT PRIMARY KEY,
  archived INTEGER NOT NULL DEFAULT 0,
  created_at_ms INTEGER NOT NULL,
  updated_at_ms INTEGER NOT NULL,
  description TEXT NOT NULL,
  schema TEXT,
  CONSTRAINT event_type_archived_is_boolean CHECK (archived IN (0, 1))
) STRICT, WITHOUT ROWID;

CREATE TABLE idempotency (
  -- Grows with time: retention walks it from the oldest without an index on the instant.
  id INTEGER PRIMARY KEY,
  tenant TEXT NOT NULL,
  key TEXT NOT NULL,
  created_at_ms INTEGER NOT NULL,
  body_sha256 BLOB NOT NULL,
  answer BLOB NOT NULL,
  CONSTRAINT idempotency_hash_is_sha256 CHECK (length(body_sha256) = 32)
) STRICT;

CREATE UNIQUE INDEX idempotency_key ON idempotency (tenant, key);

CREATE TABLE meta (
  key TEXT PRIMARY KEY,
  value INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE migration (
  number INTEGER PRIMARY KEY,
  name TEXT NOT NULL,
  checksum TEXT NOT NULL
) STRICT;

CREATE TABLE outbox (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  type TEXT,
  data TEXT,
  tenant TEXT,
  channels TEXT,
  metadata TEXT,
  ordering_key TEXT,
  deliver_at TEXT,
  expires_at TEXT,
  idempotency_key TEXT,
  traceparent TEXT
);

CREATE TABLE outbox_rejected (
  id INTEGER PRIMARY KEY,
  reason TEXT,
  rejected_at_ms INTEGER,
  type TEXT,
  data TEXT,
  tenant TEXT,
  channels TEXT,
  metadata TEXT,
  ordering_key TEXT,
  deliver_at TEXT,
  expires_at TEXT,
  idempotency_key TEXT,
  traceparent TEXT
);

CREATE TABLE recent_send (
  endpoint_id INTEGER NOT NULL,
  -- By the monotonic clock, which goes on over a restart of the process but not of the machine:
  -- meta.boot says which of them it was.
  sent_at_us INTEGER NOT NULL,
  id INTEGER NOT NULL, boot INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (endpoint_id, sent_at_us, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE stat (
  minute_ms INTEGER NOT NULL,
  tenant TEXT NOT NULL,
  endpoint_id INTEGER NOT NULL,
  events INTEGER NOT NULL,
  delivered INTEGER NOT NULL,
  dead INTEGER NOT NULL,
  attempts_2xx INTEGER NOT NULL,
  attempts_3xx INTEGER NOT NULL,
  attempts_4xx INTEGER NOT NULL,
  attempts_5xx INTEGER NOT NULL,
  attempts_timeout INTEGER NOT NULL,
  attempts_connect INTEGER NOT NULL,
  attempts_tls INTEGER NOT NULL,
  attempts_dns INTEGER NOT NULL,
  attempts_blocked INTEGER NOT NULL,
  duration_sum_ms INTEGER NOT NULL,
  PRIMARY KEY (minute_ms, tenant, endpoint_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX stat_endpoint ON stat (endpoint_id, minute_ms);

CREATE TABLE task (
  id INTEGER PRIMARY KEY,
  kind TEXT NOT NULL,
  state TEXT NOT NULL,
  tenant TEXT,
  endpoint_id INTEGER,
  type TEXT,
  reason TEXT,
  since_ms INTEGER,
  until_ms INTEGER,
  total INTEGER NOT NULL,
  done INTEGER NOT NULL DEFAULT 0,
  skipped INTEGER NOT NULL DEFAULT 0,
  created_at_ms INTEGER NOT NULL,
  updated_at_ms INTEGER NOT NULL,
  cursor TEXT NOT NULL DEFAULT '',
  error TEXT,
  CONSTRAINT task_kind_known
    CHECK (kind IN ('replay_dead_letters', 'discard_dead_letters', 'recover_endpoint')),
  CONSTRAINT task_state_known CHECK (state IN ('running', 'done', 'failed', 'cancelled')),
  CONSTRAINT task_error_iff_failed CHECK ((state = 'failed') = (error IS NOT NULL))
) STRICT;

CREATE INDEX task_running ON task (id) WHERE state = 'running';
