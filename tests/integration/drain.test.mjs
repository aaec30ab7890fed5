// SIGTERM: nobody waits longer than the drain time, and nothing is lost.
import assert from 'node:assert/strict';
import { request } from 'node:http';
import { connect } from 'node:net';
import { once } from 'node:events';
import { test } from 'node:test';

import { Api, Server, rootKey } from './support/postrider.mjs';
import { Receiver } from './support/receiver.mjs';
import { until, within } from './support/until.mjs';

const seconds = (since) => (performance.now() - since) / 1000;

/// Emits with `count` producers until the connection is refused; the ids that were answered 202.
function load(server, count) {
  const accepted = [];
  const produce = async () => {
    for (;;) {
      try {
        const answer = await server.api.post('/v1/events', { type: 'a.b', data: 1 });
        if (answer.status !== 202) return;
        accepted.push(answer.json.id);
      } catch {
        return;
      }
    }
  };
  return { accepted, over: Promise.all(Array.from({ length: count }, produce)) };
}

test('under load it finishes what is in flight and exits with 0', async (t) => {
  const receiver = await Receiver.start(t, () => ({ status: 200, delayMs: 30 }));
  const server = await Server.start(t);
  await server.api.endpoint(receiver.url);
  const { accepted, over } = load(server, 8);
  await until('there is load', () => accepted.length > 200);
  const begin = performance.now();
  server.signal('SIGTERM');
  const { code } = await within('it exits', 20_000, server.ended);
  const took = seconds(begin);
  await over;
  assert.equal(code, 0, server.log);
  assert.ok(took < 5, `took ${took} s`);
  assert.equal(receiver.inFlight, 0, 'no request was cut');

  const before = receiver.accepted.size;
  const again = await Server.start(t, { db: server.db });
  await receiver.acceptedAll(accepted);
  await again.api.settled();
  assert.equal(receiver.duplicates, 0, 'what was delivered is not sent again');
  t.diagnostic(
    `${accepted.length} accepted, ${before} delivered before the exit in ${took.toFixed(2)} s`,
  );
});

test('a receiver that hangs holds it no longer than the drain time', async (t) => {
  const receiver = await Receiver.start(t, () => 'hang');
  const server = await Server.start(t, { flags: ['--drain-s', '2'] });
  await server.api.endpoint(receiver.url, { timeout_ms: 60_000 });
  const events = [];
  for (let i = 0; i < 5; ++i) events.push((await server.api.emit()).id);
  await receiver.got(5);
  const begin = performance.now();
  assert.equal(await server.stop(), 0, server.log);
  const took = seconds(begin);
  assert.ok(took >= 1.5 && took < 6, `took ${took} s`);

  receiver.script = () => 200;
  const again = await Server.start(t, { db: server.db });
  await receiver.acceptedAll(events);
  await again.api.settled();
  for (const id of events) {
    const [delivery] = await again.api.deliveriesOf(id);
    assert.equal(delivery.state, 'delivered');
    assert.equal(delivery.attempts.length, 1, 'what was given back used up no attempt');
  }
});

test('open streams and idle or silent clients do not hold it', async (t) => {
  const server = await Server.start(t, { flags: ['--drain-s', '15'] });
  const idle = new Api(server.url);
  t.after(() => idle.close());
  await idle.get('/healthz');
  const stream = request(`${server.url}/v1/stream`, {
    headers: { authorization: `Bearer ${rootKey}` },
  });
  stream.end();
  const [response] = await once(stream, 'response');
  assert.equal(response.statusCode, 200);
  response.resume();
  const streamEnded = new Promise((ended) => response.on('close', ended).on('error', () => {}));
  const silent = connect(Number(new URL(server.url).port), '127.0.0.1');
  silent.on('error', () => {});
  t.after(() => silent.destroy());
  await once(silent, 'connect');

  const begin = performance.now();
  assert.equal(await server.stop(), 0, server.log);
  const took = seconds(begin);
  assert.ok(took < 4, `took ${took} s`);
  await within('the stream ends', 5000, streamEnded);
});

test('a client in the middle of its request does not hold it for long', async (t) => {
  const server = await Server.start(t, { flags: ['--drain-s', '15'] });
  const slow = connect(Number(new URL(server.url).port), '127.0.0.1');
  slow.on('error', () => {});
  t.after(() => slow.destroy());
  await once(slow, 'connect');
  slow.write(
    `POST /v1/events HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${rootKey}\r\n` +
      'content-type: application/json\r\ncontent-length: 1000\r\n\r\n{"type":',
  );
  const begin = performance.now();
  assert.equal(await server.stop(), 0, server.log);
  const took = seconds(begin);
  assert.ok(took < 15, `took ${took} s`);
});

test('a client that does not read and a receiver that hangs share the drain time', async (t) => {
  const receiver = await Receiver.start(t, () => 'hang');
  const server = await Server.start(t, { flags: ['--drain-s', '2', '--api-threads', '1'] });
  await server.api.endpoint(receiver.url, { timeout_ms: 60_000 });
  await server.api.emit();
  await receiver.got(1);
  const deaf = connect(Number(new URL(server.url).port), '127.0.0.1');
  deaf.on('error', () => {});
  t.after(() => deaf.destroy());
  await once(deaf, 'connect');
  deaf.pause();
  deaf.write('GET /openapi.json HTTP/1.1\r\nhost: x\r\n\r\n'.repeat(300));
  const isTaken = () => server.api.get('/docs', { withinMs: 300 }).then(() => false, () => true);
  await until('it holds the only thread', isTaken);
  const begin = performance.now();
  assert.equal(await server.stop(), 0, server.log);
  const took = seconds(begin);
  assert.ok(took >= 1.5 && took < 4, `took ${took} s`);
});

test('SIGINT stops it as SIGTERM does', async (t) => {
  const server = await Server.start(t);
  server.signal('SIGINT');
  const { code } = await within('it exits', 10_000, server.ended);
  assert.equal(code, 0);
});
