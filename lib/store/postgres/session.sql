-- Sessions and transactions.

-- name: set_up_session
-- The search_path is one schema, whatever a role or database setting says later, and temporary
-- tables do not hide its tables. The timeouts keep a process that hangs or is cut off from blocking
-- others. The start times of the first process and of the statistics identify one run of the
-- server: the process may survive a crash, but the statistics do not. Each query has one plan that
-- suits any amount of data: it reads ranges of indexes in their order. The plan is kept; see
-- forget_plans.
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
-- A plan that was made while the tables were almost empty may use an index only because it was
-- small.
DISCARD PLANS

-- name: begin_write
-- Overrides the default of the role or the database: statements must see what other sessions have
-- just committed.
BEGIN ISOLATION LEVEL READ COMMITTED

-- name: begin_read
BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY

-- name: commit
COMMIT

-- name: rollback
ROLLBACK

-- name: savepoint
-- Two names alternate, so that a rollback to the savepoint of one command never undoes another
-- command.
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
-- Used by the store within a command, to undo only a part of it.
SAVEPOINT part

-- name: release_inner_savepoint
RELEASE SAVEPOINT part

-- name: rollback_to_inner_savepoint
ROLLBACK TO SAVEPOINT part

-- name: transaction_id
-- NULL if the transaction has written nothing.
SELECT pg_current_xact_id_if_assigned()::text

-- name: end_process
-- Ends the process and waits for its end; false if it has not ended after two seconds. No row if it
-- had already ended.
SELECT pg_terminate_backend(pid, 2000)
FROM pg_stat_activity
WHERE pid = :process AND usename = current_user AND application_name = current_setting('application_name')

-- name: transaction_status
SELECT pg_xact_status(:id::text::xid8)

-- name: wait_for_standbys
-- Commits by itself. Standbys receive commits in order: once they have this one, they have all
-- earlier ones.
UPDATE meta
SET value = value
WHERE key = 'id_reserved'
