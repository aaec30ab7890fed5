// What the comparisons on PostgreSQL have in common: databases of their own, a receiver that counts,
// nodes of Postrider.
import { fork, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { Agent, request } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

import pg from 'pg';

export const batch = 500;
export const data = { id: 'ord_1', note: 'x'.repeat(440) };
const key = 'root-key-of-the-benchmark';

function urlOf(server, database) {
  const url = new URL(server);
  url.pathname = `/${database}`;
  return url.href;
}

/** Runs `work` with the address of a new database of the server. */
export async function withDatabase(server, work) {
  const name = `compare_${process.pid}_${randomUUID().slice(0, 8)}`;
  const admin = new pg.Client({ connectionString: urlOf(server, 'postgres') });
  await admin.connect();
  try {
    await admin.query(`CREATE DATABASE ${name}`);
    return await work(urlOf(server, name));
  } finally {
    await admin.query(`DROP DATABASE ${name} WITH (FORCE)`);
    await admin.end();
  }
}

export async function withSink(work) {
  const sink = fork(fileURLToPath(new URL('sink.mjs', import.meta.url)));
  try {
    const [{ port }] = await once(sink, 'message');
    const received = async () => {
      sink.send('?');
      return (await once(sink, 'message'))[0].received;
    };
    return await work(port, received);
  } finally {
    sink.disconnect();
  }
}

export function post(agent, port, path, body, headers) {
  return new Promise((resolve, reject) => {
    const sent = request(
      { agent, host: '127.0.0.1', port, path, method: 'POST', headers },
      (response) => {
        const chunks = [];
        response.on('data', (chunk) => chunks.push(chunk));
        response.on('end', () => resolve([response.statusCode, Buffer.concat(chunks).toString()]));
      },
    );
    sent.on('error', reject);
    sent.end(body);
  });
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
export async function statements(events, url, work) {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  const commits = async () => {
    const { rows } = await client.query(
      'SELECT xact_commit::int AS n FROM pg_stat_database WHERE datname = current_database()',
    );
    return rows[0].n;
  };
  const before = await commits();
  const rate = await work();
  // What a session counted is told about a second later.
  await pause(1500);
  const after = await commits();
  await client.end();
  return { rate, commits: (after - before) / events };
}

/** Runs `work` with the port of a node's API. */
async function serving(binary, url, work) {
  const service = spawn(
    binary,
    ['serve', '--db', url, '--listen', '127.0.0.1:0', '--root-key', key, '--allow-net', '127.0.0.0/8'],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  try {
    let out = '';
    for await (const chunk of service.stdout) {
      out += chunk;
      const address = /listening on http:\/\/[^:]+:(\d+)/.exec(out);
      if (address) return await work(Number(address[1]));
    }
    throw new Error('postrider does not start');
  } finally {
    service.kill('SIGTERM');
    await once(service, 'exit');
  }
}

/** Runs `work` with the ports of `count` nodes on one database that share the work. */
async function withNodes({ binary, url, count }, work, ports = []) {
  if (ports.length < count)
    return serving(binary, url, (port) => withNodes({ binary, url, count }, work, [...ports, port]));
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  const most = Math.ceil(256 / count);
  const uneven = `SELECT FROM partition GROUP BY owner HAVING count(*) > ${most} OR owner IS NULL`;
  while ((await client.query(uneven)).rowCount > 0) await pause(50);
  await client.end();
  return work(ports);
}

class Api {
  constructor(port) {
    this.port = port;
    this.agent = new Agent({ keepAlive: true, maxSockets: 4 });
  }

  async call(path, body) {
    const text = JSON.stringify(body);
    const [status, answer] = await post(this.agent, this.port, path, text, {
      authorization: `Bearer ${key}`,
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(text),
    });
    if (status >= 300) throw new Error(`${path}: ${status} ${answer}`);
  }
}

/** Sends `events` in batches from `producers` at once, to the nodes in turn, each for one of `endpoints`. */
async function produce(apis, { events, endpoints, producers }) {
  let sent = 0;
  const one = async (producer) => {
    for (let turn = producer; sent < events; turn += 1) {
      const events = Array.from({ length: batch }, (_, i) => ({ type: `e.${i % endpoints}`, data }));
      sent += batch;
      await apis[turn % apis.length].call('/v1/events/batch', { events });
    }
  };
  await Promise.all(Array.from({ length: producers }, (_, i) => one(i)));
}

/** Rate and commits per event of `nodes` nodes, from the first event on until all are settled. */
export function postrider({ server, binary, events, inFlight, nodes = 1, endpoints = 1, producers = 1 }) {
  return withSink((sink, received) =>
    withDatabase(server, (url) =>
      withNodes({ binary, url, count: nodes }, async (ports) => {
        const apis = ports.map((port) => new Api(port));
        for (let i = 0; i < endpoints; ++i) {
          const url = `http://127.0.0.1:${sink}/`;
          const endpoint = { url, event_types: [`e.${i}`], max_in_flight: inFlight };
          await apis[0].call('/v1/endpoints', endpoint);
        }
        const client = new pg.Client({ connectionString: url });
        await client.connect();
        const pending = "SELECT EXISTS (SELECT FROM delivery WHERE state = 'pending') AS pending";
        const result = await statements(events, url, () =>
          measured(
            events,
            () => produce(apis, { events, endpoints, producers }),
            async () => {
              if ((await received()) < events) return false;
              return !(await client.query(pending)).rows[0].pending;
            },
          ),
        );
        await client.end();
        for (const api of apis) api.agent.destroy();
        return result;
      }),
    ),
  );
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
