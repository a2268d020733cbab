import { isDeepStrictEqual } from 'node:util';
import { ask } from '../../e2e/envoy.ts';
import { ANONYMOUS, HOST, TARGET } from './words.ts';

/** What the bench's API promises to whoever shows a key that nobody has. */
const DENIAL = {
  status: 401,
  type: 'application/json',
  stored: 'no-store',
  challenge: 'Bearer realm="bench"',
  body: '{"error":{"code":"unauthorized","message":"Invalid API key"}}',
};

/** Rejects where a gateway refuses an unknown key otherwise than the API promises, or lets it through. */
export async function requireDenial(port: number, unknownKey: string): Promise<void> {
  const { status, headers, body } = await askWith(port, unknownKey);
  const got = {
    status,
    type: headers['content-type'],
    stored: headers['cache-control'],
    challenge: headers['www-authenticate'],
    body,
  };
  if (!isDeepStrictEqual(got, DENIAL)) throw new Error(`no denial: ${JSON.stringify(got)}`);
}

/** Rejects where a gateway that should ask nobody does not let an unknown key through, or knows who it is. */
export async function requireNoCheck(port: number, unknownKey: string): Promise<void> {
  const { status, body } = await askWith(port, unknownKey);
  if (status !== 200 || body !== ANONYMOUS) throw new Error(`this was checked: ${status} ${body}`);
}

function askWith(port: number, key: string) {
  const headers = ['authorization', `Bearer ${key}`];
  return ask(`http://127.0.0.1:${port}`, { host: HOST, target: TARGET, headers });
}
