// The fakes of providers refuse what the providers refuse: else their tests would show nothing.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { AwsLambda } from './support/providers/aws_lambda.mjs';
import { Discord } from './support/providers/discord.mjs';
import { GcpFunction } from './support/providers/gcp_function.mjs';
import { GoogleTokens } from './support/providers/google_tokens.mjs';
import { Ifttt } from './support/providers/ifttt.mjs';
import { rsaKeys, signedToken } from './support/providers/jwt.mjs';
import { Slack } from './support/providers/slack.mjs';
import { Zapier } from './support/providers/zapier.mjs';

const asJson = { 'content-type': 'application/json' };

/// The status and the body of the answer to a POST.
async function post(url, body, headers = asJson) {
  const sent = typeof body === 'string' ? body : JSON.stringify(body);
  const answer = await fetch(url, { method: 'POST', headers, body: sent });
  return `${answer.status} ${await answer.text()}`;
}

async function refuses(answer, pattern) {
  assert.match(await answer, pattern);
}

test('the fake of Slack answers with its words', async (t) => {
  const { url, secret } = await Slack.start(t);
  assert.equal(await post(url, { text: 'a' }), '200 ok');
  await refuses(post(url.replace(secret, 'x'), { text: 'a' }), /^403 invalid_token$/);
  await refuses(post(url.replace('/B', '/C'), { text: 'a' }), /^404 no_service$/);
  await refuses(post(url, 'text=a', { 'content-type': 'text/plain' }), /^400 invalid_payload$/);
  await refuses(post(url, '{'), /^400 invalid_payload$/);
  await refuses(post(url, {}), /^400 no_text$/);
  const section = (size) => ({ type: 'section', text: { type: 'mrkdwn', text: 'a'.repeat(size) } });
  assert.equal(await post(url, { blocks: [section(3000)] }), '200 ok');
  await refuses(post(url, { blocks: [section(3001)] }), /^400 invalid_blocks$/);
  await refuses(post(url, { blocks: Array(51).fill(section(1)) }), /^400 invalid_blocks$/);
  await refuses(post(url, { attachments: Array(101).fill({}) }), /^400 too_many_attachments$/);
});

test('the fake of Discord answers with its codes to who waits', async (t) => {
  const discord = await Discord.start(t);
  const url = `${discord.members.url}?wait=true`;
  const headers = { ...asJson, 'user-agent': 'DiscordBot (https://a.example, 1)' };
  const say = (body, { at = url, ...more } = {}) => post(at, body, { ...headers, ...more });
  assert.match(await say({ content: 'a' }), /^200 \{/);
  await refuses(say({ content: 'a' }, { 'user-agent': 'curl/8' }), /^403 .*40333/);
  await refuses(say({ content: 'a' }, { 'content-type': 'text/plain' }), /^400 .*50035/);
  await refuses(say({ content: 'a' }, { at: url.replace('webhooks/1', 'webhooks/2') }), /10015/);
  await refuses(say({ content: 'a' }, { at: url.replace(discord.secret, 'x') }), /^401 .*50027/);
  await refuses(say({ content: 'a'.repeat(2001) }), /^400 .*50035/);
  await refuses(say({}), /^400 .*50006/);
  await refuses(say({ content: 'a', username: 'Clyde' }), /^400 .*50035/);
  const embeds = [1, 2].map(() => ({ description: 'a'.repeat(3001) }));
  await refuses(say({ embeds }), /^400 .*50035/);
  await refuses(say({ embeds: [{ fields: [{ name: '', value: 'a' }] }] }), /^400 .*50035/);
  assert.equal(discord.messages.length, 1);
  assert.equal(await say({}, { at: discord.members.url }), '204 ');
  assert.equal(discord.messages.length, 1, 'what is not saved is not told without wait=true');
  await say({ content: '@everyone <@1>' });
  assert.deepEqual(discord.messages[1].mentions, ['@everyone', '<@1>']);
});

test('the fakes of Zapier and IFTTT know their hooks', async (t) => {
  const zapier = await Zapier.start(t);
  assert.match(await post(zapier.url, [1, 2]), /^200 .*"success"/);
  assert.deepEqual(zapier.runs, [1, 2]);
  await refuses(post(zapier.url.replace('catch', 'watch'), {}), /^404/);
  const ifttt = await Ifttt.start(t);
  assert.match(await post(ifttt.url, { value1: 1, other: 2 }), /^200 Congratulations!/);
  assert.deepEqual(ifttt.fired[0].values, [1, undefined, undefined]);
  await refuses(post(ifttt.url.replace(ifttt.secret, 'x'), {}), /^401 .*You sent an invalid key/);
});

test('the fake of Lambda lets nobody in without a signature', async (t) => {
  const lambda = await AwsLambda.start(t, { iam: true });
  const signature = '0'.repeat(64);
  await refuses(post(lambda.url, {}), /^403 .*Forbidden/);
  const date = new Date().toISOString().replace(/[-:]|\.\d+/g, '');
  const scope = `${date.slice(0, 8)}/${lambda.region}/lambda/aws4_request`;
  const names = 'host;x-amz-content-sha256;x-amz-date';
  const authorization =
    `AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/${scope}, ` +
    `SignedHeaders=${names}, Signature=${signature}`;
  const headers = { ...asJson, authorization, 'x-amz-date': date };
  await refuses(post(lambda.url, {}, headers), /^403/);
  assert.deepEqual(lambda.events, []);
});

test('the fake of a Cloud Function takes tokens for itself alone', async (t) => {
  const tokens = await GoogleTokens.start(t);
  const account = tokens.newAccount();
  const provider = await GcpFunction.start(t, { tokens });
  const nowS = Math.floor(Date.now() / 1000);
  const claims = {
    iss: account.client_email,
    aud: tokens.url,
    iat: nowS,
    exp: nowS + 3600,
    target_audience: provider.url,
  };
  const ask = async (more, key = account.private_key) => {
    const assertion = signedToken({ ...claims, ...more }, { privateKey: key });
    const form = { grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer', assertion };
    const answer = await post(tokens.url, `${new URLSearchParams(form)}`, {
      'content-type': 'application/x-www-form-urlencoded',
    });
    return answer.startsWith('200') ? JSON.parse(answer.slice(4)).id_token : answer;
  };
  const call = (token) =>
    post(provider.url, {}, { ...asJson, authorization: `Bearer ${token}` });
  assert.equal(await call(await ask()), '200 done');
  await refuses(call(await ask({ target_audience: 'https://a.example/' })), /^401/);
  await refuses(call('abc'), /^401/);
  await refuses(post(provider.url, {}), /^401/);
  await refuses(ask({}, rsaKeys().pem), /invalid_grant.*Invalid JWT Signature/);
  await refuses(ask({ aud: 'https://a.example/' }), /invalid_grant.*audience/);
  await refuses(ask({ exp: nowS + 3700 }), /invalid_grant.*short-lived/);
  await refuses(ask({ iss: 'nobody@a.example' }), /invalid_grant.*account not found/);
  await refuses(ask({ scope: 'a' }), /invalid_request/);
  await refuses(ask({ target_audience: undefined }), /invalid_request/);
});
