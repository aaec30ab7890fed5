// Producers that emit all the time, and what was answered.
import assert from 'node:assert/strict';
import { setTimeout as pause } from 'node:timers/promises';

import { until } from './until.mjs';

/// Emits with `producers` at once until stop(), to `.api`, which may be changed at any time. Every
/// answer is 202, or 503 with a reason; with `mayBreak` there may be none.
export class Load {
  static start(t, api, { producers = 8, data = {}, mayBreak = false } = {}) {
    const load = new Load(api, data, mayBreak);
    load.work = Promise.all(Array.from({ length: producers }, () => load.#produce()));
    load.work.catch(() => {});  // stop() reports the error
    t.after(() => (load.over = true));
    return load;
  }

  constructor(api, data, mayBreak) {
    Object.assign(this, { api, data, mayBreak, over: false, paused: null });
    /// Ids of the events that were answered with 202.
    this.accepted = [];
    /// Why the others were refused -> how often.
    this.refused = new Map();
    /// The longest response time.
    this.longestMs = 0;
  }

  async #produce() {
    while (!this.over) {
      if (this.paused) {
        await this.paused;
        continue;
      }
      const begun = performance.now();
      const answer = await this.#emit();
      if (!answer) continue;
      this.longestMs = Math.max(this.longestMs, performance.now() - begun);
      if (answer.status === 202) {
        this.accepted.push(answer.json.id);
        continue;
      }
      assert.equal(answer.status, 503, answer.text);
      assert.ok(Number(answer.headers['retry-after']) > 0);
      const { detail } = answer.json;
      this.refused.set(detail, (this.refused.get(detail) ?? 0) + 1);
      await pause(10);  // the machine has others to serve
    }
  }

  async #emit() {
    try {
      return await this.api.post('/v1/events', { type: 'tick', data: this.data });
    } catch (error) {
      if (!this.mayBreak) throw error;
      await pause(10);
      return null;
    }
  }

  get refusals() {
    return [...this.refused.values()].reduce((sum, count) => sum + count, 0);
  }

  /// Once `count` more events are accepted.
  async accepts(count, options) {
    const before = this.accepted.length;
    const failed = this.work.then(() => {});
    await Promise.race([
      until(`${count} events are accepted`, () => this.accepted.length >= before + count, options),
      failed,
    ]);
  }

  pause() {
    this.paused = new Promise((goOn) => {
      this.goOn = () => {
        this.paused = null;
        goOn();
      };
    });
  }

  async stop() {
    this.over = true;
    await this.work;
  }
}
