// Idempotency keys: one event, however often and wherever the request is repeated.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Server } from './support/postrider.mjs';
import { Receiver } from './support/receiver.mjs';

const body = { type: 'order.created', data: { id: 'ord_1' } };
const withKey = (key) => ({ headers: { 'idempotency-key': key } });

test('requests with one key at the same time make one event', async (t) => {
  const receiver = await Receiver.start(t);
  const { api } = await Server.start(t);
  await api.endpoint(receiver.url);
  for (let round = 0; round < 20; ++round) {
    const options = withKey(`round-${round}`);
    const answers = await Promise.all(
      Array.from({ length: 8 }, () => api.post('/v1/events', body, options)),
    );
    assert.deepEqual(new Set(answers.map(({ status }) => status)), new Set([202]));
    assert.equal(new Set(answers.map(({ text }) => text)).size, 1, 'one answer for all');
    const replayed = answers.filter(({ headers }) => headers['idempotent-replayed'] === 'true');
    assert.equal(replayed.length, 7);
  }
  await api.settled();
  assert.equal((await api.list('/v1/events')).length, 20);
  assert.equal(receiver.requests.length, 20);
});

test('the first answer comes again after a restart and after a kill', async (t) => {
  const receiver = await Receiver.start(t);
  let server = await Server.start(t);
  await server.api.endpoint(receiver.url);
  const batch = { events: [body, { type: 'order.paid', data: 1 }] };
  const first = await server.api.post('/v1/events', body, withKey('single'));
  const firstBatch = await server.api.post('/v1/events/batch', batch, withKey('batch'));
  assert.deepEqual([first.status, firstBatch.status], [202, 202]);
  assert.equal(first.headers['idempotent-replayed'], undefined);
  await server.api.settled();

  for (const end of ['stop', 'kill']) {
    await server[end]();
    server = await Server.start(t, { db: server.db });
    const again = await server.api.post('/v1/events', body, withKey('single'));
    assert.equal(again.status, 202);
    assert.equal(again.text, first.text);
    assert.equal(again.headers['idempotent-replayed'], 'true');
    const againBatch = await server.api.post('/v1/events/batch', batch, withKey('batch'));
    assert.equal(againBatch.status, 202);
    assert.equal(againBatch.text, firstBatch.text);
    assert.equal(againBatch.headers['idempotent-replayed'], 'true');
  }
  const last = await server.api.emit('order.created', { id: 'last' });
  await receiver.acceptedAll([last.id]);
  assert.equal(receiver.requests.length, 4, 'nothing was sent twice');
});

test('a key with another body is refused and with another tenant is another key', async (t) => {
  const { api } = await Server.start(t);
  const first = await api.emit(body.type, body.data, {}, withKey('k'));
  const other = await api.post('/v1/events', { ...body, data: { id: 'ord_2' } }, withKey('k'));
  assert.equal(other.status, 422);
  assert.equal(other.headers['content-type'], 'application/problem+json');
  assert.match(other.json.detail, /[Ii]dempotency/);
  const acme = await api.emit(body.type, body.data, { tenant: 'acme' }, withKey('k'));
  assert.notEqual(acme.id, first.id);
  assert.equal((await api.list('/v1/events')).length, 2);
});

test('a refused request leaves its key free', async (t) => {
  const { api } = await Server.start(t);
  const wrong = await api.post('/v1/events', { type: 'no spaces', data: 1 }, withKey('k'));
  assert.equal(wrong.status, 422);
  const right = await api.post('/v1/events', body, withKey('k'));
  assert.equal(right.status, 202);
  assert.equal(right.headers['idempotent-replayed'], undefined);
});
