import { ConnectionError, ERROR } from './frames.ts';
import type { Piece } from './intake.ts';
import type { WireLimits } from './limits.ts';

/** Gathers a header block that does not fit one frame. What comes between its frames is an error (RFC 9113 §4.3). */
export class BlockAssembly {
  private readonly limits: Pick<WireLimits, 'headerBlockBytesMax' | 'continuationsMax'>;
  private pieces: Buffer[] = [];
  private bytes = 0;
  private continuations = 0;
  /** Whose block is unfinished; 0 for nobody's. */
  streamId = 0;
  /** Whether the block was said to be all of the stream. */
  endsStream = false;

  constructor(limits: Pick<WireLimits, 'headerBlockBytesMax' | 'continuationsMax'>) {
    this.limits = limits;
  }

  get isOpen(): boolean {
    return this.streamId !== 0;
  }

  begin(streamId: number, endsStream: boolean, piece: Piece): void {
    this.streamId = streamId;
    this.endsStream = endsStream;
    this.continuations = 0;
    this.keep(piece);
  }

  add(piece: Piece): void {
    this.continuations += 1;
    if (this.continuations > this.limits.continuationsMax) throw tooMuch();
    this.keep(piece);
  }

  /** The whole block; the next may begin. */
  take(): Buffer {
    const block = Buffer.concat(this.pieces);
    this.pieces = [];
    this.bytes = 0;
    this.streamId = 0;
    return block;
  }

  private keep({ bytes, start, end }: Piece): void {
    this.bytes += end - start;
    if (this.bytes > this.limits.headerBlockBytesMax) throw tooMuch();
    this.pieces.push(Buffer.from(bytes.subarray(start, end)));
  }
}

function tooMuch(): ConnectionError {
  return new ConnectionError(ERROR.enhanceYourCalm, 'a header block is too long');
}
