const NUMBER_BYTES = 8;
export const ENTRY_BYTES = 4 * NUMBER_BYTES;
/** As `monthOf` numbers them, up to the year 9999: a later one would take the allowance away for good. */
export const MONTH_MAX = 12 * 10_000 - 1;

/**
 * What one charge or refund did. Purchased credits are told as a difference, so that what a foreign hand adds in between counts;
 * the allowance as it stands afterwards, since nothing else writes it.
 */
export interface ChargeEntry {
  readonly accountRow: number;
  /** From purchased credits; negative where they were given back. */
  readonly taken: number;
  readonly allowanceMonth: number;
  readonly allowanceUsed: number;
}

/** Four numbers of 64 bits an entry, least significant byte first, on every machine. */
export function toEntryBytes(entries: readonly ChargeEntry[]): Uint8Array {
  const bytes = new Uint8Array(entries.length * ENTRY_BYTES);
  const view = toView(bytes);
  let at = 0;
  for (const { accountRow, taken, allowanceMonth, allowanceUsed } of entries) {
    view.setFloat64(at, accountRow, true);
    view.setFloat64(at + NUMBER_BYTES, taken, true);
    view.setFloat64(at + 2 * NUMBER_BYTES, allowanceMonth, true);
    view.setFloat64(at + 3 * NUMBER_BYTES, allowanceUsed, true);
    at += ENTRY_BYTES;
  }
  return bytes;
}

export function toView(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** Of the entry that begins there, sound or not; NaN where the bytes end before. */
export function readAccountRow(view: DataView, at: number): number {
  return at + NUMBER_BYTES <= view.byteLength ? view.getFloat64(at, true) : Number.NaN;
}

/** Whether a charge or refund can have written the entry that begins there: a foreign hand may have written anything. Makes no object. */
export function isSoundAt(view: DataView, at: number): boolean {
  if (at + ENTRY_BYTES > view.byteLength) return false;
  const month = view.getFloat64(at + 2 * NUMBER_BYTES, true);
  return (
    isCount(view.getFloat64(at, true)) &&
    Number.isSafeInteger(view.getFloat64(at + NUMBER_BYTES, true)) &&
    isCount(month) &&
    month <= MONTH_MAX &&
    isCount(view.getFloat64(at + 3 * NUMBER_BYTES, true))
  );
}

/** A sound one. */
export function readEntry(view: DataView, at: number): ChargeEntry {
  return {
    accountRow: view.getFloat64(at, true),
    taken: view.getFloat64(at + NUMBER_BYTES, true),
    allowanceMonth: view.getFloat64(at + 2 * NUMBER_BYTES, true),
    allowanceUsed: view.getFloat64(at + 3 * NUMBER_BYTES, true),
  };
}

/** What several entries of an account come to. */
export type EntrySum = { -readonly [Field in keyof ChargeEntry]: ChargeEntry[Field] };

/** Adds a sound entry of the same account, younger than those before it. Makes no object. */
export function addEntryAt(sum: EntrySum, view: DataView, at: number): void {
  sum.taken += view.getFloat64(at + NUMBER_BYTES, true);
  sum.allowanceMonth = view.getFloat64(at + 2 * NUMBER_BYTES, true);
  sum.allowanceUsed = view.getFloat64(at + 3 * NUMBER_BYTES, true);
}

function isCount(number: number): boolean {
  return Number.isSafeInteger(number) && number >= 0;
}
