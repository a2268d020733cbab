import { randomBytes } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { resolveSecrets } from '../../../src/compose/embedded-secrets.ts';
import { OperationRefused } from '../../../src/domain/operations.ts';

describe('embedded secrets', () => {
  let directory: string;

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'tollgate-secrets-'));
  });

  afterEach(() => {
    rmSync(directory, { recursive: true });
  });

  const databasePath = (): string => join(directory, 'tollgate.db');

  function resolve(given: Partial<Parameters<typeof resolveSecrets>[0]> = {}) {
    return resolveSecrets(
      { pepper: undefined, sealingKey: undefined, ...given },
      { directory, databasePath: databasePath(), randomBytes: (count) => new Uint8Array(randomBytes(count)) },
    );
  }

  test('are made on first use, for this user alone, and are the same at every start', async () => {
    const first = await resolve();
    expect(first.notes).toHaveLength(2);
    expect(first.pepper.current.secret).toHaveLength(32);
    expect(first.pepper.current.secret).not.toEqual(first.sealingKey.current.secret);
    for (const name of ['pepper', 'sealing-key']) {
      expect(statSync(join(directory, name)).mode & 0o777).toBe(0o600);
    }
    writeFileSync(databasePath(), '');
    expect(await resolve()).toEqual({ ...first, notes: [] });
  });

  test('two starts at once agree on one secret and leave no draft behind', async () => {
    const made = await Promise.all(Array.from({ length: 8 }, () => resolve()));
    for (const { pepper, sealingKey } of made) {
      expect(pepper).toEqual(made[0]?.pepper);
      expect(sealingKey).toEqual(made[0]?.sealingKey);
    }
    expect(readdirSync(directory).toSorted()).toEqual(['pepper', 'sealing-key']);
  });

  test('what the configuration gives is used, and no file is made for it', async () => {
    const ring = { current: { id: 'p7', secret: new Uint8Array(32).fill(7) }, retired: [] };
    expect((await resolve({ pepper: ring, sealingKey: ring })).pepper).toBe(ring);
    expect(readdirSync(directory)).toEqual([]);
  });

  test('a secret that is missing beside a database is not made anew: every key would be unknown', async () => {
    await resolve();
    writeFileSync(databasePath(), '');
    rmSync(join(directory, 'pepper'));
    const error: unknown = await resolve().catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(OperationRefused);
    expect(String(error)).toContain('pepper is missing');
    expect(readdirSync(directory)).not.toContain('pepper');
  });

  test('a file that holds no secret is refused without showing what it holds', async () => {
    writeFileSync(join(directory, 'pepper'), 'c2hvcnQ=');
    const error: unknown = await resolve().catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(OperationRefused);
    expect(String(error)).toContain('holds no secret');
    expect(String(error)).not.toContain('c2hvcnQ');
    expect(readFileSync(join(directory, 'pepper'), 'utf8')).toBe('c2hvcnQ=');
  });
});
