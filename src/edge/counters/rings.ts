/** How many entries a counter's ring holds: it starts in the smallest size and moves up when it is full. */
export const RING_CAPACITIES: readonly number[] = [4, 16, 64];

/** Entries that are set aside at once: 384 KiB, whatever the capacity of the rings in them. */
const CHUNK_ENTRIES = 32_768;
const TIME_BYTES = 8;
const USES_BYTES = 4;

/** Two views of the same bytes: each ring is its times followed by its uses, so that a short ring lies on one or two cache lines. */
export interface RingChunk {
  readonly times: Float64Array;
  readonly uses: Uint32Array;
}

/**
 * Rings of one capacity. A ring is a number; memory grows by chunks, so no insertion copies what is there.
 * The pool needs no bound of its own: a counter holds at most one ring of each capacity, and counters are bounded.
 */
export class RingPool {
  readonly capacity: number;
  /** A power of two, and its logarithm. */
  private readonly ringsPerChunk: number;
  private readonly ringsShift: number;
  private readonly chunks: RingChunk[] = [];
  private made = 0;
  /** The first free ring; each free ring names the next in its first `uses`, as ring + 1. */
  private freeRing = -1;

  constructor(capacity: number) {
    this.capacity = capacity;
    this.ringsPerChunk = CHUNK_ENTRIES / capacity;
    this.ringsShift = Math.log2(this.ringsPerChunk);
  }

  get bytes(): number {
    return this.chunks.length * CHUNK_ENTRIES * (TIME_BYTES + USES_BYTES);
  }

  /** A ring whose content is left over from whoever had it before. */
  allocate(): number {
    const ring = this.freeRing;
    if (ring === -1) return this.make();
    this.freeRing = (this.chunkOf(ring).uses[this.usesAt(ring)] ?? 0) - 1;
    return ring;
  }

  release(ring: number): void {
    this.chunkOf(ring).uses[this.usesAt(ring)] = this.freeRing + 1;
    this.freeRing = ring;
  }

  chunkOf(ring: number): RingChunk {
    const chunk = this.chunks[ring >>> this.ringsShift];
    if (chunk === undefined) throw new RangeError('no such ring');
    return chunk;
  }

  /** Where the ring's first time lies in its chunk's `times`. */
  timesAt(ring: number): number {
    return (ring & (this.ringsPerChunk - 1)) * (this.capacity + this.capacity / 2);
  }

  /** Where the ring's first uses lie in its chunk's `uses`. */
  usesAt(ring: number): number {
    return (ring & (this.ringsPerChunk - 1)) * this.capacity * 3 + this.capacity * 2;
  }

  private make(): number {
    if (this.made === this.chunks.length * this.ringsPerChunk) {
      const buffer = new ArrayBuffer(CHUNK_ENTRIES * (TIME_BYTES + USES_BYTES));
      this.chunks.push({ times: new Float64Array(buffer), uses: new Uint32Array(buffer) });
    }
    this.made += 1;
    return this.made - 1;
  }
}
