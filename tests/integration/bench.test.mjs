// `postrider bench`: that all of it runs, and that its output is what scripts and people read. Its
// figures mean nothing here.
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { test } from 'node:test';

import { postrider } from './support/postrider.mjs';
import { tempDir } from './support/temp.mjs';

const groups = [
  'commits',
  'throughput',
  'latency',
  'isolation',
  'backlog',
  'endurance',
  'idle',
  'storm',
];

test('a quick run measures everything and leaves nothing behind', async (t) => {
  const dir = tempDir(t);
  const args = ['bench', '--quick', '--dir', dir, '--json'];
  const { code, out, err } = await postrider(args, { withinMs: 90_000 });
  assert.equal(code, 0, err);
  const { machine, figures } = JSON.parse(out);
  assert.match(machine.sqlite, /synchronous=FULL/);
  assert.deepEqual([...new Set(figures.map(({ group }) => group))], groups);
  for (const { group, name, median } of figures.filter(({ unit }) => unit.endsWith('/s'))) {
    assert.ok(median > 0, `${group}: ${name} is ${median}`);
  }
  assert.ok(figures.some(({ ratio }) => ratio > 0));
  assert.deepEqual(readdirSync(dir), []);
});

test('the table has one line for each figure', async (t) => {
  const args = ['bench', '--quick', '--dir', tempDir(t), '--only', 'commits'];
  const { code, out } = await postrider(args);
  assert.equal(code, 0);
  assert.match(out, /^GROUP +WHAT +MEDIAN +UNIT +SPREAD +RATIO/m);
  assert.equal(out.match(/^commits +/gm).length, 4);
});

test('a group that is not there, or a folder that is not, ends with one line', async (t) => {
  const unknown = await postrider(['bench', '--only', 'speed']);
  assert.equal(unknown.code, 2);
  assert.match(unknown.err, /^postrider: --only: there is no speed, but: commits; throughput; /m);
  const missing = await postrider(['bench', '--quick', '--dir', `${tempDir(t)}/none`]);
  assert.equal(missing.code, 1);
  assert.match(missing.err, /none/);
});
