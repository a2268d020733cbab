import { CounterRecords } from './records.ts';
import type { CounterName } from './records.ts';
import { RING_CAPACITIES, RingPool } from './rings.ts';
import { SlotIndex } from './slot-index.ts';
import { WindowView } from './window.ts';

/** All counters, found by name, and the sweep that frees those of which nothing counts any more. */
export class CounterTable {
  /** A view on a counter; whoever opens it next turns it to another. */
  readonly view: WindowView;
  readonly records: CounterRecords;
  private readonly index: SlotIndex;
  private readonly pools: readonly RingPool[];
  private swept = 0;

  constructor(slotsMax: number) {
    this.records = new CounterRecords(slotsMax);
    this.index = new SlotIndex(this.records);
    this.pools = RING_CAPACITIES.map((capacity) => new RingPool(capacity));
    this.view = this.createView();
  }

  /** Another view; two that are open on one counter do not see each other's changes. */
  createView(): WindowView {
    return new WindowView(this.records, this.pools);
  }

  get size(): number {
    return this.records.size;
  }

  /** How many counters can still be created. */
  get room(): number {
    return this.records.slotsMax - this.records.size;
  }

  get bytes(): number {
    return this.pools.reduce((sum, pool) => sum + pool.bytes, this.records.bytes + this.index.bytes);
  }

  /** The slot of a counter; -1 where nothing is counted. */
  find(name: CounterName): number {
    return this.index.find(name);
  }

  /** A slot for a counter that has none. The caller has asked for `room`. */
  create(name: CounterName): number {
    const slot = this.records.create(name, this.pools[0]?.allocate() ?? 0);
    this.index.insert(slot);
    return slot;
  }

  /**
   * Looks at the next `steps` slots in turn and frees the idle ones among them: slots found before may be gone afterwards.
   * One that has changed since it was kept stays until it is: what is kept of it may still count.
   */
  sweep(steps: number, atMs: number): void {
    for (let step = 0; step < steps && this.records.made > 0; step += 1) {
      const slot = this.nextSwept();
      if (this.records.isLive(slot) && !this.records.isChanged(slot)) this.freeIfIdle(slot, atMs);
    }
  }

  /** The same for a full table, where a use that was given back and is counted again after a restart is the lesser evil. */
  sweepAll(steps: number, atMs: number): void {
    for (let step = 0; step < steps && this.records.made > 0; step += 1) {
      const slot = this.nextSwept();
      if (this.records.isLive(slot)) this.freeIfIdle(slot, atMs);
    }
  }

  private nextSwept(): number {
    this.swept = this.swept + 1 < this.records.made ? this.swept + 1 : 0;
    return this.swept;
  }

  private freeIfIdle(slot: number, atMs: number): void {
    if (!this.view.open(slot).isIdle(atMs)) return;
    this.index.remove(slot);
    this.view.releaseRing();
    this.records.release(slot);
  }
}
