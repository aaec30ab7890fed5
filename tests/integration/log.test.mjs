// The log records of a running service.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';

import { newDatabase } from './support/database.mjs';
import { binary, rootKey, Server } from './support/postrider.mjs';
import { Receiver, refusedUrl } from './support/receiver.mjs';
import { sqlite } from './support/sql.mjs';
import { until } from './support/until.mjs';

const once_ = { retry: { kind: 'schedule', delays_ms: [] } };
const json = (...flags) => ({ flags: ['--log-format', 'json', ...flags] });

/// The lines of a log in JSON; the last one may be incomplete.
function linesOf(server) {
  return server.log
    .slice(0, server.log.lastIndexOf('\n') + 1)
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));
}

/// The first line with that message, and with `fields` among its fields.
function lineOf(server, message, fields = {}) {
  return until(`the log says "${message}"`, () =>
    linesOf(server).find(
      (line) =>
        line.message === message &&
        Object.entries(fields).every(([name, value]) => line[name] === value),
    ),
  );
}

test('start and stop say what runs, with which settings, and what was drained', async (t) => {
  const server = await Server.start(t, {
    ...json('--max-in-flight', '7', '--timeout-ms', '2500', '--retention-days', '0.5'),
    retryDelaysMs: [20, 30],
  });
  const started = await lineOf(server, 'service started');
  assert.equal(started.level, 'info');
  assert.match(started.time, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  assert.equal(started.url, server.url);
  assert.equal(started.store, 'sqlite');
  assert.equal(started.database, server.db);
  assert.equal(started.max_in_flight, 7);
  assert.equal(started.timeout_ms, 2500);
  assert.equal(started.retention_days, 0.5);
  assert.equal(started.retry_delays_ms, '20,30');
  assert.equal(started.allow_net, '127.0.0.0/8');
  assert.equal(started.root_key, true);
  assert.equal(await server.stop(), 0);
  const stopping = await lineOf(server, 'service stopping');
  assert.equal(stopping.reason, 'signal');
  assert.equal(linesOf(server).at(-1).message, 'service stopped');
  assert.doesNotMatch(server.log, new RegExp(rootKey));
});

test('a stop says which requests ended and which are repeated', async (t) => {
  const slow = await Receiver.start(t, () => ({ status: 200, delayMs: 300 }));
  const silent = await Receiver.start(t, () => 'hang');
  const server = await Server.start(t, json('--drain-s', '1'));
  await server.api.endpoint(slow.url);
  await server.api.endpoint(silent.url);
  await server.api.emit();
  await until('both are in flight', () => slow.requests.length + silent.requests.length === 2);
  assert.equal(await server.stop(), 0);
  const { finished, given_back } = await lineOf(server, 'requests drained');
  assert.deepEqual([finished, given_back], [1, 1]);
});

test('lines that a request caused carry its X-Request-Id', async (t) => {
  const receiver = await Receiver.start(t);
  const server = await Server.start(t, json('--log-level', 'debug'));
  const { api } = server;
  const { id: endpoint } = await api.endpoint(receiver.url);
  const as = (id) => ({ headers: { 'x-request-id': id } });
  await api.expect(200, 'POST', `/v1/endpoints/${endpoint}/pause`, undefined, as('pausing'));
  await api.expect(200, 'POST', `/v1/endpoints/${endpoint}/pause`, undefined, as('again'));
  await api.expect(200, 'POST', `/v1/endpoints/${endpoint}/resume`, undefined, as('resuming'));
  await api.expect(200, 'POST', `/v1/endpoints/${endpoint}/disable`, undefined, as('disabling'));
  const key = await api.expect(
    201,
    'POST',
    '/v1/api-keys',
    { name: 'check "out"', scope: 'emit' },
    as('making'),
  );
  await api.expect(204, 'DELETE', `/v1/api-keys/${key.id}`, undefined, as('revoking'));
  const task = await api.expect(202, 'POST', '/v1/dead-letters/discard', {}, as('discarding'));

  await lineOf(server, 'endpoint created', { endpoint });
  await lineOf(server, 'endpoint paused', { endpoint, request_id: 'pausing' });
  await lineOf(server, 'endpoint resumed', { endpoint, request_id: 'resuming' });
  await lineOf(server, 'endpoint disabled', {
    endpoint,
    reason: 'operator',
    request_id: 'disabling',
  });
  const named = { key: key.id, name: 'check "out"', scope: 'emit' };
  await lineOf(server, 'API key created', { ...named, request_id: 'making' });
  await lineOf(server, 'API key revoked', { ...named, request_id: 'revoking' });
  await lineOf(server, 'task started', { task: task.id, total: 0, request_id: 'discarding' });
  const ended = await lineOf(server, 'task ended', { task: task.id, state: 'done' });
  assert.equal(ended.request_id, undefined, 'no request ended it');
  const handled = await lineOf(server, 'request handled', { request_id: 'revoking' });
  assert.equal(handled.level, 'debug');
  assert.deepEqual(
    [handled.method, handled.route, handled.status],
    ['DELETE', '/v1/api-keys/{id}', 204],
  );
  assert.equal(typeof handled.duration_ms, 'number');
  assert.equal(linesOf(server).filter(({ message }) => message === 'endpoint paused').length, 1);
  assert.doesNotMatch(server.log, new RegExp(key.key), 'the key is not in it');
});

test('an id is made for a request that has none, and answered', async (t) => {
  const server = await Server.start(t, json('--log-level', 'debug'));
  const { headers } = await server.api.get('/v1/tasks');
  await lineOf(server, 'request handled', { request_id: headers['x-request-id'] });
});

test('a receiver that answers 410 is in the log with its delivery', async (t) => {
  const receiver = await Receiver.start(t, () => 410);
  const server = await Server.start(t, json());
  const { id: endpoint } = await server.api.endpoint(`${receiver.url}/secret-path?token=secret`);
  const { id } = await server.api.emit('order.created', { card: 'secret-number' });
  const delivery = await server.api.deliveryIn('dead', id);
  const dead = await lineOf(server, 'delivery dead', { delivery: delivery.id });
  assert.equal(dead.level, 'warning');
  assert.deepEqual(
    [dead.event, dead.endpoint, dead.reason, dead.attempts, dead.outcome, dead.status],
    [id, endpoint, 'gone', 1, 'gone', 410],
  );
  const disabled = await lineOf(server, 'endpoint disabled', { endpoint });
  assert.deepEqual([disabled.level, disabled.reason, disabled.status], ['warning', 'gone', 410]);
  assert.doesNotMatch(server.log, /secret/);
});

test('an endpoint that fails, opens its circuit and recovers is a line each', async (t) => {
  const receiver = await Receiver.start(t, () => 500);
  const delays = Array(20).fill(10);
  const server = await Server.start(t, { ...json('--log-level', 'debug'), retryDelaysMs: delays });
  const { id: endpoint } = await server.api.endpoint(receiver.url, { max_in_flight: 1 });
  const { id } = await server.api.emit();
  await lineOf(server, 'circuit opened', { endpoint, outcome: 'http_error', status: 500 });
  receiver.script = () => 200;
  const [{ id: delivery }] = await server.api.deliveriesOf(id);
  await server.api.post(`/v1/deliveries/${delivery}/retry`);
  await lineOf(server, 'circuit closed', { endpoint });
  await lineOf(server, 'endpoint recovered', { endpoint });
  const failing = linesOf(server).filter(({ message }) => message === 'endpoint failing');
  assert.equal(failing.length, 1);
  assert.deepEqual([failing[0].outcome, failing[0].status], ['http_error', 500]);
  const attempts = linesOf(server).filter(({ message }) => message === 'attempt finished');
  assert.equal(attempts.length, receiver.requests.length);
  assert.deepEqual(
    attempts.map(({ number }) => number),
    attempts.map((_, i) => i + 1),
  );
  assert.equal(attempts[0].next, 'retry');
  assert.deepEqual([attempts.at(-1).next, attempts.at(-1).outcome], ['delivered', 'success']);
  assert.equal(typeof attempts[0].duration_ms, 'number');
});

test('throttling is one line at its begin and one at its end', async (t) => {
  const receiver = await Receiver.start(t, (_, number) =>
    number < 3 ? { status: 429, headers: { 'retry-after': '1' } } : 200,
  );
  const server = await Server.start(t, { ...json(), retryDelaysMs: [10, 10, 10] });
  const { id: endpoint } = await server.api.endpoint(receiver.url);
  const { id } = await server.api.emit();
  await server.api.deliveryIn('delivered', id);
  const began = await lineOf(server, 'endpoint throttling began', { endpoint });
  assert.equal(began.status, 429);
  await lineOf(server, 'endpoint throttling ended', { endpoint });
  const about = linesOf(server).filter(({ message }) => message.startsWith('endpoint throttling'));
  assert.equal(about.length, 2);
});

test('a refused row of the outbox is in the log with its reason', async (t) => {
  const server = await Server.start(t, json());
  await sqlite(server.db, `INSERT INTO outbox (id, type, data) VALUES (7, 'a.b', 'not JSON')`);
  const { level, row, reason } = await lineOf(server, 'outbox row refused');
  assert.deepEqual([level, row], ['warning', 7]);
  assert.match(reason, /data/);
});

test('failed authentication does not flood, and does not repeat the key', async (t) => {
  const server = await Server.start(t, json());
  const requests = 150;
  for (let i = 0; i < requests; ++i) {
    const { status } = await server.api.get('/v1/tasks?secret=1', { key: `guess-${i}` });
    assert.equal(status, 401);
  }
  assert.equal(await server.stop(), 0);
  const failed = linesOf(server).filter(({ message }) => message === 'authentication failed');
  assert.ok(failed.length > 0 && failed.length <= 20, `${failed.length} lines`);
  assert.deepEqual([failed[0].client, failed[0].reason], ['127.0.0.1', 'unknown_key']);
  const suppressed = await lineOf(server, 'repeated lines suppressed', {
    line: 'authentication failed',
  });
  assert.equal(suppressed.count + failed.length, requests);
  assert.doesNotMatch(server.log, /guess-|secret/);
});

test('retention says how many rows it removed', async (t) => {
  const first = await Server.start(t, json());
  assert.equal(await first.stop(), 0);
  await sqlite(
    first.db,
    `INSERT INTO outbox_rejected (id, reason, rejected_at_ms) VALUES (1, 'a', 1), (2, 'b', 1)`,
  );
  const second = await Server.start(t, { ...json(), db: first.db });
  const { rows, duration_ms } = await lineOf(second, 'retention removed rows');
  assert.equal(rows, 2);
  assert.equal(typeof duration_ms, 'number');
});

test('a reader of the log that stopped reading stops no delivery', async (t) => {
  const receiver = await Receiver.start(t);
  const db = await newDatabase(t);
  const child = spawn(
    binary,
    ['serve', '--db', db, '--listen', '127.0.0.1:0', '--root-key', rootKey]
      .concat(['--allow-net', '127.0.0.0/8', '--log-level', 'debug', '--log-format', 'json']),
    { stdio: ['ignore', 'pipe', 'pipe'] },
  );
  t.after(() => child.kill('SIGKILL'));
  let out = '';
  child.stdout.setEncoding('utf8').on('data', (text) => (out += text));
  child.stderr.pause();
  const server = new Server(db);
  server.process = { child, pid: child.pid, ended: once(child, 'close') };
  const url = await until('it listens', () => out.match(/^listening on (\S+)$/m)?.[1]);
  const { Api } = await import('./support/postrider.mjs');
  const api = new Api(url);
  t.after(() => api.close());
  await api.endpoint(receiver.url);
  // Node.js reads some of the pipe ahead: more than it, the pipe and the queue hold.
  const events = 12_000;
  for (let sent = 0; sent < events; sent += 100) {
    const batch = Array.from({ length: 100 }, () => ({ type: 'a.b', data: {} }));
    await api.expect(202, 'POST', '/v1/events/batch', { events: batch });
  }
  await until('all are delivered', () => receiver.requests.length >= events, { withinMs: 60_000 });
  await api.settled();

  let log = '';
  child.stderr.setEncoding('utf8').on('data', (text) => (log += text));
  child.stderr.resume();
  await api.get('/v1/tasks', { headers: { 'x-request-id': 'the-last' } });
  await until('the log goes on', () => log.includes('the-last'), { withinMs: 30_000 });
  const lines = log.slice(0, log.lastIndexOf('\n')).split('\n').map((line) => JSON.parse(line));
  const dropped = lines.filter(({ message }) => message === 'log lines dropped');
  assert.ok(dropped.length > 0 && dropped.every(({ count }) => count > 0));
  child.kill('SIGTERM');
  assert.equal((await once(child, 'exit'))[0], 0);
});

test('the log at its default level has no line for each delivery', async (t) => {
  const receiver = await Receiver.start(t);
  const server = await Server.start(t, json());
  await server.api.endpoint(receiver.url);
  for (let i = 0; i < 20; ++i) await server.api.emit();
  await server.api.settled();
  const messages = linesOf(server).map(({ message }) => message);
  assert.deepEqual(messages, ['service started', 'endpoint created']);
});

test('a delivery that no attempt reached names its error', async (t) => {
  const server = await Server.start(t, json());
  await server.api.endpoint(await refusedUrl(), once_);
  const { id } = await server.api.emit();
  const { attempts } = await server.api.deliveryIn('dead', id);
  const dead = await lineOf(server, 'delivery dead', { outcome: 'connect' });
  assert.equal(dead.error, attempts[0].error);
  assert.equal(dead.status, undefined);
});
