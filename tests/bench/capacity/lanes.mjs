// An endpoint's work at the node that sends for it (lib/engine/lane.h, circuit.h, slots.h), and how its
// receiver answers.
import {
  failuresMax, firstRetryMs, inFlightMax, jitter, pageMax, probeDelayMs, readyMax, timeoutMs,
} from './program.mjs';
import { Queue } from './queueing.mjs';
import { lognormal, unit } from './random.mjs';

/** Draws: what for. */
const draws = { trouble: 1, probe: 2, answer: 3, spread: 4, wait: 5 };

export const kinds = { healthy: 0, hangs: 1, refuses: 2 };

/** What each endpoint is like, by its rank. */
export class Receivers {
  constructor(seed, { hangShare, refuseShare, medianMs, sigma, refuseMs }) {
    Object.assign(this, { seed, hangShare, refuseShare, medianMs, sigma, refuseMs });
  }

  kind(rank) {
    const u = unit(this.seed, draws.trouble, rank);
    if (u < this.hangShare) return kinds.hangs;
    return u < this.hangShare + this.refuseShare ? kinds.refuses : kinds.healthy;
  }

  /** Milliseconds until it answers attempt `number`. */
  answerMs(kind, number) {
    if (kind === kinds.hangs) return timeoutMs;
    if (kind === kinds.refuses) return this.refuseMs;
    const [u, v] = [unit(this.seed, draws.answer, number), unit(this.seed, draws.spread, number)];
    return Math.min(lognormal(this.medianMs, this.sigma, u, v), timeoutMs);
  }
}

export class Lane {
  constructor(seed, rank, kind) {
    Object.assign(this, { seed, rank, kind, inFlight: 0, failures: 0, tried: 0 });
    this.ready = new Queue();
    this.inStore = new Queue();
    this.fast = kind === kinds.healthy;
    this.isRunnable = this.waitsForSlot = this.readsAgain = false;
    this.circuit = null;
  }

  get hasWork() {
    return this.readsAgain || this.ready.length + this.inStore.length > 0;
  }

  get wantsFresh() {
    return this.inStore.length === 0 && this.ready.length < readyMax;
  }

  /** Fresh from a commit. */
  handOver(delivery) {
    (this.wantsFresh ? this.ready : this.inStore).push(delivery);
  }

  get wantsPage() {
    return this.readsAgain || (this.inStore.length > 0 && this.ready.length === 0);
  }

  takePage() {
    this.readsAgain = false;
    const rows = Math.min(pageMax, this.inStore.length);
    for (let i = 0; i < rows; ++i) this.ready.push(this.inStore.shift());
    return rows;
  }

  /** As it is after failing for long: the first probe is due any time within the longest delay. */
  openLongAgo() {
    const probeAt = probeDelayMs.most * unit(this.seed, draws.probe, this.rank);
    this.circuit = { delay: probeDelayMs.most, probeAt, probing: false };
  }

  /** When it may send next, from `now` on: nothing while a probe is under way. */
  maySendAt(now) {
    if (this.circuit === null) return this.inFlight < inFlightMax ? now : undefined;
    return this.circuit.probing ? undefined : Math.max(this.circuit.probeAt, now);
  }

  succeeded() {
    this.failures = 0;
    this.circuit = null;
  }

  failed(now, wasProbe) {
    this.failures += 1;
    if (this.circuit) {
      if (!wasProbe) return;
      this.circuit.delay = Math.min(this.circuit.delay * 2, probeDelayMs.most);
    } else {
      if (this.failures < failuresMax) return;
      this.circuit = { delay: probeDelayMs.first, probing: false };
    }
    this.circuit.probeAt = now + this.circuit.delay * this.#spread();
  }

  /** Until the first retry. */
  retryMs() {
    return firstRetryMs * this.#spread();
  }

  #spread() {
    this.tried += 1;
    const u = unit(this.seed, draws.wait, this.rank * 4096 + this.tried);
    return 1 + jitter * (2 * u - 1);
  }
}

/** The requests that a node may have at once. A quarter is for fast receivers alone. */
export class ConcurrencyLimiter {
  constructor(max) {
    Object.assign(this, { max, slowMax: max - Math.floor(max / 4), taken: 0, slow: 0 });
  }
  get anyFree() {
    return this.taken < this.max;
  }
  mayTake(lane) {
    if (!this.anyFree) return false;
    return lane.fast || lane.inFlight < this.slowMax - this.slow;
  }
  take(lane) {
    this.taken += 1;
    if (!lane.fast) this.slow += 1;
  }
  giveBack(lane) {
    this.taken -= 1;
    if (!lane.fast) this.slow -= 1;
  }
  setPrompt(lane, fast) {
    if (lane.fast === fast) return;
    lane.fast = fast;
    this.slow += fast ? -lane.inFlight : lane.inFlight;
  }
}
