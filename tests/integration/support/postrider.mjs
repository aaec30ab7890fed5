// The real binary: `serve` on a port of its own, and a client of its REST API.
import { Agent, request } from 'node:http';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { isPostgresUrl, newDatabase } from './database.mjs';
import { launch, run } from './process.mjs';
import { until, within } from './until.mjs';

const repository = fileURLToPath(new URL('../../..', import.meta.url));

export const binary = process.env.POSTRIDER_BIN ?? join(repository, 'build/dev/bin/postrider');
export const rootKey = 'root-key-of-the-integration-tests';

/// Runs one command of the binary to its end.
export function postrider(args, options) {
  return run(binary, args, options);
}

/// What came back: `status`, `headers`, `text`, and `json` when there is any.
class Answer {
  constructor(status, headers, body) {
    this.status = status;
    this.headers = headers;
    this.body = body;
  }
  get text() {
    return this.body.toString('utf8');
  }
  get json() {
    return JSON.parse(this.text);
  }
}

/// The REST API of one server. Keeps its connections; close() drops them.
export class Api {
  constructor(url, { key = rootKey, maxSockets = 64 } = {}) {
    this.url = url;
    this.key = key;
    this.agent = new Agent({ keepAlive: true, maxSockets });
  }

  close() {
    this.agent.destroy();
  }

  /// `body`: a string or Buffer goes out as it is, anything else as JSON. Rejects when the
  /// connection breaks or nothing comes within `withinMs`.
  send(method, path, body, { headers = {}, withinMs = 30_000, key = this.key } = {}) {
    const bytes =
      body === undefined || typeof body === 'string' || Buffer.isBuffer(body)
        ? body
        : JSON.stringify(body);
    return new Promise((resolve, reject) => {
      const sent = request(
        this.url + path,
        {
          method,
          agent: this.agent,
          signal: AbortSignal.timeout(withinMs),
          headers: {
            ...(key === null ? {} : { authorization: `Bearer ${key}` }),
            ...(bytes === undefined
              ? {}
              : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(bytes) }),
            ...headers,
          },
        },
        (response) => {
          const chunks = [];
          response.on('data', (chunk) => chunks.push(chunk));
          response.on('error', reject);
          response.on('end', () =>
            resolve(new Answer(response.statusCode, response.headers, Buffer.concat(chunks))),
          );
        },
      );
      sent.on('error', reject);
      sent.end(bytes);
    });
  }

  get(path, options) {
    return this.send('GET', path, undefined, options);
  }
  post(path, body, options) {
    return this.send('POST', path, body, options);
  }
  patch(path, body, options) {
    return this.send('PATCH', path, body, options);
  }
  delete(path, options) {
    return this.send('DELETE', path, undefined, options);
  }

  /// The JSON of an answer whose status must be `status`.
  async expect(status, method, path, body, options) {
    const answer = await this.send(method, path, body, options);
    if (answer.status !== status) {
      throw new Error(`${method} ${path}: ${answer.status} instead of ${status}: ${answer.text}`);
    }
    return answer.body.length === 0 ? null : answer.json;
  }

  /// A new endpoint.
  endpoint(url, members = {}) {
    return this.expect(201, 'POST', '/v1/endpoints', { url, ...members });
  }

  /// An accepted event.
  emit(type = 'order.created', data = { id: 'ord_1' }, members = {}, options) {
    return this.expect(202, 'POST', '/v1/events', { type, data, ...members }, options);
  }

  /// One page or, with `all`, every page of a list.
  async list(path, { all = true } = {}) {
    const rows = [];
    let cursor = '';
    const separator = path.includes('?') ? '&' : '?';
    do {
      const page = await this.expect(
        200,
        'GET',
        `${path}${separator}limit=250${cursor && `&cursor=${encodeURIComponent(cursor)}`}`,
      );
      rows.push(...page.data);
      cursor = page.next_cursor;
    } while (all && cursor);
    return rows;
  }

  delivery(id) {
    return this.expect(200, 'GET', `/v1/deliveries/${id}`);
  }

  /// The deliveries of an event, each with its attempts.
  async deliveriesOf(event) {
    const rows = await this.list(`/v1/events/${event}/deliveries`);
    return Promise.all(rows.map(({ id }) => this.delivery(id)));
  }

  /// The only delivery of an event, once it has `state`.
  deliveryIn(state, event, options) {
    return until(
      `the delivery of ${event} is ${state}`,
      async () => {
        const [delivery] = await this.deliveriesOf(event);
        return delivery?.state === state && delivery;
      },
      { everyMs: 25, ...options },
    );
  }

  /// Once no delivery is pending.
  settled(options) {
    return until(
      'no delivery is pending',
      async () => (await this.list('/v1/deliveries?state=pending', { all: false })).length === 0,
      { withinMs: 60_000, everyMs: 50, ...options },
    );
  }

  /// A task that has ended.
  finished(task, options) {
    return until(
      `task ${task} ends`,
      async () => {
        const seen = await this.expect(200, 'GET', `/v1/tasks/${task}`);
        return seen.state !== 'running' && seen;
      },
      { withinMs: 60_000, everyMs: 25, ...options },
    );
  }
}

/// A running `postrider serve`. Ended after test `t` at the latest.
///
/// Options: `db` (default: a new one), `flags` (further ones), `retryDelaysMs`, `allowLoopback`
/// (default true), `env`, `wrap` (a command with arguments that runs the binary under it, with the
/// same pid), `leaseS` (short, so that what follows a kill does not take long), `readyWithinMs`.
export class Server {
  static async start(t, options = {}) {
    const server = await Server.launch(t, options);
    await server.listening(options);
    return server;
  }

  /// Without waiting for it to listen, as one does not that stands by.
  static async launch(t, options = {}) {
    const server = new Server(options.db ?? (await newDatabase(t)));
    t.after(() => server.kill());
    server.#launch(options);
    return server;
  }

  constructor(db) {
    this.db = db;
  }

  #launch({ flags = [], retryDelaysMs, allowLoopback = true, env, wrap = [], leaseS = 2 }) {
    const command = [...wrap, binary, 'serve', '--db', this.db, '--listen', '127.0.0.1:0'];
    if (allowLoopback) command.push('--allow-net', '127.0.0.0/8');
    if (retryDelaysMs) command.push('--retry-delays-ms', retryDelaysMs.join(','));
    if (isPostgresUrl(this.db)) command.push('--lease-s', `${leaseS}`);
    this.process = launch(command[0], [...command.slice(1), ...flags], {
      env: { POSTRIDER_ROOT_KEY: rootKey, ...env },
    });
  }

  /// Waits until it says where it listens, for the `times`th time.
  async listening({ readyWithinMs = 20_000, times = 1 } = {}) {
    let over = false;
    this.process.ended.then(() => (over = true), () => (over = true));
    const [, url] = await until(
      'the server says where it listens',
      () => {
        if (over) throw new Error(`the server ended: ${this.process.err}${this.process.out}`);
        return [...this.process.out.matchAll(/^listening on (http:\S+)$/gm)][times - 1];
      },
      { withinMs: readyWithinMs, everyMs: 5 },
    );
    this.url = url;
    this.api = new Api(url);
  }

  get pid() {
    return this.process.pid;
  }
  /// Everything it has logged.
  get log() {
    return this.process.err;
  }
  /// `{code, signal}` once the process is over.
  get ended() {
    return this.process.ended;
  }
  get alive() {
    return this.process.child.exitCode === null && this.process.child.signalCode === null;
  }

  signal(name) {
    this.process.child.kill(name);
  }

  /// kill -9, and the process is gone.
  async kill() {
    this.api?.close();
    this.signal('SIGKILL');
    await this.ended;
  }

  /// SIGTERM; the exit status, `null` when a signal ended it.
  async stop({ withinMs = 30_000 } = {}) {
    this.signal('SIGTERM');
    const { code } = await within('the server exits', withinMs, this.ended);
    this.api?.close();
    return code;
  }
}
