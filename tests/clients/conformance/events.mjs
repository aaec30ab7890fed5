// §3 of the contract: events and the catalogue of their types.
import assert from 'node:assert/strict';

import { until } from '../../integration/support/until.mjs';
import { emit, freshTenant, keyOf, nobody, rows, subscriber, withDead } from './support.mjs';

export async function events({ t, api }) {
  const post = (body, options) => api.send('POST', '/v1/events', body, options);
  const invalid = (body, options) => api.invalid('POST', '/v1/events', body, options);

  await t.test('type and data are enough; the rest has defaults', async () => {
    const { id, ...accepted } = await api.expect(202, 'POST', '/v1/events', {
      type: 'a.b',
      data: null,
    });
    assert.equal(accepted.tenant, 'default');
    assert.deepEqual(Object.keys(accepted), ['type', 'tenant', 'created_at', 'deliveries']);
    const event = await api.expect(200, 'GET', `/v1/events/${id}`);
    const { channels, ordering_key, metadata, deliver_at, expires_at, data } = event;
    assert.deepEqual(
      { channels, ordering_key, metadata, deliver_at, expires_at, data },
      {
        channels: [],
        ordering_key: null,
        metadata: {},
        deliver_at: null,
        expires_at: null,
        data: null,
      },
    );
  });

  await t.test('every member is kept, and data byte for byte', async () => {
    const data = '{"total":10.50, "n":12345678901234567890123,"z":1,"a":"\\u0041"}';
    const answer = await post(
      `{"data": ${data} ,"type":"order.created","tenant":"acme.eu","channels":["eu","us"],
       "ordering_key":"ord_1","deliver_at":"2030-12-01T02:00:00+02:00","expires_at":"2031-01-01T00:00:00Z",
       "metadata":{"source":"checkout","n":{"m":1}}}`,
      { headers: { traceparent: `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`, tracestate: 'k=v' } },
    );
    assert.equal(answer.status, 202);
    const shown = await api.send('GET', `/v1/events/${answer.json.id}`);
    assert.ok(shown.text.includes(`"data":${data}`), shown.text);
    const event = shown.json;
    assert.equal(event.deliver_at, '2030-12-01T00:00:00.000Z');
    assert.deepEqual(event.channels, ['eu', 'us']);
    assert.deepEqual(event.metadata, { source: 'checkout', n: { m: 1 } });
    assert.equal(event.traceparent, `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`);
    assert.equal(event.tracestate, 'k=v');
    const [listed] = await rows(api, '/v1/events?tenant=acme.eu');
    assert.equal('data' in listed, false);
  });

  await t.test('what is wrong is named by pointer', async () => {
    assert.deepEqual((await invalid('{}')).map((e) => e.split(' ')[0]).sort(), ['/data', '/type']);
    const wrong = {
      type: ['', 'a b', '.a', 'ü', 'a'.repeat(129), 7, null, 'a\n'],
      tenant: ['', 'a/b', 'x'.repeat(129), 7],
      channels: ['eu', [7], [''], Array(17).fill('a'), ['x'.repeat(129)]],
      ordering_key: ['x'.repeat(256), 7],
      deliver_at: ['tomorrow', 7, '2026-01-01', '2026-13-01T00:00:00Z'],
      expires_at: ['tomorrow', 7],
      metadata: [7, 'x', [1], { x: 'y'.repeat(5000) }],
    };
    for (const [name, values] of Object.entries(wrong)) {
      for (const value of values) {
        const body = { type: 'a.b', data: 1, [name]: value };
        const answer = await post(body);
        assert.ok(
          answer.status === 422 || answer.status === 413,
          `${name} ${JSON.stringify(value)}: ${answer.status}`,
        );
        assert.ok(answer.json.errors[0].pointer.startsWith(`/${name}`), answer.text);
      }
    }
    const twice = await invalid('{"type":"a","type":"b","data":1}');
    assert.match(twice[0], /^\/type /);
  });

  await t.test('limits: 512 levels, --max-event-bytes, lone surrogates', async () => {
    const nested = (levels) => `{"type":"a","data":${'['.repeat(levels)}${']'.repeat(levels)}}`;
    assert.equal((await post(nested(512))).status, 202);
    const deep = await post(nested(513));
    assert.ok([400, 422].includes(deep.status), `${deep.status}`);
    const data = (bytes) => ({ type: 'a', data: 'x'.repeat(bytes - 2) });
    assert.equal((await post(data(4096))).status, 202);
    const large = await api.expect(413, 'POST', '/v1/events', data(4097));
    assert.equal(large.errors[0].pointer, '/data');
    assert.match(large.detail, /4096/);
    for (const text of [
      '"\\ud800"',
      '"\\udc00\\ud800"',
      '"\u0001"',
      '01',
      'NaN',
      '+1',
      '.5',
      "'a'",
      '"\\x"',
    ]) {
      assert.equal((await post(`{"type":"a","data":${text}}`)).status, 400, text);
    }
    for (const text of ['-0', '1E400', '"\\ud83d\\ude00"', '{"a":1,"a":2}', ' [ ] ']) {
      assert.equal((await post(`{"type":"a","data":${text}}`)).status, 202, text);
    }
  });

  await t.test('an idempotency key is of its tenant and body', async () => {
    const send = (body, key) => post(body, { headers: { 'idempotency-key': key } });
    const body = { type: 'a.b', data: 1, tenant: freshTenant() };
    const first = await send(body, 'k1');
    assert.equal(first.headers['idempotent-replayed'], undefined);
    const again = await send(body, 'k1');
    assert.equal(again.status, 202);
    assert.equal(again.text, first.text);
    assert.equal(again.headers['idempotent-replayed'], 'true');
    const other = await send({ ...body, data: 2 }, 'k1');
    assert.equal(other.status, 422);
    assert.equal(other.json.type, 'urn:postrider:problem:idempotency_key_reused');
    const stranger = await send({ ...body, tenant: freshTenant() }, 'k1');
    assert.equal(stranger.status, 202);
    assert.notEqual(stranger.json.id, first.json.id);
    for (const key of ['', 'x'.repeat(256), 'a\tb', '\u00e9']) {
      assert.equal((await send(body, key)).status, 422, JSON.stringify(key));
    }
    assert.equal((await send(body, `${'x'.repeat(254)}~`)).status, 202);
    const tenant = freshTenant();
    const both = await Promise.all([1, 2, 3, 4].map(() => send({ ...body, tenant }, 'at once')));
    assert.equal(new Set(both.map(({ json }) => json.id)).size, 1);
    assert.equal((await rows(api, `/v1/events?tenant=${tenant}`)).length, 1);
    const batch = { events: [body, { ...body, tenant: freshTenant() }] };
    const headers = { 'idempotency-key': 'b1' };
    assert.match(
      (await api.invalid('POST', '/v1/events/batch', batch, { headers }))[0],
      /one tenant/,
    );
    const one = { events: [body, body] };
    const batched = await api.send('POST', '/v1/events/batch', one, { headers });
    const rebatched = await api.send('POST', '/v1/events/batch', one, { headers });
    assert.equal(rebatched.text, batched.text);
  });

  await t.test('a batch is all or nothing, as JSON and as NDJSON', async () => {
    const tenant = freshTenant();
    const line = { type: 'a.b', data: 1, tenant };
    const batch = (body, options) => api.send('POST', '/v1/events/batch', body, options);
    const ndjson = { type: 'application/x-ndjson' };
    const lines = (all) => all.map((one) => JSON.stringify(one)).join('\n');
    const { json } = await batch({ events: [line, line] });
    assert.equal(json.events.length, 2);
    assert.equal((await batch(lines([line, line, line]), ndjson)).json.events.length, 3);
    const bad = [line, { ...line, type: 'a b' }, { ...line, surplus: 1 }, { data: 1 }];
    const errors = await api.invalid('POST', '/v1/events/batch', { events: bad });
    assert.deepEqual(errors.map((e) => e.split(' ')[0]).sort(), [
      '/events/1/type',
      '/events/2/surplus',
      '/events/3/type',
    ]);
    const ofLines = await api.invalid('POST', '/v1/events/batch', lines(bad), ndjson);
    assert.deepEqual(ofLines.map((e) => e.split(' ')[0]).sort(), [
      '/1/type',
      '/2/surplus',
      '/3/type',
    ]);
    for (const empty of [{ events: [] }, {}, { events: 7 }]) {
      assert.match((await api.invalid('POST', '/v1/events/batch', empty))[0], /^\/events /);
    }
    await api.expect(422, 'POST', '/v1/events/batch', '', ndjson);
    const many = { events: Array(10_001).fill({ type: 'a', data: 1 }) };
    assert.ok([413, 422].includes((await batch(many)).status));
    assert.equal((await rows(api, `/v1/events?tenant=${tenant}`)).length, 5);
  });

  await t.test('lists are newest first, filtered, and stable while rows arrive', async () => {
    const tenant = freshTenant();
    const made = [];
    for (let i = 0; i < 5; ++i) made.unshift((await emit(api, tenant, { type: `t.${i % 2}` })).id);
    const page = (query) => api.expect(200, 'GET', `/v1/events?tenant=${tenant}&${query}`);
    const seen = [];
    let cursor = '';
    do {
      const { data, next_cursor } = await page(`limit=2${cursor && `&cursor=${cursor}`}`);
      seen.push(...data.map(({ id }) => id));
      cursor = next_cursor;
      if (cursor) await emit(api, tenant);
    } while (cursor);
    assert.deepEqual(seen, made);
    assert.equal((await page('type=t.1')).data.length, 2);
    const middle = await api.expect(200, 'GET', `/v1/events/${made[2]}`);
    const at = encodeURIComponent(middle.created_at);
    const since = (await page(`since=${at}`)).data.map(({ id }) => id);
    const until_ = (await page(`until=${at}`)).data.map(({ id }) => id);
    assert.ok(since.includes(made[2]) && since.includes(made[0]));
    assert.ok(!until_.includes(made[2]));
  });

  await t.test('events of one tenant never reach another', async () => {
    const one = await subscriber(t, api);
    const other = await subscriber(t, api);
    assert.equal((await emit(api, one.tenant)).deliveries, 1);
    await one.receiver.got(1);
    await emit(api, other.tenant);
    await other.receiver.got(1);
    assert.equal(one.receiver.requests.length, 1);
  });

  await t.test('deliver_at waits, expires_at ends', async () => {
    const { tenant } = await subscriber(t, api);
    const later = await emit(api, tenant, { deliver_at: '2040-01-01T00:00:00Z' });
    const [delivery] = await rows(api, `/v1/events/${later.id}/deliveries`);
    assert.equal(delivery.state, 'pending');
    assert.equal(delivery.next_attempt_at, '2040-01-01T00:00:00.000Z');
    const late = await post({ type: 'a', data: 1, tenant, expires_at: '2020-01-01T00:00:00Z' });
    assert.ok([202, 422].includes(late.status));
    const order = { deliver_at: '2040-01-02T00:00:00Z', expires_at: '2040-01-01T00:00:00Z' };
    const backwards = await post({ type: 'a', data: 1, tenant, ...order });
    assert.ok([202, 422].includes(backwards.status));
  });

  await t.test('a replay of an event', async () => {
    const { tenant, endpoint, receiver } = await subscriber(t, api);
    const event = await emit(api, tenant);
    await rows(api, `/v1/events/${event.id}/deliveries?state=delivered`);
    const replay = (body) => api.expect(202, 'POST', `/v1/events/${event.id}/replay`, body);
    const { deliveries } = await replay();
    assert.equal(deliveries.length, 1);
    assert.equal(deliveries[0].state, 'pending');
    await receiver.got(2);
    await until(
      'delivered again',
      async () => (await rows(api, `/v1/events/${event.id}/deliveries`))[0].state === 'delivered',
    );
    await replay({ endpoint: endpoint.id });
    const second = await subscriber(t, api, undefined, {});
    await api.expect(422, 'POST', `/v1/events/${event.id}/replay`, { endpoint: nobody('ep') });
    await api.send('POST', `/v1/events/${event.id}/replay`, { endpoint: second.endpoint.id });
    await until(
      'delivered',
      async () => (await rows(api, `/v1/events/${event.id}/deliveries`))[0].state === 'delivered',
    );
    await api.expect(200, 'POST', `/v1/endpoints/${endpoint.id}/disable`);
    await api.expect(409, 'POST', `/v1/events/${event.id}/replay`, { endpoint: endpoint.id });
    assert.match(
      (await api.invalid('POST', `/v1/events/${event.id}/replay`, { endpoint: 'x' }))[0],
      /^\/endpoint /,
    );
  });

  await t.test('the catalogue: a schema refuses what does not fit', async () => {
    const schema = {
      type: 'object',
      required: ['id'],
      properties: { id: { type: 'string' }, items: { type: 'array', items: { type: 'integer' } } },
    };
    const made = await api.send('POST', '/v1/event-types', {
      name: 'invoice.paid',
      description: 'd',
      schema,
    });
    assert.equal(made.status, 201);
    assert.equal(made.headers.location, '/v1/event-types/invoice.paid');
    assert.deepEqual(made.json.schema, schema);
    assert.equal(made.json.archived, false);
    await api.expect(409, 'POST', '/v1/event-types', { name: 'invoice.paid' });
    assert.match((await api.invalid('POST', '/v1/event-types', { name: 'a b' }))[0], /^\/name /);
    assert.match(
      (await api.invalid('POST', '/v1/event-types', { name: 'x', schema: { type: 'wrong' } }))[0],
      /^\/schema /,
    );
    const wrong = { type: 'invoice.paid', data: { items: [1, 'x'] } };
    const pointers = (await invalid(wrong)).map((e) => e.split(' ')[0]);
    assert.ok(pointers.includes('/data/items/1'), `${pointers}`);
    const batch = await api.invalid('POST', '/v1/events/batch', { events: [wrong] });
    assert.ok(
      batch.some((e) => e.startsWith('/events/0/data')),
      `${batch}`,
    );
    await api.expect(202, 'POST', '/v1/events', { type: 'invoice.paid', data: { id: 'x' } });
    const at = '/v1/event-types/invoice.paid';
    const patched = await api.expect(
      200,
      'PATCH',
      at,
      { archived: true, schema: null },
      { type: 'application/merge-patch+json' },
    );
    assert.deepEqual([patched.archived, patched.schema, patched.description], [true, null, 'd']);
    await api.expect(200, 'GET', at);
    await api.expect(202, 'POST', '/v1/events', wrong);
    await api.expect(204, 'DELETE', at);
    await api.expect(404, 'GET', at);
  });

  await t.test('an emit key emits and nothing else', async () => {
    const key = await keyOf(api, 'emit');
    await api.expect(202, 'POST', '/v1/events', { type: 'a', data: 1 }, { key });
    await api.expect(
      202,
      'POST',
      '/v1/events/batch',
      { events: [{ type: 'a', data: 1 }] },
      { key },
    );
    await api.expect(403, 'GET', '/v1/events', undefined, { key });
    const { dead } = await withDead(t, api);
    await api.expect(403, 'POST', `/v1/dead-letters/${dead[0].id}/replay`, undefined, { key });
  });
}
