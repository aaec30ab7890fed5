-- Sessions and transactions.

-- name: set_up_session
-- Tables are found in one schema whatever a later role or database setting says, and never hidden
-- by temporary ones. The time-outs keep a process that hangs, or that is cut off,
-- from holding others up.
-- The start of a server's first process and of its statistics stand for one run of it: the process
-- may survive a crash, the statistics do not.
-- Each query has one plan that is right however much is there: from range to range of an index, in
-- its order. It is kept; see forget_plans.
SELECT
  current_schema(),
  current_setting('synchronous_commit'),
  current_setting('server_encoding'),
  pg_is_in_recovery(),
  current_setting('transaction_read_only'),
  concat(pg_postmaster_start_time(), ' ', (SELECT stats_reset FROM pg_stat_bgwriter)),
  set_config('search_path', quote_ident(current_schema()) || ', pg_temp', false),
  set_config('TimeZone', 'UTC', false),
  set_config('lock_timeout', '1s', false),
  set_config('idle_in_transaction_session_timeout', '10s', false),
  set_config('tcp_keepalives_idle', '5', false),
  set_config('tcp_keepalives_interval', '2', false),
  set_config('tcp_keepalives_count', '3', false),
  set_config('plan_cache_mode', 'force_generic_plan', false),
  set_config('enable_seqscan', 'off', false),
  set_config('enable_bitmapscan', 'off', false),
  set_config('enable_hashjoin', 'off', false),
  set_config('enable_mergejoin', 'off', false),
  set_config('enable_memoize', 'off', false),
  set_config('jit', 'off', false)

-- name: forget_plans
-- A plan that was made while there was next to nothing may use an index for its size alone.
DISCARD PLANS

-- name: begin_write
-- Whatever the role or the database has as its default: what another session has just committed has
-- to be seen, such as who writes.
BEGIN ISOLATION LEVEL READ COMMITTED

-- name: begin_read
BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY

-- name: commit
COMMIT

-- name: rollback
ROLLBACK

-- name: savepoint
-- Two names in turn: going back to the savepoint of one command can never undo another's.
SAVEPOINT command

-- name: release_savepoint
RELEASE SAVEPOINT command

-- name: rollback_to_savepoint
ROLLBACK TO SAVEPOINT command

-- name: other_savepoint
SAVEPOINT other_command

-- name: release_other_savepoint
RELEASE SAVEPOINT other_command

-- name: rollback_to_other_savepoint
ROLLBACK TO SAVEPOINT other_command

-- name: inner_savepoint
-- Of a statement of the store, inside a command: what it undoes is tried again another way.
SAVEPOINT part

-- name: release_inner_savepoint
RELEASE SAVEPOINT part

-- name: rollback_to_inner_savepoint
ROLLBACK TO SAVEPOINT part

-- name: transaction_id
-- NULL while the transaction has written nothing.
SELECT pg_current_xact_id_if_assigned()::text

-- name: end_process
-- Waits until it is gone: false when it is not. No row when it has gone already.
SELECT pg_terminate_backend(pid, 2000)
FROM pg_stat_activity
WHERE pid = :process AND usename = current_user AND application_name = current_setting('application_name')

-- name: transaction_status
SELECT pg_xact_status(:id::text::xid8)

-- name: wait_for_standbys
-- Committed by itself. Standbys get what is committed in its order: once they have this, they have
-- all that was committed before.
UPDATE meta
SET value = value
WHERE key = 'id_reserved'
