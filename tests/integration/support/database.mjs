// The database of a test: a SQLite file, or one of the test run's own PostgreSQL server.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { run } from './process.mjs';
import { tempDir } from './temp.mjs';

/// Where CTest's fixture says what server there is; set for tests that run on PostgreSQL.
const stateFile = process.env.POSTRIDER_TEST_POSTGRES;
export const onPostgres = stateFile !== undefined;

export const isPostgresUrl = (db) => db.startsWith('postgresql://');

let made = 0;

/// The value of `--db` for an empty database.
export async function newDatabase(t) {
  return onPostgres ? (await PostgresDatabase.make(t)).url : join(tempDir(t), 'postrider.db');
}

/// A database of the PostgreSQL server, dropped after test `t`.
export class PostgresDatabase {
  static async make(t) {
    const [directory] = readFileSync(stateFile, 'utf8').split('\n');
    const name = `node_${process.pid}_${++made}`;
    const admin = new PostgresDatabase(directory, 'postgres');
    await admin.sql(`CREATE DATABASE ${name}`);
    t.after(() => admin.sql(`DROP DATABASE ${name} WITH (FORCE)`));
    return new PostgresDatabase(directory, name);
  }

  constructor(directory, name) {
    this.name = name;
    this.url = `postgresql:///${name}?user=postgres&host=${directory}`;
  }

  /// Runs `sql`, in one transaction when there are several statements; what it prints.
  async sql(sql) {
    const done = await run('psql', [this.url, '-XqAt', '-v', 'ON_ERROR_STOP=1', '-c', sql]);
    if (done.code !== 0) throw new Error(`psql: ${done.err}`);
    return done.out.trimEnd();
  }

  /// How many others there are.
  async sessions() {
    const count =
      'SELECT count(*) FROM pg_stat_activity ' +
      "WHERE datname = current_database() AND backend_type = 'client backend' " +
      'AND pid <> pg_backend_pid()';
    return Number(await this.sql(count));
  }

  /// Ends every session with the database but the one that asks.
  cutSessions() {
    return this.sql(
      'SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity ' +
        'WHERE datname = current_database() AND pid <> pg_backend_pid()',
    );
  }
}
