// The wall clock steps while the service runs.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Server } from './support/postrider.mjs';
import { Receiver } from './support/receiver.mjs';
import { SteppedClock } from './support/stepped_clock.mjs';
import { never, until } from './support/until.mjs';

const hour = 3600;

async function setUp(t, script, options = {}) {
  const clock = new SteppedClock(t);
  const receiver = await Receiver.start(t, script);
  const server = await Server.start(t, { env: clock.env, ...options });
  await server.api.endpoint(receiver.url);
  return { clock, receiver, server, api: server.api };
}

test('a retry an hour ahead is made when the clock steps beyond it', async (t) => {
  const script = (_, number) => (number === 1 ? 500 : 200);
  const { clock, receiver, api } = await setUp(t, script, { retryDelaysMs: [hour * 1000] });
  const { id } = await api.emit();
  await receiver.got(1);
  const at = new Date(Date.now() + hour * 1000).toISOString();
  const later = await api.emit('a.b', 1, { deliver_at: at });
  await never('it comes early', () => receiver.requests.length > 1, { forMs: 300 });
  clock.step(2 * hour);
  await receiver.acceptedAll([id, later.id], { withinMs: 15_000 });
  const stamp = Number(receiver.requests.at(-1).headers['webhook-timestamp']) * 1000;
  assert.ok(Math.abs(stamp - clock.nowMs) < 20_000, 'the signature has the new time');
});

test('a step back loses nothing that waits', async (t) => {
  const script = ({ attempt }) => (attempt === 1 ? 500 : 200);
  const { clock, receiver, api } = await setUp(t, script, { retryDelaysMs: [1500] });
  const { id } = await api.emit();
  const [delivery] = await until('the first attempt is noted', async () => {
    const seen = await api.deliveriesOf(id);
    return seen[0].attempts.length === 1 && seen;
  });
  clock.step(-24 * hour);
  const fresh = await api.emit();
  await receiver.got(1, { event: fresh.id });
  const waiting = await api.delivery(delivery.id);
  assert.equal(waiting.state, 'pending');
  clock.step(24 * hour);
  await receiver.acceptedAll([id, fresh.id]);
  await api.settled();
  assert.equal(receiver.duplicates, 0);
});

test('a person can hurry what a step back made wait', async (t) => {
  const script = ({ attempt }) => (attempt === 1 ? 500 : 200);
  const { clock, receiver, api } = await setUp(t, script, { retryDelaysMs: [1500] });
  const { id } = await api.emit();
  const [delivery] = await until('the first attempt is noted', async () => {
    const seen = await api.deliveriesOf(id);
    return seen[0].attempts.length === 1 && seen;
  });
  clock.step(-24 * hour);
  await api.expect(200, 'POST', `/v1/deliveries/${delivery.id}/retry`);
  await receiver.acceptedAll([id]);
});

test('steps under load lose nothing and keep ids unique and lists sorted', async (t) => {
  const script = (_, number) => (number % 10 === 0 ? 500 : 200);
  const options = { retryDelaysMs: Array(12).fill(100) };
  const { clock, receiver, server, api } = await setUp(t, script, options);
  const accepted = [];
  let over = false;
  const produce = async () => {
    while (!over) accepted.push((await api.emit('a.b', accepted.length)).id);
  };
  const producers = Promise.all(Array.from({ length: 4 }, produce));
  for (const step of [hour, -2 * hour, 30, -1, 24 * hour, -48 * hour, hour]) {
    const before = accepted.length;
    clock.step(step);
    await until('events are accepted', () => accepted.length >= before + 60);
  }
  over = true;
  await producers;
  // Beyond every time that was given to a retry.
  clock.step(100 * hour);
  await receiver.acceptedAll(accepted);
  await api.settled();

  assert.equal(new Set(accepted).size, accepted.length, 'ids are unique');
  const listed = (await api.list('/v1/events')).map(({ id }) => id);
  assert.deepEqual(listed, [...listed].sort().reverse(), 'newest first');
  assert.deepEqual(new Set(listed), new Set(accepted));
  assert.equal(listed.length, accepted.length, 'no row twice');
  assert.equal(receiver.duplicates, 0);

  clock.step(-200 * hour);
  await server.stop();
  const again = await Server.start(t, { db: server.db, env: clock.env });
  const { id } = await again.api.emit();
  assert.ok(id > listed[0], 'an id after a restart in the past is newer than all before');
  await receiver.acceptedAll([id]);
  t.diagnostic(`${accepted.length} events over seven steps`);
});
