// One node of Postrider on PostgreSQL beside a pg-boss worker: both take the same events in batches of
// 500 and POST them, signed, to the same receiver on the same machine. See docs/BENCHMARKS.md.
//
//   npm ci --prefix tests/bench/pg_boss
//   node tests/bench/pg_boss/compare.mjs --server postgresql://user@host --postrider BINARY
//     [--events 20000] [--rounds 3] [--in-flight 100]
//
// The server is one that keeps what it commits (fsync on); databases are made in it and dropped.
import { fork, spawn } from 'node:child_process';
import { createHmac, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { Agent, request } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

import PgBoss from 'pg-boss';
import pg from 'pg';

const { values: options } = parseArgs({
  options: {
    server: { type: 'string' },
    postrider: { type: 'string' },
    events: { type: 'string', default: '20000' },
    rounds: { type: 'string', default: '3' },
    'in-flight': { type: 'string', default: '100' },
  },
});
const events = Number(options.events);
const inFlight = Number(options['in-flight']);
const batch = 500;
const key = 'root-key-of-the-benchmark';
const secret = Buffer.from('0123456789abcdef0123456789abcdef');
const data = { id: 'ord_1', note: 'x'.repeat(440) };

function urlOf(database) {
  const url = new URL(options.server);
  url.pathname = `/${database}`;
  return url.href;
}

/** Runs `work` with the address of a new database. */
async function withDatabase(work) {
  const name = `compare_${process.pid}_${randomUUID().slice(0, 8)}`;
  const admin = new pg.Client({ connectionString: urlOf('postgres') });
  await admin.connect();
  try {
    await admin.query(`CREATE DATABASE ${name}`);
    return await work(urlOf(name));
  } finally {
    await admin.query(`DROP DATABASE ${name} WITH (FORCE)`);
    await admin.end();
  }
}

async function withSink(work) {
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

function post(agent, port, path, body, headers) {
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

/** Until everything was received and recorded; events per second from the first insertion on. */
async function measured(insert, isOver) {
  const begun = performance.now();
  const inserted = insert();
  while (!(await isOver())) await pause(10);
  await inserted;
  return events / ((performance.now() - begun) / 1000);
}

async function statements(url, work) {
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

/** Fetches, posts and completes without pauses: faster than `work()`, which polls. */
async function runWorker(boss, port, agent, over) {
  while (!over()) {
    const jobs = await boss.fetch('webhook', { batchSize: inFlight });
    if (jobs.length === 0) {
      await pause(2);
      continue;
    }
    await Promise.all(
      jobs.map((job) => {
        const body = JSON.stringify(job.data);
        const at = Math.floor(Date.now() / 1000);
        const mac = createHmac('sha256', secret).update(`${job.id}.${at}.${body}`);
        return post(agent, port, '/', body, {
          'content-type': 'application/json',
          'content-length': Buffer.byteLength(body),
          'webhook-id': job.id,
          'webhook-timestamp': at,
          'webhook-signature': `v1,${mac.digest('base64')}`,
        });
      }),
    );
    await boss.complete('webhook', jobs.map((job) => job.id));
  }
}

function pgBoss() {
  return withSink((port, received) =>
    withDatabase(async (url) => {
      const boss = new PgBoss({ connectionString: url, max: 10 });
      // Its own upkeep may meet the end of the database.
      boss.on('error', () => {});
      await boss.start();
      await boss.createQueue('webhook');
      const agent = new Agent({ keepAlive: true, maxSockets: inFlight });
      let over = false;
      // Two, so that one posts while the other one waits for the database.
      const workers = [0, 1].map(() => runWorker(boss, port, agent, () => over));
      const result = await statements(url, () =>
        measured(
          async () => {
            for (let i = 0; i < events; i += batch) {
              const jobs = Array.from({ length: batch }, () => ({ name: 'webhook', data }));
              await boss.insert(jobs);
            }
          },
          async () => {
            if ((await received()) < events) return false;
            over = true;
            await Promise.all(workers);
            return true;
          },
        ),
      );
      agent.destroy();
      await boss.stop({ graceful: false, wait: true });
      return result;
    }),
  );
}

async function serving(url, work) {
  const service = spawn(
    options.postrider,
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

function postrider() {
  return withSink((port, received) =>
    withDatabase((url) =>
      serving(url, async (api) => {
        const agent = new Agent({ keepAlive: true, maxSockets: 4 });
        const call = async (path, body) => {
          const text = JSON.stringify(body);
          const [status, answer] = await post(agent, api, path, text, {
            authorization: `Bearer ${key}`,
            'content-type': 'application/json',
            'content-length': Buffer.byteLength(text),
          });
          if (status >= 300) throw new Error(`${path}: ${status} ${answer}`);
        };
        const endpoint = { url: `http://127.0.0.1:${port}/`, max_in_flight: inFlight };
        await call('/v1/endpoints', endpoint);
        const client = new pg.Client({ connectionString: url });
        await client.connect();
        const result = await statements(url, () =>
          measured(
            async () => {
              for (let i = 0; i < events; i += batch) {
                const one = { type: 'order.created', data };
                await call('/v1/events/batch', { events: Array.from({ length: batch }, () => one) });
              }
            },
            async () => {
              if ((await received()) < events) return false;
              const { rows } = await client.query(
                "SELECT EXISTS (SELECT FROM delivery WHERE state = 'pending') AS pending",
              );
              return !rows[0].pending;
            },
          ),
        );
        await client.end();
        agent.destroy();
        return result;
      }),
    ),
  );
}

const median = (numbers) => numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)];
const results = { 'pg-boss': [], postrider: [] };
for (let round = 0; round < Number(options.rounds); ++round) {
  results['pg-boss'].push(await pgBoss());
  results.postrider.push(await postrider());
}
for (const [name, all] of Object.entries(results)) {
  const rates = all.map(({ rate }) => Math.round(rate));
  const commits = median(all.map(({ commits: one }) => one)).toFixed(3);
  console.log(`${name}: ${median(rates)}/s (${rates.join(', ')}), ${commits} commits per event`);
}
const ratios = results.postrider.map(({ rate }, i) => rate / results['pg-boss'][i].rate);
console.log(`ratio: ${median(ratios).toFixed(2)} (${ratios.map((r) => r.toFixed(2)).join(', ')})`);
