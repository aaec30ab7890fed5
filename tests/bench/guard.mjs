// guard.mjs HOT_PATH VALGRIND [--update]: what each stage of a delivery costs in instructions and
// allocations, beside budget.json. Fails above the budget and its margin; --update rewrites it.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/// Other versions of the libraries move a figure by a few per cent; a statement more, a copy of a
/// payload or a look-up of an algorithm by name moves it by more than that.
const margins = { instructions: 1.1, allocations: 1.02 };
const budgetFile = new URL('budget.json', import.meta.url);

const [hotPath, valgrind, update] = process.argv.slice(2);
const dir = mkdtempSync(join(tmpdir(), 'postrider-guard-'));

function measure() {
  const out = join(dir, 'callgrind');
  const run = spawnSync(
    valgrind,
    ['--tool=callgrind', '--collect-atstart=no', `--callgrind-out-file=${out}`, hotPath],
    { encoding: 'utf8', timeout: 100_000 },
  );
  if (run.status !== 0) throw new Error(`${hotPath} under callgrind: ${run.stderr}`);
  const lines = run.stdout.trim().split('\n');
  const deliveries = Number(lines.shift().split(' ')[1]);
  const stages = {};
  for (const line of lines) {
    const [, name, allocations] = line.match(/^(.+) ([\d.]+)$/);
    stages[name] = { instructions: 0, allocations: Number(allocations) };
  }
  for (const file of readdirSync(dir)) {
    const text = readFileSync(join(dir, file), 'utf8');
    const name = text.match(/^desc: Trigger: Client Request: (.+)$/m)?.[1];
    if (name in stages) stages[name].instructions += Number(text.match(/^totals: (\d+)/m)[1]);
  }
  for (const stage of Object.values(stages)) {
    stage.instructions = Math.round(stage.instructions / deliveries);
    if (stage.instructions === 0) throw new Error('callgrind has not counted every stage');
  }
  return stages;
}

function judge(stages, budget) {
  let ok = true;
  for (const [name, stage] of Object.entries(stages)) {
    for (const [kind, margin] of Object.entries(margins)) {
      const allowed = budget[name]?.[kind] ?? 0;
      const over = stage[kind] > allowed * margin;
      if (over) ok = false;
      const verdict = over ? 'TOO MUCH' : stage[kind] * margin < allowed ? 'better' : 'ok';
      console.log(`${name}: ${stage[kind]} ${kind} a delivery, budget ${allowed}: ${verdict}`);
    }
  }
  return ok;
}

try {
  const stages = measure();
  if (update === '--update') {
    writeFileSync(budgetFile, `${JSON.stringify(stages, null, 2)}\n`);
    console.log(JSON.stringify(stages, null, 2));
  } else if (!judge(stages, JSON.parse(readFileSync(budgetFile, 'utf8')))) {
    console.log('A change made the hot path dearer. Where that is its price, see CONTRIBUTING.md.');
    process.exitCode = 1;
  }
} finally {
  rmSync(dir, { recursive: true, force: true });
}
