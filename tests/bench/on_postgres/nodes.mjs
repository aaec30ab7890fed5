// One node of Postrider on PostgreSQL beside several on the same machine: the same events in batches of
// 500, from the same producers, for the same endpoints. See docs/BENCHMARKS.md.
//
//   npm ci --prefix tests/bench/on_postgres
//   node tests/bench/on_postgres/nodes.mjs --server postgresql://user@host --postrider BINARY
//     [--nodes 2] [--events 30000] [--rounds 5] [--endpoints 64] [--in-flight 100]
//
// The server is one that keeps what it commits (fsync on); databases are made in it and dropped.
import { parseArgs } from 'node:util';

import { postrider, print, printRatio } from './rig.mjs';

const { values: options } = parseArgs({
  options: {
    server: { type: 'string' },
    postrider: { type: 'string' },
    nodes: { type: 'string', default: '2' },
    events: { type: 'string', default: '30000' },
    rounds: { type: 'string', default: '5' },
    endpoints: { type: 'string', default: '64' },
    'in-flight': { type: 'string', default: '100' },
  },
});
const given = {
  server: options.server,
  binary: options.postrider,
  events: Number(options.events),
  endpoints: Number(options.endpoints),
  inFlight: Number(options['in-flight']),
  producers: 2,
};
const one = [];
const several = [];
for (let round = 0; round < Number(options.rounds); ++round) {
  one.push(await postrider({ ...given, nodes: 1 }));
  several.push(await postrider({ ...given, nodes: Number(options.nodes) }));
}
print({ '1 node': one, [`${options.nodes} nodes`]: several });
printRatio('ratio', several, one);
