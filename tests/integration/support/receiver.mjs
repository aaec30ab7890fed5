// A subscriber with a script: what it answers, and a record of what it got.
import { createHmac, timingSafeEqual } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';

import { until } from './until.mjs';

/// An HTTP server on a free port of loopback, closed after test `t`.
///
/// `script(request, number)` decides what becomes of a request (`number` counts from 1), with
/// `request` = `{id, attempt, method, headers, body, path, at}`. It returns
///   a status, or `{status, headers, body, delayMs, delayedBy: promise}`,
///   'hang' (never an answer) or 'reset' (the connection is cut).
/// Without one everything is 200. It may be changed at any time: `receiver.script = …`.
export class Receiver {
  static async start(t, script = () => 200) {
    const receiver = new Receiver(script);
    receiver.server.listen(0, '127.0.0.1');
    await once(receiver.server, 'listening');
    t.after(() => receiver.close());
    return receiver;
  }

  constructor(script) {
    this.script = script;
    /// Every request in order of arrival; `.status` is set once it was answered.
    this.requests = [];
    /// Event id -> how often it was answered with a 2xx.
    this.accepted = new Map();
    this.inFlight = 0;
    this.inFlightMax = 0;
    this.server = createServer({ keepAliveTimeout: 60_000 }, (incoming, response) =>
      this.#take(incoming, response),
    );
  }

  get port() {
    return this.server.address().port;
  }
  get url() {
    return `http://127.0.0.1:${this.port}/hook`;
  }

  close() {
    this.server.closeAllConnections();
    return new Promise((resolve) => this.server.close(resolve));
  }

  #take(incoming, response) {
    const chunks = [];
    this.inFlight += 1;
    this.inFlightMax = Math.max(this.inFlightMax, this.inFlight);
    response.on('close', () => (this.inFlight -= 1));
    incoming.on('error', () => {});
    incoming.on('data', (chunk) => chunks.push(chunk));
    incoming.on('end', () => {
      const request = {
        id: incoming.headers['webhook-id'],
        attempt: Number(incoming.headers['postrider-attempt']),
        method: incoming.method,
        headers: incoming.headers,
        path: incoming.url,
        body: Buffer.concat(chunks),
        at: performance.now(),
        wallMs: Date.now(),
      };
      this.requests.push(request);
      const answer = this.script(request, this.requests.length);
      this.#answer(request, typeof answer === 'number' ? { status: answer } : answer, response);
    });
  }

  async #answer(request, answer, response) {
    if (answer === 'hang') return;
    if (answer === 'reset') {
      response.socket.resetAndDestroy();
      return;
    }
    if (answer.delayMs) await new Promise((done) => setTimeout(done, answer.delayMs).unref());
    if (answer.delayedBy) await answer.delayedBy;
    if (response.destroyed) return;
    const { status } = answer;
    request.status = status;
    // Counted before the answer leaves: the other side cannot know of it earlier than this.
    if (status >= 200 && status < 300) {
      this.accepted.set(request.id, (this.accepted.get(request.id) ?? 0) + 1);
    }
    response.writeHead(status, answer.headers ?? {});
    response.end(answer.body ?? '');
  }

  /// The requests for one event.
  of(event) {
    return this.requests.filter(({ id }) => id === event);
  }

  /// The first `count` requests (of one event), once they are there.
  got(count, { event, ...options } = {}) {
    const requests = () => (event ? this.of(event) : this.requests);
    return until(
      `${count} requests arrive${event ? ` for ${event}` : ''}`,
      () => requests().length >= count && requests().slice(0, count),
      { everyMs: 5, ...options },
    );
  }

  /// Once each of `events` was answered with a 2xx.
  async acceptedAll(events, options) {
    const missing = new Set(events);
    await until(
      `${missing.size} events are accepted`,
      () => {
        for (const id of missing) if (this.accepted.has(id)) missing.delete(id);
        return missing.size === 0;
      },
      { withinMs: 60_000, ...options },
    ).catch((error) => {
      throw new Error(`${error.message}; ${missing.size} missing, such as ${[...missing][0]}`);
    });
  }

  /// How many 2xx there were beyond the first of each event.
  get duplicates() {
    let count = 0;
    for (const times of this.accepted.values()) count += times - 1;
    return count;
  }
}

/// The signatures of a Standard Webhooks request that `secret` (`whsec_…`) verifies: 0 = forged.
export function verifiedSignatures(request, secret) {
  const key = Buffer.from(secret.replace(/^whsec_/, ''), 'base64');
  const signed = `${request.headers['webhook-id']}.${request.headers['webhook-timestamp']}.`;
  const expected = createHmac('sha256', key).update(signed).update(request.body).digest();
  return signaturesOf(request).filter((signature) => {
    const [version, value] = signature.split(',');
    const given = Buffer.from(value ?? '', 'base64');
    return version === 'v1' && given.length === 32 && timingSafeEqual(given, expected);
  }).length;
}

export function signaturesOf(request) {
  return request.headers['webhook-signature'].split(' ');
}

/// The URL of a loopback port that refuses connections.
export async function refusedUrl() {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  await new Promise((closed) => server.close(closed));
  return `http://127.0.0.1:${port}/hook`;
}
