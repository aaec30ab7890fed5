// What the `error` of an attempt says of a receiver that cannot be reached or does not answer.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { test } from 'node:test';

import { Pki } from './support/pki.mjs';
import { run } from './support/process.mjs';
import { Server } from './support/postrider.mjs';
import { Receiver, refusedUrl } from './support/receiver.mjs';
import { until } from './support/until.mjs';

const oneAttempt = { retry: { kind: 'schedule', delays_ms: [] }, timeout_ms: 1000 };

/// The only attempt of a new event to `url`.
async function attemptAt(server, url) {
  const { id: endpoint } = await server.api.endpoint(url, oneAttempt);
  const { id } = await server.api.emit();
  const deliveries = await until('the delivery ended', async () => {
    const rows = await server.api.deliveriesOf(id);
    const own = rows.filter((row) => row.endpoint === endpoint);
    return own[0]?.state === 'pending' ? null : own;
  });
  await server.api.expect(204, 'DELETE', `/v1/endpoints/${endpoint}`);
  const [attempt] = deliveries[0].attempts;
  return { outcome: attempt.outcome, error: attempt.error, status: attempt.status };
}

/// A TCP server that does `serve(socket)` to each connection, as a URL.
async function tcpUrl(t, serve, scheme = 'http') {
  const sockets = new Set();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    serve(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return `${scheme}://127.0.0.1:${server.address().port}/hook`;
}

/// What runs the binary with `file` in the place of the system's certificate authorities; null
/// where this is not allowed.
async function trusting(file) {
  const mount = 'mount --bind "$0" /etc/ssl/certs/ca-certificates.crt && exec "$@"';
  for (const flags of [['-m'], ['-r', '-m']]) {
    const wrap = ['unshare', ...flags, 'sh', '-c', mount, file];
    const { code } = await run(wrap[0], [...wrap.slice(1), 'true']);
    if (code === 0) return wrap;
  }
  return null;
}

test('each kind of invalid certificate has a sentence of its own', async (t) => {
  const pki = new Pki(t);
  await pki.certificate('root', { authority: true });
  await pki.certificate('unknown root', { authority: true });
  await pki.certificate('intermediate', { authority: true, issuer: 'root' });
  await pki.certificate('good', { issuer: 'intermediate' });
  await pki.certificate('expired', { issuer: 'root', to: '20210101000000Z' });
  await pki.certificate('early', { issuer: 'root', from: '20480101000000Z' });
  await pki.certificate('other', { issuer: 'root', san: 'DNS:example.com' });
  await pki.certificate('unknown', { issuer: 'unknown root' });
  await pki.certificate('own');
  const wrap = await trusting(pki.file('root.pem'));
  if (wrap === null) return t.skip('no mount namespace may be made here');
  const server = await Server.start(t, { wrap });
  const chain = pki.pem('intermediate');

  const good = await attemptAt(server, await pki.serve(t, 'good', chain));
  assert.deepEqual(good, { outcome: 'success', error: null, status: 200 });
  const expected = [
    ['good', '', /issuer of the TLS certificate is unknown\. Perhaps .* intermediate/],
    ['expired', '', /^The TLS certificate has expired/],
    ['early', '', /^The TLS certificate is not valid yet/],
    ['other', '', /^The TLS certificate is for another host name\.$/],
    ['unknown', '', /issuer of the TLS certificate is unknown/],
    ['unknown', pki.pem('unknown root'), /^The root of the TLS certificate's chain is not/],
    ['own', '', /^The TLS certificate is self-signed/],
  ];
  for (const [name, rest, error] of expected) {
    const attempt = await attemptAt(server, await pki.serve(t, name, rest));
    assert.equal(attempt.outcome, 'tls', name);
    assert.equal(attempt.status, null, name);
    assert.match(attempt.error, error, name);
  }
});

test('each way to fail before a response has a sentence of its own', async (t) => {
  const server = await Server.start(t, { flags: ['--log-level', 'debug'] });
  const hello = (socket, then) => socket.once('data', () => then(socket));
  const cases = [
    ['connect', /^The receiver refused the connection\./, await refusedUrl()],
    [
      'connect',
      /^The receiver closed the connection before it sent a response\.$/,
      await tcpUrl(t, (socket) => hello(socket, () => socket.end())),
    ],
    [
      'connect',
      /^The receiver reset the connection before it sent a response\.$/,
      await tcpUrl(t, (socket) => hello(socket, () => socket.resetAndDestroy())),
    ],
    [
      'timeout',
      /^The receiver accepted the connection but sent no response within the timeout\.$/,
      await tcpUrl(t, () => {}),
    ],
    [
      'timeout',
      /^The receiver began its response but did not finish it within the timeout\.$/,
      await tcpUrl(t, (socket) => hello(socket, () => socket.write('HTTP/1.1 200 OK\r\na: '))),
    ],
    [
      'timeout',
      /^The TLS handshake did not finish within the timeout\.$/,
      await tcpUrl(t, () => {}, 'https'),
    ],
    [
      'tls',
      /^The receiver closed the connection during the TLS handshake\.$/,
      await tcpUrl(t, (socket) => hello(socket, () => socket.end()), 'https'),
    ],
    [
      'tls',
      /^The receiver does not speak TLS on this port\./,
      await tcpUrl(t, (socket) => hello(socket, () => socket.end('HTTP/1.1 400 no\r\n\r\n')), 'https'),
    ],
    [
      'response_invalid',
      /^The response is not valid HTTP\.$/,
      await tcpUrl(t, (socket) => hello(socket, () => socket.end('good morning\r\n\r\n'))),
    ],
    ['dns', /^The host name could not be resolved/, 'http://nowhere.invalid/hook'],
  ];
  for (const [outcome, error, url] of cases) {
    const attempt = await attemptAt(server, url);
    assert.match(attempt.error ?? 'none', error, url);
    assert.equal(attempt.outcome, outcome, attempt.error);
    assert.equal(attempt.status, null);
  }
});

test('a connection that is never accepted is a timeout of its own', async (t) => {
  // Linux drops further connections once the queue of a listener is full.
  const full = `
import socket, sys
listener = socket.socket()
listener.bind(("127.0.0.1", 0))
listener.listen(0)
waiting = []
for _ in range(4):
    one = socket.socket()
    one.setblocking(False)
    one.connect_ex(listener.getsockname())
    waiting.append(one)
print(listener.getsockname()[1], flush=True)
sys.stdin.read()
`;
  const { launch } = await import('./support/process.mjs');
  const listener = launch('python3', ['-c', full], { keepInput: true });
  t.after(() => listener.child.kill('SIGKILL'));
  const port = await until('it listens', () => listener.out.match(/^(\d+)\n/)?.[1]);
  const server = await Server.start(t);
  const attempt = await attemptAt(server, `http://127.0.0.1:${port}/hook`);
  assert.equal(attempt.outcome, 'timeout');
  assert.equal(attempt.error, 'The connection was not established within the timeout.');
});

test('a redirect names where it leads', async (t) => {
  const server = await Server.start(t);
  const location = `https://example.com/new${'/long'.repeat(100)}`;
  const receiver = await Receiver.start(t, () => ({ status: 308, headers: { location } }));
  const { outcome, status, error } = await attemptAt(server, receiver.url);
  assert.deepEqual([outcome, status], ['http_error', 308]);
  assert.match(error, /^Redirects are not followed: .* Location: https:\/\/example\.com\/new/);
  assert.ok(error.length < 400, `${error.length}`);
  receiver.script = () => ({ status: 301, headers: { location: '/next\u009b?a=1' } });
  assert.match((await attemptAt(server, receiver.url)).error, /Location: \/next +\?a=1$/);
  receiver.script = () => 304;
  assert.equal((await attemptAt(server, receiver.url)).error, null);
});

test('a blocked address is in the log and not in the answer', async (t) => {
  const receiver = await Receiver.start(t);
  const options = { allowLoopback: false, flags: ['--log-format', 'json'] };
  const server = await Server.start(t, options);
  const url = receiver.url.replace('127.0.0.1', 'localhost') + '/secret?key=secret';
  const attempt = await attemptAt(server, url);
  assert.equal(attempt.outcome, 'blocked');
  assert.equal(attempt.error, 'The address of the host is not allowed.');
  const line = await until('the log has it', () =>
    server.log.split('\n').find((text) => text.includes('address not allowed')),
  );
  const { level, host, address } = JSON.parse(line);
  assert.deepEqual([level, host], ['warning', 'localhost']);
  assert.match(address, /^(127\.0\.0\.1|::1)$/);
  assert.doesNotMatch(server.log, /secret/);
});
