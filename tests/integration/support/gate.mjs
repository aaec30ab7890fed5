// The network between a client and a server, which a test can cut.
import { once } from 'node:events';
import { connect, createServer } from 'node:net';

/// Passes TCP connections on to a port of loopback. Closed after test `t`.
export class Gate {
  static async start(t, port) {
    const gate = new Gate(port);
    gate.server.listen(0, '127.0.0.1');
    await once(gate.server, 'listening');
    t.after(() => gate.close());
    return gate;
  }

  constructor(port) {
    this.isShut = false;
    this.sockets = new Set();
    this.server = createServer({ allowHalfOpen: true }, (client) => {
      const server = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
      this.#pass(client, server);
      this.#pass(server, client);
    });
  }

  get port() {
    return this.server.address().port;
  }

  #pass(from, to) {
    this.sockets.add(from);
    if (this.isShut) from.pause();
    from.on('data', (bytes) => to.write(bytes));
    from.on('end', () => to.end());
    from.on('error', () => to.destroy());
    from.on('close', () => {
      this.sockets.delete(from);
      to.destroy();
    });
    if (this.isShut) from.pause();
  }

  /// Blocks all bytes without closing a connection. New connections are accepted and stay silent.
  shut() {
    this.isShut = true;
    for (const socket of this.sockets) socket.pause();
  }

  /// Lets all bytes pass again, including the bytes that were held back.
  open() {
    this.isShut = false;
    for (const socket of this.sockets) socket.resume();
  }

  /// Closes all connections. New connections pass again.
  replace() {
    for (const socket of this.sockets) socket.destroy();
    this.isShut = false;
  }

  close() {
    for (const socket of this.sockets) socket.destroy();
    return new Promise((closed) => this.server.close(closed));
  }
}
