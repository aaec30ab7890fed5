// Runs what the documents show, and holds their tables against the program.
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import {
  existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { test } from 'node:test';

import { PostgresDatabase } from '../integration/support/database.mjs';
import { blocksOf, codeRowsOf } from './markdown.mjs';
import { Session, binary, hasModule, root } from './session.mjs';

const read = (path) => readFileSync(join(root, path), 'utf8');
const documents = [
  'README.md',
  ...readdirSync(join(root, 'docs'), { recursive: true })
    .filter((name) => name.endsWith('.md'))
    .map((name) => join('docs', name))
    .sort(),
];
// Schedules of milliseconds, so that dead letters do not take days.
const serveArgs = { 'docs/guides/retries-and-dead-letters.md': ['--retry-delays-ms', '10,10'] };
const onPostgres = ['docs/guides/sql-outbox-postgresql.md'];

/** README.md starts what it needs itself, with ./run. */
async function startSession(t, path) {
  if (path === 'README.md') return Session.startInCheckout();
  const db = onPostgres.includes(path) ? (await PostgresDatabase.make(t)).url : undefined;
  return Session.start(serveArgs[path] ?? [], db);
}

for (const path of documents) {
  const blocks = blocksOf(read(path));
  if (blocks.length === 0) continue;
  test(`what ${path} shows works`, { timeout: 400_000 }, async (t) => {
    const session = await startSession(t, path);
    t.after(() => session.stop());
    for (const block of blocks) {
      const name =
        block.test ?? block.file ?? block.background ?? block.check ?? `received ${block.received}`;
      const missing = [
        ...block.requires.filter((module) => !hasModule(module)),
        ...block.needs.filter((command) => !session.succeeds(command)),
      ];
      await t.test(
        `${path}:${block.line} ${name}`,
        { skip: missing.length > 0 && `there is no ${missing.join(', ')}` },
        async () => {
          if (block.file !== undefined) session.writeFile(block.file, block.text);
          else if (block.background !== undefined) await session.background(block);
          else if (block.check !== undefined) await session.check();
          else if (block.received !== undefined) await session.received(block);
          else await session.run(block);
        },
      );
    }
    const status = await session.stop();
    if (path !== 'README.md') assert.equal(status, 0, 'the service ends with status 0');
  });
}

/** Writes the named file of the deployment guide, changed by `adapt`, and runs a command on it. */
function checkDeployment(t, name, command, args, adapt = (text) => text) {
  if (spawnSync(command, ['--version']).error) return t.skip(`there is no ${command}`);
  const block = blocksOf(read('docs/guides/deploying.md')).find(({ file }) => file === name);
  const folder = mkdtempSync(join(tmpdir(), 'postrider-docs-'));
  t.after(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, name), adapt(block.text, folder));
  const { status, stdout, stderr } = spawnSync(command, args(folder), {
    cwd: folder, encoding: 'utf8', env: { ...process.env, HOME: folder },
  });
  assert.equal(status, 0, `${stdout}\n${stderr}`);
  return `${stdout}${stderr}`;
}

test('systemd takes the unit of the deployment guide without a remark', (t) => {
  const output = checkDeployment(
    t, 'postrider.service', 'systemd-analyze', () => ['verify', '--man=no', './postrider.service'],
    (text) => text.replace('/usr/local/bin/postrider', binary),
  );
  assert.equal(output ?? '', '');
});

test('nginx takes the configuration of the deployment guide', (t) => {
  const args = (folder) => ['-t', '-c', join(folder, 'all')];
  checkDeployment(t, 'nginx.conf', 'nginx', args, (text, folder) => {
    const inFolder = (path) => join(folder, path);
    execFileSync('openssl', [
      'req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '1',
      '-subj', '/CN=localhost', '-keyout', inFolder('site.key'), '-out', inFolder('site.pem'),
    ], { stdio: 'ignore' });
    writeFileSync(inFolder('all'), `pid ${inFolder('pid')};\nerror_log stderr;\nevents {}\n`
      + `http { access_log off; include ${inFolder('nginx.conf')}; }\n`);
    return text.replaceAll('/etc/ssl/webhooks.example.com', inFolder('site'));
  });
});

test('Caddy takes the configuration of the deployment guide', (t) => {
  checkDeployment(
    t, 'Caddyfile', 'caddy', () => ['validate', '--adapter', 'caddyfile', '--config', 'Caddyfile'],
  );
});

test('links between documents lead somewhere', () => {
  for (const path of documents) {
    for (const [, target] of read(path).matchAll(/\]\(([^)#\s]+)(?:#[^)]*)?\)/g)) {
      if (target.includes('://')) continue;
      const file = resolve(root, dirname(path), target);
      assert.ok(existsSync(file), `${path} links to ${target}`);
    }
  }
});

test('README.md links to every guide', () => {
  const readme = read('README.md');
  for (const path of documents.filter((name) => name.startsWith('docs/guides/')))
    assert.ok(readme.includes(`](${path})`), path);
});

test('files that documents name exist', () => {
  const named = /`((?:lib|app|tests|migrations|docker|\.ci)\/[\w./-]+\.(?:h|cc|sql|json|mjs|txt))`/g;
  for (const path of documents) {
    for (const [, file] of read(path).matchAll(named)) {
      if (/NNNN/.test(file)) continue;
      assert.ok(existsSync(join(root, file)), `${path} names ${file}`);
    }
  }
});

test('the metrics guide has every metric with its type', async (t) => {
  const session = await Session.start();
  t.after(() => session.stop());
  const headers = { authorization: `Bearer ${session.key}` };
  // The first answer is among those that the second one counts.
  await (await fetch(`${session.url}/metrics`, { headers })).text();
  const answer = await fetch(`${session.url}/metrics`, { headers });
  assert.equal(answer.status, 200);
  const served = [...(await answer.text()).matchAll(/^# TYPE (\S+) (\S+)$/gm)]
    .map(([, name, type]) => `${name} ${type}`);
  const documented = codeRowsOf(read('docs/guides/metrics.md'))
    .filter(([name]) => /^`(?:postrider|process)_/.test(name))
    .map(([name, type]) => `${name.replaceAll('`', '').replace(/\{.*/, '')} ${type}`);
  assert.deepEqual(documented.sort(), served.sort());
});

test('the guide to running has every flag of serve with its default', () => {
  const help = execFileSync(binary, ['serve', '--help'], { encoding: 'utf8' });
  const served = [...help.matchAll(/^ {2}--([a-z-]+) [A-Z]+(?: \.\.\.)?(?::(?:INT|FLOAT) in \[[^\]]*\])?(?:=(\S+))?/gm)]
    .map(([, name, value]) => `--${name} ${value ?? '-'}`);
  assert.ok(served.length > 10);
  const documented = codeRowsOf(read('docs/guides/running.md'))
    .filter(([name]) => name.startsWith('`--'))
    .map(([name, value]) => `${name.replaceAll('`', '')} ${value.replaceAll('`', '')}`);
  assert.deepEqual(documented.sort(), served.sort());
});

test('the outbox guide has every column in order', () => {
  const schema = read('migrations/sqlite/schema.sql');
  const [, columns] = /CREATE TABLE outbox \(([^;]*)\);/.exec(schema);
  const served = [...columns.matchAll(/^ {2}(\w+) [A-Z]+/gm)].map(([, name]) => name);
  const documented = codeRowsOf(read('docs/guides/sql-outbox.md'))
    .map(([name]) => name.replaceAll('`', ''));
  assert.deepEqual(documented, served);
});

test('the retry guide has the default schedule of the program', async (t) => {
  const session = await Session.start();
  t.after(() => session.stop());
  const headers = {
    authorization: `Bearer ${session.key}`, 'content-type': 'application/json',
  };
  const body = JSON.stringify({ url: 'http://127.0.0.1:1/' });
  const answer = await fetch(`${session.url}/v1/endpoints`, { method: 'POST', headers, body });
  const { retry } = await answer.json();
  const [, shown] = /"delays_ms":\[([\d,]+)\]/.exec(
    read('docs/guides/retries-and-dead-letters.md').replaceAll(/\s/g, ''),
  );
  assert.deepEqual(shown.split(',').map(Number), retry.delays_ms);
});
