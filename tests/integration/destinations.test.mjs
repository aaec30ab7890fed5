// What providers get from the real binary, and what becomes of their documented answers.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Server } from './support/postrider.mjs';
import { AwsLambda, awsForbidden } from './support/providers/aws_lambda.mjs';
import { Discord, discordLimits, discordSays } from './support/providers/discord.mjs';
import { GcpFunction, gcpForbidden, gcpUnauthorized } from './support/providers/gcp_function.mjs';
import { Ifttt, iftttInvalidKey } from './support/providers/ifttt.mjs';
import { json, text } from './support/providers/provider.mjs';
import { Slack, slackSays } from './support/providers/slack.mjs';
import { Zapier } from './support/providers/zapier.mjs';
import { Subscription, farOffMs } from './support/subscription.mjs';

const mark = '… (cut)';
/// More of everything than any message holds, with characters of two and of four bytes.
const longData = Object.fromEntries(
  Array.from({ length: 60 }, (_, i) => [`member-${i}`.padEnd(300, 'n'), '<ü😀*'.repeat(2000)]),
);
/// What would notify people or look like another message.
const hostile = { note: '@everyone <@123> <@&456> <!channel> <https://a.example|here> **b**' };

async function setUp(t, Kind, { server, ...options } = {}) {
  const provider = await Kind.start(t, options);
  const { api } = server ?? (await Server.start(t));
  return { provider, api };
}

/// The provider after it took an event of `data`, and the request that it took.
async function takes(t, Kind, data, { members, ...options } = {}) {
  const { provider, api } = await setUp(t, Kind, options);
  const more = members?.(provider);
  const subscription = await Subscription.make(api, { ...provider.members, ...more });
  const event = await subscription.emit(data);
  await subscription.delivered(event);
  assert.deepEqual(provider.refusals, []);
  assert.equal(provider.requests.length, 1);
  return { provider, event, request: provider.requests[0] };
}

const isUnsigned = ({ headers }) =>
  assert.deepEqual(Object.keys(headers).filter((name) => /signature|^webhook-/.test(name)), []);

test('Slack shows the type and the data of an event', async (t) => {
  const { provider, request } = await takes(t, Slack, { id: 'ord_1', total: 4200, a: [1, null] });
  const [message] = provider.messages;
  assert.equal(
    message.text,
    '*order.created*\n• *id*: ord_1\n• *total*: 4200\n• *a*: [1,null]',
  );
  assert.deepEqual(Object.keys(JSON.parse(request.body)), ['text']);
  isUnsigned(request);
});

test('Slack takes long data, which is cut with a mark', async (t) => {
  const { provider } = await takes(t, Slack, longData);
  assert.ok(provider.messages[0].text.endsWith(mark));
  assert.ok(provider.messages[0].text.length <= 3000);
});

test('Slack finds no link and no mention in data', async (t) => {
  const { provider } = await takes(t, Slack, hostile);
  assert.deepEqual(provider.messages[0].links, []);
  assert.match(provider.messages[0].text, /&lt;!channel&gt;/);
});

test('Discord shows the type and the data of an event and says that it is saved', async (t) => {
  const { provider, request } = await takes(t, Discord, { id: 'ord-1', total: 4200 });
  const [message] = provider.messages;
  assert.equal(message.content, '**order.created**\n- **id**: ord\\-1\n- **total**: 4200');
  assert.ok(request.path.endsWith('?wait=true'), request.path);
  isUnsigned(request);
});

test('Discord takes long data, which is cut with a mark', async (t) => {
  const { provider } = await takes(t, Discord, longData);
  assert.ok(provider.messages[0].content.endsWith(mark));
});

test('Discord notifies nobody whom data mentions', async (t) => {
  const { provider } = await takes(t, Discord, hostile);
  assert.deepEqual(provider.messages[0].mentions, []);
});

test('Discord keeps the query of the URL, and waits in a thread, too', async (t) => {
  const members = ({ members: { url } }) => ({ url: `${url}?thread_id=7` });
  const { request } = await takes(t, Discord, {}, { members });
  assert.ok(request.path.endsWith('?thread_id=7&wait=true'), request.path);
});

test('Zapier runs with the envelope as it is', async (t) => {
  const { provider, event, request } = await takes(t, Zapier, { id: 'ord_1', total: 4200 });
  const [{ type, timestamp, data }] = provider.runs;
  assert.equal(type, 'order.created');
  assert.deepEqual(data, { id: 'ord_1', total: 4200 });
  assert.match(timestamp, /^\d{4}-\d\d-\d\dT/);
  assert.equal(request.headers['webhook-id'], event);
  assert.ok(request.headers['webhook-signature']);
});

test('Zapier runs once for an event, whatever its data', async (t) => {
  const { provider } = await takes(t, Zapier, [1, 2, 3]);
  assert.equal(provider.runs.length, 1);
});

test('IFTTT fires with the type, the data and the id', async (t) => {
  const { provider, event } = await takes(t, Ifttt, { id: 'ord_1', total: 4200 });
  const [{ event: name, values }] = provider.fired;
  assert.equal(name, 'order_created');
  assert.deepEqual(values, ['order.created', 'id: ord_1\ntotal: 4200', event]);
});

test('IFTTT takes long data, which is cut with a mark', async (t) => {
  const { provider } = await takes(t, Ifttt, longData);
  assert.ok(provider.fired[0].values[1].endsWith(mark));
});

test('IFTTT gets the envelope at a URL that takes any JSON', async (t) => {
  const members = ({ jsonUrl }) => ({ url: jsonUrl });
  const { provider } = await takes(t, Ifttt, { id: 'ord_1' }, { members });
  assert.deepEqual(provider.fired[0].body.data, { id: 'ord_1' });
});

for (const options of [{}, { iam: true }, { iam: true, sessionToken: 'FwoGZXIvYXdz//token+1==' }]) {
  const { iam = false, sessionToken } = options;
  const how = iam ? `signed ${sessionToken ? 'with' : 'without'} a session token` : 'by anybody';
  test(`a function of Lambda that is called ${how} gets text`, async (t) => {
    const { provider, event } = await takes(t, AwsLambda, { id: 'ord_1' }, options);
    const [{ body, isBase64Encoded, headers }] = provider.events;
    assert.equal(isBase64Encoded, false);
    assert.deepEqual(JSON.parse(body).data, { id: 'ord_1' });
    assert.equal(headers['webhook-id'], event);
    assert.equal('authorization' in headers, iam);
  });
}

test('a Cloud Function that anybody may call gets the envelope', async (t) => {
  const { provider, event, request } = await takes(t, GcpFunction, { id: 'ord_1' });
  assert.deepEqual(provider.calls[0].data, { id: 'ord_1' });
  assert.equal(request.headers['webhook-id'], event);
  assert.equal('authorization' in request.headers, false);
});

for (const Kind of [Zapier, AwsLambda, GcpFunction]) {
  test(`${Kind.name} takes data alone where the endpoint says so`, async (t) => {
    const members = () => ({ payload: 'raw' });
    const { request } = await takes(t, Kind, { id: 'ord_1' }, { members });
    assert.deepEqual(JSON.parse(request.body), { id: 'ord_1' });
  });
}

/// What becomes of a delivery and of its endpoint.
const delivered = { state: 'delivered', reason: null, outcome: 'success', endpoint: 'active' };
const retried = { state: 'pending', reason: null, outcome: 'http_error', endpoint: 'active' };
const rejected = { state: 'dead', reason: 'rejected', outcome: 'rejected', endpoint: 'active' };
const gone = { state: 'dead', reason: 'gone', outcome: 'gone', endpoint: 'disabled' };

const rows = (effect, answers) => answers.map(([answer, error]) => ({ answer, effect, error }));
const slackRows = (effect, status, words) =>
  rows(effect, words.map((word) => [slackSays(status, word), `Slack: ${word}`]));

/// By provider: an answer, its effect, and the `error` that the attempt shows.
const documented = [
  [
    Slack,
    [
      ...rows(delivered, [[slackSays(200, 'ok'), null]]),
      ...slackRows(rejected, 400, [
        'invalid_payload',
        'user_not_found',
        'no_text',
        'too_many_attachments',
        'invalid_blocks',
        'invalid_attachments',
      ]),
      // The word goes before the status.
      ...slackRows(rejected, 500, ['no_text']),
      ...slackRows(gone, 400, ['invalid_token']),
      ...slackRows(gone, 403, [
        'action_prohibited',
        'posting_to_general_channel_denied',
        'invalid_token',
        'team_disabled',
      ]),
      ...slackRows(gone, 404, [
        'channel_not_found',
        'no_service',
        'no_service_id',
        'no_team',
        'no_active_hooks',
      ]),
      ...slackRows(gone, 410, ['channel_is_archived']),
      ...slackRows(retried, 429, ['rate_limited']),
      ...slackRows(retried, 500, ['rollup_error']),
      ...rows(retried, [
        [text(503, ''), null],
        [
          text(302, '', { location: 'https://slack.example/' }),
          "Redirects are not followed: set the endpoint's URL to the final address. " +
            'Location: https://slack.example/',
        ],
      ]),
    ],
  ],
  [
    Discord,
    [
      ...rows(delivered, [
        [{ status: 200 }, null],
        [{ status: 204 }, null],
      ]),
      ...rows(rejected, [
        [
          discordSays(400, 50006, 'Cannot send an empty message'),
          'Discord: 50006 Cannot send an empty message',
        ],
        [discordSays(400, 50035, 'Invalid Form Body'), 'Discord: 50035 Invalid Form Body'],
        [
          discordSays(400, 220001, 'Webhooks posted to forum channels must have a thread_name'),
          'Discord: 220001 Webhooks posted to forum channels must have a thread_name',
        ],
        [
          discordSays(403, 40333, 'internal network error'),
          'Discord: 40333 internal network error',
        ],
        [
          discordSays(413, 40005, 'Request entity too large'),
          'Discord: 40005 Request entity too large',
        ],
      ]),
      ...rows(gone, [
        [discordSays(404, 10015, 'Unknown Webhook'), 'Discord: 10015 Unknown Webhook'],
        [discordSays(401, 50027, 'Invalid Webhook Token'), 'Discord: 50027 Invalid Webhook Token'],
      ]),
      ...rows(retried, [
        [discordLimits(0.3), 'Discord: You are being rate limited.'],
        [text(429, '<html>error code: 1015</html>', { 'retry-after': '1' }), null],
        [text(500, ''), null],
        [text(502, '<html>Bad Gateway</html>'), null],
      ]),
    ],
  ],
  [
    Zapier,
    [
      ...rows(delivered, [
        [json(200, { status: 'success', id: 'a', request_id: 'b', attempt: 'c' }), null],
        [text(200, ''), null],
      ]),
      ...rows(gone, [
        [json(404, { status: 'error' }), 'Zapier: there is no such hook'],
        [json(410, { status: 'error' }), 'Zapier: there is no such hook'],
      ]),
      ...rows(retried, [
        [json(429, { status: 'error' }), null],
        [json(400, { status: 'error' }), null],
        [text(500, ''), null],
      ]),
    ],
  ],
  [
    Ifttt,
    [
      ...rows(delivered, [[text(200, "Congratulations! You've fired the a event"), null]]),
      ...rows(gone, [[iftttInvalidKey, 'IFTTT: You sent an invalid key.']]),
      ...rows(retried, [
        [text(429, ''), null],
        [text(500, ''), null],
        [text(503, ''), null],
      ]),
    ],
  ],
  [
    AwsLambda,
    [
      ...rows(delivered, [
        [json(200, { anything: true }), null],
        [json(201, 'made'), null],
      ]),
      ...rows(rejected, [
        [json(400, { message: 'Bad Request' }), 'AWS Lambda: Bad Request'],
        [json(413, { message: 'Request Too Long' }), 'AWS Lambda: Request Too Long'],
      ]),
      ...rows(gone, [
        [awsForbidden, 'AWS Lambda: Forbidden'],
        [json(403, { Message: 'Access denied' }), 'AWS Lambda: Access denied'],
      ]),
      ...rows(retried, [
        [
          json(429, { Reason: 'ReservedFunctionConcurrentInvocationLimitExceeded' }),
          null,
        ],
        [text(502, 'Internal Server Error'), null],
        [json(500, { message: 'of the function' }), 'AWS Lambda: of the function'],
        [text(504, ''), null],
      ]),
    ],
  ],
  [
    GcpFunction,
    [
      ...rows(delivered, [[text(200, 'done'), null]]),
      ...rows(gone, [
        [gcpUnauthorized, 'Cloud Functions: the request carries no token that counts'],
        [gcpForbidden, 'Cloud Functions: the caller may not invoke the function'],
        [text(404, 'Page not found'), 'Cloud Functions: there is no such function'],
      ]),
      ...rows(retried, [
        [text(429, 'Rate exceeded.'), null],
        [text(500, 'Rate exceeded.'), null],
        [text(503, 'Service Unavailable'), null],
        [text(504, 'upstream request timeout'), null],
      ]),
    ],
  ],
];

async function judges(api, provider, { answer, effect, error }) {
  const subscription = await Subscription.make(api, provider.members);
  provider.queue(answer);
  const event = await subscription.emit();
  const { state, reason, attempts, next_attempt_at: next } = await subscription.attempted(event);
  const { outcome, status, error: shown, started_at: started } = attempts[0];
  const endpoint = await subscription.now();
  assert.deepEqual({ state, reason, outcome, endpoint: endpoint.state }, effect);
  assert.equal(endpoint.state_reason, effect === gone ? 'gone' : null);
  assert.equal(status, answer.status);
  assert.equal(shown, error);
  if (effect === retried) {
    const waits = Date.parse(next) - Date.parse(started);
    assert.ok(waits >= farOffMs && waits < farOffMs + 60_000, `${waits}`);
  } else {
    assert.equal(next, null);
  }
  // The message was at fault, not the endpoint.
  if (effect === rejected) await subscription.delivered(await subscription.emit());
}

for (const [Kind, cases] of documented) {
  test(`each documented answer of ${Kind.name} has its effect`, async (t) => {
    const { provider, api } = await setUp(t, Kind);
    for (const row of cases) {
      const { status, body = '' } = row.answer;
      const { state, endpoint } = row.effect;
      await t.test(`${status} ${body} leaves it ${state} and its endpoint ${endpoint}`, () =>
        judges(api, provider, row),
      );
    }
    assert.deepEqual(provider.refusals, []);
  });
}

test('a connection that breaks is retried for every kind of destination', async (t) => {
  const server = await Server.start(t);
  for (const [Kind] of documented) {
    const { provider, api } = await setUp(t, Kind, { server });
    const subscription = await Subscription.make(api, provider.members, { delays: [10] });
    provider.queue('reset');
    const { attempts } = await subscription.delivered(await subscription.emit());
    assert.deepEqual(attempts.map(({ outcome }) => outcome), ['connect', 'success']);
  }
});

test('a retry is the same message to every provider', async (t) => {
  const server = await Server.start(t);
  for (const [Kind] of documented) {
    const { provider, api } = await setUp(t, Kind, { server });
    const subscription = await Subscription.make(api, provider.members, { delays: [10] });
    provider.queue(text(500, ''));
    await subscription.delivered(await subscription.emit());
    const [first, second] = provider.requests;
    assert.ok(first.body.equals(second.body), Kind.name);
  }
});
