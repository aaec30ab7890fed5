// Google's token endpoint, for service accounts that ask for ID tokens.
import { rsaKeys, signedToken, unverifiedClaims, verifiedClaims } from './jwt.mjs';
import { Provider, json, unguessable } from './provider.mjs';

const grantType = 'urn:ietf:params:oauth:grant-type:jwt-bearer';
const lifetimeS = 3600;
const skewS = 60;
// A pair of keys takes long to make, and whose it is does not matter.
const googleKeys = rsaKeys();
const accountKeys = rsaKeys();

export const googleSays = (error, description) =>
  json(400, { error, error_description: description });

export class GoogleTokens extends Provider {
  kid = unguessable().slice(0, 8);
  /// Client email -> the key with which it signs.
  accounts = new Map();
  /// Every ID token that was given out.
  issued = [];

  constructor({ nowMs = Date.now } = {}) {
    super();
    this.nowMs = nowMs;
  }

  get url() {
    return `${this.origin}/token`;
  }
  /// A verifier of ID tokens needs it.
  get publicKey() {
    return googleKeys.publicKey;
  }
  get nowS() {
    return Math.floor(this.nowMs() / 1000);
  }

  /// The key file of a new service account.
  newAccount(name = 'caller') {
    const { pem, publicKey } = accountKeys;
    const email = `${name}@project.iam.gserviceaccount.com`;
    this.accounts.set(email, publicKey);
    return {
      type: 'service_account',
      project_id: 'project',
      private_key_id: unguessable(),
      private_key: pem,
      client_email: email,
      token_uri: this.url,
    };
  }

  #assertion({ body }) {
    return new URLSearchParams(body.toString('utf8')).get('assertion') ?? '';
  }

  refusal(request) {
    if (request.path !== '/token') return json(404, { error: 'not_found' });
    const form = new URLSearchParams(request.body.toString('utf8'));
    if (request.headers['content-type'] !== 'application/x-www-form-urlencoded')
      return googleSays('invalid_request', 'Required parameter is missing: grant_type');
    if (form.get('grant_type') !== grantType)
      return googleSays('unsupported_grant_type', `Invalid grant_type: ${form.get('grant_type')}`);
    const assertion = this.#assertion(request);
    const said = unverifiedClaims(assertion);
    if (said === undefined) return googleSays('invalid_grant', 'Bad Request');
    const key = this.accounts.get(said.iss);
    if (key === undefined) return googleSays('invalid_grant', 'Invalid grant: account not found');
    const claims = verifiedClaims(assertion, key);
    if (claims === undefined) return googleSays('invalid_grant', 'Invalid JWT Signature.');
    return this.#problemOf(claims);
  }

  #problemOf({ aud, iat, exp, sub, iss, scope, target_audience: target }) {
    if (aud !== this.url) return googleSays('invalid_grant', 'Invalid JWT: Failed audience check.');
    const isTimely =
      Number.isInteger(iat) &&
      Number.isInteger(exp) &&
      iat <= this.nowS + skewS &&
      exp > this.nowS &&
      exp <= iat + lifetimeS;
    if (!isTimely)
      return googleSays(
        'invalid_grant',
        'Invalid JWT: Token must be a short-lived token and in a reasonable timeframe.',
      );
    if (sub !== undefined && sub !== iss)
      return googleSays('unauthorized_client', 'Client is unauthorized to retrieve access tokens.');
    if (scope !== undefined || typeof target !== 'string')
      return googleSays('invalid_request', 'Exactly one of scope and target_audience is needed.');
    return undefined;
  }

  accept(request) {
    const { iss, target_audience: aud } = unverifiedClaims(this.#assertion(request));
    const claims = {
      iss: 'https://accounts.google.com',
      aud,
      azp: iss,
      sub: '100000000000000000001',
      email: iss,
      email_verified: true,
      iat: this.nowS,
      exp: this.nowS + lifetimeS,
      jti: unguessable(),
    };
    const token = signedToken(claims, { privateKey: googleKeys.privateKey, kid: this.kid });
    this.issued.push(token);
    return json(200, { id_token: token });
  }
}
