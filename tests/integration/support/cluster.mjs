// Several nodes on one PostgreSQL database, and a load whose every event can be accounted for.
import assert from 'node:assert/strict';
import { setTimeout as pause } from 'node:timers/promises';

import { PostgresDatabase } from './database.mjs';
import { Server } from './postrider.mjs';
import { until } from './until.mjs';

/// A node has at most this many requests in flight, so it may repeat as many when it is killed.
export const inFlightMax = 64;

export class Cluster {
  /// `count` nodes that share the work; `options` as Server.start() takes them, and `database`:
  /// its `url`, and `sql()` to ask it (default: a new one).
  static async start(t, count, { database, ...options } = {}) {
    const cluster = new Cluster(t, database ?? (await PostgresDatabase.make(t)), options);
    for (let i = 0; i < count; ++i) await cluster.add();
    await cluster.balanced();
    return cluster;
  }

  constructor(t, database, options) {
    Object.assign(this, { t, database, options, nodes: [] });
  }

  /// `db`: another way to the same database.
  async add({ db = this.database.url } = {}) {
    const { flags = [], ...options } = this.options;
    const node = await Server.start(this.t, {
      db,
      flags: ['--max-in-flight', `${inFlightMax}`, ...flags],
      retryDelaysMs: Array(14).fill(50),
      ...options,
    });
    this.nodes.push(node);
    return node;
  }

  /// The next node in turn of those that are there.
  get next() {
    this.turn = ((this.turn ?? -1) + 1) % this.nodes.length;
    return this.nodes[this.turn];
  }

  /// No longer one of those.
  without(node) {
    this.nodes = this.nodes.filter((other) => other !== node);
    return node;
  }

  /// How many partitions each node has; those of nobody last.
  async shares() {
    const rows = await this.database.sql(
      'SELECT count(*) FROM partition GROUP BY owner ORDER BY owner NULLS LAST',
    );
    return rows.split('\n').map(Number);
  }

  /// Once each node has its share.
  async balanced(options) {
    const share = Math.ceil(256 / this.nodes.length);
    return until(
      `${this.nodes.length} nodes share the work`,
      async () => {
        const shares = await this.shares();
        return shares.length === this.nodes.length && shares.every((one) => one <= share);
      },
      { withinMs: 30_000, everyMs: 50, ...options },
    );
  }
}

/// Endpoints, each with events of its own type, sent by producers that each wait for their answers
/// and go from node to node. Every fourth endpoint is strict.
export class Flow {
  static async start(cluster, receiver, { endpoints = 200, producers = 4 } = {}) {
    const flow = new Flow(cluster, receiver, endpoints, producers);
    for (let i = 0; i < endpoints; ++i) {
      const ordering = flow.isStrict(i) ? 'strict' : 'none';
      const url = `${receiver.url}/${i}`;
      await cluster.next.api.endpoint(url, { event_types: [`flow.e${i}`], ordering });
    }
    return flow;
  }

  constructor(cluster, receiver, endpoints, producers) {
    Object.assign(this, { cluster, receiver, endpoints, producers });
    /// Event id -> {endpoint, n, at}: what was answered 202.
    this.accepted = new Map();
    this.count = Array(endpoints).fill(0);
  }

  isStrict(endpoint) {
    return endpoint % 4 === 0;
  }

  /// Sends `total` more, in batches. `mayBreak`: a node may be gone, and what it did not answer is
  /// not counted, but sent again.
  async send(total, { mayBreak = false } = {}) {
    let left = total;
    const produce = async (producer) => {
      // Each endpoint has one producer, so that there is an order to keep.
      const own = this.count.map((_, endpoint) => endpoint)
        .filter((endpoint) => endpoint % this.producers === producer);
      for (let at = 0; left > 0; ) {
        const batch = [];
        for (; batch.length < 25 && left > 0; --left) batch.push(own[at++ % own.length]);
        await this.#post(batch, mayBreak);
      }
    };
    await Promise.all(Array.from({ length: this.producers }, (_, i) => produce(i)));
  }

  async #post(endpoints, mayBreak) {
    const events = endpoints.map((endpoint) => ({
      type: `flow.e${endpoint}`,
      data: { n: ++this.count[endpoint] },
    }));
    while (true) {
      try {
        const node = this.cluster.next;
        const answer = await node.api.post('/v1/events/batch', { events });
        if (answer.status === 202) {
          const at = performance.now();
          answer.json.events.forEach(({ id }, i) => {
            this.accepted.set(id, { endpoint: endpoints[i], n: events[i].data.n, at });
          });
          return;
        }
        assert.equal(answer.status, 503, answer.text);
      } catch (error) {
        if (!mayBreak) throw error;
      }
      await pause(20);
    }
  }

  /// Everything that was accepted has been delivered, strict endpoints got it in order, and no more
  /// than `repeated` was delivered twice.
  async check({ repeated = 0, withinMs = 120_000 } = {}) {
    await this.receiver.acceptedAll([...this.accepted.keys()], { withinMs });
    const { duplicates } = this.receiver;
    assert.ok(duplicates <= repeated, `${duplicates} delivered twice`);
    const last = new Map();
    const seen = new Set();
    for (const { id, body } of this.receiver.requests) {
      const sent = this.accepted.get(id);
      if (!sent || seen.has(id)) continue;  // its answer was lost, or it is a repetition
      seen.add(id);
      const { n } = JSON.parse(body).data;
      if (!this.isStrict(sent.endpoint)) continue;
      assert.ok(n > (last.get(sent.endpoint) ?? 0), `endpoint ${sent.endpoint}: ${n} came late`);
      last.set(sent.endpoint, n);
    }
    return duplicates;
  }

  /// The longest time from the answer to the first delivery of what was accepted after `since`.
  longestSince(since) {
    const arrived = new Map();
    for (const { id, at } of this.receiver.requests) if (!arrived.has(id)) arrived.set(id, at);
    let longest = 0;
    for (const [id, { at }] of this.accepted)
      if (at >= since) longest = Math.max(longest, arrived.get(id) - at);
    return longest;
  }
}
