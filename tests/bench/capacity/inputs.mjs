// What the model starts from: what was measured (measured.json, by measure.mjs), what follows from it,
// and what is assumed.
import { readFileSync } from 'node:fs';

export const measured = JSON.parse(
  readFileSync(new URL('measured.json', import.meta.url), 'utf8'),
);

/** Machines and receivers that nobody has measured here: put your own. */
export const assumed = {
  node: { cores: 4, slots: 512 },
  database: { cores: 16 },
  roundTripMs: 0.3, // between a node and the database, in one data centre
  syncMs: 1, // of the log, with a synchronous standby in the same data centre
  logBytesPerMs: 200_000, // what the disk of the log takes: 200 MB/s
  checkpointS: 900, // between two checkpoints of a server with a large max_wal_size
  retentionDays: 7,
  busyMax: 0.6, // of any part, so that an hour's peak finds room
  load: {
    endpoints: 1_000_000,
    zipf: 0.8, // the most popular endpoint has 1.4 % of all deliveries
    fanOut: 1.5, // deliveries of an event
    hangShare: 0.005, // endpoints that take a request and never answer
    refuseShare: 0.015, // endpoints that refuse at once
    medianMs: 50, // of the others' answers; 99 of 100 within half a second
    sigma: 1,
    refuseMs: 5,
    downForMs: 3_600_000, // the troubled ones have been so for an hour
  },
};

const ms = (us) => Math.max(us, 0) / 1000;
const mean = (numbers) => numbers.reduce((sum, one) => sum + one, 0) / numbers.length;

/** How much dearer everything is with more endpoints: the processor's caches miss more often. */
function growthOf(name, endpoints) {
  const counts = Object.keys(measured.endpoints).map(Number);
  const costOf = (count) => measured.endpoints[count].cost[name];
  const points = counts.map((count) =>
    [Math.log(count), Math.max(costOf(count) / costOf(counts[0]), 1)]);
  const x = Math.log(endpoints);
  if (x <= points[0][0]) return 1;
  const next = points.findIndex(([at]) => at >= x);
  if (next < 0) return points.at(-1)[1];
  const [[fromX, from], [toX, to]] = [points[next - 1], points[next]];
  return from + (to - from) * (x - fromX) / (toX - fromX);
}

/** Milliseconds of processor and bytes of log, taken apart from what was measured together. */
export function costsAt(endpoints) {
  const { steady: { cost: steady }, fan_out: fanOut, appends: { cost: appends }, drain } = measured;
  const loaded = [8, 32].map((connections) => measured.singles[connections]);
  // A commit's own cost is what a delivery costs more with more commits.
  const perCommit = (name) =>
    mean(loaded.map((one) => (one[name] - steady[name]) / (one.commits - steady.commits)));
  const eventUs = (steady.postgres_us - fanOut.postgres_us) / 0.9;
  const settleUs = steady.postgres_us - appends.postgres_us;
  const writerUs = perCommit('writer_us');
  // Each notification between nodes adds two transactions: one to send it, one to read the rows.
  const [alone, both] = [measured.singles[32], measured.shared.singles];
  const perMessage = (name) => (both[name] - alone[name]) / (both.commits - alone.commits);
  const nodeRest = (cost) => cost.node_us - cost.writer_us - cost.dispatcher_us;
  // What waited and was read in full pages costs by its rows, the only one of its endpoint a page.
  const server = growthOf('postgres_us', endpoints);
  const node = growthOf('node_us', endpoints);
  const [row, page] = [drain.pages, drain.single].map(({ cost, start }) => ({
    node: node * ms(cost.dispatcher_us - steady.dispatcher_us),
    server: server * ms(cost.postgres_us - start.postgres_us - settleUs),
  }));
  return {
    // A node.
    requestMs: node * ms(mean(loaded.map(nodeRest)) - nodeRest(steady)),
    parseMs: node * ms(nodeRest(steady)),
    writerCommitMs: node * ms(writerUs),
    writerAppendMs: node * ms(appends.writer_us),
    writerSettleMs: node * ms(steady.writer_us - appends.writer_us),
    sendMs: node * ms(steady.dispatcher_us / 2),
    answerMs: node * ms(steady.dispatcher_us / 2),
    readMs: page.node,
    readRowMs: row.node,
    messageMs: node * ms(perMessage('node_us')),
    lookReadMs: ms(drain.single.look.dispatcher_us),
    // PostgreSQL.
    commitMs: server * ms(perCommit('postgres_us')),
    eventMs: server * ms(eventUs),
    deliveryMs: server * ms(appends.postgres_us - eventUs),
    settleMs: server * ms(settleUs),
    pageMs: page.server,
    rowMs: row.server,
    messageServerMs: server * ms(perMessage('postgres_us')),
    lookMs: ms(drain.single.look.postgres_us),
    // Its log, without the pages that checkpoints make it repeat.
    eventBytes: (steady.log_records_bytes - fanOut.log_records_bytes) / 0.9,
    deliveryBytes: appends.log_records_bytes
      - (steady.log_records_bytes - fanOut.log_records_bytes) / 0.9,
    settleBytes: steady.log_records_bytes - appends.log_records_bytes,
  };
}
