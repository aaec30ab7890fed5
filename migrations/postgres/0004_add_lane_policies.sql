-- What rate limits and circuits have to remember over a restart.

-- The requests of the last period of each endpoint that has a rate limit, and of no other.
CREATE TABLE recent_send (
  endpoint_id bigint NOT NULL,
  -- By the monotonic clock, which goes on over a restart of the process but not of the machine:
  -- meta.boot says which of them it was.
  sent_at_us bigint NOT NULL,
  id bigint NOT NULL,
  PRIMARY KEY (endpoint_id, sent_at_us, id)
);

-- Raised when failures begin anew: answers to older requests say nothing of the endpoint as it is.
ALTER TABLE endpoint ADD COLUMN health_round integer NOT NULL DEFAULT 0;
-- The three are set while the circuit is open.
ALTER TABLE endpoint ADD COLUMN circuit_opened_at_ms bigint;
ALTER TABLE endpoint ADD COLUMN next_probe_at_ms bigint;
-- Without jitter.
ALTER TABLE endpoint ADD COLUMN probe_delay_ms bigint;

CREATE INDEX endpoint_circuit ON endpoint (id)
WHERE circuit_opened_at_ms IS NOT NULL AND deleted_at_ms IS NULL;
