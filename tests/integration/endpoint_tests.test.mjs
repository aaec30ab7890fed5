// `POST /v1/endpoints/{id}/test`: sent at once, never repeated, and nothing of it remains.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Api, Server } from './support/postrider.mjs';
import { Receiver, refusedUrl, verifiedSignatures } from './support/receiver.mjs';
import { until } from './support/until.mjs';

const median = (values) => values.sort((a, b) => a - b)[Math.floor(values.length / 2)];
const isTest = ({ body }) => body.includes('postrider.test');

/// Tests of an endpoint answer 200 and all else gets `answer`.
const onlyTestsPass = (answer) => (request) => (isTest(request) ? 200 : answer);

async function passes(api, endpoint) {
  const attempt = await api.expect(200, 'POST', `/v1/endpoints/${endpoint}/test`);
  assert.equal(attempt.outcome, 'success');
  return attempt;
}

const emitMany = (api, count, members = {}) =>
  api.expect(202, 'POST', '/v1/events/batch', {
    events: Array.from({ length: count }, (_, n) => ({ type: 'a.b', data: { n }, ...members })),
  });

/// Milliseconds that each of `count` runs of `work` takes.
async function timed(count, work) {
  const taken = [];
  for (let i = 0; i < count; ++i) {
    const begun = performance.now();
    await work();
    taken.push(performance.now() - begun);
  }
  return taken;
}

test('forty tests of a silent receiver delay nobody', async (t) => {
  const silent = await Receiver.start(t, () => 'hang');
  const healthy = await Receiver.start(t);
  const { api, url } = await Server.start(t);
  const { id } = await api.endpoint(silent.url, { timeout_ms: 6000, event_types: ['never'] });
  await api.endpoint(healthy.url);
  const work = {
    emit: async () => {
      await api.emit();
    },
    list: () => api.list('/v1/endpoints'),
    delivery: async () => {
      const { id: event } = await api.emit();
      await healthy.got(1, { event });
    },
  };
  const measure = async () => {
    const result = {};
    for (const [name, one] of Object.entries(work)) result[name] = median(await timed(30, one));
    return result;
  };
  await measure();
  const alone = await measure();

  const person = new Api(url);
  t.after(() => person.close());
  const tests = Array.from({ length: 40 }, () =>
    person.expect(200, 'POST', `/v1/endpoints/${id}/test`),
  );
  await silent.got(40);
  const beside = await measure();
  assert.equal(silent.inFlight, 40, 'all of them still wait');
  for (const name of Object.keys(work)) {
    t.diagnostic(`${name}: ${alone[name].toFixed(1)} ms alone, ${beside[name].toFixed(1)} beside`);
    assert.ok(beside[name] < 10 * alone[name] + 50, `${name} takes ${beside[name]} ms`);
  }
  for (const attempt of await Promise.all(tests)) assert.equal(attempt.outcome, 'timeout');
  assert.equal(silent.requests.length, 40, 'none is repeated');
});

test('a test does not wait for what deliveries wait for', async (t) => {
  const receiver = await Receiver.start(t, onlyTestsPass(503));
  const { api } = await Server.start(t, { retryDelaysMs: [600_000, 600_000] });

  const ordered = await api.endpoint(receiver.url, { ordering: 'strict', event_types: ['ordered'] });
  await emitMany(api, 3, { type: 'ordered' });
  await until('the head is blocked and the endpoint throttled', () => receiver.requests.length > 0);
  await passes(api, ordered.id);

  const down = await api.endpoint(receiver.url, { event_types: ['down'] });
  receiver.script = onlyTestsPass(500);
  await emitMany(api, 40, { type: 'down' });
  const shown = (id) => api.expect(200, 'GET', `/v1/endpoints/${id}`);
  const open = await until('the circuit is open', async () => {
    const { circuit } = await shown(down.id);
    return circuit.state !== 'closed' && circuit;
  });
  await passes(api, down.id);
  assert.equal((await shown(down.id)).circuit.opened_at, open.opened_at, 'it stays open');

  const limited = await api.endpoint(receiver.url, {
    event_types: ['limited'],
    rate_limit: { limit: 1, period_ms: 3_600_000 },
  });
  for (let i = 0; i < 3; ++i) await passes(api, limited.id);
  const { id: counted } = await api.emit('limited');
  await receiver.got(1, { event: counted });
  await passes(api, limited.id);

  const busy = await api.endpoint(receiver.url, { event_types: ['busy'], max_in_flight: 1 });
  await api.expect(200, 'POST', `/v1/endpoints/${busy.id}/pause`);
  await emitMany(api, 10_000, { type: 'busy' });
  receiver.script = (request) => (isTest(request) ? 200 : { status: 200, delayMs: 50 });
  await api.expect(200, 'POST', `/v1/endpoints/${busy.id}/resume`);
  const [took] = await timed(1, () => passes(api, busy.id));
  assert.ok(took < 2000, `${took} ms behind 10,000 deliveries`);

  for (const action of ['pause', 'disable']) {
    const { state, state_reason } = await api.expect(200, 'POST', `/v1/endpoints/${busy.id}/${action}`);
    await passes(api, busy.id);
    const after = await shown(busy.id);
    assert.deepEqual([after.state, after.state_reason], [state, state_reason]);
  }
});

test('nothing of a test remains', async (t) => {
  const receiver = await Receiver.start(t, () => 410);
  const { api } = await Server.start(t, { retryDelaysMs: [10, 10] });
  const made = await api.endpoint(receiver.url, { event_types: ['never'], filter: 'false' });
  const at = `/v1/endpoints/${made.id}`;
  const gone = await api.expect(200, 'POST', `${at}/test`, { type: 'a.b', data: { n: 1.5 } });
  assert.deepEqual([gone.outcome, gone.status, gone.number], ['gone', 410, 1]);
  assert.deepEqual([gone.delivery_state, gone.next_attempt_at], [null, null]);
  const [request] = await receiver.got(1);
  assert.equal(request.id, gone.event, 'webhook-id is the id of the event');
  assert.equal(verifiedSignatures(request, made.secret), 1);
  assert.equal(request.attempt, 1);
  receiver.script = () => 500;
  for (let i = 0; i < 12; ++i) await api.expect(200, 'POST', `${at}/test`);
  await api.expect(200, 'PATCH', at, { url: await refusedUrl() });
  assert.equal((await api.expect(200, 'POST', `${at}/test`)).outcome, 'connect');

  const { state, circuit } = await api.expect(200, 'GET', at);
  assert.deepEqual([state, circuit.state], ['active', 'closed']);
  for (const path of ['/v1/events', '/v1/deliveries', '/v1/dead-letters', '/v1/tasks']) {
    assert.deepEqual(await api.list(path), [], path);
  }
  for (const path of [`events/${gone.event}`, `deliveries/${gone.delivery}`]) {
    await api.expect(404, 'GET', `/v1/${path}`);
  }
  // Statistics of a real delivery are there, so those of tests would be, too.
  await api.expect(200, 'PATCH', at, { url: receiver.url, event_types: null, filter: null });
  receiver.script = () => 200;
  await api.deliveryIn('delivered', (await api.emit()).id);
  const { totals } = await until('the delivery is counted', async () => {
    const stats = await api.expect(200, 'GET', `${at}/stats`);
    return stats.totals.attempts > 0 && stats;
  });
  assert.equal(totals.attempts, 1);
  const metrics = (await api.get('/metrics')).text;
  assert.match(metrics, /^postrider_attempts_total\{class="2xx"\} 1$/m);
  assert.doesNotMatch(metrics, /^postrider_attempts_total\{class="(4xx|5xx|connect)"\} [1-9]/m);
  assert.equal(receiver.requests.length, 14, 'none is repeated');
});

test('tests beyond the limit of an endpoint are refused', async (t) => {
  const silent = await Receiver.start(t, () => 'hang');
  const { api, url } = await Server.start(t);
  const { id } = await api.endpoint(silent.url, { timeout_ms: 2000 });
  const person = new Api(url, { maxSockets: 100 });
  t.after(() => person.close());
  const answers = await Promise.all(
    Array.from({ length: 60 }, () => person.post(`/v1/endpoints/${id}/test`, {})),
  );
  const refused = answers.filter(({ status }) => status === 429);
  assert.equal(refused.length, 60 - 48);
  assert.ok(refused.every(({ headers }) => Number(headers['retry-after']) > 0));
  assert.equal(refused[0].json.type, 'urn:postrider:problem:too_many_requests');
  assert.equal(answers.filter(({ status }) => status === 200).length, 48);
  silent.script = () => 200;
  await passes(api, id);
});

test('the outcome of a test whose client has gone is dropped', async (t) => {
  let answerNow;
  const delayedBy = new Promise((done) => (answerNow = done));
  const receiver = await Receiver.start(t, () => ({ status: 200, delayedBy }));
  const server = await Server.start(t);
  const { id } = await server.api.endpoint(receiver.url);
  const clients = Array.from({ length: 20 }, () => new Api(server.url));
  const asked = clients.map((client) =>
    assert.rejects(client.post(`/v1/endpoints/${id}/test`, {})),
  );
  await receiver.got(20);
  for (const client of clients) client.close();
  await Promise.all(asked);
  answerNow();
  await passes(server.api, id);
  assert.equal(await server.stop(), 0);
});

test('a test that waits is answered when the service stops', async (t) => {
  const silent = await Receiver.start(t, () => 'hang');
  const server = await Server.start(t);
  const { id } = await server.api.endpoint(silent.url, { timeout_ms: 60_000 });
  const waiting = server.api.post(`/v1/endpoints/${id}/test`, {});
  await silent.got(1);
  const begun = performance.now();
  const stopped = server.stop();
  const answer = await waiting;
  assert.equal(answer.status, 503);
  assert.ok(Number(answer.headers['retry-after']) > 0);
  assert.equal(await stopped, 0);
  assert.ok(performance.now() - begun < 5000, 'nobody waits for the receiver');
});

test('a test that was under way at a kill leaves nothing', async (t) => {
  const silent = await Receiver.start(t, () => 'hang');
  const server = await Server.start(t);
  const { id } = await server.api.endpoint(silent.url, { timeout_ms: 60_000 });
  const waiting = assert.rejects(server.api.post(`/v1/endpoints/${id}/test`, {}));
  await silent.got(1);
  await server.kill();
  await waiting;
  silent.script = () => 200;
  const { api } = await Server.start(t, { db: server.db });
  for (const path of ['/v1/events', '/v1/deliveries', '/v1/dead-letters']) {
    assert.deepEqual(await api.list(path), [], path);
  }
  await passes(api, id);
  assert.equal(silent.requests.length, 2, 'it is not sent again');
});
