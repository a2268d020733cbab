import { MORE } from './proto-reader.ts';
import type { ProtoReader } from './proto-reader.ts';

/** Tags of a map's entry and of a header alike; only headers have a raw value. */
export const PAIR = { key: 0x0a, value: 0x12, rawValue: 0x1a } as const;

/**
 * Reads a key and its value, and remembers where they lie: as numbers, for objects would be most of what a check leaves to be collected.
 * A length is 0 where nothing is said.
 */
export class PairReader {
  private readonly reader: ProtoReader;
  keyAt = 0;
  keyLength = 0;
  valueAt = 0;
  valueLength = 0;
  rawAt = 0;
  rawLength = 0;
  /** A key of less than 128 bytes, behind it a value of either kind of less than 16,384, and nothing else. */
  isPlain = false;

  constructor(reader: ProtoReader) {
    this.reader = reader;
  }

  /** The pair that begins where the reader stands. */
  read(end: number): void {
    this.keyLength = 0;
    this.valueLength = 0;
    this.rawLength = 0;
    this.isPlain = this.readPlain(end);
    if (!this.isPlain) this.readAny(end);
  }

  /** A map's entry has no raw value: what was read as one is a field that nobody knows. */
  forgetRaw(): void {
    if (this.rawLength === 0) return;
    this.rawLength = 0;
    this.isPlain = false;
  }

  /** Read without a call for each part: 0.3 µs less of 1.4 for twenty headers. */
  private readPlain(end: number): boolean {
    const { bytes, at } = this.reader;
    const keyLength = bytes[at + 1] ?? MORE;
    if (bytes[at] !== PAIR.key || keyLength >= MORE) return false;
    const tagAt = at + 2 + keyLength;
    let length = bytes[tagAt + 1] ?? 0;
    let valueAt = tagAt + 2;
    if (length >= MORE) {
      const high = bytes[valueAt] ?? MORE;
      if (high >= MORE) return false;
      length += (high - 1) * MORE;
      valueAt += 1;
    }
    // Where the value ends with the pair, both lie within it.
    if (valueAt + length !== end) return false;
    if (bytes[tagAt] === PAIR.rawValue) {
      this.rawAt = valueAt;
      this.rawLength = length;
    } else if (bytes[tagAt] === PAIR.value) {
      this.valueAt = valueAt;
      this.valueLength = length;
    } else {
      return false;
    }
    this.keyAt = at + 2;
    this.keyLength = keyLength;
    this.reader.at = end;
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
