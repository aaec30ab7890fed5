import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/// A directory of its own that is gone after test `t`.
export function tempDir(t) {
  const path = mkdtempSync(join(tmpdir(), 'postrider-it-'));
  t.after(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

export function sha256OfFile(path) {
  return createHash('sha256').update(readFileSync(path)).digest('hex');
}
