// Each pending delivery says why it waits, and no alert rises for what receivers do.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isDeepStrictEqual } from 'node:util';

import { Server } from './support/postrider.mjs';
import { Receiver } from './support/receiver.mjs';
import { until } from './support/until.mjs';

const hour = 3_600_000;
const slow = { kind: 'schedule', delays_ms: [hour, hour], jitter: 0 };

/** The values of a metric by its label. */
async function metric(api, name) {
  const { text } = await api.get('/metrics');
  const values = {};
  for (const [, label = '', value] of text.matchAll(
    new RegExp(`^${name}(?:\\{\\w+="([^"]*)"\\})? (\\S+)$`, 'gm'),
  ))
    values[label] = Number(value);
  return values;
}

/** An endpoint that takes events of its own type, and a way to emit one. */
async function subscribe(api, receiver, type, members) {
  const endpoint = await api.endpoint(receiver.url, { event_types: [type], ...members });
  const emit = async (further) => {
    const { id } = await api.emit(type, {}, further);
    const [delivery] = await api.deliveriesOf(id);
    return delivery;
  };
  return { endpoint, emit };
}

test('every reason is shown with its instant, and counted apart from what is due', async (t) => {
  const server = await Server.start(t);
  const { api } = server;
  const fails = await Receiver.start(t, () => 500);
  const throttles = await Receiver.start(t, () => ({
    status: 429,
    headers: { 'retry-after': '3600' },
  }));
  const well = await Receiver.start(t);

  const broken = await subscribe(api, fails, 'broken', { retry: slow });
  for (let i = 0; i < 10; ++i) await broken.emit();
  await until('its circuit opens', async () => {
    const { circuit } = await api.expect(200, 'GET', `/v1/endpoints/${broken.endpoint.id}`);
    return circuit.state !== 'closed' && fails.requests.length === 10;
  });
  const behindCircuit = await broken.emit();
  assert.equal(behindCircuit.waiting_for, 'circuit');
  assert.ok(Date.parse(behindCircuit.next_attempt_at) > Date.parse(behindCircuit.created_at));
  // Probes take one of them from time to time.
  for (let i = 0; i < 5; ++i) await broken.emit();

  const throttled = await subscribe(api, throttles, 'throttled', { retry: slow });
  const first = await throttled.emit();
  await until('it is throttled', async () => {
    const { attempts_count: count } = await api.delivery(first.id);
    return count === 1;
  });
  const held = await throttled.emit();
  assert.equal(held.waiting_for, 'throttle');
  assert.ok(Date.parse(held.next_attempt_at) > Date.now() + hour / 2);

  const limited = await subscribe(api, well, 'limited', {
    rate_limit: { limit: 1, period_ms: hour },
  });
  await limited.emit();
  await well.got(1);
  const overLimit = await limited.emit();
  assert.equal(overLimit.waiting_for, 'rate_limit');
  assert.ok(Date.parse(overLimit.next_attempt_at) > Date.now() + hour / 2);

  const ordered = await subscribe(api, fails, 'ordered', { ordering: 'strict', retry: slow });
  const head = await ordered.emit();
  await until('it has failed', async () => (await api.delivery(head.id)).attempts_count === 1);
  assert.equal((await api.delivery(head.id)).waiting_for, 'schedule');
  const behind = await ordered.emit();
  assert.deepEqual([behind.waiting_for, behind.next_attempt_at], ['order', null]);

  const paused = await subscribe(api, well, 'paused', { state: 'paused' });
  const kept = await paused.emit();
  assert.deepEqual([kept.waiting_for, kept.next_attempt_at], ['paused', null]);
  const disabled = await subscribe(api, well, 'disabled');
  await api.expect(200, 'POST', `/v1/endpoints/${disabled.endpoint.id}/disable`);
  const stopped = await disabled.emit();
  assert.deepEqual([stopped.waiting_for, stopped.next_attempt_at], ['disabled', null]);

  const later = await subscribe(api, well, 'later');
  const instant = '2040-01-01T00:00:00.000Z';
  const scheduled = await later.emit({ deliver_at: instant });
  assert.deepEqual([scheduled.waiting_for, scheduled.next_attempt_at], ['deliver_at', instant]);

  const expected = {
    due: 0,
    throttled: 1,
    rate_limited: 1,
    ordered: 1,
    paused: 1,
    disabled: 1,
  };
  await until(
    'the metrics count them apart',
    async () => {
      const { circuit, scheduled, ...backlog } = await metric(api, 'postrider_backlog');
      // Those of broken, throttled, ordered and later.
      const retried = circuit > 0 && circuit + scheduled === 16 + 1 + 1 + 1;
      return retried && isDeepStrictEqual(backlog, expected);
    },
    { withinMs: 30_000 },
  );
  assert.deepEqual(await metric(api, 'postrider_oldest_due_seconds'), { '': 0 });
  assert.deepEqual(await metric(api, 'postrider_endpoints'), { active: 5, paused: 1, disabled: 1 });
  const disabledTotal = await metric(api, 'postrider_endpoints_disabled_total');
  assert.deepEqual(disabledTotal, { gone: 0, failing: 0, operator: 1 });

  const health = await until('the last outcomes are written', async () => {
    const page = await api.list('/v1/endpoints');
    const found = Object.fromEntries(page.map((one) => [one.event_types[0], one.health]));
    return found.limited.last_success && found.broken.last_failure && found;
  });
  assert.equal(health.limited.last_success.status, 200);
  assert.equal(health.limited.last_failure, null);
  assert.equal(health.broken.last_failure.status, 500);
  assert.equal(health.broken.waiting, 16);
  assert.equal(health.paused.waiting, 1);
  assert.ok(Date.parse(health.throttled.held_until) > Date.now() + hour / 2);
  assert.equal(await server.stop(), 0);
});
