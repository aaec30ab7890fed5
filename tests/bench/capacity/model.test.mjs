// The capacity model: repeatable, sensible, true to what was measured, and what docs/SCALING.md shows.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';

import { limitsOf, nodesFor, reckon } from './arithmetic.mjs';
import { assumed } from './inputs.mjs';
import { defaults, tablesOf } from './model.mjs';
import { Clock, Log, Processors } from './queueing.mjs';
import { Zipf, exponential, unit } from './random.mjs';
import { reproductions, simulate, tables } from './tables.mjs';

const how = { seed: 1, seconds: 10 };
const doubled = {
  'cores of nodes': { node: { ...assumed.node, cores: 2 * assumed.node.cores } },
  'requests at once': { node: { ...assumed.node, slots: 2 * assumed.node.slots } },
  'cores of PostgreSQL': { database: { cores: 2 * assumed.database.cores } },
  'the speed of the log': {
    syncMs: assumed.syncMs / 2, logBytesPerMs: 2 * assumed.logBytesPerMs,
  },
  'the speed of the network': { roundTripMs: assumed.roundTripMs / 2 },
};

test('a queue with one server waits as long as theory says', () => {
  const clock = new Clock();
  const server = new Processors(clock, 1);
  const [load, count] = [0.7, 200_000];
  let [arrived, left, sum] = [0, 0, 0];
  const arrive = () => {
    if (arrived === count) return;
    const begun = clock.now;
    server.run(exponential(unit(1, 1, arrived)), () => {
      left += 1;
      sum += clock.now - begun;
    });
    arrived += 1;
    clock.after(exponential(unit(1, 2, arrived)) / load, arrive);
  };
  arrive();
  clock.run(Infinity);
  assert.equal(left, count);
  const expected = 1 / (1 - load);
  assert.ok(Math.abs(sum / count / expected - 1) < 0.05, `${sum / count} instead of ${expected}`);
});

test('who asks while the log syncs is done with the next sync', () => {
  const clock = new Clock();
  const log = new Log(clock, { syncMs: 2, bytesPerMs: 100 });
  const done = [];
  const sync = (name, bytes) => log.sync(bytes, () => done.push([name, clock.now]));
  sync('first', 100);
  clock.after(1, () => sync('second', 50));
  clock.after(2, () => sync('third', 50));
  clock.run(Infinity);
  assert.deepEqual(done, [['first', 3], ['second', 6], ['third', 6]]);
});

test('the ranks that are drawn have their shares', () => {
  const zipf = new Zipf(1000, 0.8);
  const drawn = new Map();
  for (let i = 0; i < 200_000; ++i) {
    const rank = zipf.rank(unit(3, 3, i));
    drawn.set(rank, (drawn.get(rank) ?? 0) + 1);
  }
  for (const rank of [1, 2, 10]) {
    assert.ok(Math.abs(drawn.get(rank) / 200_000 / zipf.share(rank) - 1) < 0.1, `rank ${rank}`);
  }
  assert.ok(Math.max(...drawn.keys()) <= 1000);
});

test('a seed gives the same figures again, another one others', () => {
  const first = simulate(1000, 2, assumed, how);
  assert.deepEqual(simulate(1000, 2, assumed, how), first);
  assert.notDeepEqual(simulate(1000, 2, assumed, { ...how, seed: 2 }), first);
});

test('batches are as fast as was measured, within a quarter, single events within three fifths', () => {
  const all = reproductions();
  assert.ok(all.filter(({ name }) => name.includes('batches')).length >= 3);
  for (const { name, measured, simulated } of all) {
    const ratio = simulated / measured;
    const most = name.includes('batches') ? 0.25 : 0.6;
    assert.ok(Math.abs(ratio - 1) < most, `${name}: ${simulated} instead of ${measured}`);
  }
});

// Within what three nodes can do, and far above it.
const loads = [1000, 12_000];
const asItIs = new Map(loads.map((load) => [load, simulate(load, 3, assumed, how)]));

for (const [what, more] of Object.entries(doubled)) {
  test(`twice ${what} is never worse`, () => {
    const better = { ...assumed, ...more };
    for (const eventsPerS of [100, 1000, 10_000]) {
      assert.ok(nodesFor(eventsPerS, better) <= nodesFor(eventsPerS, assumed));
    }
    const [before, after] = [assumed, better].map((shape) => limitsOf(3, shape));
    assert.ok(after[0].eventsPerS >= before[0].eventsPerS);
    for (const { part, eventsPerS } of after) {
      // Who waits less for commits makes more of them, each of which has its price.
      const limit = before.find((one) => one.part === part).eventsPerS;
      assert.ok(eventsPerS > 0.9 * limit, `${part}: ${eventsPerS} instead of ${limit}`);
    }
    for (const eventsPerS of loads) {
      const worse = asItIs.get(eventsPerS);
      const now = simulate(eventsPerS, 3, better, how);
      const rates = `${eventsPerS}/s: ${now.deliveredPerS} and ${worse.deliveredPerS} delivered`;
      assert.ok(now.deliveredPerS > 0.99 * worse.deliveredPerS, rates);
      const times = `${eventsPerS}/s: ${now.arrivalMs} and ${worse.arrivalMs} ms`;
      assert.ok(now.arrivalMs[1] < 1.05 * worse.arrivalMs[1] + 1, times);
    }
  });
}

test('too few nodes fall behind, enough of them do not', () => {
  const nodes = nodesFor(10_000, assumed);
  assert.ok(nodes > 3);
  assert.ok(simulate(10_000, nodes, assumed, { ...how, seconds: 20 }).backlogPerS.healthy < 50);
  assert.ok(simulate(10_000, 2, assumed, how).backlogPerS.healthy > 1000);
});

test('what is simulated is as busy as estimated', () => {
  const nodes = nodesFor(2500, assumed);
  // Each node looks at all endpoints once in the half that counts.
  const { busy } = simulate(2500, nodes, assumed, { ...how, seconds: 20 });
  const { busy: least, dispatcherBusyMost: most } = reckon(2500, nodes, assumed);
  const between = [0.75 * least['dispatcher thread of a node'], 1.25 * most];
  assert.ok(busy.dispatcher > between[0] && busy.dispatcher < between[1],
    `${busy.dispatcher}, not within ${between}`);
});

test('docs/SCALING.md shows what the model prints', () => {
  const text = readFileSync(new URL('../../../docs/SCALING.md', import.meta.url), 'utf8');
  assert.deepEqual(tablesOf(text), tables(defaults));
});
