// One node on a database of its own, with a receiver and what they and the server have used so far.
import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { readFileSync, readdirSync } from 'node:fs';
import { Agent } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import { promisify } from 'node:util';

import {
  call, data, received, startNode, startSink, stopNode, urlOf,
} from '../on_postgres/parts.mjs';

const run = promisify(execFile);
// USER_HZ: what /proc counts in.
const tickUs = 10_000;

function fieldsOf(pid) {
  // The name of a program may hold spaces and parentheses.
  const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
  return text.slice(text.lastIndexOf(')') + 2).split(' ').map(Number);
}

/** Microseconds of processor of a process; with `children`, of those that it has waited for, too. */
function processorUs(pid, { children = false } = {}) {
  const fields = fieldsOf(pid);
  return (fields[11] + fields[12] + (children ? fields[13] + fields[14] : 0)) * tickUs;
}

/** The same of each thread of a process, in the order in which they were started. */
function threadsOf(pid) {
  const tids = readdirSync(`/proc/${pid}/task`).map(Number).sort((a, b) => a - b);
  return new Map(tids.map((tid) => [tid, processorUs(`${pid}/task/${tid}`)]));
}

/** The same of a process and its children; those that end meanwhile are counted with it. */
function treeUs(parent) {
  let sum = 0;
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    try {
      if (fieldsOf(name)[1] === parent) sum += processorUs(name);
    } catch (error) {
      if (!['ENOENT', 'ESRCH'].includes(error.code)) throw error;
    }
  }
  return sum + processorUs(parent, { children: true });
}

/** Microseconds in which the processors of the machine were not idle. */
function machineUs() {
  const [user, nice, system, , , irq, softirq] = readFileSync('/proc/stat', 'utf8')
    .split('\n')[0].trim().split(/\s+/).slice(1).map(Number);
  return (user + nice + system + irq + softirq) * tickUs;
}

export class Bench {
  static async start(options, shape) {
    const bench = new Bench(options);
    try {
      await bench.#start(shape);
    } catch (error) {
      await bench.stop();
      throw error;
    }
    return bench;
  }

  constructor({ server, postrider }) {
    Object.assign(this, { server, postrider, nodes: [], sink: null, tenants: 0, ended: 0, drawn: 0 });
    this.called = 0;
    this.database = `capacity_${process.pid}_${randomUUID().slice(0, 8)}`;
    this.agent = new Agent({ keepAlive: true });
  }

  /** What `sql` prints: columns with `|` between them. */
  async sql(sql, database = this.database) {
    const words = [urlOf(this.server, database), '-XqAt', '-v', 'ON_ERROR_STOP=1', '-c', sql];
    return (await run('psql', words, { maxBuffer: 2 ** 26 })).stdout.trimEnd();
  }

  /** `endpoints`, `perTenant` of them for each tenant; `paused`: nothing is sent to them. */
  async #start({ endpoints, perTenant = 1, paused = false }) {
    await this.sql(`CREATE DATABASE ${this.database}`, 'postgres');
    await this.sql('CREATE EXTENSION pg_walinspect');
    await this.sql(`ALTER DATABASE ${this.database} SET track_wal_io_timing = on`);
    const directory = await this.sql("SELECT current_setting('data_directory')");
    this.postmaster = Number(readFileSync(`${directory}/postmaster.pid`, 'utf8').split('\n')[0]);
    this.sink = await startSink();
    await this.startNode();
    await this.untilShared();
    for (let i = 0; i < endpoints; ++i) {
      const endpoint = {
        url: `http://127.0.0.1:${this.sink.port}/`, tenant: `t${Math.floor(i / perTenant)}`,
      };
      const { id } = await this.call('/v1/endpoints', endpoint);
      if (paused) await this.call(`/v1/endpoints/${id}/pause`, {});
    }
    this.tenants = endpoints / perTenant;
  }

  async stop() {
    await this.stopNodes();
    this.agent.destroy();
    if (this.sink?.process.connected) this.sink.process.disconnect();
    await this.sql(`DROP DATABASE IF EXISTS ${this.database} WITH (FORCE)`, 'postgres');
  }

  /** One more node. */
  async startNode(flags = []) {
    const node = startNode(this.postrider, urlOf(this.server, this.database), flags);
    this.nodes.push(node);
    await node.port;
  }

  async stopNodes() {
    for (const node of this.nodes.splice(0)) {
      if (node.process.exitCode === null) this.ended += processorUs(node.process.pid);
      await stopNode(node);
    }
  }

  /** Each node sends for its share of the partitions. */
  async untilShared() {
    const owners = 'SELECT count(DISTINCT owner), count(*) - count(owner) FROM partition';
    while ((await this.sql(owners)) !== `${this.nodes.length}|0`) await pause(50);
  }

  /** To the nodes in turn. */
  async call(path, body) {
    const node = this.nodes[this.called++ % this.nodes.length];
    return call(this.agent, await node.port, path, body);
  }

  /** Each tenant's in turn, in an order that jumps. */
  #event() {
    this.drawn += 7919;  // a prime
    return { type: 'order.created', tenant: `t${this.drawn % this.tenants}`, data };
  }

  /** Accepts `count` events, in batches of `size`. */
  async append(count, { size = 500, connections = 2 } = {}) {
    let left = count;
    const send = async () => {
      while (left > 0) {
        const now = Math.min(size, left);
        left -= now;
        const events = Array.from({ length: now }, () => this.#event());
        if (size === 1) await this.call('/v1/events', events[0]);
        else await this.call('/v1/events/batch', { events });
      }
    };
    await Promise.all(Array.from({ length: connections }, send));
  }

  /** The same until each of `deliveries` is delivered and recorded. */
  async emit(count, { deliveries = count, ...how } = {}) {
    const before = await this.received();
    await this.append(count, how);
    await this.untilDelivered(before + deliveries);
  }

  async untilDelivered(received) {
    // To ask the receiver costs next to nothing, to start psql does not.
    while ((await this.received()) < received) await pause(5);
    const pending = "SELECT EXISTS (SELECT FROM delivery WHERE state = 'pending')";
    while ((await this.sql(pending)) === 't') await pause(5);
  }

  received() {
    return received(this.sink);
  }

  /** Whether endpoints are sent anything; while no node serves. */
  async setState(state) {
    await this.sql(`UPDATE endpoint SET state = '${state}'`);
  }

  /** Milliseconds of each of `times` batches of `size`. */
  async timed(size, times) {
    const took = [];
    for (let i = 0; i < times; ++i) {
      const begun = performance.now();
      await this.append(size, { size, connections: 1 });
      took.push(performance.now() - begun);
    }
    return took;
  }

  /** Or ten seconds are over. */
  async untilMachineIsIdle() {
    // Connections that nobody uses meanwhile are closed.
    this.agent.destroy();
    this.agent = new Agent({ keepAlive: true });
    for (let i = 0; i < 5; ++i) {
      const [before, at] = [machineUs(), performance.now()];
      await pause(2000);
      if ((machineUs() - before) / 1000 / (performance.now() - at) < 0.1) return;
    }
  }

  /** Once the newest event is so old. */
  async olderThan(ms) {
    const newest = Number(await this.sql('SELECT max(created_at_ms) FROM event'));
    await pause(Math.max(newest + ms + 1000 - Date.now(), 0));
  }

  async untilEmpty(table) {
    while ((await this.sql(`SELECT EXISTS (SELECT FROM ${table})`)) === 't') await pause(50);
  }

  /** Copies the one endpoint, with its secret, until there are `count`, each with a tenant. */
  async multiplyEndpoints(count) {
    const columns = (await this.sql(
      "SELECT string_agg(column_name, ',') FROM information_schema.columns "
        + "WHERE table_name = 'endpoint' AND column_name NOT IN ('id', 'tenant')",
    ));
    // Ids below that of the first, in a random order in time like those of real ones.
    await this.sql(
      `INSERT INTO endpoint (id, tenant, ${columns}) SELECT id - n * 1000, 't' || n, ${columns} `
        + `FROM endpoint, generate_series(1, ${count - 1}) AS n`,
    );
    await this.sql(
      'INSERT INTO endpoint_secret (endpoint_id, position, created_at_ms, value) '
        + 'SELECT e.id, s.position, s.created_at_ms, s.value FROM endpoint AS e, endpoint_secret AS s '
        + 'WHERE e.id <> s.endpoint_id',
    );
    await this.sql('VACUUM ANALYZE endpoint');
  }

  /** The counters of the sessions. PostgreSQL publishes them about a second later. */
  async statistics() {
    await pause(1500);
    const counts = await this.sql(
      'SELECT d.xact_commit, w.wal_sync, w.wal_sync_time FROM pg_stat_database AS d, pg_stat_wal AS w '
        + 'WHERE d.datname = current_database()',
    );
    const [commits, syncs, syncMs] = counts.split('|').map(Number);
    return { commits, syncs, syncMs };
  }

  async nodeBytes() {
    const status = readFileSync(`/proc/${this.nodes[0].process.pid}/status`, 'utf8');
    const bytes = (name) => Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(status)[1]) * 1024;
    return { now: bytes('VmRSS'), peak: bytes('VmHWM') };
  }

  /** All that was used so far, and where the log is. */
  async standing() {
    return {
      at: performance.now(),
      place: await this.sql('SELECT pg_current_wal_insert_lsn()'),
      nodeUs: this.nodes.reduce((sum, { process: { pid } }) => sum + processorUs(pid), this.ended),
      postgresUs: treeUs(this.postmaster),
      othersUs: processorUs(this.sink.process.pid) + processorUs(process.pid),
      // psql, among them.
      toolsUs: processorUs(process.pid, { children: true }) - processorUs(process.pid),
      machineUs: machineUs(),
      threads: this.nodes.length > 0 ? threadsOf(this.nodes[0].process.pid) : new Map(),
    };
  }
}
