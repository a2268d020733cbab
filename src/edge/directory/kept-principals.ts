import type { Principal } from '../../domain/principal.ts';
import { DIGEST_WORDS } from '../../lib/key-digest.ts';

/** Keys of which the principal is kept, each with what render makes of it. A power of two. */
const KEPT_MAX = 8_192;
/** The words of a digest that choose a place and tell who was seen there; the table of keys takes others. */
const PLACE_AT = 3;
const SEEN_AT = 4;

/**
 * The principals of keys that come again and again, until any key or account changes: found by the whole digest, never by a key's text.
 * A key is kept when it comes twice without another one at its place between, so that a stream of keys that come once moves nothing into
 * the old generation of the heap. Keeping spares a check of a busy key 0.6 µs.
 */
export class KeptPrincipals {
  private readonly digests = new Int32Array(KEPT_MAX * DIGEST_WORDS);
  private readonly apis = new Int32Array(KEPT_MAX);
  private readonly seen = new Int32Array(KEPT_MAX);
  private readonly principals = Array.from({ length: KEPT_MAX }, (): Principal | undefined => undefined);
  private isEmpty = true;

  find(api: number, digest: Int32Array): Principal | undefined {
    const place = placeOf(digest);
    const principal = this.principals[place];
    if (principal === undefined) return undefined;
    // All words in the same time wherever they differ.
    let difference = (this.apis[place] ?? 0) ^ api;
    const base = place * DIGEST_WORDS;
    for (let word = 0; word < DIGEST_WORDS; word += 1) {
      difference |= (this.digests[base + word] ?? 0) ^ (digest[word] ?? 0);
    }
    return difference === 0 ? principal : undefined;
  }

  /** The principal that was found for a digest; from the second time on one that is kept. */
  offer(api: number, digest: Int32Array, found: Principal): Principal {
    const place = placeOf(digest);
    const mark = digest[SEEN_AT] ?? 0;
    if (this.seen[place] !== mark) {
      this.seen[place] = mark;
      return found;
    }
    const principal = { ...found, kept: true };
    this.digests.set(digest, place * DIGEST_WORDS);
    this.apis[place] = api;
    this.principals[place] = principal;
    this.isEmpty = false;
    return principal;
  }

  /** Any of them may be another now. */
  clear(): void {
    if (this.isEmpty) return;
    this.principals.fill(undefined);
    this.isEmpty = true;
  }
}

function placeOf(digest: Int32Array): number {
  return (digest[PLACE_AT] ?? 0) & (KEPT_MAX - 1);
}
