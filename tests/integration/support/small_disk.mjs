// Places for a database where space runs out and comes back.
import { mkdirSync, rmSync, writeFileSync, appendFileSync } from 'node:fs';
import { join } from 'node:path';

import { launch, run } from './process.mjs';
import { tempDir } from './temp.mjs';
import { until } from './until.mjs';

const mib = 1024 * 1024;

/// A file system of its own of `size` MiB, in a mount namespace that nobody else sees. `null` where
/// this may not be made.
export class SmallDisk {
  static async make(t, size = 24) {
    const directory = tempDir(t);
    for (const flags of [['-m'], ['-r', '-m']]) {
      const disk = new SmallDisk(directory, flags, size);
      let over = false;
      disk.holder.ended.then(() => (over = true), () => (over = true));
      await until('the mount is made or refused', () => over || disk.holder.out.includes('ready'));
      if (over) continue;
      t.after(() => disk.holder.child.kill('SIGKILL'));
      return disk;
    }
    return null;
  }

  constructor(directory, flags, size) {
    this.directory = directory;
    this.size = size;
    this.enter = flags.includes('-r') ? ['-U', '--preserve-credentials', '-m'] : ['-m'];
    this.holder = launch('unshare', [
      ...flags,
      ...['sh', '-c', 'mount -t tmpfs -o size=$1m tmpfs "$0" && echo ready && exec sleep 600'],
      ...[directory, `${size}`],
    ]);
  }

  get name() {
    return 'a small file system';
  }
  get db() {
    return join(this.directory, 'postrider.db');
  }
  /// The prefix of a command that has to run where the file system is mounted.
  get wrap() {
    return ['nsenter', '-t', `${this.holder.pid}`, ...this.enter, '--'];
  }

  #filler() {
    return join(`/proc/${this.holder.pid}/root`, this.directory, 'filler');
  }

  /// Leaves no byte free.
  async fill() {
    writeFileSync(this.#filler(), '');
    for (const size of [mib, 4096, 512]) {
      try {
        for (let written = 0; written <= this.size * mib; written += size) {
          appendFileSync(this.#filler(), Buffer.alloc(size));
        }
      } catch (error) {
        if (error.code !== 'ENOSPC') throw error;
      }
    }
  }

  async free() {
    rmSync(this.#filler());
  }
}

/// A limit on the size of files of the service's process, for where nothing may be mounted. It is
/// another error for the process (EFBIG) than a full disk (ENOSPC).
export class FileSizeLimit {
  constructor(t) {
    this.directory = join(tempDir(t), 'data');
    mkdirSync(this.directory);
  }

  get name() {
    return 'a limit on file sizes';
  }
  get db() {
    return join(this.directory, 'postrider.db');
  }
  get wrap() {
    return [];
  }

  async #limit(server, value) {
    const done = await run('prlimit', ['--pid', `${server.pid}`, `--fsize=${value}:unlimited`]);
    if (done.code !== 0) throw new Error(done.err);
  }

  fill(server) {
    return this.#limit(server, 64 * 1024);
  }
  async free(server) {
    if (server.alive) await this.#limit(server, 'unlimited');
  }
}
