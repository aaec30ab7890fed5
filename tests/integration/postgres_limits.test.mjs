// A PostgreSQL server that has no connection or no space left, or that prefers others.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { test } from 'node:test';

import { NodeUnderLoad } from './support/node_under_load.mjs';
import { PostgresServer } from './support/postgres_server.mjs';
import { postrider } from './support/postrider.mjs';
import { SmallDisk } from './support/small_disk.mjs';
import { never, until } from './support/until.mjs';

/// A server with a role that is no superuser's: those may connect beyond every limit.
async function startWithRole(t) {
  const postgres = await PostgresServer.start(t);
  await postgres.sql('CREATE ROLE app LOGIN; GRANT ALL ON SCHEMA public TO app');
  return { postgres, db: postgres.address({ user: 'app' }) };
}

const sessions = 'SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity ' +
  "WHERE usename = 'app'";

test('a start that gets no connection ends with a sentence that says so', async (t) => {
  const { postgres, db } = await startWithRole(t);
  for (const limit of [0, 2]) {
    await postgres.sql(`ALTER ROLE app CONNECTION LIMIT ${limit}`);
    const refused = await postrider(['serve', '--db', db, '--listen', '127.0.0.1:0']);
    assert.equal(refused.code, 1, refused.out);
    assert.match(refused.err, /too many connections for role "app"/);
  }
});

test('a node that gets no connection any more is not ready, and goes on when there is one', async (t) => {
  const { postgres, db } = await startWithRole(t);
  const node = await NodeUnderLoad.start(t, db);
  await postgres.sql('ALTER ROLE app CONNECTION LIMIT 0');
  await postgres.sql(sessions);
  await node.isNotReady();
  await until('events are refused', () =>
    [...node.load.refused.keys()].some((why) => /too many connections/.test(why)));
  await postgres.sql('ALTER ROLE app CONNECTION LIMIT -1');
  await node.isReadyAgain();
  await node.losesNothing(t);
});

test('a node that can write but not read is not ready', async (t) => {
  const { postgres, db } = await startWithRole(t);
  const node = await NodeUnderLoad.start(t, db);
  const writes = "SELECT pid FROM pg_locks WHERE relation = 'event'::regclass " +
    "AND mode = 'RowExclusiveLock'";
  const writer = await until('the writing session shows itself', () => postgres.sql(writes));
  await postgres.sql('ALTER ROLE app CONNECTION LIMIT 0');
  await postgres.sql(`${sessions} AND pid <> ${writer}`);
  await node.isNotReady({ cannotBe: 'read' });
  await postgres.sql('ALTER ROLE app CONNECTION LIMIT -1');
  await node.isReadyAgain();
  await node.losesNothing(t);
});

/// A server whose cluster is on a small disk, its write-ahead log only when `withLog`. Null where
/// none can be mounted: nothing else is like it, so the test is reported as skipped.
async function startOnSmallDisk(t, { withLog }) {
  const disk = await SmallDisk.make(t, 96);
  if (!disk) {
    t.skip('a file system has to be mounted, which takes root or user namespaces');
    return null;
  }
  const data = join(disk.directory, 'data');
  const isRoot = process.getuid() === 0;
  // Who is root in a user namespace of the disk's is somebody else again for PostgreSQL.
  const wrap = [...disk.wrap, ...(isRoot ? [] : ['unshare', '--map-user=1000', '--map-group=1000'])];
  const options = { data, wrap, log: withLog ? 'with data' : 'apart' };
  return { disk, postgres: await PostgresServer.start(t, options) };
}

/// Takes 4 KiB wherever it is stored.
const incompressible = { text: randomBytes(3_072).toString('base64') };
const ofSpace = { data: incompressible, producers: 4 };

test('a server without space is answered 503 until there is some, also while nobody emits', async (t) => {
  const started = await startOnSmallDisk(t, { withLog: false });
  if (!started) return;
  const { disk, postgres } = started;
  const node = await NodeUnderLoad.start(t, postgres.address(), ofSpace);
  await disk.fill();
  await node.isNotReady();
  await until('the reason is told', () =>
    [...node.load.refused.keys()].some((why) => /No space left on device/.test(why)));
  node.load.pause();
  const isReady = async () => (await node.readiness()).status === 200;
  await never('it is ready', isReady, { forMs: 2_000 });
  await disk.free();
  await node.isReadyAgain();
  node.load.goOn();
  await node.losesNothing(t);
});

test('a server that ends because its log has no space loses nothing that was answered 202', async (t) => {
  const started = await startOnSmallDisk(t, { withLog: true });
  if (!started) return;
  const { disk, postgres } = started;
  const node = await NodeUnderLoad.start(t, postgres.address(), ofSpace);
  await disk.fill();
  await until('the server has given up', async () => {
    // Each takes a further file for the log, until there is none to be had.
    if (postgres.isUp) await postgres.sql('SELECT pg_switch_wal()').catch(() => {});
    return !postgres.isUp;
  }, { withinMs: 30_000 });
  await node.isNotReady();
  await disk.free();
  await postgres.start();
  await node.isReadyAgain();
  await node.losesNothing(t);
});

test('what fails for the sake of another session is tried again or answered 503', async (t) => {
  const postgres = await PostgresServer.start(t);
  const node = await NodeUnderLoad.start(t, postgres.address());
  const fails = (table, code, share) =>
    `CREATE FUNCTION yield_${table}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN ` +
    `IF random() < ${share} THEN RAISE 'chosen as the victim' USING ERRCODE = '${code}'; END IF; ` +
    `RETURN NULL; END $$; CREATE TRIGGER yield AFTER INSERT ON ${table} ` +
    `FOR EACH STATEMENT EXECUTE FUNCTION yield_${table}();`;
  await postgres.sql(fails('event', '40001', 0.6));
  await postgres.sql(fails('attempt', '40P01', 0.2));
  const { load, receiver } = node;
  await until('events are refused', () => load.refusals >= 20);
  await load.accepts(100);
  for (const table of ['event', 'attempt']) await postgres.sql(`DROP TRIGGER yield ON ${table}`);
  // If both errors occur in one group, the response may report either of them.
  for (const why of load.refused.keys()) assert.match(why, /\((40001|40P01)\); nothing was changed\.$/);
  await node.losesNothing(t);
  assert.equal(receiver.accepted.size, load.accepted.length, 'what was refused was not sent');
  assert.equal(receiver.duplicates, 0, 'every answer was settled in the end');
});
