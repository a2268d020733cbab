import { DatabaseSync } from 'node:sqlite';
import { describe, expect, test } from 'vitest';
import { createAdminWorld } from './world.ts';

/** Shapes that end a text, a statement or a comment, in every place where one may stand. */
const ENDS = ["'", '"', '`', "')", '\\', "';", "'/*", '%', "'\u0000", "a'||'"] as const;
const TAILS = [
  ' OR 1=1 --',
  ' UNION SELECT token FROM operators --',
  ' ; DROP TABLE keys; --',
  " OR '1'='1",
  ' OR account LIKE "%"',
] as const;
const PAYLOADS = ENDS.flatMap((end) => TAILS.map((tail) => `${end}${tail}`));

describe('fifty texts that would be SQL', () => {
  test('are fifty', () => {
    expect(new Set(PAYLOADS).size).toBe(50);
  });

  test('as filter, id or cursor find no row, cause no bug and change no table', async () => {
    const world = await createAdminWorld();
    await world.write('POST', '/v1/apis/track/accounts', { id: 'acme' });
    await world.write('POST', '/v1/apis/track/keys', { account: 'acme', name: 'k' });
    const before = rowsIn(world.path);
    for (const payload of PAYLOADS.map(encodeURIComponent)) {
      for (const list of [`/v1/apis/track/keys?account=${payload}`, `/v1/audit?object=${payload}`]) {
        const { status, body } = await world.ask(list, { token: world.token.read });
        expect([200, 404, 422], list).toContain(status);
        expect(body['items'] ?? [], list).toEqual([]);
      }
      for (const path of [
        `/v1/apis/track/accounts/${payload}`,
        `/v1/apis/track/keys/${payload}`,
        `/v1/apis/${payload}/keys`,
        `/v1/apis/track/keys?after=${payload}`,
      ]) {
        const { status, text } = await world.ask(path, { token: world.token.read });
        expect([404, 422], path).toContain(status);
        expect(text, path).not.toMatch(/sqlite|syntax error|SELECT .* FROM keys/i);
      }
    }
    expect(world.bugs).toEqual([]);
    expect(rowsIn(world.path)).toEqual(before);
  });

  test('as a name are kept and shown as they are, or refused', async () => {
    const world = await createAdminWorld();
    await world.write('POST', '/v1/apis/track/accounts', { id: 'acme' });
    for (const name of PAYLOADS) {
      const { status, body } = await world.write('POST', '/v1/apis/track/keys', { account: 'acme', name });
      expect([201, 422], name).toContain(status);
      if (status === 201) expect(body['name']).toBe(name);
    }
    expect(world.bugs).toEqual([]);
  });
});

/** How many rows each table has. */
function rowsIn(path: string): ReadonlyMap<string, number> {
  const database = new DatabaseSync(path, { readOnly: true });
  try {
    const tables = database.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'").all();
    return new Map(
      tables.map(({ name }) => {
        const counted = database.prepare(`SELECT count(*) AS n FROM "${String(name)}"`).get();
        return [String(name), Number(counted?.['n'])];
      }),
    );
  } finally {
    database.close();
  }
}
