// What the parts of the conformance test share.
import { Receiver } from '../../integration/support/receiver.mjs';
import { until } from '../../integration/support/until.mjs';

let tenants = 0;
/// A tenant that nobody else has.
export const freshTenant = () => `tenant-${++tenants}`;

/// The id of nothing, for a path parameter.
export const nobody = (prefix) => `${prefix}_00000000000000000000000000`;

/// A receiver with an endpoint of a tenant of its own.
export async function subscriber(t, api, script, members = {}) {
  const receiver = await Receiver.start(t, script);
  const tenant = freshTenant();
  const endpoint = await api.expect(201, 'POST', '/v1/endpoints', {
    url: receiver.url,
    tenant,
    ...members,
  });
  return { receiver, tenant, endpoint };
}

export function emit(api, tenant, members = {}) {
  return api.expect(202, 'POST', '/v1/events', {
    type: 'order.created',
    data: { id: 'ord_1' },
    tenant,
    ...members,
  });
}

/// The first `count` rows of a list, once they are there.
export function rows(api, target, count = 1) {
  return until(
    `${target} has ${count} rows`,
    async () => {
      const { data } = await api.expect(200, 'GET', target);
      return data.length >= count && data;
    },
    { everyMs: 20 },
  );
}

/// A subscriber that answers 500, with `count` dead letters after one attempt each.
export async function withDead(t, api, count = 1, members = {}) {
  const all = await subscriber(t, api, () => 500, {
    retry: { kind: 'schedule', delays_ms: [] },
    ...members,
  });
  const events = [];
  for (let i = 0; i < count; ++i) events.push(await emit(api, all.tenant));
  const target = `/v1/dead-letters?tenant=${all.tenant}&limit=250`;
  return { ...all, events, dead: await rows(api, target, count) };
}

/// A key of a scope.
export async function keyOf(api, scope) {
  const name = `${scope} key`;
  return (await api.expect(201, 'POST', '/v1/api-keys', { name, scope })).key;
}

/// A task that has ended.
export function finished(api, id) {
  return until(
    `${id} ends`,
    async () => {
      const task = await api.expect(200, 'GET', `/v1/tasks/${id}`);
      return task.state !== 'running' && task;
    },
    { everyMs: 20 },
  );
}
