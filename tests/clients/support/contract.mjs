// The OpenAPI document as a judge: every request of a test goes through here, and every answer is
// held against what the document says of that operation and status.
import assert from 'node:assert/strict';
import { request } from 'node:http';
import { connect } from 'node:net';

import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';

import { within } from '../../integration/support/until.mjs';

/// Headers that HTTP itself, or every answer of the server, has.
const generalHeaders = new Set([
  'allow',
  'cache-control',
  'connection',
  'content-length',
  'content-security-policy',
  'content-type',
  'date',
  'keep-alive',
  'transfer-encoding',
  'x-accel-buffering',
  'x-content-type-options',
]);
const instant = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

const pointer = (...parts) =>
  parts.map((part) => `/${part.replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');

/// `shown` in messages: an answer may be long.
const brief = (text) => (text.length > 600 ? `${text.slice(0, 600)}…` : text);

function schemas(document, { answers }) {
  const ajv = new Ajv2020({ strict: false, allErrors: true });
  addFormats(ajv);
  // Answers are stricter than RFC 3339: UTC with milliseconds.
  if (answers) ajv.addFormat('date-time', instant);
  ajv.addSchema(document, 'api');
  const compiled = new Map();
  return (at) => {
    if (!compiled.has(at)) compiled.set(at, ajv.compile({ $ref: `api#${encodeURI(at)}` }));
    return compiled.get(at);
  };
}

export class Contract {
  constructor(document) {
    this.document = document;
    this.answerSchema = schemas(document, { answers: true });
    this.requestSchema = schemas(document, { answers: false });
    /// "GET /v1/events 200" -> how often it was seen
    this.seen = new Map();
    this.operations = [];
    for (const [path, item] of Object.entries(document.paths)) {
      for (const [method, operation] of Object.entries(item)) {
        this.operations.push(this.#operation(path, method, operation));
      }
    }
  }

  #operation(path, method, operation) {
    const pattern = new RegExp(`^${path.replaceAll('.', '\\.').replace(/\{\w+\}/g, '[^/]+')}$`);
    const parameters = (operation.parameters ?? []).map((p) => this.resolve(p));
    const statuses = Object.keys(operation.responses).map(Number);
    return {
      name: `${method.toUpperCase()} ${path}`,
      at: pointer('paths', path, method),
      method: method.toUpperCase(),
      path,
      pattern,
      parameters,
      statuses,
      operation,
      keyed: (operation.security ?? this.document.security).length > 0,
    };
  }

  /// What a reference within the document stands for; anything else is itself.
  resolve(value) {
    if (typeof value?.$ref !== 'string') return value;
    const parts = value.$ref.slice(2).split('/');
    return parts.reduce(
      (at, part) => at[part.replaceAll('~1', '/').replaceAll('~0', '~')],
      this.document,
    );
  }

  /// The operations of a path. A path without parameters hides those with.
  operationsAt(path) {
    const fitting = this.operations.filter(({ pattern }) => pattern.test(path));
    const literal = fitting.filter((operation) => operation.path === path);
    return literal.length > 0 ? literal : fitting;
  }

  /// Judges one answer `{status, headers, text}` to `sent` = `{method, target, body, type}`.
  /// Throws with what does not fit.
  judge(sent, answer) {
    const url = new URL(`http://host${sent.target}`);
    const where = `${sent.method} ${sent.target} -> ${answer.status} ${brief(answer.text)}`;
    try {
      const there = this.operationsAt(url.pathname);
      const operation = there.find(({ method }) => method === sent.method);
      this.#judgeGeneral(answer);
      if (operation) this.#judgeDocumented(operation, url, sent, answer);
      else this.#judgeUndocumented(there, answer);
    } catch (error) {
      error.message = `${where}\n${error.message}`;
      throw error;
    }
  }

  #judgeGeneral({ status, headers, text }) {
    assert.ok(headers['x-request-id'], 'there is no X-Request-Id');
    assert.equal(headers['x-content-type-options'], 'nosniff');
    assert.ok(headers['cache-control'], 'there is no Cache-Control');
    if (status < 400) return;
    assert.equal(headers['content-type'], 'application/problem+json');
    const problem = JSON.parse(text);
    this.#fits(this.answerSchema(pointer('components', 'schemas', 'Problem')), problem);
    assert.equal(problem.status, status);
    assert.equal(problem.request_id, headers['x-request-id']);
    assert.match(problem.type, /^urn:postrider:problem:[a-z_]+$/);
    assert.match(problem.detail, /^\S.*[.…]$/s, 'the detail is no sentence');
    const kinds = this.document.components.schemas.Problem.properties.type.description;
    assert.ok(kinds.includes(problem.type.split(':').at(-1)), `${problem.type} is not documented`);
    if (status === 422) assert.ok(problem.errors?.length > 0, 'a 422 names what is wrong');
    for (const { pointer: at } of problem.errors ?? []) assert.match(at, /^(\/.*)?$/s);
  }

  #judgeUndocumented(there, { status, headers }) {
    if (there.length === 0) {
      // Without a key nobody learns which paths there are.
      assert.ok(status === 404 || status === 401 || status === 403, 'the path is not documented');
      return;
    }
    assert.ok(status === 405 || status === 401 || status === 403, 'the method is not documented');
    if (status !== 405) return;
    const allowed = headers.allow.split(', ').filter((method) => method !== 'HEAD');
    assert.deepEqual(allowed.sort(), there.map(({ method }) => method).sort());
  }

  #judgeDocumented(operation, url, sent, answer) {
    const { status, headers, text } = answer;
    assert.ok(operation.statuses.includes(status), `${operation.name} does not document ${status}`);
    const key = `${operation.name} ${status}`;
    this.seen.set(key, (this.seen.get(key) ?? 0) + 1);
    let at = operation.at + pointer('responses', String(status));
    const { $ref } = operation.operation.responses[status];
    if ($ref) at = $ref.slice(1);
    const response = this.resolve(operation.operation.responses[status]);
    this.#judgeHeaders(response, headers);
    const types = Object.keys(response.content ?? {});
    if (types.length === 0) {
      assert.equal(text, '');
      assert.equal(headers['content-type'], undefined);
    } else {
      const type = (headers['content-type'] ?? '').split(';')[0];
      // A stream has none yet when its head is judged.
      if (/\bjson$/.test(type)) assert.notEqual(text, '', 'there is no body');
      assert.ok(types.includes(type), `${type} is not documented`);
      const value = /\bjson$/.test(type) ? JSON.parse(text) : text;
      this.#fits(this.answerSchema(at + pointer('content', type, 'schema')), value);
    }
    if (status < 300) this.#judgeTaken(operation, url, sent);
  }

  #judgeHeaders(response, headers) {
    const documented = new Map();
    for (const [name, header] of Object.entries(response.headers ?? {})) {
      documented.set(name.toLowerCase(), this.resolve(header));
    }
    for (const name of Object.keys(headers)) {
      assert.ok(documented.has(name) || generalHeaders.has(name), `${name} is not documented`);
    }
    for (const [name, { required, schema }] of documented) {
      const value = headers[name];
      if (value === undefined) {
        assert.ok(!required, `${name} is missing`);
        continue;
      }
      if (schema.type === 'integer') assert.match(value, /^\d+$/);
      if (schema.enum) assert.ok(schema.enum.includes(value), `${name}: ${value}`);
    }
  }

  /// The server did what was asked: then the document has to admit the request too.
  #judgeTaken(operation, url, { body, type }) {
    const known = operation.parameters.filter((p) => p.in === 'query').map((p) => p.name);
    for (const name of url.searchParams.keys()) {
      assert.ok(known.includes(name), `the parameter ${name} was taken and is not documented`);
    }
    if (body === undefined || body.length === 0) {
      assert.ok(!operation.operation.requestBody?.required, 'the document demands a body');
      return;
    }
    const content = operation.operation.requestBody?.content;
    if (!content) {
      assert.equal(body.toString().trim(), '{}', 'a body was taken and is not documented');
      return;
    }
    assert.ok(content[type], `a body of type ${type} was taken and is not documented`);
    if (!/\bjson$/.test(type) || type === 'application/x-ndjson') return;
    const schema = operation.at + pointer('requestBody', 'content', type, 'schema');
    this.#fits(this.requestSchema(schema), JSON.parse(body), 'the server took a body that');
  }

  #fits(validate, value, what = 'the body') {
    if (validate(value)) return;
    const errors = validate.errors.map(
      (e) => `${e.instancePath || '/'} ${e.message} ${JSON.stringify(e.params)}`,
    );
    assert.fail(`${what} does not fit the document:\n  ${errors.slice(0, 8).join('\n  ')}`);
  }

  /// Every documented operation and status, as in `seen`.
  get documented() {
    return this.operations.flatMap(({ name, statuses }) => statuses.map((s) => `${name} ${s}`));
  }
}

/// A client whose every answer is judged.
export class JudgedApi {
  constructor(api, contract) {
    this.api = api;
    this.contract = contract;
  }

  /// As Api.send. `type` is the content type of a body, null for none.
  async send(method, target, body, { type = 'application/json', headers = {}, ...options } = {}) {
    const bytes =
      body === undefined || typeof body === 'string' || Buffer.isBuffer(body)
        ? body
        : JSON.stringify(body);
    const answer = await this.api.send(method, target, bytes, {
      ...options,
      headers: bytes === undefined ? headers : { 'content-type': type, ...headers },
    });
    this.contract.judge({ method, target, body: bytes, type }, answer);
    return answer;
  }

  /// The JSON of an answer that must have `status`; its text when it is none.
  async expect(status, method, target, body, options) {
    const answer = await this.send(method, target, body, options);
    assert.equal(answer.status, status, `${method} ${target}: ${brief(answer.text)}`);
    return /json$/.test(answer.headers['content-type']) ? answer.json : answer.text;
  }

  /// The errors of a 422, as "pointer detail".
  async invalid(method, target, body, options) {
    const { errors } = await this.expect(422, method, target, body, options);
    return errors.map((error) => `${error.pointer} ${error.detail}`);
  }

  /// The answer to a request with a line among its headers that is none; no client would send it.
  async malformed(method, target) {
    const { hostname, port } = new URL(this.api.url);
    const socket = connect(Number(port), hostname);
    socket.end(`${method} ${target} HTTP/1.1\r\nHost: ${hostname}\r\nno header\r\n\r\n`);
    let bytes = '';
    const all = (async () => {
      for await (const chunk of socket.setEncoding('utf8')) bytes += chunk;
    })();
    await within('the answer is complete', 10_000, all);
    const [head, text] = bytes.split('\r\n\r\n');
    const [first, ...lines] = head.split('\r\n');
    const headers = Object.fromEntries(
      lines.map((line) => [line.split(': ')[0].toLowerCase(), line.slice(line.indexOf(': ') + 2)]),
    );
    const answer = { status: Number(first.split(' ')[1]), headers, text };
    this.contract.judge({ method, target }, answer);
    return answer;
  }

  /// Opens a live stream: resolves with `{answer, text(), close()}` once its head was judged.
  stream(target, { key = this.api.key } = {}) {
    const opened = new Promise((resolve, reject) => {
      const options = { agent: false, headers: { authorization: `Bearer ${key}` } };
      const sent = request(this.api.url + target, options, (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (chunk) => (text += chunk));
        response.on('error', () => {});
        const answer = { status: response.statusCode, headers: response.headers, text };
        const done = () => {
          try {
            this.contract.judge({ method: 'GET', target }, { ...answer, text });
            resolve({ answer, text: () => text, close: () => sent.destroy() });
          } catch (error) {
            sent.destroy();
            reject(error);
          }
        };
        if (answer.status === 200) done();
        else response.on('end', done);
      });
      sent.on('error', reject);
      sent.end();
    });
    return within('the stream opens', 10_000, opened);
  }
}
