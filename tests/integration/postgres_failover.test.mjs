// A primary with a synchronous standby: what was answered 202 is on both, whichever of them ends.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { NodeUnderLoad, answerMs } from './support/node_under_load.mjs';
import { PostgresServer } from './support/postgres_server.mjs';
import { postrider } from './support/postrider.mjs';
import { until } from './support/until.mjs';

const attributes = '?target_session_attrs=read-write';

async function startPair(t) {
  // The memory of a primary that crashes goes with its data.
  const settings = ['synchronous_standby_names=standby', 'dynamic_shared_memory_type=mmap'];
  const primary = await PostgresServer.start(t, { settings });
  const standby = await PostgresServer.standbyOf(t, primary);
  const hosts = [primary, standby].map(({ port }) => `127.0.0.1:${port}`).join(',');
  return { primary, standby, db: `postgresql://postgres@${hosts}/postgres${attributes}` };
}

test('a synchronous standby that is promoted has all that was answered 202', async (t) => {
  const { primary, standby, db } = await startPair(t);
  const node = await NodeUnderLoad.start(t, db);
  await primary.crash();
  await node.isNotReady({ withinMs: 5_000 });
  await standby.promote();
  await node.isReadyAgain();
  await node.losesNothing(t);
});

test('without its synchronous standby nothing is answered 202, whatever ends the wait', async (t) => {
  const { primary, standby, db } = await startPair(t);
  const node = await NodeUnderLoad.start(t, db);
  const { load } = node;
  standby.freeze();
  const waits = (how) => () =>
    primary.sql(`SELECT ${how}(pid) FROM pg_stat_activity WHERE wait_event = 'SyncRep'`);
  await until('a commit waits and is cancelled', waits('pg_cancel_backend'));
  await until('a commit waits and is terminated', waits('pg_terminate_backend'));
  await node.isNotReady();
  await until('events are refused', () => load.refusals > 0, { withinMs: answerMs });
  await primary.crash();
  standby.thaw();
  await standby.promote();
  await node.isReadyAgain();
  await node.losesNothing(t);
});

test('a standby that comes back is waited for with 503', async (t) => {
  const { standby, db } = await startPair(t);
  const node = await NodeUnderLoad.start(t, db);
  await standby.stop('immediate');
  await node.isNotReady();
  await until('events are refused', () => node.load.refusals > 0, { withinMs: answerMs });
  await standby.start();
  await node.isReadyAgain();
  await node.losesNothing(t);
});

test('a server that takes no writes is refused', async (t) => {
  const { primary, standby } = await startPair(t);
  const migrated = await postrider(['migrate', '--db', primary.address()]);
  assert.equal(migrated.code, 0, migrated.err);
  for (const more of ['', attributes, '?target_session_attrs=any']) {
    const db = standby.address({ more });
    const refused = await postrider(['serve', '--db', db, '--listen', '127.0.0.1:0']);
    assert.equal(refused.code, 1, refused.out);
    assert.match(refused.err, /session is read-only|the server takes no writes/);
    assert.doesNotMatch(refused.out, /listening/);
  }
});
