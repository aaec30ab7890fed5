// Certificate authorities and certificates made for a test, and TLS servers with them.
import { once } from 'node:events';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:https';
import { join } from 'node:path';

import { run } from './process.mjs';
import { tempDir } from './temp.mjs';

/// Makes certificates with `openssl`, in a directory that is gone after test `t`.
export class Pki {
  constructor(t) {
    this.directory = tempDir(t);
  }

  file(name) {
    return join(this.directory, name);
  }
  pem(name) {
    return readFileSync(this.file(`${name}.pem`), 'utf8');
  }

  /// A certificate called `name`, signed by `issuer` (default: itself), for `san`. `from` and `to`
  /// are times such as 20200101000000Z.
  async certificate(name, { issuer, authority = false, san = 'IP:127.0.0.1', from, to } = {}) {
    const database = `${name}.db`;
    mkdirSync(this.file(database));
    writeFileSync(this.file(`${database}/index`), '');
    writeFileSync(
      this.file(`${name}.cnf`),
      `[req]
distinguished_name = name
prompt = no
[name]
CN = ${name}
[extensions]
basicConstraints = critical, CA:${authority ? 'TRUE' : 'FALSE'}
subjectAltName = ${san}
[ca]
default_ca = own
[own]
database = ${database}/index
new_certs_dir = ${database}
default_md = sha256
policy = policy
rand_serial = yes
[policy]
commonName = supplied
`,
    );
    const key = `${name}.key`;
    const config = ['-config', `${name}.cnf`];
    const curve = ['-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-256'];
    await this.#openssl('genpkey', ...curve, '-out', key);
    await this.#openssl('req', '-new', '-key', key, ...config, '-out', `${name}.csr`);
    const signer = issuer
      ? ['-cert', `${issuer}.pem`, '-keyfile', `${issuer}.key`]
      : ['-selfsign', '-keyfile', key];
    await this.#openssl(
      'ca',
      '-batch',
      '-notext',
      ...config,
      ...['-in', `${name}.csr`, '-out', `${name}.pem`, '-extensions', 'extensions'],
      ...['-startdate', from ?? '20200101000000Z', '-enddate', to ?? '20490101000000Z'],
      ...signer,
    );
  }

  /// The URL of a server with that certificate, and `chain` after it, until the end of test `t`.
  async serve(t, name, chain = '') {
    const server = createServer(
      { key: readFileSync(this.file(`${name}.key`)), cert: this.pem(name) + chain },
      (request, response) => request.resume().on('end', () => response.end()),
    );
    server.on('tlsClientError', () => {});
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    t.after(() => {
      server.closeAllConnections();
      server.close();
    });
    return `https://127.0.0.1:${server.address().port}/hook`;
  }

  async #openssl(...args) {
    const { code, err } = await run('openssl', args, { cwd: this.directory });
    if (code !== 0) throw new Error(`openssl ${args.join(' ')}: ${err}`);
  }
}
