import { createField } from './field.ts';
import type { Field } from './field.ts';
import { ConnectionError, ERROR } from './frames.ts';
import { HEADER_STRING_BYTES_MAX, INTEGER_BYTES_MAX } from './hpack-limits.ts';
import { HpackTables } from './hpack-tables.ts';
import { decodeHuffman } from './huffman.ts';

/** Between two blocks: the last one would keep its whole chunk. */
const NO_BLOCK = Buffer.alloc(0);

/** Told of each field of a block, in order. */
export interface FieldSink {
  add(field: Field): void;
}

/** Header blocks to fields (RFC 7541). One for each connection: its table follows the peer's, so that no block may be left out. */
export class HpackDecoder {
  private readonly tables = new HpackTables();
  private bytes: Buffer = NO_BLOCK;
  private at = 0;
  private end = 0;
  /** Of the latest block: its list's length with each field's overhead (RFC 9113 §6.5.2). One byte of a block may stand for 4 KB. */
  listBytes = 0;

  /** Unchanged by a block: the same bytes would mean the same again. */
  get version(): number {
    return this.tables.version;
  }

  /** Always to the block's end, whatever the sink makes of it. Throws `ConnectionError` where the block is malformed. */
  decode(block: Buffer, range: { readonly start: number; readonly end: number }, sink: FieldSink): void {
    this.bytes = block;
    this.at = range.start;
    this.end = range.end;
    this.listBytes = 0;
    this.readSizeUpdates();
    while (this.at < this.end) {
      const field = this.readField();
      this.listBytes += field.sizeBytes;
      sink.add(field);
    }
    this.bytes = NO_BLOCK;
  }

  private readField(): Field {
    const first = this.bytes[this.at] ?? 0;
    if (first >= 0x80) return this.findField(this.readInteger(0x7f));
    if (first >= 0x40) return this.readIndexedLater();
    if (first >= 0x20) throw malformed('a table is resized within a block');
    return this.readLiteral(0x0f);
  }

  /** Only a block's beginning may resize the table (RFC 7541 §4.2). */
  private readSizeUpdates(): void {
    while (this.at < this.end && ((this.bytes[this.at] ?? 0) & 0xe0) === 0x20) {
      if (!this.tables.resize(this.readInteger(0x1f))) throw malformed('a table is larger than allowed');
    }
  }

  private findField(index: number): Field {
    const field = this.tables.find(index);
    if (field === undefined) throw malformed('an index leads nowhere');
    return field;
  }

  private readIndexedLater(): Field {
    const field = this.readLiteral(0x3f);
    this.tables.add(field);
    return field;
  }

  private readLiteral(mask: number): Field {
    const index = this.readInteger(mask);
    const name = index === 0 ? this.readString() : this.findField(index).name;
    return createField(name, this.readString());
  }

  private readString(): string {
    const isHuffman = (this.bytes[this.at] ?? 0) >= 0x80;
    const length = this.readInteger(0x7f);
    const start = this.at;
    const end = start + length;
    if (end > this.end || length > HEADER_STRING_BYTES_MAX) throw malformed('a string is cut short');
    this.at = end;
    if (!isHuffman) return this.bytes.toString('latin1', start, end);
    const text = decodeHuffman(this.bytes, start, end);
    if (text === undefined) throw malformed('a string is not coded as it says');
    return text;
  }

  /** RFC 7541 §5.1; `mask` is the prefix. */
  private readInteger(mask: number): number {
    if (this.at >= this.end) throw malformed('a block is cut short');
    const value = (this.bytes[this.at++] ?? 0) & mask;
    return value < mask ? value : this.readLongInteger(mask);
  }

  private readLongInteger(prefix: number): number {
    let value = prefix;
    for (let count = 0; count < INTEGER_BYTES_MAX; count += 1) {
      if (this.at >= this.end) throw malformed('a block is cut short');
      const byte = this.bytes[this.at++] ?? 0;
      value += (byte & 0x7f) * 2 ** (7 * count);
      if (byte < 0x80) return value;
    }
    throw malformed('an integer is too long');
  }
}

function malformed(reason: string): ConnectionError {
  return new ConnectionError(ERROR.compression, reason);
}
