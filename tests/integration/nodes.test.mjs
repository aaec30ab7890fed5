// Several nodes that share one PostgreSQL database: each event once, in order, while nodes join
// and leave.
// POSTRIDER_NODES_EVENTS and POSTRIDER_NODES_LEASE_S make it the campaign of docs/SCALING.md.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Cluster, Flow, inFlightMax } from './support/cluster.mjs';
import { Receiver } from './support/receiver.mjs';
import { until } from './support/until.mjs';

const events = Number(process.env.POSTRIDER_NODES_EVENTS ?? 3000);
const leaseS = Number(process.env.POSTRIDER_NODES_LEASE_S ?? 2);

async function setUp(t, nodes, flow = {}) {
  const cluster = await Cluster.start(t, nodes, { leaseS });
  const receiver = await Receiver.start(t);
  return { cluster, receiver, flow: await Flow.start(cluster, receiver, flow) };
}

test('three nodes deliver each event exactly once, and in order where that is asked for', async (t) => {
  const { cluster, flow } = await setUp(t, 3);
  const begun = performance.now();
  await flow.send(events);
  await flow.check();
  const tookS = (performance.now() - begun) / 1000;
  const shares = await cluster.shares();
  t.diagnostic(
    `${events} events, ${flow.endpoints} endpoints, shares ${shares.join(', ')}: ` +
      `${Math.round(events / tookS)} events/s, longest way ${Math.round(flow.longestSince(0))} ms`,
  );
});

test('what a killed node had is served by the others, and nothing is lost', async (t) => {
  const { cluster, receiver, flow } = await setUp(t, 3);
  const sent = flow.send(events, { mayBreak: true });
  await until('it is in mid-flight', () => receiver.accepted.size > events / 4);
  const killed = cluster.without(cluster.nodes[0]);
  await killed.kill();
  const at = performance.now();
  await sent;
  await flow.send(flow.endpoints * 2);
  await cluster.balanced();
  const duplicates = await flow.check({ repeated: inFlightMax });
  const takeoverMs = flow.longestSince(at);
  assert.ok(takeoverMs < leaseS * 1000 + 5000, `served again after ${takeoverMs} ms`);
  t.diagnostic(
    `lease of ${leaseS} s: ${duplicates} of ${flow.accepted.size} twice, served again after ` +
      `${Math.round(takeoverMs)} ms`,
  );
});

test('a frozen node that wakes up writes and sends nothing over its successors, and works again', async (t) => {
  const { cluster, receiver, flow } = await setUp(t, 3);
  const sent = flow.send(events, { mayBreak: true });
  await until('it is in mid-flight', () => receiver.accepted.size > events / 4);
  const frozen = cluster.without(cluster.nodes[0]);
  frozen.signal('SIGSTOP');
  frozen.api.close();  // its producers go to others
  await cluster.balanced();
  frozen.signal('SIGCONT');
  await until('it knows', () => /rejoining the other nodes/.test(frozen.log));
  await frozen.listening({ times: 2 });
  cluster.nodes.push(frozen);
  await sent;
  await cluster.balanced();
  await flow.send(flow.endpoints * 2);
  const duplicates = await flow.check({ repeated: inFlightMax });
  t.diagnostic(`${duplicates} of ${flow.accepted.size} twice`);
});

test('a node that has been removed while it stops waits for no answer', async (t) => {
  const receiver = await Receiver.start(t, () => 'hang');
  const cluster = await Cluster.start(t, 1, { leaseS, flags: ['--drain-s', '60'] });
  const [node] = cluster.nodes;
  await node.api.endpoint(receiver.url, { timeout_ms: 60_000 });
  const { id } = await node.api.emit();
  await receiver.got(1);
  const stopped = node.stop({ withinMs: 20_000 });
  await until('it is leaving', async () =>
    (await cluster.database.sql('SELECT leaving FROM node')) === 't');
  await cluster.database.sql('DELETE FROM node');
  await stopped;

  receiver.script = () => 200;
  await cluster.add();
  await receiver.acceptedAll([id]);
});

test('nodes that come and go by plan repeat nothing', async (t) => {
  const { cluster, flow } = await setUp(t, 2);
  const sent = flow.send(events);
  await cluster.add();
  await cluster.balanced();
  const leaving = cluster.without(cluster.nodes[0]);
  await sent;
  const more = flow.send(events / 3);
  assert.equal(await leaving.stop(), 0);
  await cluster.balanced();
  await more;
  await flow.check();
});

test('a change of an endpoint holds for the next event at any node', async (t) => {
  const cluster = await Cluster.start(t, 3, { leaseS });
  const before = await Receiver.start(t);
  const after = await Receiver.start(t);
  const [first, second, third] = cluster.nodes;
  for (let i = 0; i < 20; ++i) {
    const endpoint = await first.api.endpoint(before.url, { event_types: [`moved.e${i}`] });
    const old = await third.api.emit(`moved.e${i}`);
    await until('it is delivered', () => before.accepted.has(old.id));
    await second.api.expect(200, 'PATCH', `/v1/endpoints/${endpoint.id}`, { url: after.url });
    const { id } = await third.api.emit(`moved.e${i}`);
    await until('it goes to the new URL', () => after.accepted.has(id));
    await second.api.expect(204, 'DELETE', `/v1/endpoints/${endpoint.id}`);
    assert.equal((await third.api.emit(`moved.e${i}`)).deliveries, 0, 'it is gone at once');
  }
  assert.equal(before.requests.length, 20);
});

test('keys and event types that one node takes hold at all of them', async (t) => {
  const cluster = await Cluster.start(t, 2, { leaseS });
  const [first, second] = cluster.nodes;
  const made = await first.api.expect(201, 'POST', '/v1/api-keys', { name: 'k', scope: 'emit' });
  const emit = () => second.api.post('/v1/events', { type: 'a', data: {} }, { key: made.key });
  await until('the other node knows the key', async () => (await emit()).status === 202);
  await first.api.expect(204, 'DELETE', `/v1/api-keys/${made.id}`);
  await until('the other node has forgotten it', async () => (await emit()).status === 401);
  await first.api.expect(201, 'POST', '/v1/event-types', {
    name: 'typed',
    schema: { type: 'object', required: ['id'] },
  });
  const typed = () => second.api.post('/v1/events', { type: 'typed', data: {} });
  await until('the other node knows the schema', async () => (await typed()).status === 422);
});

test('people can ask any node about deliveries of any other', async (t) => {
  const cluster = await Cluster.start(t, 3, { leaseS, retryDelaysMs: [20] });
  const receiver = await Receiver.start(t, ({ path }) => (path.endsWith('/bad') ? 400 : 200));
  const [first, second, third] = cluster.nodes;
  for (let i = 0; i < 8; ++i) {
    const good = await first.api.endpoint(`${receiver.url}/good`, { event_types: [`good.e${i}`] });
    for (const { api } of cluster.nodes) {
      const tested = await api.expect(200, 'POST', `/v1/endpoints/${good.id}/test`, {});
      assert.equal(tested.outcome, 'success');
    }
    const bad = await first.api.endpoint(`${receiver.url}/bad`, { event_types: [`bad.e${i}`] });
    const { id } = await second.api.emit(`bad.e${i}`);
    const dead = await third.api.deliveryIn('dead', id);
    await third.api.expect(200, 'PATCH', `/v1/endpoints/${bad.id}`, { url: `${receiver.url}/good` });
    await second.api.expect(202, 'POST', `/v1/dead-letters/${dead.id}/replay`);
    await first.api.deliveryIn('delivered', id);
    // A paused endpoint sends nothing, regardless of which node paused it.
    await third.api.expect(200, 'POST', `/v1/endpoints/${good.id}/pause`);
    const waiting = await second.api.emit(`good.e${i}`);
    const [delivery] = await second.api.deliveriesOf(waiting.id);
    await first.api.expect(200, 'POST', `/v1/deliveries/${delivery.id}/cancel`);
    await third.api.expect(200, 'POST', `/v1/endpoints/${good.id}/resume`);
    const last = await second.api.emit(`good.e${i}`);
    await until('it goes on', () => receiver.accepted.has(last.id));
    assert.equal(receiver.of(waiting.id).length, 0);
  }
});

test('a rate limit holds over all nodes, and while the work moves between them', async (t) => {
  const limit = { limit: 20, period_ms: 1000 };
  const cluster = await Cluster.start(t, 2, { leaseS });
  const receiver = await Receiver.start(t);
  await cluster.nodes[0].api.endpoint(receiver.url, { rate_limit: limit });
  const ids = [];
  const emit = async (count) => {
    for (let i = 0; i < count; ++i) ids.push((await cluster.next.api.emit()).id);
  };
  await emit(60);
  await cluster.add();
  await emit(30);
  await cluster.balanced();
  await cluster.without(cluster.nodes[0]).stop();
  await emit(30);
  await receiver.acceptedAll(ids);
  const at = receiver.requests.map((request) => request.at);
  for (let i = limit.limit; i < at.length; ++i) {
    const windowMs = at[i] - at[i - limit.limit];
    // Requests arrive a little later or earlier than they were sent.
    assert.ok(windowMs > limit.period_ms - 100, `${limit.limit + 1} requests within ${windowMs} ms`);
  }
});

test('what is done once for all nodes goes on when the node that did it is gone', async (t) => {
  const cluster = await Cluster.start(t, 3, { leaseS });
  const receiver = await Receiver.start(t);
  const [first] = cluster.nodes;
  await first.api.endpoint(receiver.url);
  const insert = (n) =>
    cluster.database.sql(
      `INSERT INTO outbox (type, data) SELECT 'row', format('{"n":%s}', n) FROM generate_series(1, ${n}) AS n`,
    );
  await insert(50);
  await until('the outbox is taken up', () => receiver.requests.length === 50);
  const leader = await cluster.database.sql('SELECT owner FROM partition WHERE id = 0');
  const nodes = (await cluster.database.sql('SELECT id FROM node ORDER BY id')).split('\n');
  await cluster.without(cluster.nodes[nodes.indexOf(leader)]).kill();
  await insert(50);
  await until('another node takes it up', () => receiver.requests.length === 100);
  assert.equal(receiver.duplicates, 0);
});
