import { LIMIT_SCOPES } from '../../domain/limit.ts';
import type { Limit, LimitScope, Subject } from '../../domain/limit.ts';
import type { WindowRecord } from '../../domain/window-batch.ts';

const RECORDS_SHIFT = 13;
const RECORDS_PER_CHUNK = 1 << RECORDS_SHIFT;
const RECORD_BYTES = 32;
const WORDS = RECORD_BYTES / 4;
const FLOATS = RECORD_BYTES / 8;

/** Where a record's fields lie: words, bytes and floats are views of the same 32 bytes. */
export const WORD = { subject0: 0, subject1: 1, subject2: 2, ring: 3, used: 4 } as const;
export const BYTE = { scope: 20, size: 21, head: 22, length: 23 } as const;
export const FLOAT = { windowMs: 3 } as const;

const SCOPE_CODE: Readonly<Record<LimitScope, number>> = { key: 0, account: 1, session: 2 };
/** Bits of the code in what is hashed. */
const SCOPE_BITS = 2;
/** In the ring's word of a record that is not in use; its first word then names the next such record, as slot + 1. */
const NO_RING = -1;

const BITS = 32;

export interface RecordChunk {
  readonly words: Int32Array;
  readonly bytes: Uint8Array;
  readonly floats: Float64Array;
  /** A bit for each record: it has changed since it was last kept. */
  readonly changed: Int32Array;
}

/** What a counter counts, and for whom: a charge says it, whatever its count. */
export interface CounterName {
  readonly limit: Pick<Limit, 'scope' | 'windowMs'>;
  readonly subject: Subject;
}

/** The counters' fixed-width records. A slot is a counter's number for as long as it lives. */
export class CounterRecords {
  readonly slotsMax: number;
  /** Slots that were ever in use: all records lie below this number. */
  made = 0;
  private live = 0;
  private marked = 0;
  private freeSlot = -1;
  private readonly chunks: RecordChunk[] = [];

  constructor(slotsMax: number) {
    this.slotsMax = slotsMax;
  }

  get size(): number {
    return this.live;
  }

  get bytes(): number {
    return this.chunks.length * RECORDS_PER_CHUNK * (RECORD_BYTES + 1 / 8);
  }

  /** How many records are marked as changed. */
  get changed(): number {
    return this.marked;
  }

  /** A record for this counter, with nothing counted yet. The caller has made sure that `size` is below `slotsMax`. */
  create({ limit, subject }: CounterName, ring: number): number {
    const slot = this.nextSlot();
    const { words, bytes, floats } = this.chunkOf(slot);
    const at = slot & (RECORDS_PER_CHUNK - 1);
    words[at * WORDS + WORD.subject0] = subject.word0;
    words[at * WORDS + WORD.subject1] = subject.word1;
    words[at * WORDS + WORD.subject2] = subject.word2;
    words[at * WORDS + WORD.ring] = ring;
    words[at * WORDS + WORD.used] = 0;
    bytes[at * RECORD_BYTES + BYTE.scope] = SCOPE_CODE[limit.scope];
    bytes.fill(0, at * RECORD_BYTES + BYTE.size, at * RECORD_BYTES + BYTE.length + 1);
    floats[at * FLOATS + FLOAT.windowMs] = limit.windowMs;
    this.live += 1;
    return slot;
  }

  release(slot: number): void {
    this.clearChanged(slot);
    const { words } = this.chunkOf(slot);
    const at = this.wordsAt(slot);
    words[at + WORD.ring] = NO_RING;
    words[at + WORD.subject0] = this.freeSlot + 1;
    this.freeSlot = slot;
    this.live -= 1;
  }

  isLive(slot: number): boolean {
    return this.chunkOf(slot).words[this.wordsAt(slot) + WORD.ring] !== NO_RING;
  }

  markChanged(slot: number): void {
    const { changed } = this.chunkOf(slot);
    const at = changedAt(slot);
    const before = changed[at] ?? 0;
    changed[at] = before | bitOf(slot);
    if (changed[at] !== before) this.marked += 1;
  }

  clearChanged(slot: number): void {
    const { changed } = this.chunkOf(slot);
    const at = changedAt(slot);
    const before = changed[at] ?? 0;
    changed[at] = before & ~bitOf(slot);
    if (changed[at] !== before) this.marked -= 1;
  }

  isChanged(slot: number): boolean {
    return ((this.chunkOf(slot).changed[changedAt(slot)] ?? 0) & bitOf(slot)) !== 0;
  }

  /** The first slot from `from` on that is marked as changed; -1 where there is none. Looks at 32 slots at a time. */
  nextChanged(from: number): number {
    let slot = from;
    while (slot < this.made) {
      const bits = (this.chunkOf(slot).changed[changedAt(slot)] ?? 0) >>> (slot & (BITS - 1));
      if (bits !== 0) return slot + BITS - 1 - Math.clz32(bits & -bits);
      slot = (slot | (BITS - 1)) + 1;
    }
    return -1;
  }

  /** What the record of this slot counts, and for whom. */
  describe(slot: number): Omit<WindowRecord, 'entries'> {
    const { words, bytes, floats } = this.chunkOf(slot);
    const at = slot & (RECORDS_PER_CHUNK - 1);
    const word = (name: number): number => words[at * WORDS + name] ?? 0;
    return {
      subject: { word0: word(WORD.subject0), word1: word(WORD.subject1), word2: word(WORD.subject2) },
      scope: LIMIT_SCOPES[bytes[at * RECORD_BYTES + BYTE.scope] ?? 0] ?? 'key',
      windowMs: floats[at * FLOATS + FLOAT.windowMs] ?? 0,
    };
  }

  /** Whether this live record is the one of that subject, scope and window. */
  matches(slot: number, { limit, subject }: CounterName): boolean {
    const { words, bytes, floats } = this.chunkOf(slot);
    const at = slot & (RECORDS_PER_CHUNK - 1);
    return (
      words[at * WORDS + WORD.subject0] === (subject.word0 | 0) &&
      words[at * WORDS + WORD.subject1] === (subject.word1 | 0) &&
      words[at * WORDS + WORD.subject2] === (subject.word2 | 0) &&
      bytes[at * RECORD_BYTES + BYTE.scope] === SCOPE_CODE[limit.scope] &&
      floats[at * FLOATS + FLOAT.windowMs] === limit.windowMs
    );
  }

  /** The hash under which `matches` is true: equal to `hashOf` of every name that matches. */
  hash(slot: number): number {
    const { words, bytes, floats } = this.chunkOf(slot);
    const at = slot & (RECORDS_PER_CHUNK - 1);
    return mix(
      words[at * WORDS + WORD.subject0] ?? 0,
      words[at * WORDS + WORD.subject1] ?? 0,
      ((floats[at * FLOATS + FLOAT.windowMs] ?? 0) << SCOPE_BITS) |
        (bytes[at * RECORD_BYTES + BYTE.scope] ?? 0),
    );
  }

  chunkOf(slot: number): RecordChunk {
    const chunk = this.chunks[slot >>> RECORDS_SHIFT];
    if (chunk === undefined) throw new RangeError('no such counter');
    return chunk;
  }

  wordsAt(slot: number): number {
    return (slot & (RECORDS_PER_CHUNK - 1)) * WORDS;
  }

  bytesAt(slot: number): number {
    return (slot & (RECORDS_PER_CHUNK - 1)) * RECORD_BYTES;
  }

  floatsAt(slot: number): number {
    return (slot & (RECORDS_PER_CHUNK - 1)) * FLOATS;
  }

  private nextSlot(): number {
    const slot = this.freeSlot;
    if (slot !== -1) {
      this.freeSlot = (this.chunkOf(slot).words[this.wordsAt(slot) + WORD.subject0] ?? 0) - 1;
      return slot;
    }
    if (this.made === this.slotsMax) throw new RangeError('no room for another counter');
    if (this.made === this.chunks.length * RECORDS_PER_CHUNK) this.chunks.push(createChunk());
    this.made += 1;
    return this.made - 1;
  }
}

/** 32 bits that choose where a counter is looked up. */
export function hashOf({ limit, subject }: CounterName): number {
  return mix(subject.word0, subject.word1, (limit.windowMs << SCOPE_BITS) | SCOPE_CODE[limit.scope]);
}

/** A subject's bits are random already; what is mixed in keeps the counters of one subject apart. */
function mix(word0: number, word1: number, windowAndScope: number): number {
  let hash = word0 ^ Math.imul(word1, 0x9e3779b1) ^ Math.imul(windowAndScope, 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 16), 0x7feb352d);
  hash = Math.imul(hash ^ (hash >>> 15), 0x846ca68b);
  return hash ^ (hash >>> 16);
}

/** Where in its chunk's `changed` a slot has its bit. */
function changedAt(slot: number): number {
  return (slot & (RECORDS_PER_CHUNK - 1)) >>> 5;
}

function bitOf(slot: number): number {
  return 1 << (slot & (BITS - 1));
}

function createChunk(): RecordChunk {
  const buffer = new ArrayBuffer(RECORDS_PER_CHUNK * RECORD_BYTES);
  return {
    words: new Int32Array(buffer),
    bytes: new Uint8Array(buffer),
    floats: new Float64Array(buffer),
    changed: new Int32Array(RECORDS_PER_CHUNK / BITS),
  };
}
