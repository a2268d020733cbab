import type { Api } from '../../domain/policy.ts';
import type { TokenFault, VerifiedToken } from '../../domain/token.ts';
import { DependencyDown } from '../../ports.ts';
import type { Clock, TokenKeys } from '../../ports.ts';
import { findAuthority } from './authority.ts';
import { parseCompact } from './compact.ts';
import type { FetchKeySet } from './fetch-key-set.ts';
import { parseToken } from './parsed-token.ts';
import type { JsonObject } from './strict-json.ts';
import { createTokenVerifier } from './verifier.ts';

/** What a token says, and what comes of it where no hub is asked. */
export interface TokenInspection {
  /** null where the token cannot be read. */
  readonly header: JsonObject | null;
  readonly claims: JsonObject | null;
  /** By whose rules it is judged; null where the API has none for it. */
  readonly kind: VerifiedToken['kind'] | null;
  /** As the configuration calls the issuer outside; null for others. */
  readonly issuer: string | null;
  /** `unverified`: it breaks no rule that can be asked here, and the key of its signature is not at hand. */
  readonly verdict: 'believed' | 'refused' | 'unverified';
  /** Present for a refused token. */
  readonly fault: TokenFault | null;
}

export interface InspectionOptions {
  readonly api: Api;
  readonly token: string;
  readonly clock: Clock;
  /** `never`: an issuer's keys are at hand only where the configuration holds them. */
  readonly network: 'never' | 'key_sets';
}

/** Judges one token as a check would, with no memory and without the keys that the hub keeps. */
export async function inspectToken(options: InspectionOptions): Promise<TokenInspection> {
  const { api, token } = options;
  const compact = parseCompact(token);
  const parsed = parseToken(token);
  const authority = typeof parsed === 'string' ? undefined : findAuthority(api.tokens, parsed.issuer);
  return {
    header: compact?.header ?? null,
    claims: compact?.payload ?? null,
    kind: authority?.kind ?? null,
    issuer: authority?.kind === 'issuer' ? authority.rules.name : null,
    ...(await judge(options)),
  };
}

async function judge({
  api,
  token,
  clock,
  network,
}: InspectionOptions): Promise<Pick<TokenInspection, 'verdict' | 'fault'>> {
  const hub = createAbsentHub();
  const verifier = createTokenVerifier({
    apis: [api],
    keys: hub.keys,
    clock,
    onNote: () => undefined,
    tokensMax: 1,
    ...(network === 'never' && { fetchKeySet: fetchNothing }),
  });
  try {
    const verified = await verifier.verify(api, token, clock.now());
    if (typeof verified !== 'string') return { verdict: 'believed', fault: null };
    return hub.wasAsked() ? { verdict: 'unverified', fault: null } : { verdict: 'refused', fault: verified };
  } catch (error) {
    if (error instanceof DependencyDown) return { verdict: 'unverified', fault: null };
    throw error;
  } finally {
    verifier.close();
  }
}

const fetchNothing: FetchKeySet = () => Promise.resolve('connection');

/** Knows no key, and whether it was asked for one: only a token that breaks no other rule asks. */
function createAbsentHub(): { readonly keys: TokenKeys; readonly wasAsked: () => boolean } {
  let asked = false;
  return {
    keys: {
      findSigners: () => {
        asked = true;
        return [];
      },
      findSessionKey: () => {
        asked = true;
        return undefined;
      },
    },
    wasAsked: () => asked,
  };
}
