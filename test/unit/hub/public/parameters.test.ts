import { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import * as fc from 'fast-check';
import { describe, expect, test, vi } from 'vitest';
import { BODY_BYTES_MAX, BODY_MS_MAX, readParameters } from '../../../../src/hub/public/parameters.ts';

const FORM = 'application/x-www-form-urlencoded';
const JSON_TYPE = 'application/json';

interface Body {
  readonly type?: string;
  /** In the pieces in which it arrives. */
  readonly pieces: readonly (string | Uint8Array)[];
  readonly headers?: readonly string[];
  readonly url?: string;
}

/** A message as Node's server hands it over. */
function toMessage({ type = FORM, pieces, headers = [], url = '/token' }: Body): IncomingMessage {
  const message = new IncomingMessage(new Socket());
  message.url = url;
  message.rawHeaders = [...(type === '' ? [] : ['Content-Type', type]), ...headers];
  for (let at = 0; at < headers.length; at += 2) message.headers[headers[at] ?? ''] = headers[at + 1] ?? '';
  for (const piece of pieces) message.push(Buffer.from(piece));
  message.push(null);
  return message;
}

async function read(body: Body): Promise<Record<string, string> | string> {
  const sent = await readParameters(toMessage(body));
  return 'reason' in sent ? sent.reason : Object.fromEntries(sent);
}

const name = fc
  .string({ unit: 'grapheme', minLength: 1, maxLength: 8 })
  .filter((text) => text !== '__proto__');
const value = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 });
const members = fc.dictionary(name, value, { maxKeys: 8, noNullPrototype: true });

describe('the parameters of a request', () => {
  test('are read from a form and from JSON as they were written, in whatever pieces they come', async () => {
    await fc.assert(
      fc.asyncProperty(members, fc.nat(30), async (given, cut) => {
        const form = Buffer.from(new URLSearchParams(given).toString());
        const json = Buffer.from(JSON.stringify(given));
        const inPieces = (bytes: Buffer) => [bytes.subarray(0, cut), bytes.subarray(cut)];
        expect(await read({ pieces: inPieces(form) })).toEqual(given);
        expect(await read({ type: JSON_TYPE, pieces: inPieces(json) })).toEqual(given);
      }),
    );
  });

  test('that come twice are refused, however they are written', async () => {
    await fc.assert(
      fc.asyncProperty(members, name, value, value, async (given, again, first, second) => {
        const pairs = [[again, first], ...Object.entries({ ...given, [again]: first }), [again, second]];
        const form = pairs.map((pair) => pair.map((text) => encodeURIComponent(text)).join('=')).join('&');
        expect(await read({ pieces: [form] })).toBe('a parameter is sent once');
        const json = pairs.map((pair) => pair.map((text) => JSON.stringify(text)).join(':')).join(',');
        expect(await read({ type: JSON_TYPE, pieces: [`{${json}}`] })).toMatch(/^a (?:parameter|body) is /);
      }),
    );
  });

  test('without a value are absent, and so are all of an empty body of any type', async () => {
    expect(await read({ pieces: ['a=&b&c=1'] })).toEqual({ c: '1' });
    expect(await read({ type: JSON_TYPE, pieces: ['{"a":"","c":"1"}'] })).toEqual({ c: '1' });
    expect(await read({ type: 'text/plain', pieces: [] })).toEqual({});
  });

  test('may be as long as the bound and no longer, announced or not', async () => {
    const longest = `a=${'b'.repeat(BODY_BYTES_MAX - 2)}`;
    expect(await read({ pieces: [longest] })).toEqual({ a: 'b'.repeat(BODY_BYTES_MAX - 2) });
    const tooLong = `a body has at most ${BODY_BYTES_MAX} bytes`;
    expect(await read({ pieces: [longest, 'b'] })).toBe(tooLong);
    const announced = ['content-length', String(BODY_BYTES_MAX + 1)];
    expect(await read({ pieces: [], headers: announced })).toBe(tooLong);
  });

  test('are 32 at most', async () => {
    const many = (count: number) => Array.from({ length: count }, (_, index) => `p${index}=1`).join('&');
    expect(Object.keys(await read({ pieces: [many(32)] }))).toHaveLength(32);
    expect(await read({ pieces: [many(33)] })).toBe('there are at most 32 parameters');
  });

  test.each([
    ['application/json; charset=utf-8', true],
    ['Application/JSON', true],
    ['application/json;charset="UTF-8"', true],
    ['application/jsonp', false],
    ['application/json; charset=latin1', false],
    ['application/json, text/plain', false],
    ['text/plain; a=application/json', false],
    ['', false],
  ])('of the type %s are understood: %s', async (type, isUnderstood) => {
    const sent = await read({ type, pieces: ['{"a":"b"}'] });
    expect(typeof sent === 'object').toBe(isUnderstood);
  });

  test('stand in no query, not even an empty one', async () => {
    expect(await read({ pieces: ['a=b'], url: '/token?' })).toBe('parameters are sent in the body alone');
  });

  test('of a client that never ends its body are given up, and its connection with them', async () => {
    vi.useFakeTimers();
    try {
      const message = new IncomingMessage(new Socket());
      message.url = '/token';
      message.push(Buffer.from('grant_type=refresh'));
      const read = expect(readParameters(message)).rejects.toThrow('too slowly');
      await vi.advanceTimersByTimeAsync(BODY_MS_MAX - 1);
      expect(message.destroyed).toBe(false);
      await vi.advanceTimersByTimeAsync(1);
      await read;
      expect(message.destroyed).toBe(true);
    } finally {
      vi.useRealTimers();
    }
  });

  test('of a client that goes away are never half read', async () => {
    const message = toMessage({ pieces: ['refresh_token=a'] });
    const cut = new IncomingMessage(new Socket());
    cut.url = '/token';
    cut.push('refresh_token=a');
    cut.destroy(new Error('aborted'));
    await expect(readParameters(cut)).rejects.toThrow('aborted');
    expect(await readParameters(message)).toEqual(new Map([['refresh_token', 'a']]));
  });
});
