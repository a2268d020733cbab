import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';

describe('what the program is made of', () => {
  const pack = readJson('package.json');
  const lock = readJson('package-lock.json');

  test('is named by exact versions', () => {
    const wanted = ['dependencies', 'devDependencies', 'optionalDependencies'].flatMap((part) =>
      Object.entries(asRecord(pack[part])),
    );
    expect(wanted.length).toBeGreaterThan(10);
    const loose = wanted.filter(
      ([, version]) => !/^(?:npm:@?[\w./-]+@)?\d+\.\d+\.\d+$/.test(String(version)),
    );
    expect(loose).toEqual([]);
  });

  test('has a digest in the lock, whatever comes from a registry', () => {
    const locked = Object.entries(asRecord(lock['packages']));
    const fetched = locked.filter(
      ([path, entry]) => path.startsWith('node_modules/') && !('link' in asRecord(entry)),
    );
    expect(fetched.length).toBeGreaterThan(50);
    expect(fetched.filter(([, entry]) => !('integrity' in asRecord(entry))).map(([path]) => path)).toEqual(
      [],
    );
  });
});

function readJson(name: string): Readonly<Record<string, unknown>> {
  return asRecord(JSON.parse(readFileSync(new URL(`../${name}`, import.meta.url), 'utf8')));
}

function asRecord(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? { ...value } : {};
}
