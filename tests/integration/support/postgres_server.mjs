// PostgreSQL servers of a test's own, which it may stop, crash and promote.
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { launch, run } from './process.mjs';
import { until, within } from './until.mjs';

const programs = '/usr/lib/postgresql/15/bin';

// PostgreSQL does not run as root. SIGQUIT ends a server and its processes at once.
const asPostgres = process.getuid() === 0
  ? ['--reuid=postgres', '--regid=postgres', '--clear-groups']
  : [];
const owned = ['setpriv', ...asPostgres, '--pdeathsig=QUIT'];

const settings = [
  'fsync=off',
  'shared_buffers=16MB',
  'max_connections=50',
  'autovacuum=off',
  'wal_level=replica',
  // A standby that is not there any more is found out at once.
  'wal_sender_timeout=2s',
  'wal_retrieve_retry_interval=200ms',
];

export async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  await new Promise((closed) => server.close(closed));
  return port;
}

/// A server in a temporary directory, on a port of loopback; gone after test `t`.
///
/// Options: `settings` (further ones); `wrap`, a command with arguments that its programs run under;
/// `data`, the directory of its cluster (default: one of its own); `log`: the write-ahead log is
/// kept 'apart' from it, or 'with data' in segments of 1 MiB.
export class PostgresServer {
  /// One with an empty cluster, which has begun to take connections.
  static async start(t, options = {}) {
    const server = await PostgresServer.#make(t, options);
    const apart = `--waldir=${join(server.home, 'wal')}`;
    await server.#program('initdb', [
      ...[`--pgdata=${server.data}`, options.log === 'with data' ? '--wal-segsize=1' : apart],
      ...['--username=postgres', '--auth=trust', '--encoding=UTF8', '--locale=C.UTF-8'],
      ...['--no-sync', '--no-instructions'],
    ]);
    await server.start();
    return server;
  }

  /// A standby of `primary` that follows it.
  static async standbyOf(t, primary, options = {}) {
    const server = await PostgresServer.#make(t, options);
    await server.#program('pg_basebackup', [
      ...['--no-sync', '--checkpoint=fast', '--write-recovery-conf', '--pgdata', server.data],
      ...['--dbname', `${primary.url} application_name=standby`],
    ]);
    await server.start();
    await until('the standby follows', async () =>
      (await primary.sql('SELECT count(*) FROM pg_stat_replication')) === '1');
    return server;
  }

  static async #make(t, options) {
    const directory = mkdtempSync(join(tmpdir(), 'postrider-pg-'));
    chmodSync(directory, 0o755);
    const server = new PostgresServer(directory, await freePort(), options);
    t.after(async () => {
      server.thaw();
      if (server.isUp) await server.stop('immediate');
      rmSync(directory, { recursive: true, force: true });
    });
    // The server's files belong to its user.
    const owner = process.getuid() === 0 ? ['-o', 'postgres', '-g', 'postgres'] : [];
    const made = await run('install', ['-d', ...owner, '-m', '700', server.home]);
    if (made.code !== 0) throw new Error(made.err);
    return server;
  }

  constructor(directory, port, { settings: more = [], wrap = [], data } = {}) {
    Object.assign(this, { directory, port, wrap, more });
    this.home = join(directory, 'server');
    this.data = data ?? join(this.home, 'data');
    this.process = null;
    this.frozen = [];
  }

  /// The connection string for libpq.
  get url() {
    return `host=127.0.0.1 port=${this.port} user=postgres dbname=postgres`;
  }
  /// The value of `--db`. `port` may belong to a gate; `user` may be another role.
  address({ port = this.port, user = 'postgres', more = '' } = {}) {
    return `postgresql://${user}@127.0.0.1:${port}/postgres${more}`;
  }
  get isUp() {
    return this.process !== null;
  }

  async #program(name, args) {
    const [command, ...rest] = [...this.wrap, ...owned, join(programs, name), ...args];
    const done = await run(command, rest, { cwd: '/', withinMs: 60_000 });
    if (done.code !== 0) throw new Error(`${name}: ${done.err}${done.out}`);
  }

  /// Until it takes connections, as a standby reading ones.
  async start() {
    const given = [...settings, ...this.more, `unix_socket_directories=${this.home}`];
    const args = [join(programs, 'postgres'), '-D', this.data, '-p', `${this.port}`];
    for (const one of [...given, 'listen_addresses=127.0.0.1']) args.push('-c', one);
    const [command, ...rest] = [...this.wrap, ...owned, ...args];
    const started = launch(command, rest, { cwd: '/' });
    this.process = started;
    started.ended.then(() => {
      if (this.process === started) this.process = null;
    });
    await until('the server takes connections', () => {
      if (this.process !== started) throw new Error(`the server ended: ${started.err}`);
      return /ready to accept (read-only )?connections/.test(started.err);
    }, { withinMs: 20_000 });
  }

  /// `mode`: as pg_ctl calls it.
  async stop(mode = 'fast') {
    const signals = { smart: 'SIGTERM', fast: 'SIGINT', immediate: 'SIGQUIT' };
    const { child, ended } = this.process;
    child.kill(signals[mode]);
    await within('the server ends', 20_000, ended);
  }

  /// Every process of the server at once, without a last word.
  async crash() {
    const { pid, ended } = this.process;
    const pids = [pid, ...childrenOf(pid)];
    for (const one of pids) signal(one, 'SIGKILL');
    await within('the server is gone', 20_000, ended);
  }

  /// Nothing of the server runs until thaw().
  freeze() {
    this.frozen = [this.process.pid, ...childrenOf(this.process.pid)];
    for (const one of this.frozen) signal(one, 'SIGSTOP');
  }
  thaw() {
    for (const one of this.frozen) signal(one, 'SIGCONT');
  }

  /// A standby becomes a primary.
  promote() {
    return this.sql('SELECT pg_promote()');
  }

  /// Runs `sql`, in one transaction when there are several statements; what it prints.
  async sql(sql) {
    const words = [this.url, '-XqAt', '-v', 'ON_ERROR_STOP=1', '-c', sql];
    const done = await run('psql', words, { withinMs: 20_000 });
    if (done.code !== 0) throw new Error(`psql: ${done.err}`);
    return done.out.trimEnd();
  }
}

function childrenOf(pid) {
  return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean)
    .map(Number);
}

function signal(pid, name) {
  try {
    process.kill(pid, name);
  } catch (error) {
    if (error.code !== 'ESRCH') throw error;
  }
}
