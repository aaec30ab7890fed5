// docs/guides/log.md names every line that the source can log, with its level and fields.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));

function* sources(directory) {
  for (const entry of readdirSync(join(root, directory), { withFileTypes: true })) {
    const path = join(directory, entry.name);
    if (entry.isDirectory()) yield* sources(path);
    else if (/\.(cc|h)$/.test(entry.name) && !path.startsWith('lib/base/log')) yield path;
  }
}

/// The text from the parenthesis at `begin` to the one that closes it.
function inParentheses(text, begin) {
  let depth = 0;
  for (let i = begin, quoted = false; i < text.length; ++i) {
    if (quoted && text[i] === '\\') i += 1;
    else if (text[i] === '"') quoted = !quoted;
    else if (!quoted && text[i] === '(') depth += 1;
    else if (!quoted && text[i] === ')' && --depth === 0) return text.slice(begin + 1, i);
  }
  throw new Error('a parenthesis is not closed');
}

/// The string literals of the first argument; adjacent ones are one.
function messagesOf(call) {
  const first = call.split(/,\s*\{/)[0];
  const joined = first.replace(/"\s*"/g, '');
  return [...joined.matchAll(/"((?:[^"\\]|\\.)*)"/g)].map(([, text]) => text);
}

function add(lines, level, message, fields) {
  const key = `${level} ${message}`;
  lines.set(key, new Set([...(lines.get(key) ?? []), ...fields]));
}

/// `level message` -> fields, of the source.
function loggedLines() {
  const lines = new Map();
  for (const path of [...sources('lib'), ...sources('app')]) collect(lines, path);
  return lines;
}

function collect(lines, path) {
  const text = readFileSync(join(root, path), 'utf8').replace(/^\s*\/\/.*$/gm, '');
  for (const match of text.matchAll(/\blog::(debug|info|warning|error)\(/g)) {
    const call = inParentheses(text, match.index + match[0].length - 1);
    const fields = [...call.matchAll(/\{"([a-z_]+)",/g)].map(([, name]) => name);
    const messages = messagesOf(call);
    // A function that takes the message: its callers name it.
    if (messages.length === 0 || call.startsWith('message')) {
      const [, helper] = [...text.slice(0, match.index).matchAll(/\b(log_\w+)\(/g)].at(-1);
      for (const use of text.matchAll(new RegExp(`\\b${helper}\\(\\s*"([^"]+)"`, 'g')))
        add(lines, match[1], use[1], fields);
      continue;
    }
    for (const message of messages) add(lines, match[1], message, fields);
  }
}

/// The same of the page.
function documentedLines() {
  const lines = new Map();
  const page = readFileSync(join(root, 'docs/guides/log.md'), 'utf8');
  const own = page.slice(0, page.indexOf('## The log itself'));
  for (const [, level, message, cell] of own.matchAll(/^\| (\w+) \| `([^`]+)` \|([^|]*)\|.*\|$/gm))
    add(lines, level, message, [...cell.matchAll(/`([a-z_]+)`/g)].map(([, name]) => name));
  return lines;
}

test('the page names every line of the source, with level and fields', () => {
  const logged = loggedLines();
  const documented = documentedLines();
  assert.ok(logged.size > 40, `${logged.size} lines found`);
  assert.deepEqual([...documented.keys()].sort(), [...logged.keys()].sort());
  for (const [key, fields] of logged)
    assert.deepEqual([...documented.get(key)].sort(), [...fields].sort(), key);
});

test('the table of errors has every sentence of the transport', () => {
  const page = readFileSync(join(root, 'docs/guides/retries-and-dead-letters.md'), 'utf8');
  const documented = [...page.matchAll(/^\| `\w+` \| ([^|`]+) \| .* \|$/gm)].map(([, text]) => text);
  const written = ['failure.cc', 'transfer.cc'].flatMap((file) => {
    const text = readFileSync(join(root, 'lib/transport/curl', file), 'utf8');
    return [...text.replace(/"\s*\n\s*"/g, '').matchAll(/"(The [^"]+\.)"/g)].map(([, one]) => one);
  });
  assert.ok(written.length > 30);
  const own = documented.filter((text) => text.startsWith('The '));
  assert.deepEqual(own.sort(), [...new Set(written)].sort());
});
