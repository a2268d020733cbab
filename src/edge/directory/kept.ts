import type { Subject } from '../../domain/limit.ts';

/** Things kept at once, each with what render and the gRPC wire make of it. A power of two. */
const KEPT_MAX = 8_192;
/** Words of the name under which one is kept: a digest, or what is as random. */
const NAME_WORDS = 8;
/** The words of a name that choose a place and tell who was seen there; the tables take others. */
const PLACE_AT = 3;
const SEEN_AT = 4;
/** So many others come to a place before the one that is kept there, not having come itself, makes room. */
const STRIKES_MAX = 8;

/**
 * What is made of those that come again and again, until something may have changed: found by the whole name, never by a credential's text.
 * One is kept when it comes twice without another one at its place between, and where one is kept there already, only if that one no
 * longer comes: what is kept and let go again fills the old generation of the heap, whose collection is the longest pause of an edge.
 * Keeping spares a check of a busy key 1.5 µs.
 */
export class Kept<Value extends object> {
  private readonly names = new Int32Array(KEPT_MAX * NAME_WORDS);
  private readonly apis = new Int32Array(KEPT_MAX);
  private readonly seen = new Int32Array(KEPT_MAX);
  private readonly strikes = new Uint8Array(KEPT_MAX);
  private readonly values = Array.from({ length: KEPT_MAX }, (): Value | undefined => undefined);
  private isEmpty = true;
  private readonly keep: (value: Value) => Value;

  /** `keep` makes of a value one that says it is kept. */
  constructor(keep: (value: Value) => Value) {
    this.keep = keep;
  }

  find(api: number, name: Int32Array): Value | undefined {
    const place = placeOf(name);
    const value = this.values[place];
    if (value === undefined || !this.isNamed(place, api, name)) return undefined;
    this.strikes[place] = 0;
    return value;
  }

  /** The value that was found under a name; from the second time on one that is kept. */
  offer(api: number, name: Int32Array, found: Value): Value {
    const place = placeOf(name);
    if (!this.isWelcome(place, name[SEEN_AT] ?? 0)) return found;
    const value = this.keep(found);
    this.names.set(name, place * NAME_WORDS);
    this.apis[place] = api;
    this.values[place] = value;
    this.strikes[place] = 0;
    this.isEmpty = false;
    return value;
  }

  /** This one may be another now. */
  drop(api: number, name: Int32Array): void {
    const place = placeOf(name);
    if (this.isNamed(place, api, name)) this.values[place] = undefined;
  }

  /** Any of them may be another now. */
  clear(): void {
    if (this.isEmpty) return;
    this.values.fill(undefined);
    this.isEmpty = true;
  }

  /** All words in the same time wherever they differ. */
  private isNamed(place: number, api: number, name: Int32Array): boolean {
    let difference = (this.apis[place] ?? 0) ^ api;
    const base = place * NAME_WORDS;
    for (let word = 0; word < NAME_WORDS; word += 1) {
      difference |= (this.names[base + word] ?? 0) ^ (name[word] ?? 0);
    }
    return difference === 0;
  }

  private isWelcome(place: number, mark: number): boolean {
    const cameBefore = this.seen[place] === mark;
    this.seen[place] = mark;
    if (this.values[place] === undefined) return cameBefore;
    const strikes = Math.min((this.strikes[place] ?? 0) + 1, STRIKES_MAX);
    this.strikes[place] = strikes;
    return cameBefore && strikes === STRIKES_MAX;
  }
}

function placeOf(name: Int32Array): number {
  return (name[PLACE_AT] ?? 0) & (KEPT_MAX - 1);
}

const idName = new Int32Array(NAME_WORDS);

/** The name of what is known by an id of 96 random bits; it is written over by the next one. */
export function nameOfId({ word0, word1, word2 }: Subject): Int32Array {
  idName[0] = word0;
  idName[1] = word1;
  idName[2] = word2;
  idName[PLACE_AT] = word1;
  idName[SEEN_AT] = word2;
  return idName;
}
