// 503: what happens while nothing can be written, or too much is asked for.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';

import { Server } from '../../integration/support/postrider.mjs';
import { until } from '../../integration/support/until.mjs';
import { JudgedApi } from '../support/contract.mjs';
import { emit, rows, subscriber, withDead } from './support.mjs';

/// Somebody else's transaction, open until release().
async function lock(t, db) {
  const shell = spawn('sqlite3', ['-batch', '-bail', '-cmd', '.timeout 10000', db], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  t.after(() => shell.kill('SIGKILL'));
  const ended = once(shell, 'close');
  let out = '';
  shell.stdout.on('data', (text) => (out += text));
  shell.stdin.write("BEGIN IMMEDIATE;\nSELECT 'locked';\n");
  await until('the database is locked', () => out.includes('locked'));
  return async () => {
    shell.stdin.end('ROLLBACK;\n');
    await ended;
  };
}

export async function unavailable({ t, server, api, contract }) {
  await t.test(
    'no write is answered with a 2xx while another process holds the database',
    async () => {
      const { dead, endpoint, tenant } = await withDead(t, api, 2);
      const waiting = await emit(api, tenant, { deliver_at: '2040-01-01T00:00:00Z' });
      const [pending] = await rows(api, `/v1/events/${waiting.id}/deliveries`);
      const task = await api.expect(202, 'POST', '/v1/dead-letters/discard', { tenant: 'nobody' });
      const type = await api.expect(201, 'POST', '/v1/event-types', { name: 'locked.type' });
      await api.expect(201, 'POST', '/v1/api-keys', { name: 'locked', scope: 'read' });
      const [key] = await rows(api, '/v1/api-keys');
      const event = { type: 'a', data: 1 };
      const [ep, dlv, letter] = [
        `/v1/endpoints/${endpoint.id}`,
        `/v1/deliveries/${pending.id}`,
        `/v1/dead-letters/${dead[0].id}`,
      ];
      const writes = [
        ['POST', '/v1/events', event],
        ['POST', '/v1/events/batch', { events: [event] }],
        ['POST', `/v1/events/${waiting.id}/replay`],
        ['POST', '/v1/event-types', { name: 'another' }],
        ['PATCH', `/v1/event-types/${type.name}`, { archived: true }],
        ['DELETE', `/v1/event-types/${type.name}`],
        ['POST', '/v1/endpoints', { url: 'http://127.0.0.1:9/' }],
        ['PATCH', ep, { description: 'x' }],
        ...['pause', 'disable', 'resume', 'secret/rotate'].map((action) => [
          'POST',
          `${ep}/${action}`,
        ]),
        ['POST', `${ep}/recover`, { since: '2020-01-01T00:00:00Z' }],
        ['DELETE', ep],
        ['POST', `${dlv}/retry`],
        ['POST', `${dlv}/cancel`],
        ['POST', '/v1/dead-letters/replay', { tenant }],
        ['POST', '/v1/dead-letters/discard', { tenant }],
        ['DELETE', letter],
        ['POST', `${letter}/replay`],
        ['POST', `/v1/tasks/${task.id}/cancel`],
        ['POST', '/v1/api-keys', { name: 'x', scope: 'read' }],
        ['DELETE', `/v1/api-keys/${key.id}`],
      ];
      const before = (await api.expect(200, 'GET', ep)).updated_at;
      const release = await lock(t, server.db);
      try {
        const answers = await Promise.all(writes.map((write) => api.send(...write)));
        answers.forEach((answer, i) => {
          assert.equal(answer.status, 503, `${writes[i]} ${answer.text}`);
          assert.match(answer.headers['retry-after'], /^\d+$/);
        });
        await api.expect(200, 'GET', ep);
        await api.expect(200, 'POST', `${ep}/test`);
        await api.expect(200, 'GET', '/healthz');
      } finally {
        await release();
      }
      assert.equal((await api.expect(200, 'GET', ep)).updated_at, before);
      assert.equal((await api.expect(200, 'GET', letter)).discarded, false);
      await api.expect(404, 'GET', '/v1/event-types/another');
    },
  );

  await t.test('readiness tells while an outcome cannot be written', async () => {
    let answerNow;
    const held = new Promise((resolve) => (answerNow = resolve));
    const { receiver, tenant } = await subscriber(t, api, () => ({ status: 200, delayedBy: held }));
    await emit(api, tenant);
    await receiver.got(1);
    const release = await lock(t, server.db);
    try {
      answerNow();
      const answer = await until('it is not ready', async () => {
        const ready = await api.send('GET', '/readyz');
        return ready.status === 503 && ready;
      });
      assert.match(answer.headers['retry-after'], /^\d+$/);
    } finally {
      await release();
    }
    await until('it is ready', async () => (await api.send('GET', '/readyz')).status === 200);
    await rows(api, `/v1/deliveries?tenant=${tenant}&state=delivered`);
    assert.equal(receiver.requests.length, 1);
  });

  await t.test('a test of an endpoint is answered when the service stops', async () => {
    const stopping = await Server.start(t);
    const other = new JudgedApi(stopping.api, contract);
    const { receiver, endpoint } = await subscriber(t, other, () => 'hang');
    const waiting = other.send('POST', `/v1/endpoints/${endpoint.id}/test`);
    await receiver.got(1);
    const stopped = stopping.stop();
    assert.equal((await waiting).status, 503);
    assert.equal(await stopped, 0);
  });

  await t.test('streams are bounded', async () => {
    const streams = await Promise.all(Array.from({ length: 17 }, () => api.stream('/v1/stream')));
    const statuses = streams.map(({ answer }) => answer.status).sort();
    for (const stream of streams) stream.close();
    assert.deepEqual(statuses, [...Array(16).fill(200), 503]);
    await until('a stream is free again', async () => {
      const stream = await api.stream('/v1/stream');
      stream.close();
      return stream.answer.status === 200;
    });
  });
}
