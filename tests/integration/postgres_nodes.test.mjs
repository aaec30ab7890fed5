// Several nodes, and what happens to their PostgreSQL server or on the way to it.
import { test } from 'node:test';

import { Cluster, Flow, inFlightMax } from './support/cluster.mjs';
import { Gate } from './support/gate.mjs';
import { PostgresServer } from './support/postgres_server.mjs';
import { Receiver } from './support/receiver.mjs';
import { until } from './support/until.mjs';

const events = Number(process.env.POSTRIDER_NODES_EVENTS ?? 3000);
const leaseS = Number(process.env.POSTRIDER_NODES_LEASE_S ?? 2);

async function setUp(t, nodes) {
  const postgres = await PostgresServer.start(t, { settings: ['max_connections=200'] });
  const database = { url: postgres.address(), sql: (sql) => postgres.sql(sql) };
  const cluster = await Cluster.start(t, nodes, { database, leaseS });
  return { postgres, cluster, receiver: await Receiver.start(t) };
}

test('a server that is restarted and that crashes under load loses nothing of three nodes', async (t) => {
  const { postgres, cluster, receiver } = await setUp(t, 3);
  const flow = await Flow.start(cluster, receiver);
  const sent = flow.send(events, { mayBreak: true });
  let part = 0;
  for (const end of ['fast', 'immediate', 'fast']) {
    part += events / 5;
    await until('it is in mid-flight', () => receiver.accepted.size > part, { withinMs: 60_000 });
    await postgres.stop(end);
    await postgres.start();
  }
  await sent;
  const repeated = await flow.check({ repeated: 3 * 3 * inFlightMax });
  await cluster.balanced();
  const removed = cluster.nodes.filter(({ log }) => /rejoining the other nodes/.test(log));
  t.diagnostic(
    `${flow.accepted.size} events answered 202 and delivered, ${repeated} of them twice; ` +
      `longest way ${Math.round(flow.longestSince(0))} ms; ${removed.length} nodes joined again`,
  );
});

test('a node that is cut off from the database sends nothing once others do, and comes back', async (t) => {
  const { postgres, cluster, receiver } = await setUp(t, 2);
  const gate = await Gate.start(t, postgres.port);
  const cut = await cluster.add({ db: postgres.address({ port: gate.port }) });
  await cluster.balanced();
  const flow = await Flow.start(cluster, receiver);
  const sent = flow.send(events, { mayBreak: true });
  await until('it is in mid-flight', () => receiver.accepted.size > events / 4);
  gate.shut();
  cluster.without(cut);
  cut.api.close();
  await cluster.balanced();
  await sent;
  await flow.check({ repeated: inFlightMax });
  gate.replace();
  await until('it knows', () => /rejoining the other nodes/.test(cut.log), { withinMs: 30_000 });
  await cut.listening({ times: 2 });
  cluster.nodes.push(cut);
  await cluster.balanced();
  await flow.send(flow.endpoints * 2);
  const repeated = await flow.check({ repeated: inFlightMax });
  t.diagnostic(`${repeated} of ${flow.accepted.size} twice`);
});
