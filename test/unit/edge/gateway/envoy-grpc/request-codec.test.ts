import { AttributeContext_HttpRequest, CheckRequest } from '@envoyproxy/ext-authz-types';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { AuthzRequest } from '../../../../../src/domain/request.ts';
import { MalformedMessage } from '../../../../../src/edge/gateway/envoy-grpc/proto-reader.ts';
import { fromCheckRequest } from '../../../../../src/edge/gateway/envoy-grpc/request.ts';
import { fromCheckRequest as fromDecoded } from './reference-request.ts';
import { FIXTURES, readBytes } from './fixtures.ts';
import { isWellFormed } from './well-formed.ts';

const RUNS = 20_000;

/** All that a request says, the headers by each of their names and by some that it does not have. Nobody asks for a name that is not ASCII. */
function told(request: AuthzRequest) {
  const { headers, ...rest } = request;
  const names = [...headers.names()];
  // The reference does not tell them apart.
  if (headers.oddNames !== undefined)
    expect(headers.oddNames()).toEqual(names.filter((name) => /[^a-z0-9-]/.test(name)));
  const known = names.filter((name) => Buffer.byteLength(name) === name.length);
  const asked = [...known, ...known.map((name) => name.toUpperCase()), 'authorization', 'x', '', ':path'];
  return { rest, names, values: asked.map((name) => [name, headers.all(name)]) };
}

function reference(bytes: Uint8Array): AuthzRequest {
  return fromDecoded(CheckRequest.decode(bytes), 200);
}

function outcome(read: () => AuthzRequest) {
  try {
    return { request: told(read()) };
  } catch (error) {
    return { error };
  }
}

const text = fc.string({
  unit: fc.constantFrom(...Array.from('aAbZ09-_:., /\u00e9\u4e16\ufeff\u{1f511}')),
  maxLength: 12,
});
/** Lengths at which a length itself gets longer, and a name or a value no longer fits the usual form. */
const long = fc.constantFrom(126, 127, 128, 129, 16_383, 16_384).map((length) => 'x'.repeat(length));
const value = fc.oneof({ weight: 30, arbitrary: text }, { weight: 1, arbitrary: long });
const name = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom('authorization', 'Authorization', 'x-api-key', ':path', 'x', '') },
  {
    weight: 3,
    arbitrary: fc.constantFrom('x_api_key', 'x.a', 'X-A', 'X_A', ':Path', 'k\u00e9', '-', '0', 'z'),
  },
  { weight: 6, arbitrary: text },
  { weight: 1, arbitrary: long },
);
const int64 = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });
const int32 = fc.integer();
const map = fc.array(fc.tuple(name, value), { maxLength: 4 }).map((entries) => new Map(entries));
const header = fc.record({
  key: name,
  value,
  rawValue: fc.oneof(
    { weight: 30, arbitrary: fc.uint8Array({ maxLength: 8 }).map((bytes) => Buffer.from(bytes)) },
    { weight: 1, arbitrary: long.map((text) => Buffer.from(text, 'latin1')) },
  ),
});
const http = fc.record({
  id: text,
  method: text,
  headers: map,
  path: text,
  host: text,
  scheme: text,
  query: text,
  fragment: text,
  size: int64,
  protocol: text,
  headerMap: fc.option(fc.record({ headers: fc.array(header, { maxLength: 4 }) }), { nil: undefined }),
});
const time = fc.record({ seconds: int64, nanos: int32 });
const address = fc.oneof(
  text.map((value) => ({
    $case: 'socketAddress' as const,
    value: { protocol: 0, address: value, portSpecifier: undefined, resolverName: '', ipv4Compat: false },
  })),
  text.map((value) => ({ $case: 'pipe' as const, value: { path: value, mode: 0 } })),
);
const peer = fc.record({ address, service: text, labels: map, principal: text });

function optional<T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> {
  return fc.option(value, { nil: undefined });
}

const message = fc
  .record({
    source: optional(peer),
    destination: optional(peer),
    request: optional(fc.record({ time: optional(time), http: optional(http) })),
    contextExtensions: fc.array(fc.tuple(fc.constantFrom('api', 'other'), text), { maxLength: 2 }),
  })
  .map(({ source, destination, request, contextExtensions }) => {
    const toPeer = (one: typeof source) => one && { ...one, address: { address: one.address } };
    const attributes = {
      source: toPeer(source),
      destination: toPeer(destination),
      request,
      contextExtensions: new Map(contextExtensions),
    };
    return CheckRequest.encode({ attributes }).finish();
  });

describe('what is read of a check', () => {
  test.each(FIXTURES)('recorded as %s is what the generated codec reads', (name) => {
    const bytes = readBytes(name);
    expect(told(fromCheckRequest(bytes, 200))).toEqual(told(reference(bytes)));
  });

  test('at random is what the generated codec reads, also once the bytes are overwritten', () => {
    fc.assert(
      fc.property(message, (bytes) => {
        const expected = told(reference(bytes));
        const request = fromCheckRequest(bytes, 200);
        bytes.fill(0xa5);
        expect(told(request)).toEqual(expected);
      }),
      { numRuns: RUNS },
    );
  });

  test('with more headers than any gateway lets through is what the generated codec reads', () => {
    const headers = Array.from({ length: 300 }, (_, index) => ({
      key: `X-${index % 200}`,
      value: '',
      rawValue: Buffer.from(`${index}`),
    }));
    const http = { ...AttributeContext_HttpRequest.decode(new Uint8Array()), headerMap: { headers } };
    const attributes = {
      source: undefined,
      destination: undefined,
      request: { time: undefined, http },
      contextExtensions: new Map(),
    };
    const bytes = CheckRequest.encode({ attributes }).finish();
    expect(told(fromCheckRequest(bytes, 200))).toEqual(told(reference(bytes)));
  });

  test('with headers behind a body as large as no number of theirs can tell is what the generated codec reads', () => {
    const headers = ['authorization', ':path', 'x_odd'].map((key) => ({
      key,
      value: '',
      rawValue: Buffer.from(`of ${key}`),
    }));
    const http = {
      ...AttributeContext_HttpRequest.decode(new Uint8Array()),
      rawBody: Buffer.alloc(2 ** 24),
      headerMap: { headers },
    };
    const attributes = {
      source: undefined,
      destination: undefined,
      request: { time: undefined, http },
      contextExtensions: new Map(),
    };
    const bytes = CheckRequest.encode({ attributes }).finish();
    const read = fromCheckRequest(bytes, 200);
    expect(read.headers.all('authorization')).toEqual(['of authorization']);
    expect(told(read)).toEqual(told(reference(bytes)));
  });

  test('with a raw value in a map, which has none, is what the generated codec reads', () => {
    const field = (tag: number, bytes: Buffer) => Buffer.concat([Buffer.of(tag, bytes.length), bytes]);
    const entries = [
      [field(0x0a, Buffer.from('authorization')), field(0x12, Buffer.from('of the map'))],
      [field(0x0a, Buffer.from('x-api-key'))],
    ].map((fields) => Buffer.concat([...fields, field(0x1a, Buffer.from('raw'))]));
    const http = Buffer.concat(entries.map((entry) => field(0x1a, entry)));
    const bytes = field(0x0a, field(0x22, field(0x12, http)));
    const read = fromCheckRequest(bytes, 200);
    expect(read.headers.all('authorization')).toEqual(['of the map']);
    expect(told(read)).toEqual(told(reference(bytes)));
  });

  test('of two messages in a row is what the generated codec reads: what is said last holds', () => {
    fc.assert(
      fc.property(message, message, (first, second) => {
        const bytes = Buffer.concat([first, second]);
        expect(told(fromCheckRequest(bytes, 200))).toEqual(told(reference(bytes)));
      }),
      { numRuns: RUNS / 10 },
    );
  });

  test('cut anywhere but between two fields is refused by its name', () => {
    const bytes = readBytes('bearer-key');
    for (let end = 1; end < bytes.length; end += 1) {
      expect(() => fromCheckRequest(bytes.subarray(0, end))).toThrow(MalformedMessage);
    }
  });

  test('altered is refused by its name, or what the generated codec reads', () => {
    const recorded = fc.constantFrom(...FIXTURES).map(readBytes);
    const change = fc.record({ at: fc.nat(20_000), bytes: fc.uint8Array({ maxLength: 4 }), drop: fc.nat(4) });
    const altered = fc
      .tuple(fc.oneof(recorded, message), fc.array(change, { minLength: 1, maxLength: 3 }))
      .map(([bytes, changes]) =>
        changes.reduce<Buffer>((so, { at, bytes: put, drop }) => {
          const from = at % (so.length + 1);
          return Buffer.concat([so.subarray(0, from), put, so.subarray(from + drop)]);
        }, Buffer.from(bytes)),
      );
    let accepted = 0;
    fc.assert(
      fc.property(altered, (bytes) => {
        const ours = outcome(() => fromCheckRequest(bytes, 200));
        if ('error' in ours) {
          expect(ours.error).toBeInstanceOf(MalformedMessage);
          expect(isWellFormed(bytes)).toBe(false);
          return;
        }
        if (!isWellFormed(bytes)) return;
        accepted += 1;
        expect(ours).toEqual(outcome(() => reference(bytes)));
      }),
      { numRuns: RUNS },
    );
    expect(accepted).toBeGreaterThan(500);
  });
});
