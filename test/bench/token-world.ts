import { createHmac, generateKeyPairSync, sign } from 'node:crypto';
import { FeedWriter } from '../../src/domain/feed.ts';
import type { FeedBatch } from '../../src/domain/feed.ts';
import type { Api, Policy } from '../../src/domain/policy.ts';
import { DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS } from '../../src/domain/time.ts';
import type { IssuerAlgorithm, TokenRules } from '../../src/domain/token.ts';
import { ALGORITHMS } from '../../src/edge/tokens/algorithms.ts';
import { DIGEST_WORDS, hexFromWords } from '../../src/lib/key-digest.ts';
import type { KeyHasher } from '../../src/lib/key-digest.ts';
import { benchPolicy } from './world.ts';

/** The algorithms whose first verification is measured, and a key pair for each. */
export const PAIRS = {
  RS256: generateKeyPairSync('rsa', { modulusLength: 2_048 }),
  ES256: generateKeyPairSync('ec', { namedCurve: 'P-256' }),
  EdDSA: generateKeyPairSync('ed25519'),
} as const;
export type BenchAlgorithm = keyof typeof PAIRS;

const ISSUER = 'https://issuer.bench.example';
const SESSIONS = 'https://api.bench.example';

export const KEY_SET = {
  keys: Object.entries(PAIRS).map(([kid, { publicKey }]) => ({
    ...publicKey.export({ format: 'jwk' }),
    kid,
    alg: kid,
  })),
};

const RULES: TokenRules = {
  issuers: [
    {
      name: 'bench',
      issuer: ISSUER,
      algorithms: ['RS256', 'ES256', 'EdDSA'],
      types: ['jwt'],
      audiences: [],
      authorizedParties: ['https://app.bench.example'],
      leewayMs: 5 * SECOND_MS,
      lifetimeMaxMs: DAY_MS,
      keys: { from: 'fixed', text: JSON.stringify(KEY_SET) },
      claims: { format: 'clerk', account: '', permissions: '', role: '', permissionOf: {}, roleOf: {} },
      unknownAccount: 'refuse',
    },
  ],
  keySigned: { leewayMs: 5 * SECOND_MS, lifetimeMaxMs: DAY_MS },
  sessions: {
    issuer: SESSIONS,
    audience: SESSIONS,
    algorithm: 'EdDSA',
    accessLifetimeMs: 10 * MINUTE_MS,
    lifetimeMs: DAY_MS,
    idleMs: DAY_MS,
    leewayMs: 5 * SECOND_MS,
    tier: -1,
  },
};

/** The bench's API, which takes tokens too, beside keys and in the same header. */
export function tokenPolicy(): Policy & { readonly api: Api } {
  const policy = benchPolicy();
  const [plain] = policy.apis;
  if (plain === undefined) throw new Error('the bench has no API');
  const areas = plain.areas.map((area) => ({
    ...area,
    credentials: [...area.credentials, { kind: 'jwt' as const, header: 'authorization', scheme: 'bearer' }],
  }));
  const api: Api = { ...plain, areas, tokens: RULES };
  const apiByHost = new Map([...policy.apiByHost.keys()].map((host) => [host, api]));
  return { ...policy, api, apis: [api], apiByHost };
}

/** The id of a key of the bench, which is made of its digest. */
export function idOf(key: string, hasher: KeyHasher): string {
  const digest = new Int32Array(DIGEST_WORDS);
  hasher.digest(key, 0, digest);
  return `key_${hexFromWords(digest.subarray(0, 3))}`;
}

/** One session for each of these keys, named after it, and the key that signs their tokens. */
export function* sessionsOf(keys: readonly string[], hasher: KeyHasher, nowMs: number): Generator<FeedBatch> {
  const jwk = JSON.stringify(PAIRS.EdDSA.publicKey.export({ format: 'jwk' }));
  for (const key of keys) {
    const writer = new FeedWriter();
    const digest = new Int32Array(DIGEST_WORDS);
    hasher.digest(key, 0, digest);
    const id = digest.slice(0, 3);
    writer.signingKey({ api: 0, kid: 'session', algorithm: 'EdDSA', jwk });
    writer.session({ api: 0, id, keyId: id, expiresAtMs: nowMs + DAY_MS });
    yield writer.batch({ phase: 'changes', row: 0, seq: 1 }, true);
  }
}

type Members = Readonly<Record<string, unknown>>;

function seal(header: Members, payload: Members, signText: (text: string) => Buffer): string {
  const text = [header, payload]
    .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
    .join('.');
  return `${text}.${signText(text).toString('base64url')}`;
}

export function signerOf(name: BenchAlgorithm & IssuerAlgorithm): (text: string) => Buffer {
  const { digest, scheme } = ALGORITHMS[name];
  return (text) => sign(digest, Buffer.from(text), { key: PAIRS[name].privateKey, ...scheme });
}

/** A token like Clerk's second version, of some 800 characters. */
export function issuerToken(name: BenchAlgorithm, index: number, signText = signerOf(name)): string {
  const now = Math.floor(Date.now() / SECOND_MS);
  return seal(
    { alg: name, cat: 'cl_B7d4PD111AAA', kid: name, typ: 'JWT' },
    {
      azp: 'https://app.bench.example',
      exp: now + HOUR_MS / SECOND_MS,
      fea: 'u:profile,o:things,uo:reports',
      iat: now - 60,
      iss: ISSUER,
      jti: `jti-${index}`,
      nbf: now - 60,
      o: {
        id: `account-${(index % 1_000) + 1}`,
        per: 'read,write,manage',
        fpm: '3,4',
        rol: 'admin',
        slg: 'acme',
      },
      sid: 'sess_2abcdefghijklmnopqrstuvwxyz',
      sts: 'active',
      sub: `user_2abcdefghijklmnopqrstu${index}`,
      v: 2,
    },
    signText,
  );
}

export function keySignedToken(keyId: string, key: string, index: number): string {
  const now = Math.floor(Date.now() / SECOND_MS);
  const payload = { sub: 'user_id', iat: now - 60, exp: now + 3_600, jti: `jti-${index}` };
  return seal({ alg: 'HS256', typ: 'JWT', kid: keyId }, payload, (text) =>
    createHmac('sha256', key).update(text).digest(),
  );
}

export function sessionToken(keyId: string, index: number): string {
  const now = Math.floor(Date.now() / SECOND_MS);
  const payload = {
    iss: SESSIONS,
    aud: SESSIONS,
    sub: 'account-1',
    client_id: keyId,
    sid: keyId.replace('key_', 'ses_'),
    jti: `jti-${index}`,
    iat: now - 60,
    exp: now + 500,
    scope: 'read write',
  };
  return seal({ alg: 'EdDSA', typ: 'at+jwt', kid: 'session' }, payload, signerOf('EdDSA'));
}
