import { readFileSync } from 'node:fs';
import {
  AttributeContext,
  AttributeContext_HttpRequest,
  AttributeContext_Peer,
  AttributeContext_Request,
  CheckRequest,
  SocketAddress,
} from '@envoyproxy/ext-authz-types';
import { compile } from '../../src/config/compile.ts';
import { loadConfig } from '../../src/config/load.ts';
import { FEED_BATCH_MAX, FeedWriter } from '../../src/domain/feed.ts';
import { toProfileText } from '../../src/domain/feed-records.ts';
import type { FeedBatch } from '../../src/domain/feed.ts';
import type { Policy } from '../../src/domain/policy.ts';
import type { AuthzRequest } from '../../src/domain/request.ts';
import { issueKey } from '../../src/lib/key-format.ts';
import { DIGEST_WORDS } from '../../src/lib/key-digest.ts';
import type { KeyHasher, PepperRing } from '../../src/lib/key-digest.ts';
import { subjectOf } from '../../src/lib/subject.ts';
import { createRandom } from './zipf.ts';

export const BENCH_CONFIG = new URL('tollgate.yaml', import.meta.url).pathname;
export const PEPPERS: PepperRing = {
  current: { id: 'bench', secret: new Uint8Array(32).fill(7) },
  retired: [],
};
const ACCOUNTS = 1_000;
const KEPT_KEYS_MAX = 1_000_000;
const PREFIX = 'bench_';
const HOST = 'api.bench.example';
const TARGET = '/v1/things?limit=10';
/** A request to it costs a credit. */
export const PAID_TARGET = '/v1/paid';

export function benchPolicy(): Policy {
  return compile(
    loadConfig({ path: BENCH_CONFIG, readFile: readText, env: {}, sets: [], nowMs: 0 }).document,
  );
}

function readText(path: string): string {
  return readFileSync(path, 'utf8');
}

/** Keys by index: the same index, the same key. */
export function createKeys(): (index: number) => string {
  const made = new Map<number, string>();
  return (index) => {
    const known = made.get(index);
    if (known !== undefined) return known;
    const key = keyOf(index);
    if (made.size < KEPT_KEYS_MAX) made.set(index, key);
    return key;
  };
}

function keyOf(index: number): string {
  const random = createRandom(index + 1);
  return issueKey(PREFIX, (bytes) => Uint8Array.from({ length: bytes }, () => Math.floor(random() * 256)));
}

export interface FeedPlan {
  readonly keys: (index: number) => string;
  readonly count: number;
  readonly hasher: KeyHasher;
}

/** A feed that tells of every key and of the accounts they belong to. */
export function* feedOf({ keys, count, hasher }: FeedPlan): Generator<FeedBatch> {
  let writer = new FeedWriter();
  for (let row = 1; row <= ACCOUNTS; row += 1) {
    writer.account({
      api: 0,
      row,
      id: `account-${row}`,
      tier: '',
      standing: 'ok',
      billing: 'active',
      trialEndsMs: Number.POSITIVE_INFINITY,
      subject: new Int32Array(Object.values(subjectOf(['bench', `account-${row}`]))),
    });
    if (writer.full || row === ACCOUNTS) {
      yield writer.batch({ phase: 'accounts', row, seq: 0 }, false);
      writer = new FeedWriter();
    }
  }
  const profile = toProfileText({ tier: '', permissions: [], role: '', limits: [] });
  for (let index = 0; index < count; index += 1) {
    const digest = new Int32Array(DIGEST_WORDS);
    hasher.digest(keys(index), 0, digest);
    writer.key({
      api: 0,
      row: index + 1,
      accountRow: (index % ACCOUNTS) + 1,
      profile,
      expiresAtMs: Number.POSITIVE_INFINITY,
      id: digest.slice(0, 3),
      digest,
    });
    if (writer.size === FEED_BATCH_MAX || index === count - 1) {
      yield writer.batch({ phase: 'keys', row: index + 1, seq: 0 }, index === count - 1);
      writer = new FeedWriter();
    }
  }
}

/** What a gateway sends beside the credential: some fifteen headers. */
const OTHER_HEADERS: readonly (readonly [string, string])[] = [
  [':authority', HOST],
  [':path', TARGET],
  [':method', 'GET'],
  [':scheme', 'https'],
  [
    'user-agent',
    'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36',
  ],
  ['accept', 'application/json, text/plain, */*'],
  ['accept-language', 'en-GB,en;q=0.9'],
  ['accept-encoding', 'gzip, deflate, br'],
  ['x-forwarded-for', '203.0.113.9'],
  ['x-forwarded-proto', 'https'],
  ['x-envoy-external-address', '203.0.113.9'],
  ['x-request-id', '7b1f1c1e-9f7e-4c0e-9d46-3f5d4c3b2a10'],
  ['traceparent', '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'],
  ['cache-control', 'no-cache'],
];

export function requestOf(key: string): AuthzRequest {
  const lines = [...OTHER_HEADERS.slice(4), ['authorization', `Bearer ${key}`] as const];
  return {
    gateway: 'envoy-grpc',
    // Without an id of the gateway's own every check is a new one: nothing is answered from the memory of repeats.
    gatewayRequestId: '',
    gatewayTime: '',
    method: 'GET',
    target: TARGET,
    host: HOST,
    namedApi: '',
    peerAddress: '203.0.113.9',
    headers: {
      all: (name) => lines.filter(([other]) => other === name).map(([, value]) => value),
      names: () => new Set(lines.map(([name]) => name)),
    },
  };
}

/** The same request as Envoy frames it for gRPC: a zero byte, the length, the message. */
export function framedCheckOf(key: string, target = TARGET): Uint8Array {
  const lines = [...OTHER_HEADERS, ['authorization', `Bearer ${key}`] as const];
  const headers = lines.map(([name, value]) => ({
    key: name,
    value: '',
    rawValue: Buffer.from(name === ':path' ? target : value, 'latin1'),
  }));
  const http = {
    ...base(AttributeContext_HttpRequest),
    method: 'GET',
    path: target,
    host: HOST,
    headerMap: { headers },
  };
  const peer = { ...base(SocketAddress), address: '203.0.113.9' };
  const attributes = {
    ...base(AttributeContext),
    source: {
      ...base(AttributeContext_Peer),
      address: { address: { $case: 'socketAddress' as const, value: peer } },
    },
    request: { ...base(AttributeContext_Request), http },
  };
  const message = CheckRequest.encode({ attributes }).finish();
  const framed = Buffer.alloc(5 + message.length);
  framed.writeUInt32BE(message.length, 1);
  framed.set(message, 5);
  return framed;
}

/** A message with every field at its default. */
function base<T>(codec: { decode(bytes: Uint8Array): T }): T {
  return codec.decode(new Uint8Array());
}
