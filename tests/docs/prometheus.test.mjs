// What docs/prometheus/ holds is what Prometheus takes, and what the program serves.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';

import { Session, root } from './session.mjs';

const folder = join(root, 'docs/prometheus');

/** A copy of the files with the key that the configuration names. */
function copied(t) {
  const copy = mkdtempSync(join(tmpdir(), 'postrider-prometheus-'));
  t.after(() => rmSync(copy, { recursive: true }));
  cpSync(folder, copy, { recursive: true });
  writeFileSync(join(copy, 'postrider.key'), 'pr_key\n');
  return copy;
}

const promtool = (args, options = {}) =>
  execFileSync('promtool', args, { encoding: 'utf8', stdio: 'pipe', timeout: 60_000, ...options });

async function metricsOf(t) {
  const session = await Session.start();
  t.after(() => session.stop());
  const headers = { authorization: `Bearer ${session.key}` };
  const first = await fetch(`${session.url}/metrics`, { headers });
  assert.equal(first.status, 200);
  await first.text();
  // The second answer has the first among the requests of the API.
  return (await fetch(`${session.url}/metrics`, { headers })).text();
}

test('Prometheus takes the scrape configuration and the alert rules', (t) => {
  const cwd = copied(t);
  assert.match(promtool(['check', 'config', 'prometheus.yml'], { cwd }), /SUCCESS/);
  assert.match(promtool(['check', 'rules', 'postrider.rules.yml'], { cwd }), /SUCCESS/);
});

test('the alert rules fire when they should and at nothing else', (t) => {
  const cwd = copied(t);
  assert.match(promtool(['test', 'rules', 'postrider.rules.test.yml'], { cwd }), /SUCCESS/);
});

test('each alert has a test', () => {
  const rules = readFileSync(join(folder, 'postrider.rules.yml'), 'utf8');
  const tests = readFileSync(join(folder, 'postrider.rules.test.yml'), 'utf8');
  const alerts = [...rules.matchAll(/- alert: (\w+)/g)].map(([, name]) => name);
  assert.ok(alerts.length > 10);
  for (const name of alerts)
    assert.match(tests, new RegExp(`alertname: ${name}\\n\\s+exp_alerts:\\n\\s+- exp_labels`), name);
});

test('the alert rules use only metrics and labels that the program serves', async (t) => {
  const served = await metricsOf(t);
  const rules = readFileSync(join(folder, 'postrider.rules.yml'), 'utf8');
  const expressions = [...rules.matchAll(/expr: (?:>-\n)?((?:.|\n(?! {8}\w+:))*)/g)].map((m) => m[1]);
  assert.ok(expressions.length > 10);
  for (const expression of expressions) {
    for (const [, name, labels = ''] of expression.matchAll(
      /\b((?:postrider|process)_\w+)(?:\{([^}]*)\})?/g,
    )) {
      const lines = served.split('\n').filter((line) => line.startsWith(name));
      assert.ok(lines.length > 0, `${name} is not served`);
      for (const [, label, value] of labels.matchAll(/(\w+)=~?"([^"]*)"/g)) {
        if (label === 'job' || label === 'status') continue;
        assert.ok(
          lines.some((line) => line.includes(`${label}="${value}"`)),
          `${name} has no ${label}="${value}"`,
        );
      }
    }
  }
});

test('Prometheus takes what the program serves', async (t) => {
  const served = await metricsOf(t);
  assert.equal(promtool(['check', 'metrics'], { input: served }), '');
});
