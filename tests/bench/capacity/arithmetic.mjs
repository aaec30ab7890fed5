// What a load takes of each part, by reckoning: mean values, no queues.
import { costsAt, measured } from './inputs.mjs';
import { Zipf } from './random.mjs';

const partitions = 256;
const pageBytes = 8192;
const groupEventsMax = 512;
const timeoutMs = 15_000;
const probeEveryMs = 300_000;
const inFlightMax = 32;
const leaseS = 10;
/** Each node asks for all endpoints whether anything waits for them, and its dispatcher waits. */
export const lookEveryMs = 10_000;

/** Of endpoints by popularity, `f(requests per second)` of each, added up. */
function overEndpoints({ endpoints, zipf: s }, deliveriesPerS, f) {
  const zipf = new Zipf(endpoints, s);
  let sum = 0;
  // Neighbours in rank are alike.
  for (let rank = 1; rank <= endpoints;) {
    const next = Math.min(Math.max(rank + 1, Math.floor(rank * 1.05)), endpoints + 1);
    sum += (next - rank) * f(deliveriesPerS * zipf.share(Math.floor((rank + next - 1) / 2)));
    rank = next;
  }
  return sum;
}

/** Of one cluster under one load, what each part does in a second. */
export function reckon(eventsPerS, nodes, assumed) {
  const { load, roundTripMs, syncMs } = assumed;
  const costs = costsAt(load.endpoints);
  const deliveries = eventsPerS * load.fanOut;
  const troubled = load.hangShare + load.refuseShare;
  const healthy = deliveries * (1 - troubled);
  const probes = Math.min(load.endpoints * troubled / (probeEveryMs / 1000), deliveries * troubled);
  const attempts = healthy + probes;
  const hangs = probes * load.hangShare / Math.max(troubled, 1e-9);
  const meanAnswerMs = load.medianMs * Math.exp(load.sigma ** 2 / 2);

  // What came in through another node is read, a page for each; popular endpoints share pages.
  const pages = attempts * (nodes - 1) / nodes;
  const readMs = costs.readMs + costs.pageMs + 2 * roundTripMs / assumed.pagesAtOnce;

  // A writer commits again and again: what came in meanwhile is the next group. When there is less
  // to do, each event has a commit, and its settlement another.
  const perEventMs = load.fanOut * (costs.writerAppendMs + costs.deliveryMs)
    + costs.eventMs + attempts / eventsPerS * (costs.writerSettleMs + costs.settleMs);
  const commitMs = costs.writerCommitMs + costs.commitMs + 3 * roundTripMs + 1.5 * syncMs;
  const room = Math.max(1 - eventsPerS / nodes * perEventMs / 1000, 0.01);
  const commits = Math.min(nodes * 1000 / commitMs * room, 2 * eventsPerS);

  const nodeMs = eventsPerS * (costs.requestMs + costs.parseMs) + commits * costs.writerCommitMs
    + deliveries * costs.writerAppendMs
    + attempts * (costs.writerSettleMs + costs.sendMs + costs.answerMs) + pages * costs.readMs;
  const { steady: { dead_rows: deadRows }, upkeep: { vacuum, retention } } = measured;
  const removed = eventsPerS + deliveries + attempts;
  const dead = attempts * deadRows + removed;
  const databaseMs = commits * costs.commitMs + eventsPerS * costs.eventMs
    + deliveries * costs.deliveryMs + attempts * costs.settleMs + pages * costs.pageMs
    + eventsPerS * retention.postgres_us / 1000 + dead * vacuum.postgres_us / 1000
    + nodes * costs.lookMs * 1000 / lookEveryMs;

  // An index by endpoint and one by tenant: each checkpoint has every leaf again that is touched.
  const leaves = overEndpoints(load, deliveries, (perS) => 1 - Math.exp(-perS * assumed.checkpointS));
  const records = eventsPerS * costs.eventBytes + deliveries * costs.deliveryBytes
    + attempts * costs.settleBytes + eventsPerS * retention.log_records_bytes;
  const repeated = 2 * leaves * pageBytes / assumed.checkpointS;
  const { bytes } = measured.steady;
  const size = ({ table, indexes }) => table + indexes;
  const grownPerS = eventsPerS * size(bytes.event) + deliveries * size(bytes.delivery)
    + attempts * size(bytes.attempt);
  const topShare = new Zipf(load.endpoints, load.zipf).share(1);
  return {
    eventsPerS,
    deliveries,
    attempts,
    pages,
    commits,
    dead,
    nodeCores: nodeMs / 1000,
    databaseCores: databaseMs / 1000,
    logBytesPerS: records + repeated,
    diskPerDay: grownPerS * 86_400,
    hotLeafBytes: 2 * load.endpoints * pageBytes,
    slots: (healthy * meanAnswerMs + hangs * timeoutMs) / 1000,
    busy: {
      'dispatcher thread of a node':
        (attempts * (costs.sendMs + costs.answerMs) + pages * readMs) / nodes / 1000
        + costs.lookMs / lookEveryMs,
      'processors of a node': nodeMs / 1000 / nodes / assumed.node.cores,
      'writer of a node':
        eventsPerS / nodes * (perEventMs + commitMs / groupEventsMax) / 1000,
      'slots of a node': (healthy * meanAnswerMs + hangs * timeoutMs) / 1000 / nodes
        / assumed.node.slots,
      'processors of PostgreSQL': databaseMs / 1000 / assumed.database.cores,
      'disk of the log': (records + repeated) / (assumed.logBytesPerMs * 1000),
      'in-flight limit of the most popular endpoint':
        deliveries * topShare * meanAnswerMs / 1000 / inFlightMax,
    },
  };
}

/** What more nodes help. */
const ofNodes = (part) => part.endsWith('of a node');

/** The fewest nodes, two at least, none of which is busier than it should be. */
export function nodesFor(eventsPerS, assumed) {
  for (let nodes = 2; nodes <= partitions; ++nodes) {
    const { busy } = reckon(eventsPerS, nodes, assumed);
    const most = Math.max(...Object.keys(busy).filter(ofNodes).map((part) => busy[part]));
    if (most <= assumed.busyMax) return nodes;
  }
  return undefined;
}

/** At how many events per second each part of a cluster is at its limit, the first one first. */
export function limitsOf(nodes, assumed) {
  const parts = Object.keys(reckon(1, nodes, assumed).busy);
  const limits = parts.map((part) => {
    let [low, high] = [1, 10_000_000];
    while (high - low > 1) {
      const middle = Math.floor((low + high) / 2);
      if (reckon(middle, nodes, assumed).busy[part] <= 1) low = middle;
      else high = middle;
    }
    return { part, eventsPerS: low };
  });
  return limits.sort((a, b) => a.eventsPerS - b.eventsPerS);
}

/** What the others take over when a node is gone. */
export function ofOneNode(eventsPerS, nodes, { load, roundTripMs, pagesAtOnce }) {
  const { readMs, pageMs } = costsAt(load.endpoints);
  const others = Math.max(nodes - 1, 1);
  const waiting = eventsPerS * load.fanOut / nodes * leaseS;
  return {
    takenOver: load.endpoints / nodes / others,
    waitingAfterLease: waiting,
    // A page each, at the worst.
    readS: waiting / others * (readMs + pageMs + 2 * roundTripMs / pagesAtOnce) / 1000,
  };
}
