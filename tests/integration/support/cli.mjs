// A server, a receiver and the command line that talks to the server.
import assert from 'node:assert/strict';

import { postrider, rootKey, Server } from './postrider.mjs';
import { Receiver } from './receiver.mjs';

export async function setUp(t, { script, ...options } = {}) {
  const receiver = await Receiver.start(t, script);
  const server = await Server.start(t, { retryDelaysMs: [1], ...options });
  const env = { POSTRIDER_SERVER: server.url, POSTRIDER_KEY: rootKey };
  /// Returns the output of a command, which has to succeed.
  const cli = async (...args) => {
    const { code, out, err } = await postrider(args, { env });
    assert.equal(code, 0, `${args.join(' ')}: ${out}${err}`);
    return out;
  };
  /// One object, or with `rows` one of each line.
  const json = async (...args) => JSON.parse(await cli(...args, '--json'));
  const rows = async (...args) =>
    (await cli(...args, '--json'))
      .trim()
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line));
  return { receiver, server, api: server.api, env, cli, json, rows };
}

/// The cells of the first row below the titles; at least two spaces part them.
export function firstRow(table) {
  const [titles, row] = table.split('\n').map((line) => line.trimEnd().split(/ {2,}/));
  assert.equal(row.length, titles.length, table);
  return Object.fromEntries(titles.map((title, i) => [title, row[i]]));
}
