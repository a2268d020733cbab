import type { Trial } from '../trial.ts';
import { PATH } from './field.ts';
import type { Field, Sent } from './field.ts';
import { judgeRefused } from './verdicts.ts';

const METHODS = ['HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'] as const;

/** By these a gateway's configuration takes a request for one that needs no check: a file, a look at the health. */
const ENDINGS = [
  '.css',
  '.html',
  '.ico',
  '.js',
  '.json',
  '.map',
  '.png',
  '.PNG',
  '.svg',
  '.txt',
  '.woff2',
  '/favicon.ico',
  '/health',
  '/healthz',
  '/index.html',
  '/metrics',
  '/robots.txt',
] as const;

/** What is easily left out of a check. */
export const UNCHECKED: readonly Trial<Field>[] = [
  ...METHODS.map((method) => withoutKey(`a ${method}`, { method })),
  ...ENDINGS.map((ending) => withoutKey(`a path that ends in ${ending}`, { target: `${PATH}${ending}` })),
];

function withoutKey(what: string, sent: Sent): Trial<Field> {
  return {
    title: `${what} without a key gets nowhere`,
    take: async (field) => judgeRefused(await field.send(sent), field.take()),
  };
}
