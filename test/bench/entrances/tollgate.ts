import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';
import type { HttpDialect } from '../../../src/domain/request.ts';
import { startCandidate } from '../candidate.ts';
import { API, AREA, HOST } from './words.ts';

const SERVER = fileURLToPath(new URL('../tollgate-server.ts', import.meta.url));
const BENCH_API = new URL('../api.yaml', import.meta.url);

/** A Tollgate in a process of its own. */
export interface Tollgate {
  /** Where its gateway asks. */
  readonly port: number;
  stop(): Promise<void>;
}

export interface TollgatePlan {
  /** Of the entrance over HTTP; absent: there is the one over gRPC alone. */
  readonly dialect: HttpDialect | undefined;
  readonly token: string;
  readonly keys: number;
}

/** With the bench's API, in the place of one that the gateways' recipes know. */
export async function startTollgate({ dialect, token, keys }: TollgatePlan): Promise<Tollgate> {
  const folder = mkdtempSync(join(tmpdir(), 'tollgate-entrance-'));
  const removeFolder = (): void => rmSync(folder, { recursive: true });
  try {
    const env = {
      BENCH_KEYS: String(keys),
      BENCH_API: API,
      BENCH_CONFIG_FILE: writeConfig(folder, dialect),
      GATEWAY_TOKEN: token,
    };
    const name = `Tollgate, ${dialect ?? 'gRPC'}`;
    const running = await startCandidate({ name, command: process.execPath, args: [SERVER], env });
    return {
      port: Number(running.address.split(':').at(-1)),
      stop: () => running.stop().finally(removeFolder),
    };
  } catch (error) {
    removeFolder();
    throw error;
  }
}

function writeConfig(folder: string, dialect: HttpDialect | undefined): string {
  const api = parse(readFileSync(BENCH_API, 'utf8')) as { areas: readonly object[] };
  const areas = api.areas.map((area) => ({ ...area, path: AREA }));
  const entrance = { listen: '127.0.0.1:0', dialect, token: '${GATEWAY_TOKEN}' };
  const config = { check: { http: dialect === undefined ? [] : [entrance] }, apis: ['api.yaml'] };
  writeFileSync(join(folder, 'api.yaml'), JSON.stringify({ ...api, api: API, hosts: [HOST], areas }));
  const path = join(folder, 'tollgate.yaml');
  writeFileSync(path, JSON.stringify(config));
  return path;
}
