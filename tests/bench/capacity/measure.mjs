// Measures what an event costs one node and its PostgreSQL server: the inputs of model.mjs. See
// docs/SCALING.md.
//
//   node tests/bench/capacity/measure.mjs --server postgresql://postgres@127.0.0.1:5432
//     --postrider build/release/bin/postrider [--events 100000] [--endpoints 100000,1000000]
//     [--tries 5] [--only singles,fan-out]
//
// The server is on this machine, keeps what it commits (fsync on) and lets this role make databases
// and the extension pg_walinspect. It prints JSON: inputs.mjs has what it printed.
import { cpus } from 'node:os';
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';

import { Bench } from './bench.mjs';

const { values: options } = parseArgs({
  options: {
    server: { type: 'string' },
    postrider: { type: 'string' },
    events: { type: 'string', default: '100000' },
    endpoints: { type: 'string', default: '100000,1000000' },
    tries: { type: 'string', default: '5' },
    only: { type: 'string', default: 'steady,upkeep,singles,shared,fan-out,appends,drain,endpoints' },
  },
});
const events = Number(options.events);
const wanted = new Set(options.only.split(','));
const result = { machine: { processor: cpus()[0].model, cores: cpus().length, events } };
const strangersMax = 0.1;
const note = (text) => process.stderr.write(`${text}\n`);

const tables = `
SELECT coalesce(json_object_agg(relname, json_build_object(
  'rows', n_live_tup, 'table', pg_table_size(relid), 'indexes', pg_indexes_size(relid),
  'updated', n_tup_upd, 'updated_in_page', n_tup_hot_upd, 'dead', n_dead_tup)), '{}')
FROM pg_stat_user_tables WHERE relname IN ('event', 'delivery', 'attempt', 'stat', 'endpoint',
  'endpoint_secret')`;

/** Bytes of the log from a place on: records, and the pages that checkpoints make it repeat. */
async function logSince(bench, from) {
  const [records, pages] = (await bench.sql(
    'SELECT sum(record_size)::bigint, sum(fpi_size)::bigint '
      + `FROM pg_get_wal_stats_till_end_of_wal('${from}')`,
  )).split('|').map(Number);
  return { records, pages };
}

/**
 * The two threads that work most; of these the writer was started first. The rest serve requests and
 * keep house.
 */
function threadsBetween(before, after, count) {
  const used = [...after].map(([tid, us]) => ({ tid, us: (us - (before.get(tid) ?? 0)) / count }));
  const busiest = used.sort((a, b) => b.us - a.us).slice(0, 2).sort((a, b) => a.tid - b.tid);
  const [writer_us, dispatcher_us] = busiest.map(({ us }) => Math.round(us * 10) / 10);
  return { writer_us, dispatcher_us };
}

/** What `work` took for each of `count`: microseconds of processor, log, commits, seconds. */
async function costs(bench, count, work) {
  await bench.sql('CHECKPOINT');
  const countedBefore = await bench.statistics();
  const before = await bench.standing();
  await work();
  const after = await bench.standing();
  const each = (name) => Math.round((after[name] - before[name]) / count * 100) / 100;
  const log = await logSince(bench, before.place);
  const counted = await bench.statistics();
  const more = (name) => counted[name] - countedBefore[name];
  return {
    per_second: Math.round(count / (after.at - before.at) * 1000),
    node_us: each('nodeUs'),
    ...threadsBetween(before.threads, after.threads, count),
    postgres_us: each('postgresUs'),
    others_us: each('othersUs'),
    // Processor time that no process of this measurement has used.
    strangers_us: Math.round(
      each('machineUs') - each('nodeUs') - each('postgresUs') - each('othersUs') - each('toolsUs'),
    ),
    commits: Math.round(more('commits') / count * 1000) / 1000,
    sync_ms: Math.round(more('syncMs') / more('syncs') * 1000) / 1000,
    log_records_bytes: Math.round(log.records / count),
    log_pages_bytes: Math.round(log.pages / count),
  };
}

/** What these figures took of the processors, and what strangers took meanwhile. */
function usedIn(figures) {
  if (typeof figures !== 'object' || figures === null) return { own: 0, strangers: 0 };
  const { strangers_us: strangers, node_us: node, postgres_us: server, others_us: others } = figures;
  if (strangers !== undefined) return { own: node + server + others, strangers };
  return Object.values(figures).map(usedIn).reduce(
    (sum, one) => ({ own: sum.own + one.own, strangers: sum.strangers + one.strangers }),
    { own: 0, strangers: 0 },
  );
}

/** Runs `work` with a bench of this shape. Repeats while others use the machine; keeps the best. */
async function withBench(shape, work) {
  let best;
  for (let i = 0; i < Number(options.tries) && (best?.share ?? 1) > strangersMax; ++i) {
    const bench = await Bench.start(options, shape);
    try {
      await bench.untilMachineIsIdle();
      const figures = await work(bench);
      const { own, strangers } = usedIn(figures);
      const share = strangers / own;
      note(`${Math.round(share * 100)} % of it was others' work`);
      if (best === undefined || share < best.share) best = { share, figures };
    } finally {
      await bench.stop();
    }
  }
  return best.figures;
}

const sizes = async (bench) => {
  await bench.statistics();
  await bench.sql('ANALYZE');
  return JSON.parse(await bench.sql(tables));
};

/** Batches of 500 over 1,000 endpoints. */
async function steady(bench) {
  await bench.emit(events / 5);
  const before = await sizes(bench);
  note('batches of 500');
  const cost = await costs(bench, events, () => bench.emit(events));
  const after = await sizes(bench);
  const bytes = {};
  for (const table of ['event', 'delivery', 'attempt']) {
    const grown = (what) => Math.round((after[table][what] - before[table][what]) / events);
    bytes[table] = { table: grown('table'), indexes: grown('indexes') };
  }
  const changed = (name) => after.delivery[name] - before.delivery[name];
  return { cost, bytes, dead_rows: (changed('updated') - changed('updated_in_page')) / events };
}

/** What vacuum and retention take for each event. */
async function upkeep(bench) {
  await bench.emit(events);
  await bench.stopNodes();
  note('vacuum');
  const vacuum = await costs(bench, events, () => bench.sql('VACUUM delivery'));
  note('retention');
  await bench.olderThan(61_000);
  const retention = await costs(bench, events, async () => {
    await bench.startNode(['--retention-days', '0.0007']);
    await bench.untilEmpty('event');
  });
  return { vacuum, retention };
}

function singles(bench, connections) {
  note(`single events on ${connections} connections`);
  const count = Math.round(events / 5 * Math.min(1, connections / 8));
  return costs(bench, count, () => bench.emit(count, { size: 1, connections }));
}

/** Two nodes that take events in turn: half of the deliveries are for endpoints of the other. */
async function shared(bench) {
  await bench.startNode();
  await bench.untilShared();
  note('two nodes');
  const batches = await costs(bench, events, () => bench.emit(events));
  const count = events / 5;
  return { batches, singles: await costs(bench, count, () => bench.emit(count, { size: 1, connections: 32 })) };
}

/** An event for ten endpoints; for each delivery. */
async function fanOut(bench) {
  note('fan-out 1:10');
  return costs(bench, events, () => bench.emit(events / 10, { deliveries: events }));
}

/** Appends alone, one after the other: milliseconds of a batch by its events, and its costs. */
async function appends(bench) {
  const median_ms = {};
  for (const size of [1, 10, 50, 100, 500, 2000]) {
    note(`appends of ${size}`);
    const times = await bench.timed(size, size < 100 ? 300 : 40);
    median_ms[size] = Math.round(times.sort((a, b) => a - b)[times.length >> 1] * 1000) / 1000;
  }
  const cost = await costs(bench, events, () => bench.append(events));
  return { median_ms, cost };
}

/** What waits for endpoints is read from the database and sent: `count` for `endpoints` of them. */
async function drain(bench, endpoints, count) {
  note(`drain of ${count} that wait for ${endpoints} endpoints`);
  await bench.stopNodes();
  await bench.multiplyEndpoints(endpoints);
  bench.tenants = endpoints;
  await bench.setState('paused');
  await bench.startNode();
  await bench.append(count);
  // Every ten seconds a node scans the pending deliveries, regardless of notifications.
  const look = await costs(bench, 2 * endpoints, () => pause(20_000));
  await bench.stopNodes();
  await bench.setState('active');
  const drained = (await bench.received()) + count;
  const cost = await costs(bench, count, async () => {
    await bench.startNode();
    await bench.untilDelivered(drained);
  });
  await bench.stopNodes();
  return { look, cost, start: await costs(bench, count, () => bench.startNode()) };
}

/** Memory and start of a node by its endpoints, and its pace with events for any of them. */
async function endpoints(bench, count) {
  const alone = await bench.nodeBytes();
  await bench.stopNodes();
  note(`${count} endpoints`);
  await bench.multiplyEndpoints(count);
  const started = performance.now();
  await bench.startNode();
  // It sends for all of them.
  await bench.emit(1);
  const start_ms = Math.round(performance.now() - started);
  const loaded = await bench.nodeBytes();
  bench.tenants = count;
  const cost = await costs(bench, events / 2, () => bench.emit(events / 2));
  const worked = await bench.nodeBytes();
  const { endpoint, endpoint_secret: secret } = await sizes(bench);
  return {
    start_ms,
    alone_mib: Math.round(alone.now / 2 ** 20),
    loaded_mib: Math.round(loaded.now / 2 ** 20),
    peak_mib: Math.round(worked.peak / 2 ** 20),
    worked_mib: Math.round(worked.now / 2 ** 20),
    bytes_each: Math.round((loaded.now - alone.now) / count),
    database_bytes_each: Math.round(
      (endpoint.table + endpoint.indexes + secret.table + secret.indexes) / count,
    ),
    cost,
  };
}

const thousand = { endpoints: 1000 };
if (wanted.has('steady')) result.steady = await withBench(thousand, steady);
if (wanted.has('upkeep')) result.upkeep = await withBench(thousand, upkeep);
if (wanted.has('singles')) {
  result.singles = {};
  for (const connections of [1, 8, 32, 128]) {
    result.singles[connections] =
      await withBench(thousand, (bench) => singles(bench, connections));
  }
}
if (wanted.has('shared')) result.shared = await withBench(thousand, shared);
if (wanted.has('fan-out')) {
  result.fan_out = await withBench({ endpoints: 1000, perTenant: 10 }, fanOut);
}
if (wanted.has('appends')) {
  result.appends = await withBench({ endpoints: 1000, paused: true }, appends);
}
if (wanted.has('drain')) {
  result.drain = {
    pages: await withBench({ endpoints: 1 }, (bench) => drain(bench, events / 100, events)),
    single: await withBench({ endpoints: 1 }, (bench) => drain(bench, events, events)),
  };
}
if (wanted.has('endpoints')) {
  result.endpoints = {};
  for (const count of options.endpoints.split(',').map(Number)) {
    result.endpoints[count] = await withBench({ endpoints: 1 }, (bench) => endpoints(bench, count));
  }
}
console.log(JSON.stringify(result, null, 2));
