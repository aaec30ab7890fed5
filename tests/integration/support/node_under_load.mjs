// A node that accepts and delivers events all the time, for tests of what its database goes through.
import assert from 'node:assert/strict';

import { Load } from './load.mjs';
import { Server } from './postrider.mjs';
import { Receiver } from './receiver.mjs';
import { until } from './until.mjs';

/// The longest that anybody may wait for an answer.
export const answerMs = 12_000;

export class NodeUnderLoad {
  /// `db`: as `--db` takes it; `load`: options of the load.
  static async start(t, db, load = {}) {
    const node = new NodeUnderLoad();
    node.server = await Server.start(t, { db, retryDelaysMs: Array(14).fill(50) });
    node.receiver = await Receiver.start(t);
    await node.server.api.endpoint(node.receiver.url);
    node.load = Load.start(t, node.server.api, load);
    await node.load.accepts(50);
    return node;
  }

  readiness() {
    return this.server.api.get('/readyz', { key: null });
  }

  /// Readiness reports that the database `cannot be` read or written.
  async isNotReady({ withinMs = answerMs, cannotBe = 'written' } = {}) {
    const detail = `The database cannot be ${cannotBe}.`;
    await until(`readiness says: ${detail}`, async () => {
      const answer = await this.readiness();
      return answer.status === 503 && answer.json.detail === detail;
    }, { withinMs });
  }

  isReadyAgain({ withinMs = 10_000 } = {}) {
    return until(
      'it is ready again by itself',
      async () => (await this.readiness()).status === 200,
      { withinMs },
    );
  }

  /// Ends the load: nothing of it was lost, and nobody waited for long.
  async losesNothing(t) {
    const { server, receiver, load } = this;
    await load.accepts(50);
    await load.stop();
    await receiver.acceptedAll(load.accepted);
    await server.api.settled();
    assert.deepEqual(await server.api.list('/v1/dead-letters'), []);
    // What was delivered could still be missing from a database that another has followed.
    const stored = new Set((await server.api.list('/v1/events')).map(({ id }) => id));
    assert.deepEqual(load.accepted.filter((id) => !stored.has(id)), []);
    assert.ok(load.longestMs < answerMs, `somebody waited for ${load.longestMs} ms`);
    const reasons = [...load.refused].map(([why, count]) => `\n  ${count} x ${why}`);
    t.diagnostic(
      `${load.accepted.length} events answered 202 and delivered, ${receiver.duplicates} of them ` +
        `twice; longest answer ${Math.round(load.longestMs)} ms; refused:${reasons.join('')}`,
    );
  }
}
