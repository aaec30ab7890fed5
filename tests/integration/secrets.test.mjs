// Secrets: what signs, for how long, and that nobody else gets to see it.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';

import { Server } from './support/postrider.mjs';
import { Receiver, signaturesOf, verifiedSignatures } from './support/receiver.mjs';
import { until } from './support/until.mjs';

const newSecret = () => `whsec_${randomBytes(24).toString('base64')}`;

async function sent(api, receiver) {
  const { id } = await api.emit();
  const [request] = await receiver.got(1, { event: id });
  return request;
}

test('both secrets sign while a rotation overlaps, and one afterwards', async (t) => {
  const receiver = await Receiver.start(t);
  const server = await Server.start(t);
  const { api } = server;
  const [old, fresh] = [newSecret(), newSecret()];
  const endpoint = await api.endpoint(receiver.url, { secret: old });
  assert.equal(endpoint.secret, old, 'shown once, when it is made');

  const before = await sent(api, receiver);
  assert.equal(signaturesOf(before).length, 1);
  assert.equal(verifiedSignatures(before, old), 1);

  const rotate = `/v1/endpoints/${endpoint.id}/secret/rotate`;
  await api.expect(200, 'POST', rotate, { secret: fresh, overlap_s: 3 });
  const during = await sent(api, receiver);
  assert.equal(signaturesOf(during).length, 2);
  assert.equal(verifiedSignatures(during, old), 1);
  assert.equal(verifiedSignatures(during, fresh), 1);

  const after = await until(
    'one secret signs again',
    async () => {
      const request = await sent(api, receiver);
      return signaturesOf(request).length === 1 && request;
    },
    { everyMs: 100 },
  );
  assert.equal(verifiedSignatures(after, fresh), 1);
  assert.equal(verifiedSignatures(after, old), 0);
  assert.ok(after.at - during.at >= 2000, 'not before the overlap ends');
});

test('a rotation and its overlap survive a kill', async (t) => {
  const receiver = await Receiver.start(t);
  const first = await Server.start(t);
  const old = newSecret();
  const endpoint = await first.api.endpoint(receiver.url, { secret: old });
  const rotate = `/v1/endpoints/${endpoint.id}/secret/rotate`;
  await first.api.expect(200, 'POST', rotate, { overlap_s: 3600 });
  await first.kill();
  const { api } = await Server.start(t, { db: first.db });
  const { secret } = await api.expect(200, 'GET', `/v1/endpoints/${endpoint.id}/secret`);
  assert.notEqual(secret, old);
  const request = await sent(api, receiver);
  assert.equal(verifiedSignatures(request, old), 1);
  assert.equal(verifiedSignatures(request, secret), 1);
});

test('each attempt is signed with its own time over the bytes that are sent', async (t) => {
  const receiver = await Receiver.start(t, (request) => (request.attempt < 3 ? 500 : 200));
  const { api } = await Server.start(t, { retryDelaysMs: [1100, 1100] });
  const { secret } = await api.endpoint(receiver.url);
  const { id } = await api.emit();
  const requests = await receiver.got(3, { event: id });
  const times = requests.map(({ headers }) => Number(headers['webhook-timestamp']));
  assert.ok(times[0] < times[2], `${times}`);
  for (const request of requests) {
    assert.equal(verifiedSignatures(request, secret), 1);
    const skewed = { ...request, body: Buffer.concat([request.body, Buffer.from(' ')]) };
    assert.equal(verifiedSignatures(skewed, secret), 0);
  }
});

test('secrets are in no list, no other answer and no log', async (t) => {
  const receiver = await Receiver.start(t, (_, number) => (number === 1 ? 500 : 200));
  const server = await Server.start(t, { retryDelaysMs: [20], flags: ['--log-level', 'debug'] });
  const { api } = server;
  const secret = newSecret();
  const token = 'Bearer tok-of-the-subscriber';
  const endpoint = await api.endpoint(receiver.url, { secret, headers: { authorization: token } });
  const event = await sent(api, receiver);
  await api.settled();
  assert.equal(event.headers.authorization, token, 'the subscriber gets it');
  const answers = await Promise.all(
    [
      '/v1/endpoints',
      `/v1/endpoints/${endpoint.id}`,
      '/v1/deliveries',
      `/v1/events/${event.id}`,
      '/metrics',
    ].map((path) => api.get(path)),
  );
  const [delivery] = await api.deliveriesOf(event.id);
  assert.equal(await server.stop(), 0);
  const texts = [...answers.map(({ text }) => text), JSON.stringify(delivery), server.log];
  for (const text of texts) {
    for (const hidden of [secret, secret.slice(6), token, api.key]) {
      assert.ok(!text.includes(hidden), text.slice(0, 500));
    }
  }
});
