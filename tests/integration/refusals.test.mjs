// What does not start: one clear line, a status that scripts can use, and files left as they are.
import assert from 'node:assert/strict';
import { existsSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

import { Server, postrider, rootKey } from './support/postrider.mjs';
import { Receiver } from './support/receiver.mjs';
import { sqlite } from './support/sql.mjs';
import { sha256OfFile, tempDir } from './support/temp.mjs';

const serve = (db, ...flags) =>
  postrider(['serve', '--db', db, '--listen', '127.0.0.1:0', ...flags], {
    env: { POSTRIDER_ROOT_KEY: rootKey },
  });

/// Ended with `status` and one line on stderr that matches `words`.
function assertRefused(ended, status, words) {
  assert.equal(ended.code, status, ended.err);
  assert.equal(ended.err.trimEnd().split('\n').length, 1, ended.err);
  assert.match(ended.err, words);
  assert.match(ended.err, /^postrider: /);
  assert.doesNotMatch(ended.out, /listening/);
}

/// A database with an endpoint and some delivered events, of a service that is stopped.
async function usedDatabase(t) {
  const db = join(tempDir(t), 'postrider.db');
  const receiver = await Receiver.start(t);
  const server = await Server.start(t, { db });
  await server.api.endpoint(receiver.url);
  const data = 'x'.repeat(3000);
  const events = Array.from({ length: 200 }, () => ({ type: 'a.b', data }));
  await server.api.expect(202, 'POST', '/v1/events/batch', { events });
  await receiver.got(200);
  await server.api.settled();
  assert.equal(await server.stop(), 0);
  return db;
}

test('a service that was stopped leaves the whole database in its one file', async (t) => {
  const db = await usedDatabase(t);
  assert.equal(existsSync(`${db}-wal`), false);
  const copy = join(tempDir(t), 'copy.db');
  writeFileSync(copy, readFileSync(db));
  assert.equal(await sqlite(copy, 'SELECT count(*) FROM event'), '200');
});

test('a second process on the same database is refused and the first goes on', async (t) => {
  const receiver = await Receiver.start(t);
  const first = await Server.start(t);
  await first.api.endpoint(receiver.url);
  assertRefused(await serve(first.db), 1, new RegExp(`${first.pid}`));
  assertRefused(await postrider(['migrate', '--db', first.db]), 1, new RegExp(`${first.pid}`));
  await first.api.emit();
  await receiver.got(1);
  await first.kill();
  const second = await Server.start(t, { db: first.db });
  assert.equal(await second.stop(), 0, 'a killed process leaves no lock behind');
});

test('a wrong flag ends with status 2 and one line that names it', async (t) => {
  const db = join(tempDir(t), 'postrider.db');
  const wrong = [
    [['--no-such-flag'], /no-such-flag/],
    [['--max-in-flight', '0'], /max-in-flight/],
    [['--max-in-flight', 'many'], /max-in-flight/],
    [['--retry-delays-ms', '5,x'], /retry-delays-ms/],
    [['--retry-delays-ms', '-5'], /retry-delays-ms/],
    [['--allow-net', '10.0.0.0/33'], /allow-net/],
    [['--allow-net', 'localhost'], /allow-net/],
    [['--listen', '127.0.0.1'], /listen/],
    [['--listen', '127.0.0.1:70000'], /listen/],
    [['--timeout-ms', '999'], /timeout-ms/],
    [['--log-format', 'xml'], /log-format/],
    [['--log-level', 'loud'], /log-level/],
    [['--root-key', 'short'], /root-key/],
  ];
  for (const [flags, words] of wrong) {
    const ended = await postrider(['serve', '--db', db, ...flags]);
    assertRefused(ended, 2, words);
  }
  assertRefused(
    await postrider(['serve', '--db', db], { env: { POSTRIDER_MAX_IN_FLIGHT: 'none' } }),
    2,
    /max-in-flight|POSTRIDER_MAX_IN_FLIGHT/,
  );
  assertRefused(await postrider(['serv']), 2, /serv/);
  assert.equal(existsSync(db), false, 'no database was made');
});

test('a wrong configuration file ends with status 2 and one line that names it', async (t) => {
  const directory = tempDir(t);
  const db = join(directory, 'postrider.db');
  const file = join(directory, 'postrider.toml');
  const wrong = [
    ['no_such_key = 1\n', /no_such_key/],
    ['max-in-flight = "many"\n', /max-in-flight/],
    ['max-in-flight = = 3\n[[[\n', /./],
  ];
  for (const [text, words] of wrong) {
    writeFileSync(file, text);
    assertRefused(await postrider(['--config', file, 'serve', '--db', db]), 2, words);
  }
  const missing = join(directory, 'missing.toml');
  assertRefused(await postrider(['--config', missing, 'serve', '--db', db]), 2, /missing\.toml/);
  assert.equal(existsSync(db), false, 'no database was made');
});

test('a configuration file sets what flags set', async (t) => {
  const directory = tempDir(t);
  const file = join(directory, 'postrider.toml');
  writeFileSync(file, 'max-event-bytes = 64\n');
  const server = await Server.start(t, { flags: ['--config', file] });
  const answer = await server.api.post('/v1/events', { type: 'a.b', data: 'x'.repeat(100) });
  assert.ok([413, 422].includes(answer.status), answer.text);
  assert.match(answer.text, /64/);
});

test('a port that is taken ends with status 1 and one line that names it', async (t) => {
  const receiver = await Receiver.start(t);
  const ended = await postrider([
    ...['serve', '--db', join(tempDir(t), 'a.db'), '--listen', `127.0.0.1:${receiver.port}`],
  ]);
  assertRefused(ended, 1, new RegExp(`${receiver.port}`));
});

test('a database that is not for this program is refused and left as it is', async (t) => {
  const directory = tempDir(t);
  const files = {
    async newer(path) {
      await sqlite(path, 'PRAGMA user_version = 999');
      return /version 999/;
    },
    async newerMigration(path) {
      await sqlite(path, `INSERT INTO migration SELECT 999, name, checksum FROM migration LIMIT 1`);
      return /does not know/;
    },
    async otherApplication(path) {
      writeFileSync(path, '');
      await sqlite(path, 'CREATE TABLE song (name TEXT); INSERT INTO song VALUES (1)');
      return /another application/;
    },
    async text(path) {
      writeFileSync(path, 'These are notes, and no database at all.\n'.repeat(100));
      return /not an SQLite database/;
    },
    async damagedHeader(path) {
      const bytes = readFileSync(path);
      bytes.fill(0xa5, 100, 4096);
      writeFileSync(path, bytes);
      return /damaged/;
    },
    async truncated(path) {
      truncateSync(path, 8192);
      return /damaged/;
    },
    async damagedRoot(path) {
      const page = await sqlite(path, `SELECT rootpage FROM sqlite_schema WHERE name = 'endpoint'`);
      const bytes = readFileSync(path);
      bytes.fill(0xa5, (Number(page) - 1) * 4096, Number(page) * 4096);
      writeFileSync(path, bytes);
      return /damaged|malformed/;
    },
  };
  const good = await usedDatabase(t);
  for (const [name, make] of Object.entries(files)) {
    const path = join(directory, `${name}.db`);
    writeFileSync(path, readFileSync(good));
    const words = await make(path);
    const before = sha256OfFile(path);
    for (const command of [
      ['serve', '--listen', '127.0.0.1:0', '--db', path],
      ['migrate', '--db', path],
    ]) {
      const ended = await postrider(command);
      assertRefused(ended, 1, words);
      assert.ok(ended.err.includes(path), `${name}: ${ended.err}`);
      assert.equal(sha256OfFile(path), before, `${name}: the file is as it was`);
    }
  }
});

test('check finds what is wrong with a damaged copy and praises a sound one', async (t) => {
  const db = await usedDatabase(t);
  const sound = await postrider(['check', '--db', db]);
  assert.equal(sound.code, 0, sound.out + sound.err);

  const bytes = readFileSync(db);
  const page = await sqlite(
    db,
    `SELECT rootpage FROM sqlite_schema WHERE name = 'delivery_endpoint'`,
  );
  bytes.fill(0x5a, (Number(page) - 1) * 4096 + 200, Number(page) * 4096);
  const copy = join(tempDir(t), 'copy.db');
  writeFileSync(copy, bytes);
  const damaged = await postrider(['check', '--db', copy]);
  assert.equal(damaged.code, 1, damaged.out + damaged.err);
  assert.ok((damaged.out + damaged.err).length > 20);

  const broken = join(tempDir(t), 'broken.db');
  writeFileSync(broken, readFileSync(db));
  await sqlite(broken, 'DELETE FROM event WHERE id = (SELECT min(id) FROM event)');
  const orphans = await postrider(['check', '--db', broken]);
  assert.equal(orphans.code, 1, orphans.out + orphans.err);
  assert.match(orphans.out, /delivery/);
});
