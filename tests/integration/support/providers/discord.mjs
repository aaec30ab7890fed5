// Discord's webhooks.
import { Provider, isJson, json, parsed, unguessable } from './provider.mjs';

export const discordSays = (status, code, message, headers) =>
  json(status, { message, code }, headers);

/// A 429 of the API itself. `headers` are those of `x-ratelimit-`, by what follows that.
export const discordLimits = (retryAfter, { global = false, headers = {} } = {}) =>
  json(
    429,
    { message: 'You are being rate limited.', retry_after: retryAfter, global },
    {
      'retry-after': `${Math.floor(retryAfter)}`,
      ...Object.fromEntries(
        Object.entries(headers).map(([name, value]) => [`x-ratelimit-${name}`, value]),
      ),
    },
  );

/// The limits of a message: where, and how many UTF-16 code units at least and at most.
const embedTexts = [
  [({ title }) => title, 0, 256],
  [({ description }) => description, 0, 4096],
  [({ footer }) => footer?.text, 0, 2048],
  [({ author }) => author?.name, 0, 256],
];
const fieldTexts = [
  [({ name }) => name, 1, 256],
  [({ value }) => value, 1, 1024],
];
const fits = (object, texts) =>
  texts.every(([read, min, max]) => {
    const value = read(object);
    if (value === undefined) return min === 0;
    return typeof value === 'string' && value.length >= min && value.length <= max;
  });
const lengthOf = (object, texts) =>
  texts.reduce((sum, [read]) => sum + (read(object)?.length ?? 0), 0);

function embedsFit(embeds) {
  let total = 0;
  for (const embed of embeds) {
    const fields = embed.fields ?? [];
    if (!fits(embed, embedTexts) || fields.length > 25) return false;
    if (!fields.every((field) => fits(field, fieldTexts))) return false;
    total += lengthOf(embed, embedTexts);
    total += fields.reduce((sum, field) => sum + lengthOf(field, fieldTexts), 0);
  }
  return embeds.length <= 10 && total <= 6000;
}

function messageFits({ content = '', embeds = [], username = 'a' }) {
  if (typeof content !== 'string' || content.length > 2000 || !embedsFit(embeds)) return false;
  return username.length >= 1 && username.length <= 80 && !/clyde|discord/i.test(username);
}

/// The mentions that a message notifies.
function mentionsOf({ content = '', allowed_mentions: allowed }) {
  const kinds = { everyone: /@(everyone|here)/g, users: /<@!?\d+>/g, roles: /<@&\d+>/g };
  const parse = allowed === undefined ? Object.keys(kinds) : (allowed.parse ?? []);
  return parse.flatMap((kind) => content.match(kinds[kind]) ?? []);
}

export class Discord extends Provider {
  secret = unguessable();
  ids = ['1100000000000000001', '1100000000000000002'];
  /// Those that were saved: the body with `mentions`.
  messages = [];

  /// Each of `ids` is a webhook of its own.
  urlOf(id) {
    return `${this.origin}/api/webhooks/${id}/${this.secret}`;
  }
  get members() {
    return { url: this.urlOf(this.ids[0]), destination: { type: 'discord' } };
  }

  refusal(request) {
    const { pathname, searchParams } = new URL(request.path, this.origin);
    const [, api, webhooks, id, token] = pathname.split('/');
    if (!/^DiscordBot \(https?:\/\/\S+, \S+\)/.test(request.headers['user-agent'] ?? ''))
      return discordSays(403, 40333, 'internal network error');
    if (`${api}/${webhooks}` !== 'api/webhooks' || !this.ids.includes(id))
      return discordSays(404, 10015, 'Unknown Webhook');
    if (token !== this.secret) return discordSays(401, 50027, 'Invalid Webhook Token');
    const problem = this.#problemOf(request);
    // Without wait=true, Discord does not report the error.
    return problem && searchParams.get('wait') !== 'true' ? { status: 204 } : problem;
  }

  #problemOf(request) {
    const message = isJson(request) ? parsed(request.body) : undefined;
    if (message === null || typeof message !== 'object' || !messageFits(message))
      return discordSays(400, 50035, 'Invalid Form Body');
    if (!message.content && !message.embeds?.length)
      return discordSays(400, 50006, 'Cannot send an empty message');
    return undefined;
  }

  accept({ path, body }) {
    const message = parsed(body);
    this.messages.push({ ...message, mentions: mentionsOf(message) });
    if (!path.includes('wait=true')) return { status: 204 };
    return json(200, { id: `${this.messages.length}`, content: message.content, type: 0 });
  }
}
