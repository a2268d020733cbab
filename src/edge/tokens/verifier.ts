import type { Level, Measurements } from '../../domain/measurements.ts';
import type { Api } from '../../domain/policy.ts';
import type { Note } from '../../domain/report.ts';
import { TOKEN_CHARS_MAX } from '../../domain/token.ts';
import type { Clock, Eventually, TokenKeys, TokenVerifier } from '../../ports.ts';
import { findAuthority } from './authority.ts';
import type { Belief, Believed } from './believed.ts';
import { andThen } from './eventually.ts';
import { FETCH_TIMEOUT_MS } from './fetch-key-set.ts';
import type { FetchKeySet } from './fetch-key-set.ts';
import { createIssuers } from './issuers.ts';
import type { Issuers } from './issuers.ts';
import { verifyIssuerToken } from './issuer-token.ts';
import type { Asked } from './issuer-token.ts';
import { verifyKeySignedToken } from './key-signed-token.ts';
import { parseToken } from './parsed-token.ts';
import { createRememberedTokens } from './remembering.ts';
import { createSessionKeys } from './session-keys.ts';
import type { SessionKeys } from './session-keys.ts';
import { verifySessionToken } from './session-token.ts';
import { createSignatureWork } from './signature-work.ts';
import type { After } from './timers.ts';
import { findTimeFault } from './validity.ts';

/** Tokens remembered in this process. */
export const REMEMBERED_TOKENS_MAX = 65_536;
/** Set aside for each of them; it takes about 150, and one with the longest names 320. */
export const REMEMBERED_BYTES_EACH = 256;
/** As long as one fetch may take: nobody waits longer for a key, whatever he says. */
const WITHIN_MS_MAX = FETCH_TIMEOUT_MS;

export interface TokenVerifierOptions {
  /** Of the policy. */
  readonly apis: readonly Api[];
  readonly keys: TokenKeys;
  readonly clock: Clock;
  readonly onNote: (note: Note) => void;
  /** Default: over node:http and node:https. */
  readonly fetchKeySet?: FetchKeySet;
  /** Default: the runtime's timers. */
  readonly after?: After;
  /** Default: REMEMBERED_TOKENS_MAX. */
  readonly tokensMax?: number;
}

export interface EdgeTokenVerifier extends TokenVerifier {
  /** Fetches every key set that comes from a URL, and goes on fetching; resolves once each has come or failed, which takes FETCH_TIMEOUT_MS at most. Never rejects: a set that cannot be had is an outage of its tokens alone. */
  start(): Promise<void>;
  /** Fetches since the last call; the key sets and the tokens remembered as they are now. */
  measure(): Measurements;
  /** No fetch begins afterwards, and those under way are given up. */
  close(): void;
}

/** Believes tokens by each API's rules, and remembers those it believed. `start` before the first check, `close` at the end. */
export function createTokenVerifier(options: TokenVerifierOptions): EdgeTokenVerifier {
  const { apis, keys, tokensMax = REMEMBERED_TOKENS_MAX } = options;
  const issuers = createIssuers(options);
  const authorities = { issuers, keys, sessionKeys: createSessionKeys(keys) };
  const remembered = createRememberedTokens({
    tokensMax,
    bytesMax: tokensMax * REMEMBERED_BYTES_EACH,
  });
  const works = new Map(apis.map((api) => [api, createSignatureWork()]));

  return {
    verify(api, token, now, withinMs = WITHIN_MS_MAX) {
      const work = works.get(api);
      if (token.length > TOKEN_CHARS_MAX) return 'token_malformed';
      if (work === undefined) return 'token_issuer';
      const known = remembered.find(api, token);
      if (known !== undefined && isKeyUnchanged(known, { api, now, authorities })) {
        return findTimeFault(known, now.wallMs) ?? known.token;
      }
      return andThen(
        verifyAnew(token, { api, work, now, withinMs: Math.min(withinMs, WITHIN_MS_MAX), authorities }),
        (belief) => {
          if (typeof belief === 'string') return belief;
          remembered.remember(api, token, belief);
          return belief.token;
        },
      );
    },
    start: () => issuers.start(),
    measure() {
      const { increments, levels } = issuers.measure();
      const kept: Level = { metric: 'tollgate_tokens_remembered', labels: {}, value: remembered.size };
      return { increments, levels: [...levels, kept], observations: [] };
    },
    close: () => issuers.close(),
  };
}

interface Authorities {
  readonly issuers: Issuers;
  readonly keys: TokenKeys;
  readonly sessionKeys: SessionKeys;
}

/** Whether a remembered token may be believed without asking its key again; its times are another question. */
function isKeyUnchanged(
  { token, keysVersion, keyId }: Believed,
  { api, now, authorities }: Pick<AskedOfAll, 'api' | 'now' | 'authorities'>,
): boolean {
  if (token.kind === 'session') return authorities.sessionKeys.find(api, keyId)?.version === keysVersion;
  // Whether the key of a key-signed token is still there is asked of the directory at every check.
  if (token.kind === 'key_signed') return true;
  const issuer = authorities.issuers.find(api, token.rules.issuer);
  return issuer !== undefined && issuer.keys.version === keysVersion && issuer.keys.serves(now);
}

interface AskedOfAll extends Asked {
  readonly authorities: Authorities;
}

function verifyAnew(token: string, asked: AskedOfAll): Eventually<Belief> {
  const parsed = parseToken(token);
  if (typeof parsed === 'string') return parsed;
  const { api, authorities } = asked;
  const authority = findAuthority(api.tokens, parsed.issuer);
  switch (authority?.kind) {
    case 'issuer': {
      const issuer = authorities.issuers.find(api, authority.rules.issuer);
      return issuer === undefined ? 'token_issuer' : verifyIssuerToken(parsed, issuer, asked);
    }
    case 'session':
      return verifySessionToken(parsed, {
        ...asked,
        rules: authority.rules,
        keys: authorities.sessionKeys,
      });
    case 'key_signed':
      return verifyKeySignedToken(parsed, { ...asked, rules: authority.rules, keys: authorities.keys });
    case undefined:
      return 'token_issuer';
  }
}
