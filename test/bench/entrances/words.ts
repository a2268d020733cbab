/*
 * What is asked through every gateway, and what the application behind it answers.
 */

/** An API of the recipes, which the bench's own stands in for. */
export const API = 'truedy';
export const HOST = 'api.truedy.ai';
export const AREA = '/api/public/v1';
export const TARGET = `${AREA}/videos?limit=10`;

/** What the application answers to a request that came with an identity and without a credential: all of Tollgate's work is done. */
export const IDENTIFIED = 'account and key are known';
/** … to one that nobody has said anything about. */
export const ANONYMOUS = 'nobody is known';
/** … to any other. */
export const MIXED = 'something is missing';

/** A request as a browser would send it. */
export function requestOf(key: string): Uint8Array {
  const lines = [
    `GET ${TARGET} HTTP/1.1`,
    `Host: ${HOST}`,
    ...HEADERS,
    `Authorization: Bearer ${key}`,
    '\r\n',
  ];
  return Buffer.from(lines.join('\r\n'), 'latin1');
}

const HEADERS: readonly string[] = [
  'User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36',
  'Accept: application/json, text/plain, */*',
  'Accept-Language: en-GB,en;q=0.9',
  'Accept-Encoding: gzip, deflate, br',
  'Traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
  'Cache-Control: no-cache',
];
