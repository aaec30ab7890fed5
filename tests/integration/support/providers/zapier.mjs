// Zapier's catch hooks.
import { Provider, isJson, json, parsed, unguessable } from './provider.mjs';

const bytesMax = 10 * 1000 * 1000;

export class Zapier extends Provider {
  secret = unguessable();
  /// What Zaps run with: the element of an array, or the body.
  runs = [];

  get url() {
    return `${this.origin}/hooks/catch/123456/${this.secret}/`;
  }
  get members() {
    return { url: this.url, destination: { type: 'zapier' } };
  }

  refusal(request) {
    if (request.path !== `/hooks/catch/123456/${this.secret}/`)
      return json(404, { status: 'error', message: 'not found' });
    if (request.body.length > bytesMax) return json(413, { status: 'error' });
    const value = isJson(request) ? parsed(request.body) : undefined;
    if (value === null || typeof value !== 'object') return json(400, { status: 'error' });
    return undefined;
  }

  accept({ body }) {
    this.runs.push(...[parsed(body)].flat());
    const id = unguessable();
    return json(200, { status: 'success', id, request_id: id, attempt: id });
  }
}
