import { connect, sensitiveHeaders } from 'node:http2';
import { duplexPair } from 'node:stream';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ConnectionError, ERROR, FRAME } from '../../../../../../src/edge/gateway/envoy-grpc/wire/frames.ts';
import { FrameReader } from '../../../../../../src/edge/gateway/envoy-grpc/wire/frame-reader.ts';
import { HpackDecoder } from '../../../../../../src/edge/gateway/envoy-grpc/wire/hpack-decoder.ts';
import { decodeHuffman } from '../../../../../../src/edge/gateway/envoy-grpc/wire/huffman.ts';
import { settings } from './raw-peer.ts';

function decode(decoder: HpackDecoder, block: Buffer): string[] {
  const lines: string[] = [];
  decoder.decode(
    block,
    { start: 0, end: block.length },
    { add: ({ name, value }) => lines.push(`${name}: ${value}`) },
  );
  return lines;
}

function bytes(hex: string): Buffer {
  return Buffer.from(hex.replaceAll(' ', ''), 'hex');
}

const REQUESTS = [
  [':method: GET', ':scheme: http', ':path: /', ':authority: www.example.com'],
  [':method: GET', ':scheme: http', ':path: /', ':authority: www.example.com', 'cache-control: no-cache'],
  [
    ':method: GET',
    ':scheme: https',
    ':path: /index.html',
    ':authority: www.example.com',
    'custom-key: custom-value',
  ],
];
const RESPONSES = [
  [
    ':status: 302',
    'cache-control: private',
    'date: Mon, 21 Oct 2013 20:13:21 GMT',
    'location: https://www.example.com',
  ],
  [
    ':status: 307',
    'cache-control: private',
    'date: Mon, 21 Oct 2013 20:13:21 GMT',
    'location: https://www.example.com',
  ],
  [
    ':status: 200',
    'cache-control: private',
    'date: Mon, 21 Oct 2013 20:13:22 GMT',
    'location: https://www.example.com',
    'content-encoding: gzip',
    'set-cookie: foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1',
  ],
];
/** The examples of the responses have a table of 256 bytes: before the first one it is said so. */
const TABLE_256 = '3fe101';

describe('the examples of RFC 7541, Appendix C', () => {
  test.each([
    [
      'C.2.1',
      '400a 6375 7374 6f6d 2d6b 6579 0d63 7573 746f 6d2d 6865 6164 6572',
      'custom-key: custom-header',
    ],
    ['C.2.2', '040c 2f73 616d 706c 652f 7061 7468', ':path: /sample/path'],
    ['C.2.3', '1008 7061 7373 776f 7264 0673 6563 7265 74', 'password: secret'],
    ['C.2.4', '82', ':method: GET'],
  ])('%s is one field', (_, hex, line) => {
    expect(decode(new HpackDecoder(), bytes(hex))).toEqual([line]);
  });

  test.each([
    [
      'C.3',
      [
        '8286 8441 0f77 7777 2e65 7861 6d70 6c65 2e63 6f6d',
        '8286 84be 5808 6e6f 2d63 6163 6865',
        '8287 85bf 400a 6375 7374 6f6d 2d6b 6579 0c63 7573 746f 6d2d 7661 6c75 65',
      ],
      REQUESTS,
    ],
    [
      'C.4',
      [
        '8286 8441 8cf1 e3c2 e5f2 3a6b a0ab 90f4 ff',
        '8286 84be 5886 a8eb 1064 9cbf',
        '8287 85bf 4088 25a8 49e9 5ba9 7d7f 8925 a849 e95b b8e8 b4bf',
      ],
      REQUESTS,
    ],
    [
      'C.5',
      [
        `${TABLE_256} 4803 3330 3258 0770 7269 7661 7465 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133 2032 303a 3133 3a32 3120 474d 546e 1768 7474 7073 3a2f 2f77 7777 2e65 7861 6d70 6c65 2e63 6f6d`,
        '4803 3330 37c1 c0bf',
        '88c1 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133 2032 303a 3133 3a32 3220 474d 54c0 5a04 677a 6970 7738 666f 6f3d 4153 444a 4b48 514b 425a 584f 5157 454f 5049 5541 5851 5745 4f49 553b 206d 6178 2d61 6765 3d33 3630 303b 2076 6572 7369 6f6e 3d31',
      ],
      RESPONSES,
    ],
    [
      'C.6',
      [
        `${TABLE_256} 4882 6402 5885 aec3 771a 4b61 96d0 7abe 9410 54d4 44a8 2005 9504 0b81 66e0 82a6 2d1b ff6e 919d 29ad 1718 63c7 8f0b 97c8 e9ae 82ae 43d3`,
        '4883 640e ffc1 c0bf',
        '88c1 6196 d07a be94 1054 d444 a820 0595 040b 8166 e084 a62d 1bff c05a 839b d9ab 77ad 94e7 821d d7f2 e6c7 b335 dfdf cd5b 3960 d5af 2708 7f36 72c1 ab27 0fb5 291f 9587 3160 65c0 03ed 4ee5 b106 3d50 07',
      ],
      RESPONSES,
    ],
  ])('%s are three blocks of one connection', (_, blocks, lists) => {
    const decoder = new HpackDecoder();
    expect(blocks.map((hex) => decode(decoder, bytes(hex)))).toEqual(lists);
  });
});

/** All 256 bytes in order, as Go's golang.org/x/net/http2/hpack codes them. */
const EVERY_BYTE =
  'ffc7fffd8fffffe2fffffe3fffffe4fffffe5fffffe6fffffe7fffffe8ffffeafffffff3fffffa7fffffabffff' +
  'ffdfffffebfffffecfffffedfffffeefffffefffffff0ffffff1ffffff2fffffffbfffffcffffffd3fffffd7ff' +
  'fffdbfffffdffffffe3fffffe7fffffebfffffed4fe3f9ffaffcabf1febfafefe7fdfd2cbb00089969b71d79fb' +
  '9f7fff20ffbff3ff50ddbd7f061c58f265cd9f469d5af66dddbf871e5f9cff7ff7fffc3ff9ffe45fff4719242c' +
  'b34e6e9d68a6a3d7dac426defe3cfaf7fffbfe7ffbffdffffffcfffe6ffff4bfff9ffffa3fffd3ffff53fffd5f' +
  'fffb3fffeb7fffdaffffb7ffff73fffeeffffdeffffebffffbfffffd9ffffdbfffebffffe0ffffeeffffc3ffff' +
  '8bffff1ffffe4fffee7fffb1ffff97fffd9ffffcdffff9fffffbffffdafffeeffff4ffffb7fffee7fffe8ffffd' +
  '3fffdeffffd5fffeeffffbdffffe1fffdfffff7fffff5ffffecffff07fff87fffe0ffff17fffedffff87ffff77' +
  'fffeffffeaffff8bfffe3ffff93ffff87fffcbffff37ffff1fffff83ffffe1fffebfffe3ffff3fffff2ffffa3f' +
  'fffd9fffff17ffffc7fffff27ffffdefffffbffffff2fffff8fffffb7fff97fff8fffffe6fffffc1fffff87fff' +
  'fe7fffffc5ffffe5fffe4ffff2fffffd1fffff4ffffffefffffe3fffffc9fffff97fffb3ffffcffffb7fffcdff' +
  'ff4ffff9ffffd1ffffcffffeaffffafffffddffffeffffff4fffff5fffffabffffa7ffffd7fffff9bffffecfff' +
  'ffb7fffff3fffffe8fffffd3fffffabfffff5fffffff7ffffecfffffdbfffffbbfffff7ffffff0fffffbbf';

test('every byte is decoded from its Huffman code', () => {
  const coded = bytes(EVERY_BYTE);
  const text = decodeHuffman(coded, 0, coded.length);
  expect(Array.from(text ?? '', (char) => char.charCodeAt(0))).toEqual(
    Array.from({ length: 256 }, (_, byte) => byte),
  );
});

describe('a block is refused', () => {
  test.each([
    ['with index 0', '80'],
    ['with an index behind the table', 'be'],
    ['with a name behind the table', '7f00 0161'],
    ['whose integer ends nowhere', 'ff'],
    ['whose integer is too long', 'ff80 8080 8001'],
    ['whose string ends nowhere', '0001 6105 6162'],
    ['whose string has no length', '0001 61'],
    ['whose table is larger than allowed', '3fe2 1f'],
    ['whose table changes behind a field', '8220'],
    ['whose coding is padded by zeros', '0001 6181 18'],
    ['whose coding is padded by a byte', '0001 6182 1fff'],
    ['whose coding holds the end of a string', '0001 6184 ffff ffff'],
    ['whose coding ends within a symbol', '0001 6182 fffe'],
  ])('%s', (_, hex) => {
    const decoder = new HpackDecoder();
    expect(() => decode(decoder, bytes(hex))).toThrow(expect.objectContaining({ code: ERROR.compression }));
  });

  test('or read, but never anything else: random bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (block) => {
        try {
          decode(new HpackDecoder(), Buffer.from(block));
        } catch (error) {
          expect(error).toBeInstanceOf(ConnectionError);
        }
      }),
      { numRuns: 10_000 },
    );
  });
});

describe('blocks of another implementation', () => {
  const value = fc
    .string({ unit: fc.constantFrom(...Array.from('aZ09 -_./%{}"~é')), minLength: 1, maxLength: 40 })
    .map((text) => text.trim() || 'x');
  const name = fc.constantFrom('x-a', 'x-b', 'x-request-id', 'cookie', 'user-agent', 'accept', 'traceparent');
  const request = fc.array(fc.tuple(name, value, fc.boolean()), { maxLength: 6 });

  test.each([4_096, 0, 100, 1_000])('mean the same to both, with a table of %i bytes', async (tableBytes) => {
    const [ours, theirs] = duplexPair();
    const blocks: Buffer[] = [];
    const reader = new FrameReader(({ type, bytes: chunk, start, end }) => {
      if (type === FRAME.headers) blocks.push(Buffer.from(chunk.subarray(start, end)));
    });
    theirs.on('data', (chunk: Buffer) => reader.read(chunk));
    theirs.write(settings([1, tableBytes]));
    const session = connect('http://api.example', { createConnection: () => ours });
    await new Promise((resolve) => session.once('remoteSettings', resolve));
    const decoder = new HpackDecoder();
    const requests = fc.sample(request, { numRuns: 300, seed: tableBytes });
    for (const lines of requests) {
      const unique = new Map(lines.map(([key, text, isSecret]) => [key, { text, isSecret }]));
      const headers = {
        ':path': `/${blocks.length % 7}`,
        ...Object.fromEntries([...unique].map(([key, { text }]) => [key, text])),
        [sensitiveHeaders]: [...unique].filter(([, { isSecret }]) => isSecret).map(([key]) => key),
      };
      const count = blocks.length;
      session.request(headers).on('error', () => {});
      while (blocks.length === count) await new Promise((resolve) => setImmediate(resolve));
      const expected = [...unique].map(([key, { text }]) => `${key}: ${text}`);
      const told = decode(decoder, blocks.at(-1) ?? Buffer.alloc(0));
      expect(told.filter((line) => !line.startsWith(':')).sort()).toEqual(expected.sort());
      expect(told).toContain(`:path: /${count % 7}`);
    }
    session.destroy();
  });
});
