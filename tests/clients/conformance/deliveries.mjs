// §5 of the contract: deliveries.
import assert from 'node:assert/strict';

import { emit, rows, subscriber, withDead } from './support.mjs';

export async function deliveries({ t, api }) {
  await t.test('a delivery shows every attempt', async () => {
    const { tenant, endpoint } = await subscriber(t, api, (_, number) => ({
      status: number === 1 ? 500 : 200,
      body: `answer ${number}`,
    }));
    const event = await emit(api, tenant);
    const [listed] = await rows(api, `/v1/deliveries?tenant=${tenant}&state=delivered`);
    assert.equal('attempts' in listed, false);
    const delivery = await api.expect(200, 'GET', `/v1/deliveries/${listed.id}`);
    assert.deepEqual([delivery.event, delivery.endpoint], [event.id, endpoint.id]);
    assert.deepEqual(
      delivery.attempts.map((a) => [a.number, a.status, a.outcome, a.response_excerpt]),
      [
        [1, 500, 'http_error', 'answer 1'],
        [2, 200, 'success', 'answer 2'],
      ],
    );
    assert.equal(delivery.attempts_count, 2);
    assert.equal(delivery.last_attempt.id, delivery.attempts[1].id);
    assert.equal(delivery.next_attempt_at, null);
    assert.equal(delivery.attempts[1].error, null);
  });

  await t.test('lists filter by tenant, endpoint, event, state and time', async () => {
    const { tenant, endpoint, events } = await withDead(t, api, 2);
    const count = async (query) =>
      (await api.expect(200, 'GET', `/v1/deliveries?${query}`)).data.length;
    assert.equal(await count(`tenant=${tenant}`), 2);
    assert.equal(await count(`endpoint=${endpoint.id}`), 2);
    assert.equal(await count(`event=${events[0].id}`), 1);
    assert.equal(await count(`event=${events[0].id}&tenant=nobody`), 0);
    assert.equal(await count(`tenant=${tenant}&state=delivered`), 0);
    assert.equal(await count(`tenant=${tenant}&state=dead&limit=1`), 1);
    assert.equal(
      await count(`tenant=${tenant}&since=2020-01-01T00:00:00Z&until=2100-01-01T00:00:00Z`),
      2,
    );
    assert.equal(await count(`tenant=${tenant}&until=2020-01-01T00:00:00Z`), 0);
  });

  await t.test(
    'retry makes it due now, cancel ends it, both only while it is pending',
    async () => {
      const { tenant, receiver } = await subscriber(t, api);
      const deliver_at = '2040-01-01T00:00:00Z';
      const first = await emit(api, tenant, { deliver_at });
      const second = await emit(api, tenant, { deliver_at });
      const of = async ({ id }) => (await rows(api, `/v1/events/${id}/deliveries`))[0].id;
      const retried = await of(first);
      const cancelled = await of(second);
      const due = await api.expect(200, 'POST', `/v1/deliveries/${retried}/retry`);
      assert.ok(due.state === 'delivered' || Date.parse(due.next_attempt_at) <= Date.now() + 1000);
      await receiver.got(1);
      await rows(api, `/v1/deliveries?tenant=${tenant}&state=delivered`);
      await api.expect(409, 'POST', `/v1/deliveries/${retried}/retry`);
      const ended = await api.expect(200, 'POST', `/v1/deliveries/${cancelled}/cancel`);
      assert.equal(ended.state, 'cancelled');
      await api.expect(409, 'POST', `/v1/deliveries/${cancelled}/cancel`);
      await api.expect(409, 'POST', `/v1/deliveries/${retried}/cancel`);
    },
  );
}
