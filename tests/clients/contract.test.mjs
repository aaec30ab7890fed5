// The judge of the conformance test bites: an answer that is not as documented does not pass.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { postrider } from '../integration/support/postrider.mjs';
import { Contract } from './support/contract.mjs';

const sent = { method: 'POST', target: '/v1/events', type: 'application/json' };
const event = { type: 'a', data: 1 };
const accepted = {
  id: `evt_${'0'.repeat(26)}`,
  type: 'a',
  tenant: 'default',
  created_at: '2026-01-01T00:00:00.000Z',
  deliveries: 1,
};
const general = {
  'x-request-id': 'req_1',
  'x-content-type-options': 'nosniff',
  'cache-control': 'no-store',
};
const problem = {
  type: 'urn:postrider:problem:conflict',
  title: 'No',
  status: 409,
  detail: 'It is not so.',
  request_id: 'req_1',
};

async function judge({
  request = {},
  body = event,
  status = 202,
  headers = {},
  answer = accepted,
}) {
  const { out } = await postrider(['openapi']);
  const contract = new Contract(JSON.parse(out));
  const type = status < 400 ? 'application/json' : 'application/problem+json';
  const all = { ...general, 'content-type': type, ...headers };
  for (const [name, value] of Object.entries(all)) if (value === null) delete all[name];
  const text = typeof answer === 'string' ? answer : JSON.stringify(answer);
  contract.judge(
    { ...sent, body: body && JSON.stringify(body), ...request },
    { status, headers: all, text },
  );
  return contract;
}

test('what is documented passes and is counted', async () => {
  const contract = await judge({});
  assert.deepEqual([...contract.seen], [['POST /v1/events 202', 1]]);
  await judge({
    request: { target: '/v1/nothing' },
    status: 404,
    answer: { ...problem, status: 404 },
  });
});

const wrong = {
  'a status that is not documented': { status: 409, answer: problem },
  'a success that is not documented': { status: 200 },
  'another content type': { headers: { 'content-type': 'text/plain' } },
  'a member too many': { answer: { ...accepted, surplus: 1 } },
  'a member too few': { answer: { ...accepted, tenant: undefined } },
  'a member of another type': { answer: { ...accepted, deliveries: '1' } },
  'an instant without milliseconds': {
    answer: { ...accepted, created_at: '2026-01-01T00:00:00Z' },
  },
  'an id of another kind': { answer: { ...accepted, id: `ep_${'0'.repeat(26)}` } },
  'no body': { answer: '' },
  'no X-Request-Id': { headers: { 'x-request-id': null } },
  'a header that is not documented': { headers: { 'x-surplus': '1' } },
  'a header with a value that is not documented': { headers: { 'idempotent-replayed': 'yes' } },
  'a problem of another status': { status: 400, answer: problem },
  'a problem that names another request': {
    status: 400,
    answer: { ...problem, status: 400, request_id: 'x' },
  },
  'a 422 that names nothing': { status: 422, answer: { ...problem, status: 422, errors: [] } },
  'a 401 without WWW-Authenticate': { status: 401, answer: { ...problem, status: 401 } },
  'a 503 without Retry-After': { status: 503, answer: { ...problem, status: 503 } },
  'a path that is not documented': { request: { target: '/v1/nothing' } },
  'a method that is not documented': { request: { method: 'PUT' } },
  'a parameter that was taken': { request: { target: '/v1/events?surplus=1' } },
  'a body that was taken': { body: { ...event, surplus: 1 } },
  'a missing body that was taken': { body: undefined, request: { body: undefined } },
  'a content type that was taken': { request: { type: 'text/plain' } },
};
for (const [what, changed] of Object.entries(wrong)) {
  test(`${what} does not pass`, async () => {
    await assert.rejects(judge(changed), { name: 'AssertionError' });
  });
}
