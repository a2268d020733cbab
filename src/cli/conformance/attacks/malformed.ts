import type { SentHeader } from '../client/client.ts';
import type { Difference } from '../difference.ts';
import type { Trial } from '../trial.ts';
import { ADMIN, HOST, PATH } from './field.ts';
import type { Field } from './field.ts';
import { judgeRefused, orSilence } from './verdicts.ts';

interface DoubleCredential {
  readonly what: string;
  readonly values: (field: Field) => readonly string[];
}

const DOUBLE: readonly DoubleCredential[] = [
  { what: 'the same key twice', values: ({ key }) => [`Bearer ${key}`, `Bearer ${key}`] },
  { what: 'a bad key before it', values: ({ key }) => ['Bearer ty_bad', `Bearer ${key}`] },
  { what: 'a bad key behind it', values: ({ key }) => [`Bearer ${key}`, 'Bearer ty_bad'] },
  { what: 'another scheme before it', values: ({ key }) => ['Basic YTpi', `Bearer ${key}`] },
  {
    what: 'a comma and another in one line',
    values: ({ key, adminKey }) => [`Bearer ${key}, Bearer ${adminKey}`],
  },
];

interface MalformedRequest {
  readonly what: string;
  readonly headers?: readonly SentHeader[];
  readonly target?: string;
}

const MALFORMED_REQUESTS: readonly MalformedRequest[] = [
  { what: 'a header of 100 kB', headers: [['X-Big', 'x'.repeat(100_000)]] },
  {
    what: 'three hundred headers',
    headers: Array.from({ length: 300 }, (_, at) => [`X-H${at}`, 'x'] as const),
  },
  { what: 'a path of 100 kB', target: `/${'x'.repeat(100_000)}` },
  { what: 'a length that is no number', headers: [['Content-Length', '1x']] },
  {
    what: 'two lengths',
    headers: [
      ['Content-Length', '0'],
      ['Content-Length', '5'],
    ],
  },
  {
    what: 'a length and chunks',
    headers: [
      ['Content-Length', '5'],
      ['Transfer-Encoding', 'chunked'],
    ],
  },
  { what: 'an odd coding', headers: [['Transfer-Encoding', 'xchunked']] },
  { what: 'a header without a name', headers: [['', 'x']] },
  { what: 'a blank before the colon', headers: [['X-Account-Id ', 'forged']] },
  { what: 'a NUL in a header', headers: [['X-Nul', 'a\0b']] },
  { what: 'two hosts', headers: [['Host', 'api.truedy.ai']] },
];

/** Beside a length: whoever reads one of the two and hands both on has the next server begin another request within this one. */
const CODINGS: readonly SentHeader[] = [
  ['Transfer-Encoding', 'chunked'],
  ['Transfer-Encoding', 'xchunked'],
  ['Transfer-Encoding', 'chunked, identity'],
  ['Transfer-Encoding', '\vchunked'],
  ['Transfer-Encoding ', 'chunked'],
];
const WITHIN = `0\r\n\r\nGET ${ADMIN}/users HTTP/1.1\r\nHost: ${HOST}\r\n\r\n`;

export const MALFORMED: readonly Trial<Field>[] = [
  ...CODINGS.map((coding): Trial<Field> => ({
    title: `a request within another that has a length and ${JSON.stringify(coding.join(': '))} gets nowhere`,
    take: (field) => tryWithin(coding, field),
  })),
  ...DOUBLE.map(({ what, values }): Trial<Field> => ({
    title: `a credential with ${what} is refused`,
    async take(field) {
      const headers = values(field).map((value): SentHeader => ['Authorization', value]);
      const answer = await field.send({ headers });
      // Some gateways refuse it themselves.
      return judgeRefused(answer, field.take(), answer.status === 400 ? 400 : 401);
    },
  })),
  ...MALFORMED_REQUESTS.map(({ what, headers = [], target = PATH }): Trial<Field> => ({
    title: `a request with ${what} and no key gets nowhere`,
    async take(field) {
      const answer = await orSilence(field.send({ target, headers }));
      return judgeRefused(answer, field.take());
    },
  })),
];

async function tryWithin(coding: SentHeader, field: Field): Promise<readonly Difference[]> {
  await orSilence(field.send({ method: 'POST', headers: field.withKey(coding), body: WITHIN }));
  const received = field.take();
  return received.length > 1 || received.some(({ target }) => target !== PATH)
    ? [{ kind: 'let through' }]
    : [];
}
