// A PostgreSQL server that ends, crashes, hangs and is cut off under a node: what was answered 202
// is delivered, readiness is accurate, and the node recovers by itself.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Gate } from './support/gate.mjs';
import { NodeUnderLoad, answerMs } from './support/node_under_load.mjs';
import { PostgresServer } from './support/postgres_server.mjs';

/// How soon a node knows that its server has ended.
const soon = { withinMs: 5_000 };

test('a server that is restarted three times under load loses nothing', async (t) => {
  const postgres = await PostgresServer.start(t);
  const node = await NodeUnderLoad.start(t, postgres.address());
  for (let i = 0; i < 3; ++i) {
    await postgres.stop('fast');
    await node.isNotReady(soon);
    await postgres.start();
    await node.isReadyAgain();
    await node.load.accepts(100);
  }
  await node.losesNothing(t);
});

test('a server that crashes under load loses nothing that was answered 202', async (t) => {
  const postgres = await PostgresServer.start(t);
  const node = await NodeUnderLoad.start(t, postgres.address());
  for (const end of [() => postgres.stop('immediate'), () => postgres.crash()]) {
    await end();
    await node.isNotReady(soon);
    await postgres.start();
    await node.isReadyAgain();
    await node.load.accepts(100);
  }
  await node.losesNothing(t);
});

/// Each fills a transaction of its own.
function largeBatches({ server }) {
  const events = Array(512).fill({ type: 'tick', data: {} });
  return Array.from({ length: 6 }, async () => {
    const begun = performance.now();
    const { status } = await server.api.post('/v1/events/batch', { events });
    return { status, afterMs: performance.now() - begun };
  });
}

test('a network that is cut under load is answered 503 meanwhile and loses nothing', async (t) => {
  const postgres = await PostgresServer.start(t);
  const gate = await Gate.start(t, postgres.port);
  const node = await NodeUnderLoad.start(t, postgres.address({ port: gate.port }));
  gate.shut();
  const batches = largeBatches(node);
  await node.isNotReady();
  for (const { status, afterMs } of await Promise.all(batches)) {
    assert.equal(status, 503);
    assert.ok(afterMs < answerMs, `a batch waited for ${afterMs} ms`);
  }
  gate.open();
  await node.isReadyAgain();
  await node.load.accepts(100);
  gate.shut();
  await node.isNotReady();
  gate.replace();
  await node.isReadyAgain();
  await node.losesNothing(t);
});

test('a server that hangs under load is answered 503 and loses nothing when it goes on', async (t) => {
  const postgres = await PostgresServer.start(t);
  const node = await NodeUnderLoad.start(t, postgres.address());
  postgres.freeze();
  await node.isNotReady();
  postgres.thaw();
  await node.isReadyAgain();
  await node.losesNothing(t);
});
