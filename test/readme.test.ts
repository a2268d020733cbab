import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';

const HERE = new URL('./', import.meta.url);
const page = readFileSync(new URL('README.md', HERE), 'utf8');

/** `file`: "words", "more words" */
const PROOF = /`(?<file>[^`]+)`: (?<quotes>"[^"|]+"(?:, "[^"|]+")*)/g;

const proofs = [...page.matchAll(PROOF)].flatMap(({ groups }) =>
  (groups?.['quotes'] ?? '')
    .split(/(?<="), (?=")/)
    .map((quote) => [groups?.['file'] ?? '', quote.slice(1, -1)] as const),
);

describe('the page about the suites', () => {
  test('names files and folders that are there', () => {
    const named = [...page.matchAll(/^\| `([^`]+)`/gm)].map(([, path = '']) => path);
    expect(named.length).toBeGreaterThanOrEqual(10);
    expect(named.filter((path) => !existsSync(new URL(path, HERE)))).toEqual([]);
  });

  test('has a proof for every security check', () => {
    const rows = page.slice(page.indexOf('## Security checks')).match(/^\| (?!check |-).*$/gm) ?? [];
    expect(rows.length).toBeGreaterThanOrEqual(27);
    expect(rows.filter((row) => row.match(PROOF) === null)).toEqual([]);
  });

  test.each(proofs)('%s holds the test "%s"', (file, words) => {
    expect(readFileSync(new URL(file, HERE), 'utf8')).toContain(words);
  });
});
