// How endpoints of providers are set up: what is refused, what PATCH keeps, and that nobody gets to
// see a credential again.
import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { request } from 'node:http';
import { test } from 'node:test';

import { Server, rootKey } from './support/postrider.mjs';
import { AwsLambda, awsForbidden } from './support/providers/aws_lambda.mjs';
import { Discord, discordSays } from './support/providers/discord.mjs';
import { GcpFunction, gcpUnauthorized } from './support/providers/gcp_function.mjs';
import { GoogleTokens, googleSays } from './support/providers/google_tokens.mjs';
import { Ifttt, iftttInvalidKey } from './support/providers/ifttt.mjs';
import { rsaKeys } from './support/providers/jwt.mjs';
import { text, unguessable } from './support/providers/provider.mjs';
import { Slack, slackSays } from './support/providers/slack.mjs';
import { Zapier } from './support/providers/zapier.mjs';
import { Subscription } from './support/subscription.mjs';
import { until } from './support/until.mjs';

const mask = '********';
const pem = rsaKeys().pem;
const linesOf = (key) => key.split('\n').filter((line) => line.length > 40);

/// Every kind of provider that has a credential: `{name, provider, members, secrets(), gone}`.
/// `gone` is an answer that ends the endpoint.
async function startAll(t) {
  const byUrl = await Promise.all(
    [
      [Slack, slackSays(404, 'no_service')],
      [Discord, discordSays(404, 10015, 'Unknown Webhook')],
      [Zapier, text(410, '')],
      [Ifttt, iftttInvalidKey],
    ].map(async ([Kind, gone]) => {
      const provider = await Kind.start(t);
      const secrets = () => [provider.secret];
      return { name: Kind.name, provider, members: provider.members, secrets, gone };
    }),
  );
  const sessionToken = `FwoGZXIvYXdz//${unguessable()}+1==`;
  const lambda = await AwsLambda.start(t, { iam: true, sessionToken });
  const tokens = await GoogleTokens.start(t);
  const account = tokens.newAccount();
  const gcp = await GcpFunction.start(t, { tokens });
  const sentToGoogle = () =>
    tokens.requests.map(({ body }) => new URLSearchParams(`${body}`).get('assertion'));
  return [
    ...byUrl,
    {
      name: 'AwsLambda',
      provider: lambda,
      members: lambda.members,
      secrets: () => [lambda.credentials.secret_access_key, sessionToken],
      gone: awsForbidden,
    },
    {
      name: 'GcpFunction',
      provider: gcp,
      members: gcp.membersAs(account),
      secrets: () => [...linesOf(account.private_key), ...tokens.issued, ...sentToGoogle()],
      gone: gcpUnauthorized,
      tokens,
    },
  ];
}

/// What `/v1/stream` says from now on: `{text}`.
async function openStream(server) {
  const sent = request(`${server.url}/v1/stream`, {
    headers: { authorization: `Bearer ${rootKey}` },
  });
  sent.on('error', () => {});
  sent.end();
  const [response] = await once(sent, 'response');
  const stream = { text: '', close: () => sent.destroy() };
  response.on('error', () => {});
  response.setEncoding('utf8').on('data', (part) => (stream.text += part));
  return stream;
}

/// Notes the text of every answer of `api`.
function recorded(api) {
  const texts = [];
  const send = api.send.bind(api);
  api.send = async (...args) => {
    const answer = await send(...args);
    texts.push(`${args[0]} ${args[1]}: ${answer.text}`);
    return answer;
  };
  return texts;
}

/// Everything that may happen to an endpoint, and everything that can be asked about it.
async function live(api, { name, provider, members, gone, tokens }) {
  const subscription = await Subscription.make(api, members, { delays: [10] });
  const at = `/v1/endpoints/${subscription.endpoint.id}`;
  await subscription.delivered(await subscription.emit());
  for (const failure of [text(500, ''), 'reset']) {
    provider.queue(failure);
    await subscription.delivered(await subscription.emit());
  }
  if (tokens) {
    provider.revoked.add(tokens.issued[0]);
    tokens.queue(googleSays('invalid_grant', 'Invalid JWT Signature.'));
    await subscription.delivered(await subscription.emit());
  }
  await api.expect(200, 'PATCH', at, { description: name });
  await api.expect(200, 'POST', `${at}/test`, {});
  await api.expect(200, 'POST', `${at}/pause`);
  await api.expect(200, 'POST', `${at}/resume`);
  // A function is asked again with another token.
  provider.queue(gone, gone);
  const { id } = await api.deliveryIn('dead', await subscription.emit());
  await api.expect(200, 'GET', `/v1/dead-letters/${id}`);
  await api.expect(200, 'GET', at);
}

test('credentials are in no answer of the API, no stream and no log', async (t) => {
  const server = await Server.start(t, { flags: ['--log-level', 'debug'] });
  const { api } = server;
  const texts = recorded(api);
  const stream = await openStream(server);
  t.after(() => stream.close());
  const all = await startAll(t);
  for (const one of all) await live(api, one);
  const [slack] = all;
  // Addresses that nobody answers at, and one that is not allowed.
  const retry = { kind: 'schedule', delays_ms: [] };
  for (const host of ['nowhere.invalid', '127.0.0.1:1', '10.0.0.1']) {
    const url = slack.provider.url.replace(new URL(slack.provider.url).host, host);
    const subscription = await Subscription.make(api, { ...slack.members, url, retry });
    await api.deliveryIn('dead', await subscription.emit());
  }
  for (const path of ['endpoints', 'deliveries', 'dead-letters', 'events', 'stats', 'tasks'])
    await api.expect(200, 'GET', `/v1/${path}`);
  texts.push((await api.get('/metrics')).text);
  const attempts = () => stream.text.split('event: attempt').length - 1;
  await until('the stream has seen them all', () => attempts() >= 20);
  stream.close();
  assert.equal(await server.stop(), 0);
  const secrets = all.flatMap((one) => one.secrets());
  assert.ok(secrets.length > 30, `${secrets.length}`);
  for (const seen of [...texts, stream.text, ...server.log.split('\n')]) {
    for (const secret of secrets) assert.ok(!seen.includes(secret), seen.slice(0, 500));
  }
  assert.ok(server.log.length > 0);
});

test('what PATCH gets back as it was shown keeps working', async (t) => {
  const { api } = await Server.start(t);
  for (const { name, provider, members } of await startAll(t)) {
    const subscription = await Subscription.make(api, members);
    const { url, destination } = await subscription.now();
    assert.ok(`${url}${JSON.stringify(destination)}`.includes(mask), name);
    const at = `/v1/endpoints/${subscription.endpoint.id}`;
    const answer = await api.expect(200, 'PATCH', at, { url, destination, description: 'new' });
    assert.deepEqual(answer.destination, destination);
    assert.equal(answer.description, 'new');
    await subscription.delivered(await subscription.emit());
    assert.deepEqual(provider.refusals, []);
  }
});

test('a new credential replaces the old one and leaves the others as they are', async (t) => {
  const { api } = await Server.start(t);
  const provider = await AwsLambda.start(t, { iam: true, sessionToken: 'first' });
  const subscription = await Subscription.make(api, provider.members);
  provider.credentials.session_token = 'second';
  const auth = { session_token: 'second' };
  const at = `/v1/endpoints/${subscription.endpoint.id}`;
  await api.expect(200, 'PATCH', at, { destination: { auth } });
  await subscription.delivered(await subscription.emit());
  delete provider.credentials.session_token;
  await api.expect(200, 'PATCH', at, { destination: { auth: { session_token: null } } });
  await subscription.delivered(await subscription.emit());
  assert.deepEqual(provider.refusals, []);
});

test('a mask is no value for a new endpoint', async (t) => {
  const { api } = await Server.start(t);
  const known = { Slack: '/url', AwsLambda: '/destination/auth/secret_access_key' };
  for (const { name, members } of await startAll(t)) {
    const { url, destination } = await api.expect(201, 'POST', '/v1/endpoints', members);
    const answer = await api.expect(422, 'POST', '/v1/endpoints', { url, destination });
    const pointers = answer.errors.map(({ pointer }) => pointer);
    assert.ok(pointers.length > 0, name);
    if (known[name]) assert.ok(pointers.includes(known[name]), `${name}: ${pointers}`);
  }
});

test('another type of destination does not show a URL that was hidden', async (t) => {
  const { api } = await Server.start(t);
  const provider = await Slack.start(t);
  const { endpoint } = await Subscription.make(api, provider.members);
  const at = `/v1/endpoints/${endpoint.id}`;
  const { errors } = await api.expect(422, 'PATCH', at, { destination: { type: 'webhook' } });
  assert.deepEqual(errors.map(({ pointer }) => pointer), ['/url']);
  const { url } = await api.expect(200, 'GET', at);
  assert.ok(!url.includes(provider.secret), url);
});

const rsa = (modulusLength) =>
  generateKeyPairSync('rsa', {
    modulusLength,
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    publicKeyEncoding: { type: 'spki', format: 'pem' },
  });
const ecPem = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({
  type: 'pkcs8',
  format: 'pem',
});
const lambdaUrl = 'https://abcdefg1234567.lambda-url.us-east-1.on.aws/';
const keys = { access_key_id: 'AKIDEXAMPLE', secret_access_key: 'a-very-secret-access-key' };
const sigv4 = (members, more) => ({
  url: lambdaUrl,
  destination: { type: 'aws_lambda', auth: { kind: 'sigv4', ...keys, ...members } },
  ...more,
});
const file = { client_email: 'a@project.iam.gserviceaccount.com', private_key: pem };
const oidc = (account, members, more) => ({
  destination: {
    type: 'gcp_function',
    auth: { kind: 'oidc', service_account: account, ...members },
  },
  ...more,
});
const as = (destination) => ({ destination });

/// What is wrong, the members, and the member that the answer has to name.
const refused = [
  ['a destination that is no object', as('slack'), '/destination'],
  ['no type', as({}), '/destination/type'],
  ['an unknown type', as({ type: 'teams' }), '/destination/type'],
  ['a type that is no string', as({ type: 5 }), '/destination/type'],
  ['auth of Slack', as({ type: 'slack', auth: { kind: 'none' } }), '/destination/auth'],
  ['an unknown member', as({ type: 'zapier', channel: 'x' }), '/destination/channel'],
  ['auth that is no object', as({ type: 'aws_lambda', auth: 'none' }), '/destination/auth'],
  ['auth without a kind', as({ type: 'aws_lambda', auth: {} }), '/destination/auth/kind'],
  ['the auth of another', as({ type: 'aws_lambda', auth: { kind: 'oidc' } }),
    '/destination/auth/kind'],
  ['no key id', sigv4({ access_key_id: undefined }), '/destination/auth/access_key_id'],
  ['no key', sigv4({ secret_access_key: undefined }), '/destination/auth/secret_access_key'],
  ['a key that is no string', sigv4({ secret_access_key: 5 }),
    '/destination/auth/secret_access_key'],
  ['a key id with a line end', sigv4({ access_key_id: 'a\nb' }), '/destination/auth/access_key_id'],
  ['a session token with a line end', sigv4({ session_token: 'a\r\nb: c' }),
    '/destination/auth/session_token'],
  ['an unknown member of auth', sigv4({ profile: 'x' }), '/destination/auth/profile'],
  ['no region, and a host that names none', sigv4({}, { url: 'https://gateway.example/' }),
    '/destination/auth/region'],
  ['authorization beside sigv4', sigv4({}, { headers: { Authorization: 'Basic eA==' } }),
    '/headers/Authorization'],
  ['a header of Amazon beside sigv4', sigv4({}, { headers: { 'X-Amz-Date': 'x' } }),
    '/headers/X-Amz-Date'],
  ['no account', oidc(undefined), '/destination/auth/service_account'],
  ['an account without an address', oidc({ private_key: pem }),
    '/destination/auth/service_account/client_email'],
  ['an account without a key', oidc({ client_email: 'a@b.example' }),
    '/destination/auth/service_account/private_key'],
  ['a key that is none', oidc({ ...file, private_key: pem.slice(0, 900) }),
    '/destination/auth/service_account'],
  ['a key of another kind', oidc({ ...file, private_key: ecPem }),
    '/destination/auth/service_account'],
  ['a key that is too short', oidc({ ...file, private_key: rsa(1024).privateKey }),
    '/destination/auth/service_account'],
  ['a public key', oidc({ ...file, private_key: rsa(2048).publicKey }),
    '/destination/auth/service_account'],
  ['a token_url that is none', oidc(file, { token_url: 'ftp://a.example/' }),
    '/destination/auth/token_url'],
  ['a token_uri that is none', oidc({ ...file, token_uri: 'token' }),
    '/destination/auth/service_account/token_uri'],
  ['authorization beside oidc', oidc(file, {}, { headers: { authorization: 'Bearer x' } }),
    '/headers/authorization'],
];

test('what does not fit a destination is refused by name', async (t) => {
  const { api } = await Server.start(t);
  for (const [what, members, pointer] of refused) {
    await t.test(`${what}: ${pointer}`, async () => {
      const body = { url: 'https://receiver.example/', ...members };
      const answer = await api.post('/v1/endpoints', body);
      assert.equal(answer.status, 422, answer.text);
      assert.deepEqual(answer.json.errors.map((error) => error.pointer), [pointer]);
      for (const secret of [keys.secret_access_key, ...linesOf(pem), ...linesOf(ecPem)])
        assert.ok(!answer.text.includes(secret), answer.text);
    });
  }
  assert.deepEqual(await api.list('/v1/endpoints'), []);
});

test('an account that is no object is refused once', async (t) => {
  const { api } = await Server.start(t);
  const body = { url: 'https://receiver.example/', ...oidc('{}') };
  const { errors } = await api.expect(422, 'POST', '/v1/endpoints', body);
  assert.deepEqual(errors.map(({ pointer }) => pointer), ['/destination/auth/service_account']);
});

test('what fits a destination is taken', async (t) => {
  const { api } = await Server.start(t);
  const url = 'https://receiver.example/';
  const headers = { authorization: 'Basic eA==' };
  for (const members of [
    sigv4({}),
    sigv4({ region: 'eu-west-1' }, { url: 'https://gateway.example/' }),
    oidc(file),
    { ...as({ type: 'aws_lambda' }), headers },
    { ...as({ type: 'gcp_function', auth: { kind: 'none' } }), headers },
  ])
    await api.expect(201, 'POST', '/v1/endpoints', { url, ...members });
});

test('PATCH refuses what would not fit together', async (t) => {
  const { api } = await Server.start(t);
  const { id } = await api.expect(201, 'POST', '/v1/endpoints', sigv4({}));
  for (const [patch, pointer] of [
    [{ url: 'https://gateway.example/' }, '/destination/auth/region'],
    [{ headers: { authorization: 'Basic eA==' } }, '/headers/authorization'],
    [{ destination: { type: 'gcp_function', auth: { kind: 'sigv4' } } }, '/destination/auth/kind'],
    [{ destination: { auth: { secret_access_key: null } } },
      '/destination/auth/secret_access_key'],
  ]) {
    const answer = await api.expect(422, 'PATCH', `/v1/endpoints/${id}`, patch);
    assert.deepEqual(answer.errors.map((error) => error.pointer), [pointer]);
  }
});
