// What a load takes of each part, by reckoning: mean values, no queues.
import { costsAt, measured } from './inputs.mjs';
import {
  groupEventsMax, inFlightMax, leaseS, lookEveryMs, partitions, probeDelayMs, sendEveryMs,
  servedPerTickMax, timeoutMs,
} from './program.mjs';
import { Zipf } from './random.mjs';

const pageBytes = 8192;

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
  const probes =
    Math.min(load.endpoints * troubled / (probeDelayMs.most / 1000), deliveries * troubled);
  const attempts = healthy + probes;
  const hangs = probes * load.hangShare / Math.max(troubled, 1e-9);
  const meanAnswerMs = load.medianMs * Math.exp(load.sigma ** 2 / 2);

  const slots = (healthy * meanAnswerMs + hangs * timeoutMs) / 1000;
  // What came in through another node is read with one statement for each of its messages, by each
  // node that sends for any of it. Pages are for probes, and for what is in flight at each look.
  const foreign = healthy * (nodes - 1) / nodes;
  const pages = probes + slots / (lookEveryMs / 1000);
  const readMs = costs.readMs + costs.pageMs + 2 * roundTripMs;
  const statementMs = costs.messageMs + costs.messageServerMs + roundTripMs;
  // Each node looks up all endpoints that anything waits for.
  const looked = nodes * load.endpoints * troubled / (lookEveryMs / 1000);

  // A writer commits again and again: what came in meanwhile is the next group. When there is less
  // to do, each event has a commit, and its settlement another.
  const perEventMs = load.fanOut * (costs.writerAppendMs + costs.deliveryMs)
    + costs.eventMs + attempts / eventsPerS * (costs.writerSettleMs + costs.settleMs);
  const commitMs = costs.writerCommitMs + costs.commitMs + 3 * roundTripMs + 1.5 * syncMs;
  const room = Math.max(1 - eventsPerS / nodes * perEventMs / 1000, 0.01);
  const commits = Math.min(nodes * 1000 / commitMs * room, 2 * eventsPerS);

  const messages = Math.min(foreign, commits, nodes * 1000 / sendEveryMs);
  const statements = Math.min(foreign, messages * (nodes - 1));
  const nodeMs = eventsPerS * (costs.requestMs + costs.parseMs) + commits * costs.writerCommitMs
    + deliveries * costs.writerAppendMs
    + attempts * (costs.writerSettleMs + costs.sendMs + costs.answerMs) + pages * costs.readMs
    + foreign * costs.readRowMs + (messages + statements) * costs.messageMs
    + looked * costs.lookReadMs;
  const { steady: { dead_rows: deadRows }, upkeep: { vacuum, retention } } = measured;
  const removed = eventsPerS + deliveries + attempts;
  const dead = attempts * deadRows + removed;
  const databaseMs = commits * costs.commitMs + eventsPerS * costs.eventMs
    + deliveries * costs.deliveryMs + attempts * costs.settleMs + pages * costs.pageMs
    + foreign * costs.rowMs + (messages + statements) * costs.messageServerMs
    + eventsPerS * retention.postgres_us / 1000 + dead * vacuum.postgres_us / 1000
    + looked * costs.lookMs;

  // An index by endpoint and one by tenant: each checkpoint has every leaf again that is touched.
  const leaves = overEndpoints(load, deliveries, (perS) => 1 - Math.exp(-perS * assumed.checkpointS));
  const records = eventsPerS * costs.eventBytes + deliveries * costs.deliveryBytes
    + attempts * costs.settleBytes + eventsPerS * retention.log_records_bytes;
  const repeated = 2 * leaves * pageBytes / assumed.checkpointS;
  const { bytes } = measured.steady;
  const size = ({ table, indexes }) => table + indexes;
  const grownPerS = eventsPerS * size(bytes.event) + deliveries * size(bytes.delivery)
    + attempts * size(bytes.attempt);
  // What comes in while the dispatcher is busy is read together, at the most for a whole turn.
  const dispatcherMs = (attempts * (costs.sendMs + costs.answerMs) + pages * readMs
    + foreign * (costs.readRowMs + costs.rowMs)
    + looked * (costs.lookMs + costs.lookReadMs)) / nodes;
  const withStatements = (count) => (dispatcherMs + count / nodes * statementMs) / 1000;
  const topShare = new Zipf(load.endpoints, load.zipf).share(1);
  return {
    commits,
    dead,
    nodeCores: nodeMs / 1000,
    databaseCores: databaseMs / 1000,
    logBytesPerS: records + repeated,
    diskPerDay: grownPerS * 86_400,
    slots,
    /** When every message is read by itself. */
    dispatcherBusyMost: Math.min(withStatements(statements), 1),
    busy: {
      'dispatcher thread of a node':
        withStatements(Math.min(statements, foreign / servedPerTickMax)),
      'processors of a node': nodeMs / 1000 / nodes / assumed.node.cores,
      'writer of a node':
        eventsPerS / nodes * (perEventMs + commitMs / groupEventsMax) / 1000,
      'slots of a node': slots / nodes / assumed.node.slots,
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
export function ofOneNode(eventsPerS, nodes, { load, roundTripMs }) {
  const { readMs, pageMs } = costsAt(load.endpoints);
  const others = Math.max(nodes - 1, 1);
  const waiting = eventsPerS * load.fanOut / nodes * leaseS;
  return {
    takenOver: load.endpoints / nodes / others,
    waitingAfterLease: waiting,
    // A page each, at the worst.
    readS: waiting / others * (readMs + pageMs + 2 * roundTripMs) / 1000,
  };
}
