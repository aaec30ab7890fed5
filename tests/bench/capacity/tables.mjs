// What the model says, as Markdown tables with names: docs/SCALING.md has each of them.
import { limitsOf, nodesFor, ofOneNode, reckon } from './arithmetic.mjs';
import { assumed, costsAt, measured } from './inputs.mjs';
import { simulateClosed, simulateOpen } from './simulation.mjs';

const levels = [500, 1000, 2500, 5000, 10_000, 20_000];
const simulatedLevels = levels.slice(0, -1);

function table(heads, rows) {
  const line = (cells) => `| ${cells.join(' | ')} |`;
  return [line(heads), `|${heads.map(() => '---|').join('')}`, ...rows.map(line)].join('\n');
}

/** With the digits that mean something. */
function shown(value) {
  if (typeof value === 'string') return value;
  const rounded = value >= 1000 ? Number(value.toPrecision(3)) : value;
  const digits = value >= 100 ? 0 : value >= 10 ? 1 : 2;
  return rounded.toLocaleString('en-US', { maximumFractionDigits: digits });
}
const percent = (share) => `${Math.round(share * 100)} %`;

/** A measurement that clients made who each send one request after the other, once more. */
function reproduce({ clients, size, row, count, fanOut = 1, nodes = 1 }) {
  const { machine, steady, appends } = measured;
  // Clients and receiver were measured as one; without deliveries there are only clients.
  const receiverUs = steady.cost.others_us - appends.cost.others_us;
  const none = { hangShare: 0, refuseShare: 0, medianMs: 1, sigma: 0, refuseMs: 1, downForMs: 0 };
  const endpoints = 1000;
  return simulateClosed({
    seed: 1,
    clients,
    size,
    count,
    shape: {
      machineCores: machine.cores,
      nodes,
      slots: assumed.node.slots,
      roundTripMs: 0.02,
      syncMs: row.sync_ms,
      logBytesPerMs: assumed.logBytesPerMs,
    },
    load: { endpoints, zipf: 0, fanOut, ...none },
    costs: { ...costsAt(endpoints), receiverMs: receiverUs / 1000 },
    clientMs: Math.max(row.others_us - receiverUs, 0) * fanOut / 1000,
    strangers: Math.max(row.strangers_us, 0) * row.per_second / 1e6,
  });
}

/** What others used of the processors meanwhile, for each part that was used here. */
const strangersIn = ({ strangers_us: strangers, node_us: node, postgres_us: server, others_us: rest }) =>
  Math.max(strangers / (node + server + rest), 0);

/** What was measured, beside what the model makes of it. */
export function reproductions() {
  const { machine: { events }, steady, singles, shared, fan_out: fanOut } = measured;
  const rows = [
    ['batches of 500', { clients: 2, size: 500, count: events, row: steady.cost }],
    ['batches of 500, fan-out 1:10',
      { clients: 2, size: 500, count: events / 10, fanOut: 10, row: fanOut }],
    ...Object.keys(singles).map(Number).map((clients) => [
      `single events, ${clients} at a time`,
      { clients, size: 1, count: events / 10, row: singles[clients] },
    ]),
    ['two nodes, batches of 500',
      { clients: 2, size: 500, count: events, nodes: 2, row: shared.batches }],
    ['two nodes, single events, 32 at a time',
      { clients: 32, size: 1, count: events / 10, nodes: 2, row: shared.singles }],
  ];
  return rows.map(([name, what]) => ({
    name,
    measured: what.row.per_second,
    strangers: strangersIn(what.row),
    simulated: reproduce(what),
  }));
}

/** So many events a second on so many nodes, for some seconds. */
export function simulate(eventsPerS, nodes, inputs, { seed, seconds }) {
  const { node, database, roundTripMs, syncMs, logBytesPerMs, load } = inputs;
  const shape = {
    nodes,
    nodeCores: node.cores,
    slots: node.slots,
    databaseCores: database.cores,
    roundTripMs,
    syncMs,
    logBytesPerMs,
  };
  const costs = costsAt(load.endpoints);
  return simulateOpen({ seed, shape, load, costs, eventsPerS, size: 1, seconds });
}

function costTable() {
  const { steady, upkeep, fan_out: fanOut, singles, shared, appends, drain, endpoints } = measured;
  const row = (name, cost) => [
    name, cost.node_us, cost.postgres_us, cost.log_records_bytes, cost.per_second,
  ].map(shown);
  return table(
    ['for each', 'node, µs', 'PostgreSQL, µs', 'log, bytes', 'a second'],
    [
      row('event with a delivery, batches of 500', steady.cost),
      row('the same, single events on 32 connections', singles[32]),
      row('the same, to two nodes in turn', shared.singles),
      row('delivery of a fan-out 1:10, batches of 500', fanOut),
      row('event with a delivery, accepted and kept for later', appends.cost),
      row('delivery that waited, read in pages of 64', drain.pages.cost),
      row('delivery that waited, the only one of its endpoint', drain.single.cost),
      row('endpoint that something waits for, at each look', { ...drain.single.look, per_second: '' }),
      row('event that retention removes', upkeep.retention),
      ...Object.entries(endpoints).map(([count, { cost }]) =>
        row(`event with a delivery, ${shown(Number(count))} endpoints`, cost)),
    ],
  );
}

function diskTable() {
  const { bytes } = measured.steady;
  const rows = Object.entries(bytes).map(([name, { table: rowBytes, indexes }]) =>
    [name, rowBytes, indexes, rowBytes + indexes].map(shown));
  return table(['row of', 'table, bytes', 'indexes', 'together'], rows);
}

function endpointTable() {
  const rows = Object.entries(measured.endpoints).map(([count, one]) => [
    Number(count), one.loaded_mib, one.peak_mib, one.start_ms / 1000,
    one.database_bytes_each,
  ].map(shown));
  return table(
    ['endpoints', 'node, MiB', 'MiB at most, starting and under load', 'until it sends, s',
      'bytes of each in the database'],
    rows,
  );
}

function reproducedTable() {
  const rows = reproductions().map((one) => [
    one.name, shown(one.measured), percent(one.strangers), shown(one.simulated),
    (one.simulated / one.measured).toFixed(2),
  ]);
  return table(
    ['two cores for all', 'measured, deliveries/s', 'others\' work beside', 'simulated', 'ratio'], rows,
  );
}

function assumedTable(inputs) {
  const { node, database, load } = inputs;
  return table(['assumed', ''], [
    ['a node', `${node.cores} cores, \`--max-in-flight ${node.slots}\``],
    ['PostgreSQL', `${database.cores} cores, as fast each as one that was measured`],
    ['round trip between them', `${inputs.roundTripMs} ms`],
    ['a sync of its log, with a synchronous standby', `${inputs.syncMs} ms`],
    ['its log\'s disk', `${inputs.logBytesPerMs / 1000} MB/s`],
    ['between two checkpoints', `${inputs.checkpointS / 60} minutes`],
    ['no part busier than', percent(inputs.busyMax)],
    ['endpoints', `${shown(load.endpoints)}, popular by rank to the power -${load.zipf}`],
    ['deliveries of an event', shown(load.fanOut)],
    ['answers', `lognormal, median ${load.medianMs} ms, sigma ${load.sigma}`],
    ['endpoints that never answer', `${load.hangShare * 100} %, for an hour by now`],
    ['endpoints that refuse', `${load.refuseShare * 100} %`],
    ['producers', 'single events, at random instants'],
  ]);
}

/** For each level, with the nodes that it takes. */
function byLevel(inputs, heads, cellsOf) {
  const rows = levels.map((eventsPerS) => {
    const nodes = nodesFor(eventsPerS, inputs);
    const cells = cellsOf(eventsPerS, nodes);
    return [eventsPerS, nodes, ...cells].map(shown);
  });
  return table(['events/s', 'nodes', ...heads], rows);
}

function estimatedTable(inputs) {
  const heads = [
    'cores of nodes', 'cores of PostgreSQL', 'commits/s', 'log, MB/s', 'disk, GB/day', 'dead rows/s',
    'requests at once',
  ];
  return byLevel(inputs, heads, (eventsPerS, nodes) => {
    const part = reckon(eventsPerS, nodes, inputs);
    return [
      part.nodeCores, part.databaseCores, part.commits, part.logBytesPerS / 1e6,
      part.diskPerDay / 1e9, part.dead, part.slots,
    ];
  });
}

function takeoverTable(inputs) {
  const heads = [
    'endpoints that each other node takes over', 'deliveries that waited for the lease',
    'until they are read, s',
  ];
  return byLevel(inputs, heads, (eventsPerS, nodes) => {
    const one = ofOneNode(eventsPerS, nodes, inputs);
    return [one.takenOver, one.waitingAfterLease, one.readS];
  });
}

function limitsTable(inputs) {
  const shapes = [1, 3, 12];
  const columns = shapes.map((nodes) => limitsOf(nodes, inputs));
  const rows = columns[1].map(({ part }) => [
    part,
    ...columns.map((limits) => {
      const { eventsPerS } = limits.find((limit) => limit.part === part);
      const first = part === limits[0].part;
      return first ? `**${shown(eventsPerS)}**` : shown(eventsPerS);
    }),
  ]);
  const heads = shapes.map((nodes) => (nodes === 1 ? '1 node' : `${nodes} nodes`));
  return table(['events/s at the limit of', ...heads], rows);
}

function simulatedTable(inputs, how) {
  const cases = simulatedLevels.map((eventsPerS) => [eventsPerS, nodesFor(eventsPerS, inputs)]);
  const [most, nodes] = cases.at(-1);
  cases.push([most, Math.ceil(nodes / 3)]);
  const rows = cases.map(([eventsPerS, count]) => {
    const { acceptMs, arrivalMs, backlogPerS, busy } = simulate(eventsPerS, count, inputs, how);
    return [
      eventsPerS, count, acceptMs.map(shown).join(', '), arrivalMs.map(shown).join(', '),
      Math.max(Math.round(backlogPerS.healthy), 0), Math.round(backlogPerS.troubled),
      percent(busy.dispatcher), percent(busy.slots), percent(busy.database),
    ].map(shown);
  });
  return table([
    'events/s', 'nodes', 'accepted after ms: p50, p99', 'sent after ms: p50, p99, p99.9',
    'more waiting/s, healthy', 'troubled', 'dispatcher', 'slots', 'PostgreSQL',
  ], rows);
}

/** All tables by their names. `how`: seed, seconds. */
export function tables(how) {
  return {
    costs: costTable(),
    disk: diskTable(),
    endpoints: endpointTable(),
    assumed: assumedTable(assumed),
    reproduced: reproducedTable(),
    estimated: estimatedTable(assumed),
    takeover: takeoverTable(assumed),
    limits: limitsTable(assumed),
    simulated: simulatedTable(assumed, how),
  };
}
