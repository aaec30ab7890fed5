// Lists of one tenant beside many rows of another.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Server } from './support/postrider.mjs';

/// More than one page examines.
const rowsOfOthers = 30_000;

test('a quiet tenant has its deliveries in the first page', { timeout: 170_000 }, async (t) => {
  const { api } = await Server.start(t);
  const url = 'http://127.0.0.1:9/';
  const paused = { state: 'paused' };
  const quiet = await api.endpoint(url, { tenant: 'quiet', ...paused });
  const busy = await api.endpoint(url, { tenant: 'busy', ...paused });
  const event = await api.emit('a.b', 1, { tenant: 'quiet' });
  for (let sent = 0; sent < rowsOfOthers; sent += 10_000) {
    const events = Array(10_000).fill({ type: 'a.b', data: 1, tenant: 'busy' });
    await api.expect(202, 'POST', '/v1/events/batch', { events });
  }
  const page = (query) => api.expect(200, 'GET', `/v1/deliveries?${query}`);

  await t.test('by the tenant', async () => {
    const { data, next_cursor, searched_until } = await page('tenant=quiet');
    assert.deepEqual(
      data.map((delivery) => [delivery.event, delivery.endpoint]),
      [[event.id, quiet.id]],
    );
    assert.equal(next_cursor, null);
    assert.equal(searched_until, null);
  });

  await t.test('a page that other filters leave short says how far it searched', async () => {
    const short = await page('tenant=busy&state=dead');
    assert.deepEqual(short.data, []);
    assert.ok(short.next_cursor);
    const newest = (await page(`endpoint=${busy.id}&limit=1`)).data[0].created_at;
    assert.ok(short.searched_until <= newest, short.searched_until);
    const last = await page(`tenant=busy&state=dead&cursor=${short.next_cursor}`);
    assert.deepEqual(last, { data: [], next_cursor: null, searched_until: null });
  });

  await t.test('dead letters and events too', async () => {
    for (const list of ['dead-letters', 'events']) {
      const { data, next_cursor } = await api.expect(200, 'GET', `/v1/${list}?tenant=quiet`);
      assert.equal(data.length, list === 'events' ? 1 : 0);
      assert.equal(next_cursor, null);
    }
  });
});
