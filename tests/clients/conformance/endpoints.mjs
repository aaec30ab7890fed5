// §4 of the contract: subscriber URLs.
import assert from 'node:assert/strict';

import { Receiver, refusedUrl } from '../../integration/support/receiver.mjs';
import { until } from '../../integration/support/until.mjs';
import { emit, finished, freshTenant, rows, subscriber, withDead } from './support.mjs';

const url = 'http://127.0.0.1:9/hook';

export async function endpoints({ t, api }) {
  const post = (body) => api.send('POST', '/v1/endpoints', body);

  await t.test('a URL is enough; every other member shows its default', async () => {
    const made = await post({ url });
    assert.equal(made.status, 201);
    const { id, secret, created_at, updated_at, state_changed_at, retry, ...rest } = made.json;
    assert.equal(made.headers.location, `/v1/endpoints/${id}`);
    assert.match(secret, /^whsec_/);
    assert.deepEqual(rest, {
      tenant: 'default',
      url,
      description: '',
      metadata: {},
      event_types: [],
      channels: [],
      headers: {},
      signature: { scheme: 'standard' },
      destination: { type: 'webhook' },
      payload: 'envelope',
      filter: null,
      transform: null,
      timeout_ms: 15000,
      max_in_flight: 32,
      rate_limit: null,
      ordering: 'none',
      state: 'active',
      state_reason: null,
      public_key: null,
      circuit: { state: 'closed', opened_at: null, next_probe_at: null },
    });
    assert.equal(retry.kind, 'schedule');
    assert.deepEqual(retry.delays_ms, [1]);
    const shown = await api.expect(200, 'GET', `/v1/endpoints/${id}`);
    assert.equal('secret' in shown, false);
    await api.expect(204, 'DELETE', `/v1/endpoints/${id}`);
    await api.expect(404, 'GET', `/v1/endpoints/${id}`);
    await api.expect(404, 'DELETE', `/v1/endpoints/${id}`);
  });

  await t.test('wrong members are named', async () => {
    const wrong = {
      url: [
        '',
        'x',
        'ftp://a.example/',
        'http://u:p@a.example/',
        'http://a.example/#f',
        'http:///x',
        7,
        null,
        `http://a.example/${'x'.repeat(2048)}`,
        'http://a.example/ x',
        'http://a.example/\n',
      ],
      tenant: ['a b', ''],
      metadata: [{ a: 7 }, [], 'x', { a: 'x'.repeat(4097) }],
      event_types: ['a', ['a b'], ['*.a'], ['a.*.b'], [7], Array(257).fill('a')],
      channels: ['a', [7], ['']],
      headers: [
        [],
        { host: 'x' },
        { 'Content-Type': 'x' },
        { 'webhook-id': 'x' },
        { 'Postrider-X': 'x' },
        { connection: 'x' },
        { 'transfer-encoding': 'x' },
        { 'x-a': 'a\r\nb: c' },
        { 'x a': 'b' },
        { '': 'b' },
        { 'x-a': 7 },
        Object.fromEntries(Array.from({ length: 33 }, (_, i) => [`x-${i}`, 'v'])),
      ],
      signature: [
        { scheme: 'rot13' },
        { scheme: 'standard', more: 1 },
        { scheme: 'standard', header: 'x' },
        { scheme: 'shopify' },
        { scheme: 'hmac', algorithm: 'md5' },
        { scheme: 'hmac', header: 'host' },
        { scheme: 'paypal', webhook_id: 'w', cert_url: 'http://a.example/' },
        'standard',
        {},
      ],
      public_key: ['x'],
      destination: [{ type: 'sqs' }, 'webhook', { type: 'slack', template: '.a | (' }],
      payload: ['xml', 7],
      filter: ['.data | (', 'import "a" as a; .', '', 7],
      transform: ['nosuch(.)', {}],
      rate_limit: [5, { limit: 1, period_ms: 1, burst: 2 }],
      ordering: ['keys', 7],
      retry: [
        { kind: 'never' },
        { kind: 'schedule', delays_ms: [-1] },
        { kind: 'schedule', delays_ms: Array(101).fill(1) },
        { kind: 'schedule', delays_ms: [1.5] },
        { kind: 'exponential', factor: 0 },
        { kind: 'exponential', max_attempts: 0 },
        { kind: 'exponential', delays_ms: [1] },
        { kind: 'schedule', jitter: 2 },
        7,
      ],
      timeout_ms: [999, 60001, '1000', 1000.5],
      max_in_flight: [0, 1001],
      secret: ['', 'x', 'whsec_', 'whsec_!!!!', 'whsec_YWJj', 7],
      state: ['disabled', 'x', 7],
      id: ['ep_x'],
      created_at: ['2026-01-01T00:00:00Z'],
    };
    for (const [name, values] of Object.entries(wrong)) {
      for (const value of values) {
        const answer = await post({ url, [name]: value });
        assert.equal(answer.status, 422, `${name}: ${JSON.stringify(value)} ${answer.text}`);
        assert.ok(answer.json.errors[0].pointer.startsWith(`/${name}`), answer.text);
      }
    }
    assert.match((await api.invalid('POST', '/v1/endpoints', {}))[0], /^\/url /);
  });

  await t.test(
    'every member goes in, comes out, is patched and goes back to its default',
    async () => {
      const secret = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;
      const all = {
        url: 'https://a.example/hook?x=1',
        tenant: freshTenant(),
        description: 'Böse "Zeichen"',
        metadata: { a: 'b' },
        event_types: ['order.*', 'a.b'],
        channels: ['eu'],
        headers: { 'X-Own': 'v', Authorization: 'Bearer top-secret' },
        signature: { scheme: 'standard' },
        destination: { type: 'webhook' },
        payload: 'raw',
        filter: null,
        transform: null,
        retry: {
          kind: 'exponential',
          initial_ms: 100,
          factor: 2.5,
          max_ms: 1000,
          max_attempts: 3,
          jitter: 0,
        },
        timeout_ms: 1000,
        max_in_flight: 1000,
        rate_limit: null,
        ordering: 'key',
        state: 'paused',
      };
      const made = (await post({ ...all, secret })).json;
      assert.equal(made.secret, secret);
      const at = `/v1/endpoints/${made.id}`;
      const shown = await api.expect(200, 'GET', at);
      const { headers, ...rest } = all;
      for (const [name, value] of Object.entries(rest)) assert.deepEqual(shown[name], value, name);
      assert.equal(JSON.stringify(shown).includes('top-secret'), false);
      assert.ok(Object.values(shown.headers).includes('v'));
      const patched = await api.expect(
        200,
        'PATCH',
        at,
        { description: null, timeout_ms: 2000, metadata: { a: null, c: 'd' } },
        { type: 'application/merge-patch+json' },
      );
      assert.deepEqual(
        [patched.description, patched.timeout_ms, patched.payload, patched.metadata],
        ['', 2000, 'raw', { c: 'd' }],
      );
      assert.deepEqual(patched.headers, shown.headers);
      const back = await api.expect(200, 'PATCH', at, {
        retry: null,
        event_types: null,
        payload: null,
        max_in_flight: null,
      });
      assert.deepEqual([back.event_types, back.payload, back.max_in_flight], [[], 'envelope', 32]);
      // What was shown can be sent back, but for what nobody sets.
      const { state_reason, state_changed_at, created_at, updated_at, ...others } = shown;
      const { circuit, health, blocked_by, public_key, ...settable } = others;
      await api.expect(200, 'PATCH', at, settable);
      const refused = await api.invalid('PATCH', at, {
        state_reason,
        state_changed_at,
        created_at,
        updated_at,
        circuit,
        health,
        blocked_by,
        public_key,
      });
      assert.deepEqual([...new Set(refused.map((e) => e.replace(/^\S+ /, '')))], ['cannot be set']);
      assert.equal(refused.length, 8);
      await api.expect(200, 'PATCH', at, {});
      for (const [name, value] of Object.entries({
        url: null,
        id: 'ep_x',
        tenant: 'x',
        state: 'active',
        secret,
        created_at: 'x',
        filter: '.a | (',
      })) {
        const errors = await api.invalid('PATCH', at, { [name]: value });
        assert.ok(errors[0].startsWith(`/${name} `), `${errors}`);
      }
    },
  );

  await t.test('every scheme shows its members, and takes them back', async () => {
    const schemes = {
      'standard-v1a': {},
      github: { sha1: true },
      woocommerce: { source: 'https://shop.example/' },
      'shopify-events': { shop_domain: 'a.example', api_version: '2026-01' },
      paypal: { webhook_id: 'w', cert_url: 'https://a.example/' },
      hmac: { header: 'X-Own', algorithm: 'sha512', encoding: 'base64', prefix: 'v1=' },
    };
    for (const [scheme, members] of Object.entries(schemes)) {
      const signature = { scheme, ...members };
      const { id } = (await post({ url, signature })).json;
      const shown = await api.expect(200, 'GET', `/v1/endpoints/${id}`);
      assert.deepEqual(shown.signature, signature);
      const same = await api.expect(200, 'PATCH', `/v1/endpoints/${id}`, { signature });
      assert.deepEqual(same.signature, signature);
      await api.expect(200, 'PATCH', `/v1/endpoints/${id}`, { signature: {} });
      await api.expect(200, 'POST', `/v1/endpoints/${id}/secret/rotate`);
    }
  });

  await t.test('a write-only header survives being sent back as it is shown', async () => {
    const headers = { Authorization: 'Bearer top-secret', 'X-Own': 'v' };
    const { receiver, endpoint } = await subscriber(t, api, undefined, { headers });
    const at = `/v1/endpoints/${endpoint.id}`;
    const shown = await api.expect(200, 'GET', at);
    assert.notEqual(shown.headers.Authorization, headers.Authorization);
    await api.expect(200, 'PATCH', at, { headers: shown.headers });
    await api.expect(200, 'PATCH', at, { headers: { 'X-Own': null, 'X-More': 'w' } });
    await api.expect(200, 'POST', `${at}/test`);
    const [request] = await receiver.got(1);
    const { authorization } = request.headers;
    assert.equal(authorization, headers.Authorization);
    assert.deepEqual([request.headers['x-own'], request.headers['x-more']], [undefined, 'w']);
  });

  await t.test('a tenant lists its own; the state filters', async () => {
    const { tenant, endpoint } = await subscriber(t, api);
    const [only] = (await api.expect(200, 'GET', `/v1/endpoints?tenant=${tenant}`)).data;
    assert.equal(only.id, endpoint.id);
    for (const [action, state] of [
      ['pause', 'paused'],
      ['disable', 'disabled'],
      ['resume', 'active'],
    ]) {
      const changed = await api.expect(200, 'POST', `/v1/endpoints/${endpoint.id}/${action}`);
      assert.equal(changed.state, state);
      assert.equal(changed.state_reason, state === 'disabled' ? 'operator' : null);
      const { data } = await api.expect(
        200,
        'GET',
        `/v1/endpoints?tenant=${tenant}&state=${state}`,
      );
      assert.equal(data.length, 1);
      const again = await api.expect(200, 'POST', `/v1/endpoints/${endpoint.id}/${action}`, '{}');
      assert.equal(again.state_changed_at, changed.state_changed_at);
    }
  });

  await t.test('paused and disabled endpoints collect; resuming sends', async () => {
    const { receiver, tenant, endpoint } = await subscriber(t, api);
    for (const action of ['pause', 'disable']) {
      await api.expect(200, 'POST', `/v1/endpoints/${endpoint.id}/${action}`);
      assert.equal((await emit(api, tenant)).deliveries, 1);
    }
    assert.equal((await rows(api, `/v1/deliveries?tenant=${tenant}&state=pending`, 2)).length, 2);
    assert.equal(receiver.requests.length, 0);
    await api.expect(200, 'POST', `/v1/endpoints/${endpoint.id}/resume`);
    await receiver.got(2);
  });

  await t.test('410 disables the endpoint with its reason', async () => {
    const { tenant, endpoint } = await subscriber(t, api, () => 410);
    await emit(api, tenant);
    const gone = await until('it is disabled', async () => {
      const now = await api.expect(200, 'GET', `/v1/endpoints/${endpoint.id}`);
      return now.state === 'disabled' && now;
    });
    assert.equal(gone.state_reason, 'gone');
    const [dead] = await rows(api, `/v1/dead-letters?tenant=${tenant}&reason=gone`);
    assert.equal(dead.reason, 'gone');
  });

  await t.test('deleting cancels what waits', async () => {
    const { tenant, endpoint } = await subscriber(t, api);
    const { id } = await emit(api, tenant, { deliver_at: '2040-01-01T00:00:00Z' });
    await api.expect(204, 'DELETE', `/v1/endpoints/${endpoint.id}`);
    const [delivery] = await rows(api, `/v1/events/${id}/deliveries?state=cancelled`);
    assert.ok(delivery.finished_at);
  });

  await t.test('secrets: shown, rotated with an overlap, at most five', async () => {
    const { endpoint } = await subscriber(t, api);
    const at = `/v1/endpoints/${endpoint.id}/secret`;
    assert.deepEqual(await api.expect(200, 'GET', at), {
      secret: endpoint.secret,
      public_key: null,
      previous: [],
    });
    const rotated = await api.expect(200, 'POST', `${at}/rotate`);
    assert.equal(rotated.previous[0].secret, endpoint.secret);
    const left = Date.parse(rotated.previous[0].expires_at) - Date.now();
    assert.ok(Math.abs(left - 86_400_000) < 60_000, `${left}`);
    for (const body of [
      { overlap_s: -1 },
      { overlap_s: 2592001 },
      { overlap_s: 'x' },
      { secret: 'x' },
    ]) {
      const errors = await api.invalid('POST', `${at}/rotate`, body);
      assert.ok(errors[0].startsWith(`/${Object.keys(body)[0]} `), `${errors}`);
    }
    let last;
    for (let i = 0; i < 6; ++i) last = await api.send('POST', `${at}/rotate`, {});
    assert.equal(last.status, 409);
    const now = await api.expect(200, 'POST', `${at}/rotate`, { overlap_s: 0 }).catch(() => null);
    if (now) assert.deepEqual(now.previous, []);
  });

  await t.test('a test event is sent at once and answered with its attempt', async () => {
    const one = await subscriber(t, api);
    const other = await subscriber(t, api, undefined, { tenant: one.tenant });
    const at = `/v1/endpoints/${one.endpoint.id}/test`;
    const attempt = await api.expect(200, 'POST', at);
    assert.deepEqual(
      [attempt.status, attempt.outcome, attempt.type],
      [200, 'success', 'postrider.test'],
    );
    await api.expect(200, 'POST', at, { type: 'a.b', data: { x: 1 } });
    const requests = await one.receiver.got(2);
    assert.deepEqual(JSON.parse(requests[1].body).data, { x: 1 });
    assert.equal(other.receiver.requests.length, 0);
    assert.match((await api.invalid('POST', at, { type: 'a b' }))[0], /^\/type /);
    const refused = await api.expect(201, 'POST', '/v1/endpoints', {
      url: await refusedUrl(),
      tenant: freshTenant(),
    });
    const failed = await api.expect(200, 'POST', `/v1/endpoints/${refused.id}/test`);
    assert.deepEqual([failed.status, failed.outcome], [null, 'connect']);
    await api.expect(200, 'POST', `/v1/endpoints/${refused.id}/disable`);
    await api.expect(200, 'POST', `/v1/endpoints/${refused.id}/test`);
    const blocked = await api.expect(201, 'POST', '/v1/endpoints', {
      url: 'http://10.0.0.1/x',
      tenant: freshTenant(),
    });
    assert.equal(
      (await api.expect(200, 'POST', `/v1/endpoints/${blocked.id}/test`)).outcome,
      'blocked',
    );
  });

  await t.test('tests of one endpoint are bounded', async () => {
    const { receiver, endpoint } = await subscriber(t, api, () => 'hang', { timeout_ms: 2000 });
    const answers = await Promise.all(
      Array.from({ length: 60 }, () => api.send('POST', `/v1/endpoints/${endpoint.id}/test`)),
    );
    const statuses = answers.map(({ status }) => status).sort();
    assert.deepEqual(statuses, [...Array(48).fill(200), ...Array(12).fill(429)]);
    assert.equal(receiver.requests.length, 48);
  });

  await t.test('recover makes what is dead pending', async () => {
    const { endpoint, receiver, dead } = await withDead(t, api, 3);
    receiver.script = () => 200;
    const at = `/v1/endpoints/${endpoint.id}/recover`;
    assert.match((await api.invalid('POST', at, {}))[0], /^\/since /);
    const none = await api.expect(202, 'POST', at, {
      since: '2020-01-01T00:00:00Z',
      until: '2020-01-02T00:00:00Z',
    });
    assert.equal((await finished(api, none.id)).done, 0);
    const task = await api.expect(202, 'POST', at, { since: '2020-01-01T00:00:00Z' });
    assert.deepEqual([task.kind, task.total], ['recover_endpoint', dead.length]);
    assert.equal((await finished(api, task.id)).done, 3);
    await rows(api, `/v1/deliveries?endpoint=${endpoint.id}&state=delivered`, 3);
    await api.expect(200, 'POST', `/v1/endpoints/${endpoint.id}/disable`);
    await api.expect(409, 'POST', at, { since: '2020-01-01T00:00:00Z' });
  });

  await t.test('filters decide who gets an event', async () => {
    const tenant = freshTenant();
    const { url: there } = await Receiver.start(t);
    const make = (members) =>
      api.expect(201, 'POST', '/v1/endpoints', { url: there, tenant, state: 'paused', ...members });
    await make({ event_types: ['order.*'] });
    await make({ event_types: ['order.created'], channels: ['eu'] });
    const count = async (type, channels) =>
      (await emit(api, tenant, { type, channels })).deliveries;
    assert.deepEqual(
      [
        await count('order.created', ['eu', 'x']),
        await count('order.created'),
        await count('order.x.y', ['eu']),
        await count('order'),
        await count('orders.created', ['eu']),
      ],
      [2, 1, 1, 0, 0],
    );
  });

  await t.test('statistics of one endpoint', async () => {
    const { endpoint } = await withDead(t, api, 2);
    const at = `/v1/endpoints/${endpoint.id}/stats?bucket_s=3600`;
    const stats = await until('they are counted', async () => {
      const now = await api.expect(200, 'GET', at);
      return now.totals.dead === 2 && now;
    });
    assert.deepEqual(
      [stats.totals.attempts, stats.totals.dead, stats.totals.attempts_by_class['5xx']],
      [2, 2, 2],
    );
    assert.ok(stats.series.length >= 24);
  });
}
