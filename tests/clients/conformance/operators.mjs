// §6 of the contract: keys, statistics, metrics, the live stream, pages.
import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';

import { until } from '../../integration/support/until.mjs';
import { emit, rows, subscriber, withDead } from './support.mjs';

/** The values that a label always has. */
const classes = ['2xx', '3xx', '4xx', '5xx', 'timeout', 'connect', 'tls', 'dns', 'blocked'];
const kinds = [
  'due',
  'scheduled',
  'circuit',
  'throttled',
  'rate_limited',
  'ordered',
  'paused',
  'disabled',
];
const deadReasons = ['attempts_exhausted', 'rejected', 'gone', 'expired', 'endpoint_disabled'];
/** Labels in their order, each with its values; null where they come with the requests. */
const metricNames = {
  postrider_events_accepted_total: {},
  postrider_attempts_total: { class: classes },
  postrider_deliveries_total: { state: ['delivered', 'dead', 'cancelled'] },
  postrider_delivery_latency_seconds: {},
  postrider_attempt_duration_seconds: {},
  postrider_in_flight: {},
  postrider_backlog: { kind: kinds },
  postrider_oldest_due_seconds: {},
  postrider_circuits_open: {},
  postrider_dead_letters: {},
  postrider_dead_total: { reason: deadReasons },
  postrider_endpoints: { state: ['active', 'paused', 'disabled'] },
  postrider_endpoints_disabled_total: { reason: ['gone', 'failing', 'operator'] },
  postrider_outbox_rejected_total: {},
  postrider_http_requests_total: { method: null, route: null, status: null },
  postrider_http_request_duration_seconds: { route: null },
  postrider_database_bytes: {},
  postrider_build_info: { store: null, version: null },
  postrider_commit_seconds: {},
  postrider_commit_rows: {},
};
/// Ours beyond the contract, where the store has them.
const furtherMetrics = [
  'postrider_late_answers_total',
  'postrider_wal_bytes',
  'postrider_partitions',
  'postrider_ready',
];

export async function operators({ t, server, api }) {
  await t.test('a key is shown once, and no key is in the database', async () => {
    const made = await api.expect(201, 'POST', '/v1/api-keys', {
      name: 'Ours',
      scope: 'admin',
      expires_at: '2040-01-01T00:00:00Z',
    });
    assert.match(made.key, /^pr_[A-Za-z0-9_-]{43}$/);
    await api.expect(200, 'GET', '/v1/events', undefined, { key: made.key });
    const listed = await api.send('GET', '/v1/api-keys?limit=250');
    assert.equal(listed.text.includes(made.key), false);
    for (const name of readdirSync(dirname(server.db)).filter((n) =>
      n.startsWith(basename(server.db)),
    )) {
      const bytes = readFileSync(join(dirname(server.db), name));
      assert.equal(bytes.includes(made.key), false, name);
      assert.equal(bytes.includes(made.key.slice(3)), false, name);
      assert.equal(bytes.includes(server.api.key), false, name);
    }
    assert.equal(server.log.includes(made.key), false);
    await api.expect(204, 'DELETE', `/v1/api-keys/${made.id}`);
    await api.expect(401, 'GET', '/v1/events', undefined, { key: made.key });
    const wrong = [
      { name: '' },
      { name: 'x'.repeat(129) },
      { scope: 'x' },
      { scope: null },
      { scope: 'tenant' },
      { tenant: 'acme' },
      { expires_at: 'x' },
      { expires_at: '2020-01-01T00:00:00Z' },
      { key: 'pr_mine' },
    ];
    for (const members of wrong) {
      await api.invalid('POST', '/v1/api-keys', { name: 'x', scope: 'read', ...members });
    }
  });

  await t.test('statistics are series of buckets', async () => {
    const { tenant, endpoint } = await withDead(t, api, 2);
    const stats = await until('they are counted', async () => {
      const now = await api.expect(200, 'GET', `/v1/stats?tenant=${tenant}`);
      return now.totals.dead === 2 && now;
    });
    assert.deepEqual(
      [stats.totals.events, stats.totals.dead, stats.totals.attempts_by_class['5xx']],
      [2, 2, 2],
    );
    const since = new Date(Date.now() - 7_200_000).toISOString();
    const some = await api.expect(
      200,
      'GET',
      `/v1/stats?endpoint=${endpoint.id}&since=${since}&bucket_s=600`,
    );
    assert.ok([12, 13].includes(some.series.length), `${some.series.length}`);
    assert.equal(some.totals.attempts, 2);
    assert.match((await api.invalid('GET', '/v1/stats?bucket_s=61'))[0], /^\/bucket_s /);
    assert.match(
      (
        await api.invalid('GET', '/v1/stats?since=2026-01-02T00:00:00Z&until=2026-01-01T00:00:00Z')
      )[0],
      /^\/since /,
    );
  });

  await t.test('metrics have the names and labels of the contract', async () => {
    const { tenant, endpoint } = await subscriber(t, api);
    await emit(api, tenant);
    await rows(api, `/v1/deliveries?tenant=${tenant}&state=delivered`);
    const { text } = await api.send('GET', '/metrics');
    const types = Object.fromEntries(
      [...text.matchAll(/^# TYPE (\S+) (\S+)$/gm)].map((m) => m.slice(1)),
    );
    const ours = Object.keys(types).filter((name) => name.startsWith('postrider_'));
    for (const [name, labels] of Object.entries(metricNames)) {
      assert.ok(types[name], `${name} is missing`);
      const lines = [
        ...text.matchAll(
          new RegExp(`^${name}(?:_bucket|_sum|_count)?(?:\\{(.*)\\})? (\\S+)$`, 'gm'),
        ),
      ];
      assert.ok(lines.length > 0, name);
      for (const [, given = ''] of lines) {
        const names = [...given.matchAll(/(\w+)="([^"]*)"/g)].filter((m) => m[1] !== 'le');
        assert.deepEqual(
          names.map((m) => m[1]),
          Object.keys(labels),
          name,
        );
        for (const [, label, value] of names)
          assert.ok(labels[label]?.includes(value) ?? true, `${label}=${value}`);
      }
      for (const [label, values] of Object.entries(labels)) {
        for (const value of values ?? [])
          assert.ok(text.includes(`${name}{${label}="${value}"}`), `${name} ${value}`);
      }
    }
    assert.deepEqual(
      ours.filter((name) => !(name in metricNames) && !furtherMetrics.includes(name)),
      [],
    );
    for (const secret of [tenant, endpoint.id, '127.0.0.1'])
      assert.equal(text.includes(secret), false);
  });

  await t.test('the stream shows attempts as they are committed', async () => {
    const { tenant, endpoint } = await subscriber(t, api);
    const other = await subscriber(t, api);
    const stream = await api.stream(`/v1/stream?tenant=${tenant}`);
    const narrow = await api.stream(`/v1/stream?endpoint=${endpoint.id}`);
    await emit(api, other.tenant);
    await other.receiver.got(1);
    const event = await emit(api, tenant);
    const pattern = /^event: attempt\nid: \d+\ndata: (.*)\n\n/m;
    for (const each of [stream, narrow]) {
      const [, data] = await until('an attempt is on the stream', () => each.text().match(pattern));
      const attempt = JSON.parse(data);
      const validate = api.contract.answerSchema('/components/schemas/LiveAttempt');
      assert.ok(validate(attempt), JSON.stringify(validate.errors));
      assert.deepEqual([attempt.event, attempt.delivery_state], [event.id, 'delivered']);
      each.close();
    }
  });

  await t.test('health, documents and pages need no key', async () => {
    const open = { key: null };
    assert.deepEqual(await api.expect(200, 'GET', '/healthz', undefined, open), { status: 'ok' });
    assert.deepEqual(await api.expect(200, 'GET', '/readyz', undefined, open), { status: 'ready' });
    for (const path of ['/', '/docs']) {
      const { text } = await api.send('GET', path, undefined, open);
      assert.match(text, /^<!doctype html>/i);
    }
    await api.expect(401, 'GET', '/metrics', undefined, open);
  });
}
