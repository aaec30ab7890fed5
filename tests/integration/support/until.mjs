// Waiting without blind sleeps: every wait has a condition and a deadline.
import { setTimeout as pause } from 'node:timers/promises';

/// The first truthy value that `probe` (may be async) returns, asked every `everyMs`. Rejects with
/// `what` after `withinMs`.
export async function until(what, probe, { withinMs = 10_000, everyMs = 10 } = {}) {
  const deadline = performance.now() + withinMs;
  for (;;) {
    const value = await probe();
    if (value) return value;
    if (performance.now() > deadline) throw new Error(`not within ${withinMs} ms: ${what}`);
    await pause(everyMs);
  }
}

/// The value of `promise`; rejects with `what` after `withinMs`.
export async function within(what, withinMs, promise) {
  const timer = new AbortController();
  const late = pause(withinMs, undefined, { signal: timer.signal }).then(() => {
    throw new Error(`not within ${withinMs} ms: ${what}`);
  });
  late.catch(() => {});
  try {
    return await Promise.race([promise, late]);
  } finally {
    timer.abort();
  }
}

/// Fails if `probe` becomes truthy within `forMs`. No event shows that something did not happen.
export async function never(what, probe, { forMs, everyMs = 20 }) {
  const end = performance.now() + forMs;
  while (performance.now() < end) {
    if (await probe()) throw new Error(`it happened: ${what}`);
    await pause(everyMs);
  }
}
