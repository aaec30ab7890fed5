// What receivers can do, and what becomes of it.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { test } from 'node:test';

import { Server } from './support/postrider.mjs';
import { Receiver, refusedUrl } from './support/receiver.mjs';
import { never, until } from './support/until.mjs';

/// A TCP server that sends `bytes` to every client, and then closes or hangs.
async function rawUrl(t, bytes, { close = true } = {}) {
  const sockets = new Set();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    socket.once('data', () => (close ? socket.end(bytes) : socket.write(bytes)));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return `http://127.0.0.1:${server.address().port}/hook`;
}

/// The delivery of a new event to `url` after its only attempt, which fails.
async function failsAt(t, url, members = {}, options = {}) {
  const { api } = await Server.start(t, options);
  const policy = { kind: 'schedule', delays_ms: [] };
  const endpoint = await api.endpoint(url, { retry: policy, ...members });
  const event = await api.emit();
  const delivery = await api.deliveryIn('dead', event.id);
  assert.equal(delivery.attempts.length, 1);
  return { api, endpoint, delivery, attempt: delivery.attempts[0] };
}

for (const status of [300, 301, 302, 307, 308, 400, 404, 500, 504]) {
  test(`a ${status} is a failed attempt`, async (t) => {
    const target = await Receiver.start(t);
    const headers = status < 400 ? { location: target.url } : {};
    const receiver = await Receiver.start(t, () => ({ status, headers, body: 'why \u0001 not' }));
    const { delivery, attempt } = await failsAt(t, receiver.url);
    assert.equal(attempt.outcome, 'http_error');
    assert.equal(attempt.status, status);
    assert.equal(delivery.reason, 'attempts_exhausted');
    assert.match(attempt.response_excerpt, /why/);
    assert.equal(target.requests.length, 0, 'no redirect is followed');
  });
}

test('every 2xx is a success', async (t) => {
  const statuses = [200, 201, 202, 204, 206, 299];
  const receiver = await Receiver.start(t, (_, number) => statuses[number - 1]);
  const { api } = await Server.start(t);
  await api.endpoint(receiver.url, { max_in_flight: 1 });
  for (let i = 0; i < statuses.length; ++i) {
    const { id } = await api.emit();
    const { attempts } = await api.deliveryIn('delivered', id);
    assert.deepEqual(attempts.map(({ outcome }) => outcome), ['success']);
  }
});

test('an answer that does not come in time is a timeout', async (t) => {
  const receiver = await Receiver.start(t, () => 'hang');
  const { attempt } = await failsAt(t, receiver.url, { timeout_ms: 1000 });
  assert.equal(attempt.outcome, 'timeout');
  assert.equal(attempt.status, null);
  assert.ok(attempt.duration_ms >= 950 && attempt.duration_ms < 3000, `${attempt.duration_ms}`);
});

test('a success whose body never ends is a success', async (t) => {
  const head = 'HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n';
  const url = await rawUrl(t, `${head}abc`, { close: false });
  const { api } = await Server.start(t);
  await api.endpoint(url, { timeout_ms: 1000 });
  const { id } = await api.emit();
  const { attempts } = await api.deliveryIn('delivered', id);
  assert.deepEqual(attempts.map(({ status }) => status), [200]);
});

test('a refused connection is a connect failure that names no address', async (t) => {
  const { attempt } = await failsAt(t, await refusedUrl());
  assert.equal(attempt.outcome, 'connect');
  assert.equal(attempt.status, null);
  assert.doesNotMatch(attempt.error, /127\.0\.0\.1/);
});

test('a connection that is cut before the answer is a connect failure', async (t) => {
  const receiver = await Receiver.start(t, () => 'reset');
  const { attempt } = await failsAt(t, receiver.url);
  assert.equal(attempt.outcome, 'connect');
  // It may have been processed: no second request at once.
  assert.equal(receiver.requests.length, 1);
});

test('an answer that is not HTTP is response_invalid', async (t) => {
  const { attempt } = await failsAt(t, await rawUrl(t, 'good morning\r\n\r\n'));
  assert.equal(attempt.outcome, 'response_invalid');
});

test('a name that does not exist is a dns failure', async (t) => {
  const { attempt } = await failsAt(t, 'http://nowhere.invalid/hook');
  assert.equal(attempt.outcome, 'dns');
});

test('https to a server that speaks http is a tls failure', async (t) => {
  const receiver = await Receiver.start(t);
  const { attempt } = await failsAt(t, receiver.url.replace('http:', 'https:'));
  assert.equal(attempt.outcome, 'tls');
});

test('private addresses are blocked unless they are allowed', async (t) => {
  const receiver = await Receiver.start(t);
  const { api, attempt } = await failsAt(t, receiver.url, {}, { allowLoopback: false });
  assert.equal(attempt.outcome, 'blocked');
  assert.equal(attempt.status, null);
  const policy = { kind: 'schedule', delays_ms: [] };
  const { port } = receiver;
  for (const host of ['localhost', '[::1]', '0.0.0.0', '[::ffff:127.0.0.1]', '2130706433']) {
    const url = `http://${host}:${port}/`;
    const answer = await api.post('/v1/endpoints', { url, retry: policy });
    assert.ok([201, 422].includes(answer.status), answer.text);
  }
  await api.emit();
  await api.settled();
  const dead = await api.list('/v1/dead-letters');
  for (const { id } of dead) {
    const { attempts } = await api.delivery(id);
    assert.deepEqual(attempts.map(({ outcome }) => outcome), ['blocked']);
  }
  assert.ok(dead.length > 2);
  assert.equal(receiver.requests.length, 0);
});

test('410 disables the endpoint at once and keeps what waits', async (t) => {
  const receiver = await Receiver.start(t, () => 410);
  const { api } = await Server.start(t);
  const { id: endpoint } = await api.endpoint(receiver.url);
  const gone = await api.emit();
  const delivery = await api.deliveryIn('dead', gone.id);
  assert.equal(delivery.reason, 'gone');
  assert.deepEqual(delivery.attempts.map(({ outcome }) => outcome), ['gone']);
  const shown = await api.expect(200, 'GET', `/v1/endpoints/${endpoint}`);
  assert.equal(shown.state, 'disabled');
  assert.equal(shown.state_reason, 'gone');

  const waiting = await api.emit();
  const refused = await api.post(`/v1/dead-letters/${delivery.id}/replay`);
  assert.equal(refused.status, 409, refused.text);
  const [kept] = await api.deliveriesOf(waiting.id);
  assert.equal(kept.state, 'pending');
  receiver.script = () => 200;
  await api.expect(200, 'POST', `/v1/endpoints/${endpoint}/resume`);
  await api.deliveryIn('delivered', waiting.id);
  assert.equal(receiver.requests.length, 2);
});

for (const [status, kind] of [[429, 'seconds'], [503, 'seconds'], [503, 'date'], [429, 'date']]) {
  test(`Retry-After of a ${status} in ${kind} holds the whole endpoint`, async (t) => {
    let until_;
    const receiver = await Receiver.start(t, (_, number) => {
      if (number > 1) return 200;
      until_ = performance.now() + 2000;
      // A date has whole seconds: the next one that is at least two away.
      const date = new Date(Math.ceil(Date.now() / 1000 + 2) * 1000).toUTCString();
      return { status, headers: { 'retry-after': kind === 'date' ? date : '2' } };
    });
    const { api } = await Server.start(t, { retryDelaysMs: [20, 20, 20] });
    await api.endpoint(receiver.url);
    const first = await api.emit();
    await until('the first attempt is noted', async () => {
      const [delivery] = await api.deliveriesOf(first.id);
      return delivery.attempts.length === 1;
    });
    const second = await api.emit();
    await receiver.acceptedAll([first.id, second.id]);
    const early = receiver.requests.slice(1).filter(({ at }) => at < until_ - 50);
    assert.deepEqual(early, []);
    assert.equal(receiver.requests.length, 3);
    assert.ok(receiver.requests[1].at < until_ + 3000, 'and not much longer');
  });
}

test('503 without Retry-After holds the endpoint for a second', async (t) => {
  const receiver = await Receiver.start(t, (_, number) => (number === 1 ? 503 : 200));
  const { api } = await Server.start(t, { retryDelaysMs: [20] });
  await api.endpoint(receiver.url);
  const { id } = await api.emit();
  await receiver.acceptedAll([id]);
  const [first, second] = receiver.requests;
  assert.ok(second.at - first.at >= 900, `${second.at - first.at}`);
});

test('a paused endpoint collects and sends nothing until it is resumed', async (t) => {
  const receiver = await Receiver.start(t);
  const { api } = await Server.start(t);
  const { id } = await api.endpoint(receiver.url);
  await api.expect(200, 'POST', `/v1/endpoints/${id}/pause`);
  const events = [(await api.emit()).id, (await api.emit()).id];
  await never('it sends', () => receiver.requests.length > 0, { forMs: 300 });
  await api.expect(200, 'POST', `/v1/endpoints/${id}/resume`);
  await receiver.acceptedAll(events);
});

test('deliver_at is waited for and expires_at ends the wait', async (t) => {
  const receiver = await Receiver.start(t);
  const { api } = await Server.start(t);
  const { id } = await api.endpoint(receiver.url);
  const at = Date.now() + 1500;
  const later = await api.emit('a.b', 1, { deliver_at: new Date(at).toISOString() });
  await receiver.acceptedAll([later.id]);
  assert.ok(receiver.requests[0].wallMs >= at - 5);
  await api.expect(200, 'POST', `/v1/endpoints/${id}/pause`);
  const lapses = await api.emit('a.b', 1, { expires_at: new Date(Date.now() + 500).toISOString() });
  const { reason } = await api.deliveryIn('dead', lapses.id, { withinMs: 20_000 });
  assert.equal(reason, 'expired');
});
