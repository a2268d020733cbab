import { cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Candidate } from './candidate.ts';
import { fillStore } from './filled-store.ts';
import { buildPeer } from './peer-builds.ts';
import type { PeerBuild } from './peer-builds.ts';
import { RATE_LIMIT_PATH } from './ratelimit-request.ts';
import { BENCH_CONFIG } from './world.ts';

/** A peer, or Tollgate itself, over so many keys. */
export interface Entry extends Candidate {
  readonly keyCount: number;
  /** What it is asked: Envoy's Check, or for its limits alone. */
  readonly asked: 'check' | 'limits';
  /** Whether it tells a key that it knows from one that it does not. */
  readonly knowsKeys: boolean;
  readonly path?: string;
}

interface Peer extends PeerBuild, Pick<Entry, 'name' | 'asked' | 'knowsKeys' | 'path'> {}

const ENVOY_GO = 'github.com/envoyproxy/go-control-plane/envoy';
const GRPC_GO = 'google.golang.org/grpc';

/** The first one is the yardstick of the ratios. */
export const PEERS: readonly Peer[] = [
  {
    name: 'Rust, tonic: decode, one look-up, allow',
    tool: 'cargo',
    folder: 'rust-bare',
    binary: 'rust-bare',
    made: ['tonic', 'envoy-types'],
    asked: 'check',
    knowsKeys: true,
  },
  {
    name: 'Go, grpc-go: decode, one look-up, allow',
    tool: 'go',
    folder: 'go-bare',
    binary: 'go-bare',
    made: [GRPC_GO, ENVOY_GO],
    asked: 'check',
    knowsKeys: true,
  },
  {
    name: 'limitador crate: two limits, no keys',
    tool: 'cargo',
    folder: 'limitador',
    binary: 'limitador-bench',
    made: ['limitador'],
    asked: 'check',
    knowsKeys: false,
  },
  {
    name: 'OPA engine: one look-up, no limits',
    tool: 'go',
    folder: 'opa',
    binary: 'opa',
    made: ['github.com/open-policy-agent/opa'],
    asked: 'check',
    knowsKeys: true,
  },
  {
    name: 'envoyproxy/ratelimit with its Redis: two limits, no keys, ShouldRateLimit in place of Check',
    tool: 'go',
    folder: 'ratelimit',
    binary: 'ratelimit',
    made: ['github.com/envoyproxy/ratelimit'],
    needs: 'redis-server',
    asked: 'limits',
    knowsKeys: false,
    path: RATE_LIMIT_PATH,
  },
];

const ACCOUNTS = 1_000;
const TRANSPORTS = ['wire', 'grpc-js'];
const ROOT_MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url));

/** Where keys of so many are put before anybody starts. */
export interface Ground {
  readonly folder: string;
  readonly keys: (index: number) => string;
  readonly keyCount: number;
  /** Whether those that know no keys take part. */
  readonly peers: readonly Peer[];
}

/** Those that could be built, then Tollgate as it is served, on a database of its own that holds the keys. */
export async function prepareEntries({ folder, keys, keyCount, peers }: Ground): Promise<readonly Entry[]> {
  const own = join(folder, String(keyCount));
  mkdirSync(own);
  const keysFile = join(own, 'keys');
  writeFileSync(keysFile, Array.from({ length: keyCount }, (_, index) => `${keys(index)}\n`).join(''));
  const others = peers.flatMap((peer): Entry[] => {
    const command = buildPeer(peer);
    if (command === undefined) process.stderr.write(`${peer.name}: cannot be built here, left out\n`);
    return command === undefined
      ? []
      : [{ ...peer, command, args: [], env: { BENCH_KEYS_FILE: keysFile }, keyCount }];
  });
  const filled = join(own, 'filled');
  mkdirSync(filled);
  await fillStore({ folder: filled, accounts: ACCOUNTS, keys, count: keyCount });
  const ours = TRANSPORTS.map((transport) => {
    cpSync(filled, join(own, transport), { recursive: true });
    return tollgate(join(own, transport), transport, keyCount);
  });
  return [...others, ...ours];
}

function tollgate(folder: string, transport: string, keyCount: number): Entry {
  const sets = [
    `store.url=sqlite:${join(folder, 'tollgate.db')}`,
    'check.grpc.listen=127.0.0.1:0',
    `check.grpc.transport=${transport}`,
    'telemetry.listen=127.0.0.1:0',
    'public.listen=off',
    'admin.listen=off',
  ].flatMap((set) => ['--set', set]);
  return {
    name: `Tollgate, ${transport}: keys, two limits, identity headers`,
    command: process.execPath,
    args: [ROOT_MAIN, '--config', BENCH_CONFIG, ...sets, 'serve'],
    addressIn: /^check\.grpc +(\S+)$/,
    keyCount,
    asked: 'check',
    knowsKeys: true,
  };
}
