// Two nodes and one PostgreSQL database: one serves, the other one stands by.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Server } from './support/postrider.mjs';
import { Receiver } from './support/receiver.mjs';
import { until } from './support/until.mjs';

const leaseMs = 2000;

/// Stands by; `listening()` is for when it serves.
async function standBy(t, db) {
  const server = await Server.launch(t, { db });
  await until('it stands by', () => /this one stands by/.test(server.log));
  assert.equal(server.process.out, '', 'it listens to nobody');
  return server;
}

async function setUp(t, members = {}) {
  const first = await Server.start(t);
  const receiver = await Receiver.start(t);
  await first.api.endpoint(receiver.url, members);
  return { first, receiver };
}

/// Emits until `load.over`, to `load.server`.
async function produce(load) {
  while (!load.over) {
    const { api } = load.server;
    const answer = await api.post('/v1/events', { type: 'tick', data: {} }).catch(() => null);
    if (answer?.status === 202) load.accepted.push(answer.json.id);
    else assert.ok(answer === null || answer.status === 503, answer?.text);
  }
}

/// Producers that go on until `stop()`.
function begin(server) {
  const load = { server, over: false, accepted: [] };
  const producers = Array.from({ length: 4 }, () => produce(load));
  load.some = () => {
    const before = load.accepted.length;
    return until('events are accepted', () => load.accepted.length > before + 50);
  };
  load.stop = () => {
    load.over = true;
    return Promise.all(producers);
  };
  return load;
}

test('a node that is stopped makes way at once', async (t) => {
  const { first, receiver } = await setUp(t);
  const second = await standBy(t, first.db);
  assert.equal(await first.stop(), 0);
  const stopped = performance.now();
  await second.listening();
  assert.ok(performance.now() - stopped < leaseMs, 'it did not wait for the lease to end');
  const { id } = await second.api.emit('order.created', {});
  await until('it delivers', () => receiver.accepted.has(id));
});

test('a node that is killed under load is followed, and nothing is lost', async (t) => {
  const { first, receiver } = await setUp(t, { max_in_flight: 8 });
  const second = await standBy(t, first.db);
  const load = begin(first);
  await load.some();
  await first.kill();
  const killed = performance.now();
  await second.listening();
  t.diagnostic(`followed after ${Math.round(performance.now() - killed)} ms`);
  load.server = second;
  await load.some();
  await load.stop();
  await second.api.settled();
  assert.deepEqual(load.accepted.filter((id) => !receiver.accepted.has(id)), []);
  const repeated = [...receiver.accepted.values()].filter((count) => count > 1).length;
  assert.ok(repeated <= 8, `${repeated} repeated: what was in flight`);
});

test('a node that was frozen sends and writes nothing once another serves, and stands by', async (t) => {
  const { first, receiver } = await setUp(t, { max_in_flight: 8 });
  const second = await standBy(t, first.db);
  const load = begin(first);
  await load.some();
  first.signal('SIGSTOP');
  await second.listening();
  load.server = second;
  first.signal('SIGCONT');
  await until('it knows', () => /starts again, to stand by/.test(first.log));
  await load.some();
  await load.stop();
  await second.api.settled();
  assert.deepEqual(load.accepted.filter((id) => !receiver.accepted.has(id)), []);
  const repeated = [...receiver.accepted.values()].filter((count) => count > 1).length;
  assert.ok(repeated <= 8, `${repeated} repeated: what was in flight`);
  assert.equal(await second.stop(), 0);
  await first.listening({ times: 2 });
  const { id } = await first.api.emit('order.created', {});
  await until('it serves again', () => receiver.accepted.has(id));
});

test('a node that stands by stops when it is asked to, and keeps nobody waiting', async (t) => {
  const { first } = await setUp(t);
  const second = await standBy(t, first.db);
  const third = await standBy(t, first.db);
  assert.equal(await second.stop(), 0);
  await first.stop();
  await third.listening();
  assert.equal((await third.api.get('/readyz', { key: null })).status, 200);
});
