import { compile } from '../../../../src/config/compile.ts';
import type { Api } from '../../../../src/domain/policy.ts';
import type { Note } from '../../../../src/domain/report.ts';
import { DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS } from '../../../../src/domain/time.ts';
import type {
  ClaimRules,
  IssuerRules,
  KeySetSource,
  TokenFault,
  TokenRules,
  VerifiedToken,
} from '../../../../src/domain/token.ts';
import { TIER_OF_ACCOUNT } from '../../../../src/domain/principal.ts';
import type { KeySigner, SessionKey } from '../../../../src/domain/session.ts';
import { createTokenVerifier } from '../../../../src/edge/tokens/verifier.ts';
import type { EdgeTokenVerifier, TokenVerifierOptions } from '../../../../src/edge/tokens/verifier.ts';
import type { TokenKeys } from '../../../../src/ports.ts';
import { createTestClock } from '../../../world.ts';
import type { TestClock } from '../../../world.ts';
import { load } from '../../config/world.ts';
import { ed25519, hmacSigner, p256, p256Other, p384, p521, rsa, signerOf, toJwk, toSet } from './keys.ts';
import type { Draft } from './mint.ts';

export const NOW_MS = Date.UTC(2026, 10, 22, 12);
export const NOW_S = NOW_MS / SECOND_MS;
export const LEEWAY_S = 5;

const BASE = compile(load().document).apis[0] as Api;

/** An API with token rules of its own. */
export function apiWith(tokens: TokenRules, name = 'one', index = 0): Api {
  return { ...BASE, name, index, tokens };
}

export const PLAIN: ClaimRules = {
  format: 'plain',
  account: 'org',
  permissions: 'scope',
  role: 'role',
  permissionOf: { 'things.read': 'read' },
  roleOf: { boss: 'admin' },
};
export const CLERK: ClaimRules = {
  format: 'clerk',
  account: '',
  permissions: '',
  role: '',
  permissionOf: { 'org:things:read': 'read' },
  roleOf: { 'org:admin': 'admin' },
};

/** An issuer whose set holds a key of every kind, the RSA one for whichever algorithm. */
export const ISSUER: IssuerRules = {
  name: 'outside',
  issuer: 'https://issuer.example',
  algorithms: ['RS256', 'PS256', 'ES256', 'ES384', 'ES512', 'EdDSA'],
  types: ['jwt', ''],
  audiences: ['https://api.example'],
  authorizedParties: ['https://app.example'],
  leewayMs: LEEWAY_S * SECOND_MS,
  lifetimeMaxMs: HOUR_MS,
  keys: {
    from: 'fixed',
    text: toSet(
      toJwk(rsa, { kid: 'rsa' }),
      toJwk(p256, { kid: 'p256', alg: 'ES256', use: 'sig' }),
      toJwk(p384, { kid: 'p384' }),
      toJwk(p521, { kid: 'p521' }),
      toJwk(ed25519, { kid: 'ed', key_ops: ['verify'] }),
    ),
  },
  claims: PLAIN,
  unknownAccount: 'refuse',
};

export const SESSIONS = {
  issuer: 'https://one.example',
  audience: 'https://one.example/api',
  algorithm: 'EdDSA',
  accessLifetimeMs: 10 * MINUTE_MS,
  lifetimeMs: DAY_MS,
  idleMs: HOUR_MS,
  leewayMs: LEEWAY_S * SECOND_MS,
  tier: TIER_OF_ACCOUNT,
} as const;

export const KEY_SIGNED = { leewayMs: LEEWAY_S * SECOND_MS, lifetimeMaxMs: DAY_MS } as const;

export const ALL: TokenRules = { issuers: [ISSUER], sessions: SESSIONS, keySigned: KEY_SIGNED };

export const KEY_ID = `key_${'0a'.repeat(12)}`;
export const SESSION_ID = `ses_${'0b'.repeat(12)}`;
export const API_KEY = 'one_0123456789abcdefghijklmnopqrstuvwxyz';
export const OTHER_API_KEY = 'one_zyxwvutsrqponmlkjihgfedcba9876543210';
export const SESSION_KID = 'session-1';
export const SESSION_KID_ES = 'session-2';

/** What the hub would tell of, which a test may change. */
export interface TestKeys extends TokenKeys {
  readonly signers: Map<string, readonly KeySigner[]>;
  readonly sessionKeys: Map<string, SessionKey>;
}

export function createTestKeys(): TestKeys {
  const mine: KeySigner = { keyId: KEY_ID, secret: Buffer.from(API_KEY) };
  const other: KeySigner = { keyId: `key_${'0c'.repeat(12)}`, secret: Buffer.from(OTHER_API_KEY) };
  const short: KeySigner = {
    keyId: `key_${'0d'.repeat(12)}`,
    secret: Buffer.from('one_short_secret_of_31_bytes_ab'),
  };
  const signers = new Map<string, readonly KeySigner[]>([
    ...[mine, other, short].map((signer) => [signer.keyId, [signer]] as const),
    ['acme', [other, mine]],
    ['tiny', [short]],
  ]);
  const sessionKeys = new Map<string, SessionKey>([
    [SESSION_KID, { kid: SESSION_KID, algorithm: 'EdDSA', jwk: JSON.stringify(toJwk(ed25519)) }],
    [SESSION_KID_ES, { kid: SESSION_KID_ES, algorithm: 'ES256', jwk: JSON.stringify(toJwk(p256Other)) }],
  ]);
  return {
    signers,
    sessionKeys,
    findSigners: (_api, by) => signers.get('keyId' in by ? by.keyId : by.account) ?? [],
    findSessionKey: (_api, kid) => sessionKeys.get(kid),
  };
}

export interface TokenWorld {
  readonly api: Api;
  readonly clock: TestClock;
  readonly keys: TestKeys;
  readonly notes: Note[];
  readonly verifier: EdgeTokenVerifier;
  verify(token: string, api?: Api): Promise<VerifiedToken | TokenFault>;
}

interface WorldOptions extends Partial<Omit<TokenVerifierOptions, 'clock'>> {
  readonly tokens?: TokenRules;
  readonly clock?: TestClock;
}

export function createTokenWorld(options: WorldOptions = {}): TokenWorld {
  const { tokens = ALL, clock = createTestClock(NOW_MS), ...others } = options;
  const api = apiWith(tokens);
  const keys = createTestKeys();
  const notes: Note[] = [];
  const verifier = createTokenVerifier({
    apis: [api],
    keys,
    clock,
    onNote: (note) => notes.push(note),
    ...others,
  });
  return {
    api,
    clock,
    keys,
    notes,
    verifier,
    verify: async (token, asked = api) => verifier.verify(asked, token, clock.now()),
  };
}

/** A set that would have to be fetched. */
export function remoteSource(url: string, staleMaxMs = DAY_MS): KeySetSource {
  return { from: 'url', url, privateAddresses: 'allow', staleMaxMs };
}

/** Tokens that are believed: every other test changes one thing in one of them. */
export const GOOD = {
  issuer: {
    header: { alg: 'RS256', typ: 'JWT', kid: 'rsa' },
    payload: {
      iss: ISSUER.issuer,
      aud: 'https://api.example',
      azp: 'https://app.example',
      sub: 'user_1',
      org: 'acme',
      scope: 'things.read things.unknown',
      role: 'boss',
      iat: NOW_S - 60,
      nbf: NOW_S - 60,
      exp: NOW_S + 600,
    },
    sign: signerOf(rsa, 'RS256'),
  },
  key_signed: {
    header: { alg: 'HS256', typ: 'JWT', kid: KEY_ID },
    payload: { sub: 'user_id', iat: NOW_S - 60, exp: NOW_S + 3_540, tier: 'free' },
    sign: hmacSigner(API_KEY),
  },
  session: {
    header: { alg: 'EdDSA', typ: 'at+jwt', kid: SESSION_KID },
    payload: {
      iss: SESSIONS.issuer,
      aud: SESSIONS.audience,
      sub: 'acme',
      client_id: KEY_ID,
      sid: SESSION_ID,
      jti: 'jti-1',
      scope: 'read',
      iat: NOW_S - 60,
      exp: NOW_S + 540,
    },
    sign: signerOf(ed25519, 'EdDSA'),
  },
} as const satisfies Readonly<Record<string, Draft>>;

export type Kind = keyof typeof GOOD;
export const KINDS = Object.keys(GOOD) as Kind[];
