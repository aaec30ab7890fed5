// `postrider dev`: a service with a receiver, in the foreground and in the background.
import assert from 'node:assert/strict';
import { existsSync, readFileSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

import { binary, postrider } from './support/postrider.mjs';
import { launch } from './support/process.mjs';
import { tempDir } from './support/temp.mjs';
import { until, within } from './support/until.mjs';

const ended = { code: 0, signal: null };

test('dev prints a verified webhook, and leaves nothing behind on SIGINT and SIGTERM', async (t) => {
  for (const signal of ['SIGINT', 'SIGTERM']) {
    const home = tempDir(t);
    const dev = launch(binary, ['dev', '--listen', '127.0.0.1:0'], {
      cwd: home,
      env: { TMPDIR: home },
    });
    t.after(() => dev.child.kill('SIGKILL'));
    await until('it says that it is ready', () => /^listening on http:/m.test(dev.out), {
      withinMs: 20_000,
    });
    assert.match(dev.out, /^\S+ \S+Z {2}VERIFIED {2}order\.created$/m);
    const [, url] = dev.out.match(/API +(http:\S+)/);
    const [, key] = dev.out.match(/key +(pr_\S{43})/);
    const env = { POSTRIDER_SERVER: url, POSTRIDER_KEY: key };
    assert.equal((await postrider(['emit', 'order.paid', '{"n":1.0}'], { env })).code, 0);
    await until('the second arrives', () =>
      /VERIFIED {2}order\.paid\n.*\n.*"data":\{"n":1\.0\}/.test(dev.out),
    );
    dev.child.kill(signal);
    assert.deepEqual(await within('it ends', 15_000, dev.ended), ended);
    assert.equal(existsSync(`/proc/${dev.pid}`), false);
    assert.deepEqual(readdirSync(home), []);
    assert.equal(/error|warning/i.test(dev.err), false, dev.err);
  }
});

test('dev --background returns when it is ready, and its receiver knows every secret', async (t) => {
  const home = tempDir(t);
  const folder = join(home, 'run');
  const dev = (...args) =>
    postrider(['dev', '--listen', '127.0.0.1:0', ...args], { cwd: home, env: { TMPDIR: home } });
  const started = await dev('--background', folder);
  assert.equal(started.code, 0, started.err);
  assert.match(started.out, /Z {2}VERIFIED {2}order\.created$/m);
  const pid = Number(readFileSync(join(folder, 'pid'), 'utf8'));
  t.after(() => existsSync(`/proc/${pid}`) && process.kill(pid, 'SIGKILL'));
  const variables = readFileSync(join(folder, 'env'), 'utf8');
  assert.ok(started.out.includes(variables), 'it prints the lines of env');
  for (const name of ['env', 'log', 'pid'])
    assert.equal(statSync(join(folder, name)).mode & 0o777, 0o600, name);
  const second = await dev('--background', folder);
  assert.equal(second.code, 1);
  assert.match(second.err, /process \d+ runs in .* already/);

  const [, url] = /^export RECEIVER='(.*)'$/m.exec(variables);
  const env = Object.fromEntries([
    ['POSTRIDER_SERVER', /^export POSTRIDER='(.*)'$/m.exec(variables)[1]],
    ['POSTRIDER_KEY', /^export KEY='(.*)'$/m.exec(variables)[1]],
  ]);
  const create = (...args) => postrider(['endpoints', 'create', ...args], { env });
  assert.equal((await create(`${url}/standard`)).code, 0);
  assert.equal((await create(`${url}/github`, '--set', 'signature={"scheme":"github"}')).code, 0);
  assert.equal((await postrider(['emit', 'order.paid', '{"n":1.0}'], { env })).code, 0);
  const log = () => readFileSync(join(folder, 'log'), 'utf8');
  await until('both are verified', () =>
    ['standard', 'github'].every((path) =>
      new RegExp(`Z {2}VERIFIED {2}order\\.paid\\n {2}POST /${path} `).test(log())),
  );

  assert.match((await dev('--stop', folder)).out, /^stopped process \d+$/m);
  assert.deepEqual(readdirSync(home), ['run'], 'the temporary database is gone');
  assert.deepEqual(readdirSync(folder).sort(), ['log', 'pid']);
  assert.match((await dev('--stop', folder)).out, /^nothing runs in /);
});
