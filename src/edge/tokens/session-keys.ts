import type { Api } from '../../domain/policy.ts';
import type { SessionKey } from '../../domain/session.ts';
import type { TokenKeys } from '../../ports.ts';
import { parseStrictJson } from './strict-json.ts';
import { fromJwk } from './verifying-key.ts';
import type { VerifyingKey } from './verifying-key.ts';

/** Keys kept ready, of all APIs together; past it the one that was made ready first is made again when it is asked for. */
export const READY_KEYS_MAX = 1_024;

export interface SessionKeyVersion {
  readonly key: VerifyingKey;
  readonly algorithm: SessionKey['algorithm'];
  /** Another number for another key, of the same name or not. */
  readonly version: number;
}

/** The keys with which sessions' tokens are signed, made ready once each. */
export interface SessionKeys {
  /** undefined as soon as the hub has withdrawn the key. */
  find(api: Api, keyId: string): SessionKeyVersion | undefined;
}

export function createSessionKeys(source: TokenKeys): SessionKeys {
  const ready = new Map<string, SessionKeyVersion & { readonly jwk: string }>();
  let versions = 0;
  return {
    find(api, keyId) {
      const told = source.findSessionKey(api, keyId);
      if (told === undefined) return undefined;
      const name = `${api.index} ${keyId}`;
      const known = ready.get(name);
      if (known?.jwk === told.jwk) return known;
      const key = fromTold(told);
      if (key === undefined) return undefined;
      const [first] = ready.keys();
      if (ready.size >= READY_KEYS_MAX && first !== undefined) ready.delete(first);
      versions += 1;
      const made = { key, algorithm: told.algorithm, version: versions, jwk: told.jwk };
      ready.set(name, made);
      return made;
    },
  };
}

/** undefined for a key that cannot be used with the algorithm it is told to be of. */
function fromTold({ jwk, algorithm }: SessionKey): VerifyingKey | undefined {
  const parsed = parseStrictJson(jwk);
  const key = parsed && fromJwk(parsed);
  return key?.algorithms.has(algorithm) === true ? key : undefined;
}
