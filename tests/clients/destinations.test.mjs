// What lets requests of the real binary in at Amazon and Google, recomputed by other people's
// libraries from the request as it arrived.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';

import './support/globals.mjs';

import { Sha256 } from '@aws-crypto/sha256-js';
import { SignatureV4 } from '@smithy/signature-v4';
import aws4 from 'aws4';
import { jwtVerify } from 'jose';

import { Server } from '../integration/support/postrider.mjs';
import { AwsLambda } from '../integration/support/providers/aws_lambda.mjs';
import { GcpFunction } from '../integration/support/providers/gcp_function.mjs';
import { GoogleTokens } from '../integration/support/providers/google_tokens.mjs';
import { text } from '../integration/support/providers/provider.mjs';
import { Subscription } from '../integration/support/subscription.mjs';

const withByteChanged = (request) => {
  const body = Buffer.from(request.body);
  body[body.length - 3] ^= 1;
  return { ...request, body };
};

/// The headers that the sender says it signed, without those that a signer adds itself.
function givenHeaders({ headers }) {
  const [, names] = headers.authorization.match(/SignedHeaders=([^,]+)/);
  const given = names.split(';').filter((name) => !name.startsWith('x-amz-'));
  return Object.fromEntries(given.map((name) => [name, headers[name]]));
}

/// By library: the value of `authorization` for the request as it arrived.
const signers = {
  aws4: (request, { region, credentials }) => {
    const hash = createHash('sha256').update(request.body).digest('hex');
    const signed = aws4.sign(
      {
        service: 'lambda',
        region,
        method: request.method,
        path: request.path,
        body: request.body,
        headers: {
          ...givenHeaders(request),
          'x-amz-date': request.headers['x-amz-date'],
          'x-amz-content-sha256': hash,
        },
        extraHeadersToIgnore: { 'content-length': true },
      },
      {
        accessKeyId: credentials.access_key_id,
        secretAccessKey: credentials.secret_access_key,
        sessionToken: credentials.session_token,
      },
    );
    return signed.headers.Authorization;
  },
  '@smithy/signature-v4': async (request, { region, credentials }) => {
    const signer = new SignatureV4({
      service: 'lambda',
      region,
      sha256: Sha256,
      credentials: {
        accessKeyId: credentials.access_key_id,
        secretAccessKey: credentials.secret_access_key,
        sessionToken: credentials.session_token,
      },
    });
    const { pathname, searchParams } = new URL(request.path, 'http://host');
    const [, ...parts] = request.headers['x-amz-date'].match(/(....)(..)(..)T(..)(..)(..)Z/);
    const [year, month, day, hour, minute, second] = parts;
    const signed = await signer.sign(
      {
        method: request.method,
        protocol: 'http:',
        hostname: '127.0.0.1',
        path: pathname,
        query: Object.fromEntries(searchParams),
        headers: givenHeaders(request),
        body: request.body,
      },
      { signingDate: new Date(Date.UTC(year, month - 1, day, hour, minute, second)) },
    );
    return signed.headers.authorization;
  },
};

/// What the parameters of the header say, whatever stands between them.
const parameters = (authorization) => authorization.split(/,\s*/);

async function twoAttempts(t, provider, members) {
  const { api } = await Server.start(t);
  const subscription = await Subscription.make(api, members, { delays: [1100] });
  provider.queue(text(500, ''));
  await subscription.delivered(await subscription.emit({ id: 'ord_1', name: 'Jürgen 😀' }));
  assert.deepEqual(provider.refusals, []);
  return provider.requests;
}

const paths = ['/', '/my%20hook/a?b=2&a=1%2F2', '/a//b/%C3%BC~*?z&y=&x=%20+'];
for (const sessionToken of [undefined, 'FwoGZXIvYXdzEXAMPLE//token+1==']) {
  for (const path of sessionToken ? paths.slice(1, 2) : paths) {
    const how = `${sessionToken ? 'with' : 'without'} a session token`;
    test(`aws4 and smithy sign ${path} ${how} as it arrived, at every attempt`, async (t) => {
      const provider = await AwsLambda.start(t, { iam: true, sessionToken });
      const members = { ...provider.members, url: provider.origin + path };
      const [first, retry] = await twoAttempts(t, provider, members);
      assert.notEqual(first.headers['x-amz-date'], retry.headers['x-amz-date']);
      for (const request of [first, retry]) {
        assert.equal(request.headers['x-amz-security-token'], sessionToken);
        const sent = parameters(request.headers.authorization);
        for (const [name, sign] of Object.entries(signers)) {
          assert.deepEqual(parameters(await sign(request, provider)), sent, name);
          const changed = parameters(await sign(withByteChanged(request), provider));
          assert.notDeepEqual(changed, sent, `${name} takes a changed body`);
        }
      }
    });
  }
}

test('jose verifies what asks for a token, and the token that the function gets', async (t) => {
  const tokens = await GoogleTokens.start(t);
  const account = tokens.newAccount();
  const provider = await GcpFunction.start(t, { tokens });
  const [request] = await twoAttempts(t, provider, provider.membersAs(account));
  assert.equal(tokens.requests.length, 1);
  const form = new URLSearchParams(tokens.requests[0].body.toString('utf8'));
  assert.deepEqual([...form.keys()], ['grant_type', 'assertion']);

  const assertion = form.get('assertion');
  const key = tokens.accounts.get(account.client_email);
  const expected = {
    algorithms: ['RS256'],
    issuer: account.client_email,
    audience: tokens.url,
    maxTokenAge: '1h',
    requiredClaims: ['iss', 'aud', 'iat', 'exp', 'target_audience'],
  };
  const { payload, protectedHeader } = await jwtVerify(assertion, key, expected);
  assert.equal(payload.target_audience, provider.url);
  assert.ok(payload.exp - payload.iat <= 3600);
  assert.equal('scope' in payload, false);
  assert.equal(protectedHeader.kid, account.private_key_id);
  const [head, claims, signature] = assertion.split('.');
  const others = Buffer.from(JSON.stringify({ ...payload, target_audience: 'https://x.example/' }));
  const forged = [head, others.toString('base64url'), signature].join('.');
  assert.notEqual(claims, others.toString('base64url'));
  const code = 'ERR_JWS_SIGNATURE_VERIFICATION_FAILED';
  await assert.rejects(jwtVerify(forged, key, expected), { code });

  const bearer = request.headers.authorization.replace(/^Bearer /, '');
  await jwtVerify(bearer, tokens.publicKey, {
    algorithms: ['RS256'],
    issuer: 'https://accounts.google.com',
    audience: provider.url,
  });
});
