// The Webhooks service of IFTTT.
import { Provider, isJson, json, parsed, text, unguessable } from './provider.mjs';

export const iftttInvalidKey = json(401, { errors: [{ message: 'You sent an invalid key.' }] });

export class Ifttt extends Provider {
  secret = unguessable();
  /// `{event, values}`, or `{event, body}` of the form that takes any JSON.
  fired = [];

  get url() {
    return `${this.origin}/trigger/order_created/with/key/${this.secret}`;
  }
  get jsonUrl() {
    return `${this.origin}/trigger/order_created/json/with/key/${this.secret}`;
  }
  get members() {
    return { url: this.url, destination: { type: 'ifttt' } };
  }

  #place({ path }) {
    return path.match(/^\/trigger\/(\w+)(\/json)?\/with\/key\/(\w+)$/) ?? [];
  }

  refusal(request) {
    const [, event, , key] = this.#place(request);
    if (event === undefined) return text(404, 'not found');
    if (key !== this.secret) return iftttInvalidKey;
    const value = isJson(request) ? parsed(request.body) : undefined;
    if (value === null || typeof value !== 'object')
      return json(400, { errors: [{ message: 'The body is no JSON.' }] });
    return undefined;
  }

  accept(request) {
    const [, event, takesJson] = this.#place(request);
    const body = parsed(request.body);
    const { value1, value2, value3 } = body;
    this.fired.push(takesJson ? { event, body } : { event, values: [value1, value2, value3] });
    const what = takesJson ? `${event} JSON` : event;
    return text(200, `Congratulations! You've fired the ${what} event`);
  }
}
