import { DatabaseSync } from 'node:sqlite';

/*
 * Reads a database and stays where it began, as a backup does, until its input ends. A process of its own: SQLite's locks
 * belong to a process, and one that opens and closes such a file by itself gives them up.
 */
const database = new DatabaseSync(process.argv[2] ?? '', { readOnly: true });
database.exec('BEGIN');
database.prepare('SELECT count(*) FROM sqlite_schema').get();
process.stdout.write('held\n');
process.stdin.resume().once('end', () => database.close());
