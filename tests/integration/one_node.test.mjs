// One node on PostgreSQL: what differs from a file.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { PostgresDatabase } from './support/database.mjs';
import { Server, postrider, rootKey } from './support/postrider.mjs';
import { Receiver } from './support/receiver.mjs';
import { until } from './support/until.mjs';

async function setUp(t, options = {}) {
  const database = await PostgresDatabase.make(t);
  const server = await Server.start(t, { db: database.url, ...options });
  const receiver = await Receiver.start(t);
  await server.api.endpoint(receiver.url);
  return { database, server, receiver };
}

test('what a producer inserts in a transaction of its own is delivered once it commits', async (t) => {
  const { database, server, receiver } = await setUp(t);
  await database.sql(
    'CREATE TABLE purchase (id int PRIMARY KEY);' +
      'INSERT INTO purchase VALUES (7);' +
      `INSERT INTO outbox (type, data) VALUES ('purchase.made', '{"purchase": 7, "n": 1.50}')`,
  );
  await until('it is delivered', () => receiver.requests.length === 1);
  assert.match(receiver.requests[0].body.toString(), /"data":\{"purchase": 7, "n": 1\.50\}/);
  await assert.rejects(
    database.sql(
      `INSERT INTO outbox (type, data) VALUES ('purchase.made', '{"purchase": 8}');` +
        'INSERT INTO purchase VALUES (7)',
    ),
    /duplicate key/,
  );
  await server.api.emit('purchase.made', { after: true });
  await server.api.settled();
  assert.equal(receiver.requests.length, 2, 'nothing of the transaction that failed');
  assert.equal(await database.sql('SELECT count(*) FROM outbox'), '0');
});

test('sessions that are cut under load lose and repeat nothing that was settled', async (t) => {
  const { database, server, receiver } = await setUp(t, { retryDelaysMs: Array(14).fill(50) });
  const accepted = [];
  let over = false;
  const producer = async () => {
    while (!over) {
      const answer = await server.api.post('/v1/events', { type: 'tick', data: {} });
      if (answer.status === 202) accepted.push(answer.json.id);
      else assert.ok(answer.status === 503, answer.text);
    }
  };
  const producers = [producer(), producer(), producer(), producer()];
  for (let cut = 0; cut < 5; ++cut) {
    const before = accepted.length;
    await until('events are accepted', () => accepted.length > before + 50);
    await database.cutSessions();
  }
  over = true;
  await Promise.all(producers);
  await until('readiness is back', async () => {
    return (await server.api.get('/readyz', { key: null })).status === 200;
  });
  await server.api.settled();
  const lost = accepted.filter((id) => !receiver.accepted.has(id));
  assert.deepEqual(lost, []);
  const repeated = accepted.filter((id) => receiver.accepted.get(id) > 1);
  assert.deepEqual(repeated, [], 'the node knew of every answer');
});

test('commands for files say what there is for PostgreSQL', async (t) => {
  const database = await PostgresDatabase.make(t);
  const migrated = await postrider(['migrate', '--db', database.url]);
  assert.equal(migrated.code, 0, migrated.err);
  for (const [command, tool] of [['check', 'pg_amcheck'], ['backup', 'pg_dump']]) {
    const args = command === 'backup' ? ['copy.db'] : [];
    const refused = await postrider([command, '--db', database.url, ...args]);
    assert.equal(refused.code, 2);
    assert.match(refused.err, new RegExp(`for PostgreSQL use ${tool}`));
  }
});

test('a server that is not there is an error that hides the password', async () => {
  const url = 'postgresql://me:hush@127.0.0.1:1/app';
  const refused = await postrider(['serve', '--db', url, '--root-key', rootKey]);
  assert.equal(refused.code, 1);
  assert.match(refused.err, /127\.0\.0\.1.*port 1/);
  assert.doesNotMatch(refused.err + refused.out, /hush/);
});
