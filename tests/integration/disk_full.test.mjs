// No space left: the service says so, loses nothing and resumes when there is space again.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Server, binary } from './support/postrider.mjs';
import { run } from './support/process.mjs';
import { Receiver } from './support/receiver.mjs';
import { FileSizeLimit, SmallDisk } from './support/small_disk.mjs';
import { until } from './support/until.mjs';

const data = 'x'.repeat(20_000);

/// A service whose space has run out: with events delivered, others waiting for their retry, and
/// requests in flight whose answers come while nothing can be written.
async function runOutOfSpace(t, disk) {
  let release;
  const held = new Promise((go) => (release = go));
  const receiver = await Receiver.start(t, () => 200);
  const options = { db: disk.db, wrap: disk.wrap, retryDelaysMs: Array(20).fill(300) };
  const server = await Server.start(t, options);
  const { api } = server;
  await api.endpoint(receiver.url);
  const accepted = [];
  const emit = async () => {
    const answer = await api.post('/v1/events', { type: 'a.b', data });
    if (answer.status === 202) accepted.push(answer.json.id);
    return answer;
  };
  for (let i = 0; i < 20; ++i) await emit();
  await receiver.acceptedAll(accepted);
  // Too few failures in a row to open the endpoint's circuit.
  const answer = { status: 200, delayedBy: held };
  receiver.script = (request) => (request.attempt === 1 ? 500 : answer);
  for (let i = 0; i < 5; ++i) await emit();
  await receiver.got(25);
  receiver.script = () => answer;
  for (let i = 0; i < 10; ++i) await emit();
  await until('ten requests are in flight', () => receiver.inFlight >= 10);

  await disk.fill(server);
  release();
  receiver.script = () => 200;
  const refused = await until('an event is refused', async () => {
    const answer = await emit();
    return answer.status !== 202 && answer;
  });
  return { receiver, server, options, accepted, emit, refused };
}

const cannot = 'the database cannot be written';
const canAgain = 'the database can be written again';
const count = (server, text) => server.log.split(text).length - 1;

function assertUnavailable(answer) {
  assert.equal(answer.status, 503, answer.text);
  assert.equal(answer.headers['content-type'], 'application/problem+json');
  assert.ok(Number(answer.headers['retry-after']) > 0);
  assert.ok(answer.json.detail.length > 10, answer.text);
}

async function assertAllDelivered({ receiver, accepted, emit }, server, { duplicatesMax }) {
  await until('events are accepted again', async () => (await emit()).status === 202);
  for (let i = 0; i < 20; ++i) assert.equal((await emit()).status, 202);
  await until('it is ready', async () => (await server.api.get('/readyz')).status === 200);
  assert.match((await server.api.get('/metrics')).text, /^postrider_ready 1$/m);
  await receiver.acceptedAll(accepted);
  await server.api.settled();
  assert.ok(receiver.duplicates <= duplicatesMax, `${receiver.duplicates} duplicates`);
  assert.equal(receiver.accepted.size, accepted.length, 'what was refused was not sent');
}

async function survives(t, disk) {
  const all = await runOutOfSpace(t, disk);
  const { server, emit, refused } = all;
  assertUnavailable(refused);
  for (let i = 0; i < 20; ++i) assertUnavailable(await emit());
  await until('readiness tells', async () => (await server.api.get('/readyz')).status === 503);
  assertUnavailable(await server.api.get('/readyz'));
  assert.match((await server.api.get('/metrics')).text, /^postrider_ready 0$/m);
  assert.equal((await server.api.get('/healthz')).status, 200);
  assert.equal((await server.api.get('/v1/events')).status, 200, 'reading goes on');
  assert.equal((await server.api.get('/metrics')).status, 200);
  const lines = server.log.split('\n').length;
  assert.ok(lines < 200, `the log is not flooded: ${lines} lines`);
  const told = count(server, cannot);
  assert.ok(told >= 1 && told <= 3, `told ${told} times that the database cannot be written`);

  await disk.free(server);
  await assertAllDelivered(all, server, { duplicatesMax: 0 });
  t.diagnostic(`${disk.name}: ${all.accepted.length} events accepted and delivered`);
  assert.ok(server.alive);
  assert.equal(await server.stop(), 0);
  const [command, ...args] = [...disk.wrap, binary, 'check', '--db', disk.db];
  const checked = await run(command, args);
  assert.equal(checked.code, 0, checked.out + checked.err);
}

async function survivesKill(t, disk) {
  const all = await runOutOfSpace(t, disk);
  await all.server.kill();
  await disk.free(all.server);
  const server = await Server.start(t, all.options);
  await all.receiver.acceptedAll(all.accepted);
  await server.api.settled();
  assert.ok(all.receiver.duplicates <= 32 + 10, `${all.receiver.duplicates} duplicates`);
  assert.equal(await server.stop(), 0);
}

test('a full disk refuses events and loses none of those it accepted', async (t) => {
  const disk = await SmallDisk.make(t);
  if (!disk) t.diagnostic('no file system may be mounted here: a limit on file sizes instead');
  await survives(t, disk ?? new FileSizeLimit(t));
});

test('a limit on file sizes refuses events and loses none of those it accepted', (t) =>
  survives(t, new FileSizeLimit(t)));

test('a kill on a full disk loses nothing that was accepted', async (t) => {
  const disk = (await SmallDisk.make(t)) ?? new FileSizeLimit(t);
  t.diagnostic(disk.name);
  await survivesKill(t, disk);
});

/// No endpoint, so nothing is in flight and no outcome waits to be written.
async function tellsOfEmitsAlone(t, disk) {
  const server = await Server.start(t, { db: disk.db, wrap: disk.wrap });
  const emit = () => server.api.post('/v1/events', { type: 'a.b', data });
  const readiness = async () => (await server.api.get('/readyz')).status;
  assert.equal((await emit()).status, 202);
  assert.equal(await readiness(), 200);
  await disk.fill(server);
  await until('events are refused and readiness tells', async () => {
    const { status } = await emit();
    return status === 503 && (await readiness()) === 503;
  });
  await disk.free(server);
  await until('it is ready although nobody emits', async () => (await readiness()) === 200);
  assert.equal((await emit()).status, 202);
  assert.ok(count(server, cannot) >= 1, server.log);
  assert.equal(count(server, canAgain), count(server, cannot), server.log);
  assert.equal(await server.stop(), 0);
}

test('a full disk shows in readiness when nothing but an emit has met it, and so does its end', async (t) => {
  const disk = (await SmallDisk.make(t)) ?? new FileSizeLimit(t);
  t.diagnostic(disk.name);
  await tellsOfEmitsAlone(t, disk);
});

test('a limit on file sizes shows in readiness when nothing but an emit has met it', (t) =>
  tellsOfEmitsAlone(t, new FileSizeLimit(t)));
