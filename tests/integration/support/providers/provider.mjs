// What the fakes of providers share: a record of what they got, a check of each request as the
// provider makes it, and answers that a test puts into a queue.
import { randomBytes } from 'node:crypto';

import { Receiver } from '../receiver.mjs';

export const json = (status, value, headers = {}) => ({
  status,
  headers: { 'content-type': 'application/json', ...headers },
  body: JSON.stringify(value),
});
export const text = (status, body, headers = {}) => ({
  status,
  headers: { 'content-type': 'text/plain', ...headers },
  body,
});

/// Part of a URL that nobody guesses.
export const unguessable = () => randomBytes(16).toString('hex');

export const parsed = (body) => {
  try {
    return JSON.parse(body.toString('utf8'));
  } catch {
    return undefined;
  }
};

export const isJson = ({ headers }) =>
  /^application\/json(;|$)/.test(headers['content-type'] ?? '');

/// A provider on a port of loopback, closed after test `t`. Each has `refusal(request)`, the answer
/// to a request that the provider would refuse, `accept(request)`, which takes one that fits and
/// answers it, and `members`, those of an endpoint that posts to it.
export class Provider {
  #queued = [];
  /// The answers to what was refused.
  refusals = [];

  static async start(t, options = {}) {
    const provider = new this(options);
    provider.receiver = await Receiver.start(t, (request) => provider.#answer(request));
    return provider;
  }

  /// The next requests that fit are answered with these, in turn. A 2xx is taken in nevertheless,
  /// and what it leaves out is as usual.
  queue(...answers) {
    this.#queued.push(...answers);
  }

  get origin() {
    return `http://127.0.0.1:${this.receiver.port}`;
  }
  /// Every request in order of arrival.
  get requests() {
    return this.receiver.requests;
  }
  got(count, options) {
    return this.receiver.got(count, options);
  }

  #answer(request) {
    const refusal = request.method === 'POST' ? this.refusal(request) : text(405, 'not a POST');
    if (refusal) {
      this.refusals.push(refusal);
      return refusal;
    }
    const queued = this.#queued.shift();
    if (queued === undefined) return this.accept(request);
    const isSuccess = queued.status >= 200 && queued.status < 300;
    return isSuccess ? { ...this.accept(request), ...queued } : queued;
  }
}
