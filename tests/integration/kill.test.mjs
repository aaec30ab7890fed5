// kill -9 under load, again and again: what was answered 202 is delivered.
import assert from 'node:assert/strict';
import { randomInt } from 'node:crypto';
import { once, setMaxListeners } from 'node:events';
import { test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';

import { newDatabase, onPostgres } from './support/database.mjs';
import { Server, postrider } from './support/postrider.mjs';
import { Receiver } from './support/receiver.mjs';
import { until } from './support/until.mjs';

const kills = 5;
const producers = 16;
const maxInFlight = 32;
const retryDelaysMs = Array(14).fill(40);

/// Emits until `load.over`: `load.server` is where, null while there is none. Every second producer
/// uses idempotency keys and repeats what got no answer until it gets one.
async function produce(load, producer) {
  const withKeys = producer % 2 === 0;
  for (let number = 0; !load.over; ++number) {
    const key = `producer-${producer}-${number}`;
    const options = withKeys ? { headers: { 'idempotency-key': key } } : {};
    for (let answered = false; !answered; ) {
      const { server } = load;
      if (!server) {
        await once(load.changes, 'change');
        continue;
      }
      try {
        const event = { type: 'order.created', data: { key } };
        const answer = await server.api.post('/v1/events', event, options);
        answered = answer.status === 202;
        if (answered) {
          load.accepted.push(answer.json.id);
          if (withKeys) load.idOfKey.set(key, answer.json.id);
        } else {
          assert.equal(answer.status, 503, answer.text);
        }
      } catch (error) {
        if (error instanceof assert.AssertionError || error instanceof SyntaxError) throw error;
        load.broken += 1;
        // The connection broke: it is being killed. Without a key a repeat would be another event.
        if (!withKeys) answered = true;
        if (load.server === server) await once(load.changes, 'change');
      }
    }
  }
}

class Load {
  server = null;
  over = false;
  accepted = [];
  idOfKey = new Map();
  broken = 0;
  changes = new EventTarget();

  constructor() {
    setMaxListeners(producers, this.changes);
  }

  change(members) {
    Object.assign(this, members);
    this.changes.dispatchEvent(new Event('change'));
  }
}

test('nothing that was answered 202 is lost by five kills in a row under load', async (t) => {
  const db = await newDatabase(t);
  const options = { db, retryDelaysMs };
  const failsOneInTen = (_, number) => (number % 10 === 0 ? 500 : 200);
  const receivers = await Promise.all([1, 2].map(() => Receiver.start(t, failsOneInTen)));

  const load = new Load();
  let server = await Server.start(t, options);
  for (const { url } of receivers) await server.api.endpoint(url, { max_in_flight: maxInFlight });
  load.change({ server });
  const work = Promise.all(Array.from({ length: producers }, (_, i) => produce(load, i)));

  for (let kill = 0; kill < kills; ++kill) {
    const before = load.accepted.length;
    await until('the load is running', () => load.accepted.length >= before + 300);
    await pause(randomInt(100, 900));
    const killed = server.kill();
    load.change({ server: null });
    await killed;
    assert.equal((await server.ended).signal, 'SIGKILL');
    server = await Server.start(t, options);
    load.change({ server });
  }
  const before = load.accepted.length;
  await until('the load goes on', () => load.accepted.length >= before + 100);
  load.change({ over: true });
  await work;

  const accepted = new Set(load.accepted);
  for (const receiver of receivers) await receiver.acceptedAll(accepted);
  await server.api.settled();
  const dead = await server.api.list('/v1/dead-letters');
  assert.deepEqual(dead, [], 'nothing was given up');

  for (const receiver of receivers) {
    t.diagnostic(
      `${accepted.size} events answered 202, ${receiver.accepted.size} delivered, ` +
        `${receiver.requests.length} requests, ${receiver.duplicates} duplicates, ` +
        `${load.broken} requests of producers broken by ${kills} kills`,
    );
    assert.ok(receiver.duplicates <= kills * maxInFlight, `${receiver.duplicates} duplicates`);
    assertOneEventPerKey(receiver, load);
  }
  assert.equal(await server.stop(), 0);
  if (!onPostgres) assert.equal((await postrider(['check', '--db', db])).code, 0);
});

/// A key that was used again after a kill still stands for one event.
function assertOneEventPerKey(receiver, load) {
  const seen = new Map();
  for (const { id, body } of receiver.requests) {
    const { key } = JSON.parse(body).data;
    if (!load.idOfKey.has(key)) continue;
    assert.equal(id, load.idOfKey.get(key), key);
    seen.set(key, id);
  }
  assert.equal(seen.size, load.idOfKey.size);
}
