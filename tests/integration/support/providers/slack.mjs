// Slack's incoming webhooks.
import { Provider, isJson, parsed, text, unguessable } from './provider.mjs';

/// Slack's errors are one word of plain text.
export const slackSays = (status, word, headers) => text(status, word, headers);

const textMax = 40_000;
const isIn = (value, max) => typeof value === 'string' && value.length >= 1 && value.length <= max;

function blockFits(block) {
  if (block?.type !== 'section') return typeof block?.type === 'string';
  const fields = block.fields ?? [];
  const hasText = block.text === undefined || isIn(block.text.text, 3000);
  return hasText && fields.length <= 10 && fields.every((field) => isIn(field.text, 2000));
}

export class Slack extends Provider {
  secret = unguessable();
  /// What the channel shows: `{text, links}`, where links are what Slack makes of `<…>`.
  messages = [];

  get url() {
    return `${this.origin}/services/T00000001/B00000001/${this.secret}`;
  }
  get members() {
    return { url: this.url, destination: { type: 'slack' } };
  }

  refusal(request) {
    const [, services, team, service, token] = request.path.split('/');
    if (services !== 'services' || team !== 'T00000001') return slackSays(404, 'no_team');
    if (service !== 'B00000001') return slackSays(404, 'no_service');
    if (token !== this.secret) return slackSays(403, 'invalid_token');
    const message = isJson(request) ? parsed(request.body) : undefined;
    if (message === null || typeof message !== 'object') return slackSays(400, 'invalid_payload');
    const { text: words, blocks = [], attachments = [] } = message;
    if (words !== undefined && typeof words !== 'string') return slackSays(400, 'invalid_payload');
    if (!words && blocks.length === 0 && attachments.length === 0)
      return slackSays(400, 'no_text');
    if (attachments.length > 100) return slackSays(400, 'too_many_attachments');
    if (blocks.length > 50 || !blocks.every(blockFits)) return slackSays(400, 'invalid_blocks');
    return undefined;
  }

  accept({ body }) {
    const { text: words = '' } = parsed(body);
    this.messages.push({ text: words.slice(0, textMax), links: words.match(/<[^>]*>/g) ?? [] });
    return slackSays(200, 'ok');
  }
}
