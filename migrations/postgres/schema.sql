-- Generated from the migrations; see tests/unit/store_postgres.

CREATE TABLE api_key (
  id bigint NOT NULL,
  created_at_ms bigint NOT NULL,
  expires_at_ms bigint,
  scope text COLLATE "C" NOT NULL,
  tenant text COLLATE "C",
  name bytea NOT NULL,
  sha256 bytea NOT NULL,
  last_used_at_ms bigint,
  CONSTRAINT api_key_hash_is_sha256 CHECK ((length(sha256) = 32)),
  CONSTRAINT api_key_pkey PRIMARY KEY (id),
  CONSTRAINT api_key_scope_known CHECK ((scope = ANY (ARRAY['admin'::text, 'emit'::text, 'read'::text, 'tenant'::text]))),
  CONSTRAINT api_key_tenant_iff_scope_tenant CHECK (((scope = 'tenant'::text) = (tenant IS NOT NULL)))
);
CREATE UNIQUE INDEX api_key_hash ON public.api_key USING btree (sha256);

CREATE TABLE attempt (
  delivery_id bigint NOT NULL,
  id bigint NOT NULL,
  started_at_ms bigint NOT NULL,
  duration_ms bigint NOT NULL,
  number integer NOT NULL,
  status integer NOT NULL,
  outcome text COLLATE "C" NOT NULL,
  error bytea,
  response_excerpt bytea,
  CONSTRAINT attempt_number_from_one CHECK ((number >= 1)),
  CONSTRAINT attempt_pkey PRIMARY KEY (delivery_id, number)
);

CREATE TABLE delivery (
  id bigint NOT NULL,
  event_id bigint NOT NULL,
  endpoint_id bigint NOT NULL,
  due_at_ms bigint,
  expires_at_ms bigint,
  finished_at_ms bigint,
  attempts_count integer DEFAULT 0 NOT NULL,
  schedule_attempts_count integer DEFAULT 0 NOT NULL,
  round integer DEFAULT 0 NOT NULL,
  discarded boolean DEFAULT false NOT NULL,
  state text COLLATE "C" NOT NULL,
  dead_reason text COLLATE "C",
  lane_key text COLLATE "C",
  CONSTRAINT delivery_discarded_only_dead CHECK (((NOT discarded) OR (state = 'dead'::text))),
  CONSTRAINT delivery_due_iff_pending CHECK (((state = 'pending'::text) = (due_at_ms IS NOT NULL))),
  CONSTRAINT delivery_finished_iff_not_pending CHECK (((state = 'pending'::text) = (finished_at_ms IS NULL))),
  CONSTRAINT delivery_pkey PRIMARY KEY (id),
  CONSTRAINT delivery_reason_iff_dead CHECK (((state = 'dead'::text) = (dead_reason IS NOT NULL))),
  CONSTRAINT delivery_state_known CHECK ((state = ANY (ARRAY['pending'::text, 'delivered'::text, 'dead'::text, 'cancelled'::text])))
);
CREATE INDEX delivery_dead ON public.delivery USING btree (finished_at_ms, id) WHERE ((state = 'dead'::text) AND (NOT discarded));
CREATE INDEX delivery_dead_endpoint ON public.delivery USING btree (endpoint_id, finished_at_ms, id) WHERE ((state = 'dead'::text) AND (NOT discarded));
CREATE INDEX delivery_due ON public.delivery USING btree (endpoint_id, due_at_ms, id) WHERE ((state = 'pending'::text) AND (lane_key IS NULL));
CREATE INDEX delivery_endpoint ON public.delivery USING btree (endpoint_id, id);
CREATE UNIQUE INDEX delivery_event ON public.delivery USING btree (event_id, endpoint_id);
CREATE INDEX delivery_expiry ON public.delivery USING btree (expires_at_ms, id) WHERE ((state = 'pending'::text) AND (expires_at_ms IS NOT NULL));
CREATE INDEX delivery_ordered ON public.delivery USING btree (endpoint_id, lane_key, id, due_at_ms) WHERE ((state = 'pending'::text) AND (lane_key IS NOT NULL));

CREATE TABLE endpoint (
  id bigint NOT NULL,
  tenant text COLLATE "C" NOT NULL,
  state text COLLATE "C" NOT NULL,
  state_reason text COLLATE "C",
  state_changed_at_ms bigint NOT NULL,
  created_at_ms bigint NOT NULL,
  updated_at_ms bigint NOT NULL,
  failing_since_ms bigint,
  failed_attempts_count bigint DEFAULT 0 NOT NULL,
  deleted_at_ms bigint,
  config text NOT NULL,
  health_round integer DEFAULT 0 NOT NULL,
  circuit_opened_at_ms bigint,
  next_probe_at_ms bigint,
  probe_delay_ms bigint,
  version bigint DEFAULT 0 NOT NULL,
  CONSTRAINT endpoint_pkey PRIMARY KEY (id),
  CONSTRAINT endpoint_reason_iff_disabled CHECK (((state = 'disabled'::text) = (state_reason IS NOT NULL))),
  CONSTRAINT endpoint_state_known CHECK ((state = ANY (ARRAY['active'::text, 'paused'::text, 'disabled'::text])))
);
CREATE INDEX endpoint_circuit ON public.endpoint USING btree (id) WHERE ((circuit_opened_at_ms IS NOT NULL) AND (deleted_at_ms IS NULL));
CREATE INDEX endpoint_deleted ON public.endpoint USING btree (id) WHERE (deleted_at_ms IS NOT NULL);
CREATE INDEX endpoint_failing ON public.endpoint USING btree (id) WHERE ((failing_since_ms IS NOT NULL) AND (deleted_at_ms IS NULL));
CREATE INDEX endpoint_tenant ON public.endpoint USING btree (tenant, id) WHERE (deleted_at_ms IS NULL);
CREATE INDEX endpoint_version ON public.endpoint USING btree (version);

CREATE TABLE endpoint_outcome (
  endpoint_id bigint NOT NULL,
  success_at_ms bigint,
  success_status integer,
  failure_at_ms bigint,
  failure_status integer,
  failure_outcome text COLLATE "C",
  throttled_until_ms bigint,
  rate_limited_until_ms bigint,
  CONSTRAINT endpoint_outcome_endpoint_id_fkey FOREIGN KEY (endpoint_id) REFERENCES endpoint(id) ON DELETE CASCADE,
  CONSTRAINT endpoint_outcome_failure_whole CHECK ((((failure_at_ms IS NULL) = (failure_status IS NULL)) AND ((failure_at_ms IS NULL) = (failure_outcome IS NULL)))),
  CONSTRAINT endpoint_outcome_pkey PRIMARY KEY (endpoint_id),
  CONSTRAINT endpoint_outcome_success_whole CHECK (((success_at_ms IS NULL) = (success_status IS NULL)))
);

CREATE TABLE endpoint_secret (
  endpoint_id bigint NOT NULL,
  position bigint NOT NULL,
  created_at_ms bigint NOT NULL,
  expires_at_ms bigint,
  value bytea NOT NULL,
  CONSTRAINT endpoint_secret_not_empty CHECK ((value <> '\x'::bytea)),
  CONSTRAINT endpoint_secret_of_endpoint FOREIGN KEY (endpoint_id) REFERENCES endpoint(id),
  CONSTRAINT endpoint_secret_pkey PRIMARY KEY (endpoint_id, "position")
);
CREATE INDEX endpoint_secret_expiry ON public.endpoint_secret USING btree (expires_at_ms) WHERE (expires_at_ms IS NOT NULL);

CREATE TABLE event (
  id bigint NOT NULL,
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
  data text NOT NULL,
  CONSTRAINT event_pkey PRIMARY KEY (id)
);
CREATE INDEX event_tenant ON public.event USING btree (tenant, id);

CREATE TABLE event_type (
  name text COLLATE "C" NOT NULL,
  archived boolean DEFAULT false NOT NULL,
  created_at_ms bigint NOT NULL,
  updated_at_ms bigint NOT NULL,
  description bytea NOT NULL,
  schema bytea,
  CONSTRAINT event_type_pkey PRIMARY KEY (name)
);

CREATE TABLE id_slot (
  slot integer NOT NULL,
  reserved bigint NOT NULL,
  CONSTRAINT id_slot_pkey PRIMARY KEY (slot)
);

CREATE TABLE idempotency (
  id bigint GENERATED ALWAYS AS IDENTITY NOT NULL,
  created_at_ms bigint NOT NULL,
  tenant text COLLATE "C" NOT NULL,
  key text COLLATE "C" NOT NULL,
  body_sha256 bytea NOT NULL,
  answer bytea NOT NULL,
  CONSTRAINT idempotency_hash_is_sha256 CHECK ((length(body_sha256) = 32)),
  CONSTRAINT idempotency_pkey PRIMARY KEY (id)
);
CREATE UNIQUE INDEX idempotency_key ON public.idempotency USING btree (tenant, key);

CREATE TABLE meta (
  key text COLLATE "C" NOT NULL,
  value bigint NOT NULL,
  CONSTRAINT meta_pkey PRIMARY KEY (key)
);

CREATE TABLE migration (
  number bigint NOT NULL,
  name text NOT NULL,
  checksum text NOT NULL,
  CONSTRAINT migration_pkey PRIMARY KEY (number)
);

CREATE TABLE node (
  id bigint GENERATED ALWAYS AS IDENTITY NOT NULL,
  lease_until timestamp with time zone NOT NULL,
  slot integer NOT NULL,
  leaving boolean DEFAULT false NOT NULL,
  CONSTRAINT node_pkey PRIMARY KEY (id),
  CONSTRAINT node_slot_in_range CHECK (((slot >= 0) AND (slot <= 255))),
  CONSTRAINT node_slot_key UNIQUE (slot)
);

CREATE TABLE outbox (
  id bigint GENERATED ALWAYS AS IDENTITY NOT NULL,
  type text,
  data text,
  tenant text,
  channels text,
  metadata text,
  ordering_key text,
  deliver_at text,
  expires_at text,
  idempotency_key text,
  traceparent text,
  CONSTRAINT outbox_pkey PRIMARY KEY (id)
);

CREATE TABLE outbox_rejected (
  id bigint GENERATED ALWAYS AS IDENTITY NOT NULL,
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
  traceparent text,
  CONSTRAINT outbox_rejected_pkey PRIMARY KEY (id)
);

CREATE TABLE partition (
  id integer NOT NULL,
  owner bigint,
  epoch bigint DEFAULT 0 NOT NULL,
  CONSTRAINT partition_owner_fkey FOREIGN KEY (owner) REFERENCES node(id) ON DELETE SET NULL,
  CONSTRAINT partition_pkey PRIMARY KEY (id)
);

CREATE TABLE recent_send (
  endpoint_id bigint NOT NULL,
  sent_at_us bigint NOT NULL,
  id bigint NOT NULL,
  boot bigint DEFAULT 0 NOT NULL,
  CONSTRAINT recent_send_pkey PRIMARY KEY (endpoint_id, sent_at_us, id)
);

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
  CONSTRAINT stat_pkey PRIMARY KEY (minute_ms, tenant, endpoint_id)
);
CREATE INDEX stat_endpoint ON public.stat USING btree (endpoint_id, minute_ms);

CREATE TABLE task (
  id bigint NOT NULL,
  endpoint_id bigint,
  since_ms bigint,
  until_ms bigint,
  total bigint NOT NULL,
  done bigint DEFAULT 0 NOT NULL,
  skipped bigint DEFAULT 0 NOT NULL,
  created_at_ms bigint NOT NULL,
  updated_at_ms bigint NOT NULL,
  kind text COLLATE "C" NOT NULL,
  state text COLLATE "C" NOT NULL,
  tenant text COLLATE "C",
  type text COLLATE "C",
  reason text COLLATE "C",
  cursor text COLLATE "C" DEFAULT ''::text NOT NULL,
  error bytea,
  CONSTRAINT task_error_iff_failed CHECK (((state = 'failed'::text) = (error IS NOT NULL))),
  CONSTRAINT task_kind_known CHECK ((kind = ANY (ARRAY['replay_dead_letters'::text, 'discard_dead_letters'::text, 'recover_endpoint'::text]))),
  CONSTRAINT task_pkey PRIMARY KEY (id),
  CONSTRAINT task_state_known CHECK ((state = ANY (ARRAY['running'::text, 'done'::text, 'failed'::text, 'cancelled'::text])))
);
CREATE INDEX task_running ON public.task USING btree (id) WHERE (state = 'running'::text);

CREATE TABLE version (
  what text COLLATE "C" NOT NULL,
  value bigint NOT NULL,
  CONSTRAINT version_pkey PRIMARY KEY (what)
);

CREATE OR REPLACE FUNCTION public.require_node(node_id bigint)
 RETURNS void
 LANGUAGE plpgsql
AS $function$
BEGIN
  PERFORM FROM node WHERE id = node_id FOR KEY SHARE;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'another node has followed this one, whose lease had ended'
      USING ERRCODE = 'PR001';
  END IF;
END
$function$
