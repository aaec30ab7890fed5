// The command line end to end: every command that talks to a server, against a real one.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { test } from 'node:test';

import { firstRow, setUp } from './support/cli.mjs';
import { binary, postrider, Server } from './support/postrider.mjs';
import { launch } from './support/process.mjs';
import { verifiedSignatures } from './support/receiver.mjs';
import { tempDir } from './support/temp.mjs';
import { until, within } from './support/until.mjs';

const ended = { code: 0, signal: null };

test('an endpoint is created, shown, changed, paused, rotated and deleted', async (t) => {
  const { receiver, cli, env, json, rows } = await setUp(t);
  const flags = [
    '--event-type',
    'order.*',
    '--channel',
    'eu',
    '--header',
    'X-Own: v',
    '--payload',
    'raw',
  ];
  const more = ['--retry-delays-ms', '10,20', '--timeout-ms', '2000', '--set', 'max_in_flight=3'];
  const texts = ['--description', 'Billing "A"', '--tenant', 'acme', '--metadata', '{"a":"b"}'];
  const made = await json('endpoints', 'create', receiver.url, ...flags, ...more, ...texts);
  assert.deepEqual(
    [made.event_types, made.channels, made.headers, made.payload, made.retry.delays_ms],
    [['order.*'], ['eu'], { 'X-Own': 'v' }, 'raw', [10, 20]],
  );
  assert.deepEqual(
    [made.timeout_ms, made.max_in_flight, made.description, made.tenant, made.metadata],
    [2000, 3, 'Billing "A"', 'acme', { a: 'b' }],
  );
  assert.deepEqual(firstRow(await cli('endpoints', 'list', '--tenant', 'acme')), {
    ID: made.id,
    TENANT: 'acme',
    URL: receiver.url.slice('http://'.length),
    STATE: 'active',
    DESCRIPTION: 'Billing "A"',
    WAITING: '0',
  });
  assert.match(await cli('endpoints', 'show', made.id), /^description: +Billing "A"$/m);
  assert.equal(
    (await json('endpoints', 'update', made.id, '--timeout-ms', '3000')).timeout_ms,
    3000,
  );
  assert.equal(await cli('endpoints', 'pause', made.id), `${made.id} paused\n`);
  assert.equal((await rows('endpoints', 'list', '--state', 'paused')).length, 1);
  assert.equal((await json('endpoints', 'disable', made.id)).state_reason, 'operator');
  assert.equal((await json('endpoints', 'resume', made.id)).state, 'active');
  assert.equal(await cli('endpoints', 'secret', made.id), `${made.secret}\n`);
  const rotated = await json('endpoints', 'rotate-secret', made.id, '--overlap-s', '60');
  assert.equal(rotated.previous[0].secret, made.secret);
  const tested = await json('endpoints', 'test', made.id, '--type', 'a.b', '--data', '{"n":1.0}');
  assert.equal(tested.outcome, 'success');
  const [request] = await receiver.got(1);
  assert.equal(request.body.toString(), '{"n":1.0}');
  await json('emit', 'order.created', '{}', '--tenant', 'acme', '--channel', 'eu');
  const stats = await until('it is counted', async () => {
    const text = await cli('endpoints', 'stats', made.id);
    return text.includes('2xx 1') && text;
  });
  assert.match(stats, /^total +1 +0 +1 +2xx 1$/m);
  assert.equal((await json('endpoints', 'stats', made.id)).totals.attempts, 1);
  receiver.script = () => 500;
  const failed = await postrider(['endpoints', 'test', made.id], { env });
  assert.equal(failed.code, 1);
  assert.match(failed.out, /^outcome: +http_error$/m);
  assert.equal(await cli('endpoints', 'delete', made.id), `${made.id} deleted\n`);
  assert.equal(await cli('endpoints', 'list'), 'no endpoints\n');
});

test('emit keeps bytes, from an argument, a file and standard input', async (t) => {
  const { receiver, cli, api, env, json, rows } = await setUp(t);
  await api.endpoint(receiver.url, { payload: 'raw' });
  const data = '{"b":1.10, "a":12345678901234567890123,"s":"\\u0041  x"}';
  const file = join(tempDir(t), 'data.json');
  writeFileSync(file, data);
  assert.match(await cli('emit', 'order.created', data), /^evt_\w+ accepted, 1 delivery\n$/);
  await cli('emit', 'order.created', `@${file}`);
  const piped = await postrider(['emit', 'order.created', '-'], { env, input: data });
  assert.equal(piped.code, 0, piped.err);
  for (const { body } of await receiver.got(3)) assert.equal(body.toString(), data);
  const flags = [
    '--idempotency-key',
    'k1',
    '--channel',
    'eu',
    '--metadata',
    '{"a":1}',
    '--tenant',
    'acme',
  ];
  const first = await json(
    'emit',
    'order.paid',
    '1',
    ...flags,
    '--deliver-at',
    '2040-01-01T00:00:00Z',
  );
  const again = await json(
    'emit',
    'order.paid',
    '1',
    ...flags,
    '--deliver-at',
    '2040-01-01T00:00:00Z',
  );
  assert.equal(again.id, first.id);
  const row = firstRow(await cli('events', 'list', '--tenant', 'acme'));
  assert.deepEqual(
    [row.ID, row.TYPE, row.TENANT, row.CHANNELS],
    [first.id, 'order.paid', 'acme', 'eu'],
  );
  assert.equal((await json('events', 'show', first.id)).deliver_at, '2040-01-01T00:00:00.000Z');
  assert.equal((await rows('events', 'list', '--all')).length, 4);
  assert.equal((await rows('events', 'list', '--limit', '2', '--type', 'order.created')).length, 2);
});

test('a dead letter is found, read with its attempts, and replayed', async (t) => {
  const { receiver, cli, api, json, rows } = await setUp(t, {
    script: () => ({ status: 500, body: 'no room today' }),
  });
  const endpoint = await api.endpoint(receiver.url);
  const event = await api.emit('order.created', { id: 'ord_7' });
  const { id } = await api.deliveryIn('dead', event.id);
  const list = ['dead-letters', 'list', '--reason', 'attempts_exhausted'];
  const short = firstRow(await cli(...list));
  assert.match(short.DIED, /^(just now|\d+ s ago)$/);
  assert.deepEqual([short.ID, short.REASON, short.LAST], [id, 'attempts_exhausted', '500']);
  const row = firstRow(await cli(...list, '--wide'));
  assert.match(row.DIED, /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ$/);
  assert.deepEqual(
    [row.ID, row.URL, row.TYPE, row.EVENT, row.ENDPOINT, row.ATTEMPTS],
    [id, receiver.url, 'order.created', event.id, endpoint.id, '2'],
  );
  const shown = await cli('dead-letters', 'show', id);
  assert.match(shown, /^reason: +attempts_exhausted$/m);
  assert.match(shown, /^event_details:\n(?: {2}.*\n)* {2}data: +\{"id":"ord_7"\}$/m);
  assert.match(shown, /^endpoint_details:\n(?: {2}.*\n)* {2}url: +http:/m);
  for (const number of [1, 2]) {
    assert.match(
      shown,
      new RegExp(`^ {2}${number} +20\\S+ \\S+Z +500 +http_error .*no room today$`, 'm'),
    );
  }
  assert.equal((await json('dead-letters', 'show', id)).attempts.length, 2);
  const dead = firstRow(
    await cli('deliveries', 'list', '--state', 'dead', '--endpoint', endpoint.id, '--wide'),
  );
  assert.deepEqual([dead.ID, dead.STATE, dead.ATTEMPTS, dead.DUE], [id, 'dead', '2', '-']);
  assert.equal(firstRow(await cli('events', 'deliveries', event.id)).ID, id);

  receiver.script = () => 200;
  assert.equal(await cli('dead-letters', 'replay', id), `${id} is pending again\n`);
  await api.deliveryIn('delivered', event.id);
  assert.equal((await json('deliveries', 'show', id)).attempts.length, 3);
  assert.equal(await cli('dead-letters', 'list'), 'no dead letters\n');
  assert.equal(
    await cli('events', 'replay', event.id),
    `${event.id} is delivered again to 1 endpoint\n`,
  );
  const [, , , fourth] = await receiver.got(4);
  assert.deepEqual([fourth.id, fourth.attempt], [event.id, 4]);
  assert.equal((await rows('deliveries', 'list', '--event', event.id)).length, 1);
});

test('dead letters are counted, replayed, recovered and discarded in bulk', async (t) => {
  const { receiver, cli, api, env, json, rows } = await setUp(t, { script: () => 500 });
  const endpoint = await api.endpoint(receiver.url, { retry: { kind: 'schedule', delays_ms: [] } });
  const dead = (count) =>
    until(`${count} are dead`, async () => (await rows('dead-letters', 'list')).length === count);
  for (let i = 0; i < 3; ++i) await api.emit();
  await dead(3);
  assert.equal(
    await cli('dead-letters', 'replay-all', '--dry-run'),
    'would replay 3 dead letters\n',
  );
  assert.deepEqual(await json('dead-letters', 'discard-all', '--dry-run', '--type', 'x'), {
    total: 0,
  });
  const { code, out, err } = await postrider(['dead-letters', 'replay-all'], { env });
  assert.equal(code, 0, err);
  assert.match(err, /^replay_dead_letters: 3 of 3 done$/m);
  assert.match(out, /^done: +3$/m);
  await dead(3);
  receiver.script = () => 200;
  const since = ['--since', '2020-01-01T00:00:00Z'];
  const task = await json('endpoints', 'recover', endpoint.id, ...since);
  assert.deepEqual([task.kind, task.state, task.done], ['recover_endpoint', 'done', 3]);
  await api.settled();
  receiver.script = () => 500;
  for (let i = 0; i < 2; ++i) await api.emit();
  await dead(2);
  const [one] = await rows('dead-letters', 'list');
  assert.equal(await cli('dead-letters', 'discard', one.id), `${one.id} discarded\n`);
  assert.equal((await json('dead-letters', 'discard-all')).done, 1);
  await dead(0);
  const [newest] = await rows('tasks', 'list');
  const row = firstRow(await cli('tasks', 'list'));
  assert.deepEqual(
    [row.ID, row.KIND, row.STATE, row.DONE, row.TOTAL],
    [newest.id, 'discard_dead_letters', 'done', '1', '1'],
  );
  assert.equal((await json('tasks', 'show', newest.id)).id, newest.id);
  const late = await postrider(['tasks', 'cancel', newest.id], { env });
  assert.equal(late.code, 1);
});

test('names of every language are shown as they are, in tables of at most 100 columns', async (t) => {
  const { api, cli, env, json } = await setUp(t);
  const names = ['請求システム 🚀', 'Café Zürich', 'مرحبا', '\u202egnp.exe\u009b31m\x1b[2J'];
  const url = `https://hooks.example.com/${'long/'.repeat(60)}`;
  for (const description of names) await api.endpoint(url, { description, tenant: 'acme-europe' });
  const table = await cli('endpoints', 'list');
  for (const name of names.slice(0, 3)) assert.ok(table.includes(name), table);
  assert.ok(table.includes('\\u202egnp.exe'), table);
  for (const line of table.split('\n')) assert.ok([...line].length <= 100, line);
  const wide = await cli('endpoints', 'list', '--wide');
  assert.ok(wide.includes(`  ${url}  `), wide);
  assert.ok(wide.includes('\\u202egnp.exe\\u009b31m\\x1b[2J'), wide);
  const [{ id }] = await api.list('/v1/endpoints');
  const shown = await cli('endpoints', 'show', id);
  assert.match(shown, /^description: +\\u202egnp\.exe\\u009b31m\\x1b\[2J$/m);
  assert.equal((await json('endpoints', 'show', id)).description, names[3]);
  const raw = await postrider(['endpoints', 'show', id, '--json'], { env });
  assert.ok(raw.out.includes('\u202egnp.exe\u009b31m'), 'a pipe gets the bytes of the server');
});

test('a file of events is emitted in batches, and a second run accepts none twice', async (t) => {
  const { cli, env, rows } = await setUp(t);
  const file = join(tempDir(t), 'events.ndjson');
  const line = (i) => JSON.stringify({ type: 'order.created', data: { i } });
  const text = Array.from({ length: 10_002 }, (_, i) => line(i)).join('\n');
  writeFileSync(file, text);
  const flags = ['emit', '--batch', file, '--idempotency-key', 'import'];
  assert.equal(await cli(...flags), '10002 events accepted, 0 deliveries\n');
  assert.equal(
    await cli(...flags),
    '10002 events accepted, 0 deliveries; 10002 of them had been accepted before\n',
  );
  assert.equal((await rows('events', 'list', '--all')).length, 10_002);
  const piped = await postrider(['emit', '--batch', '-', '--json'], {
    env,
    input: `${line(1)}\n\n${line(2)}\n`,
  });
  assert.equal(piped.code, 0, piped.err);
  assert.equal(piped.out.trim().split('\n').length, 2);
  assert.match(piped.out, /^\{"id":"evt_\w+","deliveries":0\}$/m);
  const refused = await postrider(['emit', '--batch', '-'], {
    env,
    input: `${line(1)}\n{"type":"a b","data":1}\n`,
  });
  assert.equal(refused.code, 1);
  assert.match(refused.err, /^ {2}line 2, \/type: /m);
  assert.match(refused.err, /^ {2}lines 1 to 2 are not accepted$/m);
  const broken = await postrider(['emit', '--batch', '-'], { env, input: `${line(1)}\n{"type"\n` });
  assert.equal(broken.code, 1);
  assert.match(broken.err, /^postrider: line 2 is not one JSON value/);
});

test('ids of another kind and of another database are answered in one clear line', async (t) => {
  const [here, other] = [await setUp(t), await setUp(t)];
  const endpoint = await other.api.endpoint(other.receiver.url);
  const event = await other.api.emit();
  await other.api.settled();
  const [delivery] = await other.api.list('/v1/deliveries');
  const wrong = [
    [/No such endpoint/, 'endpoints', 'show', endpoint.id],
    [/No such endpoint/, 'endpoints', 'show', event.id],
    [/No such endpoint/, 'endpoints', 'test', endpoint.id],
    [/No such endpoint/, 'endpoints', 'pause', 'ep_00000000000000000000000000'],
    [/No such event/, 'events', 'show', event.id],
    [/No such event/, 'events', 'replay', endpoint.id],
    [/No such delivery/, 'deliveries', 'retry', delivery.id],
    [/No such dead letter/, 'dead-letters', 'show', delivery.id],
    [/No such task/, 'tasks', 'show', 'task_00000000000000000000000000'],
    [/No such API key/, 'keys', 'revoke', 'key_00000000000000000000000000'],
  ];
  for (const [message, ...args] of wrong) {
    const { code, out, err } = await postrider(args, { env: here.env });
    assert.equal(code, 1, `${args.join(' ')}: ${out}${err}`);
    assert.match(err, message, args.join(' '));
    assert.match(err, /^postrider: [^\n]+\n$/, args.join(' '));
  }
});

test('deliveries are retried and cancelled, keys made and revoked, types catalogued', async (t) => {
  const { receiver, cli, api, env, json } = await setUp(t);
  await api.endpoint(receiver.url);
  const members = { deliver_at: '2040-01-01T00:00:00Z' };
  const [one, two] = [await api.emit('a', 1, members), await api.emit('a', 1, members)];
  const idOf = async ({ id }) => (await api.list(`/v1/events/${id}/deliveries`))[0].id;
  assert.match(firstRow(await cli('deliveries', 'list')).NEXT, /^in \d+ d$/);
  assert.equal(firstRow(await cli('deliveries', 'list', '--wide')).DUE, '2040-01-01 00:00:00Z');
  assert.equal(
    await cli('deliveries', 'retry', await idOf(one)),
    `${await idOf(one)} is due now\n`,
  );
  await api.deliveryIn('delivered', one.id);
  assert.equal((await json('deliveries', 'cancel', await idOf(two))).state, 'cancelled');

  const made = await postrider(['keys', 'create', 'checkout', '--scope', 'emit'], { env });
  assert.match(made.err, /not shown again/);
  const [, key] = made.out.match(/^key: +(pr_\S{43})\n/);
  const emitting = await postrider(['emit', 'a', '1', '--key', key], { env });
  assert.equal(emitting.code, 0);
  const reading = await postrider(['events', 'list', '--key', key], { env });
  assert.equal(reading.code, 1);
  assert.match(reading.err, /needs a key with scope admin or read; this key has scope emit\./);
  const noScope = await postrider(['keys', 'create', 'more'], { env });
  assert.equal(noScope.code, 2);
  assert.match(noScope.err, /^postrider: --scope is required.*(\n {2}\w+ {2,}.*){3}\n$/);
  const row = firstRow(await cli('keys', 'list'));
  assert.deepEqual([row.NAME, row.SCOPE, row.EXPIRES], ['checkout', 'emit', '-']);
  await cli('keys', 'revoke', row.ID);
  assert.equal((await postrider(['emit', 'a', '1', '--key', key], { env })).code, 1);

  await cli(
    'event-types',
    'set',
    'order.paid',
    '--schema',
    '{"type":"object"}',
    '--description',
    'd',
  );
  assert.deepEqual(firstRow(await cli('event-types', 'list')), {
    NAME: 'order.paid',
    ARCHIVED: 'false',
    DESCRIPTION: 'd',
  });
  const shown = await json('event-types', 'show', 'order.paid');
  assert.deepEqual([shown.name, shown.schema], ['order.paid', { type: 'object' }]);
  assert.match(await cli('event-types', 'show', 'order.paid'), /^schema: +\{"type":"object"\}$/m);
  const refused = await postrider(['emit', 'order.paid', '[1]'], { env });
  assert.equal(refused.code, 1);
  assert.match(refused.err, /\/data/);
  await cli('event-types', 'delete', 'order.paid');
  assert.equal(await cli('event-types', 'list'), 'no event types\n');
});

test('listen verifies, fails first, and ends after --count', async (t) => {
  const { api } = await setUp(t);
  const secret = `whsec_${Buffer.alloc(32, 5).toString('base64')}`;
  const flags = [
    '--secret',
    secret,
    '--fail-first',
    '1',
    '--count',
    '3',
    '--json',
    '--delay-ms',
    '1',
  ];
  const listener = launch(binary, ['listen', '--port', '0', ...flags]);
  const [, url] = await until(
    'it listens',
    () => listener.err.match(/(http:\S+)/) ?? listener.out.match(/(http:\S+)/),
  );
  await api.endpoint(`${url}/hook`, { secret });
  await api.emit('order.created', { a: 1 });
  await until('two arrived', () => (listener.out.match(/"verified"|verified/g) ?? []).length >= 2);
  await new Promise((resolve, reject) => {
    const headers = {
      'webhook-id': 'evt_x',
      'webhook-timestamp': String(Math.floor(Date.now() / 1000)),
      'webhook-signature': 'v1,AAAA',
    };
    request(`${url}/hook`, { method: 'POST', headers }, (answer) =>
      answer.resume().on('end', resolve),
    )
      .on('error', reject)
      .end('{}');
  });
  assert.deepEqual(await within('it ends', 10_000, listener.ended), ended);
  const lines = listener.out
    .trim()
    .split('\n')
    .filter((l) => l.startsWith('{'))
    .map((line) => JSON.parse(line));
  assert.deepEqual(
    lines.map(({ verified }) => verified),
    [true, true, false],
  );
  assert.deepEqual(lines.map(({ status }) => status).slice(0, 2), [500, 200]);
});

test('sign and verify agree with each other and with what is sent', async (t) => {
  const { receiver, api } = await setUp(t);
  const { secret } = await api.endpoint(receiver.url);
  await api.emit();
  const [sent] = await receiver.got(1);
  assert.equal(verifiedSignatures(sent, secret), 1);
  const names = ['webhook-id', 'webhook-timestamp', 'webhook-signature'];
  const flags = names.flatMap((name) => ['--header', `${name}: ${sent.headers[name]}`]);
  const verify = (body, more = []) =>
    postrider(['verify', '--secret', secret, ...flags, ...more, '-'], { input: body });
  assert.equal((await verify(sent.body)).code, 0);
  const forged = await verify(`${sent.body} `);
  assert.equal(forged.code, 1);
  assert.match(forged.err + forged.out, /signature/i);
  const later = String(Number(sent.headers['webhook-timestamp']) + 3600);
  assert.equal((await verify(sent.body, ['--timestamp', later])).code, 1);
  const [id, at] = names.map((name) => sent.headers[name]);
  const args = ['sign', '--secret', secret, '--id', id, '--timestamp', at, '-'];
  const { out } = await postrider(args, { input: sent.body });
  assert.ok(out.includes(`webhook-signature: ${sent.headers['webhook-signature']}\n`), out);
});

test('a running database is backed up and checked, and openapi prints what is served', async (t) => {
  const { server, api } = await setUp(t);
  const { id } = await api.emit();
  const copy = join(tempDir(t), 'copy.db');
  const done = async (...args) => {
    const { code, out, err } = await postrider(args);
    assert.equal(code, 0, err);
    return out;
  };
  await done('backup', copy, '--db', server.db);
  assert.match(await done('check', '--db', copy), /is sound/);
  const restored = await Server.start(t, { db: copy });
  assert.equal((await restored.api.get(`/v1/events/${id}`)).status, 200);
  await done('migrate', '--db', join(tempDir(t), 'new.db'));
  assert.equal(await done('openapi'), (await api.get('/openapi.json')).text);
  assert.match(await done('version'), /^postrider \d+\.\d+\.\d+\n$/);
  assert.equal(await done('--version'), await done('version'));
});
