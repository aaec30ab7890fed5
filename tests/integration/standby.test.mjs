// Two nodes and one PostgreSQL database: one serves, the other one stands by.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Load } from './support/load.mjs';
import { Server } from './support/postrider.mjs';
import { Receiver } from './support/receiver.mjs';
import { until } from './support/until.mjs';

const inFlight = 8;

/// Stands by; `listening()` is for when it serves.
async function standBy(t, db, options = {}) {
  const server = await Server.launch(t, { db, ...options });
  await until('it stands by', () => /this one stands by/.test(server.log));
  assert.equal(server.process.out, '', 'it listens to nobody');
  return server;
}

async function setUp(t, members = {}, options = {}) {
  const first = await Server.start(t, options);
  const receiver = await Receiver.start(t);
  await first.api.endpoint(receiver.url, members);
  return { first, receiver };
}

/// Everything that was accepted is delivered by `server`; twice only what `first` had in flight.
async function losesNothing(load, server, receiver) {
  await load.accepts(50);
  await load.stop();
  await server.api.settled();
  assert.deepEqual(load.accepted.filter((id) => !receiver.accepted.has(id)), []);
  assert.ok(receiver.duplicates <= inFlight, `${receiver.duplicates} delivered twice`);
}

test('a node that is stopped makes way at once', async (t) => {
  const options = { leaseS: 60 };
  const { first, receiver } = await setUp(t, {}, options);
  const second = await standBy(t, first.db, options);
  assert.equal(await first.stop(), 0);
  await second.listening({ readyWithinMs: 20_000 });  // it does not wait for the lease to end
  const { id } = await second.api.emit('order.created', {});
  await until('it delivers', () => receiver.accepted.has(id));
});

test('a node that is killed under load is followed, and nothing is lost', async (t) => {
  const { first, receiver } = await setUp(t, { max_in_flight: inFlight });
  const second = await standBy(t, first.db);
  const load = Load.start(t, first.api, { mayBreak: true });
  await load.accepts(50);
  await first.kill();
  const killed = performance.now();
  await second.listening();
  t.diagnostic(`followed after ${Math.round(performance.now() - killed)} ms`);
  load.api = second.api;
  await losesNothing(load, second, receiver);
});

test('a node that was frozen sends and writes nothing once another serves, and stands by', async (t) => {
  const { first, receiver } = await setUp(t, { max_in_flight: inFlight });
  const second = await standBy(t, first.db);
  const load = Load.start(t, first.api, { mayBreak: true });
  await load.accepts(50);
  first.signal('SIGSTOP');
  await second.listening();
  load.api = second.api;
  first.signal('SIGCONT');
  await until('it knows', () => /starts again, to stand by/.test(first.log));
  await losesNothing(load, second, receiver);
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
