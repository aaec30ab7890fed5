// Other programs that share the database: the `sqlite3` shell and Python's client.
import { isPostgresUrl } from './database.mjs';
import { launch, run } from './process.mjs';
import { until } from './until.mjs';

/// Runs `sql` in the `sqlite3` shell; what it prints, without the last newline.
export async function sqlite(db, sql) {
  const done = await run('sqlite3', ['-batch', '-bail', '-cmd', '.timeout 10000', db], {
    input: sql,
  });
  if (done.code !== 0) throw new Error(`sqlite3: ${done.err}`);
  return done.out.trimEnd();
}

/// Runs `sql` in the database that `--db` names, whichever store it is of.
export async function runSql(db, sql) {
  if (!isPostgresUrl(db)) return sqlite(db, sql);
  const done = await run('psql', [db, '-XqAt', '-v', 'ON_ERROR_STOP=1', '-c', sql]);
  if (done.code !== 0) throw new Error(`psql: ${done.err}`);
  return done.out.trimEnd();
}

const session = `
import sqlite3, sys, time
connection = sqlite3.connect(sys.argv[1], timeout=10, isolation_level=None)
for line in sys.stdin:
    rows = connection.execute(line).fetchall()
    print("done", int(time.time() * 1000), rows, flush=True)
`;

/// A Python program with one connection, which runs one statement at a time.
export class PythonSession {
  constructor(db) {
    this.process = launch('python3', ['-c', session, db], { keepInput: true });
    this.statements = 0;
  }

  /// Runs `statement` (one line); the Unix milliseconds at which it had returned there.
  async run(statement) {
    this.process.say(statement);
    this.statements += 1;
    const line = await until(`Python runs ${statement}`, () => {
      if (this.process.child.exitCode !== null) throw new Error(this.process.err);
      return this.process.out.split('\n')[this.statements - 1]?.endsWith(']') &&
        this.process.out.split('\n')[this.statements - 1];
    }, { everyMs: 1 });
    return Number(line.split(' ')[1]);
  }

  async close() {
    this.process.child.stdin.end();
    await this.process.ended;
  }
}
