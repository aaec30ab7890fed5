// A backup of a running service is a database of one moment, with all that was answered before it.
import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

import { Server, postrider } from './support/postrider.mjs';
import { Receiver } from './support/receiver.mjs';
import { sqlite } from './support/sql.mjs';
import { tempDir } from './support/temp.mjs';
import { until } from './support/until.mjs';

/// `producers` loops of batches and single events until `stop()`.
function load(api, producers) {
  const accepted = [];
  let over = false;
  const data = 'x'.repeat(2000);
  const produce = async () => {
    while (!over) {
      const events = Array.from({ length: 5 }, () => ({ type: 'a.b', data }));
      const answer = await api.expect(202, 'POST', '/v1/events/batch', { events });
      accepted.push(...answer.events.map(({ id }) => id));
    }
  };
  const work = Promise.all(Array.from({ length: producers }, produce));
  return {
    accepted,
    stop() {
      over = true;
      return work;
    },
  };
}

test('a backup under load is sound, opens and holds all that was answered before', async (t) => {
  const receiver = await Receiver.start(t, (_, number) => (number % 10 === 0 ? 500 : 200));
  const retryDelaysMs = Array(12).fill(50);
  const server = await Server.start(t, { retryDelaysMs });
  await server.api.endpoint(receiver.url);
  const { accepted, stop } = load(server.api, 4);
  await until('there is something to copy', () => accepted.length >= 1000);

  const copy = join(tempDir(t), 'copy.db');
  const before = accepted.slice();
  const done = await postrider(['backup', copy, '--db', server.db]);
  assert.equal(done.code, 0, done.err);
  assert.ok(accepted.length > before.length, 'events were accepted meanwhile');
  await stop();
  await receiver.acceptedAll(accepted);
  await server.api.settled();

  const checked = await postrider(['check', '--db', copy]);
  assert.equal(checked.code, 0, checked.out + checked.err);
  const restored = await Server.start(t, { db: copy, retryDelaysMs });
  const held = new Set((await restored.api.list('/v1/events')).map(({ id }) => id));
  assert.deepEqual(before.filter((id) => !held.has(id)), []);
  t.diagnostic(`${before.length} events before the backup, ${held.size} in it`);
  // A delivery that was not settled in the copy is sent again by the node that runs it.
  await restored.api.settled();
  const [newest] = held;
  assert.equal((await restored.api.deliveriesOf(newest))[0].state, 'delivered');
  assert.equal(await server.stop(), 0);
  assert.equal((await postrider(['check', '--db', server.db])).code, 0);
});

test('a backup never overwrites a file and says what is missing', async (t) => {
  const server = await Server.start(t);
  const file = join(tempDir(t), 'notes.txt');
  writeFileSync(file, 'keep me');
  const refused = await postrider(['backup', file, '--db', server.db]);
  assert.equal(refused.code, 1);
  assert.equal(refused.err.trim().split('\n').length, 1, refused.err);
  assert.equal(readFileSync(file, 'utf8'), 'keep me');
  const missing = join(tempDir(t), 'missing.db');
  const copy = join(tempDir(t), 'copy.db');
  const none = await postrider(['backup', copy, '--db', missing]);
  assert.equal(none.code, 1);
  assert.match(none.err, /missing\.db/);
  assert.equal(existsSync(missing) || existsSync(copy), false);
});

test('check finds what is wrong with a damaged copy of a backup', async (t) => {
  const receiver = await Receiver.start(t);
  const server = await Server.start(t);
  await server.api.endpoint(receiver.url);
  const { accepted, stop } = load(server.api, 2);
  await until('there is something to copy', () => accepted.length >= 200);
  await stop();
  const copy = join(tempDir(t), 'copy.db');
  assert.equal((await postrider(['backup', copy, '--db', server.db])).code, 0);
  const root = `SELECT rootpage FROM sqlite_schema WHERE name = 'event'`;
  const page = Number(await sqlite(copy, root));
  const sound = readFileSync(copy);
  const damage = {
    // The cells of a page in the middle, and the end of the file.
    overwritten: () => Buffer.from(sound).fill(0x5a, (page - 1) * 4096 + 100, page * 4096),
    truncated: () => sound.subarray(0, Math.floor(sound.length / 8192) * 4096),
  };
  for (const [name, make] of Object.entries(damage)) {
    const path = join(tempDir(t), `${name}.db`);
    writeFileSync(path, make());
    const checked = await postrider(['check', '--db', path]);
    assert.equal(checked.code, 1, `${name}: ${checked.out}`);
    assert.ok((checked.out + checked.err).trim().length > 10);
  }
});
