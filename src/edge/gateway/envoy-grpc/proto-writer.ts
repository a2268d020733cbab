const BYTES_INITIAL = 4_096;
/** Memory that a rare large answer needed is given back after it. */
const BYTES_KEPT_MAX = 262_144;
/** Bytes of a length below 128; a longer one moves what it precedes. */
const SHORT_LENGTH_BYTES = 1;
const LONG_LENGTH_BYTES = 2;
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

  /** What was written, until the next begins: a copy would take 0.15 µs of a check. */
  take(): Uint8Array {
    const message = this.bytes.subarray(0, this.at);
    if (this.bytes.length > BYTES_KEPT_MAX) this.bytes = Buffer.allocUnsafeSlow(BYTES_INITIAL);
    return message;
  }

  /** Where the next byte will stand. */
  get position(): number {
    return this.at;
  }

  /** A copy of what was written, from a position on. */
  copy(start = 0): Uint8Array {
    return Buffer.from(this.bytes.subarray(start, this.at));
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

  /** As `open`, for a message that is likely to be longer than 127 bytes: it need not be moved. `endLong` wants what this returns. */
  openLong(tag: number): number {
    this.reserve(1 + LENGTH_BYTES_MAX);
    this.bytes[this.at] = tag;
    this.at += 1 + LONG_LENGTH_BYTES;
    return this.at;
  }

  endLong(start: number): void {
    const { bytes } = this;
    const length = this.at - start;
    if (length >= 0x80 && length < 2 ** 14) {
      bytes[start - 2] = (length & 0x7f) | 0x80;
      bytes[start - 1] = length >> 7;
      return;
    }
    bytes.copyWithin(start - 1, start, this.at);
    this.at -= 1;
    this.end(start - 1);
  }

  varint(tag: number, value: number): void {
    this.reserve(1 + LENGTH_BYTES_MAX + 1);
    this.bytes[this.at] = tag;
    this.at += 1;
    this.putVarint(value);
  }

  /** UTF-8. A short text that is printable ASCII is written without leaving JavaScript; of any other it returns how many bytes it takes, else 0. */
  string(tag: number, text: string): number {
    const { length } = text;
    this.reserve(1 + LENGTH_BYTES_MAX + length * BYTES_PER_UNIT_MAX);
    const { bytes } = this;
    bytes[this.at] = tag;
    const start = this.at + 1 + SHORT_LENGTH_BYTES;
    if (length >= SHORT_TEXT_MAX || !writePrintable(bytes, start, text)) return this.putText(start, text);
    bytes[start - 1] = length;
    this.at = start + length;
    return 0;
  }

  /** Fields as they were written before. */
  put(source: Uint8Array): void {
    const { length } = source;
    this.reserve(length);
    const { bytes, at } = this;
    if (length > FEW_BYTES) bytes.set(source, at);
    else for (let index = 0; index < length; index += 1) bytes[at + index] = source[index] ?? 0;
    this.at = at + length;
  }

  /** A field as it was written before, its length included, under a tag of its own. */
  putUnder(tag: number, source: Uint8Array): void {
    this.reserve(1 + source.length);
    this.bytes[this.at] = tag;
    this.bytes.set(source, this.at + 1);
    this.at += 1 + source.length;
  }

  /** Whether among so many bytes that were written last is a control character. */
  hasControl(count: number): boolean {
    const { bytes, at } = this;
    for (let index = at - count; index < at; index += 1) {
      const byte = bytes[index] ?? 0;
      if (byte < FIRST_PRINTABLE || byte === DELETE) return true;
    }
    return false;
  }

  private putText(start: number, text: string): number {
    const count = this.bytes.write(text, start, 'utf8');
    this.at = start + count;
    this.end(start);
    return count;
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

const FIRST_PRINTABLE = 0x20;
const DELETE = 0x7f;
/** More are quicker set at once than one by one. */
const FEW_BYTES = 12;
/** From here on a call into Node is quicker than a loop. */
const SHORT_TEXT_MAX = 20;

/** False where a character is not printable ASCII: what was written is to be written anew. */
function writePrintable(bytes: Buffer, start: number, text: string): boolean {
  for (let index = 0; index < text.length; index += 1) {
    const unit = text.charCodeAt(index);
    if (unit < FIRST_PRINTABLE || unit >= DELETE) return false;
    bytes[start + index] = unit;
  }
  return true;
}
