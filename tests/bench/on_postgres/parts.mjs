// What benchmarks on PostgreSQL are made of, with what Node.js has alone: a receiver that counts, and
// nodes of Postrider.
import { fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { request } from 'node:http';
import { fileURLToPath } from 'node:url';

const key = 'root-key-of-the-benchmark';

/** The data of an event, 500 bytes with what is around it. */
export const data = { id: 'ord_1', note: 'x'.repeat(440) };

/** The address of a database of the server at `server`. */
export function urlOf(server, database) {
  const url = new URL(server);
  url.pathname = `/${database}`;
  return url.href;
}

/** A receiver in a process of its own, on `port`; `disconnect()` ends the process. */
export async function startSink() {
  const process = fork(fileURLToPath(new URL('sink.mjs', import.meta.url)));
  const [{ port }] = await once(process, 'message');
  return { process, port };
}

/** How many requests it has had. */
export async function received({ process }) {
  process.send('?');
  return (await once(process, 'message'))[0].received;
}

/** A node; `port` is a promise of where it listens, broken when it ends before. */
export function startNode(binary, url, flags = []) {
  const process = spawn(
    binary,
    [
      ...['serve', '--db', url, '--listen', '127.0.0.1:0', '--root-key', key],
      ...['--allow-net', '127.0.0.0/8', '--log-level', 'warning', ...flags],
    ],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  const port = new Promise((resolve, reject) => {
    let out = '';
    process.stdout.setEncoding('utf8').on('data', (chunk) => {
      out += chunk;
      const address = /listening on http:\/\/[^:]+:(\d+)/.exec(out);
      if (address) resolve(Number(address[1]));
    });
    process.once('exit', () => reject(new Error('postrider does not start')));
  });
  return { process, port };
}

export async function stopNode({ process }) {
  if (process.exitCode !== null) return;
  process.kill('SIGTERM');
  await once(process, 'exit');
}

/** POSTs `body` to a port of loopback; status and text of the answer. */
export async function post(agent, port, path, body, headers) {
  const sent = request({ agent, host: '127.0.0.1', port, path, method: 'POST', headers });
  sent.end(body);
  const [response] = await once(sent, 'response');
  let text = '';
  for await (const chunk of response) text += chunk;
  return [response.statusCode, text];
}

/** POSTs `body` to the API of the node that listens there; what it answers. */
export async function call(agent, port, path, body) {
  const text = JSON.stringify(body);
  const [status, answer] = await post(agent, port, path, text, {
    authorization: `Bearer ${key}`,
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(text),
  });
  if (status >= 300) throw new Error(`${path}: ${status} ${answer}`);
  return JSON.parse(answer);
}
