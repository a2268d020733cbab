import type { RequestHead } from './request-head.ts';

/** A block that is all indices is shorter than this: a gateway's is about ten bytes. */
const BLOCK_BYTES_MAX = 64;

/**
 * The latest header block that left the table as it was, and what it meant. A gateway sends the same one with every call;
 * decoding and judging ten fields again would take 0.47 µs of about five, comparing ten bytes takes 0.01.
 */
export class HeadMemo {
  private readonly block = Buffer.alloc(BLOCK_BYTES_MAX);
  private length = 0;
  private version = -1;
  private head: RequestHead | undefined;

  find(bytes: Buffer, start: number, end: number, version: number): RequestHead | undefined {
    const { block, length } = this;
    if (version !== this.version || end - start !== length) return undefined;
    for (let index = 0; index < length; index += 1) {
      if (bytes[start + index] !== block[index]) return undefined;
    }
    return this.head;
  }

  /** The caller knows that the block has not changed the table. */
  keep(block: Buffer, version: number, head: RequestHead): void {
    if (block.length > BLOCK_BYTES_MAX) return;
    this.length = block.copy(this.block);
    this.version = version;
    this.head = head;
  }
}
