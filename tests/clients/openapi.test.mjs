// The OpenAPI document against the running server: each operation with each status it documents.
// Every request of this file goes through JudgedApi.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Validator } from '@seriousme/openapi-schema-validator';
import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';

import { postrider, Server } from '../integration/support/postrider.mjs';
import { deadLetters } from './conformance/dead_letters.mjs';
import { deliveries } from './conformance/deliveries.mjs';
import { endpoints } from './conformance/endpoints.mjs';
import { events } from './conformance/events.mjs';
import { general } from './conformance/general.mjs';
import { operators } from './conformance/operators.mjs';
import { unavailable } from './conformance/unavailable.mjs';
import { Contract, JudgedApi } from './support/contract.mjs';

async function printed() {
  const { code, out } = await postrider(['openapi']);
  assert.equal(code, 0);
  return out;
}

test('the document is OpenAPI 3.1', async () => {
  const document = JSON.parse(await printed());
  const validator = new Validator();
  const { valid, errors } = await validator.validate(document);
  assert.ok(valid, JSON.stringify(errors, null, 1));
  assert.equal(validator.version, '3.1');
});

test('its schemas have no keyword that means nothing', async () => {
  const { components } = JSON.parse(await printed());
  const ajv = new Ajv2020({ strict: true, strictRequired: true, allowUnionTypes: true });
  addFormats(ajv);
  ajv.addVocabulary(['components']);
  ajv.addSchema({ components }, 'api');
  for (const name of Object.keys(components.schemas)) {
    ajv.compile({ $ref: `api#/components/schemas/${name}` });
  }
});

test('every object of an answer says what else it may have', async () => {
  const contract = new Contract(JSON.parse(await printed()));
  const open = [];
  const seen = new Set();
  for (const { name, operation } of contract.operations) {
    for (const [status, response] of Object.entries(operation.responses)) {
      for (const { schema } of Object.values(contract.resolve(response).content ?? {})) {
        open.push([`${name} ${status}`, schema]);
      }
    }
  }
  while (open.length > 0) {
    const [where, given] = open.pop();
    const schema = contract.resolve(given);
    if (typeof schema !== 'object' || schema === null || seen.has(schema)) continue;
    seen.add(schema);
    if (schema.properties) {
      assert.equal(schema.additionalProperties, false, `${where}: ${JSON.stringify(schema)}`);
      // What may be left out of an answer is the errors of a problem, and nothing else.
      const optional = Object.keys(schema.properties).filter((p) => !schema.required?.includes(p));
      assert.deepEqual(
        optional.filter((p) => p !== 'errors'),
        [],
        where,
      );
    }
    for (const child of Object.values(schema)) open.push([where, child]);
  }
});

test('every request and answer has an example that fits its schema', async () => {
  const document = JSON.parse(await printed());
  const contract = new Contract(document);
  const ajv = new Ajv2020({ strict: false });
  addFormats(ajv);
  ajv.addSchema(document, 'api');
  const check = (where, { schema, example }) => {
    assert.notEqual(example, undefined, `${where} has no example`);
    const validate = ajv.compile(schema.$ref ? { $ref: `api${schema.$ref}` } : schema);
    assert.ok(validate(example), `${where}: ${JSON.stringify(validate.errors)}`);
  };
  for (const { name, operation } of contract.operations) {
    for (const [type, media] of Object.entries(operation.requestBody?.content ?? {})) {
      check(`${name} ${type}`, media);
    }
    for (const [status, response] of Object.entries(operation.responses)) {
      for (const media of Object.values(contract.resolve(response).content ?? {})) {
        check(`${name} ${status}`, media);
      }
    }
  }
});

/// Statuses that a healthy server cannot be made to answer from outside.
const unprovoked = [
  [/ 500$/, 'only a defect of ours leads there'],
  [/^GET (?!\/v1\/stream|\/readyz).* 503$/, 'only a database that cannot be read leads there'],
];

test('the server does what the document says', async (t) => {
  const server = await Server.start(t, {
    retryDelaysMs: [1],
    flags: ['--max-event-bytes', '4096'],
  });
  const answer = await server.api.get('/openapi.json', { key: null });
  assert.equal(answer.text, await printed(), 'both have the same bytes');
  const contract = new Contract(answer.json);
  const api = new JudgedApi(server.api, contract);
  for (const part of [
    general,
    events,
    endpoints,
    deliveries,
    deadLetters,
    operators,
    unavailable,
  ]) {
    await t.test(part.name, (inner) => part({ t: inner, server, api, contract }));
  }
  await t.test('every documented status was seen', () => {
    const excused = (status) => unprovoked.some(([pattern]) => pattern.test(status));
    const missing = contract.documented.filter((s) => !contract.seen.has(s) && !excused(s));
    assert.deepEqual(missing, [], 'documented and never seen');
    const needless = contract.documented.filter((s) => contract.seen.has(s) && excused(s));
    assert.deepEqual(needless, [], 'seen, so it needs no excuse');
    t.diagnostic(`${contract.seen.size} of ${contract.documented.length} statuses were seen`);
  });
});
