-- What each endpoint did last: written every few seconds, not by the transaction that settles an
-- attempt.
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

PRAGMA user_version = 7;
