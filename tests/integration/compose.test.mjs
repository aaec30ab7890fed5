// docker/compose.yaml and its load balancer, as far as they can be held against the program and a real
// HAProxy without containers.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { freePort } from './support/postgres_server.mjs';
import { Api, Server, binary } from './support/postrider.mjs';
import { launch, run } from './support/process.mjs';
import { Receiver } from './support/receiver.mjs';
import { tempDir } from './support/temp.mjs';
import { until, within } from './support/until.mjs';

const folder = fileURLToPath(new URL('../../docker', import.meta.url));
const haproxy = '/usr/sbin/haproxy';
const config = readFileSync(join(folder, 'haproxy.cfg'), 'utf8');
const toJson = 'import json, sys, yaml; json.dump(yaml.safe_load(sys.stdin), sys.stdout)';
const compose = JSON.parse(
  execFileSync('/usr/bin/python3', ['-c', toJson], {
    input: readFileSync(join(folder, 'compose.yaml')), encoding: 'utf8',
  }),
);
const { services } = compose;
const nodes = Object.keys(services).filter((name) => services[name].image === 'postrider');
const help = execFileSync(binary, ['serve', '--help'], { encoding: 'utf8' });

const one = (regex, text) => {
  const found = [...text.matchAll(regex)].map((match) => match[1]);
  assert.equal(new Set(found).size, 1, `${regex} in\n${text}`);
  return found[0];
};
const flagOf = (command, flag) => command[command.indexOf(flag) + 1];
const secondsOf = (text) => Number(one(/^(\d+)s$/g, text));

test('nodes are started with flags and variables that serve has', () => {
  assert.equal(nodes.length, 3);
  for (const name of nodes) {
    const { command, environment } = services[name];
    assert.equal(command[0], 'serve');
    for (const flag of command.filter((word) => word.startsWith('--'))) {
      assert.match(help, new RegExp(`^ {2}${flag} `, 'm'));
    }
    const variables = Object.keys(environment).filter((variable) => variable.startsWith('POSTRIDER'));
    assert.ok(variables.length > 1);
    for (const variable of variables) assert.ok(help.includes(`(Env:${variable})`), variable);
  }
});

test('services find each other', () => {
  const { db, lb } = services;
  for (const name of nodes) {
    const { command, depends_on: needs, networks, healthcheck } = services[name];
    const url = new URL(flagOf(command, '--db'));
    assert.equal(url.username, db.environment.POSTGRES_USER);
    assert.equal(url.pathname, `/${db.environment.POSTGRES_DB}`);
    assert.deepEqual(Object.keys(needs), [url.hostname]);
    assert.equal(services[url.hostname], db);
    const shared = (other) => networks.some((network) => other.networks.includes(network));
    assert.ok(shared(db) && shared(lb));
    const port = one(/^0\.0\.0\.0:(\d+)$/g, flagOf(command, '--listen'));
    assert.equal(one(/127\.0\.0\.1\/(\d+)/g, healthcheck.test.join(' ')), port);
    assert.match(config, new RegExp(`^ {2}server ${name} ${name}:${port}$`, 'm'));
  }
  assert.equal(config.match(/^ {2}server /gm).length, nodes.length);
  assert.deepEqual(lb.depends_on, nodes);
  assert.equal(one(/^ {2}bind :(\d+)$/gm, config), lb.ports[0].split(':').at(-1));
  assert.ok(lb.volumes[0].startsWith('./haproxy.cfg:'));
  for (const { networks } of Object.values(services)) {
    for (const network of networks) assert.ok(network in compose.networks, network);
  }
  for (const mounted of db.volumes) assert.ok(mounted.split(':')[0] in compose.volumes);
});

test('nothing starts with a secret that everybody knows', () => {
  const secrets = Object.values(services).flatMap(({ environment = {} }) =>
    Object.entries(environment).filter(([name]) => /PASSWORD|KEY/.test(name)));
  assert.equal(secrets.length, 2 * nodes.length + 1);
  for (const [name, value] of secrets) assert.match(value, /^\$\{\w+:\?[^}]+\}$/, name);
});

test('stopping has the time that it takes, and the server room for all sessions', () => {
  const { command, deploy } = services.db;
  const sessions = Number(one(/max_connections=(\d+)/g, command.join(' ')));
  let wanted = 0;
  for (const name of nodes) {
    const { environment, stop_grace_period: grace } = services[name];
    assert.ok(secondsOf(grace) > Number(environment.POSTRIDER_DRAIN_S));
    wanted += 8 + Number(environment.POSTRIDER_API_THREADS);
  }
  assert.ok(wanted < sessions - 3);
  assert.ok(deploy.resources.limits.memory);
  const hardStop = secondsOf(one(/hard-stop-after (\w+)/g, config));
  assert.ok(secondsOf(services.lb.stop_grace_period) > hardStop);
});

test('the health check of a node tells one that runs from one that does not', async (t) => {
  const node = await Server.start(t);
  const [, shell, flag, script] = services[nodes[0]].healthcheck.test;
  const check = () => run(shell, [flag, script.replaceAll('8080', new URL(node.url).port)]);
  assert.equal((await check()).code, 0);
  await node.stop();
  assert.notEqual((await check()).code, 0);
});

/** Three nodes that the test controls, behind the load balancer. */
class Balanced {
  static async start(t) {
    const balanced = new Balanced();
    balanced.nodes = await Promise.all(nodes.map(() => Receiver.start(t)));
    balanced.ready = new Set(balanced.nodes);
    for (const node of balanced.nodes) balanced.answer(node, () => 200);
    const port = await freePort();
    const file = join(tempDir(t), 'haproxy.cfg');
    let text = config.replace('bind :8080', `bind 127.0.0.1:${port}`);
    for (const [i, name] of nodes.entries()) {
      text = text.replace(`${name}:8080`, `127.0.0.1:${balanced.nodes[i].port}`);
    }
    assert.ok(!/\b8080\b/.test(text));
    writeFileSync(file, text);
    const process = launch(haproxy, ['-db', '-f', file]);
    t.after(async () => {
      process.child.kill('SIGTERM');
      await within('haproxy ends', 5000, process.ended);
    });
    balanced.api = new Api(`http://127.0.0.1:${port}`);
    t.after(() => balanced.api.close());
    await until('the load balancer answers', async () => {
      if (process.child.exitCode !== null) throw new Error(process.out + process.err);
      return (await balanced.api.get('/v1/events').catch(() => null))?.status === 200;
    });
    // Every node was looked at once.
    await until('each node is asked whether it is ready', () =>
      balanced.nodes.every(({ requests }) => requests.some(({ path }) => path === '/readyz')));
    return balanced;
  }

  answer(node, script) {
    node.script = (request) => {
      if (request.path === '/readyz') return this.ready.has(node) ? 200 : 503;
      return script(request);
    };
  }

  /** Events that each node got, by a word in their bodies. */
  got(word) {
    return this.nodes.map(({ requests }) =>
      requests.filter(({ path, body }) => path === '/v1/events' && body.includes(word)).length);
  }

  emit(word) {
    return this.api.post('/v1/events', { type: 'order.created', data: word });
  }
}

test('HAProxy takes the configuration, of the version that the image has', async () => {
  const checked = await run(haproxy, ['-c', '-f', join(folder, 'haproxy.cfg')]);
  assert.equal(checked.code, 0, checked.err);
  const version = (await run(haproxy, ['-v'])).out;
  const [, branch] = /version (\d+\.\d+)/.exec(version);
  assert.equal(services.lb.image, `haproxy:${branch}`);
});

test('requests go to all nodes in turn', async (t) => {
  const balanced = await Balanced.start(t);
  for (let i = 0; i < 30; ++i) assert.equal((await balanced.emit('turn')).status, 200);
  assert.deepEqual(balanced.got('turn'), [10, 10, 10]);
});

test('a node that is not ready gets nothing until it is', async (t) => {
  const balanced = await Balanced.start(t);
  const [first] = balanced.nodes;
  balanced.ready.delete(first);
  let round = 0;
  const isServed = async () => {
    round += 1;
    for (let i = 0; i < 3; ++i) await balanced.emit(`round ${round}.`);
    return balanced.got(`round ${round}.`)[0] > 0;
  };
  await until('it gets nothing', async () => !(await isServed()), { everyMs: 100 });
  for (let i = 0; i < 30; ++i) assert.equal((await balanced.emit('without')).status, 200);
  assert.equal(balanced.got('without')[0], 0);
  balanced.ready.add(first);
  await until('it is served again', isServed, { everyMs: 100 });
});

test('an event that a node may have accepted is not sent to another', async (t) => {
  const balanced = await Balanced.start(t);
  for (const node of balanced.nodes) balanced.answer(node, () => 'reset');
  // The client's connection has carried a request before: it is cut, as the node's was.
  await assert.rejects(balanced.emit('cut'), { code: 'ECONNRESET' });
  assert.equal((await balanced.emit('fresh')).status, 502);
  for (const word of ['cut', 'fresh']) {
    assert.equal(balanced.got(word).reduce((sum, count) => sum + count), 1);
  }
});

test('an event for a node that takes no connection goes to another, once', async (t) => {
  const balanced = await Balanced.start(t);
  await balanced.nodes[0].close();
  for (let i = 0; i < 12; ++i) assert.equal((await balanced.emit(`whole ${i}.`)).status, 200);
  for (let i = 0; i < 12; ++i) {
    assert.equal(balanced.got(`whole ${i}.`).reduce((sum, count) => sum + count), 1);
  }
});
