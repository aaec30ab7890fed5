// One node of Postrider on PostgreSQL beside a pg-boss worker: both take the same events in batches of
// 500 and POST them, signed, to the same receiver on the same machine. See docs/BENCHMARKS.md.
//
//   npm ci --prefix tests/bench/on_postgres
//   node tests/bench/on_postgres/pg_boss.mjs --server postgresql://user@host --postrider BINARY
//     [--events 20000] [--rounds 3] [--in-flight 100]
//
// The server is one that keeps what it commits (fsync on); databases are made in it and dropped.
import { createHmac } from 'node:crypto';
import { Agent } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';

import PgBoss from 'pg-boss';

import { data, post } from './parts.mjs';
import {
  batch, measured, postrider, print, printRatio, statements, withDatabase, withSink,
} from './rig.mjs';

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
const secret = Buffer.from('0123456789abcdef0123456789abcdef');

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
    withDatabase(options.server, async (url) => {
      const boss = new PgBoss({ connectionString: url, max: 10 });
      // Its own upkeep may meet the end of the database.
      boss.on('error', () => {});
      await boss.start();
      await boss.createQueue('webhook');
      const agent = new Agent({ keepAlive: true, maxSockets: inFlight });
      let over = false;
      // Two, so that one posts while the other one waits for the database.
      const workers = [0, 1].map(() => runWorker(boss, port, agent, () => over));
      const result = await statements(events, url, () =>
        measured(
          events,
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

const results = { 'pg-boss': [], postrider: [] };
for (let round = 0; round < Number(options.rounds); ++round) {
  const { server, postrider: binary } = options;
  results['pg-boss'].push(await pgBoss());
  results.postrider.push(await postrider({ server, binary, events, inFlight }));
}
print(results);
printRatio('ratio', results.postrider, results['pg-boss']);
