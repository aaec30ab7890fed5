// Dead letters are found, read, replayed one by one and in bulk, and discarded.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Server, postrider, rootKey } from './support/postrider.mjs';
import { Receiver } from './support/receiver.mjs';
import { sqlite } from './support/sql.mjs';
import { until } from './support/until.mjs';

const once = { kind: 'schedule', delays_ms: [] };

/// A service with `count` dead letters of one endpoint, which works again.
async function withDeadLetters(t, count, { type = 'order.created' } = {}) {
  // Events that succeed come between those that fail: their endpoint's circuit stays closed.
  const isGood = ({ body }) => body.includes('"type":"good.one"');
  const fails = { status: 500, body: 'no' };
  const receiver = await Receiver.start(t, (request) => (isGood(request) ? 200 : fails));
  const server = await Server.start(t, { flags: ['--max-in-flight', '256'] });
  const members = { retry: once, max_in_flight: 100 };
  const endpoint = await server.api.endpoint(receiver.url, members);
  const events = [];
  const good = { type: 'good.one', data: 0 };
  while (events.length < count) {
    const size = Math.min(2500, count - events.length);
    const bad = Array.from({ length: size }, (_, i) => ({ type, data: events.length + i }));
    const batch = { events: bad.flatMap((event) => [good, event, good]) };
    const answer = await server.api.expect(202, 'POST', '/v1/events/batch', batch);
    events.push(...answer.events.filter((_, i) => i % 3 === 1).map(({ id }) => id));
  }
  await receiver.got(3 * count, { withinMs: 60_000 });
  await server.api.settled();
  receiver.requests = receiver.requests.filter((request) => !isGood(request));
  receiver.accepted.clear();
  receiver.script = () => 200;
  return { receiver, server, api: server.api, endpoint, events };
}

test('attempts are exhausted and each of them can be read', async (t) => {
  const receiver = await Receiver.start(t, (_, number) => ({ status: 500, body: `no ${number}` }));
  const { api } = await Server.start(t, { retryDelaysMs: [50, 100, 150] });
  const endpoint = await api.endpoint(receiver.url);
  const event = await api.emit('order.created', { id: 'ord_1' });
  await api.deliveryIn('dead', event.id);
  const [listed] = await api.list('/v1/dead-letters');
  assert.equal(listed.reason, 'attempts_exhausted');
  const letter = await api.expect(200, 'GET', `/v1/dead-letters/${listed.id}`);
  assert.equal(JSON.stringify(letter).includes('"ord_1"'), true, 'with the data of its event');
  assert.equal(JSON.stringify(letter).includes(endpoint.id), true);
  assert.deepEqual(letter.attempts.map(({ number }) => number), [1, 2, 3, 4]);
  assert.deepEqual(
    letter.attempts.map(({ response_excerpt: excerpt }) => excerpt),
    ['no 1', 'no 2', 'no 3', 'no 4'],
  );
  assert.equal(new Set(letter.attempts.map(({ id }) => id)).size, 4);
  const starts = letter.attempts.map(({ started_at: at }) => Date.parse(at));
  [50, 100, 150].forEach((delay, i) => {
    const waited = starts[i + 1] - starts[i];
    assert.ok(waited >= 0.8 * delay - 2, `attempt ${i + 2} came after ${waited} ms`);
  });
  assert.deepEqual(receiver.requests.map(({ attempt }) => attempt), [1, 2, 3, 4]);
});

test('a replay keeps the old attempts and the id and starts a fresh schedule', async (t) => {
  const { receiver, api, events } = await withDeadLetters(t, 1);
  const [{ id }] = await api.list('/v1/dead-letters');
  const replayed = await api.expect(202, 'POST', `/v1/dead-letters/${id}/replay`);
  assert.equal(replayed.id, id);
  await receiver.acceptedAll(events);
  const delivery = await api.deliveryIn('delivered', events[0]);
  assert.deepEqual(delivery.attempts.map(({ number, status }) => [number, status]), [
    [1, 500],
    [2, 200],
  ]);
  assert.deepEqual(receiver.requests.map(({ attempt }) => attempt), [1, 2]);
  assert.deepEqual(await api.list('/v1/dead-letters'), []);
  const again = await api.post(`/v1/dead-letters/${id}/replay`);
  assert.ok([404, 409].includes(again.status), again.text);
});

test('bulk replay counts first, then replays what fits the filter', async (t) => {
  const { receiver, api, endpoint, events } = await withDeadLetters(t, 700);
  const filters = [{}, { endpoint: endpoint.id }, { type: 'order.created' }, { tenant: 'default' }];
  for (const filter of filters) {
    const dry = { ...filter, dry_run: true };
    assert.deepEqual(await api.expect(200, 'POST', '/v1/dead-letters/replay', dry), { total: 700 });
  }
  for (const filter of [{ type: 'order.paid' }, { reason: 'gone' }, { tenant: 'acme' }]) {
    const dry = { ...filter, dry_run: true };
    assert.deepEqual(await api.expect(200, 'POST', '/v1/dead-letters/replay', dry), { total: 0 });
  }
  assert.equal(receiver.requests.length, 700, 'a dry run sends nothing');
  const body = { endpoint: endpoint.id, reason: 'attempts_exhausted' };
  const task = await api.expect(202, 'POST', '/v1/dead-letters/replay', body);
  const ended = await api.finished(task.id);
  assert.deepEqual([ended.state, ended.total, ended.done], ['done', 700, 700]);
  await receiver.acceptedAll(events);
  await api.settled();
  assert.equal(receiver.requests.length, 1400);
  assert.deepEqual(await api.list('/v1/dead-letters'), []);
});

test('what has expired is not replayed and says when it expired', async (t) => {
  const { receiver, api, endpoint } = await withDeadLetters(t, 3);
  await api.expect(200, 'POST', `/v1/endpoints/${endpoint.id}/pause`);
  const expiresAt = new Date(Date.now() + 200).toISOString();
  const event = await api.emit('order.created', 1, { expires_at: expiresAt });
  const { id } = await api.deliveryIn('dead', event.id);
  await api.expect(200, 'POST', `/v1/endpoints/${endpoint.id}/resume`);
  for (const path of [`/v1/dead-letters/${id}/replay`, `/v1/events/${event.id}/replay`]) {
    const refused = await api.expect(409, 'POST', path);
    assert.ok(refused.detail.includes(expiresAt), refused.detail);
  }
  const task = await api.expect(202, 'POST', '/v1/dead-letters/replay', {});
  const ended = await api.finished(task.id);
  assert.deepEqual([ended.total, ended.done, ended.skipped], [4, 3, 1]);
  await api.settled();
  assert.equal(receiver.accepted.size, 3);
  assert.deepEqual((await api.list('/v1/dead-letters')).map((letter) => letter.id), [id]);
});

test('what is discarded is neither listed nor replayed', async (t) => {
  const { receiver, api } = await withDeadLetters(t, 600);
  const [{ id }] = await api.list('/v1/dead-letters', { all: false });
  await api.expect(200, 'DELETE', `/v1/dead-letters/${id}`);
  assert.equal((await api.list('/v1/dead-letters')).length, 599);
  const refused = await api.post(`/v1/dead-letters/${id}/replay`);
  assert.ok([404, 409].includes(refused.status), refused.text);
  const dry = await api.expect(200, 'POST', '/v1/dead-letters/discard', { dry_run: true });
  assert.deepEqual(dry, { total: 599 });
  const task = await api.expect(202, 'POST', '/v1/dead-letters/discard', {});
  const ended = await api.finished(task.id);
  assert.deepEqual([ended.state, ended.done], ['done', 599]);
  assert.deepEqual(await api.list('/v1/dead-letters'), []);
  const replay = await api.expect(202, 'POST', '/v1/dead-letters/replay', {});
  assert.equal((await api.finished(replay.id)).done, 0);
  assert.equal(receiver.requests.length, 600);
  assert.equal((await api.delivery(id)).state, 'dead');
});

test('a bulk replay goes on after a kill in the middle of it', async (t) => {
  const count = 6000;
  const { receiver, server, events } = await withDeadLetters(t, count);
  const task = await server.api.expect(202, 'POST', '/v1/dead-letters/replay', {});
  await until('it is under way', () => receiver.requests.length > count, { everyMs: 1 });
  await server.kill();
  const row = await sqlite(server.db, 'SELECT state, done FROM task');
  const [state, done] = row.split('|');
  assert.equal(state, 'running', row);
  assert.ok(Number(done) < count, row);

  const again = await Server.start(t, { db: server.db, flags: ['--max-in-flight', '256'] });
  const ended = await again.api.finished(task.id);
  assert.deepEqual([ended.state, ended.total], ['done', count]);
  await receiver.acceptedAll(events);
  await again.api.settled();
  assert.deepEqual(await again.api.list('/v1/dead-letters', { all: false }), []);
  assert.ok(receiver.duplicates <= 100, `${receiver.duplicates} duplicates`);
  t.diagnostic(`killed after ${done} of ${count}; ${receiver.duplicates} duplicates`);
});

test('recover makes what died in a time pending again', async (t) => {
  const { receiver, api, endpoint, events } = await withDeadLetters(t, 20);
  const since = new Date(Date.now() - 3600_000).toISOString();
  const path = `/v1/endpoints/${endpoint.id}/recover`;
  const task = await api.expect(202, 'POST', path, { since });
  assert.equal((await api.finished(task.id)).state, 'done');
  await receiver.acceptedAll(events);
});

test('the command line finds, reads and replays dead letters, one and all', async (t) => {
  const { receiver, server, events } = await withDeadLetters(t, 30);
  const run = async (...args) => {
    const access = ['--server', server.url, '--key', rootKey];
    const ended = await postrider(['dead-letters', ...args, ...access]);
    assert.equal(ended.code, 0, ended.err);
    return ended.out;
  };
  const rows = (await run('list', '--json')).trim().split('\n').map((line) => JSON.parse(line));
  assert.equal(rows.length, 30);
  const [{ id }] = rows;
  assert.match(await run('list'), new RegExp(id));
  const shown = await run('show', id);
  assert.match(shown, /500/);
  await run('replay', id);
  await until('it arrives', () => receiver.accepted.size === 1);
  await run('replay-all', '--reason', 'attempts_exhausted');
  await receiver.acceptedAll(events);
  await server.api.settled();
  assert.equal((await run('list', '--json')).trim(), '');
});
