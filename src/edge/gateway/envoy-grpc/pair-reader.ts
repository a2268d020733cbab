import type { ProtoReader } from './proto-reader.ts';

/** Tags of a map's entry and of a header alike; only headers have a raw value. */
const PAIR = { key: 0x0a, value: 0x12, rawValue: 0x1a } as const;
/** A length from here on takes more than one byte. */
const LONG = 0x80;

/**
 * Reads a key and its value, and remembers where they lie: as numbers, for objects would be most of what a check leaves to be collected.
 * A length is 0 where nothing is said.
 */
export class PairReader {
  private readonly bytes: Uint8Array;
  private readonly reader: ProtoReader;
  keyAt = 0;
  keyLength = 0;
  valueAt = 0;
  valueLength = 0;
  rawAt = 0;
  rawLength = 0;

  /** `reader` reads the same bytes. */
  constructor(bytes: Uint8Array, reader: ProtoReader) {
    this.bytes = bytes;
    this.reader = reader;
  }

  /** The pair that begins where the reader stands. */
  read(end: number): void {
    this.keyLength = 0;
    this.valueLength = 0;
    this.rawLength = 0;
    if (!this.readShort(end)) this.readAny(end);
  }

  /** The usual form: a key, a value, both short, nothing else. Read without a call for each part: 0.3 µs less of 1.4 for twenty headers. */
  private readShort(end: number): boolean {
    const { bytes, reader } = this;
    const { at } = reader;
    const keyLength = bytes[at + 1] ?? LONG;
    if (bytes[at] !== PAIR.key || keyLength >= LONG) return false;
    const tagAt = at + 2 + keyLength;
    const length = bytes[tagAt + 1] ?? LONG;
    // Where the value ends with the pair, both lie within it.
    if (length >= LONG || tagAt + 2 + length !== end) return false;
    if (bytes[tagAt] === PAIR.rawValue) {
      this.rawAt = tagAt + 2;
      this.rawLength = length;
    } else if (bytes[tagAt] === PAIR.value) {
      this.valueAt = tagAt + 2;
      this.valueLength = length;
    } else {
      return false;
    }
    this.keyAt = at + 2;
    this.keyLength = keyLength;
    reader.at = end;
    return true;
  }

  private readAny(end: number): void {
    const { reader } = this;
    while (reader.at < end) {
      const tag = reader.readTag(end);
      if (tag === PAIR.key) {
        this.keyLength = reader.skipText(end);
        this.keyAt = reader.at - this.keyLength;
      } else if (tag === PAIR.value) {
        this.valueLength = reader.skipText(end);
        this.valueAt = reader.at - this.valueLength;
      } else if (tag === PAIR.rawValue) {
        this.rawLength = reader.skipText(end);
        this.rawAt = reader.at - this.rawLength;
      } else {
        reader.skip(tag, end);
      }
    }
  }
}
