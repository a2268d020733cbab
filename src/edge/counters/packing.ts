import { ENTRY_NUMBERS, WINDOW_BATCH_MAX, WindowWriter, readWindows } from '../../domain/window-batch.ts';
import type { CounterClock, WindowBatch, WindowRecord } from '../../domain/window-batch.ts';
import { DependencyDown } from '../../ports.ts';
import type { CounterTable } from './counter-table.ts';
import { KEPT_ABOVE_MS, USES_MAX } from './window.ts';

/** `changed`: windows longer than KEPT_ABOVE_MS that differ from what is kept of them. `all`: shorter ones in which something counts as well. */
export type Packing = 'changed' | 'all';

export interface PackedWindows {
  readonly batch: WindowBatch;
  /** Windows in the batch; 0 where none is left. */
  readonly size: number;
  /** Where the next batch begins. */
  readonly next: number;
  /** Which counters the batch tells of. */
  readonly slots: Int32Array;
}

/** Copies counters into batches, and back. */
export class WindowPacker {
  private readonly table: CounterTable;
  private readonly writer = new WindowWriter();
  private readonly slots = new Int32Array(WINDOW_BATCH_MAX);

  constructor(table: CounterTable) {
    this.table = table;
  }

  /** The next windows, from a place on. They count as kept from now on, unless they are put back. */
  pack(packing: Packing, from: number, clock: CounterClock): PackedWindows {
    const { records, view } = this.table;
    const { writer } = this;
    let slot = this.next(packing, from, clock.counterMs);
    while (slot !== -1 && !writer.full) {
      records.clearChanged(slot);
      this.slots[writer.size] = slot;
      view.open(slot).dropEnded(clock.counterMs);
      view.writeTo(writer);
      slot = this.next(packing, slot + 1, clock.counterMs);
    }
    const { size } = writer;
    const next = slot === -1 ? records.made : slot;
    return { batch: writer.take(clock), size, next, slots: this.slots.slice(0, size) };
  }

  /** These windows were not kept: they are packed again. */
  putBack({ slots }: PackedWindows): void {
    const { records, view } = this.table;
    for (const slot of slots) {
      if (records.isLive(slot) && view.open(slot).windowMs > KEPT_ABOVE_MS) records.markChanged(slot);
    }
  }

  /** Counts again what was kept of windows that count nothing yet. Throws `DependencyDown('limits')` where there is no room for them. */
  restore(batch: WindowBatch, atMs: number): void {
    for (const record of readWindows(batch)) this.restoreOne(record, atMs);
  }

  private next(packing: Packing, from: number, atMs: number): number {
    const { records, view } = this.table;
    if (packing === 'changed') return records.nextChanged(from);
    for (let slot = from; slot < records.made; slot += 1) {
      if (!records.isLive(slot)) continue;
      if (records.isChanged(slot)) return slot;
      if (view.open(slot).windowMs <= KEPT_ABOVE_MS && !view.isIdle(atMs)) return slot;
    }
    return -1;
  }

  private restoreOne({ entries, ...name }: WindowRecord, atMs: number): void {
    const { table } = this;
    const counter = { limit: name, subject: name.subject };
    if (table.find(counter) !== -1) throw new RangeError('a window that counts already was restored');
    let slot = -1;
    for (let at = 0; at < entries.length; at += ENTRY_NUMBERS) {
      // Nothing may count from an instant that has not come yet: it would count for longer than its window.
      const lastMs = Math.min(entries[at] ?? atMs, atMs);
      const uses = entries[at + 1] ?? 0;
      // What is no number would never end, and no counter holds such uses: a foreign hand wrote it.
      if (!(atMs - lastMs < name.windowMs) || !(uses >= 1 && uses <= USES_MAX)) continue;
      if (slot === -1) slot = this.createSlot(counter);
      table.view.open(slot).append(lastMs, uses);
    }
  }

  private createSlot(counter: Parameters<CounterTable['create']>[0]): number {
    if (this.table.room === 0)
      throw new DependencyDown('limits', 'more windows were kept than there is room for');
    return this.table.create(counter);
  }
}
