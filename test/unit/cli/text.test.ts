import { Readable } from 'node:stream';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { inert, inertLines, toInertJson } from '../../../src/cli/inert.ts';
import { readLines } from '../../../src/cli/lines.ts';
import { createTable, renderPairs } from '../../../src/cli/table.ts';

const ACTIVE = /[\p{Cc}\p{Cf}\u2028\u2029]/u;
const anyText = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.constantFrom('\u001b[2J', '\u009b0m', '\u202e', 'a\u200db', '\u{e0041}', '\u2028', 'plain'),
);

describe('inert', () => {
  it('leaves nothing that a terminal obeys, and plain text as it is', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        expect(inert(text)).not.toMatch(ACTIVE);
      }),
    );
    expect(inert('Größe 北京 ✓ 😀')).toBe('Größe 北京 ✓ 😀');
    expect(inertLines('a\nb\r\n')).toBe('a\nb\\u{d}\n');
  });

  it('writes JSON that equals the value, on one line that no terminal obeys', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        const json = toInertJson({ text });
        expect(json).not.toMatch(ACTIVE);
        expect(JSON.parse(json)).toEqual({ text });
      }),
    );
  });
});

describe('readLines', () => {
  it('gives the same numbered lines however the bytes are cut', async () => {
    const lines = fc.array(
      fc.string({ unit: 'grapheme' }).map((text) => text.replaceAll(/[\r\n]/g, '')),
      {
        maxLength: 6,
      },
    );
    await fc.assert(
      fc.asyncProperty(lines, fc.integer({ min: 1, max: 5 }), async (texts, size) => {
        const bytes = Buffer.from(texts.map((text) => `${text}\n`).join(''));
        const chunks = Array.from({ length: Math.ceil(bytes.length / size) }, (_, at) =>
          bytes.subarray(at * size, (at + 1) * size),
        );
        const read = await collect(readLines(Readable.from(chunks)));
        expect(read).toEqual(texts.map((text, at) => ({ number: at + 1, text })));
      }),
    );
  });

  it('gives the last line also without its end, and takes CR LF for one end', async () => {
    const read = await collect(readLines(Readable.from([Buffer.from('a\r\n\nb')])));
    expect(read.map(({ text }) => text)).toEqual(['a', '', 'b']);
  });
});

describe('tables', () => {
  it('aligns columns by what a terminal shows', () => {
    expect(
      createTable(['A', 'B']).lines([
        ['北京', 'x'],
        ['e\u0301', 'y'],
      ]),
    ).toBe('A     B\n北京  x\ne\u0301     y\n');
  });

  it('puts titles once and keeps later pages at least as wide', () => {
    const table = createTable(['A', 'B']);
    expect(table.lines([['long', '1']])).toBe('A     B\nlong  1\n');
    expect(table.lines([['s', '2']])).toBe('s     2\n');
  });

  it('lets no cell act on the terminal', () => {
    expect(createTable(['A']).lines([['\u001b[2J\n']])).toBe('A\n\\u{1b}[2J\\u{a}\n');
    expect(renderPairs([['name', 'a\nb']])).toBe('name  a\\u{a}b\n');
  });
});

async function collect<T>(items: AsyncIterable<T>): Promise<readonly T[]> {
  const collected: T[] = [];
  for await (const item of items) collected.push(item);
  return collected;
}
