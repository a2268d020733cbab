/** The bytes are no message of protobuf, or not one that we read: groups and fields longer than what holds them are refused. */
export class MalformedMessage extends Error {
  override readonly name = 'MalformedMessage';
}

const VARINT_BYTES_MAX = 10;
const UINT32 = 2 ** 32;
/** What a field's number is shifted by in its tag; the rest is its wire type. */
const WIRE_TYPE_MASK = 7;
const VARINT = 0;
const FIXED64 = 1;
const LENGTH_DELIMITED = 2;
const FIXED32 = 5;

/** A place in protobuf's wire format (protobuf.dev/programming-guides/encoding). Never reads behind the end that it is told of. */
export class ProtoReader {
  private readonly bytes: Uint8Array;
  at = 0;
  /** The upper half of what `readVarint` has read. */
  high = 0;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }

  /** A field's number and wire type. */
  readTag(end: number): number {
    const first = this.bytes[this.at] ?? 0;
    if (first >= 0x80 || this.at >= end) return this.readUint32(end);
    this.at += 1;
    return first;
  }

  /** The end of the field that begins here. */
  readEnd(end: number): number {
    const fieldEnd = this.readTag(end) + this.at;
    if (fieldEnd > end) throw new MalformedMessage('a field is longer than its message');
    return fieldEnd;
  }

  /** Goes behind a text or bytes; how many they are. */
  skipText(end: number): number {
    const textEnd = this.readEnd(end);
    const length = textEnd - this.at;
    this.at = textEnd;
    return length;
  }

  readUint32(end: number): number {
    const low = this.readVarint(end);
    if (this.high !== 0) throw new MalformedMessage('a number is too large');
    return low;
  }

  /** The lower 32 bits without a sign; the upper ones are in `high`. */
  readVarint(end: number): number {
    let low = 0;
    let high = 0;
    for (let count = 0; count < VARINT_BYTES_MAX; count += 1) {
      if (this.at >= end) throw new MalformedMessage('a number is cut short');
      const byte = this.bytes[this.at] ?? 0;
      this.at += 1;
      const bits = byte & 0x7f;
      if (count < 4) low += bits * 2 ** (7 * count);
      else if (count === 4) {
        low += (bits & 0x0f) * 2 ** 28;
        high += bits >> 4;
      } else high += bits * 2 ** (7 * count - 32);
      if (byte >= 0x80) continue;
      this.high = high % UINT32;
      return low;
    }
    throw new MalformedMessage('a number is too long');
  }

  /** Over a field that nobody asks for. */
  skip(tag: number, end: number): void {
    if (tag >> 3 === 0) throw new MalformedMessage('a field without a number');
    switch (tag & WIRE_TYPE_MASK) {
      case VARINT:
        this.readVarint(end);
        return;
      case FIXED64:
        return this.move(8, end);
      case LENGTH_DELIMITED:
        this.at = this.readEnd(end);
        return;
      case FIXED32:
        return this.move(4, end);
      default:
        throw new MalformedMessage('a group, or nothing that is known');
    }
  }

  private move(count: number, end: number): void {
    if (this.at + count > end) throw new MalformedMessage('a field is cut short');
    this.at += count;
  }
}
