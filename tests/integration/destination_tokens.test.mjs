// ID tokens for Cloud Functions: who asks for them, how often, and what happens without one.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { test } from 'node:test';

import { Server } from './support/postrider.mjs';
import { GcpFunction, gcpUnauthorized } from './support/providers/gcp_function.mjs';
import { GoogleTokens, googleSays } from './support/providers/google_tokens.mjs';
import { rsaKeys, unverifiedClaims } from './support/providers/jwt.mjs';
import { json, text } from './support/providers/provider.mjs';
import { SteppedClock } from './support/stepped_clock.mjs';
import { Subscription } from './support/subscription.mjs';

/// A function that takes only callers with a token, a server, and an endpoint that calls it.
async function setUp(t, { delays = [10, 10], auth, clock, serve, ...options } = {}) {
  const tokens = await GoogleTokens.start(t, clock && { nowMs: () => clock.nowMs });
  const account = tokens.newAccount();
  const provider = await GcpFunction.start(t, { tokens, ...options });
  const server = await Server.start(t, { env: clock?.env, ...serve });
  const { api } = server;
  const members = provider.membersAs(account, auth?.({ tokens, account }));
  const subscription = await Subscription.make(api, members, { delays });
  return { tokens, account, provider, server, api, subscription };
}

const outcomes = ({ attempts }) => attempts.map(({ outcome }) => outcome);

test('one token serves every delivery to a function', async (t) => {
  const { tokens, provider, subscription } = await setUp(t);
  const events = await Promise.all(Array.from({ length: 20 }, () => subscription.emit()));
  for (const event of events) await subscription.delivered(event);
  await subscription.delivered(await subscription.emit());
  assert.equal(provider.calls.length, 21);
  assert.equal(tokens.requests.length, 1);
  assert.deepEqual([...tokens.refusals, ...provider.refusals], []);
});

test('functions do not get the tokens of other service accounts', async (t) => {
  const { tokens, account, api, subscription } = await setUp(t);
  const another = await GcpFunction.start(t, { tokens });
  const second = await Subscription.make(api, another.membersAs(account));
  await subscription.delivered(await subscription.emit());
  await second.delivered(await second.emit());
  assert.equal(tokens.issued.length, 2);
  assert.deepEqual(another.refusals, []);
});

test('a token is requested again some minutes before it expires', async (t) => {
  const clock = new SteppedClock(t);
  const { tokens, subscription } = await setUp(t, { clock });
  await subscription.delivered(await subscription.emit());
  clock.step(3600 - 6 * 60);
  await subscription.delivered(await subscription.emit());
  assert.equal(tokens.issued.length, 1);
  clock.step(3 * 60);
  await subscription.delivered(await subscription.emit());
  assert.equal(tokens.issued.length, 2);
});

test('a token that is refused is renewed once within the same attempt', async (t) => {
  const { tokens, provider, subscription } = await setUp(t);
  await subscription.delivered(await subscription.emit());
  provider.revoked.add(tokens.issued[0]);
  const event = await subscription.emit();
  assert.deepEqual(outcomes(await subscription.delivered(event)), ['success']);
  assert.equal(tokens.issued.length, 2);
  assert.equal(provider.receiver.of(event).length, 2);
  const used = provider.receiver.of(event).map(({ headers }) => headers.authorization);
  assert.deepEqual(used, tokens.issued.map((token) => `Bearer ${token}`));
});

test('a function that refuses a renewed token is gone', async (t) => {
  const { tokens, provider, subscription } = await setUp(t, { audience: 'somebody else' });
  const event = await subscription.emit();
  const { state, reason, attempts } = await subscription.attempted(event);
  assert.deepEqual({ state, reason }, { state: 'dead', reason: 'gone' });
  assert.deepEqual(outcomes({ attempts }), ['gone']);
  assert.match(attempts[0].error, /no token that counts/);
  assert.equal(attempts[0].status, gcpUnauthorized.status);
  assert.equal(provider.requests.length, 2);
  assert.equal(tokens.issued.length, 2);
  const { state: now, state_reason: why } = await subscription.now();
  assert.deepEqual({ now, why }, { now: 'disabled', why: 'gone' });
});

test('a caller who may not invoke the function has a function that is gone', async (t) => {
  const { subscription } = await setUp(t, { invokers: [] });
  const { reason, attempts } = await subscription.attempted(await subscription.emit());
  assert.equal(reason, 'gone');
  assert.match(attempts[0].error, /may not invoke/);
});

test('an audience of its own is what the token is for', async (t) => {
  const audience = 'https://hello-abc.a.run.app';
  const auth = () => ({ audience });
  const { provider, subscription } = await setUp(t, { audience, auth });
  await subscription.delivered(await subscription.emit());
  assert.deepEqual(provider.refusals, []);
});

test('token_url goes before the token_uri of the key file', async (t) => {
  const auth = ({ tokens, account }) => {
    account.token_uri = 'http://nowhere.invalid/token';
    return { token_url: tokens.url };
  };
  const { tokens, subscription } = await setUp(t, { auth });
  await subscription.delivered(await subscription.emit());
  assert.deepEqual(tokens.refusals, []);
});

const failures = [
  [
    'with invalid_grant',
    googleSays('invalid_grant', 'Invalid JWT Signature.'),
    'http_error',
    'it answered 400, invalid_grant: Invalid JWT Signature.',
  ],
  ['with an error of its own', text(500, 'oops'), 'http_error', 'it answered 500'],
  ['without a token', json(200, { id_token: undefined }), 'response_invalid', 'has no id_token'],
  ['with a token that is none', json(200, { id_token: 'abc' }), 'response_invalid', 'no JWT'],
  ['with nothing', 'reset', 'connect', ''],
];
for (const [how, answer, outcome, words] of failures) {
  test(`a token endpoint that answers ${how} fails the attempt, which is retried`, async (t) => {
    const { tokens, provider, subscription } = await setUp(t);
    tokens.queue(answer);
    const delivery = await subscription.delivered(await subscription.emit());
    assert.deepEqual(outcomes(delivery), [outcome, 'success']);
    const [{ error, status }] = delivery.attempts;
    assert.ok(error.startsWith('no token for the function: '), error);
    assert.ok(error.includes(words), error);
    assert.equal(status, null, 'the function gave no answer');
    assert.equal(provider.requests.length, 1);
    assert.equal((await subscription.now()).state, 'active');
  });
}

test('a key that Google does not know fails attempts and leaves the endpoint active', async (t) => {
  const { tokens, account, provider, api, subscription } = await setUp(t, { delays: [] });
  const forged = { ...account, private_key: rsaKeys().pem };
  const { destination } = provider.membersAs(forged);
  await api.expect(200, 'PATCH', `/v1/endpoints/${subscription.endpoint.id}`, { destination });
  const { reason, attempts } = await subscription.attempted(await subscription.emit());
  assert.equal(reason, 'attempts_exhausted');
  assert.match(attempts[0].error, /invalid_grant: Invalid JWT Signature\./);
  assert.equal((await subscription.now()).state, 'active');
  assert.equal(tokens.issued.length, 0);
  assert.equal(provider.requests.length, 0);
});

test('a token endpoint that asks to be left alone is', async (t) => {
  const { tokens, subscription } = await setUp(t);
  tokens.queue(text(429, '', { 'retry-after': '1' }));
  await subscription.delivered(await subscription.emit());
  const [first, second] = tokens.requests;
  const waited = second.at - first.at;
  assert.ok(waited >= 990 && waited < 4000, `${waited} ms`);
});

/// A token endpoint whose first answer is put off until `release()`, and an attempt that waits.
async function setUpWaiting(t) {
  const all = await setUp(t);
  let release;
  const delayedBy = new Promise((resolve) => (release = resolve));
  all.tokens.queue({ ...json(500, {}), delayedBy });
  const event = await all.subscription.emit();
  await all.tokens.got(1);
  return { ...all, event, release };
}

test('an endpoint may be deleted while its token is asked for', async (t) => {
  const { tokens, api, subscription, event, release } = await setUpWaiting(t);
  await api.send('DELETE', `/v1/endpoints/${subscription.endpoint.id}`);
  release();
  await api.deliveryIn('cancelled', event);
  const account = tokens.newAccount('another');
  const provider = await GcpFunction.start(t, { tokens });
  const another = await Subscription.make(api, provider.membersAs(account));
  await another.delivered(await another.emit());
});

test('an endpoint that was repaired while its token was asked for uses the new key', async (t) => {
  const { tokens, provider, api, subscription, event, release } = await setUpWaiting(t);
  const { destination } = provider.membersAs(tokens.newAccount('repaired'));
  await api.expect(200, 'PATCH', `/v1/endpoints/${subscription.endpoint.id}`, { destination });
  release();
  // What the old key was answered is nobody's concern any more.
  assert.deepEqual(outcomes(await subscription.delivered(event)), ['success']);
  const { client_email: email } = destination.auth.service_account;
  assert.equal(unverifiedClaims(tokens.issued[0]).email, email);
});

test('a service that stops while a token is asked for delivers when it runs again', async (t) => {
  const { provider, server, event, release } = await setUpWaiting(t);
  const begin = performance.now();
  const stopped = server.stop();
  release();
  assert.equal(await stopped, 0);
  assert.ok(performance.now() - begin < 15_000);
  const again = await Server.start(t, { db: server.db });
  await again.api.deliveryIn('delivered', event);
  assert.equal(provider.calls.length, 1);
});

test('a token endpoint in a private range that is not allowed is blocked', async (t) => {
  const elsewhere = createServer();
  let connections = 0;
  elsewhere.on('connection', (socket) => {
    connections += 1;
    socket.destroy();
  });
  elsewhere.listen(0, '127.0.0.2');
  await once(elsewhere, 'listening');
  t.after(() => elsewhere.close());
  const auth = () => ({ token_url: `http://127.0.0.2:${elsewhere.address().port}/token` });
  const serve = { allowLoopback: false, flags: ['--allow-net', '127.0.0.1/32'] };
  const { provider, subscription } = await setUp(t, { auth, serve, delays: [] });
  const { state, attempts } = await subscription.attempted(await subscription.emit());
  assert.equal(state, 'dead');
  assert.deepEqual(outcomes({ attempts }), ['blocked']);
  assert.ok(attempts[0].error.startsWith('no token for the function: '), attempts[0].error);
  assert.equal(connections, 0);
  assert.equal(provider.requests.length, 0);
});
