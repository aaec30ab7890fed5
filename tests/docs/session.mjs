// A shell session beside a real service and a real receiver, in a folder of its own.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

export const root = resolve(dirname(fileURLToPath(import.meta.url)), '../..');
export const binary = resolve(process.env.POSTRIDER_BIN ?? join(root, 'build/dev/bin/postrider'));

const stepTimeoutMs = 60_000;
// `go run` compiles the standard library the first time, on a machine that runs other tests, too.
const startTimeoutMs = 240_000;
const guideSecret = 'whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=';
const debianPython = '/usr/bin/python3';
const pollMs = 50;
const clientModules = join(root, 'tests/clients/node_modules');

/** Whether the programs of the documents find the module. */
export function hasModule(name) {
  try {
    createRequire(import.meta.url).resolve(name);
    return true;
  } catch {
    return existsSync(join(clientModules, name));
  }
}

/** Waits until `look` returns something; fails with what `explain` says after `timeoutMs`. */
async function until(look, explain, timeoutMs = stepTimeoutMs) {
  const end = Date.now() + timeoutMs;
  for (;;) {
    const found = await look();
    if (found) return found;
    if (Date.now() > end) throw new Error(`gave up after ${timeoutMs} ms: ${explain()}`);
    await delay(pollMs);
  }
}

/** A process, and what it starts, whose output is collected; killed with its session. */
class Child {
  constructor(command, args, options) {
    this.output = '';
    // Detached: a process group of its own, so that what a shell has started ends with it.
    this.process = spawn(command, args, { detached: true, ...options });
    this.exited = once(this.process, 'exit');
    for (const stream of [this.process.stdout, this.process.stderr]) {
      stream.setEncoding('utf8');
      stream.on('data', (text) => { this.output += text; });
    }
    // A write to a process that has just ended is told by its exit.
    this.process.stdin.on('error', () => {});
  }

  get ended() {
    return this.process.exitCode !== null || this.process.signalCode !== null;
  }

  async address() {
    const [, url] = await until(() => {
      if (this.ended) throw new Error(`ended early:\n${this.output}`);
      return /(?:(?:listening|running) on |Development Server \()(http:[^\s)]+)/i.exec(this.output);
    }, () => this.output, startTimeoutMs);
    return url;
  }

  async stop() {
    if (!this.ended) this.#kill('SIGTERM');
    const late = delay(stepTimeoutMs, 'late', { ref: false });
    if ((await Promise.race([this.exited, late])) === 'late') this.#kill('SIGKILL');
    await this.exited;
    return this.process.exitCode;
  }

  #kill(signal) {
    try {
      process.kill(-this.process.pid, signal);
    } catch (error) {
      if (error.code !== 'ESRCH') throw error;
    }
  }
}

/** Nothing of the machine's: neither settings of the program nor proxies in front of loopback. */
function cleanEnvironment() {
  return Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^POSTRIDER|_proxy$/i.test(name)),
  );
}

export class Session {
  /**
   * Starts a service, a receiver and a shell. `serveArgs`: further flags of `serve`; `db`: another
   * database than a new file.
   */
  static async start(serveArgs = [], db = undefined) {
    const session = new Session();
    try {
      await session.#start(serveArgs, db ?? join(session.folder, 'postrider.db'));
    } catch (error) {
      await session.stop();
      throw error;
    }
    return session;
  }

  /**
   * Starts a shell in what stands for a checkout that is built already: the real ./run, which finds
   * nothing to install or to compile, and the binary where it looks for it.
   */
  static async startInCheckout() {
    const session = new Session();
    const inFolder = (path) => join(session.folder, path);
    for (const path of ['bin', 'build/release/bin']) mkdirSync(inFolder(path), { recursive: true });
    for (const path of ['run', '.ci']) cpSync(join(root, path), inFolder(path), { recursive: true });
    symlinkSync(binary, inFolder('build/release/bin/postrider'));
    writeFileSync(inFolder('bin/cmake'), '#!/bin/sh\n', { mode: 0o755 });
    session.environment = {
      ...cleanEnvironment(), PATH: `${inFolder('bin')}${delimiter}${process.env.PATH}`,
    };
    session.shell = session.#spawn('bash', ['--noprofile', '--norc']);
    session.stopInBackground = () => session.#spawn(inFolder('run'), ['--stop']).exited;
    return session;
  }

  constructor() {
    this.folder = mkdtempSync(join(tmpdir(), 'postrider-docs-'));
    this.children = [];
    this.steps = 0;
  }

  async #start(serveArgs, db) {
    const key = 'docs-root-key-0123456789';
    // The Python that finds Debian's packages, whatever else is in the PATH.
    mkdirSync(join(this.folder, 'bin'));
    if (existsSync(debianPython)) symlinkSync(debianPython, join(this.folder, 'bin/python3'));
    const path = [join(this.folder, 'bin'), dirname(binary), process.env.PATH].join(delimiter);
    this.environment = { ...cleanEnvironment(), PATH: path };
    if (existsSync(clientModules)) symlinkSync(clientModules, join(this.folder, 'node_modules'));
    this.service = this.#spawn(binary, [
      'serve', '--db', db, '--listen', '127.0.0.1:0', '--root-key', key,
      '--allow-net', '127.0.0.0/8', ...serveArgs,
    ]);
    this.receiver = this.#spawn(binary, ['listen', '--json']);
    this.url = await this.service.address();
    this.key = key;
    Object.assign(this.environment, {
      POSTRIDER: this.url, KEY: key, DB: db, RECEIVER: await this.receiver.address(), PORT: '0',
    });
    this.shell = this.#spawn('bash', ['--noprofile', '--norc']);
  }

  #spawn(command, args) {
    const child = new Child(command, args, { cwd: this.folder, env: this.environment });
    this.children.push(child);
    return child;
  }

  writeFile(name, text) {
    writeFileSync(join(this.folder, name), text);
  }

  /** Runs one block; throws when it fails or its output is not what is expected. */
  async run(block) {
    if (block.eventually.length === 0) {
      const output = await this.#step(block.text, { ends: true });
      for (const regex of block.expect) check(regex, output);
      return;
    }
    let output = '';
    await until(async () => {
      output = await this.#step(block.text, { ends: false });
      return block.eventually.every((regex) => regex.test(output));
    }, () => `no match of ${block.eventually.join(', ')} in\n${output}`);
  }

  /** Runs a block in the background and puts the address that it prints into $RECEIVER. */
  async background(block) {
    const script = this.#script(block.text);
    const variables = await this.#step('export -p', { ends: true });
    const child = this.#spawn('bash', ['-c', `${variables}\nset -eu; . ${script}`]);
    await this.#step(`export RECEIVER=${await child.address()}`, { ends: true });
  }

  /** Whether a command of the shell succeeds in the session's environment. */
  succeeds(command) {
    return spawnSync('sh', ['-c', command], { env: this.environment }).status === 0;
  }

  /** Has $RECEIVER take a request that is signed with the guides' secret, and refuse another. */
  async check() {
    const access = '--server "$POSTRIDER" --key "$KEY" --json';
    const output = await this.#step(`
      endpoint=$(postrider endpoints create "$RECEIVER/hook" --secret ${guideSecret} ${access} |
        grep -o 'ep_[0-9a-z]*')
      postrider endpoints test "$endpoint" ${access}
      postrider endpoints rotate-secret "$endpoint" --overlap-s 3600 ${access}
      postrider endpoints test "$endpoint" ${access}
      postrider endpoints rotate-secret "$endpoint" --overlap-s 0 ${access}
      postrider endpoints test "$endpoint" ${access} || test $? -eq 1
    `, { ends: true });
    const statuses = [...output.matchAll(/"status":(\d+)/g)].map(([, status]) => Number(status));
    assert.deepEqual(statuses, [204, 204, 400], output);
  }

  /** Waits for a request to the block's path and compares what the block shows of it. */
  async received(block) {
    const got = await until(
      () => this.#requests().findLast((request) => request.path === block.received),
      () => `no request to ${block.received}`,
    );
    const [head, body] = block.text.split(/\n\n([^]*)/);
    const [line, ...fields] = head.split('\n');
    const headers = fields.map((field) => field.split(/: (.*)/, 2));
    const shown = { line, headers, body: body?.trimEnd() };
    const sent = {
      line: `${got.method} ${got.path}`,
      headers: headers.map(([name]) => [name, got.headers[name]]),
      body: got.body,
    };
    assert.deepEqual(alike(shown), alike(sent));
  }

  #requests() {
    return this.receiver.output.split('\n').filter((line) => line.startsWith('{')).map(JSON.parse);
  }

  #script(text) {
    const script = join(this.folder, `step-${++this.steps}.sh`);
    writeFileSync(script, text);
    return script;
  }

  /** `ends`: a command that fails ends the session; else the step runs in a subshell. */
  async #step(text, { ends }) {
    const script = this.#script(text);
    const [output, done] = [`${script}.out`, `${script}.done`];
    const run = ends ? `set -euo pipefail; . ${script}` : `( set -eu; . ${script} )`;
    // The mark is made under another name first, so that it is whole when it is seen.
    this.shell.process.stdin.write(
      `{ ${run}; } >${output} 2>&1 </dev/null; set +euo pipefail; `
      + `: >${done}.new; mv ${done}.new ${done}\n`,
    );
    const read = () => (existsSync(output) ? readFileSync(output, 'utf8') : '');
    await until(() => {
      if (existsSync(done)) return true;
      if (this.shell.ended) throw new Error(`the command failed:\n${text}\n${read()}`);
      return false;
    }, () => `the command has not ended:\n${text}\n${read()}`);
    return read();
  }

  /** Ends everything; returns the exit status of the service, or undefined without one. */
  async stop() {
    const stopInBackground = this.stopInBackground;
    this.stopInBackground = undefined;
    await stopInBackground?.();
    const statuses = await Promise.all(this.children.map((child) => child.stop()));
    rmSync(this.folder, { recursive: true, force: true });
    return this.service && statuses[0];
  }
}

/** What differs from run to run, as the same text. */
function alike(value) {
  return JSON.parse(JSON.stringify(value)
    .replaceAll(/evt_[0-9a-z]{26}/g, 'evt_')
    .replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, 'INSTANT')
    .replaceAll(/"\d{10}"/g, '"SECONDS"')
    .replaceAll(/v1,[A-Za-z0-9+/]{43}=/g, 'v1,SIGNATURE')
    .replaceAll(/Postrider\/[\d.]+/g, 'Postrider/VERSION'));
}

function check(regex, output) {
  if (!regex.test(output)) throw new Error(`no match of ${regex} in\n${output}`);
}
