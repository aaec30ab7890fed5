// An endpoint with a tenant of its own, so that one server serves many tests of one endpoint each.
import { until } from './until.mjs';

let tenants = 0;

/// How long a retry is put off that a test does not want to see.
export const farOffMs = 3_600_000;

export class Subscription {
  /// `members`: those of the endpoint; `delays`: its waits after failed attempts.
  static async make(api, members, { delays = [farOffMs] } = {}) {
    const tenant = `subscription-${++tenants}`;
    const retry = { kind: 'schedule', delays_ms: delays, jitter: 0 };
    const endpoint = await api.expect(201, 'POST', '/v1/endpoints', { tenant, retry, ...members });
    return new Subscription(api, tenant, endpoint);
  }

  constructor(api, tenant, endpoint) {
    Object.assign(this, { api, tenant, endpoint });
  }

  /// The id of a new event for this endpoint alone.
  async emit(data = { id: 'ord_1', total: 4200 }, type = 'order.created') {
    return (await this.api.emit(type, data, { tenant: this.tenant })).id;
  }

  /// The delivery of `event` once it has had `count` attempts.
  attempted(event, count = 1) {
    return until(
      `${event} is attempted ${count} times`,
      async () => {
        const [delivery] = await this.api.deliveriesOf(event);
        return delivery?.attempts.length >= count && delivery;
      },
      { everyMs: 5 },
    );
  }

  delivered(event) {
    return this.api.deliveryIn('delivered', event, { everyMs: 5 });
  }

  /// The endpoint as it is now.
  now() {
    return this.api.expect(200, 'GET', `/v1/endpoints/${this.endpoint.id}`);
  }
}
