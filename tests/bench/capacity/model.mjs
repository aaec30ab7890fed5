// Computes the cost of sending 10,000 events a second for 1,000,000 endpoints. Uses what
// measure.mjs has measured, and a simulation.
// docs/SCALING.md has its tables.
//
//   node tests/bench/capacity/model.mjs [--seed 1] [--seconds 30]
//   node tests/bench/capacity/model.mjs --update docs/SCALING.md
import { readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';

import { tables } from './tables.mjs';

const mark = /(<!-- model: (\w+) -->\n)((?:\|.*\n)*)/g;

/** A document with these tables behind its marks. */
export function updated(text, named) {
  return text.replace(mark, (_, head, name) => {
    if (named[name] === undefined) throw new Error(`there is no table ${name}`);
    return `${head}${named[name]}\n`;
  });
}

/** The tables of a document by their names. */
export function tablesOf(text) {
  return Object.fromEntries([...text.matchAll(mark)].map(([, , name, rows]) => [name, rows.trimEnd()]));
}

export const defaults = { seed: 1, seconds: 30 };

function main() {
  const { values } = parseArgs({
    options: {
      seed: { type: 'string' },
      seconds: { type: 'string' },
      update: { type: 'string' },
    },
  });
  const named = tables({
    seed: Number(values.seed ?? defaults.seed),
    seconds: Number(values.seconds ?? defaults.seconds),
  });
  if (values.update === undefined) {
    for (const [name, text] of Object.entries(named)) console.log(`${name}\n\n${text}\n`);
    return;
  }
  writeFileSync(values.update, updated(readFileSync(values.update, 'utf8'), named));
}

if (import.meta.url === new URL(process.argv[1], 'file://').href) main();
