import type { Methods } from '../transport.ts';
import { HeadMemo } from './head-memo.ts';
import { HpackDecoder } from './hpack-decoder.ts';
import type { FieldSink } from './hpack-decoder.ts';
import type { Piece } from './intake.ts';
import { RequestHeadReader, TrailersReader } from './request-head.ts';
import type { RequestHead } from './request-head.ts';

/** One connection's header blocks, in the order in which they come. */
export class HeaderReader {
  private readonly decoder = new HpackDecoder();
  private readonly memo = new HeadMemo();
  private readonly head: RequestHeadReader;
  private readonly trailers = new TrailersReader();
  private readonly listBytesMax: number;
  private readonly payForLength: (price: number) => void;

  /** A list that is longer than `listBytesMax` is to be paid for, whatever becomes of it: at least 1, and as often more as it is times too long. */
  constructor(methods: Methods, listBytesMax: number, payForLength: (price: number) => void) {
    this.head = new RequestHeadReader(methods, listBytesMax);
    this.listBytesMax = listBytesMax;
    this.payForLength = payForLength;
  }

  /** undefined where the request is malformed. Throws `ConnectionError` where its compression is. */
  readHead(block: Piece): RequestHead | undefined {
    const { decoder, memo } = this;
    const { bytes, start, end } = block;
    const { version } = decoder;
    const known = memo.find(bytes, start, end, version);
    if (known !== undefined) return known;
    this.head.begin();
    this.decode(block, this.head);
    const head = this.head.finish();
    if (head !== undefined && !head.isTooLong && decoder.version === version)
      memo.keep(bytes.subarray(start, end), version, head);
    return head;
  }

  /** Whether they are well-formed. */
  readTrailers(block: Piece): boolean {
    this.trailers.begin();
    this.decode(block, this.trailers);
    return !this.trailers.isMalformed;
  }

  private decode(block: Piece, sink: FieldSink): void {
    const { decoder, listBytesMax } = this;
    decoder.decode(block.bytes, block, sink);
    const { listBytes } = decoder;
    if (listBytes > listBytesMax) this.payForLength(Math.floor(listBytes / listBytesMax));
  }
}
