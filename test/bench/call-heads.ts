/* The static table's (RFC 7541, appendix A). */
const POST = 0x83;
const HTTP = 0x86;
const NAME_AUTHORITY = 1;
const NAME_PATH = 4;
const NAME_CONTENT_TYPE = 31;
/** "Keep this field in the table" (RFC 7541 §6.2.1); without a name's index, the name follows. */
const KEEP = 0x40;
/** The newest field of the dynamic table, as an indexed field (RFC 7541 §6.1). */
const NEWEST = 0xbe;
const KEPT_BYTES_MAX = 4_096;
const SHORT_BYTES_MAX = 126;

/** The header blocks of one connection's calls, which are all alike: said once, then by index, as gRPC's own clients do. */
export class CallHeads {
  private readonly first: Uint8Array;
  private readonly later = Uint8Array.of(POST, HTTP, NEWEST + 3, NEWEST + 2, NEWEST + 1, NEWEST);
  private isFirst = true;

  constructor(authority: string, path: string) {
    this.first = Buffer.concat([
      Buffer.from([POST, HTTP]),
      Buffer.from([KEEP | NAME_AUTHORITY]),
      toText(authority),
      Buffer.from([KEEP | NAME_PATH]),
      toText(path),
      Buffer.from([KEEP | NAME_CONTENT_TYPE]),
      toText('application/grpc'),
      Buffer.from([KEEP]),
      toText('te'),
      toText('trailers'),
    ]);
  }

  /** What the peer's decoder keeps at most, in bytes. Throws where that is less than these blocks rely on. */
  limit(tableBytes: number): void {
    if (tableBytes < KEPT_BYTES_MAX) throw new Error('a server that keeps no table of headers');
  }

  next(): Uint8Array {
    const block = this.isFirst ? this.first : this.later;
    this.isFirst = false;
    return block;
  }
}

function toText(text: string): Uint8Array {
  const bytes = Buffer.from(text, 'latin1');
  if (bytes.length > SHORT_BYTES_MAX) throw new Error('a header of the bench is short');
  return Buffer.concat([Buffer.from([bytes.length]), bytes]);
}
