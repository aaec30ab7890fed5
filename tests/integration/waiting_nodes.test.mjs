// Why a delivery waits, asked of a node that does not send for its endpoint.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Cluster } from './support/cluster.mjs';
import { Receiver } from './support/receiver.mjs';
import { until } from './support/until.mjs';

test('every node says why a delivery waits, and each counts what it sends for', async (t) => {
  const cluster = await Cluster.start(t, 2, { leaseS: 2 });
  const [one, other] = cluster.nodes;
  const throttles = await Receiver.start(t, () => ({
    status: 429,
    headers: { 'retry-after': '3600' },
  }));
  const well = await Receiver.start(t);
  const throttled = await one.api.endpoint(throttles.url, { event_types: ['throttled'] });
  await one.api.endpoint(well.url, {
    event_types: ['limited'],
    rate_limit: { limit: 1, period_ms: 3_600_000 },
  });
  await one.api.emit('throttled');
  await one.api.emit('limited');
  // A delivery committed while its partition moves is found by the new owner's scan, every 10 s.
  const patient = { withinMs: 30_000 };
  await Promise.all([throttles.got(1, patient), well.got(1, patient)]);
  const waiting = {};
  for (const type of ['throttled', 'limited']) {
    const { id } = await one.api.emit(type);
    [waiting[type]] = await one.api.deliveriesOf(id);
  }
  for (const { api } of [one, other]) {
    await until('it says so', async () => {
      const held = await api.delivery(waiting.throttled.id);
      const limited = await api.delivery(waiting.limited.id);
      return (
        held.waiting_for === 'throttle' &&
        limited.waiting_for === 'rate_limit' &&
        Date.parse(held.next_attempt_at) > Date.now() + 1_800_000 &&
        Date.parse(limited.next_attempt_at) > Date.now() + 1_800_000
      );
    });
    const last = await until('its failure is written', async () => {
      const { health } = await api.expect(200, 'GET', `/v1/endpoints/${throttled.id}`);
      return health.last_failure;
    });
    assert.deepEqual([last.status, last.outcome], [429, 'http_error']);
  }
  const sum = async (kind) => {
    let total = 0;
    for (const { api } of [one, other]) {
      const { text } = await api.get('/metrics');
      const [, value] = text.match(new RegExp(`^postrider_backlog\\{kind="${kind}"\\} (\\d+)$`, 'm'));
      total += Number(value);
    }
    return total;
  };
  await until(
    'the nodes together count each delivery once',
    async () =>
      (await sum('throttled')) === 1 &&
      (await sum('rate_limited')) === 1 &&
      (await sum('due')) === 0 &&
      (await sum('scheduled')) === 1,
    { withinMs: 30_000 },
  );
});
