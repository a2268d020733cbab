import type { Principal } from '../../domain/principal.ts';
import { DIGEST_WORDS } from '../../lib/key-digest.ts';

/** Keys of which the principal is kept, each with what render makes of it. A power of two. */
const KEPT_MAX = 8_192;
/** The words of a digest that choose a place and tell who was seen there; the table of keys takes others. */
const PLACE_AT = 3;
const SEEN_AT = 4;
/** So many others come to a place before the one that is kept there, not having come itself, makes room. */
const STRIKES_MAX = 8;

/**
 * The principals of keys that come again and again, until any key or account changes: found by the whole digest, never by a key's text.
 * A key is kept when it comes twice without another one at its place between, and where one is kept there already, only if that one no
 * longer comes: what is kept and let go again fills the old generation of the heap, whose collection is the longest pause of an edge.
 * Keeping spares a check of a busy key 0.6 µs.
 */
export class KeptPrincipals {
  private readonly digests = new Int32Array(KEPT_MAX * DIGEST_WORDS);
  private readonly apis = new Int32Array(KEPT_MAX);
  private readonly seen = new Int32Array(KEPT_MAX);
  private readonly strikes = new Uint8Array(KEPT_MAX);
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
    if (difference !== 0) return undefined;
    this.strikes[place] = 0;
    return principal;
  }

  /** The principal that was found for a digest; from the second time on one that is kept. */
  offer(api: number, digest: Int32Array, found: Principal): Principal {
    const place = placeOf(digest);
    if (!this.isWelcome(place, digest[SEEN_AT] ?? 0)) return found;
    const principal = { ...found, kept: true };
    this.digests.set(digest, place * DIGEST_WORDS);
    this.apis[place] = api;
    this.principals[place] = principal;
    this.strikes[place] = 0;
    this.isEmpty = false;
    return principal;
  }

  private isWelcome(place: number, mark: number): boolean {
    const cameBefore = this.seen[place] === mark;
    this.seen[place] = mark;
    if (this.principals[place] === undefined) return cameBefore;
    const strikes = Math.min((this.strikes[place] ?? 0) + 1, STRIKES_MAX);
    this.strikes[place] = strikes;
    return cameBefore && strikes === STRIKES_MAX;
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
