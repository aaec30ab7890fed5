// An endpoint that is down costs a probe now and then, and gets everything when it is back.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Server } from './support/postrider.mjs';
import { Receiver, refusedUrl } from './support/receiver.mjs';
import { until } from './support/until.mjs';

const waiting = 200;
const failuresMax = 10;

/// Attempts that were made for an endpoint.
async function attemptsOf(api, endpoint) {
  const rows = await api.list(`/v1/deliveries?endpoint=${endpoint}`);
  return rows.reduce((sum, row) => sum + row.attempts_count, 0);
}

test('deliveries of an endpoint that refuses connections wait behind its circuit', async (t) => {
  let server = await Server.start(t, { retryDelaysMs: [600_000, 600_000] });
  const url = await refusedUrl();
  const { id } = await server.api.endpoint(url, { max_in_flight: 2 });
  const endpoint = () => server.api.expect(200, 'GET', `/v1/endpoints/${id}`);
  assert.deepEqual((await endpoint()).circuit, {
    state: 'closed',
    opened_at: null,
    next_probe_at: null,
  });
  const events = Array.from({ length: waiting }, (_, n) => ({ type: 'a.b', data: { n } }));
  const { events: accepted } = await server.api.expect(202, 'POST', '/v1/events/batch', { events });
  const open = await until('the circuit is open', async () => {
    const { circuit } = await endpoint();
    return circuit.state !== 'closed' && circuit;
  });
  const wait = Date.parse(open.next_probe_at) - Date.parse(open.opened_at);
  assert.ok(wait >= 4000 && wait <= 6000, `the first probe comes after ${wait} ms`);

  // A person's own retry is the next probe, at once.
  const [untried] = (await server.api.list(`/v1/deliveries?endpoint=${id}`)).filter(
    (row) => row.attempts_count === 0,
  );
  await server.api.expect(200, 'POST', `/v1/deliveries/${untried.id}/retry`);
  const { circuit } = await until('the probe has failed', async () => {
    const shown = await endpoint();
    return shown.circuit.next_probe_at !== open.next_probe_at && shown;
  });
  assert.equal(circuit.opened_at, open.opened_at);
  assert.ok(Date.parse(circuit.next_probe_at) > Date.parse(open.next_probe_at));
  const attempts = await attemptsOf(server.api, id);
  assert.ok(attempts >= failuresMax && attempts <= failuresMax + 4, `${attempts} attempts`);

  await server.kill();
  server = await Server.start(t, { db: server.db, retryDelaysMs: [600_000, 600_000] });
  assert.equal((await endpoint()).circuit.opened_at, open.opened_at, 'a restart goes on');

  const receiver = new Receiver(() => 200);
  receiver.server.listen(Number(new URL(url).port), '127.0.0.1');
  t.after(() => receiver.close());
  await until('it listens', () => receiver.server.listening);
  // What has failed already waits for its own schedule: people need not.
  for (const row of await server.api.list(`/v1/deliveries?endpoint=${id}&state=pending`)) {
    if (row.attempts_count > 0) await server.api.post(`/v1/deliveries/${row.id}/retry`, undefined);
  }
  await receiver.acceptedAll(accepted.map((event) => event.id));
  await server.api.settled();
  assert.equal((await endpoint()).circuit.state, 'closed');
  assert.match(server.log, /circuit closed/);
  assert.equal(await server.stop(), 0);
});

test('another URL closes the circuit at once', async (t) => {
  const receiver = await Receiver.start(t, () => 200);
  const server = await Server.start(t, { retryDelaysMs: [600_000] });
  const { id } = await server.api.endpoint(await refusedUrl(), { max_in_flight: 1 });
  const events = Array.from({ length: 20 }, (_, n) => ({ type: 'a.b', data: { n } }));
  await server.api.expect(202, 'POST', '/v1/events/batch', { events });
  await until('the circuit is open', async () => {
    const { circuit } = await server.api.expect(200, 'GET', `/v1/endpoints/${id}`);
    return circuit.state === 'open';
  });
  const changed = await server.api.expect(200, 'PATCH', `/v1/endpoints/${id}`, {
    url: receiver.url,
  });
  assert.equal(changed.circuit.state, 'closed');
  await receiver.got(10);
  assert.equal(await server.stop(), 0);
});
