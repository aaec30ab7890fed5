// CloudEvents requests, read by the SDK of CloudEvents.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { HTTP } from 'cloudevents';

import { Server } from '../integration/support/postrider.mjs';
import { Receiver } from '../integration/support/receiver.mjs';

const data = { id: 'ord_1', total: 10.5, name: 'Böse' };

for (const [payload, mode] of [
  ['cloudevents', 'structured'],
  ['cloudevents-binary', 'binary'],
]) {
  test(`the SDK reads ${mode} mode`, async (t) => {
    const receiver = await Receiver.start(t);
    const server = await Server.start(t);
    const endpoint = await server.api.endpoint(receiver.url, { payload });
    assert.equal(endpoint.payload, payload);
    const event = { type: 'order.created', data };
    const { id } = await server.api.expect(202, 'POST', '/v1/events', event);
    const [{ headers, body }] = await receiver.got(1);
    const seen = HTTP.toEvent({ headers, body: body.toString('utf8') });
    assert.ok(seen.validate());
    assert.equal(seen.specversion, '1.0');
    assert.equal(seen.id, id);
    assert.equal(seen.type, 'order.created');
    assert.equal(seen.source, '/tenants/default');
    assert.ok(Math.abs(Date.parse(seen.time) - Date.now()) < 60_000, seen.time);
    assert.deepEqual(seen.data, data);
  });
}
