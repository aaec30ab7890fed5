// §5 of the contract: dead letters and the tasks that work on many.
import assert from 'node:assert/strict';

import { until } from '../../integration/support/until.mjs';
import { emit, finished, nobody, rows, subscriber, withDead } from './support.mjs';

export async function deadLetters({ t, api }) {
  await t.test('one is read with event, endpoint and attempts', async () => {
    const { dead, endpoint, events, tenant } = await withDead(t, api);
    const letter = await api.expect(200, 'GET', `/v1/dead-letters/${dead[0].id}`);
    assert.deepEqual(
      [letter.state, letter.reason, letter.discarded],
      ['dead', 'attempts_exhausted', false],
    );
    assert.deepEqual(letter.event_details.data, { id: 'ord_1' });
    assert.equal(letter.event_details.id, events[0].id);
    assert.equal(letter.endpoint_details.id, endpoint.id);
    assert.equal(letter.attempts.length, 1);
    const count = async (query) =>
      (await api.expect(200, 'GET', `/v1/dead-letters?tenant=${tenant}&${query}`)).data.length;
    assert.deepEqual(
      [
        await count(`endpoint=${endpoint.id}`),
        await count('type=order.created'),
        await count('type=x'),
        await count('reason=attempts_exhausted'),
        await count('reason=gone'),
        await count('until=2020-01-01T00:00:00Z'),
      ],
      [1, 1, 0, 1, 0, 0],
    );
  });

  await t.test('a replay starts afresh, keeps the attempts and counts on', async () => {
    const { dead, receiver, events } = await withDead(t, api);
    receiver.script = () => 200;
    const { id } = dead[0];
    const now = await api.expect(202, 'POST', `/v1/dead-letters/${id}/replay`);
    assert.equal(now.id, id);
    assert.ok(['pending', 'delivered'].includes(now.state));
    const [, request] = await receiver.got(2);
    assert.deepEqual([request.id, request.attempt], [events[0].id, 2]);
    await rows(api, `/v1/deliveries?event=${events[0].id}&state=delivered`);
    const delivery = await api.expect(200, 'GET', `/v1/deliveries/${id}`);
    assert.deepEqual(
      delivery.attempts.map(({ number }) => number),
      [1, 2],
    );
    await api.expect(404, 'GET', `/v1/dead-letters/${id}`);
  });

  await t.test('409 when it is pending, its endpoint disabled or deleted', async () => {
    const { dead, endpoint, tenant } = await withDead(t, api, 2);
    const at = dead.map(({ id }) => `/v1/dead-letters/${id}`);
    const waiting = await emit(api, tenant, { deliver_at: '2040-01-01T00:00:00Z' });
    const [pending] = await rows(api, `/v1/events/${waiting.id}/deliveries`);
    await api.expect(409, 'POST', `/v1/dead-letters/${pending.id}/replay`);
    await api.expect(409, 'DELETE', `/v1/dead-letters/${pending.id}`);
    await api.expect(200, 'POST', `/v1/endpoints/${endpoint.id}/disable`);
    const { detail } = await api.expect(409, 'POST', `${at[0]}/replay`);
    assert.match(detail, /disabled/);
    await api.expect(204, 'DELETE', `/v1/endpoints/${endpoint.id}`);
    const refused = await api.expect(409, 'POST', `${at[0]}/replay`);
    assert.match(refused.detail, /deleted/);
    assert.equal((await api.expect(200, 'GET', at[1])).endpoint_details, null);
  });

  await t.test('a discarded one stays dead and is neither listed nor replayed', async () => {
    const { dead, tenant } = await withDead(t, api, 2);
    const { id } = dead[0];
    const now = await api.expect(200, 'DELETE', `/v1/dead-letters/${id}`);
    assert.deepEqual([now.state, now.discarded], ['dead', true]);
    await api.expect(404, 'GET', `/v1/dead-letters/${id}`);
    await api.expect(409, 'POST', `/v1/dead-letters/${id}/replay`);
    assert.equal((await rows(api, `/v1/dead-letters?tenant=${tenant}`)).length, 1);
    assert.equal((await api.expect(200, 'GET', `/v1/deliveries/${id}`)).discarded, true);
    await api.expect(404, 'DELETE', `/v1/dead-letters/${nobody('dlv')}`);
  });

  await t.test('in bulk: counted, replayed, discarded', async () => {
    const { receiver, tenant } = await withDead(t, api, 3);
    const bulk = (action, body, status = 202) =>
      api.expect(status, 'POST', `/v1/dead-letters/${action}`, body);
    for (const action of ['replay', 'discard']) {
      assert.deepEqual(await bulk(action, { tenant, dry_run: true }, 200), { total: 3 });
      assert.deepEqual(await bulk(action, { tenant, dry_run: true, type: 'x' }, 200), { total: 0 });
      for (const wrong of [
        { reason: 'x' },
        { since: 'x' },
        { endpoint: 'x' },
        { tenant: 'a b' },
        { dry_run: 'yes' },
      ]) {
        const errors = await api.invalid('POST', `/v1/dead-letters/${action}`, wrong);
        assert.ok(errors[0].startsWith(`/${Object.keys(wrong)[0]} `), `${errors}`);
      }
    }
    receiver.script = ({ attempt }, number) => (number === 4 ? 500 : 200);
    const task = await bulk('replay', { tenant });
    assert.deepEqual(
      [task.kind, task.total, task.filter.tenant],
      ['replay_dead_letters', 3, tenant],
    );
    const done = await finished(api, task.id);
    assert.deepEqual([done.state, done.done, done.skipped], ['done', 3, 0]);
    await rows(api, `/v1/deliveries?tenant=${tenant}&state=delivered`, 2);
    await rows(api, `/v1/dead-letters?tenant=${tenant}`);
    const discard = await finished(api, (await bulk('discard', { tenant })).id);
    assert.deepEqual([discard.kind, discard.done], ['discard_dead_letters', 1]);
    assert.deepEqual(await bulk('discard', { tenant, dry_run: true }, 200), { total: 0 });
    const listed = (await rows(api, '/v1/tasks')).map(({ id }) => id);
    assert.ok(listed.includes(task.id) && listed.includes(discard.id));
    await api.expect(409, 'POST', `/v1/tasks/${task.id}/cancel`);
  });

  await t.test('a task that runs can be cancelled', async () => {
    // So many rows that the task is still at it.
    const { tenant, endpoint } = await subscriber(t, api, undefined, { state: 'paused' });
    const expires_at = new Date(Date.now() + 2000).toISOString();
    const events = Array(10_000).fill({ type: 'a', data: 1, tenant, expires_at });
    await api.expect(202, 'POST', '/v1/events/batch', { events });
    await until('all are dead', async () => {
      const body = { tenant, reason: 'expired', dry_run: true };
      return (await api.expect(200, 'POST', '/v1/dead-letters/discard', body)).total === 10_000;
    });
    const task = await api.expect(202, 'POST', '/v1/dead-letters/discard', {
      endpoint: endpoint.id,
    });
    const cancelled = await api.expect(200, 'POST', `/v1/tasks/${task.id}/cancel`);
    assert.equal(cancelled.state, 'cancelled');
    await api.expect(409, 'POST', `/v1/tasks/${task.id}/cancel`);
  });
}
