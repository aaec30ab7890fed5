// Providers that ask to be left alone: who is, and for how long, by the times of arrival.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Server } from './support/postrider.mjs';
import { AwsLambda } from './support/providers/aws_lambda.mjs';
import { Discord, discordLimits } from './support/providers/discord.mjs';
import { GcpFunction } from './support/providers/gcp_function.mjs';
import { Ifttt } from './support/providers/ifttt.mjs';
import { text } from './support/providers/provider.mjs';
import { Slack, slackSays } from './support/providers/slack.mjs';
import { Zapier } from './support/providers/zapier.mjs';
import { Subscription } from './support/subscription.mjs';

/// The time that a busy machine may add to a wait.
const slackMs = 3000;
const delays = [10, 10, 10];

/// `ms` is how long after its arrival the first request is followed by others.
const holds = [
  [Slack, 'Retry-After', slackSays(429, 'rate_limited', { 'retry-after': '1' }), 1000],
  [Discord, 'the retry_after of its body, a part of a second', discordLimits(0.7), 700],
  [
    Discord,
    'the larger of retry_after and Retry-After',
    { ...discordLimits(0.2), headers: { 'retry-after': '1' } },
    1000,
  ],
  [
    Discord,
    'X-RateLimit-Reset-After where nothing else says how long',
    text(429, '', { 'x-ratelimit-reset-after': '0.650', 'x-ratelimit-remaining': '0' }),
    650,
  ],
  [
    Discord,
    'Retry-After of an answer without JSON',
    text(429, '<html>error code: 1015</html>', { 'retry-after': '1' }),
    1000,
  ],
  [Zapier, 'Retry-After', text(429, '', { 'retry-after': '1' }), 1000],
  [Ifttt, 'Retry-After of a 503', text(503, '', { 'retry-after': '1' }), 1000],
  [AwsLambda, 'nothing, for a second', text(429, ''), 1000],
  [GcpFunction, 'nothing, for a second', text(504, ''), 1000],
];

const waitedMs = ([first, ...others]) => Math.min(...others.map(({ at }) => at)) - first.at;

async function holdsEndpoint(t, api, { Kind, answer, ms }) {
  const provider = await Kind.start(t);
  const subscription = await Subscription.make(api, provider.members, { delays });
  provider.queue(answer);
  const first = await subscription.emit();
  await subscription.attempted(first);
  const second = await subscription.emit();
  await subscription.delivered(first);
  await subscription.delivered(second);
  assert.equal(provider.requests.length, 3);
  const waited = waitedMs(provider.requests);
  assert.ok(waited >= ms - 10 && waited < ms + slackMs, `${waited} ms`);
}

test('an endpoint is held for as long as its provider asks', { concurrency: true }, async (t) => {
  const { api } = await Server.start(t);
  const all = holds.map(([Kind, what, answer, ms]) =>
    t.test(`${Kind.name}: by ${what}`, () => holdsEndpoint(t, api, { Kind, answer, ms })),
  );
  await Promise.all(all);
});

test('a 502 of a function of Lambda holds nothing', async (t) => {
  const provider = await AwsLambda.start(t);
  const { api } = await Server.start(t);
  const subscription = await Subscription.make(api, provider.members, { delays: [20_000] });
  provider.queue(text(502, 'Internal Server Error'));
  await subscription.attempted(await subscription.emit());
  await subscription.delivered(await subscription.emit());
  assert.ok(waitedMs(provider.requests) < 900, `${waitedMs(provider.requests)} ms`);
});

test('the last request that a limit of Discord allows holds the endpoint', async (t) => {
  const provider = await Discord.start(t);
  const { api } = await Server.start(t);
  const subscription = await Subscription.make(api, provider.members);
  const headers = { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset-after': '0.800' };
  provider.queue({ status: 200, headers });
  const { attempts } = await subscription.delivered(await subscription.emit());
  assert.deepEqual(attempts.map(({ outcome }) => outcome), ['success']);
  await subscription.delivered(await subscription.emit());
  const waited = waitedMs(provider.requests);
  assert.ok(waited >= 790 && waited < 800 + slackMs, `${waited} ms`);
});

test('a request that leaves others to a limit of Discord holds nothing', async (t) => {
  const provider = await Discord.start(t);
  const { api } = await Server.start(t);
  const subscription = await Subscription.make(api, provider.members);
  const headers = { 'x-ratelimit-remaining': '1', 'x-ratelimit-reset-after': '20' };
  provider.queue({ status: 200, headers });
  await subscription.delivered(await subscription.emit());
  await subscription.delivered(await subscription.emit());
});

const ofAll = [
  ['`global` of the body', discordLimits(1, { global: true }), true],
  ['X-RateLimit-Global', discordLimits(1, { headers: { global: 'true' } }), true],
  ['X-RateLimit-Scope: global', discordLimits(1, { headers: { scope: 'global' } }), true],
  // Long enough for the other webhook to be asked meanwhile on a busy machine.
  ['X-RateLimit-Scope: user', discordLimits(20, { headers: { scope: 'user' } }), false],
  ['X-RateLimit-Scope: shared', discordLimits(20, { headers: { scope: 'shared' } }), false],
];
async function holdsOthers(t, api, { answer, holdsHost }) {
  const provider = await Discord.start(t);
  const [one, other] = await Promise.all(
    provider.ids.map((id) =>
      Subscription.make(api, { ...provider.members, url: provider.urlOf(id) }, { delays }),
    ),
  );
  provider.queue(answer);
  await one.attempted(await one.emit());
  await other.delivered(await other.emit());
  const [first, second] = provider.requests.map(({ path }) => path.split('/')[3]);
  assert.equal(first, provider.ids[0]);
  const waited = waitedMs(provider.requests);
  if (holdsHost) {
    assert.ok(waited >= 990 && waited < 1000 + slackMs, `${waited} ms`);
  } else {
    assert.equal(second, provider.ids[1]);
    assert.ok(waited < 10_000, `${waited} ms`);
  }
}

test('a limit of Discord holds whom it is of', { concurrency: true }, async (t) => {
  const { api } = await Server.start(t);
  const all = ofAll.map(([what, answer, holdsHost]) => {
    const whom = holdsHost ? 'every webhook of its host' : 'its own webhook alone';
    return t.test(`${what} holds ${whom}`, () => holdsOthers(t, api, { answer, holdsHost }));
  });
  await Promise.all(all);
});
