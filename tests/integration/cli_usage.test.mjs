// How the command line is used: help, wrong usage, and where the values of flags come from.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

import { setUp } from './support/cli.mjs';
import { binary, postrider, rootKey } from './support/postrider.mjs';
import { launch } from './support/process.mjs';
import { tempDir } from './support/temp.mjs';
import { until } from './support/until.mjs';

test('wrong usage ends with 2, a failure with 1, each with one clear line', async (t) => {
  const { env } = await setUp(t);
  const wrong = [
    [2, /name a command/],
    [2, /unknown command 'nothing' /, 'nothing'],
    [2, /unknown command 'endpoint'; did you mean 'endpoints'\?/, 'endpoint'],
    [2, /unknown command 'lst'; did you mean 'list'\?/, 'events', 'lst'],
    [2, /unknown command 'evnts'; did you mean 'events'\?/, 'help', 'evnts'],
    [2, /unknown flag '--nonsense' /, 'events', 'list', '--nonsense'],
    [2, /unknown flag '--limt'; did you mean '--limit'\?/, 'events', 'list', '--limt', '5'],
    [2, /unknown flag '--master-key-file'/, 'serve', '--master-key-file', 'x'],
    [2, /unexpected argument 'more'/, 'events', 'list', 'more'],
    [2, /--limit/, 'events', 'list', '--limit', '0'],
    [2, /URL is required/, 'endpoints', 'create'],
    [2, /ID: must not be empty/, 'endpoints', 'delete', ''],
    [2, /--listen/, 'serve', '--listen', 'x'],
    [2, /--allow-net/, 'serve', '--allow-net', '300.1.1.1/8'],
    [2, /--retry-delays-ms/, 'serve', '--retry-delays-ms', 'soon'],
    [2, /--log-level/, 'serve', '--log-level', 'loud'],
    [2, /--root-key/, 'serve', '--root-key', 'short'],
    [2, /config/, 'serve', '--config', '/nowhere/postrider.toml'],
    [2, /DATA is not one JSON value/, 'emit', 'a', '{'],
    [2, /TYPE is required, or --batch/, 'emit'],
    [2, /--batch goes without TYPE/, 'emit', 'a', '--batch', '-'],
    [2, /cannot read the file/, 'emit', '--batch', '/nowhere/events.ndjson'],
    [2, /cannot read/, 'emit', 'a', '@/nowhere/data.json'],
    [2, /--server/, 'events', 'list', '--server', 'x'],
    [2, /nothing to change/, 'endpoints', 'update', 'ep_x'],
    [2, /--since/, 'endpoints', 'recover', 'ep_x'],
    [2, /secret/, 'sign', '--id', 'x', 'body'],
    [1, /cannot connect.*POSTRIDER_SERVER/, 'events', 'list', '--server', 'http://127.0.0.1:1'],
    [1, /API key.*POSTRIDER_KEY/, 'events', 'list', '--key', 'pr_wrong'],
    [1, /No such endpoint/, 'endpoints', 'show', 'ep_x'],
    [1, /No such endpoint/, 'endpoints', 'show', '../events'],
    [1, /\/type must be/, 'emit', 'a b', '1'],
    [1, /\/state must be one of/, 'endpoints', 'list', '--state', 'gone'],
    [1, /\/url must begin with/, 'endpoints', 'create', 'ftp://a.example/'],
    [1, /\/nowhere\/x.db/, 'serve', '--db', '/nowhere/x.db'],
  ];
  for (const [status, message, ...args] of wrong) {
    const { code, out, err } = await postrider(args, { env });
    assert.equal(code, status, `${args.join(' ')}: ${err}`);
    assert.match(err, message);
    assert.match(err, /^postrider: [^\n]+\n$/, args.join(' '));
    assert.equal(out, '', args.join(' '));
  }
});

test('every command has help with an example', async () => {
  const open = [[]];
  let seen = 0;
  while (open.length > 0) {
    const command = open.pop();
    const { code, out } = await postrider([...command, '--help']);
    assert.equal(code, 0);
    const [, list] = out.match(/^Subcommands:\n([\s\S]*?)\n\n/m) ?? [];
    if (list) for (const [, name] of list.matchAll(/^ {2}(\S+) /gm)) open.push([...command, name]);
    else assert.match(out, new RegExp(`^Example:\\n {2}postrider ${command.join(' ')}`, 'm'));
    ++seen;
  }
  assert.ok(seen > 40, `${seen}`);
});

test('help COMMAND prints what COMMAND --help prints', async () => {
  for (const command of [[], ['emit'], ['endpoints'], ['endpoints', 'create'], ['serve']]) {
    const [byWord, byFlag] = [
      await postrider(['help', ...command]),
      await postrider([...command, '--help']),
    ];
    assert.equal(byWord.code, 0);
    assert.equal(byWord.out, byFlag.out);
  }
});

test('variables of the service and those that Kubernetes injects change no client command', async (t) => {
  const { server } = await setUp(t, {
    env: {
      POSTRIDER_PORT: 'tcp://10.0.0.1:8080',
      POSTRIDER_PORT_8080_TCP: 'tcp://10.0.0.1:8080',
      POSTRIDER_PORT_8080_TCP_ADDR: '10.0.0.1',
      POSTRIDER_PORT_8080_TCP_PORT: '8080',
      POSTRIDER_PORT_8080_TCP_PROTO: 'tcp',
      POSTRIDER_SERVICE_HOST: '10.0.0.1',
      POSTRIDER_SERVICE_PORT: '8080',
      POSTRIDER_SERVICE_PORT_HTTP: '8080',
    },
  });
  const env = {
    POSTRIDER_SERVER: server.url,
    POSTRIDER_KEY: rootKey,
    POSTRIDER_MAX_IN_FLIGHT: '77',
    POSTRIDER_TIMEOUT_MS: '60000',
    POSTRIDER_RETRY_DELAYS_MS: '1,2',
    POSTRIDER_PORT: 'tcp://10.0.0.1:8080',
    POSTRIDER_JSON: '1',
    POSTRIDER_LIMIT: 'tcp://10.0.0.1:8080',
  };
  const { code, out, err } = await postrider(
    ['endpoints', 'create', 'https://example.com/', '--json'],
    { env },
  );
  assert.equal(code, 0, err);
  const made = JSON.parse(out);
  assert.deepEqual([made.max_in_flight, made.timeout_ms], [32, 15_000]);
  assert.notDeepEqual(made.retry.delays_ms, [1, 2]);
  const list = await postrider(['endpoints', 'list'], { env });
  assert.equal(list.code, 0, list.err);
  assert.match(list.out, /^ID +/);
  const listener = launch(binary, ['listen', '--count', '1'], { env });
  t.after(() => listener.child.kill('SIGKILL'));
  await until('it listens', () => /http:\S+/.test(listener.err));
});

test('flags come from the environment and from a file', async (t) => {
  const { server } = await setUp(t);
  await server.api.emit();
  const file = join(tempDir(t), 'postrider.toml');
  writeFileSync(file, `server = "${server.url}"\nkey = "${rootKey}"\n`);
  const { code, out, err } = await postrider(['--config', file, 'events', 'list', '--json']);
  assert.equal(code, 0, err);
  assert.equal(JSON.parse(out).type, 'order.created');
});
