// Nodes, their database and their receivers under a load, one seed, no threads: what waits, how long.
import { Receivers, kinds } from './lanes.mjs';
import { Node } from './node.mjs';
import { partitions } from './program.mjs';
import { Clock, Log, Processors } from './queueing.mjs';
import { Zipf, exponential, hashed, unit } from './random.mjs';

const draws = { arrival: 11, endpoint: 12, fan: 13, node: 14, partition: 15, look: 16, strangers: 17 };
const turnMs = 4;

/** A share of sorted numbers lies at or below it. */
function percentile(sorted, share) {
  if (sorted.length === 0) return 0;
  return sorted[Math.min(Math.floor(sorted.length * share), sorted.length - 1)];
}

class World {
  /**
   * `shape`: nodes, nodeCores, databaseCores, slots, roundTripMs, syncMs, logBytesPerMs.
   * `load`: endpoints, zipf, fanOut, and of receivers hangShare, refuseShare, medianMs, sigma,
   * refuseMs, downForMs.
   */
  constructor(seed, shape, load, costs) {
    Object.assign(this, { seed, shape, load, costs, clock: new Clock(), commits: 0 });
    this.zipf = new Zipf(load.endpoints, load.zipf);
    this.receivers = new Receivers(seed, load);
    const cores = (count) => new Processors(this.clock, count);
    // On one machine everybody shares its processors.
    this.shared = shape.machineCores ? cores(shape.machineCores) : null;
    this.database = this.shared ?? cores(shape.databaseCores);
    this.log = new Log(this.clock, { syncMs: shape.syncMs, bytesPerMs: shape.logBytesPerMs });
    this.nodes = Array.from(
      { length: shape.nodes }, () => new Node(this, this.shared ?? cores(shape.nodeCores)),
    );
    this.counts = { accepted: 0, refused: 0, deliveries: 0, delivered: 0, sends: 0 };
    this.pending = { healthy: 0, troubled: 0 };
    this.accepts = [];
    this.arrivals = [];
    this.events = 0;
    this.waitingEndpoints = 0;
    this.measuredFrom = 0;
  }

  ownerOf(rank) {
    const partition = hashed(this.seed, draws.partition, rank) % partitions;
    return this.nodes[partition % this.nodes.length];
  }

  /** Deliveries of an event that is emitted now. */
  #event() {
    const number = this.events++;
    const { fanOut } = this.load;
    const more = unit(this.seed, draws.fan, number) < fanOut % 1 ? 1 : 0;
    const deliveries = new Map();
    for (let i = 0; i < Math.floor(fanOut) + more; ++i) {
      const rank = this.zipf.rank(unit(this.seed, draws.endpoint, number * 64 + i));
      deliveries.set(rank, { rank, number: number * 64 + i, at: this.clock.now, tries: 0 });
    }
    return [...deliveries.values()];
  }

  /** A request with `size` events to any node; `done()` with its answer. */
  request(size, done = () => {}) {
    const at = this.clock.now;
    const node = this.nodes[hashed(this.seed, draws.node, this.events) % this.nodes.length];
    const events = Array.from({ length: size }, () => this.#event());
    node.accept(events, (accepted) => {
      if (accepted) this.#accepted(events, at);
      else this.counts.refused += size;
      done();
    });
  }

  #accepted(events, at) {
    this.counts.accepted += events.length;
    for (const deliveries of events) {
      this.counts.deliveries += deliveries.length;
      for (const { rank } of deliveries) {
        this.pending[this.receivers.kind(rank) === kinds.healthy ? 'healthy' : 'troubled'] += 1;
      }
    }
    if (at >= this.measuredFrom) this.accepts.push(this.clock.now - at);
  }

  /** A request goes out; milliseconds until its answer. */
  sent(lane, delivery) {
    this.counts.sends += 1;
    const { at, number, tries } = delivery;
    const first = tries === 0 && at >= this.measuredFrom;
    if (first && lane.kind === kinds.healthy) this.arrivals.push(this.clock.now - at);
    return this.receivers.answerMs(lane.kind, number + tries * 2 ** 40);
  }

  answerAfter(ms, work) {
    if (this.shared) this.shared.run(this.costs.receiverMs, work);
    else this.clock.after(ms, work);
  }

  settled(lane, ok) {
    if (!ok) return;
    this.counts.delivered += 1;
    this.pending.healthy -= 1;
  }

  /** Endpoints that have failed for long: those that had ten attempts are tried now and then. */
  breakSome(eventsPerS) {
    const { endpoints, fanOut, downForMs } = this.load;
    for (let rank = 1; rank <= endpoints; ++rank) {
      if (this.receivers.kind(rank) === kinds.healthy) continue;
      // Each delivery has two attempts or more within that time.
      const tried = 2 * this.zipf.share(rank) * eventsPerS * fanOut * downForMs / 1000;
      if (tried < 10) continue;
      const owner = this.ownerOf(rank);
      owner.watch(owner.laneOf(rank));
      this.waitingEndpoints += 1;
    }
  }
}

/** Requests of `size` events at random instants, `eventsPerS` on average. */
export function simulateOpen({ seed, shape, load, costs, eventsPerS, size, seconds }) {
  const world = new World(seed, shape, load, costs);
  const { clock } = world;
  world.breakSome(eventsPerS);
  for (const [i, node] of world.nodes.entries()) node.lookAfter(10_000 * unit(seed, draws.look, i));
  const gap = 1000 * size / eventsPerS;
  let requests = 0;
  const next = () => {
    clock.after(gap * exponential(unit(seed, draws.arrival, requests++)), () => {
      world.request(size);
      next();
    });
  };
  next();
  const half = seconds * 500;
  world.measuredFrom = half;
  clock.run(half);
  const before = standing(world);
  clock.run(2 * half);
  return summary(world, before, standing(world));
}

/** Others' work on the machine, as many processors of it on average, in turns of a scheduler. */
function runStrangers({ seed, clock, shared }, processors) {
  if (processors <= 0) return;
  let turns = 0;
  const next = () => {
    const ms = turnMs / processors * exponential(unit(seed, draws.strangers, turns++));
    clock.after(ms, () => {
      shared.run(turnMs, () => {});
      next();
    });
  };
  next();
}

/**
 * As a measurement does it: so many clients, each with one request after the other, on one machine.
 * Deliveries per second until all of `count` events are delivered and recorded.
 */
export function simulateClosed({
  seed, shape, load, costs, clients, size, count, clientMs, strangers,
}) {
  const world = new World(seed, shape, load, costs);
  runStrangers(world, strangers);
  let left = count;
  const call = () => {
    const now = Math.min(size, left);
    left -= now;
    if (now > 0) world.shared.run(now * clientMs, () => world.request(now, call));
  };
  for (let i = 0; i < clients; ++i) call();
  const { clock, counts } = world;
  while (counts.accepted < count || counts.delivered < counts.deliveries) clock.run(clock.now + 1);
  return counts.delivered / clock.now * 1000;
}

function standing({ clock, counts, commits, pending, nodes, database, log }) {
  const of = (name) => nodes.map((node) => node.busyMs[name]);
  return {
    at: clock.now,
    ...counts,
    commits,
    ...pending,
    database: database.busyMs,
    log: log.busyMs,
    processors: nodes.map(({ processors }) => processors.busyMs),
    writer: of('writer'),
    dispatcher: of('dispatcher'),
    slots: nodes.map((node) => node.slotMsSoFar()),
  };
}

function summary({ shape, accepts, arrivals }, before, after) {
  const ms = after.at - before.at;
  const perS = (name) => (after[name] - before[name]) / ms * 1000;
  // What a thread began before is counted when it ends.
  const busiest = (name) =>
    Math.max(...after[name].map((busy, i) => (busy - before[name][i]) / ms));
  const share = (part) => Math.min(part, 1);
  accepts.sort((a, b) => a - b);
  arrivals.sort((a, b) => a - b);
  return {
    acceptedPerS: perS('accepted'),
    refusedPerS: perS('refused'),
    deliveredPerS: perS('delivered'),
    commitsPerS: perS('commits'),
    backlogPerS: { healthy: perS('healthy'), troubled: perS('troubled') },
    acceptMs: [0.5, 0.99].map((share) => percentile(accepts, share)),
    arrivalMs: [0.5, 0.99, 0.999].map((share) => percentile(arrivals, share)),
    busy: {
      database: (after.database - before.database) / ms / shape.databaseCores,
      log: (after.log - before.log) / ms,
      node: busiest('processors') / shape.nodeCores,
      writer: share(busiest('writer')),
      dispatcher: share(busiest('dispatcher')),
      slots: busiest('slots') / shape.slots,
    },
  };
}
