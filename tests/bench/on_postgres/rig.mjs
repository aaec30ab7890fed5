// What the comparisons on PostgreSQL have in common: databases of their own, measurements, and nodes of
// Postrider that are measured.
import { randomUUID } from 'node:crypto';
import { Agent } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';

import pg from 'pg';

import { call, data, received, startNode, startSink, stopNode, urlOf } from './parts.mjs';

export const batch = 500;

/** Runs `work` with a client of the database at `url`. */
async function withClient(url, work) {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

/** Runs `work` with the address of a new database of the server. */
export function withDatabase(server, work) {
  const name = `compare_${process.pid}_${randomUUID().slice(0, 8)}`;
  return withClient(urlOf(server, 'postgres'), async (admin) => {
    try {
      await admin.query(`CREATE DATABASE ${name}`);
      return await work(urlOf(server, name));
    } finally {
      await admin.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
    }
  });
}

export async function withSink(work) {
  const sink = await startSink();
  try {
    return await work(sink.port, () => received(sink));
  } finally {
    sink.process.disconnect();
  }
}

/** Until everything was received and recorded; `events` per second from the first insertion on. */
export async function measured(events, insert, isOver) {
  const begun = performance.now();
  const inserted = insert();
  while (!(await isOver())) await pause(10);
  await inserted;
  return events / ((performance.now() - begun) / 1000);
}

/** With the commits per event that the database counts. */
export function statements(events, url, work) {
  return withClient(url, async (client) => {
    const commits = async () => {
      const { rows } = await client.query(
        'SELECT xact_commit::int AS n FROM pg_stat_database WHERE datname = current_database()',
      );
      return rows[0].n;
    };
    const before = await commits();
    const rate = await work();
    // PostgreSQL publishes the counters of a session about a second later.
    await pause(1500);
    return { rate, commits: ((await commits()) - before) / events };
  });
}

/** Runs `work` with the ports of `count` nodes that share the work on one database. */
async function withNodes({ binary, url, count }, work) {
  const nodes = [];
  try {
    const ports = [];
    while (nodes.length < count) {
      nodes.push(startNode(binary, url));
      ports.push(await nodes.at(-1).port);
    }
    const most = Math.ceil(256 / count);
    const uneven = `SELECT FROM partition GROUP BY owner HAVING count(*) > ${most} OR owner IS NULL`;
    await withClient(url, async (client) => {
      while ((await client.query(uneven)).rowCount > 0) await pause(50);
    });
    return await work(ports);
  } finally {
    for (const node of nodes.reverse()) await stopNode(node);
  }
}

/** Sends `events` in batches from `producers` at once, to the nodes in turn, for `endpoints` in turn. */
async function produce(emit, { events, endpoints, producers }) {
  let sent = 0;
  const one = async (producer) => {
    for (let turn = producer; sent < events; turn += 1) {
      sent += batch;
      await emit(turn, Array.from({ length: batch }, (_, i) => ({ type: `e.${i % endpoints}`, data })));
    }
  };
  await Promise.all(Array.from({ length: producers }, (_, i) => one(i)));
}

/** Rate and commits per event of `nodes` nodes, from the first event on until all are settled. */
export function postrider({ server, binary, events, inFlight, nodes = 1, endpoints = 1, producers = 1 }) {
  const measureOn = async (url, sink, count, ports) => {
    const agent = new Agent({ keepAlive: true, maxSockets: 4 });
    for (let i = 0; i < endpoints; ++i) {
      const endpoint = {
        url: `http://127.0.0.1:${sink}/`, event_types: [`e.${i}`], max_in_flight: inFlight,
      };
      await call(agent, ports[0], '/v1/endpoints', endpoint);
    }
    const emit = (turn, batched) =>
      call(agent, ports[turn % ports.length], '/v1/events/batch', { events: batched });
    const pending = "SELECT EXISTS (SELECT FROM delivery WHERE state = 'pending') AS pending";
    const result = await withClient(url, (client) => {
      const isOver = async () =>
        (await count()) >= events && !(await client.query(pending)).rows[0].pending;
      return statements(events, url, () =>
        measured(events, () => produce(emit, { events, endpoints, producers }), isOver));
    });
    agent.destroy();
    return result;
  };
  return withSink((sink, count) =>
    withDatabase(server, (url) =>
      withNodes({ binary, url, count: nodes }, (ports) => measureOn(url, sink, count, ports))));
}

export const median = (numbers) => numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)];

/** Prints what each of `results` (name -> results of its rounds) came to. */
export function print(results) {
  for (const [name, all] of Object.entries(results)) {
    const rates = all.map(({ rate }) => Math.round(rate));
    const commits = median(all.map(({ commits: one }) => one)).toFixed(3);
    console.log(`${name}: ${median(rates)}/s (${rates.join(', ')}), ${commits} commits per event`);
  }
}

/** Of two results of the same rounds. */
export function printRatio(name, over, under) {
  const ratios = over.map(({ rate }, i) => rate / under[i].rate);
  console.log(`${name}: ${median(ratios).toFixed(2)} (${ratios.map((r) => r.toFixed(2)).join(', ')})`);
}
