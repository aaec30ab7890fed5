// `data` goes out with the bytes it came in with, whichever way it came.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Server } from './support/postrider.mjs';
import { run } from './support/process.mjs';
import { Receiver, verifiedSignatures } from './support/receiver.mjs';

const data = '{"b":1.10,"a":12345678901234567890123,"s":"\\u0041  x"}';

/// The bytes of `data` within an envelope: it is the last member.
function dataOf(body) {
  const text = body.toString('utf8');
  const start = text.indexOf('"data":');
  assert.ok(start > 0 && text.endsWith('}'), text);
  return text.slice(start + '"data":'.length, -1);
}

async function setUp(t) {
  const receiver = await Receiver.start(t);
  const server = await Server.start(t);
  const endpoint = await server.api.endpoint(receiver.url);
  const { secret } = await server.api.expect(200, 'GET', `/v1/endpoints/${endpoint.id}/secret`);
  return { receiver, server, api: server.api, secret };
}

async function assertArrivesAsSent({ receiver, api, secret }, event) {
  const [request] = await receiver.got(1, { event });
  assert.equal(dataOf(request.body), data);
  assert.equal(verifiedSignatures(request, secret), 1);
  const shown = await api.get(`/v1/events/${event}`);
  assert.equal(shown.status, 200);
  assert.ok(shown.text.includes(`"data":${data}`), shown.text);
}

test('a single event keeps its bytes', async (t) => {
  const all = await setUp(t);
  const answer = await all.api.post('/v1/events', `{"type":"a.b", "data" : ${data} }`);
  assert.equal(answer.status, 202);
  await assertArrivesAsSent(all, answer.json.id);
});

test('events of a JSON batch keep their bytes', async (t) => {
  const all = await setUp(t);
  const body = `{"events":[{"data":${data},"type":"a.b"},{"type":"a.c","data":\n ${data}\n}]}`;
  const answer = await all.api.post('/v1/events/batch', body);
  assert.equal(answer.status, 202, answer.text);
  for (const { id } of answer.json.events) await assertArrivesAsSent(all, id);
});

test('events of an NDJSON batch keep their bytes', async (t) => {
  const all = await setUp(t);
  const body = `{"type":"a.b","data":${data}}\n{"data":${data},"type":"a.c"}\n`;
  const answer = await all.api.post('/v1/events/batch', body, {
    headers: { 'content-type': 'application/x-ndjson' },
  });
  assert.equal(answer.status, 202, answer.text);
  for (const { id } of answer.json.events) await assertArrivesAsSent(all, id);
});

test('an event of the SQL outbox keeps its bytes', async (t) => {
  const all = await setUp(t);
  const inserted = await run('sqlite3', [
    all.server.db,
    `INSERT INTO outbox(type, data) VALUES ('a.b', '${data}')`,
  ]);
  assert.equal(inserted.code, 0, inserted.err);
  const [request] = await all.receiver.got(1);
  await assertArrivesAsSent(all, request.id);
});

test('a raw payload is the bytes of data and nothing else', async (t) => {
  const all = await setUp(t);
  const receiver = await Receiver.start(t);
  await all.api.endpoint(receiver.url, { payload: 'raw' });
  const answer = await all.api.post('/v1/events', `{"type":"a.b","data":${data}}`);
  assert.equal(answer.status, 202);
  const [request] = await receiver.got(1);
  assert.equal(request.body.toString('utf8'), data);
});
