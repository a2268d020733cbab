import type { DeclaredKey } from '../declared.ts';
import type { KeyMaterial } from '../keys.ts';
import type { SqliteConnection } from './connection.ts';
import { bytesFromWords } from './words.ts';

/** Which keys an API knows, by their digests. Revoked ones are among them: a key that was revoked is never a new one. */
export interface KnownDigests {
  /** For one transaction. */
  startBatch(connection: SqliteConnection): DigestBatch;
}

export interface DigestBatch {
  /** Takes a key's digests for itself; false where the store, a declared key or a key claimed before has one of them. */
  claim(api: string, key: Pick<KeyMaterial, 'digest' | 'retiredDigests'>): boolean;
}

export function createKnownDigests(declared: readonly DeclaredKey[]): KnownDigests {
  const declaredNames = new Set(declared.map((key) => nameOf(key.api, bytesFromWords(key.digest))));
  return {
    startBatch(connection) {
      const claimed = new Set<string>();
      return {
        claim(api, key) {
          const digests = [key.digest, ...key.retiredDigests].map(bytesFromWords);
          const names = digests.map((digest) => nameOf(api, digest));
          if (names.some((name) => declaredNames.has(name) || claimed.has(name))) return false;
          if (isStored(connection, api, digests)) return false;
          for (const name of names) claimed.add(name);
          return true;
        },
      };
    },
  };
}

/** By hand, because an import asks it for every key. */
const IS_STORED = 'SELECT 1 FROM keys WHERE api = ? AND digest = ?';

/** Whether the store has a key of the API under one of the digests. */
export function isStored(connection: SqliteConnection, api: string, digests: readonly Uint8Array[]): boolean {
  const find = connection.statement(IS_STORED);
  return digests.some((digest) => find.get(api, digest) !== undefined);
}

function nameOf(api: string, digest: Uint8Array): string {
  return `${api}\0${Buffer.from(digest).toString('hex')}`;
}
