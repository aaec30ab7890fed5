// Requests of the real binary, verified by the libraries that receivers use.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';

import * as standard from 'standardwebhooks';
import * as svix from 'svix';

import { Server } from '../integration/support/postrider.mjs';
import { Receiver } from '../integration/support/receiver.mjs';

const data = '{"id":"ord_1","total":10.50,"n":12345678901234567890123,"s":"\\u0041  é"}';
const libraries = { standardwebhooks: standard, svix };

/// Both libraries take the request with that secret, and neither takes it with anything changed.
function assertVerifies(request, secret) {
  for (const [name, { Webhook, WebhookVerificationError }] of Object.entries(libraries)) {
    const webhook = new Webhook(secret);
    const body = request.body.toString('utf8');
    assert.deepEqual(webhook.verify(body, request.headers), JSON.parse(body), name);
    for (const [what, forged, headers] of forgeries(request)) {
      const verify = () => webhook.verify(forged.toString('utf8'), headers);
      assert.throws(verify, WebhookVerificationError, `${name} took another ${what}`);
    }
  }
}

/// The request with one byte changed in each of the things that are signed.
function* forgeries({ body, headers }) {
  for (const at of [0, body.length >> 1, body.length - 1]) {
    const forged = Buffer.from(body);
    forged[at] = forged[at] === 0x78 ? 0x79 : 0x78;
    yield [`byte ${at} of the body`, forged, headers];
  }
  yield ['end of the body', Buffer.concat([body, Buffer.from(' ')]), headers];
  const id = headers['webhook-id'];
  const otherId = id.slice(0, -1) + (id.endsWith('0') ? '1' : '0');
  yield ['webhook-id', body, { ...headers, 'webhook-id': otherId }];
  const later = String(Number(headers['webhook-timestamp']) + 1);
  yield ['webhook-timestamp', body, { ...headers, 'webhook-timestamp': later }];
  // The first character after "v1," of every signature: all its bits count.
  const signatures = headers['webhook-signature'].replace(/v1,(.)/g, (_, first) =>
    first === 'A' ? 'v1,B' : 'v1,A',
  );
  yield ['webhook-signature', body, { ...headers, 'webhook-signature': signatures }];
  const version = headers['webhook-signature'].replaceAll('v1,', 'v2,');
  yield ['signature version', body, { ...headers, 'webhook-signature': version }];
}

function assertRefused(request, secret) {
  for (const [name, { Webhook, WebhookVerificationError }] of Object.entries(libraries)) {
    const verify = () => new Webhook(secret).verify(request.body.toString('utf8'), request.headers);
    assert.throws(verify, WebhookVerificationError, `${name} took the wrong secret`);
  }
}

async function setUp(t, { script, members = {}, ...options } = {}) {
  const receiver = await Receiver.start(t, script);
  const server = await Server.start(t, { retryDelaysMs: [1500], ...options });
  const endpoint = await server.api.endpoint(receiver.url, members);
  return { receiver, api: server.api, endpoint, secret: endpoint.secret };
}

async function emit(api, type = 'order.created') {
  const body = `{"type":"${type}","data":${data}}`;
  return (await api.expect(202, 'POST', '/v1/events', body)).id;
}

const otherSecret = () => `whsec_${randomBytes(32).toString('base64')}`;

test('the first attempt verifies, and nothing that was changed', async (t) => {
  const { receiver, api, secret } = await setUp(t);
  const id = await emit(api);
  const [request] = await receiver.got(1);
  assert.equal(request.headers['webhook-id'], id);
  assert.equal(request.headers['postrider-attempt'], '1');
  assert.match(request.headers['user-agent'], /^Postrider\/\d/);
  assertVerifies(request, secret);
  assertRefused(request, otherSecret());
});

test('a secret that the owner chose signs', async (t) => {
  for (const bytes of [24, 32, 64]) {
    const secret = `whsec_${randomBytes(bytes).toString('base64')}`;
    const { receiver, api } = await setUp(t, { members: { secret } });
    await emit(api);
    const [request] = await receiver.got(1);
    assertVerifies(request, secret);
  }
});

test('a retry has the same id and body, and a fresh timestamp that is signed', async (t) => {
  const { receiver, api, secret } = await setUp(t, {
    script: (_, number) => (number === 1 ? 500 : 200),
  });
  await emit(api);
  const [first, second] = await receiver.got(2);
  assert.equal(second.headers['webhook-id'], first.headers['webhook-id']);
  assert.equal(second.headers['postrider-attempt'], '2');
  assert.deepEqual(second.body, first.body);
  const [at, later] = [first, second].map((r) => Number(r.headers['webhook-timestamp']));
  assert.ok(later > at, `${later} is not after ${at}`);
  for (const request of [first, second]) {
    assert.ok(Math.abs(request.wallMs / 1000 - Number(request.headers['webhook-timestamp'])) < 5);
    assertVerifies(request, secret);
  }
});

test('a replay verifies and keeps the id', async (t) => {
  const { receiver, api, secret } = await setUp(t, {
    retryDelaysMs: [1],
    script: (_, number) => (number <= 2 ? 500 : 200),
  });
  const event = await emit(api);
  const { id } = await api.deliveryIn('dead', event);
  await api.expect(202, 'POST', `/v1/dead-letters/${id}/replay`);
  const [first, , replayed] = await receiver.got(3);
  assert.equal(replayed.headers['webhook-id'], event);
  assert.equal(replayed.headers['postrider-attempt'], '3');
  assert.deepEqual(replayed.body, first.body);
  assertVerifies(replayed, secret);
});

test('old and new secret verify during a rotation, and only the new one after it', async (t) => {
  const { receiver, api, endpoint, secret: old } = await setUp(t);
  const rotate = (body) =>
    api.expect(200, 'POST', `/v1/endpoints/${endpoint.id}/secret/rotate`, body);
  const { secret: fresh } = await rotate({ overlap_s: 3600 });
  assert.notEqual(fresh, old);
  await emit(api);
  const [during] = await receiver.got(1);
  assert.equal(during.headers['webhook-signature'].split(' ').length, 2);
  assertVerifies(during, old);
  assertVerifies(during, fresh);

  const last = otherSecret();
  assert.equal((await rotate({ secret: last, overlap_s: 0 })).secret, last);
  await emit(api);
  const [, after] = await receiver.got(2);
  assertVerifies(after, last);
  assertRefused(after, fresh);
});

test('every payload kind verifies', async (t) => {
  for (const payload of ['envelope', 'raw', 'cloudevents']) {
    const { receiver, api, secret } = await setUp(t, { members: { payload } });
    const id = await emit(api);
    const [request] = await receiver.got(1);
    assertVerifies(request, secret);
    const text = request.body.toString('utf8');
    assert.ok(text.includes(data), text);
    const seen = JSON.parse(text);
    if (payload === 'envelope') {
      assert.deepEqual(Object.keys(seen), ['type', 'timestamp', 'data']);
      assert.equal(request.headers['content-type'], 'application/json');
    } else if (payload === 'raw') {
      assert.equal(text, data);
      assert.equal(request.headers['content-type'], 'application/json');
    } else {
      assert.equal(seen.specversion, '1.0');
      assert.equal(seen.id, id);
      assert.equal(seen.type, 'order.created');
      assert.equal(typeof seen.source, 'string');
      assert.match(request.headers['content-type'], /^application\/cloudevents\+json/);
    }
  }
});

test('a test event verifies', async (t) => {
  const { receiver, api, endpoint, secret } = await setUp(t);
  const attempt = await api.expect(200, 'POST', `/v1/endpoints/${endpoint.id}/test`);
  assert.equal(attempt.outcome, 'success');
  const [request] = await receiver.got(1);
  assertVerifies(request, secret);
});
