// Child processes: each has a bound on its time and is ended by its own pid.
import { spawn } from 'node:child_process';

const running = new Set();
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});
process.once('SIGTERM', () => process.exit(1));
process.once('SIGINT', () => process.exit(1));

// The test runner kills the file after its time limit, which would leave the children behind.
const limitS = Number(process.env.POSTRIDER_TEST_LIMIT_S ?? 300);
setTimeout(() => {
  process.stderr.write(`given up after ${limitS} s\n`);
  process.exit(1);
}, limitS * 1000).unref();

/// Starts `command`; its output is collected in `.out` and `.err`, `.ended` resolves to
/// `{code, signal}`. Ended with the test file at the latest. `input` goes to its standard input;
/// with `keepInput` that stays open for `say(line)`.
export function launch(command, args, { env = {}, cwd, input, keepInput = false } = {}) {
  const child = spawn(command, args, {
    cwd,
    env: { ...process.env, ...env },
    stdio: [input === undefined && !keepInput ? 'ignore' : 'pipe', 'pipe', 'pipe'],
  });
  running.add(child);
  const started = { child, pid: child.pid, out: '', err: '' };
  child.stdout.setEncoding('utf8').on('data', (text) => (started.out += text));
  child.stderr.setEncoding('utf8').on('data', (text) => (started.err += text));
  started.ended = new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => {
      running.delete(child);
      resolve({ code, signal });
    });
  });
  started.ended.catch(() => {});
  if (input !== undefined) child.stdin.end(input);
  started.say = (line) => child.stdin.write(`${line}\n`);
  return started;
}

/// Runs `command` to its end: `{code, signal, out, err}`. Killed after `withinMs`.
export async function run(command, args, { withinMs = 30_000, ...options } = {}) {
  const started = launch(command, args, options);
  const timer = setTimeout(() => started.child.kill('SIGKILL'), withinMs);
  try {
    const ended = await started.ended;
    if (ended.signal === 'SIGKILL') throw new Error(`${command} ${args.join(' ')}: killed`);
    return { ...ended, out: started.out, err: started.err };
  } finally {
    clearTimeout(timer);
  }
}
