// A wall clock that can be stepped for one process; the monotonic clock is not changed.
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { tempDir } from './temp.mjs';

function libraryPath() {
  for (const folder of readdirSync('/usr/lib')) {
    const path = join('/usr/lib', folder, 'faketime/libfaketimeMT.so.1');
    if (existsSync(path)) return path;
  }
  throw new Error('the Debian package faketime is missing');
}

export class SteppedClock {
  constructor(t) {
    this.file = join(tempDir(t), 'offset');
    this.offset = 0;
    this.step(0);
  }

  /// The environment of a process that goes by this clock.
  get env() {
    return {
      LD_PRELOAD: libraryPath(),
      FAKETIME_TIMESTAMP_FILE: this.file,
      FAKETIME_NO_CACHE: '1',
      FAKETIME_DONT_FAKE_MONOTONIC: '1',
      FAKETIME_DONT_RESET: '1',
    };
  }

  /// Steps by `seconds`, at once and for good.
  step(seconds) {
    this.offset += seconds;
    writeFileSync(this.file, `${this.offset < 0 ? '' : '+'}${this.offset}`);
  }

  get nowMs() {
    return Date.now() + this.offset * 1000;
  }
}
