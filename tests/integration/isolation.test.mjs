// One endpoint's trouble is not another's.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Server } from './support/postrider.mjs';
import { Receiver, refusedUrl } from './support/receiver.mjs';

const median = (values) => values.sort((a, b) => a - b)[Math.floor(values.length / 2)];

/// Milliseconds from each emit to the arrival at `receiver`, one event after the other.
async function latencies(api, receiver, count) {
  const taken = [];
  for (let i = 0; i < count; ++i) {
    const begin = performance.now();
    const { id } = await api.emit();
    const [request] = await receiver.got(1, { event: id });
    taken.push(request.at - begin);
  }
  return taken;
}

test('endpoints that hang, refuse or fail do not delay a healthy one', async (t) => {
  const healthy = await Receiver.start(t);
  const hanging = await Receiver.start(t, () => 'hang');
  const failing = await Receiver.start(t, () => 500);
  const flags = ['--max-in-flight', '256'];
  const { api } = await Server.start(t, { flags, retryDelaysMs: Array(20).fill(200) });
  await api.endpoint(healthy.url);
  await latencies(api, healthy, 20);
  const alone = median(await latencies(api, healthy, 60));

  await api.endpoint(hanging.url, { timeout_ms: 60_000, max_in_flight: 32 });
  await api.endpoint(failing.url);
  await api.endpoint(await refusedUrl());
  const events = Array.from({ length: 500 }, () => ({ type: 'order.created', data: 1 }));
  await api.expect(202, 'POST', '/v1/events/batch', { events });
  await hanging.got(32);
  await healthy.got(500 + 80);
  const beside = median(await latencies(api, healthy, 60));

  t.diagnostic(`median ${alone.toFixed(1)} ms alone, ${beside.toFixed(1)} ms beside the others`);
  assert.ok(beside < 10 * alone + 100, `${beside} ms beside, ${alone} ms alone`);
  assert.equal(hanging.inFlightMax, 32, 'its own limit holds it');
});

test('endpoints that hang do not use up the slots of one that answers', async (t) => {
  const healthy = await Receiver.start(t);
  const hanging = await Receiver.start(t, () => 'hang');
  const { api } = await Server.start(t, { flags: ['--max-in-flight', '16'] });
  await api.endpoint(healthy.url);
  await latencies(api, healthy, 1);
  for (let i = 0; i < 20; ++i) await api.endpoint(hanging.url, { timeout_ms: 60_000 });
  const events = Array.from({ length: 100 }, () => ({ type: 'order.created', data: 1 }));
  await api.expect(202, 'POST', '/v1/events/batch', { events });
  await hanging.got(12);
  await healthy.got(101);
  await latencies(api, healthy, 20);
  assert.equal(hanging.inFlightMax, 12, 'three quarters of the slots');
});

test('an endpoint never gets more requests at once than its limit', async (t) => {
  const slow = await Receiver.start(t, () => ({ status: 200, delayMs: 20 }));
  const { api } = await Server.start(t);
  await api.endpoint(slow.url, { max_in_flight: 3 });
  const events = Array.from({ length: 60 }, () => ({ type: 'order.created', data: 1 }));
  await api.expect(202, 'POST', '/v1/events/batch', { events });
  await slow.got(60);
  await api.settled();
  assert.equal(slow.inFlightMax, 3);
});

test('the whole process never has more requests at once than its limit', async (t) => {
  const slow = await Receiver.start(t, () => ({ status: 200, delayMs: 20 }));
  const { api } = await Server.start(t, { flags: ['--max-in-flight', '5'] });
  for (let i = 0; i < 4; ++i) await api.endpoint(slow.url);
  const events = Array.from({ length: 25 }, () => ({ type: 'order.created', data: 1 }));
  await api.expect(202, 'POST', '/v1/events/batch', { events });
  await slow.got(100);
  await api.settled();
  assert.equal(slow.inFlightMax, 5);
});

test("one tenant's events never reach another's endpoint", async (t) => {
  const [acme, other] = [await Receiver.start(t), await Receiver.start(t)];
  const { api } = await Server.start(t);
  await api.endpoint(acme.url, { tenant: 'acme' });
  await api.endpoint(other.url);
  const forAcme = await api.emit('a.b', 1, { tenant: 'acme' });
  const forOther = await api.emit('a.b', 1);
  await acme.acceptedAll([forAcme.id]);
  await other.acceptedAll([forOther.id]);
  await api.settled();
  assert.equal(acme.requests.length, 1);
  assert.equal(other.requests.length, 1);
});
