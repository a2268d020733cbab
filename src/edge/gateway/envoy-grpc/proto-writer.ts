const BYTES_INITIAL = 4_096;
/** Memory that a rare large answer needed is given back after it. */
const BYTES_KEPT_MAX = 262_144;
/** Bytes of a length below 128; a longer one moves what it precedes. */
const SHORT_LENGTH_BYTES = 1;
/** A length of four bytes is 256 MiB. */
const LENGTH_BYTES_MAX = 4;
/** UTF-8 needs at most so many bytes for a unit of UTF-16. */
const BYTES_PER_UNIT_MAX = 3;

/** Writes protobuf's wire format into memory that it uses again for the next message. */
export class ProtoWriter {
  private bytes = Buffer.allocUnsafeSlow(BYTES_INITIAL);
  private at = 0;

  begin(): void {
    this.at = 0;
  }

  /** A copy of what was written. */
  take(): Uint8Array {
    const message = Buffer.from(this.bytes.subarray(0, this.at));
    if (this.bytes.length > BYTES_KEPT_MAX) this.bytes = Buffer.allocUnsafeSlow(BYTES_INITIAL);
    return message;
  }

  /** Begins a message within the message; `end` wants what this returns. */
  open(tag: number): number {
    this.reserve(1 + LENGTH_BYTES_MAX);
    this.bytes[this.at] = tag;
    this.at += 1 + SHORT_LENGTH_BYTES;
    return this.at;
  }

  end(start: number): void {
    const length = this.at - start;
    if (length < 0x80) this.bytes[start - 1] = length;
    else this.widen(start, length);
  }

  varint(tag: number, value: number): void {
    this.reserve(1 + LENGTH_BYTES_MAX + 1);
    this.bytes[this.at] = tag;
    this.at += 1;
    this.putVarint(value);
  }

  /** UTF-8; a short text of ASCII, as nearly all are, is written without leaving JavaScript. */
  string(tag: number, text: string): void {
    const { length } = text;
    this.reserve(1 + LENGTH_BYTES_MAX + length * BYTES_PER_UNIT_MAX);
    const { bytes } = this;
    bytes[this.at] = tag;
    const start = this.at + 1 + SHORT_LENGTH_BYTES;
    if (length >= SHORT_TEXT_MAX || !writeAscii(bytes, start, text)) return this.putText(start, text);
    bytes[start - 1] = length;
    this.at = start + length;
  }

  raw(source: Uint8Array): void {
    this.reserve(source.length);
    for (let index = 0; index < source.length; index += 1) this.bytes[this.at + index] = source[index] ?? 0;
    this.at += source.length;
  }

  private putText(start: number, text: string): void {
    this.at = start + this.bytes.write(text, start, 'utf8');
    this.end(start);
  }

  /** Makes room for a length of more than one byte. */
  private widen(start: number, length: number): void {
    const lengthBytes = length < 2 ** 14 ? 2 : length < 2 ** 21 ? 3 : LENGTH_BYTES_MAX;
    const shift = lengthBytes - SHORT_LENGTH_BYTES;
    this.reserve(shift);
    this.bytes.copyWithin(start + shift, start, this.at);
    const end = this.at + shift;
    this.at = start - SHORT_LENGTH_BYTES;
    this.putVarint(length);
    this.at = end;
  }

  private putVarint(value: number): void {
    let rest = value;
    for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) this.bytes[this.at++] = (rest & 0x7f) | 0x80;
    this.bytes[this.at++] = rest;
  }

  private reserve(count: number): void {
    if (this.at + count <= this.bytes.length) return;
    const grown = Buffer.allocUnsafeSlow(2 * (this.at + count));
    this.bytes.copy(grown, 0, 0, this.at);
    this.bytes = grown;
  }
}

/** Above this a call into Node is quicker than a loop. */
const SHORT_TEXT_MAX = 64;

/** False where a character is not ASCII: what was written is to be written anew. */
function writeAscii(bytes: Buffer, start: number, text: string): boolean {
  for (let index = 0; index < text.length; index += 1) {
    const unit = text.charCodeAt(index);
    if (unit >= 0x80) return false;
    bytes[start + index] = unit;
  }
  return true;
}
