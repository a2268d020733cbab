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
  const makeReady = createReadyKeys();
  const latestOf = new Map<Api, Latest>();
  return {
    find(api, keyId) {
      const latest = latestOf.get(api);
      if (latest?.keyId === keyId) {
        // Looked up by the text that was before, whose hash is known: the token's own would be hashed anew, 0.3 µs.
        const told = source.findSessionKey(api, latest.keyId);
        if (told === latest.told) return latest.ready;
      }
      const told = source.findSessionKey(api, keyId);
      const ready = told && makeReady(api, told);
      if (ready !== undefined) latestOf.set(api, { keyId, told, ready });
      return ready;
    },
  };
}

/** An API signs with one key most of the time. */
interface Latest {
  readonly keyId: string;
  readonly told: SessionKey | undefined;
  readonly ready: SessionKeyVersion;
}

function createReadyKeys(): (api: Api, told: SessionKey) => SessionKeyVersion | undefined {
  const ready = new Map<string, SessionKeyVersion & { readonly jwk: string }>();
  let versions = 0;
  return (api, told) => {
    const name = `${api.index} ${told.kid}`;
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
  };
}

/** undefined for a key that cannot be used with the algorithm it is told to be of. */
function fromTold({ jwk, algorithm }: SessionKey): VerifyingKey | undefined {
  const parsed = parseStrictJson(jwk);
  const key = parsed && fromJwk(parsed);
  return key?.algorithms.has(algorithm) === true ? key : undefined;
}
