// No period sees more requests than the rate limit, over a kill -9 too.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Server } from './support/postrider.mjs';
import { Receiver } from './support/receiver.mjs';

const rateLimit = { limit: 5, period_ms: 1000 };
/// The longest time between a request's instants at the sender and at the receiver.
const slackMs = 60;

function assertNoWindowExceeds(requests) {
  for (let i = rateLimit.limit; i < requests.length; ++i) {
    const span = requests[i].at - requests[i - rateLimit.limit].at;
    assert.ok(
      span >= rateLimit.period_ms - slackMs,
      `${rateLimit.limit + 1} requests within ${span} ms, up to number ${i + 1}`,
    );
  }
}

test('a rate limit holds in every window, also across a kill -9', async (t) => {
  const receiver = await Receiver.start(t, () => 200);
  let server = await Server.start(t);
  const endpoint = await server.api.endpoint(receiver.url, { rate_limit: rateLimit });
  assert.deepEqual(endpoint.rate_limit, rateLimit);
  const accepted = [];
  for (let i = 0; i < 18; ++i) accepted.push((await server.api.emit()).id);
  await receiver.got(8);
  await server.kill();
  server = await Server.start(t, { db: server.db });
  await receiver.acceptedAll(accepted);
  await server.api.settled();
  assertNoWindowExceeds(receiver.requests);
  const seconds = (receiver.requests.at(-1).at - receiver.requests[0].at) / 1000;
  assert.ok(seconds < 15, `it took ${seconds} s`);

  const url = `/v1/endpoints/${endpoint.id}`;
  const patched = await server.api.expect(200, 'PATCH', url, { rate_limit: { limit: 7 } });
  assert.deepEqual(patched.rate_limit, { limit: 7, period_ms: 1000 });
  const free = await server.api.expect(200, 'PATCH', url, { rate_limit: null });
  assert.equal(free.rate_limit, null);
  assert.equal(await server.stop(), 0);
});
