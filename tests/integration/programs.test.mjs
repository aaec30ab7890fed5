// jq programs of endpoints through the real binary: templates, values, transforms, filters.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Receiver } from './support/receiver.mjs';
import { Server } from './support/postrider.mjs';
import { Discord } from './support/providers/discord.mjs';
import { Ifttt } from './support/providers/ifttt.mjs';
import { Slack } from './support/providers/slack.mjs';
import { sqlite } from './support/sql.mjs';
import { Subscription } from './support/subscription.mjs';

/// A program that never ends.
const loops = 'def f: f; f';
/// One that takes all memory there is.
const eats = '[limit(1e12; repeat("x"))]';

async function takes(t, Kind, destination, data) {
  const provider = await Kind.start(t);
  const { api } = await Server.start(t);
  const members = { ...provider.members };
  members.destination = { ...members.destination, ...destination };
  const subscription = await Subscription.make(api, members);
  await subscription.delivered(await subscription.emit(data));
  assert.deepEqual(provider.refusals, []);
  return provider;
}

test('a template that makes a string is the text of a Slack message', async (t) => {
  const template = '"*\\(.type)* of \\(.tenant | length > 0): \\(.data.id)"';
  const { messages } = await takes(t, Slack, { template }, { id: 'ord_1' });
  assert.deepEqual(messages[0].text, '*order.created* of true: ord_1');
});

test('a template that makes an object is the whole body of a Slack message', async (t) => {
  const template = `{blocks: [{type: "section", text: {type: "mrkdwn", text: .data.long}}]}`;
  const provider = await takes(t, Slack, { template }, { long: 'x'.repeat(9000) });
  const { blocks } = JSON.parse(provider.requests[0].body);
  assert.equal(blocks[0].text.text.length, 3000);
  assert.ok(blocks[0].text.text.endsWith('… (cut)'));
});

test('a template makes an embed for Discord, and mentions nobody unless it says so', async (t) => {
  const template = '{embeds: [{title: .type, description: "\\(.data.total) @everyone"}]}';
  const provider = await takes(t, Discord, { template }, { total: 7 });
  const body = JSON.parse(provider.requests[0].body);
  assert.deepEqual(body.embeds, [{ title: 'order.created', description: '7 @everyone' }]);
  assert.deepEqual(body.allowed_mentions, { parse: [] });
});

test('values make the ingredients of IFTTT', async (t) => {
  const values = ['.data.id', '.data.lines | length', '.data'];
  const provider = await takes(t, Ifttt, { values }, { id: 'a', lines: [1, 2] });
  assert.deepEqual(JSON.parse(provider.requests[0].body), {
    value1: 'a',
    value2: 2,
    value3: '{"id":"a","lines":[1,2]}',
  });
});

test('a transform makes the body, which is signed as it goes out', async (t) => {
  const receiver = await Receiver.start(t);
  const { api } = await Server.start(t);
  const subscription = await Subscription.make(api, {
    url: receiver.url,
    payload: 'cloudevents',
    transform: '{what: .type, which: .id, n: (.data | length)}',
  });
  const event = await subscription.emit([1, 2, 3]);
  await subscription.delivered(event);
  const [request] = receiver.requests;
  assert.equal(`${request.body}`, `{"what":"order.created","which":"${event}","n":3}`);
  assert.equal(request.headers['content-type'], 'application/json');
  assert.match(request.headers['webhook-signature'], /^v1,/);
});

test('a program that fails costs its delivery and says why', async (t) => {
  const receiver = await Receiver.start(t);
  const { api } = await Server.start(t);
  const members = { url: receiver.url, transform: '.data.a + 1' };
  const subscription = await Subscription.make(api, members);
  for (const [data, reason] of [
    [{ a: {} }, /^transform: object \(\{\}\) and number \(1\) cannot be added/],
    ['text', /^transform: Cannot index string with string "a"/],
  ]) {
    const delivery = await subscription.attempted(await subscription.emit(data));
    assert.deepEqual([delivery.state, delivery.reason], ['dead', 'rejected']);
    const [attempt] = delivery.attempts;
    assert.deepEqual([attempt.outcome, attempt.status], ['rejected', null]);
    assert.match(attempt.error, reason);
  }
  await subscription.delivered(await subscription.emit({ a: 1 }));
  assert.equal(`${receiver.requests[0].body}`, '2');
  assert.equal(receiver.requests.length, 1);
  assert.equal((await subscription.now()).state, 'active');
});

test('programs that loop, eat memory or crash cost nobody else anything', async (t) => {
  const receiver = await Receiver.start(t);
  const { api } = await Server.start(t);
  const hostile = await Promise.all(
    [loops, eats, 'reduce range(1000000) as $i (0; [.])'].map((transform) =>
      Subscription.make(api, { url: receiver.url, transform }),
    ),
  );
  const honest = await Subscription.make(api, { url: receiver.url, transform: '.data' });
  const bad = await Promise.all(hostile.map((subscription) => subscription.emit()));
  const good = await Promise.all(Array.from({ length: 20 }, (_, n) => honest.emit(n)));
  await Promise.all(good.map((event) => honest.delivered(event)));
  for (const [i, event] of bad.entries()) {
    const delivery = await hostile[i].attempted(event);
    assert.deepEqual([delivery.state, delivery.reason], ['dead', 'rejected']);
    assert.match(delivery.attempts[0].error, /^transform: /);
  }
  assert.equal(receiver.requests.length, 20);
});

test('a filter decides before the 202 who gets an event', async (t) => {
  const receiver = await Receiver.start(t);
  const { api } = await Server.start(t);
  const tenant = 'filtered';
  const make = (filter) =>
    api.expect(201, 'POST', '/v1/endpoints', { url: receiver.url, tenant, filter });
  for (const filter of ['.data.total > 5', '.metadata.vip', 'empty', null]) await make(filter);
  const failing = await make('.data.total | keys');
  const emit = (total, metadata) =>
    api.expect(202, 'POST', '/v1/events', { type: 'a', tenant, data: { total }, metadata });
  assert.equal((await emit(1)).deliveries, 2);
  assert.equal((await emit(9)).deliveries, 3);
  assert.equal((await emit(9, { vip: 'yes' })).deliveries, 4);
  const { data } = await api.expect(200, 'GET', `/v1/dead-letters?endpoint=${failing.id}`);
  assert.equal(data.length, 3);
  for (const { reason, last_attempt: last } of data) {
    assert.equal(reason, 'rejected');
    assert.equal(last.error, 'filter: number (9) has no keys'.replace('9', last.error.at(16)));
  }
  await api.expect(204, 'DELETE', `/v1/endpoints/${failing.id}`);
  const batch = { events: [1, 9].map((total) => ({ type: 'a', tenant, data: { total } })) };
  const { events } = await api.expect(202, 'POST', '/v1/events/batch', batch);
  assert.deepEqual(events.map(({ deliveries }) => deliveries), [1, 2]);
});

test('filters see the rows of the SQL outbox, which keep their order', async (t) => {
  const receiver = await Receiver.start(t);
  const server = await Server.start(t);
  const { api } = server;
  const members = { url: receiver.url, filter: '.data % 2 == 0', ordering: 'strict' };
  await api.expect(201, 'POST', '/v1/endpoints', members);
  const rows = Array.from({ length: 20 }, (_, n) => `('n', '${n}')`).join(',');
  await sqlite(server.db, `INSERT INTO outbox(type, data) VALUES ${rows}`);
  await receiver.got(10);
  const sent = receiver.requests.map(({ body }) => JSON.parse(body).data);
  assert.deepEqual(sent, [0, 2, 4, 6, 8, 10, 12, 14, 16, 18]);
});

test('a program that jq rejects is refused with its words', async (t) => {
  const { api } = await Server.start(t);
  const url = 'https://receiver.example/';
  for (const [members, pointer, words] of [
    [{ filter: '.a | (' }, '/filter', /syntax error/],
    [{ transform: 'nosuch(.)' }, '/transform', /nosuch\/1 is not defined/],
    [{ transform: 'import "a" as a; .' }, '/transform', /./],
    [{ destination: { type: 'slack', template: '"\\(.a"' } }, '/destination/template', /./],
    [{ destination: { type: 'ifttt', values: ['.', '}'] } }, '/destination/values/1', /./],
    [
      { destination: { type: 'slack', template: '.' }, transform: '.' },
      '/transform',
      /give one of them/,
    ],
  ]) {
    const { errors } = await api.expect(422, 'POST', '/v1/endpoints', { url, ...members });
    assert.deepEqual(errors.map((error) => error.pointer), [pointer], JSON.stringify(members));
    assert.match(errors[0].detail, words);
  }
});
