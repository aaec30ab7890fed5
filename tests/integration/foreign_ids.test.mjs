// Ids of another database, in every place that takes one: an error or nothing, never the end.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Server } from './support/postrider.mjs';
import { Receiver } from './support/receiver.mjs';
import { runSql } from './support/sql.mjs';

/// One id of each kind that `server` knows.
async function idsOf(server, receiver) {
  const { id: ep } = await server.api.endpoint(receiver.url);
  const { id: evt } = await server.api.emit();
  const { id: dlv } = await server.api.deliveryIn('delivered', evt);
  const bulk = await server.api.expect(202, 'POST', '/v1/dead-letters/replay', {});
  const key = await server.api.expect(201, 'POST', '/v1/api-keys', { name: 'k', scope: 'read' });
  return { ep, evt, dlv, task: bulk.id, key: key.id };
}

/// Which id a path of the document takes.
function kindOf(path) {
  if (path.startsWith('/v1/events/')) return 'evt';
  if (path.startsWith('/v1/endpoints/')) return 'ep';
  if (path.startsWith('/v1/tasks/')) return 'task';
  if (path.startsWith('/v1/api-keys/')) return 'key';
  return 'dlv';
}

/// A body with which the request would be taken if the id were one of this database.
const bodyOf = (method, path) => {
  if (path.endsWith('/recover')) return { since: '2026-01-01T00:00:00Z' };
  return method === 'POST' || method === 'PATCH' ? {} : undefined;
};

test('an id of another database is found nowhere and ends nothing', async (t) => {
  const receiver = await Receiver.start(t);
  const ours = await Server.start(t);
  const theirs = await Server.start(t);
  await idsOf(ours, receiver);
  const foreign = await idsOf(theirs, receiver);
  const unknown = Object.fromEntries(
    Object.keys(foreign).map((kind) => [kind, `${kind}_00000000000000000000000000`]),
  );
  const { paths } = await ours.api.expect(200, 'GET', '/openapi.json');
  let tried = 0;
  for (const ids of [foreign, unknown]) {
    for (const [path, operations] of Object.entries(paths)) {
      for (const method of Object.keys(operations).filter((name) => name !== 'parameters')) {
        if (!path.includes('{id}')) continue;
        const upper = method.toUpperCase();
        const at = path.replace('{id}', ids[kindOf(path)]);
        const answer = await ours.api.send(upper, at, bodyOf(upper, path));
        assert.equal(answer.status, 404, `${upper} ${at}: ${answer.text}`);
        tried += 1;
      }
    }
    for (const query of [
      `/v1/deliveries?endpoint=${ids.ep}`,
      `/v1/deliveries?event=${ids.evt}`,
      `/v1/dead-letters?endpoint=${ids.ep}`,
    ]) {
      assert.deepEqual((await ours.api.expect(200, 'GET', query)).data, [], query);
    }
    await ours.api.expect(200, 'GET', `/v1/stats?endpoint=${ids.ep}`);
    const [{ id: event }] = await ours.api.list('/v1/events', { all: false });
    for (const [path, body] of [
      ['/v1/dead-letters/replay', { endpoint: ids.ep }],
      ['/v1/dead-letters/discard', { endpoint: ids.ep }],
      ['/v1/dead-letters/discard', { endpoint: ids.ep, dry_run: true }],
      [`/v1/events/${event}/replay`, { endpoint: ids.ep }],
    ]) {
      const problem = await ours.api.expect(422, 'POST', path, body);
      assert.equal(problem.errors[0].pointer, '/endpoint');
    }
  }
  assert.ok(tried >= 40, `${tried} requests`);
  await ours.api.expect(200, 'GET', '/v1/tasks');
  assert.ok(ours.alive);
});

test('a database that holds a task for an id of nothing starts, lists it and ends it', async (t) => {
  const first = await Server.start(t);
  const { id } = await first.api.expect(202, 'POST', '/v1/dead-letters/discard', {});
  await first.api.finished(id);
  assert.equal(await first.stop(), 0);
  await runSql(first.db, `UPDATE task SET endpoint_id = -1, state = 'running'`);
  const second = await Server.start(t, { db: first.db });
  const [task] = await second.api.list('/v1/tasks');
  assert.match(task.filter.endpoint, /^ep_[0-9a-z]{26}$/);
  assert.equal((await second.api.finished(id)).state, 'done');
  assert.equal(await second.stop(), 0);
});
