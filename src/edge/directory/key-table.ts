import type { KeyRecord } from '../../domain/feed-records.ts';
import type { Subject } from '../../domain/limit.ts';
import type { Api } from '../../domain/policy.ts';
import type { KeyProfile } from '../../domain/principal.ts';
import { KeySegment, NOT_FOUND } from './key-segment.ts';
import type { NamedId } from './named-id.ts';
import { isSame, toSubject } from './named-id.ts';
import { NOT_INDEXED, PackedIndex } from './packed-index.ts';
import { ProfilePool } from './profile-pool.ts';

/** Segments grow one by one, each in well under a millisecond; a single table would stop every check while it doubles. */
const SEGMENTS = 256;
/** The highest bits of a digest's first word choose the segment. */
const SEGMENT_SHIFT = 24;
/** A key's number is its segment's above its record's. */
const RECORD_BITS = 20;
const RECORD_MASK = (1 << RECORD_BITS) - 1;

/** Where a key's fields are read. */
export interface KeyPlace {
  readonly segment: KeySegment;
  readonly record: number;
}

/** Keys by their digest, and by their id where their API asks for that: about 100 bytes a key, 14 more for its id. */
export class KeyTable {
  private readonly segments = Array.from({ length: SEGMENTS }, () => new KeySegment());
  private readonly profiles = new ProfilePool();
  private readonly indexedApis: ReadonlySet<number>;
  private readonly ids = new PackedIndex<NamedId>({
    hashOf: (name) => name.word0,
    hashAt: (key) => this.subjectOf(key).word0,
    isNamed: (key, name) => isSame(this.subjectOf(key), name) && this.apiOf(key) === name.api,
  });

  /** @param indexedApis - The APIs whose keys are found by their id as well. */
  constructor(indexedApis: ReadonlySet<number>) {
    this.indexedApis = indexedApis;
  }

  get size(): number {
    return this.segments.reduce((count, segment) => count + segment.size, 0);
  }

  /** Valid until the next change; undefined for a digest that no key of the API has. */
  find(api: number, digest: Int32Array): KeyPlace | undefined {
    const segment = this.segmentAt(numberOf(digest));
    const record = segment.find(api, digest);
    return record === NOT_FOUND ? undefined : { segment, record };
  }

  /** The same by the key's id, for an API whose keys are indexed. */
  findById(name: NamedId): KeyPlace | undefined {
    const key = this.ids.find(name);
    return key === NOT_INDEXED
      ? undefined
      : { segment: this.segmentAt(key >>> RECORD_BITS), record: key & RECORD_MASK };
  }

  profileOf({ segment, record }: KeyPlace): KeyProfile | undefined {
    return this.profiles.find(segment.profile(record));
  }

  /**
   * Adds a key or replaces what was known of it. Where another digest had its id, the id means this one now.
   * Answers the id that it had before, where that was another and means no key any more.
   */
  put(api: Api, key: KeyRecord): Subject | undefined {
    const profile = this.profiles.acquire(api, key.profile);
    const segmentNumber = numberOf(key.digest);
    const segment = this.segmentAt(segmentNumber);
    const known = segment.find(key.api, key.digest);
    let before: Subject | undefined;
    if (known !== NOT_FOUND) {
      this.profiles.release(segment.profile(known));
      before = this.dropId(key.api, keyNumber(segmentNumber, known));
    }
    const record = known === NOT_FOUND ? segment.add(key.api, key.digest) : known;
    segment.write(record, key, profile);
    const id = toSubject(key.id);
    if (this.indexedApis.has(key.api))
      this.ids.put({ api: key.api, ...id }, keyNumber(segmentNumber, record));
    return before === undefined || isSame(before, id) ? undefined : before;
  }

  /** Takes a key out; answers its id where no other digest has that, so that what hangs on the id can go as well. */
  remove(api: number, digest: Int32Array): Subject | undefined {
    const segmentNumber = numberOf(digest);
    const segment = this.segmentAt(segmentNumber);
    const record = segment.find(api, digest);
    if (record === NOT_FOUND) return undefined;
    this.profiles.release(segment.profile(record));
    const gone = this.dropId(api, keyNumber(segmentNumber, record));
    this.renumberLast(segmentNumber, record);
    segment.remove(record);
    return gone;
  }

  private dropId(api: number, key: number): Subject | undefined {
    if (!this.indexedApis.has(api)) return undefined;
    const id = this.subjectOf(key);
    const name = { api, ...id };
    if (this.ids.find(name) !== key) return undefined;
    this.ids.drop(name, key);
    return id;
  }

  /** A segment fills the gap of a removed record with its last one. */
  private renumberLast(segmentNumber: number, gap: number): void {
    const last = this.segmentAt(segmentNumber).size - 1;
    const from = keyNumber(segmentNumber, last);
    const api = this.apiOf(from);
    if (last === gap || !this.indexedApis.has(api)) return;
    const id = this.subjectOf(from);
    if (this.ids.find({ api, ...id }) !== from) return;
    this.ids.renumber(id.word0, from, keyNumber(segmentNumber, gap));
  }

  private subjectOf(key: number): Subject {
    return this.segmentAt(key >>> RECORD_BITS).subject(key & RECORD_MASK);
  }

  private apiOf(key: number): number {
    return this.segmentAt(key >>> RECORD_BITS).api(key & RECORD_MASK);
  }

  private segmentAt(number: number): KeySegment {
    const segment = this.segments[number];
    if (segment === undefined) throw new RangeError('no such segment of the key table');
    return segment;
  }
}

/** The segment of a digest. */
function numberOf(digest: Int32Array): number {
  return (digest[0] ?? 0) >>> SEGMENT_SHIFT;
}

function keyNumber(segment: number, record: number): number {
  return (segment << RECORD_BITS) | record;
}
