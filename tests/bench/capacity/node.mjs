// A node in the simulation: a writer that commits in groups, a dispatcher that sends for its lanes.
import { Lane, ConcurrencyLimiter, kinds } from './lanes.mjs';
import {
  companyMs, groupEventsMax, lookEveryMs, lookPageMax, promptMaxMs, queueMax, sendEveryMs,
  servedPerTickMax,
} from './program.mjs';
import { Queue } from './queueing.mjs';

export class Node {
  constructor(world, processors) {
    Object.assign(this, { world, processors, clock: world.clock, costs: world.costs });
    this.slots = new ConcurrencyLimiter(world.shape.slots);
    this.lanes = new Map();
    this.commands = new Queue();
    this.settlements = [];
    this.writing = this.settlementsAreDue = false;
    this.answers = [];
    this.runnable = new Queue();
    this.waitingForSlot = new Queue();
    this.dispatching = false;
    this.busyMs = { writer: 0, dispatcher: 0 };
    this.slotMs = 0;
    this.slotsAt = 0;
    this.unsaid = [];  // for other nodes
    this.saysNext = false;
    this.sayAt = 0;
    this.told = [];
    this.lookLeft = 0;  // endpoints that are still to be looked at
    this.hasLooked = false;
  }

  /** Looks for what waits, from `ms` on every ten seconds. */
  lookAfter(ms) {
    this.clock.after(ms, () => {
      this.lookLeft += this.world.waitingEndpoints;
      for (const lane of this.lanes.values()) {
        if (lane.inFlight === 0 || lane.circuit) continue;
        lane.readsAgain = true;
        this.#wake(lane);
      }
      this.#dispatch();
      this.lookAfter(lookEveryMs);
    });
  }

  // The API and the writer.

  /** `done(accepted)` once the events are committed, or refused. */
  accept(events, done) {
    if (this.commands.length >= queueMax) return done(false);
    const ms = this.costs.requestMs + events.length * this.costs.parseMs;
    this.processors.run(ms, () => {
      this.commands.push({ events, done });
      this.#write();
    });
  }

  #settle(settlement) {
    this.settlements.push(settlement);
    if (this.settlementsAreDue) return;
    const wanted = !this.slots.anyFree || this.waitingForSlot.length > 0;
    this.clock.after(wanted ? 0 : companyMs, () => {
      this.settlementsAreDue = this.settlements.length > 0;
      this.#write();
    });
  }

  /** One group commit: what is queued, up to its bound, with all settlements. */
  #write() {
    if (this.writing || (this.commands.length === 0 && !this.settlementsAreDue)) return;
    const begun = this.clock.now;
    const group = { commands: [], events: 0, deliveries: 0, settlements: this.settlements };
    while (this.commands.length > 0 && (group.events === 0 || group.events < groupEventsMax)) {
      const command = this.commands.shift();
      group.commands.push(command);
      group.events += command.events.length;
      for (const deliveries of command.events) group.deliveries += deliveries.length;
    }
    Object.assign(this, { settlements: [], settlementsAreDue: false, writing: true });
    const settled = group.settlements.length;
    const { costs } = this;
    const own = costs.writerCommitMs + group.deliveries * costs.writerAppendMs
      + settled * costs.writerSettleMs;
    const server = costs.commitMs + group.events * costs.eventMs
      + group.deliveries * costs.deliveryMs + settled * costs.settleMs;
    // An append rides with the commit; settling reads, then changes.
    const trips = settled > 0 ? 3 : 1;
    const bytes = group.events * costs.eventBytes + group.deliveries * costs.deliveryBytes
      + settled * costs.settleBytes;
    this.processors.run(own, () => this.clock.after(trips * this.world.shape.roundTripMs, () =>
      this.world.database.run(server, () => this.world.log.sync(bytes, () => {
        this.busyMs.writer += this.clock.now - begun;
        this.world.commits += 1;
        this.writing = false;
        this.#committed(group);
      }))));
  }

  #committed({ commands, settlements }) {
    for (const { events, done } of commands) {
      for (const delivery of events.flat()) {
        const owner = this.world.ownerOf(delivery.rank);
        if (owner === this) this.#handOver(delivery);
        else this.unsaid.push(delivery);
      }
      done(true);
    }
    this.#say();
    for (const { lane, ok, delivery } of settlements) {
      this.#noteSlots();
      this.slots.giveBack(lane);
      lane.inFlight -= 1;
      this.world.settled(lane, ok);
      if (!ok) this.#failed(lane, delivery);
      this.#wake(lane);
    }
    this.#dispatch();
    this.#write();
  }

  #failed(lane, delivery) {
    delivery.tries += 1;
    if (lane.circuit) {
      lane.inStore.push(delivery);
      return;
    }
    // The second retry comes long after what is simulated.
    if (delivery.tries > 1) return;
    this.clock.after(lane.retryMs(), () => {
      lane.inStore.push(delivery);
      this.#wake(lane);
      this.#dispatch();
    });
  }

  // The dispatcher.

  laneOf(rank) {
    let lane = this.lanes.get(rank);
    if (lane === undefined) {
      lane = new Lane(this.world.seed, rank, this.world.receivers.kind(rank));
      this.lanes.set(rank, lane);
    }
    return lane;
  }

  /** A delivery that was committed, with its event. */
  #handOver(delivery) {
    const lane = this.laneOf(delivery.rank);
    lane.handOver(delivery);
    this.#wake(lane);
  }

  /** Tells the others, once for all that is gathered meanwhile. */
  #say() {
    if (this.saysNext || this.unsaid.length === 0) return;
    this.saysNext = true;
    this.clock.after(Math.max(this.sayAt - this.clock.now, 0), () => {
      const { unsaid, costs, world } = this;
      Object.assign(this, { unsaid: [], saysNext: false, sayAt: this.clock.now + sendEveryMs });
      this.processors.run(costs.messageMs, () => this.clock.after(world.shape.roundTripMs, () =>
        world.database.run(costs.messageServerMs, () => {
          for (const node of world.nodes) {
            node.hear(unsaid.filter(({ rank }) => world.ownerOf(rank) === node));
          }
        })));
    });
  }

  /** Another node has committed them. */
  hear(deliveries) {
    for (const delivery of deliveries) {
      const lane = this.laneOf(delivery.rank);
      if (lane.wantsFresh) this.told.push(delivery);
      else lane.inStore.push(delivery);
      this.#wake(lane);
    }
    this.#dispatch();
  }

  /** A lane whose circuit is open waits for its probe. */
  watch(lane) {
    lane.openLongAgo();
    lane.inStore.push({ rank: lane.rank, number: lane.rank, at: -1, tries: 1 });
    this.#wake(lane);
  }

  #wake(lane) {
    if (lane.isRunnable || lane.waitsForSlot || !lane.hasWork) return;
    const at = lane.maySendAt(this.clock.now);
    if (at === undefined) return;
    if (at > this.clock.now) {
      if (lane.wakesAt === at) return;
      lane.wakesAt = at;
      this.clock.after(at - this.clock.now, () => {
        this.#wake(lane);
        this.#dispatch();
      });
      return;
    }
    lane.isRunnable = true;
    this.runnable.push(lane);
  }

  answered(answer) {
    this.answers.push(answer);
    this.#dispatch();
  }

  /** One turn: answers, then up to 64 lanes, each one request or one page. */
  #dispatch() {
    if (this.dispatching) return;
    if (this.told.length > 0) return this.#readTold();
    if (this.lookLeft > 0 && !this.hasLooked) return this.#look();
    this.hasLooked = false;
    const begun = this.clock.now;
    const { answers } = this;
    this.answers = [];
    for (const answer of answers) this.#judge(answer);
    const [sending, reading] = [[], []];
    for (let served = 0; served < servedPerTickMax && this.#serve(sending, reading); ++served);
    if (answers.length + sending.length + reading.length === 0) {
      if (this.lookLeft > 0) this.#look();
      return;
    }
    this.dispatching = true;
    const { costs, world } = this;
    const own = answers.length * costs.answerMs + sending.length * costs.sendMs
      + reading.length * costs.readMs;
    const end = () => {
      for (const lane of reading) {
        lane.takePage();
        this.#wake(lane);
      }
      for (const one of sending) this.#send(one);
      this.busyMs.dispatcher += this.clock.now - begun;
      this.dispatching = false;
      this.#dispatch();
    };
    this.processors.run(own, () => {
      if (reading.length === 0) return end();
      // The dispatcher waits for its pages: two round trips each.
      this.clock.after(reading.length * 2 * world.shape.roundTripMs, () =>
        world.database.run(reading.length * costs.pageMs, end));
    });
  }

  /** The dispatcher works so long, then waits for one statement. */
  #read(ownMs, serverMs, end) {
    const begun = this.clock.now;
    this.dispatching = true;
    this.processors.run(ownMs, () => this.clock.after(this.world.shape.roundTripMs, () =>
      this.world.database.run(serverMs, () => {
        this.busyMs.dispatcher += this.clock.now - begun;
        this.dispatching = false;
        end();
        this.#dispatch();
      })));
  }

  /** Handles all notifications that other nodes have sent meanwhile. */
  #readTold() {
    const { costs, told } = this;
    this.told = [];
    const own = costs.messageMs + told.length * costs.readRowMs;
    this.#read(own, costs.messageServerMs + told.length * costs.rowMs, () => {
      for (const delivery of told) this.#handOver(delivery);
    });
  }

  /** Scans a page of pending deliveries. The node knows them already: only the wait counts. */
  #look() {
    const { costs } = this;
    const rows = Math.min(this.lookLeft, lookPageMax);
    this.lookLeft -= rows;
    this.hasLooked = true;
    this.#read(rows * costs.lookReadMs, costs.messageServerMs + rows * costs.lookMs, () => {});
  }

  #judge({ lane, ok, probe, delivery, tookMs }) {
    this.slots.setPrompt(lane, ok && tookMs <= promptMaxMs);
    if (ok) lane.succeeded();
    else lane.failed(this.clock.now, probe);
    if (lane.circuit && probe) lane.circuit.probing = false;
    this.#settle({ lane, ok, delivery });
  }

  /** False when there is nobody to serve. */
  #serve(sending, reading) {
    if (!this.slots.anyFree) return false;
    let lane;
    if (this.runnable.length > 0) {
      lane = this.runnable.shift();
      lane.isRunnable = false;
    } else if (this.waitingForSlot.length > 0 && this.slots.slow < this.slots.slowMax) {
      lane = this.waitingForSlot.shift();
      lane.waitsForSlot = false;
    } else {
      return false;
    }
    const at = lane.maySendAt(this.clock.now);
    if (at === undefined || !lane.hasWork) return true;
    if (at > this.clock.now) {
      this.#wake(lane);
      return true;
    }
    if (!this.slots.mayTake(lane)) {
      // One that has something in flight is looked at when that is settled.
      if (lane.inFlight > 0) return true;
      lane.waitsForSlot = true;
      this.waitingForSlot.push(lane);
      return true;
    }
    if (lane.wantsPage) {
      reading.push(lane);
      return true;
    }
    this.#noteSlots();
    this.slots.take(lane);
    lane.inFlight += 1;
    const probe = lane.circuit !== null;
    if (probe) lane.circuit.probing = true;
    sending.push({ lane, probe, delivery: lane.ready.shift() });
    this.#wake(lane);
    return true;
  }

  #send({ lane, probe, delivery }) {
    const ok = lane.kind === kinds.healthy;
    const tookMs = this.world.sent(lane, delivery);
    this.world.answerAfter(tookMs, () => this.answered({ lane, ok, probe, delivery, tookMs }));
  }

  #noteSlots() {
    this.slotMs += this.slots.taken * (this.clock.now - this.slotsAt);
    this.slotsAt = this.clock.now;
  }

  slotMsSoFar() {
    this.#noteSlots();
    return this.slotMs;
  }
}
