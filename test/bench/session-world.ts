import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import type { IncomingMessage } from 'node:http';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { parse } from 'yaml';

const BENCH_API = new URL('api.yaml', import.meta.url);
const HOST = 'api.bench.example';
const EXCHANGE_PATH = '/v1/session';
const CREATED = 200;
/** Exchanges under way at once. */
const EXCHANGES = 8;

/** The bench's API as it is where keys are exchanged for sessions, too; answers the configuration's path. */
export function writeSessionConfig(folder: string): string {
  const api = parse(readFileSync(BENCH_API, 'utf8')) as {
    areas: readonly { readonly credentials: readonly object[] }[];
  };
  const areas = api.areas.map((area) => ({
    ...area,
    credentials: [...area.credentials, { jwt: { header: 'Authorization', scheme: 'Bearer' } }],
  }));
  const sessions = { issuer: `https://${HOST}`, access_lifetime: '1h' };
  const body = { access_token: '$access_token', refresh_token: '$refresh_token' };
  const endpoints = {
    session_create: { path: EXCHANGE_PATH, body },
    session_refresh: { path: '/v1/session/refresh', body },
  };
  writeFileSync(join(folder, 'api.yaml'), JSON.stringify({ ...api, areas, sessions, endpoints }));
  const path = join(folder, 'tollgate.yaml');
  writeFileSync(path, JSON.stringify({ apis: ['api.yaml'] }));
  return path;
}

/** The access tokens of one session for each key, in their order. Rejects where a key is not exchanged. */
export async function exchangeKeys(address: string, keys: readonly string[]): Promise<readonly string[]> {
  const tokens: string[] = [];
  for (let at = 0; at < keys.length; at += EXCHANGES)
    tokens.push(...(await Promise.all(keys.slice(at, at + EXCHANGES).map((key) => exchange(address, key)))));
  return tokens;
}

async function exchange(address: string, key: string): Promise<string> {
  const asked = request(`http://${address}${EXCHANGE_PATH}`, {
    method: 'POST',
    headers: { host: HOST, authorization: `Bearer ${key}`, 'content-length': 0 },
  });
  asked.end();
  const [answer] = (await once(asked, 'response')) as [IncomingMessage];
  const body = await text(answer);
  if (answer.statusCode !== CREATED) throw new Error(`a key was not exchanged: ${answer.statusCode} ${body}`);
  return (JSON.parse(body) as { access_token: string }).access_token;
}
