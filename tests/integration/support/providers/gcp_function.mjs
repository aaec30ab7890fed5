// A Cloud Function of Google, which anybody may call or only who has an ID token for it.
import { verifiedClaims } from './jwt.mjs';
import { Provider, isJson, parsed, text } from './provider.mjs';

const bytesMax = 10 * 1024 * 1024;
const html = (status, words) => text(status, `<html><body>${words}</body></html>`);

export const gcpUnauthorized = html(
  401,
  'Your client does not have permission to the requested URL.',
);
export const gcpForbidden = html(403, 'Your client does not have permission to get URL.');

export class GcpFunction extends Provider {
  /// What the function was called with.
  calls = [];
  /// Tokens that are not good any more.
  revoked = new Set();

  /// `tokens`: a GoogleTokens; without one anybody may call. `invokers`: emails of who may, default
  /// everyone with an account there. `audience`: default its URL.
  constructor({ tokens, invokers, audience } = {}) {
    super();
    Object.assign(this, { tokens, invokers, audience });
  }

  get url() {
    return `${this.origin}/hello`;
  }
  get members() {
    return { url: this.url, destination: { type: 'gcp_function' } };
  }
  /// The settings of an endpoint that calls the function as `account`.
  membersAs(account, auth = {}) {
    return {
      url: this.url,
      destination: {
        type: 'gcp_function',
        auth: { kind: 'oidc', service_account: account, ...auth },
      },
    };
  }

  refusal(request) {
    const { pathname } = new URL(request.path, this.origin);
    if (pathname !== '/hello') return html(404, 'Page not found');
    const refused = this.tokens && this.#refusalOf(request.headers.authorization ?? '');
    if (refused) return refused;
    return request.body.length > bytesMax ? text(413, 'Request Entity Too Large') : undefined;
  }

  #refusalOf(authorization) {
    const [, token] = authorization.match(/^Bearer (\S+)$/) ?? [];
    const claims = token && verifiedClaims(token, this.tokens.publicKey);
    const isGood =
      claims &&
      claims.iss === 'https://accounts.google.com' &&
      claims.aud === (this.audience ?? this.url) &&
      claims.exp > this.tokens.nowS &&
      !this.revoked.has(token);
    if (!isGood) return gcpUnauthorized;
    const mayInvoke = (this.invokers ?? [...this.tokens.accounts.keys()]).includes(claims.email);
    return mayInvoke ? undefined : gcpForbidden;
  }

  accept(request) {
    this.calls.push(isJson(request) ? parsed(request.body) : request.body.toString('utf8'));
    return text(200, 'done');
  }
}
