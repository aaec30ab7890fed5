// §2 of the contract: what holds for every operation alike.
import assert from 'node:assert/strict';

import { keyOf, nobody, rows, withDead } from './support.mjs';

/// Something that exists for each path parameter.
async function things(t, api) {
  const { dead, endpoint, events } = await withDead(t, api);
  const task = await api.expect(202, 'POST', '/v1/dead-letters/discard', { tenant: 'nobody' });
  const type = await api.expect(201, 'POST', '/v1/event-types', { name: 'general.type' });
  await keyOf(api, 'read');
  const [key] = await rows(api, '/v1/api-keys');
  return {
    evt: events[0].id,
    ep: endpoint.id,
    dlv: dead[0].id,
    task: task.id,
    key: key.id,
    name: type.name,
  };
}

function prefixOf({ parameters, path }) {
  if (path.includes('{name}')) return 'name';
  const ref = parameters.find((p) => p.in === 'path').schema.$ref;
  return { EventId: 'evt', EndpointId: 'ep', DeliveryId: 'dlv', TaskId: 'task', KeyId: 'key' }[
    ref.split('/').at(-1)
  ];
}

export async function general({ t, api, contract }) {
  const existing = await things(t, api);
  const keys = { emit: await keyOf(api, 'emit'), read: await keyOf(api, 'read') };
  const target = (operation, id) =>
    operation.path.replace(/\{\w+\}/, () => id ?? existing[prefixOf(operation)]);

  await t.test('401 without a key or with a wrong one, on whatever needs one', async () => {
    for (const operation of contract.operations) {
      const at = target(operation);
      if (!operation.keyed) {
        await api.expect(200, operation.method, at, undefined, { key: null });
        continue;
      }
      for (const key of [null, 'pr_wrong', '']) {
        await api.expect(401, operation.method, at, undefined, { key });
      }
      const headers = { authorization: 'Basic cm9vdDpyb290' };
      await api.expect(401, operation.method, at, undefined, { key: null, headers });
    }
    await api.expect(401, 'GET', '/v1/nothing', undefined, { key: null });
    await api.expect(401, 'PUT', '/v1/events', undefined, { key: null });
  });

  await t.test('403 for a key without the scope', async () => {
    for (const operation of contract.operations.filter(({ keyed }) => keyed)) {
      const emitting = /^POST \/v1\/events(\/batch)?$/.test(operation.name);
      const at = target(operation);
      const key = emitting ? keys.read : keys.emit;
      await api.expect(403, operation.method, at, undefined, { key });
      const reading = operation.method === 'GET' && !at.endsWith('/secret');
      if (!reading) await api.expect(403, operation.method, at, undefined, { key: keys.read });
      else if (!at.endsWith('/stream')) {
        await api.expect(200, operation.method, at, undefined, { key: keys.read });
      }
    }
  });

  await t.test('404 for ids of nothing and what is no id', async () => {
    for (const operation of contract.operations.filter(({ path }) => path.includes('{'))) {
      const prefix = prefixOf(operation);
      const ids = prefix === 'name' ? ['no.such'] : [nobody(prefix), `${prefix}_x`, 'x', '%00'];
      for (const id of ids) {
        const body = operation.operation.requestBody?.required ? minimal(operation) : undefined;
        await api.expect(404, operation.method, target(operation, id), body);
      }
    }
    for (const path of ['/v1', '/v1/', '/v1/nothing', '/v2/events', '/v1/events/', '//']) {
      await api.expect(404, 'GET', path);
    }
  });

  await t.test('405 with the methods there are', async () => {
    const paths = new Set(contract.operations.map((operation) => target(operation)));
    for (const path of paths) {
      const there = contract.operationsAt(path).map(({ method }) => method);
      for (const method of ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']) {
        if (!there.includes(method)) await api.expect(405, method, path);
      }
    }
  });

  await t.test('422 for unknown query parameters and members, by name', async () => {
    for (const operation of contract.operations) {
      if (!operation.statuses.includes(422)) continue;
      const at = target(operation);
      const body = operation.operation.requestBody?.required ? minimal(operation) : undefined;
      const [wrong] = await api.invalid(operation.method, `${at}?nonsense=1`, body);
      assert.match(wrong, /^\/nonsense is not /);
      if (operation.method === 'GET') continue;
      const members = { ...minimal(operation), non_sense: 1 };
      const errors = await api.invalid(operation.method, at, members);
      assert.ok(
        errors.some((error) => error.startsWith('/non_sense ')),
        `${at}: ${errors}`,
      );
    }
  });

  await t.test('400, 413 and 415 for bodies that cannot be read', async () => {
    for (const operation of contract.operations.filter(({ method }) => method !== 'GET')) {
      const at = target(operation);
      const send = (status, body, options) =>
        api.expect(status, operation.method, at, body, options);
      for (const body of [
        '{"a":',
        '{"a":1}}',
        "{'a':1}",
        '{"a":"\\ud800"}',
        Buffer.from([0x7b, 0xff, 0x7d]),
      ]) {
        await send(400, body);
      }
      await send(415, '{}', { type: 'text/plain' });
      await send(415, 'a=1', { type: 'application/x-www-form-urlencoded' });
      const huge = operation.path.endsWith('/batch') ? (16 << 20) + 1 : 300 << 10;
      await send(413, Buffer.alloc(huge, ' '));
      for (const body of ['[]', '"text"', 'null', '17']) {
        const errors = await api.invalid(operation.method, at, body);
        assert.match(errors[0], /^ must be an object$|^ /);
      }
    }
  });

  await t.test('400 for malformed HTTP and 413 for a body nobody asked for', async () => {
    for (const operation of contract.operations) {
      const at = target(operation);
      assert.equal((await api.malformed(operation.method, at)).status, 400);
      if (operation.method !== 'GET') continue;
      await api.expect(413, 'GET', at, Buffer.alloc(300 << 10, ' '));
    }
  });

  await t.test('every answer carries the request id that was sent', async () => {
    for (const [method, path] of [
      ['GET', '/healthz'],
      ['GET', '/v1/events'],
      ['POST', '/v1/events'],
      ['GET', '/v1/x'],
    ]) {
      const headers = { 'x-request-id': 'mine-1.2' };
      const answer = await api.send(method, path, undefined, { headers });
      assert.equal(answer.headers['x-request-id'], 'mine-1.2');
      const bad = await api.send(method, path, undefined, { headers: { 'x-request-id': 'a b"<' } });
      assert.match(bad.headers['x-request-id'], /^req_[0-9a-f]{24}$/);
    }
  });

  await t.test('limit is 1 to 250 and 50 by default; a cursor is of its list', async () => {
    const lists = contract.operations.filter(({ parameters }) =>
      parameters.some(({ name }) => name === 'limit'),
    );
    assert.equal(lists.length, 8);
    for (const operation of lists) {
      const at = target(operation);
      for (const limit of ['0', '251', '-1', 'x', '', '1.5', '1e1']) {
        assert.match((await api.invalid('GET', `${at}?limit=${limit}`))[0], /^\/limit /);
      }
      for (const limit of ['1', '250']) await api.expect(200, 'GET', `${at}?limit=${limit}`);
      for (const cursor of ['!', '%00', 'a'.repeat(500)]) {
        assert.match((await api.invalid('GET', `${at}?cursor=${cursor}`))[0], /^\/cursor /);
      }
      assert.match((await api.invalid('GET', `${at}?limit=1&limit=2`))[0], /^\/limit /);
    }
  });

  await t.test('filters that cannot be are refused by name', async () => {
    const wrong = {
      tenant: ['a b', 'ü', ''],
      type: ['a b', ''],
      since: ['yesterday', '2026-01-01', ''],
      until: ['0'],
      endpoint: ['ep_x', '', nobody('evt')],
      event: ['x'],
      state: ['gone', ''],
      reason: ['tired', ''],
      bucket_s: ['61', '0', 'x'],
    };
    for (const operation of contract.operations.filter(({ method }) => method === 'GET')) {
      for (const { name } of operation.parameters.filter((p) => p.in === 'query')) {
        for (const value of wrong[name] ?? []) {
          const at = `${target(operation)}?${name}=${encodeURIComponent(value)}`;
          assert.match((await api.invalid('GET', at))[0], new RegExp(`^/${name} `), at);
        }
      }
    }
  });
}

/// The smallest body that an operation takes.
function minimal({ name }) {
  return (
    {
      'POST /v1/events': { type: 'a', data: 1 },
      'POST /v1/events/batch': { events: [{ type: 'a', data: 1 }] },
      'POST /v1/event-types': { name: 'minimal' },
      'POST /v1/endpoints': { url: 'http://127.0.0.1:9/' },
      'POST /v1/endpoints/{id}/recover': { since: '2026-01-01T00:00:00Z' },
      'POST /v1/api-keys': { name: 'minimal', scope: 'read' },
    }[name] ?? {}
  );
}
