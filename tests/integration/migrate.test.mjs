// Moving from a file to PostgreSQL with `postrider migrate --from --to`.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';

import { PostgresDatabase } from './support/database.mjs';
import { launch } from './support/process.mjs';
import { Server, binary, postrider } from './support/postrider.mjs';
import { Receiver } from './support/receiver.mjs';
import { sqlite } from './support/sql.mjs';
import { tempDir } from './support/temp.mjs';
import { until } from './support/until.mjs';

function migrate(from, database, options) {
  return postrider(['migrate', '--from', from, '--to', database.url], options);
}

/// A file that no service has opened yet.
async function newFile(t) {
  const db = join(tempDir(t), 'postrider.db');
  const made = await postrider(['migrate', '--db', db]);
  assert.equal(made.code, 0, made.err);
  return db;
}

const datas = (requests) => requests.map(({ body }) => JSON.parse(body).data.number);

test('pending deliveries go on, in order and under their ids', async (t) => {
  const db = join(tempDir(t), 'postrider.db');
  let open = false;
  const receiver = await Receiver.start(t, ({ path }) => {
    if (path === '/good') return 200;
    if (path === '/dead') return 500;
    return open ? 200 : 503;
  });
  const at = (path) => `http://127.0.0.1:${receiver.port}${path}`;
  // The second attempt comes long after the service has gone.
  const before = await Server.start(t, { db, retryDelaysMs: Array(14).fill(3_600_000) });
  const { api } = before;
  const good = await api.endpoint(at('/good'), { event_types: ['good'] });
  await api.endpoint(at('/dead'), { event_types: ['dead'], retry: { kind: 'schedule', delays_ms: [] } });
  const ordered = await api.endpoint(at('/ordered'), { event_types: ['line'], ordering: 'key' });
  const delivered = await api.emit('good', { number: 0 });
  const dead = await api.emit('dead', { number: 0 });
  const lines = [];
  for (let number = 0; number < 30; ++number) {
    lines.push((await api.emit('line', { number }, { ordering_key: 'k' })).id);
  }
  const once = { headers: { 'idempotency-key': 'once' } };
  const accepted = await api.emit('good', { number: 1 }, {}, once);
  await api.deliveryIn('delivered', delivered.id);
  await api.deliveryIn('delivered', accepted.id);
  await api.deliveryIn('dead', dead.id);
  await until('the head of the line has failed', () => receiver.of(lines[0]).length > 0);
  await until('its attempt is stored', async () => {
    return (await api.deliveriesOf(lines[0]))[0].attempts.length === 1;
  });
  const seen = new Map();
  for (const id of [delivered.id, dead.id, ...lines]) seen.set(id, await api.deliveriesOf(id));
  await before.kill();
  await sqlite(db, `INSERT INTO outbox (type, data) VALUES ('good', '{"number": 2}')`);

  const database = await PostgresDatabase.make(t);
  const moved = await migrate(db, database);
  assert.equal(moved.code, 0, moved.err);
  assert.match(moved.out, /^event +33 rows$/m);
  assert.match(moved.out, /^outbox +1 rows$/m);
  assert.match(moved.out, /^verified: /m);
  assert.match(moved.out, /^next: postrider serve --db 'postgresql:\/\/\//m);

  const requestsBefore = receiver.requests.length;
  const after = await Server.start(t, { db: database.url });
  for (const [id, deliveries] of seen) {
    assert.deepEqual(await after.api.deliveriesOf(id), deliveries, 'they are as they were');
  }
  assert.equal((await after.api.get(`/v1/endpoints/${good.id}`)).status, 200);
  const repeated = await after.api.emit('good', { number: 1 }, {}, once);
  assert.equal(repeated.id, accepted.id, 'the key is known');
  await until('the row of the outbox is delivered', () => {
    return datas(receiver.requests.slice(requestsBefore)).includes(2);
  });
  open = true;
  const [head] = await after.api.deliveriesOf(lines[0]);
  await after.api.expect(200, 'POST', `/v1/deliveries/${head.id}/retry`);
  await receiver.acceptedAll(lines);
  const line = receiver.requests.slice(requestsBefore).filter(({ path }) => path === '/ordered');
  assert.deepEqual(line.map(({ id }) => id), lines);
  assert.deepEqual(datas(line), [...Array(30).keys()]);
  await after.api.settled();
  const late = await after.api.emit('line', { number: 30 }, { ordering_key: 'k' });
  await receiver.acceptedAll([late.id]);
  assert.ok(!seen.has(late.id));
  assert.equal((await after.api.get(`/v1/endpoints/${ordered.id}`)).json.state, 'active');
  assert.equal(receiver.of(delivered.id).length, 1, 'what was delivered is not sent again');
});

test('a copy that is killed goes on where it was', async (t) => {
  const db = await newFile(t);
  await sqlite(
    db,
    'WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 120000) ' +
      'INSERT INTO event (id, tenant, type, created_at_ms, data) ' +
      `SELECT i, 'default', 'a.b', i, '{"text":"' || hex(randomblob(100)) || '"}' FROM n`,
  );
  const database = await PostgresDatabase.make(t);
  let kills = 0;
  let copied = 0;
  while (copied < 60_000) {
    const before = copied;
    const killed = launch(binary, ['migrate', '--from', db, '--to', database.url]);
    await until('some more rows are there', async () => {
      copied = Number(await database.sql('SELECT count(*) FROM event').catch(() => 0));
      return copied > before || killed.child.exitCode !== null;
    }, { everyMs: 1 });
    assert.equal(killed.child.exitCode, null, killed.err);
    killed.child.kill('SIGKILL');
    await killed.ended;
    kills += 1;
    await until('the server has noticed', async () => (await database.sessions()) === 0);
    const refused = await postrider(['serve', '--db', database.url, '--listen', '127.0.0.1:0']);
    assert.equal(refused.code, 1);
    assert.match(refused.err, /holds a copy that is not finished: postrider migrate --from/);
    const migrated = await postrider(['migrate', '--db', database.url]);
    assert.equal(migrated.code, 1);
    assert.match(migrated.err, /holds a copy that is not finished: postrider migrate --from/);
    copied = Number(await database.sql('SELECT count(*) FROM event'));
  }
  const first = await database.sql('SELECT min(xmin::text::bigint) FROM event WHERE id <= 5000');
  const done = await migrate(db, database);
  assert.equal(done.code, 0, done.err);
  assert.match(done.out, /^went on behind what an earlier copy had done$/m);
  assert.match(done.out, /^event +120000 rows$/m);
  assert.equal(
    await database.sql('SELECT min(xmin::text::bigint) FROM event WHERE id <= 5000'),
    first,
    `what the first of ${kills} had copied was not written again`,
  );
  const hash = "SELECT count(*), sum(id), sum(length(data)) FROM event";
  assert.equal(await database.sql(hash), await sqlite(db, hash));
  const again = await migrate(db, database);
  assert.equal(again.code, 1);
  assert.match(again.err, /the schema public holds a finished copy of this database already/);
  await Server.start(t, { db: database.url });
});

test('a file that a service has is not copied', async (t) => {
  const db = join(tempDir(t), 'postrider.db');
  const server = await Server.start(t, { db });
  const database = await PostgresDatabase.make(t);
  const refused = await migrate(db, database);
  assert.equal(refused.code, 1);
  assert.match(refused.err, new RegExp(`${db} is in use by process ${server.pid}`));
  assert.equal(await database.sql("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"), '0');
});

test('flags that do not fit are wrong usage', async (t) => {
  const db = await newFile(t);
  const to = 'postgresql://localhost/app';
  for (const [args, why] of [
    [['--from', db], /^postrider: --from and --to are given together\n$/],
    [['--to', to], /^postrider: --from and --to are given together\n$/],
    [['--from', db, '--to', to, '--db', db], /--db is for migrating in place/],
    [['--from', to, '--to', to], /--from takes a SQLite file: .* from SQLite to PostgreSQL only/],
    [['--from', db, '--to', 'other.db'], /--to takes a PostgreSQL database: postgresql:/],
  ]) {
    const refused = await postrider(['migrate', ...args]);
    assert.equal(refused.code, 2, args.join(' '));
    assert.match(refused.err, why);
  }
});

test('a database that the environment names is not taken for a flag', async (t) => {
  const db = await newFile(t);
  const database = await PostgresDatabase.make(t);
  const moved = await migrate(db, database, { env: { POSTRIDER_DB: '/nowhere/other.db' } });
  assert.equal(moved.code, 0, moved.err);
});

test('a password of the address is shown by nothing', async (t) => {
  const db = await newFile(t);
  const unreachable = ['migrate', '--from', db, '--to', 'postgresql://me:hush@127.0.0.1:1/app'];
  const refused = await postrider(unreachable);
  assert.equal(refused.code, 1);
  assert.match(refused.err, /127\.0\.0\.1.*port 1/);
  assert.doesNotMatch(refused.err + refused.out, /hush/);
  const database = await PostgresDatabase.make(t);
  for (const url of [
    `${database.url}&password=hush`,
    database.url.replace('postgresql:///', 'postgresql://me:hush@/'),
  ]) {
    const moved = await postrider(['migrate', '--from', db, '--to', url]);
    assert.equal(moved.code, 0, moved.err);
    assert.match(moved.out, /^next: postrider serve --db 'postgresql:\/\/(me@)?\/node_\w+'$/m);
    assert.doesNotMatch(moved.err + moved.out, /hush/);
  }
});
