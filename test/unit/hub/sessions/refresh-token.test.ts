import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createRefreshTokens } from '../../../../src/hub/sessions/refresh-token.ts';
import { hasIssuedShape } from '../../../../src/lib/key-format.ts';
import type { Pepper } from '../../../../src/lib/key-digest.ts';
import { API, apiWith } from './world.ts';

const SESSION = 'ses_0123456789abcdef01234567';
const pepper = (id: string, fill: number): Pepper => ({ id, secret: Buffer.alloc(32, fill) });
const tokens = createRefreshTokens({ current: pepper('p1', 1), retired: [] });
const issue = (api = API) => tokens.issue(api, SESSION, randomBytes(32)).text;

describe('a refresh token', () => {
  it('tells its session and generation, and what follows it, the same every time', () => {
    let text = issue();
    for (let generation = 0; generation < 5; generation += 1) {
      const read = tokens.read(API, text);
      expect(read).toMatchObject({ sessionId: SESSION, generation });
      expect(tokens.read(API, text)).toEqual(read);
      const [next] = read?.successors ?? [];
      expect(tokens.read(API, next?.text ?? '')?.digests).toEqual([{ digest: next?.digest, pepperId: 'p1' }]);
      text = next?.text ?? '';
    }
  });

  it('has 256 bits that only its predecessor tells: another first token has another line', () => {
    const lines = new Set<string>();
    for (let count = 0; count < 100; count += 1) {
      const first = issue();
      const [next] = tokens.read(API, first)?.successors ?? [];
      lines.add(first.slice(-64)).add(next?.text.slice(-64) ?? '');
    }
    expect(lines.size).toBe(200);
  });

  it('with any one character changed is none', () => {
    const text = issue();
    const place = fc.integer({ min: 0, max: text.length - 1 });
    const character = fc.constantFrom(...'ABCxyz019-_.=+/ é'.split(''));
    fc.assert(
      fc.property(place, character, (at, other) => {
        fc.pre(text[at] !== other);
        expect(tokens.read(API, text.slice(0, at) + other + text.slice(at + 1))).toBeUndefined();
      }),
      { numRuns: 2_000 },
    );
  });

  it.each([
    ['padded', (text: string) => `${text}==`],
    ['with a blank', (text: string) => ` ${text}`],
    ['without its prefix', (text: string) => text.slice(3)],
    ['cut', (text: string) => text.slice(0, -1)],
    ['longer', (text: string) => `${text}A`],
    ['of another API', () => issue(apiWith('beta'))],
    ['of another API under our prefix', () => issue(apiWith('beta')).replace('be_', 'al_')],
    ['empty', () => ''],
  ])('%s is none', (_, change) => {
    expect(tokens.read(API, change(issue()))).toBeUndefined();
  });

  it('has one spelling: spare bits at its end make another text, and that is none', () => {
    const text = issue();
    const last = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
    const others = last
      .split('')
      .map((character) => text.slice(0, -1) + character)
      .filter((other) => other !== text);
    expect(others.filter((other) => tokens.read(API, other) !== undefined)).toEqual([]);
  });

  it('looks like no issued key and like no JWT', () => {
    for (let count = 0; count < 200; count += 1) {
      const text = issue();
      expect(hasIssuedShape(API.keys.prefix, text)).toBe(false);
      expect(text).toMatch(/^al_rt_[A-Za-z0-9_-]{86}$/);
    }
  });

  it('of any text that strangers send is none, and reading it is no bug', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.string().map((text) => `al_rt_${text}`),
        ),
        (text) => {
          expect(tokens.read(API, text)).toBeUndefined();
        },
      ),
    );
  });
});

describe('under another pepper', () => {
  it('a token is known while its own is retired, and unknown once that is gone', () => {
    const text = issue();
    const both = createRefreshTokens({ current: pepper('p2', 2), retired: [pepper('p1', 1)] });
    const read = both.read(API, text);
    expect(read?.digests.map(({ pepperId }) => pepperId)).toEqual(['p2', 'p1']);
    expect(read?.successors[1]).toEqual(tokens.read(API, text)?.successors[0]);
    expect(read?.successors[0]?.text).not.toBe(read?.successors[1]?.text);
    const alone = createRefreshTokens({ current: pepper('p2', 2), retired: [] });
    expect(alone.read(API, text)).toBeUndefined();
    expect(alone.read(API, read?.successors[0]?.text ?? '')).toMatchObject({ generation: 1 });
  });
});
