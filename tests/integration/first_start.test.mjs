// The first start: the first admin key is never lost, and a mistyped flag says so.
import assert from 'node:assert/strict';
import { chmodSync, existsSync, readdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';

import { Api, Server, binary, postrider } from './support/postrider.mjs';
import { launch } from './support/process.mjs';
import { sqlite } from './support/sql.mjs';
import { tempDir } from './support/temp.mjs';
import { until } from './support/until.mjs';

const firstKey = /^first admin key \(shown once\): (pr_[A-Za-z0-9_-]{43})$/m;

/// `serve` without a root key. Ended with the test.
function serve(t, db, flags = [], wrap = []) {
  const command = [...wrap, binary, 'serve', '--db', db, '--listen', '127.0.0.1:0', ...flags];
  const started = launch(command[0], command.slice(1));
  t.after(() => started.child.kill('SIGKILL'));
  return started;
}

async function listening(started) {
  const [, url] = await until('the server listens', () => {
    if (started.child.exitCode !== null) throw new Error(`it ended: ${started.err}`);
    return started.out.match(/^listening on (http:\S+)$/m);
  });
  return url;
}

async function stopped(started) {
  started.child.kill('SIGTERM');
  assert.equal((await started.ended).code, 0, started.err);
}

const countKeys = (db) => sqlite(db, 'SELECT count(*) FROM api_key');

test('the first start prints a key that works, and the second prints none', async (t) => {
  const db = join(tempDir(t), 'postrider.db');
  const first = serve(t, db);
  const api = new Api(await listening(first), { key: first.out.match(firstKey)[1] });
  assert.equal((await api.get('/v1/api-keys')).json.data.length, 1);
  api.close();
  await stopped(first);
  const second = serve(t, db);
  await listening(second);
  assert.doesNotMatch(second.out, firstKey);
  await stopped(second);
  assert.equal(await countKeys(db), '1');
});

const neverUsed = /no valid key with scope admin was ever used/;

test('a start says how to make a key while nobody has used one that can', async (t) => {
  const db = join(tempDir(t), 'postrider.db');
  const first = serve(t, db);
  await listening(first);
  await stopped(first);
  assert.doesNotMatch(first.err, neverUsed); // it printed the key
  const lost = serve(t, db);
  await listening(lost);
  assert.match(lost.err, neverUsed);
  assert.match(lost.err, /--root-key-file FILE.*keys create NAME --scope admin/);
  await stopped(lost);
  const root = 'pr_the_root_key_of_this_test';
  const withRoot = serve(t, db, ['--root-key', root]);
  const api = new Api(await listening(withRoot), { key: root });
  const made = await api.post('/v1/api-keys', { name: 'operator', scope: 'admin' });
  assert.equal(made.status, 201);
  api.close();
  await stopped(withRoot);
  assert.doesNotMatch(withRoot.err, neverUsed);
  const unused = serve(t, db);
  const operator = new Api(await listening(unused), { key: made.json.key });
  assert.match(unused.err, neverUsed); // it was made, but not used
  assert.equal((await operator.get('/v1/events')).status, 200);
  operator.close();
  await stopped(unused);
  const known = serve(t, db);
  await listening(known);
  assert.doesNotMatch(known.err, neverUsed);
  await stopped(known);
});

test('a start whose port is taken prints no key and stores none', async (t) => {
  const db = join(tempDir(t), 'postrider.db');
  const taken = createServer().listen(0, '127.0.0.1');
  t.after(() => taken.close());
  await new Promise((resolve) => taken.once('listening', resolve));
  const ended = await postrider(
    ['serve', '--db', db, '--listen', `127.0.0.1:${taken.address().port}`],
  );
  assert.equal(ended.code, 1);
  assert.match(ended.err, /cannot listen on 127\.0\.0\.1:\d+/);
  assert.doesNotMatch(ended.out + ended.err, /pr_/);
  assert.equal(await countKeys(db), '0');
  const next = serve(t, db);
  await listening(next);
  assert.match(next.out, firstKey);
  await stopped(next);
});

test('a first key that cannot be shown is not kept', async (t) => {
  const db = join(tempDir(t), 'postrider.db');
  const started = serve(t, db, [], ['/bin/sh', '-c', 'exec "$0" "$@" >/dev/full']);
  assert.equal((await started.ended).code, 1);
  assert.match(started.err, /the first admin key cannot be shown/);
  assert.equal(await countKeys(db), '0');
});

test('--root-key-file names a file with a key that is always valid', async (t) => {
  const directory = tempDir(t);
  const file = join(directory, 'key');
  writeFileSync(file, 'pr_a_key_from_a_file\n', { mode: 0o600 });
  const started = serve(t, join(directory, 'a.db'), ['--root-key-file', file]);
  const api = new Api(await listening(started), { key: 'pr_a_key_from_a_file' });
  assert.equal((await api.get('/v1/api-keys')).status, 200);
  api.close();
  assert.doesNotMatch(started.out, firstKey);
  await stopped(started);
  assert.doesNotMatch(started.err, /\(ps\)/);

  writeFileSync(join(directory, 'short'), 'short\n');
  writeFileSync(join(directory, 'empty'), '');
  for (const [name, words] of [
    ['short', /--root-key-file: needs at least 16 characters/],
    ['empty', /--root-key-file: cannot read a key from/],
    ['missing', /--root-key-file: cannot read a key from/],
  ]) {
    const flags = ['--root-key-file', join(directory, name)];
    const ended = await postrider(['serve', '--db', join(directory, 'b.db'), ...flags]);
    assert.equal(ended.code, 2, name);
    assert.match(ended.err, words);
  }
  const both = ['--root-key', 'a'.repeat(16), '--root-key-file', file];
  const ended = await postrider(['serve', '--db', join(directory, 'b.db'), ...both]);
  assert.equal(ended.code, 2);
  assert.match(ended.err, /--root-key-file: cannot be given together with --root-key/);
  assert.equal(existsSync(join(directory, 'b.db')), false);
});

test('a key on the command line is reported, one in the environment is not', async (t) => {
  const db = join(tempDir(t), 'postrider.db');
  const started = serve(t, db, ['--root-key', 'a-key-of-16-characters']);
  await listening(started);
  await stopped(started);
  assert.match(started.err, /warning --root-key is on the command line.*\(ps\)/);
  assert.doesNotMatch(started.err, /a-key-of-16-characters/);
  const other = await Server.start(t, { db });
  assert.equal(await other.stop(), 0);
  assert.doesNotMatch(other.log, /\(ps\)/);
});

test('a mistyped PostgreSQL URL is refused without its password, and makes no file', async (t) => {
  const cwd = tempDir(t);
  for (const db of [
    'postgresql:/shop:s3cret@localhost/app',
    'postgressql://shop:s3cret@localhost/app',
    'postgresql://shop:s3@cret@localhost/app',
    'postgresql://shop:s3cret%zz@localhost/app',
    'host=localhost password=s3cret',
  ]) {
    for (const command of ['serve', 'migrate', 'check']) {
      const ended = await postrider([command, '--db', db], { cwd });
      assert.equal(ended.code, 2, `${command} ${db}: ${ended.err}`);
      assert.match(ended.err, /^postrider: --db: /);
      assert.doesNotMatch(ended.err + ended.out, /s3|cret/);
    }
  }
  assert.deepEqual(readdirSync(cwd), []);
});

test('files are for their owner alone, and an open database is reported', async (t) => {
  const directory = tempDir(t);
  const db = join(directory, 'postrider.db');
  const first = serve(t, db);
  await listening(first);
  for (const name of readdirSync(directory)) {
    assert.equal(statSync(join(directory, name)).mode & 0o777, 0o600, name);
  }
  await stopped(first);
  assert.doesNotMatch(first.err, /chmod/);
  chmodSync(db, 0o644);
  const second = serve(t, db);
  await listening(second);
  await stopped(second);
  assert.match(second.err, /every user of this machine can open the database.*chmod/);
});

test('a lock that is a symbolic link is refused', async (t) => {
  const directory = tempDir(t);
  const victim = join(directory, 'victim');
  writeFileSync(victim, 'precious');
  symlinkSync(victim, join(directory, 'postrider.db.lock'));
  const ended = await postrider(['serve', '--db', join(directory, 'postrider.db')]);
  assert.equal(ended.code, 1);
  assert.match(ended.err, /postrider\.db\.lock: it is a symbolic link/);
});
