// What arrives from the real binary with each signature scheme, held against the provider's own
// library; where there is none, against the algorithm that the provider documents.
import assert from 'node:assert/strict';
import { createHash, createHmac, createPublicKey, timingSafeEqual, verify } from 'node:crypto';
import { once } from 'node:events';
import { test } from 'node:test';

import './support/globals.mjs';
import '@shopify/shopify-api/adapters/node';

import { Webhooks } from '@octokit/webhooks';
import { EventWebhook } from '@sendgrid/eventwebhook';
import { shopifyApi } from '@shopify/shopify-api';
import { verifySlackRequest } from '@slack/bolt';
import { verifyKey } from 'discord-interactions';
import express from 'express';
import * as standardwebhooks from 'standardwebhooks';
import Stripe from 'stripe';
import * as svix from 'svix';

import { Server } from '../integration/support/postrider.mjs';
import { Receiver } from '../integration/support/receiver.mjs';
import { crc32 } from './support/crc32.mjs';

const text = ({ body }) => body.toString('utf8');
const same = (given, expected) =>
  assert.ok(
    typeof given === 'string' &&
      given.length === expected.length &&
      timingSafeEqual(Buffer.from(given), Buffer.from(expected)),
    'the signature does not match',
  );
const hmac = (algorithm, key, content, encoding) =>
  createHmac(algorithm, key).update(content).digest(encoding);

/// A receiver as tutorials have it: it answers 200 to what it takes and 401 to anything else.
async function ask(app, request) {
  const server = app.listen(0, '127.0.0.1');
  await once(server, 'listening');
  try {
    const { 'content-type': type, 'x-signature': signature } = request.headers;
    const answer = await fetch(`http://127.0.0.1:${server.address().port}/`, {
      method: 'POST',
      headers: { 'content-type': type, 'x-signature': signature },
      body: request.body,
    });
    assert.equal(answer.status, 200, 'the receiver refuses it');
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

function tutorial(secret) {
  const app = express();
  app.post('/', express.raw({ type: 'application/json' }), (request, response) => {
    const expected = createHmac('sha256', secret).update(request.body).digest('hex');
    response.sendStatus(request.headers['x-signature'] === expected ? 200 : 401);
  });
  return app;
}

const shopify = (secret) =>
  shopifyApi({
    apiKey: 'key',
    apiSecretKey: secret,
    apiVersion: '2025-10',
    hostName: 'example.com',
    isEmbeddedApp: false,
    logger: { log: () => {} },
  });
async function acceptedByShopify(request, { secret }) {
  const rawRequest = { headers: request.headers, method: 'POST', url: '/' };
  const checked = await shopify(secret).webhooks.validate({ rawBody: text(request), rawRequest });
  assert.ok(checked.valid, `shopify: ${checked.reason}`);
  assert.equal(checked.topic, 'ORDER_CREATED');
}

/// By scheme: what `signature` needs besides, and a check that throws unless it accepts.
const schemes = {
  standard: {
    accept: (request, { secret }) =>
      new standardwebhooks.Webhook(secret).verify(text(request), request.headers),
  },
  'standard-v1a': {
    // No library knows v1a: Ed25519 over `id.timestamp.body`, by the specification.
    accept: (request, { public_key: key }) => {
      const { 'webhook-id': id, 'webhook-timestamp': at, 'webhook-signature': list } =
        request.headers;
      const der = Buffer.concat([
        Buffer.from('302a300506032b6570032100', 'hex'),
        Buffer.from(key.replace(/^whpk_/, ''), 'base64'),
      ]);
      const content = Buffer.concat([Buffer.from(`${id}.${at}.`), request.body]);
      const signature = Buffer.from(list.replace(/^v1a,/, ''), 'base64');
      const spki = createPublicKey({ key: der, format: 'der', type: 'spki' });
      assert.ok(verify(null, content, spki, signature));
    },
  },
  svix: {
    accept: (request, { secret }) => {
      const headers = Object.fromEntries(
        Object.entries(request.headers).filter(([name]) => name.startsWith('svix-')),
      );
      new svix.Webhook(secret).verify(text(request), headers);
    },
  },
  stripe: {
    accept: (request, { secret }) =>
      Stripe.webhooks.constructEvent(request.body, request.headers['stripe-signature'], secret),
  },
  github: {
    members: { sha1: true },
    accept: async (request, { secret }) => {
      const webhooks = new Webhooks({ secret });
      webhooks.onError(() => {});
      await webhooks.verifyAndReceive({
        id: request.headers['x-github-delivery'],
        name: request.headers['x-github-event'],
        payload: text(request),
        signature: request.headers['x-hub-signature-256'],
      });
      same(request.headers['x-hub-signature'], `sha1=${hmac('sha1', secret, request.body, 'hex')}`);
    },
  },
  jira: {
    // Atlassian has no library for receivers: WebSub's `method=hex`.
    accept: (request, { secret }) => {
      assert.ok(request.headers['x-atlassian-webhook-identifier']);
      same(
        request.headers['x-hub-signature'],
        `sha256=${hmac('sha256', secret, request.body, 'hex')}`,
      );
    },
  },
  shopify: { members: { shop_domain: 'example.myshopify.com' }, accept: acceptedByShopify },
  'shopify-events': { members: { shop_domain: 'example.myshopify.com' }, accept: acceptedByShopify },
  woocommerce: {
    members: { source: 'https://shop.example.com/' },
    // WooCommerce has no library for receivers: its own source signs like this.
    accept: (request, { secret }) => {
      assert.equal(request.headers['x-wc-webhook-source'], 'https://shop.example.com/');
      assert.equal(request.headers['x-wc-webhook-resource'], 'order');
      same(
        request.headers['x-wc-webhook-signature'],
        hmac('sha256', secret, request.body, 'base64'),
      );
    },
  },
  slack: {
    accept: (request, { secret }) =>
      verifySlackRequest({ signingSecret: secret, body: text(request), headers: request.headers }),
  },
  sendgrid: {
    accept: (request, { public_key: key }) => {
      const webhook = new EventWebhook();
      const name = 'x-twilio-email-event-webhook';
      const good = webhook.verifySignature(
        webhook.convertPublicKeyToECDSA(key),
        text(request),
        request.headers[`${name}-signature`],
        request.headers[`${name}-timestamp`],
      );
      assert.ok(good, 'sendgrid refuses it');
    },
  },
  discord: {
    accept: async (request, { public_key: key }) => {
      const good = await verifyKey(
        request.body,
        request.headers['x-signature-ed25519'],
        request.headers['x-signature-timestamp'],
        key,
      );
      assert.ok(good, 'discord refuses it');
    },
  },
  mailgun: {
    // Mailgun signs the token alone, as documented: the event itself is not signed.
    flip: (body) => body.indexOf('"token":"') + 12,
    accept: (request, { secret }) => {
      const { signature } = JSON.parse(text(request));
      same(
        signature.signature,
        hmac('sha256', secret, signature.timestamp + signature.token, 'hex'),
      );
      assert.match(signature.token, /^[0-9a-f]{50}$/);
    },
  },
  paypal: {
    members: { webhook_id: 'WH-1', cert_url: 'https://example.com/cert.pem' },
    // PayPal's libraries ask PayPal: the algorithm that it documents for own checks.
    accept: (request, { public_key: key }) => {
      const { headers } = request;
      assert.equal(headers['paypal-auth-algo'], 'SHA256withRSA');
      const content = [
        headers['paypal-transmission-id'],
        headers['paypal-transmission-time'],
        'WH-1',
        crc32(request.body),
      ].join('|');
      const spki = createPublicKey({
        key: Buffer.from(key, 'base64'),
        format: 'der',
        type: 'spki',
      });
      const signature = Buffer.from(headers['paypal-transmission-sig'], 'base64');
      assert.ok(verify('sha256', Buffer.from(content), spki, signature), 'paypal refuses it');
    },
  },
  hmac: { accept: (request, { secret }) => ask(tutorial(secret), request) },
  none: {
    accept: ({ headers }) =>
      assert.deepEqual(
        Object.keys(headers).filter((name) => /signature|hmac/.test(name)),
        [],
      ),
    proves: false,
  },
};

function withByteChanged(request, at) {
  const body = Buffer.from(request.body);
  body[at] ^= 1;
  return { ...request, body };
}

async function isAccepted(accept, request, endpoint) {
  try {
    await accept(request, endpoint);
    return true;
  } catch {
    return false;
  }
}

for (const [scheme, { members = {}, accept, flip, proves = true }] of Object.entries(schemes)) {
  test(`${scheme}: the first attempt and the retry are accepted, another byte is not`, async (t) => {
    const receiver = await Receiver.start(t, (_, number) => (number === 1 ? 500 : 200));
    const server = await Server.start(t, { retryDelaysMs: [1100] });
    const endpoint = await server.api.endpoint(receiver.url, { signature: { scheme, ...members } });
    assert.equal(endpoint.signature.scheme, scheme);
    const event = { type: 'order.created', data: { id: 'ord_1', total: 4200 } };
    await server.api.expect(202, 'POST', '/v1/events', event);
    const [first, second] = await receiver.got(2);
    for (const request of [first, second]) {
      await accept(request, endpoint);
      assert.ok(request.headers['webhook-id'].startsWith('evt_'));
      if (!proves) continue;
      const at = flip?.(request.body) ?? request.body.indexOf('ord_1');
      const changed = withByteChanged(request, at);
      assert.equal(await isAccepted(accept, changed, endpoint), false, 'a changed body is accepted');
    }
    const digest = ({ body }) => createHash('sha256').update(body).digest('hex');
    // Mailgun's token is another one at each attempt.
    assert.equal(digest(first) === digest(second), scheme !== 'mailgun');
  });
}

test('every scheme of the document is tried', async (t) => {
  const server = await Server.start(t);
  const document = await server.api.expect(200, 'GET', '/openapi.json');
  const known = document.components.schemas.NewSignature.oneOf.flatMap(
    ({ properties }) => properties?.scheme.enum ?? [],
  );
  assert.deepEqual(Object.keys(schemes).sort(), [...known].sort());
});
