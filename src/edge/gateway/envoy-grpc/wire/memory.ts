/** What connections keep for their peers, all together: a bound of its own, or many connections at their own bounds would be too much. */
export class Memory {
  private readonly bytesMax: number;
  private used = 0;

  constructor(bytesMax: number) {
    this.bytesMax = bytesMax;
  }

  get usedBytes(): number {
    return this.used;
  }

  get isFull(): boolean {
    return this.used >= this.bytesMax;
  }

  /** `bytes` may be below zero. */
  add(bytes: number): void {
    this.used += bytes;
  }
}

/** One connection's part of it, of one kind. */
export class Share {
  private readonly memory: Memory;
  private readonly bytesMax: number;
  private used = 0;

  constructor(memory: Memory, bytesMax: number) {
    this.memory = memory;
    this.bytesMax = bytesMax;
  }

  get isFull(): boolean {
    return this.used >= this.bytesMax;
  }

  /** All connections together have no room, whatever is left of this one's. */
  get isCrowdedOut(): boolean {
    return this.memory.isFull;
  }

  hasRoomFor(bytes: number): boolean {
    return this.used + bytes <= this.bytesMax && !this.memory.isFull;
  }

  add(bytes: number): void {
    this.used += bytes;
    this.memory.add(bytes);
  }

  /** What was added in the end is this. */
  set(bytes: number): void {
    this.add(bytes - this.used);
  }
}
