// A function URL of AWS Lambda, which anybody may call or only who signs with Signature Version 4.
import { createHash, createHmac, timingSafeEqual } from 'node:crypto';

import { Provider, json, parsed, unguessable } from './provider.mjs';

const bytesMax = 6 * 1024 * 1024;
const skewMs = 5 * 60 * 1000;

export const awsForbidden = json(403, { Message: 'Forbidden' });

const sha256 = (bytes) => createHash('sha256').update(bytes).digest('hex');
const hmac = (key, content) => createHmac('sha256', key).update(content).digest();
const encode = (value) =>
  encodeURIComponent(value).replace(
    /[!'()*]/g,
    (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`,
  );

function canonicalQuery(search) {
  const pairs = [...new URLSearchParams(search)].map((pair) => pair.map(encode));
  const order = (a, b) => (a < b ? -1 : Number(a > b));
  pairs.sort(([a, x], [b, y]) => order(a, b) || order(x, y));
  return pairs.map((pair) => pair.join('=')).join('&');
}

function parseAuthorization(value = '') {
  const credential = 'AWS4-HMAC-SHA256 Credential=([^/]+)/([^,]+)';
  const rest = 'SignedHeaders=([^,]+), Signature=([0-9a-f]{64})';
  const found = value.match(new RegExp(`^${credential}, ${rest}$`));
  if (!found) return undefined;
  const [, keyId, scope, names, signature] = found;
  return { keyId, scope, names: names.split(';'), signature };
}

function instantOf(date = '') {
  const found = date.match(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/);
  if (!found) return NaN;
  const [, year, month, day, hour, minute, second] = found;
  return Date.UTC(year, month - 1, day, hour, minute, second);
}

function signatureOf({ method, path, headers, body }, { scope, names }, secret) {
  const [wirePath, search = ''] = path.split('?');
  const canonical = [
    method,
    wirePath.replace(/\/+/g, '/').split('/').map(encode).join('/'),
    canonicalQuery(search),
    ...names.map((name) => `${name}:${headers[name].trim().replace(/ +/g, ' ')}`),
    '',
    names.join(';'),
    sha256(body),
  ].join('\n');
  const content = ['AWS4-HMAC-SHA256', headers['x-amz-date'], scope, sha256(canonical)].join('\n');
  const key = scope.split('/').reduce(hmac, `AWS4${secret}`);
  return hmac(key, content);
}

export class AwsLambda extends Provider {
  region = 'eu-central-1';
  credentials = {
    access_key_id: 'AKIDEXAMPLE',
    secret_access_key: `wJalrXUtnFEMI/K7MDENG+${unguessable()}`,
  };
  /// What the function was called with: events of payload format 2.0.
  events = [];

  /// `iam`: only signed requests are let in; `sessionToken`: and only with this one.
  constructor({ iam = false, sessionToken } = {}) {
    super();
    this.iam = iam;
    if (sessionToken) this.credentials.session_token = sessionToken;
  }

  get url() {
    return `${this.origin}/my%20hook/a?b=2&a=1%2F2`;
  }
  get members() {
    const { region, credentials } = this;
    const auth = this.iam ? { kind: 'sigv4', region, ...credentials } : { kind: 'none' };
    return { url: this.url, destination: { type: 'aws_lambda', auth } };
  }

  refusal(request) {
    if (this.iam && !this.#isSigned(request)) return awsForbidden;
    if (request.body.length > bytesMax) return json(413, { message: 'Request Too Long' });
    return undefined;
  }

  #isSigned(request) {
    const { headers, body } = request;
    const given = parseAuthorization(headers.authorization);
    if (given === undefined || given.keyId !== this.credentials.access_key_id) return false;
    const { names, scope } = given;
    const date = headers['x-amz-date'] ?? '';
    const isTimely = Math.abs(Date.now() - instantOf(date)) <= skewMs;
    const isScoped = scope === `${date.slice(0, 8)}/${this.region}/lambda/aws4_request`;
    const mustBeSigned = Object.keys(headers).filter((name) => name.startsWith('x-amz-'));
    const isCovered =
      ['host', 'x-amz-date', ...mustBeSigned].every((name) => names.includes(name)) &&
      names.every((name) => name in headers) &&
      `${[...names].sort()}` === `${names}`;
    const hasToken = headers['x-amz-security-token'] === this.credentials.session_token;
    const hasHash = headers['x-amz-content-sha256'] === sha256(body);
    if (!isTimely || !isScoped || !isCovered || !hasToken || !hasHash) return false;
    const expected = signatureOf(request, given, this.credentials.secret_access_key);
    return timingSafeEqual(Buffer.from(given.signature, 'hex'), expected);
  }

  accept({ headers, path, body }) {
    const [rawPath, rawQueryString = ''] = path.split('?');
    const isText = /^(text\/|application\/(json|xml|javascript))/.test(headers['content-type']);
    const event = {
      version: '2.0',
      rawPath,
      rawQueryString,
      headers,
      body: body.toString(isText ? 'utf8' : 'base64'),
      isBase64Encoded: !isText,
    };
    this.events.push(event);
    return json(200, { received: parsed(body)?.type });
  }
}
