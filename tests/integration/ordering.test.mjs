// Order: per key and strict, across failures, a kill -9 and a restart.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { newDatabase, onPostgres } from './support/database.mjs';
import { Server, postrider } from './support/postrider.mjs';
import { Receiver } from './support/receiver.mjs';
import { until } from './support/until.mjs';

const keys = ['a', 'b', 'c', 'd', 'e'];
const perKey = 40;
const options = { retryDelaysMs: Array(14).fill(30) };

/// Takes every line's events in order only, and fails some attempts. `lineOf(data)` and
/// `placeOf(data)` say where an event belongs.
class Order {
  next = new Map();
  repeated = 0;
  wrong = [];

  constructor(lineOf, placeOf) {
    Object.assign(this, { lineOf, placeOf });
  }

  script = (request, number) => {
    const { data } = JSON.parse(request.body);
    const line = this.lineOf(data);
    const place = this.placeOf(data);
    const next = this.next.get(line) ?? 0;
    // Only what was under way when the service was killed may come again.
    if (place === next - 1) this.repeated += 1;
    else if (place !== next) this.wrong.push(`${line}: ${place} instead of ${next}`);
    if (number % 6 === 0) return 500;
    if (place === next) this.next.set(line, next + 1);
    return { status: 200, delayMs: number % 4 };
  };

  get taken() {
    let sum = 0;
    for (const count of this.next.values()) sum += count;
    return sum;
  }
}

async function emitAll(api) {
  const ids = [];
  for (let place = 0; place < perKey; ++place) {
    const events = keys.map((key, at) => ({
      type: 'order.changed',
      ordering_key: key,
      data: { key, place, number: place * keys.length + at },
    }));
    const answer = await api.post('/v1/events/batch', { events });
    assert.equal(answer.status, 202, answer.text);
    ids.push(...answer.json.events.map(({ id }) => id));
  }
  return ids;
}

for (const [ordering, order] of [
  ['key', new Order(({ key }) => key, ({ place }) => place)],
  ['strict', new Order(() => 'all', ({ number }) => number)],
]) {
  test(`ordering ${ordering} holds across failures and a kill`, async (t) => {
    const db = await newDatabase(t);
    let server = await Server.start(t, { ...options, db });
    const receiver = await Receiver.start(t, order.script);
    await server.api.endpoint(receiver.url, { ordering });
    const ids = await emitAll(server.api);
    await until('a third is taken', () => order.taken >= ids.length / 3, { everyMs: 2 });
    await server.kill();
    assert.ok(order.taken < ids.length, 'it was killed under way');
    server = await Server.start(t, { ...options, db });
    await receiver.acceptedAll(ids);
    await server.api.settled();

    assert.deepEqual(order.wrong, []);
    assert.equal(order.taken, ids.length);
    const lines = ordering === 'strict' ? 1 : keys.length;
    assert.ok(order.repeated <= lines, `${order.repeated} came again`);
    assert.ok(receiver.inFlightMax <= lines, `${receiver.inFlightMax} at once`);
    assert.equal(await server.stop(), 0);
    if (!onPostgres) assert.equal((await postrider(['check', '--db', db])).code, 0);
  });
}

test('an endpoint says what blocks it until somebody cancels that', async (t) => {
  const server = await Server.start(t, { retryDelaysMs: [3_600_000] });
  const receiver = await Receiver.start(t, (_, number) => (number === 1 ? 500 : 200));
  const { id } = await server.api.endpoint(receiver.url, { ordering: 'key' });
  const emit = async (place) => {
    const event = { type: 'order.changed', ordering_key: 'k', data: { place } };
    return (await server.api.post('/v1/events', event)).json.id;
  };
  const first = await emit(0);
  const second = await emit(1);
  const shown = () => server.api.expect(200, 'GET', `/v1/endpoints/${id}`);
  const blocked = await until('the failed head is shown', async () => {
    const { blocked_by } = await shown();
    return blocked_by.length > 0 && blocked_by[0].attempts > 0 && blocked_by;
  });
  assert.equal(blocked.length, 1);
  assert.equal(blocked[0].ordering_key, 'k');
  assert.equal(blocked[0].attempts, 1);
  const head = await server.api.expect(200, 'GET', `/v1/deliveries/${blocked[0].delivery}`);
  assert.equal(head.event, first);
  assert.equal(head.next_attempt_at, blocked[0].next_attempt_at);
  assert.equal(receiver.of(second).length, 0);
  await server.api.expect(200, 'POST', `/v1/deliveries/${blocked[0].delivery}/cancel`);
  await receiver.acceptedAll([second]);
  assert.deepEqual((await shown()).blocked_by, []);
});
